//! The comparison of whole directories, in portions.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::ops::ControlFlow;

use super::pair::{self, sorted};
use super::side::{Names, Side, is_live, saw};
use super::{Counts, Difference, Fate, Scope, Tell, What, links, matters};
use crate::deleted::{never_restored, original_rdn};
use crate::kind::ObjectKind;
use crate::lifetime::State;
use crate::source::{Object, Selection, Source, SourceError, Standing};
use crate::time::Timestamp;
use crate::{Dn, Entry, ObjectGuid};

/// An object of a portion, as the first side has it.
struct Held {
    id: u64,
    dn: Box<str>,
    /// A hash of the values of each attribute that matters, by the attribute's number.
    prints: Box<[(u16, u64)]>,
    standing: Seen,
}

/// What the second side has of it.
enum Seen {
    /// Nothing, so far.
    Not,
    /// It, under this number and with this name; and whether an attribute differs.
    Live { id: u64, dn: Box<str>, differs: bool },
}

/// A comparison.
struct Run<'a, 'b> {
    then: Side<'a>,
    now: Side<'a>,
    base: Option<Dn>,
    contexts: Vec<Dn>,
    /// The moment of the first side.
    at: Option<Timestamp>,
    names: Names,
    hashes: RandomState,
    counts: Counts,
    tell: Tell<'b>,
    is_over: bool,
}

/// One of so many portions.
#[derive(Clone, Copy)]
struct Portion {
    number: usize,
    of: usize,
}

impl Portion {
    /// Whether an object is in it. GUIDs of version 4 are random, but some of AD are counted up: all octets are looked at.
    fn has(self, guid: ObjectGuid) -> bool {
        let octets = guid.to_wire();
        let sum =
            octets.iter().fold(0usize, |sum, octet| sum.wrapping_mul(31).wrapping_add(usize::from(*octet)));
        sum % self.of == self.number
    }
}

pub(super) fn all(
    then: &mut dyn Source,
    now: &mut dyn Source,
    scope: &Scope,
    tell: Tell<'_>,
) -> Result<Counts, SourceError> {
    let mut contexts = scope.contexts.clone();
    contexts.extend(then.about().contexts.iter().chain(&now.about().contexts).cloned());
    let objects = usize::try_from(then.count()?.live).unwrap_or(usize::MAX);
    let of = objects.div_ceil(scope.at_once.max(1)).max(1);
    let mut run = Run::new(then, now, scope.base.clone(), contexts, tell);
    for number in 0..of {
        run.portion(Portion { number, of })?;
        if run.is_over {
            break;
        }
    }
    Ok(run.counts)
}

pub(super) fn one(
    then: &mut dyn Source,
    now: &mut dyn Source,
    guid: ObjectGuid,
) -> Result<Option<(Counts, Option<Difference>)>, SourceError> {
    let mut told = None;
    let mut tell = |difference| {
        told = Some(difference);
        ControlFlow::Continue(())
    };
    let mut run = Run::new(then, now, None, vec![], &mut tell);
    let (old, new) = (run.then.find(guid)?, run.now.find(guid)?);
    if old.is_none() && new.is_none() {
        return Ok(None);
    }
    run.counts.then = u64::from(old.as_ref().is_some_and(is_live));
    run.counts.now = u64::from(new.as_ref().is_some_and(is_live));
    // Of which attributes the sides tell at all is not known without a listing.
    (run.then.tells_all, run.now.tells_all) = (true, true);
    run.judge(guid, old, new)?;
    let counts = run.counts;
    Ok(Some((counts, told)))
}

impl<'a, 'b> Run<'a, 'b> {
    fn new(
        then: &'a mut dyn Source,
        now: &'a mut dyn Source,
        base: Option<Dn>,
        contexts: Vec<Dn>,
        tell: Tell<'b>,
    ) -> Self {
        let at = then.about().at();
        Self {
            then: Side::new(then),
            now: Side::new(now),
            base,
            contexts,
            at,
            names: Names::default(),
            hashes: RandomState::new(),
            counts: Counts::default(),
            tell,
            is_over: false,
        }
    }

    fn portion(&mut self, portion: Portion) -> Result<(), SourceError> {
        let mut held = self.first(portion)?;
        if !self.then.is_whole() {
            for (guid, one) in &held {
                links::saw(&mut self.then, &reference(one.id, *guid, &one.dn))?;
            }
        }
        let new = self.second(portion, &mut held)?;
        if !self.now.is_whole() {
            for (guid, one) in &held {
                if let Seen::Live { id, dn, .. } = &one.standing {
                    links::saw(&mut self.now, &reference(*id, *guid, dn))?;
                }
            }
        }
        for (guid, one) in held {
            if self.is_over {
                return Ok(());
            }
            self.held(guid, &one)?;
        }
        for guid in new {
            if self.is_over {
                return Ok(());
            }
            let (old, new) = (self.then.find(guid)?, self.now.find(guid)?);
            self.judge(guid, old, new)?;
        }
        Ok(())
    }

    /// Lists the first side.
    fn first(&mut self, portion: Portion) -> Result<HashMap<ObjectGuid, Held>, SourceError> {
        let mut held = HashMap::new();
        let Self { then: Side { source, seen, .. }, base, contexts, names, hashes, counts, .. } = self;
        source.list(&selection(base.as_ref()), &mut |object| {
            if !is_in_scope(&object.entry.dn, base.as_ref(), contexts) {
                return ControlFlow::Continue(());
            }
            let Some(guid) = object.guid else {
                counts.without_guid += u64::from(portion.number == 0);
                return ControlFlow::Continue(());
            };
            counts.then += u64::from(portion.number == 0);
            if portion.has(guid) {
                let prints = prints(&object.entry, names, hashes, seen);
                let dn = object.entry.dn.into_boxed_str();
                held.insert(guid, Held { id: object.id, dn, prints, standing: Seen::Not });
            }
            ControlFlow::Continue(())
        })?;
        Ok(held)
    }

    /// Lists the second side; gives what the first one did not list.
    fn second(
        &mut self,
        portion: Portion,
        held: &mut HashMap<ObjectGuid, Held>,
    ) -> Result<Vec<ObjectGuid>, SourceError> {
        let mut new = vec![];
        let Self { now: Side { source, seen, .. }, base, contexts, names, hashes, counts, .. } = self;
        source.list(&selection(base.as_ref()), &mut |object| {
            if !is_in_scope(&object.entry.dn, base.as_ref(), contexts) {
                return ControlFlow::Continue(());
            }
            let Some(guid) = object.guid else {
                counts.without_guid += u64::from(portion.number == 0);
                return ControlFlow::Continue(());
            };
            counts.now += u64::from(portion.number == 0);
            if !portion.has(guid) {
                return ControlFlow::Continue(());
            }
            let prints = prints(&object.entry, names, hashes, seen);
            match held.get_mut(&guid) {
                Some(one) => {
                    let differs = one.prints != prints;
                    one.standing =
                        Seen::Live { id: object.id, dn: object.entry.dn.into_boxed_str(), differs };
                }
                None => new.push(guid),
            }
            ControlFlow::Continue(())
        })?;
        Ok(new)
    }

    /// Compares what the first side listed.
    fn held(&mut self, guid: ObjectGuid, one: &Held) -> Result<(), SourceError> {
        let Seen::Live { id, dn, differs } = &one.standing else {
            let (old, new) = (self.then.find(guid)?, self.now.find(guid)?);
            return self.judge(guid, old, new);
        };
        let mut is_same = !differs && one.dn == *dn;
        if is_same {
            let (old, new) = (reference(one.id, guid, &one.dn), reference(*id, guid, dn));
            let (found, _) = links::compare((&mut self.then, &old), (&mut self.now, &new))?;
            is_same = found.is_empty();
        }
        if is_same {
            self.counts.same += 1;
            return Ok(());
        }
        let (old, new) = (self.then.find(guid)?, self.now.find(guid)?);
        self.judge(guid, old, new)
    }

    /// Says what became of an object of which both sides were asked.
    fn judge(
        &mut self,
        guid: ObjectGuid,
        old: Option<Object>,
        new: Option<Object>,
    ) -> Result<(), SourceError> {
        match (old, new) {
            (Some(old), Some(new)) if is_live(&old) && is_live(&new) => self.changed(guid, &old, &new),
            (Some(old), new) if is_live(&old) => self.gone(guid, &old, new.as_ref()),
            (old, Some(new)) if is_live(&new) => {
                let is_older =
                    new.entry.time("whenCreated").zip(self.at).is_some_and(|(made, at)| made <= at);
                if old.is_none() && is_older {
                    self.counts.not_exported += 1;
                    return Ok(());
                }
                let what = if old.is_some() { What::Back } else { What::New };
                match what {
                    What::Back => self.counts.back += 1,
                    _ => self.counts.new += 1,
                }
                let mut difference = about(what, guid, &new);
                difference.dn_then = old.map(|object| object.entry.dn);
                difference.dn_now = Some(new.entry.dn);
                self.tell(difference);
                Ok(())
            }
            // Deleted on both sides, or nowhere any more since it was listed.
            _ => Ok(()),
        }
    }

    fn changed(&mut self, guid: ObjectGuid, old: &Object, new: &Object) -> Result<(), SourceError> {
        let (attributes, gaps) = pair::attributes((&self.then, old), (&self.now, new));
        let (links, more) = links::compare((&mut self.then, old), (&mut self.now, new))?;
        let (is_renamed, is_moved) =
            pair::place((&mut self.then, &old.entry.dn), (&mut self.now, &new.entry.dn))?;
        self.counts.gaps += gaps + more;
        if attributes.is_empty() && links.is_empty() && !is_renamed && !is_moved {
            self.counts.same += 1;
            return Ok(());
        }
        self.counts.changed += 1;
        self.counts.renamed += u64::from(is_renamed);
        self.counts.moved += u64::from(is_moved);
        for link in links.iter().filter(|link| link.attribute.eq_ignore_ascii_case("member")) {
            self.counts.members_lost += link.lost_count;
            self.counts.members_added += link.added_count;
        }
        let mut difference = about(What::Changed, guid, old);
        difference.dn_then = Some(old.entry.dn.clone());
        difference.dn_now = Some(new.entry.dn.clone());
        (difference.is_renamed, difference.is_moved) = (is_renamed, is_moved);
        (difference.attributes, difference.links) = (attributes, links);
        self.tell(difference);
        Ok(())
    }

    fn gone(&mut self, guid: ObjectGuid, old: &Object, new: Option<&Object>) -> Result<(), SourceError> {
        let fate = match new.map(|object| object.standing) {
            Some(Standing::Deleted(State::Deleted)) => Fate::Deleted,
            Some(Standing::Deleted(State::Tombstone)) => Fate::Tombstone,
            Some(Standing::Deleted(State::Recycled)) => Fate::Recycled,
            Some(Standing::Live) | None => Fate::Absent,
        };
        let mut difference = about(What::Gone, guid, old);
        difference.dn_then = Some(old.entry.dn.clone());
        difference.dn_now = new.map(|object| object.entry.dn.clone());
        difference.fate = Some(fate);
        difference.is_never_restored = never_restored(&old.entry, difference.kind, old.entry.uac()).is_some();
        difference.links = links::of_gone(&mut self.then, old)?;
        self.counts.gone += 1;
        let is_restorable = matches!(fate, Fate::Deleted | Fate::Tombstone) && !difference.is_never_restored;
        self.counts.gone_restorable += u64::from(is_restorable);
        self.tell(difference);
        Ok(())
    }

    fn tell(&mut self, difference: Difference) {
        self.is_over |= (self.tell)(difference).is_break();
    }
}

/// What is told of an object in any case.
fn about(what: What, guid: ObjectGuid, object: &Object) -> Difference {
    let entry = &object.entry;
    let name = original_rdn(entry).map_or_else(|| entry.dn.clone(), |rdn| rdn.value().to_owned());
    Difference {
        what,
        guid,
        name,
        kind: ObjectKind::of(entry),
        sam_account_name: entry.text("sAMAccountName"),
        dn_then: None,
        dn_now: None,
        fate: None,
        is_never_restored: false,
        is_renamed: false,
        is_moved: false,
        attributes: vec![],
        links: vec![],
    }
}

fn selection(base: Option<&Dn>) -> Selection {
    Selection { deleted: false, recycled: false, under: base.cloned(), ..Selection::everything() }
}

/// Whether an object is below the base, and not in a naming context of its own below that.
fn is_in_scope(dn: &str, base: Option<&Dn>, contexts: &[Dn]) -> bool {
    let Some(base) = base else { return true };
    let Ok(dn) = dn.parse::<Dn>() else { return false };
    let is_inner = |context: &&Dn| context.depth() > base.depth() && context.is_at_or_below(base);
    dn.is_at_or_below(base) && !contexts.iter().filter(is_inner).any(|context| dn.is_at_or_below(context))
}

/// A hash of the values of each attribute that matters, in the order of the attributes' numbers. Names that were not seen are noted.
fn prints(
    entry: &Entry,
    names: &mut Names,
    hashes: &RandomState,
    seen: &mut HashSet<String>,
) -> Box<[(u16, u64)]> {
    let mut prints = vec![];
    for attribute in entry.attributes.iter().filter(|attribute| !attribute.values.is_empty()) {
        if !matters(&attribute.name) {
            continue;
        }
        let Some(number) = names.number(&attribute.name) else { continue };
        saw(seen, &attribute.name);
        prints.push((number, hashes.hash_one(sorted(entry, &attribute.name))));
    }
    prints.sort_unstable();
    prints.into_boxed_slice()
}

/// An object of a listing without what it was asked for: enough for its links to be told.
fn reference(id: u64, guid: ObjectGuid, dn: &str) -> Object {
    let entry = Entry::new(dn).with("objectGUID", [guid.to_wire()]);
    Object::new(id, entry, None, String::new())
}
