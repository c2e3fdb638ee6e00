//! What a deletion took from an object, and is not back.

use adrecover_core::ObjectGuid;
use adrecover_core::time::Timestamp;

use super::at::{ObjectState, Past};
use super::links::{Direction, Link, LinkRow};
use super::{AttributeState, Moment};
use crate::codec::state::State;
use crate::codec::values;
use crate::journal::Journal;
use crate::kind::{Kind, Status};
use crate::names::Names;
use crate::rows::{ChangeRow, ObjectRow, moment as time};
use crate::{JournalError, StoreError};

/// What an object had right before its last deletion, and has not now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Who it is.
    pub guid: ObjectGuid,
    /// When it was deleted: until then what follows was so, as far as the journal knows.
    pub deleted_at: Timestamp,
    /// When the journal saw that.
    pub seen: Timestamp,
    /// Whether nobody said that it was deleted: a full read did not find it any more.
    pub is_gone: bool,
    /// Where it stands now.
    pub status: Status,
    /// Its DN before.
    pub dn: String,
    /// The attributes that it has not any more, or with other values.
    pub attributes: Vec<AttributeState>,
    /// What its own link attributes pointed to.
    pub links: Vec<LostLink>,
    /// What pointed to it: groups, and others.
    pub referrers: Vec<LostLink>,
}

/// A link that a deletion took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostLink {
    /// The link as it was. Its DN is the one before the deletion.
    pub link: Link,
    /// When it was there for the last time.
    pub until: Timestamp,
    /// Whether it went with the deletion of the object at the other end, and not of this one.
    pub with_other: bool,
    /// Where the object at the other end stands now.
    pub other_now: Status,
}

impl Journal {
    /// What an object lost by its last deletion, whatever has become of it since. `None` where the journal saw no deletion.
    pub fn lost(&self, guid: ObjectGuid) -> Result<Option<Lost>, JournalError> {
        self.asking(|| {
            let Some(row) = self.object(guid)? else { return Ok(None) };
            let Some(deletion) = self.last_deletion(&row)? else { return Ok(None) };
            self.lost_by(&row, &deletion)
        })
    }

    /// An object with all that it had right before its last deletion. `None` where the journal saw none.
    pub fn before_deletion(&self, guid: ObjectGuid) -> Result<Option<ObjectState>, JournalError> {
        self.asking(|| {
            let Some(row) = self.object(guid)? else { return Ok(None) };
            let Some(deletion) = self.last_deletion(&row)? else { return Ok(None) };
            let before = Moment::Before(deletion.seq);
            let Some(past) = self.past(&row, before)? else { return Ok(None) };
            self.shown(&row, &past, before).map(Some)
        })
    }

    /// Whether it is known what an object had right before its last deletion. Cheap: for each object of a long list.
    pub fn knows_before_deletion(&self, guid: ObjectGuid) -> Result<bool, JournalError> {
        self.asking(|| {
            let Some(row) = self.object(guid)? else { return Ok(false) };
            let deletion = self.last_deletion(&row)?;
            // One that was deleted when it was first seen has no earlier state.
            Ok(deletion.is_some_and(|deletion| !deletion.kind.has(Kind::CREATED)))
        })
    }

    fn last_deletion(&self, row: &ObjectRow) -> Result<Option<ChangeRow>, StoreError> {
        self.newest_of_kind(row.id, Kind::DELETED | Kind::GONE)
    }

    fn lost_by(&self, row: &ObjectRow, deletion: &ChangeRow) -> Result<Option<Lost>, StoreError> {
        let when = Moment::Before(deletion.seq);
        let Some(before) = self.past(row, when)? else { return Ok(None) };
        let now = self.still_there(row)?;
        Ok(Some(Lost {
            guid: row.guid,
            deleted_at: time(deletion.happened),
            seen: time(deletion.seen),
            is_gone: deletion.kind.has(Kind::GONE),
            status: row.status,
            dn: Names::new(self, when).dn_of(&before.state.name, before.parent)?,
            attributes: self.attributes(&missing(before, &now))?,
            links: self.lost_links(row, Direction::From, deletion)?,
            referrers: self.lost_links(row, Direction::To, deletion)?,
        }))
    }

    /// What an object has now, as far as that is known: of one that is gone, or whose deletion was told by its GUID alone, nothing.
    pub(crate) fn still_there(&self, row: &ObjectRow) -> Result<State<'static>, StoreError> {
        let state = self.state(row)?;
        let is_known = row.status == Status::Live || (row.status.is_deleted() && self.is_told(&state)?);
        Ok(if is_known { state } else { State::default() })
    }

    /// Whether the directory told a deleted object's attributes, and not only its GUID.
    pub(crate) fn is_told(&self, state: &State<'_>) -> Result<bool, StoreError> {
        let mark = self.known_attribute("isDeleted")?;
        Ok(mark.is_some_and(|mark| state.get(mark).is_some()))
    }

    fn lost_links(
        &self,
        row: &ObjectRow,
        direction: Direction,
        deletion: &ChangeRow,
    ) -> Result<Vec<LostLink>, StoreError> {
        let when = Moment::Before(deletion.seq);
        let rows = self.link_rows(row.id, direction)?;
        let key = |link: &LinkRow| (link.edge.attribute, link.other, link.edge.data);
        let mut names = Names::new(self, when);
        let mut out: Vec<LostLink> = vec![];
        for link in &rows {
            let with_other = !link.is_there(when);
            // What the deletion of the other end took before this one's is lost by both.
            let by_other = link.removed_by.has(Kind::STATUS) && link.edge.removed < deletion.seq;
            let is_back = rows.iter().any(|l| {
                key(l) == key(link) && (l.edge.added > link.edge.added || l == link) && l.edge.removed == 0
            });
            let other = self.pointed(link.other)?;
            let is_hidden = is_back && !(is_there(row.status) && is_there(other.status));
            if (with_other && !by_other) || (is_back && !is_hidden) {
                continue;
            }
            let Some(told) = self.link(link, &mut names, when)? else { continue };
            let until =
                if with_other { link.removed_at.unwrap_or(deletion.happened) } else { deletion.happened };
            // Of a link that came and went several times the last end counts.
            out.retain(|l| {
                (&l.link.attribute, l.link.other, &l.link.data) != (&told.attribute, told.other, &told.data)
            });
            out.push(LostLink { link: told, until: time(until), with_other, other_now: other.status });
        }
        Ok(out)
    }
}

fn is_there(status: Status) -> bool {
    matches!(status, Status::Live | Status::Unseen)
}

/// The attributes that are not as they were.
fn missing(before: Past, now: &State<'_>) -> State<'static> {
    let mut state = before.state;
    state.attributes.retain(|a| now.get(a.id).is_none_or(|n| !values::same(&n.values, &a.values)));
    state
}
