//! The unit of systemd for an agent with the options of a command line.

use std::path::{Path, PathBuf};

use adrecover_agent::{Unit, Word};

use super::{AlertArgs, KeepArgs};
use crate::context::Ctx;
use crate::error::CliError;
use crate::journal::{Keeping, Named};

/// The unit. Everything is in it: a service has neither the profile nor the variables of whoever installs it.
pub(crate) fn unit(
    ctx: &Ctx,
    program: PathBuf,
    user: &str,
    keytab: Option<&Path>,
    keeping: &Keeping,
    keep: &KeepArgs,
    alerts: &AlertArgs,
) -> Result<Unit, CliError> {
    let mut unit = Unit {
        program,
        words: vec![],
        user: user.to_owned(),
        credentials: vec![],
        variables: vec![],
        writable: vec![],
    };
    let mut words = vec![plain("agent"), plain("run")];
    words.extend(connection(ctx, &mut unit)?);
    words.extend(logon(ctx, &mut unit, keytab)?);
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
fn logon(ctx: &Ctx, unit: &mut Unit, keytab: Option<&Path>) -> Result<Vec<Word>, CliError> {
    let settings = &ctx.settings;
    let mut words = vec![];
    if let Some(user) = &settings.user {
        words.extend([plain("--user"), plain(user)]);
    }
    if settings.kerberos {
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
            .hint("name it with --password-file; root alone has to be able to read it")
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
