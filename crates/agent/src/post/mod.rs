//! Alerts go out: each channel by itself, one alert after the other, tried again within bounds. Reading never waits for it.

mod command;
mod syslog;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::Event;
use crate::alert::Alert;
use crate::memory::Waiting;
use crate::shared::Shared;

pub use command::CommandChannel;
pub use syslog::{BadSyslog, SyslogChannel, SyslogTarget};
pub use webhook::WebhookChannel;

/// So often an alert is tried: for half a day or so.
const MOST_TRIES: u32 = 50;
const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_secs(900);
/// How long a delivery may take, whatever it does.
const LONGEST: Duration = Duration::from_secs(60);

/// A way out for alerts.
#[derive(Debug)]
pub enum Channel {
    /// A POST of JSON.
    Webhook(WebhookChannel),
    /// A message to syslog.
    Syslog(SyslogChannel),
    /// A program with the JSON on its standard input.
    Command(CommandChannel),
}

impl Channel {
    /// Its name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Webhook(_) => "webhook",
            Self::Syslog(_) => "syslog",
            Self::Command(_) => "command",
        }
    }

    async fn deliver(&self, alert: &Alert) -> Result<(), String> {
        match self {
            Self::Webhook(channel) => channel.deliver(alert).await,
            Self::Syslog(channel) => channel.deliver(alert).await,
            Self::Command(channel) => channel.deliver(alert).await,
        }
    }
}

/// Delivers what waits for a channel, for ever.
pub(crate) async fn deliver(shared: Arc<Shared>, channel: Channel) {
    loop {
        let news = shared.news.notified();
        match first(&shared, channel.name()) {
            Some(waiting) => {
                if let Some(wait) = attempt(&shared, &channel, &waiting).await {
                    sleep(wait).await;
                }
            }
            None => news.await,
        }
    }
}

/// Whether nothing waits any more. What waits for a channel that this agent was not given is kept for one that is.
pub(crate) fn is_done(shared: &Shared) -> bool {
    !shared.memory().kept.waiting.iter().any(|waiting| shared.has_channel(&waiting.channel))
}

fn first(shared: &Shared, channel: &str) -> Option<Waiting> {
    shared.memory().kept.waiting.iter().find(|waiting| waiting.channel == channel).cloned()
}

/// Tries once; how long to wait before the next try.
async fn attempt(shared: &Shared, channel: &Channel, waiting: &Waiting) -> Option<Duration> {
    let name = channel.name();
    let result = tokio::time::timeout(LONGEST, channel.deliver(&waiting.alert)).await;
    let result = result.unwrap_or_else(|_| Err(format!("no end after {} seconds", LONGEST.as_secs())));
    let is_it = |other: &Waiting| other.channel == name && other.alert.id == waiting.alert.id;
    let Err(message) = result else {
        shared.stand().alerts.entry(name).or_default().sent += 1;
        shared.remember(|memory| memory.kept.waiting.retain(|other| !is_it(other)));
        return None;
    };
    let tries = waiting.tries + 1;
    let is_over = tries >= MOST_TRIES;
    {
        let mut stand = shared.stand();
        let alerts = stand.alerts.entry(name).or_default();
        alerts.failed += 1;
        alerts.dropped += u64::from(is_over);
    }
    shared.remember(|memory| {
        if is_over {
            memory.kept.waiting.retain(|other| !is_it(other));
        } else if let Some(waiting) = memory.kept.waiting.iter_mut().find(|other| is_it(other)) {
            waiting.tries = tries;
        }
    });
    let again = (FIRST_WAIT * 2_u32.saturating_pow(waiting.tries.min(10))).min(LONGEST_WAIT);
    let reason = message.into();
    shared.say(&match is_over {
        true => Event::AlertDropped { channel: name, reason },
        false => Event::AlertFailed { channel: name, reason, again },
    });
    Some(again)
}
