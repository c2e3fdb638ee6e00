//! What whoever makes the changes knows of the directory: which objects there are, and who was a member of what, when.

use std::collections::BTreeMap;

use crate::support::escape_dn;

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    User,
    Group,
    Unit,
}

/// Which object; the number of its place in [`Model::objects`].
pub(super) type Id = usize;

/// The test's own OU.
pub(super) const ROOT: Id = 0;

#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) class: Class,
    pub(super) name: String,
    pub(super) parent: Id,
    pub(super) is_live: bool,
    /// Known after the batch in which it was added.
    pub(super) guid: Option<String>,
    /// How often a value of an attribute may have been written.
    pub(super) writes: BTreeMap<&'static str, u32>,
    /// How often it was deleted or restored.
    pub(super) turns: u32,
    /// Its deletions, one after the other.
    pub(super) deletions: Vec<Deletion>,
}

/// The deletion of an object, seen by whoever did it.
#[derive(Debug, Clone)]
pub(super) struct Deletion {
    /// The batch.
    pub(super) batch: usize,
    /// What it was a member of, and since which batch.
    pub(super) groups: Vec<(Id, usize)>,
    /// For each agent the batch up to which its journal had everything before.
    pub(super) seen: Vec<usize>,
}

/// A membership from one batch to another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Membership {
    pub(super) group: Id,
    pub(super) member: Id,
    pub(super) from: usize,
    pub(super) until: Option<usize>,
    /// Whether the deletion of an end took it: that is told of the other end, too, when it is deleted later.
    pub(super) is_cut: bool,
}

#[derive(Debug)]
pub(super) struct Model {
    pub(super) objects: Vec<Object>,
    pub(super) memberships: Vec<Membership>,
    root: String,
    domain: String,
    tag: String,
    names: usize,
    /// Whether a deletion keeps memberships until the object is back.
    pub(super) has_bin: bool,
    /// Whether the server undeletes.
    pub(super) restores: bool,
    /// The batch that is made.
    pub(super) batch: usize,
}

impl Model {
    pub(super) fn new(root: &str, domain: &str, tag: &str, has_bin: bool) -> Self {
        let top = Object::new(Class::Unit, tag.to_owned(), ROOT);
        Self {
            objects: vec![top],
            memberships: vec![],
            root: root.to_owned(),
            domain: domain.to_owned(),
            tag: tag.to_owned(),
            names: 0,
            has_bin,
            restores: true,
            batch: 0,
        }
    }

    /// A name that no other object has had. Some have what a DN has to escape.
    pub(super) fn name(&mut self) -> String {
        self.names += 1;
        let odd = ["", ", Jr.", " \"so\"", " + #1", " ü李"][self.names % 5];
        format!("{} {}{odd}", self.tag, self.names)
    }

    pub(super) fn add(&mut self, class: Class, name: String, parent: Id) -> Id {
        self.objects.push(Object::new(class, name, parent));
        self.objects.len() - 1
    }

    pub(super) fn rdn(&self, id: Id) -> String {
        let object = &self.objects[id];
        let kind = if object.class == Class::Unit { "OU" } else { "CN" };
        format!("{kind}={}", escape_dn(&object.name))
    }

    /// Where it is, or would be.
    pub(super) fn dn(&self, id: Id) -> String {
        if id == ROOT {
            return self.root.clone();
        }
        format!("{},{}", self.rdn(id), self.dn(self.objects[id].parent))
    }

    /// Where it is while it is deleted.
    pub(super) fn deleted_dn(&self, id: Id) -> Option<String> {
        let guid = self.objects[id].guid.as_ref()?;
        Some(format!("{}\\0ADEL:{guid},CN=Deleted Objects,{}", self.rdn(id), self.domain))
    }

    /// The live objects of a class, without the root.
    pub(super) fn live(&self, class: Class) -> Vec<Id> {
        let is = |id: &Id| self.objects[*id].is_live && self.objects[*id].class == class;
        (1..self.objects.len()).filter(is).collect()
    }

    /// Everything that is live, without the root.
    pub(super) fn all_live(&self) -> Vec<Id> {
        (1..self.objects.len()).filter(|id| self.objects[*id].is_live).collect()
    }

    /// What can be restored.
    pub(super) fn deleted(&self) -> Vec<Id> {
        let is = |id: &Id| !self.objects[*id].is_live && self.objects[*id].guid.is_some();
        (1..self.objects.len()).filter(is).collect()
    }

    /// Whether one is in the other, at any depth, or the same.
    pub(super) fn is_within(&self, mut inner: Id, outer: Id) -> bool {
        loop {
            if inner == outer {
                return true;
            }
            if inner == ROOT {
                return false;
            }
            inner = self.objects[inner].parent;
        }
    }

    pub(super) fn wrote(&mut self, id: Id, attribute: &'static str) {
        *self.objects[id].writes.entry(attribute).or_default() += 1;
    }

    pub(super) fn groups_of(&self, member: Id) -> Vec<(Id, usize)> {
        let now = self.memberships.iter().filter(|m| m.member == member && m.until.is_none());
        now.filter(|m| self.objects[m.group].is_live).map(|m| (m.group, m.from)).collect()
    }

    pub(super) fn is_member(&self, group: Id, member: Id) -> bool {
        self.memberships.iter().any(|m| m.group == group && m.member == member && m.until.is_none())
    }

    pub(super) fn join(&mut self, group: Id, member: Id) {
        self.memberships.push(Membership { group, member, from: self.batch, until: None, is_cut: false });
    }

    pub(super) fn leave(&mut self, group: Id, member: Id) {
        let batch = self.batch;
        let now = self.memberships.iter_mut().filter(|m| m.until.is_none());
        now.filter(|m| m.group == group && m.member == member).for_each(|m| m.until = Some(batch));
    }

    /// An object is deleted, and everything in it.
    pub(super) fn delete(&mut self, id: Id, seen: &[usize]) {
        let gone: Vec<Id> = self.all_live().into_iter().filter(|other| self.is_within(*other, id)).collect();
        for one in gone {
            let (groups, batch) = (self.groups_of(one), self.batch);
            let object = &mut self.objects[one];
            object.is_live = false;
            object.turns += 1;
            object.deletions.push(Deletion { batch, groups, seen: seen.to_vec() });
            if !self.has_bin {
                let now = self.memberships.iter_mut().filter(|m| m.until.is_none());
                for membership in now.filter(|m| m.group == one || m.member == one) {
                    membership.until = Some(batch);
                    membership.is_cut = true;
                }
            }
        }
    }

    /// It is back, below that one.
    pub(super) fn restore(&mut self, id: Id, parent: Id) {
        let object = &mut self.objects[id];
        object.is_live = true;
        object.turns += 1;
        object.parent = parent;
    }
}

impl Object {
    /// Whether an agent may have read a change of one batch and a deletion of this object after it at once.
    pub(super) fn is_read_with(&self, change: usize, agent: usize) -> bool {
        self.deletions.iter().any(|d| d.batch >= change && d.seen[agent] < change)
    }

    fn new(class: Class, name: String, parent: Id) -> Self {
        Self {
            class,
            name,
            parent,
            is_live: true,
            guid: None,
            writes: BTreeMap::new(),
            turns: 0,
            deletions: vec![],
        }
    }
}
