//! Links that sources say there were, between objects of the plan and others: who points to whom again, and when that can be
//! written.
//!
//! A link needs both its ends. Where both are restored by the plan it is written with the later one, so that one pass in the order of
//! the plan is enough.

use std::collections::{HashMap, HashSet};

use crate::facts::{DomainFacts, EndFacts, ObjectFacts};
use crate::fill::{Rule, rule};
use crate::guards::{self, Case};
use crate::plan::{Action, LinkEnd, ObjectPlan, Step, Undo};
use crate::request::{LinkWish, RestoreRequest};
use crate::time::Timestamp;
use crate::{Dn, ObjectGuid};

/// The most values that one step adds. One write that is refused for one of them adds none.
const AT_ONCE: usize = 500;
/// The attribute of groups.
const MEMBER: &str = "member";

/// Links that are one step.
#[derive(Debug, PartialEq, Eq)]
struct Batch {
    carrier: usize,
    attribute: String,
    holder: LinkEnd,
    targets: Vec<LinkEnd>,
    only_if_absent: bool,
    already: bool,
    source: String,
    at: Option<Timestamp>,
}

/// Adds the steps for the links that the request wants to the objects of a plan, which are in their order.
pub(super) fn add(
    planned: &mut [ObjectPlan],
    objects: &[ObjectFacts],
    domain: &DomainFacts,
    request: &RestoreRequest,
) {
    if request.links.is_empty() {
        return;
    }
    let places: HashMap<ObjectGuid, usize> = planned.iter().enumerate().map(|(i, o)| (o.guid, i)).collect();
    let mut batches: Vec<Batch> = vec![];
    let mut open: HashMap<(usize, ObjectGuid, String, bool), usize> = HashMap::new();
    let mut seen = HashSet::new();
    let mut notes: Vec<(usize, String)> = vec![];
    for wish in &request.links {
        if !seen.insert((wish.holder, wish.attribute.to_lowercase(), wish.target)) {
            continue;
        }
        let (holder, target) = (places.get(&wish.holder).copied(), places.get(&wish.target).copied());
        let Some(carrier) = holder.max(target) else { continue };
        if is_left(&planned[carrier]) {
            continue;
        }
        match batch(planned, domain, request, wish, carrier, (holder, target)) {
            Ok(one) => {
                let key = (carrier, one.holder.guid, one.attribute.to_lowercase(), one.already);
                match open.get(&key).and_then(|at| batches.get_mut(*at)) {
                    Some(known) if known.targets.len() < AT_ONCE => known.targets.extend(one.targets),
                    _ => {
                        open.insert(key, batches.len());
                        batches.push(one);
                    }
                }
            }
            Err(Some(note)) => notes.push((carrier, note)),
            Err(None) => {}
        }
    }
    let mut touched = HashSet::new();
    for batch in batches {
        touched.insert(batch.carrier);
        let object = &mut planned[batch.carrier];
        if batch.holder.guid == object.guid && batch.attribute.eq_ignore_ascii_case(MEMBER) {
            object.losses.retain(|loss| !loss.starts_with("the list of members"));
        }
        object.steps.push(Step {
            why: format!("{} had it", batch.source),
            already: batch.already,
            undo: Undo::RemoveLinks,
            action: Action::AddLinks {
                attribute: batch.attribute,
                holder: batch.holder,
                targets: batch.targets,
                only_if_absent: batch.only_if_absent,
                source: batch.source,
                at: batch.at,
            },
        });
    }
    tell(planned, notes);
    let facts: HashMap<ObjectGuid, &ObjectFacts> = objects.iter().map(|o| (o.guid, o)).collect();
    for at in touched {
        let Some(object) = planned.get_mut(at) else { continue };
        let Some(known) = facts.get(&object.guid) else { continue };
        let identity = known.identity(request);
        for block in guards::check_writes(&Case { object: known, identity: &identity, domain, request }) {
            if object.writes() && !object.blocked_by.iter().any(|b| b.id == block.id) {
                object.blocked_by.push(block);
            }
        }
    }
}

fn is_left(object: &ObjectPlan) -> bool {
    object.skipped.is_some() || !object.blocked_by.is_empty()
}

/// One link; `Err` with a note where it is not written, and without where nothing is to be said.
fn batch(
    planned: &[ObjectPlan],
    domain: &DomainFacts,
    request: &RestoreRequest,
    wish: &LinkWish,
    carrier: usize,
    (holder, target): (Option<usize>, Option<usize>),
) -> Result<Batch, Option<String>> {
    let attribute = wish.attribute.as_str();
    let (name, source) = (&wish.name, &wish.source);
    let schema = match domain.attributes.get(&attribute.to_lowercase()) {
        Some(Some(schema)) if schema.is_link && !schema.is_system => schema,
        _ => {
            return Err(Some(format!(
                "{attribute} of {source} is not filled: this forest's schema has no such link attribute"
            )));
        }
    };
    let is_named = request.fill_attributes.iter().any(|named| named.eq_ignore_ascii_case(attribute));
    match rule(attribute) {
        _ if attribute.eq_ignore_ascii_case(MEMBER) => {}
        Rule::Harmless => {}
        Rule::Named if is_named => {}
        Rule::Named => {
            return Err(Some(format!(
                "not filled from {source}: {attribute} ({name}): needs --fill-attribute {attribute}"
            )));
        }
        Rule::Never(_) => return Err(None),
    }
    let end = |place: Option<usize>, guid: ObjectGuid| -> Result<LinkEnd, Option<String>> {
        if let Some(object) = place.and_then(|at| planned.get(at)) {
            return match is_left(object) {
                true => Err(Some(format!(
                    "{attribute} of {source} is not filled: `{}` is not restored",
                    object.name
                ))),
                false => Ok(LinkEnd { guid, dn: object.dn.clone() }),
            };
        }
        match domain.ends.get(&guid) {
            Some(EndFacts::Live { dn, .. }) => Ok(LinkEnd { guid, dn: dn.clone() }),
            Some(EndFacts::Deleted) => Err(Some(format!(
                "{attribute} of {source} is not filled: `{name}` is deleted: restore it, then run the same command again"
            ))),
            None => {
                Err(Some(format!("{attribute} of {source} is not filled: `{name}` is not there any more")))
            }
        }
    };
    let (holder_end, target_end) = (end(holder, wish.holder)?, end(target, wish.target)?);
    let present: &[Dn] = match domain.ends.get(&wish.holder) {
        Some(EndFacts::Live { present, .. }) => {
            present.get(&attribute.to_lowercase()).map_or(&[], Vec::as_slice)
        }
        _ => &[],
    };
    let already = present.contains(&target_end.dn);
    if schema.is_single
        && !already
        && let Some(other) = present.first()
    {
        let of = &holder_end.dn;
        return Err(Some(format!(
            "{attribute} of `{of}` is not filled: it is `{other}` now, and {source} has `{name}`"
        )));
    }
    Ok(Batch {
        carrier,
        attribute: attribute.to_owned(),
        holder: holder_end,
        targets: vec![target_end],
        only_if_absent: schema.is_single,
        already,
        source: source.clone(),
        at: wish.at,
    })
}

/// How many notes of links an object gets.
const MOST_NOTES: usize = 50;

fn tell(planned: &mut [ObjectPlan], notes: Vec<(usize, String)>) {
    let mut count: HashMap<usize, usize> = HashMap::new();
    for (at, note) in notes {
        let told = count.entry(at).or_default();
        *told += 1;
        if *told <= MOST_NOTES
            && let Some(object) = planned.get_mut(at)
        {
            object.warnings.push(note);
        }
    }
    for (at, told) in count {
        if told > MOST_NOTES
            && let Some(object) = planned.get_mut(at)
        {
            object.warnings.push(format!("and {} more links are not filled", told - MOST_NOTES));
        }
    }
}
