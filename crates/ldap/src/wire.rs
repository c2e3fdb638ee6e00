//! Carries requests to the server and its replies back to whoever asked, checks the replies, and remembers why it ended.
//!
//! Entries are handed on as the octets that came, many at a time; whoever asked takes them apart. What
//! [`framer::check`] or the table of open requests refuses reaches nobody.

use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::ops::Range;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot, watch};

use crate::framer::{self, Outcome, Reply, op};

/// How much is read before it is handed on.
const CHUNK: usize = 256 << 10;
/// Less room than this in the buffer is not worth reading into.
const ROOM: usize = 32 << 10;
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

/// Replies to one request that came together.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// The octets that they lie in.
    pub(crate) octets: Bytes,
    /// Where the contents of entries are.
    pub(crate) entries: Vec<Range<usize>>,
    /// How many references to other servers came along.
    pub(crate) references: u64,
    /// The result that ends the request.
    pub(crate) end: Option<Outcome>,
}

/// A request under way.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// Its message id.
    pub(crate) id: i32,
    /// What comes back. It ends with the connection.
    pub(crate) replies: mpsc::UnboundedReceiver<Batch>,
}

/// What is known of the requests under way.
#[derive(Debug, Default)]
struct Table {
    open: HashMap<i32, Open>,
    last_id: i32,
    /// Whether the connection has ended, so that nothing more comes.
    ended: bool,
}

#[derive(Debug)]
struct Open {
    /// The tag of the reply that ends it.
    answer: u8,
    replies: u32,
    /// Whoever gave up has closed it; what still comes then is dropped.
    to: mpsc::UnboundedSender<Batch>,
}

/// What both directions and the owner of a connection share.
#[derive(Debug)]
pub(crate) struct Shared {
    table: Mutex<Table>,
    end: watch::Sender<Option<End>>,
}

/// A message on its way out.
#[derive(Debug)]
pub(crate) struct Outgoing {
    octets: Vec<u8>,
    /// Nothing follows: told when it is sent.
    last: Option<oneshot::Sender<()>>,
}

impl Outgoing {
    pub(crate) fn new(octets: Vec<u8>) -> Self {
        Self { octets, last: None }
    }

    /// The last message of a connection.
    pub(crate) fn last(octets: Vec<u8>, sent: oneshot::Sender<()>) -> Self {
        Self { octets, last: Some(sent) }
    }
}

impl Shared {
    fn new() -> Arc<Self> {
        Arc::new(Self { table: Mutex::default(), end: watch::Sender::new(None) })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records why the connection ended; the first cause counts.
    pub(crate) fn ended(&self, end: End) {
        self.end.send_if_modified(|slot| {
            let first = slot.is_none();
            slot.get_or_insert(end);
            first
        });
    }

    /// Why the connection ended. Waits a moment, because the end may be seen before the cause is recorded.
    pub(crate) async fn cause(&self) -> Option<End> {
        let mut receiver = self.end.subscribe();
        let wait = receiver.wait_for(Option::is_some);
        tokio::time::timeout(Duration::from_secs(1), wait).await.ok()?.ok()?.clone()
    }

    /// Opens a request that is ended by a reply of this operation; without one nothing comes back.
    pub(crate) fn open(&self, answer: Option<u8>) -> Exchange {
        let (to, replies) = mpsc::unbounded_channel();
        let mut table = self.table();
        table.last_id = table.last_id.checked_add(1).unwrap_or(1);
        let id = table.last_id;
        if let (Some(answer), false) = (answer, table.ended) {
            table.open.insert(id, Open { answer, replies: 0, to });
        }
        Exchange { id, replies }
    }

    /// Ends every request: nothing more comes.
    fn close(&self) {
        let mut table = self.table();
        table.ended = true;
        table.open.clear();
    }
}

impl Table {
    /// To whom a well-formed reply goes; an error where nobody asked for it.
    fn received(&mut self, id: i32, op: u8) -> Result<Option<&mpsc::UnboundedSender<Batch>>, String> {
        let Some(open) = self.open.get_mut(&id) else {
            return Err(format!("a reply to message {id}, which is not open"));
        };
        match (open.answer, op) {
            (answer, op) if op == answer => Ok(Some(&open.to)),
            (op::DONE, op::ENTRY | op::REFERENCE) => {
                open.replies += 1;
                if open.replies > MAX_REPLIES {
                    return Err(format!("more than {MAX_REPLIES} replies to one page of a search"));
                }
                Ok(Some(&open.to))
            }
            // RFC 4511 4.13: what is not understood is ignored.
            (op::DONE | op::EXTENDED, op::INTERMEDIATE) => Ok(None),
            _ => Err(format!("the reply {op:#04x} to a request whose reply is {:#04x}", open.answer)),
        }
    }
}

/// Starts the task that serves a connected stream. It ends when the sender of messages is dropped, or with the stream.
pub(crate) fn start<S>(stream: S, max_message: usize) -> (mpsc::UnboundedSender<Outgoing>, Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let shared = Shared::new();
    let ours = Arc::clone(&shared);
    let (sender, messages) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let (server_read, server_write) = tokio::io::split(stream);
        let end = tokio::select! {
            end = downstream(server_read, &ours, max_message) => end,
            end = upstream(messages, server_write) => end,
        };
        // Recorded before the requests are ended, so that whoever sees the end finds the cause.
        ours.ended(end);
        ours.close();
    });
    (sender, shared)
}

/// Client to server.
async fn upstream(
    mut messages: mpsc::UnboundedReceiver<Outgoing>,
    mut server: impl AsyncWrite + Unpin,
) -> End {
    while let Some(mut message) = messages.recv().await {
        let sent = async {
            server.write_all(&message.octets).await?;
            server.flush().await
        };
        if let Err(e) = sent.await {
            return End::Lost(describe(&e));
        }
        // It may have been a password.
        message.octets.fill(0);
        if let Some(sent) = message.last {
            let _ = server.shutdown().await;
            let _ = sent.send(());
            return End::Ours;
        }
    }
    let _ = server.shutdown().await;
    End::Ours
}

/// Server to client: checks each message and hands on what came together.
async fn downstream(mut server: impl AsyncRead + Unpin, shared: &Shared, max: usize) -> End {
    let mut buffer = BytesMut::with_capacity(CHUNK);
    loop {
        if buffer.capacity() - buffer.len() < ROOM {
            buffer.reserve(CHUNK);
        }
        let over = fill(&mut server, &mut buffer).await;
        let end = hand_on(&mut buffer, shared, max);
        if let Some(end) = end {
            return end;
        }
        match over {
            Over::No => {}
            Over::Failed(e) => return End::Lost(describe(&e)),
            Over::Closed if buffer.is_empty() => return End::Lost("the server closed it".to_owned()),
            Over::Closed => return End::Lost("the server closed it in the middle of a message".to_owned()),
        }
    }
}

/// Hands on all whole messages, and says whether they end the connection.
fn hand_on(buffer: &mut BytesMut, shared: &Shared, max: usize) -> Option<End> {
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
    for (id, mut batch) in sorted.batches {
        if !batch.entries.is_empty() {
            batch.octets = octets.clone();
        }
        let ends = batch.end.is_some();
        if let Some(open) = table.open.get(&id) {
            // Nobody may be waiting any more.
            let _ = open.to.send(batch);
        }
        if ends {
            table.open.remove(&id);
        }
    }
    end
}

/// The replies that lie in one buffer, by request.
#[derive(Default)]
struct Sorted {
    batches: Vec<(i32, Batch)>,
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
        let Some(to) = table.received(id, op).map_err(End::Malformed)? else { return Ok(()) };
        if op == op::ENTRY && to.is_closed() {
            return Ok(());
        }
        let batch = match self.batches.iter_mut().rposition(|(other, _)| *other == id) {
            Some(i) => &mut self.batches[i].1,
            None => {
                self.batches.push((id, Batch::default()));
                let last = self.batches.len() - 1;
                &mut self.batches[last].1
            }
        };
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
