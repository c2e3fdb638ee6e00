//! The objects that are watched, and whether a deletion concerns one of them.

use std::collections::{BTreeMap, HashMap, HashSet};

use adrecover_core::time::Timestamp;
use adrecover_core::{Dn, ObjectGuid};
use adrecover_journal::{Deletion, Journal, JournalError, Query, Status};

/// Groups that contain groups are followed so far.
const MOST_GROUPS: usize = 2000;

/// An object that is to be watched: itself, what is below it, and who is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchFor {
    /// As it was named.
    pub name: String,
    /// What it may be found by. All that is found is watched.
    pub queries: Vec<Query>,
}

/// An object that is watched.
#[derive(Debug, Clone)]
struct Watched {
    /// As it was named.
    name: String,
    /// Its DN when it was last looked, before which of an object below it may have been deleted.
    dn: Option<Dn>,
    is_group: bool,
}

/// The objects that are watched.
#[derive(Debug, Default)]
pub(crate) struct Watches {
    wanted: Vec<WatchFor>,
    privileged: bool,
    found: BTreeMap<ObjectGuid, Watched>,
}

/// What is found out once for many deletions.
pub(crate) struct Look<'j> {
    journal: &'j Journal,
    /// The DNs of what is watched: as they were, and as they are.
    places: Vec<(ObjectGuid, Dn)>,
    groups: HashMap<ObjectGuid, Vec<ObjectGuid>>,
}

impl Watches {
    pub(crate) fn new(wanted: Vec<WatchFor>, privileged: bool) -> Self {
        Self { wanted, privileged, found: BTreeMap::new() }
    }

    /// Whether nothing is.
    pub(crate) fn is_empty(&self) -> bool {
        self.wanted.is_empty() && !self.privileged
    }

    /// Looks for what is to be watched, and where it is now. The names of which nothing is known.
    pub(crate) fn refresh(&mut self, journal: &Journal) -> Result<Vec<String>, JournalError> {
        let mut unknown = vec![];
        for wanted in &self.wanted {
            let mut any = false;
            for query in &wanted.queries {
                for found in journal.find(query)? {
                    // Whatever had the name formerly is not meant, unless it had it until it was deleted.
                    if found.until.is_some() && found.status == Status::Live {
                        continue;
                    }
                    any = true;
                    let known = self.found.entry(found.guid).or_insert(Watched {
                        name: wanted.name.clone(),
                        dn: None,
                        is_group: false,
                    });
                    if found.status == Status::Live {
                        known.dn = found.dn.parse().ok();
                    }
                }
            }
            if !any {
                unknown.push(wanted.name.clone());
            }
        }
        for (guid, watched) in &mut self.found {
            if !watched.is_group {
                let now = journal.now(*guid)?;
                watched.is_group = now.is_some_and(|now| now.attribute("groupType").is_some());
            }
        }
        Ok(unknown)
    }

    /// Begins to look at deletions.
    pub(crate) fn look<'j>(&self, journal: &'j Journal) -> Result<Look<'j>, JournalError> {
        let mut places = vec![];
        for (guid, watched) in &self.found {
            places.extend(watched.dn.clone().map(|dn| (*guid, dn)));
            let now = match journal.find(&Query::Guid(*guid))?.into_iter().next() {
                Some(found) if found.status == Status::Live => Some(found.dn),
                Some(_) => journal.before_deletion(*guid)?.map(|before| before.dn),
                None => None,
            };
            if let Some(dn) = now.and_then(|dn| dn.parse::<Dn>().ok()) {
                places.push((*guid, dn));
            }
        }
        Ok(Look { journal, places, groups: HashMap::new() })
    }

    /// Why a deletion is to be told; nothing where it is not.
    pub(crate) fn because(
        &self,
        look: &mut Look<'_>,
        deletion: &Deletion,
    ) -> Result<Vec<String>, JournalError> {
        let mut because = vec![];
        if let Some(watched) = self.found.get(&deletion.guid) {
            because.push(format!("{} is watched", watched.name));
        }
        if let Ok(dn) = deletion.dn.parse::<Dn>() {
            let mut above = HashSet::new();
            for (guid, place) in &look.places {
                if dn != *place && dn.is_at_or_below(place) && above.insert(*guid) {
                    because.extend(self.found.get(guid).map(|w| format!("it was below {}", w.name)));
                }
            }
        }
        let has_groups = self.found.values().any(|watched| watched.is_group);
        if !self.privileged && !has_groups {
            return Ok(because);
        }
        // One object of which the record is damaged is no reason to look at no other.
        let before = match look.journal.before_deletion(deletion.guid) {
            Err(error) if error.is_damage() => None,
            before => before?,
        };
        let Some(before) = before else { return Ok(because) };
        let is_one = |values: &Vec<Vec<u8>>| values.iter().any(|value| value == b"1");
        if self.privileged && before.attribute("adminCount").is_some_and(|a| is_one(&a.values)) {
            because.push("it had adminCount 1".to_owned());
        }
        if has_groups {
            let direct = before.referrers.iter().filter(|link| link.attribute.eq_ignore_ascii_case("member"));
            let direct: Vec<ObjectGuid> = direct.map(|link| link.other).collect();
            for group in look.above(direct, deletion.happened)? {
                because.extend(self.found.get(&group).map(|w| format!("it was a member of {}", w.name)));
            }
        }
        Ok(because)
    }
}

impl Look<'_> {
    /// These groups, and all that they are members of.
    fn above(&mut self, direct: Vec<ObjectGuid>, when: Timestamp) -> Result<Vec<ObjectGuid>, JournalError> {
        let mut seen: HashSet<ObjectGuid> = direct.iter().copied().collect();
        let mut all = direct;
        let mut at = 0;
        while let Some(group) = all.get(at).copied().filter(|_| all.len() < MOST_GROUPS) {
            at += 1;
            if !self.groups.contains_key(&group) {
                let groups = self.journal.groups_of(group, when)?;
                self.groups.insert(group, groups.into_iter().map(|link| link.other).collect());
            }
            let more = self.groups.get(&group).map(Vec::as_slice).unwrap_or_default();
            all.extend(more.iter().copied().filter(|group| seen.insert(*group)));
        }
        Ok(all)
    }
}
