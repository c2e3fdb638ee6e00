//! What a roll back needs to know of the live directory.

use std::collections::{BTreeSet, HashMap};

use adrecover_core::directory::{Query, Scope};
use adrecover_core::facts::{Holder, ObjectFacts};
use adrecover_core::request::smtp_addresses;
use adrecover_core::rollback::{Around, End, MEMBER_OF, Past, Present, Way, way};
use adrecover_core::value::Value;
use adrecover_core::{DirectoryError, Dn, Entry, ObjectGuid, filter};

use super::Gatherer;
use super::ends::by_guid;
use crate::{Protected, Session};

/// How many names one search looks for.
const CHUNK: usize = 50;

/// The live objects of some GUIDs with the attributes that journals tell of, and the groups that they are in.
pub async fn entries(
    session: &Session,
    domain: &Dn,
    guids: &[ObjectGuid],
    attributes: &BTreeSet<String>,
) -> Result<HashMap<ObjectGuid, Entry>, DirectoryError> {
    let fixed = ["objectGUID", "isDeleted", "userAccountControl", MEMBER_OF];
    let is_new = |name: &&str| !fixed.iter().any(|known| known.eq_ignore_ascii_case(name));
    let mut names: Vec<&str> = fixed.to_vec();
    names.extend(attributes.iter().map(String::as_str).filter(is_new));
    let found = by_guid(session, domain, guids, &names).await?;
    Ok(found.into_iter().filter_map(|entry| Some((entry.guid()?, entry))).collect())
}

/// What the journal's links, groups and places lead to.
pub async fn ends(
    session: &Session,
    domain: &Dn,
    objects: &[Past],
    protected: &Protected,
    around: &mut Around,
) -> Result<(), DirectoryError> {
    let mut wanted: BTreeSet<ObjectGuid> = BTreeSet::new();
    for past in objects {
        for links in past.links.iter().chain(&past.groups) {
            wanted.extend(links.had.iter().chain(&links.had_not).map(|end| end.guid));
        }
        wanted.extend(past.place.iter().map(|place| place.parent));
    }
    wanted.retain(|guid| !around.ends.contains_key(guid));
    let wanted: Vec<ObjectGuid> = wanted.into_iter().collect();
    let found = by_guid(session, domain, &wanted, &["objectGUID", "isDeleted", "objectClass"]).await?;
    for entry in found {
        let Some(guid) = entry.guid() else { continue };
        let end = match entry.dn.parse::<Dn>() {
            Ok(dn) if !entry.is_deleted() => End::Live {
                is_protected: protected.groups.contains(&guid) || protected.has(&dn),
                is_group: entry.is_class("group"),
                dn,
            },
            _ => End::Deleted,
        };
        around.ends.insert(guid, end);
    }
    Ok(())
}

/// What lies at the names that objects would get.
pub async fn places(
    session: &Session,
    objects: &[Past],
    present: &HashMap<ObjectGuid, Present>,
    around: &mut Around,
) -> Result<(), DirectoryError> {
    for past in objects {
        let Some(place) = &past.place else { continue };
        let (Some(End::Live { dn, .. }), Some(rdn)) = (around.ends.get(&place.parent), place.dn.rdn()) else {
            continue;
        };
        let to = dn.child(rdn.clone());
        let is_there =
            present.get(&past.guid).and_then(|p| p.object.dn.parse::<Dn>().ok()) == Some(to.clone());
        if is_there || around.places.contains_key(&to.key()) {
            continue;
        }
        let query = Query::object(to.to_string()).attributes(["objectGUID"]);
        if let Some(guid) = session.ask(&query).await?.first().and_then(Entry::guid) {
            around.places.insert(to.key(), guid);
        }
    }
    Ok(())
}

impl Gatherer<'_> {
    /// Who has the names and addresses that the objects had.
    pub async fn names_held(&mut self, objects: &[Past], around: &mut Around) -> Result<(), DirectoryError> {
        let (mut upns, mut addresses, mut accounts) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for attribute in objects.iter().flat_map(|past| &past.attributes) {
            let is = |name: &str| attribute.attribute.eq_ignore_ascii_case(name);
            let texts = attribute.values.iter().filter_map(|value| match value {
                Value::Text(text) => Some(text.to_lowercase()),
                Value::Base64(_) => None,
            });
            match way(&attribute.attribute) {
                Way::Silent | Way::Told(_) => {}
                _ if is("userPrincipalName") => upns.extend(texts),
                _ if is("sAMAccountName") => accounts.extend(texts),
                _ => addresses.extend(smtp_addresses(&attribute.attribute, &attribute.values)),
            }
        }
        let names: Vec<&String> = upns.union(&addresses).collect();
        let is_upn = |name: &str| upns.contains(name);
        let held = self.held(&names, &is_upn).await?;
        for name in names {
            let holders = held.of(name);
            if !holders.is_empty() {
                around.holders.insert(name.clone(), holders);
            }
        }
        let accounts: Vec<String> = accounts.into_iter().collect();
        for some in accounts.chunks(CHUNK) {
            let parts = some.iter().map(|name| filter::equals("sAMAccountName", name));
            let query = Query::below(self.domain.domain.to_string(), Scope::Subtree, filter::any_of(parts))
                .attributes(["objectGUID", "sAMAccountName"]);
            for entry in self.session.ask(&query).await? {
                let (Some(guid), Some(name)) = (entry.guid(), entry.text("sAMAccountName")) else { continue };
                let holder = Holder { guid, dn: entry.dn.clone(), attribute: "sAMAccountName".to_owned() };
                around.accounts.entry(name.to_lowercase()).or_default().push(holder);
            }
        }
        Ok(())
    }
}

/// Puts what is known of the objects together.
pub fn present(
    facts: Vec<ObjectFacts>,
    entries: &HashMap<ObjectGuid, Entry>,
    objects: &[Past],
) -> HashMap<ObjectGuid, Present> {
    let pasts: HashMap<ObjectGuid, &Past> = objects.iter().map(|past| (past.guid, past)).collect();
    let one = |object: ObjectFacts| {
        let (entry, past) = (entries.get(&object.guid)?, pasts.get(&object.guid)?);
        Some((object.guid, Present::read(object, entry, past)))
    };
    facts.into_iter().filter_map(one).collect()
}
