//! Where the rows are: all SQL of the journal, behind what a database has to be able to do for it.
//!
//! The statements in [`sql`] are such that SQLite and PostgreSQL take them as they are: `$1` parameters in the order in which
//! they appear, `ON CONFLICT`, whole numbers and octets. What differs is in the implementation of [`Store`]: the types of the
//! columns, how the format is found and brought up, and the maintenance. One writer at a time is what each has to see to.

#[cfg(feature = "postgres")]
pub(crate) mod postgres;
pub(crate) mod schema;
pub(crate) mod sql;
pub(crate) mod sqlite;

/// A parameter of a statement.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Param<'a> {
    Null,
    Int(i64),
    Bytes(&'a [u8]),
    Text(&'a str),
}

/// A row of an answer. A column of another type than is asked for is damage: the file is foreign input.
pub(crate) trait Row {
    fn int(&self, column: usize) -> Result<i64, StoreError>;
    fn int_or_null(&self, column: usize) -> Result<Option<i64>, StoreError>;
    fn bytes(&self, column: usize) -> Result<&[u8], StoreError>;
    fn text(&self, column: usize) -> Result<&str, StoreError>;
    fn text_or_null(&self, column: usize) -> Result<Option<&str>, StoreError>;
}

/// What a place holds, before anything in it is used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A change journal of this format.
    Format(i64),
    /// Something else.
    Foreign(&'static str),
    /// Nothing: a database has no such schema, or one without tables. An empty file is no such thing, but damage.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "only databases know it"))]
    Nothing,
}

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// To ask several questions of one state.
    Read,
    /// To change it.
    Write,
}

/// What is done with each row of an answer.
pub(crate) type Each<'a> = &'a mut dyn FnMut(&dyn Row) -> Result<(), StoreError>;

/// A database with the tables of [`schema`].
pub(crate) trait Store: Send {
    fn begin(&self, access: Access) -> Result<(), StoreError>;
    fn commit(&self) -> Result<(), StoreError>;
    fn rollback(&self) -> Result<(), StoreError>;

    /// Carries a statement out, and says how many rows it changed.
    fn execute(&self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, StoreError>;

    /// The same where nobody asks how many. A database on another computer need not have done it yet: it has before a question that
    /// could see it is answered, and what went wrong is said then, or when it is committed.
    fn put(&self, sql: &'static str, params: &[Param<'_>]) -> Result<(), StoreError> {
        self.execute(sql, params).map(drop)
    }

    /// Which of these objects have no row, as far as it is worth asking for all of them at once: a file is asked for each when
    /// it is needed.
    fn missing(&self, _guids: &[[u8; 16]]) -> Result<Vec<[u8; 16]>, StoreError> {
        Ok(vec![])
    }

    /// Asks a question. Within its answer no other question is asked.
    fn query(&self, sql: &'static str, params: &[Param<'_>], each: Each<'_>) -> Result<(), StoreError>;

    /// What is wrong with the database as such; nothing where all is well. A thorough look also compares the indexes.
    fn check(&self, thorough: bool) -> Result<Vec<String>, StoreError>;

    /// Writes the database anew, so that nothing of what was deleted is left in it or beside it.
    fn erase(&self) -> Result<(), StoreError>;

    /// The octets on the disk.
    fn size(&self) -> Result<u64, StoreError>;
}

/// Why a question or a statement failed.
#[derive(Debug)]
pub(crate) enum StoreError {
    /// No room.
    Full,
    /// Another process is in the way.
    Busy,
    /// The file is something else.
    NotADatabase,
    /// What is there does not hold together.
    Damaged(String),
    /// The database refuses it: the logon, or a right that is missing.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "only databases say so"))]
    Denied(String),
    /// There is no connection to the database, or it is gone: what was under way is not done.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "only databases have one"))]
    Lost(String),
    /// The system has no random numbers.
    NoRandomNumbers,
    /// A batch of this naming context does not belong where it came.
    OutOfOrder(String),
    /// Anything else.
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// Damage, said with what it was found in.
    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged(what.into())
    }
}

/// Shorthands for the questions that have one answer or a short list of them.
impl dyn Store + '_ {
    pub(crate) fn first<T>(
        &self,
        sql: &'static str,
        params: &[Param<'_>],
        mut read: impl FnMut(&dyn Row) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut found = None;
        self.query(sql, params, &mut |row| {
            if found.is_none() {
                found = Some(read(row)?);
            }
            Ok(())
        })?;
        Ok(found)
    }

    pub(crate) fn all<T>(
        &self,
        sql: &'static str,
        params: &[Param<'_>],
        mut read: impl FnMut(&dyn Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut found = vec![];
        self.query(sql, params, &mut |row| {
            found.push(read(row)?);
            Ok(())
        })?;
        Ok(found)
    }

    pub(crate) fn count(&self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        let count = self.first(sql, params, |row| row.int(0))?.unwrap_or(0);
        Ok(u64::try_from(count).unwrap_or(0))
    }
}
