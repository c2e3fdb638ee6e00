//! What was done: the value that tables, JSON and the exit code are made of.

use serde::{Deserialize, Serialize};

use crate::ObjectGuid;
use crate::fill::Conflict;
use crate::plan::{Action, Block, LinkEnd, ObjectPlan};
use crate::time::Timestamp;

/// The schema name of the report.
pub const SCHEMA: &str = "adrecover/restore/v1";

/// What one `restore`, `apply` or `undo` did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Always [`SCHEMA`].
    pub schema: &'static str,
    /// The operation's id in the operation journal; `None` where nothing was carried out.
    pub operation: Option<String>,
    /// Whether nothing was meant to be carried out.
    pub dry_run: bool,
    /// Whether `undo` could take something of it back.
    #[serde(skip)]
    pub undoable: bool,
    /// Whether what is blocked does not stop the rest.
    #[serde(skip)]
    pub keep_going: bool,
    /// Each object, in the order of the plan.
    pub objects: Vec<ObjectReport>,
}

/// What happened to one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectReport {
    /// `objectGUID`.
    pub guid: ObjectGuid,
    /// Its name.
    pub name: String,
    /// The DN before.
    pub from: String,
    /// The DN after; where nothing was done, the one that it would have.
    pub dn: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What stood in the way.
    pub blocked_by: Vec<Block>,
    /// Each step.
    pub steps: Vec<StepReport>,
    /// Whether the directory was read afterwards and shows what was meant; `None` where there was nothing to verify or
    /// it could not be read.
    pub verified: Option<bool>,
    /// Where the directory shows something else.
    pub differences: Vec<Difference>,
    /// Attributes that the deletion stripped and that are still not there.
    pub still_missing: Vec<String>,
    /// What this restore did not bring back, for people.
    pub losses: Vec<String>,
    /// What to know, for people.
    pub warnings: Vec<String>,
    /// Where the sources contradicted each other: the first one counted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
    /// Commands that would go on from here.
    pub next: Vec<String>,
    /// Why it failed or was left alone, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What kind of failure that was, for the exit code.
    #[serde(skip)]
    pub failure: Option<Failure>,
}

/// How it ended for one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It is back, or what was undone is undone.
    Restored,
    /// It was back already and everything asked for was there.
    AlreadyRestored,
    /// Something stands in the way; nothing was changed.
    Blocked,
    /// Nothing was changed, because the first write failed.
    Failed,
    /// Some steps are done and some are not.
    Partial,
    /// A dry run: this is what would be done.
    Planned,
    /// It was left alone.
    Skipped,
}

/// What happened to one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepReport {
    /// The step's name.
    pub step: &'static str,
    /// What became of it.
    pub status: Status,
    /// The value set, where it is no secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The attribute set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// The group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The DNS name of the group's domain, where that is another one of the forest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Where the value comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Of when that source is.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "crate::time::serialize")]
    pub source_at: Option<Timestamp>,
    /// Why it failed or was left out, or what to do by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// It would be done.
    Planned,
    /// It is done.
    Done,
    /// The directory showed it done already.
    Unchanged,
    /// It was left out.
    Skipped,
    /// It failed.
    Failed,
    /// It was done and taken back.
    Undone,
}

/// One thing that is not as it was meant to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// The attribute, `dn`, `isDeleted` or `member`.
    pub what: String,
    /// What was meant.
    pub expected: String,
    /// What the directory shows.
    pub observed: String,
}

/// Why an object was not restored, as far as the exit code tells failures apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    /// A check blocks, or the server refused for a reason that a check could have found (6).
    Blocked,
    /// It cannot be restored at all (8).
    ForGood,
    /// The directory has moved since the plan was made (7).
    Stale,
    /// A right is missing (11).
    AccessDenied,
    /// The server could not be reached (10).
    Unreachable,
    /// It was not the object's turn: declined (9).
    Declined,
    /// Interrupted (130).
    Interrupted,
    /// Anything else (1).
    Other,
}

impl Failure {
    /// The exit code, where this is the common cause of a whole batch.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Blocked => 6,
            Self::ForGood => 8,
            Self::Stale => 7,
            Self::AccessDenied => 11,
            Self::Unreachable => 10,
            Self::Declined => 9,
            Self::Interrupted => 130,
            Self::Other => 1,
        }
    }
}

impl StepReport {
    /// The report of a step with what may be shown of it.
    pub fn new(action: &Action, status: Status) -> Self {
        let mut report = Self {
            step: action.name(),
            status,
            value: None,
            attribute: None,
            group: None,
            domain: None,
            source: None,
            source_at: None,
            message: None,
        };
        match action {
            Action::Reanimate { to, .. } | Action::Create { to, .. } | Action::Move { to } => {
                report.value = Some(to.to_string())
            }
            Action::SetUpn { value, source, at } => {
                report.value = Some(value.clone());
                (report.source, report.source_at) = (source.clone(), *at);
            }
            Action::SetAttribute { attribute, values, source, at, .. } => {
                report.attribute = Some(attribute.clone());
                report.value = Some(values.iter().map(|v| v.shown()).collect::<Vec<_>>().join("; "));
                (report.source, report.source_at) = (Some(source.clone()), *at);
            }
            Action::AddToGroup { group, source, domain, at, .. } => {
                report.domain.clone_from(domain);
                report.group = Some(group.to_string());
                (report.source, report.source_at) = (Some(source.clone()), *at);
            }
            Action::RemoveFromGroup { group, domain, .. } => {
                report.domain.clone_from(domain);
                report.group = Some(group.to_string());
            }
            Action::AddLinks { attribute, holder, targets, source, at, .. } => {
                report.attribute = Some(attribute.clone());
                report.value = Some(links_in_words(holder, targets));
                (report.source, report.source_at) = (Some(source.clone()), *at);
            }
            Action::RemoveLinks { attribute, holder, targets } => {
                report.attribute = Some(attribute.clone());
                report.value = Some(links_in_words(holder, targets));
            }
            Action::Manual { text }
            | Action::HoldSync { text, .. }
            | Action::BeforeSync { text }
            | Action::ReleaseSync { text, .. }
            | Action::RunSync { text, .. } => report.message = Some(text.clone()),
            Action::Wait { awaited, text } => {
                report.value = Some(awaited.to_string());
                report.message = Some(text.clone());
            }
            Action::CloudRestore { user, user_principal_name, .. } => {
                let upn = user_principal_name.iter().map(|upn| format!(" as {upn}"));
                report.value = Some(format!("{user}{}", upn.collect::<String>()));
            }
            Action::CloudUpdate { user, change } => report.value = Some(format!("{user}: {change}")),
            Action::SetPassword { .. }
            | Action::Enable
            | Action::Disable
            | Action::Delete
            | Action::Preflight => {}
        }
        report
    }

    /// Whether it was done, needed nothing, or is left to a person.
    pub fn is_no_failure(&self) -> bool {
        !matches!(self.status, Status::Failed | Status::Skipped)
    }

    /// Whether it was asked for and is left to a person.
    pub fn is_left_to_do(&self) -> bool {
        self.status == Status::Planned && self.step == "manual"
    }

    /// With a message.
    #[must_use]
    pub fn because(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }
}

impl Report {
    /// The exit code of the command (contract, "Exit codes").
    ///
    /// Something changed and something not is 3; nothing changed for one common cause is that cause's code; nothing
    /// changed for several causes is 3 unless all of them are blocks (6).
    pub fn exit_code(&self) -> u8 {
        let bad: Vec<Failure> = self.objects.iter().filter_map(ObjectReport::verdict).collect();
        if bad.is_empty() {
            return 0;
        }
        if bad.contains(&Failure::Interrupted) {
            return 130;
        }
        let would_change = |o: &ObjectReport| self.keep_going && o.outcome == Outcome::Planned;
        let changed = self
            .objects
            .iter()
            .any(|o| matches!(o.outcome, Outcome::Restored | Outcome::Partial) || would_change(o));
        let disagrees =
            self.objects.iter().any(|o| o.outcome == Outcome::Partial || o.verified == Some(false));
        if changed || disagrees {
            return 3;
        }
        let mut codes: Vec<u8> = bad.iter().map(|f| f.exit_code()).collect();
        codes.sort_unstable();
        codes.dedup();
        match codes.as_slice() {
            [one] => *one,
            [6, 8] => 6,
            _ => 3,
        }
    }
}

impl ObjectReport {
    /// A report of nothing done yet: what the plan knows.
    pub fn new(object: &ObjectPlan, outcome: Outcome) -> Self {
        Self {
            guid: object.guid,
            name: object.name.clone(),
            from: object.from.clone(),
            dn: object.dn.to_string(),
            outcome,
            blocked_by: object.blocked_by.clone(),
            steps: vec![],
            verified: None,
            differences: vec![],
            still_missing: object.still_missing.clone(),
            losses: object.losses.clone(),
            warnings: object.warnings.clone(),
            conflicts: object.conflicts.clone(),
            next: vec![],
            message: object.skipped.clone(),
            failure: None,
        }
    }

    /// Whether any step of it was done.
    pub fn wrote(&self) -> bool {
        self.steps.iter().any(|s| s.status == Status::Done)
    }

    /// Why this object keeps the command from exiting with 0; `None` when it does not.
    fn verdict(&self) -> Option<Failure> {
        match self.outcome {
            Outcome::Planned | Outcome::Skipped => self.failure,
            // Done and not seen to be done is not done.
            Outcome::Restored if self.verified != Some(true) && self.wrote() => Some(Failure::Other),
            Outcome::Restored | Outcome::AlreadyRestored if self.verified == Some(false) => {
                Some(Failure::Other)
            }
            Outcome::Restored | Outcome::AlreadyRestored => self.failure,
            Outcome::Blocked if self.blocked_by.iter().any(|b| b.for_good) => Some(Failure::ForGood),
            Outcome::Blocked => Some(self.failure.unwrap_or(Failure::Blocked)),
            Outcome::Failed | Outcome::Partial => Some(self.failure.unwrap_or(Failure::Other)),
        }
    }
}

/// How many ends of links are named.
const NAMED_ENDS: usize = 3;

/// `CN=Sales,DC=x → CN=UserA,DC=x`, for people.
pub fn links_in_words(holder: &LinkEnd, targets: &[LinkEnd]) -> String {
    let named: Vec<String> = targets.iter().take(NAMED_ENDS).map(|end| end.dn.to_string()).collect();
    let more = match targets.len().checked_sub(NAMED_ENDS) {
        Some(more @ 1..) => format!("; and {more} more"),
        _ => String::new(),
    };
    format!("{} \u{2192} {}{more}", holder.dn, named.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(outcome: Outcome, failure: Option<Failure>) -> ObjectReport {
        ObjectReport {
            guid: ObjectGuid::from_wire(&[0; 16]).unwrap(),
            name: "a".into(),
            from: String::new(),
            dn: String::new(),
            outcome,
            blocked_by: vec![],
            steps: vec![],
            verified: (outcome == Outcome::Restored).then_some(true),
            differences: vec![],
            conflicts: vec![],
            still_missing: vec![],
            losses: vec![],
            warnings: vec![],
            next: vec![],
            message: None,
            failure,
        }
    }

    fn code(objects: Vec<ObjectReport>) -> u8 {
        Report {
            schema: SCHEMA,
            operation: None,
            dry_run: false,
            undoable: false,
            keep_going: false,
            objects,
        }
        .exit_code()
    }

    #[test]
    fn exit_codes_of_batches() {
        use Outcome::{AlreadyRestored, Blocked, Failed, Partial, Restored, Skipped};
        assert_eq!(code(vec![object(Restored, None), object(AlreadyRestored, None)]), 0);
        assert_eq!(code(vec![object(Restored, None), object(Failed, Some(Failure::AccessDenied))]), 3);
        assert_eq!(code(vec![object(Failed, Some(Failure::AccessDenied)); 2]), 11);
        assert_eq!(code(vec![object(Blocked, None), object(Failed, Some(Failure::AccessDenied))]), 3);
        assert_eq!(code(vec![object(Blocked, None)]), 6);
        assert_eq!(code(vec![object(Partial, Some(Failure::Other))]), 3);
        assert_eq!(code(vec![object(Skipped, Some(Failure::Declined))]), 9);
        assert_eq!(code(vec![object(Skipped, None), object(Restored, None)]), 0);
        assert_eq!(code(vec![object(Restored, None), object(Failed, Some(Failure::Interrupted))]), 130);
        let mut wrong = object(Restored, None);
        wrong.verified = Some(false);
        assert_eq!(code(vec![wrong]), 3);
    }
}
