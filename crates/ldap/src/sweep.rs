//! Reads a container in windows of `uSNChanged`, so that memory stays flat and a lost connection loses nothing.
//!
//! A paging cookie dies with its connection, so that a list of any length cannot be continued by it. A server's update
//! sequence numbers stay ([MS-ADTS] 3.1.1.1.9): whatever a window of them held is asked for again, and what was given before is
//! left out by its GUID, in smaller windows, so that a connection that is cut again and again still gets on. The windows grow where there is little and shrink where there is much, so that the GUIDs of
//! one window are all that has to be remembered. Where there are many objects, several connections read windows at once
//! (`lanes`).

mod lanes;

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use adrecover_core::directory::{Query, Scope, Visibility};
use adrecover_core::{Directory, DirectoryError, Entry, ObjectGuid};

use crate::{EntryStream, SearchOptions, Session};
use lanes::{Event, Lane};

/// The first window. A directory with fewer changes than this is read in one go.
const FIRST_WIDTH: u64 = 1 << 18;
const MAX_WIDTH: u64 = 1 << 26;
const MIN_WIDTH: u64 = 1 << 10;
/// A window with fewer objects lets the next one be wider, one with more lets it be narrower.
const SPARSE: usize = 5_000;
const DENSE: usize = 40_000;
/// The most GUIDs to remember for one window; then the rest of it is read in smaller ones.
const MAX_GIVEN: usize = 50_000;
/// A server that takes longer for its first answer, and longer than it took to open the connection, is asked over further
/// connections at once.
const EARLY: Duration = Duration::from_millis(25);
/// A further connection may take twice as long to open as the first one did, and this much longer.
const HELD_UP: Duration = Duration::from_millis(30);
/// Less time than this says nothing about who is waited for.
const LONG: Duration = Duration::from_millis(20);
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
    /// How many connections may be used where there are many objects; 0 is 1.
    pub connections: usize,
}

/// How wide the next window is to be.
#[derive(Debug, Clone, Copy)]
struct Adaptive(u64);

impl Adaptive {
    /// Learns from the number of objects in a window.
    fn adapt(&mut self, found: usize) {
        if found < SPARSE {
            self.0 = self.0.saturating_mul(4).min(MAX_WIDTH);
        } else if found > DENSE {
            self.0 = (self.0 / (found / (DENSE / 2)) as u64).max(MIN_WIDTH);
        }
    }
}

/// One window of update sequence numbers, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    low: u64,
    /// `None` for the last window, which also takes what has changed since the sweep began.
    high: Option<u64>,
}

/// The entries below a base; what has changed since the beginning comes last.
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
    width: Adaptive,
    window: Option<Window>,
    stream: Option<EntryStream>,
    /// What this window gave.
    given: HashSet<ObjectGuid>,
    /// What larger windows gave before they were split: valid up to a number.
    before: Vec<(u64, HashSet<ObjectGuid>)>,
    retries: u32,
    reconnections: u32,
    finished: bool,
    max_given: usize,
    /// The windows below `top`, while they are read in parallel.
    plan: Option<lanes::Shared>,
    lanes: Vec<Lane>,
    /// Whether further connections were opened.
    opened: bool,
    /// After how many objects they may be.
    many: usize,
    /// Whether they are wherever they may be: for tests, whose servers answer at once.
    eager: bool,
    /// How much longer than twice the first connection a further one may take to open.
    held_up: Duration,
    began: Instant,
    /// How long the replies of former windows were waited for.
    waited: Duration,
    /// Windows that were begun and not finished, and what was given of them.
    left: VecDeque<(Window, HashSet<ObjectGuid>)>,
    /// What came from further connections and was not given yet.
    waiting: VecDeque<Entry>,
    total: usize,
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
        let several = query.connections > 1;
        let plan = top.filter(|top| several && *top >= lanes::MANY_CHANGES);
        let plan = plan.map(|top| lanes::Shared::new(top, query.connections));
        Ok(Self {
            session,
            query,
            top,
            low: 0,
            width: Adaptive(FIRST_WIDTH),
            window: None,
            stream: None,
            given: HashSet::new(),
            before: vec![],
            retries: 0,
            reconnections: 0,
            finished: false,
            max_given: MAX_GIVEN,
            plan,
            lanes: vec![],
            opened: false,
            many: lanes::MANY,
            eager: false,
            held_up: HELD_UP,
            began: Instant::now(),
            waited: Duration::ZERO,
            left: VecDeque::new(),
            waiting: VecDeque::new(),
            total: 0,
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
        self.lanes.clear();
        if let Some(mut stream) = self.stream.take() {
            stream.close();
        }
    }

    async fn step(&mut self) -> Result<Option<Entry>, DirectoryError> {
        if let Some(entry) = self.waiting.pop_front() {
            return Ok(Some(entry));
        }
        let Some(window) = self.window() else {
            self.hear().await;
            return Ok(None);
        };
        if self.lanes.is_empty() && self.total == 0 && self.may_open() {
            let early = self.session.opened_in().max(EARLY);
            let first = self.stream(window)?.ready();
            if tokio::time::timeout(early, first).await.is_err() {
                self.open_lanes();
            }
        }
        if !self.lanes.is_empty() && !self.is_ready(window).await? {
            return Ok(None);
        }
        match self.stream(window)?.next().await {
            Ok(Some(entry)) => Ok(self.take(entry, window)),
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

    /// The window that is being read, or the next one; `None` while further connections still read.
    fn window(&mut self) -> Option<Window> {
        if self.window.is_some() {
            return self.window;
        }
        if let Some((window, given)) = self.left.pop_front() {
            self.given = given;
            self.window = Some(window);
        } else if let Some(plan) = &self.plan {
            self.window = plan.next();
            if self.window.is_none() && self.lanes.is_empty() {
                // All below is read: now what has changed since.
                self.plan = None;
                self.low = self.top.map_or(0, |top| top.saturating_add(1));
                return self.window();
            }
        } else {
            self.window = Some(next_window(self.low, self.width.0, self.top));
        }
        self.window
    }

    /// The search of a window.
    fn stream(&mut self, window: Window) -> Result<&mut EntryStream, DirectoryError> {
        match self.stream {
            Some(ref mut stream) => Ok(stream),
            ref mut none => {
                let search = self.session.search_stream(&self.query.of(window), &SearchOptions::default())?;
                Ok(none.insert(search))
            }
        }
    }

    /// Waits for whatever comes first; whether that is something from the first connection.
    async fn is_ready(&mut self, window: Window) -> Result<bool, DirectoryError> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => self.session.search_stream(&self.query.of(window), &SearchOptions::default())?,
        };
        let event = tokio::select! {
            () = stream.ready() => None,
            event = lanes::hear(&mut self.lanes, self.max_given) => Some(event),
        };
        self.stream = Some(stream);
        let ready = event.is_none();
        if let Some(event) = event {
            self.heard(event);
        }
        Ok(ready)
    }

    /// Waits for further connections.
    async fn hear(&mut self) {
        let event = lanes::hear(&mut self.lanes, self.max_given).await;
        self.heard(event);
    }

    fn heard(&mut self, event: Event) {
        match event {
            Event::Entries(entries) => self.waiting.extend(entries),
            Event::Left(window, given) => self.left.push_back((window, given)),
            Event::Nothing => {}
        }
    }

    /// Opens further connections once there are many objects, where it is the server that takes the time.
    fn consider_lanes(&mut self) {
        self.total += 1;
        if self.total.is_multiple_of(self.many) && self.may_open() && (self.eager || self.mostly_waits()) {
            self.open_lanes();
        }
    }

    /// Whether further connections could be opened.
    fn may_open(&self) -> bool {
        !self.opened && self.plan.as_ref().is_some_and(|plan| !plan.is_used_up())
    }

    fn open_lanes(&mut self) {
        self.opened = true;
        let Some(plan) = &self.plan else { return };
        let patience = self.session.opened_in() * 2 + self.held_up;
        for _ in 1..self.query.connections {
            self.lanes.push(Lane::open(self.session.twin(), patience, self.query.clone(), plan.clone()));
        }
    }

    /// Whether it is the server that takes the time: what is left of it is spent on what came.
    fn mostly_waits(&self) -> bool {
        let waited = self.waited + self.stream.as_ref().map_or(Duration::ZERO, EntryStream::waited);
        waited >= LONG && waited * 5 >= self.began.elapsed() * 4
    }

    /// Gives an entry unless it was given before.
    fn take(&mut self, entry: Entry, window: Window) -> Option<Entry> {
        self.consider_lanes();
        let Some(guid) = entry.guid() else {
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
        let width = (high - window.low + 1).div_ceil(8).max(MIN_WIDTH);
        if self.plan.is_some() {
            // Others have the windows above: only this one is read again.
            for (i, low) in (window.low..=high).step_by(usize::try_from(width).unwrap_or(1)).enumerate() {
                let part = Window { low, high: Some(high.min(low + width - 1)) };
                self.left.insert(i, (part, HashSet::new()));
            }
        } else {
            self.width = Adaptive(width);
        }
        self.window = None;
        true
    }

    /// A window was read to its end.
    fn end(&mut self, window: Window) {
        self.waited += self.stream.take().map_or(Duration::ZERO, |stream| stream.waited());
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
        if found > DENSE || self.before.is_empty() {
            match &self.plan {
                Some(plan) => plan.found(found),
                None => self.width.adapt(found),
            }
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
