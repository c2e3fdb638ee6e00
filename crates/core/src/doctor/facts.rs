//! What was seen of the connection, the server, the forest and the objects that rights are read from.
//!
//! `None` always means that nobody could tell, never "no".

use crate::kind::ObjectKind;
use crate::lifetime::DeletionPolicy;
use crate::security::{Right, SecurityDescriptor, ids};
use crate::time::Timestamp;
use crate::{Dn, ObjectGuid, Sid};

/// Everything that was seen.
#[derive(Debug, Clone, Default)]
pub struct DoctorFacts {
    /// The connection.
    pub connection: ConnectionFacts,
    /// The account that is logged on; `None` where the directory does not hold it or does not show it.
    pub account: Option<Account>,
    /// The SIDs of the caller; `None` where the server did not tell them.
    pub token: Option<Vec<Sid>>,
    /// The server.
    pub server: ServerFacts,
    /// The forest's deletion policy.
    pub policy: PolicyFacts,
    /// The names of the attributes that a deletion keeps because the schema says so.
    pub preserved: Option<Vec<String>>,
    /// The domain.
    pub domain: Dn,
    /// The security descriptor of the domain's head.
    pub head: Option<SecurityDescriptor>,
    /// The container of deleted objects.
    pub container: Container,
    /// Deleted objects, newest first: a sample.
    pub deleted: Vec<Sample>,
    /// The containers to restore into.
    pub targets: Vec<Target>,
    /// Groups to add members to.
    pub groups: Vec<Sample>,
    /// Whether the groups were named by the caller, so that each of them counts.
    pub groups_were_named: bool,
}

/// The connection.
#[derive(Debug, Clone, Default)]
pub struct ConnectionFacts {
    /// The server as it was given.
    pub url: String,
    /// Its DNS name.
    pub host: Option<String>,
    /// The network address.
    pub address: String,
    /// How it is protected.
    pub encryption: Encryption,
    /// Whether it logged on with a Kerberos ticket.
    pub by_ticket: bool,
    /// The name that the account logged on with.
    pub bind_name: String,
    /// How the server came to be the one.
    pub choice: ServerChoice,
}

/// How a server came to be the one that is used.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerChoice {
    /// Where the servers that could be used came from.
    pub how: String,
    /// Why those before it were not used.
    pub passed_over: Vec<String>,
    /// Whether this computer's site has domain controllers and this is none of them.
    pub is_of_other_site: bool,
}

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encryption {
    /// TLS from the start, the certificate verified.
    #[default]
    Ldaps,
    /// StartTLS, the certificate verified.
    StartTls,
    /// Signed and sealed by Kerberos, without TLS.
    Sealed,
    /// TLS with whoever answered.
    Unverified,
}

/// The account that is logged on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its DN.
    pub dn: String,
    /// `objectSid`.
    pub sid: Option<Sid>,
    /// `sAMAccountName`.
    pub sam_account_name: Option<String>,
    /// The NetBIOS name of its domain.
    pub net_bios_domain: Option<String>,
}

/// The server.
#[derive(Debug, Clone, Default)]
pub struct ServerFacts {
    /// Who made it, where it says so.
    pub vendor: Option<String>,
    /// Whether it is Samba.
    pub is_samba: bool,
    /// Whether it is a read-only domain controller.
    pub is_read_only: bool,
    /// Whether it has finished its first synchronisation.
    pub is_synchronized: Option<bool>,
    /// Whether its global catalogue answers, or why not.
    pub catalogue: Option<Result<(), String>>,
    /// Its clock and ours.
    pub clock: Option<ClockFacts>,
    /// The functional levels of the domain, the forest and the server (`msDS-Behavior-Version`).
    pub levels: [Option<i64>; 3],
}

/// Two clocks, read together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockFacts {
    /// The server's.
    pub server: Timestamp,
    /// Ours.
    pub local: Timestamp,
}

/// The forest's deletion policy as it is configured.
#[derive(Debug, Clone, Default)]
pub struct PolicyFacts {
    /// What it comes to; `None` where it could not be read.
    pub effective: Option<DeletionPolicy>,
    /// `tombstoneLifetime` as it stands there.
    pub tombstone_lifetime: Option<i64>,
    /// `msDS-DeletedObjectLifetime` as it stands there.
    pub deleted_object_lifetime: Option<i64>,
    /// The DN of the object that holds them.
    pub directory_service: String,
}

/// The container of deleted objects.
#[derive(Debug, Clone, Default)]
pub struct Container {
    /// Its DN; `None` where it was not found.
    pub dn: Option<String>,
    /// Whether any of its properties can be read.
    pub is_readable: bool,
    /// How many children were seen.
    pub children: u64,
    /// Whether there are more.
    pub has_more: bool,
    /// Its security descriptor.
    pub descriptor: Option<SecurityDescriptor>,
}

/// An object that rights are read from.
#[derive(Debug, Clone)]
pub struct Sample {
    /// `objectGUID`.
    pub guid: Option<ObjectGuid>,
    /// Its DN.
    pub dn: String,
    /// Its name; the one before the deletion for a deleted object.
    pub name: String,
    /// What it is.
    pub kind: ObjectKind,
    /// Its most special class.
    pub class: String,
    /// The attribute that names it: `cn`, `ou`.
    pub rdn_attribute: String,
    /// Where a deleted object was.
    pub last_known_parent: Option<Dn>,
    /// Its security descriptor.
    pub descriptor: Option<SecurityDescriptor>,
    /// The attributes that the caller may write (`allowedAttributesEffective`).
    pub writable: Option<Vec<String>>,
}

/// A container to restore into.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its DN.
    pub dn: Dn,
    /// Whether it is there.
    pub exists: bool,
    /// The classes of which the caller may create children (`allowedChildClassesEffective`).
    pub may_create: Option<Vec<String>>,
    /// Its security descriptor.
    pub descriptor: Option<SecurityDescriptor>,
    /// Live users in it.
    pub users: Vec<Sample>,
}

impl DoctorFacts {
    /// The account as `DOMAIN\name`, else the name that it logged on with.
    pub fn account_name(&self) -> String {
        let known = self
            .account
            .as_ref()
            .and_then(|a| Some(format!("{}\\{}", a.net_bios_domain.as_ref()?, a.sam_account_name.as_ref()?)));
        known.unwrap_or_else(|| self.connection.bind_name.clone())
    }

    /// Whether the caller is one of the built-in administrators.
    pub fn is_administrator(&self) -> bool {
        self.token.iter().flatten().any(|sid| ids::is(sid, ids::ADMINISTRATORS))
    }

    /// Whether a descriptor grants the caller a right, where both are known.
    pub(super) fn grants(&self, descriptor: Option<&SecurityDescriptor>, right: &Right) -> Option<bool> {
        descriptor?.access(self.token.as_ref()?, right).is_granted()
    }

    /// Whether the caller may write an attribute of an object: as the server says, else as the descriptor says.
    pub(super) fn may_write(
        &self,
        sample: &Sample,
        attribute: &str,
        property: ids::Property,
    ) -> Option<bool> {
        match &sample.writable {
            Some(names) => Some(contains(names, attribute)),
            None => self.grants(sample.descriptor.as_ref(), &Right::write(property)),
        }
    }
}

impl Target {
    /// Whether the caller may create a child of a class: as the server says, else as the descriptor says.
    pub(super) fn may_create(&self, facts: &DoctorFacts, class: &str) -> Option<bool> {
        match &self.may_create {
            Some(names) => Some(contains(names, class)),
            None => facts.grants(self.descriptor.as_ref(), &Right::create_child(ids::class(class)?.1)),
        }
    }
}

fn contains(names: &[String], name: &str) -> bool {
    names.iter().any(|n| n.eq_ignore_ascii_case(name))
}
