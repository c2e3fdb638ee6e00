//! The links of two states of one object.
//!
//! One side is remembered as a hash for each link, so that a group with a million members takes some tens of megabytes; names are kept
//! only of what differs.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashSet};
use std::hash::BuildHasher;
use std::ops::ControlFlow;

use super::side::{Absence, Side};
use super::{LinkDifference, MOST_TOLD};
use crate::source::{Direction, Key, Link, LinkEnd, LinkState, Object, SourceError};
use crate::{Dn, ObjectGuid};

/// How many ends that differ are looked up, to know those again that have another name only.
const LOOKED_UP: usize = 10_000;
/// How many link attributes of one object are told apart.
const ATTRIBUTES: usize = 1000;

/// The links that differ, in the order of their attributes' names; and of how many attributes they could not be compared.
pub(super) fn compare(
    then: (&mut Side<'_>, &Object),
    now: (&mut Side<'_>, &Object),
) -> Result<(Vec<LinkDifference>, u64), SourceError> {
    let state = RandomState::new();
    let hash = |link: &Link| {
        state.hash_one((link.attribute.to_ascii_lowercase(), key_of(&link.other.dn), &link.data))
    };
    let (old, new) = (then.1, now.1);
    let mut left: HashSet<u64> = HashSet::new();
    let mut had: Vec<String> = vec![];
    each(then.0, old, &mut |link| {
        note(&mut had, &link.attribute);
        left.insert(hash(&link));
    })?;
    let mut has: Vec<String> = vec![];
    let mut ends: BTreeMap<String, Ends> = BTreeMap::new();
    each(now.0, new, &mut |link| {
        note(&mut has, &link.attribute);
        if !left.remove(&hash(&link)) {
            ends_of(&mut ends, &link.attribute).added.add(link.other);
        }
    })?;
    if !left.is_empty() {
        each(then.0, old, &mut |link| {
            if left.contains(&hash(&link)) {
                ends_of(&mut ends, &link.attribute).lost.add(link.other);
            }
        })?;
    }
    let (mut differences, mut gaps) = (vec![], 0);
    for (_, mut found) in ends {
        let name = found.attribute.clone();
        if old.gap(&name).is_some() || new.gap(&name).is_some() {
            gaps += 1;
            continue;
        }
        found.know_again(then.0, now.0)?;
        let lacks = |names: &[String]| !names.iter().any(|known| known.eq_ignore_ascii_case(&name));
        let absence = match (lacks(&had), lacks(&has)) {
            (true, _) => then.0.absence(old, &name),
            (_, true) => now.0.absence(new, &name),
            _ => Absence::Unset,
        };
        if absence != Absence::Unknown && found.lost.count + found.added.count > 0 {
            differences.push(found.told(absence == Absence::Unset));
        }
    }
    Ok((differences, gaps))
}

/// The links of an object that is gone: those that it had, and the groups that it was in.
pub(super) fn of_gone(side: &mut Side<'_>, object: &Object) -> Result<Vec<LinkDifference>, SourceError> {
    let mut ends: BTreeMap<String, Ends> = BTreeMap::new();
    each(side, object, &mut |link| ends_of(&mut ends, &link.attribute).lost.add(link.other))?;
    side.source.links(object, Direction::PointedTo, &mut |link| {
        if is_there(&link) && link.attribute.eq_ignore_ascii_case("member") {
            ends_of(&mut ends, crate::rollback::MEMBER_OF).lost.add(link.other);
        }
        ControlFlow::Continue(())
    })?;
    Ok(ends.into_values().map(|ends| ends.told(true)).collect())
}

/// Remembers which link attributes a side tells of, by the links of an object.
pub(super) fn saw(side: &mut Side<'_>, object: &Object) -> Result<(), SourceError> {
    let mut names = vec![];
    each(side, object, &mut |link| note(&mut names, &link.attribute))?;
    names.iter().for_each(|name| super::side::saw(&mut side.seen, name));
    Ok(())
}

fn note(names: &mut Vec<String>, attribute: &str) {
    if names.len() < ATTRIBUTES && !names.iter().any(|known| known.eq_ignore_ascii_case(attribute)) {
        names.push(attribute.to_owned());
    }
}

fn each(side: &mut Side<'_>, object: &Object, take: &mut dyn FnMut(Link)) -> Result<(), SourceError> {
    side.source.links(object, Direction::Holds, &mut |link| {
        if is_there(&link) {
            take(link);
        }
        ControlFlow::Continue(())
    })
}

/// Whether a link counts: what one of its ends took along when it was deleted does not.
fn is_there(link: &Link) -> bool {
    link.state == LinkState::Present
}

fn ends_of<'e>(all: &'e mut BTreeMap<String, Ends>, attribute: &str) -> &'e mut Ends {
    let ends = all.entry(attribute.to_ascii_lowercase()).or_default();
    if ends.attribute.is_empty() {
        attribute.clone_into(&mut ends.attribute);
    }
    ends
}

/// A DN in the form in which equal ones are equal.
fn key_of(dn: &str) -> String {
    dn.parse::<Dn>().map_or_else(|_| dn.to_lowercase(), |dn| dn.key())
}

/// The other ends that one attribute lost and gained.
#[derive(Debug, Default)]
struct Ends {
    attribute: String,
    lost: Told,
    added: Told,
}

/// Ends, of which the first ones are kept.
#[derive(Debug, Default)]
struct Told {
    kept: Vec<LinkEnd>,
    count: u64,
}

impl Told {
    fn add(&mut self, end: LinkEnd) {
        self.count += 1;
        if self.kept.len() < LOOKED_UP {
            self.kept.push(end);
        }
    }

    fn retain(&mut self, mut is_kept: impl FnMut(usize) -> bool) {
        let before = self.kept.len();
        let mut at = 0;
        self.kept.retain(|_| {
            at += 1;
            is_kept(at - 1)
        });
        self.count -= (before - self.kept.len()) as u64;
    }

    fn names(&self) -> Vec<String> {
        self.kept.iter().take(MOST_TOLD).map(|end| end.dn.clone()).collect()
    }
}

impl Ends {
    /// Takes out what is on both sides under different names.
    fn know_again(&mut self, then: &mut Side<'_>, now: &mut Side<'_>) -> Result<(), SourceError> {
        if self.lost.kept.is_empty() || self.added.kept.is_empty() {
            return Ok(());
        }
        let old = guids(then, &self.lost.kept)?;
        let new = guids(now, &self.added.kept)?;
        let old_set: HashSet<ObjectGuid> = old.iter().flatten().copied().collect();
        let new_set: HashSet<ObjectGuid> = new.iter().flatten().copied().collect();
        self.lost.retain(|at| old[at].is_none_or(|guid| !new_set.contains(&guid)));
        self.added.retain(|at| new[at].is_none_or(|guid| !old_set.contains(&guid)));
        Ok(())
    }

    fn told(&self, is_sure: bool) -> LinkDifference {
        LinkDifference {
            attribute: self.attribute.clone(),
            lost: self.lost.names(),
            lost_count: self.lost.count,
            added: self.added.names(),
            added_count: self.added.count,
            is_sure,
        }
    }
}

/// Who the ends are, as far as a side knows.
fn guids(side: &mut Side<'_>, ends: &[LinkEnd]) -> Result<Vec<Option<ObjectGuid>>, SourceError> {
    let mut out = Vec::with_capacity(ends.len());
    for end in ends {
        out.push(match (end.guid, end.dn.parse::<Dn>()) {
            (Some(guid), _) => Some(guid),
            (None, Ok(dn)) => side.source.find(&Key::Dn(dn))?.first().and_then(|object| object.guid),
            (None, Err(_)) => None,
        });
    }
    Ok(out)
}
