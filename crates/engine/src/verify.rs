//! Reads every object that was touched, many at a time, and compares it with what was meant.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

use adrecover_core::directory::{Query, Scope, Visibility};
use adrecover_core::plan::{Action, Plan};
use adrecover_core::report::{Difference, Failure, ObjectReport, Outcome, Status, StepReport};
use adrecover_core::verify::{Expectation, attributes, compare, expected};
use adrecover_core::{Directory, Dn, Entry, ObjectGuid, filter};

use crate::line;
use crate::links::points;
use crate::look::describe;
use crate::run::NoProgress;

/// How many objects are read with one search.
const CHUNK: usize = 50;

/// Reads every object of which a step was done or found done, and fills in `verified`, `differences`, `stillMissing` and
/// `dn`. The reports are those of the plan, in its order. What cannot be read stays unverified, with a warning.
pub async fn verify_all<D: Directory>(plan: &Plan, reports: &mut [ObjectReport], directory: &mut D) {
    let touched: Vec<usize> = (0..plan.objects.len().min(reports.len()))
        .filter(|i| reports[*i].steps.iter().any(|s| matches!(s.status, Status::Done | Status::Unchanged)))
        .collect();
    for chunk in touched.chunks(CHUNK) {
        let wanted: Vec<(usize, Vec<Expectation>)> =
            chunk.iter().map(|&i| (i, expectations(plan, &reports[i], i))).collect();
        match read(plan, reports, &wanted, directory).await {
            Ok(entries) => {
                for (i, expectations) in wanted {
                    let entry = entries.get(&reports[i].guid);
                    settle(plan, &mut reports[i], i, &expectations, entry);
                    if let Err(problem) = of_others(plan, &mut reports[i], i, directory).await {
                        reports[i].warnings.push(format!("links of others are not verified: {problem}"));
                    }
                }
            }
            Err(problem) => {
                for (i, _) in wanted {
                    reports[i].warnings.push(format!("not verified: {problem}"));
                }
            }
        }
    }
}

/// What other objects were made to point to this one: they are read, too.
async fn of_others<D: Directory>(
    plan: &Plan,
    report: &mut ObjectReport,
    index: usize,
    directory: &mut D,
) -> Result<(), String> {
    let object = &plan.objects[index];
    let own: Dn = report.dn.parse().unwrap_or_else(|_| object.dn.clone());
    let mut wrong = vec![];
    for (step, done) in object.steps.iter().zip(&report.steps) {
        let (attribute, holder, is) = match &step.action {
            Action::AddLinks { attribute, holder, .. } => (attribute, holder, true),
            Action::RemoveLinks { attribute, holder, .. } => (attribute, holder, false),
            _ => continue,
        };
        if holder.guid == object.guid || !matches!(done.status, Status::Done | Status::Unchanged) {
            continue;
        }
        let entry = line::find(directory, &mut NoProgress, holder.guid, &[attribute]).await;
        let entry = entry.map_err(|trouble| describe(&trouble))?;
        if entry.is_some_and(|entry| points(&entry, attribute, &own)) != is {
            let (there, gone) = (own.to_string(), format!("not {own}"));
            let (expected, observed) = if is { (there, gone) } else { (gone, there) };
            wrong.push(Difference { what: format!("{attribute} of {}", holder.dn), expected, observed });
        }
    }
    if !wrong.is_empty() {
        report.differences.append(&mut wrong);
        report.verified = Some(false);
    }
    Ok(())
}

fn expectations(plan: &Plan, report: &ObjectReport, index: usize) -> Vec<Expectation> {
    // What failed or was not reached was asked for too; only what somebody else has changed since is left alone.
    let part = report.outcome == Outcome::Partial && report.failure != Some(Failure::Stale);
    let counts = |s: &StepReport| part || matches!(s.status, Status::Done | Status::Unchanged);
    let done: Vec<bool> = report.steps.iter().map(counts).collect();
    let object = &plan.objects[index];
    let dn: Dn = report.dn.parse().unwrap_or_else(|_| object.dn.clone());
    expected(object, &done, &dn)
}

async fn read<D: Directory>(
    plan: &Plan,
    reports: &[ObjectReport],
    wanted: &[(usize, Vec<Expectation>)],
    directory: &mut D,
) -> Result<HashMap<ObjectGuid, Entry>, String> {
    let mut names: Vec<String> = vec![];
    let mut guids = vec![];
    for (i, expectations) in wanted {
        let object = &plan.objects[*i];
        // What was created in the place of an object has another GUID than the plan.
        guids.push(reports[*i].guid);
        let steps = object.steps.iter().filter_map(|s| match &s.action {
            Action::SetAttribute { attribute, .. } => Some(attribute.clone()),
            _ => None,
        });
        for name in attributes(expectations).into_iter().chain(object.still_missing.clone()).chain(steps) {
            if !names.iter().any(|n| n.eq_ignore_ascii_case(&name)) {
                names.push(name);
            }
        }
    }
    let parts = guids.iter().map(|g| format!("(objectGUID={})", g.filter_value()));
    let query = Query::below(plan.domain.to_string(), Scope::Subtree, filter::any_of(parts))
        .attributes(&names)
        .visibility(Visibility::Recycled);
    let found = line::ask(directory, &mut NoProgress, &query).await.map_err(|t| describe(&t))?;
    let mut entries: HashMap<ObjectGuid, Entry> =
        found.into_iter().filter_map(|e| Some((e.guid()?, e))).collect();
    // What lies outside the domain's part of the directory is read by itself.
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for guid in guids {
        if let Slot::Vacant(slot) = entries.entry(guid) {
            let entry = line::find(directory, &mut NoProgress, guid, &names).await;
            if let Some(entry) = entry.map_err(|t| describe(&t))? {
                slot.insert(entry);
            }
        }
    }
    Ok(entries)
}

fn settle(
    plan: &Plan,
    report: &mut ObjectReport,
    index: usize,
    expectations: &[Expectation],
    entry: Option<&Entry>,
) {
    let missing = Entry::new("").with("isDeleted", ["TRUE"]);
    let entry = entry.unwrap_or(&missing);
    let deletes = expectations.contains(&Expectation::Deleted);
    report.differences = compare(expectations, entry);
    let by_hand = report.steps.iter().any(StepReport::is_left_to_do);
    report.verified =
        (!expectations.is_empty() || by_hand).then_some(report.differences.is_empty() && !by_hand);
    if !entry.dn.is_empty() {
        report.dn.clone_from(&entry.dn);
    }
    if deletes {
        return;
    }
    let object = &plan.objects[index];
    let not_set = object.steps.iter().zip(&report.steps).filter_map(|(step, done)| match &step.action {
        Action::SetAttribute { attribute, values, .. }
            if !values.is_empty() && matches!(done.status, Status::Failed | Status::Skipped) =>
        {
            Some(attribute.clone())
        }
        _ => None,
    });
    let mut still: Vec<String> = object.still_missing.iter().cloned().chain(not_set).collect();
    still.retain(|name| !entry.has(name));
    still.dedup();
    report.still_missing = still;
}
