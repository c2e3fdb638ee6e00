//! Patience with a server: what is repeated, how often, and what is never repeated blindly.

use std::time::Duration;

use adrecover_core::directory::{Change, DirectoryError, Query, Refusal, Visibility};
use adrecover_core::{Directory, Dn, Entry, ObjectGuid};

use crate::run::Progress;

/// How often a lost connection is opened again for one step, and a busy server asked again.
pub(crate) const TRIES: u32 = 4;

/// One write.
#[derive(Debug, Clone)]
pub(crate) enum Write {
    /// A Modify.
    Modify { dn: String, changes: Vec<Change>, visibility: Visibility },
    /// An Add; the values are those of the changes.
    Add { dn: Dn, attributes: Vec<Change> },
    /// A rename or move.
    Rename { dn: String, to: Dn },
    /// A deletion.
    Delete { dn: String },
}

/// Why a request gave no success.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The server refused it: it had no effect.
    Refused(Refusal),
    /// The connection was lost under it and is open again: it may have had an effect.
    Unknown(String),
    /// There is no connection.
    Lost(String),
    /// It could not be sent.
    Bad(String),
}

/// Searches, patiently: a search may be repeated.
pub(crate) async fn ask<D: Directory>(
    directory: &mut D,
    progress: &mut dyn Progress,
    query: &Query,
) -> Result<Vec<Entry>, Trouble> {
    let mut tries = 0;
    loop {
        let error = match directory.search(query).await {
            Ok(entries) => return Ok(entries),
            Err(error) => error,
        };
        tries += 1;
        match digest(directory, progress, error, tries).await {
            Some(Trouble::Unknown(_)) | None if tries < TRIES => {}
            Some(Trouble::Unknown(reason)) => return Err(Trouble::Lost(reason)),
            Some(trouble) => return Err(trouble),
            None => return Err(Trouble::Lost("the server stays busy".to_owned())),
        }
    }
}

/// One object in whatever state, by GUID.
pub(crate) async fn find<D: Directory>(
    directory: &mut D,
    progress: &mut dyn Progress,
    guid: ObjectGuid,
    attributes: &[&str],
) -> Result<Option<Entry>, Trouble> {
    let query = Query::object(guid.as_dn()).attributes(attributes).visibility(Visibility::Recycled);
    Ok(ask(directory, progress, &query).await?.into_iter().next())
}

/// Sends a write. It is repeated only where the server said that it did nothing: where that is not known the caller
/// looks first.
pub(crate) async fn send<D: Directory>(
    directory: &mut D,
    progress: &mut dyn Progress,
    write: &Write,
) -> Result<(), Trouble> {
    let mut tries = 0;
    loop {
        let sent = match write {
            Write::Modify { dn, changes, visibility } => directory.modify(dn, changes, *visibility).await,
            Write::Add { dn, attributes } => directory.add(dn, attributes).await,
            Write::Rename { dn, to } => directory.rename(dn, to).await,
            Write::Delete { dn } => directory.delete(dn).await,
        };
        let Err(error) = sent else { return Ok(()) };
        tries += 1;
        let refusal = error.refusal().cloned();
        match (digest(directory, progress, error, tries).await, refusal) {
            (None, Some(refusal)) if tries > TRIES => return Err(Trouble::Refused(refusal)),
            (None, _) => {}
            (Some(trouble), _) => return Err(trouble),
        }
    }
}

/// Waits out a busy server (`None`: ask again), opens a lost connection again, and names everything else.
async fn digest<D: Directory>(
    directory: &mut D,
    progress: &mut dyn Progress,
    error: DirectoryError,
    tries: u32,
) -> Option<Trouble> {
    if error.outcome_is_unknown() {
        let reason = error.to_string();
        progress.waiting(&reason);
        return Some(match directory.reconnect().await {
            Ok(()) => Trouble::Unknown(reason),
            Err(again) => Trouble::Lost(format!("{reason}; {again}")),
        });
    }
    match error {
        DirectoryError::Refused(refusal) if refusal.is_passing() => {
            progress.waiting(&refusal.to_string());
            tokio::time::sleep(Duration::from_millis(250 << tries.min(4))).await;
            None
        }
        DirectoryError::Refused(refusal) => Some(Trouble::Refused(refusal)),
        DirectoryError::Unreachable { message, .. } => Some(Trouble::Lost(message)),
        other => Some(Trouble::Bad(other.to_string())),
    }
}
