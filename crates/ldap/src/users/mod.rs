//! Live users, one or all of a domain, and who in the forest has the names and addresses that they have.

use std::ops::ControlFlow;

use adrecover_core::directory::{Query, Scope, Visibility};
use adrecover_core::time::{Timestamp, to_generalized};
use adrecover_core::{DirectoryError, Dn, Entry, Sid, filter, metadata};

use crate::deleted::{AttributeNames, one, search};
use crate::{Session, SweepQuery};

/// `SAM_USER_OBJECT` ([MS-ADTS] 2.2.1.? `sAMAccountType`): user accounts, and neither computers nor trusts. The attribute is
/// indexed.
const USERS: &str = "(sAMAccountType=805306368)";
/// How many names or addresses one search asks for.
const CHUNK: usize = 40;

/// Which users are meant.
#[derive(Debug, Clone)]
pub struct Selection {
    /// The container below which they are.
    pub under: Dn,
    /// Only those that were restored since then: `isDeleted` was taken away then, by whatever program.
    pub restored_since: Option<Timestamp>,
    /// The attributes to read.
    pub attributes: Vec<String>,
    /// How many connections may be used.
    pub connections: usize,
}

/// Gives each user, in no particular order, until `give` breaks it off. The result is the number of users of whom it cannot be
/// told whether they were restored: the account may not read `replPropertyMetaData`.
pub async fn each<E: From<DirectoryError>>(
    session: &mut Session,
    selection: &Selection,
    mut give: impl FnMut(Entry) -> Result<ControlFlow<()>, E>,
) -> Result<u64, E> {
    let mut unread = 0;
    let mut attributes = selection.attributes.clone();
    let mut parts = vec![USERS.to_owned()];
    if let Some(since) = selection.restored_since {
        // Each domain controller writes `whenChanged` by its own clock.
        let early = since.checked_sub_signed(chrono::Duration::days(1)).unwrap_or(since);
        parts.push(format!("(whenChanged>={})", to_generalized(early)));
        if !attributes.iter().any(|name| name.eq_ignore_ascii_case("replPropertyMetaData")) {
            attributes.push("replPropertyMetaData".to_owned());
        }
    }
    let query = SweepQuery {
        base: selection.under.to_string(),
        scope: Scope::Subtree,
        filter: filter::all_of(parts),
        attributes,
        visibility: Visibility::Live,
        connections: selection.connections,
    };
    let mut sweep = session.sweep(query).await?;
    while let Some(entry) = sweep.next().await? {
        match selection.restored_since.map(|since| was_restored(&entry, since)) {
            None | Some(Some(true)) => {}
            Some(Some(false)) => continue,
            Some(None) => {
                unread += 1;
                continue;
            }
        }
        if give(entry)?.is_break() {
            sweep.close().await;
            break;
        }
    }
    Ok(unread)
}

/// Whether `isDeleted` was taken away since then: a deletion writes it, and a restore writes it again. `None` where
/// `replPropertyMetaData` was not read, or is not of the known layout.
pub fn was_restored(entry: &Entry, since: Timestamp) -> Option<bool> {
    let value = entry.value("replPropertyMetaData")?;
    let _ = metadata::parse(value)?;
    let stamp = metadata::find(value, metadata::IS_DELETED);
    Some(stamp.is_some_and(|s| s.version.is_multiple_of(2) && s.time.is_some_and(|at| at >= since)))
}

/// Gives each object of a forest or a domain that has a logon name or an address.
pub async fn each_named<E: From<DirectoryError>>(
    session: &mut Session,
    base: &str,
    attributes: &[String],
    connections: usize,
    mut give: impl FnMut(Entry) -> Result<(), E>,
) -> Result<(), E> {
    let query = SweepQuery {
        base: base.to_owned(),
        scope: Scope::Subtree,
        filter: filter::any_of(
            ["userPrincipalName", "proxyAddresses", "mail", "mailNickname"].map(|name| format!("({name}=*)")),
        ),
        attributes: attributes.to_vec(),
        visibility: Visibility::Live,
        connections,
    };
    let mut sweep = session.sweep(query).await?;
    while let Some(entry) = sweep.next().await? {
        give(entry)?;
    }
    Ok(())
}

/// Whether the forest has no other domain: then the domain controller itself knows all its users.
pub async fn is_only_domain(session: &Session) -> Result<bool, DirectoryError> {
    // FLAG_CR_NTDS_DOMAIN ([MS-ADTS] 6.1.1.2.1.1.2): the naming context is a domain.
    const DOMAINS: &str = "(&(objectClass=crossRef)(systemFlags:1.2.840.113556.1.4.803:=2))";
    let partitions = format!("CN=Partitions,{}", session.root_dse().configuration_naming_context);
    let query = Query::below(partitions, Scope::OneLevel, DOMAINS).attributes(["nCName"]);
    Ok(search(session, &query).await?.len() == 1)
}

/// Those attributes with addresses that the global catalogue does not hold, as the schema says: `proxyAddresses` where
/// Exchange's schema never came.
pub async fn not_in_catalogue(session: &Session) -> Result<Vec<&'static str>, DirectoryError> {
    const ADDRESSES: [&str; 3] = ["proxyAddresses", "mail", "mailNickname"];
    let mut names = AttributeNames::default();
    let existing = names.existing(session, &ADDRESSES).await?;
    let known = names.look_up(session, &existing).await?;
    let held = existing.iter().zip(known);
    Ok(held
        .filter(|(_, known)| known.as_ref().is_some_and(|k| !k.is_in_catalogue))
        .map(|(name, _)| *name)
        .collect())
}

/// Those attributes that the schema of the forest does not have, Exchange's among them where it never came; `None` where the account
/// may not read the schema.
pub async fn not_in_schema(session: &Session, names: &[&str]) -> Result<Option<Vec<String>>, DirectoryError> {
    let existing = AttributeNames::default().existing(session, names).await?;
    // Every schema has it.
    if !existing.contains(&"objectGUID") {
        return Ok(None);
    }
    Ok(Some(names.iter().filter(|name| !existing.contains(name)).map(|name| (*name).to_owned()).collect()))
}

/// What a user has that nobody else may have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// UPNs.
    pub upns: Vec<String>,
    /// The attribute that they are looked for in besides `userPrincipalName`: that of an alternate login id.
    pub upn_attribute: Option<String>,
    /// Addresses of `proxyAddresses`, with their type.
    pub addresses: Vec<String>,
    /// `mailNickname`.
    pub nicknames: Vec<String>,
}

/// The objects of a forest or a domain that have one of these names or addresses.
pub async fn holders(
    session: &Session,
    base: &str,
    names: &Names,
    attributes: &[String],
) -> Result<Vec<Entry>, DirectoryError> {
    let mut parts: Vec<String> =
        names.upns.iter().map(|upn| filter::equals("userPrincipalName", upn)).collect();
    if let Some(attribute) = &names.upn_attribute {
        parts.extend(names.upns.iter().map(|upn| filter::equals(attribute, upn)));
    }
    parts.extend(names.nicknames.iter().map(|name| filter::equals("mailNickname", name)));
    for address in &names.addresses {
        parts.push(filter::equals("proxyAddresses", address));
        if let Some(bare) = address.get(5..).filter(|_| address[..5].eq_ignore_ascii_case("smtp:")) {
            parts.push(filter::equals("mail", bare));
        }
    }
    // A UPN may be somebody's address, too.
    parts.extend(names.upns.iter().map(|upn| filter::equals("proxyAddresses", &format!("smtp:{upn}"))));
    let mut found = vec![];
    for some in parts.chunks(CHUNK) {
        let query = Query::below(base, Scope::Subtree, filter::any_of(some.to_vec())).attributes(attributes);
        found.extend(search(session, &query).await?);
    }
    Ok(found)
}

/// The SIDs of an account and of all groups that it is in, by its `domain\name`, UPN or DN; `None` where there is no such account,
/// or not only one.
pub async fn token_of(session: &Session, name: &str) -> Result<Option<Vec<Sid>>, DirectoryError> {
    crate::doctor::account::token_of(session, name).await
}

/// The live objects that have these SIDs.
pub async fn by_sid(session: &Session, sids: &[Sid]) -> Result<Vec<(Sid, String)>, DirectoryError> {
    let domain = session.root_dse().default_naming_context.to_string();
    let mut found = vec![];
    for some in sids.chunks(CHUNK) {
        let parts = some.iter().map(|sid| format!("(objectSid={})", sid.filter_value()));
        let query = Query::below(&domain, Scope::Subtree, filter::any_of(parts)).attributes(["objectSid"]);
        found.extend(search(session, &query).await?.into_iter().filter_map(|e| Some((e.sid()?, e.dn))));
    }
    Ok(found)
}

/// Those of these names that this domain controller does not have.
pub async fn missing(session: &Session, dns: &[Dn]) -> Result<Vec<Dn>, DirectoryError> {
    let mut missing = vec![];
    for dn in dns {
        match session.ask(&Query::object(dn.to_string()).attributes(["1.1"])).await {
            Ok(found) if !found.is_empty() => {}
            Ok(_) => missing.push(dn.clone()),
            // noSuchObject; a referral leads to another domain.
            Err(error) if error.refusal().is_some_and(|r| r.code == 32) => missing.push(dn.clone()),
            Err(error) if error.refusal().is_some() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(missing)
}

/// The SID of the domain of this domain controller.
pub async fn domain_sid(session: &Session) -> Result<Option<Sid>, DirectoryError> {
    let domain = session.root_dse().default_naming_context.to_string();
    let query = Query::object(domain).attributes(["objectSid"]);
    Ok(one(session, &query).await?.and_then(|entry| entry.sid()))
}
