//! How an agent works.

use std::time::Duration;

use crate::alert::AlertOptions;

/// How an agent works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentOptions {
    /// Whether it ends after one pass.
    pub once: bool,
    /// Whether everything is read as a whole once, and compared, though there is a position to go on from.
    pub full: bool,
    /// How long it waits at most before it looks again.
    pub interval: Duration,
    /// How long it waits after it was woken, so that what belongs together is read together.
    pub collect: Duration,
    /// How long it waits for the domain controller that it read last before it takes another one, which has to be read as a whole.
    pub stay: Duration,
    /// How often old changes are dropped, and the journal's file is looked through for damage that nothing has met yet.
    pub upkeep: Duration,
    /// For how many days changes are kept; 0 is for ever.
    pub keep_days: u32,
    /// How many changes of each object are kept; 0 is all.
    pub keep_changes: u32,
    /// What somebody has to know now.
    pub alerts: AlertOptions,
}

impl Default for AgentOptions {
    fn default() -> Self {
        Self {
            once: false,
            full: false,
            interval: Duration::from_secs(30),
            collect: Duration::from_millis(500),
            stay: Duration::from_secs(300),
            upkeep: Duration::from_secs(24 * 3600),
            keep_days: 365,
            keep_changes: 1000,
            alerts: AlertOptions::default(),
        }
    }
}
