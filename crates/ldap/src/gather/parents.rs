//! The container that an object would be restored into.

use std::collections::HashSet;

use adrecover_core::directory::{Query, Visibility};
use adrecover_core::facts::{ObjectFacts, ParentFacts};
use adrecover_core::{DirectoryError, Dn, Entry, ObjectGuid};

use super::Gatherer;

impl Gatherer<'_> {
    /// What is known about the container of `--to`, or about the last known parent.
    pub(super) async fn parent_of(
        &mut self,
        object: &ObjectFacts,
        in_plan: &HashSet<ObjectGuid>,
    ) -> Result<ParentFacts, DirectoryError> {
        // What lies below another object of the plan stays there: --to is for the topmost.
        if let (Some(parent), true) = (&object.last_known_parent, self.request.to.is_some())
            && let ParentFacts::Deleted { guid, dn, name, .. } = self.known(&parent.clone()).await?
            && in_plan.contains(&guid)
        {
            return Ok(ParentFacts::Deleted { guid, dn, name, in_plan: true });
        }
        let Some(dn) = self.request.to.clone().or_else(|| object.last_known_parent.clone()) else {
            return Ok(ParentFacts::Missing { dn: None });
        };
        let mut facts = self.known(&dn).await?;
        match &mut facts {
            ParentFacts::Live { guid, may_hold, .. } => {
                *may_hold = self
                    .cache
                    .allowed
                    .get(guid)
                    .map(|classes| classes.contains(&object.class.to_lowercase()));
            }
            ParentFacts::Deleted { guid, in_plan: together, .. } => *together = in_plan.contains(guid),
            ParentFacts::Missing { .. } => {}
        }
        Ok(facts)
    }

    async fn known(&mut self, dn: &Dn) -> Result<ParentFacts, DirectoryError> {
        if let Some(known) = self.cache.parents.get(&dn.key()) {
            return Ok(known.clone());
        }
        let found = self.look_at(dn).await?;
        self.cache.parents.insert(dn.key(), found.clone());
        Ok(found)
    }

    async fn look_at(&mut self, dn: &Dn) -> Result<ParentFacts, DirectoryError> {
        // `allowedChildClasses` is constructed from the schema ([MS-ADTS] 3.1.1.4.5.10), so it must be asked for by name.
        let query = Query::object(dn.to_string())
            .attributes(["objectGUID", "objectClass", "isDeleted", "allowedChildClasses"])
            .visibility(Visibility::Recycled);
        let entry = match self.session.ask(&query).await {
            Ok(found) => found.into_iter().next(),
            // A DN of another domain: Windows refers to it (10), Samba does not know it (32).
            Err(error) if error.refusal().is_some_and(|refusal| refusal.code == 10) => None,
            Err(error) => return Err(error),
        };
        let Some((entry, guid)) = entry.and_then(|e| e.guid().map(|g| (e, g))) else {
            return Ok(ParentFacts::Missing { dn: Some(dn.to_string()) });
        };
        if entry.is_deleted() && !is_deleted_objects(&entry) {
            let name = adrecover_core::deleted::original_rdn(&entry)
                .map_or_else(|| entry.dn.clone(), |rdn| rdn.value().to_owned());
            return Ok(ParentFacts::Deleted { guid, dn: entry.dn, name, in_plan: false });
        }
        let allowed: HashSet<String> =
            entry.texts("allowedChildClasses").into_iter().map(|c| c.to_lowercase()).collect();
        if !allowed.is_empty() {
            self.cache.allowed.insert(guid, allowed);
        } else if entry.is_class("person") || entry.is_class("group") {
            // A class that can hold nothing has an empty list, which looks like one that was not answered.
            self.cache.allowed.insert(guid, HashSet::new());
        }
        let dn = entry.dn.parse().unwrap_or_else(|_| dn.clone());
        Ok(ParentFacts::Live { dn, guid, classes: entry.texts("objectClass"), may_hold: None })
    }
}

/// The Deleted Objects container is itself marked as deleted; it is refused under a name of its own.
fn is_deleted_objects(entry: &Entry) -> bool {
    entry.dn.to_lowercase().starts_with("cn=deleted objects,")
}
