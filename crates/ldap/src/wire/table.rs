//! The requests that are open on a connection, and to whom their replies go.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};

use super::{Batch, End, Exchange};
use crate::framer::op;

/// The most replies to one search request. A page holds at most 1,000 entries; a server that sends on without an end
/// must not fill the memory.
const MAX_REPLIES: u32 = 20_000;
/// How many octets of a reply of any length may wait to be taken before nothing more is read.
const MAX_WAITING: usize = 4 << 20;
/// The message ids from here on are those of our own searches; `ldap3` counts from 1.
pub(crate) const FIRST_SEARCH: i32 = 0x4000_0000;

/// How many octets of one reply wait to be taken.
#[derive(Debug)]
struct Backlog {
    octets: AtomicUsize,
    /// Tells when there are fewer.
    taken: Arc<Notify>,
}

/// So many octets of a backlog, until this is dropped.
#[derive(Debug)]
pub(super) struct Waiting {
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

/// What is known of the requests under way.
#[derive(Debug)]
pub(super) struct Table {
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
pub(super) enum Owner {
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

    pub(super) fn table(&self) -> MutexGuard<'_, Table> {
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
    pub(super) async fn room(&self) {
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
    pub(super) fn close(&self) {
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

    /// Hands replies over to the search that they are to; the last one closes it.
    pub(super) fn hand_over(&mut self, id: i32, mut batch: Batch) {
        let ends = batch.end.is_some();
        if let Some(Open { to: Owner::Search(to), backlog, .. }) = self.open.get(&id) {
            batch.waiting = backlog.as_ref().map(|of| Waiting::new(batch.octets.len(), of));
            // Nobody may be waiting any more.
            let _ = to.send(batch);
        }
        if ends {
            self.close(id);
        }
    }

    /// Nothing more comes to this request.
    pub(super) fn close(&mut self, id: i32) {
        self.open.remove(&id);
    }

    fn next_id(&mut self) -> i32 {
        self.last_id = self.last_id.checked_add(1).unwrap_or(FIRST_SEARCH);
        self.last_id
    }

    /// To whom a well-formed reply goes; an error where nobody asked for it.
    pub(super) fn received(&mut self, id: i32, op: u8) -> Result<Option<&Owner>, String> {
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

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use crate::link::Link;
    use crate::message::{self, Filter};
    use crate::testing::{bounded, numbered};

    use super::*;

    /// A server that sends on and on is read no further than somebody takes what came.
    #[tokio::test]
    async fn a_reply_of_any_length_comes_as_fast_as_it_is_taken() {
        let (ours, theirs) = tokio::io::duplex(64 << 10);
        let (_requests, mut replies) = tokio::io::split(theirs);
        let timeout = Duration::from_secs(5);
        let link = Link::start(ours, "test", timeout, 1 << 20).await.unwrap();
        let search = message::search("DC=x", adrecover_core::directory::Scope::Subtree, &Filter::any(), &[]);
        let mut exchange = link.ask_at_length(&search, &[]);
        let id = u32::try_from(exchange.id).unwrap();
        let sent = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&sent);
        tokio::spawn(async move {
            let many: Vec<u8> = (0..1000).flat_map(|n| numbered(id, n as u8)).collect();
            while replies.write_all(&many).await.is_ok() {
                counter.fetch_add(many.len(), Ordering::Relaxed);
            }
        });
        // Nobody takes anything: it stands still with the backlog, a buffer on either side and what is on the way.
        let still = async |above: usize| {
            let mut before = above;
            loop {
                tokio::time::sleep(Duration::from_millis(200)).await;
                let now = sent.load(Ordering::Relaxed);
                if now > above && now == before {
                    return now;
                }
                before = now;
            }
        };
        let first = bounded(still(0)).await;
        assert!((MAX_WAITING..MAX_WAITING + (1 << 20)).contains(&first), "{first} octets");
        // What is taken makes room, and no more than that.
        let mut taken = 0;
        while taken < MAX_WAITING {
            taken += link.reply(&mut exchange).await.unwrap().octets.len();
        }
        let second = bounded(still(first)).await;
        assert!(second <= taken + MAX_WAITING + (1 << 20), "{second} octets of which {taken} were taken");
        // Whoever gives up does not hold the others up.
        drop(exchange);
        let third = sent.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(sent.load(Ordering::Relaxed) > third + MAX_WAITING / 4);
    }
}
