//! One naming context, read batch by batch.

use adrecover_core::change::{Batch, ChangesError, Cursor, ObjectChange, Phase};
use adrecover_core::directory::{Directory, Query, Scope, Visibility};
use adrecover_core::{DirectoryError, Dn, Entry, ObjectGuid};

use super::extended::Extended;
use super::object::{self, From};
use super::page::Page;
use super::place::Place;
use super::rest::Rest;
use super::windows::Windows;
use super::{Changes, Stand, Way, control, stamps};
use crate::framer::Outcome;
use crate::message::{self, Filter};
use crate::{EntryStream, SearchOptions, link};

/// A batch is given once it holds so many objects, or about so many octets.
const MANY: usize = 500;
const LARGE: usize = 2 << 20;
/// The same of a full read: every batch is written with all that it touches of the journal's indexes.
const MANY_OF_ALL: usize = 2000;
const LARGE_OF_ALL: usize = 4 << 20;
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
    place: Place,
    source: Option<Source>,
    /// The page after this one, where it was asked for already: the server puts it together while this one is worked on.
    ahead: Option<Page>,
    /// Whether the server answers one question after the other, so that one may be asked ahead.
    is_in_order: bool,
    /// What is still to be told of an object with very many links.
    rest: Option<Rest>,
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
        let place = match from {
            Some(cursor) => Place::of(cursor.position.clone(), stand),
            None => Place::begin(changes.way, changes.session.root_dse(), stand),
        };
        Self {
            changes,
            context,
            head,
            stand,
            since: from.map_or(stand.usn, |cursor| cursor.usn),
            place,
            source: None,
            ahead: None,
            is_in_order: true,
            rest: None,
            is_first: from.is_none(),
            is_idle,
            retries: 0,
            finished: false,
        }
    }

    /// By which way it is read now: it may change with the first batch of a full read.
    pub fn way(&self) -> Way {
        self.place.way()
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
            (self.source, self.ahead, self.rest) = (None, None, None);
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
        let full = self.place.phase() == Phase::Full;
        let (many, large) = if full { (MANY_OF_ALL, LARGE_OF_ALL) } else { (MANY, LARGE) };
        if let Some(entry) = self.rest.as_mut().and_then(Rest::next) {
            // A batch of its own: within one batch an object is put together again.
            let part = object::change(entry, &self.changes.schema, From::DirSync { full });
            return self.batch(part.into_iter().collect(), None, false).await;
        }
        self.rest = None;
        loop {
            let Some(mut entry) = self.entry().await? else { break };
            let from = if self.way() == Way::Numbers { From::Search } else { From::DirSync { full } };
            if is_head(&entry, &self.context) {
                continue;
            }
            let rest = if from == (From::DirSync { full: true }) {
                Rest::of(&mut entry, &self.changes.schema)
            } else {
                None
            };
            let Some(object) = object::change(entry, &self.changes.schema, from) else { continue };
            size += object::size(&object);
            objects.push(object);
            self.rest = rest;
            if objects.len() >= many || size >= large || self.rest.is_some() {
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
        let phase = self.place.phase();
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

    /// Where to go on. As long as there is more, its number is the one of the beginning, so that nobody takes the rest for read.
    fn cursor(&self, is_last: bool) -> Cursor {
        let Stand { invocation, usn } = self.stand;
        let usn = if is_last { usn } else { self.since };
        Cursor { context: self.head, invocation, usn, position: self.place.position.clone() }
    }

    /// The next entry of the page; the page is asked for first.
    async fn entry(&mut self) -> Result<Option<Entry>, DirectoryError> {
        if self.source.is_none() {
            self.source = Some(self.turn_to()?);
        }
        match &mut self.source {
            Some(Source::Page(page)) => {
                if let Some(ahead) = self.ahead.as_mut().filter(|_| page.is_awaited()) {
                    // As long as much of a page waits to be taken nothing is read of the connection: one that overtakes the page
                    // that is waited for would be in its way for ever.
                    let overtaken = tokio::select! {
                        biased;
                        arrived = page.arrives() => arrived.map(|()| false)?,
                        _ = ahead.arrives() => true,
                    };
                    if overtaken {
                        (self.ahead, self.is_in_order) = (None, false);
                    }
                }
                page.next().await
            }
            Some(Source::Stream { stream, count }) => {
                let entry = stream.next().await?;
                *count += usize::from(entry.is_some());
                Ok(entry)
            }
            None => Ok(None),
        }
    }

    /// The page of this place, and the one after it asked for where that is known.
    fn turn_to(&mut self) -> Result<Source, DirectoryError> {
        if self.way() == Way::Numbers {
            return self.search();
        }
        let page = match self.ahead.take() {
            Some(page) => page,
            None => self.page(&self.place.filter())?,
        };
        if let Some(filter) = self.place.next_filter().filter(|_| self.is_in_order) {
            self.ahead = Some(self.page(&filter)?);
        }
        Ok(Source::Page(page))
    }

    /// Asks for a page.
    fn page(&self, filter: &str) -> Result<Page, DirectoryError> {
        let Changes { session, schema, .. } = &*self.changes;
        let root = session.root_dse();
        let names = schema.names(root.is_samba());
        let search =
            message::search(&self.context.to_string(), Scope::Subtree, &Filter::parse(filter)?, &names);
        let controls = control::dir_sync(self.place.cookie(), self.way() == Way::OwnRights, root);
        Ok(Page::ask(session.link(), &search, &controls))
    }

    /// Searches by numbers.
    fn search(&self) -> Result<Source, DirectoryError> {
        let Changes { session, schema, .. } = &*self.changes;
        let names = schema.names(false).into_iter();
        let names = names.chain(["uSNChanged", "whenChanged", "replPropertyMetaData"].map(str::to_owned));
        let query = Query::below(self.context.to_string(), Scope::Subtree, self.place.filter())
            .attributes(names)
            .visibility(Visibility::Recycled);
        let options = SearchOptions { extended_dn: true, ..SearchOptions::default() };
        Ok(Source::Stream { stream: session.search_stream(&query, &options)?, count: 0 })
    }

    /// A page was read to its end: moves on. Whether it was the last.
    fn turn_the_page(&mut self) -> Result<bool, ChangesError> {
        let (found, said) = match self.source.take() {
            Some(Source::Page(mut page)) => {
                let outcome = page.outcome();
                if outcome.code != 0 {
                    return Err(self.refused(&outcome));
                }
                let link = self.changes.session.link();
                let said =
                    outcome.dir_sync.ok_or_else(|| link.malformed("a DirSync reply without a cookie"))?;
                (page.count, Some(said))
            }
            Some(Source::Stream { count, .. }) => (count, None),
            None => (0, None),
        };
        let turned = self.place.turn(found, said, self.stand);
        let is_last = turned.map_err(|problem| self.changes.session.link().malformed(problem))?;
        self.retries = 0;
        Ok(is_last)
    }

    fn refused(&self, outcome: &Outcome) -> ChangesError {
        let server = self.changes.session.server().to_string();
        let context = self.context.clone();
        let operation = format!("read the changes of {context}");
        let error = DirectoryError::from(link::refusal(outcome, operation));
        match outcome.code {
            50 => ChangesError::RightMissing { context },
            // Busy, unavailable.
            51 | 52 => error.into(),
            _ if !self.place.cookie().is_empty() => ChangesError::CursorRefused { server, context, error },
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
        self.place.windows.as_mut().map(Windows::narrow);
        Ok(())
    }

    /// Whether the server says that a reply is too large or took too long, and it can be asked for in smaller parts.
    fn is_too_much(&mut self, error: &DirectoryError) -> bool {
        error.refusal().is_some_and(|refusal| matches!(refusal.code, 3 | 4 | 11))
            && self.place.windows.as_mut().is_some_and(Windows::narrow)
    }

    /// Takes the next way, where a full read has not begun yet and any way will do.
    fn takes_another_way(&mut self) -> bool {
        self.is_first && self.changes.way == Way::Best && self.place.take_another_way(self.stand)
    }
}

/// Whether it is the head of another naming context, which belongs to that one and is shown below its parent too (IT_NC_HEAD of
/// `instanceType`, [MS-ADTS] 3.1.1.1.8).
fn is_head(entry: &Entry, context: &Dn) -> bool {
    entry.integer("instanceType").is_some_and(|kind| kind & 1 != 0)
        && Extended::read(&entry.dn).dn.parse::<Dn>().is_ok_and(|dn| dn != *context)
}
