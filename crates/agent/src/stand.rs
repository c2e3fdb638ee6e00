//! How an agent stands: what health and metrics tell.

use std::collections::BTreeMap;
use std::time::Duration;

use adrecover_core::time::Timestamp;
use adrecover_journal::{ContextStatus, Counts};
use tokio::time::Instant;

use crate::Reason;

/// How often what the journal holds is counted.
const COUNT: Duration = Duration::from_secs(60);

/// How an agent stands.
#[derive(Debug)]
pub(crate) struct Stand {
    /// Since when it runs.
    pub(crate) since: Timestamp,
    started: Instant,
    pub(crate) forest: Option<String>,
    /// The domain controller that is connected.
    pub(crate) server: Option<String>,
    pub(crate) contexts: BTreeMap<String, ContextStand>,
    /// When all naming contexts were last read to their end.
    pub(crate) success: Option<Timestamp>,
    /// What was last wrong, until all was read again.
    pub(crate) trouble: Option<Reason>,
    /// Since the start.
    pub(crate) counts: Counters,
    /// What the journal holds, as it was last counted.
    pub(crate) journal: Option<Holdings>,
    /// When it is to be counted again.
    count_at: Instant,
    /// Alerts that were delivered, and tries that failed, by channel.
    pub(crate) alerts: BTreeMap<&'static str, Delivered>,
}

/// What happened since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) objects: u64,
    pub(crate) changes: u64,
    pub(crate) deletions: u64,
    /// Full reads that were begun.
    pub(crate) full_reads: u64,
    pub(crate) set_aside: u64,
    pub(crate) raised: u64,
    /// By what failed.
    pub(crate) errors: BTreeMap<&'static str, u64>,
}

/// What a journal holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holdings {
    pub(crate) octets: u64,
    pub(crate) objects: Counts,
    pub(crate) changes: u64,
    pub(crate) links: u64,
}

/// What became of alerts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Delivered {
    pub(crate) sent: u64,
    pub(crate) failed: u64,
    pub(crate) dropped: u64,
}

/// How a naming context stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ContextStand {
    /// When something of it was last kept.
    pub(crate) succeeded: Option<Timestamp>,
    /// When it was last read as a whole.
    pub(crate) completed: Option<Timestamp>,
    /// How old it was at a moment; time is measured from there, so that a clock that is set changes nothing.
    age: Duration,
    at: Instant,
}

impl ContextStand {
    /// How old what is known of it is.
    pub(crate) fn lag(&self) -> Duration {
        self.age + self.at.elapsed()
    }
}

impl Stand {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            since: now,
            started: Instant::now(),
            forest: None,
            server: None,
            contexts: BTreeMap::new(),
            success: None,
            trouble: None,
            counts: Counters::default(),
            journal: None,
            count_at: Instant::now(),
            alerts: BTreeMap::new(),
        }
    }

    /// Takes in what the journal knows of its naming contexts.
    pub(crate) fn load(&mut self, contexts: &[ContextStatus], now: Timestamp) {
        self.contexts.clear();
        for context in contexts {
            let lag = context.lag(now).map_or(Duration::ZERO, Duration::from_secs);
            let stand = ContextStand {
                succeeded: context.succeeded,
                completed: context.completed,
                age: lag,
                at: Instant::now(),
            };
            self.contexts.insert(context.dn.clone(), stand);
        }
    }

    /// Of these naming contexts it is the agent's to tell something; of one that is new nothing is known yet.
    pub(crate) fn expect(&mut self, contexts: &[String]) {
        self.contexts.retain(|name, _| contexts.contains(name));
        for name in contexts {
            self.contexts.entry(name.clone()).or_insert_with(|| ContextStand {
                succeeded: None,
                completed: None,
                age: Duration::ZERO,
                at: Instant::now(),
            });
        }
    }

    /// Something of a naming context was kept.
    pub(crate) fn kept(&mut self, context: &str, now: Timestamp, is_whole: bool) {
        let entry = self.contexts.entry(context.to_owned()).or_insert(ContextStand {
            succeeded: None,
            completed: None,
            age: Duration::ZERO,
            at: Instant::now(),
        });
        entry.succeeded = Some(now);
        (entry.age, entry.at) = (Duration::ZERO, Instant::now());
        if is_whole {
            entry.completed = Some(now);
        }
    }

    /// How long nothing of some naming context was kept.
    pub(crate) fn silence(&self) -> Duration {
        let lags = self.contexts.values().map(ContextStand::lag);
        lags.max().unwrap_or_else(|| self.started.elapsed())
    }

    /// Whether every naming context was read as a whole.
    pub(crate) fn is_complete(&self) -> bool {
        !self.contexts.is_empty() && self.contexts.values().all(|context| context.completed.is_some())
    }

    /// Whether it is time to count what the journal holds.
    pub(crate) fn is_to_count(&self) -> bool {
        Instant::now() >= self.count_at
    }

    /// It was counted, which took a while: for a large journal it is done less often.
    pub(crate) fn counted(&mut self, holdings: Holdings, took: Duration) {
        self.journal = Some(holdings);
        self.count_at = Instant::now() + COUNT.max(took * 200);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(seconds: i64) -> Timestamp {
        Timestamp::from_timestamp(seconds, 0).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_set_changes_no_lag() {
        let mut stand = Stand::new(time(1000));
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(stand.silence(), Duration::from_secs(5));
        let kept = ContextStatus {
            dn: "DC=a".to_owned(),
            succeeded: Some(time(900)),
            completed: None,
            is_reading: true,
            cursor: None,
        };
        stand.load(&[kept], time(1000));
        assert_eq!((stand.silence().as_secs(), stand.is_complete()), (100, false));
        tokio::time::advance(Duration::from_secs(20)).await;
        assert_eq!(stand.silence().as_secs(), 120);
        // The clock says that it is an hour later.
        stand.kept("DC=a", time(4600), true);
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!((stand.silence().as_secs(), stand.is_complete()), (7, true));
        stand.expect(&["DC=a".to_owned(), "DC=b".to_owned()]);
        assert!(!stand.is_complete() && stand.contexts.len() == 2);
        stand.expect(&["DC=a".to_owned()]);
        assert!(stand.is_complete());
    }
}
