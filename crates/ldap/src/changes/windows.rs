//! Windows of `uSNChanged`: how a naming context is read in parts, so that a reply stays small and a restart loses little.

use crate::sweep::Adaptive;

/// The first width: no two objects have one number, so that no more than as many objects lie in it.
const FIRST: u64 = 1 << 16;
const NARROWEST: u64 = 1 << 8;

/// The windows from a number on. The last one has no upper end: what changes meanwhile gets a higher number, and is found there.
#[derive(Debug)]
pub(super) struct Windows {
    low: u64,
    top: u64,
    width: Adaptive,
}

impl Windows {
    /// From `low` to `top`, the highest number when the reading begins.
    pub(super) fn new(low: u64, top: u64) -> Self {
        Self { low, top, width: Adaptive(FIRST) }
    }

    /// The lower end of the window.
    pub(super) fn low(&self) -> u64 {
        self.low
    }

    /// Its upper end; `None` for the last window.
    pub(super) fn high(&self) -> Option<u64> {
        Some(self.low.saturating_add(self.width.0 - 1)).filter(|high| *high < self.top)
    }

    /// Its filter. AD knows `>=` and `<=` only ([MS-ADTS] 3.1.1.3.1.3.1).
    pub(super) fn filter(&self) -> String {
        match (self.low, self.high()) {
            (0, None) => "(objectClass=*)".to_owned(),
            (low, None) => format!("(uSNChanged>={low})"),
            (0, Some(high)) => format!("(uSNChanged<={high})"),
            (low, Some(high)) => format!("(&(uSNChanged>={low})(uSNChanged<={high}))"),
        }
    }

    /// Goes on after a window that was read to its end and held so many objects.
    pub(super) fn advance(&mut self, found: usize) {
        if let Some(high) = self.high() {
            self.low = high + 1;
        }
        self.width.adapt(found);
    }

    /// A smaller window from the same beginning, where the reply was too large or the connection broke; whether that is possible.
    pub(super) fn narrow(&mut self) -> bool {
        let width = (self.high().unwrap_or(self.top).saturating_sub(self.low) + 1).div_ceil(4);
        let is_narrower = width < self.width.0 && width >= NARROWEST;
        if is_narrower {
            self.width = Adaptive(width);
        }
        is_narrower
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_cover_everything_once() {
        let mut windows = Windows::new(0, 200_000);
        assert_eq!(windows.filter(), "(uSNChanged<=65535)");
        windows.advance(10_000);
        assert_eq!(windows.filter(), "(&(uSNChanged>=65536)(uSNChanged<=131071))");
        assert!(windows.narrow());
        assert_eq!(windows.filter(), "(&(uSNChanged>=65536)(uSNChanged<=81919))");
        windows.advance(10);
        windows.advance(10);
        assert_eq!((windows.low(), windows.high()), (147_456, None));
        assert_eq!(windows.filter(), "(uSNChanged>=147456)");
        assert_eq!(Windows::new(0, 65_535).filter(), "(objectClass=*)");
        assert_eq!(Windows::new(u64::MAX, u64::MAX).high(), None);
    }

    #[test]
    fn narrowing_ends() {
        let mut windows = Windows::new(7, 1_000_000);
        let times = (0..100).take_while(|_| windows.narrow()).count();
        assert!((3..10).contains(&times), "{times}");
        assert!(!Windows::new(5, 5).narrow());
    }
}
