//! Where an object stands, by what the journal knows.

use adrecover_core::lifetime::{DeletionPolicy, State};
use adrecover_journal::{Change, Status};

/// The words of the contract for where an object stands, and what a journal knows besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Live,
    Deleted(State),
    /// A full read did not find it any more.
    Gone,
    /// Others point to it, and it was never seen.
    Unseen,
}

impl Standing {
    /// A stripped object is a tombstone where it never was in the Recycle Bin, and there is none; else it is recycled.
    pub(super) fn of(status: Status, was_binned: bool, policy: Option<&DeletionPolicy>) -> Self {
        match status {
            Status::Live => Self::Live,
            Status::Deleted => Self::Deleted(State::Deleted),
            Status::Stripped if was_binned || policy.is_some_and(|policy| policy.recycle_bin) => {
                Self::Deleted(State::Recycled)
            }
            Status::Stripped => Self::Deleted(State::Tombstone),
            Status::Gone => Self::Gone,
            Status::Unseen => Self::Unseen,
        }
    }

    /// The same of an object to which all this had happened.
    pub(super) fn after(history: &[&Change], status: Status, policy: Option<&DeletionPolicy>) -> Self {
        let statuses = history.iter().rev().filter_map(|change| change.status);
        // Since it was there for the last time.
        let mut since = statuses.take_while(|(_, new)| *new != Status::Live);
        Self::of(status, since.any(|(_, new)| new == Status::Deleted), policy)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Deleted(state) => state.name(),
            Self::Gone => "gone",
            Self::Unseen => "unseen",
        }
    }

    /// For people.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Deleted(State::Deleted) => "deleted, in the Recycle Bin",
            Self::Deleted(State::Tombstone) => "deleted, a tombstone",
            Self::Deleted(State::Recycled) => "deleted and recycled",
            Self::Gone => "not in the directory any more",
            Self::Unseen => "never seen",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stripped_is_a_tombstone_or_recycled() {
        let on = DeletionPolicy::new(true, None, None);
        let off = DeletionPolicy::new(false, None, None);
        let name = |status, binned, policy| Standing::of(status, binned, policy).name();
        assert_eq!(name(Status::Stripped, false, None), "tombstone");
        assert_eq!(name(Status::Stripped, false, Some(&off)), "tombstone");
        assert_eq!(name(Status::Stripped, false, Some(&on)), "recycled");
        assert_eq!(name(Status::Stripped, true, None), "recycled");
        assert_eq!(name(Status::Deleted, true, Some(&on)), "deleted");
        assert_eq!(name(Status::Gone, false, None), "gone");
    }
}
