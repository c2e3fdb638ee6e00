//! Memberships of groups of other domains of the forest: looked at, written and read back on a domain controller of the group's
//! domain.
//!
//! What cannot be done there keeps nothing else from being done: the step is told as failed, and resuming the operation tries it
//! again.

use std::collections::HashMap;
use std::time::Duration;

use adrecover_core::directory::{Change, Query, Refusal, Scope, Visibility};
use adrecover_core::plan::{Action, Plan, Purpose, Step};
use adrecover_core::report::{Difference, Failure, ObjectReport, Outcome, Status};
use adrecover_core::{Directory, Dn, Elsewhere, ObjectGuid, filter};

use crate::journal::{Detail, Event, JournalError, StepState};
use crate::line::{self, TRIES, Trouble, Write};
use crate::look::{self, describe};
use crate::run::{NoProgress, Progress};
use crate::step::{End, Executor, Look, Subject, Turn, Work};

/// How long one operation waits in all for other domains to learn of what it brought back. Replication within a site takes
/// seconds, between sites it may take hours, for which nobody waits here.
const PATIENCE: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];

/// What an operation has seen of other domains.
#[derive(Debug, Default)]
pub(crate) struct Others {
    /// How often they were waited for.
    waits: usize,
    /// Those whose connection was lost and could not be opened again, and why: nobody waits for that a second time.
    lost: HashMap<String, String>,
}

impl Others {
    fn pause(&mut self) -> Option<Duration> {
        let pause = PATIENCE.get(self.waits).copied();
        self.waits += 1;
        pause
    }
}

/// A membership, and which way it goes.
#[derive(Clone, Copy)]
struct Membership<'p> {
    group: &'p Dn,
    guid: ObjectGuid,
    domain: &'p str,
    joins: bool,
}

impl<'p> Membership<'p> {
    fn of(action: &'p Action) -> Option<Self> {
        match action {
            Action::AddToGroup { group, guid, domain: Some(domain), .. } => {
                Some(Self { group, guid: *guid, domain, joins: true })
            }
            Action::RemoveFromGroup { group, guid, domain: Some(domain) } => {
                Some(Self { group, guid: *guid, domain, joins: false })
            }
            _ => None,
        }
    }
}

/// Why a step is left as it is.
enum Left {
    /// It was not done, for now or for this reason.
    Undone(Failure, String),
    /// Whether it was done is not known.
    Unsure(String),
}

/// Carries such a step out; `None` for any other.
pub(crate) async fn step<'p, D: Directory>(
    executor: &mut Executor<'p, '_, '_, D>,
    subject: &mut Subject<'p>,
    index: usize,
) -> Result<Option<End>, JournalError> {
    let step: &'p Step = &subject.object.steps[index];
    let Some(membership) = Membership::of(&step.action) else { return Ok(None) };
    let inherited = executor.history[subject.index][index].state == StepState::Started;
    let mut turn = Turn { step: index, inherited, begun: inherited, unanswered: 0, second_looks: 0 };
    // What was done before is written down before anything else happens.
    executor.run.journal.commit()?;
    let name = match named(executor, subject).await {
        Ok(name) => name,
        Err(look) => return executor.end_without_write(subject, turn, look).await.map(Some),
    };
    loop {
        match is_member(executor, membership, &name).await {
            Ok(Some(is_there)) if is_there == membership.joins => {
                return executor.end_without_write(subject, turn, Look::Unchanged(None)).await.map(Some);
            }
            Ok(Some(_)) => {}
            Ok(None) => {
                let text = format!("the group {} is not there any more", membership.group);
                if !membership.joins {
                    let look = Look::Unchanged(Some(text));
                    return executor.end_without_write(subject, turn, look).await.map(Some);
                }
                return leave(executor, subject, turn, Left::Undone(Failure::Stale, text)).map(Some);
            }
            Err(reason) if turn.begun => {
                return leave(executor, subject, turn, Left::Unsure(reason)).map(Some);
            }
            Err(reason) => {
                return leave(executor, subject, turn, Left::Undone(Failure::Unreachable, reason)).map(Some);
            }
        }
        if !turn.begun {
            executor.record(subject, index, Event::Started, &Detail::default())?;
            turn.begun = true;
        }
        match write(executor, subject, membership, &name, &mut turn).await {
            Tried::Done(work) => return executor.succeed(subject, turn, *work).await.map(Some),
            Tried::Settled => {
                return executor.end_without_write(subject, turn, Look::Unchanged(None)).await.map(Some);
            }
            Tried::Again => {}
            Tried::Left(left) => return leave(executor, subject, turn, left).map(Some),
        }
    }
}

/// What became of one try to write.
enum Tried {
    Done(Box<Work>),
    Settled,
    /// Look again.
    Again,
    Left(Left),
}

async fn write<D: Directory>(
    executor: &mut Executor<'_, '_, '_, D>,
    subject: &Subject<'_>,
    membership: Membership<'_>,
    name: &Dn,
    turn: &mut Turn,
) -> Tried {
    // A domain controller that does not hold the object knows it by its name.
    let value = [name.to_string()];
    let change =
        if membership.joins { Change::add("member", value) } else { Change::delete("member", value) };
    let write =
        Write::Modify { dn: membership.guid.as_dn(), changes: vec![change], visibility: Visibility::Live };
    let run = &mut *executor.run;
    let sent = match run.elsewhere.domain(membership.domain).await {
        Ok(there) => line::send(there, run.progress, &write).await,
        Err(reason) => return Tried::Left(Left::Unsure(reason)),
    };
    let refusal = match sent {
        Ok(()) => {
            let work = Work { write, before: Detail::default(), after: Detail::default() };
            return Tried::Done(Box::new(work));
        }
        Err(Trouble::Refused(refusal)) => refusal,
        Err(Trouble::Unknown(reason)) => {
            turn.unanswered += 1;
            return if turn.unanswered < TRIES { Tried::Again } else { Tried::Left(Left::Unsure(reason)) };
        }
        Err(Trouble::Lost(reason)) => {
            executor.others.lost.insert(membership.domain.to_owned(), reason.clone());
            return Tried::Left(Left::Unsure(reason));
        }
        Err(Trouble::Bad(reason)) => return Tried::Left(Left::Undone(Failure::Other, reason)),
    };
    if membership.joins && is_unknown_there(&refusal) {
        let pause = executor.others.pause().filter(|_| !(executor.run.stop)());
        if let Some(pause) = pause {
            executor.run.progress.waiting(&format!(
                "the domain {} does not know {} yet: waiting",
                membership.domain, subject.object.name
            ));
            tokio::time::sleep(pause).await;
            return Tried::Again;
        }
        let text = format!(
            "the domain {} does not know {name} yet, which has to be replicated to a global catalogue first: later `adrecover \
             operations --resume {}`, or the same command again ({refusal})",
            membership.domain, executor.run.operation
        );
        return Tried::Left(Left::Undone(Failure::Unreachable, text));
    }
    match refusal.code {
        20 | 68 if membership.joins => Tried::Settled,
        // "Not a member" has no code of its own: it is looked for once more.
        16 | 53 if !membership.joins && turn.second_looks == 0 => {
            turn.second_looks += 1;
            Tried::Again
        }
        // 561 ERROR_MEMBER_NOT_IN_GROUP: it is shown under a name that it had.
        _ if !membership.joins && refusal.win32() == Some(0x561) => Tried::Settled,
        _ => Tried::Left(Left::Undone(look::failure(&refusal), refusal.to_string())),
    }
}

/// Whether a refusal says that the domain controller does not know the new member: by a name that leads nowhere, or because it
/// found no global catalogue that knows it ([MS-ERREF] 525 ERROR_NO_SUCH_USER, 20B5 ERROR_DS_NAME_REFERENCE_INVALID, 20E1
/// ERROR_DS_GCVERIFY_ERROR, 2030 and 208D for an object that is not there).
fn is_unknown_there(refusal: &Refusal) -> bool {
    refusal.code == 32 || matches!(refusal.win32(), Some(0x525 | 0x20b5 | 0x20e1 | 0x2030 | 0x208d))
}

/// What the object is called now, as its own domain has it.
async fn named<'p, D: Directory>(
    executor: &mut Executor<'p, '_, '_, D>,
    subject: &mut Subject<'p>,
) -> Result<Dn, Look> {
    let undoing = matches!(executor.plan.purpose, Purpose::Undo { .. });
    match look::read(executor, subject).await {
        Ok(Some(entry)) if !entry.is_deleted() => {
            let unreadable = |_| Look::Fail(Failure::Other, format!("{} is no name", entry.dn));
            entry.dn.parse().map_err(unreadable)
        }
        Ok(_) if undoing => Err(Look::Unchanged(Some("the object is deleted".to_owned()))),
        Ok(_) => {
            let text = format!("{} is not a live object any more", subject.object.name);
            Err(Look::Fail(Failure::Stale, text))
        }
        Err(trouble) => Err(Look::Lost(describe(&trouble))),
    }
}

async fn is_member<D: Directory>(
    executor: &mut Executor<'_, '_, '_, D>,
    membership: Membership<'_>,
    name: &Dn,
) -> Result<Option<bool>, String> {
    if let Some(reason) = executor.others.lost.get(membership.domain) {
        return Err(reason.clone());
    }
    let run = &mut *executor.run;
    let there = run.elsewhere.domain(membership.domain).await?;
    let found = member(there, run.progress, membership.guid, name).await;
    found.map_err(|trouble| {
        let reason = describe(&trouble);
        if matches!(trouble, Trouble::Lost(_)) {
            executor.others.lost.insert(membership.domain.to_owned(), reason.clone());
        }
        reason
    })
}

/// Whether a group has a member, by the name that its own domain controller has for it; `None` where there is no such group. The
/// server looks: a group may have more members than anybody wants to read.
async fn member<D: Directory>(
    there: &mut D,
    progress: &mut dyn Progress,
    group: ObjectGuid,
    name: &Dn,
) -> Result<Option<bool>, Trouble> {
    let is_in = filter::equals("member", &name.to_string());
    let query = Query::below(group.as_dn(), Scope::Base, is_in).attributes(["objectGUID"]);
    if !line::ask(there, progress, &query).await?.is_empty() {
        return Ok(Some(true));
    }
    let found = line::find(there, progress, group, &["objectGUID", "isDeleted"]).await?;
    Ok(found.filter(|entry| !entry.is_deleted()).map(|_| false))
}

/// The end of a step that could not be done there.
fn leave<'p, D: Directory>(
    executor: &mut Executor<'p, '_, '_, D>,
    subject: &Subject<'p>,
    turn: Turn,
    left: Left,
) -> Result<End, JournalError> {
    Ok(match left {
        Left::Undone(failure, message) => {
            executor.fail(subject, turn, failure, message.clone())?;
            End::Elsewhere(failure, message)
        }
        // Its intent stands in the journal, to be looked at.
        Left::Unsure(reason) => {
            End::Elsewhere(Failure::Unreachable, format!("it may or may not have been done: {reason}"))
        }
    })
}

/// Reads the memberships of groups of other domains that were written, and compares them with what was meant. Goes after
/// [`verify_all`](crate::verify_all), on the same reports.
pub async fn verify_elsewhere<D: Directory>(
    plan: &Plan,
    reports: &mut [ObjectReport],
    elsewhere: &mut dyn Elsewhere<D>,
) {
    for (object, report) in plan.objects.iter().zip(reports) {
        let own: Dn = report.dn.parse().unwrap_or_else(|_| object.dn.clone());
        // A later step takes the place of an earlier one on the same group.
        let mut last: Vec<(Membership<'_>, Status)> = vec![];
        for (step, done) in object.steps.iter().zip(&report.steps) {
            if let Some(membership) = Membership::of(&step.action) {
                last.retain(|(known, _)| known.guid != membership.guid);
                last.push((membership, done.status));
            }
        }
        for (membership, status) in last {
            let is_done = matches!(status, Status::Done | Status::Unchanged);
            // What failed was asked for, too, where something else was done.
            let is_left = status == Status::Failed && report.outcome == Outcome::Partial;
            let observed = match is_done {
                true => observed(elsewhere, membership, &own).await,
                false => Ok(None),
            };
            match observed {
                Ok(Some(is_there)) if is_there == membership.joins => {
                    report.verified = report.verified.or(Some(true));
                }
                Ok(observed) if is_done || is_left => differ(report, membership, &own, observed),
                Ok(_) => {}
                Err(reason) => {
                    report.warnings.push(format!("{} is not verified: {reason}", membership.group));
                }
            }
        }
    }
}

async fn observed<D: Directory>(
    elsewhere: &mut dyn Elsewhere<D>,
    membership: Membership<'_>,
    name: &Dn,
) -> Result<Option<bool>, String> {
    let there = elsewhere.domain(membership.domain).await?;
    let found = member(there, &mut NoProgress, membership.guid, name).await;
    Ok(Some(found.map_err(|trouble| describe(&trouble))?.unwrap_or(false)))
}

fn differ(report: &mut ObjectReport, membership: Membership<'_>, own: &Dn, observed: Option<bool>) {
    let shown = |is_there| if is_there { own.to_string() } else { format!("not {own}") };
    report.differences.push(Difference {
        what: format!("member of {} ({})", membership.group, membership.domain),
        expected: shown(membership.joins),
        observed: observed.map_or_else(|| "not known".to_owned(), shown),
    });
    report.verified = Some(false);
}
