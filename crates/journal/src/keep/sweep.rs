//! Values that are kept once, and that nothing holds any more.

use std::collections::HashSet;

use crate::StoreError;
use crate::codec::state::State;
use crate::codec::values::{self, Cell};
use crate::journal::Writer;
use crate::rows::broken;
use crate::store::{Param, sql};

impl Writer {
    /// Removes them. Everything is looked through: who holds a value is not counted, and what is not counted cannot be counted
    /// wrongly.
    pub(super) fn sweep(&self) -> Result<u64, StoreError> {
        let journal = &self.journal;
        let store = &*journal.store;
        let ids = store.all(sql::CONTENT_IDS, &[], |row| row.int(0))?;
        if ids.is_empty() {
            return Ok(0);
        }
        let mut used: HashSet<i64> = store.all(sql::LINKS_DATA, &[], |row| row.int(0))?.into_iter().collect();
        for object in store.all(sql::OBJECT_IDS, &[], |row| row.int(0))? {
            let payload = journal.state_payload(&journal.pointed(object)?)?;
            let state = State::read(&payload).ok_or_else(|| broken("state of object", object))?;
            for attribute in &state.attributes {
                note(&mut used, &attribute.values)?;
            }
        }
        let mut after = 0;
        loop {
            let changes =
                store.all(sql::CHANGES_PAYLOADS, &[Param::Int(after)], |row| journal.change_row(row))?;
            let Some(last) = changes.last() else { break };
            after = last.seq;
            for change in &changes {
                for old in change.replaced()?.attributes.into_iter().filter_map(|a| a.old) {
                    note(&mut used, &old.values)?;
                }
            }
        }
        let mut removed = 0;
        for id in ids.into_iter().filter(|id| !used.contains(id)) {
            removed += store.execute(sql::CONTENT_DELETE, &[Param::Int(id)])?;
        }
        if removed > 0 {
            self.cache.take();
        }
        Ok(removed)
    }
}

fn note(used: &mut HashSet<i64>, packed: &[u8]) -> Result<(), StoreError> {
    let cells = values::cells(packed)
        .ok_or_else(|| StoreError::damaged("the values of an attribute cannot be read"))?;
    used.extend(cells.into_iter().filter_map(|cell| match cell {
        Cell::Content(id) => Some(id),
        _ => None,
    }));
    Ok(())
}
