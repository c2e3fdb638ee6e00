//! What a change was, and where an object stands, as numbers in the file.

/// Where an object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// Others point to it and it was never seen: it is in another directory, or not visible.
    Unseen,
    /// It is there.
    Live,
    /// It is deleted and in the Recycle Bin: its attributes and links are kept by the directory.
    Deleted,
    /// It is deleted and most attributes are gone: a tombstone, or recycled.
    Stripped,
    /// A full read did not find it any more, and nobody said what became of it.
    Gone,
}

/// Others point to a name, and which object that is was not told.
pub(crate) const NAMED_ONLY: i64 = 5;

impl Status {
    /// Every status with its number in the file.
    const ALL: [(Self, i64); 5] =
        [(Self::Unseen, 0), (Self::Live, 1), (Self::Deleted, 2), (Self::Stripped, 3), (Self::Gone, 4)];

    /// The status of a number; one that is unknown is never seen.
    pub(crate) fn of(number: i64) -> Self {
        Self::ALL.iter().find(|(_, n)| *n == number).map_or(Self::Unseen, |(status, _)| *status)
    }

    pub(crate) fn number(self) -> i64 {
        Self::ALL.iter().find(|(status, _)| *status == self).map_or(0, |(_, n)| *n)
    }

    /// Whether the directory says that it is deleted.
    pub fn is_deleted(self) -> bool {
        matches!(self, Self::Deleted | Self::Stripped)
    }
}

/// What a change was: several things at once, as bits.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Kind(i64);

impl Kind {
    /// The object is new.
    pub const CREATED: Self = Self(1);
    /// Values of its attributes.
    pub const ATTRIBUTES: Self = Self(2);
    /// Its name or its place.
    pub const NAME: Self = Self(4);
    /// It was deleted.
    pub const DELETED: Self = Self(8);
    /// It was deleted and is back.
    pub const RESTORED: Self = Self(16);
    /// A full read did not find it any more.
    pub const GONE: Self = Self(32);
    /// It was not found any more, and was found again.
    pub const RETURNED: Self = Self(64);
    /// Values of its link attributes.
    pub const LINKS: Self = Self(128);
    /// It was deleted, and was stripped or not found any more: its time is over.
    pub const EXPIRED: Self = Self(256);
    /// A full read found it: when it happened is not known but from the directory's own stamps.
    pub const FOUND: Self = Self(512);
    /// Some of the links were missing in a whole list, and nobody told that they were removed.
    pub(crate) const IMPLIED: Self = Self(1024);
    /// Whatever changes the status.
    pub(crate) const STATUS: Self = Self(1 | 8 | 16 | 32 | 64 | 256);
    pub(crate) const ALL: Self = Self(i64::MAX);

    const NAMES: [(Self, &'static str); 10] = [
        (Self::CREATED, "created"),
        (Self::ATTRIBUTES, "attributes"),
        (Self::NAME, "name"),
        (Self::DELETED, "deleted"),
        (Self::RESTORED, "restored"),
        (Self::GONE, "gone"),
        (Self::RETURNED, "returned"),
        (Self::LINKS, "links"),
        (Self::EXPIRED, "expired"),
        (Self::FOUND, "found"),
    ];

    pub(crate) const fn of(number: i64) -> Self {
        Self(number)
    }

    pub(crate) const fn number(self) -> i64 {
        self.0
    }

    /// Whether any of these is among them.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The words for it.
    pub fn names(self) -> Vec<&'static str> {
        Self::NAMES.iter().filter(|(kind, _)| self.has(*kind)).map(|(_, name)| *name).collect()
    }
}

impl std::ops::BitOr for Kind {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl std::ops::BitOrAssign for Kind {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.names().join("|"))
    }
}

/// What becomes of an object's status.
pub(crate) fn transition(old: Status, new: Status) -> Kind {
    use Status::{Deleted, Gone, Live, Stripped, Unseen};
    match (old, new) {
        (Unseen, Deleted | Stripped) => Kind::CREATED | Kind::DELETED,
        (Unseen, _) => Kind::CREATED,
        (Live, Deleted | Stripped) => Kind::DELETED,
        (Live, Gone) => Kind::GONE,
        (Deleted | Stripped, Live) => Kind::RESTORED,
        (Deleted, Stripped) | (Deleted | Stripped, Gone) => Kind::EXPIRED,
        (Gone, Deleted | Stripped) => Kind::RETURNED | Kind::DELETED,
        (Gone, _) => Kind::RETURNED,
        _ => Kind::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for (status, number) in Status::ALL {
            assert_eq!((Status::of(number), status.number()), (status, number));
        }
        assert_eq!(Status::of(99), Status::Unseen);
        assert_eq!(format!("{:?}", Kind::DELETED | Kind::NAME), "name|deleted");
    }

    #[test]
    fn every_way_to_another_status_is_seen() {
        let all: Vec<Status> = Status::ALL.iter().map(|(status, _)| *status).collect();
        for old in &all {
            for new in all.iter().filter(|new| **new != Status::Unseen && *new != old) {
                let kind = transition(*old, *new);
                let known = kind.has(Kind::STATUS) || (*old, *new) == (Status::Stripped, Status::Deleted);
                assert!(known, "{old:?} to {new:?}");
            }
        }
    }
}
