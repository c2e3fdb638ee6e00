//! Who may do what: tokens, and the questions that are asked of access lists ([MS-ADTS] 5.1.3).

pub mod sddl;

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use adrecover_core::security::ids::Property;
use adrecover_core::security::{Access, Ace, AceFlags, AceKind, Decision, Right, SecurityDescriptor, ids};
use adrecover_core::{ObjectGuid, Sid};
use uuid::{Uuid, uuid};

use crate::schema::{Attribute, Class};
use crate::store::{Id, Object};

/// The control access right to read the changes of a naming context (DS-Replication-Get-Changes).
pub(crate) const GET_CHANGES: Uuid = uuid!("1131f6aa-9c07-11d1-f79f-00c04fc2dcd2");
/// SELF: in the token of a caller on the caller's own object.
const SELF: &str = "S-1-5-10";

/// An access list with a number that no other one has: equal ones are the same.
#[derive(Debug)]
pub struct Numbered {
    number: u64,
    descriptor: SecurityDescriptor,
}

impl Deref for Numbered {
    type Target = SecurityDescriptor;

    fn deref(&self) -> &SecurityDescriptor {
        &self.descriptor
    }
}

/// The number of one that is not shared yet.
const LONE: u64 = u64::MAX;

/// All access lists, each once: most objects of a container share theirs.
#[derive(Debug, Clone, Default)]
pub struct Descriptors {
    known: HashMap<Vec<u8>, Arc<Numbered>>,
}

impl Descriptors {
    /// One of its own, until it is shared.
    pub(crate) fn lone(descriptor: SecurityDescriptor) -> Arc<Numbered> {
        Arc::new(Numbered { number: LONE, descriptor })
    }

    /// The only one that is equal to this.
    pub fn share(&mut self, descriptor: SecurityDescriptor) -> Arc<Numbered> {
        let number = self.known.len() as u64;
        let key = sddl::to_wire(&descriptor, 7);
        Arc::clone(self.known.entry(key).or_insert_with(|| Arc::new(Numbered { number, descriptor })))
    }
}

/// Whoever asks.
#[derive(Debug, Default)]
pub struct Caller {
    /// The account's object; none for who did not log on.
    pub account: Option<Id>,
    /// The SIDs of the account, its groups and what everybody has who logs on.
    pub sids: Vec<Sid>,
    /// The system itself: asked for nothing.
    pub is_system: bool,
    /// Answers by access list: objects of one container share theirs, so few are asked for again and again.
    cache: Mutex<Cache>,
}

type Cache = HashMap<(u64, Asked), bool>;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Asked {
    Object(u32),
    Read(Uuid),
}

impl Caller {
    /// The system.
    pub fn system() -> Self {
        Self { is_system: true, ..Self::default() }
    }

    /// An account with these SIDs.
    pub fn new(account: Id, sids: Vec<Sid>) -> Self {
        Self { account: Some(account), sids, ..Self::default() }
    }

    /// Whether the caller logged on.
    pub fn is_known(&self) -> bool {
        self.is_system || self.account.is_some()
    }

    fn holds(&self, id: Option<Id>, descriptor: &SecurityDescriptor, right: &Right) -> bool {
        if self.is_system {
            return true;
        }
        let is_self = id.is_some() && id == self.account;
        let decision = match SELF.parse::<Sid>() {
            Ok(own) if is_self => {
                let token: Vec<Sid> = self.sids.iter().cloned().chain([own]).collect();
                descriptor.access(&token, right)
            }
            _ => descriptor.access(&self.sids, right),
        };
        decision == Decision::Granted
    }

    /// The same with a memory, for what is asked of every entry of a search.
    fn holds_often(&self, id: Id, descriptor: &Numbered, asked: Asked, right: &Right) -> bool {
        if self.is_system {
            return true;
        }
        if self.account == Some(id) || descriptor.number == LONE {
            return self.holds(Some(id), descriptor, right);
        }
        let key = (descriptor.number, asked);
        if let Some(answer) = self.cache().get(&key) {
            return *answer;
        }
        let answer = self.holds(Some(id), descriptor, right);
        self.cache().insert(key, answer);
        answer
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the caller has rights on an object as a whole.
    pub fn may(&self, id: Id, object: &Object, access: Access) -> bool {
        self.holds_often(id, &object.descriptor, Asked::Object(access.0), &Right::object(access))
    }

    /// Whether the caller may read an attribute.
    pub fn may_read(&self, id: Id, object: &Object, attribute: &Attribute) -> bool {
        let may = self.holds_often(
            id,
            &object.descriptor,
            Asked::Read(attribute.guid),
            &Right::read(property(attribute)),
        );
        // [MS-ADTS] 3.1.1.4.4: a confidential attribute takes the control access right besides.
        may && (!attribute.is_confidential() || {
            let right = Right::control(attribute.guid);
            self.holds(Some(id), &object.descriptor, &right)
        })
    }

    /// Whether the caller may write an attribute.
    pub fn may_write(&self, id: Id, object: &Object, attribute: &Attribute) -> bool {
        self.holds(Some(id), &object.descriptor, &Right::write(property(attribute)))
    }

    /// Whether the caller has a control access right.
    pub fn has_control(&self, id: Id, object: &Object, right: impl Into<ObjectGuid>) -> bool {
        self.holds(Some(id), &object.descriptor, &Right::control(right))
    }

    /// Whether the caller may create a child of a class.
    pub fn may_create(&self, id: Id, object: &Object, class: &Class) -> bool {
        self.holds(Some(id), &object.descriptor, &Right::create_child(class.guid))
    }
}

fn property(attribute: &Attribute) -> Property {
    Property { attribute: attribute.guid, set: attribute.set }
}

/// What a new object's access list is: its class's default and what it inherits ([MS-ADTS] 6.1.3, [MS-DTYP] 2.5.3.4).
pub fn of_new_object(
    class: &Class,
    parent: Option<&SecurityDescriptor>,
    owner: Option<Sid>,
    domain: &Sid,
) -> SecurityDescriptor {
    let own = sddl::descriptor(class.default_sddl, domain).and_then(|d| d.dacl).unwrap_or_default();
    let inherited = parent.map(|parent| inherited_from(parent, class)).unwrap_or_default();
    let dacl = sorted(own.into_iter().chain(inherited).collect());
    // Members of Domain Admins own as the group ([MS-ADTS] 6.1.3.5).
    let owner = owner.or_else(|| Some(domain.with_rid(512)));
    SecurityDescriptor { control: 0x8404, group: owner.clone(), owner, dacl: Some(dacl) }
}

/// What an object's access list is after its container's was changed: its own entries and what it inherits now.
pub fn inherited_anew(
    own: &SecurityDescriptor,
    parent: &SecurityDescriptor,
    class: &Class,
) -> SecurityDescriptor {
    if own.is_protected() {
        return own.clone();
    }
    let explicit = own.dacl.clone().unwrap_or_default();
    let explicit = explicit.into_iter().filter(|ace| !ace.flags.has(AceFlags::INHERITED));
    let inherited = inherited_from(parent, class);
    let dacl = sorted(explicit.chain(inherited).collect());
    SecurityDescriptor { dacl: Some(dacl), ..own.clone() }
}

/// The entries that an object of a class inherits ([MS-DTYP] 2.5.3.4): one for objects of another class is handed on without
/// saying anything about this one.
fn inherited_from(parent: &SecurityDescriptor, class: &Class) -> Vec<Ace> {
    let class = ObjectGuid::from(class.guid);
    let heritable = parent.dacl.iter().flatten().filter(|ace| ace.flags.has(AceFlags::CONTAINER_INHERIT));
    heritable
        .filter_map(|ace| {
            let is_meant = ace.inherited_object_type.is_none_or(|meant| meant == class);
            let stays = !ace.flags.has(AceFlags::NO_PROPAGATE);
            let mut flags = ace.flags.0 & !AceFlags::INHERIT_ONLY | AceFlags::INHERITED;
            if !stays {
                flags &= !(AceFlags::CONTAINER_INHERIT | AceFlags::NO_PROPAGATE);
            }
            if !is_meant {
                flags |= AceFlags::INHERIT_ONLY;
            }
            (is_meant || stays).then(|| Ace { flags: AceFlags(flags), ..ace.clone() })
        })
        .collect()
}

/// In canonical order ([MS-DTYP] 2.4.5): own before inherited ones, and of each those that deny before those that grant.
fn sorted(mut aces: Vec<Ace>) -> Vec<Ace> {
    aces.sort_by_key(|ace| (ace.flags.has(AceFlags::INHERITED), ace.kind != AceKind::Deny));
    aces
}

/// The SIDs that everybody gets who logs on over the network.
pub(crate) fn well_known_sids() -> impl Iterator<Item = Sid> {
    [ids::EVERYONE, ids::AUTHENTICATED_USERS, ids::NETWORK].into_iter().filter_map(|sid| sid.parse().ok())
}
