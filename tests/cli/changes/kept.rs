//! What is read goes into a change journal, too: it knows what the mirror knows.

use std::collections::{BTreeMap, BTreeSet};

use adrecover_core::change::Batch;
use adrecover_core::time::Timestamp;
use adrecover_core::{Dn, ObjectGuid};
use adrecover_journal::{Options, Status, Writer};
use chrono::TimeDelta;

use super::mirror::{Known, Mirror};

/// A journal in a folder of its own.
pub(super) struct Kept {
    writer: Writer,
    now: Timestamp,
    _folder: tempfile::TempDir,
}

impl Kept {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("changes.db");
        let writer = Writer::open(&path, "lab", &Options::default()).unwrap();
        // Any time will do: what happened has the directory's stamps.
        let now = Timestamp::from_timestamp(4_000_000_000, 0).unwrap();
        Self { writer, now, _folder: folder }
    }

    pub(super) fn take(&mut self, batch: &Batch) {
        self.now += TimeDelta::seconds(1);
        let outcome = self.writer.ingest(batch, self.now).unwrap();
        assert!(outcome.refused.is_empty(), "secrets were read: {:?}", outcome.refused);
        // The same again is no change.
        if !batch.is_first {
            let again = self.writer.ingest(batch, self.now);
            let changes = again.as_ref().map_or(0, |o| o.changes + o.links_added + o.links_removed);
            assert_eq!(changes, 0, "{:?}", batch.objects);
        }
    }

    /// Each object is as it was read, and there is no other.
    pub(super) fn check(&self, mirror: &Mirror) {
        let journal = self.writer.journal();
        let live = |guid: &ObjectGuid| mirror.0.get(guid).is_some_and(|known| !known.is_deleted);
        for (guid, known) in &mirror.0 {
            let kept = journal.now(*guid).unwrap().unwrap_or_else(|| panic!("{} is missing", known.dn));
            let dn = &kept.dn;
            assert_eq!((dn, kept.status == Status::Live), (&name(mirror, known), !known.is_deleted));
            let attributes: BTreeMap<String, BTreeSet<Vec<u8>>> = kept
                .attributes
                .iter()
                .map(|a| (a.name.to_lowercase(), a.values.iter().cloned().collect()))
                .collect();
            // The name is told by the DN, and the SID beside the attributes.
            let names: BTreeSet<&String> = attributes.keys().chain(known.attributes.keys()).collect();
            let different: Vec<&&String> = names
                .iter()
                .filter(|name| !["name", "objectsid"].contains(&name.as_str()))
                .filter(|name| attributes.get(**name) != known.attributes.get(**name))
                .collect();
            assert!(different.is_empty(), "{dn}: {different:?}");
            if !known.is_deleted {
                let links: BTreeSet<_> = kept
                    .links
                    .iter()
                    .map(|l| (l.attribute.to_lowercase(), l.other, l.data.clone()))
                    .filter(|(_, other, _)| live(other) || !mirror.0.contains_key(other))
                    .collect();
                let expected: BTreeSet<_> = known
                    .links
                    .iter()
                    .filter(|(_, o, _)| live(o) || !mirror.0.contains_key(o))
                    .cloned()
                    .collect();
                assert_eq!(links, expected, "{dn}");
            }
        }
        for status in [Status::Live, Status::Deleted, Status::Stripped] {
            let stray = journal.guids(status).unwrap().into_iter().find(|guid| !mirror.0.contains_key(guid));
            assert_eq!(stray, None, "the journal knows an object that nobody read");
        }
    }
}

/// The DN as it is now: that of an object in a container that was renamed is told of the container only.
fn name(mirror: &Mirror, known: &Known) -> String {
    let container = known.parent.and_then(|parent| mirror.0.get(&parent)).filter(|c| c.dn != known.dn);
    let own: Option<Dn> = known.dn.parse().ok();
    match (container, own.as_ref().and_then(Dn::rdn)) {
        (Some(container), Some(_)) => {
            let parent = own.as_ref().and_then(Dn::parent).map(|dn| dn.to_string().len()).unwrap_or_default();
            format!("{}{}", &known.dn[..known.dn.len() - parent], name(mirror, container))
        }
        _ => known.dn.clone(),
    }
}
