//! Changes of an object ([MS-ADTS] 3.1.1.5.3).

use std::collections::BTreeSet;

use adrecover_core::directory::{Change, ChangeKind};
use adrecover_core::security::{Access, SecurityDescriptor, ids};

use super::add::{check_attribute, check_complete, find_attribute, password_of};
use super::{Directory, Sight, account, password};
use crate::Failure;
use crate::access::Caller;
use crate::failure::Kind;
use crate::schema::{Attribute, Syntax, known, schema};
use crate::store::{Id, Object, Value, fold};

/// How a request came.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// Which states of objects it is about.
    pub sight: Sight,
    /// Whether the connection is encrypted.
    pub is_encrypted: bool,
    /// Permissive modify: what is there already, or not there any more, is no error.
    pub is_permissive: bool,
}

/// An object with the changes of a request, before they are kept.
pub(super) struct Draft {
    pub(super) id: Id,
    pub(super) object: Object,
    links: Vec<(crate::schema::AttrId, Id, bool)>,
    written: BTreeSet<u32>,
    new_password: Option<String>,
    /// Whether the old password was shown, in a change by its owner.
    knows_old: bool,
}

impl Directory {
    /// Applies the changes of one request: all of them or none.
    pub fn modify(
        &mut self,
        dn: &str,
        changes: &[Change],
        caller: &Caller,
        manner: Manner,
    ) -> Result<(), Failure> {
        let is = |name: &str| changes.iter().any(|change| change.attribute.eq_ignore_ascii_case(name));
        if is("isDeleted") && is("distinguishedName") {
            return self.undelete(dn, changes, caller, manner);
        }
        let id = self.target(dn, caller, manner.sight)?;
        let object = self.store.get(id).ok_or_else(Failure::no_object)?.clone();
        // [MS-ADTS] 3.1.1.5.3.2: 0x2077 ERROR_DS_ILLEGAL_MOD_OPERATION for deleted objects, but the container of them is changed.
        let is_container = self.store.contexts.iter().any(|context| context.deleted_objects == Some(id));
        if (!object.is_live() && !is_container) || is("isDeleted") || is("distinguishedName") {
            return Err(Failure::unwilling(0x2077));
        }
        self.check_far_ends(changes)?;
        let mut draft = Draft::of(id, object);
        for change in changes {
            self.apply(&mut draft, change, caller, manner)?;
        }
        self.check(&mut draft)?;
        self.commit(draft);
        Ok(())
    }

    /// What names of other domains' objects in a request lead to.
    fn check_far_ends(&mut self, changes: &[Change]) -> Result<(), Failure> {
        for change in changes {
            if find_attribute(&change.attribute)?.forward_link().is_none() {
                continue;
            }
            for value in &change.values {
                let target = self.named(value)?;
                self.check_known(value, target)?;
            }
        }
        Ok(())
    }

    /// One change of a draft.
    pub(super) fn apply(
        &self,
        draft: &mut Draft,
        change: &Change,
        caller: &Caller,
        manner: Manner,
    ) -> Result<(), Failure> {
        let attribute = find_attribute(&change.attribute)?;
        let k = known();
        if attribute.id == k.unicode_pwd {
            return self.apply_password(draft, change, caller, manner);
        }
        if attribute.id == k.security_descriptor {
            return self.apply_descriptor(draft, change, caller);
        }
        self.check_may_write(draft, attribute, caller)?;
        check_attribute(draft.object.class(), attribute, &change.values)?;
        if attribute.forward_link().is_some() {
            return self.apply_link(draft, attribute, change, manner);
        }
        self.apply_values(draft, attribute, change, manner)
    }

    fn check_may_write(&self, draft: &Draft, attribute: &Attribute, caller: &Caller) -> Result<(), Failure> {
        let k = known();
        if attribute.id == k.name || attribute.name.eq_ignore_ascii_case(draft.object.class().rdn) {
            // 0x2016 ERROR_DS_CANT_ON_RDN.
            return Err(Failure::new(67, 0x2016, Kind::Update, "6004 (CANT_ON_RDN)"));
        }
        if !caller.may_write(draft.id, &draft.object, attribute) {
            return Err(Failure::no_access());
        }
        let for_system = attribute.is_system_only || attribute.id == k.object_class;
        // The interval of managed passwords is given once, when the account is made or brought back (from memory).
        let is_first = attribute.id == k.managed_password_interval
            && draft.object.attributes.get(attribute.id).is_empty();
        if for_system && !caller.is_system && attribute.id != k.last_known_parent && !is_first {
            // 0x20B1 ERROR_DS_CANT_MOD_SYSTEM_ONLY.
            return Err(Failure::constraint(0x20b1, attribute.name));
        }
        Ok(())
    }

    fn apply_values(
        &self,
        draft: &mut Draft,
        attribute: &'static Attribute,
        change: &Change,
        manner: Manner,
    ) -> Result<(), Failure> {
        let old = draft.object.attributes.get(attribute.id).to_vec();
        let mut given = vec![];
        for value in &change.values {
            let value = match attribute.id == known().pwd_last_set {
                true => account::password_stamp(self, value),
                false => value.clone(),
            };
            given.push(self.kept(attribute, &value)?);
        }
        let new = match change.kind {
            ChangeKind::Replace => given,
            ChangeKind::Add => added(attribute, old, given, manner.is_permissive)?,
            ChangeKind::Delete => removed(attribute, old, given, manner.is_permissive)?,
        };
        if attribute.is_single && new.len() > 1 {
            return Err(Failure::constraint(0x2081, attribute.name));
        }
        if change.kind != ChangeKind::Delete {
            account::check_value(self, &draft.object, Some(draft.id), attribute.id, &change.values)?;
        }
        draft.object.attributes.set(attribute.id, new);
        draft.written.insert(attribute.attid);
        Ok(())
    }

    fn apply_link(
        &self,
        draft: &mut Draft,
        attribute: &'static Attribute,
        change: &Change,
        manner: Manner,
    ) -> Result<(), Failure> {
        let targets = change.values.iter().map(|value| self.named(value)).collect::<Result<Vec<_>, _>>()?;
        let current: Vec<Id> = self.store.links.targets(draft.id, attribute.id).collect();
        let mut set = |target, present| draft.links.push((attribute.id, target, present));
        match change.kind {
            ChangeKind::Add => {
                for target in targets {
                    let is_primary = attribute.id == known().member && self.is_primary(draft.id, target);
                    self.check_across(draft.id, attribute.id, target)?;
                    if current.contains(&target) || is_primary {
                        if manner.is_permissive {
                            continue;
                        }
                        // 562 ERROR_MEMBER_IN_GROUP.
                        return Err(Failure::new(68, 0x562, Kind::Update, "6005 (ENTRY_EXISTS)"));
                    }
                    if attribute.is_single && !current.is_empty() {
                        return Err(Failure::constraint(0x2081, attribute.name));
                    }
                    set(target, true);
                }
            }
            ChangeKind::Delete if targets.is_empty() => {
                if current.is_empty() && !manner.is_permissive {
                    return Err(Failure::new(
                        16,
                        0x2084,
                        Kind::Attribute(attribute.name),
                        "1001 (NO_ATTRIBUTE_OR_VAL)",
                    ));
                }
                current.into_iter().for_each(|target| set(target, false));
            }
            ChangeKind::Delete => {
                for target in targets {
                    if current.contains(&target) {
                        set(target, false);
                    } else if !manner.is_permissive {
                        // 561 ERROR_MEMBER_NOT_IN_GROUP.
                        return Err(Failure::unwilling(0x561));
                    }
                }
            }
            ChangeKind::Replace => {
                current.iter().filter(|id| !targets.contains(id)).for_each(|id| set(*id, false));
                targets.iter().filter(|id| !current.contains(id)).for_each(|id| set(*id, true));
            }
        }
        Ok(())
    }

    fn is_primary(&self, group: Id, member: Id) -> bool {
        let rid = self.store.get(group).and_then(|group| group.sid()?.rid());
        let primary = self.store.get(member).and_then(|m| m.attributes.integer(known().primary_group_id));
        rid.is_some() && primary == rid.map(i64::from)
    }

    /// Replace sets a password with a control access right; delete and add change it for whoever knows the old one ([MS-ADTS]
    /// 3.1.1.3.1.5.1).
    fn apply_password(
        &self,
        draft: &mut Draft,
        change: &Change,
        caller: &Caller,
        manner: Manner,
    ) -> Result<(), Failure> {
        let text = password_of(&change.values, manner.is_encrypted)?;
        match change.kind {
            ChangeKind::Delete => {
                if !draft.object.has_password(&text) {
                    // 56 ERROR_INVALID_PASSWORD.
                    return Err(Failure::constraint(0x56, "unicodePwd"));
                }
                draft.knows_old = true;
                return Ok(());
            }
            ChangeKind::Add if draft.knows_old => {}
            ChangeKind::Add => return Err(Failure::unwilling(0x57)),
            ChangeKind::Replace => {
                if !caller.has_control(draft.id, &draft.object, ids::RESET_PASSWORD) {
                    return Err(Failure::no_access());
                }
            }
        }
        let account = draft.object.attributes.text(known().sam_account_name).unwrap_or_default();
        password::check_policy(&text, account)?;
        let stamp = password::filetime(self.now());
        draft.object.attributes.set(known().pwd_last_set, account::number(stamp));
        draft.object.password = Some(crate::store::hash_of(&text));
        let names = password::SECRETS.iter().chain(&["pwdLastSet"]);
        draft.written.extend(names.filter_map(|name| schema().find(name)).map(|a| a.attid));
        draft.new_password = Some(text);
        Ok(())
    }

    fn apply_descriptor(&self, draft: &mut Draft, change: &Change, caller: &Caller) -> Result<(), Failure> {
        if !caller.may(draft.id, &draft.object, Access::WRITE_DACL) {
            return Err(Failure::no_access());
        }
        // Kept by `commit`; only its form is looked at here.
        let [value] = change.values.as_slice() else {
            return Err(Failure::constraint(0x57, "nTSecurityDescriptor"));
        };
        let read = SecurityDescriptor::from_wire(value);
        let mut new = read.map_err(|_| Failure::constraint(0x57, "nTSecurityDescriptor"))?;
        // What the value leaves out stays as it was.
        new.owner = new.owner.or_else(|| draft.object.descriptor.owner.clone());
        new.group = new.group.or_else(|| draft.object.descriptor.group.clone());
        draft.object.descriptor = crate::access::Descriptors::lone(new);
        draft.written.extend(schema().find("nTSecurityDescriptor").map(|a| a.attid));
        Ok(())
    }

    /// What holds for the object as a whole.
    pub(super) fn check(&self, draft: &mut Draft) -> Result<(), Failure> {
        account::check_control(&mut draft.object)?;
        check_complete(&draft.object)
    }

    /// Keeps a draft, as one update.
    pub(super) fn commit(&mut self, draft: Draft) {
        let Draft { id, object, links, written, .. } = draft;
        let Some(old) = self.store.get(id) else { return };
        let new: Vec<_> = object.attributes.iter().map(|(id, values)| (id, values.to_vec())).collect();
        let gone: Vec<_> = old
            .attributes
            .iter()
            .map(|(id, _)| id)
            .filter(|id| object.attributes.get(*id).is_empty())
            .collect();
        let changed: Vec<_> =
            new.into_iter().filter(|(id, values)| old.attributes.get(*id) != values.as_slice()).collect();
        let is_new_descriptor = !std::sync::Arc::ptr_eq(&old.descriptor, &object.descriptor);
        for (attribute, values) in gone.into_iter().map(|id| (id, vec![])).chain(changed) {
            self.store.set(id, attribute, values);
        }
        if is_new_descriptor {
            let shared = self.share((**object.descriptor).clone());
            if let Some(kept) = self.store.get_mut(id) {
                kept.descriptor = shared;
            }
            self.hand_down(id);
        }
        if let Some(kept) = self.store.get_mut(id) {
            kept.password = object.password;
            kept.deletion = object.deletion;
            kept.deleted_at = object.deleted_at;
        }
        self.touch(id, written);
        let (usn, now) = (self.store.usn(), self.now());
        for (attribute, target, present) in links {
            self.store.links.set((id, attribute, target), present, usn, now);
        }
    }

    /// Puts entries before the others of an object's access list.
    pub fn grant(
        &mut self,
        dn: &adrecover_core::Dn,
        aces: Vec<adrecover_core::security::Ace>,
    ) -> Result<(), Failure> {
        let id = self.store.resolve(dn).ok_or_else(Failure::no_object)?;
        let object = self.store.get(id).ok_or_else(Failure::no_object)?;
        let mut new = (**object.descriptor).clone();
        new.dacl.get_or_insert_default().splice(0..0, aces);
        let shared = self.share(new);
        if let Some(object) = self.store.get_mut(id) {
            object.descriptor = shared;
        }
        self.touch(id, schema().find("nTSecurityDescriptor").map(|a| a.attid));
        self.hand_down(id);
        Ok(())
    }

    /// What is below a container inherits its access list anew. Deleted objects keep theirs.
    fn hand_down(&mut self, id: Id) {
        let mut level = vec![id];
        while let Some(at) = level.pop() {
            let Some(parent) = self.store.get(at).map(|o| (**o.descriptor).clone()) else { continue };
            let children: Vec<Id> = self.store.children(at).collect();
            for child in children {
                let Some(object) = self.store.get(child).filter(|object| object.is_live()) else { continue };
                let new = crate::access::inherited_anew(&object.descriptor, &parent, object.class());
                if new != **object.descriptor {
                    let shared = self.share(new);
                    if let Some(kept) = self.store.get_mut(child) {
                        kept.descriptor = shared;
                    }
                    level.push(child);
                }
            }
        }
    }
}

impl Draft {
    pub(super) fn of(id: Id, object: Object) -> Self {
        Self { id, object, links: vec![], written: BTreeSet::new(), new_password: None, knows_old: false }
    }

    /// Notes that attributes were written.
    pub(super) fn write(&mut self, attids: impl IntoIterator<Item = u32>) {
        self.written.extend(attids);
    }
}

/// Whether two values of an attribute are the same.
fn same(attribute: &Attribute, a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Octets(a), Value::Octets(b)) if matches!(attribute.syntax, Syntax::Text | Syntax::Oid) => {
            fold(a) == fold(b)
        }
        _ => a == b,
    }
}

/// 0x2083 ERROR_DS_ATT_VAL_ALREADY_EXISTS.
fn added(
    attribute: &Attribute,
    mut old: Vec<Value>,
    given: Vec<Value>,
    is_permissive: bool,
) -> Result<Vec<Value>, Failure> {
    for value in given {
        match old.iter().any(|known| same(attribute, known, &value)) {
            true if is_permissive => {}
            true => {
                let problem = "1006 (ATT_OR_VALUE_EXISTS)";
                return Err(Failure::new(20, 0x2083, Kind::Attribute(attribute.name), problem));
            }
            false => old.push(value),
        }
    }
    Ok(old)
}

/// 0x2084 ERROR_DS_CANT_REM_MISSING_ATT, 0x2085 ERROR_DS_CANT_REM_MISSING_ATT_VAL.
fn removed(
    attribute: &Attribute,
    mut old: Vec<Value>,
    given: Vec<Value>,
    is_permissive: bool,
) -> Result<Vec<Value>, Failure> {
    let missing =
        |win32| Failure::new(16, win32, Kind::Attribute(attribute.name), "1001 (NO_ATTRIBUTE_OR_VAL)");
    if given.is_empty() {
        return if old.is_empty() && !is_permissive { Err(missing(0x2084)) } else { Ok(vec![]) };
    }
    for value in given {
        match old.iter().position(|known| same(attribute, known, &value)) {
            Some(at) => {
                old.remove(at);
            }
            None if is_permissive => {}
            None => return Err(missing(0x2085)),
        }
    }
    Ok(old)
}
