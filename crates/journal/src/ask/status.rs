//! How the journal stands: for people, and for whoever watches it.

use adrecover_core::ObjectGuid;
use adrecover_core::change::Cursor;
use adrecover_core::time::Timestamp;

use crate::JournalError;
use crate::context::{ContextRow, Reading};
use crate::ids::guid;
use crate::journal::Journal;
use crate::kind::Status;
use crate::rows::moment as time;
use crate::store::{Param, sql};

/// How the journal stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalStatus {
    /// The forest that it keeps.
    pub forest: String,
    /// Whether its values are encrypted.
    pub is_encrypted: bool,
    /// The octets of the file.
    pub octets: u64,
    /// How many objects there are of each status.
    pub objects: Counts,
    /// The changes that are kept.
    pub changes: u64,
    /// The link values that are there now.
    pub links: u64,
    /// When the oldest change that is kept happened.
    pub oldest_change: Option<Timestamp>,
    /// Its naming contexts.
    pub contexts: Vec<ContextStatus>,
}

/// How many objects there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Those that are there.
    pub live: u64,
    /// Those in the Recycle Bin.
    pub deleted: u64,
    /// Tombstones, and what is recycled.
    pub stripped: u64,
    /// Those that a full read did not find any more.
    pub gone: u64,
    /// Those that others point to, and that were never seen.
    pub unseen: u64,
}

/// How the journal of one naming context stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextStatus {
    /// Its DN.
    pub dn: String,
    /// When a batch was last kept, an empty one included: the journal is as old as that.
    pub succeeded: Option<Timestamp>,
    /// When the last full read was over; `None` as long as the first one is not.
    pub completed: Option<Timestamp>,
    /// Whether a full read is under way.
    pub is_reading: bool,
    /// Where to go on.
    pub cursor: Option<Cursor>,
}

impl ContextStatus {
    /// How far it is behind, in seconds; `None` where nothing was ever kept. A clock that was put back is no lag.
    pub fn lag(&self, now: Timestamp) -> Option<u64> {
        self.succeeded.map(|at| u64::try_from((now - at).num_seconds()).unwrap_or(0))
    }
}

impl Journal {
    /// How the journal stands. It counts: not for every second.
    pub fn status(&self) -> Result<JournalStatus, JournalError> {
        self.asking(|| {
            let mut objects = Counts::default();
            self.store.query(sql::OBJECTS_BY_STATUS, &[], &mut |row| {
                let count = u64::try_from(row.int(1)?).unwrap_or(0);
                *match Status::of(row.int(0)?) {
                    Status::Live => &mut objects.live,
                    Status::Deleted => &mut objects.deleted,
                    Status::Stripped => &mut objects.stripped,
                    Status::Gone => &mut objects.gone,
                    Status::Unseen => &mut objects.unseen,
                } += count;
                Ok(())
            })?;
            Ok(JournalStatus {
                forest: self.forest().to_owned(),
                is_encrypted: self.is_encrypted(),
                octets: self.store.size()?,
                objects,
                changes: self.store.count(sql::CHANGES_COUNT, &[])?,
                links: self.store.count(sql::LINKS_COUNT, &[])?,
                oldest_change: self
                    .store
                    .first(sql::CHANGES_OLDEST, &[], |row| row.int_or_null(0))?
                    .flatten()
                    .map(time),
                contexts: ContextRow::all(&*self.store)?.into_iter().map(ContextRow::status).collect(),
            })
        })
    }

    /// The naming contexts and where to go on in each. Cheap.
    pub fn contexts(&self) -> Result<Vec<ContextStatus>, JournalError> {
        self.asking(|| Ok(ContextRow::all(&*self.store)?.into_iter().map(ContextRow::status).collect()))
    }

    /// When it was begun: of what happened before it knows nothing. `None` where it is empty.
    pub fn begins(&self) -> Result<Option<Timestamp>, JournalError> {
        self.asking(|| {
            let known = self.store.first(sql::OBJECTS_KNOWN_FROM, &[], |row| row.int_or_null(0))?;
            Ok(known.flatten().map(time))
        })
    }

    /// The objects that stand there, in the order in which they were first seen.
    pub fn guids(&self, status: Status) -> Result<Vec<ObjectGuid>, JournalError> {
        self.asking(|| {
            self.store.all(sql::OBJECT_GUIDS, &[Param::Int(status.number())], |row| guid(row.bytes(0)?))
        })
    }
}

impl ContextRow {
    /// A position that cannot be read is none: the naming context is read as a whole then, and compared.
    fn status(self) -> ContextStatus {
        ContextStatus {
            is_reading: self.reading != Reading::Not,
            succeeded: self.succeeded.map(time),
            completed: self.completed.map(time),
            cursor: self.cursor.as_deref().and_then(|text| Cursor::from_text(text).ok()),
            dn: self.dn,
        }
    }
}
