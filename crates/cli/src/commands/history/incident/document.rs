//! `adrecover/incident/v1`.

use adrecover_core::lifetime::{DeletionPolicy, State};
use adrecover_journal::Alongside;
use serde::Serialize;

use super::super::source::Source;
use super::super::standing::Standing;
use super::bursts::Burst;
use super::item::Item;
use super::summary::Summary;
use super::timeline::Timeline;

/// What was deleted in a time.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    pub(super) schema: &'static str,
    pub(super) journal: Source,
    pub(super) since: String,
    pub(super) until: Option<String>,
    /// As the journal knows it; `null` where the configuration is not in it.
    pub(super) deletion_policy: Option<PolicyItem>,
    pub(super) summary: Summary,
    pub(super) timeline: Timeline,
    pub(super) bursts: Vec<Burst>,
    pub(super) alongside: AlongsideItem,
    pub(super) next: Vec<String>,
    pub(super) items: Vec<Item>,
    /// That the journal does not go back that far, for people; a program compares `since` with `journal.begins`.
    #[serde(skip)]
    pub(super) doubt: Option<String>,
}

/// How long deleted objects live.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PolicyItem {
    pub(super) recycle_bin: bool,
    tombstone_lifetime: i64,
    deleted_object_lifetime: i64,
}

impl PolicyItem {
    /// What is in the Recycle Bin shows that there is one, and it is never switched off again.
    pub(super) fn of(policy: DeletionPolicy, items: &[Item]) -> Self {
        let DeletionPolicy { recycle_bin, tombstone_lifetime, deleted_object_lifetime } = policy;
        let is_binned = |item: &Item| item.standing == Standing::Deleted(State::Deleted);
        let recycle_bin = recycle_bin || items.iter().any(is_binned);
        Self { recycle_bin, tombstone_lifetime, deleted_object_lifetime }
    }
}

/// What else happened in that time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AlongsideItem {
    memberships_removed: u64,
    moved: u64,
    renamed: u64,
    disabled: u64,
}

impl From<Alongside> for AlongsideItem {
    fn from(alongside: Alongside) -> Self {
        let Alongside { memberships_removed, moved, renamed, disabled } = alongside;
        Self { memberships_removed, moved, renamed, disabled }
    }
}

impl AlongsideItem {
    /// Those that are some, for people.
    pub(super) fn words(&self) -> Vec<String> {
        let all = [
            (self.memberships_removed, "membership removed from a group", "memberships removed from groups"),
            (self.disabled, "account disabled", "accounts disabled"),
            (self.moved, "object moved", "objects moved"),
            (self.renamed, "object renamed", "objects renamed"),
        ];
        let some = all.iter().filter(|(number, ..)| *number > 0);
        some.map(|(n, one, many)| format!("{n} {}", if *n == 1 { one } else { many })).collect()
    }
}

impl Document {
    /// The time, for people.
    pub(super) fn window(&self) -> String {
        match &self.until {
            Some(until) => format!("from {} to {until}", self.since),
            None => format!("since {}", self.since),
        }
    }

    /// What is said where there is nothing to show.
    pub(super) fn nothing(&self) -> String {
        format!("nothing was deleted {}, as far as the journal knows", self.window())
    }
}
