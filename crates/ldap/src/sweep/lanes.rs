//! Windows read over several connections at once.
//!
//! All windows end at the number that was the highest when the sweep began. They are handed out one after the other to
//! whichever connection is free, and only when all of them are read the open window above is: whatever was changed
//! meanwhile has a higher number and is found there. So no object is lost by moving, whatever was read first.

use std::collections::HashSet;
use std::future::{Future, poll_fn};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use adrecover_core::{Entry, ObjectGuid};
use tokio::sync::mpsc;

use super::{Adaptive, FIRST_WIDTH, MIN_WIDTH, SweepQuery, Window};
use crate::{ConnectError, SearchOptions, Session};

/// A directory with fewer changes than this is read over one connection, and so is one with fewer objects than
/// [`MANY`].
pub(super) const MANY_CHANGES: u64 = 1 << 14;
/// After so many objects, and again after as many, it is looked whether further connections would help.
pub(super) const MANY: usize = 250;
/// The widest window as long as nothing is known: at most so many objects are in it, because no two have one number, and that
/// is fewer than are remembered of a window.
const WIDE: u64 = 1 << 15;
/// The smallest windows are this part of the whole, so that an almost empty directory takes few requests, but no wider than
/// [`NARROW`].
const SMALLEST: u64 = 32;
const NARROW: u64 = 1 << 14;
/// How many entries are handed over at once, and how many such lots may be under way.
const LOT: usize = 128;
const LOTS: usize = 4;

/// The windows that are left to hand out.
#[derive(Debug)]
pub(super) struct Plan {
    low: u64,
    top: u64,
    width: Adaptive,
    ways: u64,
}

/// A plan that several connections take windows from.
#[derive(Debug, Clone)]
pub(super) struct Shared(Arc<Mutex<Plan>>);

impl Shared {
    pub(super) fn new(top: u64, connections: usize) -> Self {
        let ways = u64::try_from(connections).unwrap_or(1).max(1);
        Self(Arc::new(Mutex::new(Plan { low: 0, top, width: Adaptive(WIDE), ways })))
    }

    fn lock(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next window: the more is left the wider, so that all connections end at about the same time.
    pub(super) fn next(&self) -> Option<Window> {
        let mut plan = self.lock();
        let left = (plan.top + 1).checked_sub(plan.low).filter(|left| *left > 0)?;
        let least = (plan.top / SMALLEST).clamp(MIN_WIDTH, NARROW);
        let width = left.div_ceil(plan.ways).min(plan.width.0).max(least).min(left);
        let window = Window { low: plan.low, high: Some(plan.low + width - 1) };
        plan.low += width;
        Some(window)
    }

    /// Whether windows are left.
    pub(super) fn is_used_up(&self) -> bool {
        let plan = self.lock();
        plan.low > plan.top
    }

    /// Only the first connection takes windows from here on, as wide as where it never had company: a server may look at
    /// everything for each.
    fn alone(&self) {
        let mut plan = self.lock();
        plan.ways = 1;
        plan.width = Adaptive(plan.width.0.max(FIRST_WIDTH));
    }

    /// Learns from a window that was read to its end.
    pub(super) fn found(&self, number: usize) {
        self.lock().width.adapt(number);
    }
}

/// What a further connection tells.
#[derive(Debug)]
enum News {
    /// It begins with a window.
    Begun(Window),
    /// These lie in it.
    Entries(Vec<Entry>),
    /// It has read it to its end.
    Done,
}

/// A further connection. It ends when there is no window left, and at any fault: then the window that it had begun is
/// read by the first connection.
#[derive(Debug)]
pub(super) struct Lane {
    news: mpsc::Receiver<News>,
    window: Option<Window>,
    given: HashSet<ObjectGuid>,
}

/// What came of a lane.
pub(super) enum Event {
    /// These are new.
    Entries(Vec<Entry>),
    /// It ended and left a window of which so much was given.
    Left(Window, HashSet<ObjectGuid>),
    /// Nothing to give.
    Nothing,
}

impl Lane {
    /// Opens a connection and begins to read.
    ///
    /// A server that does one thing after the other lets the new connection wait for what the first one asked, and two
    /// would only share its time: where opening takes longer than `patience`, the first one goes on alone.
    pub(super) fn open(
        connect: impl Future<Output = Result<Session, ConnectError>> + Send + 'static,
        patience: Duration,
        query: SweepQuery,
        plan: Shared,
    ) -> Self {
        let (sender, news) = mpsc::channel(LOTS);
        tokio::spawn(async move {
            // A refused connection is no fault either.
            let Ok(Ok(session)) = tokio::time::timeout(patience, connect).await else {
                plan.alone();
                return;
            };
            if work(&session, &query, &plan, &sender).await.is_some() {
                drop(sender);
                session.close().await;
            }
        });
        Self { news, window: None, given: HashSet::new() }
    }

    /// Takes news in; `None` is the end.
    fn hear(&mut self, news: Option<News>, most: usize) -> Event {
        match news {
            Some(News::Begun(window)) => {
                self.window = Some(window);
                Event::Nothing
            }
            Some(News::Entries(mut entries)) => {
                entries.retain(|e| e.guid().is_none_or(|guid| self.given.insert(guid)));
                if self.given.len() >= most {
                    // Too many to remember: the first connection reads the rest in smaller windows.
                    self.news.close();
                }
                Event::Entries(entries)
            }
            Some(News::Done) => {
                self.window = None;
                self.given.clear();
                Event::Nothing
            }
            None => match self.window.take() {
                Some(window) => Event::Left(window, std::mem::take(&mut self.given)),
                None => Event::Nothing,
            },
        }
    }
}

/// What comes next from any of the lanes. Those that have ended are taken out. It may be cancelled.
pub(super) async fn hear(lanes: &mut Vec<Lane>, most: usize) -> Event {
    let (i, news) = poll_fn(|cx| {
        for (i, lane) in lanes.iter_mut().enumerate() {
            if let Poll::Ready(news) = lane.news.poll_recv(cx) {
                return Poll::Ready((i, news));
            }
        }
        Poll::Pending
    })
    .await;
    let ended = news.is_none();
    let event = lanes[i].hear(news, most);
    if ended {
        lanes.swap_remove(i);
    } else {
        // The others come first the next time.
        lanes.rotate_left(i + 1);
    }
    event
}

/// Reads windows until none is left; `None` at a fault, or when nobody listens any more.
async fn work(session: &Session, query: &SweepQuery, plan: &Shared, news: &mpsc::Sender<News>) -> Option<()> {
    while let Some(window) = plan.next() {
        news.send(News::Begun(window)).await.ok()?;
        let mut stream = session.search_stream(&query.of(window), &SearchOptions::default()).ok()?;
        let mut lot = Vec::with_capacity(LOT);
        let mut found = 0;
        while let Some(entry) = stream.next().await.ok()? {
            found += 1;
            lot.push(entry);
            if lot.len() == LOT {
                news.send(News::Entries(std::mem::take(&mut lot))).await.ok()?;
            }
        }
        news.send(News::Entries(lot)).await.ok()?;
        news.send(News::Done).await.ok()?;
        plan.found(found);
    }
    Some(())
}

#[cfg(test)]
#[path = "lanes_tests.rs"]
mod tests;
