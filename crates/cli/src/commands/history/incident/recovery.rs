//! What can be had back of an object, and from what.

use adrecover_core::lifetime::State;
use serde::{Serialize, Serializer};

use super::super::standing::Standing;

/// What can be had back, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Recovery {
    /// It is back with all that it had.
    Back,
    /// It is back, and something of it is missing.
    BackInPart,
    /// The Recycle Bin has all of it.
    Bin,
    /// Its tombstone comes back, and the journal has the rest.
    Filled,
    /// Its tombstone comes back, without what the deletion took.
    Tombstone,
    /// It cannot be restored; the journal has what it was.
    JournalOnly,
    /// It cannot be restored, and nothing is known of it.
    Nothing,
}

impl Recovery {
    /// Every one with its name in JSON, and with what it means.
    pub(super) const ALL: [(Self, &'static str, &'static str); 7] = [
        (Self::Back, "back", "back, complete"),
        (Self::BackInPart, "backInPart", "back, and something is missing: the journal has it"),
        (Self::Bin, "recycleBin", "from the Recycle Bin, complete"),
        (Self::Filled, "tombstoneAndJournal", "from its tombstone, filled from the journal"),
        (Self::Tombstone, "tombstone", "from its tombstone, without what was taken"),
        (Self::JournalOnly, "journalOnly", "no restore; the journal has what it was"),
        (Self::Nothing, "nothing", "no restore"),
    ];

    pub(super) fn of(standing: Standing, is_refused: bool, can_fill: bool, is_missing: bool) -> Self {
        match standing {
            Standing::Live if is_missing => Self::BackInPart,
            Standing::Live => Self::Back,
            _ if is_refused && can_fill => Self::JournalOnly,
            _ if is_refused => Self::Nothing,
            Standing::Deleted(State::Deleted) => Self::Bin,
            _ if can_fill => Self::Filled,
            _ => Self::Tombstone,
        }
    }

    pub(super) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(one, ..)| *one == self).map_or("nothing", |(_, name, _)| name)
    }

    /// For people.
    pub(super) fn words(self) -> &'static str {
        Self::ALL.iter().find(|(one, ..)| *one == self).map_or("no restore", |(.., words)| words)
    }
}

impl Serialize for Recovery {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
