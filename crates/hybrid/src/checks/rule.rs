//! What a check is, and what it finds.

use adrecover_core::time::Timestamp;
use serde::{Serialize, Serializer};

use super::case::Case;

/// How much a check that fails matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// The user must not be synchronised as it is.
    Block,
    /// Something will be wrong afterwards, and can be put right.
    Warn,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Warn => "warn",
            Self::Info => "info",
        }
    }
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// It is as it should be, and there is evidence for it.
    Pass,
    /// It is wrong, and the severity is [`Severity::Block`].
    Fail,
    /// It is wrong, and the severity is less.
    Warn,
    /// The evidence that it takes is not there.
    Unknown,
    /// There is nothing to check for this user, or nobody asked for it.
    NotApplicable,
}

impl Status {
    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::Unknown => "unknown",
            Self::NotApplicable => "notApplicable",
        }
    }
}

/// What a check is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Whether the engine takes the object at all.
    Scope,
    /// Which cloud object it becomes.
    Match,
    /// The logon name.
    Upn,
    /// Addresses.
    Mail,
    /// The mailbox and its routing.
    Exchange,
    /// The account itself.
    Account,
    /// The cloud object.
    Cloud,
    /// The synchronisation engine.
    Engine,
}

impl Group {
    /// The groups in the order of reports.
    pub const ALL: [Self; 8] = [
        Self::Scope,
        Self::Match,
        Self::Upn,
        Self::Mail,
        Self::Exchange,
        Self::Account,
        Self::Cloud,
        Self::Engine,
    ];

    /// What the ids of its checks begin with.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scope => "scope",
            Self::Match => "match",
            Self::Upn => "upn",
            Self::Mail => "mail",
            Self::Exchange => "exchange",
            Self::Account => "account",
            Self::Cloud => "cloud",
            Self::Engine => "engine",
        }
    }
}

/// Where the evidence of a check comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// The directory alone.
    Directory,
    /// The configuration of the synchronisation engine besides.
    Sync,
    /// Exports of the cloud besides.
    Cloud,
    /// Part of it can be said without the cloud.
    SomeCloud,
}

/// One check. Each stands in a file of its own.
#[derive(Debug)]
pub struct Rule {
    /// The id: group, dot, name. Stable.
    pub id: &'static str,
    /// What is true when it passes.
    pub title: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// Where its evidence comes from.
    pub needs: Needs,
    /// Why it matters: what happens at the next synchronisation.
    pub why: &'static str,
    /// What is looked at.
    pub evidence: &'static str,
    /// What to do about it.
    pub fix: &'static str,
    /// Where the rule comes from.
    pub source: &'static str,
    /// The rule itself.
    pub judge: fn(&Case<'_>) -> Finding,
}

impl Rule {
    /// The group that its id names.
    pub fn group(&self) -> Group {
        let name = self.id.split('.').next().unwrap_or_default();
        Group::ALL.into_iter().find(|group| group.name() == name).unwrap_or(Group::Scope)
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// The server or the file, and in a configuration the line.
    pub source: String,
    /// The attribute, property or setting.
    pub attribute: String,
    /// Its value; `None` where it has none.
    pub value: Option<String>,
    /// The time that it shows.
    #[serde(serialize_with = "moment")]
    pub at: Option<Timestamp>,
}

fn moment<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(adrecover_core::time::rfc3339).serialize(serializer)
}

/// What a check, or a part of one, found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The outcome.
    pub status: Status,
    /// The severity, where it is not the rule's.
    pub severity: Option<Severity>,
    /// The outcome in words; empty where the title says it all.
    pub detail: String,
    /// What was looked at.
    pub seen: Vec<Seen>,
    /// What to do, with this user's own values; `None` for what the rule says.
    pub fix: Option<String>,
}

impl Finding {
    fn new(status: Status, detail: impl Into<String>) -> Self {
        Self { status, severity: None, detail: detail.into(), seen: vec![], fix: None }
    }

    /// As it should be.
    pub fn pass() -> Self {
        Self::new(Status::Pass, "")
    }

    /// As it should be, and why.
    pub fn fine(detail: impl Into<String>) -> Self {
        Self::new(Status::Pass, detail)
    }

    /// Wrong. With a rule of a lower severity it becomes a warning.
    pub fn fail(detail: impl Into<String>) -> Self {
        Self::new(Status::Fail, detail)
    }

    /// Wrong, but not so much: a warning whatever the rule's severity is.
    pub fn warn(detail: impl Into<String>) -> Self {
        Self { severity: Some(Severity::Warn), ..Self::new(Status::Warn, detail) }
    }

    /// Evidence is missing; which, and how to get it.
    pub fn unknown(detail: impl Into<String>) -> Self {
        Self::new(Status::Unknown, detail)
    }

    /// Nothing to check.
    pub fn not_applicable(detail: impl Into<String>) -> Self {
        Self::new(Status::NotApplicable, detail)
    }

    /// With something that was looked at.
    #[must_use]
    pub fn saw(mut self, seen: impl IntoIterator<Item = Seen>) -> Self {
        self.seen.extend(seen);
        self
    }

    /// With what to do.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// With a severity of its own.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// What several parts come to: the worst decides, and its words and way out come first. Parts that do not apply say nothing
    /// unless none does.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut parts: Vec<Self> = parts.into_iter().collect();
        // A stable sort: among equals the first part speaks first.
        // What has a lower severity of its own does not hide what has the rule's.
        let is_full = |part: &Self| matches!(part.severity, None | Some(Severity::Block));
        parts.sort_by_key(|part| std::cmp::Reverse((part.status.weight(), is_full(part))));
        let mut parts = parts.into_iter();
        let Some(mut worst) = parts.next() else { return Self::not_applicable("there is nothing to check") };
        for part in parts {
            let tells = part.status.weight() >= Status::Warn.weight();
            if tells && !worst.detail.contains(&part.detail) {
                worst.detail = format!("{}; {}", worst.detail, part.detail);
            }
            if let (Some(fix), true) = (part.fix, tells) {
                worst.fix = Some(worst.fix.map_or_else(|| fix.clone(), |own| format!("{own}; {fix}")));
            }
            if part.status != Status::NotApplicable {
                worst.seen.extend(part.seen);
            }
        }
        let mut seen: Vec<Seen> = Vec::with_capacity(worst.seen.len());
        for one in worst.seen.drain(..) {
            if !seen.contains(&one) {
                seen.push(one);
            }
        }
        worst.seen = seen;
        worst
    }
}

impl Status {
    /// What is open is worse than a warning: it may turn out to block.
    fn weight(self) -> u8 {
        match self {
            Self::NotApplicable => 0,
            Self::Pass => 1,
            Self::Warn => 2,
            Self::Unknown => 3,
            Self::Fail => 4,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_part_decides_and_the_others_are_heard() {
        let seen = |value: &str| Seen {
            source: "dc1".into(),
            attribute: "mail".into(),
            value: Some(value.into()),
            at: None,
        };
        let parts = || {
            [
                Finding::pass().saw([seen("a")]),
                Finding::unknown("no export"),
                Finding::warn("odd").fix("mend it"),
                Finding::not_applicable("no mailbox").saw([seen("b")]),
            ]
        };
        let together = Finding::all(parts());
        assert_eq!((together.status, together.detail.as_str()), (Status::Unknown, "no export; odd"));
        assert_eq!((together.seen, together.fix.as_deref()), (vec![seen("a")], Some("mend it")));
        let failed = Finding::all(parts().into_iter().chain([Finding::fail("taken").fix("free it")]));
        assert_eq!((failed.status, failed.detail.as_str()), (Status::Fail, "taken; no export; odd"));
        assert_eq!(failed.fix.as_deref(), Some("free it; mend it"));
        let open = Finding::unknown("no bin").severity(Severity::Warn);
        let both = Finding::all([open, Finding::unknown("no users")]);
        assert_eq!((both.severity, both.detail.as_str()), (None, "no users; no bin"));
        assert_eq!(Finding::all([]).status, Status::NotApplicable);
    }
}
