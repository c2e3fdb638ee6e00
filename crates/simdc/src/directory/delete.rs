//! Deletion: tombstones where the Recycle Bin is off, deleted objects and recycled ones where it is on ([MS-ADTS] 3.1.1.5.5).

use adrecover_core::Rdn;
use adrecover_core::dn::DELETED_MARK;
use adrecover_core::security::Access;

use super::{Directory, Sight};
use crate::Failure;
use crate::access::Caller;
use crate::failure::Kind;
use crate::schema::{AttrId, known, schema};
use crate::store::{Deletion, FORWARD_LINKS, Id, Value};

/// What a tombstone keeps besides what the schema marks ([MS-ADTS] 3.1.1.5.5.6.1), as far as the table has it.
const KEPT: [&str; 22] = [
    "attributeID",
    "attributeSyntax",
    "dNSHostName",
    "flatName",
    "governsID",
    "groupType",
    "instanceType",
    "lDAPDisplayName",
    "lastKnownParent",
    "legacyExchangeDN",
    "mS-DS-CreatorSID",
    "msDS-LastKnownRDN",
    "nCName",
    "objectSid",
    "oMSyntax",
    "sAMAccountName",
    "sIDHistory",
    "securityIdentifier",
    "subClassOf",
    "systemFlags",
    "trustPartner",
    "userAccountControl",
];

/// `systemFlags` ([MS-ADTS] 2.2.9): not to be deleted; not to be moved by its deletion.
const DISALLOW_DELETE: u32 = 0x8000_0000;
const DISALLOW_MOVE_ON_DELETE: u32 = 0x0200_0000;
/// The longest RDN value, mark and GUID included ([MS-ADTS] 3.1.1.5.5.1).
const LONGEST_MANGLED: usize = 255;

impl Directory {
    /// Deletes an object, with everything below it where the Tree Delete control is given.
    pub fn delete(&mut self, dn: &str, caller: &Caller, sight: Sight, tree: bool) -> Result<(), Failure> {
        let id = self.target(dn, caller, sight)?;
        self.check_may_delete(id, caller, tree)?;
        let deletion = self.store.get(id).map_or(Deletion::Live, |object| object.deletion);
        match deletion {
            // [WPTS]: deleting a deleted object recycles it; a recycled one and a tombstone stay (0x20CE ERROR_DS_CANT_DELETE).
            Deletion::Deleted => self.recycle(id),
            Deletion::Recycled | Deletion::Tombstone => return Err(Failure::unwilling(0x20ce)),
            Deletion::Live => {
                if !tree && self.live_children(id).next().is_some() {
                    // 0x2015 ERROR_DS_CANT_ON_NON_LEAF.
                    return Err(Failure::new(66, 0x2015, Kind::Update, "6003 (CANT_ON_NON_LEAF)"));
                }
                for each in self.children_first(id) {
                    self.bury(each);
                }
            }
        }
        Ok(())
    }

    fn live_children(&self, id: Id) -> impl Iterator<Item = Id> + '_ {
        self.store.children(id).filter(|child| self.store.get(*child).is_some_and(|o| o.is_live()))
    }

    /// An object and all that is below it, each after what is below it.
    fn children_first(&self, id: Id) -> Vec<Id> {
        let (mut order, mut open) = (vec![], vec![id]);
        while let Some(at) = open.pop() {
            order.push(at);
            open.extend(self.live_children(at));
        }
        order.reverse();
        order
    }

    fn check_may_delete(&self, id: Id, caller: &Caller, tree: bool) -> Result<(), Failure> {
        let object = self.store.get(id).ok_or_else(Failure::no_object)?;
        let critical = object.attributes.text(known().is_critical_system_object) == Some("TRUE");
        let flags = object.attributes.integer(known().system_flags).unwrap_or_default() as u32;
        if object.root.is_some() || ((critical || flags & DISALLOW_DELETE != 0) && !caller.is_system) {
            return Err(Failure::unwilling(0x2035));
        }
        let parent = object.parent.and_then(|parent| Some((parent, self.store.get(parent)?)));
        let by_parent = parent.is_some_and(|(id, parent)| caller.may(id, parent, Access::DELETE_CHILD));
        let may = match tree {
            true => caller.may(id, object, Access::DELETE_TREE),
            false => by_parent || caller.may(id, object, Access::DELETE),
        };
        if may { Ok(()) } else { Err(Failure::no_access()) }
    }

    /// Makes one live object a deleted one, or a tombstone.
    pub(super) fn bury(&mut self, id: Id) {
        let k = known();
        let now = self.now();
        let Some(object) = self.store.get(id) else { return };
        let (parent, rdn, guid) = (object.parent, object.rdn.clone(), object.guid);
        let flags = object.attributes.integer(k.system_flags).unwrap_or_default() as u32;
        let container = self.store.context_of_object(id).and_then(|context| context.deleted_objects);
        let place =
            if flags & DISALLOW_MOVE_ON_DELETE != 0 || self.stays_in_place(id) { parent } else { container };
        let mut stripped = match self.recycle_bin {
            true => vec![k.object_category, k.sam_account_type],
            false => self.doomed(id),
        };
        stripped
            .retain(|attribute| self.store.get(id).is_some_and(|o| !o.attributes.get(*attribute).is_empty()));
        for attribute in &stripped {
            self.store.set(id, *attribute, vec![]);
        }
        self.store.set(id, k.last_known_parent, parent.map(Value::Object).into_iter().collect());
        if self.recycle_bin {
            self.store.set(id, k.last_known_rdn, vec![Value::Octets(rdn.value().as_bytes().to_vec())]);
        } else {
            self.store.links.forget(id, &FORWARD_LINKS);
        }
        let bin = self.recycle_bin;
        if let Some(object) = self.store.get_mut(id) {
            object.deletion = if bin { Deletion::Deleted } else { Deletion::Tombstone };
            object.deleted_at = Some(now);
            if !bin {
                object.password = None;
            }
        }
        if let Some(place) = place {
            self.store.relocate(id, place, mangled(&rdn, guid));
        }
        let mut written = attids(&stripped);
        written.extend(["isDeleted", "lastKnownParent", "name", rdn.kind()].iter().filter_map(|n| attid(n)));
        written.extend(attid(if bin { "msDS-LastKnownRDN" } else { "isRecycled" }));
        if !bin {
            written.extend(self.secret_stamps(id));
        }
        self.touch(id, written);
    }

    /// A server below `CN=Sites` stays there when it is deleted (seen on a real DC; its class's default `systemFlags` say so).
    fn stays_in_place(&self, id: Id) -> bool {
        self.store
            .get(id)
            .is_some_and(|o| ["site", "server", "nTDSDSA", "serversContainer"].iter().any(|c| o.is_a(c)))
    }

    /// What a tombstone loses.
    fn doomed(&self, id: Id) -> Vec<AttrId> {
        let Some(object) = self.store.get(id) else { return vec![] };
        let is_lost = |attribute: &AttrId| {
            let attribute = schema().attribute(*attribute);
            !attribute.is_preserved_on_delete()
                && !KEPT.iter().any(|kept| kept.eq_ignore_ascii_case(attribute.name))
        };
        object.attributes.iter().map(|(attribute, _)| attribute).filter(is_lost).collect()
    }

    /// The stamps of a password, which the deletion takes.
    fn secret_stamps(&self, id: Id) -> Vec<u32> {
        let Some(object) = self.store.get(id) else { return vec![] };
        let all = super::password::SECRETS.iter().filter_map(|name| attid(name));
        all.filter(|attid| object.version(*attid) > 0).collect()
    }

    /// Makes a deleted object a recycled one ([MS-ADTS] 3.1.1.5.5.6.3). Last parent and RDN stay, as published transcripts of
    /// Windows DCs show.
    pub(super) fn recycle(&mut self, id: Id) {
        let doomed = self.doomed(id);
        for attribute in &doomed {
            self.store.set(id, *attribute, vec![]);
        }
        self.store.links.forget(id, &FORWARD_LINKS);
        let now = self.now();
        if let Some(object) = self.store.get_mut(id) {
            object.deletion = Deletion::Recycled;
            object.recycled_at = Some(now);
            object.password = None;
        }
        let mut written = attids(&doomed);
        written.extend(attid("isRecycled"));
        written.extend(self.secret_stamps(id));
        self.touch(id, written);
    }
}

fn attid(name: &str) -> Option<u32> {
    schema().find(name).filter(|attribute| attribute.is_replicated()).map(|attribute| attribute.attid)
}

fn attids(attributes: &[AttrId]) -> Vec<u32> {
    let replicated = attributes.iter().map(|id| schema().attribute(*id)).filter(|a| a.is_replicated());
    replicated.map(|attribute| attribute.attid).collect()
}

/// `NAME<LF>DEL:GUID`; the old name is cut where that is too long.
fn mangled(rdn: &Rdn, guid: adrecover_core::ObjectGuid) -> Rdn {
    let tail = format!("{DELETED_MARK}{guid}");
    let head: String = rdn.value().chars().take(LONGEST_MANGLED - tail.len()).collect();
    Rdn::new(rdn.kind(), &(head + &tail))
}
