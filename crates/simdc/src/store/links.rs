//! Linked attributes: `member` and `memberOf` and the like, kept once and read from both ends ([MS-ADTS] 3.1.1.1.6).

use std::collections::{BTreeMap, HashMap};

use adrecover_core::time::Timestamp;

use super::object::Id;
use crate::schema::AttrId;

/// What is known of one value of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkValue {
    /// Whether it is there; one that was removed is remembered for replication.
    pub present: bool,
    /// The update sequence number of the last change.
    pub usn: u64,
    /// When that was.
    pub time: Timestamp,
    /// How often it was changed.
    pub version: u32,
}

/// All link values, by their forward attribute.
#[derive(Debug, Clone, Default)]
pub struct Links {
    forward: HashMap<(Id, AttrId), BTreeMap<Id, LinkValue>>,
    backward: HashMap<(Id, AttrId), BTreeMap<Id, ()>>,
}

impl Links {
    /// What an object links to, in a stable order. Removed values are left out.
    pub fn targets(&self, source: Id, attribute: AttrId) -> impl Iterator<Item = Id> + '_ {
        let values = self.forward.get(&(source, attribute)).into_iter().flatten();
        values.filter(|(_, value)| value.present).map(|(id, _)| *id)
    }

    /// Which objects link to this one.
    pub fn sources(&self, target: Id, attribute: AttrId) -> impl Iterator<Item = Id> + '_ {
        self.backward.get(&(target, attribute)).into_iter().flatten().map(|(id, ())| *id)
    }

    /// Every value with what is known of it, removed ones too.
    pub fn values(&self, source: Id, attribute: AttrId) -> impl Iterator<Item = (Id, LinkValue)> + '_ {
        self.forward.get(&(source, attribute)).into_iter().flatten().map(|(id, value)| (*id, *value))
    }

    /// Whether the link is there.
    pub fn has(&self, source: Id, attribute: AttrId, target: Id) -> bool {
        let values = self.forward.get(&(source, attribute));
        values.and_then(|values| values.get(&target)).is_some_and(|value| value.present)
    }

    /// How many values there are.
    pub fn count(&self, source: Id, attribute: AttrId) -> usize {
        self.targets(source, attribute).count()
    }

    /// Adds or removes a value.
    pub fn set(&mut self, link: (Id, AttrId, Id), present: bool, usn: u64, time: Timestamp) {
        let (source, attribute, target) = link;
        let values = self.forward.entry((source, attribute)).or_default();
        let version = values.get(&target).map_or(0, |value| value.version) + 1;
        values.insert(target, LinkValue { present, usn, time, version });
        let sources = self.backward.entry((target, attribute)).or_default();
        if present {
            sources.insert(source, ());
        } else {
            sources.remove(&source);
        }
    }

    /// Drops every value from and to an object, without a trace ([MS-DRSR] 5.160: no originating update of the other end).
    pub fn forget(&mut self, id: Id, attributes: &[AttrId]) {
        for attribute in attributes {
            for target in self.forward.remove(&(id, *attribute)).unwrap_or_default().into_keys() {
                if let Some(sources) = self.backward.get_mut(&(target, *attribute)) {
                    sources.remove(&id);
                }
            }
            for source in self.backward.remove(&(id, *attribute)).unwrap_or_default().into_keys() {
                if let Some(values) = self.forward.get_mut(&(source, *attribute)) {
                    values.remove(&id);
                }
            }
        }
    }
}
