//! What of a source could not be read.

use std::collections::HashSet;

/// A part of a source that could not be read, and what that costs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Damage {
    /// Where: `page 17`, `line 812`.
    pub place: String,
    /// What is wrong.
    pub problem: String,
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, crate::text::printable(&self.problem))
    }
}

/// All damage that was met, of which the first ones are kept. The same is told once, however often it was met.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DamageReport {
    first: Vec<Damage>,
    seen: HashSet<Damage>,
    total: u64,
}

impl DamageReport {
    /// How many are kept.
    pub const KEPT: usize = 100;
    /// How many are known again when they are met again; what a file full of damage costs in memory is bounded by it.
    const KNOWN: usize = 10_000;
    /// Longer texts are cut, in characters.
    const LONGEST: usize = 300;

    /// Adds one.
    pub fn add(&mut self, place: impl Into<String>, problem: impl Into<String>) {
        let cut = |text: String| match text.char_indices().nth(Self::LONGEST) {
            Some((at, _)) => format!("{}…", &text[..at]),
            None => text,
        };
        let damage = Damage { place: cut(place.into()), problem: cut(problem.into()) };
        if self.seen.contains(&damage) {
            return;
        }
        self.total += 1;
        if self.first.len() < Self::KEPT {
            self.first.push(damage.clone());
        }
        if self.seen.len() < Self::KNOWN {
            self.seen.insert(damage);
        }
    }

    /// The first ones.
    #[must_use]
    pub fn first(&self) -> &[Damage] {
        &self.first
    }

    /// How many there were.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Whether everything that was asked for could be read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }
}
