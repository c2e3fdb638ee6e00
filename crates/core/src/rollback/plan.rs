//! From what was and what is to a plan. Pure: the same facts give the same plan.

use chrono::SubsecRound;

use super::RollbackRequest;
use super::attributes;
use super::links;
use super::past::{Nothing, Past, PastPlace};
use super::present::{Around, End, Present};
use super::rule::Scope;
use crate::Dn;
use crate::deleted::NeverRestored;
use crate::facts::{DomainFacts, Presence};
use crate::guards::{self, Case};
use crate::kind::ObjectKind;
use crate::plan::{Action, Block, ObjectPlan, Plan, Purpose, SCHEMA, Step, Undo};
use crate::request::RestoreRequest;
use crate::time::rfc3339;

/// A plan of objects that [`object`] has planned, one after the other with the same `moves`.
#[must_use]
pub fn plan(
    domain: &DomainFacts,
    request: RollbackRequest,
    mut objects: Vec<ObjectPlan>,
    moves: &Moves,
    made_by: &str,
) -> Plan {
    // What is pointed to may be moved by the plan itself.
    for step in objects.iter_mut().flat_map(|object| &mut object.steps).filter(|_| !moves.is_empty()) {
        match &mut step.action {
            Action::AddLinks { targets, .. } | Action::RemoveLinks { targets, .. } => {
                targets.iter_mut().for_each(|end| end.dn = moved(&end.dn, moves));
            }
            Action::AddToGroup { group, .. } | Action::RemoveFromGroup { group, .. } => {
                *group = moved(group, moves)
            }
            _ => {}
        }
    }
    Plan {
        schema: SCHEMA.to_owned(),
        made_by: made_by.to_owned(),
        made_at: domain.now.trunc_subsecs(0),
        request: wishes(&request),
        purpose: Purpose::Rollback { request: Box::new(request) },
        domain: domain.domain.clone(),
        domain_sid: domain.domain_sid.clone(),
        server: domain.server.clone(),
        objects,
    }
}

/// The wishes that a restore has, too.
fn wishes(request: &RollbackRequest) -> RestoreRequest {
    RestoreRequest {
        allow_privileged: request.allow_privileged,
        allow_unchecked_forest: request.allow_unchecked_forest,
        ..RestoreRequest::default()
    }
}

/// What one object is planned from.
pub(super) struct Maker<'a> {
    pub(super) domain: &'a DomainFacts,
    pub(super) request: &'a RollbackRequest,
    pub(super) past: &'a Past,
    pub(super) present: &'a Present,
    pub(super) around: &'a Around,
    pub(super) scope: Scope<'a>,
    pub(super) steps: Vec<Step>,
    pub(super) blocks: Vec<Block>,
    pub(super) notes: Vec<String>,
}

/// Where objects of the plan are moved from and to, in its order.
pub type Moves = Vec<(Dn, Dn)>;

/// Plans one object. `present` is `None` where the directory does not show it. `moves` holds what is moved before, and gets what this one
/// adds.
#[must_use]
pub fn object(
    domain: &DomainFacts,
    request: &RollbackRequest,
    past: &Past,
    present: Option<&Present>,
    around: &Around,
    moves: &mut Moves,
) -> ObjectPlan {
    let Some(present) = present else {
        let mut plan = bare(past);
        let text = "the directory does not show it: it is gone, lies in another domain, or this account may not see it";
        refuse(request, &mut plan, "rollback.missing", text.to_owned(), "--server of its domain");
        return plan;
    };
    let mut plan = of_present(past, present);
    if let Some(why) = out_of_reach(request, past, present, &mut plan) {
        plan.skipped = why;
        return plan;
    }
    let mut maker = Maker {
        domain,
        request,
        past,
        present,
        around,
        scope: Scope(&request.attributes),
        steps: vec![],
        blocks: vec![],
        notes: past.notes.clone(),
    };
    attributes::add(&mut maker);
    links::add(&mut maker);
    if let Some(to) = maker.place(moves) {
        plan.dn = to;
    }
    let Maker { steps, blocks, notes, .. } = maker;
    plan.steps = steps;
    plan.warnings = notes;
    plan.blocked_by = blocks;
    if plan.steps.iter().any(|step| step.action.writes()) {
        let request = wishes(request);
        let identity = present.object.identity(&request);
        let case = Case { object: &present.object, identity: &identity, domain, request: &request };
        plan.blocked_by.extend(guards::check_writes(&case));
    }
    plan
}

/// Where there is nothing to be planned; the reason where the object is left alone.
fn out_of_reach(
    request: &RollbackRequest,
    past: &Past,
    present: &Present,
    plan: &mut ObjectPlan,
) -> Option<Option<String>> {
    match past.nothing {
        Some(Nothing::NotThere(since)) => {
            return Some(Some(format!(
                "it was created on {}, and is not deleted by a roll back",
                rfc3339(since)
            )));
        }
        Some(Nothing::WasDeleted) => {
            return Some(Some("it was deleted at that time: it is left as it is now".to_owned()));
        }
        Some(Nothing::KnownSince(since)) => {
            let text = format!(
                "the change journal does not reach back to then: it knows the object since {}",
                rfc3339(since)
            );
            refuse(request, plan, "rollback.tooEarly", text, &format!("--to {}", rfc3339(since)));
            return Some(None);
        }
        Some(Nothing::Unknown) => {
            let text = "the change journal does not know the object".to_owned();
            refuse(request, plan, "rollback.unknown", text, "another journal, with --journal");
            return Some(None);
        }
        None => {}
    }
    if let Presence::Deleted(_) = present.object.presence {
        let way = format!("adrecover restore --guid {} --fill-from journal", past.guid);
        refuse(
            request,
            plan,
            "rollback.deleted",
            "it is deleted: only live objects are rolled back".to_owned(),
            &way,
        );
        return Some(None);
    }
    if let Some(never) = present.object.never {
        let what = match never {
            NeverRestored::Krbtgt => "the key account of a Kerberos service",
            NeverRestored::DomainController => "an object of a domain controller",
            NeverRestored::Trust => "one side of a trust",
            NeverRestored::GroupPolicy => "a group policy, the other half of which is in SYSVOL",
            NeverRestored::System => "an object of the system",
        };
        refuse(
            request,
            plan,
            "rollback.never",
            format!("it is {what}: it is not changed by this program"),
            "change it by hand",
        );
        return Some(None);
    }
    None
}

/// Where one object is meant this is the answer; among many it is told, and does not stop the others.
fn refuse(request: &RollbackRequest, plan: &mut ObjectPlan, id: &str, message: String, way_out: &str) {
    if request.single {
        plan.blocked_by.push(Block {
            id: id.to_owned(),
            message,
            object: None,
            way_out: Some(way_out.to_owned()),
            for_good: false,
        });
    } else {
        plan.steps.push(by_hand(format!("{message} ({way_out})"), String::new()));
    }
}

/// What cannot be rolled back, and is left to a person.
pub(super) fn by_hand(text: String, why: String) -> Step {
    Step { action: Action::Manual { text }, why, already: false, undo: Undo::Nothing }
}

fn bare(past: &Past) -> ObjectPlan {
    let dn: Dn = past.dn.parse().unwrap_or_default();
    ObjectPlan {
        guid: past.guid,
        name: dn.rdn().map_or_else(|| past.guid.to_string(), |rdn| rdn.value().to_owned()),
        kind: ObjectKind::Other,
        sam_account_name: None,
        user_principal_name: None,
        from: String::new(),
        usn_changed: None,
        dn,
        deleted_at: None,
        steps: vec![],
        blocked_by: vec![],
        losses: vec![],
        warnings: vec![],
        conflicts: vec![],
        still_missing: vec![],
        skipped: None,
    }
}

fn of_present(past: &Past, present: &Present) -> ObjectPlan {
    let object = &present.object;
    ObjectPlan {
        name: object.rdn.value().to_owned(),
        kind: object.kind,
        sam_account_name: object.sam_account_name.clone(),
        user_principal_name: object.user_principal_name.clone(),
        from: object.dn.clone(),
        usn_changed: object.usn_changed,
        dn: object.dn.parse().unwrap_or_default(),
        deleted_at: object.deleted_at,
        ..bare(past)
    }
}

impl Maker<'_> {
    /// What is done about a later change than the one that is rolled back: whether it is overwritten.
    pub(super) fn overwrites(&mut self, what: &str, later: Option<&super::Changed>) -> bool {
        let Some(later) = later else { return true };
        if self.request.window.is_some() && !self.request.overwrite_later {
            self.notes.push(format!(
                "{what} was changed again ({}) and stays as it is; --overwrite-later rolls it back, too",
                later.in_words()
            ));
            return false;
        }
        self.notes
            .push(format!("{what} was changed later than that ({}): this overwrites it", later.in_words()));
        true
    }

    /// The step that gives it its name and place again. The DN that it will have.
    fn place(&mut self, moves: &mut Moves) -> Option<Dn> {
        let place = self.past.place.as_ref().filter(|_| self.scope.includes_place())?;
        let from: Dn = self.present.object.dn.parse().ok()?;
        let to = self.target(place, &from)?;
        let (from_now, to) = (moved(&from, moves), moved(&to, moves));
        if from_now == to || !self.overwrites("its name or place", place.later.as_ref()) {
            return None;
        }
        moves.push((from_now.clone(), to.clone()));
        let changed = place.changed.iter().map(|changed| format!(" ({})", changed.in_words()));
        self.steps.push(Step {
            action: Action::Move { to: to.clone() },
            why: format!("it was moved or renamed{}", changed.collect::<String>()),
            already: false,
            undo: Undo::Move { to: from_now },
        });
        Some(to)
    }

    /// The DN that it would get, by the names of today; what is in the way is left to a person.
    fn target(&mut self, place: &PastPlace, from: &Dn) -> Option<Dn> {
        let rdn = place.dn.rdn()?.clone();
        let parent = place.dn.parent().unwrap_or_default();
        let mut refuse = |text: String| {
            self.steps.push(by_hand(text, String::new()));
            None
        };
        let container = match self.around.ends.get(&place.parent) {
            Some(End::Live { dn, .. }) => dn.clone(),
            Some(End::Deleted) => {
                return refuse(format!(
                    "it lay in `{parent}`, which is deleted: restore that with `adrecover restore --guid {}`, then roll back again",
                    place.parent
                ));
            }
            None => return refuse(format!("it lay in `{parent}`, which is not there any more")),
        };
        if container.is_at_or_below(from) {
            return refuse(format!("it lay in `{container}`, which lies in it now: move that first"));
        }
        let to = container.child(rdn);
        match self.around.places.get(&to.key()) {
            Some(other) if *other != self.past.guid => {
                refuse(format!("it was `{to}`, which is the name of another object now ({other})"))
            }
            _ => Some(to),
        }
    }
}

/// A name after all these moves.
fn moved(dn: &Dn, moves: &Moves) -> Dn {
    moves.iter().fold(dn.clone(), |dn, (from, to)| relocated(&dn, from, to))
}

/// A name after something that it lies in, or itself, was moved.
fn relocated(dn: &Dn, from: &Dn, to: &Dn) -> Dn {
    if dn == from {
        return to.clone();
    }
    match (dn.parent(), dn.rdn()) {
        (Some(parent), Some(rdn)) if dn.is_at_or_below(from) => {
            relocated(&parent, from, to).child(rdn.clone())
        }
        _ => dn.clone(),
    }
}
