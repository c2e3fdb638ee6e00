//! An object that the journal has not seen before.

use std::borrow::Cow;
use std::collections::HashSet;

use adrecover_core::change::ObjectChange;
use adrecover_core::time;

use super::delta::{Delta, Group, LinkWork};
use super::pen::Pen;
use crate::codec::change::Replaced;
use crate::codec::state::{Attribute, Stamp, State};
use crate::context::Reading;
use crate::kind::{Kind, Status, transition};
use crate::lookup;
use crate::store::{Param, StoreError, sql};

impl Pen<'_> {
    /// Writes an object in the place of a stub, or as a new row. What the first full read finds is no change.
    pub(super) fn create(&mut self, stub: Option<i64>, change: &ObjectChange) -> Result<(), StoreError> {
        let place = self.place(change)?;
        let sealer = &self.journal.sealer;
        let mut hashes = lookup::of_rdn(sealer, &place.name.rdn);
        let state = State { name: place.name, attributes: self.all_attributes(change, &mut hashes)? };
        let status = self.status(change, &state)?;
        let id = match stub {
            Some(id) => id,
            None => self.next_object(),
        };
        let is_first_read = self.context.reading == Reading::First;
        let (happened, stamp) = self.birth(change)?;
        let known_from = if is_first_read { self.now } else { happened };
        let numbers = [self.context.id, place.parent, status.number(), known_from, self.context.generation];
        let place = (id, change.guid, place.parent, status.number());
        let [context, parent, number, known_from, mark] = numbers.map(Param::Int);
        if stub.is_some() {
            let params = [context, parent, number, known_from, mark, Param::Int(id)];
            self.store.put(sql::OBJECT_UPDATE, &params)?;
            self.put_state(place, &state, sql::STATE_PUT)?;
            self.cache.borrow_mut().containers.clear();
        } else {
            let guid = change.guid.to_wire();
            let params = [Param::Int(id), Param::Bytes(&guid), context, parent, number, known_from, mark];
            self.missing.remove(&guid);
            self.store.put(sql::OBJECT_INSERT, &params)?;
            self.put_state(place, &state, sql::STATE_INSERT)?;
            self.cache.borrow_mut().objects.put(change.guid, id);
        }
        self.put_lookups(id, &hashes)?;
        let links = self.all_links(change)?;
        let seq = if is_first_read {
            0
        } else {
            let replaced = Replaced { status: Some(Status::Unseen.number()), ..Replaced::default() };
            let kind = transition(Status::Unseen, status);
            let kind = if links.is_empty() { kind } else { kind | Kind::LINKS };
            self.outcome.created += 1;
            self.put_change(id, happened, Group { stamp, kind, replaced, links: vec![] })?
        };
        self.put_links(id, seq, &links)
    }

    /// The attributes that are kept, in the order of their ids, and the hashes of its names.
    fn all_attributes(
        &mut self,
        change: &ObjectChange,
        hashes: &mut Vec<i64>,
    ) -> Result<Vec<Attribute<'static>>, StoreError> {
        let mut out: Vec<Attribute<'static>> = Vec::with_capacity(change.attributes.len() + 1);
        let mut is_sorted = true;
        for attribute in change.attributes.iter().filter(|a| !a.values.is_empty()) {
            let Some(id) = self.attribute(&attribute.name)? else { continue };
            let stamp = self.stamp(attribute.stamp.as_ref())?.unwrap_or_default();
            let values = Cow::Owned(self.pack(&attribute.name, &attribute.values)?);
            let sealer = &self.journal.sealer;
            hashes
                .extend(attribute.values.iter().filter_map(|v| lookup::of_value(sealer, &attribute.name, v)));
            is_sorted &= out.last().is_none_or(|last| last.id < id);
            out.push(Attribute { id, stamp, values });
        }
        if let Some(sid) = change.sid.as_ref().filter(|_| change.attribute(lookup::SID).is_none()) {
            let octets = sid.to_wire();
            hashes.extend(lookup::of_value(&self.journal.sealer, lookup::SID, &octets));
            let values = Cow::Owned(self.pack("objectSid", &[octets])?);
            if let Some(id) = self.attribute("objectSid")? {
                out.push(Attribute { id, stamp: Stamp::default(), values });
                is_sorted = false;
            }
        }
        if !is_sorted {
            // Of one that comes twice the later counts.
            out.reverse();
            out.sort_by_key(|a| a.id);
            out.dedup_by_key(|a| a.id);
        }
        Ok(out)
    }

    fn all_links(&mut self, change: &ObjectChange) -> Result<Vec<LinkWork>, StoreError> {
        let (mut out, mut named) = (vec![], HashSet::new());
        for link in change.links.iter().filter(|link| link.is_present) {
            if let Some(ends) = self.ends(link)?
                && named.insert(ends)
            {
                let (attribute, target, data) = ends;
                out.push(LinkWork::Add { attribute, target, data });
            }
        }
        Ok(out)
    }

    /// When and where an object was created: `objectClass` is written then and never again.
    fn birth(&mut self, change: &ObjectChange) -> Result<(i64, Option<Stamp>), StoreError> {
        let stamp = change.attribute("objectClass").and_then(|a| a.stamp.as_ref());
        let stamp = self.stamp(stamp)?.filter(|stamp| stamp.at != 0);
        let text = change.attribute("whenCreated").and_then(|a| a.values.first());
        let created = text.and_then(|v| std::str::from_utf8(v).ok()).and_then(time::generalized);
        let known = stamp.map(|s| s.at).or(created.map(|t| t.timestamp()));
        Ok((known.unwrap_or_else(|| self.happened(change)), stamp))
    }

    /// When something happened of which there is no stamp, as nearly as is known.
    pub(super) fn happened(&self, change: &ObjectChange) -> i64 {
        change.when_changed.map_or(self.now, |at| at.timestamp())
    }

    /// Where an object stands, by what is known of it now. Whether a deleted one is in the Recycle Bin is told by what only that writes
    /// ([MS-ADTS] 3.1.1.5.5.1.2: `msDS-LastKnownRDN`), and by `isRecycled`.
    pub(super) fn status(&mut self, change: &ObjectChange, state: &State<'_>) -> Result<Status, StoreError> {
        if !change.is_deleted {
            return Ok(Status::Live);
        }
        let has = |pen: &Self, name: &str| -> Result<bool, StoreError> {
            let id = pen.journal.known_attribute(name)?;
            Ok(id.is_some_and(|id| state.get(id).is_some()))
        };
        let is_kept = !has(self, "isRecycled")? && has(self, "msDS-LastKnownRDN")?;
        Ok(if is_kept { Status::Deleted } else { Status::Stripped })
    }
}

impl Delta {
    /// Nothing different yet.
    pub(super) fn none(parent: i64, happened: i64) -> Self {
        Self { parent, happened, ..Self::default() }
    }
}
