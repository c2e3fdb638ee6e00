//! What it takes to connect.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use crate::ServerUrl;

/// How to prove who we are.
#[derive(Clone)]
#[non_exhaustive]
pub enum BindMethod {
    /// A name and a password (RFC 4511 4.2, `simple`). AD takes a UPN, `DOMAIN\name` or a DN ([MS-ADTS] 5.1.1.1.1).
    Simple {
        /// The account.
        name: String,
        /// Its password; never shown.
        password: SecretString,
    },
}

/// Names the account, never the password.
impl std::fmt::Debug for BindMethod {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Simple { name, .. } => write!(f, "Simple({name})"),
        }
    }
}

/// Where to connect, how far to trust, and as whom.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ConnectOptions {
    /// The servers, tried in order; the first that answers is kept.
    pub servers: Vec<ServerUrl>,
    /// Whether `ldap://` connections are upgraded to TLS before anything else is sent.
    pub starttls: bool,
    /// A file of certificates (PEM, or one in DER) that are trusted besides those of the system.
    pub ca_file: Option<PathBuf>,
    /// Whether any certificate is accepted. The caller warns.
    pub insecure: bool,
    /// How to authenticate.
    pub bind: BindMethod,
    /// The time limit of connecting and of each reply.
    pub timeout: Duration,
    /// The port of the global catalogue where it is not 3269 or 3268.
    pub gc_port: Option<u16>,
    /// The largest message taken from a server, in octets.
    pub max_message: usize,
    /// Unit tests talk to a fake server without TLS.
    #[cfg(test)]
    pub(crate) plain: bool,
}

/// The largest message that a server may send unless [`ConnectOptions::max_message`] says otherwise: 64 MiB. AD's own
/// limit for what it receives is 10 MiB (`MaxReceiveBuffer`); a page of entries is many messages.
pub(crate) const MAX_MESSAGE: usize = 64 << 20;

impl ConnectOptions {
    /// Options with verified TLS and a time limit of 60 seconds.
    pub fn new(servers: Vec<ServerUrl>, bind: BindMethod) -> Self {
        Self {
            servers,
            starttls: false,
            ca_file: None,
            insecure: false,
            bind,
            timeout: Duration::from_secs(60),
            gc_port: None,
            max_message: MAX_MESSAGE,
            #[cfg(test)]
            plain: false,
        }
    }

    /// Whether the unit tests asked for a connection without TLS.
    pub(crate) fn is_plain(&self) -> bool {
        #[cfg(test)]
        return self.plain;
        #[cfg(not(test))]
        false
    }
}
