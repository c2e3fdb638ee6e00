//! The ends of links that sources say there were: whether they are there, and what they point to now.

use std::collections::{BTreeSet, HashMap};

use adrecover_core::directory::{Query, Scope, Visibility};
use adrecover_core::facts::EndFacts;
use adrecover_core::request::LinkWish;
use adrecover_core::{DirectoryError, Dn, Entry, ObjectGuid, filter};

use super::CHUNK;
use crate::Session;

/// What is known of both ends of these links. What no search finds is not in it.
pub async fn ends(
    session: &Session,
    domain: &Dn,
    links: &[LinkWish],
) -> Result<HashMap<ObjectGuid, EndFacts>, DirectoryError> {
    let guids: BTreeSet<ObjectGuid> = links.iter().flat_map(|link| [link.holder, link.target]).collect();
    let mut wanted: HashMap<ObjectGuid, BTreeSet<String>> = HashMap::new();
    for link in links {
        wanted.entry(link.holder).or_default().insert(link.attribute.to_lowercase());
    }
    let guids: Vec<ObjectGuid> = guids.into_iter().collect();
    let mut out = HashMap::new();
    for chunk in guids.chunks(CHUNK) {
        let names: BTreeSet<&str> =
            chunk.iter().filter_map(|guid| wanted.get(guid)).flatten().map(String::as_str).collect();
        let attributes: Vec<&str> = ["objectGUID", "isDeleted"].into_iter().chain(names).collect();
        for entry in by_guid(session, domain, chunk, &attributes).await? {
            let Some(guid) = entry.guid() else { continue };
            let facts = match entry.dn.parse::<Dn>() {
                Ok(dn) if !entry.is_deleted() => {
                    let names = wanted.get(&guid).into_iter().flatten();
                    let present = names.map(|name| (name.clone(), dns(&entry, name)));
                    EndFacts::Live { dn, present: present.filter(|(_, values)| !values.is_empty()).collect() }
                }
                _ => EndFacts::Deleted,
            };
            out.insert(guid, facts);
        }
    }
    Ok(out)
}

/// Live and deleted objects by their GUIDs: one search of the domain for a chunk of them, then one each for what lies elsewhere.
pub async fn by_guid(
    session: &Session,
    domain: &Dn,
    guids: &[ObjectGuid],
    attributes: &[&str],
) -> Result<Vec<Entry>, DirectoryError> {
    let mut out = vec![];
    for chunk in guids.chunks(CHUNK) {
        let parts = chunk.iter().map(|guid| format!("(objectGUID={})", guid.filter_value()));
        let query = Query::below(domain.to_string(), Scope::Subtree, filter::any_of(parts))
            .attributes(attributes)
            .visibility(Visibility::Recycled);
        let found = session.ask(&query).await?;
        let known: BTreeSet<ObjectGuid> = found.iter().filter_map(Entry::guid).collect();
        out.extend(found);
        for guid in chunk.iter().filter(|guid| !known.contains(guid)) {
            let query = Query::object(guid.as_dn()).attributes(attributes).visibility(Visibility::Recycled);
            out.extend(session.ask(&query).await?);
        }
    }
    Ok(out)
}

fn dns(entry: &Entry, name: &str) -> Vec<Dn> {
    let all = entry.texts(name).into_iter().filter_map(|dn| dn.parse::<Dn>().ok());
    all.filter(|dn| !dn.is_mangled()).collect()
}
