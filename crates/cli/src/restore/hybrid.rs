//! The pre-flight of a restore: the users as they will be, checked before anything is written.

use std::borrow::Cow;

use adrecover_core::directory::{Query, Visibility};
use adrecover_core::entry::Attribute;
use adrecover_core::kind::ObjectKind;
use adrecover_core::plan::{Action, Block, ObjectPlan, Plan, Step, Undo};
use adrecover_core::recovery::{FILTERING_ATTRIBUTE, Hand};
use adrecover_core::{Entry, UserAccountControl};
use adrecover_hybrid::checks::{
    self, Case, CheckReport, Choice, Severity, Status, Subject, UserReport, Verdict,
};
use adrecover_hybrid::recovery::{self, Wishes};
use clap::Args;

use super::desk::Desk;
use crate::context::Ctx;
use crate::error::CliError;
use crate::preflight::gather::{self, Around};
use crate::preflight::inputs::{EvidenceArgs, Inputs};

/// The id of the block that a pre-flight puts on an object begins so.
pub(crate) const PREFIX: &str = "preflight.";
/// What is known of the cloud, and what is to be made of it.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct HybridArgs {
    #[command(flatten)]
    pub(crate) evidence: EvidenceArgs,
    /// The primary SMTP address that the user must have afterwards (one object)
    #[arg(long, value_name = "ADDRESS", help_heading = "What is known of the cloud")]
    pub(crate) expect_smtp: Option<String>,
    /// Restore nothing as long as a check that blocks is unknown
    #[arg(long, help_heading = "What is known of the cloud")]
    pub(crate) require_ready: bool,
}

impl HybridArgs {
    /// Whether a pre-flight is asked for, and not only one address.
    fn is_whole(&self) -> bool {
        self.evidence.any() || self.require_ready
    }

    /// The files are read, and the cloud is signed in to, before anything is asked of a server.
    pub(crate) async fn read(&self, ctx: &Ctx) -> Result<Option<Inputs>, CliError> {
        if let Some(address) = &self.expect_smtp
            && !address
                .rsplit_once('@')
                .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
        {
            return Err(CliError::usage(format!("`{address}` is no SMTP address"))
                .hint("write --expect-smtp usera@contoso.com"));
        }
        if !self.is_whole() && self.expect_smtp.is_none() {
            return Ok(None);
        }
        Inputs::read(ctx, &self.evidence, !self.is_whole()).await.map(Some)
    }
}

/// Checks the users of a plan as they will be. What blocks goes into the plan, and so does what is to be done by hand.
pub(crate) async fn check(
    ctx: &Ctx,
    desk: &mut Desk,
    plan: &mut Plan,
    args: &HybridArgs,
    wishes: &Wishes,
    inputs: &Inputs,
) -> Result<(), CliError> {
    let sync = gather::sync(&desk.session, inputs).await?;
    let around = Around::ask(ctx, &desk.session, inputs, sync.as_ref()).await?;
    let mut subjects = vec![];
    for (number, object) in plan.objects.iter_mut().enumerate() {
        if object.kind != ObjectKind::User || object.skipped.is_some() || !object.blocked_by.is_empty() {
            continue;
        }
        match planned(desk, &around, object).await? {
            Some(subject) => subjects.push((number, subject)),
            None => object.blocked_by.push(unread()),
        }
    }
    let only: Vec<Subject> = subjects.iter().map(|(_, subject)| subject.clone()).collect();
    let mut forest = gather::forest_of(&desk.session, inputs, &only).await?;
    // Two that come back together must not take each other's names either.
    only.iter().for_each(|subject| forest.add(subject.entry()));
    let setting = around.setting(&forest, sync.as_ref(), inputs, false);
    for (number, subject) in &subjects {
        let case = Case::new(subject, &setting);
        let report = checks::judge(&case, &Choice::default());
        let object = &mut plan.objects[*number];
        object.blocked_by.extend(not_held(object, &case));
        object
            .blocked_by
            .extend(args.expect_smtp.as_deref().and_then(|wanted| unexpected(&report, subject, wanted)));
        if args.is_whole() {
            put_into(object, &report, args.require_ready);
            if object.writes() {
                let held = held_by(object).cloned();
                object.steps.extend(recovery::of_user(&case, held.as_ref(), wishes));
            }
        }
    }
    if args.is_whole() {
        of_all(plan, inputs, wishes);
    }
    Ok(())
}

/// The step by which a user of a plan is held, where it is.
pub(crate) fn held_by(object: &ObjectPlan) -> Option<&Hand> {
    object.steps.iter().find_map(|step| match &step.action {
        Action::HoldSync { hand: hand @ Hand::Attribute { .. }, .. } => Some(hand),
        _ => None,
    })
}

/// What blocks where a user is to be held by an attribute and must not be.
fn not_held(object: &ObjectPlan, case: &Case<'_>) -> Option<Block> {
    held_by(object)?;
    let refusal = recovery::may_hold_by_attribute(case).err()?;
    Some(Block {
        id: format!("{PREFIX}holdSync"),
        message: format!("it cannot be held by {FILTERING_ATTRIBUTE}: {}", refusal.why),
        object: None,
        way_out: Some(refusal.way_out.to_owned()),
        for_good: false,
    })
}

/// The user as the plan leaves it.
async fn planned(desk: &Desk, around: &Around, object: &ObjectPlan) -> Result<Option<Subject>, CliError> {
    let query =
        Query::object(object.guid.as_dn()).attributes(&around.attributes).visibility(Visibility::Deleted);
    let Some(mut entry) = desk.session.ask(&query).await?.into_iter().next() else { return Ok(None) };
    let was_deleted = entry.is_deleted();
    let was_tombstone = was_deleted && !desk.judge.policy.recycle_bin;
    for step in &object.steps {
        foresee(&mut entry, &step.action);
    }
    entry.dn = object.dn.to_string();
    for name in ["isDeleted", "isRecycled"] {
        set(&mut entry, name, vec![]);
    }
    if let Some(rdn) = object.dn.rdn() {
        for name in ["name", rdn.kind()] {
            set(&mut entry, name, vec![rdn.value().as_bytes().to_vec()]);
        }
    }
    let mut subject = around.subject(entry)?;
    subject.is_planned = true;
    subject.is_live = true;
    subject.was_tombstone |= was_tombstone;
    Ok(Some(subject))
}

/// What a step makes of the attributes.
pub(super) fn foresee(entry: &mut Entry, action: &Action) {
    let octets = |text: &str| vec![text.as_bytes().to_vec()];
    match action {
        Action::Reanimate { sam_account_name, user_principal_name, .. } => {
            if let Some(name) = sam_account_name {
                set(entry, "sAMAccountName", octets(name));
            }
            if let Some(upn) = user_principal_name {
                set(entry, "userPrincipalName", octets(upn));
            }
        }
        // Only a new object has it, which is not checked.
        Action::Create { sam_account_name, .. } => {
            if let Some(name) = sam_account_name {
                set(entry, "sAMAccountName", octets(name));
            }
        }
        Action::SetUpn { value, .. } => set(entry, "userPrincipalName", octets(value)),
        Action::SetAttribute { attribute, values, .. } => {
            let values = values.iter().filter_map(adrecover_core::value::Value::to_bytes).collect();
            set(entry, attribute, values);
        }
        Action::SetPassword { must_change, .. } => {
            // Any time but 0, which means that it must be changed.
            set(entry, "pwdLastSet", octets(if *must_change { "0" } else { "1" }));
        }
        Action::Enable => set_uac(entry, |uac| uac.without(UserAccountControl::DISABLED)),
        Action::Disable => set_uac(entry, |uac| uac.with(UserAccountControl::DISABLED)),
        Action::AddToGroup { group, .. } => {
            let mut groups = entry.values("memberOf").to_vec();
            groups.push(group.to_string().into_bytes());
            set(entry, "memberOf", groups);
        }
        Action::RemoveFromGroup { group, .. } => {
            let mut groups = entry.values("memberOf").to_vec();
            groups.retain(|dn| String::from_utf8_lossy(dn).parse().ok().as_ref() != Some(group));
            set(entry, "memberOf", groups);
        }
        Action::AddLinks { attribute, holder, targets, .. } if Some(holder.guid) == entry.guid() => {
            let mut values = entry.values(attribute).to_vec();
            values.extend(targets.iter().map(|end| end.dn.to_string().into_bytes()));
            set(entry, attribute, values);
        }
        Action::AddLinks { attribute, holder, .. } if attribute.eq_ignore_ascii_case("member") => {
            let mut groups = entry.values("memberOf").to_vec();
            groups.push(holder.dn.to_string().into_bytes());
            set(entry, "memberOf", groups);
        }
        Action::AddLinks { .. } | Action::RemoveLinks { .. } => {}
        // What holds a user goes before the synchronisation comes.
        Action::HoldSync { .. } | Action::ReleaseSync { .. } => {}
        Action::Move { .. }
        | Action::Delete
        | Action::Manual { .. }
        | Action::BeforeSync { .. }
        | Action::Preflight
        | Action::RunSync { .. }
        | Action::Wait { .. }
        | Action::CloudRestore { .. }
        | Action::CloudUpdate { .. } => {}
    }
}

fn set_uac(entry: &mut Entry, change: impl FnOnce(UserAccountControl) -> UserAccountControl) {
    if let Some(uac) = entry.uac() {
        set(entry, "userAccountControl", vec![change(uac).to_attribute().into_bytes()]);
    }
}

fn set(entry: &mut Entry, name: &str, values: Vec<Vec<u8>>) {
    entry.attributes.retain(|attribute| !attribute.name.eq_ignore_ascii_case(name));
    if !values.is_empty() {
        entry.attributes.push(Attribute { name: Cow::Owned(name.to_owned()), values });
    }
}

/// Blocks, warnings and steps by hand that a report comes to.
fn put_into(object: &mut ObjectPlan, report: &UserReport, require_ready: bool) {
    for check in &report.checks {
        let stops = match check.status {
            Status::Fail => true,
            Status::Unknown => require_ready && check.severity == Severity::Block,
            _ => false,
        };
        if stops {
            object.blocked_by.push(block(check));
        }
    }
    if report.verdict == Verdict::Incomplete {
        let open =
            report.checks.iter().filter(|c| c.status == Status::Unknown && c.severity == Severity::Block);
        let open: Vec<&str> = open.map(|check| check.id).collect();
        object.warnings.push(format!("before a synchronisation these checks are open: {}", open.join(", ")));
    }
    for check in report.checks.iter().filter(|check| check.status == Status::Warn) {
        let text = format!("[{}] {}", check.id, told(check));
        object.steps.push(step(Action::BeforeSync { text }, check.title));
    }
}

/// What blocks where the primary SMTP address will not be the one that is expected.
fn unexpected(report: &UserReport, subject: &Subject, wanted: &str) -> Option<Block> {
    let own = report.primary_smtp.on_premises.as_deref().unwrap_or_default();
    if matches!(own, [one] if one.eq_ignore_ascii_case(wanted)) {
        return None;
    }
    let has = if own.is_empty() { "none".to_owned() } else { own.join(" and ") };
    Some(Block {
        id: format!("{PREFIX}expectSmtp"),
        message: format!("the primary SMTP address will be {has}, and {wanted} is expected"),
        object: None,
        way_out: Some(with_primary(&subject.entry().texts("proxyAddresses"), wanted)),
        for_good: false,
    })
}

/// The options that make an address the primary one and keep the others: all values are replaced.
fn with_primary(addresses: &[String], wanted: &str) -> String {
    let mut all = vec![format!("SMTP:{wanted}")];
    for address in addresses {
        let (kind, rest) = address.split_once(':').unwrap_or(("", address));
        match kind.eq_ignore_ascii_case("smtp") {
            true if rest.eq_ignore_ascii_case(wanted) => {}
            true => all.push(format!("smtp:{rest}")),
            false => all.push(address.clone()),
        }
    }
    all.iter().map(|value| format!("--set \"proxyAddresses={value}\"")).collect::<Vec<_>>().join(" ")
}

/// An object that cannot be read cannot be checked.
fn unread() -> Block {
    Block {
        id: format!("{PREFIX}unread"),
        message: "the user cannot be read, so that nothing of it could be checked".to_owned(),
        object: None,
        way_out: Some(
            "leave out the options of the pre-flight, and run `adrecover preflight` afterwards".to_owned(),
        ),
        for_good: false,
    }
}

fn told(check: &CheckReport) -> String {
    match (&check.detail, &check.fix) {
        (detail, Some(fix)) if !detail.is_empty() => format!("{detail}: {fix}"),
        (_, Some(fix)) => fix.clone(),
        (detail, None) => detail.clone(),
    }
}

fn block(check: &CheckReport) -> Block {
    let message =
        if check.detail.is_empty() { format!("not so: {}", check.title) } else { check.detail.clone() };
    Block {
        id: format!("{PREFIX}{}", check.id),
        message,
        object: None,
        way_out: check.fix.clone(),
        for_good: false,
    }
}

/// The synchronisation is held before the first object, and let go and run after the last one.
fn of_all(plan: &mut Plan, inputs: &Inputs, wishes: &Wishes) {
    let steps = recovery::of_all(inputs.scope.as_ref(), wishes);
    if let (Some(first), Some(hold)) = (plan.objects.iter_mut().find(|object| object.writes()), steps.hold) {
        first.steps.insert(0, hold);
    }
    if let Some(last) = plan.objects.iter_mut().rev().find(|object| object.writes()) {
        last.steps.extend(steps.afterwards);
        // In the order in which they have their turn.
        last.steps.sort_by_key(|step| step.action.stage());
    }
}

fn step(action: Action, why: &str) -> Step {
    Step { action, why: why.to_owned(), already: false, undo: Undo::Nothing }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_is_lost_when_another_becomes_the_primary_one() {
        let addresses =
            ["SMTP:old@x.test", "smtp:New@x.test", "X500:/o=x", "smtp:c@x.test"].map(str::to_owned);
        assert_eq!(
            with_primary(&addresses, "new@x.test"),
            "--set \"proxyAddresses=SMTP:new@x.test\" --set \"proxyAddresses=smtp:old@x.test\" --set \"proxyAddresses=X500:/o=x\" \
             --set \"proxyAddresses=smtp:c@x.test\""
        );
    }
}
