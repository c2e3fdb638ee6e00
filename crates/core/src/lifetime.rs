//! How long deleted objects are kept, and what state a deleted object is in.

use chrono::Duration;
use serde::{Deserialize, Serialize};

use crate::Entry;
use crate::time::{Timestamp, in_calendar};

/// The Recycle Bin among the optional features, by its `msDS-OptionalFeatureGUID` ([MS-ADTS] 3.1.1.9.1).
pub const RECYCLE_BIN: &str = "766ddcd8-acd0-445e-f3b9-a7f9b6744f2a";

/// The forest's deletion policy, read from its configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeletionPolicy {
    /// Whether the Recycle Bin is switched on ([MS-ADTS] 3.1.1.9.1).
    pub recycle_bin: bool,
    /// Days for which a tombstone, or a recycled object, is kept.
    pub tombstone_lifetime: i64,
    /// Days for which a deleted object can be restored with all its attributes, where the bin is on.
    pub deleted_object_lifetime: i64,
}

impl DeletionPolicy {
    /// The policy from the two attributes of `CN=Directory Service,CN=Windows NT,CN=Services,<configuration>`.
    ///
    /// [MS-ADTS] 3.1.1.1.15: an absent `tombstoneLifetime` is 60 days and one below 2 is 2; an absent
    /// `msDS-DeletedObjectLifetime` is the tombstone lifetime, and one below 2 is 2.
    pub fn new(recycle_bin: bool, tombstone: Option<i64>, deleted_object: Option<i64>) -> Self {
        let tombstone_lifetime = tombstone.unwrap_or(60).max(2);
        let deleted_object_lifetime = deleted_object.map_or(tombstone_lifetime, |d| d.max(2));
        Self { recycle_bin, tombstone_lifetime, deleted_object_lifetime }
    }

    /// Until when an object in this state can be restored; `None` for recycled objects and for lifetimes beyond any
    /// calendar.
    pub fn expires(&self, state: State, deleted_at: Timestamp) -> Option<Timestamp> {
        let days = match state {
            State::Tombstone => self.tombstone_lifetime,
            State::Deleted => self.deleted_object_lifetime,
            State::Recycled => return None,
        };
        deleted_at.checked_add_signed(Duration::try_days(days)?).and_then(in_calendar)
    }
}

/// The state of an object in Deleted Objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// The Recycle Bin is on: attributes and links are kept.
    Deleted,
    /// The Recycle Bin is off: most attributes are stripped, the object can be reanimated.
    Tombstone,
    /// The Recycle Bin is on and the object is past recovery, or was deleted before the bin was switched on.
    Recycled,
}

impl State {
    /// The state of a deleted object.
    ///
    /// `isRecycled` alone does not tell: with the bin off, Samba and Windows since 2008 R2 set it on every tombstone,
    /// which can be reanimated all the same.
    pub fn of(entry: &Entry, recycle_bin: bool) -> Self {
        match (recycle_bin, entry.is_true("isRecycled")) {
            (true, true) => Self::Recycled,
            (true, false) => Self::Deleted,
            (false, _) => Self::Tombstone,
        }
    }

    /// The state's name in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Tombstone => "tombstone",
            Self::Recycled => "recycled",
        }
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_and_tiny_lifetimes() {
        let days = |t, d| {
            let p = DeletionPolicy::new(true, t, d);
            (p.tombstone_lifetime, p.deleted_object_lifetime)
        };
        assert_eq!(days(None, None), (60, 60));
        assert_eq!(days(Some(180), None), (180, 180));
        assert_eq!(days(Some(1), Some(0)), (2, 2));
        assert_eq!(days(Some(180), Some(30)), (180, 30));
        assert_eq!(days(Some(-5), Some(-5)), (2, 2));
    }

    #[test]
    fn is_recycled_means_something_only_with_the_bin() {
        let stripped = Entry::new("").with("isRecycled", ["TRUE"]);
        assert_eq!(State::of(&stripped, false), State::Tombstone);
        assert_eq!(State::of(&stripped, true), State::Recycled);
        assert_eq!(State::of(&Entry::new(""), true), State::Deleted);
    }

    #[test]
    fn an_absurd_lifetime_has_no_end() {
        let policy = DeletionPolicy::new(false, Some(i64::MAX), None);
        assert_eq!(policy.expires(State::Tombstone, Timestamp::default()), None);
        let policy = DeletionPolicy::new(false, Some(4_000_000), None);
        assert_eq!(policy.expires(State::Tombstone, Timestamp::default()), None);
    }
}
