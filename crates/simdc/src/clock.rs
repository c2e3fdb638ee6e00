//! The directory's clock, which a test can move.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use adrecover_core::time::Timestamp;
use chrono::Duration;

/// Somebody's clock and how far it was moved. Clones are the same clock.
#[derive(Clone)]
pub struct Clock {
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    moved: Arc<AtomicI64>,
}

impl Clock {
    /// A clock that begins as this one.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self { now: Arc::new(now), moved: Arc::default() }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        (self.now)() + Duration::seconds(self.moved.load(Ordering::SeqCst))
    }

    /// Puts the clock right again.
    pub fn reset(&self) {
        self.moved.store(0, Ordering::SeqCst);
    }

    /// Moves the clock on, or back.
    pub fn advance(&self, by: Duration) {
        self.moved.fetch_add(by.num_seconds(), Ordering::SeqCst);
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}
