//! The server and the configuration of the forest.

use adrecover_core::DirectoryError;
use adrecover_core::directory::{Query, Scope};
use adrecover_core::doctor::{ClockFacts, PolicyFacts, ServerFacts};
use adrecover_core::time::Timestamp;

use super::tolerated;
use crate::deleted::{one, search};
use crate::{Session, deleted};

/// `LDAP_CAP_ACTIVE_DIRECTORY_PARTIAL_SECRETS_OID`: a read-only DC ([MS-ADTS] 3.1.1.3.4.3.5).
const PARTIAL_SECRETS: &str = "1.2.840.113556.1.4.1920";

pub(super) async fn server(session: &Session, now: Timestamp) -> Result<ServerFacts, DirectoryError> {
    let root = session.root_dse();
    // Read again: the clock of the rootDSE in hand is that of the logon, which may lie behind a question for a password.
    let query = Query::object("").attributes(["currentTime", "isSynchronized"]);
    let fresh = tolerated(one(session, &query).await)?.flatten();
    let clock = fresh.as_ref().and_then(|e| e.time("currentTime"));
    Ok(ServerFacts {
        vendor: root.vendor_name.clone(),
        is_samba: root.is_samba(),
        is_read_only: root.supported_capabilities.contains(PARTIAL_SECRETS),
        is_synchronized: fresh
            .as_ref()
            .filter(|e| e.has("isSynchronized"))
            .map(|e| e.is_true("isSynchronized")),
        catalogue: Some(catalogue(session).await),
        clock: clock.map(|server| ClockFacts { server, local: now }),
        levels: [root.domain_functionality, root.forest_functionality, root.controller_functionality],
    })
}

/// Whether the global catalogue of the same host answers.
async fn catalogue(session: &Session) -> Result<(), String> {
    match session.global_catalog().await {
        Ok(catalogue) => {
            let ready = catalogue.root_dse().is_global_catalog_ready;
            catalogue.close().await;
            if ready { Ok(()) } else { Err("it says that it is not ready (isGlobalCatalogReady)".to_owned()) }
        }
        Err(error) => Err(error.to_string()),
    }
}

/// The policy, and the two lifetimes as they stand there.
pub(super) async fn policy(session: &Session) -> Result<PolicyFacts, DirectoryError> {
    let configuration = &session.root_dse().configuration_naming_context;
    let directory_service = format!("CN=Directory Service,CN=Windows NT,CN=Services,{configuration}");
    let query =
        Query::object(&directory_service).attributes(["tombstoneLifetime", "msDS-DeletedObjectLifetime"]);
    let entry = tolerated(one(session, &query).await)?.flatten();
    Ok(PolicyFacts {
        effective: tolerated(deleted::policy(session).await)?,
        tombstone_lifetime: entry.as_ref().and_then(|e| e.integer("tombstoneLifetime")),
        deleted_object_lifetime: entry.as_ref().and_then(|e| e.integer("msDS-DeletedObjectLifetime")),
        directory_service,
    })
}

/// The attributes whose schema says that a deletion keeps them: bit 8 of `searchFlags` ([MS-ADTS] 2.2.9).
pub async fn preserved(session: &Session) -> Result<Option<Vec<String>>, DirectoryError> {
    let schema = session.root_dse().schema_naming_context.to_string();
    let filter = "(searchFlags:1.2.840.113556.1.4.803:=8)";
    let query = Query::below(schema, Scope::OneLevel, filter).attributes(["lDAPDisplayName"]);
    let Some(entries) = tolerated(search(session, &query).await)? else {
        return Ok(None);
    };
    let names: Vec<String> = entries.iter().filter_map(|e| e.text("lDAPDisplayName")).collect();
    // Every schema marks some: none at all means that it could not be read.
    Ok((!names.is_empty()).then_some(names))
}
