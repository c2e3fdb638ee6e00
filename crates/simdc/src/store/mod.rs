//! The objects of the directory with everything by which they are found.

mod links;
mod object;

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use adrecover_core::time::Timestamp;
use adrecover_core::{Dn, ObjectGuid, Rdn};

use crate::schema::{AttrId, Syntax, schema};

pub use links::{LinkValue, Links};
pub(crate) use object::hash_of;
pub use object::{Attributes, Deletion, Id, Object, Stamp, Value};

/// A naming context.
#[derive(Debug, Clone)]
pub struct NamingContext {
    /// Its DN.
    pub dn: Dn,
    /// Its head.
    pub head: Id,
    /// Its Deleted Objects container; the schema has none.
    pub deleted_objects: Option<Id>,
}

/// All objects.
#[derive(Debug, Clone, Default)]
pub struct Store {
    objects: Vec<Option<Object>>,
    by_guid: HashMap<ObjectGuid, Id>,
    children: HashMap<Id, BTreeMap<String, Id>>,
    index: HashMap<(AttrId, Vec<u8>), Vec<Id>>,
    by_usn: BTreeMap<u64, Id>,
    /// The links between them.
    pub links: Links,
    /// The naming contexts, the domain first.
    pub contexts: Vec<NamingContext>,
    usn: u64,
}

/// The forward links of the schema.
pub(crate) static FORWARD_LINKS: LazyLock<Vec<AttrId>> =
    LazyLock::new(|| schema().attributes().filter(|a| a.forward_link().is_some()).map(|a| a.id).collect());

impl Store {
    /// `highestCommittedUSN`.
    pub fn usn(&self) -> u64 {
        self.usn
    }

    /// The next update sequence number.
    pub(crate) fn next_usn(&mut self) -> u64 {
        self.usn += 1;
        self.usn
    }

    /// Leaves out so many numbers, which stand for objects that are made as they are read.
    pub(crate) fn skip_usns(&mut self, count: u64) -> u64 {
        let first = self.usn + 1;
        self.usn += count;
        first
    }

    /// An object; `None` where it was collected as garbage.
    pub fn get(&self, id: Id) -> Option<&Object> {
        self.objects.get(id.0 as usize)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, id: Id) -> Option<&mut Object> {
        self.objects.get_mut(id.0 as usize)?.as_mut()
    }

    /// How many places for objects were ever used.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether nothing was ever stored.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// Every object.
    pub fn iter(&self) -> impl Iterator<Item = (Id, &Object)> {
        let numbered = self.objects.iter().enumerate();
        numbered.filter_map(|(at, object)| Some((Id(at as u32), object.as_ref()?)))
    }

    /// The object of a GUID.
    pub fn by_guid(&self, guid: ObjectGuid) -> Option<Id> {
        self.by_guid.get(&guid).copied()
    }

    /// The objects with a value of an indexed attribute; more than that where values differ by what the key folds.
    pub fn by_value(&self, attribute: AttrId, value: &[u8]) -> &[Id] {
        self.index.get(&(attribute, key(attribute, value))).map_or(&[], Vec::as_slice)
    }

    /// The objects that were changed last within a range of update sequence numbers.
    pub fn by_usn(&self, low: u64, high: u64) -> impl Iterator<Item = Id> + '_ {
        let range = (low <= high).then(|| self.by_usn.range(low..=high));
        range.into_iter().flatten().map(|(_, id)| *id)
    }

    /// The children of an object, by name.
    pub fn children(&self, id: Id) -> impl Iterator<Item = Id> + '_ {
        self.children.get(&id).into_iter().flatten().map(|(_, child)| *child)
    }

    /// Whether an object has children.
    pub fn has_children(&self, id: Id) -> bool {
        self.children.get(&id).is_some_and(|children| !children.is_empty())
    }

    /// The child of a name, whatever its type: siblings differ by it ([MS-ADTS] 3.1.1.3.1.2.1).
    pub fn child(&self, parent: Id, name: &str) -> Option<Id> {
        self.children.get(&parent)?.get(&name.to_lowercase()).copied()
    }

    /// The naming context that a DN lies in.
    pub fn context_of(&self, dn: &Dn) -> Option<&NamingContext> {
        self.contexts.iter().filter(|c| dn.is_at_or_below(&c.dn)).max_by_key(|c| c.dn.depth())
    }

    /// The naming context that an object lies in.
    pub fn context_of_object(&self, id: Id) -> Option<&NamingContext> {
        let head = self.line(id).last()?;
        self.contexts.iter().find(|context| context.head == head)
    }

    /// An object and its containers, up to the head of the naming context.
    pub fn line(&self, id: Id) -> impl Iterator<Item = Id> + '_ {
        std::iter::successors(Some(id), |id| self.get(*id)?.parent)
    }

    /// The object of a DN.
    pub fn resolve(&self, dn: &Dn) -> Option<Id> {
        let context = self.context_of(dn)?;
        let mut rdns: Vec<Rdn> = vec![];
        let mut rest = dn.clone();
        while rest.depth() > context.dn.depth() {
            rdns.extend(rest.rdn().cloned());
            rest = rest.parent()?;
        }
        rdns.iter().rev().try_fold(context.head, |at, rdn| {
            let child = self.child(at, rdn.value())?;
            let fits = self.get(child)?.rdn.kind().eq_ignore_ascii_case(rdn.kind());
            fits.then_some(child)
        })
    }

    /// The DN of an object.
    pub fn dn(&self, id: Id) -> Dn {
        let mut rdns = vec![];
        for at in self.line(id) {
            let Some(object) = self.get(at) else { break };
            if let Some(root) = &object.root {
                return rdns.into_iter().rev().fold(root.clone(), |dn, rdn| dn.child(rdn));
            }
            rdns.push(object.rdn.clone());
        }
        rdns.into_iter().rev().fold(Dn::default(), |dn, rdn| dn.child(rdn))
    }

    /// Stores a new object.
    pub(crate) fn insert(&mut self, object: Object) -> Id {
        let id = Id(self.objects.len() as u32);
        self.by_guid.insert(object.guid, id);
        self.by_usn.insert(object.usn_changed, id);
        if let Some(parent) = object.parent {
            self.children.entry(parent).or_default().insert(object.rdn.value().to_lowercase(), id);
        }
        let attributes = object.attributes.clone();
        self.objects.push(Some(object));
        attributes.iter().for_each(|(attribute, values)| self.index_values(id, attribute, values));
        id
    }

    /// Drops an object for good.
    pub(crate) fn remove(&mut self, id: Id) {
        self.links.forget(id, &FORWARD_LINKS);
        let Some(object) = self.objects.get_mut(id.0 as usize).and_then(Option::take) else { return };
        self.by_guid.remove(&object.guid);
        self.by_usn.remove(&object.usn_changed);
        if let Some(siblings) = object.parent.and_then(|parent| self.children.get_mut(&parent)) {
            siblings.remove(&object.rdn.value().to_lowercase());
        }
        object.attributes.iter().for_each(|(attribute, values)| self.unindex_values(id, attribute, values));
    }

    /// Replaces the values of an attribute that is kept.
    pub(crate) fn set(&mut self, id: Id, attribute: AttrId, values: Vec<Value>) {
        let Some(object) = self.get_mut(id) else { return };
        let old = object.attributes.get(attribute).to_vec();
        object.attributes.set(attribute, values.clone());
        self.unindex_values(id, attribute, &old);
        self.index_values(id, attribute, &values);
    }

    /// Puts an object somewhere else.
    pub(crate) fn relocate(&mut self, id: Id, parent: Id, rdn: Rdn) {
        let Some(object) = self.get_mut(id) else { return };
        let old = object.parent.replace(parent);
        let old_name = std::mem::replace(&mut object.rdn, rdn.clone()).value().to_lowercase();
        if let Some(siblings) = old.and_then(|old| self.children.get_mut(&old)) {
            siblings.remove(&old_name);
        }
        self.children.entry(parent).or_default().insert(rdn.value().to_lowercase(), id);
    }

    /// Notes that attributes of an object were written, as one update.
    pub(crate) fn touch(&mut self, id: Id, attids: impl IntoIterator<Item = u32>, now: Timestamp) -> u64 {
        let usn = self.next_usn();
        if let Some(object) = self.get_mut(id) {
            attids.into_iter().for_each(|attid| object.stamp(attid, now, usn));
            object.changed = now;
            let old = std::mem::replace(&mut object.usn_changed, usn);
            self.by_usn.remove(&old);
            self.by_usn.insert(usn, id);
        }
        usn
    }

    fn index_values(&mut self, id: Id, attribute: AttrId, values: &[Value]) {
        if !schema().attribute(attribute).is_indexed() {
            return;
        }
        for value in values {
            if let Value::Octets(octets) = value {
                self.index.entry((attribute, key(attribute, octets))).or_default().push(id);
            }
        }
    }

    fn unindex_values(&mut self, id: Id, attribute: AttrId, values: &[Value]) {
        if !schema().attribute(attribute).is_indexed() {
            return;
        }
        for value in values {
            let Value::Octets(octets) = value else { continue };
            let key = (attribute, key(attribute, octets));
            if let Some(ids) = self.index.get_mut(&key) {
                ids.retain(|known| *known != id);
                if ids.is_empty() {
                    self.index.remove(&key);
                }
            }
        }
    }
}

/// What equal values of an attribute have in common.
pub(crate) fn key(attribute: AttrId, value: &[u8]) -> Vec<u8> {
    match schema().attribute(attribute).syntax {
        Syntax::Text | Syntax::Oid => fold(value),
        _ => value.to_vec(),
    }
}

/// Text without its case ([MS-ADTS] 3.1.1.2.2.4.14: Unicode strings are compared without case). What is no text stays as it is.
pub(crate) fn fold(value: &[u8]) -> Vec<u8> {
    if value.is_ascii() {
        return value.to_ascii_lowercase();
    }
    std::str::from_utf8(value).map_or_else(|_| value.to_vec(), |text| text.to_lowercase().into_bytes())
}
