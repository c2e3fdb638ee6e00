//! One object's history is removed, so that nothing of it is left in the files.

use adrecover_core::ObjectGuid;
use adrecover_core::time::Timestamp;

use super::prune::Pruned;
use crate::codec::state::State;
use crate::journal::Writer;
use crate::kind::Status;
use crate::lookup;
use crate::rows::{ObjectRow, state_place};
use crate::store::{Param, sql};
use crate::{JournalError, StoreError};

impl Writer {
    /// Removes the history of an object: its changes, its former names, and the links that it once had. Of an object that is there the
    /// newest state stays, because the directory has it too; of one that is not, nothing but its GUID. `None` where there is no
    /// such object.
    ///
    /// The file is written anew, so that no remains are left in it or in SQLite's log beside it. It needs as much room again while it
    /// does. Where a reader is in the way of that, the error is [`JournalError::Busy`]: purge again. Backups and files that
    /// were set aside are not touched, and neither are texts about the object in values of others.
    pub fn purge(&self, guid: ObjectGuid, now: Timestamp) -> Result<Option<Pruned>, JournalError> {
        let purged = self.writing(|| {
            let Some(row) = self.journal.object(guid)? else { return Ok(None) };
            let mut purged = self.purge_rows(&row, now.timestamp())?;
            purged.contents = self.sweep()?;
            Ok(Some(purged))
        })?;
        if purged.is_some() {
            self.cache.take();
            self.compact()?;
        }
        Ok(purged)
    }

    fn purge_rows(&self, row: &ObjectRow, now: i64) -> Result<Pruned, StoreError> {
        let store = &*self.journal.store;
        let (one, both) = ([Param::Int(row.id)], [Param::Int(row.id), Param::Int(row.id)]);
        let changes = store.execute(sql::CHANGES_DELETE, &one)?;
        store.execute(sql::LOOKUP_DELETE, &one)?;
        let links = if row.status == Status::Live {
            for hash in self.names_of(row)? {
                store.execute(sql::LOOKUP_PUT, &[Param::Int(hash), Param::Int(row.id)])?;
            }
            store.execute(sql::OBJECT_KNOWN_FROM, &[Param::Int(now), Param::Int(row.id)])?;
            store.execute(sql::LINKS_DELETE_CLOSED_OF, &both)?
        } else {
            // Something may lie or have lain in it, so that its row stays.
            let status = Status::Unseen.number();
            let numbers = [0, 0, status, 0, 0, row.id];
            store.execute(sql::OBJECT_UPDATE, &numbers.map(Param::Int))?;
            let payload = State::default().pack();
            let place = state_place(row.id, row.guid, 0, status);
            let payload = self.journal.sealer.seal(place, payload).ok_or(StoreError::NoRandomNumbers)?;
            store.execute(sql::STATE_PUT, &[Param::Int(row.id), Param::Bytes(&payload)])?;
            store.execute(sql::LINKS_DELETE_OF, &both)?
        };
        Ok(Pruned { changes, links, contents: 0 })
    }

    /// The hashes of the names that an object has now.
    fn names_of(&self, row: &ObjectRow) -> Result<Vec<i64>, StoreError> {
        let journal = &self.journal;
        let state = journal.state(row)?;
        let mut hashes = lookup::of_rdn(&journal.sealer, &state.name.rdn);
        for name in [lookup::ACCOUNT, lookup::PRINCIPAL, lookup::SID] {
            let id = journal.known_attribute(name)?;
            if let Some(attribute) = id.and_then(|id| state.get(id)) {
                let values = journal.values(&attribute.values)?;
                hashes.extend(values.iter().filter_map(|v| lookup::of_value(&journal.sealer, name, v)));
            }
        }
        Ok(hashes)
    }
}
