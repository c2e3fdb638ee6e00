//! What the loop, and what goes on beside it, know together.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use adrecover_core::time::Timestamp;
use adrecover_journal::Outcome;
use tokio::sync::Notify;

use crate::alert::Alert;
use crate::memory::{MOST_WAITING, Memory, Waiting};
use crate::pulse::Pulse;
use crate::stand::Stand;
use crate::{Event, Notifier};

/// What says what time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
/// Who hears what happens, on whatever thread.
pub type Voice = Arc<dyn Fn(&Event) + Send + Sync>;

/// What the loop, and what goes on beside it, know together.
pub(crate) struct Shared {
    clock: Clock,
    voice: Voice,
    stand: Mutex<Stand>,
    memory: Mutex<Memory>,
    /// By which alerts go out.
    channels: Vec<&'static str>,
    /// An alert waits.
    pub(crate) news: Notify,
    /// Whether the loop moves.
    pub(crate) pulse: Pulse,
    pub(crate) notifier: Notifier,
    /// What the service manager was told last.
    told: Mutex<String>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("channels", &self.channels).finish_non_exhaustive()
    }
}

impl Shared {
    pub(crate) fn new(
        clock: Clock,
        voice: Voice,
        notifier: Notifier,
        channels: Vec<&'static str>,
    ) -> Arc<Self> {
        let stand = Mutex::new(Stand::new(clock()));
        Arc::new(Self {
            clock,
            voice,
            stand,
            memory: Mutex::default(),
            channels,
            news: Notify::new(),
            pulse: Pulse::default(),
            notifier,
            told: Mutex::default(),
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Whether alerts go out by a channel.
    pub(crate) fn has_channel(&self, name: &str) -> bool {
        self.channels.contains(&name)
    }

    /// How the agent stands. Held for a moment only.
    pub(crate) fn stand(&self) -> MutexGuard<'_, Stand> {
        self.stand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells what happened, and remembers what was wrong.
    pub(crate) fn say(&self, event: &Event) {
        if let Some((kind, reason)) = event.error() {
            let mut stand = self.stand();
            *stand.counts.errors.entry(kind).or_default() += 1;
            if event.is_in_the_way() {
                stand.trouble = Some(reason.clone());
            }
        }
        if event.is_in_the_way() || matches!(event, Event::Connected { .. } | Event::FullRead { .. }) {
            self.tell(&event.to_string());
        }
        (self.voice)(event);
    }

    /// Tells the service manager what the agent does now, unless it knows.
    pub(crate) fn tell(&self, text: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if *told != text {
            text.clone_into(&mut told);
            self.notifier.status(text);
        }
    }

    /// A batch was kept: the agent lives, and sees.
    pub(crate) fn kept(&self, context: &str, now: Timestamp, outcome: &Outcome, is_whole: bool) {
        self.pulse.beat();
        let mut stand = self.stand();
        stand.kept(context, now, is_whole);
        let counts = &mut stand.counts;
        counts.objects += outcome.objects;
        counts.changes += outcome.changes;
        counts.deletions += outcome.deletions.len() as u64;
    }

    /// Changes what is to be known after a restart, and writes it down.
    pub(crate) fn remember(&self, change: impl FnOnce(&mut Memory)) {
        let mut memory = self.memory();
        change(&mut memory);
        let saved = memory.save();
        drop(memory);
        if let Err(message) = saved {
            self.say(&Event::NotRemembered { reason: message.into() });
        }
    }

    /// Raises alerts, together with what else is to be known of them after a restart.
    pub(crate) fn raise(&self, alerts: Vec<Alert>, change: impl FnOnce(&mut Memory)) {
        for alert in &alerts {
            self.say(&Event::Alert { kind: alert.kind, summary: alert.summary.clone() });
        }
        self.stand().counts.raised += alerts.len() as u64;
        let mut dropped = vec![];
        self.remember(|memory| {
            change(memory);
            for (alert, channel) in
                alerts.iter().flat_map(|alert| self.channels.iter().map(move |c| (alert, *c)))
            {
                let waiting = &mut memory.kept.waiting;
                if waiting.iter().filter(|waiting| waiting.channel == channel).count() >= MOST_WAITING {
                    dropped.push(channel);
                } else {
                    let (channel, alert) = (channel.to_owned(), alert.clone());
                    waiting.push(Waiting { channel, alert, tries: 0 });
                }
            }
        });
        for channel in dropped {
            self.stand().alerts.entry(channel).or_default().dropped += 1;
            let reason = format!("{MOST_WAITING} others are waiting already").into();
            self.say(&Event::AlertDropped { channel, reason });
        }
        self.news.notify_waiters();
    }
}
