//! `adrecover rollback`.

use std::path::PathBuf;

use adrecover_core::plan::Plan;
use adrecover_core::rollback::{RollbackRequest, Scope, Window};
use adrecover_core::time::rfc3339;
use adrecover_engine::Command;
use adrecover_journal::Journal;

use crate::context::Ctx;
use crate::error::CliError;
use crate::journal::{JournalArgs, forest_of};
use crate::recovery::Outside;
use crate::restore::carry::{self, CarryArgs, Work};
use crate::restore::desk::Desk;
use crate::restore::plan_file;
use crate::restore::wishes::PasswordSourceArgs;
use crate::rollback::output::Planned;
use crate::rollback::{CHUNK, ChoiceArgs, Planning, Question, Times};

const ACTING: &str = "Doing it";

/// Gives live objects back what the change journal says they were: a wrong change undone
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Whose change it was no directory tells: --changed-since, --changed-until and --changed-on, a time and a domain controller, stand for that.
What decides about rights (logon scripts, delegation, userAccountControl, …) is rolled back only where it is named with --attribute;
passwords and access lists never. Deleted objects: `adrecover restore --fill-from journal`.

Examples:
  adrecover rollback UserA --to 2h --dry-run
  adrecover rollback UserA --to 2026-11-25T08:00:00Z --attribute department --attribute manager
  adrecover rollback --under OU=Sales,DC=contoso,DC=com --to 1d
  adrecover rollback --changed-since 2026-11-26T09:00:00Z --changed-until 2026-11-26T09:10:00Z --changed-on DC1

The same command run again changes nothing. Back: `adrecover undo`.")]
pub(crate) struct Args {
    #[command(flatten)]
    choice: ChoiceArgs,
    #[command(flatten)]
    journal: JournalArgs,
    #[command(flatten)]
    carry: CarryArgs,
    /// Write the plan to a file, for `adrecover apply`; it holds no secret
    #[arg(long, value_name = "FILE", help_heading = ACTING)]
    plan_out: Option<PathBuf>,
    /// Consent to changing privileged objects and memberships of protected groups
    #[arg(long, help_heading = ACTING)]
    allow_privileged: bool,
    /// Go on although the whole forest could not be asked whether a name is taken
    #[arg(long, help_heading = ACTING)]
    allow_unchecked_forest: bool,
}

/// Runs the command; the result is the exit code.
pub(crate) async fn run(ctx: &Ctx, args: &Args) -> Result<u8, CliError> {
    let times = args.choice.times(ctx.now)?;
    let attributes = args.choice.attributes()?;
    let keeping = args.journal.resolve(&ctx.settings, &ctx.printer)?;
    let mut desk = Desk::open(ctx).await?;
    let journal = keeping.open(Some(&forest_of(desk.session.root_dse())))?;
    let plan = plan(ctx, args, &mut desk, &journal, &times, attributes).await?;
    drop(journal);
    tell_unfinished(ctx, &desk, &plan)?;
    if let Some(path) = &args.plan_out {
        plan_file::write(path, &plan)?;
        ctx.printer.note(format!("the plan is in {}", path.display()));
    }
    let planned = Planned::of(&plan);
    let work = Work::New(Box::new(plan), Command::Rollback);
    let (none, mut outside) = (PasswordSourceArgs::default(), Outside::none(ctx));
    let report = carry::report(ctx, &mut desk, work, &args.carry, &none, None, &mut outside).await?;
    planned.print(ctx, &report)
}

async fn plan(
    ctx: &Ctx,
    args: &Args,
    desk: &mut Desk,
    journal: &Journal,
    times: &Times,
    attributes: Vec<String>,
) -> Result<Plan, CliError> {
    let chosen = args.choice.find(ctx, desk, journal, times)?;
    let heard = journal.contexts()?.iter().filter_map(|context| context.succeeded).max();
    if let Some(heard) = heard.filter(|heard| times.until.unwrap_or(times.to) > *heard) {
        ctx.printer.warn(format!(
            "the change journal heard of the directory on {} for the last time: what changed later it does not know",
            rfc3339(heard)
        ));
    }
    let request = RollbackRequest {
        to: times.to,
        window: times.until.map(|until| Window { since: times.to, until, on: chosen.on.clone() }),
        attributes,
        single: chosen.single,
        allow_privileged: args.allow_privileged,
        allow_unchecked_forest: args.allow_unchecked_forest,
        overwrite_later: args.choice.overwrite_later,
        heard,
        objects: vec![],
    };
    let attributes = request.attributes.clone();
    let names = desk.judge.dc_names.clone();
    let controller = |invocation| {
        let known = names.iter().find(|(guid, _)| *guid == invocation);
        known.map_or_else(|| invocation.to_string(), |(_, name)| name.clone())
    };
    let question = Question {
        journal,
        to: times.to,
        which: &chosen.which,
        scope: Scope(&attributes),
        memberships: !chosen.everything,
        controller: &controller,
    };
    let mut planning = Planning::begin(desk, request).await?;
    for (i, chunk) in chosen.guids.chunks(CHUNK).enumerate() {
        if ctx.stop.is_asked() {
            return Err(CliError::interrupted());
        }
        let asked = chunk.iter().map(|guid| question.ask(*guid)).collect::<Result<Vec<_>, _>>()?;
        planning.add(desk, asked, &question).await?;
        if chosen.guids.len() > CHUNK {
            ctx.printer.progress(
                (i * CHUNK + chunk.len()).min(chosen.guids.len()),
                chosen.guids.len(),
                "planned",
            );
        }
    }
    Ok(planning.end(desk))
}

/// An operation on these objects that was interrupted is named; what it left to do is in this plan as well.
fn tell_unfinished(ctx: &Ctx, desk: &Desk, plan: &Plan) -> Result<(), CliError> {
    let domain_sid = desk.domain.domain_sid.as_ref().map(ToString::to_string);
    for summary in desk.journal.unfinished(domain_sid.as_deref(), Some(&desk.domain.server))? {
        let operation = desk.journal.load(&summary.id.to_string())?;
        let touches = |guid| plan.objects.iter().any(|object| object.guid == guid);
        if operation.plan.objects.iter().any(|object| touches(object.guid)) {
            ctx.printer.warn(format!(
                "operation {} on some of these objects is not finished; `adrecover operations --resume {}` goes on with it",
                summary.id, summary.id
            ));
        }
    }
    Ok(())
}
