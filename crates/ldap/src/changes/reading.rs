//! One naming context, read batch by batch.

use adrecover_core::change::{Batch, ChangesError, Cursor, FullRead, ObjectChange, Phase, Position};
use adrecover_core::directory::{Directory, Query, Scope, Visibility};
use adrecover_core::{DirectoryError, Dn, Entry, ObjectGuid};

use super::extended::Extended;
use super::object::{self, From};
use super::page::Page;
use super::windows::Windows;
use super::{Changes, Stand, Way, control, stamps};
use crate::framer::Outcome;
use crate::message::{self, Filter};
use crate::{EntryStream, SearchOptions, link};

/// A batch is given once it holds so many objects, or about so many octets.
const MANY: usize = 500;
const LARGE: usize = 2 << 20;
/// How often one page is asked for again after the connection broke.
const MAX_RETRIES: u32 = 3;

/// The reading of a naming context. After an error it is at its end; what was given before with a cursor holds.
#[derive(Debug)]
pub struct Reading<'a> {
    changes: &'a mut Changes,
    context: Dn,
    head: ObjectGuid,
    /// Before anything was read.
    stand: Stand,
    /// The highest number of the cursor that it began with.
    since: u64,
    /// Where the page that is being read begins.
    position: Position,
    /// Where it is read in parts.
    windows: Option<Windows>,
    source: Option<Source>,
    /// Whether it is a full read of which nothing was given yet.
    is_first: bool,
    /// Whether nothing at all has changed since the cursor.
    is_idle: bool,
    retries: u32,
    finished: bool,
}

#[derive(Debug)]
enum Source {
    Page(Page),
    Stream { stream: EntryStream, count: usize },
}

impl<'a> Reading<'a> {
    pub(super) fn new(
        changes: &'a mut Changes,
        context: Dn,
        head: ObjectGuid,
        stand: Stand,
        from: Option<&Cursor>,
    ) -> Self {
        let is_idle = from.is_some_and(|cursor| cursor.usn == stand.usn && cursor.full().is_none());
        let position = from.map_or_else(|| begin(changes, stand), |cursor| cursor.position.clone());
        let windows = windows(&position, stand.usn);
        Self {
            changes,
            context,
            head,
            stand,
            since: from.map_or(stand.usn, |cursor| cursor.usn),
            position,
            windows,
            source: None,
            is_first: from.is_none(),
            is_idle,
            retries: 0,
            finished: false,
        }
    }

    /// By which way it is read now: it may change with the first batch of a full read.
    pub fn way(&self) -> Way {
        match self.position {
            Position::DirSync { own_rights: false, .. } => Way::DirSync,
            Position::DirSync { own_rights: true, .. } => Way::OwnRights,
            Position::Usn { .. } => Way::Numbers,
        }
    }

    /// The next batch; `None` after the last one.
    pub async fn next(&mut self) -> Result<Option<Batch>, ChangesError> {
        while !self.finished {
            let error = match self.fill().await {
                Ok(batch) => {
                    self.finished = batch.is_last;
                    self.is_first = false;
                    return Ok(Some(batch));
                }
                Err(error) => error,
            };
            self.source = None;
            let result = match error {
                ChangesError::Directory(error) if error.outcome_is_unknown() => self.recover(error).await,
                ChangesError::Directory(error) if self.is_too_much(&error) => Ok(()),
                error if error.has_another_way() && self.takes_another_way() => Ok(()),
                error => Err(error),
            };
            if let Err(error) = result {
                self.finished = true;
                return Err(error);
            }
        }
        Ok(None)
    }

    /// Reads until there is enough for a batch, or a page is at its end.
    async fn fill(&mut self) -> Result<Batch, ChangesError> {
        if self.is_idle {
            return self.batch(vec![], Some(self.cursor(true)), true).await;
        }
        let (mut objects, mut size) = (vec![], 0);
        loop {
            let Some(entry) = self.entry().await? else { break };
            let full = self.phase() == Phase::Full;
            let from = if self.way() == Way::Numbers { From::Search } else { From::DirSync { full } };
            if is_head(&entry, &self.context) {
                continue;
            }
            let Some(object) = object::change(entry, &self.changes.schema, from) else { continue };
            size += object::size(&object);
            objects.push(object);
            if objects.len() >= MANY || size >= LARGE {
                return self.batch(objects, None, false).await;
            }
        }
        // What this page was part of, before the position moves on; and the changes' stamps, before the page counts as read.
        let mut batch = self.batch(objects, None, false).await?;
        batch.is_last = self.turn_the_page()?;
        batch.cursor = Some(self.cursor(batch.is_last));
        Ok(batch)
    }

    async fn batch(
        &mut self,
        mut objects: Vec<ObjectChange>,
        cursor: Option<Cursor>,
        is_last: bool,
    ) -> Result<Batch, ChangesError> {
        let phase = self.phase();
        if phase == Phase::Following && self.way() != Way::Numbers && !objects.is_empty() {
            self.add_stamps(&mut objects).await?;
        }
        if phase == Phase::Following
            && !objects.is_empty()
            && self.context == self.changes.session.root_dse().schema_naming_context
        {
            self.changes.is_schema_old = true;
        }
        let naming_context = self.context.clone();
        Ok(Batch { naming_context, phase, is_first: self.is_first, objects, cursor, is_last })
    }

    /// When and where the changes were made.
    async fn add_stamps(&mut self, objects: &mut [ObjectChange]) -> Result<(), DirectoryError> {
        let is_free = !matches!(&self.source, Some(Source::Page(page)) if !page.is_here());
        if !is_free && self.changes.side().await.is_none() {
            return Ok(());
        }
        let Changes { session, side, schema, .. } = &*self.changes;
        let session = side.as_ref().filter(|_| !is_free).unwrap_or(session);
        match stamps::add(session, schema, &self.context, self.stand.usn, objects).await {
            // They are a help, and no reason to lose the changes.
            Err(DirectoryError::Refused(_) | DirectoryError::BadRequest(_)) => Ok(()),
            result => result,
        }
    }

    fn phase(&self) -> Phase {
        let (Position::DirSync { full, .. } | Position::Usn { full, .. }) = &self.position;
        if full.is_some() { Phase::Full } else { Phase::Following }
    }

    /// Where to go on. As long as there is more, its number is the one of the beginning, so that nobody takes the rest for read.
    fn cursor(&self, is_last: bool) -> Cursor {
        let Stand { invocation, usn } = self.stand;
        let usn = if is_last { usn } else { self.since };
        Cursor { context: self.head, invocation, usn, position: self.position.clone() }
    }

    /// The next entry of the page; the page is asked for first.
    async fn entry(&mut self) -> Result<Option<Entry>, DirectoryError> {
        if self.source.is_none() {
            self.source = Some(self.ask()?);
        }
        match &mut self.source {
            Some(Source::Page(page)) => page.next().await,
            Some(Source::Stream { stream, count }) => {
                let entry = stream.next().await?;
                *count += usize::from(entry.is_some());
                Ok(entry)
            }
            None => Ok(None),
        }
    }

    fn ask(&self) -> Result<Source, DirectoryError> {
        let Changes { session, schema, .. } = &*self.changes;
        let root = session.root_dse();
        let filter = self.windows.as_ref().map_or_else(|| "(objectClass=*)".to_owned(), Windows::filter);
        let base = self.context.to_string();
        if let Position::DirSync { cookie, own_rights, full } = &self.position {
            // In windows the cookie is the one to go on from afterwards.
            let in_windows = matches!(full, Some(FullRead::Usn { .. }));
            let cookie = if in_windows { &[][..] } else { cookie };
            let names = schema.names(root.is_samba());
            let search = message::search(&base, Scope::Subtree, &Filter::parse(&filter)?, &names);
            let controls = control::dir_sync(cookie, *own_rights, root);
            return Ok(Source::Page(Page::ask(session.link(), &search, &controls)));
        }
        let names = schema.names(false).into_iter();
        let names = names.chain(["uSNChanged", "whenChanged", "replPropertyMetaData"].map(str::to_owned));
        let query =
            Query::below(base, Scope::Subtree, filter).attributes(names).visibility(Visibility::Recycled);
        let options = SearchOptions { extended_dn: true, ..SearchOptions::default() };
        Ok(Source::Stream { stream: session.search_stream(&query, &options)?, count: 0 })
    }

    /// A page was read to its end: moves the position on. Whether it was the last.
    fn turn_the_page(&mut self) -> Result<bool, ChangesError> {
        let (found, has_more) = match self.source.take() {
            Some(Source::Page(mut page)) => {
                let outcome = page.outcome();
                (page.count, self.take_cookie(outcome, page.count)?)
            }
            Some(Source::Stream { count, .. }) => (count, false),
            None => (0, false),
        };
        self.retries = 0;
        let Some(windows) = &mut self.windows else {
            if let (Position::DirSync { full, .. }, false) = (&mut self.position, has_more) {
                *full = None;
            }
            return Ok(!has_more);
        };
        let end = windows.high();
        windows.advance(found);
        let low = windows.low();
        match (&mut self.position, end) {
            (Position::DirSync { full, .. }, None) => *full = None,
            (Position::Usn { after, full }, None) => {
                // What came in the last window has a higher number than the one from before it, and comes again.
                *after = if full.is_some() { *after } else { self.stand.usn.max(*after) };
                *full = None;
            }
            (
                Position::DirSync { full: Some(full), .. } | Position::Usn { full: Some(full), .. },
                Some(_),
            ) => {
                *full = FullRead::Usn { from: low };
            }
            (Position::Usn { after, full: None }, Some(high)) => *after = high,
            (Position::DirSync { full: None, .. }, Some(_)) => {}
        }
        Ok(end.is_none())
    }

    /// What the server says at the end of a DirSync reply: whether there is more by the cookie that came.
    fn take_cookie(&mut self, outcome: Outcome, count: usize) -> Result<bool, ChangesError> {
        if outcome.code != 0 {
            return Err(self.refused(&outcome));
        }
        let link = self.changes.session.link();
        let state = outcome.dir_sync.ok_or_else(|| link.malformed("a DirSync reply without a cookie"))?;
        let Position::DirSync { cookie, full, .. } = &mut self.position else { return Ok(false) };
        if !matches!(full, Some(FullRead::Usn { .. })) {
            if state.has_more && count == 0 && *cookie == state.cookie {
                return Err(link.malformed("an empty page, with the cookie that it was asked for by").into());
            }
            *cookie = state.cookie;
            return Ok(state.has_more);
        }
        if state.has_more {
            // It has pages of its own after all: from the beginning, by these.
            self.windows = None;
            *full = Some(FullRead::Cookie);
            cookie.clear();
            return Err(link.malformed("a part of a reply where the whole one was awaited").into());
        }
        if cookie.is_empty() {
            // That of the first window: what changes from now on is told by it.
            *cookie = state.cookie;
        }
        Ok(false)
    }

    fn refused(&self, outcome: &Outcome) -> ChangesError {
        let server = self.changes.session.server().to_string();
        let context = self.context.clone();
        let operation = format!("read the changes of {context}");
        let error = DirectoryError::from(link::refusal(outcome, operation));
        let by_cookie = matches!(&self.position, Position::DirSync { cookie, .. } if !cookie.is_empty());
        match outcome.code {
            50 => ChangesError::RightMissing { context },
            // Busy, unavailable.
            51 | 52 => error.into(),
            _ if by_cookie && self.windows.is_none() => {
                ChangesError::CursorRefused { server, context, error }
            }
            12 | 53 => ChangesError::NotOffered { server },
            _ => error.into(),
        }
    }

    /// Connects again, and begins the page anew.
    async fn recover(&mut self, error: DirectoryError) -> Result<(), ChangesError> {
        if self.retries >= MAX_RETRIES {
            return Err(error.into());
        }
        self.retries += 1;
        self.changes.session.reconnect().await?;
        self.changes.side = None;
        // What broke it may break it again.
        self.windows.as_mut().map(Windows::narrow);
        Ok(())
    }

    /// Whether the server says that a reply is too large or took too long, and it can be asked for in smaller parts.
    fn is_too_much(&mut self, error: &DirectoryError) -> bool {
        error.refusal().is_some_and(|refusal| matches!(refusal.code, 3 | 4 | 11))
            && self.windows.as_mut().is_some_and(Windows::narrow)
    }

    /// Takes the next way, where a full read has not begun yet and any way will do.
    fn takes_another_way(&mut self) -> bool {
        if !self.is_first || self.changes.way != Way::Best {
            return false;
        }
        match &mut self.position {
            Position::DirSync { own_rights, .. } if !*own_rights => *own_rights = true,
            Position::DirSync { .. } => self.position = by_numbers(self.stand),
            Position::Usn { .. } => return false,
        }
        self.windows = windows(&self.position, self.stand.usn);
        true
    }
}

/// Whether it is the head of another naming context, which belongs to that one and is shown below its parent too (IT_NC_HEAD of
/// `instanceType`, [MS-ADTS] 3.1.1.1.8).
fn is_head(entry: &Entry, context: &Dn) -> bool {
    entry.integer("instanceType").is_some_and(|kind| kind & 1 != 0)
        && Extended::read(&entry.dn).dn.parse::<Dn>().is_ok_and(|dn| dn != *context)
}

/// Where a full read begins.
fn begin(changes: &Changes, stand: Stand) -> Position {
    let root = changes.session.root_dse();
    let own_rights = match changes.way {
        Way::Numbers => return by_numbers(stand),
        Way::Best if !root.supports(control::DIR_SYNC) => return by_numbers(stand),
        Way::Best | Way::DirSync => false,
        Way::OwnRights => true,
    };
    let full = if root.is_samba() { FullRead::Usn { from: 0 } } else { FullRead::Cookie };
    Position::DirSync { cookie: vec![], own_rights, full: Some(full) }
}

fn by_numbers(stand: Stand) -> Position {
    Position::Usn { after: stand.usn, full: Some(FullRead::Usn { from: 0 }) }
}

/// The parts in which it is read from there; `None` where the server's own pages are.
fn windows(position: &Position, top: u64) -> Option<Windows> {
    match position {
        Position::DirSync { full: Some(FullRead::Usn { from }), .. }
        | Position::Usn { full: Some(FullRead::Usn { from }), .. } => Some(Windows::new(*from, top)),
        Position::Usn { after, full: None } => Some(Windows::new(after.saturating_add(1), top)),
        Position::Usn { full: Some(FullRead::Cookie), .. } => Some(Windows::new(0, top)),
        Position::DirSync { .. } => None,
    }
}
