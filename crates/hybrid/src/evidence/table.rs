//! All objects of one kind, from all files: each once, the newest first where files disagree.

use std::collections::{BTreeMap, HashMap};

use super::convert::Why;
use super::entity::Entity;
use super::fields::Kind;
use super::index::hash64;
use super::known::Known;
use super::pack::Items;
use super::record::{FileId, Record};
use crate::compare::same;

/// Which of the lists of its kind an object stands in.
pub(crate) mod part {
    /// It cannot be told, or there is only one.
    pub(crate) const NONE: u8 = 0;
    pub(crate) const LIVE: u8 = 1;
    pub(crate) const DELETED: u8 = 2;
    pub(crate) const INACTIVE: u8 = 3;
    /// How many there are.
    pub(crate) const COUNT: usize = 4;
}

/// The rows of one kind.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) entity: Entity,
    pub(crate) rows: Vec<Record>,
    /// For each part: the properties that some row was not asked for, and a file of such a row.
    unasked: [Vec<Option<FileId>>; part::COUNT],
}

/// What the rows of the file that is being read have in common.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    /// The first row of the file.
    pub(crate) start: usize,
    /// For each of its rows, the absences that are unsure.
    pub(crate) unsure: Vec<u64>,
    /// The properties that have a value in some row.
    pub(crate) valued: u64,
    /// The properties whose values were flattened in some row.
    pub(crate) flattened: u64,
    /// How often, and why, values of a property were refused.
    pub(crate) refused: BTreeMap<(u8, Why), u64>,
}

/// Two files that say different things of the same objects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Contradiction {
    pub(crate) newer: FileId,
    pub(crate) older: FileId,
    pub(crate) field: u8,
}

/// What was found when the files were put together.
#[derive(Debug, Default)]
pub(crate) struct Merged {
    /// How many objects, and the key of the first.
    pub(crate) contradictions: BTreeMap<Contradiction, (u64, String)>,
    /// The keys of objects that stand in two lists that exclude each other.
    pub(crate) in_two_lists: Vec<String>,
}

/// The texts of a list in an order of their own: exports keep none.
fn sorted(list: &str) -> Vec<&str> {
    let mut items: Vec<&str> = Items(list).collect();
    items.sort_unstable();
    items
}

impl Table {
    pub(crate) fn new(entity: Entity) -> Self {
        Self { entity, rows: vec![], unasked: [const { vec![] }; part::COUNT] }
    }

    /// The file is read: what is empty in all of its rows was perhaps not asked for, and what was flattened is not known.
    pub(crate) fn settle(&mut self, pending: &Pending) {
        for (row, unsure) in self.rows[pending.start..].iter_mut().zip(&pending.unsure) {
            let unknown = unsure & !pending.valued | pending.flattened;
            if unknown != 0 {
                row.forget(unknown);
            }
        }
    }

    /// The text that names an object among those of its kind; `None` where a part of it is not known.
    fn key(&self, row: &Record) -> Option<String> {
        let mut key = String::new();
        for field in self.entity.key() {
            match row.get(*field) {
                Known::Value(text) => key.push_str(&text.to_lowercase()),
                // A name may lack a part that is not asked for, but not its first.
                _ if *field == 0 => return None,
                _ => {}
            }
            key.push('\n');
        }
        Some(key)
    }

    /// Makes one row of all rows of the same object. `newness` orders the files.
    pub(crate) fn merge(&mut self, newness: impl Fn(FileId) -> usize) -> Merged {
        let mut merged = Merged::default();
        if !self.entity.key().is_empty() {
            for (key, mut group) in self.groups() {
                group.sort_by_key(|row| std::cmp::Reverse((newness(self.rows[*row as usize].file), *row)));
                self.merge_group(&key, &group, &mut merged);
            }
            self.rows.retain(|row| row.part != u8::MAX);
        }
        self.rows.shrink_to_fit();
        self.note_unasked();
        merged
    }

    /// The text by which an object is found that does not have its key: only among those of its list.
    fn alias(&self, row: &Record) -> Option<String> {
        let text = row.get(self.entity.alias()?).value()?;
        Some(format!("{}\n{}", row.part, text.to_lowercase()))
    }

    /// The keys of objects by their aliases, where some object has no key of its own.
    fn aliases(&self) -> HashMap<String, String> {
        let lacks_key =
            |row: &Record| self.entity.key().first().is_some_and(|f| row.get(*f).value().is_none());
        if !self.rows.iter().any(lacks_key) {
            return HashMap::new();
        }
        self.rows.iter().filter_map(|row| Some((self.alias(row)?, self.key(row)?))).collect()
    }

    /// The rows of each object that has several, with its key.
    fn groups(&self) -> Vec<(String, Vec<u32>)> {
        let aliases = self.aliases();
        let name = |row: &Record| {
            self.key(row)
                .or_else(|| self.alias(row).map(|alias| aliases.get(&alias).cloned().unwrap_or(alias)))
        };
        let mut keys = Vec::with_capacity(self.rows.len());
        for (at, row) in self.rows.iter().enumerate() {
            keys.extend(name(row).map(|key| (hash64(0, &key), at as u32)));
        }
        keys.sort_unstable();
        let mut groups = vec![];
        for run in keys.chunk_by(|a, b| a.0 == b.0).filter(|run| run.len() > 1) {
            let mut by_key: BTreeMap<String, Vec<u32>> = BTreeMap::new();
            for (_, row) in run {
                if let Some(key) = name(&self.rows[*row as usize]) {
                    by_key.entry(key).or_default().push(*row);
                }
            }
            groups.extend(by_key.into_iter().filter(|(_, rows)| rows.len() > 1));
        }
        groups
    }

    /// One row for each list that the object stands in; the others are marked as dropped.
    fn merge_group(&mut self, key: &str, group: &[u32], merged: &mut Merged) {
        let mut lists: Vec<u8> = group.iter().map(|row| self.rows[*row as usize].part).collect();
        lists.retain(|p| *p != part::NONE);
        lists.sort_unstable();
        lists.dedup();
        let name = key.trim_end().replace('\n', " ");
        if lists.len() > 1 {
            merged.in_two_lists.push(name.clone());
        }
        // What does not say in which list it stands is in the only one that another file names.
        let only = if let [only] = lists[..] { only } else { part::NONE };
        let mut newest: BTreeMap<u8, u32> = BTreeMap::new();
        for row in group {
            let own = self.rows[*row as usize].part;
            let list = if own == part::NONE { only } else { own };
            let Some(first) = newest.get(&list).copied() else {
                newest.insert(list, *row);
                self.rows[*row as usize].part = list;
                continue;
            };
            let (kept, older) = (&self.rows[first as usize], &self.rows[*row as usize]);
            for field in self.contradictions(kept, older) {
                let found = Contradiction { newer: kept.file, older: older.file, field };
                merged.contradictions.entry(found).or_insert_with(|| (0, name.clone())).0 += 1;
            }
            self.rows[first as usize] = kept.filled_from(older);
            self.rows[*row as usize].part = u8::MAX;
        }
    }

    /// The properties of which two records of one object say different things.
    fn contradictions(&self, a: &Record, b: &Record) -> Vec<u8> {
        let differ = |field: u8, kind: Kind| match (a.get(field), b.get(field)) {
            (Known::Value(a), Known::Value(b)) if kind == Kind::List => a != b && sorted(a) != sorted(b),
            (a, b) => a != b,
        };
        let both = a.asked() & b.asked();
        let table = self.entity.table().iter().enumerate();
        table
            .map(|(at, (name, kind))| (at as u8, name, *kind))
            // When it was synchronised last differs between any two exports.
            .filter(|(at, name, kind)| {
                both & (1 << at) != 0 && !name.ends_with("LastSyncDateTime") && differ(*at, *kind)
            })
            .map(|(at, ..)| at)
            .collect()
    }

    fn note_unasked(&mut self) {
        let width = self.entity.table().len();
        let all = if width == 64 { u64::MAX } else { (1 << width) - 1 };
        let mut seen = [0u64; part::COUNT];
        self.unasked = std::array::from_fn(|_| vec![None; width]);
        for row in &self.rows {
            let list = usize::from(row.part) % part::COUNT;
            let mut new = all & !row.asked() & !seen[list];
            seen[list] |= new;
            while new != 0 {
                self.unasked[list][new.trailing_zeros() as usize] = Some(row.file);
                new &= new - 1;
            }
        }
    }

    /// A file whose rows in this list were not all asked for this property.
    pub(crate) fn unasked(&self, part: u8, field: u8) -> Option<FileId> {
        self.unasked.get(usize::from(part))?.get(usize::from(field)).copied().flatten()
    }

    /// The first row with this value, whatever its case.
    pub(crate) fn first(&self, field: impl Into<u8>, value: &str) -> Option<&Record> {
        let field = field.into();
        self.rows.iter().find(|row| row.get(field).value().is_some_and(|v| same(v, value)))
    }
}
