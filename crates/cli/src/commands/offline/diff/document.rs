//! `adrecover/offline-diff/v1`, and the rows of CSV.

use adrecover_core::difference::{AttributeDifference, Counts, Difference, Fate, LinkDifference, What};
use adrecover_core::kind::ObjectKind;
use adrecover_core::value::Value;
use adrecover_core::{Dn, ObjectGuid};
use serde::ser::Error as _;
use serde::{Serialize, Serializer};

use super::Outcome;
use super::kept::Kept;
use crate::commands::show::decode;
use crate::error::CliError;
use crate::offline::{self, SourceDocument};

/// What two sides differ in. The items are read while they are written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document<'a> {
    schema: &'static str,
    pub(super) then: &'a SourceDocument,
    pub(super) now: &'a SourceDocument,
    /// Whether `now` is the directory.
    pub(super) is_live: bool,
    /// Below which object was compared.
    pub(super) under: Option<String>,
    pub(super) guid: Option<ObjectGuid>,
    pub(super) counts: Counts,
    pub(super) items: Items<'a>,
}

/// All items, in the order in which they are told.
pub(super) struct Items<'a> {
    kept: &'a Kept,
    argument: String,
}

/// An object that differs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    pub(super) what: What,
    pub(super) guid: ObjectGuid,
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: ObjectKind,
    pub(super) sam_account_name: Option<String>,
    pub(super) dn_then: Option<String>,
    pub(super) dn_now: Option<String>,
    /// Where it is, if it is gone.
    pub(super) fate: Option<Fate>,
    pub(super) never_restored: bool,
    pub(super) renamed: bool,
    pub(super) moved: bool,
    pub(super) attributes: Vec<AttributeItem>,
    pub(super) links: Vec<LinkItem>,
    /// How it comes back, if it is gone.
    pub(super) next: Option<String>,
}

/// An attribute that differs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AttributeItem {
    pub(super) attribute: String,
    /// `None` where the side does not have it, and does not say whether it was set.
    pub(super) then: Option<Vec<String>>,
    pub(super) now: Option<Vec<String>>,
}

/// A link attribute that differs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LinkItem {
    pub(super) attribute: String,
    pub(super) lost: Vec<String>,
    pub(super) lost_count: u64,
    pub(super) added: Vec<String>,
    pub(super) added_count: u64,
    /// Whether a side that has none of these links is known to have had none.
    pub(super) sure: bool,
}

impl<'a> Document<'a> {
    /// Of what was found, with the arguments as they were given.
    pub(super) fn new(
        outcome: &'a Outcome,
        under: Option<&Dn>,
        guid: Option<ObjectGuid>,
        named: (&str, Option<&str>),
    ) -> Self {
        let argument = offline::argument(outcome.then.kind, named.0);
        Self {
            schema: "adrecover/offline-diff/v1",
            then: &outcome.then,
            now: &outcome.now,
            is_live: named.1.is_none(),
            under: under.filter(|_| guid.is_none()).map(ToString::to_string),
            guid,
            counts: outcome.counts,
            items: Items { kept: &outcome.kept, argument },
        }
    }
}

impl<'a> Items<'a> {
    /// Those of a document.
    pub(super) fn of<'d>(document: &'d Document<'a>) -> &'d Self {
        &document.items
    }

    /// All of them.
    pub(super) fn iter(&self) -> Result<impl Iterator<Item = Result<Item, CliError>> + '_, CliError> {
        let mut kinds = vec![];
        for what in What::ALL {
            kinds.push(self.kept.of(what)?.1);
        }
        Ok(kinds.into_iter().flatten().map(|one| Ok(Item::new(one?, &self.argument))))
    }

    /// Those of one kind, and how many there are.
    pub(super) fn of_kind(
        &self,
        what: What,
    ) -> Result<(u64, impl Iterator<Item = Result<Item, CliError>> + '_), CliError> {
        let (number, all) = self.kept.of(what)?;
        Ok((number, all.map(|one| Ok(Item::new(one?, &self.argument)))))
    }
}

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;
        let mut sequence = serializer.serialize_seq(None)?;
        for item in self.iter().map_err(S::Error::custom)? {
            sequence.serialize_element(&item.map_err(S::Error::custom)?)?;
        }
        sequence.end()
    }
}

impl Item {
    fn new(one: Difference, argument: &str) -> Self {
        let next = next(&one, argument);
        Self {
            what: one.what,
            guid: one.guid,
            name: one.name,
            kind: one.kind,
            sam_account_name: one.sam_account_name,
            dn_then: one.dn_then,
            dn_now: one.dn_now,
            fate: one.fate,
            never_restored: one.is_never_restored,
            renamed: one.is_renamed,
            moved: one.is_moved,
            attributes: one.attributes.into_iter().map(AttributeItem::new).collect(),
            links: one.links.into_iter().map(LinkItem::new).collect(),
            next,
        }
    }
}

/// The command that brings back what is gone. It shows its plan first.
fn next(one: &Difference, argument: &str) -> Option<String> {
    let guid = one.guid;
    let from = format!("--fill-from {argument} --groups-from {argument} --dry-run");
    match one.fate? {
        _ if one.is_never_restored => None,
        Fate::Deleted => Some(format!("adrecover restore --guid {guid} --dry-run")),
        Fate::Tombstone => Some(format!("adrecover restore --guid {guid} {from}")),
        Fate::Recycled | Fate::Absent => Some(format!("adrecover recreate --guid {guid} {from}")),
    }
}

impl AttributeItem {
    fn new(one: AttributeDifference) -> Self {
        let AttributeDifference { attribute, then, now, is_sure } = one;
        let side = |values: &[Value]| {
            let shown = |value: &Value| match value.to_bytes() {
                Some(octets) => decode::value(&attribute, &octets),
                None => value.shown(),
            };
            (is_sure || !values.is_empty()).then(|| values.iter().map(shown).collect::<Vec<_>>())
        };
        let (then, now) = (side(&then), side(&now));
        Self { attribute, then, now }
    }
}

impl LinkItem {
    fn new(one: LinkDifference) -> Self {
        let LinkDifference { attribute, lost, lost_count, added, added_count, is_sure } = one;
        Self { attribute, lost, lost_count, added, added_count, sure: is_sure }
    }
}

/// A row of CSV: one for each attribute or link that differs, or one for the object.
pub(super) struct Row(pub(super) [String; 9]);

impl Row {
    /// What stands above.
    pub(super) const COLUMNS: [&'static str; 9] =
        ["what", "guid", "type", "name", "dnThen", "dnNow", "attribute", "then", "now"];

    /// Those of an object.
    pub(super) fn of(item: &Item) -> Vec<Self> {
        let what = match item.fate {
            Some(fate) => format!("{}: {}", item.what.name(), fate.name()),
            None => item.what.name().to_owned(),
        };
        let row = |attribute: &str, then: String, now: String| {
            Self([
                what.clone(),
                item.guid.to_string(),
                item.kind.name().to_owned(),
                item.name.clone(),
                item.dn_then.clone().unwrap_or_default(),
                item.dn_now.clone().unwrap_or_default(),
                attribute.to_owned(),
                then,
                now,
            ])
        };
        let text =
            |values: &Option<Vec<String>>| values.as_ref().map_or_else(|| "?".into(), |v| v.join("; "));
        let mut rows = vec![];
        if item.renamed || item.moved {
            let dn = |dn: &Option<String>| dn.clone().unwrap_or_default();
            rows.push(row("distinguishedName", dn(&item.dn_then), dn(&item.dn_now)));
        }
        rows.extend(item.attributes.iter().map(|one| row(&one.attribute, text(&one.then), text(&one.now))));
        for link in &item.links {
            rows.extend(link.lost.iter().map(|dn| row(&link.attribute, dn.clone(), String::new())));
            rows.extend(link.added.iter().map(|dn| row(&link.attribute, String::new(), dn.clone())));
        }
        if rows.is_empty() {
            rows.push(row("", String::new(), String::new()));
        }
        rows
    }
}

/// Where an object is that is gone, for people.
pub(super) fn fate_words(fate: Fate) -> &'static str {
    match fate {
        Fate::Deleted => "in the Recycle Bin",
        Fate::Tombstone => "deleted; a tombstone is left",
        Fate::Recycled => "deleted and recycled: it cannot be restored",
        Fate::Absent => "not there, nor among the deleted objects that can be seen",
    }
}
