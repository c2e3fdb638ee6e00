//! The password for a database that journals are kept in: from a file of its own, or as PostgreSQL's programs take it. It is never in
//! an argument or an address.

use std::path::{Path, PathBuf};

use adrecover_journal::PostgresAddress;
use zeroize::Zeroizing;

use crate::error::{CliError, Kind};
use crate::{folders, password};

/// The variable of PostgreSQL's programs (PostgreSQL documentation, 34.15).
pub(crate) const VARIABLE: &str = "PGPASSWORD";
/// The variable that names another password file than the user's.
const FILE_VARIABLE: &str = "PGPASSFILE";
/// No password is longer, and no password file.
const LIMIT: u64 = 64 << 10;

/// The address with the password for it. Without one the server may know who asks by other means.
pub(super) fn with_password(
    address: &PostgresAddress,
    file: Option<&Path>,
) -> Result<PostgresAddress, CliError> {
    Ok(address.clone().with_password(password_for(address, file)?))
}

fn password_for(
    address: &PostgresAddress,
    file: Option<&Path>,
) -> Result<Option<Zeroizing<String>>, CliError> {
    if let Some(file) = file {
        let text = read(file)?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        return Ok(Some(Zeroizing::new(text.strip_suffix('\r').unwrap_or(text).to_owned())));
    }
    if let Some(value) = std::env::var_os(VARIABLE) {
        let text = value.into_string();
        let text =
            text.map_err(|_| CliError::usage(format!("the variable {VARIABLE} is not valid Unicode")))?;
        return Ok(Some(Zeroizing::new(text)));
    }
    match users_file() {
        Some(file) if file.is_file() => Ok(find(&read(&file)?, address)),
        _ => Ok(None),
    }
}

/// The password file of the user: `PGPASSFILE`, `~/.pgpass`, or `%APPDATA%\postgresql\pgpass.conf`.
fn users_file() -> Option<PathBuf> {
    let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    var(FILE_VARIABLE).or_else(|| match cfg!(windows) {
        true => var("APPDATA").map(|folder| folder.join("postgresql").join("pgpass.conf")),
        false => var("HOME").map(|home| home.join(".pgpass")),
    })
}

/// What others can read is no secret: it is refused, as PostgreSQL's own programs do.
fn read(file: &Path) -> Result<Zeroizing<String>, CliError> {
    if folders::is_open_to_others(file) {
        let text = format!("others can read the password file {0}: chmod 600 {0}", file.display());
        return Err(CliError::usage(text));
    }
    let octets = Zeroizing::new(crate::files::read(file, LIMIT, false)?);
    password::decode(&octets).ok_or_else(|| {
        CliError::new(Kind::BadInput, format!("{}: neither UTF-8 nor UTF-16 text", file.display()))
    })
}

/// The first line that fits: `host:port:database:user:password`, with `*` for any and `\` before a `:` or `\` that is meant
/// (PostgreSQL documentation, 34.16).
fn find(text: &str, address: &PostgresAddress) -> Option<Zeroizing<String>> {
    let port = address.port().to_string();
    let wanted = [address.host(), &port, address.database(), address.user()];
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let mut fields = fields(line).into_iter();
        let fits =
            wanted.iter().all(|wanted| fields.next().is_some_and(|field| *field == "*" || *field == *wanted));
        fields.next().filter(|_| fits)
    })
}

fn fields(line: &str) -> Vec<Zeroizing<String>> {
    let mut out = vec![Zeroizing::new(String::with_capacity(line.len()))];
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        let meant = match c {
            ':' if out.len() < 5 => {
                out.push(Zeroizing::new(String::with_capacity(line.len())));
                continue;
            }
            '\\' => chars.next().unwrap_or('\\'),
            c => c,
        };
        if let Some(last) = out.last_mut() {
            last.push(meant);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_fits() {
        let address = |text: &str| PostgresAddress::read(text).unwrap();
        let text = "# a comment\ndb:5432:other:a:no\ndb:*:adrecover:a:p\\:w\\\\d\n*:*:*:*:any:thing\n";
        let found = |at: &str| find(text, &address(at)).map(|password| password.as_str().to_owned());
        assert_eq!(found("postgres://a@db/adrecover").as_deref(), Some("p:w\\d"));
        assert_eq!(found("postgres://b@/x?host=/run").as_deref(), Some("any:thing"));
        assert_eq!(
            find("localhost:5432:x:b:s", &address("postgres://b@/x?host=/run")).unwrap().as_str(),
            "s"
        );
        assert_eq!(find("db:5432:x", &address("postgres://b@db/x")), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "s3cret\r\n").unwrap();
        let address = PostgresAddress::read("postgres://a@db/d").unwrap();
        let set = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        set(0o640);
        let error = password_for(&address, Some(&file)).unwrap_err();
        assert!(error.message.contains("chmod 600"), "{error}");
        set(0o600);
        assert_eq!(password_for(&address, Some(&file)).unwrap().unwrap().as_str(), "s3cret");
    }
}
