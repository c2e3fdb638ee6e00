//! Gathers what `adrecover doctor` judges ([`adrecover_core::doctor`]). Nothing is written, and nothing is tried out.
//!
//! A single question that the server refuses is an answer that stays unknown; only a connection that fails ends it.

pub(crate) mod account;
mod samples;
mod server;

use adrecover_core::directory::Query;
use adrecover_core::doctor::{ConnectionFacts, Container, DoctorFacts};
use adrecover_core::security::SecurityDescriptor;
use adrecover_core::time::Timestamp;
use adrecover_core::{DirectoryError, Dn, Entry};

pub use server::preserved;

use crate::{SearchOptions, Session, deleted};

/// What the caller knows and wants.
#[derive(Debug, Clone, Default)]
pub struct Questions {
    /// The local time, read just before.
    pub now: Timestamp,
    /// How the connection was made.
    pub connection: ConnectionFacts,
    /// The containers to restore into; where none is named, those from which the newest objects were deleted.
    pub containers: Vec<Dn>,
    /// The groups to add members to; where none is named, some of those that users of the containers are in.
    pub groups: Vec<Dn>,
}

/// Owner, group and DACL of security descriptors, without the SACL, which only few may read ([MS-ADTS] 3.1.1.3.4.1.11).
const OWNER_GROUP_DACL: u8 = 7;
/// The most children of Deleted Objects that are counted.
const COUNTED: u64 = 1000;

/// Asks the server.
pub async fn gather(session: &Session, questions: &Questions) -> Result<DoctorFacts, DirectoryError> {
    let root = session.root_dse();
    let mut facts = DoctorFacts {
        connection: questions.connection.clone(),
        domain: root.default_naming_context.clone(),
        groups_were_named: !questions.groups.is_empty(),
        ..DoctorFacts::default()
    };
    facts.connection.url = session.server().to_string();
    facts.connection.host.clone_from(&root.dns_host_name);
    facts.connection.address = session.address().to_string();
    facts.server = server::server(session, questions.now).await?;
    facts.token = account::token(session, &facts.connection.bind_name).await?;
    facts.account = account::account(session, facts.token.as_deref(), &facts.connection.bind_name).await?;
    facts.policy = server::policy(session).await?;
    facts.preserved = preserved(session).await?;
    let head = described(session, &Query::object(facts.domain.to_string()), &[]).await?;
    facts.head = head.as_ref().and_then(descriptor);
    facts.container = container(session, &facts.domain).await?;
    facts.deleted = samples::deleted(session, &facts, &questions.containers, questions.now).await?;
    facts.targets = samples::targets(session, &facts, &questions.containers).await?;
    facts.groups = samples::groups(session, &facts.targets, &questions.groups).await?;
    Ok(facts)
}

async fn container(session: &Session, domain: &Dn) -> Result<Container, DirectoryError> {
    use adrecover_core::directory::{Scope, Visibility};

    let found = tolerated(deleted::container(session, domain).await)?;
    let (dn, is_readable) = match found {
        Some(deleted::Container::Readable(dn)) => (dn, true),
        Some(deleted::Container::Denied) => (format!("CN=Deleted Objects,{domain}"), false),
        Some(deleted::Container::Absent) | None => return Ok(Container::default()),
    };
    let query = Query::object(&dn).visibility(Visibility::Deleted);
    let sd = described(session, &query, &[]).await?.as_ref().and_then(descriptor);
    let children = Query::below(&dn, Scope::OneLevel, "(objectClass=*)")
        .attributes(["objectGUID"])
        .visibility(Visibility::Recycled);
    let (seen, has_more) = tolerated(limited(session, &children, COUNTED, None).await)?.unwrap_or_default();
    Ok(Container { dn: Some(dn), is_readable, children: seen.len() as u64, has_more, descriptor: sd })
}

/// An entry with its security descriptor and further attributes.
async fn described(session: &Session, query: &Query, more: &[&str]) -> Result<Option<Entry>, DirectoryError> {
    let attributes = ["objectGUID", "objectClass", "nTSecurityDescriptor"].iter().chain(more);
    let query = query.clone().attributes(attributes);
    let found = tolerated(limited(session, &query, 1, Some(OWNER_GROUP_DACL)).await)?;
    Ok(found.and_then(|(entries, _)| entries.into_iter().next()))
}

/// The security descriptor of an entry, where it was returned and can be read.
fn descriptor(entry: &Entry) -> Option<SecurityDescriptor> {
    SecurityDescriptor::from_wire(entry.value("nTSecurityDescriptor")?).ok()
}

/// The first entries of a search, and whether there are more.
async fn limited(
    session: &Session,
    query: &Query,
    limit: u64,
    sd_flags: Option<u8>,
) -> Result<(Vec<Entry>, bool), DirectoryError> {
    let options = SearchOptions { size_limit: Some(limit), sd_flags, ..SearchOptions::default() };
    let mut stream = session.search_stream(query, &options)?;
    let mut entries = vec![];
    while let Some(entry) = stream.next().await? {
        entries.push(entry);
    }
    Ok((entries, stream.is_truncated()))
}

/// A refusal is an answer that stays unknown; anything else ends the gathering.
fn tolerated<T>(answer: Result<T, DirectoryError>) -> Result<Option<T>, DirectoryError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(DirectoryError::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
