//! What is wrong with a database, page by page: kept, bounded, and told at the end.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// So many damages are kept; more are counted.
const KEPT: usize = 1000;

/// What is wrong with a page, or with something on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The checksum does not fit.
    Checksum,
    /// The file ends before it.
    BeyondEnd,
    /// It is needed, and was never written.
    Blank,
    /// Something that must hold of every page does not.
    Layout(&'static str),
    /// It belongs to another tree than the one that points to it.
    OtherTree,
    /// It was met before: the tree has a circle.
    Again,
    /// A record on it cannot be taken apart.
    Record(String),
    /// A value of a record cannot be read.
    Value(String),
    /// The file cannot be read there.
    Io(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checksum => f.write_str("its checksum is wrong"),
            Self::BeyondEnd => f.write_str("the file ends before it"),
            Self::Blank => f.write_str("it is empty where data should be"),
            Self::Layout(what) => f.write_str(what),
            Self::OtherTree => f.write_str("it belongs to another tree"),
            Self::Again => f.write_str("the tree comes back to it"),
            Self::Record(what) => write!(f, "a record on it cannot be read: {what}"),
            Self::Value(what) => write!(f, "a value on it cannot be read: {what}"),
            Self::Io(what) => write!(f, "it cannot be read: {what}"),
        }
    }
}

/// One damage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The page, counted as the engine does: page 1 begins two page sizes into the file.
    pub page: u32,
    /// What is wrong.
    pub fault: Fault,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "page {}: {}", self.page, self.fault)
    }
}

/// What has been found so far. It grows while a database is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DamageReport {
    /// The damages, by page; at most 1000.
    pub damages: Vec<Damage>,
    /// How many more there are.
    pub more: u64,
    /// Pages of which one bit was wrong and was mended in memory.
    pub mended: u64,
    /// Pages without a checksum that were read nevertheless.
    pub unchecked: u64,
    /// Pages whose checksum was right, counted each time they were read from the file.
    pub checked: u64,
    /// What is wrong with the database as a whole.
    pub notes: Vec<String>,
}

impl DamageReport {
    /// Whether anything that was read is damaged. Mended and unchecked pages are not.
    pub fn is_damaged(&self) -> bool {
        !self.damages.is_empty()
    }
}

#[derive(Debug, Default)]
struct Kept {
    by_page: BTreeMap<u32, Vec<Fault>>,
    kept: usize,
    report: DamageReport,
}

/// Collects them.
#[derive(Debug, Default)]
pub(crate) struct Log(Mutex<Kept>);

impl Log {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a damage; the same one only once.
    pub(crate) fn add(&self, page: u32, fault: Fault) {
        let mut kept = self.lock();
        if kept.by_page.get(&page).is_some_and(|faults| faults.contains(&fault)) {
            return;
        }
        if kept.kept >= KEPT {
            kept.report.more += 1;
            return;
        }
        kept.kept += 1;
        kept.by_page.entry(page).or_default().push(fault);
    }

    pub(crate) fn note(&self, text: String) {
        self.lock().report.notes.push(text);
    }

    pub(crate) fn mended(&self) {
        self.lock().report.mended += 1;
    }

    pub(crate) fn unchecked(&self) {
        self.lock().report.unchecked += 1;
    }

    pub(crate) fn checked(&self) {
        self.lock().report.checked += 1;
    }

    pub(crate) fn count(&self) -> u64 {
        let kept = self.lock();
        kept.kept as u64 + kept.report.more
    }

    pub(crate) fn report(&self) -> DamageReport {
        let kept = self.lock();
        let damages = kept.by_page.iter().flat_map(|(page, faults)| {
            faults.iter().map(|fault| Damage { page: *page, fault: fault.clone() })
        });
        DamageReport { damages: damages.collect(), ..kept.report.clone() }
    }
}
