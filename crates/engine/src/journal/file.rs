//! The journal's file: where it may lie, its tables, and its versions.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode};

use super::JournalError;

/// The format that this program writes. A file of a higher one is refused, one of a lower one is brought up to it.
pub const VERSION: i64 = 3;

/// What leads from each version to the next: the first entry makes an empty file version 1. Entries are never changed
/// once released.
///
/// `operations` has row ids, because every event looks its operation up by id: without them SQLite reads the whole row
/// for that, and so the whole plan.
const MIGRATIONS: [&str; VERSION as usize] = [VERSION_1, VERSION_2, VERSION_3];

const VERSION_1: &str = "
CREATE TABLE operations (
    id TEXT PRIMARY KEY NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    command TEXT NOT NULL,
    reason TEXT,
    bind_identity TEXT NOT NULL,
    os_user TEXT NOT NULL,
    host TEXT NOT NULL,
    domain TEXT NOT NULL,
    domain_sid TEXT,
    server TEXT NOT NULL,
    plan TEXT NOT NULL,
    undo_of TEXT,
    state TEXT NOT NULL
);
CREATE INDEX operations_by_domain ON operations (domain_sid, state);
CREATE TABLE events (
    operation TEXT NOT NULL REFERENCES operations (id),
    seq INTEGER NOT NULL,
    object INTEGER NOT NULL,
    guid TEXT NOT NULL,
    step INTEGER NOT NULL,
    event TEXT NOT NULL,
    at TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (operation, seq)
) WITHOUT ROWID;
CREATE INDEX events_by_step ON events (operation, object, step, seq);
CREATE TABLE restored (
    guid TEXT NOT NULL,
    operation TEXT NOT NULL REFERENCES operations (id),
    name TEXT NOT NULL,
    sam_account_name TEXT,
    dn TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (guid, operation)
) WITHOUT ROWID;
";

/// Nothing asks for the events of one step: where each stands is kept in memory while an operation is carried out.
const VERSION_2: &str = "DROP INDEX IF EXISTS events_by_step;";

/// The same tables: an older program knows neither the steps beyond the directory nor operations that wait for them.
const VERSION_3: &str = "";

/// How long another process is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens the file, making it and its folder where they are missing, and brings it to [`VERSION`].
pub(super) fn open(path: &Path) -> Result<Connection, JournalError> {
    secure(path)?;
    let began = Instant::now();
    loop {
        match prepare(path) {
            // Two processes that turn a new file to WAL at once are in each other's way, and SQLite does not wait then.
            Err(JournalError::Database { error: rusqlite::Error::SqliteFailure(e, _), .. })
                if e.code == ErrorCode::DatabaseBusy && began.elapsed() < PATIENCE =>
            {
                std::thread::sleep(Duration::from_millis(20));
            }
            result => return result,
        }
    }
}

fn prepare(path: &Path) -> Result<Connection, JournalError> {
    let fail = |error| JournalError::database(path, error);
    let connection = Connection::open(path).map_err(fail)?;
    connection.busy_timeout(PATIENCE).map_err(fail)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(fail)?;
    let found: i64 = connection.pragma_query_value(None, "user_version", |r| r.get(0)).map_err(fail)?;
    if found > VERSION {
        return Err(JournalError::NewerFormat { path: path.to_owned(), found, known: VERSION });
    }
    // WAL with NORMAL: what is written survives the end of the program at any point; only a power cut can lose the
    // last events, and then the steps are looked at again.
    connection.pragma_update(None, "journal_mode", "WAL").map_err(fail)?;
    connection.pragma_update(None, "synchronous", "NORMAL").map_err(fail)?;
    // Moving pages from the log into the file costs more than writing them: not more often than every 16 MiB.
    connection.pragma_update(None, "wal_autocheckpoint", 4096).map_err(fail)?;
    connection.set_prepared_statement_cache_capacity(32);
    // Otherwise SQLite plans a statement anew each time that its parameters change.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(fail)?;
    migrate(&connection).map_err(fail)?;
    Ok(connection)
}

/// Runs the missing migrations in one transaction. The version is read again under the write lock, because another
/// process may have done it meanwhile.
pub(super) fn migrate(connection: &Connection) -> rusqlite::Result<()> {
    let version = |c: &Connection| c.pragma_query_value(None, "user_version", |r| r.get::<_, i64>(0));
    if version(connection)? == VERSION {
        return Ok(());
    }
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let done = (|| {
        let from = usize::try_from(version(connection)?).unwrap_or(0);
        for script in MIGRATIONS.iter().skip(from) {
            connection.execute_batch(script)?;
        }
        connection.pragma_update(None, "user_version", VERSION)
    })();
    connection.execute_batch(if done.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    done
}

/// Makes the folder (0700) and the file (0600), and refuses either where others could write it: whoever can, decides
/// what an undo or a resume does.
#[cfg(unix)]
fn secure(path: &Path) -> Result<(), JournalError> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};

    let io = |path: &Path| {
        let path = path.to_owned();
        move |error| JournalError::File { path, error }
    };
    let folder = folder_of(path);
    if !folder.exists() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(io(&folder))?;
    }
    make_private(path)?;
    // Who this process is, where the system says it without unsafe code.
    let me = std::fs::metadata("/proc/self").ok().map(|m| m.uid());
    for part in [folder.as_path(), path] {
        let metadata = std::fs::metadata(part).map_err(io(part))?;
        let foreign = me.is_some_and(|me| metadata.uid() != me && metadata.uid() != 0);
        if foreign || metadata.mode() & 0o022 != 0 {
            return Err(JournalError::WritableByOthers { path: part.to_owned() });
        }
    }
    Ok(())
}

/// Makes a file that only its owner can open, where there is none.
#[cfg(unix)]
pub(super) fn make_private(path: &Path) -> Result<(), JournalError> {
    use std::os::unix::fs::OpenOptionsExt;

    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true).mode(0o600);
    options.open(path).map(drop).map_err(|error| JournalError::File { path: path.to_owned(), error })
}

/// SQLite makes the file; its access list is the folder's.
#[cfg(not(unix))]
pub(super) fn make_private(_: &Path) -> Result<(), JournalError> {
    Ok(())
}

/// Makes the folder; its access list is the user profile's.
#[cfg(not(unix))]
fn secure(path: &Path) -> Result<(), JournalError> {
    let folder = folder_of(path);
    std::fs::create_dir_all(&folder).map_err(|error| JournalError::File { path: folder, error })
}

/// The folder that a file lies in.
pub(super) fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}
