//! Groups: those that an object is to be added to, and those that make it privileged.

use std::collections::{HashMap, HashSet};

use adrecover_core::directory::{Query, Scope, Visibility};
use adrecover_core::facts::{GroupFacts, GroupFound, ObjectFacts, OtherDomain, Presence};
use adrecover_core::kind::ObjectKind;
use adrecover_core::request::{GroupWish, MemberKey};
use adrecover_core::{DirectoryError, Dn, Entry, ObjectGuid, Sid, filter, metadata};

use super::Gatherer;
use crate::protected::{PROTECTED_BUILTIN, PROTECTED_RIDS, Protected, is_builtin, own_evidence};

/// The primary group that a reanimated user gets: Domain Users.
const DOMAIN_USERS: u32 = 513;

/// A group that was looked up.
#[derive(Clone)]
pub(super) enum Known {
    Group { dn: Dn, guid: ObjectGuid, rid: Option<u32>, protected: bool },
    Deleted,
    NotAGroup,
    OtherDomain(OtherDomain),
}

impl Gatherer<'_> {
    /// What shows that an object is or was privileged.
    pub(super) async fn privileged(
        &mut self,
        object: &ObjectFacts,
        entry: Option<&Entry>,
    ) -> Result<Vec<String>, DirectoryError> {
        let Some(entry) = entry else { return Ok(vec![]) };
        let mut evidence = own_evidence(entry);
        if matches!(object.presence, Presence::Deleted(_)) && !entry.has("adminCount") && was_protected(entry)
        {
            evidence.push("adminCount was set before the deletion".to_owned());
        }
        if object.kind == ObjectKind::Group
            && object.sid.as_ref().is_some_and(|sid| self.is_protected_sid(sid))
        {
            evidence.push("it is a protected group".to_owned());
        }
        if entry.has("memberOf") {
            evidence.extend(self.protected().await?.memberships(entry));
        }
        Ok(evidence)
    }

    fn is_protected_sid(&self, sid: &Sid) -> bool {
        let rid = sid.rid().unwrap_or_default();
        if sid.domain().is_some_and(|domain| self.domain.domain_sid.as_ref() == Some(&domain)) {
            return PROTECTED_RIDS.contains(&rid);
        }
        is_builtin(sid) && PROTECTED_BUILTIN.contains(&rid)
    }

    /// The protected groups of this DC's database with all that is nested in them, asked for once.
    async fn protected(&mut self) -> Result<&Protected, DirectoryError> {
        if self.cache.protected.is_none() {
            let (domain, sid) = (&self.domain.domain, self.domain.domain_sid.as_ref());
            let found = Protected::find(self.session, domain, sid).await?;
            self.cache.protected = Some(found);
        }
        Ok(self.cache.protected.get_or_insert_with(Protected::default))
    }

    /// Looks up the groups that the request wants this object in.
    pub(super) async fn add_groups(
        &mut self,
        object: &mut ObjectFacts,
        entry: Option<&Entry>,
    ) -> Result<(), DirectoryError> {
        let wishes = self.wishes_for(object);
        let mut seen: HashSet<ObjectGuid> = HashSet::new();
        for wish in wishes {
            let known = self.group(&wish.group).await?;
            let found = match known {
                Known::Group { guid, .. } if !seen.insert(guid) => continue,
                Known::Group { dn, guid, rid, protected } => GroupFound::Group {
                    is_member: is_member(entry, &dn),
                    is_primary: rid.is_some() && rid == primary_group(object, entry),
                    dn,
                    guid,
                    protected,
                },
                Known::Deleted => GroupFound::Deleted,
                Known::NotAGroup => GroupFound::NotAGroup,
                Known::OtherDomain(OtherDomain::Group { guid, .. }) if !seen.insert(guid) => continue,
                Known::OtherDomain(found) => GroupFound::OtherDomain(self.for_object(object, found).await),
            };
            object.groups.push(GroupFacts { wanted: wish.group, source: wish.source, at: wish.at, found });
        }
        Ok(())
    }

    /// What a group of another domain is for an object.
    async fn for_object(&mut self, object: &ObjectFacts, found: OtherDomain) -> OtherDomain {
        let OtherDomain::Group { dn, guid, domain, protected, .. } = found else { return found };
        match self.is_member_elsewhere(object, &domain, guid).await {
            Ok(is_member) => OtherDomain::Group { dn, guid, domain, protected, is_member },
            Err(reason) => OtherDomain::Unreachable { domain, reason },
        }
    }

    /// The wishes that name this object, in their order. They are sorted by key once: a file may hold a line for every
    /// membership of a domain.
    fn wishes_for(&mut self, object: &ObjectFacts) -> Vec<GroupWish> {
        let request = self.request;
        let index = self.cache.wishes.get_or_insert_with(|| {
            let mut index: HashMap<MemberKey, Vec<usize>> = HashMap::new();
            for (i, wish) in request.groups.iter().enumerate() {
                index.entry(wish.member.folded()).or_default().push(i);
            }
            index
        });
        let mut found: Vec<usize> = index.get(&MemberKey::Guid(object.guid)).cloned().unwrap_or_default();
        let by_name =
            object.sam_account_name.as_ref().map(|sam| MemberKey::SamAccountName(sam.clone()).folded());
        found.extend(by_name.and_then(|key| index.get(&key)).into_iter().flatten());
        found.sort_unstable();
        found.into_iter().map(|i| request.groups[i].clone()).collect()
    }

    async fn group(&mut self, dn: &Dn) -> Result<Known, DirectoryError> {
        if let Some(known) = self.cache.groups.get(dn) {
            return Ok(known.clone());
        }
        let known = self.look_up_group(dn).await?;
        self.cache.groups.insert(dn.clone(), known.clone());
        Ok(known)
    }

    async fn look_up_group(&mut self, dn: &Dn) -> Result<Known, DirectoryError> {
        if let Some(elsewhere) = self.elsewhere(dn) {
            return Ok(Known::OtherDomain(match elsewhere {
                Some(domain) => self.group_elsewhere(dn, &domain).await,
                None => OtherDomain::OtherForest,
            }));
        }
        let query = Query::object(dn.to_string())
            .attributes(["objectGUID", "objectClass", "objectSid", "isDeleted"])
            .visibility(Visibility::Deleted);
        let Some(entry) = self.session.ask(&query).await?.into_iter().next() else {
            return self.deleted_group(dn).await;
        };
        let (Some(guid), true) = (entry.guid(), entry.is_class("group")) else { return Ok(Known::NotAGroup) };
        if entry.is_deleted() {
            return Ok(Known::Deleted);
        }
        let protected = entry.sid().is_some_and(|sid| self.is_protected_sid(&sid))
            || self.protected().await?.groups.contains(&guid);
        let dn = entry.dn.parse().unwrap_or_else(|_| dn.clone());
        Ok(Known::Group { dn, guid, rid: entry.sid().and_then(|s| s.rid()), protected })
    }

    /// A group that is not there may be one that was deleted: then its old name and place are found in Deleted Objects.
    async fn deleted_group(&mut self, dn: &Dn) -> Result<Known, DirectoryError> {
        let (Some(rdn), Some(parent)) = (dn.rdn(), dn.parent()) else { return Ok(Known::NotAGroup) };
        let old_name = format!("({}={}\\0aDEL:*)", rdn.kind(), filter::escape(rdn.value()));
        let filter = filter::all_of([
            "(isDeleted=TRUE)".to_owned(),
            "(objectClass=group)".to_owned(),
            old_name,
            filter::equals("lastKnownParent", &parent.to_string()),
        ]);
        let query = Query::below(self.domain.domain.to_string(), Scope::Subtree, filter)
            .attributes(["objectGUID"])
            .visibility(Visibility::Deleted);
        Ok(if self.session.ask(&query).await?.is_empty() { Known::NotAGroup } else { Known::Deleted })
    }
}

/// Whether the object is a member by `memberOf`, which names all groups of this domain but the primary one.
fn is_member(entry: Option<&Entry>, group: &Dn) -> bool {
    entry.is_some_and(|e| e.texts("memberOf").iter().any(|dn| dn.parse::<Dn>().as_ref() == Ok(group)))
}

/// The relative identifier of the primary group that the object has, or will have when it is reanimated.
fn primary_group(object: &ObjectFacts, entry: Option<&Entry>) -> Option<u32> {
    let kept = entry.and_then(|e| e.integer("primaryGroupID")).and_then(|n| u32::try_from(n).ok());
    kept.or((object.kind == ObjectKind::User).then_some(DOMAIN_USERS))
}

/// Whether a tombstone had `adminCount`: the stamp of the attribute is still in its metadata. Reanimating writes it too
/// (as 0), so after an earlier restore the stamp proves nothing by itself; then the access list that the protection left
/// behind, with inheritance blocked, has to agree.
fn was_protected(entry: &Entry) -> bool {
    let Some(stamps) = entry.value("replPropertyMetaData") else { return false };
    if metadata::find(stamps, metadata::ADMIN_COUNT).is_none() {
        return false;
    }
    let first_deletion = metadata::find(stamps, metadata::IS_DELETED).is_some_and(|s| s.version <= 1);
    first_deletion || entry.value("nTSecurityDescriptor").is_some_and(is_dacl_protected)
}

/// SE_DACL_PROTECTED in the control word of a self-relative security descriptor ([MS-DTYP] 2.4.6).
fn is_dacl_protected(descriptor: &[u8]) -> bool {
    matches!(descriptor.get(2..4), Some([low, high]) if u16::from_le_bytes([*low, *high]) & 0x1000 != 0)
}
