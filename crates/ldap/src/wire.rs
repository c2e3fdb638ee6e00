//! Carries requests to the server and its replies back to whoever asked, checks the replies, and remembers why it ended.
//!
//! There are two who ask. Searches of our own get their entries as the octets that came, many at a time, and take them
//! apart themselves. All else is asked by the `ldap3` [client], which gets whole messages through a local socket
//! pair. Message ids tell them apart. What [`framer::check`] or the table of open requests refuses reaches neither.

use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::ops::Range;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Notify, mpsc, watch};

use crate::client::{self, Near};
use crate::framer::{self, Outcome, Reply, op};

/// How much is read before it is handed on.
const CHUNK: usize = 256 << 10;
/// Less room than this in the buffer is not worth reading into.
const ROOM: usize = 32 << 10;
/// The most replies to one search request. A page holds at most 1,000 entries; a server that sends on without an end
/// must not fill the memory.
const MAX_REPLIES: u32 = 20_000;
/// How many octets of a reply of any length may wait to be taken before nothing more is read.
const MAX_WAITING: usize = 4 << 20;
/// The message ids from here on are those of our own searches; `ldap3` counts from 1.
pub(crate) const FIRST_SEARCH: i32 = 0x4000_0000;

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

/// How many octets of one reply wait to be taken.
#[derive(Debug)]
struct Backlog {
    octets: AtomicUsize,
    /// Tells when there are fewer.
    taken: Arc<Notify>,
}

/// So many octets of a backlog, until this is dropped.
#[derive(Debug)]
struct Waiting {
    octets: usize,
    of: Arc<Backlog>,
}

impl Waiting {
    fn new(octets: usize, of: &Arc<Backlog>) -> Self {
        of.octets.fetch_add(octets, Ordering::Relaxed);
        Self { octets, of: Arc::clone(of) }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.of.octets.fetch_sub(self.octets, Ordering::Relaxed);
        self.of.taken.notify_one();
    }
}

/// A search under way.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// Its message id.
    pub(crate) id: i32,
    /// What comes back. It ends with the connection.
    pub(crate) replies: mpsc::UnboundedReceiver<Batch>,
}

/// What is known of the requests under way.
#[derive(Debug)]
struct Table {
    open: HashMap<i32, Open>,
    /// The id of the last search or abandonment of our own.
    last_id: i32,
    /// Whether the connection has ended, so that nothing more comes.
    ended: bool,
}

#[derive(Debug)]
struct Open {
    /// The tag of the reply that ends it.
    answer: u8,
    replies: u32,
    to: Owner,
    /// Where the reply may be of any length, how much of it waits.
    backlog: Option<Arc<Backlog>>,
}

/// Who asked.
#[derive(Debug)]
enum Owner {
    /// `ldap3`, which itself drops what it does not wait for any more.
    Client,
    /// A search of our own. Whoever gave up has closed it; what still comes then is dropped.
    Search(mpsc::UnboundedSender<Batch>),
}

/// What both directions and the owner of a connection share.
#[derive(Debug)]
pub(crate) struct Shared {
    table: Mutex<Table>,
    end: watch::Sender<Option<End>>,
    /// Something was taken of a reply of any length.
    taken: Arc<Notify>,
}

impl Shared {
    pub(crate) fn new() -> Arc<Self> {
        let table = Table { open: HashMap::new(), last_id: FIRST_SEARCH - 1, ended: false };
        let (end, taken) = (watch::Sender::new(None), Arc::default());
        Arc::new(Self { table: Mutex::new(table), end, taken })
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

    /// A message id for a request of our own without a reply.
    pub(crate) fn next_id(&self) -> i32 {
        self.table().next_id()
    }

    /// Opens a search whose reply is a page.
    pub(crate) fn open(&self) -> Exchange {
        self.open_search(None)
    }

    /// Opens a search whose reply may be of any length. As long as too much of it waits to be taken, nothing is read of this
    /// connection: whoever takes it must not wait for another reply meanwhile.
    pub(crate) fn open_at_length(&self) -> Exchange {
        let taken = Arc::clone(&self.taken);
        self.open_search(Some(Arc::new(Backlog { octets: AtomicUsize::new(0), taken })))
    }

    fn open_search(&self, backlog: Option<Arc<Backlog>>) -> Exchange {
        let (to, replies) = mpsc::unbounded_channel();
        let mut table = self.table();
        let id = table.next_id();
        if !table.ended {
            table.open.insert(id, Open { answer: op::DONE, replies: 0, to: Owner::Search(to), backlog });
        }
        Exchange { id, replies }
    }

    /// Waits until little enough waits to be taken.
    async fn room(&self) {
        while self.table().is_full() {
            self.taken.notified().await;
        }
    }

    /// Notes a request of `ldap3` that is ended by a reply of this operation.
    pub(crate) fn asked_by_client(&self, id: i32, answer: u8) -> Result<(), String> {
        if !(1..FIRST_SEARCH).contains(&id) {
            return Err(format!("the message id is {id}"));
        }
        self.table().open.insert(id, Open { answer, replies: 0, to: Owner::Client, backlog: None });
        Ok(())
    }

    /// Ends every request: nothing more comes.
    fn close(&self) {
        let mut table = self.table();
        table.ended = true;
        table.open.clear();
    }
}

impl Table {
    /// Whether too much of a reply waits to be taken.
    fn is_full(&self) -> bool {
        let waiting = |open: &Open| open.backlog.as_ref().map_or(0, |b| b.octets.load(Ordering::Relaxed));
        self.open.values().any(|open| waiting(open) > MAX_WAITING)
    }

    fn next_id(&mut self) -> i32 {
        self.last_id = self.last_id.checked_add(1).unwrap_or(FIRST_SEARCH);
        self.last_id
    }

    /// To whom a well-formed reply goes; an error where nobody asked for it.
    fn received(&mut self, id: i32, op: u8) -> Result<Option<&Owner>, String> {
        let Some(open) = self.open.get_mut(&id) else {
            return Err(format!("a reply to message {id}, which is not open"));
        };
        match (open.answer, op) {
            (answer, op) if op == answer => Ok(Some(&open.to)),
            (op::DONE, op::ENTRY | op::REFERENCE) => {
                open.replies = open.replies.saturating_add(1);
                if open.replies > MAX_REPLIES && open.backlog.is_none() {
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
    for (id, mut batch) in sorted.batches {
        if !batch.entries.is_empty() {
            batch.octets = octets.clone();
        }
        let ends = batch.end.is_some();
        if let Some(Open { to: Owner::Search(to), backlog, .. }) = table.open.get(&id) {
            batch.waiting = backlog.as_ref().map(|of| Waiting::new(batch.octets.len(), of));
            // Nobody may be waiting any more.
            let _ = to.send(batch);
        }
        if ends {
            table.open.remove(&id);
        }
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
                table.open.remove(&id);
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
