//! Times of the directory, and the ways in which a person gives one.

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveDateTime, TimeZone, Timelike, Utc};
use serde::{Serialize, Serializer};

/// A moment, always UTC.
pub type Timestamp = DateTime<Utc>;

/// Parses a GeneralizedTime value such as `20261101093000.0Z` (RFC 4517 3.3.13, the forms that AD writes).
pub fn generalized(text: &str) -> Option<Timestamp> {
    let digits = text.strip_suffix('Z')?;
    let whole = digits.split_once('.').map_or(digits, |(whole, fraction)| {
        if fraction.bytes().all(|b| b.is_ascii_digit()) { whole } else { "" }
    });
    if whole.len() != 14 || !whole.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    NaiveDateTime::parse_from_str(whole, "%Y%m%d%H%M%S").ok().map(|t| t.and_utc())
}

/// The time, if its year has four digits: neither RFC 3339 nor a GeneralizedTime can write another.
pub fn in_calendar(time: Timestamp) -> Option<Timestamp> {
    (0..=9999).contains(&time.year()).then_some(time)
}

/// Writes a GeneralizedTime value as a filter of AD takes it.
pub fn to_generalized(time: Timestamp) -> String {
    time.format("%Y%m%d%H%M%S.0Z").to_string()
}

/// Seconds since 1601, the unit of `replPropertyMetaData` ([MS-DRSR] 5.31 DSTIME).
pub fn from_dstime(seconds: u64) -> Option<Timestamp> {
    let unix = i64::try_from(seconds).ok()?.checked_sub(11_644_473_600)?;
    Utc.timestamp_opt(unix, 0).single().and_then(in_calendar)
}

/// 100-nanosecond intervals since 1601 ([MS-DTYP] 2.3.3 FILETIME); `None` for 0 and "never".
pub fn from_filetime(value: i64) -> Option<Timestamp> {
    if value <= 0 || value == i64::MAX {
        return None;
    }
    let seconds = value / 10_000_000 - 11_644_473_600;
    Utc.timestamp_opt(seconds, (value % 10_000_000) as u32 * 100).single().and_then(in_calendar)
}

/// RFC 3339 in UTC with whole seconds, as all JSON of the program has it.
pub fn rfc3339(time: Timestamp) -> String {
    let Some(year) = u32::try_from(time.year()).ok().filter(|year| *year <= 9999) else {
        return time.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    };
    // A long list has two of them in each line: reading a format for each takes longer than all the rest of it.
    let parts = [
        (year / 100, ""),
        (year % 100, "-"),
        (time.month(), "-"),
        (time.day(), "T"),
        (time.hour(), ":"),
        (time.minute(), ":"),
        (time.second(), "Z"),
    ];
    let mut text = String::with_capacity(20);
    for (number, after) in parts {
        text.extend([number / 10, number % 10].map(|digit| char::from(b'0' + digit as u8)));
        text.push_str(after);
    }
    text
}

/// Serializes a time as [`rfc3339`] writes it.
pub fn serialize<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(rfc3339).serialize(serializer)
}

/// How old something is, for people: `2 days old`.
pub fn age(at: Timestamp, now: Timestamp) -> String {
    let minutes = (now - at).num_minutes();
    let (number, unit) = match minutes {
        ..-5 => return format!("dated {}, in the future", rfc3339(at)),
        -5..2 => return "just made".to_owned(),
        2..120 => (minutes, "minutes"),
        120..2880 => (minutes / 60, "hours"),
        _ => (minutes / 1440, "days"),
    };
    format!("{number} {unit} old")
}

/// Text that is neither a date, a time nor an age.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither a date (2026-11-01), a time (2026-11-01T09:30:00Z) nor an age (7d, 12h, 30m)")]
pub struct NotATime(pub String);

/// Parses what `--since` and `--until` take: a date (its midnight in UTC), a time (UTC unless it says otherwise),
/// or an age before `now` (`90s`, `30m`, `12h`, `7d`, `2w`).
pub fn when(text: &str, now: Timestamp) -> Result<Timestamp, NotATime> {
    let fail = || NotATime(text.to_owned());
    let trimmed = text.trim();
    if let Some(unit) = trimmed.chars().last().filter(|c| c.is_ascii_alphabetic() && !matches!(c, 'Z' | 'z'))
    {
        let number: i64 = trimmed[..trimmed.len() - 1].parse().map_err(|_| fail())?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return Err(fail()),
        };
        let age = number
            .checked_mul(seconds)
            .filter(|n| *n >= 0)
            .and_then(Duration::try_seconds)
            .ok_or_else(fail)?;
        return now.checked_sub_signed(age).and_then(in_calendar).ok_or_else(fail);
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(&trimmed.replacen(' ', "T", 1)) {
        return in_calendar(time.with_timezone(&Utc)).ok_or_else(fail);
    }
    for format in ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(&trimmed.replacen(' ', "T", 1), format) {
            return in_calendar(time.and_utc()).ok_or_else(fail);
        }
    }
    NaiveDate::parse_from_str(trimmed, "%Y-%m-%d")
        .ok()
        .and_then(|d| d.and_hms_opt(0, 0, 0))
        .and_then(|t| in_calendar(t.and_utc()))
        .ok_or_else(fail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directory_times() {
        assert_eq!(rfc3339(generalized("20261101093000.0Z").unwrap()), "2026-11-01T09:30:00Z");
        for bad in ["20261101093000", "2026110109300.0Z", "20261301093000.0Z", "+0261101093000.0Z", ""] {
            assert_eq!(generalized(bad), None, "{bad}");
        }
        assert_eq!(rfc3339(from_dstime(13_406_000_000).unwrap()), "2025-10-27T00:53:20Z");
        for (time, text) in [
            (Utc.with_ymd_and_hms(987, 1, 2, 3, 4, 5), "0987-01-02T03:04:05Z"),
            (Utc.with_ymd_and_hms(9999, 12, 31, 23, 59, 59), "9999-12-31T23:59:59Z"),
            (Utc.with_ymd_and_hms(10_000, 1, 1, 0, 0, 0), "+10000-01-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(time.unwrap()), text);
        }
        assert_eq!(from_dstime(u64::MAX), None);
        assert_eq!(from_dstime(400_000_000_000), None);
        assert_eq!(from_filetime(i64::MAX - 1), None);
        assert_eq!(from_filetime(i64::MAX), None);
        assert_eq!(from_filetime(0), None);
    }

    #[test]
    fn what_a_person_types() {
        let now = Utc.with_ymd_and_hms(2026, 11, 22, 12, 0, 0).unwrap();
        let at = |t| rfc3339(when(t, now).unwrap());
        assert_eq!(at("7d"), "2026-11-15T12:00:00Z");
        assert_eq!(at("12h"), "2026-11-22T00:00:00Z");
        assert_eq!(at("2026-11-01"), "2026-11-01T00:00:00Z");
        assert_eq!(at("2026-11-01T09:30:00+02:00"), "2026-11-01T07:30:00Z");
        assert_eq!(at("2026-11-01 09:30"), "2026-11-01T09:30:00Z");
        for bad in [
            "yesterday",
            "2000000d",
            "+12026-11-01T00:00:00",
            "0000-01-01T00:00:00+01:00",
            "7y",
            "-1d",
            "99999999999999999999d",
            "2026-13-01",
            "",
            "9223372036854775807w",
            "d",
            "é",
        ] {
            assert!(when(bad, now).is_err(), "{bad}");
        }
    }

    #[test]
    fn ages() {
        let now = generalized("20261126120000.0Z").unwrap();
        for (seconds, expected) in [
            (0, "just made"),
            (-60, "just made"),
            (119, "just made"),
            (120, "2 minutes old"),
            (7199, "119 minutes old"),
            (7200, "2 hours old"),
            (2 * 86_400, "2 days old"),
            (-3600, "dated 2026-11-26T13:00:00Z, in the future"),
        ] {
            assert_eq!(age(now - Duration::seconds(seconds), now), expected);
        }
    }
}
