//! Deleted objects in any number, made as they are read: a million of them take no memory.

use std::collections::HashSet;
use std::ops::Range;

use adrecover_core::dn::DELETED_MARK;
use adrecover_core::time::Timestamp;
use adrecover_core::{ObjectGuid, Rdn};
use chrono::Duration;

use crate::directory::Directory;
use crate::schema::{AttrId, ClassId, known, schema};
use crate::store::{Attributes, Deletion, Id, Object, Stamp, Value};

/// What begins the GUIDs of these objects; the rest is the number.
const MARK: [u8; 8] = *b"adrcvblk";

/// Deleted users `Bulk User 0000000` and so on. All were deleted from one container, a second after each other.
#[derive(Debug, Clone)]
pub struct Bulk {
    /// The Deleted Objects container.
    pub container: Id,
    /// Its DN.
    pub(crate) container_name: String,
    /// In which state they are.
    pub deletion: Deletion,
    count: u64,
    first_usn: u64,
    /// The container that they were deleted from, and an object whose access list they have.
    parent: Id,
    like: Id,
    began: Timestamp,
    class: ClassId,
    attributes: Vec<(AttrId, Vec<Value>)>,
    attids: Vec<u32>,
    /// Those that were looked at one by one, and are kept since.
    made: HashSet<u64>,
}

impl Bulk {
    /// Which of the objects were changed within a range of update sequence numbers.
    pub(crate) fn numbers(&self, low: u64, high: u64) -> Range<u64> {
        let first = low.saturating_sub(self.first_usn).min(self.count);
        let end = high.saturating_add(1).saturating_sub(self.first_usn).min(self.count);
        first..end.max(first)
    }

    /// Which of the objects have a value of an indexed attribute.
    pub(crate) fn named(&self, directory: &Directory, attribute: AttrId, value: &[u8]) -> Option<u64> {
        let k = known();
        let text = || std::str::from_utf8(value).ok().map(str::to_lowercase);
        let number = |account: &str| account.strip_prefix("bulk")?.parse::<u64>().ok();
        let found = match attribute {
            id if id == k.object_guid => self.number_of(ObjectGuid::from_wire(value).ok()?),
            id if id == k.object_sid => {
                let sid = adrecover_core::Sid::from_wire(value).ok()?;
                let is_ours = sid.domain().as_ref() == Some(&directory.domain_sid);
                sid.rid().filter(|_| is_ours).and_then(|rid| rid.checked_sub(0x1000_0000)).map(u64::from)
            }
            id if id == k.sam_account_name => number(&text()?),
            id if id == k.user_principal_name => number(text()?.split_once('@')?.0),
            _ => None,
        };
        found.filter(|number| *number < self.count)
    }

    fn guid(number: u64) -> ObjectGuid {
        let mut octets = [0; 16];
        octets[..8].copy_from_slice(&MARK);
        octets[8..].copy_from_slice(&number.to_be_bytes());
        uuid::Uuid::from_bytes(octets).into()
    }

    fn number_of(&self, guid: ObjectGuid) -> Option<u64> {
        let octets: [u8; 16] = *guid.to_string().parse::<uuid::Uuid>().ok()?.as_bytes();
        let number = u64::from_be_bytes(octets[8..].try_into().ok()?);
        (octets[..8] == MARK && number < self.count && !self.made.contains(&number)).then_some(number)
    }

    /// The object of a number; `None` for one that is kept by now.
    pub(crate) fn object(&self, directory: &Directory, number: u64) -> Option<Object> {
        if !self.made.is_empty() && self.made.contains(&number) {
            return None;
        }
        let like = directory.store.get(self.like)?;
        let k = known();
        let guid = Self::guid(number);
        let deleted = self.began + Duration::seconds(number as i64);
        let usn = self.first_usn + number;
        let account = format!("bulk{number:07}");
        let mut attributes = Attributes::default();
        for (id, values) in &self.attributes {
            attributes.set(*id, values.clone());
        }
        let sid = directory.domain_sid.with_rid(0x1000_0000 + number as u32);
        attributes.set(k.object_sid, vec![Value::Octets(sid.to_wire())]);
        attributes.set(k.last_known_parent, vec![Value::Object(self.parent)]);
        if self.deletion == Deletion::Deleted {
            let name = format!("Bulk User {number:07}");
            attributes.set(k.last_known_rdn, vec![Value::Octets(name.into_bytes())]);
            let upn = format!("{account}@{}", directory.settings.domain);
            attributes.set(k.user_principal_name, vec![Value::Octets(upn.into_bytes())]);
        }
        attributes.set(k.sam_account_name, vec![Value::Octets(account.into_bytes())]);
        let stamp = |attid: &u32| Stamp { attid: *attid, version: 2, time: deleted, usn };
        let mut stamps: Vec<Stamp> = self.attids.iter().map(stamp).collect();
        for stamp in stamps.iter_mut().filter(|stamp| stamp.attid == adrecover_core::metadata::IS_DELETED) {
            stamp.version = 1;
        }
        Some(Object {
            guid,
            parent: Some(self.container),
            root: None,
            rdn: Rdn::new("CN", &format!("Bulk User {number:07}{DELETED_MARK}{guid}")),
            class: self.class,
            deletion: self.deletion,
            deleted_at: Some(deleted),
            recycled_at: None,
            attributes,
            stamps,
            usn_created: usn,
            usn_changed: usn,
            created: self.began,
            changed: deleted,
            descriptor: like.descriptor.clone(),
            password: None,
        })
    }
}

impl Directory {
    /// Adds so many deleted users, last deleted now, that were below a container.
    pub fn add_bulk(&mut self, count: u64, parent: Id) -> Option<()> {
        let class = schema().class("user")?.id;
        let container = self.store.contexts.first()?.deleted_objects?;
        let value = |text: &str| vec![Value::Octets(text.as_bytes().to_vec())];
        let k = known();
        let attributes = vec![(k.instance_type, value("4")), (k.user_account_control, value("514"))];
        // As many stamps as an ordinary user of a real DC has.
        let names = "objectClass cn instanceType whenCreated isDeleted displayName nTSecurityDescriptor name \
                     userAccountControl codePage countryCode homeDirectory logonHours unicodePwd ntPwdHistory pwdLastSet \
                     primaryGroupID supplementalCredentials objectSid accountExpires lmPwdHistory sAMAccountName \
                     sAMAccountType userPrincipalName objectCategory mail";
        let mut attids: Vec<u32> =
            names.split(' ').filter_map(|n| schema().find(n)).map(|a| a.attid).collect();
        attids.sort_unstable();
        let deletion = if self.recycle_bin() { Deletion::Deleted } else { Deletion::Tombstone };
        let began = self.now() - Duration::seconds(count as i64);
        let first_usn = self.store.skip_usns(count);
        self.bulk = Some(Bulk {
            container,
            container_name: self.store.dn(container).to_string(),
            deletion,
            count,
            first_usn,
            parent,
            like: parent,
            began,
            class,
            attributes,
            attids,
            made: HashSet::new(),
        });
        Some(())
    }

    /// Keeps one of these objects from now on, because it is looked at or changed by itself.
    pub(crate) fn materialise(&mut self, guid: ObjectGuid) -> Option<Id> {
        let bulk = self.bulk.as_ref()?;
        let number = bulk.number_of(guid)?;
        let object = bulk.object(self, number)?;
        if let Some(bulk) = &mut self.bulk {
            bulk.made.insert(number);
        }
        Some(self.store.insert(object))
    }
}
