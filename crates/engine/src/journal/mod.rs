//! The operation journal: an intent log of what this program does to a directory.
//!
//! It is no debug log. Before each effect its intent is committed, with what is needed to take it back; afterwards what
//! was observed. So after an end at any point, it says of each step that it was done, that it was not begun, or that it
//! may have been done, and then [`crate::resume()`] looks in the directory before it acts. No secret is ever in it.
//!
//! One SQLite file, `operations.db`, in WAL mode. Several processes may use it at once; an operation is carried out by
//! one at a time.

mod ask;
mod file;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod lock;
mod log;
mod read;
mod state;
mod write;

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use adrecover_core::ObjectGuid;
use adrecover_core::plan::{Action, Carried, Plan, Purpose};
use adrecover_core::report::{ObjectReport, Outcome, Status};
use adrecover_core::time::Timestamp;
use adrecover_core::value::Value;
use chrono::SecondsFormat;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use log::Held;

pub use file::VERSION;
pub use read::{Operation, OperationSummary, RestoredObject, StepRecord};
pub use state::{Event, StepState};

/// The id of an operation: a UUID of version 7, so that ids sort by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationId(Uuid);

impl std::fmt::Display for OperationId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for OperationId {
    type Err = JournalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::try_parse(text).map(Self).map_err(|_| JournalError::NotFound { id: text.to_owned() })
    }
}

/// Which command made an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// `restore`.
    Restore,
    /// `apply`.
    Apply,
    /// `undo`.
    Undo,
    /// `rollback`.
    Rollback,
    /// `cloud restore`.
    CloudRestore,
    /// `recreate`.
    Recreate,
}

impl Command {
    /// Every command with its name in the file.
    pub const ALL: [(Command, &'static str); 6] = [
        (Self::Restore, "restore"),
        (Self::Apply, "apply"),
        (Self::Undo, "undo"),
        (Self::Rollback, "rollback"),
        (Self::CloudRestore, "cloud restore"),
        (Self::Recreate, "recreate"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(command, _)| *command == self).map_or("", |(_, name)| name)
    }
}

/// Where an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationState {
    /// It was begun and not finished: it is being carried out, or the program ended in the middle.
    Running,
    /// It was stopped before its end, by somebody or because the server went away: it can be resumed.
    Interrupted,
    /// What it does in the directory is done, and it waits for the synchronisation, the cloud or a person.
    Waiting,
    /// Everything in it is done.
    Done,
    /// Some of it is done and some failed.
    Partial,
    /// Nothing in it was done.
    Failed,
}

impl OperationState {
    /// Every state with its name in the file.
    pub const ALL: [(OperationState, &'static str); 6] = [
        (Self::Running, "running"),
        (Self::Interrupted, "interrupted"),
        (Self::Waiting, "waiting"),
        (Self::Done, "done"),
        (Self::Partial, "partial"),
        (Self::Failed, "failed"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(state, _)| *state == self).map_or("", |(_, name)| name)
    }

    /// What the reports of an operation amount to.
    pub fn of(reports: &[ObjectReport]) -> Self {
        use adrecover_core::report::Failure;
        let cut_short =
            |r: &ObjectReport| matches!(r.failure, Some(Failure::Interrupted | Failure::Unreachable));
        let did_something = |r: &ObjectReport| r.steps.iter().any(|s| s.status == Status::Done);
        let fell_short = |r: &ObjectReport| {
            matches!(r.outcome, Outcome::Failed | Outcome::Partial | Outcome::Blocked) || r.failure.is_some()
        };
        if reports.iter().any(cut_short) {
            Self::Interrupted
        } else if !reports.iter().any(fell_short) {
            Self::Done
        } else if reports.iter().any(did_something) {
            Self::Partial
        } else {
            Self::Failed
        }
    }
}

/// Who does it, from where, with what, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// The command.
    pub command: Command,
    /// The reason that was given.
    pub reason: Option<String>,
    /// The account that the directory knows the program as.
    pub bind_identity: String,
    /// The user of the operating system.
    pub os_user: String,
    /// The computer that the program runs on.
    pub host: String,
    /// When it began.
    pub started_at: Timestamp,
}

/// What is kept of an event besides its kind: what was observed before and after. Never a secret.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Detail {
    /// The values of the attribute before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Vec<Value>>,
    /// The DN before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_dn: Option<String>,
    /// The DN afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dn: Option<String>,
    /// The GUID of the object that was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guid: Option<ObjectGuid>,
    /// Which password travelled inside the undelete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Option<Carried>,
    /// `userAccountControl` before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uac: Option<u32>,
    /// Why, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl Detail {
    /// Only a message.
    pub fn message(text: impl Into<String>) -> Self {
        Self { message: Some(text.into()), ..Self::default() }
    }
}

/// Why the journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// SQLite says so.
    #[error("the operation journal {} cannot be used: {error}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: rusqlite::Error,
    },
    /// The file or its folder cannot be made or read.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The cause.
        error: std::io::Error,
    },
    /// Others can write the file or its folder.
    #[error("{} can be written by others: what is in it is not trusted", path.display())]
    WritableByOthers {
        /// Which.
        path: PathBuf,
    },
    /// A newer program wrote it.
    #[error("{} has format {found}; this program knows {known}: use a newer adrecover", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// There is no such operation.
    #[error("no operation `{id}` in the operation journal")]
    NotFound {
        /// What was looked for.
        id: String,
    },
    /// Several operations begin like that.
    #[error("`{prefix}` is the beginning of several operations: {}", ids.join(", "))]
    Ambiguous {
        /// What was looked for.
        prefix: String,
        /// Their ids.
        ids: Vec<String>,
    },
    /// Another process carries it out.
    #[error("operation {id} is being carried out by another process")]
    Running {
        /// Which.
        id: OperationId,
    },
    /// An event cannot follow what is written already.
    #[error("step {step} of object {object} in operation {id} is {state:?}: it cannot be {event:?}")]
    Illegal {
        /// The operation.
        id: OperationId,
        /// The object's index in the plan.
        object: usize,
        /// The step's index.
        step: usize,
        /// Where it stands.
        state: StepState,
        /// What was to be written.
        event: Event,
    },
    /// The file is no SQLite database, or a damaged one.
    #[error("the operation journal {} is damaged or no journal: {error}", path.display())]
    NotAJournal {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: rusqlite::Error,
    },
    /// Something in it does not parse.
    #[error("the operation journal is damaged: {0}")]
    Damaged(String),
}

impl JournalError {
    fn database(path: &Path, error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(DatabaseCorrupt | NotADatabase) => Self::NotAJournal { path, error },
            _ => Self::Database { path, error },
        }
    }
}

/// Which step of which object of which operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The operation.
    pub operation: OperationId,
    /// The object's index in the plan.
    pub object: usize,
    /// Its GUID.
    pub guid: ObjectGuid,
    /// The step's index.
    pub step: usize,
}

/// The operation journal, open.
#[derive(Debug)]
pub struct Journal {
    connection: Connection,
    path: PathBuf,
    held: RefCell<Vec<Held>>,
    /// Whether a transaction is open whose events are not committed yet.
    pending: Cell<bool>,
}

impl Journal {
    /// Opens the file, and makes it and its folder where they are missing.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        let path = path.as_ref().to_owned();
        Ok(Self { connection: file::open(&path)?, path, held: RefCell::default(), pending: Cell::new(false) })
    }

    /// Writes an operation down, before its first step.
    pub fn begin(&self, meta: &Meta, plan: &Plan) -> Result<OperationId, JournalError> {
        let id = OperationId(Uuid::now_v7());
        let undo_of = match &plan.purpose {
            Purpose::Restore | Purpose::Recreate | Purpose::Rollback { .. } | Purpose::Cloud { .. } => None,
            Purpose::Undo { operation } => Some(operation.as_str()),
        };
        let json = serde_json::to_string(plan).map_err(|e| JournalError::Damaged(e.to_string()))?;
        self.hold(id)?;
        self.commit()?;
        self.run(|c| {
            c.prepare_cached(
                "INSERT INTO operations (id, started_at, command, reason, bind_identity, os_user, host, domain, \
                 domain_sid, server, plan, undo_of, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'running')",
            )?
            .execute(params![
                id.to_string(),
                stamp(meta.started_at),
                meta.command.name(),
                meta.reason,
                meta.bind_identity,
                meta.os_user,
                meta.host,
                plan.domain.to_string(),
                plan.domain_sid.as_ref().map(ToString::to_string),
                plan.server,
                json,
                undo_of,
            ])
        })?;
        Ok(id)
    }

    /// Takes an unfinished operation up again; fails where another process has it.
    pub fn take_up(&self, id: OperationId) -> Result<(), JournalError> {
        self.hold(id)?;
        self.commit()?;
        self.run(|c| {
            c.execute(
                "UPDATE operations SET state = 'running', finished_at = NULL WHERE id = ?",
                [id.to_string()],
            )
        })?;
        Ok(())
    }

    /// Writes down how an operation ended and lets it go.
    pub fn finish(&self, id: OperationId, state: OperationState, at: Timestamp) -> Result<(), JournalError> {
        self.commit()?;
        self.run(|c| {
            c.execute(
                "UPDATE operations SET state = ?, finished_at = ? WHERE id = ?",
                params![state.name(), stamp(at), id.to_string()],
            )
        })?;
        self.held.borrow_mut().retain(|held| held.id != id);
        Ok(())
    }

    fn hold(&self, id: OperationId) -> Result<(), JournalError> {
        if self.held.borrow().iter().any(|held| held.id == id) {
            return Ok(());
        }
        let lock = lock::Lock::take(&self.path, id)?.ok_or(JournalError::Running { id })?;
        self.held.borrow_mut().push(Held::new(id, lock));
        Ok(())
    }

    fn run<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, JournalError> {
        work(&self.connection).map_err(|error| JournalError::database(&self.path, error))
    }
}

/// What an object's reanimation leaves behind for [`Journal::note_success`].
impl RestoredObject {
    /// From the plan and the DN that it came back under.
    pub fn new(object: &adrecover_core::plan::ObjectPlan, guid: ObjectGuid, dn: &str) -> Self {
        let new_name = object.steps.iter().find_map(|s| match &s.action {
            Action::Reanimate { sam_account_name, .. } | Action::Create { sam_account_name, .. } => {
                sam_account_name.clone()
            }
            _ => None,
        });
        Self {
            guid,
            name: object.name.clone(),
            sam_account_name: new_name.or_else(|| object.sam_account_name.clone()),
            dn: dn.to_owned(),
        }
    }
}

fn stamp(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
