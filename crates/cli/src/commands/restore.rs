//! `adrecover restore`.

use std::collections::HashSet;
use std::path::PathBuf;

use adrecover_core::facts::{ObjectFacts, Presence};
use adrecover_core::kind::ObjectKind;
use adrecover_core::lifetime::State;
use adrecover_core::plan::{Block, ObjectPlan, Purpose};
use adrecover_core::request::{AccountWish, PasswordWish, RestoreRequest};
use adrecover_core::{Dn, ObjectGuid};
use adrecover_engine::{Command, Operation, OperationState};

use crate::cloud;
use crate::context::Ctx;
use crate::error::CliError;
use crate::journal::SOURCE;
use crate::recovery::{Outside, RecoveryArgs};
use crate::restore::ask_cloud;
use crate::restore::carry::{self, CarryArgs, Work};
use crate::restore::choice::ChoiceArgs;
use crate::restore::desk::Desk;
use crate::restore::fill::{self, Source};
use crate::restore::hybrid::{self, HybridArgs};
use crate::restore::past::{self, OpenSources, Pasts};
use crate::restore::plan_file;
use crate::restore::select::{self, Chosen};
use crate::restore::wishes::WishArgs;

/// Restores deleted objects: finds, plans, shows, asks, carries out, verifies
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  adrecover restore --guid 3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f --upn usera@contoso.com --dry-run
  adrecover restore UserA --upn usera@contoso.com --enable --generate-password=usera.csv --yes
  adrecover restore --tree 3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f --upn-suffix contoso.com
  adrecover restore --type user --since 2h --all --groups-from file:groups.csv --yes

The same command run again changes nothing. What was done: `adrecover operations`; back: `adrecover undo`.")]
pub(crate) struct Args {
    #[command(flatten)]
    choice: ChoiceArgs,
    #[command(flatten)]
    wishes: WishArgs,
    #[command(flatten)]
    hybrid: Box<HybridArgs>,
    #[command(flatten)]
    recovery: RecoveryArgs,
    #[command(flatten)]
    carry: CarryArgs,
    /// Write the plan to a file, for `adrecover apply`; it holds no secret
    #[arg(long, value_name = "FILE", help_heading = "Doing it")]
    plan_out: Option<PathBuf>,
}

/// Runs the command; the result is the exit code.
pub(crate) async fn run(ctx: &Ctx, args: &Args) -> Result<u8, CliError> {
    let mut request = args.wishes.request()?;
    let sources = args.wishes.fill.sources(&args.hybrid.evidence)?;
    args.wishes.password.source.check_stdin(&ctx.settings)?;
    let wishes = args.recovery.wishes(&ctx.settings, request.hold_sync)?;
    if args.hybrid.evidence.asks_cloud()
        && cloud::secret_from_stdin(ctx, &args.hybrid.evidence.graph)
        && (args.choice.reads_stdin() || args.wishes.password.source.reads_stdin())
    {
        return Err(CliError::usage(
            "standard input cannot be both the secret of the app and something else",
        ));
    }
    let choice = args.choice.read(ctx, &args.wishes)?;
    let mut inputs = args.hybrid.read(ctx).await?;
    if inputs.is_none() && (request.hold_sync || args.recovery.run_sync) {
        let option = if request.hold_sync { "--hold-sync" } else { "--run-sync" };
        return Err(CliError::usage(format!(
            "{option} needs what is known of the cloud and of the synchronisation"
        ))
        .hint("--cloud PATH|graph, --mailboxes FILE, --sync-config PATH, or --evidence FOLDER"));
    }
    let groups = args.wishes.group_sources()?;
    let mut opened = OpenSources::open(ctx, &args.wishes, &sources).await?;
    let mut desk = Desk::open(ctx).await?;
    let chosen = select::choose(ctx, &mut desk, &choice, &args.carry).await?;
    let of_one =
        args.wishes.single_object_option().or(args.hybrid.expect_smtp.as_ref().map(|_| "--expect-smtp"));
    if chosen.guids.len() > 1
        && let Some(option) = of_one
    {
        return Err(CliError::usage(format!(
            "{option} makes sense for one object, and {} are chosen",
            chosen.guids.len()
        ))
        .hint("choose one with --guid; for logon names of many there is --upn-suffix"));
    }
    if let Some(inputs) = inputs.as_mut().filter(|_| sources.contains(&Source::Cloud)) {
        ask_cloud::ask_for(ctx, &desk, &chosen.guids, inputs).await?;
    }
    let pasts = Pasts::ask(ctx, &desk, &args.wishes, &sources, &mut opened, &chosen.guids).await?;
    let by_hand =
        fill::ask(ctx, &mut desk, &sources, &chosen.guids, inputs.as_ref(), &pasts, &mut request).await?;
    past::put_links(&pasts, &sources, &groups, &chosen.guids, &mut request);
    if let Some(operation) = interrupted(ctx, &desk, &chosen, &request, args)? {
        let mut outside = Outside::new(ctx, &args.recovery, inputs.as_mut())?;
        let (work, passwords) = (Work::Rest(&operation), &args.wishes.password.source);
        return carry::out(ctx, &mut desk, work, &args.carry, passwords, None, &mut outside).await;
    }
    let mut gathered = desk.facts(&chosen.guids, &request).await?;
    let left_out = chosen.leave_out(&mut gathered.objects);
    if left_out > 0 {
        ctx.printer.warn(format!("{left_out} object(s) are left alone; the plan says why"));
    }
    check_password(&gathered.objects, &request)?;
    if !request.groups.is_empty() && gathered.objects.iter().all(|o| o.groups.is_empty()) {
        ctx.printer.warn("--groups-from names none of the chosen objects");
    }
    let mut plan = desk.plan(&gathered.objects, &request);
    plan.objects.extend(gathered.missing.iter().map(|guid| missing(*guid)));
    fill::put_by_hand(&mut plan, &by_hand);
    if pasts.is_empty() {
        past::journal::suggest(ctx, &desk, &args.wishes.journal, &mut plan);
    }
    if let Some(inputs) = &mut inputs {
        ask_cloud::ask(ctx, &desk, &plan, &args.hybrid, inputs).await?;
    }
    if let Some(inputs) = &inputs {
        hybrid::check(ctx, &mut desk, &mut plan, &args.hybrid, &wishes, inputs).await?;
    }
    if let Some(path) = &args.plan_out {
        plan_file::write(path, &plan)?;
        ctx.printer.note(format!("the plan is in {}", path.display()));
    }
    let mut outside = Outside::new(ctx, &args.recovery, inputs.as_mut())?;
    let work = Work::New(Box::new(plan), Command::Restore);
    carry::out(ctx, &mut desk, work, &args.carry, &args.wishes.password.source, None, &mut outside).await
}

/// What stands in the plan for an object that the directory does not know.
fn missing(guid: ObjectGuid) -> ObjectPlan {
    ObjectPlan {
        guid,
        name: guid.to_string(),
        kind: ObjectKind::Other,
        sam_account_name: None,
        user_principal_name: None,
        from: String::new(),
        usn_changed: None,
        dn: Dn::default(),
        deleted_at: None,
        steps: vec![],
        blocked_by: vec![Block {
            id: "state.missing".to_owned(),
            message: "there is no such object, or this account may not see it".to_owned(),
            object: None,
            way_out: Some("--keep-going goes on without it".to_owned()),
            for_good: false,
        }],
        losses: vec![],
        warnings: vec![],
        conflicts: vec![],
        still_missing: vec![],
        skipped: None,
    }
}

/// An account that lost its password cannot be enabled without a new one: wrong usage, once it is known to be so.
fn check_password(facts: &[ObjectFacts], request: &RestoreRequest) -> Result<(), CliError> {
    if request.account != AccountWish::Enable || request.password.sets_one() {
        return Ok(());
    }
    let lost = |o: &&ObjectFacts| {
        o.kind == ObjectKind::User
            && match o.presence {
                Presence::Deleted(state) => state == State::Tombstone && o.never.is_none(),
                Presence::Absent => true,
                Presence::Live => !o.has_password && o.uac.is_some_and(|uac| !uac.is_enabled()),
            }
    };
    let Some(object) = facts.iter().find(lost) else { return Ok(()) };
    let why = if request.password == PasswordWish::No { "--no-password" } else { "no new one" };
    Err(CliError::usage(format!(
        "`{}` has lost its password and cannot be enabled with {why}",
        object.rdn.value()
    ))
    .hint("add --new-password-file FILE or --generate-password=FILE, or leave out --enable"))
}

/// Where an earlier run of this very command was cut off, that is finished first: only the journal knows which half is
/// done. Any other interrupted operation on these objects is named and left to the user: it may have been stopped because
/// it was a mistake.
fn interrupted(
    ctx: &Ctx,
    desk: &Desk,
    chosen: &Chosen,
    request: &RestoreRequest,
    args: &Args,
) -> Result<Option<Operation>, CliError> {
    let domain_sid = desk.domain.domain_sid.as_ref().map(ToString::to_string);
    let unfinished = desk.journal.unfinished(domain_sid.as_deref(), Some(&desk.domain.server))?;
    let guids: HashSet<ObjectGuid> = chosen.guids.iter().copied().collect();
    for summary in unfinished {
        let operation = desk.journal.load(&summary.id.to_string())?;
        let is_chosen = |o: &ObjectPlan| guids.contains(&o.guid);
        if !operation.plan.objects.iter().any(is_chosen) {
            continue;
        }
        let same = operation.plan.purpose == Purpose::Restore
            && same_wishes(&operation.plan.request, request)
            && operation.plan.objects.iter().all(is_chosen);
        let id = summary.id;
        if !same || args.carry.dry_run {
            ctx.printer.warn(format!(
                "operation {id} on some of these objects is not finished; `adrecover operations --resume {id}` goes on with it"
            ));
            continue;
        }
        let why = if summary.state == OperationState::Waiting { "waits" } else { "was interrupted" };
        ctx.printer.note(format!("operation {id} {why}: going on with it"));
        return Ok(Some(operation));
    }
    Ok(None)
}

/// Whether two requests ask for the same; a list of groups or an export may have been given under another name.
fn same_wishes(a: &RestoreRequest, b: &RestoreRequest) -> bool {
    let nameless = |request: &RestoreRequest| {
        let mut request = request.clone();
        // What the change journal has of an object becomes less while the object is restored.
        request.groups.retain(|group| group.source != SOURCE);
        request.links.retain(|link| link.source != SOURCE);
        request.primary_groups.retain(|_, group| group.source != SOURCE);
        for fills in request.fills.values_mut() {
            fills.retain(|fill| fill.source != SOURCE);
        }
        request.fills.retain(|_, fills| !fills.is_empty());
        for group in &mut request.groups {
            group.source.clear();
            group.at = None;
        }
        for link in &mut request.links {
            link.source.clear();
            link.at = None;
        }
        for group in request.primary_groups.values_mut() {
            group.source.clear();
            group.at = None;
        }
        for fill in request.fills.values_mut().flatten() {
            fill.source.clear();
            (fill.at, fill.unsure) = (None, None);
        }
        request.fill_notes.clear();
        request.conflicts.clear();
        request
    };
    nameless(a) == nameless(b)
}
