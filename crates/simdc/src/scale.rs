//! Sizes that no test domain has: deep trees and large groups. (Deleted objects in any number are in [`crate::bulk`].)

use adrecover_core::{ObjectGuid, Rdn};

use crate::access::Caller;
use crate::directory::Sight;
use crate::schema::known;
use crate::store::Id;
use crate::{Directory, Failure};

impl Directory {
    /// Adds a tree of so many objects below a container, so many levels deep, and deletes it at once: a chain of OUs with users,
    /// contacts and groups on every level. Gives the GUID of its top.
    pub fn add_deleted_tree(
        &mut self,
        parent: &str,
        count: usize,
        depth: usize,
    ) -> Result<ObjectGuid, Failure> {
        let depth = depth.clamp(1, count.max(1));
        let top = format!("OU=Tree,{parent}");
        let mut unit = top.clone();
        let mut units = vec![];
        for level in 0..depth {
            if level > 0 {
                unit = format!("OU=Level {level},{unit}");
            }
            self.add_as_system(&unit, &[("objectClass", &[b"organizationalUnit"])])?;
            units.push(unit.clone());
        }
        for number in 0..count - depth {
            let place = &units[number % depth];
            let account = format!("leaf{number:06}");
            let dn = format!("CN=Leaf {number:06},{place}");
            match number % 20 {
                0 => self.add_as_system(
                    &dn,
                    &[("objectClass", &[b"group"]), ("sAMAccountName", &[account.as_bytes()])],
                )?,
                1 => self.add_as_system(&dn, &[("objectClass", &[b"contact"])])?,
                _ => self.add_as_system(
                    &dn,
                    &[
                        ("objectClass", &[b"user"]),
                        ("sAMAccountName", &[account.as_bytes()]),
                        ("userAccountControl", &[b"514"]),
                    ],
                )?,
            };
        }
        let id = top.parse().ok().and_then(|dn| self.store.resolve(&dn)).ok_or_else(Failure::no_object)?;
        let guid = self.store.get(id).map(|object| object.guid).ok_or_else(Failure::no_object)?;
        self.delete(&top, &Caller::system(), Sight::ALL, true)?;
        Ok(guid)
    }

    /// Adds a group of so many members, which are contacts below a container. Gives the group.
    pub fn add_crowd(&mut self, parent: &str, count: usize) -> Result<Id, Failure> {
        let dn = parent.parse().map_err(|_| Failure::bad_dn())?;
        let holder = self.store.resolve(&dn).ok_or_else(Failure::no_object)?;
        let class = crate::schema::schema().class("contact").ok_or_else(Failure::no_object)?;
        let group = self.add_as_system(
            &format!("CN=Crowd,{parent}"),
            &[("objectClass", &[b"group"]), ("sAMAccountName", &[b"crowd"])],
        )?;
        let now = self.now();
        for number in 0..count {
            let rdn = Rdn::new("CN", &format!("Member {number:06}"));
            let member = self.create_plain(holder, rdn, class)?;
            let usn = self.store.next_usn();
            self.store.links.set((group, known().member, member), true, usn, now);
        }
        Ok(group)
    }
}
