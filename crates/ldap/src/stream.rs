//! Entries one by one, with the parts of long attributes put together.

use std::time::Duration;

use adrecover_core::directory::{Refusal, Scope};
use adrecover_core::{DirectoryError, Entry};

use crate::decode::{self, Ranged};
use crate::link::Link;
use crate::message::Filter;
use crate::pages::Pages;
pub(crate) use crate::pages::Request;

/// The most requests for the rest of one attribute: at 1,500 values each, fifteen million values.
const MAX_RANGES: u32 = 10_000;

/// What a search may ask for besides its [`Query`](adrecover_core::directory::Query).
#[derive(Debug, Clone, Default)]
pub struct SearchOptions {
    /// Return DNs as `<GUID=…>;<SID=…>;DN` (Extended DN, 1.2.840.113556.1.4.529, as text).
    pub extended_dn: bool,
    /// The page size, where the server's own is not wanted.
    pub page_size: Option<u32>,
    /// Stop after so many entries; [`EntryStream::is_truncated`] tells whether there were more.
    pub size_limit: Option<u64>,
    /// Which parts of security descriptors to return (SD Flags, …801): 7 leaves out the SACL, which only few may read.
    pub sd_flags: Option<u8>,
}

/// The entries that a search finds. Two pages at most are held in memory.
///
/// When a stream that is not read to its end is closed or dropped, the server is told that nobody waits. A `next` that is
/// cancelled half-way may lose entries: close the stream then.
pub struct EntryStream {
    pages: Pages,
    left: Option<u64>,
    truncated: bool,
    follow: bool,
}

impl std::fmt::Debug for EntryStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EntryStream({})", self.pages.request().describe())
    }
}

impl EntryStream {
    pub(crate) fn open(link: Link, request: Request) -> Self {
        // Who names a range wants just that one.
        let follow = !request.attributes.iter().any(|a| a.to_ascii_lowercase().contains(";range="));
        Self { pages: Pages::new(link, request), left: None, truncated: false, follow }
    }

    pub(crate) fn limited(mut self, limit: Option<u64>) -> Self {
        self.left = limit;
        if limit.is_some() {
            self.pages.on_demand();
        }
        self
    }

    /// The next entry; `None` at the end. A base that does not exist is an empty result. After an error the stream is at its
    /// end.
    pub async fn next(&mut self) -> Result<Option<Entry>, DirectoryError> {
        let Some(entry) = self.pages.next().await? else {
            return Ok(None);
        };
        if self.left == Some(0) {
            self.truncated = true;
            self.close();
            return Ok(None);
        }
        self.left = self.left.map(|n| n - 1);
        if self.follow && decode::first_ranged(&entry).is_some() {
            return Ok(Some(self.complete(entry).await?));
        }
        Ok(Some(entry))
    }

    /// Waits until [`Self::next`] has something to say. It may be cancelled.
    pub(crate) async fn ready(&mut self) {
        self.pages.ready().await;
    }

    /// How long replies were waited for.
    pub(crate) fn waited(&self) -> Duration {
        self.pages.waited()
    }

    /// All that is left.
    pub async fn collect(mut self) -> Result<Vec<Entry>, DirectoryError> {
        let mut entries = vec![];
        while let Some(entry) = self.next().await? {
            entries.push(entry);
        }
        Ok(entries)
    }

    /// The only entry; more than one is no error here.
    pub(crate) async fn one(self) -> Result<Option<Entry>, DirectoryError> {
        Ok(self.collect().await?.into_iter().next())
    }

    /// Whether [`SearchOptions::size_limit`] left entries out.
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// How many references to other servers came along; they are not followed.
    pub fn references(&self) -> u64 {
        self.pages.references()
    }

    /// Stops the search and tells the server so.
    pub fn close(&mut self) {
        self.pages.close();
    }

    /// Follows every ranged attribute to its end.
    async fn complete(&mut self, mut entry: Entry) -> Result<Entry, DirectoryError> {
        while let Some((index, range)) = decode::first_ranged(&entry) {
            let mut values = std::mem::take(&mut entry.attributes[index].values);
            if range.low != 0 {
                return Err(self
                    .pages
                    .link()
                    .malformed(format!("values of {} begin at {}", range.name, range.low)));
            }
            self.rest(&entry, &range, &mut values).await?;
            entry.attributes[index].values = values;
            entry.attributes[index].name = range.name.clone().into();
            // The plain name came along without values.
            let plain = |a: &adrecover_core::entry::Attribute| {
                a.name.eq_ignore_ascii_case(&range.name) && a.values.is_empty()
            };
            entry.attributes.retain(|a| !plain(a));
        }
        Ok(entry)
    }

    async fn rest(
        &mut self,
        entry: &Entry,
        first: &Ranged,
        values: &mut Vec<Vec<u8>>,
    ) -> Result<(), DirectoryError> {
        let mut high = first.high;
        for _ in 0..MAX_RANGES {
            let Some(last) = high else { return Ok(()) };
            let low = last.saturating_add(1);
            let part = self.part(entry, &first.name, low).await?;
            let Some((index, range)) = decode::first_ranged(&part) else {
                // An exact end: no value is left.
                return Ok(());
            };
            let more = part.attributes.into_iter().nth(index).map(|a| a.values).unwrap_or_default();
            let progress = range.low == low
                && range.high.is_none_or(|h| h >= low)
                && (range.high.is_none() || !more.is_empty());
            if !progress || !range.name.eq_ignore_ascii_case(&first.name) {
                return Err(self
                    .pages
                    .link()
                    .malformed(format!("values of {} from {low} on came as others", first.name)));
            }
            values.extend(more);
            high = range.high;
        }
        Err(self.pages.link().malformed(format!("the values of {} have no end", first.name)))
    }

    /// The values from an index on.
    async fn part(&mut self, entry: &Entry, name: &str, low: u64) -> Result<Entry, DirectoryError> {
        let request = Request {
            base: address_of(entry),
            scope: Scope::Base,
            filter: Filter::any(),
            attributes: vec![format!("{name};range={low}-*")],
            controls: self.pages.request().controls.clone(),
            page: None,
        };
        let describe = request.describe();
        let mut pages = Pages::new(self.pages.link().clone(), request);
        pages.next().await?.ok_or_else(|| {
            let diagnostic = "it vanished while its values were read".to_owned();
            Refusal { code: 32, diagnostic, operation: describe }.into()
        })
    }
}

/// What names the object even when it is renamed meanwhile, if the entry tells it.
fn address_of(entry: &Entry) -> String {
    if let Some(guid) = entry.guid() {
        return guid.as_dn();
    }
    match entry.dn.strip_prefix("<GUID=").and_then(|tail| tail.split_once('>')) {
        Some((guid, _)) => format!("<GUID={guid}>"),
        None => entry.dn.clone(),
    }
}
