//! Carries messages between the server and the `ldap3` crate, checks the server's, and remembers why it ended.
//!
//! `ldap3` is given one end of a local socket pair. That costs one copy through the kernel per batch, and buys that it
//! never sees a message that [`framer::check`] or the table of open requests refuses.

use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use ldap3::StdStream;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;

use crate::framer::{self, Reply, op};

/// How much is read before it is handed on.
const CHUNK: usize = 256 << 10;
/// The most replies to one search request. A page holds at most 1,000 entries; a server that sends on without an end
/// must not fill the memory.
const MAX_REPLIES: u32 = 20_000;

/// Why a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// The server closed it, or the network broke; the text says how.
    Lost(String),
    /// The server announced that it closes it.
    Notice {
        /// The result code.
        code: u32,
        /// Its diagnostic message.
        diagnostic: String,
    },
    /// The server sent what no LDAP server may send.
    Malformed(String),
    /// We closed it.
    Ours,
}

/// What is known of the requests under way.
#[derive(Debug, Default)]
struct Table {
    open: HashMap<i32, Open>,
    last_id: i32,
}

#[derive(Debug)]
struct Open {
    /// The tag of the reply that ends it.
    answer: u8,
    abandoned: bool,
    replies: u32,
}

/// What both directions and the owner of a connection share.
#[derive(Debug)]
pub(crate) struct Shared {
    table: Mutex<Table>,
    end: watch::Sender<Option<End>>,
}

impl Shared {
    fn new() -> Arc<Self> {
        Arc::new(Self { table: Mutex::default(), end: watch::Sender::new(None) })
    }

    /// Records why the connection ended; the first cause counts.
    pub(crate) fn ended(&self, end: End) {
        self.end.send_if_modified(|slot| {
            let first = slot.is_none();
            slot.get_or_insert(end);
            first
        });
    }

    /// Why the connection ended. Waits a moment, because `ldap3` may see the end before the cause is recorded.
    pub(crate) async fn cause(&self) -> Option<End> {
        let mut receiver = self.end.subscribe();
        let wait = receiver.wait_for(Option::is_some);
        tokio::time::timeout(Duration::from_secs(1), wait).await.ok()?.ok()?.clone()
    }

    /// Notes a request that is about to be sent.
    fn sent(&self, message: &[u8]) -> Result<(), String> {
        let (id, operation) = framer::request(message)?;
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = match operation.tag {
            0x60 => op::BIND,
            0x63 => op::DONE,
            0x66 => op::MODIFY,
            0x68 => op::ADD,
            0x4a => op::DELETE,
            0x6c => op::RENAME,
            0x6e => op::COMPARE,
            0x77 => op::EXTENDED,
            0x50 => {
                let target = crate::ber::small_number(operation.value, "the abandoned id")?;
                if let Some(open) = i32::try_from(target).ok().and_then(|t| table.open.get_mut(&t)) {
                    open.abandoned = true;
                }
                return Ok(());
            }
            // Unbind has no answer.
            _ => return Ok(()),
        };
        table.last_id = id;
        table.open.insert(id, Open { answer, abandoned: false, replies: 0 });
        Ok(())
    }

    /// Whether a well-formed reply is handed on; an error where nobody asked for it.
    fn received(&self, id: i32, op: u8) -> Result<bool, String> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(open) = table.open.get_mut(&id) else {
            return Err(format!("a reply to message {id}, which is not open"));
        };
        let forward = !open.abandoned;
        if op == open.answer {
            table.open.remove(&id);
            return Ok(forward);
        }
        match (open.answer, op) {
            (op::DONE, op::ENTRY | op::REFERENCE) => {
                open.replies += 1;
                if open.replies > MAX_REPLIES {
                    return Err(format!("more than {MAX_REPLIES} replies to one page of a search"));
                }
                Ok(forward)
            }
            // RFC 4511 4.13: what is not understood is ignored.
            (op::DONE | op::EXTENDED, op::INTERMEDIATE) => Ok(false),
            _ => Err(format!("the reply {op:#04x} to a request whose reply is {:#04x}", open.answer)),
        }
    }
}

/// Starts the tasks for a connected stream. Gives `ldap3`'s end of the pair.
pub(crate) fn start<S>(stream: S, max_message: usize) -> io::Result<(StdStream, Arc<Shared>)>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let (near, far) = pair()?;
    let shared = Shared::new();
    let ours = Arc::clone(&shared);
    tokio::spawn(async move {
        let (server_read, server_write) = tokio::io::split(stream);
        let (client_read, client_write) = tokio::io::split(near);
        let end = tokio::select! {
            end = downstream(server_read, client_write, &ours, max_message) => end,
            end = upstream(client_read, server_write, &ours) => end,
        };
        // Recorded before the pair is closed, so that whoever sees the end finds the cause.
        ours.ended(end);
    });
    Ok((far, shared))
}

#[cfg(unix)]
fn pair() -> io::Result<(tokio::net::UnixStream, StdStream)> {
    let (near, far) = std::os::unix::net::UnixStream::pair()?;
    near.set_nonblocking(true)?;
    Ok((tokio::net::UnixStream::from_std(near)?, StdStream::Unix(far)))
}

/// A loopback connection whose other end is known to be ours.
#[cfg(not(unix))]
fn pair() -> io::Result<(tokio::net::TcpStream, StdStream)> {
    let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
    let far = std::net::TcpStream::connect(listener.local_addr()?)?;
    // Another program may connect to the listener in between: only our own end counts.
    for _ in 0..16 {
        let (near, peer) = listener.accept()?;
        if peer == far.local_addr()? {
            near.set_nonblocking(true)?;
            near.set_nodelay(true)?;
            far.set_nodelay(true)?;
            return Ok((tokio::net::TcpStream::from_std(near)?, StdStream::Tcp(far)));
        }
    }
    Err(io::Error::other("other programs keep connecting to the local socket pair"))
}

/// Client to server: forwards unchanged, whole messages at a time, noting each request first.
async fn upstream(
    mut client: impl AsyncRead + Unpin,
    mut server: impl AsyncWrite + Unpin,
    shared: &Shared,
) -> End {
    let mut buffer = BytesMut::with_capacity(16 << 10);
    loop {
        match client.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
        let mut at = 0;
        loop {
            match framer::length(&buffer[at..], usize::MAX / 4) {
                Ok(Some(length)) if length <= buffer.len() - at => {
                    if let Err(problem) = shared.sent(&buffer[at..at + length]) {
                        return End::Malformed(format!("our own request: {problem}"));
                    }
                    at += length;
                }
                Ok(_) => break,
                Err(problem) => return End::Malformed(format!("our own request: {problem}")),
            }
        }
        let sent = async {
            server.write_all(&buffer[..at]).await?;
            server.flush().await
        };
        if let Err(e) = sent.await {
            return End::Lost(describe(&e));
        }
        // It may have been a password.
        buffer[..at].fill(0);
        buffer.advance(at);
        buffer.reserve(16 << 10);
    }
    let _ = server.shutdown().await;
    End::Ours
}

/// Server to client: checks each message and forwards runs of good ones in single writes.
async fn downstream(
    mut server: impl AsyncRead + Unpin,
    mut client: impl AsyncWrite + Unpin,
    shared: &Shared,
    max: usize,
) -> End {
    let mut buffer = BytesMut::with_capacity(CHUNK);
    loop {
        buffer.reserve(CHUNK);
        let over = fill(&mut server, &mut buffer).await;
        let (good, end) = sift(&mut buffer, shared, max);
        let mut forwarded = 0;
        for range in good {
            if client.write_all(&buffer[range.clone()]).await.is_err() {
                return End::Ours;
            }
            forwarded = range.end;
        }
        match end {
            Sifted::Ended(end) => return end,
            Sifted::More(consumed) => {
                debug_assert!(consumed >= forwarded);
                buffer.advance(consumed);
            }
        }
        match over {
            Over::No => {}
            Over::Failed(e) => return End::Lost(describe(&e)),
            Over::Closed if buffer.is_empty() => return End::Lost("the server closed it".to_owned()),
            Over::Closed => return End::Lost("the server closed it in the middle of a message".to_owned()),
        }
    }
}

enum Sifted {
    /// So many octets are dealt with; more are needed.
    More(usize),
    Ended(End),
}

/// The runs of messages to forward, and what comes after them.
fn sift(buffer: &mut BytesMut, shared: &Shared, max: usize) -> (Vec<std::ops::Range<usize>>, Sifted) {
    let mut runs = vec![];
    let (mut start, mut at) = (0, 0);
    let end = loop {
        let whole = match framer::length(&buffer[at..], max) {
            Ok(Some(length)) if length <= buffer.len() - at => at..at + length,
            Ok(_) => break Sifted::More(at),
            Err(problem) => break Sifted::Ended(End::Malformed(problem)),
        };
        let forward = match judge(&mut buffer[whole.clone()], shared) {
            Ok(forward) => forward,
            Err(end) => break Sifted::Ended(end),
        };
        if !forward {
            if start < at {
                runs.push(start..at);
            }
            start = whole.end;
        }
        at = whole.end;
    };
    if start < at {
        runs.push(start..at);
    }
    (runs, end)
}

/// Whether one message is forwarded.
fn judge(message: &mut [u8], shared: &Shared) -> Result<bool, End> {
    match framer::check(message).map_err(End::Malformed)? {
        Reply::Answer { id, op, not_utf8 } => {
            let forward = shared.received(id, op).map_err(End::Malformed)?;
            for octet in not_utf8.into_iter().flatten() {
                if !message[octet].is_ascii() {
                    message[octet] = b'?';
                }
            }
            Ok(forward)
        }
        Reply::Notice { disconnects: true, code, diagnostic } => Err(End::Notice { code, diagnostic }),
        Reply::Notice { .. } => Ok(false),
    }
}

/// Whether more may come from a stream.
enum Over {
    No,
    Closed,
    Failed(io::Error),
}

/// Reads what there is, at least one octet, up to the buffer's capacity.
async fn fill(server: &mut (impl AsyncRead + Unpin), buffer: &mut BytesMut) -> Over {
    let mut result = server.read_buf(buffer).await;
    loop {
        match result {
            Ok(0) => return Over::Closed,
            Err(e) => return Over::Failed(e),
            Ok(_) if buffer.len() >= CHUNK || buffer.len() == buffer.capacity() => return Over::No,
            Ok(_) => {}
        }
        let more = poll_fn(|cx| {
            Poll::Ready(match pin!(server.read_buf(buffer)).poll(cx) {
                Poll::Ready(result) => Some(result),
                Poll::Pending => None,
            })
        });
        match more.await {
            None => return Over::No,
            Some(next) => result = next,
        }
    }
}

/// An error of the network in words.
pub(crate) fn describe(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionReset => "the server or something on the way reset it".to_owned(),
        io::ErrorKind::UnexpectedEof => "it was cut off".to_owned(),
        io::ErrorKind::BrokenPipe => "the server had closed it".to_owned(),
        io::ErrorKind::TimedOut => "the network gave it up".to_owned(),
        _ => error.to_string(),
    }
}
