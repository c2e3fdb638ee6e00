//! A database that is open: its tables, their rows in order, and single rows by key.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::catalog::{self, Index, Table};
use super::compression::Scheme;
use super::damage::{DamageReport, Fault};
use super::error::EseError;
use super::header::{Header, State};
use super::key;
use super::long_value;
use super::page::Page;
use super::pager::Pager;
use super::record::{FieldError, Record};
use super::storage::Storage;
use super::tree::{self, Leaves, Position};

/// How a database is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether one that was not closed cleanly is read as it is. Then parts of it may disagree, and what its logs hold is
    /// missing.
    pub allow_dirty: bool,
    /// The longest value that is read, in octets. Active Directory takes none above some 10 MB.
    pub max_value: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { allow_dirty: false, max_value: 16 << 20 }
    }
}

/// What of the format was met so far, counted each time.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    pub(crate) seven_bit_ascii: AtomicU64,
    pub(crate) seven_bit_unicode: AtomicU64,
    pub(crate) xpress: AtomicU64,
    pub(crate) long_seven_bit_ascii: AtomicU64,
    pub(crate) long_seven_bit_unicode: AtomicU64,
    pub(crate) long_xpress: AtomicU64,
    pub(crate) long_values: AtomicU64,
    pub(crate) multi_values: AtomicU64,
    pub(crate) two_values: AtomicU64,
}

impl Usage {
    pub(crate) fn schemes(&self, scheme: Scheme) -> &AtomicU64 {
        match scheme {
            Scheme::SevenBitAscii => &self.seven_bit_ascii,
            Scheme::SevenBitUnicode => &self.seven_bit_unicode,
            Scheme::Xpress => &self.xpress,
        }
    }

    pub(crate) fn long_schemes(&self, scheme: Scheme) -> &AtomicU64 {
        match scheme {
            Scheme::SevenBitAscii => &self.long_seven_bit_ascii,
            Scheme::SevenBitUnicode => &self.long_seven_bit_unicode,
            Scheme::Xpress => &self.long_xpress,
        }
    }
}

/// An ESE database, open for reading.
pub struct Database {
    header: Header,
    pager: Pager,
    tables: Vec<Table>,
    options: Options,
    usage: Usage,
}

impl Database {
    /// Opens a file.
    pub fn open(path: &Path, options: Options) -> Result<Self, EseError> {
        Self::new(Box::new(File::open(path)?), options)
    }

    /// Opens what is in a storage.
    pub fn new(storage: Box<dyn Storage>, options: Options) -> Result<Self, EseError> {
        let header = Header::read(storage.as_ref())?;
        if header.state != State::CleanShutdown && !options.allow_dirty {
            return Err(EseError::Dirty(header.state));
        }
        let pager = Pager::new(storage, header.page_size)?;
        if header.is_shadow {
            pager.log.note("the header is damaged: its copy was used".into());
        } else if !header.is_intact {
            pager.log.note("the header is damaged, and its copy as well".into());
        }
        if header.state != State::CleanShutdown {
            pager
                .log
                .note(format!("the database was not closed cleanly ({}): parts may disagree", header.state));
        }
        let tables = catalog::read(&pager)?;
        Ok(Self { header, pager, tables, options, usage: Usage::default() })
    }

    /// What the file's header says.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// How many pages there are, without the header and its copy.
    pub fn pages(&self) -> u32 {
        self.pager.last()
    }

    /// Whether it was not closed cleanly: what is read may be out of date, or disagree.
    pub fn is_dirty(&self) -> bool {
        self.header.state != State::CleanShutdown
    }

    /// Its tables.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// A table by its name, in any case.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|t| t.name.eq_ignore_ascii_case(name))
    }

    /// A table that must be there.
    pub(crate) fn need(&self, name: &str) -> Result<&Table, EseError> {
        self.table(name).ok_or_else(|| EseError::NoTable(name.into()))
    }

    /// What has been found damaged so far.
    pub fn damage(&self) -> DamageReport {
        self.pager.log.report()
    }

    /// Which parts of the format occurred so far, and how often.
    pub fn usage(&self) -> Vec<(&'static str, u64)> {
        let usage = &self.usage;
        [
            ("values in 7-bit ASCII", &usage.seven_bit_ascii),
            ("values in 7-bit Unicode", &usage.seven_bit_unicode),
            ("values in XPRESS", &usage.xpress),
            ("pieces of long values in 7-bit ASCII", &usage.long_seven_bit_ascii),
            ("pieces of long values in 7-bit Unicode", &usage.long_seven_bit_unicode),
            ("pieces of long values in XPRESS", &usage.long_xpress),
            ("long values", &usage.long_values),
            ("multi-values", &usage.multi_values),
            ("pairs of values", &usage.two_values),
        ]
        .map(|(name, count)| (name, count.load(Ordering::Relaxed)))
        .into()
    }

    /// All rows of a table, in the order of its primary index. Damaged pages are left out and reported.
    pub fn rows(&self, table: &Table) -> Rows<'_> {
        Rows::new(&self.pager, table.root)
    }

    /// The entries of an index from a key on: their keys, and as data the keys of their rows.
    pub(crate) fn entries(&self, index: &Index, key: &[u8]) -> Result<Cursor<'_>, Fault> {
        Ok(Cursor { pager: &self.pager, at: Some(tree::seek(&self.pager, index.root, key)?) })
    }

    /// Up to `most` keys that lie apart in an index: bounds of its upper pages. None of a small one.
    pub(crate) fn spread(&self, index: &Index, most: usize) -> Vec<Vec<u8>> {
        let Ok(root) = self.pager.page(index.root) else { return Vec::new() };
        if root.is_leaf() {
            return Vec::new();
        }
        let step = root.len().div_ceil(most.max(1)).max(1);
        (0..root.len()).step_by(step).filter_map(|n| Some(root.node(n)?.key())).collect()
    }

    /// How much damage was found so far.
    pub(crate) fn damages(&self) -> u64 {
        self.pager.log.count()
    }

    /// A row by its primary key.
    pub(crate) fn row(&self, table: &Table, key: &[u8]) -> Result<Option<Row>, Fault> {
        let mut at = tree::seek(&self.pager, table.root, key)?;
        if !at.settle(&self.pager)? {
            return Ok(None);
        }
        let row = Row { page: at.page, index: at.index };
        Ok(row.is_at(key).then_some(row))
    }

    /// The first part of a key of an index, of a value as it is stored; `None` where keys of this index are not made here.
    pub(crate) fn key(&self, table: &Table, index: &Index, value: &[u8]) -> Option<Vec<u8>> {
        if !index.is_plain {
            return None;
        }
        key::of(table.column_by_id(*index.columns.first()?)?, value, index.longest)
    }

    /// Takes a row of a table apart. A row that does not hold together is reported, and `None`.
    pub fn record<'a>(&'a self, table: &'a Table, row: &'a Row) -> Option<Record<'a>> {
        if !row.page.has_new_records() {
            self.pager
                .log
                .add(row.page.number, Fault::Record("records of Exchange 5.5 are not supported".into()));
            return None;
        }
        match Record::new(row.data(), table, Some(self), row.page.is_small()) {
            Ok(record) => Some(record),
            Err(error) => {
                self.pager.log.add(row.page.number, Fault::Record(error.to_string()));
                None
            }
        }
    }

    /// Reports a value that cannot be read.
    pub(crate) fn report(&self, row: &Row, column: &str, problem: &str) {
        self.pager.log.add(row.page.number, Fault::Value(format!("{column}: {problem}")));
    }

    pub(crate) fn max_value(&self) -> usize {
        self.options.max_value
    }

    pub(crate) fn pager(&self) -> &Pager {
        &self.pager
    }

    pub(crate) fn count<'a>(&'a self, counter: impl FnOnce(&'a Usage) -> &'a AtomicU64) {
        counter(&self.usage).fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn long_value(&self, table: &Table, id: &[u8]) -> Result<Vec<u8>, FieldError> {
        let root = table.long_values.ok_or(FieldError::Layout("the table has no long values"))?;
        long_value::read(self, root, id)
    }
}

/// A row of a table, or an entry of an index. It keeps its page.
#[derive(Debug, Clone)]
pub struct Row {
    page: Arc<Page>,
    index: usize,
}

impl Row {
    /// The page that it is on.
    pub fn page(&self) -> u32 {
        self.page.number
    }

    /// The key that it is kept under.
    pub(crate) fn key(&self) -> Vec<u8> {
        self.page.node(self.index).map(|node| node.key()).unwrap_or_default()
    }

    pub(crate) fn data(&self) -> &[u8] {
        self.page.node(self.index).map_or(&[], |node| node.data)
    }

    pub(crate) fn is_small(&self) -> bool {
        self.page.is_small()
    }

    pub(crate) fn is_at(&self, key: &[u8]) -> bool {
        self.page.node(self.index).is_some_and(|node| node.compare(key).is_eq())
    }

    pub(crate) fn starts_with(&self, head: &[u8]) -> bool {
        self.page.node(self.index).is_some_and(|node| node.starts_with(head))
    }

    pub(crate) fn report(&self, pager: &Pager, what: String) {
        pager.log.add(self.page.number, Fault::Record(what));
    }
}

/// All rows of a tree.
pub struct Rows<'a> {
    pager: &'a Pager,
    leaves: Leaves<'a>,
    at: Option<(Arc<Page>, usize)>,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(pager: &'a Pager, root: u32) -> Self {
        Self { pager, leaves: Leaves::new(pager, root), at: None }
    }
}

impl Iterator for Rows<'_> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        loop {
            let Some((page, index)) = &mut self.at else {
                self.at = Some((self.leaves.next()?, 0));
                continue;
            };
            if *index >= page.len() {
                self.at = None;
                continue;
            }
            let here = *index;
            *index += 1;
            match page.node(here) {
                Some(node) if node.is_deleted => {}
                Some(_) => return Some(Row { page: Arc::clone(page), index: here }),
                None => {
                    let fault = Fault::Layout("one of its nodes does not hold together");
                    self.pager.log.add(page.number, fault);
                }
            }
        }
    }
}

/// A place in an index, from which entries come in order.
pub struct Cursor<'a> {
    pager: &'a Pager,
    at: Option<Position>,
}

impl Iterator for Cursor<'_> {
    type Item = Result<Row, Fault>;

    fn next(&mut self) -> Option<Result<Row, Fault>> {
        let at = self.at.as_mut()?;
        match at.settle(self.pager) {
            Ok(true) => {
                let row = Row { page: Arc::clone(&at.page), index: at.index };
                at.index += 1;
                Some(Ok(row))
            }
            Ok(false) => {
                self.at = None;
                None
            }
            Err(fault) => {
                self.at = None;
                Some(Err(fault))
            }
        }
    }
}
