//! A way to the lab's LDAPS port under another address and port.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::lab::Lab;

/// Forwards connections to a lab's LDAPS port as long as the test process lives.
#[derive(Debug)]
pub(crate) struct Proxy {
    /// The port on 127.0.0.1.
    pub(crate) port: u16,
    connections: Arc<AtomicUsize>,
}

impl Proxy {
    /// Listens on 127.0.0.1. `localhost` is a name in the lab's certificate, 127.0.0.1 is not.
    pub(crate) fn to(lab: &Lab) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = format!("{}:636", lab.address);
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                counter.fetch_add(1, Ordering::SeqCst);
                let Ok(server) = TcpStream::connect(&target) else { continue };
                let (Ok(from), Ok(to)) = (client.try_clone(), server.try_clone()) else { continue };
                std::thread::spawn(move || forward(from, server));
                std::thread::spawn(move || forward(to, client));
            }
        });
        Self { port, connections }
    }

    /// How often somebody connected.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Its URL for a host name.
    pub(crate) fn url(&self, host: &str) -> String {
        format!("ldaps://{host}:{}", self.port)
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = [0; 16384];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
    let _ = from.shutdown(Shutdown::Read);
}
