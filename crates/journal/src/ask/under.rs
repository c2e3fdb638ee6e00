//! What lay below an object.

use std::collections::{HashMap, HashSet};

use adrecover_core::ObjectGuid;
use adrecover_core::time::Timestamp;

use super::Moment;
use crate::JournalError;
use crate::journal::Journal;
use crate::kind::Kind;
use crate::store::{Param, sql};

impl Journal {
    /// The objects that lay below one at a moment, containers before what lay in them, itself not included. Deleted ones are there
    /// while they were not deleted.
    pub fn under(&self, guid: ObjectGuid, when: Timestamp) -> Result<Vec<ObjectGuid>, JournalError> {
        let seconds = when.timestamp();
        self.asking(|| {
            let Some(root) = self.object(guid)? else { return Ok(vec![]) };
            // What has another name or place since lay where it was then; everything else lies there still.
            let params = [Param::Int(seconds.saturating_add(1)), Param::Int(Kind::NAME.number())];
            let moved: HashSet<i64> =
                self.store.all(sql::CHANGES_OF_KIND_SINCE, &params, |row| row.int(1))?.into_iter().collect();
            let mut lay: HashMap<i64, Vec<i64>> = HashMap::new();
            for object in &moved {
                let (_, parent) = self.name_at(*object, Moment::At(seconds))?;
                lay.entry(parent).or_default().push(*object);
            }
            let mut seen = HashSet::from([root.id]);
            let mut queue = vec![root.id];
            let mut out = vec![];
            let mut at = 0;
            while let Some(container) = queue.get(at).copied() {
                at += 1;
                let mut children =
                    self.store.all(sql::OBJECT_CHILDREN, &[Param::Int(container)], |row| row.int(0))?;
                children.retain(|child| !moved.contains(child));
                children.extend(lay.remove(&container).unwrap_or_default());
                children.sort_unstable();
                for child in children {
                    if !seen.insert(child) {
                        continue;
                    }
                    queue.push(child);
                    let row = self.pointed(child)?;
                    let status = self.status_at(&row, Moment::At(seconds))?;
                    if status == crate::Status::Live {
                        out.push(row.guid);
                    }
                }
            }
            Ok(out)
        })
    }
}
