//! What a journal would know: the simplest store that keeps by the rules of `adrecover_core::change`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use adrecover_core::ObjectGuid;
use adrecover_core::change::{Batch, ObjectChange, Phase};

/// One object as it is known.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) dn: String,
    pub(crate) parent: Option<ObjectGuid>,
    pub(crate) is_deleted: bool,
    pub(crate) attributes: BTreeMap<String, BTreeSet<Vec<u8>>>,
    /// By attribute, what it points to and the octets with it.
    pub(crate) links: BTreeSet<(String, ObjectGuid, Vec<u8>)>,
    seen: bool,
    seen_links: BTreeSet<(String, ObjectGuid, Vec<u8>)>,
}

/// All objects that are known.
#[derive(Debug, Default)]
pub(super) struct Mirror(pub(super) HashMap<ObjectGuid, Known>);

impl Mirror {
    pub(super) fn take(&mut self, batch: &Batch) {
        let full = batch.phase == Phase::Full;
        if batch.is_first {
            for known in self.0.values_mut() {
                known.seen = false;
                known.seen_links.clear();
            }
        }
        for object in &batch.objects {
            let known = self.0.entry(object.guid).or_default();
            let dies = object.is_deleted && !known.is_deleted;
            known.take(object, full);
            if dies {
                self.unlink(object.guid);
            }
        }
        if full && batch.is_last {
            self.0.retain(|_, known| known.seen);
            for known in self.0.values_mut() {
                known.links = std::mem::take(&mut known.seen_links);
            }
        }
    }
}

impl Mirror {
    /// Without the Recycle Bin a deletion takes away the links from and to the object for ever, and nothing tells so.
    fn unlink(&mut self, deleted: ObjectGuid) {
        for (guid, known) in &mut self.0 {
            known.links.retain(|(_, target, _)| *guid != deleted && *target != deleted);
        }
    }
}

impl Known {
    fn take(&mut self, object: &ObjectChange, full: bool) {
        self.seen = true;
        self.dn.clone_from(&object.dn);
        self.is_deleted = object.is_deleted;
        self.parent = object.parent.or(self.parent);
        if object.is_whole {
            self.attributes.clear();
        }
        for attribute in &object.attributes {
            let name = attribute.name.to_lowercase();
            if attribute.values.is_empty() {
                self.attributes.remove(&name);
            } else {
                self.attributes.insert(name, attribute.values.iter().cloned().collect());
            }
        }
        self.links.retain(|(name, ..)| !object.whole_links.includes(name));
        for link in &object.links {
            let target = link.target.guid.expect("the lab's servers give GUIDs");
            let value = (link.attribute.to_lowercase(), target, link.target.data.clone());
            if link.is_present {
                if full {
                    self.seen_links.insert(value.clone());
                }
                self.links.insert(value);
            } else {
                self.seen_links.remove(&value);
                self.links.remove(&value);
            }
        }
    }
}
