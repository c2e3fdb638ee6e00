//! When and where things were changed, from the history of an object.

use std::collections::{BTreeMap, HashSet};

use adrecover_core::ObjectGuid;
use adrecover_core::plan::LinkEnd;
use adrecover_core::rollback::{Changed, PastLinks};
use adrecover_core::time::Timestamp;
use adrecover_journal::{Change, LinkDiff};

/// Which changes are rolled back.
#[derive(Debug, Clone)]
pub(crate) enum Which {
    /// All after a time.
    After(Timestamp),
    /// These, by their numbers.
    Of(HashSet<i64>),
}

impl Which {
    /// Whether a change is one of them.
    pub(super) fn has(&self, change: &Change) -> bool {
        match self {
            Self::After(time) => change.happened.timestamp() > time.timestamp(),
            Self::Of(numbers) => numbers.contains(&change.seq),
        }
    }
}

/// The history of an object with the names of domain controllers.
pub(super) struct History<'a> {
    pub(super) changes: &'a [Change],
    pub(super) which: &'a Which,
    pub(super) controller: &'a dyn Fn(ObjectGuid) -> String,
}

impl History<'_> {
    fn told(&self, change: &Change) -> Changed {
        let on = change.stamp.map(|stamp| (self.controller)(stamp.invocation));
        Changed { at: Some(change.happened), on }
    }

    /// The newest change that is rolled back and that something is true of.
    pub(super) fn changed(&self, is: impl Fn(&Change) -> bool) -> Option<Changed> {
        let found = self.changes.iter().rev().find(|change| self.which.has(change) && is(change));
        found.map(|change| self.told(change))
    }

    /// The newest change of that kind, where it came after those that are rolled back.
    pub(super) fn later(&self, is: impl Fn(&Change) -> bool) -> Option<Changed> {
        let newest = self.changes.iter().rev().find(|change| is(change))?;
        (!self.which.has(newest)).then(|| self.told(newest))
    }

    /// Those that are rolled back.
    pub(super) fn ours(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| self.which.has(change))
    }

    /// What the changes did to links, all in all: its own by attribute, or the memberships of others that it is in.
    pub(super) fn links(&self, is: impl Fn(&LinkDiff) -> bool) -> Vec<PastLinks> {
        // Whether the value was there before, whether after, and its name.
        type Ends = BTreeMap<ObjectGuid, (bool, bool, String)>;
        let mut all: BTreeMap<String, (Ends, Changed)> = BTreeMap::new();
        for change in self.ours() {
            for link in change.links.iter().filter(|link| is(link)) {
                let (ends, changed) = all.entry(link.attribute.clone()).or_default();
                let one = ends.entry(link.other).or_insert((!link.is_added, link.is_added, link.dn.clone()));
                one.1 = link.is_added;
                *changed = self.told(change);
            }
        }
        let of = |(attribute, (ends, changed)): (String, (Ends, Changed))| {
            let pick = |was: bool| {
                let wanted = ends.iter().filter(|(_, (before, after, _))| *before == was && *after != was);
                wanted.map(|(guid, (_, _, dn))| end(*guid, dn)).collect::<Vec<LinkEnd>>()
            };
            PastLinks { had: pick(true), had_not: pick(false), attribute, changed: Some(changed) }
        };
        all.into_iter().map(of).filter(|links| !links.is_empty()).collect()
    }
}

/// An end of a link as the journal names it.
pub(super) fn end(guid: ObjectGuid, dn: &str) -> LinkEnd {
    LinkEnd { guid, dn: dn.parse().unwrap_or_default() }
}
