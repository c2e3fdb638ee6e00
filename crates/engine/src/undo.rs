//! The plan that takes an operation back: its done steps, newest first, each turned round.
//!
//! Pure: what is there by now is looked at when the plan is carried out. A value that somebody else has changed since is
//! left alone then, because each inverse step names what it expects to find (its own `undo`).

use adrecover_core::Dn;
use adrecover_core::plan::{Action, ObjectPlan, Plan, Purpose, SCHEMA, Step, Undo};
use adrecover_core::recovery::{FILTERING_ATTRIBUTE, FILTERING_VALUE, Hand};
use adrecover_core::request::RestoreRequest;
use adrecover_core::time::Timestamp;
use adrecover_core::value::Value;

use crate::journal::{Operation, StepRecord, StepState};

/// The plan that takes an operation back. What was reanimated is disabled and, with `delete_again`, deleted; what
/// cannot be taken back is said in the warnings. Steps that found their work done are not taken back.
pub fn undo_plan(operation: &Operation, delete_again: bool, now: Timestamp) -> Plan {
    let plan = &operation.plan;
    let id = operation.summary.id.to_string();
    let objects = plan
        .objects
        .iter()
        .zip(&operation.steps)
        .rev()
        .filter_map(|(object, records)| turn_round(object, records, delete_again, &id))
        .collect();
    Plan {
        schema: SCHEMA.to_owned(),
        made_by: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: now,
        purpose: Purpose::Undo { operation: id },
        domain: plan.domain.clone(),
        domain_sid: plan.domain_sid.clone(),
        server: plan.server.clone(),
        request: RestoreRequest::default(),
        objects,
    }
}

fn turn_round(
    object: &ObjectPlan,
    records: &[StepRecord],
    delete_again: bool,
    id: &str,
) -> Option<ObjectPlan> {
    let mut steps = vec![];
    let mut warnings = vec![];
    let touched = |r: &StepRecord| matches!(r.state, StepState::Succeeded | StepState::Started);
    let mut done: Vec<(&Step, &StepRecord)> =
        object.steps.iter().zip(records).filter(|(_, r)| touched(r)).collect();
    done.sort_by_key(|(_, record)| std::cmp::Reverse(record.seq));
    // An undelete whose end was not written down may never have happened: what is live now may be somebody else's work.
    let is_undelete = |s: &Step| s.action.brings_back();
    if done.iter().any(|(s, r)| is_undelete(s) && r.state == StepState::Started) {
        warnings.push(format!(
            "whether operation {id} brought {} back is not known: it is left alone (adrecover operations --resume {id} finds out)",
            object.name
        ));
        done.retain(|(s, _)| !is_undelete(s));
    }
    let reanimated = done.iter().find(|(s, _)| is_undelete(s));
    if reanimated.is_some() && object.kind.is_account() {
        let why = format!("it was brought back by operation {id}");
        steps.push(Step { action: Action::Disable, why, already: false, undo: Undo::Enable });
    }
    for (step, record) in &done {
        match inverse(step, record, reanimated.is_some(), id) {
            Inverse::Step(action, undo) => {
                let why = format!("takes back {} of operation {id}", step.action.name());
                steps.push(Step { action, why, already: false, undo });
            }
            Inverse::Impossible(reason) => warnings.push(reason),
            Inverse::Nothing => {}
        }
    }
    if reanimated.is_some_and(|(step, _)| matches!(step.action, Action::Create { .. })) {
        delete_new(object, delete_again, id, &mut steps, &mut warnings);
    } else if reanimated.is_some() {
        give_back(object, delete_again, id, &mut steps, &mut warnings);
    }
    if steps.is_empty() && warnings.is_empty() {
        return None;
    }
    let moved = done.iter().find_map(|(step, record)| match &step.action {
        Action::Reanimate { to, .. } | Action::Create { to, .. } => {
            Some(record.after.dn.clone().unwrap_or_else(|| to.to_string()))
        }
        Action::Move { to } => Some(to.to_string()),
        _ => None,
    });
    let from = moved.unwrap_or_else(|| object.dn.to_string());
    let back = steps.iter().rev().find_map(|s| match &s.action {
        Action::Move { to } => Some(to.clone()),
        _ => None,
    });
    // What was created is known by its own GUID.
    let guid = records.iter().find_map(|record| record.after.guid).unwrap_or(object.guid);
    for step in &mut steps {
        if let Action::RemoveLinks { holder, targets, .. } = &mut step.action {
            let ends = std::iter::once(holder).chain(targets).filter(|end| end.guid == object.guid);
            ends.for_each(|end| end.guid = guid);
        }
    }
    Some(ObjectPlan {
        guid,
        name: object.name.clone(),
        kind: object.kind,
        sam_account_name: object.sam_account_name.clone(),
        user_principal_name: object.user_principal_name.clone(),
        dn: back.or_else(|| from.parse().ok()).unwrap_or_else(|| object.dn.clone()),
        from,
        usn_changed: None,
        deleted_at: None,
        steps,
        blocked_by: vec![],
        losses: vec![],
        warnings,
        conflicts: vec![],
        still_missing: vec![],
        skipped: None,
    })
}

/// What becomes of an object that was brought back.
fn give_back(
    object: &ObjectPlan,
    delete_again: bool,
    id: &str,
    steps: &mut Vec<Step>,
    warnings: &mut Vec<String>,
) {
    if !delete_again {
        warnings.push(format!(
            "{} stays in the directory: a restore is only taken back by deleting the object again (--delete-again)",
            object.name
        ));
        return;
    }
    warnings.push(format!(
        "deleting {} again loses what was set or changed on it since it was restored, its memberships unless the \
         Recycle Bin keeps them, and starts its lifetime as a deleted object anew",
        object.name
    ));
    let reason = format!("restore it again: adrecover restore --guid {}", object.guid);
    steps.push(Step {
        action: Action::Delete,
        why: format!("it was brought back by operation {id}"),
        already: false,
        undo: Undo::Impossible { reason },
    });
}

/// What becomes of an object that was created: like one that was brought back it is deleted only where that is asked for.
fn delete_new(
    object: &ObjectPlan,
    delete_again: bool,
    id: &str,
    steps: &mut Vec<Step>,
    warnings: &mut Vec<String>,
) {
    if !delete_again {
        warnings
            .push(format!("{} stays in the directory: --delete-again deletes what was created", object.name));
        return;
    }
    warnings
        .push(format!("deleting {} loses what was set or changed on it since it was created", object.name));
    steps.push(Step {
        action: Action::Delete,
        why: format!("it was created by operation {id}"),
        already: false,
        undo: Undo::Impossible { reason: "create it anew: adrecover recreate".to_owned() },
    });
}

enum Inverse {
    Step(Action, Undo),
    Impossible(String),
    Nothing,
}

fn inverse(step: &Step, record: &StepRecord, reanimated: bool, id: &str) -> Inverse {
    let began_only = record.state == StepState::Started;
    match &step.action {
        Action::SetUpn { value, .. } => {
            let ours = vec![Value::Text(value.clone())];
            values("userPrincipalName", record, step, ours, id)
        }
        Action::SetAttribute { attribute, values: ours, .. } => {
            values(attribute, record, step, ours.clone(), id)
        }
        Action::SetPassword { .. } => {
            Inverse::Impossible("the password that was set stays: the one before is not known".to_owned())
        }
        // What was brought back is disabled already.
        Action::Enable | Action::Disable if reanimated => Inverse::Nothing,
        Action::Enable => Inverse::Step(Action::Disable, Undo::Enable),
        Action::Disable => Inverse::Step(Action::Enable, Undo::Disable),
        Action::AddToGroup { group, .. } | Action::RemoveFromGroup { group, .. } if began_only => {
            Inverse::Impossible(format!(
                "whether operation {id} changed the membership of {group} is not known: it stays as it is"
            ))
        }
        Action::AddToGroup { group, guid, domain, .. } => {
            let (group, domain) = (group.clone(), domain.clone());
            Inverse::Step(Action::RemoveFromGroup { group, guid: *guid, domain }, Undo::AddToGroup)
        }
        Action::RemoveFromGroup { group, guid, domain } => {
            let (group, domain, source) = (group.clone(), domain.clone(), format!("operation {id}"));
            let back = Action::AddToGroup { group, guid: *guid, source, domain, at: None };
            Inverse::Step(back, Undo::RemoveFromGroup)
        }
        Action::AddLinks { attribute, holder, .. } | Action::RemoveLinks { attribute, holder, .. }
            if began_only =>
        {
            Inverse::Impossible(format!(
                "whether operation {id} changed {attribute} of {} is not known: it stays as it is",
                holder.dn
            ))
        }
        Action::AddLinks { attribute, holder, targets, .. } => {
            let (attribute, holder, targets) = (attribute.clone(), holder.clone(), targets.clone());
            Inverse::Step(Action::RemoveLinks { attribute, holder, targets }, Undo::AddLinks)
        }
        Action::RemoveLinks { attribute, holder, targets } => Inverse::Step(
            Action::AddLinks {
                attribute: attribute.clone(),
                holder: holder.clone(),
                targets: targets.clone(),
                only_if_absent: false,
                source: format!("operation {id}"),
                at: None,
            },
            Undo::RemoveLinks,
        ),
        Action::Move { to } => match record.before.previous_dn.as_deref().map(str::parse::<Dn>) {
            Some(Ok(before)) => Inverse::Step(Action::Move { to: before }, Undo::Move { to: to.clone() }),
            _ => Inverse::Impossible("the name before is not known: it stays where it is".to_owned()),
        },
        Action::Delete => {
            Inverse::Impossible("it was deleted: bring it back with adrecover restore --guid".to_owned())
        }
        Action::Reanimate { sam_account_name, user_principal_name, .. }
            if sam_account_name.is_some() || user_principal_name.is_some() =>
        {
            Inverse::Impossible("the names that it was given when it came back stay".to_owned())
        }
        Action::HoldSync { hand: Hand::Attribute { .. }, .. } => {
            values(FILTERING_ATTRIBUTE, record, step, vec![Value::Text(FILTERING_VALUE.to_owned())], id)
        }
        Action::HoldSync { hand: Hand::Command, .. } => {
            Inverse::Impossible("whether the synchronisation is held is left as it is".to_owned())
        }
        Action::CloudRestore { user, .. } => Inverse::Impossible(format!(
            "the cloud user {user} stays live: it goes back into the bin with Remove-MgUser -UserId {user}"
        )),
        Action::CloudUpdate { change, .. } => {
            Inverse::Impossible(format!("what was changed in the cloud stays: {change}"))
        }
        Action::Reanimate { .. }
        | Action::Create { .. }
        | Action::Manual { .. }
        | Action::HoldSync { .. }
        | Action::BeforeSync { .. }
        | Action::Preflight
        | Action::ReleaseSync { .. }
        | Action::RunSync { .. }
        | Action::Wait { .. } => Inverse::Nothing,
    }
}

/// The old values again, expecting ours.
fn values(attribute: &str, record: &StepRecord, step: &Step, ours: Vec<Value>, id: &str) -> Inverse {
    let planned = || match &step.undo {
        Undo::Values { values, .. } => Some(values.clone()),
        _ => None,
    };
    let Some(before) = record.before.previous.clone().or_else(planned) else {
        return Inverse::Impossible(format!("the values of {attribute} before are not known: they stay"));
    };
    let undo = Undo::Values { attribute: attribute.to_owned(), values: ours };
    let is_upn = attribute.eq_ignore_ascii_case("userPrincipalName");
    let action = match before.as_slice() {
        [Value::Text(value)] if is_upn => Action::SetUpn { value: value.clone(), source: None, at: None },
        _ => Action::SetAttribute {
            attribute: attribute.to_owned(),
            values: before,
            source: format!("operation {id}"),
            at: None,
            only_if_absent: false,
        },
    };
    Inverse::Step(action, undo)
}
