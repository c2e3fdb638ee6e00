//! Pages by number: read, checked, taken apart, and a bounded number of them kept.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::checksum::{self, Verdict};
use super::damage::{Fault, Log};
use super::page::Page;
use super::storage::Storage;

/// So many octets of pages are kept at most.
const CACHE: usize = 8 << 20;

/// The pages of a database.
pub(crate) struct Pager {
    storage: Box<dyn Storage>,
    page_size: usize,
    pages: u32,
    cache: Mutex<Cache>,
    pub(crate) log: Log,
}

/// The pages that were needed last: two generations, the older of which is dropped when the younger one is full.
#[derive(Default)]
struct Cache {
    young: HashMap<u32, Arc<Page>>,
    old: HashMap<u32, Arc<Page>>,
}

impl Pager {
    pub(crate) fn new(storage: Box<dyn Storage>, page_size: usize) -> io::Result<Self> {
        // The first two pages are the header and its copy.
        let pages = (storage.len()? / page_size as u64).saturating_sub(2);
        let pages = u32::try_from(pages).unwrap_or(u32::MAX);
        Ok(Self { storage, page_size, pages, cache: Mutex::default(), log: Log::default() })
    }

    /// The number of the last page.
    pub(crate) fn last(&self) -> u32 {
        self.pages
    }

    /// A page that is likely to be needed again. What is wrong with it is kept in the log, and told.
    pub(crate) fn page(&self, number: u32) -> Result<Arc<Page>, Fault> {
        if let Some(page) = self.kept(number) {
            return Ok(page);
        }
        let page = self.page_once(number)?;
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if (cache.young.len() + 1) * self.page_size * 2 > CACHE {
            cache.old = std::mem::take(&mut cache.young);
        }
        cache.young.insert(number, Arc::clone(&page));
        Ok(page)
    }

    fn kept(&self, number: u32) -> Option<Arc<Page>> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(page) = cache.young.get(&number) {
            return Some(Arc::clone(page));
        }
        let page = cache.old.remove(&number)?;
        cache.young.insert(number, Arc::clone(&page));
        Some(page)
    }

    /// A page that is read once, as by a scan: it does not push others out of the cache.
    pub(crate) fn page_once(&self, number: u32) -> Result<Arc<Page>, Fault> {
        self.read(number).map(Arc::new).inspect_err(|fault| self.log.add(number, fault.clone()))
    }

    fn read(&self, number: u32) -> Result<Page, Fault> {
        if number == 0 || number > self.pages {
            return Err(Fault::BeyondEnd);
        }
        let mut bytes = vec![0; self.page_size].into_boxed_slice();
        let at = (u64::from(number) + 1) * self.page_size as u64;
        self.storage.read_exact_at(&mut bytes, at).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Fault::BeyondEnd,
            _ => Fault::Io(error.to_string()),
        })?;
        match checksum::check(&mut bytes, number) {
            Verdict::Right(_) => self.log.checked(),
            Verdict::Mended(_) => self.log.mended(),
            Verdict::Absent => self.log.unchecked(),
            Verdict::Blank => return Err(Fault::Blank),
            Verdict::Wrong(_) => return Err(Fault::Checksum),
        }
        let page = Page::new(number, bytes)?;
        if page.is_space_tree() {
            return Err(Fault::Layout("it keeps free space, no data"));
        }
        Ok(page)
    }
}
