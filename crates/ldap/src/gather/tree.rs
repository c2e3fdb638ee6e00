//! What hung below a deleted object: found by the parent's GUID in the mangled name of `lastKnownParent`.

use std::collections::{HashMap, HashSet};

use adrecover_core::directory::{Scope, Visibility};
use adrecover_core::facts::{Child, DomainFacts};
use adrecover_core::{DirectoryError, Dn, Entry, ObjectGuid, dn};

use crate::deleted::WELL_KNOWN;
use crate::{Session, SweepQuery};

/// The deleted children of these deleted objects.
pub async fn children_of(
    session: &mut Session,
    domain: &DomainFacts,
    parents: &HashSet<ObjectGuid>,
) -> Result<HashMap<ObjectGuid, Vec<Child>>, DirectoryError> {
    let mut out: HashMap<ObjectGuid, Vec<Child>> = HashMap::new();
    scan(session, domain, &["objectClass"], |place, guid, entry| {
        let Place::Deleted(parent) = place else { return };
        if parents.contains(parent) {
            let name = adrecover_core::deleted::original_rdn(entry)
                .map_or_else(String::new, |r| r.value().to_owned());
            let class = entry.texts("objectClass").pop().unwrap_or_default();
            out.entry(*parent).or_default().push(Child { guid, name, class });
        }
    })
    .await?;
    Ok(out)
}

/// The GUIDs of everything deleted that was below these objects, at any depth, parents before children. The objects
/// themselves are not in it. A live one, named with its DN, is one that was brought back already: the link to the last
/// known parent follows it.
///
/// Reads the deleted objects once and keeps two GUIDs for each one whose parent is deleted too.
pub async fn below(
    session: &mut Session,
    domain: &DomainFacts,
    roots: &[(ObjectGuid, Option<Dn>)],
) -> Result<Vec<ObjectGuid>, DirectoryError> {
    let mut children: HashMap<ObjectGuid, Vec<ObjectGuid>> = HashMap::new();
    let live: Vec<&Dn> = roots.iter().filter_map(|(_, dn)| dn.as_ref()).collect();
    let mut out: Vec<ObjectGuid> = vec![];
    scan(session, domain, &[], |place, guid, _| match place {
        Place::Deleted(parent) => children.entry(*parent).or_default().push(guid),
        Place::Live(dn) if live.iter().any(|root| dn.is_at_or_below(root)) => out.push(guid),
        Place::Live(_) => {}
    })
    .await?;
    let mut level: Vec<ObjectGuid> = roots.iter().map(|(guid, _)| *guid).chain(out.iter().copied()).collect();
    let mut seen: HashSet<ObjectGuid> = level.iter().copied().collect();
    while !level.is_empty() {
        let found = level.iter().flat_map(|guid| children.remove(guid).unwrap_or_default());
        level = found.filter(|guid| seen.insert(*guid)).collect();
        out.extend(&level);
    }
    Ok(out)
}

/// Where a deleted object was.
enum Place {
    /// Below an object that is deleted too.
    Deleted(ObjectGuid),
    /// Below a live one.
    Live(Dn),
}

/// Calls `each` with every deleted object of the domain and where it was.
async fn scan(
    session: &mut Session,
    domain: &DomainFacts,
    attributes: &[&str],
    mut each: impl FnMut(&Place, ObjectGuid, &Entry),
) -> Result<(), DirectoryError> {
    let mut wanted = vec!["objectGUID".to_owned(), "lastKnownParent".to_owned()];
    wanted.extend(attributes.iter().map(|a| (*a).to_owned()));
    let query = SweepQuery {
        base: format!("<WKGUID={WELL_KNOWN},{}>", domain.domain),
        scope: Scope::OneLevel,
        filter: "(isDeleted=TRUE)".to_owned(),
        attributes: wanted,
        visibility: Visibility::Recycled,
        connections: 1,
    };
    let mut sweep = session.sweep(query).await?;
    // Many come from one container, one after the other.
    let mut last: (Vec<u8>, Option<Place>) = (vec![], None);
    while let Some(entry) = sweep.next().await? {
        let (Some(parent), Some(guid)) = (entry.value("lastKnownParent"), entry.guid()) else { continue };
        if last.0 != parent {
            last = (parent.to_vec(), Place::of(parent));
        }
        if let Some(place) = &last.1 {
            each(place, guid, &entry);
        }
    }
    Ok(())
}

impl Place {
    /// From a `lastKnownParent`; `None` where it does not parse.
    fn of(parent: &[u8]) -> Option<Self> {
        let parent: Dn = std::str::from_utf8(parent).ok()?.parse().ok()?;
        let deleted = parent.rdn().and_then(|rdn| dn::unmangle(rdn.value())).map(|(_, guid)| guid);
        Some(deleted.map_or(Self::Live(parent), Self::Deleted))
    }
}
