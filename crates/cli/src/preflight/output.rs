//! The outcome of a pre-flight: for people, as JSON, JSON Lines and CSV, and as a page.

use std::fs::File;
use std::io::{BufWriter, Seek, Write};

use adrecover_core::text::printable;
use adrecover_core::time::{Timestamp, rfc3339};
use adrecover_hybrid::checks::{CheckReport, SCHEMA, Severity, Status, UserReport, Verdict};
use serde::Serialize;

use super::html::Page;
use super::summary::Summary;
use crate::args::Format;
use crate::context::Ctx;
use crate::error::CliError;
use crate::printer::Printer;

/// The beginning of the document; the users follow one by one, since those of a whole domain would not fit into memory.
#[derive(Serialize)]
struct Head<'a> {
    schema: &'static str,
    server: &'a str,
    at: String,
    summary: Summary,
}

/// Takes the users one by one.
pub(crate) struct Output<'a> {
    printer: &'a Printer,
    server: String,
    at: Timestamp,
    page: Option<Page>,
    summary: Summary,
    /// The users of the JSON document, as they will stand in it. What goes wrong before the end leaves no half a document.
    spool: Option<BufWriter<File>>,
    /// Whether each user gets a section of its own, and not a line.
    is_detailed: bool,
}

impl<'a> Output<'a> {
    /// Begins.
    pub(crate) fn new(
        ctx: &'a Ctx,
        server: &str,
        page: Option<Page>,
        is_detailed: bool,
    ) -> Result<Self, CliError> {
        let spool = match ctx.printer.format {
            Format::Json => Some(BufWriter::new(tempfile::tempfile().map_err(|error| no_spool(&error))?)),
            _ => None,
        };
        let (printer, server) = (&*ctx.printer, server.to_owned());
        Ok(Self { printer, server, at: ctx.now, page, summary: Summary::default(), spool, is_detailed })
    }

    /// Shows a user.
    pub(crate) fn user(&mut self, report: &UserReport) -> Result<(), CliError> {
        let printer = self.printer;
        if self.summary.users == 0 && printer.format == Format::Csv {
            printer.csv_row(CSV)?;
        }
        if self.summary.users > 0 && printer.format == Format::Table && self.is_detailed {
            printer.line("")?;
        }
        self.summary.add(report.verdict);
        if let Some(page) = &mut self.page {
            page.user(report)?;
        }
        match printer.format {
            Format::Json => {
                if let Some(spool) = &mut self.spool {
                    let comma = if self.summary.users > 1 { "," } else { "" };
                    write!(spool, "{comma}\n    ").map_err(|error| no_spool(&error))?;
                    serde_json::to_writer(spool, report)?;
                }
            }
            Format::Jsonl => printer.json_line(report)?,
            Format::Csv => {
                report.checks.iter().try_for_each(|check| printer.csv_row(cells(report, check)))?
            }
            Format::Table if self.is_detailed => section(printer, report)?,
            Format::Table => line(printer, report)?,
        }
        Ok(())
    }

    /// Ends; how many users there were, and the worst verdict.
    pub(crate) fn finish(self) -> Result<(u64, Verdict), CliError> {
        let Self { printer, server, at, page, summary, spool, is_detailed } = self;
        match printer.format {
            Format::Json => {
                let head = Head { schema: SCHEMA, server: &server, at: rfc3339(at), summary };
                document(printer, &head, spool)?;
            }
            Format::Csv if summary.users == 0 => printer.csv_row(CSV)?,
            Format::Table if summary.users > 1 || !is_detailed => {
                if summary.users > 0 {
                    printer.line("")?;
                }
                let Summary { users, ready, incomplete, blocked } = summary;
                printer.line(&format!(
                    "{users} user(s): {ready} ready, {incomplete} incomplete, {blocked} blocked"
                ))?;
            }
            _ => {}
        }
        printer.flush()?;
        if let Some(page) = page {
            let path = page.finish(&server, at, &summary)?;
            printer.note(format!("the page is {}", path.display()));
        }
        Ok((summary.users, summary.verdict()))
    }
}

fn no_spool(error: &std::io::Error) -> CliError {
    CliError::unexpected(format!("cannot write a temporary file: {error}")).hint("-o jsonl needs none")
}

/// The whole document: its beginning, the users, its end.
fn document(printer: &Printer, head: &Head<'_>, spool: Option<BufWriter<File>>) -> Result<(), CliError> {
    let head = serde_json::to_string_pretty(head)?;
    let head = head.strip_suffix("\n}").unwrap_or(&head);
    let mut out = printer.out();
    write!(out, "{head},\n  \"users\": [")?;
    if let Some(spool) = spool {
        let mut file = spool.into_inner().map_err(|error| no_spool(error.error()))?;
        let is_empty = file.stream_position().map_err(|error| no_spool(&error))? == 0;
        file.rewind().map_err(|error| no_spool(&error))?;
        std::io::copy(&mut file, &mut *out)?;
        if !is_empty {
            write!(out, "\n  ")?;
        }
    }
    writeln!(out, "]\n}}")?;
    Ok(out.flush()?)
}

const CSV: [&str; 10] =
    ["guid", "userPrincipalName", "dn", "verdict", "check", "status", "severity", "title", "detail", "fix"];

fn cells(report: &UserReport, check: &CheckReport) -> [String; 10] {
    [
        report.guid.map(|guid| guid.to_string()).unwrap_or_default(),
        report.user_principal_name.clone().unwrap_or_default(),
        report.dn.clone(),
        report.verdict.name().to_owned(),
        check.id.to_owned(),
        check.status.name().to_owned(),
        check.severity.name().to_owned(),
        check.title.to_owned(),
        check.detail.clone(),
        check.fix.clone().unwrap_or_default(),
    ]
}

/// Red, yellow, green as a verdict is.
fn painted(printer: &Printer, verdict: Verdict, width: usize) -> String {
    let color = match verdict {
        Verdict::Blocked => "31",
        Verdict::Incomplete => "33",
        Verdict::Ready => "32",
    };
    printer.paint(color, &format!("{:<width$}", verdict.name()))
}

/// How many ids stand in a line.
const MOST_IDS: usize = 4;

/// What decides about a user, in a line.
fn line(printer: &Printer, report: &UserReport) -> Result<(), CliError> {
    let named =
        report.user_principal_name.as_ref().or(report.sam_account_name.as_ref()).unwrap_or(&report.dn);
    let decides = |check: &&CheckReport| match report.verdict {
        Verdict::Blocked => check.status == Status::Fail,
        Verdict::Incomplete => check.status == Status::Unknown && check.severity == Severity::Block,
        Verdict::Ready => check.status == Status::Warn,
    };
    let ids: Vec<&str> = report.checks.iter().filter(decides).map(|check| check.id).collect();
    let more = ids.len().saturating_sub(MOST_IDS);
    let mut ids = ids.into_iter().take(MOST_IDS).collect::<Vec<_>>().join(", ");
    if more > 0 {
        ids.push_str(&format!(" and {more} more"));
    }
    let text = format!("{}  {}  {ids}", painted(printer, report.verdict, 10), printable(named));
    printer.line(text.trim_end())
}

/// Everything about a user but what is as it should be.
fn section(printer: &Printer, report: &UserReport) -> Result<(), CliError> {
    let named = report.user_principal_name.as_ref().or(report.sam_account_name.as_ref());
    let named = named.map_or_else(String::new, |name| format!("{}  ", printer.bold(&printable(name))));
    printer.line(&format!("{named}{}", painted(printer, report.verdict, 0)))?;
    printer.line(&printer.paint("2", &printable(&report.dn)))?;
    let smtp = &report.primary_smtp;
    let agrees = match smtp.agrees {
        Some(true) => printer.paint("32", "agrees"),
        Some(false) => printer.paint("31", "differs"),
        None => printer.paint("36", "unknown"),
    };
    printer.line(&format!("primary SMTP address: {agrees}: {}", printable(&smtp.answer)))?;
    if let Some(change) = &smtp.change {
        printer.line(&printer.fitted(&format!("  {}", printable(change))))?;
    }
    printer.line("")?;
    for check in report.checks.iter().filter(|check| check.status == Status::Fail) {
        open(printer, check, "31")?;
    }
    unknowns(printer, report)?;
    for check in report.checks.iter().filter(|check| check.status == Status::Warn) {
        open(printer, check, "33")?;
    }
    if printer.is_verbose(1) {
        for check in report.checks.iter().filter(|check| check.status == Status::Pass) {
            open(printer, check, "32")?;
        }
    }
    let number = |status| report.checks.iter().filter(|check| check.status == status).count();
    let (passed, none) = (number(Status::Pass), number(Status::NotApplicable));
    let more = if printer.is_verbose(1) { "" } else { " (-v shows them)" };
    printer.line(&format!("{passed} check(s) pass{more}; {none} do not apply"))
}

/// Checks that are open for the same reason stand together: one export may answer them all.
fn unknowns(printer: &Printer, report: &UserReport) -> Result<(), CliError> {
    let mut left: Vec<&CheckReport> = report.checks.iter().filter(|c| c.status == Status::Unknown).collect();
    while let Some(first) = left.first().copied() {
        let (same, others): (Vec<_>, Vec<_>) =
            left.into_iter().partition(|check| check.detail == first.detail);
        left = others;
        if same.len() == 1 {
            open(printer, first, "36")?;
            continue;
        }
        let status = printer.paint("36", &format!("{:<8}", first.status.name()));
        let blocks = same.iter().filter(|check| check.severity == Severity::Block).count();
        printer.line(&format!("{status} {} checks, {blocks} of which block if they fail", same.len()))?;
        printer.line(&printer.fitted(&format!("         {}", printable(&first.detail))))?;
        let ids: Vec<&str> = same.iter().map(|check| check.id).collect();
        printer.line(&printer.paint("2", &printer.fitted(&format!("         {}", ids.join(", ")))))?;
    }
    Ok(())
}

fn open(printer: &Printer, check: &CheckReport, color: &str) -> Result<(), CliError> {
    let status = printer.paint(color, &format!("{:<8}", check.status.name()));
    let weight = match (check.status, check.severity) {
        (Status::Unknown, Severity::Block) => ", blocks if it fails",
        _ => "",
    };
    printer.line(&format!("{status} {} ({}{weight})", check.title, check.id))?;
    if !check.detail.is_empty() {
        printer.line(&printer.fitted(&format!("         {}", printable(&check.detail))))?;
    }
    if let Some(fix) = &check.fix {
        printer.line(&printer.fitted(&format!("         fix: {}", printable(fix))))?;
    }
    Ok(())
}
