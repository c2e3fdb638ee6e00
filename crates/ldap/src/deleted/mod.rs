//! Deleted objects of a live directory: the forest's policy, lists of any length, single objects, and what was stripped.

mod access;
mod filters;
mod find;
mod listing;
mod names;
mod parents;
mod policy;

pub(crate) use access::WELL_KNOWN;
pub use access::{Container, access_hint, access_hint_for, container, containers};
pub use filters::{BadFilter, checked_filter};
pub use find::{Found, Key, conceal, find};
pub use listing::{Listed, Partitions, Selection, each};
pub(crate) use names::attribute_id;
pub use names::{AttributeName, AttributeNames};
pub use parents::Parents;
pub use policy::{dc_names, judge, policy};

use adrecover_core::directory::Query;
use adrecover_core::{DirectoryError, Entry};

use crate::Session;

/// All that a search finds.
pub(crate) async fn search(session: &Session, query: &Query) -> Result<Vec<Entry>, DirectoryError> {
    session.ask(query).await
}

/// The one object that a base search finds.
pub(crate) async fn one(session: &Session, query: &Query) -> Result<Option<Entry>, DirectoryError> {
    Ok(search(session, query).await?.into_iter().next())
}
