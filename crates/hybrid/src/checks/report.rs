//! What is told of one user: each check, the verdict, and the primary SMTP address.

use adrecover_core::ObjectGuid;
use serde::Serialize;

use super::case::Case;
use super::primary;
use super::rule::{Finding, Rule, Seen, Severity, Status};

/// The name of the document.
pub const SCHEMA: &str = "adrecover/preflight/v1";

/// Whether a user can be synchronised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Every check that blocks passes or does not apply. Warnings may stand.
    Ready,
    /// A check that blocks cannot be answered.
    Incomplete,
    /// A check that blocks fails.
    Blocked,
}

impl Verdict {
    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Incomplete => "incomplete",
            Self::Blocked => "blocked",
        }
    }

    /// The exit code of `preflight`.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Ready => 0,
            Self::Incomplete => 3,
            Self::Blocked => 6,
        }
    }
}

/// The outcome of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckReport {
    /// Its id.
    pub id: &'static str,
    /// The outcome.
    pub status: Status,
    /// How much it matters.
    pub severity: Severity,
    /// What is true when it passes.
    pub title: &'static str,
    /// The outcome in words; empty where the title says it all.
    pub detail: String,
    /// What was looked at.
    pub evidence: Vec<Seen>,
    /// What to do; `None` where there is nothing to do.
    pub fix: Option<String>,
}

/// What is told of one user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserReport {
    /// The object; `None` for one that is not there yet.
    pub guid: Option<ObjectGuid>,
    /// Its name, as it will be.
    pub dn: String,
    /// Its account name.
    pub sam_account_name: Option<String>,
    /// Its UPN.
    pub user_principal_name: Option<String>,
    /// Whether it can be synchronised.
    pub verdict: Verdict,
    /// The primary SMTP address: here, in the cloud, in the mailbox.
    pub primary_smtp: primary::Answer,
    /// The checks, in their order.
    pub checks: Vec<CheckReport>,
}

/// Which checks are made.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// Only these; all where there is none.
    pub only: Vec<String>,
    /// Not these.
    pub skip: Vec<String>,
}

impl Choice {
    /// Whether a check is made. A group's name stands for all of its checks.
    pub fn has(&self, rule: &Rule) -> bool {
        let is =
            |id: &String| id.eq_ignore_ascii_case(rule.id) || id.eq_ignore_ascii_case(rule.group().name());
        (self.only.is_empty() || self.only.iter().any(is)) && !self.skip.iter().any(is)
    }

    /// An id that no check and no group has.
    pub fn unknown_id(&self) -> Option<&str> {
        let is_known = |id: &str| {
            super::RULES
                .iter()
                .any(|rule| id.eq_ignore_ascii_case(rule.id) || id.eq_ignore_ascii_case(rule.group().name()))
        };
        self.only.iter().chain(&self.skip).map(String::as_str).find(|id| !is_known(id))
    }
}

/// Makes the checks.
pub fn judge(case: &Case<'_>, choice: &Choice) -> UserReport {
    let checks: Vec<CheckReport> = super::RULES
        .iter()
        .filter(|rule| choice.has(rule))
        .map(|rule| told(rule, (rule.judge)(case)))
        .collect();
    let subject = case.subject;
    let text = |name: &str| subject.text(name).value().map(std::borrow::Cow::into_owned);
    UserReport {
        guid: subject.guid(),
        dn: subject.dn.to_string(),
        sam_account_name: text("sAMAccountName"),
        user_principal_name: text("userPrincipalName"),
        verdict: verdict(&checks),
        primary_smtp: primary::answer(case),
        checks,
    }
}

fn told(rule: &'static Rule, finding: Finding) -> CheckReport {
    let severity = finding.severity.unwrap_or(rule.severity);
    let status = match finding.status {
        Status::Fail if severity != Severity::Block => Status::Warn,
        status => status,
    };
    let is_open = matches!(status, Status::Fail | Status::Warn);
    CheckReport {
        id: rule.id,
        status,
        severity,
        title: rule.title,
        detail: finding.detail,
        evidence: finding.seen,
        fix: is_open.then(|| finding.fix.unwrap_or_else(|| rule.fix.to_owned())),
    }
}

fn verdict(checks: &[CheckReport]) -> Verdict {
    let of = |check: &CheckReport| match (check.severity, check.status) {
        (Severity::Block, Status::Fail) => Verdict::Blocked,
        (Severity::Block, Status::Unknown) => Verdict::Incomplete,
        _ => Verdict::Ready,
    };
    checks.iter().map(of).max().unwrap_or(Verdict::Ready)
}
