//! Carries out a plan: for each object each step, in order.
//!
//! For each step: look at what is there, write the intent to the journal, act, write down what was observed. What is
//! looked at and written is in `look.rs` and, for the undelete, `reanimate.rs`; `step.rs` is the one place where
//! journal and directory meet.

use std::collections::{HashMap, HashSet};

use adrecover_core::plan::{Action, ObjectPlan, Plan, Purpose};
use adrecover_core::report::{Failure, ObjectReport, Outcome, Status, StepReport};
use adrecover_core::{Directory, Dn, ObjectGuid};

use crate::journal::{Detail, Event, JournalError, StepRecord, StepState};
use crate::run::{EngineError, Run};
use crate::step::{End, Executor, Subject};

/// Carries a plan out. The reports are in the plan's order, one for each object, not yet verified.
///
/// An error means that the journal could not be written; it holds what was done until then.
pub async fn execute<D: Directory>(
    plan: &Plan,
    run: &mut Run<'_, D>,
) -> Result<Vec<ObjectReport>, EngineError> {
    let fresh = plan.objects.iter().map(|o| vec![StepRecord::default(); o.steps.len()]).collect();
    carry_out(plan, fresh, run).await
}

/// Carries out what the history leaves to do.
pub(crate) async fn carry_out<D: Directory>(
    plan: &Plan,
    history: Vec<Vec<StepRecord>>,
    run: &mut Run<'_, D>,
) -> Result<Vec<ObjectReport>, EngineError> {
    let mut reports = Vec::with_capacity(plan.objects.len());
    let meta = match run.journal.load(&run.operation.to_string()) {
        Ok(operation) => operation.summary.meta,
        Err(error) => return Err(EngineError { error, reports }),
    };
    let mut executor = Executor::new(plan, run, history, meta);
    // Why no further object is touched.
    let mut halted: Option<(Failure, String)> = None;
    for (index, object) in plan.objects.iter().enumerate() {
        let mut report = ObjectReport::new(object, Outcome::Skipped);
        if halted.is_none() && (executor.run.stop)() {
            halted = Some((Failure::Interrupted, "not reached: interrupted".to_owned()));
        }
        if let Some((failure, message)) = executor.left_out(index, halted.as_ref()) {
            leave_out(&mut report, object, failure, message);
        } else {
            executor.run.progress.object_started(index, object);
            executor.is_short_elsewhere = false;
            if let Err(error) = executor.object(index, &mut report).await {
                conclude(&mut report);
                reports.push(report);
                return Err(EngineError { error, reports });
            }
            conclude(&mut report);
            halted = halted.or_else(|| executor.halts(&report));
        }
        executor.lose(object, &report);
        executor.run.progress.object_done(index, &report);
        reports.push(report);
    }
    match executor.run.journal.commit() {
        Ok(()) => Ok(reports),
        Err(error) => Err(EngineError { error, reports }),
    }
}

impl<'p, D: Directory> Executor<'p, '_, '_, D> {
    /// Carries out the steps of one object.
    async fn object(&mut self, index: usize, report: &mut ObjectReport) -> Result<(), JournalError> {
        let object = &self.plan.objects[index];
        let mut subject = subject(index, object);
        let mut elsewhere: Option<(Failure, String)> = None;
        if let Some(guid) = self.created.get(&object.guid) {
            subject.guid = *guid;
        }
        for (i, step) in object.steps.iter().enumerate() {
            let record = &self.history[index][i];
            if record.state.is_done() {
                if let Some(dn) = &record.after.dn {
                    report.dn.clone_from(dn);
                    subject.dn.clone_from(dn);
                }
                let status =
                    if record.state == StepState::Succeeded { Status::Done } else { Status::Unchanged };
                report.steps.push(StepReport::new(&step.action, status));
                continue;
            }
            // It has its turn when all objects are done.
            if step.action.is_beyond() {
                let status = if report.failure.is_some() { Status::Skipped } else { Status::Planned };
                report.steps.push(StepReport::new(&step.action, status));
                continue;
            }
            if let (None, true) = (report.failure, (self.run.stop)()) {
                report.failure = Some(Failure::Interrupted);
                report.message = Some("interrupted".to_owned());
            }
            // What has come back is disabled as planned, whatever went wrong since.
            let still = matches!(step.action, Action::Disable) && self.restored.contains(&object.guid);
            if report.failure.is_some() && (!still || report.failure == Some(Failure::Unreachable)) {
                self.skip(&subject, i, report)?;
                continue;
            }
            let at_stake = format!("while it was at the step {}", step.action.name());
            let end = match self.step(&mut subject, i).await {
                Ok(end) => end,
                Err(error) => {
                    report.failure = Some(Failure::Other);
                    report.message =
                        Some(format!("{error}; {at_stake}, which may or may not have been done"));
                    let unsure = format!("it may or may not have been done: {error}");
                    report.steps.push(StepReport::new(&step.action, Status::Failed).because(unsure));
                    let rest = object.steps[i + 1..].iter().map(|step| {
                        StepReport::new(&step.action, Status::Skipped)
                            .because("not reached: nothing can be written down")
                    });
                    report.steps.extend(rest);
                    return Err(error);
                }
            };
            if let End::Elsewhere(failure, message) = &end {
                elsewhere.get_or_insert((*failure, message.clone()));
            }
            settle(report, step, end);
            let status = report.steps.last().map_or(Status::Skipped, |s| s.status);
            self.run.progress.step_done(object, step, status);
        }
        if self.restored.contains(&object.guid) || subject.dn.parse::<Dn>().is_ok_and(|dn| !dn.is_mangled()) {
            report.dn.clone_from(&subject.dn);
        }
        report.guid = subject.guid;
        self.guard(&mut subject, report).await;
        if let (None, Some((failure, message))) = (report.failure, elsewhere) {
            (report.failure, report.message) = (Some(failure), Some(message));
            self.is_short_elsewhere = true;
        }
        Ok(())
    }

    /// The last line: an account that is enabled without a password is disabled, whatever happened.
    async fn guard(&mut self, subject: &mut Subject<'p>, report: &mut ObjectReport) {
        if !subject.exposed {
            return;
        }
        // Where that fails the step stays begun, and the directory is asked.
        let _ = self.run.journal.commit();
        if let Err(problem) = self.make_safe(subject).await {
            let text = format!("enabled without a password and could not be disabled: {problem}");
            report.failure.get_or_insert(Failure::Other);
            report.message.get_or_insert_with(|| text.clone());
            report.warnings.push(text);
        }
    }

    fn skip(
        &mut self,
        subject: &Subject<'p>,
        i: usize,
        report: &mut ObjectReport,
    ) -> Result<(), JournalError> {
        let action = &subject.object.steps[i].action;
        let mut line = StepReport::new(action, Status::Skipped);
        if !action.is_by_hand() {
            let failed = report.steps.iter().find(|s| s.status == Status::Failed).map(|s| s.step);
            let why = failed.map_or("interrupted".to_owned(), |s| format!("not reached: {s} failed"));
            if self.history[subject.index][i].state != StepState::Started {
                self.record(subject, i, Event::Skipped, &Detail::message(&why))?;
            }
            line = line.because(why);
        }
        report.steps.push(line);
        Ok(())
    }

    /// Why an object is not touched at all.
    fn left_out(
        &self,
        index: usize,
        halted: Option<&(Failure, String)>,
    ) -> Option<(Option<Failure>, String)> {
        let object = &self.plan.objects[index];
        if let Some(reason) = &object.skipped {
            return Some((None, reason.clone()));
        }
        if let Some(block) = object.blocked_by.first() {
            return Some((
                Some(if block.for_good { Failure::ForGood } else { Failure::Blocked }),
                block.message.clone(),
            ));
        }
        let done = |i: usize| self.history[index][i].state.is_done() || object.steps[i].action.is_beyond();
        for (i, step) in object.steps.iter().enumerate() {
            if let Action::Reanimate { parent, to, .. } | Action::Create { parent, to, .. } = &step.action
                && self.lost.contains(parent)
                && !step.already
                && !done(i)
            {
                let container = to.parent().unwrap_or_default();
                return Some((Some(Failure::Blocked), format!("its container {container} was not restored")));
            }
        }
        let nothing_left = (0..object.steps.len()).all(done);
        match halted {
            Some((failure, message)) if !nothing_left => Some((Some(*failure), message.clone())),
            _ => None,
        }
    }

    /// Whether the end of one object keeps the others from being touched.
    fn halts(&self, report: &ObjectReport) -> Option<(Failure, String)> {
        let failure = report.failure?;
        if self.is_short_elsewhere {
            return None;
        }
        match failure {
            Failure::Interrupted => Some((failure, "not reached: interrupted".to_owned())),
            Failure::Unreachable => {
                Some((failure, "not reached: the server could not be reached".to_owned()))
            }
            _ if self.run.keep_going => None,
            // What of a roll back is left to a person was told beforehand, and stops nothing.
            Failure::Other if self.is_rollback() && report.steps.iter().all(StepReport::is_no_failure) => {
                None
            }
            _ => Some((failure, format!("not reached: {} failed", report.name))),
        }
    }

    fn is_rollback(&self) -> bool {
        matches!(self.plan.purpose, Purpose::Rollback { .. })
    }

    /// Remembers a container that did not come back, for what was below it.
    fn lose(&mut self, object: &ObjectPlan, report: &ObjectReport) {
        let wanted = object.steps.iter().any(|s| s.action.brings_back() && !s.already);
        let back = report.steps.iter().any(|s| {
            matches!(s.step, "reanimate" | "create") && matches!(s.status, Status::Done | Status::Unchanged)
        });
        if wanted && !back && !self.restored.contains(&object.guid) {
            self.lost.insert(object.guid);
        }
    }
}

/// The objects that an earlier run of the operation brought back.
pub(crate) fn came_back_before(plan: &Plan, history: &[Vec<StepRecord>]) -> HashSet<ObjectGuid> {
    let back = |object: &ObjectPlan, records: &[StepRecord]| {
        object
            .steps
            .iter()
            .zip(records)
            .any(|(s, r)| s.action.brings_back() && r.state == StepState::Succeeded)
    };
    plan.objects.iter().zip(history).filter(|(o, r)| back(o, r)).map(|(o, _)| o.guid).collect()
}

/// What an earlier run of the operation created in the place of objects of the plan.
pub(crate) fn created_before(plan: &Plan, history: &[Vec<StepRecord>]) -> HashMap<ObjectGuid, ObjectGuid> {
    let made = |records: &[StepRecord]| records.iter().find_map(|record| record.after.guid);
    plan.objects.iter().zip(history).filter_map(|(o, r)| Some((o.guid, made(r)?))).collect()
}

pub(crate) fn subject(index: usize, object: &ObjectPlan) -> Subject<'_> {
    Subject {
        index,
        object,
        guid: object.guid,
        entry: None,
        password: None,
        carried: None,
        bare: false,
        has_password: false,
        foreign: false,
        exposed: false,
        dn: object.from.clone(),
    }
}

fn leave_out(report: &mut ObjectReport, object: &ObjectPlan, failure: Option<Failure>, message: String) {
    let blocked = matches!(failure, Some(Failure::Blocked | Failure::ForGood));
    let in_the_way = blocked && !message.starts_with("not reached");
    report.outcome = if in_the_way { Outcome::Blocked } else { Outcome::Skipped };
    report.steps = object.steps.iter().map(|s| StepReport::new(&s.action, Status::Skipped)).collect();
    report.failure = failure;
    report.message = Some(message);
}

/// Puts the end of a step into the report.
fn settle(report: &mut ObjectReport, step: &adrecover_core::plan::Step, end: End) {
    let line = |status, message: Option<String>| {
        let line = StepReport::new(&step.action, status);
        message.into_iter().fold(line, StepReport::because)
    };
    let mut fail = |failure, message: &str| {
        report.failure.get_or_insert(failure);
        report.message.get_or_insert_with(|| message.to_owned());
    };
    let line = match end {
        End::Done(message) => line(Status::Done, message),
        End::Unchanged(message) => line(Status::Unchanged, message),
        End::Manual => line(Status::Planned, None),
        End::LeftAlone(message) => line(Status::Skipped, Some(message)),
        End::Elsewhere(_, message) => line(Status::Failed, Some(message)),
        End::Failed(failure, message) => {
            fail(failure, &message);
            line(Status::Failed, Some(message))
        }
        End::Exposed(message) => {
            fail(Failure::Other, &message);
            line(Status::Done, Some(message))
        }
        End::Uncertain(reason) => {
            let message = format!("it may or may not have been done: {reason}");
            fail(Failure::Unreachable, &message);
            line(Status::Failed, Some(message))
        }
    };
    report.steps.push(line);
}

/// Decides how the object ended, from its steps.
fn conclude(report: &mut ObjectReport) {
    let any = |status| report.steps.iter().any(|s| s.status == status);
    let unsure =
        |step: &StepReport| step.message.as_deref().is_some_and(|m| m.starts_with("it may or may not"));
    let uncertain = report.steps.iter().any(unsure);
    let left_alone = report.steps.iter().find(|s| s.status == Status::Skipped);
    if let (None, Some(step)) = (report.failure, left_alone) {
        report.failure = Some(Failure::Stale);
        report.message.clone_from(&step.message);
    }
    let by_hand = report.steps.iter().filter(|s| s.is_left_to_do()).count();
    if let (None, true) = (report.failure, by_hand > 0) {
        report.message = Some(format!("{by_hand} thing(s) that were asked for are left to be done by hand"));
        report.failure = Some(Failure::Other);
        report.outcome = Outcome::Partial;
        return;
    }
    report.outcome = match (report.failure, any(Status::Done)) {
        (None, true) => Outcome::Restored,
        (None, false) => Outcome::AlreadyRestored,
        (Some(_), true) => Outcome::Partial,
        (Some(_), false) if uncertain => Outcome::Partial,
        (Some(Failure::Interrupted), false) => Outcome::Skipped,
        (Some(_), false) => Outcome::Failed,
    };
}
