//! From an address to a bound connection: DNS, TCP, TLS or StartTLS, bind.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use adrecover_core::DirectoryError;
use ldap3::LdapError;
use rustls::ClientConfig;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::BufReader;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::client::TlsStream;

use crate::framer::Outcome;
use crate::link::{self, Link};
use crate::sasl::{self, Failed, Protection, Sealed};
use crate::stream::{EntryStream, Request};
use crate::{
    BindFailure, BindMethod, ConnectError, ConnectOptions, KerberosFailure, Scheme, ServerUrl, starttls, tls,
};

/// The stage of a time-out after which no other server is tried.
pub(crate) const BINDING: &str = "binding";

/// Options that were checked, with what is read from files only once.
#[derive(Debug, Clone)]
pub(crate) struct Dialer {
    pub(crate) options: Arc<ConnectOptions>,
    tls: Option<Arc<ClientConfig>>,
}

/// A connection on which LDAP was not started yet.
enum Transport {
    Plain(TcpStream),
    Tls(Box<TlsStream<BufReader<TcpStream>>>),
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
        let encrypted = |url: &ServerUrl| url.scheme == Scheme::Ldaps || options.starttls;
        if let BindMethod::Simple { password, .. } = &options.bind {
            // RFC 4513 5.1.2: a name with an empty password is an unauthenticated bind that "succeeds".
            if password.expose_secret().is_empty() {
                return Err(ConnectError::EmptyPassword);
            }
            let may_be_plain = options.is_plain() || options.plain_loopback;
            let plain = options.servers.iter().find(|url| !encrypted(url) && !may_be_plain);
            if let Some(url) = plain {
                return Err(ConnectError::UnencryptedBind { server: url.to_string() });
            }
        }
        let uses_tls = options.servers.iter().any(encrypted) && !options.is_plain();
        let tls = if uses_tls { Some(tls::configuration(options)?) } else { None };
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
        let is_encrypted = url.scheme == Scheme::Ldaps || self.options.starttls || self.options.is_plain();
        if matches!(self.options.bind, BindMethod::Simple { .. })
            && !is_encrypted
            && !address.ip().is_loopback()
        {
            return Err(ConnectError::UnencryptedBind { server });
        }
        let link = match &self.options.bind {
            BindMethod::Simple { name, password } => {
                let link = self.start(self.secure(url, stream, deadline).await?, &server).await?;
                self.bind(&link, &server, name, password).await?;
                link
            }
            BindMethod::Kerberos { principal, realm } => {
                let service = self.service(url, address, realm.as_deref(), deadline).await?;
                let transport = self.secure(url, stream, deadline).await?;
                self.bind_with_ticket(transport, &server, service, principal.clone(), deadline).await?
            }
        };
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
        let addresses = match self.options.addresses.get(&url.host) {
            Some(addresses) => {
                Ok(addresses.iter().map(|address| SocketAddr::new(*address, url.port)).collect())
            }
            None => self.resolve(url, deadline).await,
        };
        let addresses: Vec<SocketAddr> = match addresses {
            Ok(addresses) => addresses.into_iter().filter(|a| Some(*a) != known).collect(),
            Err(e) => return Err(error.unwrap_or(e)),
        };
        for (i, &address) in addresses.iter().enumerate() {
            match self.connect(&server, address, Self::share(deadline, addresses.len() - i)).await {
                Ok(stream) => return Ok((stream, address)),
                Err(e) => error = Some(e),
            }
        }
        Err(error.unwrap_or(ConnectError::Dns { server, reason: "the name has no address".to_owned() }))
    }

    /// The addresses of a server, as this computer resolves its name.
    async fn resolve(&self, url: &ServerUrl, deadline: Instant) -> Result<Vec<SocketAddr>, ConnectError> {
        let server = url.to_string();
        let resolve = tokio::net::lookup_host((url.host.as_str(), url.port));
        match timeout_at(deadline, resolve).await {
            Ok(Ok(addresses)) => Ok(addresses.collect()),
            Ok(Err(e)) => Err(ConnectError::Dns { server, reason: e.to_string() }),
            Err(_) => Err(self.timed_out(&server, "resolving its name")),
        }
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

    /// Encrypts the connection where TLS is to be had.
    async fn secure(
        &self,
        url: &ServerUrl,
        mut stream: TcpStream,
        deadline: Instant,
    ) -> Result<Transport, ConnectError> {
        let server = url.to_string();
        let wanted = url.scheme == Scheme::Ldaps || self.options.starttls;
        let Some(configuration) = self.tls.as_ref().filter(|_| wanted) else {
            return Ok(Transport::Plain(stream));
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
        Ok(Transport::Tls(Box::new(stream)))
    }

    /// Starts LDAP on a connection.
    async fn start(&self, transport: Transport, server: &str) -> Result<Link, ConnectError> {
        let (timeout, max) = (self.options.timeout, self.options.max_message);
        let started = match transport {
            Transport::Plain(stream) => Link::start(stream, server, timeout, max).await,
            Transport::Tls(stream) => Link::start(*stream, server, timeout, max).await,
        };
        started.map_err(|error| ConnectError::Directory { server: server.to_owned(), error })
    }

    /// The name of the server's LDAP service: it follows the host's name, not its address.
    ///
    /// Where only an address is known the server is asked for its name, before anything proves who it is. So the name with the
    /// domain in it is used then, which domain controllers alone may have ([MS-DRSR] 2.2.3.2, [MS-ADTS] 3.1.1.5.3.1.1.4): whoever answers in its
    /// place has no key for such a name.
    async fn service(
        &self,
        url: &ServerUrl,
        address: SocketAddr,
        realm: Option<&str>,
        deadline: Instant,
    ) -> Result<String, ConnectError> {
        let host = url.host.trim_end_matches('.').to_ascii_lowercase();
        let realm = realm.map(|realm| format!("@{}", realm.to_uppercase())).unwrap_or_default();
        if host.parse::<IpAddr>().is_err() {
            return Ok(format!("ldap/{host}{realm}"));
        }
        let server = url.to_string();
        let stream = self.connect(&server, address, deadline).await?;
        let link = self.start(self.secure(url, stream, deadline).await?, &server).await?;
        let failed = |error| ConnectError::Directory { server: server.clone(), error };
        let request = Request::object("", &["dnsHostName", "defaultNamingContext"]);
        let entry = EntryStream::open(link.clone(), request).one().await.map_err(failed)?;
        link.close().await;
        let named = entry.as_ref().and_then(|entry| {
            let domain = entry.dn_value("defaultNamingContext")?.dns_name();
            Some((entry.text("dnsHostName")?.to_lowercase(), domain.to_lowercase()))
        });
        let is_name =
            |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
        match named.filter(|(host, domain)| is_name(host) && is_name(domain)) {
            Some((host, domain)) => Ok(format!("ldap/{host}/{domain}{realm}")),
            None => Err(ConnectError::Kerberos {
                server,
                service: format!("ldap/{host}"),
                failure: KerberosFailure::NoName,
            }),
        }
    }

    /// Binds with a ticket and starts LDAP on what protects the connection then.
    async fn bind_with_ticket(
        &self,
        transport: Transport,
        server: &str,
        service: String,
        principal: Option<String>,
        deadline: Instant,
    ) -> Result<Link, ConnectError> {
        let binding = match &transport {
            Transport::Plain(_) => None,
            Transport::Tls(stream) => {
                let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
                certificates.first().map(|certificate| sasl::end_point(certificate))
            }
        };
        let kerberos = |failure: KerberosFailure| ConnectError::Kerberos {
            server: server.to_owned(),
            service: service.clone(),
            failure,
        };
        let directory = |error| ConnectError::Directory { server: server.to_owned(), error };
        let failed = |failed: Failed| match failed {
            Failed::Kerberos(failure) => kerberos(failure),
            Failed::Refused(outcome) => refused(server, "the owner of the Kerberos ticket", &outcome),
            Failed::Lost(reason) => {
                directory(DirectoryError::ConnectionLost { server: server.to_owned(), reason })
            }
            Failed::Malformed(problem) => {
                directory(DirectoryError::Malformed { server: server.to_owned(), problem })
            }
        };
        let context = sasl::context(service.clone(), principal, binding).map_err(kerberos)?;
        let late = |_| self.timed_out(server, BINDING);
        let (timeout, max) = (self.options.timeout, self.options.max_message);
        let started = match transport {
            Transport::Tls(mut stream) => {
                let bound = sasl::authenticate(&mut stream, context, true);
                timeout_at(deadline, bound).await.map_err(late)?.map_err(failed)?;
                Link::start(*stream, server, timeout, max).await
            }
            Transport::Plain(mut stream) => {
                let bound = sasl::authenticate(&mut stream, context, false);
                let (context, protection) =
                    timeout_at(deadline, bound).await.map_err(late)?.map_err(failed)?;
                let Protection::Sealed { max_frame } = protection else {
                    return Err(kerberos(KerberosFailure::Other(
                        "nothing was agreed on that protects it".to_owned(),
                    )));
                };
                let sealed = Sealed::new(stream, context, max_frame)
                    .map_err(|e| kerberos(KerberosFailure::Other(e)))?;
                Link::start(sealed, server, timeout, max).await
            }
        };
        started.map_err(directory)
    }

    async fn bind(
        &self,
        link: &Link,
        server: &str,
        name: &str,
        password: &SecretString,
    ) -> Result<(), ConnectError> {
        let result: Outcome = match link.operation().simple_bind(name, password.expose_secret()).await {
            Ok(result) => result.into(),
            Err(LdapError::Timeout { .. }) => return Err(self.timed_out(server, BINDING)),
            Err(e) => {
                let error = link.error(e).await;
                return Err(ConnectError::Directory { server: server.to_owned(), error });
            }
        };
        if result.code == 0 { Ok(()) } else { Err(refused(server, name, &result)) }
    }
}

/// What a refused bind means.
fn refused(server: &str, name: &str, outcome: &Outcome) -> ConnectError {
    let (server, name) = (server.to_owned(), name.to_owned());
    if outcome.code == 8 {
        return ConnectError::SigningRequired { refusal: link::refusal(outcome, "bind".to_owned()), server };
    }
    let refusal = link::refusal(outcome, format!("bind as {name}"));
    let failure = BindFailure::of(&refusal);
    ConnectError::Bind { server, name, failure, refusal }
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
