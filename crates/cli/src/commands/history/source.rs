//! Which journal it was, and how far it goes.

use adrecover_core::time::{Timestamp, age, rfc3339};
use adrecover_journal::Journal;
use chrono::Duration;
use serde::Serialize;

use crate::error::CliError;
use crate::journal::as_of;

/// The journal that was asked.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Source {
    pub(super) forest: String,
    pub(super) file: String,
    /// When it was begun: of what was before it knows nothing.
    #[serde(serialize_with = "adrecover_core::time::serialize")]
    pub(super) begins: Option<Timestamp>,
    /// Up to when the directory was read; `None` where nothing was.
    #[serde(serialize_with = "adrecover_core::time::serialize")]
    pub(super) as_of: Option<Timestamp>,
    /// Whether every naming context has been read as a whole.
    pub(super) is_complete: bool,
}

/// What is older has been left by its agent.
const STALE: Duration = Duration::minutes(15);

impl Source {
    pub(super) fn read(journal: &Journal) -> Result<Self, CliError> {
        let contexts = journal.contexts()?;
        Ok(Self {
            forest: journal.forest().to_owned(),
            file: journal.place().to_string(),
            begins: journal.begins()?,
            as_of: as_of(&contexts),
            is_complete: !contexts.is_empty() && contexts.iter().all(|context| context.completed.is_some()),
        })
    }

    /// Where the journal is not what one may take it for.
    pub(super) fn doubts(&self, now: Timestamp) -> Vec<String> {
        let mut out = vec![];
        let Self { forest, .. } = self;
        if !self.is_complete {
            out.push(format!(
                "the change journal of {forest} is not complete: its first full read is not over"
            ));
        }
        if let Some(as_of) = self.as_of.filter(|as_of| now - *as_of > STALE) {
            out.push(format!(
                "the change journal of {forest} was last brought up to date at {}: what happened since is not in it",
                rfc3339(as_of)
            ));
        }
        out
    }

    /// That nothing is known of the first part of a time, where that is so.
    pub(super) fn doubt_since(&self, since: Timestamp) -> Option<String> {
        let begins = self.begins.filter(|begins| since < *begins)?;
        let Self { forest, .. } = self;
        Some(format!(
            "the change journal of {forest} begins at {}: what was deleted before is not in it",
            rfc3339(begins)
        ))
    }

    /// For people: `change journal of contoso.com, as of …`.
    pub(super) fn words(&self, now: Timestamp) -> String {
        match self.as_of {
            Some(at) => {
                format!("change journal of {}, as of {} ({})", self.forest, rfc3339(at), age(at, now))
            }
            None => format!("change journal of {}, empty", self.forest),
        }
    }
}
