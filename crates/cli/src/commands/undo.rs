//! `adrecover undo`.

use adrecover_core::plan::{Action, Block, ObjectPlan, Purpose};
use adrecover_engine::{Command, OperationId, undo_plan};

use crate::context::Ctx;
use crate::error::{CliError, Kind};
use crate::recovery::Outside;
use crate::restore::carry::{self, CarryArgs, Work};
use crate::restore::desk::{self, Desk};
use crate::restore::wishes::PasswordSourceArgs;

/// Takes back what an operation did: attributes, memberships and names, newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
What was reanimated is disabled, not deleted; --delete-again deletes it, and what has been set on it since is lost
(all of it where the Recycle Bin is off). Passwords cannot be taken back.

Examples:
  adrecover operations
  adrecover undo 0192f1c8 --dry-run")]
pub(crate) struct Args {
    /// The operation, or the beginning of its id
    #[arg(value_name = "OPERATION")]
    operation: String,
    /// Delete again what the operation reanimated
    #[arg(long)]
    delete_again: bool,
    #[command(flatten)]
    carry: CarryArgs,
}

/// Runs the command; the result is the exit code.
pub(crate) async fn run(ctx: &Ctx, args: &Args) -> Result<u8, CliError> {
    let operation = desk::open_journal()?.load(&args.operation)?;
    if operation.summary.running {
        return Err(CliError::usage(format!(
            "operation {} is being carried out right now",
            operation.summary.id
        )));
    }
    let plan = &operation.plan;
    if matches!(plan.purpose, Purpose::Cloud { .. }) {
        let ids: Vec<String> = plan.objects.iter().map(|object| object.guid.to_string()).collect();
        return Err(CliError::usage(format!(
            "operation {} was done in the cloud alone",
            operation.summary.id
        ))
        .hint(format!("it is taken back there: Remove-MgUser -UserId {}", ids.join(", "))));
    }
    let mut desk = Desk::open(ctx).await?;
    if plan.domain != desk.domain.domain || plan.domain_sid != desk.domain.domain_sid {
        return Err(CliError::new(
            Kind::Stale,
            format!(
                "the operation was done in {}, and this server holds {}",
                plan.domain, desk.domain.domain
            ),
        ));
    }
    let mut undo = undo_plan(&operation, args.delete_again, ctx.now);
    undo.server.clone_from(&desk.domain.server);
    if undo.objects.is_empty() {
        ctx.printer.note(format!("operation {} left nothing that could be taken back", operation.summary.id));
    }
    for object in &mut undo.objects {
        leave_to_later_restore(&desk, object, operation.summary.id)?;
    }
    let deletes = undo
        .objects
        .iter()
        .filter(|o| o.blocked_by.is_empty() && o.steps.iter().any(|s| s.action == Action::Delete))
        .count();
    if deletes > 0 {
        let what = if desk.domain.policy.recycle_bin {
            "the Recycle Bin keeps"
        } else {
            "a tombstone does not keep"
        };
        ctx.printer
            .warn(format!("{deletes} object(s) will be deleted again; {what} what was set on them since"));
    }
    carry::out(
        ctx,
        &mut desk,
        Work::New(Box::new(undo), Command::Undo),
        &args.carry,
        &PasswordSourceArgs::default(),
        None,
        &mut Outside::none(ctx),
    )
    .await
}

/// An object that a later operation brought back again is that one's: taking back the earlier one must not delete or
/// disable it.
fn leave_to_later_restore(desk: &Desk, object: &mut ObjectPlan, id: OperationId) -> Result<(), CliError> {
    let later = desk.journal.restored_by(object.guid)?.filter(|newest| *newest > id);
    object.blocked_by.extend(later.map(|newest| Block {
        id: "undo.laterRestore".to_owned(),
        message: format!("operation {newest} has brought it back since"),
        object: None,
        way_out: Some(format!("adrecover undo {newest}; --keep-going takes back the rest")),
        for_good: false,
    }));
    Ok(())
}
