//! What a drill is judged from.

use crate::ObjectGuid;
use crate::lifetime::DeletionPolicy;
use crate::time::Timestamp;

/// A live object, and what the sources hold of it.
#[derive(Debug, Clone)]
pub struct DrillFacts {
    /// Who it is.
    pub guid: ObjectGuid,
    /// What people call it.
    pub name: String,
    /// Its DN.
    pub dn: String,
    /// The forest's deletion policy.
    pub policy: DeletionPolicy,
    /// Whether the Recycle Bin is on and the server undeletes from it: then all of it comes back.
    pub bin_brings_back: bool,
    /// Its attributes, as far as somebody would miss them.
    pub attributes: Vec<AttributeFacts>,
    /// What points to it: groups, and others.
    pub links: Vec<LinkFacts>,
    /// Its licences in the cloud, by name; `None` where nobody said.
    pub licences: Option<Vec<String>>,
    /// The sources, the most trusted first.
    pub sources: Vec<SourceFacts>,
}

/// One attribute that a deletion may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeFacts {
    /// Its name.
    pub name: String,
    /// How many values it has.
    pub values: usize,
    /// Whether a tombstone keeps it.
    pub survives: bool,
    /// What each of the sources has of it, in their order.
    pub held: Vec<Holding>,
}

/// A link of another object to this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkFacts {
    /// The other object's attribute: `member` for a membership.
    pub attribute: String,
    /// The other object.
    pub dn: String,
    /// Whether it is a protected group, whose members an attacker would like to choose.
    pub is_protected: bool,
    /// The licences in the cloud that hang on the membership.
    pub licences: Vec<String>,
    /// What each of the sources has of it, in their order.
    pub held: Vec<Holding>,
}

impl LinkFacts {
    /// Whether it is a membership.
    pub(crate) fn is_membership(&self) -> bool {
        self.attribute.eq_ignore_ascii_case("member")
    }
}

/// What a source has of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holding {
    /// Nothing.
    Nothing,
    /// What the object has.
    Same,
    /// Something else.
    Other,
}

/// A source that could give something back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFacts {
    /// Its name.
    pub name: String,
    /// Whether it is a change journal.
    pub is_journal: bool,
    /// Of when it is.
    pub at: Option<Timestamp>,
    /// Whether it can be counted on.
    pub state: SourceState,
    /// Why not, or what else is to be known.
    pub note: Option<String>,
}

/// Whether a source can be counted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceState {
    /// It holds what is now.
    Ok,
    /// It was kept up to some time ago: a change since then is not in it.
    Stale,
    /// It does not know the object.
    Missing,
    /// It could not be read.
    Unreadable,
}

impl SourceState {
    /// The name in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Stale => "stale",
            Self::Missing => "missing",
            Self::Unreadable => "unreadable",
        }
    }

    /// Whether what is said because of it may be wrong tomorrow.
    pub(crate) fn is_in_doubt(self) -> bool {
        matches!(self, Self::Stale | Self::Unreadable)
    }
}

impl DrillFacts {
    /// For how many days after a deletion it could be restored.
    pub(crate) fn days_to_restore(&self) -> i64 {
        match self.policy.recycle_bin {
            true => self.policy.deleted_object_lifetime,
            false => self.policy.tombstone_lifetime,
        }
    }
}
