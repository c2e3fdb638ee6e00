//! Reads a container in windows of `uSNChanged`, so that memory stays flat and a lost connection loses nothing.
//!
//! A paging cookie dies with its connection, so that a list of any length cannot be continued by it. A server's update
//! sequence numbers stay ([MS-ADTS] 3.1.1.1.9): whatever a window of them held is asked for again, and what was given before is
//! left out by its GUID, in smaller windows, so that a connection that is cut again and again still gets on. The windows grow where there is little and shrink where there is much, so that the GUIDs of
//! one window are all that has to be remembered.

use std::collections::HashSet;

use adrecover_core::directory::{Query, Scope, Visibility};
use adrecover_core::{Directory, DirectoryError, Entry};

use crate::{EntryStream, SearchOptions, Session};

/// The first window. A directory with fewer changes than this is read in one go.
const FIRST_WIDTH: u64 = 1 << 18;
const MAX_WIDTH: u64 = 1 << 26;
const MIN_WIDTH: u64 = 1 << 10;
/// A window with fewer objects lets the next one be wider, one with more lets it be narrower.
const SPARSE: usize = 2_500;
const DENSE: usize = 10_000;
/// The most GUIDs to remember for one window; then the rest of it is read in smaller ones.
const MAX_GIVEN: usize = 50_000;
/// How often one window is begun again without a single new object.
const MAX_RETRIES: u32 = 3;

/// What a [`Sweep`] reads.
#[derive(Debug, Clone)]
pub struct SweepQuery {
    /// The base DN.
    pub base: String,
    /// How far to look.
    pub scope: Scope,
    /// An RFC 4515 filter.
    pub filter: String,
    /// The attributes to return; empty means all user attributes. `objectGUID` is always returned.
    pub attributes: Vec<String>,
    /// Which states to return.
    pub visibility: Visibility,
}

type Guid = Vec<u8>;

/// One window of update sequence numbers, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    low: u64,
    /// `None` for the last window, which also takes what has changed since the sweep began.
    high: Option<u64>,
}

/// The entries below a base, in the order of the windows, newest changes last.
///
/// An object that is changed while the sweep runs may come twice, the second time as it is then. None is left out, as long as the
/// account may read `uSNChanged` of what it may see, and as far as the server's own paging leaves none out.
#[derive(Debug)]
pub struct Sweep<'a> {
    session: &'a mut Session,
    query: SweepQuery,
    /// The highest number when the sweep began; `None` where the server does not tell: then all is one window.
    top: Option<u64>,
    low: u64,
    width: u64,
    window: Option<Window>,
    stream: Option<EntryStream>,
    /// What this window gave.
    given: HashSet<Guid>,
    /// What larger windows gave before they were split: valid up to a number.
    before: Vec<(u64, HashSet<Guid>)>,
    retries: u32,
    reconnections: u32,
    finished: bool,
    max_given: usize,
}

impl<'a> Sweep<'a> {
    pub(crate) async fn start(
        session: &'a mut Session,
        mut query: SweepQuery,
    ) -> Result<Self, DirectoryError> {
        let named = |name: &str| query.attributes.iter().any(|a| a.eq_ignore_ascii_case(name));
        if !query.attributes.is_empty() && !named("objectGUID") && !named("*") {
            query.attributes.push("objectGUID".to_owned());
        }
        crate::message::Filter::parse(&query.filter)?;
        let top = session.highest_committed_usn().await?;
        Ok(Self {
            session,
            query,
            top,
            low: 0,
            width: FIRST_WIDTH,
            window: None,
            stream: None,
            given: HashSet::new(),
            before: vec![],
            retries: 0,
            reconnections: 0,
            finished: false,
            max_given: MAX_GIVEN,
        })
    }

    /// How often the connection was opened again.
    pub fn reconnections(&self) -> u32 {
        self.reconnections
    }

    /// The session, for searches on the side.
    pub fn session(&self) -> &Session {
        self.session
    }

    /// The next entry; `None` at the end. After an error the sweep is at its end.
    pub async fn next(&mut self) -> Result<Option<Entry>, DirectoryError> {
        while !self.finished {
            match self.step().await {
                Ok(None) => {}
                Ok(Some(entry)) => return Ok(Some(entry)),
                Err(error) => {
                    self.finished = true;
                    return Err(error);
                }
            }
        }
        Ok(None)
    }

    /// Ends the sweep and tells the server so.
    pub async fn close(&mut self) {
        self.finished = true;
        if let Some(mut stream) = self.stream.take() {
            stream.close();
        }
    }

    async fn step(&mut self) -> Result<Option<Entry>, DirectoryError> {
        let window = match self.window {
            Some(window) => window,
            None => *self.window.insert(next_window(self.low, self.width, self.top)),
        };
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                none.insert(self.session.search_stream(&self.query.of(window), &SearchOptions::default())?)
            }
        };
        match stream.next().await {
            Ok(Some(entry)) => Ok(self.take(entry, window).await),
            Ok(None) => {
                self.end(window);
                Ok(None)
            }
            Err(error) if error.outcome_is_unknown() => {
                self.recover(window, error).await?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Gives an entry unless it was given before.
    async fn take(&mut self, entry: Entry, window: Window) -> Option<Entry> {
        let Some(guid) = entry.value("objectGUID").map(<[u8]>::to_vec) else {
            // Nothing to recognise it by: better twice than never.
            return Some(entry);
        };
        if self.before.iter().any(|(_, given)| given.contains(&guid)) || !self.given.insert(guid) {
            return None;
        }
        self.retries = 0;
        if self.given.len() >= self.max_given
            && self.narrow(window)
            && let Some(mut stream) = self.stream.take()
        {
            stream.close();
        }
        Some(entry)
    }

    /// Continues with smaller windows from the same beginning, where that is possible, remembering what this one gave.
    fn narrow(&mut self, window: Window) -> bool {
        // What the last window gave may lie anywhere.
        let until = window.high.unwrap_or(u64::MAX);
        let Some(high) = window.high.or(self.top).filter(|high| *high > window.low + MIN_WIDTH) else {
            return false;
        };
        self.before.push((until, std::mem::take(&mut self.given)));
        self.width = (high - window.low + 1).div_ceil(8).max(MIN_WIDTH);
        self.window = None;
        true
    }

    /// A window was read to its end.
    fn end(&mut self, window: Window) {
        self.stream = None;
        self.window = None;
        self.retries = 0;
        let found = self.given.len();
        self.given.clear();
        let Some(high) = window.high else {
            self.before.clear();
            self.finished = true;
            return;
        };
        self.low = high + 1;
        self.before.retain(|(until, _)| *until > high);
        // What was given before a split does not count in the smaller windows, so they must not grow yet.
        if found < SPARSE && self.before.is_empty() {
            self.width = self.width.saturating_mul(4).min(MAX_WIDTH);
        } else if found > DENSE {
            self.width = (self.width / (found / (DENSE / 2)) as u64).max(MIN_WIDTH);
        }
    }

    /// Goes on after an error of a search on the side, which had the same connection. An error that is no lost connection
    /// comes back.
    pub async fn mend(&mut self, error: DirectoryError) -> Result<(), DirectoryError> {
        if !error.outcome_is_unknown() {
            return Err(error);
        }
        match self.window {
            Some(window) => self.recover(window, error).await,
            None => self.reconnect(error).await,
        }
    }

    async fn reconnect(&mut self, error: DirectoryError) -> Result<(), DirectoryError> {
        self.stream = None;
        if self.retries >= MAX_RETRIES {
            return Err(error);
        }
        self.retries += 1;
        self.session.reconnect().await?;
        self.reconnections += 1;
        Ok(())
    }

    /// Connects again and begins anew where this window began, in smaller steps: what cut the connection may cut it again.
    async fn recover(&mut self, window: Window, error: DirectoryError) -> Result<(), DirectoryError> {
        self.reconnect(error).await?;
        // The smaller windows reach as far as the server has come by now.
        if window.high.is_none() {
            self.top = self.top.and(self.session.root_dse().highest_committed_usn);
        }
        self.narrow(window);
        Ok(())
    }
}

fn next_window(low: u64, width: u64, top: Option<u64>) -> Window {
    match top {
        Some(top) if low.saturating_add(width) <= top => Window { low, high: Some(low + width - 1) },
        _ => Window { low, high: None },
    }
}

impl SweepQuery {
    /// The search of one window. AD knows `>=` and `<=` only ([MS-ADTS] 3.1.1.3.1.3.1).
    fn of(&self, window: Window) -> Query {
        let mut parts = vec![self.filter.clone()];
        if window.low > 0 {
            parts.push(format!("(uSNChanged>={})", window.low));
        }
        parts.extend(window.high.map(|high| format!("(uSNChanged<={high})")));
        Query::below(&self.base, self.scope, adrecover_core::filter::all_of(parts))
            .attributes(&self.attributes)
            .visibility(self.visibility)
    }
}

#[cfg(test)]
#[path = "sweep_tests.rs"]
mod tests;
