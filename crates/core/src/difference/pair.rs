//! Two states of one object.

use std::borrow::Cow;

use super::side::{Absence, Side};
use super::{AttributeDifference, MOST_TOLD, matters};
use crate::source::{GapReason, Object, SourceError};
use crate::value::Value;
use crate::{Dn, Entry};

/// The attributes that differ, in the order of their names; and how many could not be compared.
pub(super) fn attributes(
    then: (&Side<'_>, &Object),
    now: (&Side<'_>, &Object),
) -> (Vec<AttributeDifference>, u64) {
    let mut names: Vec<&str> = [then.1, now.1].into_iter().flat_map(named).collect();
    names.sort_by_cached_key(|name| name.to_ascii_lowercase());
    names.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
    let (mut differences, mut gaps) = (vec![], 0);
    for name in names.into_iter().filter(|name| matters(name)) {
        if let Some(reason) = then.1.gap(name).or_else(|| now.1.gap(name)) {
            gaps += u64::from(*reason != GapReason::Secret);
            continue;
        }
        let (old, new) = (sorted(&then.1.entry, name), sorted(&now.1.entry, name));
        if old == new {
            continue;
        }
        let absence = match (old.is_empty(), new.is_empty()) {
            (true, _) => then.0.absence(then.1, name),
            (_, true) => now.0.absence(now.1, name),
            _ => Absence::Unset,
        };
        if absence != Absence::Unknown {
            differences.push(AttributeDifference {
                attribute: name.to_owned(),
                then: told(&old),
                now: told(&new),
                is_sure: absence == Absence::Unset,
            });
        }
    }
    (differences, gaps)
}

fn named(object: &Object) -> impl Iterator<Item = &str> {
    object.entry.attributes.iter().filter(|attribute| !attribute.values.is_empty()).map(|a| a.name.as_ref())
}

/// The values in an order of their own: attributes are sets.
pub(super) fn sorted<'e>(entry: &'e Entry, name: &str) -> Cow<'e, [Vec<u8>]> {
    match entry.values(name) {
        few @ ([] | [_]) => Cow::Borrowed(few),
        values => {
            let mut values = values.to_vec();
            values.sort_unstable();
            Cow::Owned(values)
        }
    }
}

fn told(values: &[Vec<u8>]) -> Vec<Value> {
    values.iter().take(MOST_TOLD).map(|value| Value::from_bytes(value)).collect()
}

/// Whether an object has another name of its own, and whether it lies in another container.
pub(super) fn place(
    then: (&mut Side<'_>, &str),
    now: (&mut Side<'_>, &str),
) -> Result<(bool, bool), SourceError> {
    if then.1 == now.1 {
        return Ok((false, false));
    }
    let (Ok(old), Ok(new)) = (then.1.parse::<Dn>(), now.1.parse::<Dn>()) else { return Ok((true, false)) };
    let is_renamed = old.rdn() != new.rdn();
    let (Some(from), Some(to)) = (old.parent(), new.parent()) else { return Ok((is_renamed, false)) };
    if from == to {
        return Ok((is_renamed, false));
    }
    // A container that was renamed or moved takes what is in it along.
    let carried = match (then.0.guid_of(&from)?, now.0.guid_of(&to)?) {
        (Some(old), Some(new)) => old == new,
        _ => false,
    };
    Ok((is_renamed, !carried))
}
