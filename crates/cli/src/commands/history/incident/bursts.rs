//! Mass deletions: many in a short time.

use adrecover_core::time::Timestamp;
use chrono::Duration;
use serde::Serialize;

use super::super::changes::time;
use super::item::Item;
use super::summary::{self, ByName};

/// So few are everyday work.
const LEAST: usize = 10;

/// What lies further apart is no longer one thing.
fn gap() -> Duration {
    Duration::minutes(2)
}

/// Many deletions, none of them long after the one before.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Burst {
    #[serde(serialize_with = "time")]
    pub(super) from: Timestamp,
    #[serde(serialize_with = "time")]
    pub(super) to: Timestamp,
    pub(super) number: usize,
    pub(super) by_type: Vec<ByName>,
    /// Where most of them lay.
    pub(super) most_from: Option<String>,
    pub(super) deleted_on: Vec<ByName>,
}

/// Finds them in a list that is sorted by time.
pub(super) fn of(items: &[Item]) -> Vec<Burst> {
    let near = |a: &Item, b: &Item| b.deleted_at - a.deleted_at <= gap();
    items.chunk_by(near).filter(|run| run.len() >= LEAST).filter_map(burst).collect()
}

fn burst(run: &[Item]) -> Option<Burst> {
    let (first, last) = (run.first()?, run.last()?);
    let summary = summary::of(run);
    Some(Burst {
        from: first.deleted_at,
        to: last.deleted_at,
        number: run.len(),
        by_type: summary.by_type,
        most_from: summary.by_parent.into_iter().next().and_then(|most| most.name),
        deleted_on: summary.by_controller,
    })
}
