//! `adrecover agent status`: whether the journal is kept, and how old it is.

use std::time::Duration;

use adrecover_agent::{ContextReport, ReadBy, StatusReport, judge};
use adrecover_core::text::printable;
use adrecover_core::time::{age, rfc3339};
use adrecover_journal::{Counts, Journal, JournalStatus, is_written};
use serde::Serialize;

use crate::agent::time;
use crate::args::Format;
use crate::context::Ctx;
use crate::error::CliError;
use crate::journal::JournalArgs;
use crate::printer::Printer;
use crate::printer::table::{Column, Table};

const HELP: &str = "\
No domain controller is asked: it is what the journal itself tells.

Exit codes: 0 an agent keeps the journal and it is as fresh as it should be, 3 none does, it is behind, or a naming context was never
read as a whole, 4 there is no journal, 11 it may not be read, 12 it is damaged.";

/// How long nothing may have been read.
const LONGEST_LAG: Duration = Duration::from_secs(600);

/// Says whether an agent keeps the journal, how old it is, and what is missing in it
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// How old the journal may be; with it no agent has to run, as where a scheduler starts one [default: 10m]
    #[arg(long, value_name = "TIME", value_parser = time)]
    max_lag: Option<Duration>,
    #[command(flatten)]
    journal: JournalArgs,
}

/// Runs the command; the result is the exit code.
pub(super) fn run(ctx: &Ctx, args: &Args) -> Result<u8, CliError> {
    let journal = args.journal.resolve(&ctx.settings, &ctx.printer)?.open(None)?;
    let status = journal.status()?;
    let is_running = is_written(journal.place())?;
    let must_run = args.max_lag.is_none().then_some(is_running);
    let report = judge(&status, ctx.now, args.max_lag.unwrap_or(LONGEST_LAG), must_run);
    print(ctx, &journal, &status, is_running, &report)?;
    Ok(if report.problems.is_empty() { 0 } else { 3 })
}

fn print(
    ctx: &Ctx,
    journal: &Journal,
    status: &JournalStatus,
    is_running: bool,
    report: &StatusReport,
) -> Result<(), CliError> {
    let printer = &ctx.printer;
    match printer.format {
        Format::Json => printer.json(&document(journal, status, is_running, report))?,
        Format::Jsonl => report.contexts.iter().try_for_each(|context| printer.json_line(context))?,
        Format::Csv => csv(printer, report)?,
        Format::Table => {
            for line in lines(ctx, journal, status, is_running) {
                printer.line(&printable(&line))?;
            }
            printer.line("")?;
            printer.table(&table(report))?;
            for context in &report.contexts {
                if let Some(missing) = &context.missing {
                    printer.line(&printable(&format!("{}: {missing}", context.dn)))?;
                }
            }
            for problem in &report.problems {
                let line = printable(problem).into_owned();
                printer.line(&format!("{} {line}", printer.paint("31", "problem:")))?;
            }
        }
    }
    printer.flush()
}

/// `adrecover/agent-status/v1`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema: &'static str,
    healthy: bool,
    problems: &'a [String],
    running: bool,
    journal: String,
    forest: &'a str,
    encrypted: bool,
    octets: u64,
    changes: u64,
    links: u64,
    oldest_change: Option<String>,
    objects: Objects,
    contexts: &'a [ContextReport],
}

#[derive(Serialize)]
struct Objects {
    live: u64,
    deleted: u64,
    stripped: u64,
    gone: u64,
    unseen: u64,
}

fn document<'a>(
    journal: &Journal,
    status: &'a JournalStatus,
    running: bool,
    report: &'a StatusReport,
) -> Document<'a> {
    let Counts { live, deleted, stripped, gone, unseen } = status.objects;
    Document {
        schema: "adrecover/agent-status/v1",
        healthy: report.problems.is_empty(),
        problems: &report.problems,
        running,
        journal: journal.place().to_string(),
        forest: &status.forest,
        encrypted: status.is_encrypted,
        octets: status.octets,
        changes: status.changes,
        links: status.links,
        oldest_change: status.oldest_change.map(rfc3339),
        objects: Objects { live, deleted, stripped, gone, unseen },
        contexts: &report.contexts,
    }
}

fn lines(ctx: &Ctx, journal: &Journal, status: &JournalStatus, is_running: bool) -> Vec<String> {
    let objects = &status.objects;
    let oldest = status
        .oldest_change
        .map_or("none".to_owned(), |at| format!("{} ({})", rfc3339(at), age(at, ctx.now)));
    let encrypted = if status.is_encrypted { "encrypted" } else { "not encrypted" };
    vec![
        format!("forest         {}", status.forest),
        format!("journal        {}, {} MB, {encrypted}", journal.place(), status.octets.div_ceil(1 << 20)),
        format!("agent          {}", if is_running { "runs" } else { "does not run" }),
        format!(
            "objects        {} live, {} in the Recycle Bin, {} stripped, {} gone",
            objects.live, objects.deleted, objects.stripped, objects.gone
        ),
        format!("changes        {}, links {}", status.changes, status.links),
        format!("oldest change  {oldest}"),
    ]
}

fn cells(context: &ContextReport) -> [String; 5] {
    let lag = context.lag_seconds.map_or("never".to_owned(), |lag| format!("{lag} s"));
    let full = match (context.last_full_read, context.is_full_read_under_way) {
        (Some(at), false) => rfc3339(at),
        (Some(at), true) => format!("{}, again now", rfc3339(at)),
        (None, true) => "the first is under way".to_owned(),
        (None, false) => "never".to_owned(),
    };
    let last = context.last_success.map_or("never".to_owned(), rfc3339);
    [context.dn.clone(), lag, last, full, way(context.read_by).to_owned()]
}

fn way(read_by: Option<ReadBy>) -> &'static str {
    match read_by {
        Some(ReadBy::DirSync) => "DirSync",
        Some(ReadBy::OwnRights) => "DirSync, own rights",
        Some(ReadBy::Numbers) => "numbers",
        None => "not known",
    }
}

fn table(report: &StatusReport) -> Table {
    let titles = ["naming context", "behind", "last success", "last full read", "read by"];
    let column = |title| Column { title, may_shrink: title == "naming context", right: title == "behind" };
    let mut table = Table::new(titles.map(column));
    report.contexts.iter().for_each(|context| table.row(cells(context)));
    table
}

fn csv(printer: &Printer, report: &StatusReport) -> Result<(), CliError> {
    printer.csv_row(["dn", "lagSeconds", "lastSuccess", "lastFullRead", "readBy"])?;
    for context in &report.contexts {
        let lag = context.lag_seconds.map(|lag| lag.to_string()).unwrap_or_default();
        let at = |time: Option<_>| time.map(rfc3339).unwrap_or_default();
        let (last, full) = (at(context.last_success), at(context.last_full_read));
        let by = context.read_by.map_or("", ReadBy::name);
        printer.csv_row([context.dn.as_str(), &lag, &last, &full, by])?;
    }
    Ok(())
}
