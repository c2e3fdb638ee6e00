//! Reports: those of plans that were not carried out, and what is printed.

use adrecover_core::plan::{ObjectPlan, Plan, Step};
use adrecover_core::report::{Failure, ObjectReport, Outcome, Report, SCHEMA, Status, StepReport};
use adrecover_hybrid::guide::Remaining;
use serde::Serialize;

use super::show;
use crate::args::Format;
use crate::context::Ctx;
use crate::error::CliError;
use crate::remains;

/// The report of a plan that is not carried out.
pub(crate) fn unexecuted(plan: &Plan, dry_run: bool, keep_going: bool) -> Report {
    let stopped = plan.is_blocked() && !keep_going;
    let objects = plan.objects.iter().map(|object| {
        let blocked = !object.blocked_by.is_empty();
        let (outcome, failure) = match (blocked, &object.skipped) {
            (true, _) => (Outcome::Blocked, None),
            (_, Some(_)) => (Outcome::Skipped, None),
            _ if !object.writes() => return as_it_is(object),
            // Nothing of a plan is carried out while anything in it is blocked: that is this object's cause too.
            _ if stopped && !dry_run => (Outcome::Skipped, Some(Failure::Blocked)),
            _ => (Outcome::Planned, None),
        };
        let mut report = blank(object, outcome);
        report.failure = failure;
        if failure.is_some() {
            report.message = Some(
                "left alone because another object is blocked; --keep-going goes on without it".to_owned(),
            );
        }
        report
    });
    Report {
        schema: SCHEMA,
        operation: None,
        dry_run,
        undoable: false,
        keep_going,
        objects: objects.collect(),
    }
}

/// The report of an operation of which nothing is left to do. It says nothing of what became of the objects since.
pub(crate) fn finished(plan: &Plan, message: &str) -> Report {
    let objects = plan.objects.iter().map(|object| {
        let mut report = blank(object, Outcome::AlreadyRestored);
        report.steps.iter_mut().for_each(|s| s.status = Status::Unchanged);
        report.message = Some(message.to_owned());
        report
    });
    let objects = objects.collect();
    Report { schema: SCHEMA, operation: None, dry_run: false, undoable: false, keep_going: false, objects }
}

/// The report of a plan that is not carried out for a cause that all its objects share.
pub(crate) fn refused(plan: &Plan, failure: Failure, message: &str) -> Report {
    let objects = plan.objects.iter().map(|object| {
        let mut report = blank(object, Outcome::Skipped);
        if object.skipped.is_none() {
            report.failure = Some(failure);
            report.message = Some(message.to_owned());
        }
        report
    });
    Report {
        schema: SCHEMA,
        operation: None,
        dry_run: false,
        undoable: false,
        keep_going: false,
        objects: objects.collect(),
    }
}

/// The report of an object of which nothing is written: everything is there, or is left to a person.
pub(super) fn as_it_is(object: &ObjectPlan) -> ObjectReport {
    if object.skipped.is_some() {
        return blank(object, Outcome::Skipped);
    }
    let by_hand = object.steps.iter().filter(|s| s.action.is_asked_for_by_hand()).count();
    if by_hand == 0 {
        return blank(object, Outcome::AlreadyRestored);
    }
    let mut report = blank(object, Outcome::Partial);
    report.failure = Some(Failure::Other);
    report.message = Some(format!("{by_hand} thing(s) that were asked for are left to be done by hand"));
    report
}

/// The report of an object that is not touched.
pub(crate) fn blank(object: &ObjectPlan, outcome: Outcome) -> ObjectReport {
    let status = |step: &Step| match outcome {
        _ if step.already => Status::Unchanged,
        Outcome::Blocked | Outcome::Skipped => Status::Skipped,
        _ => Status::Planned,
    };
    let steps = object.steps.iter().map(|s| StepReport::new(&s.action, status(s))).collect();
    ObjectReport { steps, ..ObjectReport::new(object, outcome) }
}

/// `adrecover/restore/v1`.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    report: &'a Report,
    /// What remains, where an object cannot be restored at all.
    remains: Option<Remaining>,
}

/// Prints the report in the form asked for. Gives the exit code.
pub(crate) fn print(ctx: &Ctx, report: &Report) -> Result<u8, CliError> {
    let printer = &ctx.printer;
    let remains = remains::of_report(report);
    match ctx.settings.output {
        Format::Json => printer.json(&Document { report, remains })?,
        Format::Jsonl => {
            for object in &report.objects {
                printer.json_line(object)?;
            }
        }
        Format::Csv => {
            printer.csv_row([
                "guid",
                "name",
                "outcome",
                "verified",
                "dn",
                "blockedBy",
                "stillMissing",
                "message",
            ])?;
            for o in &report.objects {
                let blocks: Vec<&str> = o.blocked_by.iter().map(|b| b.id.as_str()).collect();
                let outcome = serde_json::to_value(o.outcome)?;
                printer.csv_row([
                    o.guid.to_string(),
                    o.name.clone(),
                    outcome.as_str().unwrap_or_default().to_owned(),
                    o.verified.map_or_else(String::new, |v| v.to_string()),
                    o.dn.clone(),
                    blocks.join(" "),
                    o.still_missing.join(" "),
                    o.message.clone().unwrap_or_default(),
                ])?;
            }
        }
        Format::Table if report.operation.is_none() && is_refused(report) => {
            let message = report.objects.iter().find_map(|o| o.failure.and(o.message.clone()));
            printer.error_text(&message.unwrap_or_default());
        }
        Format::Table => {
            if report.dry_run {
                printer.line("nothing was changed (--dry-run)")?;
            } else {
                printer.line(&show::report(report, printer))?;
            }
            if let Some(remains) = &remains {
                remains::print(printer, "What remains", remains)?;
            }
        }
    }
    printer.flush()?;
    Ok(report.exit_code())
}

/// Whether nothing was done for a cause that says all there is to say.
fn is_refused(report: &Report) -> bool {
    let shared = |o: &ObjectReport| matches!(o.failure, Some(Failure::Declined | Failure::Stale));
    report.objects.iter().any(shared) && report.objects.iter().all(|o| o.outcome == Outcome::Skipped)
}
