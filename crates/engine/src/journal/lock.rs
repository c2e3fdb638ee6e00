//! Tells an operation that another process is carrying out from one that was interrupted.
//!
//! The lock is an exclusive transaction on a small file of its own: the operating system drops it when the process
//! ends, however it ends.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::{JournalError, OperationId, file};

/// Held for as long as this process carries the operation out.
#[derive(Debug)]
pub(super) struct Lock {
    connection: Option<Connection>,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock, or `None` where another process has it.
    pub(super) fn take(journal: &Path, id: OperationId) -> Result<Option<Self>, JournalError> {
        let path = path_of(journal, id);
        file::make_private(&path)?;
        Ok(lock(&path)?.map(|connection| Self { connection: Some(connection), path }))
    }

    /// Whether a process has it.
    pub(super) fn is_taken(journal: &Path, id: OperationId) -> Result<bool, JournalError> {
        let path = path_of(journal, id);
        Ok(path.exists() && lock(&path)?.is_none())
    }
}

fn path_of(journal: &Path, id: OperationId) -> PathBuf {
    file::folder_of(journal).join(format!("running-{id}.lock"))
}

fn lock(path: &Path) -> Result<Option<Connection>, JournalError> {
    let fail = |error| JournalError::Database { path: path.to_owned(), error };
    let connection = Connection::open(path).map_err(fail)?;
    connection.busy_timeout(Duration::ZERO).map_err(fail)?;
    match connection.execute_batch("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE") {
        Ok(()) => Ok(Some(connection)),
        Err(rusqlite::Error::SqliteFailure(e, _)) if e.code == ErrorCode::DatabaseBusy => Ok(None),
        Err(error) => Err(fail(error)),
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The name goes before the lock, so that nobody locks a file that is about to lose its name.
        let removed = std::fs::remove_file(&self.path).is_ok();
        drop(self.connection.take());
        if !removed {
            // Some systems do not remove a file in use. A file that stays is harmless: it is not locked.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
