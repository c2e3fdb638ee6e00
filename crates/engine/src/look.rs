//! Looking at a live object: what a step would write, and whether it is needed.

use std::borrow::Cow;

use adrecover_core::directory::{Change, Query, Refusal, Visibility};
use adrecover_core::entry::Attribute;
use adrecover_core::plan::{Action, Carried, ObjectPlan, Purpose, Step, Undo};
use adrecover_core::recovery::{FILTERING_ATTRIBUTE, FILTERING_VALUE, Hand};
use adrecover_core::report::Failure;
use adrecover_core::request::{SetRefusal, may_set};
use adrecover_core::value::{self, Value};
use adrecover_core::{Directory, Dn, Entry, ObjectGuid, UserAccountControl};

use crate::journal::Detail;
use crate::line::{self, Trouble, Write};
use crate::links::{self, Wanted};
use crate::password::unicode_pwd;
use crate::step::{Executor, Look, Refused, Subject, Turn, Work};

/// The attributes that steps of an object look at.
fn attributes(object: &ObjectPlan) -> Vec<&str> {
    let mut names = vec!["objectGUID", "isDeleted", "userAccountControl", "pwdLastSet", "userPrincipalName"];
    for step in &object.steps {
        let attribute = match &step.action {
            Action::SetAttribute { attribute, .. } => attribute,
            Action::HoldSync { hand: Hand::Attribute { .. }, .. } => FILTERING_ATTRIBUTE,
            _ => continue,
        };
        if !names.iter().any(|n| n.eq_ignore_ascii_case(attribute)) {
            names.push(attribute);
        }
    }
    names
}

/// The object as it is; read once, kept up to date by [`note`].
pub(crate) async fn read<'s, 'p, D: Directory>(
    executor: &mut Executor<'p, '_, '_, D>,
    subject: &'s mut Subject<'p>,
) -> Result<Option<&'s Entry>, Trouble> {
    if subject.entry.is_none() {
        let names = attributes(subject.object);
        let run = &mut *executor.run;
        subject.entry = line::find(run.directory, run.progress, subject.guid, &names).await?;
        if let Some(entry) = &subject.entry {
            subject.dn = entry.dn.clone();
        }
    }
    Ok(subject.entry.as_ref())
}

/// Looks at what a step needs. Steps on a live object only; [`crate::reanimate`] has the other.
pub(crate) async fn look<'p, D: Directory>(
    executor: &mut Executor<'p, '_, '_, D>,
    subject: &mut Subject<'p>,
    step: &'p Step,
    turn: Turn,
) -> Look {
    if turn.may_be_done() {
        subject.entry = None;
    }
    let undoing = matches!(executor.plan.purpose, Purpose::Undo { .. });
    let foreign = matches!(step.action, Action::SetPassword { .. } | Action::Enable | Action::Disable)
        && !turn.may_be_done()
        && !executor.plan.request.reset_password
        && executor.is_foreign(subject);
    // A group says itself whether somebody is a member; whether a password is the right one nobody can see.
    let blind = matches!(step.action, Action::AddToGroup { .. } | Action::SetPassword { .. })
        && !turn.may_be_done()
        && !undoing
        && !foreign;
    if !blind {
        let deleted = match read(executor, subject).await {
            Ok(entry) => entry.is_none_or(|e| e.is_deleted()),
            Err(trouble) => return Look::Lost(describe(&trouble)),
        };
        if deleted && (undoing || matches!(step.action, Action::Delete)) {
            return Look::Unchanged(Some("the object is deleted".to_owned()));
        }
        if deleted {
            return Look::Fail(
                Failure::Stale,
                format!("{} is not a live object any more", subject.object.name),
            );
        }
    }
    if foreign && let Some(look) = settled_by_others(subject, step) {
        return look;
    }
    match &step.action {
        Action::SetUpn { value, source, .. } => {
            let values = [Value::Text(value.clone())];
            let filled = source.is_some();
            filled_by_others(subject, "userPrincipalName", &values, filled)
                .unwrap_or_else(|| values_look(executor, subject, step, turn, "userPrincipalName", &values))
        }
        Action::SetAttribute { attribute, values, only_if_absent, .. } => {
            filled_by_others(subject, attribute, values, *only_if_absent)
                .unwrap_or_else(|| values_look(executor, subject, step, turn, attribute, values))
        }
        Action::SetPassword { must_change, .. } => password_look(executor, subject, *must_change),
        Action::Enable => came_so(executor, subject, enable_look(executor, subject)),
        Action::Disable => {
            let look = uac_look(subject, |uac| uac.with(UserAccountControl::DISABLED));
            came_so(executor, subject, look)
        }
        Action::AddToGroup { group, guid, .. } => {
            group_look(executor, subject, turn, group, *guid, true).await
        }
        Action::RemoveFromGroup { group, guid, .. } => {
            group_look(executor, subject, turn, group, *guid, false).await
        }
        Action::AddLinks { attribute, holder, targets, only_if_absent, .. } => {
            let wanted = if *only_if_absent { Wanted::Alone } else { Wanted::There };
            let ends = links::today(executor, subject, holder, targets);
            links::look(executor, turn, attribute, &ends.0, &ends.1, wanted).await
        }
        Action::RemoveLinks { attribute, holder, targets } => {
            links::look(executor, turn, attribute, holder, targets, Wanted::Gone).await
        }
        Action::Move { to } => move_look(executor, subject, step, to),
        Action::Delete => work(
            Write::Delete { dn: subject.dn.clone() },
            Detail { previous_dn: Some(subject.dn.clone()), ..Detail::default() },
        ),
        Action::HoldSync { hand: Hand::Attribute { .. }, .. } => {
            let held = [Value::Text(FILTERING_VALUE.to_owned())];
            let look = values_look(executor, subject, step, turn, FILTERING_ATTRIBUTE, &held);
            came_so(executor, subject, look)
        }
        Action::ReleaseSync { hand: Hand::Attribute { then }, .. } => {
            values_look(executor, subject, step, turn, FILTERING_ATTRIBUTE, then)
        }
        Action::Reanimate { .. }
        | Action::Create { .. }
        | Action::Manual { .. }
        | Action::HoldSync { .. }
        | Action::BeforeSync { .. }
        | Action::Preflight
        | Action::ReleaseSync { .. }
        | Action::RunSync { .. }
        | Action::Wait { .. }
        | Action::CloudRestore { .. }
        | Action::CloudUpdate { .. } => Look::Satisfied,
    }
}

/// Somebody else who brought the object back meanwhile is not overruled: they may have handed its password out already.
/// `None` where it has none yet.
fn settled_by_others(subject: &Subject<'_>, step: &Step) -> Option<Look> {
    let entry = subject.entry.as_ref().filter(|e| e.integer("pwdLastSet").is_some_and(|n| n != 0))?;
    let enabled = entry.uac().is_some_and(UserAccountControl::is_enabled);
    let what = match step.action {
        Action::Enable if enabled => return Some(Look::Unchanged(None)),
        Action::Disable if !enabled => return Some(Look::Unchanged(None)),
        Action::Enable => "it is disabled",
        Action::Disable => "it is enabled",
        _ => "it has a password",
    };
    let text = format!("somebody else has restored it since the plan was made, and {what}: that stays");
    Some(Look::LeftAlone(text))
}

/// What a source has never overwrites a value that somebody has written since the plan was made.
fn filled_by_others(
    subject: &Subject<'_>,
    attribute: &str,
    values: &[Value],
    only_if_absent: bool,
) -> Option<Look> {
    let present = subject.entry.as_ref().map_or(&[][..], |e| e.values(attribute));
    let is_other = octets(values).is_some_and(|wanted| !same(present, &wanted));
    (only_if_absent && is_other && !present.is_empty()).then(|| {
        let text =
            format!("{attribute} has been set since the plan was made, to {}: that stays", shown(present));
        Look::LeftAlone(text)
    })
}

fn work(write: Write, before: Detail) -> Look {
    Look::Do(Box::new(Work { write, before, after: Detail::default() }))
}

fn modify(dn: String, changes: Vec<Change>, before: Detail) -> Look {
    work(Write::Modify { dn, changes, visibility: Visibility::Live }, before)
}

/// Values of an attribute, as sets.
fn same(one: &[Vec<u8>], other: &[Vec<u8>]) -> bool {
    one.len() == other.len() && one.iter().all(|v| other.contains(v))
}

fn octets(values: &[Value]) -> Option<Vec<Vec<u8>>> {
    values.iter().map(Value::to_bytes).collect()
}

fn shown(values: &[Vec<u8>]) -> String {
    if values.is_empty() {
        return "nothing".to_owned();
    }
    value::from_attribute(values).iter().map(Value::shown).collect::<Vec<_>>().join("; ")
}

fn values_look<'p, D>(
    executor: &Executor<'p, '_, '_, D>,
    subject: &Subject<'p>,
    step: &Step,
    turn: Turn,
    attribute: &str,
    values: &[Value],
) -> Look {
    if may_set(attribute) == Err(SetRefusal::Secret) {
        return Look::Fail(Failure::Blocked, format!("{attribute} holds a secret: it is not written"));
    }
    let Some(wanted) = octets(values) else {
        return Look::Fail(Failure::Other, format!("a value of {attribute} in the plan is no base64"));
    };
    let present = subject.entry.as_ref().map_or(&[][..], |e| e.values(attribute));
    if same(present, &wanted) {
        return Look::Unchanged(None);
    }
    // What is taken back, or rolled back, is what was there when the plan was made, and nothing that came later.
    let word = match executor.plan.purpose {
        Purpose::Undo { .. } => Some("was set to"),
        Purpose::Rollback { .. } => Some("was"),
        Purpose::Restore | Purpose::Recreate | Purpose::Cloud { .. } => None,
    };
    if let (Some(word), Undo::Values { values, .. }) = (word, &step.undo) {
        let expected = octets(values).unwrap_or_default();
        if !same(present, &expected) {
            return Look::LeftAlone(format!(
                "{attribute} has been changed since: it is {}, and {word} {}",
                shown(present),
                shown(&expected)
            ));
        }
    }
    let record = &executor.history[subject.index][turn.step];
    if let (true, Some(previous)) = (turn.inherited, &record.before.previous) {
        let previous = octets(previous).unwrap_or_default();
        if !same(present, &previous) {
            return Look::Fail(
                Failure::Stale,
                format!(
                    "{attribute} has been changed since: it is {}, and was {}",
                    shown(present),
                    shown(&previous)
                ),
            );
        }
    }
    let before = Detail { previous: Some(value::from_attribute(present)), ..Detail::default() };
    // Samba refuses a Replace without values for some attributes (65 for userPrincipalName); a Delete it takes for all.
    let change = match wanted.is_empty() {
        true => Change::delete::<&str>(attribute, []),
        false => Change::replace(attribute, &wanted),
    };
    modify(subject.guid.as_dn(), vec![change], before)
}

fn password_look<'p, D>(
    executor: &mut Executor<'p, '_, '_, D>,
    subject: &mut Subject<'p>,
    must_change: bool,
) -> Look {
    let must_change = must_change.then(|| Change::replace("pwdLastSet", ["0"]));
    let mut changes = vec![];
    if subject.carried != Some(Carried::Wanted) {
        match password(executor, subject) {
            Ok(change) => changes.push(change),
            Err(message) => return Look::Fail(Failure::Other, message),
        }
    }
    changes.extend(must_change);
    if changes.is_empty() {
        return Look::Satisfied;
    }
    modify(subject.guid.as_dn(), changes, Detail::default())
}

/// The change that sets the wanted password. The source is asked once.
pub(crate) fn password<'p, D>(
    executor: &mut Executor<'p, '_, '_, D>,
    subject: &mut Subject<'p>,
) -> Result<Change, String> {
    if subject.password.is_none() {
        // What was created in the place of an object is listed as what it is.
        let object = match subject.guid == subject.object.guid {
            true => Cow::Borrowed(subject.object),
            false => Cow::Owned(ObjectPlan { guid: subject.guid, ..subject.object.clone() }),
        };
        let given = executor.run.passwords.password(&object).map_err(|e| e.to_string())?;
        subject.password = Some(given);
    }
    let value = subject.password.as_ref().map(unicode_pwd);
    Ok(Change::replace("unicodePwd", value.iter().map(|v| v.as_slice())))
}

fn enable_look<'p, D: Directory>(executor: &Executor<'p, '_, '_, D>, subject: &Subject<'p>) -> Look {
    let is_password = |a: &Action| matches!(a, Action::SetPassword { .. });
    let set = subject.has_password || executor.did(subject, is_password);
    let wanted = subject.object.steps.iter().any(|s| is_password(&s.action) && !s.already);
    if subject.exposed || (wanted && !set) || executor.came_bare(subject) {
        return Look::Fail(Failure::Blocked, "it has no password: it is not enabled".to_owned());
    }
    let clear = if set { UserAccountControl::PASSWORD_NOT_REQUIRED } else { 0 };
    uac_look(subject, |uac| uac.without(UserAccountControl::DISABLED | clear))
}

/// What this operation brought back in the state that it shall have was put into it by the undelete.
fn came_so<'p, D>(executor: &Executor<'p, '_, '_, D>, subject: &Subject<'p>, look: Look) -> Look {
    match look {
        Look::Unchanged(_) if executor.restored.contains(&subject.object.guid) => Look::Satisfied,
        look => look,
    }
}

fn uac_look(subject: &Subject<'_>, change: impl Fn(UserAccountControl) -> UserAccountControl) -> Look {
    let Some(uac) = subject.entry.as_ref().and_then(Entry::uac) else {
        return Look::Fail(Failure::Other, "its userAccountControl cannot be read".to_owned());
    };
    let wanted = change(uac);
    if wanted == uac { Look::Unchanged(None) } else { Look::Do(Box::new(set_uac(subject, uac, wanted))) }
}

/// The write that changes `userAccountControl`.
pub(crate) fn set_uac(subject: &Subject<'_>, from: UserAccountControl, to: UserAccountControl) -> Work {
    let changes = vec![Change::replace("userAccountControl", [to.to_attribute()])];
    let write = Write::Modify { dn: subject.guid.as_dn(), changes, visibility: Visibility::Live };
    Work { write, before: Detail { uac: Some(from.0), ..Detail::default() }, after: Detail::default() }
}

async fn group_look<'p, D: Directory>(
    executor: &mut Executor<'p, '_, '_, D>,
    subject: &Subject<'p>,
    turn: Turn,
    group: &Dn,
    guid: ObjectGuid,
    join: bool,
) -> Look {
    if turn.may_be_done() {
        match is_member(executor, subject, group, guid).await {
            Ok(member) if member == join => return Look::Unchanged(None),
            Ok(_) => {}
            Err(trouble) => return Look::Lost(describe(&trouble)),
        }
    }
    // By GUID where the object joins, whatever it is called by now; a value to remove is named as it is stored.
    let change = if join {
        Change::add("member", [subject.guid.as_dn()])
    } else {
        Change::delete("member", [subject.dn.as_str()])
    };
    modify(guid.as_dn(), vec![change], Detail::default())
}

async fn is_member<'p, D: Directory>(
    executor: &mut Executor<'p, '_, '_, D>,
    subject: &Subject<'p>,
    group: &Dn,
    guid: ObjectGuid,
) -> Result<bool, Trouble> {
    let run = &mut *executor.run;
    let found = line::find(run.directory, run.progress, guid, &["objectGUID"]).await?;
    let present = found.and_then(|e| e.dn.parse::<Dn>().ok()).unwrap_or_else(|| group.clone());
    let query = Query::object(subject.guid.as_dn()).attributes(["memberOf"]);
    let entries = line::ask(run.directory, run.progress, &query).await?;
    let groups = entries.first().map(|e| e.texts("memberOf")).unwrap_or_default();
    Ok(groups.iter().any(|g| g.parse::<Dn>().is_ok_and(|g| g == present)))
}

fn move_look<'p, D>(executor: &Executor<'p, '_, '_, D>, subject: &Subject<'p>, step: &Step, to: &Dn) -> Look {
    let present: Option<Dn> = subject.dn.parse().ok();
    if present.as_ref() == Some(to) {
        return Look::Unchanged(None);
    }
    if let (Purpose::Undo { .. } | Purpose::Rollback { .. }, Undo::Move { to: ours }) =
        (&executor.plan.purpose, &step.undo)
        && present.as_ref() != Some(ours)
    {
        return Look::LeftAlone(format!("it has been moved since: it is {}, and was {ours}", subject.dn));
    }
    let before = Detail { previous_dn: Some(subject.dn.clone()), ..Detail::default() };
    work(Write::Rename { dn: subject.dn.clone(), to: to.clone() }, before)
}

/// Whether it writes to another object, or adds to values that are not kept in mind.
fn is_of_others(action: &Action) -> bool {
    matches!(
        action,
        Action::AddToGroup { .. }
            | Action::RemoveFromGroup { .. }
            | Action::AddLinks { .. }
            | Action::RemoveLinks { .. }
    )
}

/// Puts a write that was done into what is known of the object.
pub(crate) fn note(subject: &mut Subject<'_>, write: &Write, action: &Action) {
    match action {
        Action::SetPassword { .. } => {
            subject.has_password = true;
            subject.exposed = false;
        }
        Action::Disable => subject.exposed = false,
        Action::Move { to } => subject.dn = to.to_string(),
        _ => {}
    }
    let Some(entry) = &mut subject.entry else { return };
    match write {
        Write::Modify { changes, .. } if !is_of_others(action) => {
            for change in changes.iter().filter(|c| c.attribute != "unicodePwd") {
                entry.attributes.retain(|a| !a.name.eq_ignore_ascii_case(&change.attribute));
                entry
                    .attributes
                    .push(Attribute { name: change.attribute.clone().into(), values: change.values.clone() });
            }
        }
        Write::Rename { to, .. } => entry.dn = to.to_string(),
        Write::Modify { .. } => {}
        Write::Delete { .. } | Write::Add { .. } => subject.entry = None,
    }
}

/// What becomes of a refused write on a live object.
pub(crate) async fn refused<'p, D: Directory>(
    executor: &mut Executor<'p, '_, '_, D>,
    subject: &mut Subject<'p>,
    step: &'p Step,
    turn: Turn,
    refusal: &Refusal,
) -> Refused {
    let fail = |failure, text: &str| Refused::Fail(failure, format!("{text} ({refusal})"));
    match &step.action {
        Action::AddToGroup { .. } if matches!(refusal.code, 20 | 68) => Refused::Unchanged,
        Action::AddToGroup { group, .. } | Action::RemoveFromGroup { group, .. } if refusal.code == 32 => {
            fail(Failure::Stale, &format!("the group {group} or the object is not there any more"))
        }
        // "Not a member" has no code of its own.
        Action::RemoveFromGroup { group, guid, .. } if matches!(refusal.code, 16 | 53) => {
            match is_member(executor, subject, group, *guid).await {
                Ok(false) => Refused::Unchanged,
                Ok(true) => Refused::Fail(failure(refusal), refusal.to_string()),
                Err(trouble) => Refused::Lost(describe(&trouble)),
            }
        }
        // One of the values is there already, or not there any more: which, the object itself says.
        Action::AddLinks { .. } | Action::RemoveLinks { .. }
            if matches!(refusal.code, 16 | 20 | 53 | 68) && turn.second_looks < 2 =>
        {
            Refused::Again
        }
        Action::AddLinks { holder, .. } | Action::RemoveLinks { holder, .. } if refusal.code == 32 => {
            fail(Failure::Stale, &format!("{}, or what it shall point to, is not there any more", holder.dn))
        }
        Action::SetPassword { .. } if refusal.is_password_policy() => {
            fail(Failure::Blocked, "the password does not meet the domain's password policy")
        }
        Action::SetUpn { value, .. } if refusal.code == 19 => {
            fail(Failure::Blocked, &format!("the logon name {value} is taken or not allowed"))
        }
        Action::Delete if refusal.code == 66 => {
            fail(Failure::Blocked, "there are objects below it: they have to go first")
        }
        _ if refusal.code == 32 && turn.second_looks == 0 => {
            subject.entry = None;
            Refused::Again
        }
        _ => Refused::Fail(failure(refusal), refusal.to_string()),
    }
}

/// The kind of a refusal that is nothing special.
pub(crate) fn failure(refusal: &Refusal) -> Failure {
    match refusal.code {
        50 => Failure::AccessDenied,
        68 => Failure::Blocked,
        32 => Failure::Stale,
        _ if refusal.is_password_policy() => Failure::Blocked,
        _ if matches!(refusal.win32(), Some(0x21c5 | 0x21c7 | 0x21c8)) => Failure::Blocked,
        _ => Failure::Other,
    }
}

/// For people.
pub(crate) fn describe(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Refused(refusal) => refusal.to_string(),
        Trouble::Unknown(reason) | Trouble::Lost(reason) | Trouble::Bad(reason) => reason.clone(),
    }
}
