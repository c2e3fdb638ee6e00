//! From facts and wishes to a plan. Pure: the same facts and wishes give the same plan.

mod elsewhere;
mod links;
mod steps;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::SubsecRound;

use self::steps::Maker;
use crate::deleted::ATTRIBUTES;
use crate::facts::{DomainFacts, Identity, ObjectFacts, ParentFacts, Presence};
use crate::fill;
use crate::guards::{self, Case};
use crate::kind::ObjectKind;
use crate::losses::{self, Filled};
use crate::plan::{Action, Block, ObjectPlan, Plan, Purpose, SCHEMA, Step};
use crate::request::{RestoreRequest, smtp_addresses};
use crate::time::rfc3339;
use crate::{Dn, ObjectGuid};

/// Makes the plan of a restore. The objects are put in order: a container before what is below it.
#[must_use]
pub fn plan(domain: &DomainFacts, objects: &[ObjectFacts], request: &RestoreRequest, made_by: &str) -> Plan {
    let mut places: HashMap<ObjectGuid, Dn> = HashMap::new();
    let mut planned: Vec<ObjectPlan> = vec![];
    for object in in_order(objects) {
        let plan = plan_object(domain, object, request, &places);
        places.insert(object.guid, plan.dn.clone());
        planned.push(plan);
    }
    block_namesakes(&mut planned);
    block_below_blocked(&mut planned, objects);
    links::add(&mut planned, objects, domain, request);
    Plan {
        schema: SCHEMA.to_owned(),
        made_by: made_by.to_owned(),
        made_at: domain.now.trunc_subsecs(0),
        purpose: Purpose::Restore,
        domain: domain.domain.clone(),
        domain_sid: domain.domain_sid.clone(),
        server: domain.server.clone(),
        request: request.clone(),
        objects: planned,
    }
}

/// The GUID of the deleted container that an object waits for.
fn waits_for(object: &ObjectFacts) -> Option<ObjectGuid> {
    match (&object.presence, &object.parent) {
        (Presence::Deleted(_), ParentFacts::Deleted { guid, in_plan: true, .. }) => Some(*guid),
        _ => None,
    }
}

/// Containers before what is below them, and groups before what may be in them; otherwise in the order given.
fn in_order(objects: &[ObjectFacts]) -> Vec<&ObjectFacts> {
    let parents: HashMap<ObjectGuid, Option<ObjectGuid>> =
        objects.iter().map(|o| (o.guid, waits_for(o))).collect();
    let depth = |guid: ObjectGuid| {
        let (mut at, mut depth) = (guid, 0usize);
        // A cycle cannot come from a directory; a bound keeps foreign facts from hanging us.
        while let Some(Some(parent)) = parents.get(&at).filter(|_| depth <= objects.len()) {
            (at, depth) = (*parent, depth + 1);
        }
        depth
    };
    let ranks: HashMap<ObjectGuid, u8> = objects.iter().map(|o| (o.guid, rank(o))).collect();
    // What lies in something is of no lower rank than that.
    let rank_within = |guid: ObjectGuid| {
        let (mut at, mut steps) = (guid, 0usize);
        let mut rank = ranks.get(&at).copied().unwrap_or_default();
        while let Some(Some(parent)) = parents.get(&at).filter(|_| steps <= objects.len()) {
            (at, steps) = (*parent, steps + 1);
            rank = rank.max(ranks.get(&at).copied().unwrap_or_default());
        }
        rank
    };
    let mut ordered: Vec<((u8, usize), &ObjectFacts)> =
        objects.iter().map(|o| ((rank_within(o.guid), depth(o.guid)), o)).collect();
    ordered.sort_by_key(|(place, _)| *place);
    ordered.into_iter().map(|(_, o)| o).collect()
}

/// Containers, then groups, then what may be a member of them.
fn rank(object: &ObjectFacts) -> u8 {
    match object.kind {
        ObjectKind::Group => 1,
        kind if kind.is_container() => 0,
        _ => 2,
    }
}

fn plan_object(
    domain: &DomainFacts,
    object: &ObjectFacts,
    request: &RestoreRequest,
    places: &HashMap<ObjectGuid, Dn>,
) -> ObjectPlan {
    let identity = object.identity(request);
    let mut blocked_by = match object.skipped {
        Some(_) => vec![],
        None => guards::check(&Case { object, identity: &identity, domain, request }),
    };
    let dn = target_dn(object, &identity, places);
    let filling = fill::decide(domain, object, request);
    let maker = Maker { object, identity: &identity, request, dn: &dn, fills: &filling.fills };
    let steps = maker.steps();
    if object.skipped.is_none() && steps.iter().any(|s| !s.already && s.action.writes()) {
        blocked_by.extend(guards::check_writes(&Case { object, identity: &identity, domain, request }));
    }
    let still_missing = still_missing(object, &steps);
    let given = losses::Given {
        password: request.password.sets_one(),
        groups: !object.groups.is_empty(),
        filled: match (filling.fills.is_empty(), still_missing.is_empty()) {
            (true, _) => Filled::Nothing,
            (_, true) => Filled::All,
            _ => Filled::Some,
        },
    };
    let losses = match object.presence {
        Presence::Deleted(state) => losses::of(object.kind, state, given),
        Presence::Absent => losses::of_new(object.kind, given),
        Presence::Live => vec![],
    };
    let of_links = request.conflicts.get(&object.guid).into_iter().flatten().cloned();
    ObjectPlan {
        guid: object.guid,
        name: object.rdn.value().to_owned(),
        kind: object.kind,
        sam_account_name: object.sam_account_name.clone(),
        user_principal_name: object.user_principal_name.clone(),
        from: object.dn.clone(),
        usn_changed: object.usn_changed,
        warnings: maker.warnings(domain).into_iter().chain(filling.notes).collect(),
        deleted_at: object.deleted_at,
        dn,
        steps,
        blocked_by,
        losses,
        conflicts: filling.conflicts.into_iter().chain(of_links).collect(),
        still_missing,
        skipped: object.skipped.clone(),
    }
}

/// The DN that the object will have; where its place is not known, its present one.
fn target_dn(object: &ObjectFacts, identity: &Identity, places: &HashMap<ObjectGuid, Dn>) -> Dn {
    if object.presence == Presence::Live {
        return object.dn.parse().unwrap_or_default();
    }
    let parent = match &object.parent {
        ParentFacts::Live { dn, .. } => Some(dn.clone()),
        ParentFacts::Deleted { guid, .. } => places.get(guid).cloned(),
        ParentFacts::Missing { .. } => None,
    };
    parent.or_else(|| object.last_known_parent.clone()).unwrap_or_default().child(identity.rdn.clone())
}

fn still_missing(object: &ObjectFacts, steps: &[Step]) -> Vec<String> {
    let is_set = |name: &str| {
        steps.iter().any(|s| match &s.action {
            Action::SetUpn { .. } => name.eq_ignore_ascii_case("userPrincipalName"),
            Action::SetAttribute { attribute, .. } => name.eq_ignore_ascii_case(attribute),
            _ => false,
        })
    };
    losses::missed(&object.stripped).into_iter().filter(|name| !is_set(name)).collect()
}

/// How many namesakes a message names.
const NAMED: usize = 5;

/// Two objects of the plan must not end up with one name.
fn block_namesakes(objects: &mut [ObjectPlan]) {
    // In the order of the keys, so that the same objects are blocked for the same reason each time.
    let mut keys: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (i, object) in objects.iter().enumerate() {
        let back = object.steps.iter().any(|s| s.action.brings_back());
        if back && object.skipped.is_none() {
            keys.entry(format!("dn {}", object.dn.key())).or_default().push(i);
            if let Some(sam) = account_name(object) {
                keys.entry(format!("account {}", sam.to_lowercase())).or_default().push(i);
            }
        }
        if object.skipped.is_none() {
            for name in names_set(object) {
                keys.entry(format!("address {name}")).or_default().push(i);
            }
        }
    }
    for (key, members) in keys {
        if members.len() < 2 {
            continue;
        }
        let mut listed: Vec<String> = members.iter().take(NAMED).map(|i| describe(&objects[*i])).collect();
        if members.len() > NAMED {
            listed.push(format!("and {} more", members.len() - NAMED));
        }
        for i in members {
            let what = match key.split_once(' ') {
                Some(("dn", _)) => "have one name and place".to_owned(),
                Some(("address", name)) => format!("would have the logon name or address `{name}`"),
                _ => "have one account name".to_owned(),
            };
            let block = Block {
                id: "selection.namesake".to_owned(),
                message: format!("several of the chosen objects {what}: {}", listed.join(", ")),
                object: None,
                way_out: Some("--guid of the one that is meant, or --newest".to_owned()),
                for_good: false,
            };
            if !objects[i].blocked_by.iter().any(|b| b.id == block.id) {
                objects[i].blocked_by.push(block);
            }
        }
    }
}

/// The account name that the object will have.
fn account_name(object: &ObjectPlan) -> Option<&str> {
    let new = object.steps.iter().find_map(|s| match &s.action {
        Action::Reanimate { sam_account_name, .. } | Action::Create { sam_account_name, .. } => {
            sam_account_name.as_deref()
        }
        _ => None,
    });
    new.or(object.sam_account_name.as_deref())
}

/// The logon name and the SMTP addresses that the object is given, in lower case, each once.
fn names_set(object: &ObjectPlan) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for step in &object.steps {
        match &step.action {
            Action::SetUpn { value, .. } => {
                out.insert(value.to_lowercase());
            }
            Action::SetAttribute { attribute, values, .. } => out.extend(smtp_addresses(attribute, values)),
            _ => {}
        }
    }
    out
}

fn describe(object: &ObjectPlan) -> String {
    match object.deleted_at {
        Some(at) => format!("{} (deleted {})", object.guid, rfc3339(at)),
        None => object.guid.to_string(),
    }
}

/// What is below an object that cannot be restored cannot be restored either.
fn block_below_blocked(planned: &mut [ObjectPlan], objects: &[ObjectFacts]) {
    let waits: HashMap<ObjectGuid, ObjectGuid> =
        objects.iter().filter_map(|o| waits_for(o).map(|parent| (o.guid, parent))).collect();
    let mut blocked: HashMap<ObjectGuid, String> = HashMap::new();
    for object in planned {
        if let (None, Some(name)) = (&object.skipped, waits.get(&object.guid).and_then(|p| blocked.get(p))) {
            object.blocked_by.push(Block {
                id: "parent.blocked".to_owned(),
                message: format!("its container `{name}` is in this plan and is not restored"),
                object: None,
                way_out: Some("what is said about the container, or --to DN".to_owned()),
                for_good: false,
            });
        }
        if !object.blocked_by.is_empty() || object.skipped.is_some() {
            blocked.insert(object.guid, object.name.clone());
        }
    }
}

/// The attributes that the facts about a deleted object are read from, besides those that the request sets.
pub fn fact_attributes(recycle_bin: bool) -> Vec<&'static str> {
    let mut out = ATTRIBUTES.to_vec();
    out.extend([
        "uSNChanged",
        "userPrincipalName",
        "isDeleted",
        "adminCount",
        "pwdLastSet",
        "nTSecurityDescriptor",
    ]);
    if recycle_bin {
        out.extend(["msDS-LastKnownRDN", "memberOf"]);
    }
    out
}
