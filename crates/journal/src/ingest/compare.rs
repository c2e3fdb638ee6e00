//! What is different of an object that the journal knows.

use std::borrow::Cow;
use std::collections::HashSet;

use adrecover_core::change::ObjectChange;

use super::delta::{Delta, LinkWork};
use super::pen::Pen;
use crate::codec::change::{OldAttribute, OldName};
use crate::codec::state::{Attribute, Stamp, State};
use crate::codec::values;
use crate::kind::{Kind, Status, transition};
use crate::lookup;
use crate::names;
use crate::rows::ObjectRow;
use crate::store::StoreError;

impl Pen<'_> {
    pub(super) fn compare(&mut self, row: &ObjectRow, change: &ObjectChange) -> Result<Delta, StoreError> {
        let mut state = self.journal.state(row)?;
        let mut delta = Delta::none(row.parent, self.happened(change));
        let deletion = self.deletion(row, change)?;
        delta.rest = deletion;
        let mut is_different = self.compare_attributes(change, &mut state, &mut delta)?;
        is_different |= self.compare_name(row, change, &mut state, &mut delta)?;
        let status = self.status(change, &state)?;
        if status != row.status {
            let group = delta.group(None);
            group.kind |= transition(row.status, status);
            group.replaced.status = Some(row.status.number());
            if status == Status::Stripped {
                group.links.push(LinkWork::CloseAll);
            }
            delta.status = Some(status);
        }
        self.compare_links(row, change, status, &mut delta)?;
        delta.state = (is_different || delta.status.is_some()).then_some(state);
        Ok(delta)
    }

    /// The stamp of a deletion or a restore, which everything belongs to that has none.
    fn deletion(&mut self, row: &ObjectRow, change: &ObjectChange) -> Result<Option<Stamp>, StoreError> {
        if row.status.is_deleted() == change.is_deleted {
            return Ok(None);
        }
        let stamp = change.attribute("isDeleted").and_then(|a| a.stamp.as_ref());
        Ok(self.stamp(stamp)?.filter(|stamp| stamp.at != 0))
    }

    fn compare_attributes(
        &mut self,
        change: &ObjectChange,
        state: &mut State<'static>,
        delta: &mut Delta,
    ) -> Result<bool, StoreError> {
        let mut named = HashSet::new();
        let mut is_different = false;
        // The last one that is named so counts.
        for attribute in change.attributes.iter().rev() {
            let Some(id) = self.attribute(&attribute.name)? else { continue };
            if !named.insert(id) {
                continue;
            }
            let stamp = self.stamp(attribute.stamp.as_ref())?;
            let new = if attribute.values.is_empty() {
                None
            } else {
                let values = Cow::Owned(self.pack(&attribute.name, &attribute.values)?);
                Some(Attribute { id, stamp: stamp.unwrap_or_default(), values })
            };
            if is_same(state.get(id), new.as_ref()) {
                continue;
            }
            let sealer = &self.journal.sealer;
            let hashes = attribute.values.iter().filter_map(|v| lookup::of_value(sealer, &attribute.name, v));
            delta.lookups.extend(hashes);
            replace(state, delta, id, new, stamp);
            is_different = true;
        }
        if change.is_whole {
            let sid = match change.sid {
                Some(_) => self.journal.known_attribute(lookup::SID)?,
                None => None,
            };
            let left: Vec<i64> = state.attributes.iter().map(|a| a.id).collect();
            for id in left.into_iter().filter(|id| !named.contains(id) && Some(*id) != sid) {
                replace(state, delta, id, None, None);
                is_different = true;
            }
        }
        Ok(is_different)
    }

    fn compare_name(
        &mut self,
        row: &ObjectRow,
        change: &ObjectChange,
        state: &mut State<'static>,
        delta: &mut Delta,
    ) -> Result<bool, StoreError> {
        if change.dn.is_empty() {
            return Ok(false);
        }
        let (rdn, container) = names::split(&change.dn);
        let is_same = names::same_rdn(rdn, &state.name.rdn);
        if is_same {
            let is_there = match (change.parent, &state.name.container) {
                (Some(parent), _) => {
                    self.pointed(parent, container)? == delta.parent || parent == change.guid
                }
                // It was not told where it lies, and the container may have a new name that was not told yet.
                (None, Some(text)) => names::same(text, container),
                (None, None) => self.named(container)?.is_none_or(|parent| parent == delta.parent),
            };
            if is_there {
                return Ok(false);
            }
        }
        let mut place = self.place(change)?;
        if is_same {
            place.name.rdn.clone_from(&state.name.rdn);
        }
        let is_moved_by_its_state = row.status.is_deleted() != change.is_deleted;
        let is_told = change.parent.is_some() || change.is_whole || is_moved_by_its_state;
        if place.parent == 0 && delta.parent != 0 && !is_told {
            // What only tells of changes says where an object lies that was moved; and the name of its container may be one that is
            // told later.
            (place.name.container, place.parent) = (None, delta.parent);
        }
        if place.name == state.name && place.parent == delta.parent {
            return Ok(false);
        }
        delta.lookups.extend(lookup::of_rdn(&self.journal.sealer, &place.name.rdn));
        let stamp = self.stamp(change.attribute("name").and_then(|a| a.stamp.as_ref()))?;
        let old = std::mem::replace(&mut state.name, place.name);
        let parent = Some(delta.parent).filter(|parent| *parent != 0);
        delta.parent = place.parent;
        // A deletion is one write, and the new name is part of it.
        let stamp = if delta.rest.is_some() { None } else { stamp };
        let group = delta.group(stamp);
        group.kind |= Kind::NAME;
        group.replaced.name = Some(OldName { name: old, parent });
        Ok(true)
    }
}

fn is_same(old: Option<&Attribute<'_>>, new: Option<&Attribute<'_>>) -> bool {
    match (old, new) {
        (None, None) => true,
        (Some(old), Some(new)) => values::same(&old.values, &new.values),
        _ => false,
    }
}

fn replace(
    state: &mut State<'static>,
    delta: &mut Delta,
    id: i64,
    new: Option<Attribute<'static>>,
    stamp: Option<Stamp>,
) {
    let old = state.put(id, new);
    let group = delta.group(stamp);
    group.kind |= Kind::ATTRIBUTES;
    let version = stamp.map_or(0, |stamp| stamp.version);
    group.replaced.attributes.push(OldAttribute { id, version, old });
}
