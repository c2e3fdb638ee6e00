//! Something between the program and port 389 of a server.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A way to port 389 of a server that writes down what passes and hands it on in pieces.
pub(crate) struct Tap {
    pub(crate) port: u16,
    seen: Arc<Mutex<Vec<u8>>>,
}

impl Tap {
    pub(crate) fn new(address: &str, piece: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(vec![]));
        let (target, record) = (format!("{address}:389"), Arc::clone(&seen));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(&target) else { continue };
                server.set_nodelay(true).unwrap();
                client.set_nodelay(true).unwrap();
                for (from, to) in
                    [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)]
                {
                    let record = Arc::clone(&record);
                    std::thread::spawn(move || forward(from, to, piece, &record));
                }
            }
        });
        Self { port, seen }
    }

    #[cfg(feature = "kerberos")]
    pub(crate) fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    pub(crate) fn seen(&self) -> Vec<u8> {
        self.seen.lock().unwrap().clone()
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, piece: usize, record: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 16384];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        record.lock().unwrap().extend_from_slice(&buffer[..length]);
        if buffer[..length].chunks(piece).any(|some| to.write_all(some).is_err()) {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
    let _ = from.shutdown(Shutdown::Read);
}
