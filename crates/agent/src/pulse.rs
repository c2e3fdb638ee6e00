//! Whether the loop really moves: the service manager hears that the agent lives only as long as it does.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::shared::Shared;

/// When the loop last moved.
#[derive(Debug)]
pub(crate) struct Pulse(Mutex<Instant>);

impl Default for Pulse {
    fn default() -> Self {
        Self(Mutex::new(Instant::now()))
    }
}

impl Pulse {
    /// The loop moves.
    pub(crate) fn beat(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// How long ago it last moved.
    pub(crate) fn age(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }
}

/// Tells the service manager that the agent lives, until it is dropped. It runs on the loop's own thread: one that is stuck in
/// anything tells nothing.
#[derive(Debug)]
pub(crate) struct Heart(JoinHandle<()>);

impl Heart {
    /// Begins; `None` where nobody wants to hear it. The loop may wait for so long for a server before it counts as stuck.
    pub(crate) fn begin(shared: &Arc<Shared>, patience: Duration) -> Option<Self> {
        let every = shared.notifier.watchdog()?;
        let shared = Arc::clone(shared);
        Some(Self(tokio::spawn(async move {
            loop {
                if shared.pulse.age() < patience {
                    shared.notifier.alive();
                }
                tokio::time::sleep(every).await;
            }
        })))
    }
}

impl Drop for Heart {
    fn drop(&mut self) {
        self.0.abort();
    }
}
