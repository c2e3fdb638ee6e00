//! The Deleted Objects containers, and whether this account may look into them.

use adrecover_core::directory::{Query, Visibility};
use adrecover_core::{DirectoryError, Dn};

use super::{listing::Partitions, one};
use crate::{RootDse, Session};

/// `GUID_DELETED_OBJECTS_CONTAINER_W` ([MS-ADTS] 6.1.1.4).
pub(crate) const WELL_KNOWN: &str = "18E2EA80684F11D2B9AA00C04F79F805";

/// The Deleted Objects container of a naming context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Container {
    /// Its DN; the account may read it.
    Readable(String),
    /// It is there, and the account may not look into it.
    Denied,
    /// The naming context has none; the schema does not.
    Absent,
}

/// Looks for the container of one naming context.
///
/// Who may not look into it still sees that it is there, with no children: an empty answer means nothing. What tells is
/// whether its attributes can be read: the right to that (Read Property) is delegated together with the right to list
/// (`dsacls … /g NAME:LCRP`), and reading is not possible without it. Seen on Samba 4.17 with accounts of all four kinds.
pub async fn container(session: &Session, naming_context: &Dn) -> Result<Container, DirectoryError> {
    let query = Query::object(format!("<WKGUID={WELL_KNOWN},{naming_context}>"))
        .attributes(["objectGUID", "instanceType"])
        .visibility(Visibility::Recycled);
    if let Some(entry) = one(session, &query).await? {
        let readable = entry.has("objectGUID") || entry.has("instanceType");
        return Ok(if readable { Container::Readable(entry.dn) } else { Container::Denied });
    }
    let query = Query::object(naming_context.to_string()).attributes(["wellKnownObjects"]);
    let root = one(session, &query).await?;
    let is_named = root.is_some_and(|root| {
        root.texts("wellKnownObjects")
            .iter()
            .any(|v| v.to_ascii_uppercase().starts_with(&format!("B:32:{WELL_KNOWN}")))
    });
    Ok(if is_named { Container::Denied } else { Container::Absent })
}

/// The containers of the chosen naming contexts.
pub async fn containers(
    session: &Session,
    partitions: Partitions,
) -> Result<Vec<(Dn, Container)>, DirectoryError> {
    let mut found = vec![];
    for naming_context in partitions.of(session.root_dse()) {
        let container = container(session, &naming_context).await?;
        found.push((naming_context, container));
    }
    Ok(found)
}

/// The commands by which an administrator lets an account look into the domain's container.
pub fn access_hint(root_dse: &RootDse, account: &str) -> String {
    access_hint_for(root_dse, &root_dse.default_naming_context, account)
}

/// The same for the container of any naming context.
pub fn access_hint_for(root_dse: &RootDse, naming_context: &Dn, account: &str) -> String {
    let group = match naming_context == &root_dse.default_naming_context {
        true => "the domain's Administrators",
        false => "Enterprise Admins",
    };
    format!(
        "use an account of {group}, or let one of them run on a domain controller:\n  \
         dsacls \"CN=Deleted Objects,{naming_context}\" /takeownership\n  \
         dsacls \"CN=Deleted Objects,{naming_context}\" /g \"{account}:LCRP\""
    )
}
