//! An object as it was at a time.

use std::collections::BTreeMap;

use adrecover_core::ObjectGuid;
use adrecover_core::time::{Timestamp, rfc3339};
use adrecover_journal::{AttributeState, Change, Journal, Link, ObjectState};
use serde::Serialize;

use super::changes::{Filter, time};
use super::document::is_birth;
use super::standing::Standing;
use crate::commands::show::decode;
use crate::error::CliError;
use crate::journal::Controllers;

/// What it was.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct At {
    #[serde(serialize_with = "time")]
    pub(super) when: Timestamp,
    /// Whether the journal knows what it was then.
    pub(super) is_known: bool,
    /// Why not: `notYetThere`, `notYetKept`.
    pub(super) not_known_because: Option<&'static str>,
    /// From when on it is known.
    #[serde(serialize_with = "time")]
    pub(super) known_from: Timestamp,
    pub(super) state: Option<&'static str>,
    pub(super) dn: Option<String>,
    /// The values by attribute, decoded as `show` does.
    pub(super) attributes: BTreeMap<String, Vec<String>>,
    /// When each attribute had been written, where the directory told it.
    pub(super) metadata: Vec<Stamp>,
    pub(super) links: Vec<LinkAt>,
    /// Remarks on values, for people.
    #[serde(skip)]
    pub(super) remarks: BTreeMap<String, String>,
    #[serde(skip)]
    pub(super) standing: Option<Standing>,
}

/// When an attribute had been written, and where.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stamp {
    pub(super) attribute: String,
    pub(super) version: u32,
    #[serde(serialize_with = "adrecover_core::time::serialize")]
    pub(super) changed_at: Option<Timestamp>,
    pub(super) changed_on: String,
}

/// A link that was there.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LinkAt {
    pub(super) attribute: String,
    /// Whether it is a value of this object; else it is one of the other's that points here.
    pub(super) is_own: bool,
    pub(super) guid: ObjectGuid,
    pub(super) dn: String,
    /// Since when; `null` where it was there before the journal knew it.
    #[serde(serialize_with = "adrecover_core::time::serialize")]
    pub(super) since: Option<Timestamp>,
}

impl LinkAt {
    /// Groups first, then what is its own, its members after that, and what else points to it.
    fn rank(&self) -> u8 {
        match (self.is_own, self.attribute.eq_ignore_ascii_case("member")) {
            (false, true) => 0,
            (true, false) => 1,
            (true, true) => 2,
            (false, false) => 3,
        }
    }
}

impl At {
    /// Why nothing is told, for people.
    pub(super) fn not_known(&self) -> Option<String> {
        let (when, from) = (rfc3339(self.when), rfc3339(self.known_from));
        Some(match self.not_known_because? {
            "notYetThere" => format!("at {when} it was not there yet: it was created at {from}"),
            _ => format!("at {when} the journal did not know it yet: what it knows of it begins at {from}"),
        })
    }
}

/// Asks the journal.
pub(super) fn read(
    journal: &Journal,
    known: &ObjectState,
    history: &[Change],
    when: Timestamp,
    controllers: &Controllers,
    filter: &Filter,
) -> Result<At, CliError> {
    let mut at = At {
        when,
        is_known: false,
        not_known_because: None,
        known_from: known.known_from,
        state: None,
        dn: None,
        attributes: BTreeMap::new(),
        metadata: vec![],
        links: vec![],
        remarks: BTreeMap::new(),
        standing: None,
    };
    let state = journal.at(known.guid, when)?.filter(|_| when >= known.known_from);
    let Some(state) = state else {
        let was_born = history.iter().any(|c| is_birth(c) && c.happened == known.known_from);
        at.not_known_because = Some(if was_born { "notYetThere" } else { "notYetKept" });
        return Ok(at);
    };
    let policy = journal.deletion_policy()?;
    let until: Vec<&Change> = history.iter().filter(|change| change.happened <= when).collect();
    let standing = Standing::after(&until, state.status, policy.as_ref());
    at.is_known = true;
    at.standing = Some(standing);
    at.state = Some(standing.name());
    at.dn = Some(state.dn);
    for attribute in state.attributes.iter().filter(|a| filter.takes(&a.name)) {
        put(&mut at, attribute, controllers);
    }
    at.metadata.sort_by(|a, b| b.changed_at.cmp(&a.changed_at).then_with(|| a.attribute.cmp(&b.attribute)));
    for (links, is_own) in [(state.links, true), (state.referrers, false)] {
        let wanted = links.into_iter().filter(|link| filter.takes_link(&link.attribute, is_own));
        at.links.extend(wanted.map(|link| link_at(link, is_own)));
    }
    at.links.sort_by_cached_key(|link| (link.rank(), link.attribute.to_lowercase(), link.dn.to_lowercase()));
    Ok(at)
}

fn put(at: &mut At, attribute: &AttributeState, controllers: &Controllers) {
    let AttributeState { name, values, stamp } = attribute;
    at.attributes.insert(name.clone(), values.iter().map(|v| decode::value(name, v)).collect());
    if let Some(remark) = values.first().and_then(|value| decode::remark(name, value)) {
        at.remarks.insert(name.clone(), remark);
    }
    at.metadata.extend(stamp.map(|stamp| Stamp {
        attribute: name.clone(),
        version: stamp.version,
        changed_at: stamp.at,
        changed_on: controllers.name(stamp.invocation),
    }));
}

fn link_at(link: Link, is_own: bool) -> LinkAt {
    let Link { attribute, other: guid, dn, since, .. } = link;
    LinkAt { attribute, is_own, guid, dn, since }
}
