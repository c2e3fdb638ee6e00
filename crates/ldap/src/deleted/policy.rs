//! What the forest's configuration says about deletion: the Recycle Bin, the lifetimes, and the names of the DCs.

use adrecover_core::deleted::Judge;
use adrecover_core::directory::{Query, Refusal, Scope};
use adrecover_core::lifetime::{DeletionPolicy, RECYCLE_BIN};
use adrecover_core::time::Timestamp;
use adrecover_core::{DirectoryError, Dn, ObjectGuid};

use super::{one, search};
use crate::Session;

/// Everything that is needed to judge deleted objects on this server.
pub async fn judge(session: &Session, now: Timestamp) -> Result<Judge, DirectoryError> {
    let (policy, dc_names) = tokio::try_join!(policy(session), dc_names(session))?;
    Ok(Judge { policy, undeletes_from_bin: !session.root_dse().is_samba(), now, dc_names })
}

/// The forest's deletion policy ([MS-ADTS] 3.1.1.1.15). An error where the account may not read it: no lifetime is made up.
pub async fn policy(session: &Session) -> Result<DeletionPolicy, DirectoryError> {
    let configuration = &session.root_dse().configuration_naming_context;
    let base = format!("CN=Directory Service,CN=Windows NT,CN=Services,{configuration}");
    let query =
        Query::object(&base).attributes(["objectClass", "tombstoneLifetime", "msDS-DeletedObjectLifetime"]);
    let (entry, recycle_bin) = tokio::try_join!(one(session, &query), recycle_bin(session, configuration))?;
    // Without its class the object was not readable, and an absent lifetime would mean nothing.
    let entry = entry.filter(|e| e.has("objectClass")).ok_or_else(|| Refusal {
        code: 50,
        diagnostic: "this account cannot read the forest's deletion policy".into(),
        operation: format!("read {base}"),
    })?;
    Ok(DeletionPolicy::new(
        recycle_bin,
        entry.integer("tombstoneLifetime"),
        entry.integer("msDS-DeletedObjectLifetime"),
    ))
}

/// Whether the Recycle Bin is among the features that `CN=Partitions` names as enabled. It is recognised by its GUID, since
/// its object can be renamed.
async fn recycle_bin(session: &Session, configuration: &Dn) -> Result<bool, DirectoryError> {
    let query = Query::object(format!("CN=Partitions,{configuration}")).attributes(["msDS-EnabledFeature"]);
    let enabled = one(session, &query).await?.map(|e| e.texts("msDS-EnabledFeature")).unwrap_or_default();
    for feature in enabled {
        let query = Query::object(feature).attributes(["msDS-OptionalFeatureGUID"]);
        let entry = one(session, &query).await?;
        let guid = entry.as_ref().and_then(|e| e.value("msDS-OptionalFeatureGUID"));
        if guid.is_some_and(|g| ObjectGuid::from_wire(g).is_ok_and(|g| g.to_string() == RECYCLE_BIN)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The names of the forest's DCs by their invocation ids, which is how metadata names them.
pub async fn dc_names(session: &Session) -> Result<Vec<(ObjectGuid, String)>, DirectoryError> {
    let configuration = &session.root_dse().configuration_naming_context;
    let query = Query::below(format!("CN=Sites,{configuration}"), Scope::Subtree, "(objectClass=nTDSDSA)")
        .attributes(["invocationId"]);
    let named = |entry: &adrecover_core::Entry| {
        let id = ObjectGuid::from_wire(entry.value("invocationId")?).ok()?;
        let server = entry.dn.parse::<Dn>().ok()?.parent()?;
        Some((id, server.rdn()?.value().to_owned()))
    };
    Ok(search(session, &query).await?.iter().filter_map(named).collect())
}
