//! The naming contexts and how far each is read.

use crate::store::{Param, Row, Store, StoreError, sql};

/// Whether a full read is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// None.
    Not,
    /// The first one: what it finds is no change.
    First,
    /// Another one: it is compared.
    Again,
}

/// A row of `contexts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContextRow {
    pub(crate) id: i64,
    pub(crate) dn: String,
    pub(crate) reading: Reading,
    /// The number of the full read, with which all that it names is marked.
    pub(crate) generation: i64,
    /// The first change of the full read.
    pub(crate) full_from: i64,
    /// The first change since the directory last had no more to say; 0 where that is now.
    pub(crate) cycle_from: i64,
    pub(crate) cursor: Option<String>,
    pub(crate) succeeded: Option<i64>,
    pub(crate) completed: Option<i64>,
}

impl ContextRow {
    fn read(row: &dyn Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.int(0)?,
            dn: row.text(1)?.to_owned(),
            reading: match row.int(2)? {
                0 => Reading::Not,
                1 => Reading::First,
                _ => Reading::Again,
            },
            generation: row.int(3)?,
            full_from: row.int(4)?,
            cycle_from: row.int(5)?,
            cursor: row.text_or_null(6)?.map(str::to_owned),
            succeeded: row.int_or_null(7)?,
            completed: row.int_or_null(8)?,
        })
    }

    pub(crate) fn all(store: &dyn Store) -> Result<Vec<Self>, StoreError> {
        store.all(sql::CONTEXTS, &[], Self::read)
    }

    /// The row of a naming context; it gets one where it has none.
    pub(crate) fn of(store: &dyn Store, dn: &str, name: &str) -> Result<Self, StoreError> {
        let find = || store.first(sql::CONTEXT_BY_NAME, &[Param::Text(name)], Self::read);
        if let Some(row) = find()? {
            return Ok(row);
        }
        store.execute(sql::CONTEXT_INSERT, &[Param::Text(dn), Param::Text(name)])?;
        find()?.ok_or_else(|| StoreError::damaged("a naming context has no row"))
    }

    pub(crate) fn save(&self, store: &dyn Store) -> Result<(), StoreError> {
        let or_null = |number: Option<i64>| number.map_or(Param::Null, Param::Int);
        let reading = match self.reading {
            Reading::Not => 0,
            Reading::First => 1,
            Reading::Again => 2,
        };
        let params = [
            Param::Int(reading),
            Param::Int(self.generation),
            Param::Int(self.full_from),
            Param::Int(self.cycle_from),
            self.cursor.as_deref().map_or(Param::Null, Param::Text),
            or_null(self.succeeded),
            or_null(self.completed),
            Param::Int(self.id),
        ];
        store.execute(sql::CONTEXT_UPDATE, &params).map(drop)
    }
}
