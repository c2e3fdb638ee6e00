//! An object as the records of a file tell it, one after the other.

use std::borrow::Cow;
use std::collections::HashMap;

use adrecover_core::directory::ChangeKind;
use adrecover_core::entry::Attribute;
use adrecover_core::lifetime::State as DeletedState;
use adrecover_core::secrets::is_secret;
use adrecover_core::source::{Gap, GapReason, Link, LinkState, Object, Standing};
use adrecover_core::{Dn, Entry, Rdn};

use super::parse::{MOST_ATTRIBUTES, MOST_OCTETS};
use super::record::{Body, Modification, Record, Value, Values};
use super::values::{self, Range};
use crate::facts::{Links, Role};
use crate::names::extended;

/// What is known of an object so far.
#[derive(Debug, Default)]
pub(crate) struct State {
    dn: String,
    held: Vec<Held>,
    /// Whether the last thing that was told is that it was deleted.
    is_ended: bool,
    /// Whether the records tell how it came into being, so that what they do not tell was not there.
    is_known_from_start: bool,
    /// What all values take.
    size: usize,
}

/// What is known of an attribute.
#[derive(Debug, Default)]
struct Held {
    name: String,
    values: Vec<Vec<u8>>,
    /// Where each value is, by its octets in lower case; made when a change needs it.
    places: Option<HashMap<Vec<u8>, usize>>,
    ranges: Vec<Range>,
    gap: Option<GapReason>,
    /// Whether it was named without a value.
    is_named: bool,
    /// What its values take.
    size: usize,
}

/// What a value takes besides its octets.
const EACH: usize = 32;

impl State {
    /// Nothing known yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// What one record tells.
    pub(crate) fn of(record: &Record) -> Self {
        let mut state = Self::new();
        state.apply(record);
        state
    }

    /// What the next record tells.
    pub(crate) fn apply(&mut self, record: &Record) {
        let end = extended(&record.dn);
        if self.dn.is_empty() || !matches!(record.body, Body::Rename { .. }) {
            self.dn.clone_from(&end.dn);
        }
        self.is_ended = false;
        match &record.body {
            Body::Content(content) => self.content(content),
            Body::Add(content) => {
                (self.held, self.size, self.is_known_from_start) = (vec![], 0, true);
                self.content(content);
            }
            Body::Delete => self.is_ended = true,
            Body::Modify(changes) => changes.iter().for_each(|change| self.modify(change)),
            Body::Rename { new_rdn, new_superior, .. } => self.rename(new_rdn, new_superior.as_deref()),
        }
        // A name with identifiers in front tells those, too.
        for (name, octets) in [
            ("objectGUID", end.guid.map(|guid| guid.to_wire().to_vec())),
            ("objectSid", end.sid.map(|sid| sid.to_wire())),
        ] {
            if let Some(octets) = octets
                && self.find(name).is_none()
            {
                self.held.push(Held { name: name.to_owned(), values: vec![octets], ..Held::default() });
            }
        }
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.held.iter().position(|held| held.name.eq_ignore_ascii_case(name))
    }

    /// Where an attribute is; `None` where there would be too many.
    fn place(&mut self, name: &str) -> Option<usize> {
        let known = self.find(name);
        if known.is_none() && self.held.len() < MOST_ATTRIBUTES {
            self.held.push(Held { name: name.to_owned(), ..Held::default() });
            return Some(self.held.len() - 1);
        }
        known
    }

    /// Forgets what is known of an attribute.
    fn forget(&mut self, place: usize) {
        let held = &mut self.held[place];
        self.size = self.size.saturating_sub(held.size);
        *held = Held { name: std::mem::take(&mut held.name), ..Held::default() };
    }

    fn put(&mut self, place: usize, value: &Value) {
        let held = &mut self.held[place];
        let length = if let Value::Octets(octets) = value { octets.len() + EACH } else { 0 };
        if self.size.saturating_add(length) > MOST_OCTETS {
            held.gap = Some(GapReason::TooLarge);
            return;
        }
        self.size += length;
        held.size += length;
        held.push(value);
    }

    /// What an object has. What an earlier record told of the same attribute counts no more, but other ranges of it.
    fn content(&mut self, content: &[Values]) {
        let mut fresh: Vec<usize> = vec![];
        for values in content {
            let (name, range) = values::name_of(&values.name);
            let Some(place) = self.place(&name) else { continue };
            // An empty value stands where values were not exported, and where they follow in ranges.
            let is_empty = |value: &&Value| matches!(value, Value::Octets(octets) if octets.is_empty());
            let mut given = values.values.iter().filter(|value| !is_empty(value)).peekable();
            if given.peek().is_none() {
                self.held[place].is_named = true;
                continue;
            }
            match range {
                None if !fresh.contains(&place) => {
                    self.forget(place);
                    fresh.push(place);
                }
                Some(range) if self.held[place].ranges.contains(&range) => continue,
                range => self.held[place].ranges.extend(range),
            }
            given.for_each(|value| self.put(place, value));
        }
    }

    fn modify(&mut self, change: &Modification) {
        let (name, _) = values::name_of(&change.values.name);
        let is_new = self.find(&name).is_none();
        let Some(place) = self.place(&name) else { return };
        let values = &change.values.values;
        match change.kind {
            ChangeKind::Replace => self.forget(place),
            ChangeKind::Delete if values.is_empty() => self.forget(place),
            // What it had before is not known.
            ChangeKind::Add | ChangeKind::Delete if is_new && !self.is_known_from_start => {
                self.held[place].gap = Some(GapReason::Partial);
            }
            ChangeKind::Add | ChangeKind::Delete => {}
        }
        for value in values {
            match (change.kind, value) {
                (ChangeKind::Delete, Value::Octets(octets)) => {
                    let freed = self.held[place].remove(octets);
                    self.size = self.size.saturating_sub(freed);
                }
                (ChangeKind::Delete, _) => {}
                (_, Value::Octets(octets)) if self.held[place].has(octets) => {}
                (_, value) => self.put(place, value),
            }
        }
    }

    fn rename(&mut self, new_rdn: &str, new_superior: Option<&str>) {
        let (Ok(rdn), Ok(old)) = (Rdn::first(new_rdn), self.dn.parse::<Dn>()) else { return };
        let parent = match new_superior {
            Some(superior) => superior.parse().ok(),
            None => old.parent(),
        };
        let Some(parent) = parent else { return };
        self.dn = parent.child(rdn.clone()).to_string();
        for name in ["name", rdn.kind()] {
            if let Some(place) = self.find(name) {
                self.held[place].values = vec![rdn.value().as_bytes().to_vec()];
                self.held[place].places = None;
            }
        }
    }

    /// Its attributes as LDAP has them, links among them: what facts and names are read from.
    pub(crate) fn entry(&self) -> Entry {
        let mut entry = Entry::new(self.dn.clone());
        for held in &self.held {
            let values = held.values.iter().filter_map(|value| values::octets(&held.name, value)).collect();
            entry.attributes.push(Attribute { name: Cow::Owned(held.name.clone()), values });
        }
        entry
    }

    /// The object. What a change deleted is told as it was right before.
    pub(crate) fn object(
        mut self,
        id: u64,
        links: &Links,
        recycle_bin: Option<bool>,
        place: String,
    ) -> Object {
        let mut entry = Entry::new(std::mem::take(&mut self.dn));
        let mut gaps = vec![];
        for mut held in std::mem::take(&mut self.held) {
            let mut gap = held.gap();
            let is_plain = links.role(&held.name) == Role::Plain;
            if is_secret(&held.name) {
                gap = Some(GapReason::Secret);
            } else if is_plain {
                let count = held.values.len();
                let octets = std::mem::take(&mut held.values);
                let values: Vec<_> =
                    octets.into_iter().filter_map(|value| values::octets(&held.name, &value)).collect();
                if values.len() < count {
                    gap = Some(GapReason::Damaged("it was exported in a form for people".to_owned()));
                }
                if !values.is_empty() {
                    entry.attributes.push(Attribute { name: Cow::Owned(held.name.clone()), values });
                }
            }
            gaps.extend(gap.map(|reason| Gap { attribute: held.name, reason }));
        }
        let mut object = Object::new(id, entry, recycle_bin, place);
        object.gaps = gaps;
        if self.is_ended && object.standing == Standing::Live {
            let is_bin_on = recycle_bin == Some(true);
            let state = if is_bin_on { DeletedState::Deleted } else { DeletedState::Tombstone };
            object.standing = Standing::Deleted(state);
        }
        object
    }

    /// Its links: those that it holds, or what its back links tell of others, by the forward attribute's name.
    pub(crate) fn links(&self, links: &Links, is_forward: bool, found: &mut dyn FnMut(Link) -> bool) {
        for held in &self.held {
            let attribute = match links.role(&held.name) {
                Role::Forward if is_forward => held.name.as_str(),
                Role::Back(forward) if !is_forward => forward,
                _ => continue,
            };
            for value in &held.values {
                let Some((other, data)) = values::link(value) else { continue };
                let link = Link {
                    attribute: attribute.to_owned(),
                    other,
                    data,
                    state: LinkState::Present,
                    since: None,
                };
                if !found(link) {
                    return;
                }
            }
        }
    }
}

impl Held {
    fn push(&mut self, value: &Value) {
        match value {
            Value::Octets(octets) => {
                if let Some(places) = &mut self.places {
                    places.insert(octets.to_ascii_lowercase(), self.values.len());
                }
                self.values.push(octets.clone());
            }
            Value::Reference => self.gap = Some(GapReason::Reference),
            Value::Damaged(problem) => self.gap = Some(GapReason::Damaged((*problem).to_owned())),
            Value::TooLarge => self.gap = Some(GapReason::TooLarge),
        }
    }

    fn places(&mut self) -> &mut HashMap<Vec<u8>, usize> {
        let values = &self.values;
        self.places.get_or_insert_with(|| {
            values.iter().enumerate().map(|(i, value)| (value.to_ascii_lowercase(), i)).collect()
        })
    }

    fn has(&mut self, octets: &[u8]) -> bool {
        self.places().contains_key(&octets.to_ascii_lowercase())
    }

    /// Removes a value that is there; gives what it took.
    fn remove(&mut self, octets: &[u8]) -> usize {
        let Some(place) = self.places().remove(&octets.to_ascii_lowercase()) else { return 0 };
        self.values.swap_remove(place);
        if let Some(moved) = self.values.get(place) {
            let key = moved.to_ascii_lowercase();
            self.places().insert(key, place);
        }
        let freed = octets.len() + EACH;
        self.size = self.size.saturating_sub(freed);
        freed
    }

    /// Why the values are none or not all.
    fn gap(&mut self) -> Option<GapReason> {
        if self.gap.is_some() {
            return self.gap.take();
        }
        let is_whole = match self.ranges.is_empty() {
            true => !self.values.is_empty() || !self.is_named,
            false => values::are_all(&mut self.ranges),
        };
        (!is_whole).then_some(GapReason::Partial)
    }
}
