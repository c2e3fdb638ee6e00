//! A value of which three things can be said: it was not asked for, it is not there, it is this.

/// What an export says of one property of one object.
///
/// The three are never mixed: nothing may be concluded from a property that was not asked for, and one that was asked for
/// and is empty is a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Known<T> {
    /// The export does not hold the property, or holds it in a form that cannot be read.
    #[default]
    NotAsked,
    /// The export holds it, and it is empty.
    Absent,
    /// The export holds this.
    Value(T),
}

impl<T> Known<T> {
    /// The value, if there is one.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::NotAsked | Self::Absent => None,
        }
    }

    /// `None` where it was not asked for, otherwise the value or its absence.
    pub fn asked(self) -> Option<Option<T>> {
        match self {
            Self::NotAsked => None,
            Self::Absent => Some(None),
            Self::Value(value) => Some(Some(value)),
        }
    }

    /// Whether the export holds the property, empty or not.
    pub fn is_asked(&self) -> bool {
        !matches!(self, Self::NotAsked)
    }

    /// Whether the property was asked for and is empty.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The same with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Known<U> {
        match self {
            Self::NotAsked => Known::NotAsked,
            Self::Absent => Known::Absent,
            Self::Value(value) => Known::Value(change(value)),
        }
    }

    /// The same with another value; where there is none the value counts as not asked for.
    pub fn read<U>(self, read: impl FnOnce(T) -> Option<U>) -> Known<U> {
        match self {
            Self::NotAsked => Known::NotAsked,
            Self::Absent => Known::Absent,
            Self::Value(value) => read(value).map_or(Known::NotAsked, Known::Value),
        }
    }

    /// A reference to the value.
    pub fn as_ref(&self) -> Known<&T> {
        match self {
            Self::NotAsked => Known::NotAsked,
            Self::Absent => Known::Absent,
            Self::Value(value) => Known::Value(value),
        }
    }

    /// This, or the other where this was not asked for.
    pub fn or(self, other: Self) -> Self {
        if self.is_asked() { self } else { other }
    }

    /// This, or what the other gives where this was not asked for.
    pub fn or_else(self, other: impl FnOnce() -> Self) -> Self {
        if self.is_asked() { self } else { other() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_things_are_kept_apart() {
        let all = [Known::NotAsked, Known::Absent, Known::Value("a")];
        assert_eq!(all.map(Known::asked), [None, Some(None), Some(Some("a"))]);
        assert_eq!(all.map(|k| k.is_asked()), [false, true, true]);
        assert_eq!(all.map(|k| k.map(str::len)), [Known::NotAsked, Known::Absent, Known::Value(1)]);
        assert_eq!(
            all.map(|k| k.read(|t| t.parse::<u8>().ok())),
            [Known::NotAsked, Known::Absent, Known::NotAsked]
        );
        assert_eq!(
            all.map(|k| k.or(Known::Value("b"))),
            [Known::Value("b"), Known::Absent, Known::Value("a")]
        );
    }
}
