//! Server addresses as people write them: `ldaps://dc1.contoso.com`, `ldap://[::1]:1389`, `dc1`.

use std::fmt;
use std::str::FromStr;

/// How a connection begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// TLS from the first byte; port 636, global catalogue 3269.
    Ldaps,
    /// Plain, to be upgraded with StartTLS or protected by Kerberos; port 389, global catalogue 3268.
    Ldap,
}

impl Scheme {
    /// The port where the URL names none.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Ldaps => 636,
            Self::Ldap => 389,
        }
    }

    /// The port of the global catalogue ([MS-ADTS] 3.1.1.3.1.11).
    pub fn global_catalog_port(self) -> u16 {
        match self {
            Self::Ldaps => 3269,
            Self::Ldap => 3268,
        }
    }
}

/// The address of one server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ServerUrl {
    /// How the connection begins.
    pub scheme: Scheme,
    /// The host name or IP address; IPv6 without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

/// Text that is not a server's address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a server URL: {problem}")]
pub struct BadServerUrl {
    /// The whole text.
    pub text: String,
    /// Which part is wrong, and how.
    pub problem: String,
}

impl ServerUrl {
    /// An address with the scheme's own port.
    pub fn new(scheme: Scheme, host: impl Into<String>) -> Self {
        Self { scheme, host: host.into(), port: scheme.default_port() }
    }

    /// As [`str::parse`], with the scheme that a bare host means.
    pub fn read(text: &str, scheme: Scheme) -> Result<Self, BadServerUrl> {
        let fail = |problem: String| BadServerUrl { text: masked(text), problem };
        let trimmed = text.trim();
        let (scheme, rest) = match trimmed.split_once("://") {
            None => (scheme, trimmed),
            Some((s, rest)) if s.eq_ignore_ascii_case("ldaps") => (Scheme::Ldaps, rest),
            Some((s, rest)) if s.eq_ignore_ascii_case("ldap") => (Scheme::Ldap, rest),
            // It may be a part of a password then.
            Some(_) if trimmed.contains('@') => {
                return Err(fail("the scheme is neither ldaps nor ldap".into()));
            }
            Some((s, _)) => return Err(fail(format!("the scheme `{s}` is neither ldaps nor ldap"))),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if let Some(at) = rest.find(['/', '?', '#', '@']) {
            return Err(fail(format!(
                "`{}` follows the host; only a host and a port are taken",
                masked(&rest[at..])
            )));
        }
        let (host, port) = split_host(rest).map_err(fail)?;
        let port = match port {
            None => scheme.default_port(),
            Some(digits) => {
                parse_port(digits).ok_or_else(|| fail(format!("the port `{digits}` is not 1 to 65535")))?
            }
        };
        Ok(Self { scheme, host: host.to_owned(), port })
    }

    /// The same host and scheme with another port.
    #[must_use]
    pub fn with_port(&self, port: u16) -> Self {
        Self { port, ..self.clone() }
    }
}

/// The text without what stands before an `@`: it may be a password.
fn masked(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((_, rest)) => format!("…@{rest}"),
        None => text.to_owned(),
    }
}

impl FromStr for ServerUrl {
    type Err = BadServerUrl;

    /// Takes `ldaps://host[:port]`, `ldap://host[:port]` and a bare `host[:port]`, which means `ldaps`. IPv6 addresses stand in
    /// brackets.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::read(text, Scheme::Ldaps)
    }
}

fn parse_port(digits: &str) -> Option<u16> {
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten().filter(|p| *p != 0)
}

/// Host and port as written.
fn split_host(text: &str) -> Result<(&str, Option<&str>), String> {
    if let Some(tail) = text.strip_prefix('[') {
        let (host, rest) =
            tail.split_once(']').ok_or("the closing bracket of the IPv6 address is missing")?;
        if host.parse::<std::net::Ipv6Addr>().is_err() {
            return Err(format!("`{host}` is not an IPv6 address"));
        }
        return match rest {
            "" => Ok((host, None)),
            _ => match rest.strip_prefix(':') {
                Some(port) => Ok((host, Some(port))),
                None => Err(format!("`{rest}` follows the host")),
            },
        };
    }
    if text.matches(':').count() > 1 {
        return Err("an IPv6 address must stand in brackets".to_owned());
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    if host.is_empty() {
        return Err("the host is missing".to_owned());
    }
    match host.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))) {
        Some(c) => Err(format!("the host holds the character `{}`", c.escape_default())),
        None => Ok((host, port)),
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Ldaps => "ldaps",
            Scheme::Ldap => "ldap",
        };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]", self.host)?;
        } else {
            write!(f, "{scheme}://{}", self.host)?;
        }
        if self.port != self.scheme.default_port() {
            write!(f, ":{}", self.port)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_shown() {
        for (text, host, port, shown) in [
            ("ldaps://dc1.contoso.com", "dc1.contoso.com", 636, "ldaps://dc1.contoso.com"),
            ("LDAP://dc1:1389/", "dc1", 1389, "ldap://dc1:1389"),
            ("dc1.contoso.com", "dc1.contoso.com", 636, "ldaps://dc1.contoso.com"),
            ("dc1:3269", "dc1", 3269, "ldaps://dc1:3269"),
            ("ldaps://[::1]:3636", "::1", 3636, "ldaps://[::1]:3636"),
            ("ldap://[2001:db8::5]", "2001:db8::5", 389, "ldap://[2001:db8::5]"),
        ] {
            let url: ServerUrl = text.parse().unwrap();
            assert_eq!((url.host.as_str(), url.port), (host, port), "{text}");
            assert_eq!(url.to_string(), shown);
            assert_eq!(url.to_string().parse::<ServerUrl>().unwrap(), url);
        }
    }

    #[test]
    fn the_bad_part_is_named() {
        for (text, part) in [
            ("http://dc1", "scheme `http`"),
            ("ldaps://", "host is missing"),
            ("ldaps://dc1:0", "port `0`"),
            ("ldaps://dc1:66000", "port `66000`"),
            ("ldaps://dc1:+5", "port `+5`"),
            ("ldaps://dc1:", "port ``"),
            ("ldaps://::1", "brackets"),
            ("ldaps://[::1", "closing bracket"),
            ("ldaps://[dc1]", "not an IPv6"),
            ("ldaps://dc1/DC=x", "`/DC=x` follows"),
            ("ldaps://me:pw@dc1", "@dc1"),
            ("ldaps://me:a/pw@dc1", "`…@dc1` follows"),
            ("ldaps://dc 1", "character ` `"),
            ("me:pw://x@dc1", "the scheme is"),
        ] {
            let error = text.parse::<ServerUrl>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
            assert!(!error.contains("pw"), "{text}: {error}");
        }
    }
}
