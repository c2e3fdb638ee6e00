//! The ways out for alerts, as the options say.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use adrecover_agent::{Channel, CommandChannel, SyslogChannel, WebhookChannel};
use adrecover_hybrid::http;

use super::AlertArgs;
use crate::cloud::SECRET_VARIABLE;
use crate::context::Ctx;
use crate::error::CliError;
use crate::journal::PASSWORD_VARIABLE;
use crate::{files, folders, password};

/// How long to wait for a connection of the webhook.
const CONNECT: Duration = Duration::from_secs(10);
/// No URL is longer.
const LONGEST: u64 = 8192;
/// What a program does not get besides secrets: what belongs to the agent alone.
const OWN_VARIABLES: [&str; 4] = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "CREDENTIALS_DIRECTORY"];

/// The ways out. What cannot be used is said at once.
pub(super) fn channels(ctx: &Ctx, args: &AlertArgs) -> Result<Vec<Channel>, CliError> {
    let mut channels = vec![];
    if let Some(url) = &args.alert_webhook {
        channels.push(Channel::Webhook(webhook(ctx, args, url)?));
    }
    if let Some(target) = &args.alert_syslog {
        let host = whoami::hostname().unwrap_or_default();
        channels.push(Channel::Syslog(SyslogChannel::new(target.clone(), &host)));
    }
    if let Some(program) = &args.alert_command {
        channels.push(Channel::Command(command(program)?));
    }
    Ok(channels)
}

fn webhook(ctx: &Ctx, args: &AlertArgs, url: &str) -> Result<WebhookChannel, CliError> {
    let url = match url.strip_prefix('@') {
        Some(file) => {
            let file = Path::new(file);
            files::text(file, files::read(file, LONGEST, false)?)?
        }
        None => url.to_owned(),
    };
    let ca = ctx.settings.ca.as_deref().map(|path| files::read(path, 16 << 20, false)).transpose()?;
    let client = http::builder(ca.as_deref(), CONNECT)?;
    let header = args.alert_webhook_header_file.clone();
    WebhookChannel::new(&url, header, client)
        .map_err(|problem| CliError::usage(format!("--alert-webhook: {problem}")))
}

fn command(program: &Path) -> Result<CommandChannel, CliError> {
    if !program.is_absolute() {
        return Err(CliError::usage(format!("--alert-command: {} is no whole path", program.display()))
            .hint("name it from the root on, such as /usr/local/bin/tell"));
    }
    folders::refuse_file_if_others_write(program, "program for alerts")?;
    let secrets = [password::VARIABLE, SECRET_VARIABLE, PASSWORD_VARIABLE];
    let without = secrets.into_iter().chain(OWN_VARIABLES).map(OsString::from).collect();
    Ok(CommandChannel::new(program.to_owned(), without))
}
