//! The service of an agent with the options of a command line: a unit of systemd, or a registration of Windows.

use std::path::{Path, PathBuf};

#[cfg(any(windows, test))]
use adrecover_agent::{Registration, ServiceAccount};
use adrecover_agent::{Unit, Word};

use super::{AlertArgs, KeepArgs};
use crate::context::Ctx;
use crate::error::CliError;
use crate::journal::{Keeping, Named};

/// What starts the agent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Manager<'a> {
    /// systemd.
    #[cfg_attr(windows, expect(dead_code, reason = "the other system's"))]
    Systemd {
        /// The account that it runs the agent as.
        user: &'a str,
        /// Its keytab.
        keytab: Option<&'a Path>,
    },
    /// The service control manager of Windows. Its accounts have tickets of their own.
    #[cfg(any(windows, test))]
    Windows,
}

/// The registration with Windows: the words of the unit, with the files in their places, which nobody hands over.
#[cfg(any(windows, test))]
pub(crate) fn registration(
    ctx: &Ctx,
    (program, folder): (PathBuf, &Path),
    account: &ServiceAccount,
    (keeping, keep, alerts): (&Keeping, &KeepArgs, &AlertArgs),
) -> Result<Registration, CliError> {
    let unit = unit(ctx, program, Manager::Windows, keeping, keep, alerts)?;
    let place = |name: &str| unit.credentials.iter().find(|(of, _)| of == name).map(|(_, path)| path);
    let word = |word: &Word| -> Result<String, CliError> {
        match word {
            Word::Plain(text) => Ok(text.clone()),
            Word::Credential { before, name } => {
                let path = place(name).map(|path| text(path)).transpose()?;
                Ok(format!("{before}{}", path.unwrap_or_default()))
            }
        }
    };
    let mut words = unit.words.iter().map(word).collect::<Result<Vec<_>, _>>()?;
    // Behind `agent run`.
    words.insert(2, "--service".to_owned());
    let (mut secrets, mut readable) = (vec![], vec![]);
    for (name, path) in &unit.credentials {
        let files = if name == "ca" { &mut readable } else { &mut secrets };
        files.push(text(path)?);
    }
    readable.extend(alerts.alert_command.as_deref().map(text).transpose()?);
    Ok(Registration {
        program: text(&unit.program)?,
        words,
        account: account.clone(),
        folder: text(folder)?,
        secrets,
        readable,
        writable: unit.writable.iter().map(|path| text(path)).collect::<Result<_, _>>()?,
    })
}

/// The unit. Everything is in it: a service has neither the profile nor the variables of whoever installs it.
pub(crate) fn unit(
    ctx: &Ctx,
    program: PathBuf,
    manager: Manager<'_>,
    keeping: &Keeping,
    keep: &KeepArgs,
    alerts: &AlertArgs,
) -> Result<Unit, CliError> {
    let user = match manager {
        Manager::Systemd { user, .. } => user.to_owned(),
        #[cfg(any(windows, test))]
        Manager::Windows => String::new(),
    };
    let mut unit =
        Unit { program, words: vec![], user, credentials: vec![], variables: vec![], writable: vec![] };
    let mut words = vec![plain("agent"), plain("run")];
    words.extend(connection(ctx, &mut unit)?);
    words.extend(logon(ctx, &mut unit, manager)?);
    let parts = keeping.parts();
    if let Some(Named::Path(named)) = parts.named {
        words.extend([plain("--journal"), plain(&text(&whole(named)?)?)]);
        let folder = if named.extension().is_some_and(|end| end == "db") {
            named.parent()
        } else {
            Some(named.as_path())
        };
        unit.writable.push(whole(folder.unwrap_or(named))?);
    }
    if let Some(Named::Database(address)) = parts.named {
        // The authorities of the server's certificate are no secret, but whoever installs it is in another folder.
        let root_cert = address.root_cert().map(whole).transpose()?;
        let address = address.clone().with_root_cert(root_cert);
        words.extend([plain("--journal"), plain(&address.to_string())]);
    }
    if let Some(file) = parts.password_file {
        let file = unit.credential("journal-password", &whole(file)?);
        words.extend([plain("--journal-password-file"), file]);
    }
    if let Some(forest) = parts.forest {
        words.extend([plain("--forest"), plain(forest)]);
    }
    if let Some(file) = parts.key_file {
        words.extend([plain("--journal-key-file"), unit.credential("journal-key", &whole(file)?)]);
    }
    for word in keep.words() {
        words.push(plain(&text(word.as_ref())?));
    }
    words.extend(told(alerts, &mut unit)?);
    unit.words = words;
    Ok(unit)
}

fn connection(ctx: &Ctx, unit: &mut Unit) -> Result<Vec<Word>, CliError> {
    let settings = &ctx.settings;
    let mut words = vec![];
    for server in &settings.servers {
        words.extend([plain("--server"), plain(&server.to_string())]);
    }
    let dns_server = settings.dns_server.map(|address| address.to_string());
    let options = [("--domain", &settings.domain), ("--site", &settings.site), ("--dns-server", &dns_server)];
    for (option, value) in options {
        words.extend(value.iter().flat_map(|value| [plain(option), plain(value)]));
    }
    if settings.servers.is_empty() && settings.domain.is_none() {
        // Where nothing is named the account or this computer may tell it, now; a service should not guess.
        let domain = crate::discovery::domain(settings)?;
        words.extend([plain("--domain"), plain(&domain.name)]);
    }
    if let Some(ca) = &settings.ca {
        words.extend([plain("--ca"), unit.credential("ca", &whole(ca)?)]);
    }
    let flags = [("--starttls", settings.starttls), ("--insecure", settings.insecure)];
    words.extend(flags.iter().filter(|(_, given)| *given).map(|(flag, _)| plain(flag)));
    words.extend([plain("--timeout"), plain(&settings.timeout.as_secs().to_string())]);
    let loud = usize::try_from(settings.verbosity).unwrap_or(0);
    words.extend(std::iter::repeat_n(plain("-v"), loud));
    Ok(words)
}

/// A password in a file, or a ticket of a keytab.
fn logon(ctx: &Ctx, unit: &mut Unit, manager: Manager<'_>) -> Result<Vec<Word>, CliError> {
    let settings = &ctx.settings;
    let mut words = vec![];
    #[cfg(any(windows, test))]
    if settings.kerberos && matches!(manager, Manager::Windows) {
        if settings.user.is_some() {
            return Err(CliError::usage("--kerberos with --user: a service has the tickets of its own account only")
                .hint("leave out --user, and name a managed account with --run-as; or give --user and --password-file"));
        }
        return Ok(vec![plain("--kerberos")]);
    }
    if let Some(user) = &settings.user {
        words.extend([plain("--user"), plain(user)]);
    }
    if let (true, Manager::Systemd { keytab, .. }) = (settings.kerberos, manager) {
        words.push(plain("--kerberos"));
        let keytab = keytab.ok_or_else(|| {
            CliError::usage("--kerberos: a service has no ticket of a person").hint(
                "make a keytab for its account (ktpass on Windows, ktutil elsewhere) and name it with --keytab",
            )
        })?;
        unit.credential("keytab", &whole(keytab)?);
        // Kerberos gets and renews the ticket by itself (krb5.conf(5), default_client_keytab_name).
        let of_keytab = Word::Credential { before: "FILE:".to_owned(), name: "keytab".to_owned() };
        unit.variables.push(("KRB5_CLIENT_KTNAME".to_owned(), of_keytab));
        unit.variables.push(("KRB5CCNAME".to_owned(), plain("MEMORY:")));
        return Ok(words);
    }
    if settings.user.is_none() {
        return Err(
            CliError::usage("no account is named to log on with").hint("give --user agent@contoso.com")
        );
    }
    let file = settings.password_file.as_deref().filter(|_| !settings.password_from_stdin());
    let file = file.ok_or_else(|| {
        CliError::usage("a service needs the password of its account in a file")
            .hint("name it with --password-file; nobody else has to be able to read it")
    })?;
    words.extend([plain("--password-file"), unit.credential("password", &whole(file)?)]);
    Ok(words)
}

fn told(alerts: &AlertArgs, unit: &mut Unit) -> Result<Vec<Word>, CliError> {
    let mut out = vec![];
    let words = alerts.words();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        out.push(plain(&text(word.as_ref())?));
        let file = match word.to_str() {
            Some("--alert-webhook") => {
                let url = words.next().and_then(|url| url.to_str()).unwrap_or_default();
                let Some(file) = url.strip_prefix('@') else {
                    out.push(plain(url));
                    continue;
                };
                unit.credential("webhook", &whole(Path::new(file))?);
                out.push(Word::Credential { before: "@".to_owned(), name: "webhook".to_owned() });
                continue;
            }
            Some("--alert-webhook-header-file") => words.next().map(Path::new),
            _ => None,
        };
        if let Some(file) = file {
            out.push(unit.credential("webhook-header", &whole(file)?));
        }
    }
    Ok(out)
}

fn plain(text: &str) -> Word {
    Word::Plain(text.to_owned())
}

fn text(path: &Path) -> Result<String, CliError> {
    path.to_str()
        .map(str::to_owned)
        .ok_or_else(|| CliError::usage(format!("{} cannot be written in a unit", path.display())))
}

/// The whole path of a file or a folder: a service has no folder that it is in.
fn whole(path: &Path) -> Result<PathBuf, CliError> {
    std::path::absolute(path).map_err(|error| CliError::file("find", path, &error))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, OnceLock};

    use clap::Parser;

    use super::*;
    use crate::args::{Format, GlobalArgs};
    use crate::interrupt::Stop;
    use crate::journal::JournalArgs;
    use crate::printer::tests::printer;
    use crate::settings::Settings;

    #[derive(Parser)]
    struct Given {
        #[command(flatten)]
        global: GlobalArgs,
        #[command(flatten)]
        keep: KeepArgs,
        #[command(flatten)]
        alerts: AlertArgs,
        #[command(flatten)]
        journal: JournalArgs,
    }

    fn of(words: &[&str]) -> Result<Registration, CliError> {
        let given = Given::try_parse_from([&["x"], words].concat()).unwrap();
        let settings = Settings::resolve(&given.global, None).unwrap();
        let now = chrono::DateTime::UNIX_EPOCH;
        let printer = Arc::new(printer(Format::Table, 0).0);
        let ctx =
            Ctx { settings, printer, now, stop: Stop::default(), typed: OnceLock::new(), service: None };
        let keeping = given.journal.resolve(&ctx.settings, &ctx.printer).unwrap();
        let places = ("/bin/adrecover".into(), Path::new("/data"));
        registration(&ctx, places, &ServiceAccount::default(), (&keeping, &given.keep, &given.alerts))
    }

    #[test]
    fn a_service_of_windows_reads_files_where_they_are() {
        let of = of(&[
            "--server=ldaps://dc1",
            "--user=a@b",
            "--password-file=/s/password",
            "--ca=/s/ca.pem",
            "--journal=/kept",
            "--alert-webhook=@/s/hook",
        ])
        .unwrap();
        assert_eq!(of.words[..3], ["agent", "run", "--service"]);
        let follows =
            |option: &str| of.words.iter().skip_while(|word| *word != option).nth(1).map(String::as_str);
        assert_eq!(follows("--password-file"), Some("/s/password"));
        assert_eq!(follows("--ca"), Some("/s/ca.pem"));
        assert_eq!(follows("--alert-webhook"), Some("@/s/hook"));
        assert_eq!(
            (of.secrets, of.readable),
            (vec!["/s/password".into(), "/s/hook".into()], vec!["/s/ca.pem".to_owned()])
        );
        assert_eq!(of.writable, ["/kept"]);
    }

    #[test]
    fn with_kerberos_it_is_the_account_of_the_service() {
        let words = of(&["--server=dc1", "--kerberos"]).unwrap().words;
        assert!(
            words.contains(&"--kerberos".to_owned()) && !words.contains(&"--user".to_owned()),
            "{words:?}"
        );
        assert_eq!(of(&["--server=dc1", "--kerberos", "--user=a@b"]).unwrap_err().code(), 2);
        assert_eq!(of(&["--server=dc1", "--user=a@b"]).unwrap_err().code(), 2);
    }
}
