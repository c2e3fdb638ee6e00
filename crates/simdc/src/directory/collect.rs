//! What time does to deleted objects: recycling and garbage collection ([MS-ADTS] 3.1.1.1.15).

use adrecover_core::lifetime::DeletionPolicy;
use chrono::Duration;

use super::Directory;
use crate::schema::schema;
use crate::store::{Deletion, Id};

impl Directory {
    /// The lifetimes that are in force.
    pub fn policy(&self) -> DeletionPolicy {
        let holder = self.parts.directory_service.and_then(|id| self.store.get(id));
        let days = |name: &str| holder?.attributes.integer(schema().find(name)?.id);
        DeletionPolicy::new(self.recycle_bin, days("tombstoneLifetime"), days("msDS-DeletedObjectLifetime"))
    }

    /// Collects when the last time was long enough ago: every twelve hours (`garbageCollPeriod`, from memory).
    pub fn collect_when_due(&mut self) {
        let now = self.now();
        let last = *self.collected_at.get_or_insert(now);
        if now - last >= Duration::hours(12) {
            self.collected_at = Some(now);
            self.collect();
        }
    }

    /// Recycles and drops what is due.
    pub fn collect(&mut self) {
        let (policy, now) = (self.policy(), self.now());
        let is_due = |since: Option<adrecover_core::time::Timestamp>, days| {
            since
                .and_then(|at| at.checked_add_signed(Duration::try_days(days)?))
                .is_some_and(|end| end <= now)
        };
        let deleted: Vec<Id> = self.store.contexts.iter().filter_map(|c| c.deleted_objects).collect();
        let all: Vec<Id> = deleted.iter().flat_map(|container| self.store.children(*container)).collect();
        for id in all {
            let Some(object) = self.store.get(id) else { continue };
            match object.deletion {
                Deletion::Deleted if is_due(object.deleted_at, policy.deleted_object_lifetime) => {
                    self.recycle(id)
                }
                Deletion::Tombstone if is_due(object.deleted_at, policy.tombstone_lifetime) => {
                    self.store.remove(id)
                }
                Deletion::Recycled
                    if is_due(object.recycled_at.or(object.deleted_at), policy.tombstone_lifetime) =>
                {
                    self.store.remove(id);
                }
                _ => {}
            }
        }
    }

    /// Switches the Recycle Bin on, for good. Every tombstone becomes a recycled object ([MS-ADTS] 3.1.1.9.1).
    pub fn enable_recycle_bin(&mut self) {
        if self.recycle_bin {
            return;
        }
        self.recycle_bin = true;
        let now = self.now();
        let feature = schema().find("msDS-EnabledFeature").map(|attribute| attribute.id);
        let holders = [self.parts.partitions, self.parts.settings];
        if let (Some(attribute), Some(target)) = (feature, self.parts.bin_feature) {
            for holder in holders.into_iter().flatten() {
                self.touch(holder, []);
                let usn = self.store.usn();
                self.store.links.set((holder, attribute, target), true, usn, now);
            }
        }
        let tombstones: Vec<Id> =
            self.store.iter().filter(|(_, o)| o.deletion == Deletion::Tombstone).map(|(id, _)| id).collect();
        for id in tombstones {
            if let Some(object) = self.store.get_mut(id) {
                object.deletion = Deletion::Recycled;
                object.recycled_at = Some(now);
            }
        }
    }
}
