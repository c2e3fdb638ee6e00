//! What it takes to connect.

use std::collections::BTreeMap;
use std::net::IpAddr;
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
    /// The Kerberos ticket of whoever has logged on (RFC 4752): no password goes anywhere. On an `ldap://` connection without
    /// TLS everything is signed and sealed, which is all that a domain controller without a certificate offers; inside TLS
    /// the bind is bound to the channel.
    Kerberos {
        /// Whose ticket, such as `admin@CONTOSO.COM`; `None` for the default of the ticket cache or the logon session.
        principal: Option<String>,
        /// The realm of the servers, such as `CONTOSO.COM`; `None` for what the Kerberos configuration makes of their names.
        realm: Option<String>,
    },
}

/// Names the account, never the password.
impl std::fmt::Debug for BindMethod {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Simple { name, .. } => write!(f, "Simple({name})"),
            Self::Kerberos { principal, .. } => write!(f, "Kerberos({principal:?})"),
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
    /// Addresses of the servers' names that are known already, so that nobody is asked for them.
    pub addresses: BTreeMap<String, Vec<IpAddr>>,
    /// Global catalogues to ask where the domain controller itself is none.
    pub catalogues: Vec<ServerUrl>,
    /// The port of the global catalogue where it is not 3269 or 3268.
    pub gc_port: Option<u16>,
    /// Whether a password may be sent without encryption to an address of this very computer, which nobody can listen to from outside:
    /// a snapshot that `dsamain` has mounted has no certificate of its own.
    pub plain_loopback: bool,
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
    /// Options with verified TLS and a time limit of 60 seconds. Kerberos needs no TLS, and gets it on `ldaps://`.
    pub fn new(servers: Vec<ServerUrl>, bind: BindMethod) -> Self {
        Self {
            servers,
            starttls: false,
            ca_file: None,
            insecure: false,
            bind,
            timeout: Duration::from_secs(60),
            addresses: BTreeMap::new(),
            catalogues: vec![],
            gc_port: None,
            plain_loopback: false,
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
