//! The options of an agent that `run` takes and `install` writes down.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use adrecover_agent::{AgentOptions, AlertOptions, SyslogTarget, WatchFor};
use clap::Args;

use super::values::{Listen, Mass, listen, mass, size, time};
use crate::error::CliError;
use crate::journal::{Keeping, queries};

const ALERTS: &str = "Alerts";
/// The local socket of syslog.
const SYSLOG: &str = "/dev/log";

/// How the journal is kept.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub(crate) struct KeepArgs {
    /// How long to wait at most before looking again; a domain controller that tells of changes is asked at once
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time)]
    pub(crate) interval: Duration,
    /// How long to wait for the domain controller that was read last before another one is read, as a whole
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = time)]
    pub(crate) stay: Duration,
    /// For how many days changes are kept, 0 for ever; what undoes a deletion stays as long as the directory remembers it
    #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = clap::value_parser!(u32).range(..=36_500))]
    pub(crate) keep_days: u32,
    /// How many changes of each object are kept; 0 for all
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) keep_changes: u32,
    /// The most room that the journal's file may take, such as 2G [default: what there is]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) max_size: Option<u64>,
    /// The address of this computer on which health and metrics are told over HTTP, or none
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9847", value_parser = listen)]
    pub(crate) listen: Listen,
}

/// What somebody has to know now, and how it is told.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub(crate) struct AlertArgs {
    /// Tell when this is deleted: a DN, GUID or name; with an OU what is below it, with a group who is in it; may repeat
    #[arg(long, value_name = "OBJECT", help_heading = ALERTS)]
    pub(crate) watch: Vec<String>,
    /// Tell when anything with adminCount 1 is deleted
    #[arg(long, help_heading = ALERTS)]
    pub(crate) watch_privileged: bool,
    /// Tell when so many objects of a domain are deleted in a time, or none
    #[arg(long, value_name = "N/TIME", default_value = "500/1h", value_parser = mass, help_heading = ALERTS)]
    pub(crate) mass_deletion: Mass,
    /// Tell when nothing could be read for so long
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = time, help_heading = ALERTS)]
    pub(crate) blind_after: Duration,
    /// POST alerts as JSON to this URL, or to the one in a file, which is written as @FILE
    #[arg(long, value_name = "URL|@FILE", help_heading = ALERTS)]
    pub(crate) alert_webhook: Option<String>,
    /// The file with a header that is sent with them, such as `Authorization: Bearer …`
    #[arg(long, value_name = "FILE", requires = "alert_webhook", help_heading = ALERTS)]
    pub(crate) alert_webhook_header_file: Option<PathBuf>,
    /// Send alerts to syslog: the path of a socket [/dev/log] or udp://HOST:PORT
    #[arg(long, value_name = "TARGET", num_args = 0..=1, require_equals = true, default_missing_value = SYSLOG,
          help_heading = ALERTS)]
    pub(crate) alert_syslog: Option<SyslogTarget>,
    /// Run this program for each alert, with the JSON on its standard input
    #[arg(long, value_name = "PROGRAM", help_heading = ALERTS)]
    pub(crate) alert_command: Option<PathBuf>,
}

impl KeepArgs {
    /// How an agent works that keeps this journal.
    pub(crate) fn resolve(
        &self,
        alerts: &AlertArgs,
        keeping: &Keeping,
        (once, full): (bool, bool),
    ) -> Result<AgentOptions, CliError> {
        if self.max_size.is_some() && keeping.is_database() {
            return Err(CliError::usage("--max-size is a limit for files, and the journal is in a database")
                .hint("give the database a tablespace or a disk of that size"));
        }
        Ok(AgentOptions {
            once,
            full,
            interval: self.interval,
            stay: self.stay,
            keep_days: self.keep_days,
            keep_changes: self.keep_changes,
            alerts: alerts.resolve(keeping)?,
            ..AgentOptions::default()
        })
    }

    /// The words of a command line that say the same.
    pub(crate) fn words(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = vec![];
        let mut put = |option: &str, value: String| words.extend([option.into(), value.into()]);
        put("--interval", format!("{}s", self.interval.as_secs()));
        put("--stay", format!("{}s", self.stay.as_secs()));
        put("--keep-days", self.keep_days.to_string());
        put("--keep-changes", self.keep_changes.to_string());
        if let Some(size) = self.max_size {
            put("--max-size", size.to_string());
        }
        put("--listen", self.listen.0.map_or_else(|| "none".to_owned(), |address| address.to_string()));
        words
    }
}

impl AlertArgs {
    fn resolve(&self, keeping: &Keeping) -> Result<AlertOptions, CliError> {
        let watch = self.watch.iter().map(|name| {
            let name = name.trim();
            if name.is_empty() {
                return Err(CliError::usage("--watch names no object"));
            }
            Ok(WatchFor { name: name.to_owned(), queries: queries(name) })
        });
        Ok(AlertOptions {
            watch: watch.collect::<Result<_, _>>()?,
            privileged: self.watch_privileged,
            mass: self.mass_deletion.0,
            blind_after: self.blind_after,
            asking: keeping.again(),
        })
    }

    /// The words of a command line that say the same.
    pub(crate) fn words(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = vec![];
        for name in &self.watch {
            words.extend(["--watch".into(), name.into()]);
        }
        if self.watch_privileged {
            words.push("--watch-privileged".into());
        }
        let mass = self.mass_deletion.0.map_or_else(|| "none".to_owned(), |mass| mass.to_string());
        words.extend(["--mass-deletion".into(), mass.into()]);
        words.extend(["--blind-after".into(), format!("{}s", self.blind_after.as_secs()).into()]);
        if let Some(url) = &self.alert_webhook {
            words.extend(["--alert-webhook".into(), url.into()]);
        }
        if let Some(file) = &self.alert_webhook_header_file {
            words.extend(["--alert-webhook-header-file".into(), file.into()]);
        }
        if let Some(target) = &self.alert_syslog {
            words.push(format!("--alert-syslog={target}").into());
        }
        if let Some(program) = &self.alert_command {
            words.extend(["--alert-command".into(), program.into()]);
        }
        words
    }
}
