//! Alerts: what somebody has to know now, and what to do next.

mod blind;
mod guard;
mod mass;
mod watch;

use std::time::Duration;

use adrecover_core::ObjectGuid;
use adrecover_core::text::printable;
use adrecover_core::time::{Timestamp, rfc3339};
use serde::{Deserialize, Serialize};

pub(crate) use blind::look as look_for_silence;
pub(crate) use guard::Guard;
pub use mass::{BadThreshold, Threshold};
pub use watch::WatchFor;

/// The schema of an alert's document.
pub(crate) const SCHEMA: &str = "adrecover/alert/v1";
/// So many objects are named in an alert; of more the number is told.
pub(crate) const MOST_OBJECTS: usize = 20;

/// What an agent watches, and how it is asked about afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertOptions {
    /// The objects of which a deletion is told, with what is below them and who is in them.
    pub watch: Vec<WatchFor>,
    /// Whether the deletion of whatever has `adminCount` 1 is told.
    pub privileged: bool,
    /// How many deletions in which time are too many.
    pub mass: Option<Threshold>,
    /// After so long without success the agent is blind.
    pub blind_after: Duration,
    /// The words that the commands of an alert need besides, such as ` --journal FILE`.
    pub asking: String,
}

impl Default for AlertOptions {
    fn default() -> Self {
        let blind_after = Duration::from_secs(600);
        Self {
            watch: vec![],
            privileged: false,
            mass: Some(Threshold::default()),
            blind_after,
            asking: String::new(),
        }
    }
}

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AlertKind {
    /// What is watched was deleted.
    WatchedDeletion,
    /// Too much was deleted in too short a time.
    MassDeletion,
    /// The agent has not read anything for too long.
    AgentBlind,
    /// It reads again.
    AgentSeeing,
    /// The journal was damaged, and a new one was begun.
    JournalSetAside,
}

impl AlertKind {
    /// Its name in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::WatchedDeletion => "watchedDeletion",
            Self::MassDeletion => "massDeletion",
            Self::AgentBlind => "agentBlind",
            Self::AgentSeeing => "agentSeeing",
            Self::JournalSetAside => "journalSetAside",
        }
    }

    /// Its severity, as syslog has it (RFC 5424 6.2.1).
    pub(crate) fn severity(self) -> u8 {
        match self {
            Self::MassDeletion => 1,
            Self::WatchedDeletion | Self::JournalSetAside => 2,
            Self::AgentBlind => 3,
            Self::AgentSeeing => 5,
        }
    }
}

/// An alert, as it is sent: `adrecover/alert/v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// The schema.
    pub schema: String,
    /// The same for the same thing, however often it is sent.
    pub id: String,
    /// What it is about.
    pub kind: AlertKind,
    /// When it was raised.
    pub at: String,
    /// The forest.
    pub forest: String,
    /// In one line, for people.
    pub summary: String,
    /// How many objects it is about.
    pub count: u64,
    /// The first of them.
    pub objects: Vec<AlertObject>,
    /// When the first of it happened.
    pub from: Option<String>,
    /// When the last of it happened.
    pub to: Option<String>,
    /// On which domain controllers it was done.
    pub controllers: Vec<String>,
    /// What to run next.
    pub next: Vec<String>,
}

/// An object that an alert is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AlertObject {
    /// `objectGUID`.
    pub guid: ObjectGuid,
    /// Its DN before; `None` where it is kept encrypted.
    pub dn: Option<String>,
    /// When it was deleted.
    pub deleted_at: String,
    /// On which domain controller, where that is known.
    pub deleted_on: Option<String>,
    /// Why it is watched.
    pub because: Vec<String>,
}

impl Alert {
    /// An alert about no object.
    pub(crate) fn new(kind: AlertKind, forest: &str, now: Timestamp, summary: &str) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            id: format!("{}-{}", kind.name(), now.timestamp()),
            kind,
            at: rfc3339(now),
            forest: forest.to_owned(),
            summary: printable(summary).into_owned(),
            count: 0,
            objects: vec![],
            from: None,
            to: None,
            controllers: vec![],
            next: vec![],
        }
    }

    /// The document that is sent: with all of it as a text, which is what chat programs show.
    pub(crate) fn document(&self) -> String {
        #[derive(Serialize)]
        struct Document<'a> {
            #[serde(flatten)]
            alert: &'a Alert,
            text: String,
        }
        let next: String = self.next.iter().map(|next| format!("\n{next}")).collect();
        let text = format!("{} (forest {}){next}", self.summary, self.forest);
        // Nothing in it can fail to be written.
        serde_json::to_string(&Document { alert: self, text }).unwrap_or_default()
    }

    /// Without what is kept encrypted in the journal.
    pub(crate) fn without_names(&self) -> Self {
        let mut alert = self.clone();
        for object in &mut alert.objects {
            object.dn = None;
            object.because.clear();
        }
        if !alert.objects.is_empty() {
            alert.summary = format!("{} objects were deleted", alert.count);
        }
        alert
    }
}
