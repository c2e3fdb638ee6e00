//! What an account can do on a server, and what to do about the rest: the judgement behind `adrecover doctor`.
//!
//! An adapter gathers [`DoctorFacts`]; [`judge`] turns them into a [`Report`] of [`Check`]s. Nothing is tried out: rights are read
//! from the attributes in which a server says what the caller may do (`allowedAttributesEffective`,
//! `allowedChildClassesEffective`, [MS-ADTS] 3.1.1.4.5.20 and .17), and from security descriptors where there is no such attribute.

mod answers;
mod facts;
mod fixes;
mod policy;
mod rights;
mod server;
#[cfg(test)]
mod tests;

pub use facts::{
    Account, ClockFacts, ConnectionFacts, Container, DoctorFacts, Encryption, PolicyFacts, Sample,
    ServerChoice, ServerFacts, Target,
};

use serde::{Serialize, Serializer};

/// The name of the document.
pub const SCHEMA: &str = "adrecover/doctor/v1";

/// What was found out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The document's name.
    pub schema: &'static str,
    /// The server's DNS name, or its address.
    pub server: String,
    /// The account, as `DOMAIN\name` where that is known.
    pub account: String,
    /// The checks, in the order in which a restore would need them.
    pub checks: Vec<Check>,
}

/// One question and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// Its stable name.
    pub id: &'static str,
    /// The question, for people.
    pub title: &'static str,
    /// The answer.
    pub status: CheckStatus,
    /// What was seen.
    pub seen: String,
    /// What to do, a sentence or a command a line; `null` in JSON where nothing is to be done.
    #[serde(serialize_with = "lines")]
    pub fix: Vec<String>,
    /// What hangs on it; `None` for what is good to know.
    #[serde(skip)]
    pub need: Option<Need>,
}

/// The answer of a [`Check`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum CheckStatus {
    /// As it should be.
    Ok,
    /// A restore works, with something to know or to improve.
    Warn,
    /// It does not work.
    Fail,
    /// It could not be found out.
    Unknown,
}

impl CheckStatus {
    /// The status's name in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        }
    }
}

/// What hangs on a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// A right that restoring takes.
    Right,
    /// An ability of the server that restoring takes.
    Ability,
}

impl Report {
    /// The exit code: 11 where a right is missing, 8 where this server cannot restore, 3 where something that a restore needs is
    /// unknown, else 0. Warnings, and what is only good to know, change nothing.
    pub fn exit_code(&self) -> u8 {
        let any = |status, need| self.checks.iter().any(|c| c.status == status && c.need == need);
        if any(CheckStatus::Fail, Some(Need::Right)) {
            11
        } else if any(CheckStatus::Fail, Some(Need::Ability)) {
            8
        } else if self.checks.iter().any(|c| c.status == CheckStatus::Unknown && c.need.is_some()) {
            3
        } else {
            0
        }
    }
}

impl Check {
    fn new(id: &'static str, title: &'static str, status: CheckStatus, seen: impl Into<String>) -> Self {
        Self { id, title, status, seen: seen.into(), fix: vec![], need: None }
    }

    fn fix<S: Into<String>>(mut self, lines: impl IntoIterator<Item = S>) -> Self {
        self.fix.extend(lines.into_iter().map(Into::into));
        self
    }

    fn needed(mut self, need: Need) -> Self {
        self.need = Some(need);
        self
    }
}

/// Judges everything that was gathered.
pub fn judge(facts: &DoctorFacts) -> Report {
    let mut checks = server::checks(facts);
    checks.extend(policy::checks(facts));
    checks.extend(rights::checks(facts));
    Report {
        schema: SCHEMA,
        server: facts.connection.host.clone().unwrap_or_else(|| facts.connection.url.clone()),
        account: facts.account_name(),
        checks,
    }
}

/// Text as one JSON string.
fn lines<S: Serializer>(fix: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    match fix {
        [] => serializer.serialize_none(),
        lines => serializer.serialize_str(&lines.join("\n")),
    }
}
