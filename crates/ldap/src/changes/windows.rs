//! Windows of `uSNChanged`: how a naming context is read in parts, so that a reply stays small and a restart loses little.

/// The first width: no two objects have one number, so that no more than as many objects lie in it.
const FIRST: u64 = 1 << 12;
const NARROWEST: u64 = 1 << 4;
const WIDEST: u64 = 1 << 26;
/// A window with fewer objects lets a later one be wider, one with more lets it be narrower: enough that a search costs the server
/// little beside them, and few enough that it puts the next ones together while these are worked on.
const SPARSE: usize = 1_000;
const DENSE: usize = 6_000;
/// So many are aimed at.
const GOOD: usize = 4_000;

/// The windows from a number on. The last one has no upper end: what changes meanwhile gets a higher number, and is found there.
#[derive(Debug, Clone)]
pub(super) struct Windows {
    low: u64,
    top: u64,
    width: u64,
    /// The width of the next one. What a window holds counts for the one after that, so that the next may be asked for before it
    /// is known.
    next: u64,
}

impl Windows {
    /// From `low` to `top`, the highest number when the reading begins.
    pub(super) fn new(low: u64, top: u64) -> Self {
        Self { low, top, width: FIRST, next: FIRST }
    }

    /// The lower end of the window.
    pub(super) fn low(&self) -> u64 {
        self.low
    }

    /// Its upper end; `None` for the last window.
    pub(super) fn high(&self) -> Option<u64> {
        Some(self.low.saturating_add(self.width - 1)).filter(|high| *high < self.top)
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

    /// The window after this one; `None` for the last.
    pub(super) fn following(&self) -> Option<Self> {
        let high = self.high()?;
        Some(Self { low: high + 1, width: self.next, ..self.clone() })
    }

    /// Goes on after a window that was read to its end and held so many objects.
    pub(super) fn advance(&mut self, found: usize) {
        let width = match found {
            0..SPARSE => self.width.saturating_mul(2).min(WIDEST),
            SPARSE..=DENSE => self.width,
            _ => (self.width / (found / GOOD) as u64).max(FIRST / 4),
        };
        if let Some(following) = self.following() {
            *self = following;
        }
        self.next = width;
    }

    /// A smaller window from the same beginning, where the reply was too large or the connection broke; whether that is possible.
    pub(super) fn narrow(&mut self) -> bool {
        let width = (self.high().unwrap_or(self.top).saturating_sub(self.low) + 1).div_ceil(4);
        let is_narrower = width < self.width && width >= NARROWEST;
        if is_narrower {
            (self.width, self.next) = (width, width);
        }
        is_narrower
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_cover_everything_once() {
        let mut windows = Windows::new(0, 50_000);
        assert_eq!(windows.filter(), "(uSNChanged<=4095)");
        // What it held counts for the window after the next one.
        windows.advance(10);
        assert_eq!(windows.filter(), "(&(uSNChanged>=4096)(uSNChanged<=8191))");
        windows.advance(4_000);
        assert_eq!(windows.filter(), "(&(uSNChanged>=8192)(uSNChanged<=16383))");
        assert!(windows.narrow());
        assert_eq!(windows.filter(), "(&(uSNChanged>=8192)(uSNChanged<=10239))");
        windows.advance(10);
        windows.advance(100_000);
        assert_eq!((windows.low(), windows.high()), (12_288, Some(16_383)));
        windows.advance(4_000);
        assert_eq!((windows.low(), windows.high()), (16_384, Some(17_407)));
        let mut windows = Windows::new(16_384, 17_000);
        assert_eq!((windows.filter().as_str(), windows.following().is_none()), ("(uSNChanged>=16384)", true));
        windows.advance(1);
        assert_eq!(windows.low(), 16_384);
        assert_eq!(Windows::new(0, 4_095).filter(), "(objectClass=*)");
        assert_eq!(Windows::new(u64::MAX, u64::MAX).high(), None);
    }

    #[test]
    fn the_next_one_is_known_before_this_one_is_read() {
        let mut windows = Windows::new(0, 10_000_000);
        let mut found = [0, 1, 1_000, 6_000, 6_001, 1 << 30].into_iter().cycle();
        let mut searches = 0;
        while let Some(next) = windows.following() {
            windows.advance(found.next().unwrap_or(0));
            assert_eq!(next.filter(), windows.filter());
            searches += 1;
        }
        // An old directory has used many numbers that no object has any more.
        assert!(searches < 10_000, "{searches}");
        let mut windows = Windows::new(0, 1_000_000_000);
        let sparse = std::iter::from_fn(|| windows.following().map(|_| windows.advance(0))).count();
        assert!(sparse < 50, "{sparse}");
    }

    #[test]
    fn narrowing_ends() {
        let mut windows = Windows::new(7, 1_000_000);
        let times = (0..100).take_while(|_| windows.narrow()).count();
        assert!((3..10).contains(&times), "{times}");
        assert!(!Windows::new(5, 5).narrow());
    }
}
