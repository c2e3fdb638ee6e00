//! Creating an object anew: one Add below a container that is found by its GUID, under a name and an account name that nobody has.

use adrecover_core::directory::{Change, Query, Refusal, Scope};
use adrecover_core::plan::{Action, Step};
use adrecover_core::report::Failure;
use adrecover_core::value::Value;
use adrecover_core::{Directory, Dn, Entry, filter, win32};

use crate::journal::Detail;
use crate::line::{self, Trouble, Write};
use crate::look::{self, describe};
use crate::reanimate;
use crate::step::{Executor, Look, Refused, Subject, Turn, Work};

/// What tells that an entry is what was to be created.
const ATTRIBUTES: [&str; 4] = ["objectGUID", "objectClass", "sAMAccountName", "uSNChanged"];

/// Looks at the container and the names, right before the Add.
///
/// An Add that was not answered may have been done: what has the name and the account name then is it, because both were free right
/// before.
pub(crate) async fn look<'p, D: Directory>(
    executor: &mut Executor<'p, '_, '_, D>,
    subject: &mut Subject<'p>,
    step: &'p Step,
    turn: Turn,
) -> Look {
    let Action::Create { to, parent, class, sam_account_name, mandatory } = &step.action else {
        return Look::Satisfied;
    };
    let container = match reanimate::container(executor, *parent).await {
        Ok(container) => container,
        Err(trouble) => return Look::Lost(describe(&trouble)),
    };
    let Some(target) = container.zip(to.rdn()).map(|(dn, rdn)| dn.child(rdn.clone())) else {
        let name = to.parent().unwrap_or_default();
        return Look::Fail(Failure::Blocked, format!("the container {name} is not there, or is deleted"));
    };
    let sam = sam_account_name.as_deref();
    match taken(executor, &target, sam).await {
        Ok(None) => {}
        Ok(Some(entry)) => {
            let is_name = entry.dn.parse::<Dn>().is_ok_and(|dn| dn == target);
            let same =
                |name: &str| entry.text("sAMAccountName").is_some_and(|own| own.eq_ignore_ascii_case(name));
            if turn.may_be_done() && is_name && entry.is_class(class) && sam.is_none_or(same) {
                subject.dn = entry.dn;
                return Look::Unchanged(None);
            }
            let what = if is_name { "the name" } else { "the account name" };
            return Look::Fail(Failure::Blocked, format!("{what} has been taken since by {}", entry.dn));
        }
        Err(trouble) => return Look::Lost(describe(&trouble)),
    }
    let mut attributes = vec![Change::add("objectClass", [class])];
    attributes.extend(sam.map(|name| Change::add("sAMAccountName", [name])));
    attributes.extend(
        mandatory
            .iter()
            .map(|wish| Change::add(&wish.attribute, wish.values.iter().filter_map(Value::to_bytes))),
    );
    let after = Detail { dn: Some(target.to_string()), ..Detail::default() };
    let write = Write::Add { dn: target, attributes };
    Look::Do(Box::new(Work { write, before: Detail::default(), after }))
}

/// Who has the name, or else the account name.
async fn taken<D: Directory>(
    executor: &mut Executor<'_, '_, '_, D>,
    target: &Dn,
    sam: Option<&str>,
) -> Result<Option<Entry>, Trouble> {
    let query = Query::object(target.to_string()).attributes(ATTRIBUTES);
    let run = &mut *executor.run;
    if let Some(entry) = line::ask(run.directory, run.progress, &query).await?.into_iter().next() {
        return Ok(Some(entry));
    }
    let Some(name) = sam else { return Ok(None) };
    let base = executor.plan.domain.to_string();
    let query =
        Query::below(base, Scope::Subtree, filter::equals("sAMAccountName", name)).attributes(ATTRIBUTES);
    Ok(line::ask(run.directory, run.progress, &query).await?.into_iter().next())
}

/// What becomes of a refused Add.
pub(crate) fn refused(turn: Turn, refusal: &Refusal) -> Refused {
    let fail = |failure, text: &str| Refused::Fail(failure, format!("{text} ({refusal})"));
    match (refusal.code, refusal.win32()) {
        // Whether it is the name or the account name is looked at; it may have been taken in between.
        (68, _) if turn.second_looks == 0 => Refused::Again,
        (_, Some(0x21c5)) => fail(Failure::Blocked, "the account name is taken"),
        (68, _) => fail(Failure::Blocked, "the name is taken in that container"),
        (32, _) => fail(Failure::Stale, "the container is not there any more"),
        (64 | 65, _) => fail(Failure::Blocked, "the schema does not let it be created there like this"),
        _ => {
            let attribute = win32::attribute(&refusal.diagnostic).map(|name| format!(" ({name})"));
            Refused::Fail(look::failure(refusal), format!("{refusal}{}", attribute.unwrap_or_default()))
        }
    }
}

/// After the Add, or when the object is found back: reads who it is. What follows is written to that.
pub(crate) async fn made<'p, D: Directory>(
    executor: &mut Executor<'p, '_, '_, D>,
    subject: &mut Subject<'p>,
    after: &mut Detail,
) -> Result<(), String> {
    let dn = after.dn.clone().unwrap_or_else(|| subject.dn.clone());
    let query = Query::object(dn.clone()).attributes(ATTRIBUTES);
    let run = &mut *executor.run;
    let found = line::ask(run.directory, run.progress, &query).await.map_err(|trouble| describe(&trouble))?;
    let guid =
        found.first().and_then(Entry::guid).ok_or_else(|| format!("{dn} was created and cannot be read"))?;
    let planned = subject.object.guid;
    (subject.guid, subject.entry) = (guid, None);
    subject.dn.clone_from(&dn);
    after.dn = Some(dn.clone());
    after.guid = Some(guid);
    after.message = Some(format!("its objectGUID is {guid}"));
    executor.created.insert(planned, guid);
    executor.restored.insert(planned);
    if let Ok(dn) = dn.parse::<Dn>() {
        executor.seen.parents.insert(planned, dn.clone());
        executor.seen.parents.insert(guid, dn);
    }
    Ok(())
}
