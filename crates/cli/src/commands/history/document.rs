//! `adrecover/history/v1`.

use adrecover_core::kind::ObjectKind;
use adrecover_core::lifetime::{DeletionPolicy, State};
use adrecover_core::time::{Timestamp, rfc3339};
use adrecover_core::{Dn, Entry, ObjectGuid};
use adrecover_journal::{Change, Kind, ObjectState};
use serde::Serialize;

use super::at::At;
use super::changes::ChangeItem;
use super::source::Source;
use super::standing::Standing;
use crate::journal::FILL;

/// What happened to one object, or what it was.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    pub(super) schema: &'static str,
    pub(super) journal: Source,
    pub(super) object: Subject,
    pub(super) since: Option<String>,
    pub(super) until: Option<String>,
    /// Only these were asked for; all where it is empty.
    pub(super) attributes: Vec<String>,
    pub(super) changes: Vec<ChangeItem>,
    pub(super) at: Option<At>,
    /// How to bring it back, where it is deleted.
    pub(super) next: Vec<String>,
}

/// The object as the journal knows it now.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Subject {
    pub(super) guid: ObjectGuid,
    /// The name, the one before the deletion for a deleted object.
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: ObjectKind,
    pub(super) dn: String,
    pub(super) state: &'static str,
    #[serde(skip)]
    pub(super) standing: Standing,
    pub(super) known_from: String,
}

impl Subject {
    pub(super) fn new(known: &ObjectState, history: &[Change], policy: Option<&DeletionPolicy>) -> Self {
        let standing = Standing::after(&history.iter().collect::<Vec<_>>(), known.status, policy);
        Self {
            guid: known.guid,
            name: name_of(&known.dn),
            kind: kind_of(known),
            dn: known.dn.clone(),
            state: standing.name(),
            standing,
            known_from: rfc3339(known.known_from),
        }
    }
}

impl Subject {
    /// The commands that bring it back.
    pub(super) fn next(&self, journal: &str) -> Vec<String> {
        let fill = match self.standing {
            Standing::Deleted(State::Deleted) => String::new(),
            Standing::Deleted(State::Tombstone) => format!("{FILL}{journal}"),
            _ => return vec![],
        };
        let restore = format!("adrecover restore --guid {}{fill}", self.guid);
        vec![format!("{restore} --dry-run"), restore]
    }
}

/// Whether it is the one before which there was no such object.
pub(super) fn is_birth(change: &Change) -> bool {
    change.kind.has(Kind::CREATED)
}

/// The name in a DN, the one before the deletion where it is that of a deleted object.
pub(super) fn name_of(dn: &str) -> String {
    let parsed: Option<Dn> = dn.parse().ok();
    let name = parsed.as_ref().and_then(Dn::rdn).map(|rdn| match rdn.unmangled() {
        Some((old, _)) => old.value().to_owned(),
        None => rdn.value().to_owned(),
    });
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| dn.to_owned())
}

fn kind_of(known: &ObjectState) -> ObjectKind {
    let classes = known.attribute("objectClass").map(|a| a.values.clone()).unwrap_or_default();
    ObjectKind::of(&Entry::new("").with("objectClass", classes))
}

/// A time for people, to the second.
pub(super) fn clock(at: Timestamp) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}
