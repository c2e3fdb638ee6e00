//! `adrecover operations`.

mod steps;

use adrecover_core::text::printable;
use adrecover_core::time::rfc3339;
use adrecover_engine::OperationState;
use adrecover_engine::journal::OperationSummary;
use serde::Serialize;

use crate::args::Format;
use crate::commands::cloud;
use crate::context::Ctx;
use crate::error::{CliError, Kind};
use crate::preflight::inputs::{EvidenceArgs, Inputs};
use crate::printer::table::{Column, Table};
use crate::recovery::{Outside, RecoveryArgs};
use crate::restore::carry::{self, CarryArgs, Work};
use crate::restore::desk::{self, Desk};
use crate::restore::output;
use crate::restore::wishes::PasswordSourceArgs;

/// Lists what was done, by whom, when and why; or goes on with what was interrupted
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  adrecover operations
  adrecover operations 0192f1c8
  adrecover operations --resume
  adrecover operations --resume 0192f1c8 --cloud users-after.json --mailboxes mailboxes-after.json")]
pub(crate) struct Args {
    /// Show the objects and steps of this operation, or of the one whose id begins so
    #[arg(value_name = "ID", conflicts_with = "resume")]
    id: Option<String>,
    /// Go on with an operation that was interrupted or waits: this one, or the newest
    #[arg(long, value_name = "ID", num_args = 0..=1, default_missing_value = "")]
    resume: Option<String>,
    /// How many to list, newest first
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    #[command(flatten)]
    carry: CarryArgs,
    #[command(flatten)]
    password: PasswordSourceArgs,
    #[command(flatten)]
    evidence: Box<EvidenceArgs>,
    #[command(flatten)]
    recovery: RecoveryArgs,
}

/// Runs the command; the result is the exit code.
pub(crate) async fn run(ctx: &Ctx, args: &Args) -> Result<u8, CliError> {
    args.password.check_stdin(&ctx.settings)?;
    match (&args.id, &args.resume) {
        (Some(id), _) => steps::show(ctx, &desk::open_journal()?.load(id)?),
        (None, Some(id)) => resume(ctx, args, id).await,
        (None, None) => list(ctx, args.limit),
    }
}

async fn resume(ctx: &Ctx, args: &Args, id: &str) -> Result<u8, CliError> {
    let journal = desk::open_journal()?;
    let id = match id {
        "" => newest_unfinished(&journal.unfinished(None, None)?)?,
        id => id.to_owned(),
    };
    let operation = journal.load(&id)?;
    let summary = &operation.summary;
    if summary.running {
        return Err(CliError::usage(format!("operation {} is being carried out right now", summary.id)));
    }
    if operation.is_finished() {
        if matches!(summary.state, OperationState::Running | OperationState::Interrupted) {
            journal.take_up(summary.id)?;
            journal.finish(summary.id, OperationState::Done, ctx.now)?;
        }
        let message = format!("operation {} is finished: nothing is left to do", summary.id);
        return output::print(ctx, &output::finished(&operation.plan, &message));
    }
    drop(journal);
    if cloud::restore::is_of_cloud(&operation.plan) {
        return cloud::restore::resume(ctx, &operation, &args.carry, &args.evidence.graph).await;
    }
    let given = args.evidence.any();
    let mut inputs = match given {
        true => Some(Inputs::read(ctx, &args.evidence, false).await?),
        false => None,
    };
    let mut desk = Desk::open_at(ctx, &summary.server).await?;
    if !summary.server.eq_ignore_ascii_case(&desk.domain.server) {
        return Err(CliError::usage(format!(
            "the operation was begun on {}, and this is {}",
            summary.server, desk.domain.server
        ))
        .hint(format!("--server ldaps://{}: an operation is finished where it was begun", summary.server)));
    }
    if operation.plan.domain_sid != desk.domain.domain_sid {
        return Err(CliError::new(Kind::Stale, "the operation was begun in another domain"));
    }
    let mut outside = Outside::new(ctx, &args.recovery, inputs.as_mut())?;
    let work = Work::Rest(&operation);
    carry::out(ctx, &mut desk, work, &args.carry, &args.password, None, &mut outside).await
}

fn newest_unfinished(unfinished: &[OperationSummary]) -> Result<String, CliError> {
    unfinished
        .first()
        .map(|o| o.id.to_string())
        .ok_or_else(|| CliError::new(Kind::NotFound, "no operation was interrupted or waits"))
}

/// One line of the list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Item {
    id: String,
    command: &'static str,
    state: &'static str,
    started_at: String,
    finished_at: Option<String>,
    objects: usize,
    domain: String,
    server: String,
    bind_identity: String,
    os_user: String,
    host: String,
    reason: Option<String>,
    undo_of: Option<String>,
}

impl From<&OperationSummary> for Item {
    fn from(o: &OperationSummary) -> Self {
        use adrecover_engine::OperationState::Running;
        // Begun, not finished, and no process has it: it was cut off.
        let cut_off = o.state == Running && !o.running;
        Self {
            id: o.id.to_string(),
            command: o.meta.command.name(),
            state: if cut_off { "interrupted" } else { o.state.name() },
            started_at: rfc3339(o.meta.started_at),
            finished_at: o.finished_at.map(rfc3339),
            objects: o.objects,
            domain: o.domain.clone(),
            server: o.server.clone(),
            bind_identity: o.meta.bind_identity.clone(),
            os_user: o.meta.os_user.clone(),
            host: o.meta.host.clone(),
            reason: o.meta.reason.clone(),
            undo_of: o.undo_of.clone(),
        }
    }
}

fn list(ctx: &Ctx, limit: usize) -> Result<u8, CliError> {
    let items: Vec<Item> = desk::open_journal()?.list(limit)?.iter().map(Item::from).collect();
    let printer = &ctx.printer;
    match ctx.settings.output {
        Format::Json => {
            printer.json(&serde_json::json!({ "schema": "adrecover/operations/v1", "items": items }))?;
        }
        Format::Jsonl => items.iter().try_for_each(|item| printer.json_line(item))?,
        Format::Csv => {
            printer.csv_row([
                "id",
                "command",
                "state",
                "startedAt",
                "objects",
                "bindIdentity",
                "osUser",
                "reason",
            ])?;
            for o in &items {
                let objects = o.objects.to_string();
                let reason = o.reason.as_deref().unwrap_or_default();
                printer.csv_row([
                    &o.id,
                    o.command,
                    o.state,
                    &o.started_at,
                    &objects,
                    &o.bind_identity,
                    &o.os_user,
                    reason,
                ])?;
            }
        }
        Format::Table if items.is_empty() => printer.note("nothing was done yet"),
        Format::Table => printer.table(&table(&items))?,
    }
    printer.flush()?;
    Ok(0)
}

fn table(items: &[Item]) -> Table {
    let titles = ["operation", "command", "state", "started", "objects", "as", "by", "reason"];
    let mut table = Table::new(titles.map(|title| Column {
        title,
        may_shrink: matches!(title, "as" | "reason"),
        right: title == "objects",
    }));
    for o in items {
        let objects = o.objects.to_string();
        let by = format!("{}@{}", o.os_user, o.host);
        let reason = o.reason.as_deref().unwrap_or_default();
        table.row([
            &o.id,
            o.command,
            o.state,
            &o.started_at,
            &objects,
            &o.bind_identity,
            &by,
            &printable(reason),
        ]);
    }
    table
}
