//! Deletions over time: bars of one width.

use std::collections::BTreeMap;

use adrecover_core::kind::ObjectKind;
use adrecover_core::time::{Timestamp, in_calendar};
use serde::Serialize;

use super::super::changes::time;
use super::item::Item;
use super::summary::by_kind;

/// The widths that a bar may have, in seconds: people read them off.
const STEPS: [i64; 16] =
    [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 604_800, 2_592_000, 31_536_000];

/// The most bars that a picture has room for.
const MOST: i64 = 60;

/// Deletions over time.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Timeline {
    /// How many seconds each bar stands for.
    pub(super) seconds_a_bar: i64,
    /// Those in which something was deleted, by time.
    pub(super) bars: Vec<Bar>,
}

/// What was deleted in one of them.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bar {
    #[serde(serialize_with = "time")]
    pub(super) from: Timestamp,
    pub(super) number: usize,
    #[serde(serialize_with = "kinds")]
    pub(super) by_type: Vec<(ObjectKind, usize)>,
}

fn kinds<S: serde::Serializer>(all: &[(ObjectKind, usize)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(all.iter().map(|(kind, number)| (kind.name(), number)))
}

/// The bars of a list that is sorted by time. Their width is such that they fit beside one another.
pub(super) fn of(items: &[Item]) -> Timeline {
    let seconds = |item: &Item| item.deleted_at.timestamp();
    let (Some(first), Some(last)) = (items.iter().map(seconds).min(), items.iter().map(seconds).max()) else {
        return Timeline::default();
    };
    let last_step = STEPS.last().copied().unwrap_or(1);
    let fits = |step: &i64| last.div_euclid(*step) - first.div_euclid(*step) < MOST;
    let step = STEPS.into_iter().find(fits).unwrap_or(last_step.max((last - first) / MOST + 1));
    let mut bars: BTreeMap<i64, Vec<&Item>> = BTreeMap::new();
    for item in items {
        bars.entry(seconds(item).div_euclid(step)).or_default().push(item);
    }
    let bar = |(at, items): (i64, Vec<&Item>)| Bar {
        from: Timestamp::from_timestamp(at.saturating_mul(step), 0).and_then(in_calendar).unwrap_or_default(),
        number: items.len(),
        by_type: by_kind(items.into_iter()),
    };
    Timeline { seconds_a_bar: step, bars: bars.into_iter().map(bar).collect() }
}

/// The width of a bar in words.
pub(super) fn words(seconds: i64) -> String {
    let (number, unit) = match seconds {
        ..60 => (seconds, "second"),
        60..3600 => (seconds / 60, "minute"),
        3600..86_400 => (seconds / 3600, "hour"),
        86_400..604_800 => (seconds / 86_400, "day"),
        604_800 => (1, "week"),
        _ => (seconds / 86_400, "day"),
    };
    if number == 1 { unit.to_owned() } else { format!("{number} {unit}s") }
}
