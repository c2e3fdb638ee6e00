//! The tables in an SQLite file.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql};

use super::schema::{FORMAT, MIGRATIONS};
use super::{Access, Each, Found, Param, Row, Store, StoreError};

/// What tells a change journal from other SQLite files (`PRAGMA application_id`): `adrj`.
const APPLICATION: i64 = 0x6164_726a;

/// Rows of a kilobyte fill pages of this size better than smaller ones.
const PAGE: i64 = 8192;

/// How long another process is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// The pages that are kept in memory, in KiB: what is looked up again and again of 100,000 objects. The system keeps the rest.
const CACHE: i64 = 8 * 1024;

/// An open file.
#[derive(Debug)]
pub(crate) struct Sqlite {
    connection: Connection,
    is_writer: bool,
}

impl Sqlite {
    /// Makes the tables in a new file, which nobody else uses yet.
    pub(crate) fn create(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open(path).map_err(failed)?;
        connection.pragma_update(None, "page_size", PAGE).map_err(failed)?;
        let store = Self { connection, is_writer: true };
        store.migrate(&MIGRATIONS)?;
        Ok(store)
    }

    /// Opens a file to write it. Nothing is written yet: see [`Self::found`], then [`Self::set_up`].
    pub(crate) fn write(path: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = prepare(path, flags)?;
        // SQLite opens a file that may not be written to read it, and says nothing.
        if connection.is_readonly("main").map_err(failed)? {
            return Err(StoreError::Other(Box::new(std::io::Error::from(
                std::io::ErrorKind::PermissionDenied,
            ))));
        }
        Ok(Self { connection, is_writer: false })
    }

    /// Makes ready to write a journal, and brings it to this program's format.
    pub(crate) fn set_up(&mut self, max_octets: Option<u64>) -> Result<(), StoreError> {
        let store = &*self;
        let set = |name: &str, value: &dyn ToSql| store.connection.pragma_update(None, name, value);
        // WAL with NORMAL: what is committed survives the end of the program at any point. A power cut can lose the last
        // batches, and their cursors with them: they are read again.
        set("journal_mode", &"WAL").map_err(failed)?;
        set("synchronous", &"NORMAL").map_err(failed)?;
        set("secure_delete", &true).map_err(failed)?;
        // Moving pages from the log into the file costs more than writing them: not more often than every 32 MiB.
        set("wal_autocheckpoint", &4096).map_err(failed)?;
        if let Some(octets) = max_octets {
            let page: i64 = store.pragma("page_size")?;
            let pages = i64::try_from(octets).unwrap_or(i64::MAX) / page.max(512);
            set("max_page_count", &pages.clamp(1, i64::from(u32::MAX - 1))).map_err(failed)?;
        }
        // Readers that may not write the folder need the two files beside this one, which SQLite would remove at the end.
        let keep = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
        store.connection.set_db_config(keep, true).map_err(failed)?;
        self.is_writer = true;
        if self.pragma::<i64>("user_version")? < FORMAT { self.migrate(&MIGRATIONS) } else { Ok(()) }
    }

    /// Opens a file to read it.
    pub(crate) fn read(path: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = |path: &Path, flags| {
            let store = Self { connection: prepare(path, flags)?, is_writer: false };
            store.pragma::<i64>("user_version").map(|_| store)
        };
        match open(path, flags) {
            // A copy without the files that an agent keeps beside it, in a folder that may not be written: nobody writes it.
            Err(StoreError::Other(_)) if has_no_log(path) => {
                open(Path::new(&immutable(path)), flags | OpenFlags::SQLITE_OPEN_URI)
            }
            opened => opened,
        }
    }

    /// What the file is.
    pub(crate) fn found(&self) -> Result<Found, StoreError> {
        let application: i64 = self.pragma("application_id")?;
        let version: i64 = self.pragma("user_version")?;
        match (application, version) {
            (APPLICATION, 1..) => Ok(Found::Format(version)),
            (APPLICATION, _) => Ok(Found::Foreign("its format has no number")),
            (0, 0) => Ok(Found::Foreign("it is empty, or of another program")),
            _ => Ok(Found::Foreign("it is of another program")),
        }
    }

    /// Runs those of the scripts that are missing, in one transaction.
    fn migrate(&self, scripts: &[&str]) -> Result<(), StoreError> {
        self.begin(Access::Write)?;
        let done = (|| {
            let from = usize::try_from(self.pragma::<i64>("user_version")?).unwrap_or(0);
            for script in scripts.iter().skip(from) {
                self.connection.execute_batch(&dialect(script)).map_err(failed)?;
            }
            self.connection.pragma_update(None, "application_id", APPLICATION).map_err(failed)?;
            self.connection.pragma_update(None, "user_version", scripts.len() as i64).map_err(failed)
        })();
        match done {
            Ok(()) => self.commit(),
            Err(error) => {
                let _ = self.rollback();
                Err(error)
            }
        }
    }

    fn pragma<T: rusqlite::types::FromSql>(&self, name: &str) -> Result<T, StoreError> {
        self.connection.pragma_query_value(None, name, |row| row.get(0)).map_err(failed)
    }

    /// Moves the log into the file and empties it. `false` where a reader is in the way.
    fn checkpoint(&self) -> Result<bool, StoreError> {
        let busy: i64 = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .map_err(failed)?;
        Ok(busy == 0)
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        if self.is_writer {
            // What stays in the log is no loss: it is read from there.
            let _ = self.checkpoint();
        }
    }
}

impl Store for Sqlite {
    fn begin(&self, access: Access) -> Result<(), StoreError> {
        let sql = if access == Access::Write { "BEGIN IMMEDIATE" } else { "BEGIN" };
        self.connection.execute_batch(sql).map_err(failed)
    }

    fn commit(&self) -> Result<(), StoreError> {
        self.connection.execute_batch("COMMIT").map_err(failed)
    }

    fn rollback(&self) -> Result<(), StoreError> {
        // A full disk may have ended the transaction already.
        if self.connection.is_autocommit() {
            return Ok(());
        }
        self.connection.execute_batch("ROLLBACK").map_err(failed)
    }

    fn execute(&self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        let changed = statement.execute(rusqlite::params_from_iter(params)).map_err(failed)?;
        Ok(changed as u64)
    }

    fn query(&self, sql: &'static str, params: &[Param<'_>], each: Each<'_>) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        let mut rows = statement.query(rusqlite::params_from_iter(params)).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            each(row)?;
        }
        Ok(())
    }

    fn check(&self, thorough: bool) -> Result<Vec<String>, StoreError> {
        let sql = if thorough { "PRAGMA integrity_check(20)" } else { "PRAGMA quick_check(20)" };
        let mut statement = self.connection.prepare(sql).map_err(failed)?;
        let lines = statement.query_map([], |row| row.get::<_, String>(0)).map_err(failed)?;
        let lines: Vec<String> = lines.collect::<rusqlite::Result<_>>().map_err(failed)?;
        Ok(lines.into_iter().filter(|line| line != "ok").collect())
    }

    fn erase(&self) -> Result<(), StoreError> {
        self.connection.execute_batch("VACUUM").map_err(failed)?;
        if self.checkpoint()? { Ok(()) } else { Err(StoreError::Busy) }
    }

    fn size(&self) -> Result<u64, StoreError> {
        let (pages, page): (i64, i64) = (self.pragma("page_count")?, self.pragma("page_size")?);
        Ok(u64::try_from(pages.saturating_mul(page)).unwrap_or(0))
    }
}

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Bytes(octets) => ValueRef::Blob(octets),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

impl Row for rusqlite::Row<'_> {
    fn int(&self, column: usize) -> Result<i64, StoreError> {
        self.int_or_null(column)?.ok_or_else(wrong_type)
    }

    fn int_or_null(&self, column: usize) -> Result<Option<i64>, StoreError> {
        match self.get_ref(column).map_err(failed)? {
            ValueRef::Integer(number) => Ok(Some(number)),
            ValueRef::Null => Ok(None),
            _ => Err(wrong_type()),
        }
    }

    fn bytes(&self, column: usize) -> Result<&[u8], StoreError> {
        match self.get_ref(column).map_err(failed)? {
            ValueRef::Blob(octets) => Ok(octets),
            _ => Err(wrong_type()),
        }
    }

    fn text(&self, column: usize) -> Result<&str, StoreError> {
        self.text_or_null(column)?.ok_or_else(wrong_type)
    }

    fn text_or_null(&self, column: usize) -> Result<Option<&str>, StoreError> {
        match self.get_ref(column).map_err(failed)? {
            ValueRef::Text(octets) => std::str::from_utf8(octets).map(Some).map_err(|_| wrong_type()),
            ValueRef::Null => Ok(None),
            _ => Err(wrong_type()),
        }
    }
}

fn wrong_type() -> StoreError {
    StoreError::damaged("a column is of another type")
}

/// What all connections have in common.
fn prepare(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(PATIENCE).map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.pragma_update(None, "cache_size", -CACHE).map_err(failed)?;
    // The file is foreign input: nothing in its schema is carried out, and nothing that it claims is a table of SQLite's own.
    for (option, on) in [
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        // Otherwise SQLite plans a statement anew each time that its parameters change.
        (DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true),
    ] {
        connection.set_db_config(option, on).map_err(failed)?;
    }
    Ok(connection)
}

/// SQLite's words for the types.
fn dialect(script: &str) -> String {
    script
        .replace("{BYTES}", "BLOB")
        .replace("{ID}", "INTEGER PRIMARY KEY NOT NULL")
        .replace("{CLUSTERED}", "WITHOUT ROWID")
}

/// Whether nothing is in a log beside the file.
fn has_no_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).map_or(true, |log| log.len() == 0)
}

/// The file's name as a URI that tells SQLite that nobody writes it.
fn immutable(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    for octet in path.as_os_str().as_encoded_bytes() {
        match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                uri.push(char::from(*octet))
            }
            _ => uri.push_str(&format!("%{octet:02X}")),
        }
    }
    uri + "?immutable=1"
}

fn failed(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy,
        Some(ErrorCode::NotADatabase) => StoreError::NotADatabase,
        Some(ErrorCode::DatabaseCorrupt) => StoreError::Damaged(error.to_string()),
        // A table that is missing, or lacks a column.
        Some(ErrorCode::Unknown) if error.to_string().contains("no such ") => {
            StoreError::Damaged(error.to_string())
        }
        _ => StoreError::Other(Box::new(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_format_is_brought_up_or_left_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("changes-x.db");
        let store = Sqlite::create(&path).unwrap();
        store.execute(super::super::sql::META_PUT, &[Param::Text("forest"), Param::Bytes(b"x")]).unwrap();
        drop(store);
        let store = Sqlite::write(&path).unwrap();
        let next = |last: &'static str| {
            [MIGRATIONS.as_slice(), &["ALTER TABLE meta ADD COLUMN more BIGINT", last]].concat()
        };
        assert!(store.migrate(&next("nonsense")).is_err());
        assert_eq!(store.found().unwrap(), Found::Format(FORMAT));
        assert!(store.execute("UPDATE meta SET more = 1", &[]).is_err());
        store.migrate(&next("UPDATE meta SET more = 7")).unwrap();
        assert_eq!(store.found().unwrap(), Found::Format(FORMAT + 2));
        let row = (&store as &dyn Store)
            .first("SELECT value, more FROM meta", &[], |row| Ok((row.bytes(0)?.to_vec(), row.int(1)?)));
        assert_eq!(row.unwrap(), Some((b"x".to_vec(), 7)));
        // Nothing is run twice.
        store.migrate(&next("UPDATE meta SET more = 8")).unwrap();
        assert_eq!((&store as &dyn Store).count("SELECT more FROM meta", &[]).unwrap(), 7);
    }
}
