//! Searches: which objects are looked at, and what of them is given ([MS-ADTS] 3.1.1.3.1.3).

use std::borrow::Cow;
use std::collections::HashSet;

use adrecover_core::Dn;
use adrecover_core::directory::Scope;

use super::read::Seen;
use super::{Directory, Reading};
use crate::Failure;
use crate::filter::{Filter, Name};
use crate::schema::{Attribute, known, schema};
use crate::store::{Id, Object};
use crate::wire::reply::Entry;

/// Where a search stands between two pages.
#[derive(Debug)]
pub struct SearchState {
    filter: Filter,
    selection: Selection,
    objects: Vec<Id>,
    at: usize,
    /// The objects that are made as they are read, by their numbers.
    bulk: std::ops::Range<u64>,
    /// References to naming contexts below the base, given once.
    pub references: Vec<Dn>,
}

/// What one page gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many entries.
    pub entries: usize,
    /// Whether more may follow.
    pub has_more: bool,
}

/// The attributes that are asked for.
#[derive(Debug, Clone, Default)]
struct Selection {
    all: bool,
    named: Vec<(&'static Attribute, String, Option<Range>)>,
}

/// The first and the last value that are asked for; `None` for the last there is.
type Range = (usize, Option<usize>);

impl Selection {
    fn read(names: &[String]) -> Self {
        let mut selection = Self { all: names.is_empty(), named: vec![] };
        for name in names {
            match name.as_str() {
                "*" => selection.all = true,
                // Everything operational is asked for by name in AD; `1.1` is nothing.
                "+" | "1.1" => {}
                _ => selection.name(name),
            }
        }
        selection
    }

    fn name(&mut self, text: &str) {
        let mut parts = text.split(';');
        let plain = parts.next().unwrap_or_default();
        let range = parts.find_map(|option| range(option.strip_prefix("range=")?));
        let Some(attribute) = schema().find(plain) else { return };
        if !self.named.iter().any(|(known, ..)| known.id == attribute.id) {
            // The name is given back as it was asked for.
            self.named.push((attribute, plain.to_owned(), range));
        }
    }
}

/// `0-1499`, `1500-*`.
fn range(text: &str) -> Option<Range> {
    let (first, last) = text.split_once('-')?;
    let last = if last == "*" { None } else { Some(last.parse().ok()?) };
    Some((first.parse().ok()?, last))
}

impl Directory {
    /// Begins a search. `base` is empty for the whole forest, in the global catalogue.
    pub fn begin(
        &mut self,
        base: &str,
        scope: Scope,
        filter: Filter,
        attributes: &[String],
        reading: Reading<'_>,
    ) -> Result<SearchState, Failure> {
        let selection = Selection::read(attributes);
        let mut state =
            SearchState { filter, selection, objects: vec![], at: 0, bulk: 0..0, references: vec![] };
        if base.is_empty() {
            if !reading.is_catalogue || scope == Scope::Base {
                return Err(Failure::no_object());
            }
            let heads: Vec<Id> = self.store.contexts.iter().map(|context| context.head).collect();
            state.objects = self.candidates(&state.filter, &heads, scope, reading);
            return Ok(state);
        }
        let name = Name::read(base).ok_or_else(Failure::bad_dn)?;
        let id = self.find(&name).ok_or_else(|| self.elsewhere(&name))?;
        if !reading.is_catalogue && !self.holds(id) {
            return Err(self.elsewhere(&name));
        }
        // A base that is not seen: 32 for a deleted one, and nothing at all for the container of them (seen on a real DC).
        let is_container = self.store.get(id).is_some_and(|object| self.is_deleted_objects(object));
        let sight = reading.sight;
        if is_container && !(sight.deleted || sight.recycled) {
            return Ok(state);
        }
        if !is_container && !self.sees(id, reading.caller, sight) {
            return Err(Failure::no_object());
        }
        self.bulk_range(&mut state, id, scope, reading);
        state.objects = self.candidates(&state.filter, &[id], scope, reading);
        if scope != Scope::Base && !reading.is_catalogue {
            state.references = self.below(id, scope);
        }
        Ok(state)
    }

    /// A name outside of every naming context: a referral to where its DNS name leads (202B ERROR_DS_REFERRAL).
    pub(super) fn elsewhere(&self, name: &Name) -> Failure {
        let Name::Dn(dn) = name else { return Failure::no_object() };
        let context = self.store.context_of(dn);
        if context.is_some_and(|context| self.holds(context.head)) || dn.dns_name().is_empty() {
            return Failure::no_object();
        }
        let mut failure = Failure::new(10, 0x202b, crate::failure::Kind::Service, "5013 (REFERRAL)");
        failure.referral = Some(format!("ldap://{}/{dn}", dn.dns_name()));
        failure
    }

    /// The naming contexts right below a base, to which a search refers.
    fn below(&self, id: Id, scope: Scope) -> Vec<Dn> {
        let base = self.store.dn(id);
        let is_below = |context: &&crate::store::NamingContext| {
            context.head != id
                && context.dn.is_at_or_below(&base)
                && (scope == Scope::Subtree || context.dn.parent().as_ref() == Some(&base))
                // Only the nearest: what is below another one is that one's to refer to.
                && !self.store.contexts.iter().any(|other| {
                    other.head != context.head
                        && other.head != id
                        && other.dn.depth() > base.depth()
                        && context.dn.is_at_or_below(&other.dn)
                })
        };
        self.store.contexts.iter().filter(is_below).map(|context| context.dn.clone()).collect()
    }

    /// The objects that may match, of those below the bases.
    fn candidates(&self, filter: &Filter, bases: &[Id], scope: Scope, reading: Reading<'_>) -> Vec<Id> {
        if scope == Scope::Base {
            return bases.to_vec();
        }
        if let Some(found) = self.narrowed(filter) {
            let mut seen = HashSet::new();
            let fits = |id: &Id| match scope {
                Scope::OneLevel => {
                    self.store.get(*id).is_some_and(|o| o.parent.is_some_and(|p| bases.contains(&p)))
                }
                _ => self.store.line(*id).any(|above| bases.contains(&above)),
            };
            return found.into_iter().filter(|id| seen.insert(*id)).filter(fits).collect();
        }
        if scope == Scope::OneLevel {
            return bases.iter().flat_map(|base| self.store.children(*base)).collect();
        }
        let mut found = vec![];
        let mut open: Vec<Id> = bases.iter().rev().copied().collect();
        while let Some(id) = open.pop() {
            let is_hidden = self.store.get(id).is_some_and(|object| self.is_deleted_objects(object))
                && !(reading.sight.deleted || reading.sight.recycled);
            if is_hidden {
                continue;
            }
            found.push(id);
            open.extend(self.store.children(id));
        }
        found
    }

    /// What an index says about a filter: at least all objects that match; `None` where every object must be looked at.
    fn narrowed(&self, filter: &Filter) -> Option<Vec<Id>> {
        match filter {
            Filter::Equal(attribute, value) => self.indexed(attribute, value),
            Filter::And(parts) => {
                let by_usn = self.by_usn_range(parts);
                let mut all: Vec<Vec<Id>> = parts.iter().filter_map(|part| self.narrowed(part)).collect();
                all.extend(by_usn);
                all.into_iter().min_by_key(Vec::len)
            }
            Filter::Or(parts) => {
                let all: Option<Vec<Vec<Id>>> = parts.iter().map(|part| self.narrowed(part)).collect();
                all.map(|all| all.concat())
            }
            _ => None,
        }
    }

    fn indexed(&self, attribute: &Attribute, value: &[u8]) -> Option<Vec<Id>> {
        let k = known();
        if attribute.id == k.object_guid {
            let guid = adrecover_core::ObjectGuid::from_wire(value).ok();
            return Some(guid.and_then(|guid| self.store.by_guid(guid)).into_iter().collect());
        }
        let named = || {
            let text = std::str::from_utf8(value).ok()?;
            self.look_up(&Name::read(text)?)
        };
        match attribute.link {
            Some(link) if link % 2 == 1 => {
                let forward = schema().of_link(link - 1)?;
                return Some(
                    named().map(|id| self.store.links.targets(id, forward.id).collect()).unwrap_or_default(),
                );
            }
            Some(_) => {
                return Some(
                    named()
                        .map(|id| self.store.links.sources(id, attribute.id).collect())
                        .unwrap_or_default(),
                );
            }
            None => {}
        }
        let derived = [k.name, k.object_class, k.object_category, k.usn_changed, k.usn_created, k.is_deleted];
        let is_kept = attribute.is_indexed()
            && !derived.contains(&attribute.id)
            && !matches!(attribute.name, "cn" | "ou" | "dc" | "whenChanged" | "whenCreated")
            && attribute.syntax != crate::schema::Syntax::Dn
            && !attribute.is_constructed();
        is_kept.then(|| self.store.by_value(attribute.id, value).to_vec())
    }

    fn by_usn_range(&self, parts: &[Filter]) -> Option<Vec<Id>> {
        let (low, high) = usn_bounds(parts)?;
        Some(self.store.by_usn(low, high).collect())
    }

    /// Which objects that are made as they are read belong to a search.
    fn bulk_range(&self, state: &mut SearchState, base: Id, scope: Scope, reading: Reading<'_>) {
        let Some(bulk) = &self.bulk else { return };
        let sight = reading.sight;
        let reaches = match scope {
            Scope::Base => false,
            Scope::OneLevel => base == bulk.container,
            Scope::Subtree => self.store.line(bulk.container).any(|above| above == base),
        };
        if !reaches || !sight.shows(bulk.deletion) {
            return;
        }
        let (low, high) = match &state.filter {
            Filter::And(parts) => usn_bounds(parts).unwrap_or((0, u64::MAX)),
            part => usn_bounds(std::slice::from_ref(part)).unwrap_or((0, u64::MAX)),
        };
        let by_usn = bulk.numbers(low, high);
        state.bulk = match self.named_in_bulk(bulk, &state.filter) {
            Some(named) => named.start.max(by_usn.start)..named.end.min(by_usn.end),
            None => by_usn,
        };
    }

    /// Where an index says that objects which are made as they are read can be that match a filter; `None` where every one must
    /// be looked at.
    fn named_in_bulk(&self, bulk: &crate::bulk::Bulk, filter: &Filter) -> Option<std::ops::Range<u64>> {
        match filter {
            Filter::Equal(attribute, value) => {
                self.indexed(attribute, value)?;
                let number = bulk.named(self, attribute.id, value);
                Some(number.map_or(0..0, |number| number..number + 1))
            }
            Filter::And(parts) => parts.iter().find_map(|part| self.named_in_bulk(bulk, part)),
            Filter::Or(parts) => {
                let all: Option<Vec<_>> = parts.iter().map(|part| self.named_in_bulk(bulk, part)).collect();
                let found = all?.into_iter().filter(|range| !range.is_empty());
                Some(found.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end)).unwrap_or(0..0))
            }
            _ => None,
        }
    }

    /// The next entries of a search, at most so many.
    pub fn page(
        &self,
        state: &mut SearchState,
        reading: Reading<'_>,
        limit: usize,
        mut give: impl FnMut(Entry),
    ) -> Page {
        let mut entries = 0;
        while entries < limit {
            let Some((id, object)) = self.next(state) else { return Page { entries, has_more: false } };
            let parent = object.parent;
            let is_container = self.is_deleted_objects(&object);
            let shows = match id {
                Some(id) if is_container => {
                    (reading.sight.deleted || reading.sight.recycled)
                        && self.is_visible(id, parent, reading.caller)
                }
                Some(id) => self.sees(id, reading.caller, reading.sight),
                None => true,
            };
            let seen = Seen { directory: self, id, object, reading };
            if shows && state.filter.matches(&seen) == Some(true) {
                give(self.entry(&seen, &state.selection));
                entries += 1;
            }
        }
        let has_more = state.at < state.objects.len() || !state.bulk.is_empty();
        Page { entries, has_more }
    }

    /// The next object of a search, in whatever state.
    fn next(&self, state: &mut SearchState) -> Option<(Option<Id>, Cow<'_, Object>)> {
        while let Some(id) = state.objects.get(state.at) {
            state.at += 1;
            if let Some(object) = self.store.get(*id) {
                return Some((Some(*id), Cow::Borrowed(object)));
            }
        }
        loop {
            let number = state.bulk.next()?;
            if let Some(object) = self.bulk.as_ref()?.object(self, number) {
                return Some((None, Cow::Owned(object)));
            }
        }
    }

    fn entry(&self, seen: &Seen<'_>, selection: &Selection) -> Entry {
        let mut entry = Entry {
            dn: self.dn_text(seen.id, &seen.object, seen.reading),
            attributes: Vec::with_capacity(selection.named.len()),
        };
        for (attribute, name, range) in &selection.named {
            self.give(seen, attribute, name, *range, &mut entry);
        }
        if selection.all {
            let named: HashSet<_> = selection.named.iter().map(|(attribute, ..)| attribute.id).collect();
            for attribute in self.user_attributes(seen).filter(|a| !named.contains(&a.id)) {
                self.give(seen, attribute, attribute.name, None, &mut entry);
            }
        }
        entry
    }

    /// What `*` stands for: all that is kept or linked, and what every object has; no descriptor and no metadata.
    fn user_attributes<'s>(&self, seen: &'s Seen<'_>) -> impl Iterator<Item = &'static Attribute> + use<'s> {
        let k = known();
        let object = &seen.object;
        let first =
            [k.object_class, k.distinguished_name, k.name, k.object_guid, k.when_created, k.when_changed];
        let more = [k.usn_created, k.usn_changed, k.is_deleted, k.is_recycled];
        let naming = schema().find(object.class().rdn).map(|attribute| attribute.id);
        let links = schema().attributes().filter(|a| a.link.is_some()).map(|a| a.id);
        let kept = object.attributes.iter().map(|(id, _)| id);
        let mut given = HashSet::new();
        let all = first.into_iter().chain(naming).chain(more).chain(kept).chain(links);
        all.filter(move |id| given.insert(*id)).map(|id| schema().attribute(id))
    }

    fn give(
        &self,
        seen: &Seen<'_>,
        attribute: &'static Attribute,
        name: &str,
        range: Option<Range>,
        entry: &mut Entry,
    ) {
        if !self.may_read(seen.id, &seen.object, attribute, seen.reading) {
            return;
        }
        let values = self.values(seen.id, &seen.object, attribute, seen.reading);
        let limit = self.settings.limits.val_range;
        if values.is_empty() {
            return;
        }
        if range.is_none() && (values.len() <= limit || attribute.is_single) {
            entry.attributes.push((name.to_owned(), values));
            return;
        }
        // [MS-ADTS] 3.1.1.3.1.3.3: an empty attribute and the first range, where the client did not ask for one.
        if range.is_none() {
            entry.attributes.push((name.to_owned(), vec![]));
        }
        let (first, last) = range.unwrap_or((0, None));
        if first >= values.len() {
            return;
        }
        let end = last.map_or(usize::MAX, |last| last.saturating_add(1));
        let end = end.min(first.saturating_add(limit)).min(values.len());
        let is_last = end == values.len();
        let until = if is_last { "*".to_owned() } else { (end - 1).to_string() };
        let part = values.into_iter().skip(first).take(end - first).collect();
        entry.attributes.push((format!("{name};range={first}-{until}"), part));
    }
}

/// The lowest and the highest `uSNChanged` that parts of a conjunction allow.
fn usn_bounds(parts: &[Filter]) -> Option<(u64, u64)> {
    let number = |value: &[u8]| std::str::from_utf8(value).ok()?.parse::<u64>().ok();
    let (mut low, mut high, mut found) = (0, u64::MAX, false);
    for part in parts {
        match part {
            Filter::AtLeast(attribute, value) if attribute.id == known().usn_changed => {
                low = low.max(number(value)?);
                found = true;
            }
            Filter::AtMost(attribute, value) if attribute.id == known().usn_changed => {
                high = high.min(number(value)?);
                found = true;
            }
            _ => {}
        }
    }
    found.then_some((low, high))
}
