//! What hears of changes: the server where it tells of them, and else time.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::shared::Shared;
use crate::{AgentOptions, Event, Source, Wake};

/// How long a server that does not tell of changes is not asked to.
const DEAF: Duration = Duration::from_secs(60);

/// What hears of changes.
pub(crate) struct Ears<K> {
    wake: Option<K>,
    /// Until when the server is not asked to tell.
    deaf: Instant,
    /// Whether it was said that it does not.
    said: bool,
}

impl<K: Wake> Ears<K> {
    /// Nothing is heard.
    pub(crate) fn none() -> Self {
        Self { wake: None, deaf: Instant::now(), said: false }
    }

    /// Asks to be told, so that nothing that changes during the first pass is missed.
    pub(crate) async fn of<S: Source<Wake = K>>(shared: &Shared, source: &S) -> Self {
        let mut ears = Self::none();
        match source.wake().await {
            Ok(wake) => {
                ears.wake = Some(wake);
                ears.hear(shared).await;
            }
            Err(reason) => {
                (ears.deaf, ears.said) = (Instant::now() + DEAF, true);
                shared.say(&Event::NoWake { reason });
            }
        }
        ears
    }

    /// Waits until something may have changed, or for as long as the agent waits at most.
    pub(crate) async fn wait<S: Source<Wake = K>>(
        &mut self,
        shared: &Shared,
        options: &AgentOptions,
        source: &S,
    ) {
        let end = Instant::now() + options.interval;
        if self.wake.is_none() && Instant::now() >= self.deaf {
            // It may tell by now; that it does not was said.
            self.wake = source.wake().await.ok();
            self.deaf = Instant::now() + if self.wake.is_some() { Duration::ZERO } else { DEAF };
        }
        if self.wake.is_none() || Instant::now() < self.deaf {
            return sleep_until(end).await;
        }
        if timeout(options.interval, self.hear(shared)).await.is_ok() {
            sleep(options.collect.min(options.interval)).await;
        }
    }

    /// Waits until there is something to hear. What cannot be heard is looked for at once, and then from time to time.
    async fn hear(&mut self, shared: &Shared) {
        let Some(wake) = &mut self.wake else { return };
        match wake.wait().await {
            Ok(()) => self.said = false,
            Err(reason) => {
                self.deaf = Instant::now() + DEAF;
                if !std::mem::replace(&mut self.said, true) {
                    shared.say(&Event::NoWake { reason });
                }
            }
        }
    }
}
