//! From an address to a bound connection: DNS, TCP, TLS or StartTLS, bind.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use adrecover_core::DirectoryError;
use ldap3::LdapError;
use rustls::ClientConfig;
use secrecy::ExposeSecret;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::framer::Outcome;
use crate::link::{self, Link};
use crate::{BindFailure, BindMethod, ConnectError, ConnectOptions, Scheme, ServerUrl, starttls, tls};

/// The stage of a time-out after which no other server is tried.
pub(crate) const BINDING: &str = "binding";

/// Options that were checked, with what is read from files only once.
#[derive(Debug, Clone)]
pub(crate) struct Dialer {
    pub(crate) options: Arc<ConnectOptions>,
    tls: Option<Arc<ClientConfig>>,
}

/// A bound connection and where it leads.
#[derive(Debug)]
pub(crate) struct Dialed {
    pub(crate) link: Link,
    pub(crate) address: SocketAddr,
}

impl Dialer {
    /// Refuses what must not be tried before any octet is sent.
    pub(crate) fn new(options: &ConnectOptions) -> Result<Self, ConnectError> {
        if options.servers.is_empty() {
            return Err(ConnectError::NoServer);
        }
        let BindMethod::Simple { password, .. } = &options.bind;
        // RFC 4513 5.1.2: a name with an empty password is an unauthenticated bind that "succeeds".
        if password.expose_secret().is_empty() {
            return Err(ConnectError::EmptyPassword);
        }
        let encrypted =
            |url: &ServerUrl| url.scheme == Scheme::Ldaps || options.starttls || options.is_plain();
        if let Some(url) = options.servers.iter().find(|url| !encrypted(url)) {
            return Err(ConnectError::UnencryptedBind { server: url.to_string() });
        }
        let tls = if options.is_plain() { None } else { Some(tls::configuration(options)?) };
        Ok(Self { options: Arc::new(options.clone()), tls })
    }

    /// Connects to one server and binds. A known address is tried before those that the name resolves to.
    pub(crate) async fn dial(
        &self,
        url: &ServerUrl,
        known: Option<SocketAddr>,
    ) -> Result<Dialed, ConnectError> {
        let server = url.to_string();
        let deadline = Instant::now() + self.options.timeout;
        let (stream, address) = self.reach(url, known, deadline).await?;
        let link = self.secure(url, stream, deadline).await?;
        self.bind(&link, &server).await?;
        Ok(Dialed { link, address })
    }

    fn timed_out(&self, server: &str, stage: &'static str) -> ConnectError {
        ConnectError::TimedOut { server: server.to_owned(), seconds: self.options.timeout.as_secs(), stage }
    }

    /// A TCP connection to the first address that takes one.
    async fn reach(
        &self,
        url: &ServerUrl,
        known: Option<SocketAddr>,
        deadline: Instant,
    ) -> Result<(TcpStream, SocketAddr), ConnectError> {
        let server = url.to_string();
        let mut error = None;
        if let Some(address) = known {
            match self.connect(&server, address, Self::share(deadline, 2)).await {
                Ok(stream) => return Ok((stream, address)),
                Err(e) => error = Some(e),
            }
        }
        let resolve = tokio::net::lookup_host((url.host.as_str(), url.port));
        let found =
            timeout_at(deadline, resolve).await.map_err(|_| self.timed_out(&server, "resolving its name"))?;
        let addresses: Vec<SocketAddr> = match found {
            Ok(addresses) => addresses.filter(|a| Some(*a) != known).collect(),
            Err(e) => return Err(error.unwrap_or(ConnectError::Dns { server, reason: e.to_string() })),
        };
        for (i, &address) in addresses.iter().enumerate() {
            match self.connect(&server, address, Self::share(deadline, addresses.len() - i)).await {
                Ok(stream) => return Ok((stream, address)),
                Err(e) => error = Some(e),
            }
        }
        Err(error.unwrap_or(ConnectError::Dns { server, reason: "the name has no address".to_owned() }))
    }

    /// An equal part of the time that is left, so that one dead address does not use up all of it.
    fn share(deadline: Instant, parts: usize) -> Instant {
        let now = Instant::now();
        let left = deadline.saturating_duration_since(now);
        now + left / u32::try_from(parts.max(1)).unwrap_or(u32::MAX)
    }

    async fn connect(
        &self,
        server: &str,
        address: SocketAddr,
        until: Instant,
    ) -> Result<TcpStream, ConnectError> {
        let stream = timeout_at(until, TcpStream::connect(address))
            .await
            .map_err(|_| self.timed_out(server, "connecting"))?
            .map_err(|e| network_failure(server, &e))?;
        // Requests are small and answers are awaited: waiting to fill a segment would only cost time.
        stream.set_nodelay(true).map_err(|e| network_failure(server, &e))?;
        Ok(stream)
    }

    /// Encrypts the connection and starts LDAP on it.
    async fn secure(
        &self,
        url: &ServerUrl,
        mut stream: TcpStream,
        deadline: Instant,
    ) -> Result<Link, ConnectError> {
        let server = url.to_string();
        let options = &self.options;
        let lost = |error: DirectoryError| ConnectError::Directory { server: server.clone(), error };
        let Some(configuration) = &self.tls else {
            return Link::start(stream, &server, options.timeout, options.max_message).await.map_err(lost);
        };
        if url.scheme == Scheme::Ldap {
            timeout_at(deadline, starttls::negotiate(&mut stream))
                .await
                .map_err(|_| self.timed_out(&server, "asking for StartTLS"))?
                .map_err(|reason| ConnectError::StartTls { server: server.clone(), reason })?;
        }
        let shake = tls::handshake(Arc::clone(configuration), stream, &url.host, &server);
        let stream = timeout_at(deadline, shake)
            .await
            .map_err(|_| self.timed_out(&server, "in the TLS handshake"))??;
        Link::start(stream, &server, options.timeout, options.max_message).await.map_err(lost)
    }

    async fn bind(&self, link: &Link, server: &str) -> Result<(), ConnectError> {
        let BindMethod::Simple { name, password } = &self.options.bind;
        let result: Outcome = match link.operation().simple_bind(name, password.expose_secret()).await {
            Ok(result) => result.into(),
            Err(LdapError::Timeout { .. }) => return Err(self.timed_out(server, BINDING)),
            Err(e) => {
                let error = link.error(e).await;
                return Err(ConnectError::Directory { server: server.to_owned(), error });
            }
        };
        let server = server.to_owned();
        match result.code {
            0 => Ok(()),
            8 => Err(ConnectError::SigningRequired {
                refusal: link::refusal(&result, "bind".to_owned()),
                server,
            }),
            _ => {
                let refusal = link::refusal(&result, format!("bind as {name}"));
                let failure = BindFailure::of(&refusal);
                Err(ConnectError::Bind { server, name: name.clone(), failure, refusal })
            }
        }
    }
}

/// What a failed TCP connection means.
fn network_failure(server: &str, error: &io::Error) -> ConnectError {
    let server = server.to_owned();
    match error.kind() {
        io::ErrorKind::ConnectionRefused => ConnectError::Refused { server },
        io::ErrorKind::TimedOut => {
            ConnectError::Unreachable { server, reason: "no answer from the network".to_owned() }
        }
        _ => ConnectError::Unreachable { server, reason: error.to_string() },
    }
}

/// The pauses before the tries of a reconnection. No try begins after twice the time limit.
pub(crate) const PAUSES: [Duration; 5] = [
    Duration::from_millis(0),
    Duration::from_millis(200),
    Duration::from_millis(800),
    Duration::from_millis(2000),
    Duration::from_millis(3000),
];
