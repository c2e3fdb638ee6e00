//! Filling: what a deletion took from an object, given back from a source that still has it.
//!
//! A source (an export of the cloud, a journal, a backup) is foreign input: somebody may have changed it on purpose. So
//! it fills only what the object does not have, only attributes that are on the list of harmless ones or were named
//! ([`rule()`]), and only values that look like what they are said to be. [`decide()`] makes the decision, without any I/O; who
//! gathers facts, who guards and who plans all ask it, so that they see the same.
//!
//! `docs/filling.md` has the rules for people.

mod decide;
mod rule;
#[cfg(test)]
mod tests;
mod value;

use serde::{Deserialize, Serialize};

pub use self::decide::{Filling, decide, logon_name, why_not_kept};
pub use self::rule::{Rule, comes_with_a_value, rule};
pub(crate) use self::value::values_problem;
use crate::time::Timestamp;
use crate::value::Value;

/// The attribute that becomes a step of its own.
pub const LOGON_NAME: &str = "userPrincipalName";

/// What one source has for one attribute of one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fill {
    /// The attribute, by its name in the directory.
    pub attribute: String,
    /// Its values.
    pub values: Vec<Value>,
    /// The source, as the plan names it: the name of a file, say.
    pub source: String,
    /// Of when the source is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Why it is not certain that what the source has belongs to this object: it is filled only where the attribute is
    /// named then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsure: Option<String>,
}
