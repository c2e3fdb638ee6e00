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
    pub(crate) forest: Option<String>,
    /// The domain controller that is connected.
    pub(crate) server: Option<String>,
    pub(crate) contexts: BTreeMap<String, ContextStand>,
    /// How long ago something was last kept, whatever it was, at a moment.
    kept: (Duration, Instant),
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
    /// Whether it could not be read when that was last tried.
    failed: bool,
}

impl ContextStand {
    /// Nothing is known yet.
    fn new() -> Self {
        Self { succeeded: None, completed: None, age: Duration::ZERO, at: Instant::now(), failed: false }
    }

    /// How old what is known of it is.
    pub(crate) fn lag(&self) -> Duration {
        self.age + self.at.elapsed()
    }
}

impl Stand {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            since: now,
            forest: None,
            server: None,
            contexts: BTreeMap::new(),
            kept: (Duration::ZERO, Instant::now()),
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
            let (succeeded, completed) = (context.succeeded, context.completed);
            let stand = ContextStand { succeeded, completed, age: lag, ..ContextStand::new() };
            self.contexts.insert(context.dn.clone(), stand);
        }
        let lags = self.contexts.values().filter(|context| context.succeeded.is_some());
        if let Some(least) = lags.map(ContextStand::lag).min() {
            self.kept = (least, Instant::now());
        }
    }

    /// Of these naming contexts it is the agent's to tell something; of one that is new nothing is known yet.
    pub(crate) fn expect(&mut self, contexts: &[String]) {
        self.contexts.retain(|name, _| contexts.contains(name));
        for name in contexts {
            self.contexts.entry(name.clone()).or_insert_with(ContextStand::new);
        }
    }

    /// Something of a naming context was kept.
    pub(crate) fn kept(&mut self, context: &str, now: Timestamp, is_whole: bool) {
        self.kept = (Duration::ZERO, Instant::now());
        let entry = self.contexts.entry(context.to_owned()).or_insert_with(ContextStand::new);
        *entry = ContextStand { succeeded: Some(now), completed: entry.completed, ..ContextStand::new() };
        if is_whole {
            entry.completed = Some(now);
        }
    }

    /// A naming context could not be read.
    pub(crate) fn failed(&mut self, context: &str) {
        self.contexts.entry(context.to_owned()).or_insert_with(ContextStand::new).failed = true;
    }

    /// How long the agent has seen nothing: of anything, or of a naming context that it could not read. While a large one is read
    /// the others wait, and that is no silence.
    pub(crate) fn silence(&self) -> Duration {
        let (age, at) = self.kept;
        let failed = self.contexts.values().filter(|context| context.failed).map(ContextStand::lag);
        failed.max().unwrap_or_default().max(age + at.elapsed())
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
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_is_not_unseen_and_who_fails_is() {
        let mut stand = Stand::new(time(1000));
        stand.expect(&["DC=a".to_owned(), "DC=b".to_owned()]);
        assert!(!stand.is_complete() && stand.contexts.len() == 2);
        for _ in 0..20 {
            tokio::time::advance(Duration::from_secs(60)).await;
            stand.kept("DC=a", time(1000), false);
        }
        assert_eq!((stand.silence().as_secs(), stand.contexts["DC=b"].lag().as_secs()), (0, 1200));
        stand.failed("DC=b");
        assert_eq!(stand.silence().as_secs(), 1200);
        stand.kept("DC=b", time(1000), true);
        assert_eq!(stand.silence().as_secs(), 0);
        stand.expect(&["DC=b".to_owned()]);
        assert!(stand.is_complete());
    }
}
