//! Links: values of link attributes of the object at hand, or of others that point to it. They are named by GUID, whatever the
//! objects are called by now.

use std::collections::HashSet;

use adrecover_core::directory::{Change, Query, Scope, Visibility};
use adrecover_core::plan::LinkEnd;
use adrecover_core::{Directory, Dn, Entry, ObjectGuid, filter};

use crate::journal::Detail;
use crate::line::{self, Trouble, Write};
use crate::look::describe;
use crate::step::{Executor, Look, Subject, Turn, Work};

/// How many objects one search asks for.
const CHUNK: usize = 50;

/// What is to be written so that `holder` points to `targets`, or does not any more.
pub(crate) async fn look<D: Directory>(
    executor: &mut Executor<'_, '_, '_, D>,
    turn: Turn,
    attribute: &str,
    holder: &LinkEnd,
    targets: &[LinkEnd],
    wanted: Wanted,
) -> Look {
    // What was brought back by this plan a moment ago points to nothing; everything else is looked at.
    let must_ask = turn.may_be_done()
        || turn.second_looks > 0
        || wanted != Wanted::There
        || !executor.restored.contains(&holder.guid);
    let missing = match must_ask {
        true => match unlike(executor, attribute, holder, targets, wanted).await {
            Ok(Ok(missing)) => missing,
            Ok(Err(look)) => return look,
            Err(trouble) => return Look::Lost(describe(&trouble)),
        },
        false => targets.iter().map(|end| end.guid.as_dn()).collect(),
    };
    if missing.is_empty() {
        return Look::Unchanged(None);
    }
    let values = missing.iter().map(String::as_str);
    let change = match wanted {
        Wanted::Gone => Change::delete(attribute, values),
        Wanted::There | Wanted::Alone => Change::add(attribute, values),
    };
    let write =
        Write::Modify { dn: holder.guid.as_dn(), changes: vec![change], visibility: Visibility::Live };
    Look::Do(Box::new(Work { write, before: Detail::default(), after: Detail::default() }))
}

/// The ends of links as they are called now: what this operation created in the place of an object of the plan has another GUID.
pub(crate) fn today<D>(
    executor: &Executor<'_, '_, '_, D>,
    subject: &Subject<'_>,
    holder: &LinkEnd,
    targets: &[LinkEnd],
) -> (LinkEnd, Vec<LinkEnd>) {
    let end = |end: &LinkEnd| {
        let created = match end.guid == subject.object.guid {
            true => Some(subject.guid),
            false => executor.created.get(&end.guid).copied(),
        };
        LinkEnd { guid: created.unwrap_or(end.guid), dn: end.dn.clone() }
    };
    (end(holder), targets.iter().map(end).collect())
}

/// What is wanted of links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// They shall be there, beside others.
    There,
    /// The one shall be there, where there is no other.
    Alone,
    /// They shall not be there.
    Gone,
}

/// The values that are not as they shall be, as they are written; or why nothing is.
async fn unlike<D: Directory>(
    executor: &mut Executor<'_, '_, '_, D>,
    attribute: &str,
    holder: &LinkEnd,
    targets: &[LinkEnd],
    wanted: Wanted,
) -> Result<Result<Vec<String>, Look>, Trouble> {
    use adrecover_core::report::Failure;
    let run = &mut *executor.run;
    let found = line::find(run.directory, run.progress, holder.guid, &[attribute, "isDeleted"]).await?;
    let Some(entry) = found.filter(|entry| !entry.is_deleted()) else {
        let text = format!("{} is not there any more", holder.dn);
        return Ok(Err(match wanted {
            Wanted::Gone => Look::Unchanged(Some(text)),
            _ => Look::Fail(Failure::Stale, text),
        }));
    };
    let present: HashSet<String> =
        entry.texts(attribute).iter().filter_map(|dn| dn.parse::<Dn>().ok()).map(|dn| dn.key()).collect();
    if present.is_empty() {
        let all = targets.iter().map(|end| end.guid.as_dn()).collect();
        return Ok(Ok(if wanted == Wanted::Gone { vec![] } else { all }));
    }
    let names = names(executor, targets).await?;
    let mut out = vec![];
    for (end, name) in targets.iter().zip(names) {
        let is_there = name.as_ref().is_some_and(|name| present.contains(&name.key()));
        match wanted {
            // A value to remove is named as it is stored.
            Wanted::Gone if is_there => out.extend(name.map(|name| name.to_string())),
            Wanted::There | Wanted::Alone if !is_there => out.push(end.guid.as_dn()),
            _ => {}
        }
    }
    if wanted == Wanted::Alone && !out.is_empty() {
        let text = format!("{attribute} of {} has been set since the plan was made: that stays", holder.dn);
        return Ok(Err(Look::LeftAlone(text)));
    }
    Ok(Ok(out))
}

/// What objects are called now, in their order.
async fn names<D: Directory>(
    executor: &mut Executor<'_, '_, '_, D>,
    ends: &[LinkEnd],
) -> Result<Vec<Option<Dn>>, Trouble> {
    let domain = executor.plan.domain.to_string();
    let run = &mut *executor.run;
    let mut out: Vec<Option<Dn>> = vec![];
    for chunk in ends.chunks(CHUNK) {
        let parts = chunk.iter().map(|end| format!("(objectGUID={})", end.guid.filter_value()));
        let query =
            Query::below(domain.clone(), Scope::Subtree, filter::any_of(parts)).attributes(["objectGUID"]);
        let entries = line::ask(run.directory, run.progress, &query).await?;
        let of = |guid: ObjectGuid| entries.iter().find(|e| e.guid() == Some(guid)).map(|e| &e.dn);
        for end in chunk {
            // What lies in another part of the directory is asked for by itself.
            let own = match of(end.guid) {
                Some(dn) => Some(dn.clone()),
                None => {
                    line::find(run.directory, run.progress, end.guid, &["objectGUID"]).await?.map(|e| e.dn)
                }
            };
            out.push(own.and_then(|dn| dn.parse().ok()));
        }
    }
    Ok(out)
}

/// Whether an entry that was read afresh shows that its attribute points to these.
pub(crate) fn points(entry: &Entry, attribute: &str, name: &Dn) -> bool {
    entry.texts(attribute).iter().any(|dn| dn.parse::<Dn>().is_ok_and(|dn| dn == *name))
}
