//! The checks of the scope: does the engine take the object at all?

pub(super) mod account_name;
pub(super) mod admin_description;
pub(super) mod conflict_name;
pub(super) mod critical_system_object;
pub(super) mod custom_rule;
pub(super) mod linked_mailbox;
pub(super) mod mail_nickname;
pub(super) mod object_class;
pub(super) mod ou;
pub(super) mod partition;
pub(super) mod pilot_group;
pub(super) mod recipient_type;
pub(super) mod replicated;

#[cfg(test)]
pub(crate) mod fixture;

use super::case::Case;
use super::rule::{Finding, Seen, Status};
use crate::scope::filters::Filter;
use crate::scope::{Because, Outcome};

/// How a changed filter comes into force.
const APPLY: &str = "Start-ADSyncSyncCycle -PolicyType Initial";

/// What a filter of the default rules says. A configuration with rules of its own may let the object pass all the same.
fn by_default_rule(case: &Case<'_>, filter: Filter, attribute: &str) -> Finding {
    let seen = [case.saw(attribute)];
    match filter(&case.subject.dn, case.facts()) {
        Outcome::Passes => Finding::pass().saw(seen),
        Outcome::Filtered(why) if is_taken(case) => {
            Finding::fine(format!("{why}; by its own rules the configuration takes the object all the same"))
                .saw(seen)
        }
        Outcome::Filtered(why) => Finding::fail(why).saw(seen),
        Outcome::Unknown { why, .. } => Finding::unknown(why).saw(seen),
    }
}

/// Whether the configuration as a whole takes the object.
fn is_taken(case: &Case<'_>) -> bool {
    let verdict = |sync: &super::case::Sync<'_>| sync.evaluator.verdict(&case.subject.dn, case.facts());
    case.sync.is_some_and(|sync| verdict(sync).in_scope == Some(true))
}

/// What several connectors come to: one that takes the object is enough, one that may is better than one that does not.
fn best(findings: impl IntoIterator<Item = Finding>) -> Option<Finding> {
    let rank = |finding: &Finding| match finding.status {
        Status::Pass => 0,
        Status::NotApplicable => 1,
        Status::Warn => 2,
        Status::Unknown => 3,
        Status::Fail => 4,
    };
    findings.into_iter().min_by_key(rank)
}

/// The line of the configuration that decides.
fn line(because: &Because, what: &str) -> Seen {
    let source = match because.line {
        Some(line) => format!("{}:{line}", because.source),
        None => because.source.clone(),
    };
    Seen { source, attribute: what.to_owned(), value: Some(because.value.clone()), at: None }
}

/// A line of the configuration.
fn place(at: &crate::scope::model::Place, what: &str, value: impl Into<String>) -> Seen {
    Seen {
        source: format!("{}:{}", at.name(), at.line),
        attribute: what.to_owned(),
        value: Some(value.into()),
        at: None,
    }
}
