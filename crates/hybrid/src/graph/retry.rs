//! When to send again, and after how long.

use std::time::Duration;

use chrono::DateTime;

use super::limits::Limits;

/// The first wait where the service does not say how long.
const FIRST: Duration = Duration::from_secs(1);
/// The longest of those.
const LONGEST: Duration = Duration::from_secs(60);

/// What `Retry-After` says: seconds, or a date (RFC 9110 10.2.3), which is measured against the server's own clock.
pub(crate) fn after(value: &str, date: Option<&str>) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    // Some proxies write a fraction.
    if let Some((whole, _)) =
        value.split_once('.').filter(|(_, rest)| rest.bytes().all(|b| b.is_ascii_digit()))
    {
        return whole.parse::<u64>().ok().map(|s| Duration::from_secs(s.saturating_add(1)));
    }
    let then = DateTime::parse_from_rfc2822(value).ok()?;
    let now = DateTime::parse_from_rfc2822(date?.trim()).ok()?;
    Some((then - now).to_std().unwrap_or(Duration::ZERO))
}

/// How much patience one request has left.
#[derive(Debug)]
pub(crate) struct Patience<'a> {
    limits: &'a Limits,
    pub(crate) attempts: u32,
    waited: Duration,
    next: Duration,
}

impl<'a> Patience<'a> {
    pub(crate) fn new(limits: &'a Limits) -> Self {
        Self { limits, attempts: 1, waited: Duration::ZERO, next: FIRST }
    }

    /// How long to wait before the next attempt; `None` where there is none. `chance` spreads those that wait together.
    pub(crate) fn wait(&mut self, asked: Option<Duration>, chance: u8) -> Option<Duration> {
        if self.attempts >= self.limits.attempts {
            return None;
        }
        let wait = match asked {
            Some(asked) if asked > self.limits.one_wait => return None,
            Some(asked) => asked,
            None => self.next.min(self.limits.one_wait),
        };
        self.next = (self.next * 2).min(LONGEST);
        let spread = wait / 4 * u32::from(chance) / 255;
        let wait = wait + spread.min(Duration::from_secs(5));
        if self.waited + wait > self.limits.all_waits {
            return None;
        }
        self.attempts += 1;
        self.waited += wait;
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn seconds_and_dates() {
        let date = Some("Thu, 26 Nov 2026 10:00:00 GMT");
        for (value, seconds) in [
            ("0", Some(0)),
            (" 17 ", Some(17)),
            ("1.5", Some(2)),
            ("Thu, 26 Nov 2026 10:01:30 GMT", Some(90)),
            ("Thu, 26 Nov 2026 09:00:00 GMT", Some(0)),
            ("-1", None),
            ("soon", None),
            ("", None),
            ("99999999999999999999999", None),
        ] {
            assert_eq!(after(value, date).map(|d| d.as_secs()), seconds, "{value}");
        }
        assert_eq!(after("Thu, 26 Nov 2026 10:01:30 GMT", None), None);
    }

    #[test]
    fn waits_grow_and_end() {
        let limits = Limits { attempts: 20, ..Limits::default() };
        let mut patience = Patience::new(&limits);
        let waits: Vec<u64> = std::iter::from_fn(|| patience.wait(None, 0)).map(|w| w.as_secs()).collect();
        assert_eq!(waits[..7], [1, 2, 4, 8, 16, 32, 60]);
        assert!(waits.iter().sum::<u64>() <= 900);
        assert_eq!(Patience::new(&limits).wait(Some(Duration::from_secs(301)), 0), None);
    }

    proptest! {
        #[test]
        fn nobody_waits_for_longer_than_allowed(asked in prop::collection::vec(prop::option::of(0u64..400), 0..50), chance: u8) {
            let limits = Limits::default();
            let mut patience = Patience::new(&limits);
            let mut all = Duration::ZERO;
            for asked in asked {
                let asked = asked.map(Duration::from_secs);
                let Some(wait) = patience.wait(asked, chance) else { break };
                prop_assert!(asked.is_none_or(|a| wait >= a));
                all += wait;
            }
            prop_assert!(all <= limits.all_waits && patience.attempts <= limits.attempts);
        }
    }
}
