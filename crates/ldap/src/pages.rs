//! A search read page by page (RFC 2696), at most one page ahead.
//!
//! The end of a page is looked for before what came with it is taken apart, and the next page asked for at once: so the
//! server works on it meanwhile, and a long list takes as long as the slower of both and not as both together.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use adrecover_core::directory::Scope;
use adrecover_core::text::printable;
use adrecover_core::{DirectoryError, Entry};
use ldap3::controls::RawControl;

use crate::controls;
use crate::decode;
use crate::framer::Outcome;
use crate::link::{self, Link};
use crate::message::{self, Filter};
use crate::wire::{Batch, Exchange};

/// How many empty pages in a row are taken before the search counts as endless.
const MAX_EMPTY_PAGES: u32 = 1000;

/// Everything of a search but its paging cookie.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) base: String,
    pub(crate) scope: Scope,
    pub(crate) filter: Filter,
    pub(crate) attributes: Vec<String>,
    pub(crate) controls: Vec<RawControl>,
    /// The page size; `None` sends no paging control.
    pub(crate) page: Option<u32>,
}

impl Request {
    /// One object, without controls.
    pub(crate) fn object(base: &str, attributes: &[&str]) -> Self {
        Self {
            base: base.to_owned(),
            scope: Scope::Base,
            filter: Filter::any(),
            attributes: attributes.iter().map(|a| (*a).to_owned()).collect(),
            controls: vec![],
            page: None,
        }
    }

    /// What is asked, in words.
    pub(crate) fn describe(&self) -> String {
        let base = if self.base.is_empty() { "the root".into() } else { printable(&self.base) };
        match self.scope {
            Scope::Base => format!("read {base}"),
            _ => format!("search below {base}"),
        }
    }
}

/// The entries of a search as the server sends them, ranged attributes in parts.
pub(crate) struct Pages {
    link: Link,
    request: Request,
    /// Whether the next page is asked for before the last one is used up.
    ahead: bool,
    /// The page that is being read.
    open: Option<Exchange>,
    cookie: Vec<u8>,
    /// What has come and was not given yet, and how much of the first batch was.
    waiting: VecDeque<Batch>,
    given: usize,
    /// How many entries are waiting.
    left: usize,
    /// Whether nothing more is asked for.
    finished: bool,
    /// What is told once everything that came before it was given.
    failure: Option<DirectoryError>,
    received: u64,
    /// How long replies were waited for.
    waited: Duration,
    references: u64,
    /// The first DN of this page and of the one before.
    page_head: Option<Vec<u8>>,
    last_head: Option<Vec<u8>>,
    empty_pages: u32,
}

impl Pages {
    pub(crate) fn new(link: Link, request: Request) -> Self {
        Self {
            link,
            request,
            ahead: true,
            open: None,
            cookie: vec![],
            waiting: VecDeque::new(),
            given: 0,
            left: 0,
            finished: false,
            failure: None,
            received: 0,
            waited: Duration::ZERO,
            references: 0,
            page_head: None,
            last_head: None,
            empty_pages: 0,
        }
    }

    /// Asks for a page only when it is wanted.
    pub(crate) fn on_demand(&mut self) {
        self.ahead = false;
    }

    /// How long replies were waited for.
    pub(crate) fn waited(&self) -> Duration {
        self.waited
    }

    pub(crate) fn link(&self) -> &Link {
        &self.link
    }

    pub(crate) fn request(&self) -> &Request {
        &self.request
    }

    /// The references to other servers that were skipped.
    pub(crate) fn references(&self) -> u64 {
        self.references
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Entry>, DirectoryError> {
        loop {
            if let Some(entry) = self.digest().await? {
                return Ok(Some(entry));
            }
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
            if self.finished {
                return Ok(None);
            }
            self.receive().await;
        }
    }

    /// Waits until there is something to give, or the end. It may be cancelled.
    pub(crate) async fn ready(&mut self) {
        while self.left == 0 && !self.finished && self.failure.is_none() {
            self.receive().await;
        }
    }

    /// Takes in what comes next.
    async fn receive(&mut self) {
        self.ask();
        let Some(open) = &mut self.open else { return };
        let since = Instant::now();
        let reply = self.link.reply(open).await;
        self.waited += since.elapsed();
        match reply {
            Ok(batch) => self.take(batch),
            Err(error) => {
                if matches!(error, DirectoryError::Timeout { .. }) {
                    self.close();
                }
                self.finish(Err(error));
            }
        }
    }

    /// The next of the entries that are waiting.
    async fn digest(&mut self) -> Result<Option<Entry>, DirectoryError> {
        while let Some(batch) = self.waiting.front() {
            if let Some(range) = batch.entries.get(self.given) {
                let entry = decode::entry(&batch.octets[range.clone()]);
                self.given += 1;
                self.left -= 1;
                return match entry {
                    Ok(entry) => Ok(Some(entry)),
                    Err(problem) => {
                        self.close();
                        Err(self.link.malformed(problem))
                    }
                };
            }
            self.waiting.pop_front();
            self.given = 0;
            if !self.waiting.is_empty() {
                // What is on the way comes in before more is taken apart.
                tokio::task::yield_now().await;
            }
            self.look_ahead();
        }
        Ok(None)
    }

    /// Takes in what has come, and asks for the next page where the last one is there to its end.
    fn look_ahead(&mut self) {
        while let Some(batch) = self.open.as_mut().and_then(|open| open.replies.try_recv().ok()) {
            self.take(batch);
        }
        self.ask_ahead();
    }

    /// Asks for the next page where there is one and no more than one page is waiting, so that memory stays flat.
    fn ask_ahead(&mut self) {
        let page = self.request.page.map_or(0, |page| page as usize);
        if self.ahead && !self.finished && !self.cookie.is_empty() && self.left <= page {
            self.ask();
        }
    }

    /// Asks for a page unless one is on its way.
    fn ask(&mut self) {
        if self.open.is_some() {
            return;
        }
        let mut controls = self.request.controls.clone();
        controls.extend(self.request.page.map(|size| controls::paged(size, &self.cookie)));
        let Request { base, scope, filter, attributes, .. } = &self.request;
        self.open = Some(self.link.ask(&message::search(base, *scope, filter, attributes), &controls));
    }

    /// Puts what has come to what is waiting.
    fn take(&mut self, mut batch: Batch) {
        if let (None, Some(first)) = (&self.page_head, batch.entries.first()) {
            self.page_head = decode::name(&batch.octets[first.clone()]).ok().map(<[u8]>::to_vec);
        }
        self.references += batch.references;
        self.received += batch.entries.len() as u64;
        self.left += batch.entries.len();
        let end = batch.end.take();
        if !batch.entries.is_empty() {
            self.waiting.push_back(batch);
        }
        if let Some(outcome) = end {
            self.open = None;
            match self.end_of_page(outcome) {
                Ok(true) => self.finish(Ok(())),
                Ok(false) => self.ask_ahead(),
                Err(error) => self.finish(Err(error)),
            }
        }
    }

    /// Nothing more is asked for.
    fn finish(&mut self, result: Result<(), DirectoryError>) {
        self.finished = true;
        self.open = None;
        self.failure = result.err();
    }

    /// Whether the search is over.
    fn end_of_page(&mut self, outcome: Outcome) -> Result<bool, DirectoryError> {
        match outcome.code {
            0 => {}
            32 => return Ok(true),
            _ => {
                let mut operation = self.request.describe();
                if self.received > 0 {
                    operation
                        .push_str(&format!(" (in part: {} objects were returned before)", self.received));
                }
                return Err(link::refusal(&outcome, operation).into());
            }
        }
        match outcome.cookie {
            Some(cookie) if !cookie.is_empty() && self.request.page.is_some() => {
                self.check_progress(&cookie)?;
                self.cookie = cookie;
                Ok(false)
            }
            _ => Ok(true),
        }
    }

    /// Samba's cookie is a number that stays the same for a whole search, so that a repeated one is a fault only where the page
    /// repeats itself too.
    fn check_progress(&mut self, cookie: &[u8]) -> Result<(), DirectoryError> {
        let head = self.page_head.take();
        let same_cookie = !self.cookie.is_empty() && self.cookie == cookie;
        if same_cookie && head.is_some() && head == self.last_head {
            return Err(self.link.malformed("the same page was sent twice, with the same paging cookie"));
        }
        self.empty_pages = if head.is_none() { self.empty_pages + 1 } else { 0 };
        if self.empty_pages > MAX_EMPTY_PAGES || (same_cookie && self.empty_pages > 2) {
            return Err(self.link.malformed("empty pages come without an end"));
        }
        self.last_head = head;
        Ok(())
    }

    /// Stops the search and tells the server so (RFC 4511 4.11).
    pub(crate) fn close(&mut self) {
        self.finished = true;
        self.waiting.clear();
        (self.given, self.left) = (0, 0);
        if let Some(open) = self.open.take() {
            self.link.abandon(open.id);
        }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.close();
    }
}
