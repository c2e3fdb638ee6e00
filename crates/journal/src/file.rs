//! Where a journal's file may lie, who may use it, and how a damaged one is set aside.

use std::path::{Path, PathBuf};
use std::time::Duration;

use adrecover_core::time::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::JournalError;
use crate::place::{ASIDE, plain};

/// The name of the file of a forest's changes. What no host name has is left out, so that no folder can be meant.
pub fn file_name(forest: &str) -> String {
    format!("changes-{}.db", plain(forest))
}

/// Moves a damaged file out of the way, with what SQLite keeps beside it, and says where it is now.
pub(crate) fn set_aside(path: &Path, now: Timestamp) -> Result<PathBuf, JournalError> {
    if !path.exists() {
        return Err(JournalError::Missing { place: path.into() });
    }
    let _lock = Lock::take(path)?;
    let mark = format!("{ASIDE}{}", stamp(now));
    let to = beside(path, &mark);
    if to.exists() {
        let error = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
        return Err(JournalError::File { path: to, error });
    }
    // The file last: as long as it is there, the next try finds the rest in its place or moves it, too.
    for part in ["-wal", "-shm", ""] {
        let (from, to) = (beside(path, part), beside(&to, part));
        if from.exists() {
            std::fs::rename(&from, to).map_err(|error| JournalError::File { path: from, error })?;
        }
    }
    Ok(to)
}

/// A time as it stands in the name of what was set aside.
pub(crate) fn stamp(now: Timestamp) -> String {
    now.format("%Y%m%dT%H%M%SZ").to_string()
}

/// How long whoever only asks may hold the lock.
const GLANCE: Duration = Duration::from_millis(200);

/// Whether a process writes the journal in a file now.
pub(crate) fn is_written(path: &Path) -> Result<bool, JournalError> {
    let lock = beside(path, ".lock");
    if !lock.exists() {
        return Ok(false);
    }
    let fail = |error| JournalError::Database { place: (&lock).into(), error: Box::new(error) };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&lock, flags).map_err(fail)?;
    connection.busy_timeout(Duration::ZERO).map_err(fail)?;
    match connection.query_row("SELECT COUNT(*) FROM sqlite_master", [], |_| Ok(())) {
        Ok(()) => Ok(false),
        Err(rusqlite::Error::SqliteFailure(e, _)) if e.code == ErrorCode::DatabaseBusy => Ok(true),
        Err(error) => Err(fail(error)),
    }
}

/// A file with an ending.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Held for as long as a process may write the journal: an exclusive transaction on a small file beside it, which the operating
/// system ends with the process, however that ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _connection: Connection,
}

impl Lock {
    pub(crate) fn take(journal: &Path) -> Result<Self, JournalError> {
        let path = beside(journal, ".lock");
        create(&path, false)?;
        let fail = |error| JournalError::Database { place: (&path).into(), error: Box::new(error) };
        let connection = Connection::open(&path).map_err(fail)?;
        // Who asks whether the journal is written holds it for a moment.
        connection.busy_timeout(GLANCE).map_err(fail)?;
        if connection.is_readonly("main").map_err(fail)? {
            // Whoever may only read could otherwise keep the agent from writing.
            let error = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
            return Err(JournalError::File { path: path.clone(), error });
        }
        match connection.execute_batch("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE") {
            Ok(()) => Ok(Self { _connection: connection }),
            Err(rusqlite::Error::SqliteFailure(e, _)) if e.code == ErrorCode::DatabaseBusy => {
                Err(JournalError::InUse { place: journal.into(), who: None })
            }
            Err(error) => Err(fail(error)),
        }
    }
}

/// Makes the folder (0750) where it is missing, and refuses it and the file where others could write them: whoever can, decides what
/// is given back to a deleted object.
#[cfg(unix)]
pub(crate) fn secure(path: &Path) -> Result<(), JournalError> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};

    let io = |path: &Path| {
        let path = path.to_owned();
        move |error| JournalError::File { path, error }
    };
    let folder = folder_of(path);
    if !folder.exists() {
        std::fs::DirBuilder::new().recursive(true).mode(0o750).create(&folder).map_err(io(&folder))?;
    }
    // Who this process is, where the system says it without unsafe code.
    let me = std::fs::metadata("/proc/self").ok().map(|m| m.uid());
    for part in [folder.as_path(), path] {
        if !part.exists() {
            continue;
        }
        let metadata = std::fs::metadata(part).map_err(io(part))?;
        let foreign = me.is_some_and(|me| metadata.uid() != me && metadata.uid() != 0);
        if foreign || metadata.mode() & 0o022 != 0 {
            return Err(JournalError::WritableByOthers { path: part.to_owned() });
        }
    }
    Ok(())
}

/// Refuses a file that anybody but its owner can write. A reader is in the group of another user, the agent's.
#[cfg(unix)]
pub(crate) fn secure_to_read(path: &Path) -> Result<(), JournalError> {
    use std::os::unix::fs::MetadataExt;

    for part in [folder_of(path).as_path(), path] {
        let metadata =
            std::fs::metadata(part).map_err(|error| JournalError::File { path: part.to_owned(), error })?;
        if metadata.mode() & 0o022 != 0 {
            return Err(JournalError::WritableByOthers { path: part.to_owned() });
        }
    }
    Ok(())
}

/// Makes an empty file that its owner can write and its group can read, whatever the process's mask says. One that is there is left
/// alone, and not even opened: closing it would drop the locks that SQLite holds on it in this process.
#[cfg(unix)]
pub(crate) fn create(path: &Path, anew: bool) -> Result<(), JournalError> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};

    let io = |error| JournalError::File { path: path.to_owned(), error };
    if anew && path.exists() {
        std::fs::remove_file(path).map_err(io)?;
    }
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o640).open(path) {
        Ok(file) => file.set_permissions(std::fs::Permissions::from_mode(0o640)).map_err(io),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(io(error)),
    }
}

/// Puts a file that is complete in its place, so that it stays there after a power cut.
pub(crate) fn publish(from: &Path, to: &Path) -> Result<(), JournalError> {
    let io = |error| JournalError::File { path: to.to_owned(), error };
    std::fs::rename(from, to).map_err(io)?;
    #[cfg(unix)]
    std::fs::File::open(folder_of(to)).and_then(|folder| folder.sync_all()).map_err(io)?;
    Ok(())
}

/// Makes the folder; its access list is what its parent hands down.
#[cfg(not(unix))]
pub(crate) fn secure(path: &Path) -> Result<(), JournalError> {
    let folder = folder_of(path);
    std::fs::create_dir_all(&folder).map_err(|error| JournalError::File { path: folder, error })
}

#[cfg(not(unix))]
pub(crate) fn secure_to_read(_: &Path) -> Result<(), JournalError> {
    Ok(())
}

/// SQLite makes the file; its access list is the folder's.
#[cfg(not(unix))]
pub(crate) fn create(path: &Path, anew: bool) -> Result<(), JournalError> {
    if anew && path.exists() {
        std::fs::remove_file(path).map_err(|error| JournalError::File { path: path.to_owned(), error })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_folder() {
        assert_eq!(file_name("Contoso.COM"), "changes-contoso.com.db");
        assert_eq!(file_name("../../etc/x\0y"), "changes-etcxy.db");
        assert_eq!(file_name("münchen.example"), "changes-münchen.example.db");
    }

    #[test]
    fn one_writer_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("changes-x.db");
        assert!(!is_written(&path).unwrap());
        let lock = Lock::take(&path).unwrap();
        assert!(is_written(&path).unwrap());
        assert!(matches!(Lock::take(&path), Err(JournalError::InUse { .. })));
        // A failed try does not take the lock away.
        assert!(matches!(Lock::take(&path), Err(JournalError::InUse { .. })));
        drop(lock);
        assert!(!is_written(&path).unwrap());
        Lock::take(&path).unwrap();
    }
}
