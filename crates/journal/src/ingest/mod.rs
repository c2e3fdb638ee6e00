//! What was read from a directory, compared with what is kept: differences become changes.
//!
//! A directory tells what is, not what happened, and may tell it again at any time. So nothing is appended blindly: what is held
//! already is no change, and a batch that comes a second time changes nothing.

mod compare;
mod create;
mod delta;
mod finish;
mod fold;
mod links;
mod pen;
mod unseen;
mod write;

use std::collections::{BTreeSet, HashSet};

use adrecover_core::change::{Batch, ObjectChange, Phase};
use adrecover_core::time::Timestamp;

use crate::context::{ContextRow, Reading};
use crate::journal::Writer;
use crate::{Deletion, JournalError, Status, StoreError};
use pen::Pen;

/// What a batch came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// The objects that it named.
    pub objects: u64,
    /// The changes that were written.
    pub changes: u64,
    /// Objects that are new.
    pub created: u64,
    /// Objects that were deleted and are back.
    pub restored: u64,
    /// Link values that were added.
    pub links_added: u64,
    /// Link values that were removed.
    pub links_removed: u64,
    /// What was deleted, or was not found any more at the end of a full read.
    pub deletions: Vec<Deletion>,
    /// Attributes that are secret and were handed over all the same: their values are not kept.
    pub refused: BTreeSet<String>,
}

impl Writer {
    /// Keeps a batch and its cursor: both or neither. `now` is when it was read.
    ///
    /// When a full read is over, what it did not name is noted as gone.
    pub fn ingest(&self, batch: &Batch, now: Timestamp) -> Result<Outcome, JournalError> {
        self.writing(|| {
            let store = &*self.journal.store;
            let dn = batch.naming_context.to_string();
            let context = ContextRow::of(store, &dn, &batch.naming_context.key())?;
            let mut pen = Pen::new(&self.journal, &self.cache, context, now.timestamp())?;
            pen.begin(batch)?;
            pen.look_for(&batch.objects)?;
            pen.objects(&batch.objects)?;
            pen.end(batch)?;
            pen.done()
        })
    }
}

impl Pen<'_> {
    fn begin(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let next = self.counters.changes;
        let context = &mut self.context;
        match (batch.phase, batch.is_first, context.reading) {
            (Phase::Full, true, _) => {
                context.generation = context.generation.saturating_add(1);
                context.full_from = next;
                context.reading = if context.completed.is_none() { Reading::First } else { Reading::Again };
            }
            (Phase::Full, false, Reading::First | Reading::Again) => {}
            (Phase::Following, _, Reading::Not) if context.completed.is_some() => {
                if context.cycle_from == 0 {
                    context.cycle_from = next;
                }
            }
            _ => return Err(StoreError::OutOfOrder(context.dn.clone())),
        }
        Ok(())
    }

    /// Asks for all objects of a full read at once: most of them are new where it is the first one.
    fn look_for(&mut self, objects: &[ObjectChange]) -> Result<(), StoreError> {
        if self.context.reading != Reading::Not {
            let guids: Vec<_> = objects.iter().map(|object| object.guid.to_wire()).collect();
            self.missing = self.store.missing(&guids)?.into_iter().collect();
        }
        Ok(())
    }

    fn objects(&mut self, objects: &[ObjectChange]) -> Result<(), StoreError> {
        self.outcome.objects = objects.len() as u64;
        let repeated = fold::repeated(objects);
        let mut done = BTreeSet::new();
        for object in self.in_order(objects)? {
            match repeated.get(&object.guid) {
                None => self.object(object)?,
                Some(places) if done.insert(object.guid) => {
                    let runs = fold::runs(places.iter().filter_map(|at| objects.get(*at)));
                    self.several(&runs)?;
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// What is back comes first. Until then links to what was in the Recycle Bin are taken for hidden where a list lacks them; and a
    /// list that was read after a deletion and a restore tells what points to the object again.
    fn in_order<'c>(&self, objects: &'c [ObjectChange]) -> Result<Vec<&'c ObjectChange>, StoreError> {
        let mut order: Vec<&ObjectChange> = objects.iter().collect();
        if self.context.reading == Reading::Not {
            let mut back = HashSet::new();
            let deleted: HashSet<_> = objects.iter().filter(|o| o.is_deleted).map(|o| o.guid).collect();
            for object in objects.iter().filter(|object| !object.is_deleted) {
                let Some(row) = self.row(object.guid)? else { continue };
                let is_back = row.status == Status::Deleted
                    || deleted.contains(&object.guid)
                    || self.unseen_deletion(&row, object)?.is_some();
                if is_back {
                    back.insert(object.guid);
                }
            }
            order.sort_by_key(|object| !back.contains(&object.guid));
        }
        Ok(order)
    }

    fn object(&mut self, change: &ObjectChange) -> Result<(), StoreError> {
        match self.row(change.guid)? {
            Some(row) if row.is_known() => {
                if let Some(deletion) = self.unseen_deletion(&row, change)? {
                    let mut delta = self.compare(&row, &deletion)?;
                    delta.is_over();
                    self.write(&row, delta)?;
                    return self.object(change);
                }
                let delta = self.compare(&row, change)?;
                self.write(&row, delta)
            }
            stub => self.create(stub.map(|row| row.id), change),
        }
    }

    /// An object that comes several times, deleted and not. Where all of it together leads to what is kept already, the batch is an
    /// old one, or all is as it was.
    fn several(&mut self, runs: &[ObjectChange]) -> Result<(), StoreError> {
        if let [first, rest @ ..] = runs
            && !rest.is_empty()
        {
            let together = fold::together(first, rest);
            if let Some(row) = self.row(together.guid)?.filter(|row| row.is_known()) {
                let delta = self.compare(&row, &together)?;
                if delta.is_empty() {
                    return self.write(&row, delta);
                }
            }
        }
        runs.iter().try_for_each(|change| self.object(change))
    }

    fn end(&mut self, batch: &Batch) -> Result<(), StoreError> {
        // A full read does so at its end.
        if self.has_unplaced && self.context.reading == Reading::Not {
            self.resolve_parents()?;
        }
        if batch.is_last {
            if batch.phase == Phase::Full {
                self.finish()?;
                self.context.reading = Reading::Not;
                self.context.completed = Some(self.now);
            }
            self.context.cycle_from = 0;
        }
        if let Some(cursor) = &batch.cursor {
            self.context.cursor = Some(cursor.to_text());
        }
        self.context.succeeded = Some(self.now);
        Ok(())
    }
}
