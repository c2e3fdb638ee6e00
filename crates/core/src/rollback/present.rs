//! What the live directory says of an object that is to be rolled back, and of what that needs.

use std::collections::{HashMap, HashSet};

use super::past::Past;
use crate::facts::{Holder, ObjectFacts};
use crate::value::{Value, from_attribute};
use crate::{Dn, Entry, ObjectGuid};

/// A live object.
#[derive(Debug, Clone)]
pub struct Present {
    /// What is known of any object that a plan names.
    pub object: ObjectFacts,
    /// The attributes that the journal tells of, by their names in lower case.
    pub values: HashMap<String, Vec<Value>>,
    /// What its link attributes point to, by their names in lower case.
    pub links: HashMap<String, HashSet<String>>,
    /// The groups that it is in.
    pub groups: HashSet<String>,
}

/// What the directory says besides.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// The objects that links lead to and from, groups, and containers. What is not there is not in it.
    pub ends: HashMap<ObjectGuid, End>,
    /// Who has a logon name or an address, by that in lower case.
    pub holders: HashMap<String, Vec<Holder>>,
    /// Who has an account name, by that in lower case.
    pub accounts: HashMap<String, Vec<Holder>>,
    /// What lies at the names that objects would get, by the key of the name.
    pub places: HashMap<String, ObjectGuid>,
}

/// What is at an end of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It is live.
    Live {
        /// Its DN.
        dn: Dn,
        /// Whether it is a protected group, or nested in one.
        is_protected: bool,
        /// Whether it is a group.
        is_group: bool,
    },
    /// It is deleted.
    Deleted,
}

impl Present {
    /// From the entry of an object, with what the journal tells of it.
    pub fn read(object: ObjectFacts, entry: &Entry, past: &Past) -> Self {
        let values = past
            .attributes
            .iter()
            .map(|a| (a.attribute.to_lowercase(), from_attribute(entry.values(&a.attribute))));
        let links = past
            .links
            .iter()
            .map(|links| (links.attribute.to_lowercase(), super::link_names(entry, &links.attribute)));
        Self {
            object,
            values: values.collect(),
            links: links.collect(),
            groups: super::link_names(entry, super::MEMBER_OF),
        }
    }

    pub(super) fn values(&self, attribute: &str) -> &[Value] {
        self.values.get(&attribute.to_lowercase()).map_or(&[], Vec::as_slice)
    }
}

impl Around {
    pub(super) fn live(&self, guid: ObjectGuid) -> Option<&Dn> {
        match self.ends.get(&guid) {
            Some(End::Live { dn, .. }) => Some(dn),
            _ => None,
        }
    }
}
