//! The rows of the journal as values, with what is sealed in them opened.

use std::collections::HashSet;

use adrecover_core::ObjectGuid;
use adrecover_core::change::Stamp as CoreStamp;
use adrecover_core::time::{self, Timestamp};

use crate::codec::change::Replaced;
use crate::codec::state::{Stamp, State};
use crate::codec::values::{self, Cell};
use crate::ids::{Vault, guid};
use crate::journal::Journal;
use crate::kind::{Kind, NAMED_ONLY, Status};
use crate::lookup::Purpose;
use crate::seal::{Place, Sealer};
use crate::store::{Param, Row, StoreError, sql};

/// The most octets of values that one question is answered with, of those that are kept once.
const MOST_CONTENTS: usize = 512 << 20;

/// A row of `objects`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObjectRow {
    pub(crate) id: i64,
    pub(crate) guid: ObjectGuid,
    pub(crate) context: i64,
    /// The object that it lies in; 0 where that is none of the journal.
    pub(crate) parent: i64,
    pub(crate) status: Status,
    /// Whether others point to its name, and which object it is was never told.
    pub(crate) is_named_only: bool,
    pub(crate) known_from: i64,
    pub(crate) mark: i64,
}

impl ObjectRow {
    /// Where its state belongs.
    pub(crate) fn place(&self) -> Place {
        let status = if self.is_named_only { NAMED_ONLY } else { self.status.number() };
        state_place(self.id, self.guid, self.parent, status)
    }

    fn read(row: &dyn Row) -> Result<Self, StoreError> {
        let status = row.int(4)?;
        Ok(Self {
            id: row.int(0)?,
            guid: guid(row.bytes(1)?)?,
            context: row.int(2)?,
            parent: row.int(3)?,
            status: Status::of(status),
            is_named_only: status == NAMED_ONLY,
            known_from: row.int(5)?,
            mark: row.int(6)?,
        })
    }
}

/// A row of `links`. What it says is sealed by a number, which is short, because there are many of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) source: i64,
    pub(crate) attribute: i64,
    pub(crate) target: i64,
    /// The content that belongs to the value; 0 where there is none.
    pub(crate) data: i64,
    /// The change that added it; 0 where it was there when the object was first read.
    pub(crate) added: i64,
    /// The change that removed it; 0 where it is there.
    pub(crate) removed: i64,
    /// The full read that named it last.
    pub(crate) mark: i64,
}

impl Edge {
    pub(crate) fn read(row: &dyn Row) -> Result<Self, StoreError> {
        Ok(Self {
            source: row.int(0)?,
            attribute: row.int(1)?,
            target: row.int(2)?,
            data: row.int(3)?,
            added: row.int(4)?,
            removed: row.int(5)?,
            mark: row.int(6)?,
        })
    }

    /// The number that it is sealed by: 48 bits of the hash of all but the mark.
    pub(crate) fn seal(&self, sealer: &Sealer) -> i64 {
        let numbers = [self.source, self.attribute, self.target, self.data, self.added, self.removed];
        let mut octets = [0; 48];
        for (octets, number) in octets.chunks_exact_mut(8).zip(numbers) {
            octets.copy_from_slice(&number.to_le_bytes());
        }
        let hash = sealer.fingerprint(Purpose::Link as u8, &octets);
        hash[..6].iter().fold(0, |number, octet| number << 8 | i64::from(*octet))
    }
}

/// A row of `changes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChangeRow {
    pub(crate) seq: i64,
    pub(crate) object: i64,
    pub(crate) kind: Kind,
    pub(crate) happened: i64,
    pub(crate) seen: i64,
    pub(crate) controller: i64,
    pub(crate) usn: i64,
    /// The payload, opened.
    pub(crate) payload: Vec<u8>,
}

impl ChangeRow {
    pub(crate) fn place(&self) -> Place {
        Place::Change {
            seq: self.seq,
            object: self.object,
            kind: self.kind.number(),
            happened: self.happened,
            seen: self.seen,
            controller: self.controller,
            usn: self.usn,
        }
    }

    /// What it replaced.
    pub(crate) fn replaced(&self) -> Result<Replaced<'_>, StoreError> {
        Replaced::read(&self.payload).ok_or_else(|| broken("change", self.seq))
    }
}

impl Journal {
    pub(crate) fn vault(&self) -> Vault<'_> {
        Vault { store: &*self.store, sealer: &self.sealer }
    }

    pub(crate) fn attribute_name(&self, id: i64) -> Result<String, StoreError> {
        self.ids.attribute_name(self.vault(), id)
    }

    /// The id of an attribute that occurs in the journal.
    pub(crate) fn known_attribute(&self, name: &str) -> Result<Option<i64>, StoreError> {
        self.ids.known_attribute(self.vault(), name)
    }

    /// The invocation id of a domain controller; `None` for 0, which is none.
    pub(crate) fn invocation(&self, id: i64) -> Result<Option<ObjectGuid>, StoreError> {
        self.ids.invocation(self.vault(), id)
    }

    pub(crate) fn object(&self, guid: ObjectGuid) -> Result<Option<ObjectRow>, StoreError> {
        self.store.first(sql::OBJECT_BY_GUID, &[Param::Bytes(&guid.to_wire())], ObjectRow::read)
    }

    pub(crate) fn object_by_id(&self, id: i64) -> Result<Option<ObjectRow>, StoreError> {
        self.store.first(sql::OBJECT_BY_ID, &[Param::Int(id)], ObjectRow::read)
    }

    /// An object that another row points to.
    pub(crate) fn pointed(&self, id: i64) -> Result<ObjectRow, StoreError> {
        self.object_by_id(id)?.ok_or_else(|| StoreError::damaged(format!("object {id} has no row")))
    }

    /// The newest state of an object as a payload to read.
    pub(crate) fn state_payload(&self, object: &ObjectRow) -> Result<Vec<u8>, StoreError> {
        let opened = self.store.first(sql::STATE_GET, &[Param::Int(object.id)], |row| {
            self.opened(object.place(), row.bytes(0)?, "state of object", object.id)
        })?;
        opened.ok_or_else(|| StoreError::damaged(format!("object {} has no state", object.id)))
    }

    /// The newest state of an object.
    pub(crate) fn state(&self, object: &ObjectRow) -> Result<State<'static>, StoreError> {
        let payload = self.state_payload(object)?;
        State::read(&payload).map(State::into_owned).ok_or_else(|| broken("state of object", object.id))
    }

    /// The changes of an object of one of these kinds, the newest first.
    pub(crate) fn changes_of(&self, object: i64, kind: Kind) -> Result<Vec<ChangeRow>, StoreError> {
        let params = [Param::Int(object), Param::Int(kind.number())];
        self.store.all(sql::CHANGES_OF, &params, |row| self.change_row(row))
    }

    /// The newest change of an object of one of these kinds.
    pub(crate) fn newest_of_kind(&self, object: i64, kind: Kind) -> Result<Option<ChangeRow>, StoreError> {
        let params = [Param::Int(object), Param::Int(kind.number())];
        self.store.first(sql::CHANGE_NEWEST_OF_KIND, &params, |row| self.change_row(row))
    }

    pub(crate) fn change(&self, seq: i64) -> Result<Option<ChangeRow>, StoreError> {
        self.store.first(sql::CHANGE_BY_SEQ, &[Param::Int(seq)], |row| self.change_row(row))
    }

    pub(crate) fn change_row(&self, row: &dyn Row) -> Result<ChangeRow, StoreError> {
        let mut change = ChangeRow {
            seq: row.int(0)?,
            object: row.int(1)?,
            kind: Kind::of(row.int(2)?),
            happened: row.int(3)?,
            seen: row.int(4)?,
            controller: row.int(5)?,
            usn: row.int(6)?,
            payload: vec![],
        };
        change.payload = self.opened(change.place(), row.bytes(7)?, "change", change.seq)?;
        Ok(change)
    }

    /// A value that is kept once.
    pub(crate) fn content(&self, id: i64) -> Result<Vec<u8>, StoreError> {
        let found = self.store.first(sql::CONTENT_GET, &[Param::Int(id)], |row| {
            self.opened(Place::Content { id }, row.bytes(0)?, "content", id)
        })?;
        let found = found.ok_or_else(|| StoreError::damaged(format!("content {id} has no row")))?;
        // One value may be pointed to a million times: by a file that wants to take all memory.
        self.taken.set(self.taken.get().saturating_add(found.len()));
        if self.taken.get() > MOST_CONTENTS {
            return Err(StoreError::damaged("an object has more values than any"));
        }
        Ok(found)
    }

    /// The values of an attribute as the directory gave them.
    pub(crate) fn values(&self, packed: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
        let wrong = || StoreError::damaged("the values of an attribute cannot be read");
        let cells = values::cells(packed).ok_or_else(wrong)?;
        // The values of an attribute are a set.
        let mut contents = HashSet::new();
        if !cells.iter().all(|cell| !matches!(cell, Cell::Content(_)) || contents.insert(cell)) {
            return Err(wrong());
        }
        let value = |cell: &Cell<'_>| match cell {
            Cell::Content(id) => self.content(*id),
            cell => values::written(cell).ok_or_else(wrong),
        };
        cells.iter().map(value).collect()
    }

    /// A stamp as the directory gave it; `None` where it was not asked.
    pub(crate) fn stamp(&self, stamp: Stamp) -> Result<Option<CoreStamp>, StoreError> {
        let Some(invocation) = self.invocation(stamp.controller)? else { return Ok(None) };
        Ok(Some(CoreStamp {
            version: u32::try_from(stamp.version).unwrap_or(0),
            at: (stamp.at != 0).then(|| moment(stamp.at)),
            invocation,
            usn: stamp.usn as u64,
        }))
    }

    fn opened(&self, place: Place, sealed: &[u8], what: &str, id: i64) -> Result<Vec<u8>, StoreError> {
        self.sealer.open(place, sealed).map(|payload| payload.into_owned()).map_err(|_| broken(what, id))
    }
}

/// The place of the state of an object: what its row says of it is sealed with it.
pub(crate) fn state_place(object: i64, guid: ObjectGuid, parent: i64, status: i64) -> Place {
    let wire = u128::from_le_bytes(guid.to_wire());
    Place::State { object, guid: [wire as i64, (wire >> 64) as i64], parent, status }
}

pub(crate) fn broken(what: &str, id: i64) -> StoreError {
    StoreError::damaged(format!("{what} {id} is not what was written"))
}

/// The time that a column means. One that is none is the beginning of all times, so that nothing can fail on it.
pub(crate) fn moment(seconds: i64) -> Timestamp {
    chrono::DateTime::from_timestamp(seconds, 0).and_then(time::in_calendar).unwrap_or_default()
}
