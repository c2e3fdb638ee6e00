//! The undelete: what is checked right before it, what travels inside it, and what is done when the server refuses.

use adrecover_core::directory::{Change, Query, Refusal, Scope, Visibility};
use adrecover_core::plan::{Action, Carried, Step};
use adrecover_core::report::Failure;
use adrecover_core::request::AttributeWish;
use adrecover_core::value::Value;
use adrecover_core::{Directory, Dn, Entry, ObjectGuid, filter, win32};

use crate::journal::Detail;
use crate::line::{self, Trouble, Write};
use crate::look::{self, describe};
use crate::password::{random_password, unicode_pwd};
use crate::step::{Executor, Look, Refused, Seen, Subject, Turn, Work};

/// How many objects are looked at with one search, before the first of them is written.
const CHUNK: usize = 25;

const ATTRIBUTES: [&str; 6] =
    ["objectGUID", "uSNChanged", "isDeleted", "userAccountControl", "pwdLastSet", "sAMAccountName"];

/// The action's parts.
struct Wish<'p> {
    to: &'p Dn,
    parent: ObjectGuid,
    sam: Option<&'p str>,
    upn: Option<&'p str>,
    mandatory: &'p [AttributeWish],
    password: Carried,
}

fn wish(step: &Step) -> Option<Wish<'_>> {
    match &step.action {
        Action::Reanimate { to, parent, sam_account_name, user_principal_name, mandatory, password } => {
            Some(Wish {
                to,
                parent: *parent,
                sam: sam_account_name.as_deref(),
                upn: user_principal_name.as_deref(),
                mandatory,
                password: *password,
            })
        }
        _ => None,
    }
}

/// Whether everything that `look` looks at was read ahead.
pub(crate) fn is_foreseen<D>(executor: &Executor<'_, '_, '_, D>, subject: &Subject<'_>, step: &Step) -> bool {
    let Some(wish) = wish(step) else { return false };
    let seen = &executor.seen;
    let name = wish.sam.or(subject.object.sam_account_name.as_deref());
    let below_mangled = |entry: &Entry| entry.dn.parse().is_ok_and(|dn| is_below_mangled(&dn));
    seen.entries.get(&subject.object.guid).is_some_and(|entry| !below_mangled(entry))
        && seen.parents.contains_key(&wish.parent)
        && name.is_none_or(|name| seen.names.contains_key(&name.to_lowercase()))
}

/// What lies in a container that was restored meanwhile goes by another name now.
fn is_below_mangled(dn: &Dn) -> bool {
    dn.parent().is_some_and(|p| p.is_mangled())
}

/// Looks at the deleted object, its container and its name, right before the undelete.
pub(crate) async fn look<'p, D: Directory>(
    executor: &mut Executor<'p, '_, '_, D>,
    subject: &mut Subject<'p>,
    step: &'p Step,
    turn: Turn,
) -> Look {
    let Some(wish) = wish(step) else { return Look::Satisfied };
    let fresh = turn.may_be_done() || turn.second_looks > 0;
    let entry = match object(executor, subject, fresh).await {
        Ok(entry) => entry,
        Err(trouble) => return Look::Lost(describe(&trouble)),
    };
    let parent = match container(executor, wish.parent).await {
        Ok(parent) => parent,
        Err(trouble) => return Look::Lost(describe(&trouble)),
    };
    let target = parent.as_ref().zip(wish.to.rdn()).map(|(dn, rdn)| dn.child(rdn.clone()));
    let Some(entry) = entry else {
        let text = "it is not in the directory any more, or not visible to this account";
        return Look::Fail(Failure::ForGood, text.to_owned());
    };
    subject.dn = entry.dn.clone();
    if !entry.is_deleted() {
        let live: Option<Dn> = entry.dn.parse().ok();
        if live.is_some() && (live == target || live.as_ref() == Some(wish.to)) {
            return Look::Unchanged(None);
        }
        return Look::Fail(Failure::Stale, format!("it is live already, as {}", entry.dn));
    }
    if let Some(message) = moved(executor, subject, &wish, &entry) {
        return Look::Fail(Failure::Stale, message);
    }
    let Some(target) = target else {
        let name = wish.to.parent().unwrap_or_default();
        return Look::Fail(Failure::Blocked, format!("the container {name} is not there, or is deleted"));
    };
    match name_taken(executor, subject, &wish).await {
        Ok(None) => {}
        Ok(Some(holder)) => {
            let text = format!("the account name has been taken since by {holder}");
            return Look::Fail(Failure::Blocked, text);
        }
        Err(trouble) => return Look::Lost(describe(&trouble)),
    }
    prepare(executor, subject, &wish, &entry, &target)
}

/// Whether somebody else has changed the object since the plan was made. Restoring its container changes it too.
fn moved<D>(
    executor: &Executor<'_, '_, '_, D>,
    subject: &Subject<'_>,
    wish: &Wish<'_>,
    entry: &Entry,
) -> Option<String> {
    let planned = subject.object.usn_changed?;
    let present = entry.integer("uSNChanged")?;
    let ours = executor.restored.contains(&wish.parent);
    (present != planned && !ours).then(|| {
        format!("it has been changed since the plan was made (uSNChanged {present} instead of {planned})")
    })
}

/// The undelete as it is sent: to the mangled DN itself, because servers do not find it by GUID there.
fn prepare<'p, D>(
    executor: &mut Executor<'p, '_, '_, D>,
    subject: &mut Subject<'p>,
    wish: &Wish<'p>,
    entry: &Entry,
    target: &Dn,
) -> Look {
    let mut changes = vec![
        Change::delete::<&str>("isDeleted", []),
        Change::replace("distinguishedName", [target.to_string()]),
    ];
    changes.extend(wish.sam.map(|name| Change::replace("sAMAccountName", [name])));
    changes.extend(wish.upn.map(|name| Change::replace("userPrincipalName", [name])));
    changes.extend(
        wish.mandatory
            .iter()
            .map(|wish| Change::replace(&wish.attribute, wish.values.iter().filter_map(Value::to_bytes))),
    );
    let carried = if subject.bare { Carried::None } else { wish.password };
    let password = match carried {
        Carried::None => Ok(None),
        Carried::Wanted => look::password(executor, subject).map(Some),
        Carried::Random => random_password()
            .map(|p| Some(Change::replace("unicodePwd", [unicode_pwd(&p).as_slice()])))
            .map_err(|e| e.to_string()),
    };
    match password {
        Ok(password) => changes.extend(password),
        Err(message) => return Look::Fail(Failure::Other, message),
    }
    let uac = entry.uac().map(|u| u.0);
    let before =
        Detail { previous_dn: Some(entry.dn.clone()), carried: Some(carried), uac, ..Detail::default() };
    let after = Detail { dn: Some(target.to_string()), carried: Some(carried), ..Detail::default() };
    let write = Write::Modify { dn: entry.dn.clone(), changes, visibility: Visibility::Deleted };
    Look::Do(Box::new(Work { write, before, after }))
}

/// The object as it is; with it, where nothing forbids, those that follow.
async fn object<'p, D: Directory>(
    executor: &mut Executor<'p, '_, '_, D>,
    subject: &Subject<'p>,
    fresh: bool,
) -> Result<Option<Entry>, Trouble> {
    let guid = subject.object.guid;
    if fresh {
        executor.seen = Seen::default();
    } else {
        if !executor.seen.entries.contains_key(&guid) {
            look_ahead(executor, subject.index).await?;
        }
        if let Some(entry) = executor.seen.entries.remove(&guid)
            && !entry.dn.parse().is_ok_and(|dn| is_below_mangled(&dn))
        {
            return Ok(Some(entry));
        }
    }
    let run = &mut *executor.run;
    line::find(run.directory, run.progress, guid, &ATTRIBUTES).await
}

/// Reads the next objects to restore, and who has their account names, with one search each.
async fn look_ahead<D: Directory>(
    executor: &mut Executor<'_, '_, '_, D>,
    from: usize,
) -> Result<(), Trouble> {
    let mut guids = vec![];
    let mut names = vec![];
    for (object, history) in executor.plan.objects.iter().zip(&executor.history).skip(from) {
        if guids.len() == CHUNK {
            break;
        }
        if !object.writes() {
            continue;
        }
        let pending = object.steps.iter().zip(history).find(|(s, r)| wish(s).is_some() && !r.state.is_done());
        if let Some(wish) = pending.and_then(|(step, _)| wish(step)) {
            guids.push(format!("(objectGUID={})", object.guid.filter_value()));
            names.extend(wish.sam.or(object.sam_account_name.as_deref()));
        }
    }
    let base = executor.plan.domain.to_string();
    let query = Query::below(&base, Scope::Subtree, filter::any_of(&guids))
        .attributes(ATTRIBUTES)
        .visibility(Visibility::Recycled);
    let run = &mut *executor.run;
    for entry in line::ask(run.directory, run.progress, &query).await? {
        if let Some(guid) = entry.guid() {
            executor.seen.entries.insert(guid, entry);
        }
    }
    who_has(executor, &names).await
}

/// Asks who has account names. The directory does not keep deleted objects from coming back with one that is taken.
async fn who_has<D: Directory>(
    executor: &mut Executor<'_, '_, '_, D>,
    names: &[&str],
) -> Result<(), Trouble> {
    if names.is_empty() {
        return Ok(());
    }
    let parts = names.iter().map(|name| filter::equals("sAMAccountName", name));
    let base = executor.plan.domain.to_string();
    let query = Query::below(base, Scope::Subtree, filter::any_of(parts))
        .attributes(["objectGUID", "sAMAccountName"]);
    let run = &mut *executor.run;
    let found = line::ask(run.directory, run.progress, &query).await?;
    for name in names {
        executor.seen.names.entry(name.to_lowercase()).or_default();
    }
    for entry in found {
        if let (Some(guid), Some(name)) = (entry.guid(), entry.text("sAMAccountName")) {
            executor.seen.names.entry(name.to_lowercase()).or_default().push((guid, entry.dn.clone()));
        }
    }
    Ok(())
}

/// Who has the account name that the object would have.
async fn name_taken<'p, D: Directory>(
    executor: &mut Executor<'p, '_, '_, D>,
    subject: &Subject<'p>,
    wish: &Wish<'p>,
) -> Result<Option<String>, Trouble> {
    let Some(name) = wish.sam.or(subject.object.sam_account_name.as_deref()) else { return Ok(None) };
    let key = name.to_lowercase();
    if !executor.seen.names.contains_key(&key) {
        who_has(executor, &[name]).await?;
    }
    let holders = executor.seen.names.get(&key).map(Vec::as_slice).unwrap_or_default();
    Ok(holders.iter().find(|(guid, _)| *guid != subject.object.guid).map(|(_, dn)| dn.clone()))
}

/// Where the container is now; `None` where it is deleted or gone.
pub(crate) async fn container<D: Directory>(
    executor: &mut Executor<'_, '_, '_, D>,
    guid: ObjectGuid,
) -> Result<Option<Dn>, Trouble> {
    if let Some(dn) = executor.seen.parents.get(&guid) {
        return Ok(Some(dn.clone()));
    }
    let run = &mut *executor.run;
    let found = line::find(run.directory, run.progress, guid, &["objectGUID", "isDeleted"]).await?;
    let dn: Option<Dn> = found.filter(|e| !e.is_deleted()).and_then(|e| e.dn.parse().ok());
    let dn = dn.filter(|dn| !dn.is_mangled());
    if let Some(dn) = &dn {
        executor.seen.parents.insert(guid, dn.clone());
    }
    Ok(dn)
}

/// What becomes of a refused undelete.
pub(crate) fn refused(subject: &mut Subject<'_>, turn: Turn, work: &Work, refusal: &Refusal) -> Refused {
    let fail = |failure, text: &str| Refused::Fail(failure, format!("{text} ({refusal})"));
    let carried = work.after.carried.unwrap_or(Carried::None);
    if carried == Carried::Wanted && refusal.is_password_policy() {
        let text = "the password does not meet the domain's password policy; nothing was changed";
        return fail(Failure::Blocked, text);
    }
    if refusal.is_passing() {
        return Refused::Fail(Failure::Other, refusal.to_string());
    }
    if let Some((failure, text)) = about_names(refusal) {
        return fail(failure, text);
    }
    if refusal.code == 16 && refusal.diagnostic.contains("isRecycled") {
        return fail(Failure::ForGood, "this server cannot restore objects of the Recycle Bin");
    }
    // The same code stands for every way of not finding the object or its container: look, once.
    if matches!(refusal.code, 1 | 16 | 32 | 53) && turn.second_looks == 0 {
        subject.bare |= carried != Carried::None && matches!(refusal.code, 16 | 53);
        return Refused::Again;
    }
    if carried != Carried::None && !subject.bare {
        subject.bare = true;
        return Refused::Again;
    }
    match refusal.code {
        1 => fail(Failure::Other, "the server does not find the object or its container"),
        _ => Refused::Fail(look::failure(refusal), refusal.to_string()),
    }
}

/// Refusals that a password has no part in.
fn about_names(refusal: &Refusal) -> Option<(Failure, &'static str)> {
    let attribute = win32::attribute(&refusal.diagnostic);
    let is_upn = attribute.is_some_and(|a| a.eq_ignore_ascii_case("userPrincipalName"))
        || refusal.diagnostic.contains("userPrincipalName");
    match (refusal.code, refusal.win32()) {
        (_, Some(0x2089)) => Some((Failure::Blocked, "the container is deleted")),
        (_, Some(0x21c5)) => Some((Failure::Blocked, "the account name is taken")),
        (_, Some(0x21c7)) => Some((Failure::Blocked, "a service principal name is taken")),
        (_, Some(0x21c8)) => Some((Failure::Blocked, "the logon name is taken")),
        (19, _) if is_upn => Some((Failure::Blocked, "the logon name is taken")),
        (68, _) | (_, Some(0x2071)) => Some((Failure::Blocked, "the name is taken in that container")),
        _ => None,
    }
}

/// After the undelete, or when the object is found back: makes sure that it is not enabled without a password. The
/// answer is what remains wrong, for people.
pub(crate) async fn came_back<'p, D: Directory>(
    executor: &mut Executor<'p, '_, '_, D>,
    subject: &mut Subject<'p>,
    step: &'p Step,
    turn: Turn,
    after: &mut Detail,
) -> Option<String> {
    let wish = wish(step)?;
    // The password that was taken is this run's unless only an earlier run can have sent it.
    let ours = after.dn.is_some() || !turn.inherited;
    subject.entry = None;
    if let Some(dn) = &after.dn {
        subject.dn.clone_from(dn);
    } else {
        after.dn = Some(subject.dn.clone());
    }
    let guid = subject.object.guid;
    executor.restored.insert(guid);
    if let Ok(dn) = subject.dn.parse() {
        executor.seen.parents.insert(guid, dn);
    }
    if let Some(name) = wish.sam.or(subject.object.sam_account_name.as_deref()) {
        let holders = executor.seen.names.entry(name.to_lowercase()).or_default();
        holders.push((guid, subject.dn.clone()));
    }
    if wish.password == Carried::None {
        return None;
    }
    let carried = match after.carried {
        Some(carried) => carried,
        None if subject.bare => Carried::None,
        None => match has_password(executor, subject).await {
            Ok(true) => wish.password,
            Ok(false) => Carried::None,
            Err(trouble) => return Some(exposed(subject, &describe(&trouble))),
        },
    };
    after.carried = Some(carried);
    subject.carried = ours.then_some(carried);
    if carried != Carried::None {
        subject.has_password = carried == Carried::Wanted && ours;
        return None;
    }
    match executor.make_safe(subject).await {
        Ok(()) => {
            after.message =
                Some("the server took no password inside the undelete: disabled right after".to_owned());
            None
        }
        Err(problem) => Some(exposed(subject, &problem)),
    }
}

/// Whether a password was set since the object came back: an undelete without one leaves `pwdLastSet` at 0.
async fn has_password<'p, D: Directory>(
    executor: &mut Executor<'p, '_, '_, D>,
    subject: &mut Subject<'p>,
) -> Result<bool, Trouble> {
    let entry = look::read(executor, subject).await?;
    Ok(entry.and_then(|e| e.integer("pwdLastSet")).is_some_and(|n| n != 0))
}

fn exposed(subject: &Subject<'_>, problem: &str) -> String {
    format!(
        "{} is live and may be enabled without a password, and could not be disabled: disable it now ({problem})",
        subject.object.name
    )
}
