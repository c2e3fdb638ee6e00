//! What was deleted, and what was touched in a time.

use adrecover_core::ObjectGuid;
use adrecover_core::time::Timestamp;

use super::Moment;
use crate::journal::Journal;
use crate::kind::{Kind, Status};
use crate::names::Names;
use crate::rows::moment as time;
use crate::store::{Param, sql};
use crate::{JournalError, StoreError};

/// What is no longer there.
const DELETIONS: Kind = Kind::of(Kind::DELETED.number() | Kind::GONE.number());

/// A deletion that the journal saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// What was deleted.
    pub guid: ObjectGuid,
    /// Its DN before.
    pub dn: String,
    /// When, by the directory's own stamp where there is one, else as nearly as is known.
    pub happened: Timestamp,
    /// The invocation id of the domain controller on which it was deleted, where that was told.
    pub controller: Option<ObjectGuid>,
    /// Whether nobody said that it was deleted: a full read did not find it any more.
    pub is_gone: bool,
    /// Where it stands now: it may be back.
    pub status: Status,
}

/// A change of some object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// Of which object.
    pub guid: ObjectGuid,
    /// The change's number, as [`Change::seq`](crate::Change::seq).
    pub seq: i64,
    /// When.
    pub happened: Timestamp,
    /// The invocation id of the domain controller on which it was made, where that was told.
    pub controller: Option<ObjectGuid>,
    /// What it was.
    pub kind: Kind,
}

impl Journal {
    /// What was deleted or disappeared since, in the order of the journal. An object that was deleted twice is there twice.
    pub fn deleted_since(&self, since: Timestamp) -> Result<Vec<Deletion>, JournalError> {
        self.asking(|| {
            let params = [Param::Int(since.timestamp()), Param::Int(DELETIONS.number())];
            let deletions = self.deletions(sql::CHANGES_OF_KIND_SINCE, &params)?;
            Ok(deletions.into_iter().map(|(_, deletion)| deletion).collect())
        })
    }

    /// What was deleted or disappeared in the changes after a number, with the numbers of those, at most so many, in the order of the
    /// journal. What was not seen before it was deleted is left out.
    pub fn deleted_after(&self, seq: i64, most: u32) -> Result<Vec<(i64, Deletion)>, JournalError> {
        let numbers = [seq, DELETIONS.number(), Kind::CREATED.number(), most.into()];
        self.asking(|| self.deletions(sql::CHANGES_OF_KIND_AFTER, &numbers.map(Param::Int)))
    }

    /// The number of the newest change; 0 where there is none.
    pub fn newest_change(&self) -> Result<i64, JournalError> {
        self.asking(|| {
            let newest = self.store.first(sql::CHANGES_NEWEST, &[], |row| row.int_or_null(0))?;
            Ok(newest.flatten().unwrap_or(0))
        })
    }

    fn deletions(
        &self,
        statement: &'static str,
        params: &[Param<'_>],
    ) -> Result<Vec<(i64, Deletion)>, StoreError> {
        let rows = self.store.all(statement, params, |row| {
            Ok((row.int(0)?, row.int(1)?, Kind::of(row.int(2)?), row.int(3)?, row.int(4)?))
        })?;
        let mut out = Vec::with_capacity(rows.len());
        for (seq, object, kind, happened, controller) in rows {
            let row = self.pointed(object)?;
            let deletion = Deletion {
                guid: row.guid,
                dn: Names::new(self, Moment::Before(seq)).dn(object)?,
                happened: time(happened),
                controller: self.invocation(controller)?,
                is_gone: kind.has(Kind::GONE),
                status: row.status,
            };
            out.push((seq, deletion));
        }
        Ok(out)
    }

    /// What changed from one second to another, both included, in the order of the journal: on one domain controller, if one is
    /// named.
    pub fn touched(
        &self,
        from: Timestamp,
        to: Timestamp,
        controller: Option<ObjectGuid>,
    ) -> Result<Vec<Touched>, JournalError> {
        self.asking(|| {
            let params = [Param::Int(from.timestamp()), Param::Int(to.timestamp())];
            let rows = self.store.all(sql::CHANGES_BETWEEN, &params, |row| {
                Ok((row.int(0)?, row.int(1)?, Kind::of(row.int(2)?), row.int(3)?, row.int(4)?))
            })?;
            let mut out = vec![];
            for (seq, object, kind, happened, on) in rows {
                let on = self.invocation(on)?;
                if controller.is_none() || on == controller {
                    let guid = self.pointed(object)?.guid;
                    out.push(Touched { guid, seq, happened: time(happened), controller: on, kind });
                }
            }
            Ok(out)
        })
    }
}
