//! Rolling back: a live object's wrong change undone, from what a change journal has of it.
//!
//! The journal is foreign input: what it says an object was is held against the live directory, and only the difference is
//! planned. A [`Past`] holds that difference by what the journal says, [`Present`] and [`Around`] what the directory says, and [`plan()`]
//! makes of them the same kind of plan as a restore, which is shown, saved, carried out and taken back like one.
//!
//! `docs/rollback.md` has the rules for people.

mod attributes;
mod diff;
mod links;
mod past;
mod plan;
mod present;
mod rule;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use self::diff::{Diff, diffs};
pub use self::past::{Changed, Nothing, Past, PastAttribute, PastLinks, PastPlace, link_names};
pub use self::plan::{Moves, object, plan};
pub use self::present::{Around, End, Present};
pub use self::rule::{MEMBER_OF, Scope, Way, may_name, way};
use crate::time::Timestamp;

/// The source's name in plans and reports.
pub const SOURCE: &str = "journal";

/// What is to be rolled back. Kept in the plan, so that `apply` can derive the steps again and compare.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RollbackRequest {
    /// The time whose state is wanted; of a window its beginning.
    pub to: Timestamp,
    /// Where only what changed in a time is rolled back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// The attributes that are rolled back; none means the whole object, as far as that goes without naming.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<String>,
    /// Whether one object was named, so that what stands in its way is the answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub single: bool,
    /// Consent to changing privileged objects and memberships of protected groups.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_privileged: bool,
    /// Consent to not having asked the whole forest whether a name is taken.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_unchecked_forest: bool,
    /// Whether what was changed again after the window is rolled back, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overwrite_later: bool,
    /// When the journal heard of the directory for the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<Timestamp>,
    /// What the journal has, as far as the directory shows something else.
    pub objects: Vec<Past>,
}

/// A time in which changes were made. A directory does not say who made a change: the time and the domain controller stand for that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Window {
    /// From when on.
    pub since: Timestamp,
    /// Until when, included.
    pub until: Timestamp,
    /// On which domain controller; any, where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
}
