//! `adrecover history`: what the change journal tells of an object, or of what was deleted in a time. No directory is asked.

mod at;
mod changes;
mod document;
mod incident;
mod page;
mod rows;
mod source;
mod standing;
mod style;
mod text;
mod words;

use std::path::PathBuf;

use adrecover_core::time::{Timestamp, rfc3339, when};
use chrono::{Duration, SubsecRound};

use self::changes::Filter;
use self::document::{Document, Subject};
use self::source::Source;
pub(crate) use self::style::STYLE;
use crate::args::Format;
use crate::context::Ctx;
use crate::error::{CliError, Kind};
use crate::files;
use crate::journal::{Controllers, JournalArgs, ObjectArgs};

/// Shows what happened to an object, what it was at a time, or what was deleted in a time, from the change journal
///
/// The journal is what an agent keeps (`adrecover agent run`). Nothing else is asked: no domain controller has to be there. Times are the
/// directory's own where it tells them, domain controllers those on which a change was made. Who made it is in no directory.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Times are UTC: a date, a time, or an age such as 7d or 12h. A name may be a former one.

Examples:
  adrecover history UserA
  adrecover history UserA --since 7d --attribute mail --attribute memberOf
  adrecover history UserA --at 2026-11-01T09:00:00Z
  adrecover history --incident --since 4h --html incident.html
  adrecover history --incident --since 4h -o json > incident.json
  adrecover restore --from-file incident.json --dry-run

Exits with 4 where there is no such object or journal, or nothing is known of it at that time, with 5 where several have the name, and
with 12 where the journal is damaged. Where nothing happened it says so, and exits with 0.")]
pub(crate) struct Args {
    #[command(flatten)]
    object: ObjectArgs,
    /// What was deleted in a time, in place of one object; with --since
    #[arg(long, requires = "since", conflicts_with_all = ["object", "guid", "dn", "at", "attribute"])]
    incident: bool,
    /// The object as it was at this time
    #[arg(long, value_name = "WHEN", conflicts_with_all = ["since", "until"])]
    at: Option<String>,
    /// Only what happened at this time or later
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Only what happened at this time or earlier
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Only this attribute: also `member`, `memberOf`, `dn`; may repeat
    #[arg(long, value_name = "ATTR", value_delimiter = ',')]
    attribute: Vec<String>,
    /// Write it as a page of its own, too; an existing file is never written over
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    journal: JournalArgs,
}

/// A time that is asked about.
#[derive(Debug, Clone, Copy)]
struct Window {
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Window {
    fn includes(&self, at: Timestamp) -> bool {
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at <= until)
    }

    /// The last moment. Where none is said it is later than now: the clocks of domain controllers may be ahead.
    fn end(&self, now: Timestamp) -> Timestamp {
        self.until.or_else(|| now.checked_add_signed(Duration::days(1))).unwrap_or(now)
    }

    /// For people, in the middle of a sentence.
    fn words(&self) -> String {
        match (self.since, self.until) {
            (None, None) => "in what is kept".to_owned(),
            (Some(since), None) => format!("since {}", rfc3339(since)),
            (None, Some(until)) => format!("until {}", rfc3339(until)),
            (Some(since), Some(until)) => format!("from {} to {}", rfc3339(since), rfc3339(until)),
        }
    }
}

/// Runs the command; the result is the exit code.
pub(crate) fn run(ctx: &Ctx, args: &Args) -> Result<u8, CliError> {
    let window = args.window(ctx.now)?;
    let at = args.at.as_deref().map(|text| time(text, ctx.now)).transpose()?;
    if !args.incident && !args.object.any() {
        return Err(CliError::usage("it is not said whose history is meant")
            .hint("name an object, or give --incident --since WHEN for what was deleted"));
    }
    if let Some(path) = &args.html {
        files::is_free(path)?;
    }
    let journal = args.journal.resolve(&ctx.settings, &ctx.printer)?.open(None)?;
    let source = Source::read(&journal)?;
    source.doubts(ctx.now).iter().for_each(|doubt| ctx.printer.warn(doubt));
    if args.incident {
        return incident::run(ctx, args, &journal, source, window);
    }
    let found = args.object.find(&journal)?;
    let known = journal.now(found.guid)?.ok_or_else(|| {
        CliError::new(Kind::NotFound, format!("the change journal of {} knows no more of it", source.forest))
    })?;
    let controllers = Controllers::read(&journal)?;
    let mut history = journal.history(found.guid)?;
    // By time, which is what people expect; nothing was before its creation. The journal's own order is that in which it was told.
    history.sort_by_key(|change| (change.happened, !document::is_birth(change), change.seq));
    let filter = Filter::new(&args.attribute);
    let subject = Subject::new(&known, &history, journal.deletion_policy()?.as_ref());
    let document = Document {
        schema: "adrecover/history/v1",
        journal: source,
        since: window.since.map(rfc3339),
        until: window.until.map(rfc3339),
        attributes: args.attribute.clone(),
        at: at.map(|at| at::read(&journal, &known, &history, at, &controllers, &filter)).transpose()?,
        changes: match at {
            Some(_) => vec![],
            None => changes::read(&history, &window, &filter, &controllers),
        },
        next: subject.next(&args.journal.words()),
        object: subject,
    };
    print(ctx, args, &document, &window)?;
    write_page(ctx, args, || page::page(&document, &window, ctx.now))?;
    // Of the time that was asked for nothing is known.
    Ok(if document.at.as_ref().is_some_and(|at| !at.is_known) { Kind::NotFound.code() } else { 0 })
}

fn print(ctx: &Ctx, args: &Args, document: &Document, window: &Window) -> Result<(), CliError> {
    let printer = &ctx.printer;
    match (printer.format, &document.at) {
        (Format::Json, _) => printer.json(document),
        (Format::Jsonl, Some(at)) => printer.json_line(at),
        (Format::Jsonl, None) => document.changes.iter().try_for_each(|change| printer.json_line(change)),
        (Format::Csv, Some(at)) => rows::at(printer, at),
        (Format::Csv, None) => rows::changes(printer, &document.changes),
        (Format::Table, at) => {
            let is_full = printer.is_verbose(1) || !args.attribute.is_empty();
            text::subject(printer, document, ctx.now)?;
            match at {
                Some(at) => text::at(printer, at),
                None => text::changes(printer, document, window, is_full),
            }
        }
    }?;
    if printer.format != Format::Table && document.at.is_none() && document.changes.is_empty() {
        printer.note(format!("nothing happened to it {}", window.words()));
    }
    if let Some(because) = document.at.as_ref().and_then(at::At::not_known) {
        printer.warn(because);
    }
    Ok(())
}

fn write_page(ctx: &Ctx, args: &Args, page: impl FnOnce() -> String) -> Result<(), CliError> {
    let Some(path) = &args.html else { return Ok(()) };
    ctx.printer.flush()?;
    files::write_new(path, &page())?;
    ctx.printer.note(format!("the page is in {}", path.display()));
    Ok(())
}

impl Args {
    fn window(&self, now: Timestamp) -> Result<Window, CliError> {
        let read = |text: &Option<String>| text.as_deref().map(|text| time(text, now)).transpose();
        let window = Window { since: read(&self.since)?, until: read(&self.until)? };
        if window.since.zip(window.until).is_some_and(|(since, until)| since > until) {
            return Err(CliError::usage("--since is later than --until: nothing can lie between"));
        }
        Ok(window)
    }
}

/// Whole seconds: the journal has no others.
fn time(text: &str, now: Timestamp) -> Result<Timestamp, CliError> {
    Ok(when(text, now)?.trunc_subsecs(0))
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};

    use super::*;

    #[test]
    fn a_window_is_read_or_refused() {
        let now = Utc.with_ymd_and_hms(2026, 11, 26, 12, 0, 0).unwrap();
        let window = |since: &str, until: &str| {
            let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let args = Args {
                object: ObjectArgs::default(),
                incident: false,
                at: None,
                since: text(since),
                until: text(until),
                attribute: vec![],
                html: None,
                journal: JournalArgs::default(),
            };
            args.window(now)
        };
        let both = window("2d", "1d").unwrap();
        assert_eq!(both.words(), "from 2026-11-24T12:00:00Z to 2026-11-25T12:00:00Z");
        assert!(both.includes(both.since.unwrap()) && !both.includes(now));
        assert_eq!((both.end(now), window("2d", "").unwrap().end(now) > now), (both.until.unwrap(), true));
        assert_eq!(window("1d", "2d").unwrap_err().code(), 2);
        assert_eq!(window("soon", "").unwrap_err().code(), 2);
        assert_eq!(window("", "").unwrap().words(), "in what is kept");
    }
}
