//! The full comparison: a journal with what another client shows of the whole domain.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use adrecover_core::{Dn, ObjectGuid};
use adrecover_journal::{Journal, Kind, Status};

use crate::changes::full::{Schema, dump_by};
use crate::changes::mirror::Known;
use crate::support::{Hand, Scene};

/// A link: the attribute, the object at the other end, the octets of the value.
type Link = (String, ObjectGuid, Vec<u8>);

/// What the domain was before the journal was brought up to date and after it: other tests are at work on the same server, and what
/// is the same in both was so all the time.
pub(super) struct Whole<'a> {
    scene: &'a Scene,
    hand: Hand,
    schema: Schema,
    before: HashMap<ObjectGuid, (String, Known)>,
    /// What an administrator sees.
    all: HashMap<ObjectGuid, (String, Known)>,
}

impl<'a> Whole<'a> {
    /// Looks at the domain, as an account sees it.
    pub(super) fn look(scene: &'a Scene, hand: Hand) -> Self {
        let schema = Schema::read(scene);
        let mut before = dump_by(&hand, &schema, &scene.lab.base);
        // Samba shows that there is something of which the account may read nothing.
        before.retain(|_, (usn, _)| !usn.is_empty());
        let all = dump_by(scene.hand(), &schema, &scene.lab.base);
        Self { scene, hand, schema, before, all }
    }

    /// Looks again: the journal is what it is. The result is how many objects were compared.
    pub(super) fn compare(self, journal: &Journal) -> usize {
        let after = dump_by(&self.hand, &self.schema, &self.scene.lab.base);
        let all = dump_by(self.scene.hand(), &self.schema, &self.scene.lab.base);
        let is_live = |guid: &ObjectGuid| all.get(guid).is_none_or(|(_, known)| !known.is_deleted);
        assert!(journal.status().unwrap().objects.live as usize >= self.before.len() / 2);
        let mut compared = 0;
        for (guid, seen) in &self.before {
            let quiet = after.get(guid) == Some(seen);
            assert!(quiet || !seen.1.dn.contains(&self.scene.tag), "somebody changed {}", seen.1.dn);
            if quiet {
                same(journal, *guid, &seen.1, &is_live);
                compared += 1;
            }
        }
        self.statuses(journal, &all);
        self.referrers(journal, &after, &is_live);
        compared
    }

    /// What is live there is live here, and what is deleted is deleted; no object is in one only.
    fn statuses(&self, journal: &Journal, after: &HashMap<ObjectGuid, (String, Known)>) {
        let mut kept = HashMap::new();
        for status in [Status::Live, Status::Deleted, Status::Stripped, Status::Gone] {
            kept.extend(journal.guids(status).unwrap().into_iter().map(|guid| (guid, status)));
        }
        let ours = |known: &Known| known.dn.contains(&self.scene.tag);
        for (guid, (_, known)) in after {
            // Nobody else has touched it meanwhile.
            if self.all.get(guid).is_some_and(|(_, before)| before.is_deleted == known.is_deleted) {
                let status = kept.get(guid);
                let is_deleted = status.is_some_and(|status| *status != Status::Live);
                // An account that sees no deleted objects was never told of those from before.
                let is_known = self.before.contains_key(guid) || ours(known);
                assert!(
                    (status.is_some() || !is_known) && (status.is_none() || is_deleted == known.is_deleted),
                    "{} is {status:?} in the journal",
                    known.dn
                );
            }
        }
        for (guid, status) in kept {
            let is_there = after.contains_key(&guid) || self.all.contains_key(&guid);
            let state = journal.now(guid).unwrap().unwrap();
            let is_ours = state.dn.to_lowercase().ends_with(&self.scene.lab.base.to_lowercase())
                && !["cn=configuration,", "dc=domaindnszones,", "dc=forestdnszones,"]
                    .iter()
                    .any(|other| state.dn.to_lowercase().contains(other));
            assert!(is_there || !is_ours || status == Status::Gone, "nobody else knows {}", state.dn);
        }
    }

    /// The same links from their other ends.
    fn referrers(
        &self,
        journal: &Journal,
        after: &HashMap<ObjectGuid, (String, Known)>,
        is_live: &dyn Fn(&ObjectGuid) -> bool,
    ) {
        let back = |all: &HashMap<ObjectGuid, (String, Known)>| {
            let mut back: HashMap<ObjectGuid, BTreeSet<Link>> = HashMap::new();
            for (source, (_, known)) in all.iter().filter(|(_, (_, known))| !known.is_deleted) {
                for (attribute, target, data) in known.links.iter().filter(|(_, target, _)| is_live(target)) {
                    let link = (attribute.clone(), *source, data.clone());
                    back.entry(*target).or_default().insert(link);
                }
            }
            back
        };
        let (before, after) = (back(&self.before), back(after));
        let quiet = before.iter().filter(|(guid, links)| after.get(*guid) == Some(*links));
        // What the account may not see is a name in the journal, too.
        for (guid, expected) in quiet.filter(|(guid, _)| self.before.contains_key(guid)) {
            let state = journal.now(*guid).unwrap().unwrap_or_else(|| panic!("{guid} is not in the journal"));
            let found: BTreeSet<Link> = state
                .referrers
                .iter()
                // Those of the configuration point to the domain, too.
                .filter(|link| self.before.contains_key(&link.other) && is_live(&link.other))
                .map(|link| (link.attribute.to_lowercase(), link.other, link.data.clone()))
                .collect();
            assert_eq!(&found, expected, "what points to {}", state.dn);
        }
    }
}

/// An object of the journal is what was seen.
fn same(journal: &Journal, guid: ObjectGuid, known: &Known, is_live: &dyn Fn(&ObjectGuid) -> bool) {
    let dn = &known.dn;
    let kept = journal.now(guid).unwrap().unwrap_or_else(|| panic!("{dn} is missing"));
    // Servers do not agree with themselves on what has to be escaped.
    assert_eq!(kept.dn.parse::<Dn>().unwrap(), dn.parse::<Dn>().unwrap());
    assert_eq!(kept.status == Status::Live, !known.is_deleted, "{dn} is {:?}", kept.status);
    let attributes: BTreeMap<String, BTreeSet<Vec<u8>>> =
        kept.attributes.iter().map(|a| (a.name.to_lowercase(), a.values.iter().cloned().collect())).collect();
    let names: BTreeSet<&String> = attributes.keys().chain(known.attributes.keys()).collect();
    let different: Vec<String> = names
        .into_iter()
        // The name is told by the DN, the SID beside the attributes, and a name in a tombstone is one of another time.
        .filter(|name| !["name", "objectsid", "lastknownparent"].contains(&name.as_str()))
        .filter(|name| attributes.get(*name) != known.attributes.get(*name))
        .map(|name| {
            let shown = |values: Option<&BTreeSet<Vec<u8>>>| {
                let values = values.into_iter().flatten().map(|v| String::from_utf8_lossy(v).into_owned());
                values.collect::<Vec<_>>()
            };
            format!("{name}: {:?} for {:?}", shown(attributes.get(name)), shown(known.attributes.get(name)))
        })
        .collect();
    assert!(different.is_empty(), "{dn}: {different:?}");
    if !known.is_deleted {
        let links: BTreeSet<Link> = kept
            .links
            .iter()
            .map(|link| (link.attribute.to_lowercase(), link.other, link.data.clone()))
            .filter(|(_, other, _)| is_live(other))
            .collect();
        let expected: BTreeSet<Link> = known.links.iter().filter(|(_, o, _)| is_live(o)).cloned().collect();
        assert_eq!(links, expected, "{dn}");
    }
}

/// No change is one that changes nothing, and none is there twice. The result is how often each attribute changed.
pub(super) fn nothing_is_doubled(journal: &Journal, guid: ObjectGuid) -> BTreeMap<String, u32> {
    let (mut counts, mut versions) = (BTreeMap::new(), BTreeMap::new());
    let mut links = BTreeMap::new();
    let mut last: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for change in journal.history(guid).unwrap() {
        assert!(change.kind != Kind::default(), "a change of nothing: {change:?}");
        for attribute in &change.attributes {
            let (name, version) = (&attribute.name, attribute.version);
            assert_ne!(attribute.old, attribute.new, "{guid} {name}: {change:?}");
            let old = last.insert(name.clone(), attribute.new.clone());
            assert!(old.is_none_or(|old| old == attribute.old), "{guid} {name}: {change:?}");
            *counts.entry(name.clone()).or_default() += 1;
            if let Some(version) = version {
                let before = versions.insert(name.clone(), version);
                assert!(before.is_none_or(|before| before < version), "{guid} {name}: {before:?}, {version}");
            }
        }
        for link in &change.links {
            let key = (link.attribute.clone(), link.is_own, link.other);
            let before = links.insert(key, link.is_added);
            assert_ne!(before, Some(link.is_added), "{guid}: {link:?} twice");
        }
    }
    counts
}
