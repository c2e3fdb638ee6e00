//! What the synchronisation engine takes: readers of its exported configuration, and the answer to "is this object in scope?".
//!
//! [`read`] makes a [`SyncScope`] of files; [`Evaluator`] answers for names and objects. `docs/scope.md` has the rules.

mod applied;
mod cloud_sync;
mod conditions;
mod connectors;
mod error;
mod export;
mod facts;
mod files;
pub mod filters;
mod json;
mod merge;
pub mod model;
mod node;
mod rules;
mod source;
mod verdict;
mod wizard;
mod xml;

#[cfg(test)]
mod tests;

pub use applied::{applied_here, newest_applied_policy};
pub use error::ScopeError;
pub use facts::{ATTRIBUTES, Known, ObjectFacts};
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use files::of_text;
pub use files::read;
pub use filters::Outcome;
pub use model::SyncScope;
pub use rules::{Decision, custom_rule};
pub use verdict::{Because, Evaluator, Located, Reason, Verdict};
