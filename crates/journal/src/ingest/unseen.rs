//! A deletion that nobody told of, because the object was back before anybody asked.

use std::borrow::Cow;

use adrecover_core::change::{AttributeChange, ObjectChange};

use super::pen::Pen;
use crate::kind::{Kind, Status};
use crate::lookup;
use crate::rows::{ChangeRow, ObjectRow, moment};
use crate::store::StoreError;

/// What a deletion writes on the object itself. All but the parent goes with the restore.
const MARKS: [&str; 3] = ["isDeleted", "isRecycled", "msDS-LastKnownRDN"];

impl Pen<'_> {
    /// The deletion that must have been between what is kept of a live object and what is told of it: `isDeleted` was written, and has
    /// no value. An old word that comes again tells of a restore that is kept, or of a time before the journal knew the object. Versions
    /// tell that apart ([MS-ADTS] 3.1.1.1.9: one more with each write), where one is kept: times are whole seconds, in which much
    /// can happen.
    pub(super) fn unseen_deletion(
        &self,
        row: &ObjectRow,
        change: &ObjectChange,
    ) -> Result<Option<ObjectChange>, StoreError> {
        let mark = change.attribute(MARKS[0]).filter(|a| a.values.is_empty());
        let (Some(mark), Status::Live, false) = (mark, row.status, change.is_deleted) else {
            return Ok(None);
        };
        let Some(restored) = self.stamp(mark.stamp.as_ref())?.filter(|s| s.at != 0) else {
            return Ok(None);
        };
        let known = self.journal.changes_of(row.id, Kind::STATUS)?;
        let version = known.first().map(|newest| self.version_of_mark(newest)).transpose()?.flatten();
        let is_new = match version {
            Some(version) => restored.version > version,
            None => restored.at > row.known_from && known.iter().all(|change| change.happened < restored.at),
        };
        if !is_new {
            return Ok(None);
        }
        let mut deletion = ObjectChange::new(change.guid, "");
        deletion.is_deleted = true;
        // What was stripped was stripped then; what is told of the time is told of all of it.
        let lost = change.attributes.iter().filter(|a| a.values.is_empty() && !MARKS.contains(&&*a.name));
        let times = lost.clone().filter_map(|a| a.stamp.and_then(|s| s.at));
        deletion.when_changed = times.max().or(Some(moment(restored.at)));
        let attribute = |name: Cow<'static, str>, values| AttributeChange { name, values, stamp: None };
        deletion.attributes = lost.map(|a| attribute(a.name.clone(), vec![])).collect();
        if change.is_whole {
            // What it had and is not named any more.
            for kept in &self.journal.state(row)?.attributes {
                let name = self.journal.attribute_name(kept.id)?;
                if change.attribute(&name).is_none() && !name.eq_ignore_ascii_case(lookup::SID) {
                    deletion.attributes.push(attribute(name.into(), vec![]));
                }
            }
        }
        for name in MARKS.iter().filter(|name| change.attribute(name).is_some()) {
            deletion.attributes.push(attribute((*name).into(), vec![b"TRUE".to_vec()]));
        }
        Ok(Some(deletion))
    }

    /// The version of `isDeleted` that a deletion or a restore wrote, where it was told.
    fn version_of_mark(&self, change: &ChangeRow) -> Result<Option<i64>, StoreError> {
        let Some(mark) = self.journal.known_attribute(MARKS[0])? else { return Ok(None) };
        let replaced = change.replaced()?;
        let version = replaced.attributes.iter().find(|a| a.id == mark).map(|a| a.version);
        Ok(version.filter(|version| *version != 0))
    }
}
