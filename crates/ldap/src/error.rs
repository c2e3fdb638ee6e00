//! Why no connection to a domain controller came about, told apart well enough to say what to do about it.

use std::borrow::Cow;
use std::path::PathBuf;

use adrecover_core::DirectoryError;
use adrecover_core::directory::Refusal;
use adrecover_core::win32::BindRefusal;

/// Why a bind was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BindFailure {
    /// Active Directory gave a sub-code.
    Known(BindRefusal),
    /// Result 49 without a sub-code that is known: the name or the password is wrong, as far as the server tells.
    InvalidCredentials,
    /// Another result code.
    Other,
}

impl BindFailure {
    pub(crate) fn of(refusal: &Refusal) -> Self {
        match adrecover_core::win32::bind_refusal(&refusal.diagnostic) {
            Some(known) if refusal.code == 49 => Self::Known(known),
            None if refusal.code == 49 => Self::InvalidCredentials,
            _ => Self::Other,
        }
    }

    fn describe(self, refusal: &Refusal) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Known(BindRefusal::WrongCredentials) | Self::InvalidCredentials => {
                "the name or the password is wrong"
            }
            Self::Known(BindRefusal::LogonRestricted) => {
                "the account may not log on at this time or from here"
            }
            Self::Known(BindRefusal::PasswordExpired) => "the password has expired",
            Self::Known(BindRefusal::AccountDisabled) => "the account is disabled",
            Self::Known(BindRefusal::AccountExpired) => "the account has expired",
            Self::Known(BindRefusal::MustChangePassword) => {
                "the password must be changed before the first logon"
            }
            Self::Known(BindRefusal::LockedOut) => "the account is locked out",
            Self::Known(BindRefusal::ChannelBinding) => {
                "the server requires channel binding, and what was sent did not satisfy it"
            }
            Self::Other => return Cow::Owned(refusal.to_string()),
        })
    }

    fn hint(self) -> Option<&'static str> {
        Some(match self {
            Self::Known(BindRefusal::WrongCredentials) | Self::InvalidCredentials => {
                "check the account name (user@domain, DOMAIN\\user or a DN) and the password; it was sent once only"
            }
            Self::Known(BindRefusal::PasswordExpired | BindRefusal::MustChangePassword) => {
                "change the password first, or use another account"
            }
            Self::Known(BindRefusal::AccountDisabled | BindRefusal::AccountExpired) => "use another account",
            Self::Known(BindRefusal::LockedOut) => "wait, or have the account unlocked",
            Self::Known(BindRefusal::LogonRestricted) => {
                "check the account's logon hours and the workstations it may log on to"
            }
            Self::Known(BindRefusal::ChannelBinding) => {
                "something between here and the server may be terminating TLS: connect to the domain controller directly"
            }
            Self::Other => return None,
        })
    }
}

/// Why Kerberos on this side gave no logon.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KerberosFailure {
    /// The program was built without Kerberos.
    #[error("this program was built without Kerberos")]
    NotBuilt,
    /// There is no ticket, or none of that principal.
    #[error("there is no Kerberos ticket")]
    NoTicket,
    /// There is one, and its time is over.
    #[error("the Kerberos ticket has expired")]
    TicketExpired,
    /// The clocks are too far apart.
    #[error("the clocks of this computer and of the domain controller differ too much")]
    ClockSkew,
    /// The KDC does not know the account.
    #[error("the KDC does not know the account of the ticket")]
    UnknownPrincipal,
    /// The KDC does not know the service.
    #[error("the KDC knows no such service")]
    UnknownService,
    /// No KDC answers.
    #[error("no KDC of the realm can be reached")]
    NoKdc,
    /// The server has another key than the one that the ticket is for.
    #[error("the server is another one than the ticket is for")]
    WrongServer,
    /// The server does not tell its name.
    #[error("the server does not tell its name, which its service is named after")]
    NoName,
    /// Anything else, in the words of the Kerberos library.
    #[error("{0}")]
    Other(String),
}

impl KerberosFailure {
    /// From the words of MIT Kerberos or of Windows (SSPI).
    #[cfg_attr(
        not(any(windows, test, feature = "kerberos")),
        expect(dead_code, reason = "nothing to read then")
    )]
    pub(crate) fn of(text: &str) -> Self {
        // Of several that fit the first counts: a server that is not found is "not found in Kerberos database" too.
        const KNOWN: [(&str, KerberosFailure); 17] = [
            ("expired", KerberosFailure::TicketExpired),
            ("clock skew", KerberosFailure::ClockSkew),
            ("clocks on the client and server", KerberosFailure::ClockSkew),
            ("server not found", KerberosFailure::UnknownService),
            ("target is unknown", KerberosFailure::UnknownService),
            ("not found in kerberos database", KerberosFailure::UnknownPrincipal),
            ("no kerberos credentials", KerberosFailure::NoTicket),
            ("no credentials", KerberosFailure::NoTicket),
            ("credentials cache", KerberosFailure::NoTicket),
            ("cache collection", KerberosFailure::NoTicket),
            ("cannot contact any kdc", KerberosFailure::NoKdc),
            ("cannot find kdc", KerberosFailure::NoKdc),
            ("network address for kdc", KerberosFailure::NoKdc),
            ("no authority could be contacted", KerberosFailure::NoKdc),
            ("wrong principal", KerberosFailure::WrongServer),
            ("message stream modified", KerberosFailure::WrongServer),
            ("integrity check failed", KerberosFailure::WrongServer),
        ];
        let lower = text.to_lowercase();
        // "Server ldap/dc9@REALM not found in Kerberos database", as some versions say it.
        let of_server = lower.contains("server ") && lower.contains("not found in kerberos database");
        let found = KNOWN.iter().find(|(words, _)| lower.contains(words)).map(|(_, failure)| failure.clone());
        match found {
            Some(Self::UnknownPrincipal) if of_server => Self::UnknownService,
            Some(failure) => failure,
            None => Self::Other(adrecover_core::text::printable(text).into_owned()),
        }
    }

    /// What to do about it. `service` is the one that was asked for.
    fn hint(&self, service: &str) -> Option<String> {
        let text = match self {
            Self::NotBuilt => {
                "build it with `--features kerberos`, or log on with --user and a password over ldaps://"
            }
            Self::NoTicket => {
                "get one: kinit NAME@REALM (klist shows what there is; KRB5CCNAME names another cache)"
            }
            Self::TicketExpired => "renew it: kinit NAME@REALM",
            Self::ClockSkew => "set this computer's clock by the domain's time (five minutes are allowed)",
            Self::UnknownPrincipal => "check the account and the realm of the ticket: klist",
            Self::UnknownService => {
                return Some(format!(
                    "{service} follows the host in --server: use the domain controller's full DNS name, not an alias"
                ));
            }
            Self::NoKdc => "check the realm in krb5.conf, the domain's DNS servers, and port 88 on the way",
            Self::WrongServer => "use the domain controller's full DNS name in --server, not an alias",
            Self::NoName => "use the domain controller's DNS name in --server instead of its address",
            Self::Other(_) => return None,
        };
        Some(text.to_owned())
    }
}

/// The kinds of [`ConnectError`], for scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectErrorKind {
    /// What was asked for cannot be tried: no server, an empty password, a bad CA file, an unencrypted simple bind.
    Options,
    /// No connection: DNS, refused, unreachable, timed out, lost.
    Network,
    /// The connection could not be encrypted, or the certificate is not trusted.
    Tls,
    /// The server refused the bind.
    Bind,
    /// The server is not the one that it should be, or its rootDSE could not be read.
    Server,
}

/// Why no session came about. The server is named as it was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say what each variant and field is")]
pub enum ConnectError {
    #[error("no server was given")]
    NoServer,
    #[error("the password is empty: that would be an anonymous bind")]
    EmptyPassword,
    #[error("a password is not sent to {server} over an unencrypted connection")]
    UnencryptedBind { server: String },
    #[error("the CA file {} cannot be used: {problem}", path.display())]
    CaFile { path: PathBuf, problem: String },
    #[error("there is no certificate authority to trust{}", if problem.is_empty() { String::new() } else { format!(": {problem}") })]
    NoTrustAnchors { problem: String },
    #[error("the name of {server} does not resolve: {reason}")]
    Dns { server: String, reason: String },
    #[error("{server} refused the connection")]
    Refused { server: String },
    #[error("{server} cannot be reached: {reason}")]
    Unreachable { server: String, reason: String },
    #[error("{server} did not answer within {seconds} s ({stage})")]
    TimedOut { server: String, seconds: u64, stage: &'static str },
    #[error("the certificate of {server} comes from an authority that is not trusted here")]
    UntrustedIssuer { server: String },
    #[error("the certificate of {server} is for another name{}", names_of(names))]
    WrongName { server: String, names: Vec<String> },
    #[error("the certificate of {server} has expired{detail}")]
    CertificateExpired { server: String, detail: String },
    #[error("the certificate of {server} is not valid yet{detail}")]
    CertificateNotYetValid { server: String, detail: String },
    #[error("the certificate of {server} cannot be accepted: {reason}")]
    BadCertificate { server: String, reason: String },
    #[error("no TLS connection to {server}: {reason}")]
    Tls { server: String, reason: String },
    #[error("{server} does not begin TLS on this connection: {reason}")]
    StartTls { server: String, reason: String },
    #[error("{server} refused the bind as {name}: {}", failure.describe(refusal))]
    Bind { server: String, name: String, failure: BindFailure, refusal: Refusal },
    #[error("no Kerberos logon at {server} as a client of {service}: {failure}")]
    Kerberos { server: String, service: String, failure: KerberosFailure },
    #[error("{server} requires signing, which this kind of bind does not offer")]
    SigningRequired { server: String, refusal: Refusal },
    #[error("{server} is not the domain controller that it was: {now} answered instead of {before}")]
    OtherServer { server: String, before: String, now: String },
    #[error("{}", after_connecting(server, error))]
    Directory { server: String, error: DirectoryError },
    #[error("none of the servers could be used: {}", list(errors))]
    All { errors: Vec<ConnectError> },
}

fn names_of(names: &[String]) -> String {
    if names.is_empty() {
        String::new()
    } else {
        format!(" ({})", adrecover_core::text::printable(&names.join(", ")))
    }
}

/// Most of these errors name the server themselves.
fn after_connecting(server: &str, error: &DirectoryError) -> String {
    match error {
        DirectoryError::Refused(_) | DirectoryError::BadRequest(_) => format!("{server}: {error}"),
        _ => error.to_string(),
    }
}

fn list(errors: &[ConnectError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl ConnectError {
    /// The kind.
    pub fn kind(&self) -> ConnectErrorKind {
        use ConnectErrorKind as Kind;
        match self {
            Self::NoServer
            | Self::EmptyPassword
            | Self::UnencryptedBind { .. }
            | Self::CaFile { .. }
            | Self::NoTrustAnchors { .. } => Kind::Options,
            Self::Dns { .. } | Self::Refused { .. } | Self::Unreachable { .. } | Self::TimedOut { .. } => {
                Kind::Network
            }
            Self::UntrustedIssuer { .. }
            | Self::WrongName { .. }
            | Self::CertificateExpired { .. }
            | Self::CertificateNotYetValid { .. }
            | Self::BadCertificate { .. }
            | Self::Tls { .. }
            | Self::StartTls { .. } => Kind::Tls,
            Self::Kerberos { failure: KerberosFailure::NotBuilt, .. } => Kind::Options,
            Self::Bind { .. } | Self::SigningRequired { .. } | Self::Kerberos { .. } => Kind::Bind,
            Self::OtherServer { .. } => Kind::Server,
            Self::Directory { error, .. } => match error {
                DirectoryError::ConnectionLost { .. } | DirectoryError::Timeout { .. } => Kind::Network,
                _ => Kind::Server,
            },
            Self::All { errors } => errors.first().map_or(Kind::Options, Self::kind),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::NoServer => "name one: --server ldaps://dc1.contoso.com",
            Self::EmptyPassword => "give the account's password",
            Self::UnencryptedBind { .. } => "use an ldaps:// URL or --starttls",
            Self::CaFile { .. } => "give a file of certificates in PEM, or one certificate in DER",
            Self::NoTrustAnchors { .. } | Self::UntrustedIssuer { .. } => {
                "name the certificate of the authority that issued the server's: --ca FILE"
            }
            Self::Dns { .. } => "check the name, or whether this computer uses the domain's DNS servers",
            Self::Refused { .. } => "nothing listens on that port: LDAPS is 636, LDAP with --starttls 389",
            Self::Unreachable { .. } => "check the network and the firewalls on the way",
            Self::TimedOut { .. } => "check the address and the firewalls on the way, or raise --timeout",
            Self::WrongName { .. } => "use a name that the certificate lists in the server's URL",
            Self::CertificateExpired { .. } => {
                "renew the domain controller's certificate; also check this computer's clock"
            }
            Self::CertificateNotYetValid { .. } => {
                "check the clocks of this computer and of the domain controller"
            }
            Self::BadCertificate { .. } => {
                "give the domain controller a certificate for server authentication"
            }
            Self::Tls { .. } => {
                "a domain controller without a certificate closes 636: install one; a plain \
                 LDAP port needs an ldap:// URL with --starttls"
            }
            Self::StartTls { .. } => "use an ldaps:// URL",
            Self::Bind { failure, .. } => return failure.hint().map(str::to_owned),
            Self::Kerberos { service, failure, .. } => return failure.hint(service),
            Self::SigningRequired { .. } => {
                "a password: use an ldaps:// URL or --starttls; a ticket that is refused inside TLS: use an ldap:// URL, where \
                 Kerberos itself signs and seals"
            }
            Self::OtherServer { .. } => "name one domain controller, not a domain or a load balancer",
            Self::Directory { .. } => return None,
            Self::All { errors } => {
                let mut hints: Vec<String> = errors.iter().filter_map(Self::hint).collect();
                hints.dedup();
                return (!hints.is_empty()).then(|| hints.join("; "));
            }
        };
        Some(text.to_owned())
    }

    /// Whether the next server may be tried: only where nothing that proves an identity was sent, so that a wrong password
    /// cannot lock an account out.
    pub(crate) fn may_try_next(&self) -> bool {
        match self {
            Self::TimedOut { stage, .. } => *stage != crate::connect::BINDING,
            Self::Dns { .. } | Self::Refused { .. } | Self::Unreachable { .. } => true,
            other => other.kind() == ConnectErrorKind::Tls,
        }
    }
}

impl From<ConnectError> for DirectoryError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Directory { error, .. } => error,
            other => Self::Unreachable { message: other.to_string(), hint: other.hint() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_kerberos_are_told_apart() {
        for (text, failure) in [
            ("No Kerberos credentials available (default cache: FILE:/tmp/x)", KerberosFailure::NoTicket),
            ("Can't find client principal a@B in cache collection", KerberosFailure::NoTicket),
            ("Ticket expired", KerberosFailure::TicketExpired),
            ("Clock skew too great", KerberosFailure::ClockSkew),
            ("Server ldap/dc9@B not found in Kerberos database", KerberosFailure::UnknownService),
            ("Client 'a@B' not found in Kerberos database", KerberosFailure::UnknownPrincipal),
            ("Cannot contact any KDC for realm 'B'", KerberosFailure::NoKdc),
            ("Message stream modified", KerberosFailure::WrongServer),
            ("the moon\u{7}", KerberosFailure::Other("the moon\\u{7}".into())),
        ] {
            assert_eq!(KerberosFailure::of(text), failure, "{text}");
        }
        assert!(KerberosFailure::UnknownService.hint("ldap/dc9").unwrap().contains("ldap/dc9"));
    }

    #[test]
    fn only_failures_before_the_bind_go_on() {
        let server = || "ldaps://dc1".to_owned();
        let refusal = Refusal { code: 49, diagnostic: "x, data 775, v1".into(), operation: "bind".into() };
        let failure = BindFailure::of(&refusal);
        assert_eq!(failure, BindFailure::Known(BindRefusal::LockedOut));
        let bind = ConnectError::Bind { server: server(), name: "joe".into(), failure, refusal };
        assert!(!bind.may_try_next() && bind.to_string().contains("locked out") && bind.hint().is_some());
        assert!(ConnectError::Refused { server: server() }.may_try_next());
        assert!(ConnectError::UntrustedIssuer { server: server() }.may_try_next());
        assert!(!ConnectError::EmptyPassword.may_try_next());
        let lost = DirectoryError::ConnectionLost { server: server(), reason: "x".into() };
        assert!(!ConnectError::Directory { server: server(), error: lost }.may_try_next());
    }
}
