//! New objects ([MS-ADTS] 3.1.1.5.2).

use std::collections::HashSet;

use adrecover_core::{Dn, Rdn};

use super::{Directory, account, password};
use crate::Failure;
use crate::access::{self, Caller};
use crate::failure::Kind;
use crate::filter::Name;
use crate::schema::{AttrId, Attribute, Class, Syntax, known, schema};
use crate::store::{Attributes, Deletion, Id, Object, Value};

/// What a request says of an object's attributes, looked up and taken apart.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) kept: Vec<(AttrId, Vec<Value>)>,
    pub(super) links: Vec<(AttrId, Vec<Id>)>,
    pub(super) password: Option<String>,
    pub(super) descriptor: Option<Vec<u8>>,
}

type Given = [(String, Vec<Vec<u8>>)];

impl Directory {
    /// Adds an object over LDAP.
    pub fn add(
        &mut self,
        dn: &str,
        given: &Given,
        caller: &Caller,
        is_encrypted: bool,
    ) -> Result<Id, Failure> {
        let dn: Dn = dn.parse().map_err(|_| Failure::bad_dn())?;
        let rdn = dn.rdn().cloned().ok_or_else(Failure::bad_dn)?;
        let class = class_of(given)?;
        let missing = |_| Failure::no_object();
        let parent = self.live_parent(&dn).map_err(missing)?;
        let container = self.store.get(parent).ok_or_else(Failure::no_object)?;
        if !self.is_visible(parent, container.parent, caller) {
            return Err(Failure::no_object());
        }
        if !caller.may_create(parent, container, class) {
            return Err(Failure::no_access());
        }
        Self::check_rdn(&rdn, class)?;
        self.check_superior(parent, class)?;
        self.check_sibling(parent, rdn.value(), None)?;
        // Who creates a secret must do so on an encrypted connection ([MS-ADTS] 3.1.1.3.1.5.1).
        let for_system = |name: &String| {
            schema().find(name).is_some_and(|a| {
                a.is_system_only && a.id != known().object_class && a.id != known().managed_password_interval
            })
        };
        if let Some((name, _)) = given.iter().find(|(name, _)| !caller.is_system && for_system(name)) {
            let attribute = find_attribute(name)?;
            return Err(Failure::constraint(0x20b1, attribute.name));
        }
        let wanted = self.wanted(class, given, is_encrypted)?;
        self.create(parent, rdn, class, wanted, caller)
    }

    /// Adds an object as the system: with its container and what a request would say.
    pub fn add_as_system(&mut self, dn: &str, given: &[(&str, &[&[u8]])]) -> Result<Id, Failure> {
        let owned = given.iter().map(|(name, values)| {
            ((*name).to_owned(), values.iter().map(|value| value.to_vec()).collect::<Vec<_>>())
        });
        self.add(dn, &owned.collect::<Vec<_>>(), &Caller::system(), true)
    }

    /// Looks up attributes and values, and refuses what the class does not have.
    fn wanted(&self, class: &Class, given: &Given, is_encrypted: bool) -> Result<Wanted, Failure> {
        let mut wanted = Wanted::default();
        for (name, values) in given {
            let attribute = find_attribute(name)?;
            if attribute.id == known().object_class || attribute.name.eq_ignore_ascii_case(class.rdn) {
                continue;
            }
            if values.is_empty() {
                return Err(Failure::constraint(0x57, attribute.name));
            }
            self.sort_in(&mut wanted, class, attribute, values, is_encrypted)?;
        }
        Ok(wanted)
    }

    pub(super) fn sort_in(
        &self,
        wanted: &mut Wanted,
        class: &Class,
        attribute: &'static Attribute,
        values: &[Vec<u8>],
        is_encrypted: bool,
    ) -> Result<(), Failure> {
        let k = known();
        if attribute.id == k.unicode_pwd {
            wanted.password = Some(password_of(values, is_encrypted)?);
            return Ok(());
        }
        if attribute.id == k.security_descriptor {
            wanted.descriptor = values.first().cloned();
            return Ok(());
        }
        check_attribute(class, attribute, values)?;
        if attribute.forward_link().is_some() {
            let targets = values.iter().map(|value| self.named(value)).collect::<Result<_, _>>()?;
            wanted.links.push((attribute.id, targets));
            return Ok(());
        }
        let kept = values.iter().map(|value| self.kept(attribute, value)).collect::<Result<_, _>>()?;
        wanted.kept.push((attribute.id, kept));
        Ok(())
    }

    /// A value as it is kept.
    pub(super) fn kept(&self, attribute: &Attribute, value: &[u8]) -> Result<Value, Failure> {
        check_syntax(attribute, value)?;
        match attribute.syntax {
            Syntax::Dn => self.named(value).map(Value::Object),
            _ => Ok(Value::Octets(value.to_vec())),
        }
    }

    /// The live object that a value names. (A deleted one: 32 with 525 ERROR_NO_SUCH_USER, seen on a real DC for `member`.)
    pub(super) fn named(&self, value: &[u8]) -> Result<Id, Failure> {
        let text = std::str::from_utf8(value).map_err(|_| Failure::bad_dn())?;
        let name = Name::read(text).ok_or_else(Failure::bad_dn)?;
        let found = self.look_up(&name).filter(|id| self.store.get(*id).is_some_and(Object::is_live));
        found.ok_or_else(|| Failure::new(32, 0x525, Kind::Name, "2001 (NO_OBJECT)"))
    }

    /// Makes an object with nothing but its name, as the system.
    pub(crate) fn create_plain(
        &mut self,
        parent: Id,
        rdn: Rdn,
        class: &'static Class,
    ) -> Result<Id, Failure> {
        self.create(parent, rdn, class, Wanted::default(), &Caller::system())
    }

    /// Makes an object whose place and attributes were checked.
    pub(super) fn create(
        &mut self,
        parent: Id,
        rdn: Rdn,
        class: &'static Class,
        wanted: Wanted,
        caller: &Caller,
    ) -> Result<Id, Failure> {
        let now = self.now();
        let mut object = Object {
            guid: self.new_guid(),
            parent: Some(parent),
            root: None,
            // The type is written as the schema has it.
            rdn: Rdn::new(&class.rdn.to_uppercase(), rdn.value()),
            class: class.id,
            deletion: Deletion::Live,
            deleted_at: None,
            recycled_at: None,
            attributes: Attributes::default(),
            stamps: vec![],
            usn_created: 0,
            usn_changed: 0,
            created: now,
            changed: now,
            descriptor: self.descriptor_for(parent, class, caller, wanted.descriptor.as_deref())?,
            password: None,
        };
        let mut written: HashSet<u32> = HashSet::new();
        for (id, values) in &wanted.kept {
            object.attributes.set(*id, values.clone());
        }
        self.fill_principal(&mut object)?;
        self.check_unique(&object)?;
        if let Some(password) = &wanted.password {
            let account = object.attributes.text(known().sam_account_name).unwrap_or_default().to_owned();
            password::check_policy(password, &account)?;
            object.password = Some(crate::store::hash_of(password));
            let stamp = password::filetime(now).to_string().into_bytes();
            object.attributes.set(known().pwd_last_set, vec![Value::Octets(stamp)]);
            written.extend(password::SECRETS.iter().filter_map(|name| schema().find(name)).map(|a| a.attid));
        }
        account::fill_in(&mut object, false);
        account::check_control(&mut object)?;
        self.fill_common(&mut object);
        // The system completes what it makes afterwards.
        if !caller.is_system {
            check_complete(&object)?;
        }
        written.extend(
            object
                .attributes
                .iter()
                .map(|(id, _)| schema().attribute(id))
                .filter(|a| a.is_replicated())
                .map(|a| a.attid),
        );
        written.extend(always_stamped(class));
        let usn = self.store.next_usn();
        written.iter().for_each(|attid| object.stamp(*attid, now, usn));
        (object.usn_created, object.usn_changed) = (usn, usn);
        let id = self.store.insert(object);
        for (attribute, targets) in wanted.links {
            for target in targets {
                self.store.links.set((id, attribute, target), true, usn, now);
            }
        }
        self.changed.push(id);
        Ok(id)
    }

    fn descriptor_for(
        &mut self,
        parent: Id,
        class: &Class,
        caller: &Caller,
        given: Option<&[u8]>,
    ) -> Result<std::sync::Arc<access::Numbered>, Failure> {
        if let Some(octets) = given {
            let read = adrecover_core::security::SecurityDescriptor::from_wire(octets);
            return Ok(self.share(read.map_err(|_| Failure::constraint(0x57, "nTSecurityDescriptor"))?));
        }
        let container = self.store.get(parent).map(|object| std::sync::Arc::clone(&object.descriptor));
        let own = caller.account.and_then(|id| self.store.get(id)?.sid());
        // Administrators own as their group ([MS-ADTS] 6.1.3.5).
        let owner = own.filter(|_| !caller.sids.contains(&self.domain_sid.with_rid(512)));
        let new = access::of_new_object(class, container.as_ref().map(|c| &***c), owner, &self.domain_sid);
        Ok(self.share(new))
    }

    /// A SID and an account name for what is a security principal.
    fn fill_principal(&mut self, object: &mut Object) -> Result<(), Failure> {
        let k = known();
        let is_principal = object.class().allowed().contains(&k.sam_account_name);
        if !is_principal || object.is_a("foreignSecurityPrincipal") {
            return Ok(());
        }
        if object.attributes.get(k.object_sid).is_empty() {
            let sid = self.sid_of_domain(object.parent).with_rid(self.next_rid);
            self.next_rid += 1;
            object.attributes.set(k.object_sid, vec![Value::Octets(sid.to_wire())]);
        }
        if object.attributes.get(k.sam_account_name).is_empty() {
            // [MS-SAMR] 3.1.1.8.4: `$` and random characters.
            let name = format!("${:06X}-{:012X}", self.next_rid, self.random & 0xffff_ffff_ffff);
            object.attributes.set(k.sam_account_name, vec![Value::Octets(name.into_bytes())]);
        }
        Ok(())
    }

    fn check_unique(&self, object: &Object) -> Result<(), Failure> {
        let k = known();
        for id in [k.sam_account_name, k.user_principal_name, k.service_principal_name] {
            let values: Vec<Vec<u8>> = object
                .attributes
                .get(id)
                .iter()
                .filter_map(|value| match value {
                    Value::Octets(octets) => Some(octets.clone()),
                    Value::Object(_) => None,
                })
                .collect();
            if !values.is_empty() {
                account::check_value(self, object, None, id, &values)?;
            }
        }
        Ok(())
    }

    /// What every object has.
    pub(super) fn fill_common(&self, object: &mut Object) {
        let k = known();
        object.attributes.set(k.instance_type, account::number(4));
        if object.attributes.get(k.object_category).is_empty() {
            let category = Rdn::new("CN", object.class().default_category);
            let id =
                self.store.contexts.get(2).and_then(|schema| self.store.child(schema.head, category.value()));
            object.attributes.set(k.object_category, id.map(Value::Object).into_iter().collect());
        }
    }
}

/// The attributes that are not kept as values and have stamps all the same.
pub(super) fn always_stamped(class: &Class) -> impl Iterator<Item = u32> {
    let names = ["objectClass", "name", "whenCreated", "nTSecurityDescriptor", class.rdn];
    names.into_iter().filter_map(|name| schema().find(name)).map(|attribute| attribute.attid)
}

fn class_of(given: &Given) -> Result<&'static Class, Failure> {
    let names =
        given.iter().find(|(name, _)| name.eq_ignore_ascii_case("objectClass")).map(|(_, values)| values);
    let required = || Failure::new(65, 0x207b, Kind::Update, "6002 (OBJ_CLASS_VIOLATION)");
    let mut best: Option<&'static Class> = None;
    for name in names.ok_or_else(required)? {
        let name = String::from_utf8_lossy(name);
        let unknown = || Failure::new(16, 0x57, Kind::Ldap, "Error in attribute conversion operation");
        let class = schema().class(&name).ok_or_else(unknown)?;
        if best.is_none_or(|best| class.line().count() > best.line().count()) && class.category != 3 {
            best = Some(class);
        }
    }
    best.filter(|class| class.category != 2).ok_or_else(required)
}

/// An attribute of a request.
pub(super) fn find_attribute(name: &str) -> Result<&'static Attribute, Failure> {
    let plain = name.split(';').next().unwrap_or_default();
    let unknown = || Failure::new(16, 0x57, Kind::Ldap, "Error in attribute conversion operation");
    schema().find(plain).ok_or_else(unknown)
}

/// Whether a client may give an attribute such values at all.
pub(super) fn check_attribute(
    class: &Class,
    attribute: &Attribute,
    values: &[Vec<u8>],
) -> Result<(), Failure> {
    // 0x207D ERROR_DS_ATT_NOT_DEF_FOR_CLASS.
    if !class.allowed().contains(&attribute.id) {
        return Err(Failure::new(65, 0x207d, Kind::Update, "6002 (OBJ_CLASS_VIOLATION)"));
    }
    if attribute.is_back_link() || attribute.is_constructed() {
        return Err(Failure::unwilling(0x209a));
    }
    // 0x2081 ERROR_DS_SINGLE_VALUE_CONSTRAINT, 0x2082 ERROR_DS_RANGE_CONSTRAINT.
    if attribute.is_single && values.len() > 1 {
        return Err(Failure::constraint(0x2081, attribute.name));
    }
    let is_text = matches!(attribute.syntax, Syntax::Text | Syntax::CaseExact);
    let too_long = |value: &Vec<u8>| {
        let length = String::from_utf8_lossy(value).chars().count() as i64;
        attribute.upper.is_some_and(|upper| is_text && length > upper)
    };
    if values.iter().any(too_long) {
        return Err(Failure::constraint(0x2082, attribute.name));
    }
    Ok(())
}

/// 0x200B ERROR_DS_INVALID_ATTRIBUTE_SYNTAX.
fn check_syntax(attribute: &Attribute, value: &[u8]) -> Result<(), Failure> {
    let text = std::str::from_utf8(value);
    let fits = match attribute.syntax {
        Syntax::Integer => text.is_ok_and(|text| text.parse::<i32>().is_ok()),
        Syntax::LargeInteger => text.is_ok_and(|text| text.parse::<i64>().is_ok()),
        Syntax::Boolean => matches!(value, b"TRUE" | b"FALSE"),
        Syntax::Text | Syntax::CaseExact | Syntax::Oid => text.is_ok_and(|text| !text.is_empty()),
        Syntax::Octets | Syntax::DnWith | Syntax::Dn | Syntax::Time => true,
    };
    let wrong = || Failure::new(21, 0x200b, Kind::Attribute(attribute.name), "1004 (INVALID_ATT_SYNTAX)");
    if fits { Ok(()) } else { Err(wrong()) }
}

pub(super) fn password_of(values: &[Vec<u8>], is_encrypted: bool) -> Result<String, Failure> {
    if !is_encrypted {
        // 1F ERROR_GEN_FAILURE: the connection is not encrypted well enough.
        return Err(Failure::unwilling(0x1f));
    }
    match values {
        [value] => password::read(value),
        _ => Err(Failure::unwilling(0x216c)),
    }
}

/// 0x207C ERROR_DS_MISSING_REQUIRED_ATT, for what is kept as values.
pub(super) fn check_complete(object: &Object) -> Result<(), Failure> {
    let derived = [known().object_class, known().security_descriptor, known().instance_type];
    let lacks = |id: &&AttrId| {
        let attribute = schema().attribute(**id);
        !derived.contains(id)
            && !attribute.name.eq_ignore_ascii_case(object.class().rdn)
            && attribute.forward_link().is_none()
            && object.attributes.get(**id).is_empty()
    };
    let missing: Vec<&str> =
        object.class().must().iter().filter(lacks).map(|id| schema().attribute(*id).name).collect();
    match missing.as_slice() {
        [] => Ok(()),
        _ => Err(Failure::new(65, 0x207c, Kind::Update, "6002 (OBJ_CLASS_VIOLATION)")),
    }
}
