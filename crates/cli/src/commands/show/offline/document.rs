//! `adrecover/show/v1` of an object in a file: the fields of a live one, and those that only a file has.

use std::collections::BTreeMap;

use adrecover_core::deleted::{DeletedObject, NeverRestored, never_restored, original_rdn};
use adrecover_core::kind::ObjectKind;
use adrecover_core::source::{Direction, GapReason, Link, LinkState, Object};
use adrecover_core::time::Timestamp;
use adrecover_core::{ObjectGuid, Sid};
use adrecover_hybrid::guide::Remaining;
use serde::Serialize;

use super::super::decode;
use super::super::document::Stamp;
use super::state;
use crate::journal::Holding;
use crate::offline::SourceDocument;

/// Everything that a file has of one object.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    schema: &'static str,
    /// Where the file is without it, there is none.
    pub(super) guid: Option<ObjectGuid>,
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: ObjectKind,
    object_class: Vec<String>,
    pub(super) state: &'static str,
    pub(super) dn: String,
    rdn: Option<String>,
    pub(super) sam_account_name: Option<String>,
    pub(super) sid: Option<Sid>,
    pub(super) user_principal_name: Option<String>,
    pub(super) last_known_parent: Option<String>,
    pub(super) parent_state: Option<&'static str>,
    #[serde(serialize_with = "adrecover_core::time::serialize")]
    pub(super) deleted_at: Option<Timestamp>,
    pub(super) deleted_on: Option<String>,
    #[serde(serialize_with = "adrecover_core::time::serialize")]
    pub(super) expires_at: Option<Timestamp>,
    pub(super) days_left: Option<i64>,
    /// `false` where the file tells that it cannot be; else only a domain controller knows.
    restorable: Option<bool>,
    not_restorable_because: Option<&'static str>,
    can_fill_from: Vec<String>,
    /// The values by attribute, decoded as [`decode`] says. Links are not among them.
    pub(super) attributes: BTreeMap<String, Vec<String>>,
    /// Secret attributes that it has.
    pub(super) concealed: Vec<String>,
    stripped: Vec<String>,
    sources: Vec<String>,
    journal: Option<Holding>,
    metadata: Vec<Stamp>,
    /// How to go on.
    pub(super) next: Vec<String>,
    remains: Option<Remaining>,
    pub(super) source: SourceDocument,
    /// Where it lies in the file.
    pub(super) place: String,
    /// When it was so, where that differs from the moment of the file.
    #[serde(serialize_with = "adrecover_core::time::serialize")]
    pub(super) at: Option<Timestamp>,
    /// Whether an attribute that is not here was not set.
    pub(super) is_whole: bool,
    /// Attributes that it has and of which the file gives no value or not all.
    pub(super) gaps: Vec<GapItem>,
    pub(super) links: Vec<LinkItem>,
    /// Whether there are more links than are told.
    pub(super) links_cut: bool,
    /// Remarks on attributes, for people.
    #[serde(skip)]
    pub(super) facts: BTreeMap<String, String>,
    #[serde(skip)]
    pub(super) never: Option<NeverRestored>,
}

/// An attribute without all its values.
#[derive(Serialize)]
pub(super) struct GapItem {
    pub(super) attribute: String,
    reason: &'static str,
    pub(super) message: String,
}

/// A link.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LinkItem {
    /// The forward attribute.
    pub(super) attribute: String,
    /// `holds`: it has the attribute; `pointedTo`: the other has it.
    pub(super) direction: &'static str,
    pub(super) dn: String,
    guid: Option<ObjectGuid>,
    sid: Option<Sid>,
    pub(super) state: &'static str,
    #[serde(serialize_with = "adrecover_core::time::serialize")]
    removed_at: Option<Timestamp>,
    #[serde(serialize_with = "adrecover_core::time::serialize")]
    since: Option<Timestamp>,
}

impl LinkItem {
    pub(super) fn new(link: Link, direction: Direction) -> Self {
        Self {
            attribute: link.attribute,
            direction: match direction {
                Direction::Holds => "holds",
                Direction::PointedTo => "pointedTo",
            },
            dn: link.other.dn,
            guid: link.other.guid,
            sid: link.other.sid,
            state: state(link.state),
            removed_at: match link.state {
                LinkState::Removed(at) => at,
                LinkState::Present | LinkState::Deactivated => None,
            },
            since: link.since,
        }
    }

    /// The attribute as it is called on this object: `memberOf`, where the other has `member`.
    pub(super) fn title(&self) -> &str {
        match self.direction {
            "holds" => &self.attribute,
            _ => adrecover_core::source::backward_of(&self.attribute).unwrap_or(&self.attribute),
        }
    }
}

impl Document {
    /// Of what a file gives, as it is named on the command line.
    pub(super) fn new(
        object: Object,
        deleted: Option<DeletedObject>,
        links: Vec<LinkItem>,
        links_cut: bool,
        source: SourceDocument,
        named: &str,
    ) -> Self {
        let entry = &object.entry;
        let kind = ObjectKind::of(entry);
        let rdn = original_rdn(entry);
        let never = never_restored(entry, kind, entry.uac());
        let guid = object.guid.or_else(|| crate::offline::mangled_guid(&entry.dn));
        let is_secret = |reason: &GapReason| matches!(reason, GapReason::Secret | GapReason::Encrypted);
        let concealed = object.gaps.iter().filter(|gap| is_secret(&gap.reason));
        let because = deleted.as_ref().and_then(|item| item.not_restorable_because);
        Self {
            schema: "adrecover/show/v1",
            guid,
            name: rdn.as_ref().map_or_else(|| entry.dn.clone(), |rdn| rdn.value().to_owned()),
            kind,
            object_class: entry.texts("objectClass"),
            state: object.standing.name(),
            dn: entry.dn.clone(),
            rdn: rdn.map(|rdn| rdn.to_string()),
            sam_account_name: entry.text("sAMAccountName"),
            sid: object.sid.clone(),
            user_principal_name: entry.text("userPrincipalName"),
            last_known_parent: entry.text("lastKnownParent"),
            parent_state: deleted.as_ref().and_then(|item| item.parent_state).map(|state| state.name()),
            deleted_at: deleted.as_ref().and_then(|item| item.deleted_at),
            deleted_on: deleted.as_ref().and_then(|item| item.deleted_on.clone()),
            expires_at: deleted.as_ref().and_then(|item| item.expires_at),
            days_left: deleted.as_ref().and_then(|item| item.days_left),
            restorable: because.map(|_| false),
            not_restorable_because: because.map(|because| because.name()),
            can_fill_from: vec![],
            attributes: decode::attributes(entry),
            concealed: concealed.map(|gap| gap.attribute.clone()).collect(),
            stripped: vec![],
            sources: vec![],
            journal: None,
            metadata: vec![],
            next: next(guid, &source, named, never),
            remains: None,
            place: object.place.clone(),
            at: object.at,
            is_whole: object.is_whole,
            gaps: object.gaps.iter().map(GapItem::new).collect(),
            links,
            links_cut,
            facts: decode::remarks(entry),
            never,
            source,
        }
    }
}

impl GapItem {
    fn new(gap: &adrecover_core::source::Gap) -> Self {
        let reason = match gap.reason {
            GapReason::Secret => "secret",
            GapReason::Encrypted => "encrypted",
            GapReason::Partial => "partial",
            GapReason::TooLarge => "tooLarge",
            GapReason::Reference => "reference",
            GapReason::Damaged(_) => "damaged",
        };
        Self { attribute: gap.attribute.clone(), reason, message: gap.reason.describe() }
    }
}

/// What to do with it.
fn next(
    guid: Option<ObjectGuid>,
    source: &SourceDocument,
    named: &str,
    never: Option<NeverRestored>,
) -> Vec<String> {
    let Some(guid) = guid else { return vec![] };
    let mut lines = vec![format!("adrecover show --guid {guid}")];
    if never.is_none() {
        let from = crate::offline::argument(source.kind, named);
        lines.push(format!(
            "adrecover restore --guid {guid} --fill-from {from} --groups-from {from} --dry-run"
        ));
    }
    lines
}
