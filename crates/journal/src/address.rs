//! The address of a database that journals are kept in: `postgres://ROLE@HOST/DATABASE`, as libpq writes it.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

/// The port where none is named.
const PORT: u16 = 5432;
/// How long a connection may take where nothing is said.
const CONNECT: Duration = Duration::from_secs(10);
/// No address is longer.
const LONGEST: usize = 4096;

/// The address of a PostgreSQL database, and the password for it. It is shown without the password, as it can be typed again.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresAddress {
    pub(crate) host: Host,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) database: String,
    /// As it was said; see [`PostgresAddress::tls`].
    said_tls: Option<SslMode>,
    pub(crate) root_cert: Option<PathBuf>,
    pub(crate) connect_timeout: Duration,
    pub(crate) password: Option<Zeroizing<String>>,
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    /// A name or an address of the network.
    Name(String),
    /// The folder of its socket.
    Socket(PathBuf),
}

/// How a connection is secured, by libpq's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SslMode {
    /// Not at all.
    Disable,
    /// If the server can; whose certificate it is nobody asks.
    Prefer,
    /// Encrypted; whose certificate it is nobody asks.
    Require,
    /// Encrypted, with a certificate for the host's name from an authority that is trusted.
    VerifyFull,
}

/// Why a text is no address of a database. It is never repeated as a whole: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// It holds a password.
    #[error("the address holds a password, which others on this computer may see")]
    Password,
    /// It is written wrongly.
    #[error("{0}")]
    Written(String),
    /// What is said would go over the network for everybody to read.
    #[error("sslmode={0} would send the journal over the network unencrypted")]
    InTheClear(&'static str),
}

impl SslMode {
    const ALL: [(&'static str, Self); 4] = [
        ("disable", Self::Disable),
        ("prefer", Self::Prefer),
        ("require", Self::Require),
        ("verify-full", Self::VerifyFull),
    ];

    fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, mode)| *mode == self).map_or("", |(word, _)| word)
    }
}

impl PostgresAddress {
    /// Whether a text is meant to be an address of a database, and no file.
    pub fn is_meant(text: &str) -> bool {
        scheme(text).is_some()
    }

    /// Reads an address: `postgres://ROLE@HOST[:PORT]/DATABASE`, with `?host=FOLDER` for the socket of a server on this computer,
    /// `sslmode`, `sslrootcert` and `connect_timeout` as in libpq (PostgreSQL documentation, 34.1.1.2).
    pub fn read(text: &str) -> Result<Self, BadAddress> {
        let wrong = |what: String| BadAddress::Written(what);
        let rest = scheme(text).ok_or_else(|| wrong("it does not begin with postgres://".into()))?;
        if text.len() > LONGEST {
            return Err(wrong("it is too long".into()));
        }
        let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = before.split_once('/').unwrap_or((before, ""));
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        if user.contains(':') {
            return Err(BadAddress::Password);
        }
        let (host, port) = host_and_port(host)?;
        let mut parts =
            Parts { user: decoded(user)?, database: decoded(database)?, host, port, ..Parts::default() };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            parts.take(name, decoded(value)?)?;
        }
        parts.done()
    }

    /// The same with a password to log on with.
    pub fn with_password(self, password: Option<Zeroizing<String>>) -> Self {
        Self { password, ..self }
    }

    /// The host as a password file names it: `localhost` for a socket (PostgreSQL documentation, 34.16).
    pub fn host(&self) -> &str {
        match &self.host {
            Host::Name(name) => name,
            Host::Socket(_) => "localhost",
        }
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The role that logs on.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The database.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The file with the authorities that are trusted, besides the system's.
    pub fn root_cert(&self) -> Option<&Path> {
        self.root_cert.as_deref()
    }

    /// How the connection is secured: over a network always, and with a verified certificate where nothing else was said.
    pub fn tls(&self) -> SslMode {
        self.said_tls.unwrap_or(if self.host.is_here() { SslMode::Prefer } else { SslMode::VerifyFull })
    }

    /// Whether the server is not asked who it is, though it is on another computer.
    pub fn is_unverified(&self) -> bool {
        !self.host.is_here() && self.tls() != SslMode::VerifyFull
    }

    /// The same address with files named by their whole paths, for whoever runs in another folder.
    pub fn with_root_cert(self, root_cert: Option<PathBuf>) -> Self {
        Self { root_cert, ..self }
    }
}

impl Host {
    /// Whether nothing goes over a network.
    fn is_here(&self) -> bool {
        match self {
            Self::Socket(_) => true,
            Self::Name(name) => {
                name.eq_ignore_ascii_case("localhost")
                    || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
            }
        }
    }
}

/// What an address says, before it is looked at as a whole.
#[derive(Default)]
struct Parts {
    user: String,
    database: String,
    host: String,
    port: Option<u16>,
    tls: Option<SslMode>,
    root_cert: Option<PathBuf>,
    connect_timeout: Option<Duration>,
}

impl Parts {
    fn take(&mut self, name: &str, value: String) -> Result<(), BadAddress> {
        let wrong = |what: &str| BadAddress::Written(format!("{name}: {what}"));
        match name {
            "host" => self.host = value,
            "port" => self.port = Some(value.parse().map_err(|_| wrong("it is no port"))?),
            "user" => self.user = value,
            "dbname" => self.database = value,
            "password" => return Err(BadAddress::Password),
            "sslrootcert" => {
                self.root_cert = Some(value.into()).filter(|path: &PathBuf| !path.as_os_str().is_empty())
            }
            "sslmode" => {
                let mode = SslMode::ALL.iter().find(|(word, _)| *word == value);
                let mode = mode.ok_or_else(|| wrong("it is disable, prefer, require or verify-full"))?;
                self.tls = Some(mode.1);
            }
            "connect_timeout" => {
                let seconds = value.parse().ok().filter(|seconds| (1..=3600).contains(seconds));
                let seconds = seconds.ok_or_else(|| wrong("it is a number of seconds up to 3600"))?;
                self.connect_timeout = Some(Duration::from_secs(seconds));
            }
            _ => {
                return Err(BadAddress::Written(
                    "it has an option that is not known: there are host, port, user, dbname, sslmode, sslrootcert and \
                     connect_timeout"
                        .into(),
                ));
            }
        }
        Ok(())
    }

    fn done(self) -> Result<PostgresAddress, BadAddress> {
        let missing =
            |what: &str| BadAddress::Written(format!("{what}: write it as postgres://ROLE@HOST/DATABASE"));
        for (part, what) in [
            (&self.user, "it names no role to log on as"),
            (&self.host, "it names no host"),
            (&self.database, "it names no database"),
        ] {
            if part.is_empty() {
                return Err(missing(what));
            }
            if part.chars().any(char::is_control) {
                return Err(BadAddress::Written("it has a control character".into()));
            }
        }
        if self.database.contains('/') || self.host.contains(',') {
            return Err(missing("it names several things where one is meant"));
        }
        let host =
            if self.host.starts_with('/') { Host::Socket(self.host.into()) } else { Host::Name(self.host) };
        let address = PostgresAddress {
            host,
            port: self.port.unwrap_or(PORT),
            user: self.user,
            database: self.database,
            said_tls: self.tls,
            root_cert: self.root_cert,
            connect_timeout: self.connect_timeout.unwrap_or(CONNECT),
            password: None,
        };
        match address.tls() {
            mode @ (SslMode::Disable | SslMode::Prefer) if !address.host.is_here() => {
                Err(BadAddress::InTheClear(mode.word()))
            }
            _ => Ok(address),
        }
    }
}

/// What follows the scheme.
fn scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once("://")?;
    ["postgres", "postgresql"].iter().any(|known| scheme.eq_ignore_ascii_case(known)).then_some(rest)
}

fn host_and_port(text: &str) -> Result<(String, Option<u16>), BadAddress> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':')),
        None => match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = port.map(|port| port.parse().map_err(|_| BadAddress::Written("the port is no number".into())));
    Ok((decoded(host)?, port.transpose()?))
}

/// A text with `%41` for `A` (RFC 3986, 2.1).
fn decoded(text: &str) -> Result<String, BadAddress> {
    let wrong = || BadAddress::Written("a % in it is not followed by two hexadecimal digits".into());
    let mut out = Vec::with_capacity(text.len());
    let mut octets = text.bytes();
    while let Some(octet) = octets.next() {
        let mut digit = || octets.next().and_then(|d| char::from(d).to_digit(16));
        out.push(match octet {
            b'%' => {
                let (high, low) = (digit().ok_or_else(wrong)?, digit().ok_or_else(wrong)?);
                u8::try_from(high << 4 | low).map_err(|_| wrong())?
            }
            octet => octet,
        });
    }
    String::from_utf8(out).map_err(|_| BadAddress::Written("it is not UTF-8".into()))
}

/// The other way round.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for octet in text.bytes() {
        match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(octet))
            }
            _ => out.push_str(&format!("%{octet:02X}")),
        }
    }
    out
}

impl fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgres://{}@", encoded(&self.user))?;
        let mut options = vec![];
        match &self.host {
            Host::Name(name) if name.contains(':') => write!(f, "[{name}]")?,
            Host::Name(name) => write!(f, "{}", encoded(name))?,
            Host::Socket(folder) => options.push(("host", encoded(&folder.to_string_lossy()))),
        }
        match (&self.host, self.port) {
            (_, PORT) => {}
            (Host::Name(_), port) => write!(f, ":{port}")?,
            (Host::Socket(_), port) => options.push(("port", port.to_string())),
        }
        write!(f, "/{}", encoded(&self.database))?;
        options.extend(self.said_tls.map(|mode| ("sslmode", mode.word().to_owned())));
        options.extend(self.root_cert.as_ref().map(|path| ("sslrootcert", encoded(&path.to_string_lossy()))));
        if self.connect_timeout != CONNECT {
            options.push(("connect_timeout", self.connect_timeout.as_secs().to_string()));
        }
        for (at, (name, value)) in options.iter().enumerate() {
            write!(f, "{}{name}={value}", if at == 0 { '?' } else { '&' })?;
        }
        Ok(())
    }
}

impl fmt::Debug for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> PostgresAddress {
        PostgresAddress::read(text).unwrap()
    }

    #[test]
    fn an_address_can_be_typed_again() {
        for text in [
            "postgres://agent@db.contoso.com/adrecover",
            "postgres://agent@db.contoso.com:5433/adrecover?sslmode=require",
            "postgres://agent@db.contoso.com/adrecover?sslmode=verify-full&sslrootcert=/etc/ssl/ca%20of%20ours.pem",
            "postgres://agent@[fe80::1]/adrecover",
            "postgres://agent@/adrecover?host=/run/postgresql",
            "postgres://agent@/a%3Fb?host=/run/postgresql&port=6000&connect_timeout=3",
            "postgres://agent@127.0.0.1/adrecover?sslmode=disable",
        ] {
            assert_eq!(read(text).to_string(), text);
            assert_eq!(read(&read(text).to_string()), read(text));
        }
        assert_eq!(read("PostgreSQL://h/d?user=a").to_string(), "postgres://a@h/d");
    }

    #[test]
    fn what_goes_over_a_network_is_encrypted() {
        assert_eq!(read("postgres://a@db/d").tls(), SslMode::VerifyFull);
        assert_eq!(read("postgres://a@localhost/d").tls(), SslMode::Prefer);
        assert_eq!(read("postgres://a@[::1]/d").tls(), SslMode::Prefer);
        assert_eq!(read("postgres://a@/d?host=/run").tls(), SslMode::Prefer);
        assert!(read("postgres://a@db/d?sslmode=require").is_unverified());
        assert!(!read("postgres://a@127.0.0.1/d?sslmode=disable").is_unverified());
        for mode in ["disable", "prefer"] {
            let refused = PostgresAddress::read(&format!("postgres://a@db/d?sslmode={mode}"));
            assert_eq!(refused, Err(BadAddress::InTheClear(mode)));
        }
    }

    #[test]
    fn a_password_is_refused_and_never_shown() {
        for text in ["postgres://a:s3cret@db/d", "postgres://a:@db/d", "postgres://a@db/d?password=s3cret"] {
            let error = PostgresAddress::read(text).unwrap_err();
            assert_eq!(error, BadAddress::Password);
            assert!(!format!("{error} {error:?}").contains("s3cret"));
        }
        let address = read("postgres://a@db/d").with_password(Some(Zeroizing::new("s3cret".to_owned())));
        assert!(!format!("{address} {address:?}").contains("s3cret"));
    }

    #[test]
    fn what_is_written_wrongly_is_said() {
        for bad in [
            "postgres://",
            "postgres://db/d",
            "postgres://a@/d",
            "postgres://a@db",
            "postgres://a@db/",
            "postgres://a@db:x/d",
            "postgres://a@db/d?sslmode=allow",
            "postgres://a@db/d?options=-cx",
            "postgres://a@db/d?connect_timeout=0",
            "postgres://a@db/d%0",
            "postgres://a@db/d%ff",
            "postgres://a@db/d%00",
            "postgres://a@one,two/d",
            "postgres://a@db/d/e",
        ] {
            assert!(matches!(PostgresAddress::read(bad), Err(BadAddress::Written(_))), "{bad}");
        }
        assert!(!PostgresAddress::is_meant("/var/lib/postgres"));
        assert!(!PostgresAddress::is_meant("mysql://a@b/c"));
    }
}
