//! What a database is asked besides the journal's own questions: what the schema is, who writes it, how large it is.

use std::thread;
use std::time::{Duration, Instant};

use tokio_postgres::SimpleQueryMessage;

use super::failed::{Unusable, failed};
use super::link::{Link, wait};
use super::{Found, Postgres};
use crate::StoreError;
use crate::address::PostgresAddress;
use crate::place::{ASIDE, PostgresPlace, SCHEMAS};
use crate::store::schema::MIGRATIONS;
use crate::store::{Access, Param, Store, sql};

/// What the sessions of writers and of readers are called (`application_name`).
const WRITER: &str = "adrecover agent";
const READER: &str = "adrecover";
/// The row of `meta` with the format. A file has it in its head.
const FORMAT: &str = "format";
/// How long the session of an agent that was killed may take to end.
const ENDING: Duration = Duration::from_secs(2);
/// How long old readers are waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// Every so many milliseconds it is looked.
const LOOK: Duration = Duration::from_millis(50);

impl Postgres {
    /// Connects to read.
    pub(crate) fn read(place: &PostgresPlace) -> Result<Self, StoreError> {
        Self::connect(place, READER)
    }

    /// Connects to write, as the only one that does. Nothing is written yet. The outer `Err` is why it cannot; the inner one is
    /// who writes already, where that may be known.
    pub(crate) fn write(place: &PostgresPlace) -> Result<Result<Self, Option<String>>, StoreError> {
        let mut store = Self::connect(place, WRITER)?;
        let lock = number(&store.schema);
        let end = Instant::now() + ENDING;
        let take = format!("SELECT pg_try_advisory_lock({lock})");
        while store.ask_text(&take)?.as_deref() != Some("t") {
            if Instant::now() >= end {
                return Ok(Err(store.holder(lock)?));
            }
            thread::sleep(LOOK);
        }
        store.lock = Some(lock);
        Ok(Ok(store))
    }

    /// What the schema is.
    pub(crate) fn found(&self) -> Result<Found, StoreError> {
        let name = literal(&self.schema);
        let tables = self.ask_text(&format!(
            "SELECT COUNT(c.oid) FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid
             WHERE n.nspname = {name} GROUP BY n.oid"
        ))?;
        match tables.as_deref() {
            None | Some("0") => return Ok(Found::Nothing),
            Some(_) => {}
        }
        let is_there = self.ask_text(&format!(
            "SELECT to_regclass({})",
            literal(&format!("{}.meta", quoted(&self.schema)))
        ))?;
        if is_there.is_none() {
            return Ok(Found::Foreign("its schema holds something else"));
        }
        let format = (self as &dyn Store).first(sql::META_GET, &[Param::Text(FORMAT)], |row| {
            Ok(std::str::from_utf8(row.bytes(0)?).ok().and_then(|text| text.parse::<i64>().ok()))
        })?;
        Ok(match format.flatten() {
            Some(format @ 1..) => Found::Format(format),
            _ => Found::Foreign("its format has no number"),
        })
    }

    /// Makes the schema, where it is not there, and its tables, with what belongs into them from the beginning: all or nothing.
    pub(crate) fn create(
        &self,
        fill: impl FnOnce(&dyn Store) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let encoding = self.ask_text("SHOW server_encoding")?.unwrap_or_default();
        if encoding != "UTF8" {
            let problem = format!("the database is encoded in {encoding}: make one with ENCODING 'UTF8'");
            return Err(StoreError::Other(Box::new(Unusable(problem))));
        }
        self.whole(|store| {
            let exists = format!("SELECT 1 FROM pg_namespace WHERE nspname = {}", literal(&store.schema));
            if store.ask_text(&exists)?.is_none() {
                store.run(&format!("CREATE SCHEMA {}", quoted(&store.schema)))?;
            }
            store.bring_up(&MIGRATIONS)?;
            fill(store)
        })
    }

    /// Runs those of the scripts that are missing, in one transaction.
    pub(crate) fn migrate(&self, scripts: &[&str]) -> Result<(), StoreError> {
        self.whole(|store| store.bring_up(scripts))
    }

    /// All of it or nothing.
    fn whole(&self, work: impl FnOnce(&Self) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let done = self.begin(Access::Write).and_then(|()| work(self)).and_then(|()| self.commit());
        if done.is_err() {
            // The error that made it necessary says more than one of the way back.
            let _ = self.rollback();
        }
        done
    }

    fn bring_up(&self, scripts: &[&str]) -> Result<(), StoreError> {
        let from = match self.found()? {
            Found::Format(format) => usize::try_from(format).unwrap_or(usize::MAX),
            Found::Nothing => 0,
            Found::Foreign(what) => return Err(StoreError::damaged(what)),
        };
        for script in scripts.iter().skip(from) {
            self.run(&dialect(script))?;
        }
        let number = scripts.len().max(from).to_string();
        self.run(&format!(
            "INSERT INTO meta (name, value) VALUES ({}, convert_to({}, 'UTF8'))
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            literal(FORMAT),
            literal(&number)
        ))
    }

    /// Whether the tables and their columns are those of the schema; thoroughly, whether every value can be read. The checksums of
    /// pages are the server's business, and looked at when they are read.
    pub(super) fn look_through(&self, thorough: bool) -> Result<Vec<String>, StoreError> {
        let there = self.ask_rows(&format!(
            "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_class c
             JOIN pg_namespace n ON n.oid = c.relnamespace
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             WHERE n.nspname = {} AND c.relkind = 'r'",
            literal(&self.schema)
        ))?;
        let mut wrong = vec![];
        for (table, columns) in tables() {
            for (column, ty) in columns {
                let found =
                    there.iter().find(|row| row[0] == table && row[1] == column).map(|row| row[2].as_str());
                match found {
                    Some(found) if found == ty => {}
                    Some(found) => wrong.push(format!("{table}.{column} is of the type {found}, not {ty}")),
                    None => wrong.push(format!("{table}.{column} is missing")),
                }
            }
            if thorough && wrong.is_empty() {
                // Whole rows as text: every value has to be read for it.
                self.ask_text(&format!("SELECT SUM(LENGTH(t::TEXT)) FROM {table} AS t"))?;
            }
        }
        Ok(wrong)
    }

    /// Writes the tables anew, and waits before that until nobody sees any more what was deleted. What is left of it then is in
    /// the log of the server, and in backups.
    pub(super) fn write_anew(&self) -> Result<(), StoreError> {
        // What is deleted is kept for snapshots that are older than this.
        let now = self.ask_text("SELECT txid_current()")?.unwrap_or_default();
        let older = format!(
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
             AND backend_xmin IS NOT NULL AND age(backend_xmin) > age(({now} & 4294967295)::TEXT::XID)"
        );
        let end = Instant::now() + PATIENCE;
        while self.ask_text(&older)?.as_deref() != Some("0") {
            if Instant::now() >= end {
                return Err(StoreError::Busy);
            }
            thread::sleep(LOOK);
        }
        // Each on its own: none of it may be in a transaction.
        for (table, _) in tables() {
            self.run(&format!("VACUUM (FULL, ANALYZE) {}.{table}", quoted(&self.schema)))?;
        }
        Ok(())
    }

    /// The octets on the server's disk, with indexes and long values.
    pub(super) fn octets(&self) -> Result<u64, StoreError> {
        let octets = self.ask_text(&format!(
            "SELECT COALESCE(SUM(pg_total_relation_size(c.oid)), 0) FROM pg_class c
             JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = {} AND c.relkind = 'r'",
            literal(&self.schema)
        ))?;
        Ok(octets.and_then(|octets| octets.parse().ok()).unwrap_or(0))
    }

    /// The first column of the first row.
    fn ask_text(&self, sql: &str) -> Result<Option<String>, StoreError> {
        self.answered(0)?;
        first(&wait(self.link.client()?.simple_query(sql)).map_err(|error| failed(&error))?)
    }

    fn ask_rows(&self, sql: &str) -> Result<Vec<Vec<String>>, StoreError> {
        self.answered(0)?;
        Ok(rows(&wait(self.link.client()?.simple_query(sql)).map_err(|error| failed(&error))?))
    }

    /// Who holds the lock, as far as this role may know.
    fn holder(&self, lock: i64) -> Result<Option<String>, StoreError> {
        let found = self.ask_rows(&holders(lock))?;
        Ok(found.into_iter().next().map(|row| {
            let part = |at: usize| row.get(at).filter(|text| !text.is_empty());
            let mut who = part(1).map_or_else(|| "somebody".to_owned(), |role| format!("the role {role}"));
            if let Some(host) = part(3) {
                who.push_str(&format!(" from {host}"));
            }
            if let Some(name) = part(2) {
                who.push_str(&format!(", {name}"));
            }
            who.push_str(&format!(", process {} of the server", row.first().map_or("?", String::as_str)));
            who.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
        }))
    }
}

/// The names of the journals of a database, those that were set aside aside.
pub(crate) fn journals(address: &PostgresAddress) -> Result<Vec<String>, StoreError> {
    let link = Link::connect(address, READER)?;
    let sql = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'changes-%' ORDER BY nspname";
    let found = rows(&wait(link.client()?.simple_query(sql)).map_err(|error| failed(&error))?);
    let names = found.into_iter().flatten();
    Ok(names.filter(|name| name.starts_with(SCHEMAS) && !name.contains(ASIDE)).collect())
}

/// Whether somebody writes the journal now.
pub(crate) fn is_written(place: &PostgresPlace) -> Result<bool, StoreError> {
    let store = Postgres::read(place)?;
    Ok(!store.ask_rows(&holders(number(&place.schema)))?.is_empty())
}

/// Gives the schema another name. `None` where there is no such schema; the inner error is who writes it.
pub(crate) fn set_aside(
    place: &PostgresPlace,
    to: &str,
) -> Result<Option<Result<(), Option<String>>>, StoreError> {
    let store = match Postgres::write(place)? {
        Ok(store) => store,
        Err(who) => return Ok(Some(Err(who))),
    };
    if store.found()? == Found::Nothing {
        return Ok(None);
    }
    store.run(&format!("ALTER SCHEMA {} RENAME TO {}", quoted(&place.schema), quoted(to)))?;
    Ok(Some(Ok(())))
}

/// Who holds a lock: the process, the role, what the session is called, and where it comes from.
fn holders(lock: i64) -> String {
    format!(
        "SELECT l.pid, a.usename, a.application_name, host(a.client_addr) FROM pg_locks l
         LEFT JOIN pg_stat_activity a ON a.pid = l.pid
         WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
         AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND (l.classid::BIGINT << 32 | l.objid::BIGINT) = {lock}"
    )
}

/// The number of the advisory lock of a schema's writer. It is the same for every version of the program.
fn number(schema: &str) -> i64 {
    let text = format!("adrecover change journal\0{schema}");
    let hash = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    hash.as_ref().iter().take(8).fold(0, |number, octet| number << 8 | i64::from(*octet))
}

/// PostgreSQL's words for the types.
fn dialect(script: &str) -> String {
    script
        .replace("{BYTES}", "BYTEA")
        .replace("{ID}", "BIGINT PRIMARY KEY NOT NULL")
        .replace("{CLUSTERED}", "")
}

/// The tables with their columns and what these are.
fn tables() -> Vec<(String, Vec<(String, &'static str)>)> {
    let mut all = vec![];
    for script in MIGRATIONS {
        for table in script.split("CREATE TABLE ").skip(1) {
            let Some((name, rest)) = table.split_once(" (\n") else { continue };
            let lines = rest.lines().take_while(|line| !line.starts_with(')')).map(str::trim);
            let columns = lines.filter(|line| !line.starts_with("PRIMARY KEY")).filter_map(|line| {
                let (column, ty) = line.split_once(' ')?;
                let ty = match ty.split([' ', ',']).next()? {
                    "TEXT" => "text",
                    "{BYTES}" => "bytea",
                    _ => "bigint",
                };
                Some((column.to_owned(), ty))
            });
            all.push((name.to_owned(), columns.collect()));
        }
    }
    all
}

fn rows(answer: &[SimpleQueryMessage]) -> Vec<Vec<String>> {
    let row = |message: &SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).map(|at| row.get(at).unwrap_or_default().to_owned()).collect())
        }
        _ => None,
    };
    answer.iter().filter_map(row).collect()
}

fn first(answer: &[SimpleQueryMessage]) -> Result<Option<String>, StoreError> {
    let row = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    row.and_then(|row| row.try_get(0).transpose())
        .transpose()
        .map(|text| text.map(str::to_owned))
        .map_err(|e| failed(&e))
}

/// A name between quotation marks.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\"").replace('\0', ""))
}

/// A text between quotation marks.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''").replace('\0', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_taken_apart() {
        let tables = tables();
        assert_eq!(tables.len(), 11);
        let of = |name: &str| &tables.iter().find(|(table, _)| table == name).unwrap().1;
        assert_eq!(of("meta"), &[("name".to_owned(), "text"), ("value".to_owned(), "bytea")]);
        assert_eq!(of("states"), &[("object".to_owned(), "bigint"), ("payload".to_owned(), "bytea")]);
        assert_eq!(of("links").len(), 8);
    }

    #[test]
    fn names_and_texts_stay_what_they_are() {
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
        assert_eq!(literal("a'b\\"), "'a''b\\'");
    }

    #[test]
    fn each_schema_has_a_lock_of_its_own() {
        assert_ne!(number("changes-a"), number("changes-b"));
    }
}
