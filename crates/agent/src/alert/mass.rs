//! How much was deleted in which time.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// How many deletions in which time are too many.
///
/// The default is 500 in an hour: Microsoft's synchronisation engine exports no more than 500 deletions at a time unless it is told
/// to, so that whoever deleted more has until its next cycle to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold {
    /// How many.
    pub most: u64,
    /// In how many seconds.
    pub seconds: u32,
}

impl Default for Threshold {
    fn default() -> Self {
        Self { most: 500, seconds: 3600 }
    }
}

/// No threshold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no number of deletions in a time: write it as 500/1h")]
pub struct BadThreshold(String);

impl FromStr for Threshold {
    type Err = BadThreshold;

    fn from_str(text: &str) -> Result<Self, BadThreshold> {
        let bad = || BadThreshold(text.to_owned());
        let (most, time) = text.trim().split_once('/').ok_or_else(bad)?;
        let most: u64 = most.trim().parse().map_err(|_| bad())?;
        let time = time.trim();
        let unit = match time.chars().last() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3600,
            Some('d') => 86_400,
            _ => return Err(bad()),
        };
        let number = &time[..time.len() - 1];
        let number: u32 = if number.is_empty() { 1 } else { number.parse().map_err(|_| bad())? };
        let seconds = number.checked_mul(unit).filter(|seconds| (1..=30 * 86_400).contains(seconds));
        match (most, seconds) {
            (1.., Some(seconds)) => Ok(Self { most, seconds }),
            _ => Err(bad()),
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, unit) = match self.seconds {
            s if s.is_multiple_of(3600) => (s / 3600, 'h'),
            s if s.is_multiple_of(60) => (s / 60, 'm'),
            s => (s, 's'),
        };
        write!(f, "{}/{number}{unit}", self.most)
    }
}

/// The deletions of a time, by the second.
#[derive(Debug, Clone, Default)]
pub(crate) struct Window {
    at: BTreeMap<i64, u64>,
}

/// The most that was deleted in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Most {
    pub(crate) count: u64,
    /// The first second.
    pub(crate) from: i64,
    /// The last one.
    pub(crate) to: i64,
}

impl Window {
    pub(crate) fn add(&mut self, second: i64) {
        *self.at.entry(second).or_default() += 1;
    }

    /// The time in which most was deleted.
    pub(crate) fn most(&self, seconds: u32) -> Option<Most> {
        let all: Vec<(i64, u64)> = self.at.iter().map(|(at, count)| (*at, *count)).collect();
        let (mut first, mut count) = (0, 0);
        let mut most: Option<Most> = None;
        for (to, here) in &all {
            count += here;
            while all[first].0 <= to.saturating_sub(seconds.into()) {
                count -= all[first].1;
                first += 1;
            }
            if most.is_none_or(|most| count > most.count) {
                most = Some(Most { count, from: all[first].0, to: *to });
            }
        }
        most
    }

    /// Forgets what was before a second.
    pub(crate) fn forget(&mut self, before: i64) {
        self.at = self.at.split_off(&before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_read() {
        let read = |text: &str| text.parse::<Threshold>().ok().map(|t| (t.most, t.seconds));
        assert_eq!(read("500/1h"), Some((500, 3600)));
        assert_eq!(read(" 20 / 5m "), Some((20, 300)));
        assert_eq!(read("7/h"), Some((7, 3600)));
        for bad in ["", "500", "0/1h", "5/0s", "5/1y", "x/1h", "5/9999999999d", "5/1é", "-5/1h"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(Threshold::default().to_string(), "500/1h");
        assert_eq!(Threshold { most: 3, seconds: 90 }.to_string(), "3/90s");
    }

    #[test]
    fn the_fullest_time_is_found() {
        let mut window = Window::default();
        assert_eq!(window.most(10), None);
        for second in [100, 100, 105, 109, 110, 300, 301] {
            window.add(second);
        }
        assert_eq!(window.most(10), Some(Most { count: 4, from: 100, to: 109 }));
        assert_eq!(window.most(11), Some(Most { count: 5, from: 100, to: 110 }));
        assert_eq!(window.most(1), Some(Most { count: 2, from: 100, to: 100 }));
        window.forget(110);
        assert_eq!(window.most(1000), Some(Most { count: 3, from: 110, to: 301 }));
    }
}
