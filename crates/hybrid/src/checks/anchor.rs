//! The source anchor: what the engine computes, and how that stands to what the cloud has.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::case::Case;
use crate::evidence::{Known, User};
use crate::scope::model::SettingName;

/// How the anchor of the user stands to that of its cloud object.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Relation<'a> {
    /// The export does not hold the cloud's.
    NotExported,
    /// The cloud object has none.
    NoneInCloud,
    /// The attribute that the user's is made of was not read.
    NotRead,
    /// The user has none; the cloud has this.
    NoneHere(&'a str),
    /// They are the same.
    Equal(&'a str),
    /// They are two; the cloud's is this.
    Different(&'a str),
    /// They are the same or two, according to a setting of the engine that is not known; the cloud's is this.
    Undecided(&'a str),
}

/// Compares the two. Base64 has a case.
pub(super) fn relation<'a>(case: &Case<'_>, user: User<'a>) -> Relation<'a> {
    let theirs = match user.immutable_id() {
        Known::Value(theirs) => theirs,
        Known::Absent => return Relation::NoneInCloud,
        Known::NotAsked => return Relation::NotExported,
    };
    let own = match &case.anchor {
        Known::Value(own) => own,
        Known::Absent => return Relation::NoneHere(theirs),
        Known::NotAsked => return Relation::NotRead,
    };
    if own == theirs {
        return Relation::Equal(theirs);
    }
    let is_default = case.sync_setting(SettingName::AnchorAttribute).is_none();
    let guid = case.subject.guid().map(|guid| STANDARD.encode(guid.to_wire()));
    if is_default && guid.as_deref() == Some(theirs) {
        return Relation::Undecided(theirs);
    }
    Relation::Different(theirs)
}

/// What is said where the relation hangs on the engine's setting.
pub(super) fn undecided(case: &Case<'_>, theirs: &str) -> String {
    let own = case.anchor.as_ref().value().map_or("", String::as_str);
    format!(
        "objectGUID gives the anchor `{theirs}` of the cloud and mS-DS-ConsistencyGuid gives `{own}`; which of them the engine \
         takes is not known: give its configuration with --sync-config PATH"
    )
}

/// The source anchor as the engine computes it: base64 of the 16 octets of `mS-DS-ConsistencyGuid`, or of `objectGUID` where that is
/// empty or the engine is set to it.
pub(super) fn computed(case: &Case<'_>) -> Known<String> {
    let encoded = |octets: &[u8]| STANDARD.encode(octets);
    let own = case.subject.guid().map(|guid| encoded(&guid.to_wire()));
    let own = own.map_or(Known::NotAsked, Known::Value);
    let attribute = case.sync_setting(SettingName::AnchorAttribute).map(|(value, _)| value);
    let is = |name: &str| attribute.as_deref().is_some_and(|a| a.eq_ignore_ascii_case(name));
    if is("objectGUID") {
        return own;
    }
    // The default since 2017, and of Cloud Sync.
    if attribute.is_none() || is("mS-DS-ConsistencyGuid") {
        return match case.subject.octets("mS-DS-ConsistencyGuid") {
            Known::Value(values) => Known::Value(encoded(&values[0])),
            Known::Absent => own,
            Known::NotAsked => Known::NotAsked,
        };
    }
    let other = attribute.unwrap_or_default();
    case.subject.octets(&other).map(|values| encoded(&values[0]))
}
