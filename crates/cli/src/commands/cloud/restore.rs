//! `adrecover cloud restore`.

use adrecover_core::directory::NoDirectory;
use adrecover_core::elsewhere::NoElsewhere;
use adrecover_core::plan::{ObjectPlan, Plan};
use adrecover_core::report::{Failure, ObjectReport, Outcome, Report, SCHEMA, Status};
use adrecover_core::text::printable;
use adrecover_engine::{
    Command, Followed, Journal, NoProgress, Operation, OperationId, OperationState, Run, audit, follow,
};
use adrecover_hybrid::cloud::{self, Choice, Look, RestoreWishes};
use adrecover_hybrid::evidence::User;
use adrecover_hybrid::graph::Client;

use super::{candidate, not_answered, not_found, user};
use crate::args::Format;
use crate::cloud::GraphArgs;
use crate::context::Ctx;
use crate::error::CliError;
use crate::recovery::CloudAlone;
use crate::restore::carry::{self, CarryArgs};
use crate::restore::passwords::Passwords;
use crate::restore::{desk, output, show};

/// Takes a user out of the bin of Entra ID: finds, plans, shows, asks, restores, verifies
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Prefer to restore a synchronised user in its directory: the synchronisation brings the cloud user back then, and a restore in the cloud
alone leaves it managed there.

Examples:
  adrecover cloud restore usera@contoso.com --dry-run
  adrecover cloud restore 8d4e6b2a-1f3c-4a5b-9c7d-0123456789ab --upn usera2@contoso.com

Exit codes: as `adrecover restore`; 6 also where somebody else holds a name now.")]
pub(super) struct Args {
    /// The user: UPN, address, object id, objectGUID, source anchor, SID or account name
    #[arg(value_name = "USER", value_parser = user)]
    user: String,
    /// The UPN that it gets instead of its own
    #[arg(long, value_name = "UPN", value_parser = upn)]
    upn: Option<String>,
    /// Restore it without the addresses that somebody else holds now: it loses them
    #[arg(long)]
    without_taken_addresses: bool,
    /// Restore in the cloud alone what is synchronised from a directory
    #[arg(long)]
    although_synchronised: bool,
    #[command(flatten)]
    carry: CarryArgs,
}

fn upn(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.split_once('@') {
        Some((name, domain)) if !name.is_empty() && domain.contains('.') && !domain.contains('@') => {
            Ok(text.to_owned())
        }
        _ => Err("a UPN is written usera@contoso.com".to_owned()),
    }
}

pub(super) async fn run(ctx: &Ctx, client: &Client, args: &Args, graph: &GraphArgs) -> Result<u8, CliError> {
    let journal = desk::open_journal()?;
    let wishes = RestoreWishes {
        upn: args.upn.clone(),
        without_taken_addresses: args.without_taken_addresses,
        although_synchronised: args.although_synchronised,
    };
    let work = async {
        let look = super::look(client, &args.user, false).await?;
        if let Some(missing) = look.unseen_users() {
            return Err(not_answered(missing));
        }
        let (tenant, identity) = crate::cloud::who(ctx, graph)?;
        let plan = plan(ctx, client, &look, &args.user, &wishes, &tenant).await?;
        Ok((look, plan, identity))
    };
    let (look, plan, identity) = ctx.stop.unless_asked(work).await?;
    if let Some(report) = settled(ctx, &plan, &args.carry)? {
        return output::print(ctx, &report);
    }
    let meta = carry::meta(&identity, Command::CloudRestore, args.carry.reason.clone());
    let operation = journal.begin(&meta, &plan)?;
    let mut report = carried_out(ctx, client, &journal, operation, &plan).await?;
    if let Choice::One(before) = look.chosen() {
        verify(client, &before.user, &wishes, &mut report).await?;
    }
    output::print(ctx, &report)
}

/// Goes on with an operation that was interrupted, or of which nobody knows how it ended.
pub(crate) async fn resume(
    ctx: &Ctx,
    operation: &Operation,
    carry: &CarryArgs,
    graph: &GraphArgs,
) -> Result<u8, CliError> {
    let client = crate::cloud::client(ctx, graph)?;
    ctx.stop.watch(&ctx.printer);
    ctx.stop.unless_asked(crate::cloud::signed_in(ctx, &client)).await?;
    let plan = &operation.plan;
    if let Some(report) = settled(ctx, plan, carry)? {
        return output::print(ctx, &report);
    }
    let journal = desk::open_journal()?;
    journal.take_up(operation.summary.id)?;
    let report = carried_out(ctx, &client, &journal, operation.summary.id, plan).await?;
    output::print(ctx, &report)
}

/// The plan, or why there is none.
async fn plan(
    ctx: &Ctx,
    client: &Client,
    look: &Look,
    called: &str,
    wishes: &RestoreWishes,
    tenant: &str,
) -> Result<Plan, CliError> {
    let user = match look.chosen() {
        Choice::One(user) => user,
        Choice::None => return Err(not_found(called)),
        Choice::Several(all) => {
            let text = format!("{} users are called `{}`", all.len(), printable(called));
            return Err(CliError::ambiguous(text, all.iter().filter_map(candidate).collect())
                .hint("name one by its object id"));
        }
    };
    let conflicts = cloud::conflicts(client, look, &user, ctx.now).await?;
    let made_by = env!("CARGO_PKG_VERSION");
    cloud::restore_plan(&user, &conflicts, wishes, tenant, ctx.now, made_by)
        .ok_or_else(|| CliError::unexpected("Graph gives the user no object id"))
}

/// Shows the plan and asks; a report where nothing is to be done.
fn settled(ctx: &Ctx, plan: &Plan, carry: &CarryArgs) -> Result<Option<Report>, CliError> {
    let acts = !carry.dry_run && !plan.is_blocked() && plan.writes();
    let text = show::plan(plan, None, &ctx.printer);
    if ctx.settings.output == Format::Table {
        if acts || carry.dry_run {
            ctx.printer.line(&text)?;
            ctx.printer.line("")?;
            ctx.printer.flush()?;
        }
    } else if acts && !carry.yes {
        ctx.printer.note(show::plain(&text));
    }
    if carry.dry_run || plan.is_blocked() {
        return Ok(Some(output::unexecuted(plan, carry.dry_run, false)));
    }
    if !plan.writes() {
        return Ok(Some(output::finished(plan, "it is live: nothing is to be done")));
    }
    if carry.yes { Ok(None) } else { carry::declined(ctx, plan) }
}

async fn carried_out(
    ctx: &Ctx,
    client: &Client,
    journal: &Journal,
    operation: OperationId,
    plan: &Plan,
) -> Result<Report, CliError> {
    let (sink, _) = audit::system();
    let stop = || ctx.stop.is_asked();
    let mut run = Run {
        elsewhere: &mut NoElsewhere,
        directory: &mut NoDirectory,
        journal,
        operation,
        passwords: &mut Passwords::None,
        progress: &mut NoProgress,
        audit: &*sink,
        stop: &stop,
        keep_going: false,
        clock: carry::now,
    };
    let mut objects: Vec<ObjectReport> =
        plan.objects.iter().map(|object| output::blank(object, Outcome::Planned)).collect();
    let followed = follow(plan, &mut objects, &mut run, &mut CloudAlone::new(ctx, client)).await?;
    for report in &mut objects {
        let is_done = |status| report.steps.iter().any(|step| step.status == status);
        report.outcome = match report.failure {
            None if is_done(Status::Done) => Outcome::Restored,
            None => Outcome::AlreadyRestored,
            Some(Failure::Interrupted) => Outcome::Skipped,
            Some(Failure::Unreachable) => Outcome::Partial,
            Some(_) => Outcome::Failed,
        };
        // It was looked for until it was seen.
        report.verified = report.failure.is_none().then_some(true);
        if report.failure == Some(Failure::Unreachable) {
            report.next.push(format!("adrecover operations --resume {operation}"));
        }
    }
    let state = match OperationState::of(&objects) {
        OperationState::Done if followed == Followed::Waiting => OperationState::Waiting,
        state => state,
    };
    journal.finish(operation, state, carry::now())?;
    Ok(Report {
        schema: SCHEMA,
        operation: Some(operation.to_string()),
        dry_run: false,
        undoable: false,
        keep_going: false,
        objects,
    })
}

/// Holds the user that came back against the one that was deleted.
async fn verify(
    client: &Client,
    before: &User<'_>,
    wishes: &RestoreWishes,
    report: &mut Report,
) -> Result<(), CliError> {
    let Some(object) = report.objects.first_mut().filter(|object| object.failure.is_none()) else {
        return Ok(());
    };
    let look = super::look(client, &object.guid.to_string(), false).await?;
    if let Choice::One(after) = look.chosen() {
        object.differences = cloud::differences(*before, after.user, wishes);
        let is_lost = |what: &str| what == "proxyAddresses" && wishes.without_taken_addresses;
        object.verified = Some(object.differences.iter().all(|difference| is_lost(&difference.what)));
    }
    Ok(())
}

/// Whether an operation is one of the cloud alone.
pub(crate) fn is_of_cloud(plan: &Plan) -> bool {
    matches!(plan.purpose, adrecover_core::plan::Purpose::Cloud { .. })
        && plan.objects.iter().all(ObjectPlan::goes_beyond)
}
