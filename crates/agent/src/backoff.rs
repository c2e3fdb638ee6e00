//! How long to wait before something is tried again.

use std::time::Duration;

/// Twice as long each time, up to a minute.
#[derive(Debug, Default)]
pub(crate) struct Backoff(u32);

const LONGEST: Duration = Duration::from_secs(60);

impl Backoff {
    /// The next wait.
    pub(crate) fn next(&mut self) -> Duration {
        let wait = Duration::from_secs(1 << self.0.min(6)).min(LONGEST);
        self.0 = self.0.saturating_add(1);
        wait
    }

    /// It worked.
    pub(crate) fn reset(&mut self) {
        self.0 = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_to_a_minute() {
        let mut backoff = Backoff::default();
        let waits: Vec<u64> = (0..9).map(|_| backoff.next().as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        backoff.reset();
        assert_eq!(backoff.next().as_secs(), 1);
    }
}
