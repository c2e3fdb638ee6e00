//! The server: ports, connections, and what a connection is asked.

mod background;
mod connection;
mod controls;
mod operations;
mod outbox;
mod root_dse;
mod searching;
mod stream;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio::task::JoinSet;

use crate::Directory;
use crate::directory::Home;
use crate::fault::Faults;
use crate::store::Id;

pub use background::Background;

/// Where a server listens. Port 0 is any free one, `None` is no such port.
#[derive(Clone)]
pub struct ServerOptions {
    /// The address, of this machine alone.
    pub address: IpAddr,
    /// Without encryption until StartTLS.
    pub ldap: Option<u16>,
    /// With TLS.
    pub ldaps: Option<u16>,
    /// The global catalogue, without encryption.
    pub catalogue: Option<u16>,
    /// The global catalogue with TLS.
    pub catalogue_tls: Option<u16>,
    /// The certificate.
    pub tls: Arc<ServerConfig>,
}

/// What all connections share.
#[derive(Clone)]
pub(crate) struct Shared {
    directory: Arc<Mutex<Directory>>,
    pub(crate) faults: Faults,
    pub(crate) tls: Arc<ServerConfig>,
    pub(crate) changes: broadcast::Sender<Arc<Vec<Id>>>,
    observer: Arc<Mutex<Option<Observer>>>,
    /// The domain that it serves.
    home: Home,
}

/// Who looks at the directory after every write.
type Observer = Box<dyn Fn(&Directory) + Send>;

impl Shared {
    /// The directory, for one step of one request.
    pub(crate) fn directory(&self) -> MutexGuard<'_, Directory> {
        // A request that panicked has left everything as it was, or as far as it came: there is nothing to repair.
        let mut directory = self.directory.lock().unwrap_or_else(PoisonError::into_inner);
        directory.home = self.home;
        directory
    }

    /// Shows a write to whoever observes.
    pub(crate) fn written(&self, directory: &Directory) {
        if let Some(observer) = &*self.observer.lock().unwrap_or_else(PoisonError::into_inner) {
            observer(directory);
        }
    }
}

/// A running server. It ends when it is dropped.
pub struct Server {
    shared: Shared,
    ports: Vec<(Kind, SocketAddr)>,
    tasks: JoinSet<()>,
}

/// What a port is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Whether TLS begins at once.
    pub tls: bool,
    /// Whether it is the global catalogue's.
    pub catalogue: bool,
}

/// How many connections may wait to be taken.
const CHANGES: usize = 256;

impl Server {
    /// Listens.
    pub async fn start(directory: Directory, options: &ServerOptions) -> io::Result<Self> {
        let shared = Shared {
            directory: Arc::new(Mutex::new(directory)),
            faults: Faults::default(),
            tls: Arc::clone(&options.tls),
            changes: broadcast::channel(CHANGES).0,
            observer: Arc::default(),
            home: Home::default(),
        };
        Self::listening(shared, options).await
    }

    /// Listens as a domain controller of another domain of the same forest ([`Directory::add_domain`]). Its faults are its own.
    pub async fn start_beside(&self, home: Home, options: &ServerOptions) -> io::Result<Self> {
        let shared = Shared {
            directory: Arc::clone(&self.shared.directory),
            faults: Faults::default(),
            tls: Arc::clone(&options.tls),
            changes: broadcast::channel(CHANGES).0,
            observer: Arc::default(),
            home,
        };
        Self::listening(shared, options).await
    }

    async fn listening(shared: Shared, options: &ServerOptions) -> io::Result<Self> {
        let mut server = Self { shared, ports: vec![], tasks: JoinSet::new() };
        let kind = |tls, catalogue| Kind { tls, catalogue };
        for (port, kind) in [
            (options.ldap, kind(false, false)),
            (options.ldaps, kind(true, false)),
            (options.catalogue, kind(false, true)),
            (options.catalogue_tls, kind(true, true)),
        ] {
            if let Some(port) = port {
                server.listen(SocketAddr::new(options.address, port), kind).await?;
            }
        }
        Ok(server)
    }

    async fn listen(&mut self, address: SocketAddr, kind: Kind) -> io::Result<()> {
        let listener = TcpListener::bind(address).await?;
        self.ports.push((kind, listener.local_addr()?));
        let shared = self.shared.clone();
        self.tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => match accepted {
                        Ok((socket, _)) => {
                            connections.spawn(serve(socket, kind, shared.clone()));
                        }
                        // Out of file handles, say: the next try may go through.
                        Err(_) => tokio::task::yield_now().await,
                    },
                    Some(_) = connections.join_next() => {}
                }
            }
        });
        Ok(())
    }

    /// Where a port of a kind listens.
    pub fn address(&self, kind: Kind) -> Option<SocketAddr> {
        self.ports.iter().find(|(known, _)| *known == kind).map(|(_, address)| *address)
    }

    /// The address of LDAPS.
    pub fn ldaps(&self) -> Option<SocketAddr> {
        self.address(Kind { tls: true, catalogue: false })
    }

    /// The faults to come.
    pub fn faults(&self) -> Faults {
        self.shared.faults.clone()
    }

    /// Has somebody look at the directory after every write of a client, before anything else happens.
    pub fn observe(&self, observer: impl Fn(&Directory) + Send + 'static) {
        *self.shared.observer.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(observer));
    }

    /// The directory, for whoever prepares it or looks into it. No request is answered meanwhile.
    pub fn directory(&self) -> MutexGuard<'_, Directory> {
        self.shared.directory()
    }
}

async fn serve(socket: TcpStream, kind: Kind, shared: Shared) {
    // Small answers must not wait for each other.
    let _ = socket.set_nodelay(true);
    let stream = if kind.tls {
        stream::Stream::tls(socket, &shared.tls).await
    } else {
        Ok(stream::Stream::Plain(socket))
    };
    // Who does not get as far as TLS is gone.
    if let Ok(stream) = stream {
        connection::Connection::new(stream, kind, shared).run().await;
    }
}

#[cfg(test)]
mod fault_tests;
