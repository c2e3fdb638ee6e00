//! The `ldap3` client: it speaks to the [wire](crate::wire) over a local socket pair and not to the server.
//!
//! It carries out everything but searches. A second reader stands beside it for one reason: the entries of a search are
//! where the time goes. The client makes a tree of elements of each, with a copy of each value, before any entry is made;
//! [`decode`](crate::decode) makes the entry from the octets at once. What passes once in a while is left to the library.
//! The pair costs one copy through the kernel, and buys that `ldap3` never sees a message that the wire refuses.

use std::future::Future;
use std::io;
use std::sync::Arc;

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, StdStream};

use crate::framer::{self, op};
use crate::wire::{End, Shared};

/// The wire's end of the pair.
#[cfg(unix)]
pub(crate) type Near = tokio::net::UnixStream;
/// The wire's end of the pair.
#[cfg(not(unix))]
pub(crate) type Near = tokio::net::TcpStream;

/// Starts the client on one end of a socket pair, and gives the other.
pub(crate) async fn start(shared: &Arc<Shared>) -> Result<(Near, Ldap), String> {
    let (near, far) = pair().map_err(|e| e.to_string())?;
    // Neither URL is resolved: the stream is given.
    let url = if matches!(far, StdStream::Tcp(_)) { "ldap://localhost" } else { "ldapi:///" };
    let settings = LdapConnSettings::new().set_std_stream(far);
    let (connection, ldap) = LdapConnAsync::with_settings(settings, url).await.map_err(|e| e.to_string())?;
    tokio::spawn(supervise(connection.drive(), Arc::clone(shared)));
    Ok((near, ldap))
}

/// Runs the client in a task of its own, so that a panic in there becomes a cause and nothing else.
async fn supervise(
    drive: impl Future<Output = ldap3::result::Result<()>> + Send + 'static,
    shared: Arc<Shared>,
) {
    shared.ended(match tokio::spawn(drive).await {
        Ok(Ok(())) => End::Ours,
        Ok(Err(e)) => End::Malformed(e.to_string()),
        Err(_) => End::Malformed("the LDAP library could not digest it".to_owned()),
    });
}

#[cfg(unix)]
fn pair() -> io::Result<(Near, StdStream)> {
    let (near, far) = std::os::unix::net::UnixStream::pair()?;
    near.set_nonblocking(true)?;
    Ok((Near::from_std(near)?, StdStream::Unix(far)))
}

/// A loopback connection whose other end is known to be ours.
#[cfg(not(unix))]
fn pair() -> io::Result<(Near, StdStream)> {
    let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
    let far = std::net::TcpStream::connect(listener.local_addr()?)?;
    // Another program may connect to the listener in between: only our own end counts.
    for _ in 0..16 {
        let (near, peer) = listener.accept()?;
        if peer == far.local_addr()? {
            near.set_nonblocking(true)?;
            near.set_nodelay(true)?;
            far.set_nodelay(true)?;
            return Ok((Near::from_std(near)?, StdStream::Tcp(far)));
        }
    }
    Err(io::Error::other("other programs keep connecting to the local socket pair"))
}

/// Notes the whole requests at the beginning of what the client sent, and gives their length.
pub(crate) fn requests(octets: &[u8], shared: &Shared) -> Result<usize, String> {
    let mut at = 0;
    loop {
        match framer::length(&octets[at..], usize::MAX / 4)? {
            Some(length) if length <= octets.len() - at => {
                note(&octets[at..at + length], shared)?;
                at += length;
            }
            _ => return Ok(at),
        }
    }
}

fn note(message: &[u8], shared: &Shared) -> Result<(), String> {
    let (id, operation) = framer::request(message)?;
    let answer = match operation.tag {
        0x60 => op::BIND,
        0x66 => op::MODIFY,
        0x68 => op::ADD,
        0x4a => op::DELETE,
        0x6c => op::RENAME,
        0x6e => op::COMPARE,
        0x77 => op::EXTENDED,
        // Unbind and abandon have no answer.
        0x42 | 0x50 => return Ok(()),
        other => return Err(format!("the operation {other:#04x} does not go through the client")),
    };
    shared.asked_by_client(id, answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::message;
    use crate::wire::FIRST_SEARCH;

    #[tokio::test]
    async fn a_panic_becomes_a_cause() {
        for (lost, expected) in [
            (false, End::Malformed("the LDAP library could not digest it".to_owned())),
            (true, End::Lost("before".to_owned())),
        ] {
            let shared = Shared::new();
            if lost {
                shared.ended(expected.clone());
            }
            supervise(async { panic!("as in the library") }, Arc::clone(&shared)).await;
            assert_eq!(shared.cause().await, Some(expected));
        }
    }

    #[test]
    fn whole_requests_are_noted() {
        let shared = Shared::new();
        let two = [message(1, 0x60, b""), message(2, 0x50, &[1])].concat();
        let begun = [two.as_slice(), &message(3, 0x66, b"a")[..5]].concat();
        assert_eq!(requests(&begun, &shared), Ok(two.len()));
        assert!(requests(&message(4, 0x63, b""), &shared).is_err());
        assert!(requests(&message(FIRST_SEARCH as u32, 0x66, b""), &shared).is_err());
        assert!(requests(&message(0, 0x66, b""), &shared).is_err());
    }
}
