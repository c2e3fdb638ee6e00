//! What happened to an object, in order.

use std::collections::BTreeMap;

use adrecover_core::ObjectGuid;
use adrecover_core::change::Stamp as CoreStamp;
use adrecover_core::secrets::is_secret;
use adrecover_core::time::Timestamp;

use super::Moment;
use super::links::{Direction, LinkRow};
use crate::codec::state::{Attribute, Stamp, State};
use crate::journal::Journal;
use crate::kind::{Kind, Status};
use crate::names::Names;
use crate::rows::{ChangeRow, ObjectRow, moment as time};
use crate::{JournalError, StoreError};

/// One change of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its number: a higher one came later to the journal.
    pub seq: i64,
    /// When it happened, by the directory's own stamp where there is one, else as nearly as is known.
    pub happened: Timestamp,
    /// When the journal saw it.
    pub seen: Timestamp,
    /// When and where it was written, where the directory told it. The version is that of its first attribute.
    pub stamp: Option<CoreStamp>,
    /// What it was.
    pub kind: Kind,
    /// The DN before and after, where that changed.
    pub dn: Option<(String, String)>,
    /// Where the object stood before and after, where that changed.
    pub status: Option<(Status, Status)>,
    /// The attributes that changed. Of a new object these are all.
    pub attributes: Vec<AttributeDiff>,
    /// The links that were added or removed, its own and those of others to it.
    pub links: Vec<LinkDiff>,
}

/// An attribute before and after a change.
#[derive(Clone, PartialEq, Eq)]
pub struct AttributeDiff {
    /// Its name.
    pub name: String,
    /// The values before; none where it was not set.
    pub old: Vec<Vec<u8>>,
    /// The values after; none where it is not set.
    pub new: Vec<Vec<u8>>,
    /// How often it had been written then, where that was told.
    pub version: Option<u32>,
}

/// Values are the directory's, and a log is no place for them: only their number is shown.
impl std::fmt::Debug for AttributeDiff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} values, then {})", self.name, self.old.len(), self.new.len())
    }
}

/// A link that was added or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkDiff {
    /// The forward link attribute.
    pub attribute: String,
    /// Whether the object of the history is the one that has the attribute.
    pub is_own: bool,
    /// The object at the other end.
    pub other: ObjectGuid,
    /// Its DN then.
    pub dn: String,
    /// Whether it was added; else it was removed.
    pub is_added: bool,
    /// Whether it went with the deletion of the object at the other end, or came with its return.
    pub with_other: bool,
}

impl Journal {
    /// What happened to an object, the oldest first, as far as it is kept. Empty where nothing did, or the object is unknown.
    pub fn history(&self, guid: ObjectGuid) -> Result<Vec<Change>, JournalError> {
        self.asking(|| match self.object(guid)? {
            Some(row) => self.changes(&row),
            None => Ok(vec![]),
        })
    }

    fn changes(&self, row: &ObjectRow) -> Result<Vec<Change>, StoreError> {
        // By number, so that changes of this object and those of others that its links were part of come in one order.
        let mut out: BTreeMap<i64, Change> = BTreeMap::new();
        let mut after = State::default();
        if row.status != Status::Unseen {
            after = self.state(row)?;
        }
        let (mut parent, mut status) = (row.parent, row.status);
        for change in self.changes_of(row.id, Kind::ALL)? {
            let told = self.told(&change, &mut after, &mut parent, &mut status)?;
            out.insert(change.seq, told);
        }
        for direction in [Direction::From, Direction::To] {
            for link in self.link_rows(row.id, direction)? {
                for (seq, at, is_added) in
                    [(link.edge.added, link.added_at, true), (link.edge.removed, link.removed_at, false)]
                {
                    if seq != 0 && at.is_some() {
                        self.put_link(&mut out, &link, direction, seq, is_added)?;
                    }
                }
            }
        }
        let is_empty = |c: &Change| {
            c.dn.is_none() && c.status.is_none() && c.attributes.is_empty() && c.links.is_empty()
        };
        Ok(out.into_values().filter(|change| !is_empty(change)).collect())
    }

    /// A change as it is told, and the state taken back to before it.
    fn told(
        &self,
        change: &ChangeRow,
        state: &mut State<'static>,
        parent: &mut i64,
        status: &mut Status,
    ) -> Result<Change, StoreError> {
        let replaced = change.replaced()?;
        let mut told = self.bare(change)?;
        if let Some(old) = replaced.name {
            let before =
                Names::new(self, Moment::Before(change.seq)).dn_of(&old.name, old.parent.unwrap_or(0))?;
            let after =
                Names::new(self, Moment::Before(change.seq.saturating_add(1))).dn_of(&state.name, *parent)?;
            told.dn = Some((before, after));
            state.name = old.name.into_owned();
            *parent = old.parent.unwrap_or(0);
        }
        if let Some(old) = replaced.status {
            let old = Status::of(old);
            told.status = Some((old, *status));
            *status = old;
        }
        for attribute in replaced.attributes {
            let old = attribute.old.map(Attribute::into_owned);
            let new = state.put(attribute.id, old.clone());
            if let Some(diff) = self.diff(attribute.id, attribute.version, old.as_ref(), new.as_ref())? {
                told.attributes.push(diff);
            }
        }
        if change.kind.has(Kind::CREATED) {
            // All that it had was new. It is not written down again.
            for new in std::mem::take(&mut state.attributes) {
                told.attributes.extend(self.diff(new.id, new.stamp.version, None, Some(&new))?);
            }
        }
        let version = told.attributes.first().and_then(|a| a.version).unwrap_or(0);
        told.stamp = told.stamp.map(|stamp| CoreStamp { version, ..stamp });
        Ok(told)
    }

    /// What stands beside the payload.
    fn bare(&self, change: &ChangeRow) -> Result<Change, StoreError> {
        let ChangeRow { happened, controller, usn, .. } = *change;
        let stamp = Stamp { at: happened, controller, usn, version: 0 };
        Ok(Change {
            seq: change.seq,
            happened: time(happened),
            seen: time(change.seen),
            stamp: self.stamp(stamp)?,
            kind: change.kind,
            dn: None,
            status: None,
            attributes: vec![],
            links: vec![],
        })
    }

    /// `None` for an attribute that has come to be called a secret.
    fn diff(
        &self,
        id: i64,
        version: i64,
        old: Option<&Attribute<'_>>,
        new: Option<&Attribute<'_>>,
    ) -> Result<Option<AttributeDiff>, StoreError> {
        let name = self.attribute_name(id)?;
        if is_secret(&name) {
            return Ok(None);
        }
        let values = |a: Option<&Attribute<'_>>| a.map_or(Ok(vec![]), |a| self.values(&a.values));
        let version = u32::try_from(version).ok().filter(|version| *version != 0);
        Ok(Some(AttributeDiff { name, old: values(old)?, new: values(new)?, version }))
    }

    fn put_link(
        &self,
        out: &mut BTreeMap<i64, Change>,
        link: &LinkRow,
        direction: Direction,
        seq: i64,
        is_added: bool,
    ) -> Result<(), StoreError> {
        let when = Moment::Before(seq);
        let Some(told) = self.link(link, &mut Names::new(self, when), when)? else { return Ok(()) };
        let Some(row) = self.change(seq)? else { return Ok(()) };
        let with_other = row.object == link.other && row.kind.has(Kind::STATUS);
        let change = match out.entry(seq) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let mut change = self.bare(&row)?;
                // Of what else happened to the other object this one's history says nothing.
                change.kind = Kind::of(row.kind.number() & Kind::FOUND.number()) | Kind::LINKS;
                entry.insert(change)
            }
        };
        change.kind |= Kind::LINKS;
        change.links.push(LinkDiff {
            attribute: told.attribute,
            is_own: direction == Direction::From,
            other: told.other,
            dn: told.dn,
            is_added,
            with_other,
        });
        Ok(())
    }
}
