//! Finds the objects that are meant.

use std::collections::HashSet;
use std::ops::ControlFlow;

use adrecover_core::deleted::DeletedObject;
use adrecover_core::facts::{ObjectFacts, Presence};
use adrecover_core::plan::ObjectPlan;
use adrecover_core::time::{Timestamp, rfc3339};
use adrecover_core::{Directory, Dn, ObjectGuid};
use adrecover_ldap::deleted::{self, Selection};
use adrecover_ldap::gather::tree;
use chrono::Duration;

use super::carry::CarryArgs;
use super::choice::{Choice, Which};
use super::desk::Desk;
use crate::context::Ctx;
use crate::error::{Candidate, CliError, Kind};

/// What was deleted so much earlier than its container was not deleted with it.
const WITH_ITS_CONTAINER: Duration = Duration::hours(1);

/// The chosen objects.
pub(crate) struct Chosen {
    /// Their GUIDs, without doubles.
    pub(crate) guids: Vec<ObjectGuid>,
    tree: Option<Tree>,
    newest: bool,
}

/// The container of `--tree`.
struct Tree {
    root: ObjectGuid,
    /// When a root that is live again had been deleted.
    was_deleted: Option<Timestamp>,
    include_earlier: bool,
}

/// Finds the chosen objects.
pub(crate) async fn choose(
    ctx: &Ctx,
    desk: &mut Desk,
    choice: &Choice,
    carry: &CarryArgs,
) -> Result<Chosen, CliError> {
    let mut found = None;
    let mut guids = match &choice.which {
        Which::Guids(guids) => guids.clone(),
        Which::Tree(root) => {
            let (guids, was_deleted) = tree_of(desk, *root).await?;
            found = Some(Tree { root: *root, was_deleted, include_earlier: choice.include_earlier });
            guids
        }
        Which::Matching(selection) => matching(ctx, desk, selection, choice, carry).await?,
    };
    if choice.include_children {
        let mut roots = vec![];
        for guid in &guids {
            roots.push((*guid, live_dn(desk, *guid).await?));
        }
        guids.extend(tree::below(&mut desk.session, &desk.domain, &roots).await?);
    }
    let mut seen = HashSet::new();
    guids.retain(|guid| seen.insert(*guid));
    // Among the matches of a FILTER the newest were chosen already.
    let newest = choice.newest && !matches!(choice.which, Which::Matching(_));
    Ok(Chosen { guids, tree: found, newest })
}

/// The DN of an object that is live.
async fn live_dn(desk: &mut Desk, guid: ObjectGuid) -> Result<Option<Dn>, CliError> {
    let entry = desk.session.find(guid, &["isDeleted"]).await?;
    Ok(entry.filter(|e| !e.is_deleted()).and_then(|e| e.dn.parse().ok()))
}

/// A deleted container with everything below it. One that is live again was brought back before: then what came back
/// with it is meant, and what is still deleted below it.
async fn tree_of(
    desk: &mut Desk,
    root: ObjectGuid,
) -> Result<(Vec<ObjectGuid>, Option<Timestamp>), CliError> {
    let live = live_dn(desk, root).await?;
    let mut guids = vec![root];
    let mut was_deleted = None;
    if let Some(dn) = &live {
        let before = desk.journal.restored_with(root)?;
        was_deleted = before.first().and_then(|o| o.deleted_at);
        if was_deleted.is_none() {
            return Err(CliError::usage(format!("`{dn}` is not deleted, and this user has not restored it"))
                .hint(format!("restore what was deleted from it with --under \"{dn}\" --since WHEN --all")));
        }
        for object in before {
            if live_dn(desk, object.guid).await?.is_some() {
                guids.push(object.guid);
            }
        }
    }
    guids.extend(tree::below(&mut desk.session, &desk.domain, &[(root, live)]).await?);
    Ok((guids, was_deleted))
}

async fn matching(
    ctx: &Ctx,
    desk: &mut Desk,
    selection: &Selection,
    choice: &Choice,
    carry: &CarryArgs,
) -> Result<Vec<ObjectGuid>, CliError> {
    let mut found = find(desk, selection).await?;
    found.sort_by_key(|o| std::cmp::Reverse(o.deleted_at));
    let restored = restored_before(desk, selection, &found).await?;
    if found.is_empty() && restored.is_empty() {
        return Err(CliError::new(Kind::NotFound, "nothing that was deleted matches")
            .hint("`adrecover list` shows what was deleted; doctor shows whether this account may see it"));
    }
    if choice.newest {
        let sam = |o: &ObjectPlan| o.sam_account_name.as_ref().map(|s| s.to_lowercase());
        found = newest(found, restored.iter().filter_map(sam).collect());
    }
    let count = found.len() + restored.len();
    let all = || restored.iter().map(|o| o.guid).chain(found.iter().map(|o| o.guid)).collect();
    if count == 1 || choice.all || choice.newest || choice.max.is_some_and(|max| count <= max) {
        return Ok(all());
    }
    if choice.max.is_some() || carry.yes || carry.dry_run || !ctx.printer.can_ask() {
        let live = |o: &ObjectPlan| Candidate {
            guid: o.guid,
            name: o.name.clone(),
            last_known_parent: o.dn.parent().map(|p| p.to_string()),
            deleted_at: None,
        };
        let candidates = restored.iter().map(live).chain(found.iter().map(Candidate::from)).collect();
        let hint = match choice.max {
            Some(_) => "raise --max, or narrow the choice",
            None => "choose with --guid, or add --all, --max N or --newest",
        };
        return Err(CliError::ambiguous(format!("{count} objects match"), candidates).hint(hint));
    }
    if found.is_empty() {
        return Ok(all());
    }
    one_by_one(ctx, &found)
}

/// As AdRestore -r: every object is asked for.
fn one_by_one(ctx: &Ctx, found: &[DeletedObject]) -> Result<Vec<ObjectGuid>, CliError> {
    let mut chosen = vec![];
    for object in found {
        let deleted = object.deleted_at.map_or_else(String::new, rfc3339);
        let parent = object.last_known_parent.as_deref().unwrap_or("an unknown container");
        ctx.printer.note(format!(
            "{} ({}, {})\n  from {parent}, deleted {deleted}",
            object.name, object.kind, object.guid
        ));
        match ctx.printer.ask("Do you want to restore this object (y/n)?")?.as_deref() {
            Some("y" | "Y" | "yes") => chosen.push(object.guid),
            Some(_) => {}
            None => {
                let text = "the questions were not answered; nothing was changed";
                return Err(CliError::new(Kind::Declined, text));
            }
        }
    }
    if chosen.is_empty() {
        return Err(CliError::new(Kind::Declined, "declined; nothing was changed"));
    }
    Ok(chosen)
}

/// The deleted objects that are selected.
async fn find(desk: &mut Desk, selection: &Selection) -> Result<Vec<DeletedObject>, CliError> {
    /// More are not restored by one command: each is held in memory with its facts.
    const MOST: usize = 200_000;
    let mut found = vec![];
    let listed = deleted::each(&mut desk.session, &desk.judge, selection, |object| {
        found.push(object);
        if found.len() > MOST {
            return Err(CliError::usage(format!("more than {MOST} objects match")).hint("narrow the choice"));
        }
        Ok(ControlFlow::Continue(()))
    })
    .await?;
    if found.is_empty() && !listed.denied.is_empty() {
        return Err(desk.access_denied());
    }
    Ok(found)
}

/// What this program restored before and what still matches, so that the same command finds it again. An object is
/// matched by what it was when it was restored.
async fn restored_before(
    desk: &mut Desk,
    selection: &Selection,
    found: &[DeletedObject],
) -> Result<Vec<ObjectPlan>, CliError> {
    if !selection.states.is_empty() || selection.ldap_filter.is_some() {
        return Ok(vec![]);
    }
    let deleted: HashSet<ObjectGuid> = found.iter().map(|o| o.guid).collect();
    let domain_sid = desk.domain.domain_sid.as_ref().map(ToString::to_string);
    let known = desk.journal.restored_objects(domain_sid.as_deref())?;
    let guids: Vec<ObjectGuid> = known.iter().map(|o| o.guid).filter(|g| !deleted.contains(g)).collect();
    let plans = desk.journal.plans_of(&guids)?;
    let mut out = vec![];
    for guid in guids {
        let Some(plan) = plans.get(&guid).filter(|plan| matches(selection, plan)) else { continue };
        if live_dn(desk, guid).await?.is_some() {
            out.push(plan.clone());
        }
    }
    Ok(out)
}

fn matches(selection: &Selection, object: &ObjectPlan) -> bool {
    let text = selection.text.as_deref().unwrap_or_default().to_lowercase();
    let holds = |name: &str| name.to_lowercase().contains(&text);
    (holds(&object.name) || object.sam_account_name.as_deref().is_some_and(holds))
        && (selection.kinds.is_empty() || selection.kinds.contains(&object.kind))
        && selection.since.is_none_or(|since| object.deleted_at.is_some_and(|at| at >= since))
        && selection.until.is_none_or(|until| object.deleted_at.is_some_and(|at| at <= until))
        && selection.under.as_ref().is_none_or(|under| object.dn.is_at_or_below(under))
}

/// Of namesakes, the one deleted last; those whose account name is live again already are left out. Comes sorted, newest
/// first.
fn newest(found: Vec<DeletedObject>, mut accounts: HashSet<String>) -> Vec<DeletedObject> {
    let mut places: HashSet<(String, Option<String>)> = HashSet::new();
    let mut out = vec![];
    for object in found {
        let place = (object.rdn.to_lowercase(), object.last_known_parent.as_ref().map(|p| p.to_lowercase()));
        let account = object.sam_account_name.as_ref().map(|s| s.to_lowercase());
        let is_new = account.is_none_or(|a| accounts.insert(a));
        if places.insert(place) && is_new {
            out.push(object);
        }
    }
    out
}

impl Chosen {
    /// Marks what the choice leaves alone, once the facts are known; gives the number.
    pub(crate) fn leave_out(&self, facts: &mut Vec<ObjectFacts>) -> usize {
        if let Some(tree) = &self.tree {
            tree.leave_out(facts);
        }
        if self.newest {
            leave_out_older(facts);
        }
        facts.iter().filter(|o| o.skipped.is_some()).count()
    }
}

/// When an object that is deleted was deleted.
fn deleted(object: &ObjectFacts) -> Option<Timestamp> {
    matches!(object.presence, Presence::Deleted(_)).then_some(object.deleted_at).flatten()
}

impl Tree {
    /// What was deleted well before the container was not in it when it was deleted. Below a container that is live
    /// again, what was deleted later is no business of this command either.
    fn leave_out(&self, facts: &mut Vec<ObjectFacts>) {
        let root = facts.iter().find(|o| o.guid == self.root).and_then(deleted);
        let Some(reference) = root.or(self.was_deleted) else { return };
        if root.is_none() {
            facts.retain(|o| deleted(o).is_none_or(|at| at <= reference));
        }
        if self.include_earlier {
            return;
        }
        let earlier = facts.iter_mut().filter(|o| o.guid != self.root);
        for object in earlier {
            let Some(at) = deleted(object).filter(|at| reference - *at > WITH_ITS_CONTAINER) else {
                continue;
            };
            object.skipped = Some(format!(
                "it was deleted on {}, before its container and not with it; --include-earlier or --guid {} brings it back",
                rfc3339(at),
                object.guid
            ));
        }
    }
}

/// Of namesakes among deleted objects, all but the one deleted last.
fn leave_out_older(facts: &mut [ObjectFacts]) {
    let mut order: Vec<usize> = (0..facts.len()).filter(|i| deleted(&facts[*i]).is_some()).collect();
    order.sort_by_key(|i| std::cmp::Reverse(deleted(&facts[*i])));
    let mut taken: HashSet<(String, Option<String>)> = HashSet::new();
    for i in order {
        let object = &facts[i];
        let parent = object.last_known_parent.as_ref().map_or_else(String::new, Dn::key);
        let place = (format!("{}, {parent}", object.rdn).to_lowercase(), None);
        let account = object.sam_account_name.as_ref().map(|s| (String::new(), Some(s.to_lowercase())));
        let is_new = account.is_none_or(|a| taken.insert(a));
        if !(taken.insert(place) && is_new) {
            facts[i].skipped = Some("a namesake that was deleted later is restored (--newest)".to_owned());
        }
    }
}
