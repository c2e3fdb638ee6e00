//! `adrecover apply`.

use std::path::PathBuf;

use adrecover_core::fill::{Rule, rule, why_not_kept};
use adrecover_core::plan::{Action, ObjectPlan, Plan, Purpose, Step};
use adrecover_core::recovery::Hand;
use adrecover_core::report::{Failure, Report};
use adrecover_core::rollback::RollbackRequest;
use adrecover_core::{Dn, ObjectGuid};
use adrecover_engine::Command;

use crate::context::Ctx;
use crate::error::{CliError, Kind};
use crate::recovery::{Outside, RecoveryArgs};
use crate::restore::ask_cloud;
use crate::restore::carry::{self, CarryArgs, Work};
use crate::restore::desk::Desk;
use crate::restore::hybrid::{self, HybridArgs};
use crate::restore::output;
use crate::restore::plan_file;
use crate::restore::wishes::PasswordSourceArgs;
use crate::rollback::Planning;

/// Carries out a saved plan, after running every check again
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The plan is made anew from the wishes in the file and compared: where the directory has moved since, or the file
was changed by hand, nothing is done (exit code 7).

Example:
  adrecover restore --guid … --upn usera@contoso.com --dry-run --plan-out plan.json
  adrecover apply plan.json --yes")]
pub(crate) struct Args {
    /// The plan
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    #[command(flatten)]
    carry: CarryArgs,
    #[command(flatten)]
    password: PasswordSourceArgs,
    #[command(flatten)]
    hybrid: Box<HybridArgs>,
    #[command(flatten)]
    recovery: RecoveryArgs,
    /// Consent to restoring privileged objects and to memberships of protected groups, where the plan has it
    #[arg(long)]
    allow_privileged: bool,
    /// Go on although the whole forest could not be asked whether a name is taken, where the plan has it
    #[arg(long)]
    allow_unchecked_forest: bool,
}

/// Runs the command; the result is the exit code.
pub(crate) async fn run(ctx: &Ctx, args: &Args) -> Result<u8, CliError> {
    args.password.check_stdin(&ctx.settings)?;
    let (saved, digest) = plan_file::read(&args.plan)?;
    let bad = |problem: &str| CliError::new(Kind::BadInput, format!("{}: {problem}", args.plan.display()));
    if !matches!(saved.purpose, Purpose::Restore | Purpose::Rollback { .. }) {
        return Err(
            bad("only plans of `restore` and `rollback` are applied").hint("run `adrecover undo` itself")
        );
    }
    if saved.objects.is_empty() {
        return Err(bad("the plan names no object"));
    }
    check_request(&saved).map_err(|problem| bad(&problem))?;
    let rollback = match &saved.purpose {
        Purpose::Rollback { request } => Some(request),
        _ => None,
    };
    let consents = |of: fn(&RollbackRequest) -> bool| rollback.is_some_and(|request| of(request));
    let privileged = saved.request.allow_privileged || consents(|request| request.allow_privileged);
    let unchecked =
        saved.request.allow_unchecked_forest || consents(|request| request.allow_unchecked_forest);
    for (asked, given, option) in [
        (privileged, args.allow_privileged, "--allow-privileged"),
        (unchecked, args.allow_unchecked_forest, "--allow-unchecked-forest"),
    ] {
        if asked && !given {
            return Err(CliError::usage(format!("the plan was made with {option}"))
                .hint(format!("a file does not consent for you: add {option}")));
        }
    }
    let wishes = args.recovery.wishes(&ctx.settings, saved.request.hold_sync)?;
    let mut inputs = args.hybrid.read(ctx).await?;
    let mut desk = Desk::open_at(ctx, &saved.server).await?;
    let here = &desk.domain;
    if saved.domain != here.domain || saved.domain_sid != here.domain_sid {
        let sid = |sid: &Option<adrecover_core::Sid>| {
            sid.as_ref().map_or_else(|| "unknown".to_owned(), ToString::to_string)
        };
        return Err(stale(format!(
            "the plan is for {} (SID {}), and this server holds {} (SID {})",
            saved.domain,
            sid(&saved.domain_sid),
            here.domain,
            sid(&here.domain_sid)
        )));
    }
    if !saved.server.eq_ignore_ascii_case(&here.server) {
        return Err(stale(format!("the plan was made on {}, and this is {}", saved.server, here.server))
            .hint(format!("--server ldaps://{}: what one DC shows another may not have yet", saved.server)));
    }
    if let Purpose::Rollback { request } = &saved.purpose {
        let fresh = Planning::again(&mut desk, request).await?;
        if let Some(difference) = difference(&saved, &fresh) {
            return output::print(ctx, &moved(&saved, &difference));
        }
        let work = Work::New(Box::new(fresh), Command::Apply);
        let mut outside = Outside::none(ctx);
        return carry::out(ctx, &mut desk, work, &args.carry, &args.password, Some(&digest), &mut outside)
            .await;
    }
    let guids: Vec<ObjectGuid> = saved.objects.iter().map(|o| o.guid).collect();
    let mut gathered = desk.facts(&guids, &saved.request).await?;
    if let Some(guid) = gathered.missing.first() {
        return Err(stale(format!("there is no object {guid} any more, or this account may not see it")));
    }
    for object in &mut gathered.objects {
        let old = saved.objects.iter().find(|o| o.guid == object.guid);
        object.skipped = old.and_then(|o| o.skipped.clone());
    }
    let mut fresh = desk.plan(&gathered.objects, &saved.request);
    if let Some(difference) = difference(&saved, &fresh) {
        return output::print(ctx, &moved(&saved, &difference));
    }
    match &mut inputs {
        Some(inputs) => {
            ask_cloud::ask(ctx, &desk, &fresh, &args.hybrid, inputs).await?;
            hybrid::check(ctx, &mut desk, &mut fresh, &args.hybrid, &wishes, inputs).await?;
        }
        None => keep_what_lies_beyond(&saved, &mut fresh).map_err(|problem| bad(&problem))?,
    }
    // What is shown and carried out is the plan made here; the file's has only agreed with it.
    let work = Work::New(Box::new(fresh), Command::Apply);
    let mut outside = Outside::new(ctx, &args.recovery, inputs.as_mut())?;
    carry::out(ctx, &mut desk, work, &args.carry, &args.password, Some(&digest), &mut outside).await
}

/// Whether the wishes in the file are such as the options take.
pub(crate) fn check_request(saved: &Plan) -> Result<(), String> {
    if saved.request.to.as_ref().is_some_and(Dn::is_empty) {
        return Err("the container to restore into is empty".to_owned());
    }
    if saved.request.groups.iter().any(|wish| wish.group.is_empty()) {
        return Err("it names a group with an empty DN".to_owned());
    }
    for fill in saved.request.fills.values().flatten() {
        if let Some(why) = why_not_kept(fill) {
            return Err(format!("it fills `{}`, which no plan of this program does: {why}", fill.attribute));
        }
        if fill.values.iter().any(|value| value.to_bytes().is_none()) {
            return Err(format!("a value of `{}` is not valid base64", fill.attribute));
        }
    }
    if let Some(name) = saved.request.fill_attributes.iter().find(|name| matches!(rule(name), Rule::Never(_)))
    {
        return Err(format!("it fills `{name}`, which no plan of this program fills"));
    }
    for wish in &saved.request.set {
        if adrecover_core::request::may_set(&wish.attribute).is_err() {
            return Err(format!("it sets `{}`, which no plan of this program sets", wish.attribute));
        }
        if wish.values.iter().any(|v| v.to_bytes().is_none()) {
            return Err(format!("a value of `{}` is not valid base64", wish.attribute));
        }
    }
    Ok(())
}

/// The report of a plan that is not the one that would be made now.
fn moved(saved: &Plan, difference: &str) -> Report {
    output::refused(saved, Failure::Stale, &format!("{difference}; make the plan again"))
}

fn stale(message: impl Into<String>) -> CliError {
    CliError::new(Kind::Stale, message)
}

/// The first point in which the saved plan is not the one that would be made now.
fn difference(saved: &Plan, fresh: &Plan) -> Option<String> {
    if saved.objects.len() != fresh.objects.len() {
        return Some("the plan names an object twice".to_owned());
    }
    for (old, new) in saved.objects.iter().zip(&fresh.objects) {
        let name = &old.name;
        let moved = if old.guid != new.guid {
            "the objects stand in another order"
        } else if old.usn_changed != new.usn_changed || old.from != new.from {
            "the object has been changed since"
        } else if old.blocked_by != new.blocked_by && old.skipped.is_none() {
            "what blocks it has changed"
        } else if old.dn != new.dn {
            "it would be restored to another place now"
        } else if !same_steps(old, new) {
            "other steps would be taken now"
        } else if (&old.name, old.kind, &old.sam_account_name, &old.user_principal_name, old.deleted_at)
            != (&new.name, new.kind, &new.sam_account_name, &new.user_principal_name, new.deleted_at)
        {
            "its names or its class are not those of the plan"
        } else {
            continue;
        };
        return Some(format!("`{name}` ({}): {moved}", old.guid));
    }
    None
}

fn is_beyond(step: &&Step) -> bool {
    step.action.is_beyond()
}

/// What is said of the synchronisation comes from a pre-flight, whose files are not here.
fn same_steps(old: &ObjectPlan, new: &ObjectPlan) -> bool {
    let acts =
        |plan: &ObjectPlan| plan.steps.iter().filter(|step| !is_beyond(step)).cloned().collect::<Vec<_>>();
    acts(old) == acts(new)
}

/// What lies beyond the directory and was planned from files that are not here. Of it only people and the commands of this program do
/// something; an attribute that holds a user gets what the directory itself says it had.
fn keep_what_lies_beyond(saved: &Plan, fresh: &mut Plan) -> Result<(), String> {
    for (old, new) in saved.objects.iter().zip(&mut fresh.objects) {
        let held = hybrid::held_by(new);
        let is_foreign = |step: &&Step| match &step.action {
            Action::ReleaseSync { hand: hand @ Hand::Attribute { .. }, .. } => held != Some(hand),
            Action::CloudRestore { .. } => true,
            _ => false,
        };
        if let Some(step) = old.steps.iter().find(is_foreign) {
            return Err(format!(
                "the step {} of `{}` is none that this program plans",
                step.action.name(),
                old.name
            ));
        }
        new.steps.clone_from(&old.steps);
    }
    Ok(())
}
