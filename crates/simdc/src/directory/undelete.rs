//! The undelete operation ([MS-ADTS] 3.1.1.5.3.7): one Modify that removes `isDeleted` and replaces `distinguishedName`.

use adrecover_core::Dn;
use adrecover_core::directory::{Change, ChangeKind};
use adrecover_core::security::ids;

use super::modify::{Draft, Manner};
use super::unique::Doing;
use super::{Directory, account};
use crate::Failure;
use crate::access::Caller;
use crate::failure::Kind;
use crate::schema::{known, schema};
use crate::store::{Deletion, Id, Object, Value};

impl Directory {
    /// Brings an object back. Everything is checked before anything is kept.
    pub(super) fn undelete(
        &mut self,
        dn: &str,
        changes: &[Change],
        caller: &Caller,
        manner: Manner,
    ) -> Result<(), Failure> {
        let (removal, target, others) = sort(changes)?;
        let id = self.target(dn, caller, manner.sight)?;
        let object = self.store.get(id).ok_or_else(Failure::no_object)?.clone();
        check_state(&object, removal)?;
        self.check_may_reanimate(id, caller)?;
        let parent = self.check_place(id, &object, &target, caller)?;
        let mut draft = Draft::of(id, object);
        let was = draft.object.deletion;
        self.reanimate(&mut draft, was);
        for change in others {
            self.apply(&mut draft, change, caller, manner)?;
        }
        self.check_names(&draft, changes)?;
        self.check(&mut draft)?;
        let rdn = target.rdn().cloned().ok_or_else(Failure::bad_dn)?;
        let rdn = adrecover_core::Rdn::new(draft.object.rdn.kind(), rdn.value());
        self.store.relocate(id, parent, rdn);
        self.commit(draft);
        self.touch_below(id);
        Ok(())
    }

    /// The control access right on the head of the naming context ([MS-ADTS] 3.1.1.5.3.7.1).
    fn check_may_reanimate(&self, id: Id, caller: &Caller) -> Result<(), Failure> {
        let head = self.store.context_of_object(id).map(|context| context.head);
        let head = head.and_then(|head| self.store.get(head).map(|object| (head, object)));
        let may = head.is_some_and(|(id, object)| caller.has_control(id, object, ids::REANIMATE_TOMBSTONES));
        if may { Ok(()) } else { Err(Failure::no_access()) }
    }

    fn check_place(&self, id: Id, object: &Object, target: &Dn, caller: &Caller) -> Result<Id, Failure> {
        if !self.is_in_context_of(target, id) {
            // 0x20B0 ERROR_DS_CROSS_NC_DN_RENAME; the result code is what Samba's suite, matched to Windows, expects.
            return Err(Failure::new(1, 0x20b0, Kind::Service, "5012 (DIR_ERROR)"));
        }
        let rdn = target.rdn().ok_or_else(Failure::bad_dn)?;
        Self::check_rdn(rdn, object.class())?;
        let parent = self.live_parent(target)?;
        self.check_superior(parent, object.class())?;
        self.check_sibling(parent, rdn.value(), Some(id))?;
        let container = self.store.get(parent).ok_or_else(Failure::no_object)?;
        let naming =
            [Some("name"), Some(object.class().rdn)].into_iter().flatten().filter_map(|n| schema().find(n));
        let may_rename = naming.into_iter().all(|attribute| caller.may_write(id, object, attribute));
        if !may_rename || !caller.may_create(parent, container, object.class()) {
            return Err(Failure::no_access());
        }
        Ok(parent)
    }

    /// What an undelete does by itself.
    fn reanimate(&self, draft: &mut Draft, was: Deletion) {
        let k = known();
        let object = &mut draft.object;
        object.deletion = Deletion::Live;
        object.deleted_at = None;
        self.fill_common(object);
        let class = object.class();
        account::fill_in(object, was == Deletion::Tombstone);
        if was == Deletion::Tombstone && object.is_account() {
            // "When the object is restored, it's disabled at first" (KB 2619308, and Learn's "Restoring deleted objects").
            let uac = object.attributes.integer(k.user_account_control).unwrap_or_default();
            object
                .attributes
                .set(k.user_account_control, account::number(uac | i64::from(account::DISABLED)));
        }
        let mut written = vec!["isDeleted", "name", "objectCategory", class.rdn];
        if was == Deletion::Tombstone {
            written.push("isRecycled");
            written.extend([
                "sAMAccountType",
                "primaryGroupID",
                "pwdLastSet",
                "accountExpires",
                "operatorCount",
                "adminCount",
                "codePage",
                "countryCode",
            ]);
            written.extend(["userAccountControl", "logonCount"]);
        }
        let has = |name: &&&str| {
            let attribute = schema().find(name);
            attribute.is_some_and(|a| {
                !a.is_replicated() || object.class().allowed().contains(&a.id) || name.starts_with("is")
            })
        };
        let attids: Vec<u32> =
            written.iter().filter(has).filter_map(|name| schema().find(name)).map(|a| a.attid).collect();
        draft.write(attids);
    }

    /// The names that the object brings along, or gets with the same request, are free ([MS-ADTS] 3.1.1.5.1.3: uniqueness is
    /// evaluated on undelete).
    fn check_names(&self, draft: &Draft, changes: &[Change]) -> Result<(), Failure> {
        let k = known();
        let is_given = |name: &str| changes.iter().any(|change| change.attribute.eq_ignore_ascii_case(name));
        let attributes = &draft.object.attributes;
        // What came with the request was checked with it.
        if let Some(name) = attributes.text(k.sam_account_name).filter(|_| !is_given("sAMAccountName")) {
            self.check_account_name(name, Some(draft.id), Doing::Undeleting)?;
        }
        if let Some(upn) = attributes.text(k.user_principal_name).filter(|_| !is_given("userPrincipalName")) {
            self.check_upn(upn, Some(draft.id))?;
        }
        for value in attributes.get(k.service_principal_name) {
            if let Value::Octets(octets) = value {
                self.check_spn(&String::from_utf8_lossy(octets), Some(draft.id))?;
            }
        }
        Ok(())
    }

    /// The link `lastKnownParent` of what hung below follows the container, which counts as a change of them.
    fn touch_below(&mut self, id: Id) {
        let Some(attid) = schema().find("lastKnownParent").map(|attribute| attribute.attid) else { return };
        let container = self.store.context_of_object(id).and_then(|context| context.deleted_objects);
        let Some(container) = container.filter(|_| self.is_container(id)) else { return };
        let below: Vec<Id> = self
            .store
            .children(container)
            .filter(|child| {
                let parent = self.store.get(*child).map(|o| o.attributes.get(known().last_known_parent));
                parent == Some(&[Value::Object(id)])
            })
            .collect();
        below.into_iter().for_each(|child| self.touch(child, [attid]));
    }

    fn is_container(&self, id: Id) -> bool {
        self.store
            .get(id)
            .is_some_and(|o| ["organizationalUnit", "container", "computer"].iter().any(|c| o.is_a(c)))
    }
}

/// The change of `isDeleted`, the new DN, and everything else that rides along.
fn sort(changes: &[Change]) -> Result<(&Change, Dn, Vec<&Change>), Failure> {
    let of = |name: &str| changes.iter().find(|change| change.attribute.eq_ignore_ascii_case(name));
    let (Some(removal), Some(place)) = (of("isDeleted"), of("distinguishedName")) else {
        return Err(Failure::unwilling(0x2077));
    };
    let text = match (place.kind, place.values.as_slice()) {
        (ChangeKind::Replace, [value]) => std::str::from_utf8(value).map_err(|_| Failure::bad_dn())?,
        _ => return Err(Failure::unwilling(0x2077)),
    };
    let target: Dn = text.parse().map_err(|_| Failure::bad_dn())?;
    if target.is_empty() {
        return Err(Failure::bad_dn());
    }
    let others = changes.iter().filter(|change| {
        !change.attribute.eq_ignore_ascii_case("isDeleted")
            && !change.attribute.eq_ignore_ascii_case("distinguishedName")
    });
    Ok((removal, target, others.collect()))
}

fn check_state(object: &Object, removal: &Change) -> Result<(), Failure> {
    // Delete it, do not set it to FALSE (Learn, "Restoring deleted objects").
    if removal.kind != ChangeKind::Delete {
        return Err(Failure::constraint(0x202f, "isDeleted"));
    }
    match object.deletion {
        // 0x2076 ERROR_DS_ATT_IS_NOT_ON_OBJ (Microsoft's protocol test suite).
        Deletion::Live => {
            Err(Failure::new(16, 0x2076, Kind::Attribute("isDeleted"), "1001 (NO_ATTRIBUTE_OR_VAL)"))
        }
        Deletion::Recycled => Err(Failure::unwilling(0x2077)),
        Deletion::Deleted | Deletion::Tombstone => Ok(()),
    }
}
