//! What looking for something found, and whether finding nothing means anything.

use super::pack::Items;
use super::source::Gap;

/// The objects that were found, and what might have been missed.
#[derive(Debug, Clone)]
pub struct Matches<'a, T> {
    /// Each object that fits.
    pub found: Vec<T>,
    /// Why there may be more: empty where all there is was looked at.
    pub gaps: Vec<Gap>,
    lives: std::marker::PhantomData<&'a ()>,
}

impl<T: Copy> Matches<'_, T> {
    pub(super) fn new(found: Vec<T>, gaps: Vec<Gap>) -> Self {
        Self { found, gaps, lives: std::marker::PhantomData }
    }

    /// The first one.
    pub fn first(&self) -> Option<T> {
        self.found.first().copied()
    }

    /// The only one there is, as far as is known.
    pub fn only(&self) -> Option<T> {
        if let [only] = self.found[..] { Some(only) } else { None }
    }

    /// Whether it is certain that there is none. Nothing found with a gap is not that.
    pub fn is_none(&self) -> bool {
        self.found.is_empty() && self.gaps.is_empty()
    }

    /// Whether it is certain that what was found is all.
    pub fn is_complete(&self) -> bool {
        self.gaps.is_empty()
    }
}

/// The primary SMTP addresses among these, without their type.
pub(super) fn primary(all: Items<'_>) -> impl Iterator<Item = &str> {
    all.filter_map(|proxy| proxy.strip_prefix("SMTP:"))
}
