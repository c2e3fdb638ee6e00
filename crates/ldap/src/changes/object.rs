//! From an entry to what is known of an object.

use std::borrow::Cow;

use adrecover_core::change::{AttributeChange, LinkChange, ObjectChange, WholeLinks};
use adrecover_core::entry::Attribute;
use adrecover_core::{Dn, Entry, ObjectGuid};

use super::extended::{self, Extended};
use super::schema::{Kind, Schema};
use crate::decode;

/// Where an entry comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// DirSync: what has changed; in a full read all that is set.
    DirSync {
        /// Whether it is a full read.
        full: bool,
    },
    /// A search: all that is set.
    Search,
}

/// What an entry says of its object; `None` where it does not say whose it is.
///
/// Attributes that are not to be read are left out, should a server send them unasked.
pub(super) fn change(mut entry: Entry, schema: &Schema, from: From) -> Option<ObjectChange> {
    let Extended { guid, sid, dn } = Extended::read(&entry.dn);
    let guid = entry.guid().or(guid)?;
    let mut object = ObjectChange::new(guid, dn);
    object.sid = entry.sid().or(sid);
    object.parent = entry.value("parentGUID").and_then(|value| ObjectGuid::from_wire(value).ok());
    object.usn = usn(&entry);
    object.when_changed = entry.time("whenChanged");
    let name: Option<Dn> = object.dn.parse().ok();
    let rdn = name.as_ref().and_then(Dn::rdn);
    // Without a name: a deleted object that the account may not see.
    object.is_deleted = entry.is_true("isDeleted")
        || object.dn.is_empty()
        || rdn.is_some_and(|rdn| rdn.unmangled().is_some());
    let stamps = entry.value("replPropertyMetaData").map(|value| schema.stamps(value)).unwrap_or_default();
    let mut whole = vec![];
    for Attribute { name, values } in std::mem::take(&mut entry.attributes) {
        let part = if name.contains(';') { decode::ranged(&name) } else { None };
        let plain = part.as_ref().map_or(name.as_ref(), |part| part.name.as_str());
        let Some(attribute) = schema.get(plain) else { continue };
        let spelt = if name == attribute.name { name } else { Cow::Owned(attribute.name.clone()) };
        if rdn.is_some_and(|rdn| rdn.kind().eq_ignore_ascii_case(&spelt)) {
            continue;
        }
        match attribute.kind {
            Kind::Link => {
                // `range=0-0` are removed values, `range=1-1` added ones.
                let is_removed =
                    from != From::Search && part.as_ref().is_some_and(|p| (p.low, p.high) == (0, Some(0)));
                if part.is_none() {
                    whole.push(attribute.name.clone());
                }
                // Each value is let go as it is read: a group may have a hundred thousand.
                object.links.extend(values.into_iter().map(|value| LinkChange {
                    attribute: spelt.clone(),
                    target: extended::target(&value),
                    is_present: !is_removed,
                    stamp: None,
                }));
            }
            kind => {
                let stamp = stamps.get(attribute.name.as_str()).map(|stamp| (*stamp).into());
                let values = match kind {
                    Kind::Name => values.into_iter().map(extended::plain).collect(),
                    _ => values,
                };
                object.attributes.push(AttributeChange { name: spelt, values, stamp });
            }
        }
    }
    // An entry of links only is a further part of an object that came before.
    object.is_whole = match from {
        From::DirSync { full } => full && object.attribute("objectClass").is_some(),
        From::Search => true,
    };
    object.whole_links = match from {
        From::Search => WholeLinks::All,
        From::DirSync { .. } if whole.is_empty() => WholeLinks::None,
        From::DirSync { .. } => WholeLinks::Of(whole),
    };
    Some(object)
}

/// `uSNChanged`.
pub(super) fn usn(entry: &Entry) -> Option<u64> {
    entry.integer("uSNChanged").and_then(|number| u64::try_from(number).ok())
}

/// About how much memory it takes.
pub(super) fn size(object: &ObjectChange) -> usize {
    let value = |values: &Vec<Vec<u8>>| values.iter().map(|v| v.len() + 24).sum::<usize>();
    let attributes: usize = object.attributes.iter().map(|a| 100 + value(&a.values)).sum();
    let links: usize = object.links.iter().map(|l| 150 + l.target.dn.len() + l.target.data.len()).sum();
    300 + object.dn.len() + attributes + links
}

#[cfg(test)]
#[path = "object_tests.rs"]
mod tests;
