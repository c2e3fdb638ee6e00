//! Old changes are dropped, where it is certain how old they are.

use adrecover_core::time::Timestamp;
use adrecover_journal::{Retention, Writer};
use chrono::Duration;

use crate::{AgentOptions, Event, Reason, Source};

/// The longest that this computer's clock and the domain controller's may differ.
const APART: Duration = Duration::hours(1);
/// How long a directory remembers a deletion where it does not tell: longer than any default.
const REMEMBERED: i64 = 400;

/// Drops what need not be kept; what there is to say about it.
pub(crate) async fn prune<S: Source>(
    writer: &Writer,
    source: &S,
    options: &AgentOptions,
    now: Timestamp,
) -> Option<Event> {
    if options.keep_days == 0 && options.keep_changes == 0 {
        return None;
    }
    if let Some(reason) = disagreement(source.clock().await, now) {
        return Some(Event::NotPruned { reason });
    }
    let remembered = source.policy().await.map_or(REMEMBERED, |policy| {
        policy.tombstone_lifetime.max(policy.deleted_object_lifetime).clamp(2, 36_500)
    });
    let ago = |days: i64| now - Duration::days(days);
    let retention = Retention {
        since: (options.keep_days > 0).then(|| ago(options.keep_days.into())),
        per_object: (options.keep_changes > 0).then_some(options.keep_changes),
        deletions_since: ago(remembered),
    };
    match writer.prune(&retention) {
        Ok(pruned) if pruned.changes == 0 => None,
        Ok(pruned) => Some(Event::Pruned(pruned)),
        Err(error) => Some(Event::NotPruned { reason: Reason { message: error.to_string(), hint: None } }),
    }
}

/// A clock that is wrong would make everything old.
fn disagreement(theirs: Option<Timestamp>, now: Timestamp) -> Option<Reason> {
    let theirs = theirs?;
    if (now - theirs).abs() <= APART {
        return None;
    }
    let text = |time| adrecover_core::time::rfc3339(time);
    Some(Reason {
        message: format!(
            "this computer's clock says {}, the domain controller's said {}",
            text(now),
            text(theirs)
        ),
        hint: Some("set the clock".to_owned()),
    })
}
