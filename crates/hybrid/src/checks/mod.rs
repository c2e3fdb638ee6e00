//! The checks before a synchronisation: is this user safe to synchronise?
//!
//! Each check is a [`Rule`] in a file of its own. [`judge`] makes them for a [`Case`]: a [`Subject`], and what is known around it
//! ([`Setting`]). Nothing here reads or asks: what is not in the case is unknown, and nothing unknown passes.
//!
//! `docs/checks/` has a page for each, made from the rule.

mod case;
mod forest;
mod primary;
mod report;
mod rule;
mod subject;

mod account;
mod engine;
mod scope;

#[cfg(test)]
mod testing;

pub use case::{Case, CloudObject, Found, Setting, Sync};
pub use forest::{ATTRIBUTES as FOREST_ATTRIBUTES, Forest, Held, Holder};
pub use primary::Answer as PrimarySmtp;
pub use report::{CheckReport, Choice, SCHEMA, UserReport, Verdict, judge};
pub use rule::{Finding, Group, Needs, Rule, Seen, Severity, Status};
pub use subject::{ATTRIBUTES, ConnectorAccount, Subject};

/// All checks, in the order of reports.
pub static RULES: &[&Rule] = &[
];
