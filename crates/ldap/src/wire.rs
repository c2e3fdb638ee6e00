//! Carries requests to the server and its replies back to whoever asked, checks the replies, and remembers why it ended.
//!
//! There are two who ask. Searches of our own get their entries as the octets that came, many at a time, and take them
//! apart themselves. All else is asked by the `ldap3` [client], which gets whole messages through a local socket
//! pair. Message ids tell them apart. What [`framer::check`] or the table of open requests refuses reaches neither.

mod table;

use std::future::poll_fn;
use std::io;
use std::ops::Range;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

use crate::client::{self, Near};
use crate::framer::{self, Outcome, Reply, op};
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use table::FIRST_SEARCH;
pub(crate) use table::Shared;
use table::{Owner, Table, Waiting};

/// How much is read before it is handed on.
const CHUNK: usize = 256 << 10;
/// More than this is not kept beside what comes next.
const LARGE: usize = 1 << 20;
/// Less room than this in the buffer is not worth reading into.
const ROOM: usize = 32 << 10;

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

/// Replies to one search that came together.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// The octets that they lie in.
    pub(crate) octets: Bytes,
    /// Where the contents of entries are.
    pub(crate) entries: Vec<Range<usize>>,
    /// How many references to other servers came along.
    pub(crate) references: u64,
    /// The result that ends the search.
    pub(crate) end: Option<Outcome>,
    /// That it waits to be taken, where that counts.
    waiting: Option<Waiting>,
}

/// A search under way.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// Its message id.
    pub(crate) id: i32,
    /// What comes back. It ends with the connection.
    pub(crate) replies: mpsc::UnboundedReceiver<Batch>,
}

/// Starts the task that serves a connected stream. It ends when `ldap3` closes its end of the pair, or with the stream.
/// Gives the way for messages of our own.
pub(crate) fn start<S>(
    stream: S,
    client: Near,
    shared: &Arc<Shared>,
    max_message: usize,
) -> mpsc::UnboundedSender<Vec<u8>>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let shared = Arc::clone(shared);
    let (sender, mut messages) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let (server_read, server_write) = tokio::io::split(stream);
        let (mut client_read, mut client_write) = tokio::io::split(client);
        let end = tokio::select! {
            end = downstream(server_read, &mut client_write, &shared, max_message) => end,
            end = upstream(&mut messages, &mut client_read, server_write, &shared) => end,
        };
        // Recorded before the requests are ended and the pair is closed, so that whoever sees the end finds the cause.
        shared.ended(end);
        shared.close();
    });
    sender
}

/// Client to server: whole messages, each request noted first.
async fn upstream(
    messages: &mut mpsc::UnboundedReceiver<Vec<u8>>,
    client: &mut (impl AsyncRead + Unpin),
    mut server: impl AsyncWrite + Unpin,
    shared: &Shared,
) -> End {
    let mut buffer = BytesMut::with_capacity(ROOM);
    loop {
        buffer.reserve(ROOM / 2);
        let own = tokio::select! {
            // Where nobody can search any more the client may still have something to say.
            Some(own) = messages.recv() => Some(own),
            read = client.read_buf(&mut buffer) => match read {
                Ok(0) | Err(_) => break,
                Ok(_) => None,
            },
        };
        let sent = match own {
            Some(message) => send(&mut server, &message).await,
            None => {
                let whole = match client::requests(&buffer, shared) {
                    Ok(whole) => whole,
                    Err(problem) => return End::Malformed(format!("our own request: {problem}")),
                };
                let sent = send(&mut server, &buffer[..whole]).await;
                // It may have been a password.
                buffer[..whole].fill(0);
                buffer.advance(whole);
                sent
            }
        };
        if let Err(e) = sent {
            return End::Lost(describe(&e));
        }
    }
    let _ = server.shutdown().await;
    client_ended(shared).await
}

async fn send(server: &mut (impl AsyncWrite + Unpin), octets: &[u8]) -> io::Result<()> {
    server.write_all(octets).await?;
    server.flush().await
}

/// Why `ldap3` has closed its end: whoever supervises it says so in a moment.
async fn client_ended(shared: &Shared) -> End {
    shared.cause().await.unwrap_or(End::Ours)
}

/// Server to client: checks each message and hands on what came together.
async fn downstream(
    mut server: impl AsyncRead + Unpin,
    client: &mut (impl AsyncWrite + Unpin),
    shared: &Shared,
    max: usize,
) -> End {
    let mut buffer = BytesMut::with_capacity(CHUNK);
    loop {
        if buffer.capacity() - buffer.len() < ROOM {
            buffer.reserve(CHUNK);
        }
        let over = fill(&mut server, &mut buffer).await;
        let (for_client, end) = hand_on(&mut buffer, shared, max);
        if !for_client.is_empty() && client.write_all(&for_client).await.is_err() {
            return client_ended(shared).await;
        }
        if let Some(end) = end {
            return end;
        }
        shared.room().await;
        match over {
            Over::No => {}
            Over::Failed(e) => return End::Lost(describe(&e)),
            Over::Closed if buffer.is_empty() => return End::Lost("the server closed it".to_owned()),
            Over::Closed => return End::Lost("the server closed it in the middle of a message".to_owned()),
        }
    }
}

/// Hands on all whole messages to the searches. Gives those for `ldap3`, and says whether they end the connection.
pub(crate) fn hand_on(buffer: &mut BytesMut, shared: &Shared, max: usize) -> (Vec<u8>, Option<End>) {
    let mut table = shared.table();
    let mut sorted = Sorted::default();
    let mut at = 0;
    let end = loop {
        let whole = match framer::length(&buffer[at..], max) {
            Ok(Some(length)) if length <= buffer.len() - at => at..at + length,
            Ok(_) => break None,
            Err(problem) => break Some(End::Malformed(problem)),
        };
        if let Err(end) = sorted.sort(&buffer[whole.clone()], at, &mut table) {
            break Some(end);
        }
        at = whole.end;
    };
    let octets = buffer.split_to(at).freeze();
    if octets.len() > LARGE {
        // What is left moves out, so that the room of a large entry is free as soon as that has been read.
        let mut rest = BytesMut::with_capacity(CHUNK.max(buffer.len() + ROOM));
        rest.extend_from_slice(buffer);
        *buffer = rest;
    }
    for (id, mut batch) in sorted.batches {
        if !batch.entries.is_empty() {
            batch.octets = octets.clone();
        }
        table.hand_over(id, batch);
    }
    (sorted.for_client, end)
}

/// The replies that lie in one buffer.
#[derive(Default)]
struct Sorted {
    /// Those to searches, by search.
    batches: Vec<(i32, Batch)>,
    for_client: Vec<u8>,
}

impl Sorted {
    /// Sorts one whole message, which begins at `at`, in.
    fn sort(&mut self, message: &[u8], at: usize, table: &mut Table) -> Result<(), End> {
        let (id, op, contents, outcome) = match framer::check(message).map_err(End::Malformed)? {
            Reply::Answer { id, op, contents, outcome } => (id, op, contents, outcome),
            Reply::Notice { disconnects: true, code, diagnostic } => {
                return Err(End::Notice { code, diagnostic });
            }
            Reply::Notice { .. } => return Ok(()),
        };
        match table.received(id, op).map_err(End::Malformed)? {
            None => return Ok(()),
            Some(Owner::Client) => {
                // It is the only reply.
                table.close(id);
                let start = self.for_client.len();
                self.for_client.extend_from_slice(message);
                framer::make_text(&mut self.for_client[start..], contents);
                return Ok(());
            }
            Some(Owner::Search(to)) if op == op::ENTRY && to.is_closed() => return Ok(()),
            Some(Owner::Search(_)) => {}
        }
        let batch = self.batch(id);
        if batch.end.is_some() {
            return Err(End::Malformed(format!("a reply to message {id}, which is not open")));
        }
        match op {
            op::ENTRY => batch.entries.push(at + contents.start..at + contents.end),
            op::REFERENCE => batch.references += 1,
            _ => batch.end = outcome,
        }
        Ok(())
    }

    /// The batch of a search. The last one is the likely one.
    fn batch(&mut self, id: i32) -> &mut Batch {
        let found = self.batches.iter().rposition(|(other, _)| *other == id);
        let index = found.unwrap_or_else(|| {
            self.batches.push((id, Batch::default()));
            self.batches.len() - 1
        });
        &mut self.batches[index].1
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
