//! Old changes are dropped, by age and by number.
//!
//! Changes hold what they replaced, so that the oldest can go without touching what is newer. The newest state of an object is no
//! change and always stays.

use adrecover_core::time::Timestamp;

use crate::journal::Writer;
use crate::kind::Kind;
use crate::store::{Param, sql};
use crate::{JournalError, StoreError};

/// How many objects are pruned in one transaction.
const AT_ONCE: usize = 1000;

/// What is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Changes since then.
    pub since: Option<Timestamp>,
    /// At most so many of the latest changes of each object.
    pub per_object: Option<u32>,
    /// Whatever the two say: what is needed to tell the state of an object right before a deletion since then. The directory
    /// forgets a deletion after its tombstone lifetime, or its deleted object lifetime.
    pub deletions_since: Timestamp,
}

/// What was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruned {
    /// Changes.
    pub changes: u64,
    /// Link values that were removed long ago.
    pub links: u64,
    /// Values that nothing holds any more.
    pub contents: u64,
}

/// A change as far as it matters here.
#[derive(Debug, Clone, Copy)]
struct Row {
    seq: i64,
    happened: i64,
    kind: Kind,
}

impl Writer {
    /// Drops what need not be kept. The room is used again; the file becomes smaller by [`Writer::compact`] only.
    pub fn prune(&self, retention: &Retention) -> Result<Pruned, JournalError> {
        let store = &*self.journal.store;
        let mut pruned = Pruned::default();
        let objects = self.journal.asking(|| {
            let mut objects = vec![];
            if let Some(since) = retention.since {
                let params = [Param::Int(since.timestamp())];
                objects = store.all(sql::CHANGES_OLD_OBJECTS, &params, |row| row.int(0))?;
            }
            if let Some(most) = retention.per_object {
                let params = [Param::Int(i64::from(most))];
                objects.extend(store.all(sql::CHANGES_MANY_OBJECTS, &params, |row| row.int(0))?);
            }
            objects.sort_unstable();
            objects.dedup();
            Ok(objects)
        })?;
        for some in objects.chunks(AT_ONCE) {
            self.writing(|| {
                some.iter().try_for_each(|object| self.prune_object(*object, retention, &mut pruned))
            })?;
        }
        if pruned.changes > 0 {
            pruned.contents = self.writing(|| self.sweep())?;
        }
        Ok(pruned)
    }

    /// Writes the file anew, as small as it can be. It needs as much room again while it does, and no reader at its end.
    pub fn compact(&self) -> Result<(), JournalError> {
        self.journal.store.erase().map_err(|e| self.journal.fail(e))
    }

    fn prune_object(
        &self,
        object: i64,
        retention: &Retention,
        pruned: &mut Pruned,
    ) -> Result<(), StoreError> {
        let store = &*self.journal.store;
        let rows = store.all(sql::CHANGES_TIMES, &[Param::Int(object)], |row| {
            Ok(Row { seq: row.int(0)?, happened: row.int(1)?, kind: Kind::of(row.int(2)?) })
        })?;
        let first = first_kept(&rows, retention);
        let Some(newest) = rows.iter().find(|row| row.seq < first) else { return Ok(()) };
        pruned.changes +=
            store.execute(sql::CHANGES_DELETE_BEFORE, &[Param::Int(object), Param::Int(first)])?;
        let params = [Param::Int(object), Param::Int(object)];
        pruned.links += store.execute(sql::LINKS_DELETE_FORGOTTEN, &params)?;
        let known_from = self.journal.pointed(object)?.known_from.max(newest.happened);
        store.execute(sql::OBJECT_KNOWN_FROM, &[Param::Int(known_from), Param::Int(object)]).map(drop)
    }
}

/// The oldest change that is kept, of those of one object, the newest first. All from it on are kept: each is needed to go back to
/// the one before.
fn first_kept(rows: &[Row], retention: &Retention) -> i64 {
    let most = retention.per_object.map_or(usize::MAX, |most| most as usize);
    let is_wanted = |(at, row): &(usize, &Row)| {
        *at < most && retention.since.is_none_or(|since| row.happened >= since.timestamp())
    };
    let is_needed = |row: &&Row| {
        row.kind.has(Kind::DELETED | Kind::GONE) && row.happened >= retention.deletions_since.timestamp()
    };
    let wanted = rows.iter().enumerate().filter(is_wanted).map(|(_, row)| row.seq);
    let needed = rows.iter().filter(is_needed).map(|row| row.seq);
    wanted.chain(needed).min().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::moment;

    fn row(seq: i64, happened: i64, kind: Kind) -> Row {
        Row { seq, happened, kind }
    }

    #[test]
    fn what_a_deletion_needs_stays() {
        let rows = [
            row(9, 900, Kind::ATTRIBUTES),
            row(7, 700, Kind::RESTORED),
            row(5, 500, Kind::DELETED),
            row(3, 300, Kind::ATTRIBUTES),
            row(2, 650, Kind::ATTRIBUTES),
        ];
        let first = |since: Option<i64>, per_object, deletions_since| {
            let (since, deletions_since) = (since.map(moment), moment(deletions_since));
            first_kept(&rows, &Retention { since, per_object, deletions_since })
        };
        assert_eq!(first(Some(800), None, 1000), 9);
        assert_eq!(first(Some(2000), None, 1000), i64::MAX);
        assert_eq!(first(Some(800), None, 400), 5);
        assert_eq!(first(None, Some(2), 1000), 7);
        assert_eq!(first(None, Some(1), 500), 5);
        assert_eq!(first(Some(600), None, 1000), 2, "a time that does not grow");
        assert_eq!(first(Some(600), Some(4), 1000), 7);
        assert_eq!(first(None, Some(0), 1000), i64::MAX);
    }
}
