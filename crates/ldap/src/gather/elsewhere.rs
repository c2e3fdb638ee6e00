//! Groups of other domains of the forest: found in the global catalogue, looked at on a domain controller of their own domain.

use std::collections::HashSet;

use adrecover_core::directory::{Query, Scope};
use adrecover_core::facts::{ForestDomain, ObjectFacts, OtherDomain, Presence};
use adrecover_core::{DirectoryError, Dn, Entry, ObjectGuid, filter};

use super::Gatherer;
use crate::{Protected, Session};

/// `GROUP_TYPE_ACCOUNT_GROUP`: a global group ([MS-ADTS] 2.2.12).
const GLOBAL: i64 = 0x2;
/// The attributes that a group is known by; the global catalogue has them all.
const ATTRIBUTES: [&str; 3] = ["objectGUID", "objectClass", "groupType"];

impl Gatherer<'_> {
    /// The domain of the forest, other than this one, that a name lies in; `None` for what this domain controller holds itself.
    /// `Some(None)`: no domain of this forest.
    pub(super) fn elsewhere(&self, dn: &Dn) -> Option<Option<ForestDomain>> {
        let held = self.domain.naming_contexts.iter().filter(|nc| dn.is_at_or_below(nc)).map(Dn::depth).max();
        let domains = self.domain.domains.iter().filter(|domain| dn.is_at_or_below(&domain.dn));
        let nearest = domains.max_by_key(|domain| domain.dn.depth());
        match (held, nearest) {
            // A child domain lies below its parent's name, and is none of its parts.
            (Some(held), Some(nearest)) if nearest.dn.depth() > held => Some(Some(nearest.clone())),
            (Some(_), _) => None,
            (None, nearest) => Some(nearest.cloned()),
        }
    }

    /// What a group of another domain is. That the domain cannot be asked stops nothing else.
    pub(super) async fn group_elsewhere(&mut self, dn: &Dn, domain: &ForestDomain) -> OtherDomain {
        let known = || domain.dns.clone();
        let query = Query::object(dn.to_string()).attributes(ATTRIBUTES);
        if let Ok(catalogue) = &self.catalogue
            && let Ok(found) = catalogue.ask(&query).await
            && found.first().is_some_and(is_global)
        {
            return OtherDomain::Global { domain: known() };
        }
        if let Err(reason) = self.protected_elsewhere(domain).await {
            return OtherDomain::Unreachable { domain: known(), reason };
        }
        let asked = match self.others.domain(&domain.dns).await {
            Ok(session) => session.ask(&query).await.map_err(|error| error.to_string()),
            Err(reason) => Err(reason),
        };
        let entry = match asked {
            Ok(entries) => entries.into_iter().next(),
            Err(reason) => return self.lost(domain, reason),
        };
        match entry.filter(|entry| entry.is_class("group")) {
            Some(entry) if is_global(&entry) => OtherDomain::Global { domain: known() },
            Some(entry) => {
                let Some(guid) = entry.guid() else { return OtherDomain::Missing { domain: known() } };
                let protected = self.cache.protected_elsewhere.get(&domain.dns);
                OtherDomain::Group {
                    dn: entry.dn.parse().unwrap_or_else(|_| dn.clone()),
                    guid,
                    domain: known(),
                    protected: protected
                        .is_none_or(|known| known.as_ref().is_ok_and(|p| p.groups.contains(&guid))),
                    is_member: false,
                }
            }
            None => OtherDomain::Missing { domain: known() },
        }
    }

    /// Whether an object is a member of a group of another domain: its own domain controller says it. What is deleted is in no
    /// group.
    pub(super) async fn is_member_elsewhere(
        &mut self,
        object: &ObjectFacts,
        domain: &str,
        group: ObjectGuid,
    ) -> Result<bool, String> {
        if object.presence != Presence::Live {
            return Ok(false);
        }
        let key = (domain.to_owned(), object.guid);
        if !self.cache.memberships_elsewhere.contains_key(&key) {
            let found = self.memberships_elsewhere(&object.dn, domain).await?;
            self.cache.memberships_elsewhere.insert(key.clone(), found);
        }
        Ok(self.cache.memberships_elsewhere.get(&key).is_some_and(|groups| groups.contains(&group)))
    }

    async fn memberships_elsewhere(
        &mut self,
        object: &str,
        domain: &str,
    ) -> Result<HashSet<ObjectGuid>, String> {
        let found = self.domain.domains.iter().find(|known| known.dns == domain);
        let base = found.map(|known| known.dn.to_string()).unwrap_or_default();
        let is_in = format!("(&(objectClass=group){})", filter::equals("member", object));
        let query = Query::below(base, Scope::Subtree, is_in).attributes(["objectGUID"]);
        let session = self.others.domain(domain).await?;
        let entries = session.ask(&query).await.map_err(|error| error.to_string())?;
        Ok(entries.iter().filter_map(Entry::guid).collect())
    }

    /// Looks up the protected groups of another domain, once.
    async fn protected_elsewhere(&mut self, domain: &ForestDomain) -> Result<(), String> {
        if !self.cache.protected_elsewhere.contains_key(&domain.dns) {
            let found = match self.others.domain(&domain.dns).await {
                Ok(session) => protected(session, &domain.dn).await.map_err(|error| error.to_string()),
                Err(reason) => Err(reason),
            };
            self.cache.protected_elsewhere.insert(domain.dns.clone(), found);
        }
        match self.cache.protected_elsewhere.get(&domain.dns) {
            Some(Err(reason)) => Err(reason.clone()),
            _ => Ok(()),
        }
    }

    /// A domain that does not answer is not asked again.
    pub(super) fn lost(&mut self, domain: &ForestDomain, reason: String) -> OtherDomain {
        self.cache.protected_elsewhere.insert(domain.dns.clone(), Err(reason.clone()));
        OtherDomain::Unreachable { domain: domain.dns.clone(), reason }
    }
}

async fn protected(session: &Session, domain: &Dn) -> Result<Protected, DirectoryError> {
    let head = Query::object(domain.to_string()).attributes(["objectSid"]);
    let sid = session.ask(&head).await?.first().and_then(Entry::sid);
    Protected::find(session, domain, sid.as_ref()).await
}

fn is_global(entry: &Entry) -> bool {
    entry.is_class("group") && entry.integer("groupType").is_some_and(|kind| kind & GLOBAL != 0)
}
