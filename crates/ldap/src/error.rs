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
            Self::Bind { .. } | Self::SigningRequired { .. } => Kind::Bind,
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
            Self::SigningRequired { .. } => "use an ldaps:// URL or --starttls",
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
