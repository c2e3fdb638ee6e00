//! One object, live or deleted, by whatever a person calls it.

use adrecover_core::deleted::original_rdn;
use adrecover_core::directory::{Query, Scope, Visibility};
use adrecover_core::dn::unmangle;
use adrecover_core::filter::{any_of, equals, escape};
use adrecover_core::secrets::is_secret;
use adrecover_core::{DirectoryError, Dn, Entry, ObjectGuid, Sid};

use super::{AttributeNames, one, search};
use crate::Session;

/// What an object is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// Its GUID.
    Guid(ObjectGuid),
    /// Its DN, as it is or as it was before the deletion.
    Dn(Dn),
    /// Its SID.
    Sid(Sid),
    /// Its account name, UPN or name.
    Name(String),
}

impl Key {
    /// What a text most likely is.
    pub fn guess(text: &str) -> Self {
        let text = text.trim();
        if let Ok(guid) = text.parse() {
            return Self::Guid(guid);
        }
        if let Ok(sid) = text.parse() {
            return Self::Sid(sid);
        }
        match text.parse::<Dn>() {
            Ok(dn) if dn.depth() > 1 => Self::Dn(dn),
            _ => Self::Name(text.to_owned()),
        }
    }
}

/// An object that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its entry with the attributes that were asked for and those that this module needs.
    pub entry: Entry,
    /// Whether it is deleted.
    pub is_deleted: bool,
}

/// What is needed to recognise an object.
const NEEDED: [&str; 6] = [
    "objectGUID",
    "isDeleted",
    "sAMAccountName",
    "userPrincipalName",
    "lastKnownParent",
    "msDS-LastKnownRDN",
];

/// All objects of that name, live and deleted, with these attributes (and those that are needed to recognise them).
pub async fn find(session: &Session, key: &Key, attributes: &[&str]) -> Result<Vec<Found>, DirectoryError> {
    let attributes: Vec<&str> = attributes.iter().chain(&NEEDED).copied().collect();
    let entries = match key {
        Key::Guid(guid) => object(session, &guid.as_dn(), &attributes).await?,
        Key::Dn(dn) => by_dn(session, dn, &attributes).await?,
        Key::Sid(sid) => {
            let filter = format!("(objectSid={})", sid.filter_value());
            everywhere(session, &filter, &attributes).await?
        }
        Key::Name(name) => by_name(session, name, &attributes).await?,
    };
    Ok(entries.into_iter().map(|entry| Found { is_deleted: entry.is_deleted(), entry }).collect())
}

/// Takes the values of secrets out of an entry, and gives the names of those that it had.
///
/// A secret is what [`is_secret`] names and what the schema flags as confidential.
pub async fn conceal(
    session: &Session,
    names: &mut AttributeNames,
    entry: &mut Entry,
) -> Result<Vec<String>, DirectoryError> {
    let all: Vec<String> = entry.attributes.iter().map(|a| a.name.to_string()).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let confidential = names.confidential(session, &all).await?;
    let mut concealed = vec![];
    entry.attributes.retain_mut(|attribute| {
        let secret = is_secret(&attribute.name) || confidential.iter().any(|name| *name == attribute.name);
        if secret {
            attribute.values.iter_mut().for_each(|value| value.fill(0));
            concealed.push(attribute.name.to_string());
        }
        !secret
    });
    Ok(concealed)
}

async fn object(session: &Session, dn: &str, attributes: &[&str]) -> Result<Vec<Entry>, DirectoryError> {
    let query = Query::object(dn).attributes(attributes).visibility(Visibility::Recycled);
    Ok(one(session, &query).await?.into_iter().collect())
}

async fn by_dn(session: &Session, dn: &Dn, attributes: &[&str]) -> Result<Vec<Entry>, DirectoryError> {
    let Some(rdn) = dn.rdn() else { return Ok(vec![]) };
    if let Some((_, guid)) = unmangle(rdn.value()) {
        return object(session, &guid.as_dn(), attributes).await;
    }
    let mut found = object(session, &dn.to_string(), attributes).await?;
    let filter = format!("(&(isDeleted=TRUE)(|{}))", of_name(rdn.value()));
    let parent = dn.parent().unwrap_or_default();
    let was_here = |e: &Entry| {
        original_rdn(e).is_some_and(|r| r == *rdn)
            && e.dn_value("lastKnownParent").is_some_and(|p| p == parent)
    };
    found.extend(everywhere(session, &filter, attributes).await?.into_iter().filter(was_here));
    Ok(found)
}

async fn by_name(session: &Session, name: &str, attributes: &[&str]) -> Result<Vec<Entry>, DirectoryError> {
    let account = name.rsplit_once('\\').map_or(name, |(_, account)| account);
    let filter = any_of([
        equals("sAMAccountName", account),
        equals("sAMAccountName", &format!("{account}$")),
        equals("userPrincipalName", name),
        of_name(name),
    ]);
    let same = |value: Option<String>, wanted: &str| {
        value.is_some_and(|v| v.to_lowercase() == wanted.to_lowercase())
    };
    let is_called = |e: &Entry| {
        same(e.text("sAMAccountName"), account)
            || same(e.text("sAMAccountName"), &format!("{account}$"))
            || same(e.text("userPrincipalName"), name)
            || same(original_rdn(e).map(|r| r.value().to_owned()), name)
    };
    Ok(everywhere(session, &filter, attributes).await?.into_iter().filter(is_called).collect())
}

/// The name now, mangled, or kept: without the outer `(|…)`.
fn of_name(name: &str) -> String {
    let text = escape(name);
    format!("(name={text})(name={text}\\0aDEL:*)(msDS-LastKnownRDN={text})")
}

/// Looks through the domain, and through the other naming contexts but the schema where the domain has nothing.
async fn everywhere(
    session: &Session,
    filter: &str,
    attributes: &[&str],
) -> Result<Vec<Entry>, DirectoryError> {
    let root_dse = session.root_dse();
    let domain = &root_dse.default_naming_context;
    let others =
        root_dse.naming_contexts.iter().filter(|nc| *nc != domain && **nc != root_dse.schema_naming_context);
    for naming_context in std::iter::once(domain).chain(others) {
        let query = Query::below(naming_context.to_string(), Scope::Subtree, filter)
            .attributes(attributes)
            .visibility(Visibility::Recycled);
        let found = search(session, &query).await?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(vec![])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_text_is() {
        assert!(matches!(Key::guess("{3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f}"), Key::Guid(_)));
        assert!(matches!(Key::guess("S-1-5-21-1-2-3-500"), Key::Sid(_)));
        assert!(matches!(Key::guess("CN=UserA,DC=contoso,DC=com"), Key::Dn(_)));
        for name in ["UserA", "CONTOSO\\usera", "usera@contoso.com", "a=b"] {
            assert!(matches!(Key::guess(name), Key::Name(_)), "{name}");
        }
    }
}
