//! What two directories, or one at two times, differ in: what is gone, changed, moved, new and back, object by object.
//!
//! Objects are told apart by their `objectGUID`, so that what was renamed or moved is itself. Both sides are a [`Source`]; neither is
//! changed. Of both, live objects are listed; what became of one that the other does not list is asked for by its GUID.
//!
//! **Memory** does not grow with the directories: objects are compared in portions of [`Scope::at_once`], chosen by their GUIDs, and
//! both sides are listed once for each portion. An object of a portion takes its name and ten octets for each attribute, a few
//! hundred octets in all: about 100 MB for [`AT_ONCE`] objects, and one object with all its values at a time.
//!
//! **What is not known is no difference.** An attribute that one side does not have was not set there, not exported, or not readable.
//! Where a side does not say which (an LDIF file), it counts as not set if that side has it of any other object, and the
//! difference is marked ([`AttributeDifference::is_sure`]). Otherwise nothing is told of it. Attributes with a gap
//! ([`Gap`](crate::source::Gap)) are left out, and counted.

mod links;
mod pair;
mod rule;
mod run;
mod side;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::kind::ObjectKind;
use crate::source::{Source, SourceError};
use crate::value::Value;
use crate::{Dn, ObjectGuid};

pub use rule::matters;

/// How many objects are held in memory at once, unless [`Scope::at_once`] says something else.
pub const AT_ONCE: usize = 200_000;
/// The most values, or names of link ends, that are told of one attribute.
pub const MOST_TOLD: usize = 1000;

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Only this object and what lies below it, on either side. Naming contexts of their own below it are left out.
    pub base: Option<Dn>,
    /// Naming contexts besides those that the sides tell.
    pub contexts: Vec<Dn>,
    /// How many objects are held in memory at once.
    pub at_once: usize,
}

impl Default for Scope {
    fn default() -> Self {
        Self { base: None, contexts: vec![], at_once: AT_ONCE }
    }
}

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum What {
    /// It was live and is not any more.
    Gone,
    /// It is live on both sides, and differs: its attributes, its links, its name, its place.
    Changed,
    /// It came into being.
    New,
    /// It was deleted and is live again.
    Back,
}

impl What {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 4] = [Self::Gone, Self::Changed, Self::New, Self::Back];

    /// Its name in tables and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Changed => "changed",
            Self::New => "new",
            Self::Back => "back",
        }
    }
}

/// Where an object is that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fate {
    /// In the Recycle Bin.
    Deleted,
    /// A tombstone.
    Tombstone,
    /// Past recovery, and still there by name.
    Recycled,
    /// Nowhere: it is past its lifetime, or cannot be seen.
    Absent,
}

impl Fate {
    /// Its name in tables and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Tombstone => "tombstone",
            Self::Recycled => "recycled",
            Self::Absent => "absent",
        }
    }
}

/// An object that is not as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// What became of it.
    pub what: What,
    /// `objectGUID`.
    pub guid: ObjectGuid,
    /// Its name: then, of what is new or back now.
    pub name: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ObjectKind,
    /// `sAMAccountName`, of the same side.
    pub sam_account_name: Option<String>,
    /// Its DN then; `None` where it was not there.
    pub dn_then: Option<String>,
    /// Its DN now; `None` where it is not there, not even deleted.
    pub dn_now: Option<String>,
    /// Where it is, of what is gone.
    pub fate: Option<Fate>,
    /// Whether it may never be restored by this program, of what is gone.
    pub is_never_restored: bool,
    /// Whether its own name is another one.
    pub is_renamed: bool,
    /// Whether it lies in another container: not where that one was renamed or moved with what is in it.
    pub is_moved: bool,
    /// Attributes that differ.
    pub attributes: Vec<AttributeDifference>,
    /// Links that differ: of what is gone those that it had, and as `memberOf` the groups that it was in.
    pub links: Vec<LinkDifference>,
}

/// An attribute that differs. Of each side at most [`MOST_TOLD`] values are told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttributeDifference {
    /// Its name.
    pub attribute: String,
    /// Its values then.
    pub then: Vec<Value>,
    /// Its values now.
    pub now: Vec<Value>,
    /// Whether an end without values is known to have been without: where not, it may not have been exported or readable.
    pub is_sure: bool,
}

/// A link attribute that differs, by the names of the other ends. At most [`MOST_TOLD`] names are told of each, all are counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkDifference {
    /// Its name.
    pub attribute: String,
    /// What was there and is not any more, by its name then.
    pub lost: Vec<String>,
    /// How many those are.
    pub lost_count: u64,
    /// What was not there and is, by its name now.
    pub added: Vec<String>,
    /// How many those are.
    pub added_count: u64,
    /// As for attributes.
    pub is_sure: bool,
}

/// How many objects and links differ, and how many could not be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Live objects then.
    pub then: u64,
    /// Live objects now.
    pub now: u64,
    /// Objects without any difference.
    pub same: u64,
    /// What is gone.
    pub gone: u64,
    /// What is gone and lies in the Recycle Bin or is a tombstone: it can be restored, as far as it may be.
    pub gone_restorable: u64,
    /// What changed in any way.
    pub changed: u64,
    /// What was renamed.
    pub renamed: u64,
    /// What was moved.
    pub moved: u64,
    /// What is new.
    pub new: u64,
    /// What is back.
    pub back: u64,
    /// Memberships (`member`) that groups lost which are still there.
    pub members_lost: u64,
    /// Memberships that they gained.
    pub members_added: u64,
    /// Objects of either side without `objectGUID`, which could not be compared.
    pub without_guid: u64,
    /// Objects that are there now, are not in the first side, and are older than that: they were not exported, or not readable.
    pub not_exported: u64,
    /// Attributes of single objects that were left out because one side does not give all their values.
    pub gaps: u64,
}

impl Counts {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.gone + self.changed + self.new + self.back == 0
    }
}

/// What is told of a comparison, one by one. [`ControlFlow::Break`] ends it.
pub type Tell<'a> = &'a mut dyn FnMut(Difference) -> ControlFlow<()>;

/// Compares all live objects of the scope.
pub fn all(
    then: &mut dyn Source,
    now: &mut dyn Source,
    scope: &Scope,
    tell: Tell<'_>,
) -> Result<Counts, SourceError> {
    run::all(then, now, scope, tell)
}

/// Compares one object; `None` where neither side has it.
pub fn one(
    then: &mut dyn Source,
    now: &mut dyn Source,
    guid: ObjectGuid,
) -> Result<Option<(Counts, Option<Difference>)>, SourceError> {
    run::one(then, now, guid)
}
