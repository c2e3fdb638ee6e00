//! What a roll back prints: `adrecover/rollback/v1`.

use std::collections::HashMap;

use adrecover_core::ObjectGuid;
use adrecover_core::plan::{ObjectPlan, Plan, Purpose};
use adrecover_core::report::{ObjectReport, Outcome, Report};
use adrecover_core::rollback::{Diff, Past, RollbackRequest, diffs};
use adrecover_core::text::printable;
use adrecover_core::time::rfc3339;
use adrecover_core::value::Value;
use serde::Serialize;

use crate::args::Format;
use crate::context::Ctx;
use crate::error::CliError;
use crate::restore::output;

/// The schema's name.
const SCHEMA: &str = "adrecover/rollback/v1";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema: &'static str,
    operation: &'a Option<String>,
    dry_run: bool,
    to: String,
    window: Option<WindowLine>,
    journal_heard: Option<String>,
    objects: Vec<Item<'a>>,
}

#[derive(Serialize)]
struct WindowLine {
    since: String,
    until: String,
    on: Option<String>,
}

#[derive(Serialize)]
struct Item<'a> {
    #[serde(flatten)]
    report: &'a ObjectReport,
    changes: Vec<Line>,
}

/// What becomes of one attribute.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    attribute: String,
    now: Vec<String>,
    then: Vec<String>,
    changed_at: Option<String>,
    changed_on: Option<String>,
    overwrites_later: bool,
}

impl From<Diff> for Line {
    fn from(diff: Diff) -> Self {
        let texts = |values: &[Value]| values.iter().map(Value::shown).collect();
        Self {
            now: texts(&diff.now),
            then: texts(&diff.then),
            attribute: diff.attribute,
            changed_at: diff.changed.as_ref().and_then(|changed| changed.at).map(rfc3339),
            changed_on: diff.changed.and_then(|changed| changed.on),
            overwrites_later: diff.later.is_some(),
        }
    }
}

/// Whether there is nothing that could be rolled back.
fn is_as_it_was(report: &Report) -> bool {
    report.objects.iter().all(|object| object.outcome == Outcome::AlreadyRestored)
}

/// What was planned, kept for the report.
pub(crate) struct Planned {
    request: RollbackRequest,
    objects: Vec<ObjectPlan>,
}

impl Planned {
    /// From a plan of this purpose.
    pub(crate) fn of(plan: &Plan) -> Self {
        let request = match &plan.purpose {
            Purpose::Rollback { request } => (**request).clone(),
            _ => RollbackRequest::default(),
        };
        Self { request, objects: plan.objects.clone() }
    }

    /// Prints the report. Gives the exit code.
    pub(crate) fn print(&self, ctx: &Ctx, report: &Report) -> Result<u8, CliError> {
        match ctx.settings.output {
            Format::Json => {
                ctx.printer.json(&self.document(report))?;
                ctx.printer.flush()?;
                Ok(report.exit_code())
            }
            Format::Jsonl => {
                for item in self.items(report) {
                    ctx.printer.json_line(&item)?;
                }
                ctx.printer.flush()?;
                Ok(report.exit_code())
            }
            Format::Table if report.operation.is_none() && !report.dry_run && is_as_it_was(report) => {
                // No plan was shown, so that nobody has seen the notes.
                for object in &report.objects {
                    for note in &object.warnings {
                        let line = format!("{}: {}", printable(&object.name), printable(note));
                        ctx.printer.line(&ctx.printer.fitted(&line))?;
                    }
                }
                let has_notes = report.objects.iter().any(|object| !object.warnings.is_empty());
                let else_ = if has_notes { " else" } else { "" };
                ctx.printer.line(&format!("nothing to roll back: everything{else_} is as it was"))?;
                ctx.printer.flush()?;
                Ok(report.exit_code())
            }
            Format::Table | Format::Csv => output::print(ctx, report),
        }
    }

    fn document<'a>(&self, report: &'a Report) -> Document<'a> {
        let request = &self.request;
        Document {
            schema: SCHEMA,
            operation: &report.operation,
            dry_run: report.dry_run,
            to: rfc3339(request.to),
            window: request.window.as_ref().map(|window| WindowLine {
                since: rfc3339(window.since),
                until: rfc3339(window.until),
                on: window.on.clone(),
            }),
            journal_heard: request.heard.map(rfc3339),
            objects: self.items(report).collect(),
        }
    }

    fn items<'a>(&self, report: &'a Report) -> impl Iterator<Item = Item<'a>> {
        let plans: HashMap<ObjectGuid, &ObjectPlan> = self.objects.iter().map(|o| (o.guid, o)).collect();
        let pasts: HashMap<ObjectGuid, &Past> = self.request.objects.iter().map(|p| (p.guid, p)).collect();
        report.objects.iter().map(move |report| {
            let plan = plans.get(&report.guid).copied();
            let past = pasts.get(&report.guid).copied();
            let changes = plan.map(|plan| diffs(plan, past)).unwrap_or_default();
            Item { report, changes: changes.into_iter().map(Line::from).collect() }
        })
    }
}
