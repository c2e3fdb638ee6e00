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

/// Sources that contradict each other about one attribute of an object. The first one, the most trusted, counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Conflict {
    /// The attribute; `memberOf` where it is about the groups that the object was in.
    pub attribute: String,
    /// What counts.
    pub chosen: Claim,
    /// What the others say, in the order of trust.
    pub others: Vec<Claim>,
}

/// What one source says of an attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Claim {
    /// The source.
    pub source: String,
    /// Of when the source is.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "crate::time::serialize")]
    pub at: Option<Timestamp>,
    /// Its values; none where it says that there were none.
    pub values: Vec<Value>,
}

impl Conflict {
    /// For people: what counts, and who says what else.
    #[must_use]
    pub fn describe(&self, now: Timestamp) -> String {
        let claim = |claim: &Claim| {
            let age = claim.at.map(|at| format!(", {}", crate::time::age(at, now))).unwrap_or_default();
            format!("{}{age}: {}", claim.source, decide::shown(&claim.values))
        };
        let others: Vec<String> = self.others.iter().map(claim).collect();
        format!("{}: {} counts; {} differs", self.attribute, claim(&self.chosen), others.join("; "))
    }
}
