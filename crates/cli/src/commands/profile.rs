//! `adrecover profile`: connection settings under a name, so that the daily command needs nothing else.

use std::io::Write;
use std::path::{Path, PathBuf};

use adrecover_core::doctor::Encryption;
use adrecover_core::text::printable;
use clap::{Subcommand, ValueEnum};
use serde::Serialize;
use serde_json::{Map, Value};
use toml_edit::{Array, DocumentMut, Item, value};

use crate::args::{Format, GlobalArgs};
use crate::cloud::GraphArgs;
use crate::commands::doctor;
use crate::config;
use crate::context::Ctx;
use crate::error::CliError;
use crate::files;
use crate::folders;
use crate::journal::{JournalArgs, Named};
use crate::printer::Printer;
use crate::printer::table::{Column, Table};
use crate::recovery::SyncArgs;

/// Keeps connection settings under a name
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A profile never holds a password or a secret, only where to get it. `add` writes the connection options of the same command line, and those of the \
variables ADRECOVER_….

Examples:
  adrecover profile add contoso --domain contoso.com --kerberos --default
  adrecover profile add lab --server ldaps://dc1.lab.test --user admin@lab.test --ca lab-ca.pem
  adrecover profile add contoso --replace --domain contoso.com --kerberos --tenant contoso.onmicrosoft.com \\
      --client-id 11111111-2222-3333-4444-555555555555 --client-certificate app.pem
  adrecover profile test contoso
  adrecover list UserA
  adrecover --profile lab list UserA")]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write the connection options of this command line under a name
    Add {
        /// The name: letters, digits, - and _
        #[arg(value_name = "NAME")]
        name: String,
        /// Use it wherever no profile is named
        #[arg(long)]
        default: bool,
        /// In place of a profile of that name
        #[arg(long)]
        replace: bool,
        #[command(flatten)]
        beyond: Box<BeyondArgs>,
    },
    /// List the profiles
    List,
    /// Show what is in a profile
    Show {
        /// The name
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Connect with a profile, and say which server was chosen and why
    Test {
        /// The name [default: the one of --profile, or the default profile]
        #[arg(value_name = "NAME")]
        name: Option<String>,
    },
}

/// What is kept besides the way to the directory.
#[derive(Debug, Default, clap::Args)]
struct BeyondArgs {
    #[command(flatten)]
    graph: GraphArgs,
    #[command(flatten)]
    sync: SyncArgs,
    #[command(flatten)]
    journal: JournalArgs,
}

impl Args {
    /// The profile that a test is of.
    pub(crate) fn tested(&self) -> Option<&str> {
        match &self.action {
            Action::Test { name } => name.as_deref(),
            _ => None,
        }
    }

    /// Whether a server is needed.
    pub(crate) fn connects(&self) -> bool {
        matches!(self.action, Action::Test { .. })
    }
}

/// `adrecover/profile/v1`.
#[derive(Debug, Serialize)]
struct Document {
    schema: &'static str,
    /// The configuration file.
    file: String,
    items: Vec<Shown>,
}

/// One profile.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    name: String,
    is_default: bool,
    /// The keys as they stand in the file.
    settings: Map<String, Value>,
}

/// `adrecover/profileTest/v1`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Tested {
    schema: &'static str,
    /// The URL.
    server: String,
    /// The name that the server says it has.
    host: String,
    address: String,
    /// How the server was chosen.
    chosen: &'static str,
    /// Who has logged on.
    account: String,
    protected_by: &'static str,
    is_read_only: bool,
}

/// What needs no server: `add`, `list` and `show`.
pub(crate) fn run(printer: &Printer, given: &GlobalArgs, args: &Args) -> Result<u8, CliError> {
    let file = given.config.clone().or_else(folders::config_file).ok_or_else(|| {
        CliError::usage("there is no home folder to keep profiles in").hint("name a file with --config FILE")
    })?;
    match &args.action {
        Action::Add { name, default, replace, beyond } => {
            add(given, beyond, &file, name, *default, *replace)?;
            printer.note(format!("the profile `{name}` is in {}", file.display()));
            show(printer, &file, Some(name))
        }
        Action::List => show(printer, &file, None),
        Action::Show { name } => show(printer, &file, Some(name)),
        Action::Test { .. } => Err(CliError::unexpected("a test needs a server")),
    }
}

/// Connects with the settings of a profile.
pub(crate) async fn test(ctx: &Ctx) -> Result<u8, CliError> {
    let session = ctx.connect().await?;
    let root_dse = session.root_dse();
    let host = root_dse.dns_host_name.clone().unwrap_or_else(|| "a server without a name".to_owned());
    let how = match (ctx.settings.kerberos, doctor::encryption(ctx, &session)) {
        (_, Encryption::Sealed) => "signed and sealed by Kerberos",
        (true, Encryption::Unverified) => "Kerberos inside TLS, the certificate not verified",
        (true, _) => "Kerberos inside TLS",
        (false, Encryption::Unverified) => "a password inside TLS, the certificate not verified",
        (false, _) => "a password inside TLS",
    };
    let named = if ctx.settings.servers.is_empty() { "found in the DNS" } else { "named" };
    let tested = Tested {
        schema: "adrecover/profileTest/v1",
        server: session.server().to_string(),
        host,
        address: session.address().to_string(),
        chosen: named,
        account: session.account().to_owned(),
        protected_by: how,
        is_read_only: root_dse.is_read_only(),
    };
    session.close().await;
    let read_only = if tested.is_read_only { "yes: nothing can be restored there" } else { "no" };
    let lines = [
        ("server", format!("{} ({}, {})", tested.host, tested.server, tested.address)),
        ("chosen", tested.chosen.to_owned()),
        ("account", tested.account.clone()),
        ("protected by", tested.protected_by.to_owned()),
        ("read-only", read_only.to_owned()),
    ];
    let printer = &ctx.printer;
    match printer.format {
        Format::Json => printer.json(&tested)?,
        Format::Jsonl => printer.json_line(&tested)?,
        Format::Csv => {
            printer.csv_row(lines.iter().map(|(name, _)| *name))?;
            printer.csv_row(lines.iter().map(|(_, text)| text.as_str()))?;
        }
        Format::Table => {
            for (name, text) in &lines {
                printer.line(&format!("{name:<13} {}", printable(text)))?;
            }
        }
    }
    Ok(0)
}

/// Reads the file; an absent one is empty.
fn document(file: &Path) -> Result<DocumentMut, CliError> {
    if !file.exists() {
        return Ok(DocumentMut::new());
    }
    let text = files::text(file, files::read(file, 1 << 20, false)?)?;
    folders::refuse_file_if_others_write(file, "configuration file")?;
    // What this program could not read afterwards is not added to.
    let named =
        |error: CliError| CliError { message: format!("{}: {}", file.display(), error.message), ..error };
    config::check(&text).map_err(named)?;
    text.parse().map_err(|e: toml_edit::TomlError| named(CliError::usage(e.message().replace('\n', "; "))))
}

fn add(
    given: &GlobalArgs,
    beyond: &BeyondArgs,
    file: &Path,
    name: &str,
    default: bool,
    replace: bool,
) -> Result<(), CliError> {
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
        return Err(CliError::usage(format!("`{name}` cannot be the name of a profile"))
            .hint("letters, digits, - and _ make a name"));
    }
    let settings = settings(given, beyond)?;
    if settings.is_empty() {
        return Err(CliError::usage("there is no connection option to keep")
            .hint("give some: adrecover profile add contoso --domain contoso.com --kerberos"));
    }
    let mut document = document(file)?;
    let profiles = document.entry("profiles").or_insert_with(|| {
        let mut table = toml_edit::Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let profiles = profiles
        .as_table_mut()
        .ok_or_else(|| CliError::usage(format!("{}: `profiles` is not a table", file.display())))?;
    if profiles.contains_key(name) && !replace {
        return Err(CliError::usage(format!("there is a profile `{name}` already"))
            .hint("--replace puts the new one in its place"));
    }
    profiles.insert(name, Item::Table(settings));
    if default {
        document.remove("default_profile");
        document["default-profile"] = value(name);
    }
    write(file, &document.to_string())
}

/// The connection options as keys of a profile.
fn settings(given: &GlobalArgs, beyond: &BeyondArgs) -> Result<toml_edit::Table, CliError> {
    let BeyondArgs { graph, sync, journal } = beyond;
    let mut table = toml_edit::Table::new();
    let mut put = |key: &str, item: Option<Item>| {
        if let Some(item) = item {
            table.insert(key, item);
        }
    };
    let text = |text: &Option<String>| text.as_ref().map(|text| value(text.as_str()));
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| absolute(path).map(value)).transpose();
    let several = |texts: &[String]| match texts {
        [] => None,
        [one] => Some(value(one.as_str())),
        several => Some(value(several.iter().map(String::as_str).collect::<Array>())),
    };
    put("server", several(&given.server));
    put("domain", text(&given.domain));
    put("site", text(&given.site));
    put("dns-server", text(&given.dns_server));
    put("server-of", several(&given.server_of));
    put("kerberos", given.kerberos.map(value));
    put("user", text(&given.bind_user));
    put("password-file", path(&given.password_file)?);
    put("ca", path(&given.ca)?);
    put("starttls", given.starttls.map(value));
    put("insecure", given.insecure.map(value));
    put("tenant", text(&graph.tenant));
    put("client-id", text(&graph.client_id));
    put("client-secret-file", path(&graph.client_secret_file)?);
    put("client-certificate", path(&graph.client_certificate)?);
    put("device-code", graph.device_code.map(value));
    put("cloud-endpoint", text(&graph.cloud_endpoint));
    put("sync-server", text(&sync.sync_server));
    let through = sync.sync_through.and_then(|through| through.to_possible_value());
    put("sync-through", through.map(|through| value(through.get_name())));
    let place = match &journal.journal {
        Some(place) => match Named::read(place)? {
            Named::Path(path) => Some(absolute(&path)?),
            Named::Database(address) => Some(address.to_string()),
        },
        None => None,
    };
    put("journal", text(&place));
    put("forest", text(&journal.forest));
    put("journal-key-file", path(&journal.journal_key_file)?);
    put("journal-password-file", path(&journal.journal_password_file)?);
    put("timeout", given.timeout.map(|seconds| value(i64::from(seconds))));
    Ok(table)
}

/// A path of the command line is one from here, a path of a profile one from the file.
fn absolute(path: &Path) -> Result<String, CliError> {
    if path.as_os_str() == "-" {
        return Ok("-".to_owned());
    }
    let path = std::path::absolute(path).map_err(|e| CliError::file("find", path, &e))?;
    path.into_os_string()
        .into_string()
        .map_err(|path| CliError::usage(format!("the path {} is not Unicode", path.display())))
}

/// Puts the new file in the place of the old one at once, readable by its user only.
fn write(file: &Path, text: &str) -> Result<(), CliError> {
    let fail = |e: std::io::Error| CliError::file("write", file, &e);
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    folders::create_private(folder).map_err(fail)?;
    let mut new = tempfile::NamedTempFile::new_in(folder).map_err(fail)?;
    new.write_all(text.as_bytes()).and_then(|()| new.as_file().sync_all()).map_err(fail)?;
    new.persist(file).map_err(|e| fail(e.error))?;
    Ok(())
}

fn show(printer: &Printer, file: &Path, only: Option<&str>) -> Result<u8, CliError> {
    let document = document(file)?;
    let parsed: toml::Table = document.to_string().parse().unwrap_or_default();
    let default = parsed.get("default-profile").or(parsed.get("default_profile")).and_then(|v| v.as_str());
    let profiles = parsed.get("profiles").and_then(|p| p.as_table()).cloned().unwrap_or_default();
    let items: Vec<Shown> = profiles
        .iter()
        .filter(|(name, _)| only.is_none_or(|only| only == *name))
        .map(|(name, settings)| Shown {
            name: name.clone(),
            is_default: default == Some(name),
            settings: match serde_json::to_value(settings) {
                Ok(Value::Object(map)) => map,
                _ => Map::new(),
            },
        })
        .collect();
    if let (Some(name), []) = (only, items.as_slice()) {
        return Err(CliError::usage(format!("there is no profile `{name}` in {}", file.display()))
            .hint("`adrecover profile list` lists them"));
    }
    let none = items.is_empty();
    match printer.format {
        Format::Json => printer.json(&Document {
            schema: "adrecover/profile/v1",
            file: file.display().to_string(),
            items,
        })?,
        Format::Jsonl => items.iter().try_for_each(|item| printer.json_line(item))?,
        Format::Csv => {
            printer.csv_row(["name", "isDefault", "settings"])?;
            for item in &items {
                let default = item.is_default.to_string();
                printer.csv_row([item.name.as_str(), &default, &summary(item)])?;
            }
        }
        Format::Table if none => {}
        Format::Table => {
            let column = |title, may_shrink| Column { title, may_shrink, right: false };
            let mut rows =
                Table::new([column("PROFILE", false), column("DEFAULT", false), column("SETTINGS", true)]);
            for item in &items {
                let default = if item.is_default { "yes" } else { "" };
                rows.row([item.name.clone(), default.to_owned(), summary(item)]);
            }
            printer.table(&rows)?;
        }
    }
    if none {
        printer.note(format!("there are no profiles in {}", file.display()));
        return Ok(4);
    }
    Ok(0)
}

/// The settings on one line.
fn summary(item: &Shown) -> String {
    let one = |(key, value): (&String, &Value)| match value {
        Value::String(text) => format!("{key} {}", printable(text)),
        Value::Array(all) => {
            let all: Vec<_> = all.iter().filter_map(Value::as_str).map(printable).collect();
            format!("{key} {}", all.join(","))
        }
        other => format!("{key} {other}"),
    };
    item.settings.iter().map(one).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recovery::Through;

    fn given() -> GlobalArgs {
        GlobalArgs {
            server: vec!["dc1".into(), "dc2".into()],
            kerberos: Some(true),
            timeout: Some(5),
            ca: Some("ca.pem".into()),
            ..GlobalArgs::default()
        }
    }

    fn graph() -> BeyondArgs {
        let graph = GraphArgs {
            tenant: Some("contoso.com".into()),
            client_secret_file: Some("-".into()),
            client_certificate: Some("app.pem".into()),
            device_code: Some(true),
            ..GraphArgs::default()
        };
        let sync = SyncArgs { sync_server: Some("sync01".into()), sync_through: Some(Through::Powershell) };
        let journal = JournalArgs { journal: Some("changes".into()), ..JournalArgs::default() };
        BeyondArgs { graph, sync, journal }
    }

    #[test]
    fn a_profile_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sub/config.toml");
        add(&given(), &graph(), &file, "a", true, false).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        let profile = config::choose(&text, None, folder.path()).unwrap().unwrap();
        assert_eq!((profile.server.len(), profile.kerberos, profile.timeout), (2, Some(true), Some(5)));
        assert!(profile.ca.unwrap().is_absolute());
        assert_eq!((profile.tenant.as_deref(), profile.device_code), (Some("contoso.com"), Some(true)));
        assert_eq!(profile.client_secret_file, Some("-".into()));
        assert_eq!(
            (profile.sync_server.as_deref(), profile.sync_through),
            (Some("sync01"), Some(Through::Powershell))
        );
        assert!(profile.client_certificate.unwrap().is_absolute());
        assert!(profile.journal.is_some_and(|place| Path::new(&place).is_absolute()));
        let again = add(&given(), &graph(), &file, "a", false, false).unwrap_err();
        assert!(again.message.contains("already"), "{again}");
        let other = GlobalArgs { domain: Some("contoso.com".into()), ..GlobalArgs::default() };
        add(&other, &BeyondArgs::default(), &file, "a", false, true).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        let profile = config::choose(&text, Some("a"), folder.path()).unwrap().unwrap();
        assert_eq!((profile.domain.as_deref(), profile.server.len()), (Some("contoso.com"), 0));
    }

    #[test]
    fn what_stands_in_the_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, "# ours\n[profiles.b] # second\nserver = \"dc9\"\n").unwrap();
        add(&given(), &graph(), &file, "c", false, false).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(
            text.contains("# ours") && text.contains("# second") && text.contains("[profiles.c]"),
            "{text}"
        );
    }

    #[test]
    fn names_and_settings_are_needed() {
        let file = Path::new("/nonexistent/config.toml");
        for name in ["", "a b", "a.b", "ä"] {
            assert_eq!(add(&given(), &graph(), file, name, false, false).unwrap_err().code(), 2, "{name}");
        }
        let error = add(&GlobalArgs::default(), &BeyondArgs::default(), file, "a", false, false).unwrap_err();
        assert!(error.message.contains("no connection option"), "{error}");
    }
}
