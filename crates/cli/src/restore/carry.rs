//! From a plan to a report: show, block, ask, carry out, verify, print.

use adrecover_core::plan::{ObjectPlan, Plan};
use adrecover_core::report::{Failure, ObjectReport, Outcome, Report, SCHEMA};
use adrecover_core::time::Timestamp;
use adrecover_engine::follow::hold;
use adrecover_engine::{
    AuditSink, Command, EngineError, Followed, Meta, Operation, OperationState, PasswordSource, Progress,
    Run, audit, execute, follow, resume, verify_all, verify_elsewhere,
};
use clap::Args;

use super::desk::Desk;
use super::passwords::{FileSink, Passwords};
use super::wishes::PasswordSourceArgs;
use super::{next, output, show};
use crate::args::Format;
use crate::context::Ctx;
use crate::error::CliError;
use crate::password;
use crate::recovery::Outside;

const ACTING: &str = "Doing it";

/// How a plan is carried out.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct CarryArgs {
    /// Show the plan and stop; exits as the real run would
    #[arg(long, visible_alias = "what-if", help_heading = ACTING)]
    pub(crate) dry_run: bool,
    /// Do not ask before changing anything
    #[arg(long, short = 'y', help_heading = ACTING)]
    pub(crate) yes: bool,
    /// Go on with other objects when one is blocked or fails
    #[arg(long, help_heading = ACTING)]
    pub(crate) keep_going: bool,
    /// Why this is done, for the journal and the system's log
    #[arg(long, value_name = "TEXT", help_heading = ACTING)]
    pub(crate) reason: Option<String>,
}

/// What is carried out.
pub(crate) enum Work<'a> {
    /// A plan, from its beginning.
    New(Box<Plan>, Command),
    /// What an interrupted operation has left to do.
    Rest(&'a Operation),
}

impl Work<'_> {
    fn plan(&self) -> &Plan {
        match self {
            Self::New(plan, _) => plan,
            Self::Rest(operation) => &operation.plan,
        }
    }
}

impl Work<'_> {
    /// Whether a password is given or generated for a step that is still to be done.
    fn needs_password(&self) -> bool {
        match self {
            Self::New(plan, _) => plan.objects.iter().any(ObjectPlan::needs_password),
            Self::Rest(operation) => operation.needs_password(),
        }
    }
}

/// Shows the work, asks, carries it out and prints the report. Gives the exit code.
pub(crate) async fn out(
    ctx: &Ctx,
    desk: &mut Desk,
    work: Work<'_>,
    args: &CarryArgs,
    passwords: &PasswordSourceArgs,
    digest: Option<&str>,
    outside: &mut Outside<'_>,
) -> Result<u8, CliError> {
    let report = report(ctx, desk, work, args, passwords, digest, outside).await?;
    output::print(ctx, &report)
}

/// Shows the work, asks, and carries it out.
pub(crate) async fn report(
    ctx: &Ctx,
    desk: &mut Desk,
    work: Work<'_>,
    args: &CarryArgs,
    passwords: &PasswordSourceArgs,
    digest: Option<&str>,
    outside: &mut Outside<'_>,
) -> Result<Report, CliError> {
    let plan = work.plan();
    let resuming = matches!(work, Work::Rest(_));
    let blocked = plan.is_blocked() && !resuming && !args.keep_going;
    let idle = !plan.writes() && !resuming;
    let acts = !args.dry_run && !blocked && !idle;
    if !blocked {
        passwords.check(work.needs_password(), resuming, &ctx.printer)?;
    }
    if ctx.settings.output == Format::Table {
        // A plan that changes nothing says no more than the report does.
        if acts || args.dry_run || digest.is_some() {
            ctx.printer.line(&show::plan(plan, digest, &ctx.printer))?;
            ctx.printer.line("")?;
            // What could not be shown is not done.
            ctx.printer.flush()?;
        }
    } else if acts && !args.yes {
        ctx.printer.note(show::plain(&show::plan(plan, digest, &ctx.printer)));
    }
    if args.dry_run || blocked || (idle && plan.is_blocked()) {
        return Ok(output::unexecuted(plan, args.dry_run, args.keep_going));
    }
    if idle {
        return Ok(as_it_is(desk, plan).await);
    }
    if !args.yes
        && let Some(report) = declined(ctx, plan)?
    {
        return Ok(report);
    }
    let mut source = password_source(ctx, &work, passwords)?;
    let report = carried_out(ctx, desk, &work, args, &mut source, outside).await;
    // Whatever went wrong: passwords that were set must not be lost.
    source.reveal(&ctx.printer);
    report
}

/// Asks before the first write; a report where the answer is not yes.
pub(crate) fn declined(ctx: &Ctx, plan: &Plan) -> Result<Option<Report>, CliError> {
    let number = plan.objects.iter().filter(|o| o.writes()).count();
    let question = format!("Carry this out on {number} object(s)? [y/N]");
    let message = match ctx.printer.ask(&question)?.as_deref() {
        Some("y" | "Y" | "yes" | "Yes" | "YES") => return Ok(None),
        Some(_) => "declined; nothing was changed",
        None => {
            "nobody is there to say yes, so nothing was changed (--yes says it, --dry-run only shows the plan)"
        }
    };
    Ok(Some(output::refused(plan, Failure::Declined, message)))
}

/// Where passwords come from; [`PasswordSourceArgs::check`] has looked whether they can.
fn password_source(ctx: &Ctx, work: &Work<'_>, args: &PasswordSourceArgs) -> Result<Passwords, CliError> {
    if !work.needs_password() {
        return Ok(Passwords::None);
    }
    if let Some(file) = &args.new_password_file {
        return Ok(Passwords::Given(password::from_file(file, &ctx.printer)?));
    }
    match (args.generate_into(), args.generate_password.is_some()) {
        (Some(file), _) if matches!(work, Work::Rest(_)) => Ok(Passwords::IntoFile(FileSink::resume(file)?)),
        (Some(file), _) => Ok(Passwords::IntoFile(FileSink::create(file)?)),
        (None, true) => Ok(Passwords::OnTerminal(vec![])),
        (None, false) => Ok(Passwords::None),
    }
}

async fn carried_out(
    ctx: &Ctx,
    desk: &mut Desk,
    work: &Work<'_>,
    args: &CarryArgs,
    source: &mut Passwords,
    outside: &mut Outside<'_>,
) -> Result<Report, CliError> {
    let (sink, missing) = audit::system();
    if let Some(reason) = missing {
        ctx.printer.detail(1, reason);
    }
    let plan = work.plan();
    let operation = match work {
        Work::New(plan, command) => {
            let meta = meta(&desk.account, *command, args.reason.clone());
            desk.journal.begin(&meta, plan)?
        }
        Work::Rest(operation) => {
            desk.journal.take_up(operation.summary.id)?;
            operation.summary.id
        }
    };
    let mut progress = Told { ctx, total: plan.objects.len(), waits_for: String::new() };
    let stop = || ctx.stop.is_asked();
    let mut run = Run {
        directory: &mut desk.session,
        elsewhere: &mut desk.others,
        journal: &desk.journal,
        operation,
        passwords: source as &mut dyn PasswordSource,
        progress: &mut progress,
        audit: &*sink as &dyn AuditSink,
        stop: &stop,
        keep_going: args.keep_going,
        clock: now,
    };
    let goes_beyond = plan.objects.iter().any(ObjectPlan::goes_beyond);
    if goes_beyond && let Err(why) = hold(plan, &mut run, outside).await? {
        run.journal.finish(operation, OperationState::Interrupted, now())?;
        let message = format!("nothing was changed: the synchronisation could not be held: {why}");
        return Ok(Report {
            operation: Some(operation.to_string()),
            ..output::refused(plan, Failure::Other, &message)
        });
    }
    let outcome = match work {
        Work::New(plan, _) => execute(plan, &mut run).await,
        Work::Rest(operation) => resume(operation, &mut run).await,
    };
    let (mut objects, mut failed) = match outcome {
        Ok(objects) => (objects, None),
        Err(e) => (stopped(plan, &e), Some(e.error)),
    };
    let mut state = OperationState::of(&objects);
    if goes_beyond && failed.is_none() {
        // The synchronisation sees nothing that was not seen to be right.
        verify_all(plan, &mut objects, run.directory).await;
        verify_elsewhere(plan, &mut objects, run.elsewhere).await;
        match follow(plan, &mut objects, &mut run, outside).await {
            Ok(Followed::Waiting) if state == OperationState::Done => state = OperationState::Waiting,
            Ok(_) => {}
            Err(error) => failed = Some(error),
        }
    }
    if let Some(error) = failed {
        ctx.printer.warn(format!("stopped: {error}"));
        ctx.printer.warn(format!(
            "when the journal can be written again: adrecover operations --resume {operation}"
        ));
    } else if let Err(error) = run.journal.finish(operation, state, now()) {
        // All of it is done; only that it is finished could not be written down.
        ctx.printer.warn(format!(
            "{error}; operation {operation} will be called interrupted until --resume closes it"
        ));
    }
    if !goes_beyond {
        verify(desk, plan, &mut objects).await;
    }
    next::add(&mut objects, plan, Some(operation));
    Ok(Report {
        schema: SCHEMA,
        operation: Some(operation.to_string()),
        dry_run: false,
        undoable: plan.objects.iter().flat_map(|o| &o.steps).any(|s| s.is_undoable()),
        keep_going: args.keep_going,
        objects,
    })
}

/// The reports of an operation whose journal could not be written any more: nothing further was done.
fn stopped(plan: &Plan, error: &EngineError) -> Vec<ObjectReport> {
    let mut objects = error.reports.clone();
    for object in plan.objects.iter().skip(objects.len()) {
        let mut report = output::blank(object, Outcome::Skipped);
        report.failure = Some(Failure::Other);
        report.message = Some("not reached: the operation journal could not be written".to_owned());
        objects.push(report);
    }
    objects
}

pub(crate) fn meta(account: &str, command: Command, reason: Option<String>) -> Meta {
    Meta {
        command,
        reason,
        bind_identity: account.to_owned(),
        os_user: whoami::username().unwrap_or_else(|_| "unknown".to_owned()),
        host: whoami::hostname().unwrap_or_else(|_| "unknown".to_owned()),
        started_at: now(),
    }
}

/// The time of what happens.
#[expect(clippy::disallowed_methods, reason = "the journal's events are stamped as they happen")]
pub(crate) fn now() -> Timestamp {
    chrono::Utc::now()
}

/// Reads everything again, each in its domain.
async fn verify(desk: &mut Desk, plan: &Plan, objects: &mut [ObjectReport]) {
    verify_all(plan, objects, &mut desk.session).await;
    verify_elsewhere(plan, objects, &mut desk.others).await;
}

/// The report of a plan with nothing to do: read and compared all the same.
async fn as_it_is(desk: &mut Desk, plan: &Plan) -> Report {
    let mut objects: Vec<ObjectReport> = plan.objects.iter().map(output::as_it_is).collect();
    verify(desk, plan, &mut objects).await;
    next::add(&mut objects, plan, None);
    Report { schema: SCHEMA, operation: None, dry_run: false, undoable: false, keep_going: false, objects }
}

/// Tells a person how far it is.
struct Told<'a> {
    ctx: &'a Ctx,
    total: usize,
    /// What was last said to be waited for.
    waits_for: String,
}

impl Progress for Told<'_> {
    fn object_done(&mut self, index: usize, report: &ObjectReport) {
        if self.total > 1 {
            self.ctx.printer.progress(index + 1, self.total, &report.name);
        }
    }

    fn waiting(&mut self, reason: &str) {
        // The cloud is asked many times, and says the same most of them.
        if self.waits_for != reason {
            self.ctx.printer.note(reason);
            reason.clone_into(&mut self.waits_for);
        }
    }
}
