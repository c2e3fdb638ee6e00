//! `adrecover preflight`.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use adrecover_core::time::{Timestamp, when};
use adrecover_core::{Dn, Entry};
use adrecover_hybrid::checks::{self, Case, Choice, Forest, Setting, Sync};
use adrecover_hybrid::evidence::collector;
use adrecover_ldap::deleted::{self, Key};
use adrecover_ldap::{Session, users};

use crate::cloud::MANY;
use crate::commands::show;
use crate::context::Ctx;
use crate::error::{CliError, Kind};
use crate::preflight::gather::{self, Around};
use crate::preflight::html;
use crate::preflight::inputs::{EvidenceArgs, Inputs};
use crate::preflight::output::Output;

/// Says what will go wrong at the next synchronisation of a user, and what to do about it
///
/// Reads the user from the directory, who else in the forest has its names and addresses from the global catalogue, the
/// synchronisation engine's configuration from files, what the cloud holds from exports or Microsoft Graph, and makes 48 checks. Nothing is written. A check
/// whose evidence is missing is unknown and never passes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  adrecover preflight UserA --on-prem-only
  adrecover preflight UserA --sync-config Exported-ServerConfiguration --cloud users.json --mailboxes mailboxes.json
  adrecover preflight UserA --sync-config Exported-ServerConfiguration --cloud graph --mailboxes mailboxes.json
  adrecover preflight --restored-since 1d --evidence collected --html preflight.html
  adrecover preflight --collector collect.ps1

Exit codes: 0 every user is ready (warnings may stand), 3 a check that blocks is unknown, 6 a check that blocks fails, 4 there is
no such user, 10 no server or no sign-in, 12 a file is damaged or of an unknown format.")]
pub(crate) struct Args {
    /// A user: GUID, DN, SID, account name, UPN or name; may repeat
    #[arg(value_name = "USER")]
    user: Vec<String>,
    /// The user of this GUID; may repeat
    #[arg(long, value_name = "GUID")]
    guid: Vec<String>,
    /// All users that were restored since then, by whatever program
    #[arg(long, value_name = "WHEN", conflicts_with_all = ["user", "guid"])]
    restored_since: Option<String>,
    /// All users below a container
    #[arg(long, value_name = "DN", conflicts_with_all = ["user", "guid"])]
    under: Option<String>,
    #[command(flatten)]
    evidence: EvidenceArgs,
    /// Only what the directory tells: checks that need the cloud or the engine do not apply
    #[arg(long)]
    on_prem_only: bool,
    /// Only these checks or groups of checks
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    only: Vec<String>,
    /// Not these checks or groups of checks
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    skip: Vec<String>,
    /// Write the report as a page of its own, too
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write the read-only PowerShell script that gathers the exports into one folder, and stop
    #[arg(long, value_name = "FILE.ps1",
          conflicts_with_all = ["user", "guid", "restored_since", "under", "html", "only", "skip", "on_prem_only"])]
    collector: Option<PathBuf>,
}

/// Whom to check.
enum Wanted {
    These(Vec<(Key, String)>),
    All { under: Option<Dn>, restored_since: Option<Timestamp> },
}

/// Runs the command; the result is the exit code.
pub(crate) async fn run(ctx: &Ctx, args: &Args) -> Result<u8, CliError> {
    if let Some(path) = &args.collector {
        return write_collector(ctx, path);
    }
    let wanted = args.wanted(ctx.now)?;
    let choice = Choice { only: args.only.clone(), skip: args.skip.clone() };
    if let Some(id) = choice.unknown_id() {
        return Err(
            CliError::usage(format!("there is no check `{id}`")).hint("docs/checks/README.md lists them")
        );
    }
    let mut inputs = Inputs::read(ctx, &args.evidence, args.on_prem_only).await?;
    let page = args.html.as_deref().map(html::Page::create).transpose()?;
    let mut session = ctx.connect().await?;
    if inputs.asks_cloud() {
        ask_cloud(ctx, &mut session, &wanted, &mut inputs).await?;
    }
    let sync = gather::sync(&session, &inputs).await?;
    let around = Around::ask(ctx, &session, &inputs, sync.as_ref()).await?;
    let is_detailed = matches!(wanted, Wanted::These(_));
    let mut output = Output::new(ctx, &around.server, page, is_detailed)?;
    let mut run = Run { ctx, inputs: &inputs, sync: sync.as_ref(), around: &around, choice: &choice, args };
    match wanted {
        Wanted::These(keys) => run.these(&session, keys, &mut output).await?,
        Wanted::All { under, restored_since } => {
            run.all(&mut session, under, restored_since, &mut output).await?
        }
    }
    session.close().await;
    let (number, verdict) = output.finish()?;
    if number == 0 {
        ctx.printer.note("no user matched");
        return Ok(Kind::NotFound.code());
    }
    Ok(verdict.exit_code())
}

/// Asks the cloud for the users that are meant: for each, or where there are many for all that it has.
async fn ask_cloud(
    ctx: &Ctx,
    session: &mut Session,
    wanted: &Wanted,
    inputs: &mut Inputs,
) -> Result<(), CliError> {
    let attributes = gather::cloud_attributes(inputs);
    let mut entries = vec![];
    match wanted {
        Wanted::These(keys) if keys.len() > MANY => return inputs.ask_all(ctx).await,
        Wanted::These(keys) => {
            let judge = deleted::judge(session, ctx.now).await?;
            let attributes: Vec<&str> = attributes.iter().map(String::as_str).collect();
            for (key, called) in keys {
                let found = deleted::find(session, key, &attributes).await?;
                entries.push(show::only(session, &judge, found, called).await?.entry);
            }
        }
        Wanted::All { under, restored_since } => {
            let under = under.clone().unwrap_or_else(|| session.root_dse().default_naming_context.clone());
            let selection =
                users::Selection { under, restored_since: *restored_since, attributes, connections: 1 };
            let first = users::each(session, &selection, |entry| {
                entries.push(entry);
                let goes_on = entries.len() <= MANY;
                Ok::<_, CliError>(if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
            });
            ctx.stop.unless_asked(first).await?;
            if entries.len() > MANY {
                return inputs.ask_all(ctx).await;
            }
        }
    }
    let keys = gather::keys_of(session, ctx.now, inputs, entries)?;
    inputs.ask(ctx, keys).await
}

struct Run<'a> {
    ctx: &'a Ctx,
    inputs: &'a Inputs,
    sync: Option<&'a Sync<'a>>,
    around: &'a Around,
    choice: &'a Choice,
    args: &'a Args,
}

impl Run<'_> {
    fn setting<'b>(&'b self, forest: &'b Forest) -> Setting<'b> {
        self.around.setting(forest, self.sync, self.inputs, self.args.on_prem_only)
    }

    async fn these(
        &mut self,
        session: &Session,
        keys: Vec<(Key, String)>,
        output: &mut Output<'_>,
    ) -> Result<(), CliError> {
        let judge = deleted::judge(session, self.ctx.now).await?;
        let attributes: Vec<&str> = self.around.attributes.iter().map(String::as_str).collect();
        let mut subjects = vec![];
        for (key, called) in keys {
            let found = deleted::find(session, &key, &attributes).await?;
            let found = show::only(session, &judge, found, &called).await?;
            check_user(&found.entry, &called)?;
            let is_known = |s: &checks::Subject| s.guid().is_some() && s.guid() == found.entry.guid();
            if !subjects.iter().any(is_known) {
                subjects.push(self.around.subject(found.entry)?);
            }
        }
        let forest = self.ctx.stop.unless_asked(gather::forest_of(session, self.inputs, &subjects)).await?;
        let setting = self.setting(&forest);
        for subject in &subjects {
            output.user(&checks::judge(&Case::new(subject, &setting), self.choice))?;
        }
        Ok(())
    }

    async fn all(
        &mut self,
        session: &mut Session,
        under: Option<Dn>,
        restored_since: Option<Timestamp>,
        output: &mut Output<'_>,
    ) -> Result<(), CliError> {
        let stop = self.ctx.stop.clone();
        let forest = stop.unless_asked(gather::whole_forest(session, self.inputs, 1)).await?;
        let setting = self.setting(&forest);
        let under = under.unwrap_or_else(|| session.root_dse().default_naming_context.clone());
        let attributes = self.around.attributes.clone();
        let selection = users::Selection { under, restored_since, attributes, connections: 1 };
        let checked = users::each(session, &selection, |entry| {
            let subject = self.around.subject(entry)?;
            output.user(&checks::judge(&Case::new(&subject, &setting), self.choice))?;
            Ok::<_, CliError>(ControlFlow::Continue(()))
        });
        let unread = stop.unless_asked(checked).await?;
        if unread > 0 {
            self.ctx.printer.warn(format!(
                "of {unread} user(s) it cannot be told whether they were restored: the account may not read replPropertyMetaData"
            ));
        }
        Ok(())
    }
}

impl Args {
    fn wanted(&self, now: Timestamp) -> Result<Wanted, CliError> {
        if self.restored_since.is_some() || self.under.is_some() {
            let under = self.under.as_deref().map(str::parse::<Dn>).transpose()?;
            if under.as_ref().is_some_and(Dn::is_empty) {
                return Err(CliError::usage("--under names no container")
                    .hint("write --under OU=Sales,DC=contoso,DC=com"));
            }
            let restored_since = self.restored_since.as_deref().map(|text| when(text, now)).transpose()?;
            return Ok(Wanted::All { under, restored_since });
        }
        let mut keys = vec![];
        for guid in &self.guid {
            keys.push((Key::Guid(guid.parse()?), guid.clone()));
        }
        for user in &self.user {
            if user.trim().is_empty() {
                return Err(CliError::usage("USER is empty"));
            }
            keys.push((Key::guess(user), user.clone()));
        }
        if keys.is_empty() {
            return Err(CliError::usage("no user is named")
                .hint("give USER or --guid, or all users of a container with --under DN, or those that came back with \
                       --restored-since 1d"));
        }
        Ok(Wanted::These(keys))
    }
}

/// Only users are synchronised with a mailbox and a logon name.
fn check_user(entry: &Entry, called: &str) -> Result<(), CliError> {
    if entry.is_class("user") && !entry.is_class("computer") {
        return Ok(());
    }
    Err(CliError::usage(format!("`{called}` is no user"))
        .hint("`adrecover scope DN --sync-config PATH` says of any object whether it is synchronised"))
}

fn write_collector(ctx: &Ctx, path: &Path) -> Result<u8, CliError> {
    let create = || std::fs::OpenOptions::new().write(true).create_new(true).open(path);
    let written = create().and_then(|mut file| file.write_all(collector::SCRIPT.as_bytes()));
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            CliError::usage(format!("{} is there already", path.display())).hint("give a name that is free")
        }
        _ => CliError::file("write", path, &error),
    })?;
    ctx.printer.note(format!(
        "{} reads only. Run it where the Graph and Exchange Online modules are, and on the synchronisation server; then give \
         the folder that it writes with --evidence",
        path.display()
    ));
    Ok(0)
}
