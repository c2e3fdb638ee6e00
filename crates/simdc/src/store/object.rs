//! One object as the directory keeps it.

use std::sync::Arc;

use adrecover_core::time::Timestamp;
use adrecover_core::{Dn, ObjectGuid, Rdn, Sid};
use sha2::{Digest, Sha256};

use crate::access::Numbered;
use crate::schema::{AttrId, Class, ClassId, known, schema};

/// An object's place in the store. It is never used again for another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(pub(super) u32);

/// A value as it is kept: names of other objects follow them when they are renamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text, numbers and binary values as they go over the wire.
    Octets(Vec<u8>),
    /// The DN of an object.
    Object(Id),
}

/// Whether and how an object is deleted ([MS-ADTS] 3.1.1.1.5.2: deleted-objects, tombstones, recycled-objects).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// It is there.
    Live,
    /// The Recycle Bin is on: attributes and links are kept.
    Deleted,
    /// The Recycle Bin is off: most attributes are gone.
    Tombstone,
    /// The Recycle Bin is on, and it is past recovery.
    Recycled,
}

/// When an attribute was written last ([MS-DRSR] 5.162 PROPERTY_META_DATA_EXT).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    pub(crate) attid: u32,
    pub(crate) version: u32,
    pub(crate) time: Timestamp,
    pub(crate) usn: u64,
}

/// Attributes that are kept as values, by their ids.
#[derive(Debug, Clone, Default)]
pub struct Attributes(Vec<(AttrId, Vec<Value>)>);

impl Attributes {
    /// The values; none where there is no such attribute.
    pub fn get(&self, id: AttrId) -> &[Value] {
        self.0.binary_search_by_key(&id, |(known, _)| *known).map_or(&[], |at| &self.0[at].1)
    }

    /// Replaces the values; none remove the attribute.
    pub fn set(&mut self, id: AttrId, values: Vec<Value>) {
        match self.0.binary_search_by_key(&id, |(known, _)| *known) {
            Ok(at) if values.is_empty() => {
                self.0.remove(at);
            }
            Ok(at) => self.0[at].1 = values,
            Err(_) if values.is_empty() => {}
            Err(at) => self.0.insert(at, (id, values)),
        }
    }

    /// Every attribute with its values.
    pub fn iter(&self) -> impl Iterator<Item = (AttrId, &[Value])> {
        self.0.iter().map(|(id, values)| (*id, values.as_slice()))
    }

    /// The first value as octets.
    pub fn octets(&self, id: AttrId) -> Option<&[u8]> {
        match self.get(id).first()? {
            Value::Octets(octets) => Some(octets),
            Value::Object(_) => None,
        }
    }

    /// The first value as text.
    pub fn text(&self, id: AttrId) -> Option<&str> {
        std::str::from_utf8(self.octets(id)?).ok()
    }

    /// The first value as a number.
    pub fn integer(&self, id: AttrId) -> Option<i64> {
        self.text(id)?.parse().ok()
    }
}

/// An object. Its links are kept beside it.
#[derive(Debug, Clone)]
pub struct Object {
    /// `objectGUID`.
    pub guid: ObjectGuid,
    /// The container; `None` for the head of a naming context.
    pub parent: Option<Id>,
    /// The DN of the head of a naming context.
    pub root: Option<Dn>,
    /// The RDN with its type.
    pub rdn: Rdn,
    /// The most specific class.
    pub class: ClassId,
    /// Whether it is deleted.
    pub deletion: Deletion,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// When it was recycled.
    pub recycled_at: Option<Timestamp>,
    /// What is kept as values.
    pub attributes: Attributes,
    /// Sorted by attribute.
    pub stamps: Vec<Stamp>,
    /// `uSNCreated`.
    pub usn_created: u64,
    /// `uSNChanged`.
    pub usn_changed: u64,
    /// `whenCreated`.
    pub created: Timestamp,
    /// `whenChanged`.
    pub changed: Timestamp,
    /// `nTSecurityDescriptor`.
    pub descriptor: Arc<Numbered>,
    /// The hash of the password.
    pub password: Option<[u8; 32]>,
}

impl Object {
    /// Its class.
    pub fn class(&self) -> &'static Class {
        schema().class_of(self.class)
    }

    /// Whether it is of this class or one below it.
    pub fn is_a(&self, class: &str) -> bool {
        self.class().line().any(|c| c.name.eq_ignore_ascii_case(class))
    }

    /// Whether it is not deleted.
    pub fn is_live(&self) -> bool {
        self.deletion == Deletion::Live
    }

    /// `objectSid`.
    pub fn sid(&self) -> Option<Sid> {
        Sid::from_wire(self.attributes.octets(known().object_sid)?).ok()
    }

    /// Whether it is an account: it has `userAccountControl`.
    pub fn is_account(&self) -> bool {
        self.is_a("user")
    }

    /// The version of an attribute in the metadata; 0 where it was never written.
    pub fn version(&self, attid: u32) -> u32 {
        self.stamps.binary_search_by_key(&attid, |s| s.attid).map_or(0, |at| self.stamps[at].version)
    }

    /// Notes that an attribute was written.
    pub(crate) fn stamp(&mut self, attid: u32, time: Timestamp, usn: u64) {
        match self.stamps.binary_search_by_key(&attid, |s| s.attid) {
            Ok(at) => {
                let version = self.stamps[at].version + 1;
                self.stamps[at] = Stamp { attid, version, time, usn };
            }
            Err(at) => self.stamps.insert(at, Stamp { attid, version: 1, time, usn }),
        }
    }

    /// Whether a password is the object's.
    pub fn has_password(&self, password: &str) -> bool {
        self.password.is_some_and(|hash| hash == hash_of(password))
    }
}

/// What is kept of a password.
pub(crate) fn hash_of(password: &str) -> [u8; 32] {
    Sha256::digest(password.as_bytes()).into()
}
