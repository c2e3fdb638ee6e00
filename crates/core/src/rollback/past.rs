//! What a change journal has of an object, as far as it is not so now.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::plan::LinkEnd;
use crate::time::{Timestamp, rfc3339};
use crate::value::{Value, from_attribute};
use crate::{Dn, Entry, ObjectGuid};

/// One object as the journal says it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Past {
    /// `objectGUID`.
    pub guid: ObjectGuid,
    /// Its DN then; where the journal has none, the one that it has.
    pub dn: String,
    /// Why there is nothing to roll it back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nothing: Option<Nothing>,
    /// Its attributes but links.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<PastAttribute>,
    /// What its own link attributes pointed to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<PastLinks>,
    /// The groups that it was in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<PastLinks>,
    /// Its name and the object that it lay in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<PastPlace>,
    /// What else is to be said, for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Why there is nothing to roll an object back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Nothing {
    /// It was not there yet: it was created then.
    NotThere(Timestamp),
    /// It was deleted at that time.
    WasDeleted,
    /// The journal does not reach back to that time: it knows the object since then only.
    KnownSince(Timestamp),
    /// The journal does not know it.
    Unknown,
}

/// One attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PastAttribute {
    /// Its name.
    pub attribute: String,
    /// Its values then; none where it was not set.
    pub values: Vec<Value>,
    /// Its values after the change that is rolled back, as the journal has them. It is not kept in a plan.
    #[serde(skip)]
    pub newest: Option<Vec<Value>>,
    /// The change that is rolled back, the newest where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Changed>,
    /// A later change than that, which the roll back would overwrite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub later: Option<Changed>,
}

/// Values of a link attribute, by what became of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PastLinks {
    /// The forward link attribute.
    pub attribute: String,
    /// Those that were there and may be missing now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub had: Vec<LinkEnd>,
    /// Those that were not there and may be there now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub had_not: Vec<LinkEnd>,
    /// The change that is rolled back, the newest where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Changed>,
}

/// Where an object lay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PastPlace {
    /// Its DN then.
    pub dn: Dn,
    /// The object that it lay in, whatever that is called now.
    pub parent: ObjectGuid,
    /// The change that is rolled back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Changed>,
    /// A later change than that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub later: Option<Changed>,
}

/// When and where something was changed, as far as that is known.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Changed {
    /// When; `None` where the journal has not heard of it yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The domain controller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
}

impl Changed {
    /// `2026-11-26T11:00:00Z on DC1`, for people.
    pub fn in_words(&self) -> String {
        let when = self.at.map_or_else(|| "since the journal last heard of it".to_owned(), rfc3339);
        self.on.iter().fold(when, |when, on| format!("{when} on {on}"))
    }
}

impl Past {
    /// One of which there is nothing to tell.
    pub fn nothing(guid: ObjectGuid, dn: impl Into<String>, why: Nothing) -> Self {
        Self { nothing: Some(why), ..Self::new(guid, dn) }
    }

    /// One that is as it was.
    pub fn new(guid: ObjectGuid, dn: impl Into<String>) -> Self {
        Self {
            guid,
            dn: dn.into(),
            nothing: None,
            attributes: vec![],
            links: vec![],
            groups: None,
            place: None,
            notes: vec![],
        }
    }

    /// Leaves out the attributes that the live object has as they were, and notes of the others whether somebody changed them later than
    /// the journal knows.
    pub fn keep_different(&mut self, live: &Entry) {
        self.attributes.retain_mut(|past| {
            let present = from_attribute(live.values(&past.attribute));
            if same(&past.values, &present) {
                return false;
            }
            match &past.newest {
                Some(newest) if same(newest, &present) => past.later = None,
                Some(_) => past.later = Some(past.later.take().unwrap_or_default()),
                None => {}
            }
            true
        });
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.nothing.is_none()
            && self.attributes.is_empty()
            && self.links.is_empty()
            && self.groups.is_none()
            && self.place.is_none()
            && self.notes.is_empty()
    }
}

impl PastLinks {
    /// From all values then and the newest ones of the journal. `live` are the names of the values now ([`link_names`]). Also the number
    /// of values that the journal does not know: they stay.
    pub fn between(
        attribute: &str,
        then: Vec<LinkEnd>,
        newest: Vec<LinkEnd>,
        live: &HashSet<String>,
    ) -> (Self, usize) {
        let was: HashSet<ObjectGuid> = then.iter().map(|end| end.guid).collect();
        let stayed: HashSet<ObjectGuid> = newest
            .iter()
            .filter(|end| was.contains(&end.guid) && live.contains(&end.dn.key()))
            .map(|end| end.guid)
            .collect();
        let names: HashSet<String> = then.iter().chain(&newest).map(|end| end.dn.key()).collect();
        let unknown = live.iter().filter(|name| !names.contains(*name)).count();
        let mut had = then;
        had.retain(|end| !stayed.contains(&end.guid));
        let had_not = newest.into_iter().filter(|end| !was.contains(&end.guid)).collect();
        (Self { attribute: attribute.to_owned(), had, had_not, changed: None }, unknown)
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.had.is_empty() && self.had_not.is_empty()
    }
}

/// The names that an attribute of an entry holds, in the form in which equal names are equal.
pub fn link_names(entry: &Entry, attribute: &str) -> HashSet<String> {
    entry.texts(attribute).iter().filter_map(|dn| dn.parse::<Dn>().ok()).map(|dn| dn.key()).collect()
}

/// Values as sets, octet for octet.
pub(super) fn same(one: &[Value], other: &[Value]) -> bool {
    one.len() == other.len() && one.iter().all(|value| other.contains(value))
}
