//! Which objects may have a name, and which may point to a name: hashes of names with the numbers of objects.
//!
//! Twelve octets each and no values, so that files of millions of objects fit. What is found may be something else with the same
//! hash: who looks something up compares.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};

use adrecover_core::source::{Key, Object};
use adrecover_core::{Entry, ObjectGuid, Sid, deleted};

use crate::names::dn_key;

/// A hash in two halves and the number of an object.
type Row = [u32; 3];

/// What kind of name a hash is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Purpose {
    Guid,
    Sid,
    Dn,
    Account,
    Principal,
    Name,
}

/// Names and the objects that have them or point to them.
#[derive(Debug, Default)]
pub(crate) struct Index {
    hasher: RandomState,
    names: Rows,
    links: Rows,
}

#[derive(Debug, Default)]
struct Rows {
    rows: Vec<Row>,
    is_cut: bool,
}

/// The objects that an index knows for a name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Candidates {
    /// These, and no others.
    These(Vec<u32>),
    /// The index is not complete: every object may be it.
    All,
}

impl Index {
    /// The most rows of each of the two lists: 192 MiB.
    const MOST: usize = 16 << 20;

    /// Puts the names of an object in. Its entry needs the attributes that names are read from.
    pub(crate) fn put_names(&mut self, number: u32, entry: &Entry) {
        // All values: which one counts may be told by another record.
        for (purpose, attribute) in [(Purpose::Guid, "objectGUID"), (Purpose::Sid, "objectSid")] {
            for octets in entry.values(attribute) {
                self.put(purpose, octets, number);
            }
        }
        for (purpose, attribute) in
            [(Purpose::Account, "sAMAccountName"), (Purpose::Principal, "userPrincipalName")]
        {
            for text in entry.texts(attribute) {
                self.put(purpose, text.to_lowercase().as_bytes(), number);
            }
        }
        self.put_dn(number, &entry.dn);
        if let Some(rdn) = deleted::original_rdn(entry) {
            self.put(Purpose::Name, rdn.value().to_lowercase().as_bytes(), number);
        }
    }

    /// Puts a DN in that an object has or had.
    pub(crate) fn put_dn(&mut self, number: u32, dn: &str) {
        if let Some(key) = dn_key(dn) {
            self.put(Purpose::Dn, key.as_bytes(), number);
        }
    }

    fn put(&mut self, purpose: Purpose, name: &[u8], number: u32) {
        let hash = self.hash(purpose, name);
        self.names.push(hash, number);
    }

    /// Puts in that an object points to another one.
    pub(crate) fn put_link(&mut self, number: u32, dn: &str, guid: Option<ObjectGuid>) {
        let hashes = [
            guid.map(|guid| self.hash(Purpose::Guid, &guid.to_wire())),
            dn_key(dn).map(|key| self.hash(Purpose::Dn, key.as_bytes())),
        ];
        for hash in hashes.into_iter().flatten() {
            self.links.push(hash, number);
        }
    }

    /// Has to be called when all is in.
    pub(crate) fn sort(&mut self) {
        for rows in [&mut self.names, &mut self.links] {
            rows.rows.sort_unstable();
            rows.rows.dedup();
            rows.rows.shrink_to_fit();
        }
    }

    /// Whether it has all that was put in.
    pub(crate) fn is_complete(&self) -> bool {
        !self.names.is_cut && !self.links.is_cut
    }

    /// Objects that may have a name.
    pub(crate) fn having(&self, key: &Key) -> Candidates {
        let hash = match key {
            Key::Guid(guid) => self.hash(Purpose::Guid, &guid.to_wire()),
            Key::Sid(sid) => self.hash(Purpose::Sid, &Sid::to_wire(sid)),
            Key::Dn(dn) => self.hash(Purpose::Dn, dn.key().as_bytes()),
            Key::Account(text) => self.hash(Purpose::Account, text.to_lowercase().as_bytes()),
            Key::Principal(text) => self.hash(Purpose::Principal, text.to_lowercase().as_bytes()),
            Key::Name(text) => self.hash(Purpose::Name, text.to_lowercase().as_bytes()),
        };
        self.names.get(&[hash])
    }

    /// Objects that may point to this one.
    pub(crate) fn pointing_to(&self, object: &Object) -> Candidates {
        let mut hashes: Vec<u64> =
            object.guid.iter().map(|guid| self.hash(Purpose::Guid, &guid.to_wire())).collect();
        hashes.extend(dn_key(&object.entry.dn).map(|key| self.hash(Purpose::Dn, key.as_bytes())));
        self.links.get(&hashes)
    }

    fn hash(&self, purpose: Purpose, name: &[u8]) -> u64 {
        self.hasher.hash_one((purpose, name))
    }
}

impl Rows {
    fn push(&mut self, hash: u64, number: u32) {
        match self.rows.len() < Index::MOST {
            true => self.rows.push([(hash >> 32) as u32, hash as u32, number]),
            false => self.is_cut = true,
        }
    }

    fn get(&self, hashes: &[u64]) -> Candidates {
        if self.is_cut {
            return Candidates::All;
        }
        let mut numbers = vec![];
        for hash in hashes {
            let key = [(hash >> 32) as u32, *hash as u32];
            let from = self.rows.partition_point(|row| row[..2] < key[..]);
            let rows = self.rows[from..].iter().take_while(|row| row[..2] == key[..]);
            numbers.extend(rows.map(|row| row[2]));
        }
        numbers.sort_unstable();
        numbers.dedup();
        Candidates::These(numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_links_are_found() {
        let guid: ObjectGuid = "3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f".parse().unwrap();
        let ada = Entry::new("CN=Ada,DC=x")
            .with("objectGUID", [guid.to_wire()])
            .with("sAMAccountName", ["Ada"])
            .with("userPrincipalName", ["ada@x"]);
        let mut index = Index::default();
        index.put_names(7, &ada);
        index.put_link(3, "cn=ada,dc=x", None);
        index.put_link(4, "CN=Somebody,DC=x", Some(guid));
        index.sort();
        let these = |numbers: &[u32]| Candidates::These(numbers.to_vec());
        for key in [
            Key::Guid(guid),
            Key::Dn("cn=ADA,dc=X".parse().unwrap()),
            Key::Account("ADA".into()),
            Key::Principal("ADA@X".into()),
            Key::Name("ada".into()),
        ] {
            assert_eq!(index.having(&key), these(&[7]), "{key:?}");
        }
        assert_eq!(index.having(&Key::Account("ada@x".into())), these(&[]));
        assert_eq!(index.pointing_to(&Object::new(7, ada, None, "")), these(&[3, 4]));
        index.names.is_cut = true;
        assert_eq!(index.having(&Key::Guid(guid)), Candidates::All);
        assert!(!index.is_complete());
    }
}
