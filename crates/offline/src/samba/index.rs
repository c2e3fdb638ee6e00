//! Where the objects of a backup lie, and by which names they are found.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use adrecover_core::source::{Key, Object, Standing};
use adrecover_core::{Dn, ObjectGuid, deleted};

use super::tdb::Offset;

/// Where an object lies: which database, and where in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) database: u16,
    pub(super) offset: Offset,
}

impl Place {
    /// The number by which the object is known outside.
    pub(super) fn id(self) -> u64 {
        u64::from(self.database) << 32 | u64::from(self.offset)
    }

    pub(super) fn of_id(id: u64) -> Option<Self> {
        Some(Self { database: u16::try_from(id >> 32).ok()?, offset: (id & u64::from(u32::MAX)) as Offset })
    }
}

/// A row of the index: an object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) place: Place,
    pub(super) standing: Standing,
}

/// The objects of a backup. Names are kept as numbers made of them; whether an object has the name is seen when it is read.
///
/// An object takes about 150 octets of memory, a value of a link 16.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) rows: Vec<Row>,
    names: Vec<(u64, u32)>,
    links: Vec<(u64, u32)>,
}

/// The most objects of a backup: more do not fit into TDB files.
const MOST: usize = 50_000_000;

impl Index {
    /// Adds an object; `false` where there are too many. `links` are the GUIDs that its links point to, whatever became of them.
    pub(super) fn add(
        &mut self,
        place: Place,
        object: &Object,
        links: impl IntoIterator<Item = ObjectGuid>,
    ) -> bool {
        let Some(row) = u32::try_from(self.rows.len()).ok().filter(|_| self.rows.len() < MOST) else {
            return false;
        };
        self.rows.push(Row { place, standing: object.standing });
        self.names.extend(keys(object).map(|key| (hash(&folded(&key)), row)));
        self.links.extend(links.into_iter().map(|guid| (hash(&guid), row)));
        true
    }

    /// Makes it ready to be asked.
    pub(super) fn finish(&mut self) {
        for list in [&mut self.names, &mut self.links] {
            list.sort_unstable();
            list.dedup();
            list.shrink_to_fit();
        }
    }

    /// The objects that may have this name.
    pub(super) fn find(&self, key: &Key) -> Vec<Row> {
        self.rows_of(&self.names, hash(&folded(key)))
    }

    /// The objects that may have a link to the object with this GUID.
    pub(super) fn pointing_to(&self, guid: ObjectGuid) -> Vec<Row> {
        self.rows_of(&self.links, hash(&guid))
    }

    fn rows_of(&self, list: &[(u64, u32)], number: u64) -> Vec<Row> {
        let from = list.partition_point(|(n, _)| *n < number);
        let same = list.iter().skip(from).take_while(|(n, _)| *n == number);
        let rows: BTreeSet<u32> = same.map(|(_, row)| *row).collect();
        rows.into_iter().filter_map(|row| self.rows.get(row as usize).copied()).collect()
    }
}

/// What an object is found by.
fn keys(object: &Object) -> impl Iterator<Item = Key> {
    let text = |attribute| object.entry.text(attribute);
    [
        object.guid.map(Key::Guid),
        object.sid.clone().map(Key::Sid),
        object.entry.dn.parse::<Dn>().ok().map(Key::Dn),
        text("sAMAccountName").map(Key::Account),
        text("userPrincipalName").map(Key::Principal),
        deleted::original_rdn(&object.entry).map(|rdn| Key::Name(rdn.value().to_owned())),
    ]
    .into_iter()
    .flatten()
}

/// The name in the form in which names that are the same are equal.
fn folded(key: &Key) -> (u8, String) {
    match key {
        Key::Guid(guid) => (0, guid.to_string()),
        Key::Sid(sid) => (1, sid.to_string()),
        Key::Dn(dn) => (2, dn.key()),
        Key::Account(text) => (3, text.to_lowercase()),
        Key::Principal(text) => (4, text.to_lowercase()),
        Key::Name(text) => (5, text.to_lowercase()),
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
