//! The values of an object's attributes as a client gets them ([MS-ADTS] 3.1.1.3.1.3 and 3.1.1.4.5).

use std::borrow::Cow;

use adrecover_core::security::Access;
use adrecover_core::time::{Timestamp, to_generalized};
use adrecover_core::{Dn, ObjectGuid};

use super::{Directory, Sight};
use crate::access::{Caller, sddl};
use crate::filter::{Name, Subject};
use crate::schema::{Attribute, known, schema};
use crate::store::{Deletion, Id, Object, Value};

/// How objects are read.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// Who reads.
    pub caller: &'a Caller,
    /// Which states and links are shown.
    pub sight: Sight,
    /// Extended DN: 0 with GUID and SID in hexadecimal, 1 as text.
    pub extended_dn: Option<i64>,
    /// SD flags: 1 owner, 2 group, 4 access list, 8 audit list.
    pub sd_parts: u32,
    /// Whether the global catalogue is asked: it holds a part of the attributes.
    pub is_catalogue: bool,
}

/// One object being read. Objects that are made as they are read have no place in the store.
pub(super) struct Seen<'a> {
    pub(super) directory: &'a Directory,
    pub(super) id: Option<Id>,
    pub(super) object: Cow<'a, Object>,
    pub(super) reading: Reading<'a>,
}

impl Directory {
    /// The values of an attribute, whoever asks.
    pub(super) fn values(
        &self,
        id: Option<Id>,
        object: &Object,
        attribute: &Attribute,
        reading: Reading<'_>,
    ) -> Vec<Vec<u8>> {
        if let Some(values) = self.derived(id, object, attribute, reading) {
            return values;
        }
        if attribute.is_constructed() {
            return id.map(|id| self.constructed(id, object, attribute, reading)).unwrap_or_default();
        }
        if attribute.forward_link().is_some() || attribute.is_back_link() {
            return id.map(|id| self.linked(id, object, attribute, reading)).unwrap_or_default();
        }
        let kept = object.attributes.get(attribute.id).iter();
        kept.filter_map(|value| match value {
            Value::Octets(octets) => Some(octets.clone()),
            Value::Object(target) => self.reference(*target, reading),
        })
        .collect()
    }

    /// What is not kept as values but is no constructed attribute either.
    fn derived(
        &self,
        id: Option<Id>,
        object: &Object,
        attribute: &Attribute,
        reading: Reading<'_>,
    ) -> Option<Vec<Vec<u8>>> {
        let k = known();
        let one = |text: String| Some(vec![text.into_bytes()]);
        let flag = |set: bool| Some(if set { vec![b"TRUE".to_vec()] } else { vec![] });
        match attribute.id {
            id if id == k.object_guid => Some(vec![object.guid.to_wire().to_vec()]),
            id if id == k.object_class => {
                Some(object.class().line().map(|class| class.name.as_bytes().to_vec()).collect())
            }
            id if id == k.name || attribute.name.eq_ignore_ascii_case(object.class().rdn) => {
                one(object.rdn.value().to_owned())
            }
            at if at == k.distinguished_name => Some(vec![self.dn_text(id, object, reading).into_bytes()]),
            id if id == k.when_created => one(to_generalized(object.created)),
            id if id == k.when_changed => one(to_generalized(object.changed)),
            id if id == k.usn_created => one(object.usn_created.to_string()),
            id if id == k.usn_changed => one(object.usn_changed.to_string()),
            id if id == k.is_deleted => {
                let is_container = self
                    .store
                    .contexts
                    .iter()
                    .any(|c| c.deleted_objects.is_some() && self.is_deleted_objects(object));
                flag(object.deletion != Deletion::Live || is_container)
            }
            id if id == k.is_recycled => {
                flag(matches!(object.deletion, Deletion::Tombstone | Deletion::Recycled))
            }
            id if id == k.repl_property_meta_data => Some(vec![self.metadata(object)]),
            at if at == k.security_descriptor => {
                let may = id.is_some_and(|id| reading.caller.may(id, object, Access::READ_CONTROL));
                Some(if may { vec![sddl::to_wire(&object.descriptor, reading.sd_parts)] } else { vec![] })
            }
            _ => None,
        }
    }

    pub(super) fn is_deleted_objects(&self, object: &Object) -> bool {
        object.parent.is_some()
            && self.store.contexts.iter().any(|context| {
                context
                    .deleted_objects
                    .and_then(|id| self.store.get(id))
                    .is_some_and(|c| c.guid == object.guid)
            })
    }

    fn linked(&self, id: Id, object: &Object, attribute: &Attribute, reading: Reading<'_>) -> Vec<Vec<u8>> {
        // [MS-ADTS] 3.1.1.3.4.1.25: links from and to deleted objects are shown with a control only.
        let shows_all = reading.sight.deactivated_links;
        if !object.is_live() && !shows_all {
            return vec![];
        }
        let shown = |other: &Id| self.store.get(*other).is_some_and(|o| o.is_live() || shows_all);
        let known = |group: Id| self.shows_members(group, reading.is_catalogue);
        let ids: Vec<Id> = match attribute.link {
            Some(link) if link % 2 == 1 => match schema().of_link(link - 1) {
                Some(forward) => {
                    let sources = self.store.links.sources(id, forward.id).filter(shown);
                    sources.filter(|holder| known(*holder)).collect()
                }
                None => vec![],
            },
            _ if !known(id) => vec![],
            _ => self.store.links.targets(id, attribute.id).filter(shown).collect(),
        };
        ids.into_iter().filter_map(|other| self.reference(other, reading)).collect()
    }

    /// The DN of an object as a value.
    fn reference(&self, target: Id, reading: Reading<'_>) -> Option<Vec<u8>> {
        let object = self.store.get(target)?;
        Some(self.dn_text(Some(target), object, reading).into_bytes())
    }

    /// A DN, with GUID and SID before it where Extended DN asks for that ([MS-ADTS] 3.1.1.3.4.1.5).
    pub(super) fn dn_text(&self, id: Option<Id>, object: &Object, reading: Reading<'_>) -> String {
        let dn = match self.bulk.as_ref().filter(|bulk| id.is_none() && object.parent == Some(bulk.container))
        {
            Some(bulk) => format!("{},{}", object.rdn, bulk.container_name),
            None => self.dn_of(id, object).to_string(),
        };
        let hex = |octets: &[u8]| octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>();
        let is_text = match reading.extended_dn {
            None => return dn,
            Some(form) => form == 1,
        };
        let guid = if is_text { object.guid.to_string() } else { hex(&object.guid.to_wire()) };
        let sid = object.sid().map(|sid| if is_text { sid.to_string() } else { hex(&sid.to_wire()) });
        let sid = sid.map(|sid| format!("<SID={sid}>;")).unwrap_or_default();
        format!("<GUID={guid}>;{sid}{dn}")
    }

    pub(super) fn dn_of(&self, id: Option<Id>, object: &Object) -> Dn {
        match (id, object.parent) {
            (Some(id), _) => self.store.dn(id),
            (None, Some(parent)) => self.store.dn(parent).child(object.rdn.clone()),
            (None, None) => Dn::default(),
        }
    }

    /// `replPropertyMetaData` ([MS-DRSR] 4.1.10.2.22; the layout that a real DC sends).
    fn metadata(&self, object: &Object) -> Vec<u8> {
        let invocation = self.invocation_id.to_wire();
        let mut out = Vec::with_capacity(16 + object.stamps.len() * 48);
        out.extend([1, 0, 0, 0, 0, 0, 0, 0]);
        out.extend((object.stamps.len() as u32).to_le_bytes());
        out.extend([0; 4]);
        for stamp in &object.stamps {
            out.extend(stamp.attid.to_le_bytes());
            out.extend(stamp.version.to_le_bytes());
            out.extend(dstime(stamp.time).to_le_bytes());
            out.extend(invocation);
            out.extend(stamp.usn.to_le_bytes());
            out.extend(stamp.usn.to_le_bytes());
        }
        out
    }

    /// Whether a caller may read an attribute of an object.
    pub(super) fn may_read(
        &self,
        id: Option<Id>,
        object: &Object,
        attribute: &Attribute,
        reading: Reading<'_>,
    ) -> bool {
        if attribute.is_secret()
            || (reading.is_catalogue && !attribute.is_partial && !attribute.is_constructed())
        {
            return false;
        }
        // Objects without a place in the store have the access list of others that were deleted from there.
        let id = id.or(object.parent);
        // A descriptor has a right of its own, which `derived` asks for.
        attribute.id == known().security_descriptor
            || id.is_none_or(|id| reading.caller.may_read(id, object, attribute))
    }
}

/// Seconds since 1601.
fn dstime(time: Timestamp) -> u64 {
    (time.timestamp() + 11_644_473_600).max(0) as u64
}

impl Subject for Seen<'_> {
    fn values(&self, attribute: &Attribute) -> Option<Vec<Vec<u8>>> {
        let may = self.directory.may_read(self.id, &self.object, attribute, self.reading);
        may.then(|| self.directory.values(self.id, &self.object, attribute, self.reading))
    }

    fn resolve(&self, text: &str) -> Option<Id> {
        self.directory.look_up(&Name::read(text)?)
    }

    fn refers(&self, attribute: &Attribute, target: Id) -> Option<bool> {
        if !self.directory.may_read(self.id, &self.object, attribute, self.reading) {
            return None;
        }
        let links = &self.directory.store.links;
        let own = self.id;
        if attribute.id == known().distinguished_name {
            return Some(own == Some(target));
        }
        let shown = self.reading.sight.deactivated_links
            || (self.object.is_live() && self.directory.store.get(target).is_some_and(Object::is_live));
        let holder = if attribute.is_back_link() { Some(target) } else { own };
        let known =
            holder.is_none_or(|holder| self.directory.shows_members(holder, self.reading.is_catalogue));
        Some(match attribute.link {
            Some(_) if !shown || !known => false,
            Some(link) if link % 2 == 1 => {
                let forward = schema().of_link(link - 1);
                own.zip(forward).is_some_and(|(own, forward)| links.has(target, forward.id, own))
            }
            Some(_) => own.is_some_and(|own| links.has(own, attribute.id, target)),
            None => self.object.attributes.get(attribute.id).contains(&Value::Object(target)),
        })
    }

    fn reaches(&self, attribute: &Attribute, target: Id) -> Option<bool> {
        let own = self.id?;
        let links = &self.directory.store.links;
        let mut seen = std::collections::HashSet::new();
        let mut open = vec![own];
        while let Some(at) = open.pop() {
            let next: Vec<Id> = match attribute.link? {
                link if link % 2 == 1 => {
                    let forward = schema().of_link(link - 1)?;
                    links.sources(at, forward.id).collect()
                }
                _ => links.targets(at, attribute.id).collect(),
            };
            if next.contains(&target) {
                return Some(true);
            }
            open.extend(next.into_iter().filter(|id| seen.insert(*id)));
        }
        Some(false)
    }

    fn is_a(&self, class: &str) -> bool {
        class == "*" || self.object.is_a(class) || self.object.class().line().any(|c| c.oid == class)
    }
}

/// The GUID of an object's container, which DirSync tells.
pub(super) fn parent_guid(directory: &Directory, object: &Object) -> Option<ObjectGuid> {
    directory.store.get(object.parent?).map(|parent| parent.guid)
}
