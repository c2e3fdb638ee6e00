//! The tables in a schema of a PostgreSQL database.
//!
//! A statement whose answer nobody needs at once ([`Store::put`]) is sent without waiting for it, and rows of one table are sent
//! together: what takes a round trip is a question. Everything that was sent is answered for before a transaction is committed.

mod bulk;
mod failed;
mod link;
mod tls;
mod upkeep;
mod values;

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use tokio_postgres::{Client, Statement};

use super::{Access, Each, Found, Param, Store, StoreError};
use crate::place::PostgresPlace;
use bulk::Bulk;
use failed::{Unusable, failed};
use link::{Link, wait};
pub(crate) use upkeep::{is_written, journals, set_aside};
use values::Value;

/// After so many rows the tables are counted anew, and then after twice as many each time up to the second number: until the server
/// knows how large they are it looks through all of a table instead of into an index, and by itself it learns that minutes later.
const COUNTED_AFTER: [u64; 2] = [5_000, 1_000_000];

/// So many statements are on their way at most.
const ON_THEIR_WAY: usize = 64;

/// A statement that was sent, and its answer once it is there.
type Sent = Pin<Box<dyn Future<Output = Result<u64, tokio_postgres::Error>> + Send>>;

/// An open journal in a database.
pub(crate) struct Postgres {
    link: Link,
    schema: String,
    /// The number that says that this one writes, where it does.
    lock: Option<i64>,
    is_in_transaction: Cell<bool>,
    is_asking: Cell<bool>,
    statements: RefCell<HashMap<&'static str, Statement>>,
    /// The statements that write many rows, by those that write one.
    bulk_statements: RefCell<HashMap<&'static str, Statement>>,
    bulks: RefCell<Vec<Bulk>>,
    sent: RefCell<VecDeque<Sent>>,
    /// The rows that were written since the tables were counted, and how many make them be counted again.
    written: Cell<u64>,
    counted_after: Cell<u64>,
}

impl Postgres {
    /// Connects to a schema, whether it is there or not, and looks into nothing else.
    fn connect(place: &PostgresPlace, name: &str) -> Result<Self, StoreError> {
        let link = Link::connect(&place.address, name)?;
        let store = Self {
            link,
            schema: place.schema.clone(),
            lock: None,
            is_in_transaction: Cell::new(false),
            is_asking: Cell::new(false),
            statements: RefCell::default(),
            bulk_statements: RefCell::default(),
            bulks: RefCell::default(),
            sent: RefCell::default(),
            written: Cell::new(0),
            counted_after: Cell::new(COUNTED_AFTER[0]),
        };
        // What a role or a database sets must not change what is meant, and nothing but the schema's own tables is found.
        store.run(&format!(
            "SET search_path = {}, pg_temp; SET statement_timeout = 0; SET lock_timeout = '10s';
             SET idle_in_transaction_session_timeout = 0; SET default_transaction_isolation = 'read committed'",
            upkeep::quoted(&store.schema)
        ))?;
        Ok(store)
    }

    /// Runs statements that have no parameters.
    fn run(&self, sql: &str) -> Result<(), StoreError> {
        wait(self.link.client()?.batch_execute(sql)).map_err(|error| failed(&error))
    }

    /// A statement that is prepared once.
    fn statement(&self, sql: &'static str) -> Result<Statement, StoreError> {
        if let Some(known) = self.statements.borrow().get(sql) {
            return Ok(known.clone());
        }
        let statement = self.prepare(sql)?;
        self.statements.borrow_mut().insert(sql, statement.clone());
        Ok(statement)
    }

    fn prepare(&self, sql: &str) -> Result<Statement, StoreError> {
        // Answers come in their order.
        self.answered(0)?;
        wait(self.link.client()?.prepare(sql)).map_err(|error| failed(&error))
    }

    /// Sends a statement and does not wait for its answer.
    fn send(&self, statement: Statement, params: Vec<Value>) -> Result<(), StoreError> {
        let client = Arc::clone(self.link.client()?);
        self.push(Box::pin(async move { client.execute_raw(&statement, params).await }))
    }

    fn push(&self, mut sent: Sent) -> Result<(), StoreError> {
        // It is on its way from the first time on that it is looked at.
        if let Poll::Ready(answer) = sent.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            self.answered(0)?;
            return answer.map(drop).map_err(|error| failed(&error));
        }
        self.sent.borrow_mut().push_back(sent);
        self.answered(ON_THEIR_WAY)
    }

    /// Waits until not more than so many answers are missing. The first error is what went wrong: what comes after it in a
    /// transaction says no more than that there was one.
    fn answered(&self, left: usize) -> Result<(), StoreError> {
        loop {
            let sent = {
                let mut all = self.sent.borrow_mut();
                if all.len() <= left {
                    return Ok(());
                }
                all.pop_front()
            };
            if let Some(sent) = sent {
                wait(sent).map_err(|error| failed(&error))?;
            }
        }
    }

    /// Sends the rows that a statement could see.
    fn flush(&self, is_seen: impl Fn(&Bulk) -> bool) -> Result<(), StoreError> {
        let (seen, others) = self.bulks.take().into_iter().partition::<Vec<_>, _>(is_seen);
        self.bulks.replace(others);
        seen.into_iter().try_for_each(|bulk| self.send_bulk(bulk))
    }

    fn send_bulk(&self, bulk: Bulk) -> Result<(), StoreError> {
        let known = self.bulk_statements.borrow().get(bulk.sql).cloned();
        let statement = match known {
            Some(statement) => statement,
            None => {
                let statement = self.prepare(&bulk.statement())?;
                self.bulk_statements.borrow_mut().insert(bulk.sql, statement.clone());
                statement
            }
        };
        self.send(statement, bulk.into_columns())
    }

    /// Collects a row; `false` where that cannot be done with this statement.
    fn collect(&self, sql: &'static str, params: &[Param<'_>]) -> Result<bool, StoreError> {
        let full = {
            let mut bulks = self.bulks.borrow_mut();
            let at = match bulks.iter().position(|bulk| bulk.sql == sql) {
                Some(at) => at,
                None => {
                    let Some(bulk) = Bulk::of(sql, params) else { return Ok(false) };
                    bulks.push(bulk);
                    bulks.len() - 1
                }
            };
            let Some(bulk) = bulks.get_mut(at) else { return Ok(false) };
            if !bulk.put(params) {
                return Ok(false);
            }
            if bulk.is_full() { Some(bulks.swap_remove(at)) } else { None }
        };
        full.map_or(Ok(()), |bulk| self.send_bulk(bulk))?;
        Ok(true)
    }

    /// Has the server count the tables, once enough has changed in them.
    fn count_tables(&self) -> Result<(), StoreError> {
        if self.written.get() < self.counted_after.get() {
            return Ok(());
        }
        self.written.set(0);
        self.counted_after.set((self.counted_after.get() * 2).min(COUNTED_AFTER[1]));
        self.run("ANALYZE objects, states, lookups, changes, links, contents")
    }

    /// Asks, and hands the rows over as they come.
    fn ask(
        &self,
        client: &Client,
        statement: &Statement,
        params: Vec<Value>,
        each: Each<'_>,
    ) -> Result<(), StoreError> {
        let mut asked = pin!(client.query_raw(statement, params));
        // What was sent before is answered before: it is on its way, then the others are listened to.
        let first = asked.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        self.answered(0)?;
        let rows = match first {
            Poll::Ready(rows) => rows,
            Poll::Pending => wait(asked),
        };
        let mut rows = pin!(rows.map_err(|error| failed(&error))?);
        while let Some(row) = wait(poll_fn(|context| rows.as_mut().poll_next(context))) {
            each(&row.map_err(|error| failed(&error))?)?;
        }
        Ok(())
    }
}

impl Store for Postgres {
    fn begin(&self, access: Access) -> Result<(), StoreError> {
        let sql = match access {
            Access::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Access::Write => "BEGIN",
        };
        self.is_in_transaction.set(true);
        self.run(sql)
    }

    fn commit(&self) -> Result<(), StoreError> {
        self.flush(|_| true)?;
        self.answered(0)?;
        self.run("COMMIT")?;
        self.is_in_transaction.set(false);
        // What is committed is, whatever comes of this; a connection that is lost is said by what comes next.
        let _ = self.count_tables();
        Ok(())
    }

    fn rollback(&self) -> Result<(), StoreError> {
        self.bulks.take();
        // In their order, and whatever they say: what was done is undone.
        while self.answered(0).is_err() {}
        if !self.is_in_transaction.replace(false) || self.link.is_closed() {
            return Ok(());
        }
        self.run("ROLLBACK")
    }

    fn execute(&self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        self.flush(|bulk| bulk.is_seen_by(sql))?;
        self.answered(0)?;
        let statement = self.statement(sql)?;
        let params: Vec<Value> = params.iter().map(Value::from).collect();
        wait(self.link.client()?.execute_raw(&statement, params)).map_err(|error| failed(&error))
    }

    fn put(&self, sql: &'static str, params: &[Param<'_>]) -> Result<(), StoreError> {
        // Outside of a transaction nobody would wait for the answer.
        if !self.is_in_transaction.get() {
            return self.execute(sql, params).map(drop);
        }
        self.written.set(self.written.get() + 1);
        if self.collect(sql, params)? {
            return Ok(());
        }
        self.flush(|bulk| bulk.is_seen_by(sql))?;
        let statement = self.statement(sql)?;
        self.send(statement, params.iter().map(Value::from).collect())
    }

    fn query(&self, sql: &'static str, params: &[Param<'_>], each: Each<'_>) -> Result<(), StoreError> {
        if self.is_asking.replace(true) {
            // The answer of the first would be in the way of the second.
            return Err(StoreError::Other(Box::new(Unusable(
                "a question within the answer of another".to_owned(),
            ))));
        }
        let asked = (|| {
            self.flush(|bulk| bulk.is_seen_by(sql))?;
            let statement = self.statement(sql)?;
            let client = self.link.client()?;
            self.ask(client, &statement, params.iter().map(Value::from).collect(), each)
        })();
        self.is_asking.set(false);
        asked
    }

    fn missing(&self, guids: &[[u8; 16]]) -> Result<Vec<[u8; 16]>, StoreError> {
        const SQL: &str = "SELECT g.guid FROM UNNEST($1::BYTEA[]) AS g (guid)
            WHERE NOT EXISTS (SELECT 1 FROM objects WHERE objects.guid = g.guid)";
        self.flush(|bulk| bulk.is_seen_by(SQL))?;
        let statement = self.statement(SQL)?;
        let params = vec![Value::Byteses(guids.iter().map(|guid| guid.to_vec()).collect())];
        let mut missing = vec![];
        self.ask(self.link.client()?, &statement, params, &mut |row| {
            missing.extend(<[u8; 16]>::try_from(row.bytes(0)?));
            Ok(())
        })?;
        Ok(missing)
    }

    fn check(&self, thorough: bool) -> Result<Vec<String>, StoreError> {
        self.look_through(thorough)
    }

    fn erase(&self) -> Result<(), StoreError> {
        self.write_anew()
    }

    fn size(&self) -> Result<u64, StoreError> {
        self.octets()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Who opens the journal next should not find it locked by a session that is just ending.
        if let Some(lock) = self.lock.filter(|_| !self.link.is_closed()) {
            let _ = self.rollback();
            let _ = self.run(&format!("SELECT pg_advisory_unlock({lock})"));
        }
        self.sent.take();
        self.statements.take();
        self.bulk_statements.take();
    }
}
