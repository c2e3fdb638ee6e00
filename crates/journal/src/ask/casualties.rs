//! What was deleted in a time: each object once, with what that took and what has become of it.

mod place;

use std::collections::{BTreeMap, HashMap};

use adrecover_core::ObjectGuid;
use adrecover_core::change::Stamp as CoreStamp;
use adrecover_core::losses::is_missed;
use adrecover_core::secrets::is_secret;
use adrecover_core::time::Timestamp;

use self::place::Places;
use super::links::{Direction, LinkRow};
use super::{AttributeState, Moment};
use crate::JournalError;
use crate::StoreError;
use crate::codec::state::{Stamp, State};
use crate::journal::Journal;
use crate::kind::{Kind, Status};
use crate::rows::{ChangeRow, ObjectRow, moment as time};
use crate::store::{Param, sql};

/// An object that was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Casualty {
    /// Who it is.
    pub guid: ObjectGuid,
    /// Its DN before, with the names that the containers above it had while they were there themselves.
    pub dn: String,
    /// When it was deleted, the last time in the time that was asked for.
    pub happened: Timestamp,
    /// When the journal saw that.
    pub seen: Timestamp,
    /// When and where, where the directory told it.
    pub stamp: Option<CoreStamp>,
    /// Whether nobody said that it was deleted: a full read did not find it any more.
    pub is_gone: bool,
    /// Whether a full read that was compared found it.
    pub is_found: bool,
    /// How often it was deleted in that time.
    pub times: usize,
    /// Where it stands now.
    pub status: Status,
    /// Whether it went into the Recycle Bin.
    pub was_binned: bool,
    /// When it came back, where it is there.
    pub back_since: Option<Timestamp>,
    /// Whether its state before is known. Of one that was deleted when it was first seen nothing was taken, as far as is known.
    pub is_known: bool,
    /// Those of its attributes before that were asked for, as far as they were set.
    pub attributes: Vec<AttributeState>,
    /// What the deletion took. Links that an earlier deletion of either end in the same time took are among it.
    pub taken: Taken,
    /// What of that is not back.
    pub missing: Taken,
}

/// How much a deletion takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taken {
    /// Attributes that somebody will miss.
    pub attributes: usize,
    /// Groups that it was a member of, its primary group aside.
    pub groups: usize,
    /// Members that it had.
    pub members: usize,
    /// Other links, its own and those of others to it.
    pub links: usize,
}

impl Journal {
    /// Gives each object that was deleted or disappeared from one second to another, both included, in the order of the journal. Those
    /// of its attributes before that are named are given with it.
    pub fn casualties(
        &self,
        from: Timestamp,
        to: Timestamp,
        attributes: &[&str],
        mut give: impl FnMut(Casualty),
    ) -> Result<(), JournalError> {
        let kinds = Kind::DELETED | Kind::GONE;
        self.asking(|| {
            let params = [from.timestamp(), to.timestamp(), kinds.number()].map(Param::Int);
            let rows = self
                .store
                .all(sql::CHANGES_OF_KIND_BETWEEN, &params, |row| Ok((row.int(0)?, row.int(1)?)))?;
            let mut last: HashMap<i64, (i64, usize)> = HashMap::new();
            for (seq, object) in rows {
                let known = last.entry(object).or_default();
                *known = (seq, known.1 + 1);
            }
            let order: BTreeMap<i64, (i64, usize)> =
                last.into_iter().map(|(object, (seq, times))| (seq, (object, times))).collect();
            let mut places = Places::new(self);
            for (seq, (object, times)) in order {
                let Some(change) = self.change(seq)? else { continue };
                let row = self.pointed(object)?;
                give(self.casualty(&row, &change, times, from, attributes, &mut places)?);
            }
            Ok(())
        })
    }

    fn casualty(
        &self,
        row: &ObjectRow,
        deletion: &ChangeRow,
        times: usize,
        from: Timestamp,
        wanted: &[&str],
        places: &mut Places<'_>,
    ) -> Result<Casualty, StoreError> {
        let ChangeRow { seq, kind, happened, controller, usn, .. } = *deletion;
        let (before, after) = (Moment::Before(seq), Moment::Before(seq.saturating_add(1)));
        let (past, then) = (self.past(row, before)?, self.past(row, after)?);
        let is_binned = |status| status == Status::Deleted;
        let mut out = Casualty {
            guid: row.guid,
            dn: String::new(),
            happened: time(happened),
            seen: time(deletion.seen),
            stamp: self.stamp(Stamp { at: happened, controller, usn, version: 0 })?,
            is_gone: kind.has(Kind::GONE),
            is_found: kind.has(Kind::FOUND),
            times,
            status: row.status,
            was_binned: is_binned(row.status) || then.as_ref().is_some_and(|then| is_binned(then.status)),
            back_since: self.back_since(row, seq)?,
            is_known: past.is_some(),
            attributes: vec![],
            taken: Taken::default(),
            missing: Taken::default(),
        };
        match &past {
            Some(past) => {
                out.dn = places.dn_of(&past.state.name, past.parent, before)?;
                out.attributes = self.some(&past.state, wanted)?;
                let left = then.map(|then| then.state).unwrap_or_default();
                let left = if self.is_told(&left)? { left } else { State::default() };
                out.taken.attributes = self.lacking(&past.state, &left)?;
                out.missing.attributes = self.lacking(&past.state, &self.still_there(row)?)?;
                self.count_links(row, seq, from, &mut out)?;
            }
            None => {
                let state = self.state(row)?;
                out.dn = places.dn_of(&state.name, row.parent, Moment::Now)?;
                out.attributes = self.some(&state, wanted)?;
            }
        }
        Ok(out)
    }

    /// When an object that is there came back after a deletion.
    fn back_since(&self, row: &ObjectRow, deletion: i64) -> Result<Option<Timestamp>, StoreError> {
        if row.status != Status::Live {
            return Ok(None);
        }
        let back = self.newest_of_kind(row.id, Kind::RESTORED | Kind::RETURNED)?;
        Ok(back.filter(|back| back.seq > deletion).map(|back| time(back.happened)))
    }

    /// How many attributes one state has and the other has not, those aside that the directory gives again by itself.
    fn lacking(&self, before: &State<'_>, after: &State<'_>) -> Result<usize, StoreError> {
        let mut count = 0;
        for attribute in before.attributes.iter().filter(|a| after.get(a.id).is_none()) {
            let name = self.attribute_name(attribute.id)?;
            count += usize::from(is_missed(&name) && !is_secret(&name));
        }
        Ok(count)
    }

    fn some(&self, state: &State<'_>, names: &[&str]) -> Result<Vec<AttributeState>, StoreError> {
        let mut few = State { name: state.name.clone(), attributes: vec![] };
        for name in names {
            let found = self.known_attribute(name)?.and_then(|id| state.get(id));
            few.attributes.extend(found.cloned());
        }
        self.attributes(&few)
    }

    /// Counts the links that the deletion took: those that were there, and those that an earlier deletion of either end in the same
    /// time took before.
    fn count_links(
        &self,
        row: &ObjectRow,
        deletion: i64,
        from: Timestamp,
        out: &mut Casualty,
    ) -> Result<(), StoreError> {
        let member = self.known_attribute("member")?;
        let before = Moment::Before(deletion);
        for direction in [Direction::From, Direction::To] {
            let rows = self.link_rows(row.id, direction)?;
            let key = |link: &LinkRow| (link.edge.attribute, link.other, link.edge.data);
            let is_open: std::collections::HashSet<_> =
                rows.iter().filter(|link| link.edge.removed == 0).map(key).collect();
            let mut counted = std::collections::HashSet::new();
            for link in &rows {
                let with_other = link.removed_by.has(Kind::STATUS)
                    && link.edge.removed < deletion
                    && link.removed_at.is_some_and(|at| at >= from.timestamp());
                if !(link.is_there(before) || with_other) || !counted.insert(key(link)) {
                    continue;
                }
                let is_member = Some(link.edge.attribute) == member;
                let count = |taken: &mut Taken| {
                    *match (is_member, direction) {
                        (true, Direction::To) => &mut taken.groups,
                        (true, Direction::From) => &mut taken.members,
                        _ => &mut taken.links,
                    } += 1;
                };
                count(&mut out.taken);
                let is_there = |status| matches!(status, Status::Live | Status::Unseen);
                let is_back = is_open.contains(&key(link))
                    && is_there(row.status)
                    && is_there(self.pointed(link.other)?.status);
                if !is_back {
                    count(&mut out.missing);
                }
            }
        }
        Ok(())
    }
}
