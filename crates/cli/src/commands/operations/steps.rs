//! The objects and steps of one operation, as the journal has them.

use adrecover_core::report::{Status, StepReport};
use adrecover_core::text::printable;
use adrecover_engine::Operation;
use adrecover_engine::journal::StepState;
use serde::Serialize;

use super::Item;
use crate::args::Format;
use crate::context::Ctx;
use crate::error::CliError;

/// `adrecover/operation/v1`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    schema: &'static str,
    #[serde(flatten)]
    item: Item,
    details: Vec<Object>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    guid: String,
    name: String,
    from: String,
    dn: String,
    steps: Vec<Step>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    #[serde(flatten)]
    step: StepReport,
    /// Whether its intent was written down and its end was not: it may have been done.
    uncertain: bool,
}

/// Prints one operation; the result is the exit code.
pub(super) fn show(ctx: &Ctx, operation: &Operation) -> Result<u8, CliError> {
    let details: Vec<Object> = operation
        .plan
        .objects
        .iter()
        .zip(&operation.steps)
        .map(|(object, records)| Object {
            guid: object.guid.to_string(),
            name: object.name.clone(),
            from: object.from.clone(),
            dn: object.dn.to_string(),
            steps: object
                .steps
                .iter()
                .zip(records)
                .map(|(s, r)| step(s, r.state, r.after.message.clone()))
                .collect(),
        })
        .collect();
    let item = Item::from(&operation.summary);
    let printer = &ctx.printer;
    match ctx.settings.output {
        Format::Json => {
            printer.json(&Document { schema: "adrecover/operation/v1", item, details })?;
        }
        Format::Jsonl => details.iter().try_for_each(|object| printer.json_line(object))?,
        Format::Csv => {
            printer.csv_row(["guid", "name", "step", "status", "message"])?;
            for object in &details {
                for s in &object.steps {
                    let message = s.step.message.as_deref().unwrap_or_default();
                    let status = status(s);
                    printer.csv_row([&object.guid, &object.name, s.step.step, status, message])?;
                }
            }
        }
        Format::Table => {
            let reason = item.reason.as_deref().map_or_else(String::new, |r| format!(", {}", printable(r)));
            printer.line(&format!(
                "{} of {} on {}, {}, by {}@{} as {}{reason}: {}",
                item.command,
                item.started_at,
                item.server,
                item.domain,
                item.os_user,
                item.host,
                item.bind_identity,
                item.state
            ))?;
            for object in &details {
                printer.line(&format!(
                    "\n{} ({})\n  {}",
                    printable(&object.name),
                    object.guid,
                    printable(&object.dn)
                ))?;
                for s in &object.steps {
                    let what = s.step.value.as_deref().or(s.step.group.as_deref()).unwrap_or_default();
                    let message = s.step.message.as_deref().map_or_else(String::new, |m| format!("  ({m})"));
                    let line = format!("  {:<14} {:<15} {what}{message}", status(s), s.step.step);
                    printer.line(&printable(line.trim_end()))?;
                }
            }
        }
    }
    printer.flush()?;
    Ok(0)
}

fn step(step: &adrecover_core::plan::Step, state: StepState, message: Option<String>) -> Step {
    let status = match state {
        StepState::Fresh => Status::Planned,
        StepState::Succeeded => Status::Done,
        StepState::Unchanged => Status::Unchanged,
        StepState::Started | StepState::Failed => Status::Failed,
        StepState::Skipped => Status::Skipped,
    };
    let mut report = StepReport::new(&step.action, status);
    report.message = message.or(report.message);
    Step { step: report, uncertain: state == StepState::Started }
}

fn status(step: &Step) -> &'static str {
    match step.step.status {
        _ if step.uncertain => "may be done",
        Status::Planned => "not begun",
        Status::Done => "done",
        Status::Unchanged => "unchanged",
        Status::Failed => "failed",
        Status::Skipped => "skipped",
        Status::Undone => "undone",
    }
}
