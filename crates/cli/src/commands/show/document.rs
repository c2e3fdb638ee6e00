//! `adrecover/show/v1`.

use std::collections::BTreeMap;

use adrecover_core::deleted::{DeletedObject, NeverRestored, ParentState};
use adrecover_core::kind::ObjectKind;
use adrecover_core::time::{Timestamp, rfc3339};
use adrecover_core::{ObjectGuid, Sid};
use adrecover_hybrid::guide::Remaining;
use serde::Serialize;

use crate::journal::Holding;

/// Everything that is known about one object.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    pub(super) schema: &'static str,
    #[serde(flatten)]
    pub(super) item: Item,
    /// The values by attribute, decoded as [`super::decode`] says.
    pub(super) attributes: BTreeMap<String, Vec<String>>,
    /// Secret attributes that it has.
    pub(super) concealed: Vec<String>,
    /// What the deletion took.
    pub(super) stripped: Vec<String>,
    /// What could fill it in.
    pub(super) sources: Vec<String>,
    /// What the change journal has that it lost.
    pub(super) journal: Option<Holding>,
    /// When each attribute was written.
    pub(super) metadata: Vec<Stamp>,
    /// How to go on.
    pub(super) next: Vec<String>,
    /// What remains, where it cannot be undeleted.
    pub(super) remains: Option<Remaining>,
    /// Remarks on attributes, for people.
    #[serde(skip)]
    pub(super) facts: BTreeMap<String, String>,
    #[serde(skip)]
    pub(super) never: Option<NeverRestored>,
}

/// The item as in `adrecover/list/v1`.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Item {
    Deleted(Box<DeletedObject>),
    Live(Box<LiveObject>),
}

/// A live object in the same fields: its state is `live`, and there is nothing to restore.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LiveObject {
    guid: ObjectGuid,
    name: String,
    #[serde(rename = "type")]
    kind: ObjectKind,
    object_class: Vec<String>,
    state: &'static str,
    dn: String,
    rdn: String,
    sam_account_name: Option<String>,
    sid: Option<Sid>,
    user_principal_name: Option<String>,
    /// Lingers after a restore.
    last_known_parent: Option<String>,
    parent_state: Option<ParentState>,
    deleted_at: Option<Timestamp>,
    deleted_on: Option<String>,
    expires_at: Option<Timestamp>,
    days_left: Option<i64>,
    restorable: bool,
    not_restorable_because: Option<&'static str>,
    can_fill_from: Vec<String>,
}

/// When an attribute was last written, and where.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stamp {
    pub(super) attribute: String,
    pub(super) version: u32,
    pub(super) changed_at: Option<Timestamp>,
    pub(super) changed_on: String,
}

impl From<DeletedObject> for LiveObject {
    fn from(object: DeletedObject) -> Self {
        Self {
            guid: object.guid,
            name: object.name,
            kind: object.kind,
            object_class: object.object_class,
            state: "live",
            dn: object.dn,
            rdn: object.rdn,
            sam_account_name: object.sam_account_name,
            sid: object.sid,
            user_principal_name: object.user_principal_name,
            last_known_parent: object.last_known_parent,
            parent_state: None,
            deleted_at: None,
            deleted_on: None,
            expires_at: None,
            days_left: None,
            restorable: false,
            not_restorable_because: None,
            can_fill_from: object.can_fill_from,
        }
    }
}

impl Item {
    /// The name, the one before the deletion for a deleted object.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Deleted(object) => &object.name,
            Self::Live(object) => &object.name,
        }
    }

    /// What stands at the head for people.
    pub(super) fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![];
        let mut add = |title, value: Option<String>| lines.extend(value.map(|v| (title, v)));
        match self {
            Self::Live(object) => {
                add("type", Some(object.kind.name().to_owned()));
                add("state", Some("live: there is nothing to restore".to_owned()));
                add("guid", Some(object.guid.to_string()));
                add("account", object.sam_account_name.clone());
                add("dn", Some(object.dn.clone()));
            }
            Self::Deleted(object) => {
                let on = object.deleted_on.as_ref().map(|dc| format!(" on {dc}")).unwrap_or_default();
                let left = object.days_left.map(|n| format!(" ({n} days left)")).unwrap_or_default();
                let mark = object.parent_state.map(|s| format!(" ({})", s.name())).unwrap_or_default();
                add("type", Some(object.kind.name().to_owned()));
                add("state", Some(object.state.name().to_owned()));
                add("guid", Some(object.guid.to_string()));
                add("account", object.sam_account_name.clone());
                add("deleted", object.deleted_at.map(|at| format!("{}{on}", rfc3339(at))));
                add("until", object.expires_at.map(|at| format!("{}{left}", rfc3339(at))));
                add("last parent", object.last_known_parent.as_ref().map(|dn| format!("{dn}{mark}")));
                add("dn", Some(object.dn.clone()));
            }
        }
        lines
    }
}
