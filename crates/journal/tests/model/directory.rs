//! A directory in memory, simple enough to be right, that tells its changes as a real one does.

use std::collections::{BTreeMap, BTreeSet};

use adrecover_core::ObjectGuid;
use adrecover_core::change::{AttributeChange, LinkChange, LinkTarget, ObjectChange, Stamp, WholeLinks};
use adrecover_core::time::Timestamp;

pub(crate) const ROOT: u8 = 0;
pub(crate) const DELETED_OBJECTS: u8 = 1;
pub(crate) const UNITS: [u8; 2] = [2, 3];

pub(crate) fn guid(n: u8) -> ObjectGuid {
    ObjectGuid::from_wire(&[n; 16]).unwrap()
}

pub(crate) fn time(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(1_790_000_000 + seconds, 0).unwrap()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Live,
    Bin,
    Tombstone,
}

/// A value with the time and the number of its last write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written<T> {
    pub(crate) value: T,
    pub(crate) at: i64,
    pub(crate) version: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) rdn: String,
    pub(crate) parent: u8,
    pub(crate) old_place: (String, u8),
    pub(crate) state: State,
    pub(crate) attributes: BTreeMap<String, Written<Vec<String>>>,
    pub(crate) changed: i64,
    is_touched: bool,
    has_moved: bool,
}

/// What somebody sees of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) dn: String,
    pub(crate) is_deleted: bool,
    pub(crate) attributes: BTreeMap<String, BTreeSet<Vec<u8>>>,
    /// Of a live object: what it points to, and what points to it.
    pub(crate) links: BTreeSet<(String, ObjectGuid)>,
    pub(crate) referrers: BTreeSet<(String, ObjectGuid)>,
}

pub(crate) type View = BTreeMap<u8, Seen>;

#[derive(Debug, Clone)]
pub(crate) struct Directory {
    pub(crate) has_bin: bool,
    pub(crate) now: i64,
    pub(crate) objects: BTreeMap<u8, Object>,
    pub(crate) links: BTreeMap<(u8, &'static str, u8), Written<bool>>,
    touched_links: BTreeSet<(u8, &'static str, u8)>,
}

impl Directory {
    pub(crate) fn new(has_bin: bool) -> Self {
        let (objects, links, touched_links) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        let mut directory = Self { has_bin, now: 0, objects, links, touched_links };
        for (n, rdn, parent) in [
            (ROOT, "DC=x", ROOT),
            (DELETED_OBJECTS, "CN=Deleted Objects", ROOT),
            (UNITS[0], "OU=A", ROOT),
            (UNITS[1], "OU=B\\, b", ROOT),
        ] {
            directory.add(n, rdn, parent);
        }
        directory
    }

    pub(crate) fn is_live(&self, n: u8) -> bool {
        self.objects.get(&n).is_some_and(|o| o.state == State::Live)
    }

    fn touch(&mut self, n: u8) -> &mut Object {
        let now = self.now;
        let object = self.objects.get_mut(&n).unwrap();
        (object.changed, object.is_touched) = (now, true);
        object
    }

    pub(crate) fn add(&mut self, n: u8, rdn: &str, parent: u8) {
        let object = Object {
            rdn: rdn.to_owned(),
            parent,
            old_place: (rdn.to_owned(), parent),
            state: State::Live,
            attributes: BTreeMap::new(),
            changed: self.now,
            is_touched: true,
            has_moved: true,
        };
        self.objects.insert(n, object);
        self.set(n, "objectClass", &["top", "thing"]);
        self.set(n, "sAMAccountName", &[&format!("account{n}")]);
    }

    pub(crate) fn set(&mut self, n: u8, name: &str, values: &[&str]) {
        let at = self.now;
        let object = self.touch(n);
        let version = object.attributes.get(name).map_or(1, |w| w.version + 1);
        let value = values.iter().map(|v| (*v).to_owned()).collect();
        object.attributes.insert(name.to_owned(), Written { value, at, version });
    }

    pub(crate) fn place(&mut self, n: u8, rdn: &str, parent: u8) {
        let object = self.touch(n);
        (object.rdn, object.parent, object.has_moved) = (rdn.to_owned(), parent, true);
    }

    pub(crate) fn link(&mut self, source: u8, attribute: &'static str, target: u8, is_there: bool) {
        if attribute == "manager" && is_there {
            let others: Vec<_> =
                self.links.keys().filter(|k| k.0 == source && k.1 == attribute).copied().collect();
            // One that is hidden stays, whatever takes its place: nobody can tell what becomes of it then.
            if others.iter().any(|(_, _, other)| !self.is_live(*other)) {
                return;
            }
            for (_, _, other) in others {
                self.link(source, attribute, other, false);
            }
        }
        let at = self.now;
        self.touch(source);
        let version = self.links.get(&(source, attribute, target)).map_or(1, |w| w.version + 1);
        self.links.insert((source, attribute, target), Written { value: is_there, at, version });
        self.touched_links.insert((source, attribute, target));
    }

    pub(crate) fn delete(&mut self, n: u8) {
        let has_bin = self.has_bin;
        let object = self.touch(n);
        object.old_place = (object.rdn.clone(), object.parent);
        let mangled = format!("{}\\0ADEL:{}", object.rdn, guid(n));
        let parent_dn = self.dn(self.objects[&n].parent);
        let old = self.objects[&n].rdn.clone();
        self.objects.get_mut(&n).unwrap().state = if has_bin { State::Bin } else { State::Tombstone };
        self.place(n, &mangled, DELETED_OBJECTS);
        self.set(n, "isDeleted", &["TRUE"]);
        self.set(n, "lastKnownParent", &[&parent_dn]);
        if has_bin {
            self.set(n, "msDS-LastKnownRDN", &[old.trim_start_matches("CN=")]);
        } else {
            self.strip(n);
        }
    }

    /// What of a deleted object is taken when it has no bin to lie in, or when its time there is over.
    pub(crate) fn strip(&mut self, n: u8) {
        self.objects.get_mut(&n).unwrap().state = State::Tombstone;
        self.set(n, "isRecycled", &["TRUE"]);
        let kept = [
            "objectClass",
            "sAMAccountName",
            "isDeleted",
            "isRecycled",
            "lastKnownParent",
            "msDS-LastKnownRDN",
        ];
        let names: Vec<String> = self.objects[&n].attributes.keys().cloned().collect();
        for name in names.iter().filter(|name| !kept.contains(&name.as_str())) {
            self.set(n, name, &[]);
        }
        // Links go without a word, at both ends.
        self.links.retain(|(source, _, target), _| *source != n && *target != n);
        self.touched_links.retain(|(source, _, target)| *source != n && *target != n);
    }

    pub(crate) fn restore(&mut self, n: u8) {
        let (rdn, parent) = self.objects[&n].old_place.clone();
        self.objects.get_mut(&n).unwrap().state = State::Live;
        self.place(n, &rdn, parent);
        for name in ["isDeleted", "isRecycled", "msDS-LastKnownRDN"] {
            if self.objects[&n].attributes.contains_key(name) {
                self.set(n, name, &[]);
            }
        }
    }

    /// It is not there any more, and nobody tells.
    pub(crate) fn vanish(&mut self, n: u8) {
        self.objects.remove(&n);
        self.links.retain(|(source, _, target), _| *source != n && *target != n);
        self.touched_links.retain(|(source, _, target)| *source != n && *target != n);
    }

    pub(crate) fn dn(&self, n: u8) -> String {
        let object = &self.objects[&n];
        if n == ROOT { object.rdn.clone() } else { format!("{},{}", object.rdn, self.dn(object.parent)) }
    }

    pub(crate) fn view(&self) -> View {
        let links = |n: u8, from: bool| -> BTreeSet<(String, ObjectGuid)> {
            let visible = self.links.iter().filter(|((s, _, t), w)| {
                w.value && self.is_live(*s) && self.is_live(*t) && n == if from { *s } else { *t }
            });
            visible.map(|((s, a, t), _)| ((*a).to_owned(), guid(if from { *t } else { *s }))).collect()
        };
        let see = |(n, object): (&u8, &Object)| {
            let set = object.attributes.iter().filter(|(_, w)| !w.value.is_empty());
            let octets = |w: &Written<Vec<String>>| w.value.iter().map(|v| v.clone().into_bytes()).collect();
            let seen = Seen {
                dn: self.dn(*n),
                is_deleted: object.state != State::Live,
                attributes: set.map(|(name, w)| (name.clone(), octets(w))).collect(),
                links: links(*n, true),
                referrers: links(*n, false),
            };
            (*n, seen)
        };
        self.objects.iter().map(see).collect()
    }

    fn stamp(&self, at: i64, version: u32) -> Stamp {
        Stamp { version, at: Some(time(at)), invocation: guid(200), usn: at as u64 }
    }

    fn told(&self, n: u8, object: &Object, has_stamps: bool) -> ObjectChange {
        let mut change = ObjectChange::new(guid(n), self.dn(n));
        change.parent = Some(guid(object.parent)).filter(|_| n != ROOT && object.has_moved);
        change.when_changed = Some(time(object.changed));
        change.is_deleted = object.state != State::Live;
        for (name, w) in &object.attributes {
            let values = w.value.iter().map(|v| v.clone().into_bytes()).collect();
            let stamp = has_stamps.then(|| self.stamp(w.at, w.version));
            change.attributes.push(AttributeChange { name: name.clone().into(), values, stamp });
        }
        change
    }

    fn link_told(
        &self,
        (_, attribute, target): (u8, &'static str, u8),
        w: &Written<bool>,
        has_stamps: bool,
    ) -> LinkChange {
        let dn = if self.objects.contains_key(&target) { self.dn(target) } else { String::new() };
        let target = LinkTarget { guid: Some(guid(target)), sid: None, dn, data: vec![] };
        let stamp = has_stamps.then(|| self.stamp(w.at, w.version));
        LinkChange { attribute: attribute.into(), target, is_present: w.value, stamp }
    }

    /// What DirSync tells of what was changed since then: the attributes and the link values.
    pub(crate) fn deltas(&self, since: i64, has_stamps: bool) -> Vec<ObjectChange> {
        let told = |(n, object): (&u8, &Object)| {
            let mut change = self.told(*n, object, has_stamps);
            change.attributes.retain(|a| object.attributes[&*a.name].at > since);
            let links =
                self.touched_links.iter().filter(|k| k.0 == *n).filter_map(|k| Some((k, self.links.get(k)?)));
            change.links = links.map(|(k, w)| self.link_told(*k, w, has_stamps)).collect();
            change
        };
        self.objects.iter().filter(|(_, o)| o.is_touched).map(told).collect()
    }

    /// What polling tells: whole objects, with the links that a server shows. Where changes are told by DirSync, a full read tells
    /// of hidden links, too: nothing would be told of them when they come to light.
    pub(crate) fn whole(
        &self,
        only_touched: bool,
        has_stamps: bool,
        shows_hidden: bool,
    ) -> Vec<ObjectChange> {
        let told = |(n, object): (&u8, &Object)| {
            let mut change = self.told(*n, object, has_stamps);
            change.parent = Some(guid(object.parent)).filter(|_| *n != ROOT);
            // The stamps tell what was written and is not there any more; only of a restore that is of use.
            let marks = ["isDeleted", "isRecycled", "msDS-LastKnownRDN"];
            change.attributes.retain(|a| !a.values.is_empty() || (has_stamps && marks.contains(&&*a.name)));
            (change.is_whole, change.whole_links) = (true, WholeLinks::All);
            let visible = self.links.iter().filter(|((s, _, t), w)| {
                s == n && w.value && (shows_hidden || (self.is_live(*s) && self.is_live(*t)))
            });
            change.links = visible.map(|(k, w)| self.link_told(*k, w, has_stamps)).collect();
            change
        };
        let mut out: Vec<ObjectChange> =
            self.objects.iter().filter(|(_, o)| o.is_touched || !only_touched).map(told).collect();
        // In the order of their last change.
        out.sort_by_key(|change| change.when_changed);
        out
    }

    /// Whether a link of an object, or to it, was changed and not told.
    pub(crate) fn has_untold_links(&self, n: u8) -> bool {
        self.touched_links.iter().any(|(source, _, target)| *source == n || *target == n)
    }

    /// All that was changed so far has been told.
    pub(crate) fn told_all(&mut self) {
        self.touched_links.clear();
        for object in self.objects.values_mut() {
            (object.is_touched, object.has_moved) = (false, false);
        }
    }
}
