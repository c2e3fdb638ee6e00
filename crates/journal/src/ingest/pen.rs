//! What writes the rows: numbers that are given once, values that are kept once, objects that others point to.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};

use adrecover_core::ObjectGuid;
use adrecover_core::change::{LinkTarget, ObjectChange, Stamp as CoreStamp};
use adrecover_core::secrets::is_secret;

use super::Outcome;
use super::delta::{self, Place};
use crate::ask::Moment;
use crate::cache::Cache;
use crate::codec::state::{Name, Stamp, State};
use crate::codec::values::{self, Cell};
use crate::context::ContextRow;
use crate::journal::Journal;
use crate::kind::{NAMED_ONLY, Status};
use crate::lookup::{self, Purpose};
use crate::names::{self, Names};
use crate::rows::{ObjectRow, state_place};
use crate::seal;
use crate::store::{Param, Store, StoreError, sql};

/// From this length on a value is kept once, however often it occurs: it may be a picture.
const LARGE: usize = 512;

/// Attributes that are told by other means, or that every domain controller has for itself.
const LEFT_OUT: [&str; 9] = [
    "distinguishedName",
    "objectGUID",
    "name",
    "parentGUID",
    "uSNChanged",
    "uSNCreated",
    "whenChanged",
    "replPropertyMetaData",
    "replUpToDateVector",
];

/// The numbers that are given next. They are never given twice, whatever is pruned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counters {
    pub(super) objects: i64,
    pub(super) changes: i64,
    pub(super) contents: i64,
}

/// Writes one batch of one naming context.
pub(super) struct Pen<'a> {
    pub(super) journal: &'a Journal,
    pub(super) store: &'a dyn Store,
    pub(super) cache: &'a RefCell<Cache>,
    pub(super) counters: Counters,
    pub(super) context: ContextRow,
    pub(super) now: i64,
    pub(super) outcome: Outcome,
    /// Objects of the batch of which it is known that they have no row yet.
    pub(super) missing: HashSet<[u8; 16]>,
    /// Whether an object lies in a container of which only the name is known.
    pub(super) has_unplaced: bool,
}

impl<'a> Pen<'a> {
    pub(super) fn new(
        journal: &'a Journal,
        cache: &'a RefCell<Cache>,
        context: ContextRow,
        now: i64,
    ) -> Result<Self, StoreError> {
        let store = &*journal.store;
        let counters = store.first(sql::COUNTERS_GET, &[], |row| {
            Ok(Counters { objects: row.int(0)?, changes: row.int(1)?, contents: row.int(2)? })
        })?;
        let counters = counters
            .filter(|c| [c.objects, c.changes, c.contents].iter().all(|n| (1..i64::MAX >> 2).contains(n)))
            .ok_or_else(|| StoreError::damaged("the counters are missing"))?;
        let (outcome, missing) = (Outcome::default(), HashSet::new());
        Ok(Self { journal, store, cache, counters, context, now, outcome, missing, has_unplaced: false })
    }

    /// Writes what is left to be written.
    pub(super) fn done(self) -> Result<Outcome, StoreError> {
        let Counters { objects, changes, contents } = self.counters;
        self.store
            .execute(sql::COUNTERS_PUT, &[Param::Int(objects), Param::Int(changes), Param::Int(contents)])?;
        self.context.save(self.store)?;
        Ok(self.outcome)
    }

    pub(super) fn next_object(&mut self) -> i64 {
        self.counters.objects += 1;
        self.counters.objects - 1
    }

    pub(super) fn next_change(&mut self) -> i64 {
        self.counters.changes += 1;
        self.counters.changes - 1
    }

    /// The id of an attribute that is kept. A secret is refused, whoever hands it over.
    pub(super) fn attribute(&mut self, spelt: &str) -> Result<Option<i64>, StoreError> {
        let known = self.journal.ids.accepted(spelt);
        if known.is_some() {
            return Ok(known);
        }
        let name = spelt.split_once(';').map_or(spelt, |(name, _)| name);
        if is_secret(name) {
            self.outcome.refused.insert(name.to_owned());
            return Ok(None);
        }
        if LEFT_OUT.iter().any(|left| left.eq_ignore_ascii_case(name)) {
            return Ok(None);
        }
        self.journal.ids.accept(self.journal.vault(), spelt).map(Some)
    }

    pub(super) fn stamp(&self, stamp: Option<&CoreStamp>) -> Result<Option<Stamp>, StoreError> {
        let Some(core) = stamp else { return Ok(None) };
        Ok(Some(delta::stamp(core, self.journal.ids.controller(self.journal.vault(), core.invocation)?)))
    }

    pub(super) fn seal(&self, place: seal::Place, payload: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        self.journal.sealer.seal(place, payload).ok_or(StoreError::NoRandomNumbers)
    }

    /// Writes the state of an object whose row says this.
    pub(super) fn put_state(
        &self,
        (object, guid, parent, status): (i64, ObjectGuid, i64, i64),
        state: &State<'_>,
        sql: &'static str,
    ) -> Result<(), StoreError> {
        let payload = self.seal(state_place(object, guid, parent, status), state.pack())?;
        self.store.put(sql, &[Param::Int(object), Param::Bytes(&payload)])
    }

    pub(super) fn put_lookups(&self, object: i64, hashes: &[i64]) -> Result<(), StoreError> {
        for hash in hashes {
            self.store.put(sql::LOOKUP_PUT, &[Param::Int(*hash), Param::Int(object)])?;
        }
        Ok(())
    }

    /// The values of an attribute as they are kept.
    pub(super) fn pack(&mut self, attribute: &str, values: &[Vec<u8>]) -> Result<Vec<u8>, StoreError> {
        let mut cells = Vec::with_capacity(values.len());
        for value in values {
            let cell = if is_kept_once(attribute, value) {
                Cell::Content(self.content(value)?)
            } else {
                Cell::of(value)
            };
            cells.push(cell);
        }
        let mut out = Vec::with_capacity(values.iter().map(|v| v.len() + 2).sum::<usize>().min(2 * LARGE));
        values::put_cells(&mut out, &cells);
        Ok(out)
    }

    /// The row of a value that is kept once.
    pub(super) fn content(&mut self, value: &[u8]) -> Result<i64, StoreError> {
        let hash = self.journal.sealer.fingerprint(Purpose::Content as u8, value);
        let known = self.cache.borrow().contents.get(&hash);
        if let Some(id) = known {
            return Ok(id);
        }
        let found = self.store.first(sql::CONTENT_BY_HASH, &[Param::Bytes(&hash)], |row| row.int(0))?;
        let id = match found {
            Some(id) => id,
            None => {
                let id = self.counters.contents;
                self.counters.contents += 1;
                let payload = self.seal(seal::Place::Content { id }, value.to_vec())?;
                let params = [Param::Int(id), Param::Bytes(&hash), Param::Bytes(&payload)];
                self.store.put(sql::CONTENT_INSERT, &params)?;
                id
            }
        };
        self.cache.borrow_mut().contents.put(hash, id);
        Ok(id)
    }

    pub(super) fn row(&self, guid: ObjectGuid) -> Result<Option<ObjectRow>, StoreError> {
        if self.missing.contains(&guid.to_wire()) {
            return Ok(None);
        }
        self.journal.object(guid)
    }

    /// The row of an object that another one points to; it gets one, with what its name says, where it was never seen.
    pub(super) fn pointed(&mut self, guid: ObjectGuid, dn: &str) -> Result<i64, StoreError> {
        let known = self.cache.borrow().objects.get(&guid);
        if let Some(id) = known {
            return Ok(id);
        }
        let id = match self.row(guid)? {
            Some(row) => row.id,
            None => self.stub(guid, dn, Status::Unseen.number())?,
        };
        self.cache.borrow_mut().objects.put(guid, id);
        Ok(id)
    }

    /// The row of what a link points to. Where only a name is told, an object that has it, or else the name stands for it.
    pub(super) fn target(&mut self, target: &LinkTarget) -> Result<i64, StoreError> {
        if let Some(guid) = target.guid {
            return self.pointed(guid, &target.dn);
        }
        if let Some(id) = self.named(&target.dn)? {
            return Ok(id);
        }
        let hash =
            self.journal.sealer.fingerprint(Purpose::Unnamed as u8, target.dn.to_lowercase().as_bytes());
        let guid = crate::ids::guid(&hash)?;
        match self.row(guid)? {
            Some(row) => Ok(row.id),
            None => self.stub(guid, &target.dn, NAMED_ONLY),
        }
    }

    fn stub(&mut self, guid: ObjectGuid, dn: &str, status: i64) -> Result<i64, StoreError> {
        let id = self.next_object();
        let wire = guid.to_wire();
        let none = Param::Int(0);
        let params = [Param::Int(id), Param::Bytes(&wire), none, none, Param::Int(status), none, none];
        self.missing.remove(&wire);
        self.store.put(sql::OBJECT_INSERT, &params)?;
        let (rdn, container) = names::split(dn);
        let container = Some(container).filter(|dn| !dn.is_empty()).map(|dn| dn.to_owned().into());
        let name = Name { rdn: rdn.to_owned().into(), container };
        self.put_state((id, guid, 0, status), &State { name, attributes: vec![] }, sql::STATE_INSERT)?;
        Ok(id)
    }

    /// The object that has a DN now.
    pub(super) fn named(&self, dn: &str) -> Result<Option<i64>, StoreError> {
        let known = self.cache.borrow().containers.get(dn);
        if known.is_some() {
            return Ok(known);
        }
        let mut hashes = lookup::of_rdn(&self.journal.sealer, names::split(dn).0);
        hashes.truncate(1);
        for hash in hashes {
            let candidates = self.store.all(sql::LOOKUP_GET, &[Param::Int(hash)], |row| row.int(0))?;
            for id in candidates {
                let is_known = self.journal.pointed(id)?.is_known();
                if is_known && names::same(&Names::new(self.journal, Moment::Now).dn(id)?, dn) {
                    self.cache.borrow_mut().containers.put(dn.to_owned(), id);
                    return Ok(Some(id));
                }
            }
        }
        Ok(None)
    }

    /// The name and place of an object that is new, or has another name.
    pub(super) fn place(&mut self, change: &ObjectChange) -> Result<Place, StoreError> {
        let (rdn, container) = names::split(&change.dn);
        let rdn = rdn.to_owned().into();
        let parent = match change.parent.filter(|parent| *parent != change.guid) {
            Some(parent) => Some(self.pointed(parent, container)?),
            None if container.is_empty() => None,
            None => self.named(container)?,
        };
        let container = match parent {
            None if !container.is_empty() => Some(container.to_owned().into()),
            _ => None,
        };
        self.has_unplaced |= container.is_some();
        Ok(Place { name: Name { rdn, container }, parent: parent.unwrap_or(0) })
    }
}

impl ObjectRow {
    /// Whether the object was ever seen itself.
    pub(super) fn is_known(&self) -> bool {
        self.status != Status::Unseen
    }
}

/// Whether a value is kept once, whichever objects have it: security descriptors, large values, and names of other objects. It must be
/// the same each time for one value: otherwise it would seem to have changed.
fn is_kept_once(attribute: &str, value: &[u8]) -> bool {
    value.len() >= LARGE
        || (attribute.len() == 20 && attribute.eq_ignore_ascii_case("nTSecurityDescriptor"))
        || is_dn(value)
}

/// Whether it looks like the DN of an object of a directory.
fn is_dn(value: &[u8]) -> bool {
    matches!(value, [_, _, b'=', ..])
        && value.len() > 24
        && value.windows(4).any(|w| w.eq_ignore_ascii_case(b",DC="))
}

/// The set of the attributes that two lists of values have.
pub(super) type Seen = BTreeSet<i64>;
