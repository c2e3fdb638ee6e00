//! The clock, the service manager and who hears: what an agent is given besides the directory.

use std::sync::Arc;
use std::time::Duration;

use adrecover_agent::{Event, Level, Notifier, Setup};
use adrecover_core::time::rfc3339;

use super::channels::channels;
use super::{AlertArgs, KeepArgs};
use crate::context::Ctx;
use crate::error::CliError;

/// A server may be waited for as long as so many replies take before the agent counts as stuck.
const REPLIES: u32 = 15;

/// What an agent is given.
pub(crate) fn setup(ctx: &Ctx, keep: &KeepArgs, alerts: &AlertArgs) -> Result<Setup, CliError> {
    #[expect(clippy::disallowed_methods, reason = "the clock is read here and passed on")]
    let now = chrono::Utc::now;
    // The system's journal dates lines by itself, and so does the log of a service.
    let is_dated = std::env::var_os("JOURNAL_STREAM").is_none() && ctx.service.is_none();
    let printer = Arc::clone(&ctx.printer);
    let voice = move |event: &Event| {
        let line = if is_dated { format!("{} {event}", rfc3339(now())) } else { event.to_string() };
        match event.level() {
            Level::Warning => printer.warn(line),
            Level::Note => printer.note(line),
            Level::Detail => printer.detail(1, line),
        }
    };
    Ok(Setup {
        clock: Arc::new(now),
        voice: Arc::new(voice),
        channels: channels(ctx, alerts)?,
        listen: keep.listen.0,
        notifier: notifier(ctx),
        patience: ctx.settings.timeout.max(Duration::from_secs(60)) * REPLIES,
    })
}

/// The service manager: that of Windows, or systemd, as it names itself to its services (sd_notify(3), sd_watchdog_enabled(3)).
fn notifier(ctx: &Ctx) -> Notifier {
    if let Some(service) = &ctx.service {
        return Notifier::when_ready(Arc::clone(&service.when_ready));
    }
    let Some(socket) = std::env::var_os("NOTIFY_SOCKET") else { return Notifier::default() };
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let is_for_us = number("WATCHDOG_PID").is_none_or(|id| id == u64::from(std::process::id()));
    let watchdog = number("WATCHDOG_USEC").filter(|_| is_for_us).map(Duration::from_micros);
    Notifier::of(&socket, watchdog).unwrap_or_else(|problem| {
        ctx.printer.warn(problem);
        Notifier::default()
    })
}
