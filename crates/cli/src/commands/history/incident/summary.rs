//! How many were deleted, of what, where, and what has become of them.

use std::collections::HashMap;
use std::hash::Hash;

use adrecover_core::kind::ObjectKind;
use serde::Serialize;

use super::super::standing::Standing;
use super::item::{Counts, Item};

/// The numbers.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    pub(super) deleted: usize,
    /// Those that are back.
    pub(super) restored: usize,
    /// Those that can be restored.
    pub(super) restorable: usize,
    /// Those that cannot be.
    pub(super) not_restorable: usize,
    /// Those of which the journal has what is missing.
    pub(super) can_fill_from_journal: usize,
    /// By what they are now, the most frequent first; the same below.
    pub(super) by_state: Vec<ByName>,
    pub(super) by_recovery: Vec<ByName>,
    pub(super) by_type: Vec<ByName>,
    pub(super) by_parent: Vec<ByName>,
    pub(super) by_controller: Vec<ByName>,
    pub(super) taken: Counts,
    pub(super) missing: Counts,
}

/// So many of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct ByName {
    /// `null` where it is not known.
    pub(super) name: Option<String>,
    pub(super) number: usize,
}

/// Counts.
pub(super) fn of(items: &[Item]) -> Summary {
    let mut summary = Summary {
        deleted: items.len(),
        restored: items.iter().filter(|item| item.standing == Standing::Live).count(),
        restorable: items.iter().filter(|item| item.restorable).count(),
        can_fill_from_journal: items.iter().filter(|item| !item.can_fill_from.is_empty()).count(),
        by_state: by_name(items.iter().map(|item| Some(item.state))),
        by_recovery: by_name(items.iter().map(|item| Some(item.recovery.name()))),
        by_type: by_name(items.iter().map(|item| Some(item.kind.name()))),
        by_parent: by_name(items.iter().map(|item| item.parent.as_deref())),
        by_controller: by_name(items.iter().map(|item| item.deleted_on.as_deref())),
        ..Summary::default()
    };
    summary.not_restorable = summary.deleted - summary.restored - summary.restorable;
    for item in items {
        summary.taken.add(&item.taken);
        summary.missing.add(&item.missing);
    }
    summary
}

fn by_name<'a>(names: impl Iterator<Item = Option<&'a str>>) -> Vec<ByName> {
    let numbers = count(names);
    let mut out: Vec<ByName> =
        numbers.into_iter().map(|(name, number)| ByName { name: name.map(str::to_owned), number }).collect();
    out.sort_by(|a, b| b.number.cmp(&a.number).then_with(|| a.name.cmp(&b.name)));
    out
}

fn count<K: Hash + Eq>(all: impl Iterator<Item = K>) -> HashMap<K, usize> {
    let mut numbers = HashMap::new();
    for one in all {
        *numbers.entry(one).or_insert(0) += 1;
    }
    numbers
}

/// The kinds of objects, in the order in which they are drawn and named.
pub(super) fn by_kind<'a>(items: impl Iterator<Item = &'a Item>) -> Vec<(ObjectKind, usize)> {
    let numbers = count(items.map(|item| item.kind));
    ObjectKind::ALL.iter().filter_map(|(kind, _)| Some((*kind, *numbers.get(kind)?))).collect()
}
