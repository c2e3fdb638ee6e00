//! The changes of an object, as they are told.

use adrecover_core::dn::Rdn;
use adrecover_core::time::{Timestamp, rfc3339};
use adrecover_core::{Dn, ObjectGuid};
use adrecover_journal::{AttributeDiff, Change, Kind, LinkDiff};
use serde::Serialize;

use super::Window;
use crate::commands::show::decode;
use crate::journal::Controllers;

/// One change.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChangeItem {
    /// Its number in the journal.
    pub(super) seq: i64,
    #[serde(rename = "at", serialize_with = "time")]
    pub(super) at: Timestamp,
    /// Where the time is from: `directory`, `whenChanged`, `journal`.
    pub(super) time_from: &'static str,
    #[serde(serialize_with = "time")]
    pub(super) seen: Timestamp,
    /// The domain controller on which it was made.
    pub(super) on: Option<String>,
    pub(super) invocation_id: Option<ObjectGuid>,
    /// Whether a full read that was compared found it.
    pub(super) found_by_comparison: bool,
    pub(super) what: Vec<&'static str>,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    pub(super) attributes: Vec<AttributeItem>,
    pub(super) links: Vec<LinkItem>,
}

/// An attribute before and after.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AttributeItem {
    pub(super) name: String,
    pub(super) old: Vec<String>,
    pub(super) new: Vec<String>,
    /// How often it had been written then.
    pub(super) version: Option<u32>,
    /// What the values mean, for people.
    #[serde(skip)]
    pub(super) remarks: (Option<String>, Option<String>),
}

/// A link that was added or removed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LinkItem {
    pub(super) attribute: String,
    /// Whether it is a value of this object; else it is one of the other's that points here.
    pub(super) is_own: bool,
    pub(super) is_added: bool,
    /// Whether it went with the deletion of the other object, or came with its return.
    pub(super) with_other: bool,
    pub(super) guid: ObjectGuid,
    pub(super) dn: String,
}

pub(super) fn time<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*at))
}

/// Which attributes are meant; all where none is named.
pub(super) struct Filter(Vec<String>);

impl Filter {
    pub(super) fn new(names: &[String]) -> Self {
        let names = names.iter().map(|name| name.trim().to_ascii_lowercase());
        Self(names.filter(|name| !name.is_empty()).collect())
    }

    pub(super) fn is_all(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn takes(&self, name: &str) -> bool {
        self.is_all() || self.0.iter().any(|wanted| wanted.eq_ignore_ascii_case(name))
    }

    /// A membership is `memberOf` of the member, too.
    pub(super) fn takes_link(&self, attribute: &str, is_own: bool) -> bool {
        let is_membership = !is_own && attribute.eq_ignore_ascii_case("member");
        self.takes(attribute) || (is_membership && self.takes("memberOf"))
    }

    fn takes_name(&self) -> bool {
        ["dn", "distinguishedName", "name", "cn"].iter().any(|name| self.takes(name))
    }
}

/// The changes in a time that say something about what is meant.
pub(super) fn read(
    history: &[Change],
    window: &Window,
    filter: &Filter,
    controllers: &Controllers,
) -> Vec<ChangeItem> {
    let wanted = history.iter().filter(|change| window.includes(change.happened));
    wanted.filter_map(|change| item(change, filter, controllers)).collect()
}

fn item(change: &Change, filter: &Filter, controllers: &Controllers) -> Option<ChangeItem> {
    let names = change.dn.as_ref().filter(|_| filter.takes_name());
    let attributes: Vec<AttributeItem> =
        change.attributes.iter().filter(|a| filter.takes(&a.name)).map(attribute).collect();
    let links: Vec<LinkItem> =
        change.links.iter().filter(|l| filter.takes_link(&l.attribute, l.is_own)).map(link).collect();
    if !filter.is_all() && names.is_none() && attributes.is_empty() && links.is_empty() {
        return None;
    }
    Some(ChangeItem {
        seq: change.seq,
        at: change.happened,
        time_from: time_from(change),
        seen: change.seen,
        on: change.stamp.map(|stamp| controllers.name(stamp.invocation)),
        invocation_id: change.stamp.map(|stamp| stamp.invocation),
        found_by_comparison: change.kind.has(Kind::FOUND),
        what: what(change),
        from: names.map(|(from, _)| from.clone()),
        to: names.map(|(_, to)| to.clone()),
        attributes,
        links,
    })
}

/// The directory tells when a value was written; else the object's `whenChanged` is not before that, and last of all the time at
/// which the journal saw it.
fn time_from(change: &Change) -> &'static str {
    match change.stamp {
        Some(_) => "directory",
        None if change.happened != change.seen => "whenChanged",
        None => "journal",
    }
}

/// What it was, in the words of the document.
fn what(change: &Change) -> Vec<&'static str> {
    let mut out = vec![];
    for (kind, word) in [
        (Kind::CREATED, "created"),
        (Kind::DELETED, "deleted"),
        (Kind::RESTORED, "restored"),
        (Kind::GONE, "gone"),
        (Kind::RETURNED, "returned"),
        (Kind::EXPIRED, "expired"),
    ] {
        if change.kind.has(kind) {
            out.push(word);
        }
    }
    // A deletion and a restore change the name, too, and that is no news.
    if let Some((from, to)) = change.dn.as_ref().filter(|_| out.is_empty()) {
        out.extend(renamed(from, to));
    }
    if change.kind.has(Kind::ATTRIBUTES) && !change.attributes.is_empty() {
        out.push("changed");
    }
    if !change.links.is_empty() {
        out.push("links");
    }
    out
}

fn renamed(from: &str, to: &str) -> Vec<&'static str> {
    let (Ok(from), Ok(to)) = (from.parse::<Dn>(), to.parse::<Dn>()) else { return vec!["renamed"] };
    let text = |dn: &Dn| dn.rdn().map(Rdn::to_string);
    let mut out = vec![];
    if text(&from) != text(&to) {
        out.push("renamed");
    }
    if from.parent() != to.parent() {
        out.push("moved");
    }
    out
}

fn attribute(diff: &AttributeDiff) -> AttributeItem {
    let decoded = |values: &[Vec<u8>]| values.iter().map(|v| decode::value(&diff.name, v)).collect();
    let remark = |values: &[Vec<u8>]| values.first().and_then(|v| decode::remark(&diff.name, v));
    AttributeItem {
        name: diff.name.clone(),
        old: decoded(&diff.old),
        new: decoded(&diff.new),
        version: diff.version,
        remarks: (remark(&diff.old), remark(&diff.new)),
    }
}

fn link(diff: &LinkDiff) -> LinkItem {
    LinkItem {
        attribute: diff.attribute.clone(),
        is_own: diff.is_own,
        is_added: diff.is_added,
        with_other: diff.with_other,
        guid: diff.other,
        dn: diff.dn.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_name_and_a_new_place_are_told_apart() {
        let a = "CN=A,OU=X,DC=c";
        assert_eq!(renamed(a, "CN=B,OU=X,DC=c"), ["renamed"]);
        assert_eq!(renamed(a, "CN=a,OU=X,DC=c"), ["renamed"]);
        assert_eq!(renamed(a, "CN=A,OU=Y,DC=c"), ["moved"]);
        assert_eq!(renamed(a, "CN=B,OU=Y,DC=c"), ["renamed", "moved"]);
        assert_eq!(renamed("", "CN=B,OU=Y,DC=c"), ["renamed", "moved"]);
    }

    #[test]
    fn a_filter_knows_the_other_names_of_things() {
        let filter = Filter::new(&["MemberOf".into(), " mail ".into(), String::new()]);
        assert!(filter.takes("MAIL") && !filter.takes("title") && !filter.takes_name());
        assert!(filter.takes_link("member", false) && !filter.takes_link("member", true));
        assert!(Filter::new(&["dn".into()]).takes_name() && Filter::new(&[]).is_all());
    }
}
