//! How the users of a pre-flight came out, in numbers.

use adrecover_hybrid::checks::Verdict;
use serde::Serialize;

/// How many users came to which verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Summary {
    pub(crate) users: u64,
    pub(crate) ready: u64,
    pub(crate) incomplete: u64,
    pub(crate) blocked: u64,
}

impl Summary {
    pub(super) fn add(&mut self, verdict: Verdict) {
        self.users += 1;
        *match verdict {
            Verdict::Ready => &mut self.ready,
            Verdict::Incomplete => &mut self.incomplete,
            Verdict::Blocked => &mut self.blocked,
        } += 1;
    }

    pub(super) fn verdict(&self) -> Verdict {
        match (self.blocked, self.incomplete) {
            (1.., _) => Verdict::Blocked,
            (0, 1..) => Verdict::Incomplete,
            (0, 0) => Verdict::Ready,
        }
    }
}
