//! `adrecover scope`: is this object synchronised, by the configuration of the sync server?

mod document;
mod tree;

use std::path::PathBuf;

use adrecover_core::directory::Query;
use adrecover_core::text::printable;
use adrecover_core::{DirectoryError, Dn};
use adrecover_hybrid::scope::model::{Engine, SettingName};
use adrecover_hybrid::scope::{self, Evaluator, ObjectFacts, SyncScope};
use adrecover_ldap::Session;

use self::document::Row;
use crate::context::Ctx;
use crate::error::CliError;

const HELP: &str = "\
The configuration is read from files; the formats are told by their content:
  the folder that Get-ADSyncServerConfiguration -Path wrote, or one connector of it
  Get-ADSyncConnector | ConvertTo-Json -Depth 6, or | Export-Clixml -Depth 6
  the wizard's policy (%ProgramData%\\AADConnect\\Applied-SynchronizationPolicy-*.JSON); on the sync server itself it is found
  the schema of a Cloud Sync job
Several together are several forests. Only the folder and the wizard's policy hold the rules: without them filters of your own
are not seen.

Without a server the name alone is judged: its container, and what the configuration itself filters by attributes is unknown. With
--server, --domain or a profile the object is read, and the rules are evaluated too.

Examples:
  adrecover scope \"CN=UserA,OU=CORP,DC=contoso,DC=com\" --sync-config C:\\Export
  adrecover scope --tree --sync-config C:\\Export --server ldaps://dc1.contoso.com

Exits with 0 when all are in scope, with 6 when one is not, else with 3 when one cannot be told, and with 12 when a file is
damaged or says nothing about a scope. --tree exits with 0, or with 3 when one cannot be told.";

/// Says whether objects are in the scope of the directory synchronisation, and which line of its configuration says so
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// The distinguished name of an object, as it is or as it is going to be; may repeat
    #[arg(value_name = "DN", required_unless_present = "tree", conflicts_with = "tree")]
    names: Vec<String>,
    /// Print all organisational units and containers of the directory, each with its verdict
    #[arg(long)]
    tree: bool,
    /// An exported configuration of the synchronisation: a file or a folder; may repeat
    #[arg(long = "sync-config", value_name = "PATH")]
    configurations: Vec<PathBuf>,
    /// Judge the names alone, also where a server is named
    #[arg(long, conflicts_with = "tree")]
    names_only: bool,
}

/// Runs the command; the result is the exit code.
pub(crate) async fn run(ctx: &Ctx, args: &Args) -> Result<u8, CliError> {
    let names = args.names.iter().map(|text| name(text)).collect::<Result<Vec<_>, _>>()?;
    let scope = read(ctx, &args.configurations)?;
    let evaluator = Evaluator::new(&scope);
    if args.tree {
        return tree::run(ctx, &scope, &evaluator).await;
    }
    let settings = &ctx.settings;
    let has_server = !settings.servers.is_empty() || settings.domain.is_some();
    let rows = if has_server && !args.names_only {
        let session = ctx.connect().await?;
        let rows = of_objects(ctx, &session, &evaluator, &names).await?;
        session.close().await;
        rows
    } else {
        names
            .iter()
            .map(|(text, dn)| Row::new(text, evaluator.verdict(dn, &ObjectFacts::name_only())))
            .collect()
    };
    if !has_server && rows.iter().any(|row| row.verdict.in_scope == Some(true)) {
        ctx.printer.note(
            "judged by the names alone: with --server the objects are read, and the rules are evaluated too",
        );
    }
    document::print(&ctx.printer, &rows)?;
    Ok(document::code(&rows))
}

/// A name as it was given, and parsed.
fn name(text: &str) -> Result<(String, Dn), CliError> {
    let dn: Dn = text.parse()?;
    if dn.is_empty() {
        return Err(CliError::usage("DN is empty").hint("write it as CN=UserA,OU=CORP,DC=contoso,DC=com"));
    }
    Ok((text.to_owned(), dn))
}

/// Reads the configuration, and says what to know about it.
fn read(ctx: &Ctx, given: &[PathBuf]) -> Result<SyncScope, CliError> {
    let found = if given.is_empty() { scope::applied_here() } else { None };
    if let Some(path) = &found {
        ctx.printer.note(format!("the configuration is that of this server: {}", path.display()));
    }
    let paths: Vec<&PathBuf> = given.iter().chain(&found).collect();
    if paths.is_empty() {
        return Err(CliError::usage("no configuration of the synchronisation is named").hint(
            "give --sync-config with the folder that `Get-ADSyncServerConfiguration -Path FOLDER` wrote on the sync server",
        ));
    }
    let scope = scope::read(&paths)?;
    let printer = &ctx.printer;
    scope.warnings.iter().for_each(|warning| printer.warn(warning));
    if scope.has_setting(SettingName::StagingMode, "True") {
        printer.warn("a configuration is of a server in staging mode: it is the active server's that counts");
    }
    let is_silent = |c: &&scope::model::Connector| c.engine == Engine::ConnectSync && c.rules.is_none();
    if let Some(connector) = scope.connectors.iter().find(is_silent) {
        printer.note(format!(
            "{} holds no rules of {}: filters of your own cannot be seen in it",
            connector.at.name(),
            connector.name
        ));
    }
    printer.detail(1, format!("read {} files of the configuration", scope.files.len()));
    Ok(scope)
}

/// What a server answers about a child domain (RFC 4511 4.1.9).
const REFERRAL: u32 = 10;
const ANOTHER_DOMAIN: &str = "the server is of another domain";

/// The verdicts on objects as they are in the directory.
async fn of_objects(
    ctx: &Ctx,
    session: &Session,
    evaluator: &Evaluator<'_>,
    names: &[(String, Dn)],
) -> Result<Vec<Row>, CliError> {
    let attributes = evaluator.attributes();
    let domain = &session.root_dse().default_naming_context;
    let mut rows = vec![];
    for (text, dn) in names {
        let mut facts = ObjectFacts::name_only();
        let query = Query::object(dn.to_string()).attributes(&attributes);
        let found = if dn.is_at_or_below(domain) { Some(session.ask(&query).await) } else { None };
        match found {
            Some(Ok(entries)) => match entries.first() {
                Some(entry) => facts = ObjectFacts::of_entry(entry, &attributes),
                None => unread(ctx, text, "it is not there"),
            },
            Some(Err(DirectoryError::Refused(refusal))) if refusal.code == REFERRAL => {
                unread(ctx, text, ANOTHER_DOMAIN);
            }
            Some(Err(error)) => return Err(error.into()),
            None => unread(ctx, text, ANOTHER_DOMAIN),
        }
        rows.push(Row::new(text, evaluator.verdict(dn, &facts)));
    }
    Ok(rows)
}

fn unread(ctx: &Ctx, name: &str, why: &str) {
    ctx.printer.warn(format!("{} was not read ({why}): its name alone is judged", printable(name)));
}

/// The words for a verdict and their colour.
fn word(in_scope: Option<bool>) -> (&'static str, &'static str) {
    match in_scope {
        Some(true) => ("in", "32"),
        Some(false) => ("out", "31"),
        None => ("unknown", "36"),
    }
}
