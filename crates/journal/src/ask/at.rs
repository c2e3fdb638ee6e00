//! An object as it was.

use std::collections::HashSet;

use adrecover_core::ObjectGuid;
use adrecover_core::secrets::is_secret;
use adrecover_core::time::Timestamp;

use super::links::{Direction, Link};
use super::{AttributeState, Moment};
use crate::codec::state::State;
use crate::journal::Journal;
use crate::kind::{Kind, Status};
use crate::names::Names;
use crate::rows::{ObjectRow, moment};
use crate::{JournalError, StoreError};

/// An object at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectState {
    /// Who it is.
    pub guid: ObjectGuid,
    /// Its DN then; empty where the directory never told it.
    pub dn: String,
    /// The object that it lay in then, where that is known.
    pub parent: Option<ObjectGuid>,
    /// Where it stood.
    pub status: Status,
    /// From when on the journal knows it. What is told of an earlier time is how it was then.
    pub known_from: Timestamp,
    /// Its attributes, in the order in which the journal met their names.
    pub attributes: Vec<AttributeState>,
    /// What its link attributes point to (`member`, `manager`, …), as far as that was there.
    pub links: Vec<Link>,
    /// Which objects point to it: groups that it is a member of, and others.
    pub referrers: Vec<Link>,
}

impl ObjectState {
    /// An attribute, by its name in any case.
    pub fn attribute(&self, name: &str) -> Option<&AttributeState> {
        self.attributes.iter().find(|a| a.name.eq_ignore_ascii_case(name))
    }
}

/// What is known of an object at a moment, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Past {
    pub(crate) state: State<'static>,
    pub(crate) parent: i64,
    pub(crate) status: Status,
}

impl Journal {
    /// An object at the end of a second, with all that it pointed to and that pointed to it. `None` where there was no such object,
    /// or the journal does not know it.
    pub fn at(&self, guid: ObjectGuid, when: Timestamp) -> Result<Option<ObjectState>, JournalError> {
        self.asking(|| self.whole(guid, Moment::At(when.timestamp())))
    }

    /// An object as far as the journal knows now.
    pub fn now(&self, guid: ObjectGuid) -> Result<Option<ObjectState>, JournalError> {
        self.asking(|| self.whole(guid, Moment::Now))
    }

    fn whole(&self, guid: ObjectGuid, moment: Moment) -> Result<Option<ObjectState>, StoreError> {
        let Some(row) = self.object(guid)? else { return Ok(None) };
        let Some(past) = self.past(&row, moment)? else { return Ok(None) };
        self.shown(&row, &past, moment).map(Some)
    }

    /// The object as it is told.
    pub(crate) fn shown(
        &self,
        row: &ObjectRow,
        past: &Past,
        when: Moment,
    ) -> Result<ObjectState, StoreError> {
        Ok(ObjectState {
            guid: row.guid,
            dn: Names::new(self, when).dn_of(&past.state.name, past.parent)?,
            parent: match past.parent {
                0 => None,
                parent => Some(self.pointed(parent)?.guid),
            },
            status: past.status,
            known_from: moment(row.known_from),
            attributes: self.attributes(&past.state)?,
            links: self.links_at(row.id, Direction::From, None, when)?,
            referrers: self.links_at(row.id, Direction::To, None, when)?,
        })
    }

    /// The attributes of a state. What has come to be called a secret since it was written is left out.
    pub(crate) fn attributes(&self, state: &State<'_>) -> Result<Vec<AttributeState>, StoreError> {
        let mut out = Vec::with_capacity(state.attributes.len());
        for attribute in &state.attributes {
            let name = self.attribute_name(attribute.id)?;
            if is_secret(&name) {
                continue;
            }
            let values = self.values(&attribute.values)?;
            out.push(AttributeState { name, values, stamp: self.stamp(attribute.stamp)? });
        }
        Ok(out)
    }

    /// Puts what changes replaced back, from the newest change to the moment. `None` where the object was not there yet.
    ///
    /// Times come from clocks of several computers and need not grow. What an attribute was is what the last change made of it,
    /// in the order of the journal, that had happened by then.
    pub(crate) fn past(&self, row: &ObjectRow, moment: Moment) -> Result<Option<Past>, StoreError> {
        if row.status == Status::Unseen {
            return Ok(None);
        }
        let mut past = Past { state: self.state(row)?, parent: row.parent, status: row.status };
        if moment == Moment::Now {
            return Ok(Some(past));
        }
        let (mut attributes, mut name, mut status) = (HashSet::new(), false, false);
        for change in self.changes_of(row.id, Kind::ALL)? {
            let settled = moment.includes(change.seq, change.happened);
            let replaced = change.replaced()?;
            if let Some(old) = replaced.name.filter(|_| !name) {
                name = settled;
                if !settled {
                    past.state.name = old.name.into_owned();
                    past.parent = old.parent.unwrap_or(0);
                }
            }
            if let Some(old) = replaced.status.filter(|_| !status) {
                status = settled;
                if !settled {
                    past.status = Status::of(old);
                }
            }
            for attribute in replaced.attributes {
                if attributes.contains(&attribute.id) {
                } else if settled {
                    attributes.insert(attribute.id);
                } else {
                    past.state.put(attribute.id, attribute.old.map(|old| old.into_owned()));
                }
            }
        }
        Ok(Some(past).filter(|past| past.status != Status::Unseen))
    }

    /// Where an object stood.
    pub(crate) fn status_at(&self, row: &ObjectRow, moment: Moment) -> Result<Status, StoreError> {
        let mut status = row.status;
        if moment == Moment::Now {
            return Ok(status);
        }
        for change in self.changes_of(row.id, Kind::STATUS)? {
            if moment.includes(change.seq, change.happened) {
                break;
            }
            if let Some(old) = change.replaced()?.status {
                status = Status::of(old);
            }
        }
        Ok(status)
    }
}

#[cfg(test)]
mod tests {
    use adrecover_core::change::{AttributeChange, Batch, ObjectChange, Phase};

    use super::*;
    use crate::seal::Place;
    use crate::store::Param;
    use crate::{Options, Writer};

    /// What was kept before it came to be called a secret is not told, and goes with the next read of the whole object.
    #[test]
    fn what_has_become_a_secret_is_not_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("changes-x.db");
        let guid = ObjectGuid::from_wire(&[7; 16]).unwrap();
        let keep = |value: &str| {
            let writer = Writer::open(&path, "x", &Options::default()).unwrap();
            let mut object = ObjectChange::new(guid, "CN=a,DC=x");
            object.is_whole = true;
            let values = vec![value.as_bytes().to_vec()];
            object.attributes.push(AttributeChange { name: "title".into(), values, stamp: None });
            let (naming_context, phase) = ("DC=x".parse().unwrap(), Phase::Full);
            let objects = vec![object];
            let batch = Batch { naming_context, phase, is_first: true, objects, cursor: None, is_last: true };
            writer.ingest(&batch, moment(1_790_000_000)).unwrap();
            writer
        };
        keep("one");
        let writer = keep("two");
        let journal = &writer.journal;
        assert_eq!(journal.history(guid).unwrap()[0].attributes.len(), 1);
        let id = journal.known_attribute("title").unwrap().unwrap();
        let name = journal.sealer.seal(Place::Attribute { id }, b"msLAPS-Password".to_vec()).unwrap();
        let params = [Param::Bytes(&name), Param::Int(id)];
        journal.store.execute("UPDATE attributes SET payload = $1 WHERE id = $2", &params).unwrap();
        journal.ids.forget();
        assert!(journal.now(guid).unwrap().unwrap().attributes.is_empty());
        assert!(journal.history(guid).unwrap().is_empty());
        drop(writer);
        let writer = keep("three");
        let state = writer.journal.now(guid).unwrap().unwrap();
        assert_eq!(state.attributes.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["title"]);
    }
}
