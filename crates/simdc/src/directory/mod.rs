//! The rules of the directory: what may be added, changed, deleted, brought back, and read by whom.

mod account;
mod add;
mod collect;
mod delete;
mod forest;
mod modify;
mod naming;
mod password;
mod read;
mod rename;
mod rights;
mod search;
mod siblings;
mod sync;
mod undelete;
mod unique;

use adrecover_core::time::Timestamp;
use adrecover_core::{Dn, ObjectGuid, Sid};
use uuid::Uuid;

use crate::access::{Caller, Descriptors};
use crate::bulk::Bulk;
use crate::filter::Name;
use crate::store::{Deletion, Id, Store};
use crate::{Clock, Failure};

pub use modify::Manner;
pub use password::Logon;
pub use read::Reading;
pub use search::{Page, SearchState};
pub use siblings::Home;
pub use sync::{DirSync, DirSyncReply};

/// How the directory is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The DNS name of the first domain.
    pub domain: String,
    /// Its NetBIOS name.
    pub net_bios: String,
    /// The name of the domain controller, without the domain.
    pub host: String,
    /// `tombstoneLifetime` in days; `None` leaves the attribute out.
    pub tombstone_lifetime: Option<i64>,
    /// `msDS-DeletedObjectLifetime` in days; `None` leaves the attribute out.
    pub deleted_object_lifetime: Option<i64>,
    /// The limits of the default query policy ([MS-ADTS] 3.1.1.3.4.6).
    pub limits: Limits,
    /// Whether it says that it is a read-only domain controller. It does not refer writes to another one, as a real one does.
    pub read_only: bool,
    /// What decides about GUIDs: two directories of one number and one history are the same.
    pub random: u64,
}

/// `lDAPAdminLimits`, as far as they are kept to.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// `MaxPageSize`: the most entries of one reply.
    pub page_size: usize,
    /// `MaxValRange`: the most values of one attribute in a reply.
    pub val_range: usize,
    /// `MaxReceiveBuffer`: the largest request, in octets.
    pub receive_buffer: usize,
    /// `MaxNotificationPerConn`.
    pub notifications: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            domain: "contoso.test".to_owned(),
            net_bios: "CONTOSO".to_owned(),
            host: "dc1".to_owned(),
            tombstone_lifetime: Some(180),
            deleted_object_lifetime: None,
            // The defaults of Windows (KB 315071; MaxValRange since Windows Server 2003).
            read_only: false,
            limits: Limits { page_size: 1000, val_range: 1500, receive_buffer: 10_485_760, notifications: 5 },
            random: 1,
        }
    }
}

/// The directory of one domain controller.
#[derive(Debug, Clone)]
pub struct Directory {
    /// The objects.
    pub store: Store,
    /// How it is set up.
    pub settings: Settings,
    /// Deleted objects that are made as they are read.
    pub bulk: Option<Bulk>,
    /// The SID of the domain.
    pub domain_sid: Sid,
    /// The invocation id of the only domain controller.
    pub invocation_id: ObjectGuid,
    pub(crate) clock: Clock,
    descriptors: Descriptors,
    recycle_bin: bool,
    next_rid: u32,
    random: u64,
    parts: Parts,
    /// Objects that were changed, for those who wait for changes.
    changed: Vec<Id>,
    collected_at: Option<Timestamp>,
    siblings: Vec<siblings::Sibling>,
    /// The domain whose domain controller is asked: set by whoever takes the directory to answer a request.
    pub home: Home,
    /// How often domain controllers of other domains still say that they do not know an object of the first: as long as nobody
    /// has told them, in a real forest.
    pub untold: u32,
}

/// Objects that rules need again and again.
#[derive(Debug, Clone, Copy, Default)]
struct Parts {
    partitions: Option<Id>,
    directory_service: Option<Id>,
    bin_feature: Option<Id>,
    settings: Option<Id>,
}

impl Directory {
    /// The time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The clock, to be moved.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Whether the Recycle Bin is on.
    pub fn recycle_bin(&self) -> bool {
        self.recycle_bin
    }

    /// The DN of the domain.
    pub fn domain(&self) -> Dn {
        self.store.contexts.first().map(|context| context.dn.clone()).unwrap_or_default()
    }

    /// The DN of the configuration.
    pub fn configuration(&self) -> Dn {
        self.store.contexts.get(1).map(|context| context.dn.clone()).unwrap_or_default()
    }

    /// The DN of the schema.
    pub fn schema_dn(&self) -> Dn {
        self.store.contexts.get(2).map(|context| context.dn.clone()).unwrap_or_default()
    }

    /// The DNS name of the domain controller.
    pub fn host_name(&self) -> String {
        format!("{}.{}", self.settings.host, self.settings.domain)
    }

    /// A GUID that no object has.
    fn new_guid(&mut self) -> ObjectGuid {
        let mut octets = [0; 16];
        for half in octets.chunks_mut(8) {
            self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.random;
            mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            half.copy_from_slice(&(mixed ^ mixed >> 31).to_le_bytes());
        }
        uuid::Builder::from_random_bytes(octets).into_uuid().into()
    }

    /// The object that a name stands for, in whatever state. One of the objects that are made as they are read is made for good.
    pub fn find(&mut self, name: &Name) -> Option<Id> {
        if let Some(id) = self.look_up(name) {
            return Some(id);
        }
        let guid = match name {
            Name::Guid(guid) => *guid,
            Name::Dn(dn) => dn.rdn()?.unmangled()?.1,
            _ => return None,
        };
        self.materialise(guid)
    }

    /// The same without making one.
    pub fn look_up(&self, name: &Name) -> Option<Id> {
        match name {
            Name::Guid(guid) => self.store.by_guid(*guid),
            Name::Sid(sid) => {
                let wire = sid.to_wire();
                let found = self.store.by_value(crate::schema::known().object_sid, &wire);
                found.first().copied()
            }
            Name::Dn(dn) => self.store.resolve(dn),
            Name::WellKnown(guid, dn) => self.well_known(guid, dn),
        }
    }

    /// A well-known container of an object ([MS-ADTS] 6.1.1.4).
    fn well_known(&self, guid: &str, dn: &Dn) -> Option<Id> {
        let holder = self.store.get(self.store.resolve(dn)?)?;
        let values = holder.attributes.get(crate::schema::known().well_known_objects);
        values.iter().find_map(|value| {
            let crate::store::Value::Octets(octets) = value else { return None };
            let text = std::str::from_utf8(octets).ok()?;
            let (known, dn) = text.strip_prefix("B:32:")?.split_once(':')?;
            known.eq_ignore_ascii_case(guid).then(|| self.store.resolve(&dn.parse().ok()?))?
        })
    }

    /// An object that a request names, as far as the caller may see it in this state.
    fn target(&mut self, dn: &str, caller: &Caller, sight: Sight) -> Result<Id, Failure> {
        let name = Name::read(dn).ok_or_else(Failure::bad_dn)?;
        let id = self.find(&name).ok_or_else(Failure::no_object)?;
        if !self.holds(id) {
            return Err(self.elsewhere(&name));
        }
        if self.sees(id, caller, sight) { Ok(id) } else { Err(Failure::no_object()) }
    }

    /// Whether a caller sees an object: its state is asked for, and its container may be listed, or it shows itself.
    fn sees(&self, id: Id, caller: &Caller, sight: Sight) -> bool {
        let Some(object) = self.store.get(id) else { return false };
        sight.shows(object.deletion) && self.is_visible(id, object.parent, caller)
    }

    pub(crate) fn is_visible(&self, id: Id, parent: Option<Id>, caller: &Caller) -> bool {
        use adrecover_core::security::Access;

        let listed = parent.is_none_or(|parent| {
            self.store.get(parent).is_some_and(|object| caller.may(parent, object, Access::LIST_CHILDREN))
        });
        // [MS-ADTS] 5.1.3.3.6: without List Contents on the container an object is not there (List Object mode is off).
        listed || caller.account == Some(id)
    }

    /// The objects that were changed since this was asked last.
    pub fn take_changed(&mut self) -> Vec<Id> {
        std::mem::take(&mut self.changed)
    }

    /// Notes one update of an object.
    fn touch(&mut self, id: Id, attids: impl IntoIterator<Item = u32>) {
        let now = self.now();
        self.store.touch(id, attids, now);
        self.changed.push(id);
    }

    pub(crate) fn share(
        &mut self,
        descriptor: adrecover_core::security::SecurityDescriptor,
    ) -> std::sync::Arc<crate::access::Numbered> {
        self.descriptors.share(descriptor)
    }
}

/// Which states of objects a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sight {
    /// Show Deleted: deleted objects and tombstones.
    pub deleted: bool,
    /// Show Recycled: these and recycled ones.
    pub recycled: bool,
    /// Show Deactivated Link: links from and to deleted objects.
    pub deactivated_links: bool,
}

impl Sight {
    /// Everything.
    pub const ALL: Self = Self { deleted: true, recycled: true, deactivated_links: true };

    /// Whether an object of this state is shown ([MS-ADTS] 3.1.1.3.4.1.14 and .26).
    pub fn shows(self, deletion: Deletion) -> bool {
        match deletion {
            Deletion::Live => true,
            // With the bin off a tombstone counts as recycled by its flag, and Show Deleted shows it all the same.
            Deletion::Deleted | Deletion::Tombstone => self.deleted || self.recycled,
            Deletion::Recycled => self.recycled,
        }
    }
}

/// A UUID literal as text of a filter value.
pub(crate) fn guid_octets(guid: Uuid) -> Vec<u8> {
    ObjectGuid::from(guid).to_wire().to_vec()
}
