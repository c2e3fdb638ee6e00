//! What comes before and after the directory: the synchronisation is held, and later let go and run, and the cloud users come
//! back.
//!
//! Stage by stage, each for all objects, because the synchronisation is one for all. What is not so yet stops it: the operation
//! waits then, for days if need be, and [`follow`] goes on with it. What a person does cannot be seen; what follows from it can, in
//! the cloud.

use std::collections::HashSet;

use adrecover_core::Directory;
use adrecover_core::plan::{Action, Plan};
use adrecover_core::recovery::{Hand, Stage};
use adrecover_core::report::{Failure, ObjectReport, Outcome, Status, StepReport};

use crate::beyond::{Act, Beyond, Sight};
use crate::execute::{came_back_before, created_before, subject};
use crate::journal::{Detail, Event, JournalError, StepState};
use crate::run::Run;
use crate::step::{End, Executor, Seen};

/// How often what was just done is looked for before it counts as not done.
const LOOKS: u32 = 5;

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// Everything is done.
    Whole,
    /// Something is still to come.
    Waiting,
}

/// Holds the synchronisation, where the plan has a command for that. An error of the outer kind means that the journal could not
/// be written, one of the inner kind that it is not held: then nothing may be restored.
pub async fn hold<D: Directory>(
    plan: &Plan,
    run: &mut Run<'_, D>,
    beyond: &mut dyn Beyond<D>,
) -> Result<Result<(), String>, JournalError> {
    let mut following = Following::new(plan, run, beyond)?;
    for (object, step) in following.of_stage(Stage::Hold) {
        let action = &plan.objects[object].steps[step].action;
        if following.executor.history[object][step].state.is_done() || !following.beyond.does(action) {
            continue;
        }
        if let Turn::Failed(_, message) | Turn::Open(message) | Turn::Late(message) =
            following.act(object, step).await?
        {
            return Ok(Err(message));
        }
    }
    Ok(Ok(()))
}

/// Goes through what comes after the directory, as far as it gets, and puts it into the reports.
pub async fn follow<D: Directory>(
    plan: &Plan,
    reports: &mut [ObjectReport],
    run: &mut Run<'_, D>,
    beyond: &mut dyn Beyond<D>,
) -> Result<Followed, JournalError> {
    let mut following = Following::new(plan, run, beyond)?;
    following.tell_history(reports);
    if let Some(name) = unfinished(reports) {
        let why = format!("not begun: {name} is not restored as planned");
        following.leave(Stage::Gate, reports, &why);
        return Ok(Followed::Waiting);
    }
    if following.has_looked() && following.arrivals(reports).await? {
        following.leave(Stage::Cloud, reports, "not begun: what comes before it is open");
        return Ok(Followed::Waiting);
    }
    for stage in Stage::AFTERWARDS {
        match following.stage(stage, reports).await? {
            Reached::End => {}
            Reached::NotYet if following.is_over(stage, reports) => return Ok(Followed::Whole),
            Reached::NotYet => return Ok(Followed::Waiting),
        }
    }
    following.executor.run.journal.commit()?;
    Ok(Followed::Whole)
}

/// An object that was to be restored and was not, or not wholly: the synchronisation must not see it so.
fn unfinished(reports: &[ObjectReport]) -> Option<&str> {
    let is_half = |report: &&ObjectReport| {
        let touched = report.steps.iter().any(|s| matches!(s.status, Status::Done | Status::Failed));
        report.failure == Some(Failure::Interrupted)
            || (touched
                && (!matches!(report.outcome, Outcome::Restored | Outcome::AlreadyRestored)
                    || report.verified == Some(false)))
    };
    reports.iter().find(is_half).map(|report| report.name.as_str())
}

enum Reached {
    End,
    NotYet,
}

/// How one step ended.
enum Turn {
    Done(Option<String>),
    Unchanged(Option<String>),
    /// It is to come: later, or by somebody else.
    Open(String),
    /// It was waited for, and did not come in time.
    Late(String),
    Failed(Failure, String),
}

struct Following<'p, 'r, 'a, 'b, D> {
    executor: Executor<'p, 'r, 'a, D>,
    beyond: &'b mut dyn Beyond<D>,
}

impl<'p, 'r, 'a, 'b, D: Directory> Following<'p, 'r, 'a, 'b, D> {
    fn new(
        plan: &'p Plan,
        run: &'r mut Run<'a, D>,
        beyond: &'b mut dyn Beyond<D>,
    ) -> Result<Self, JournalError> {
        let operation = run.journal.load(&run.operation.to_string())?;
        let restored = came_back_before(plan, &operation.steps);
        let created = created_before(plan, &operation.steps);
        let executor = Executor {
            plan,
            run,
            history: operation.steps,
            meta: operation.summary.meta,
            seen: Seen::default(),
            restored,
            created,
            lost: HashSet::new(),
        };
        Ok(Self { executor, beyond })
    }

    /// The steps of a stage that are not done by this or an earlier run.
    fn of_stage(&self, stage: Stage) -> Vec<(usize, usize)> {
        let mut out = vec![];
        for (object, planned) in self.executor.plan.objects.iter().enumerate() {
            let counts = planned.blocked_by.is_empty() && planned.skipped.is_none();
            for (step, planned) in planned.steps.iter().enumerate().filter(|_| counts) {
                if planned.action.stage() == stage {
                    out.push((object, step));
                }
            }
        }
        out
    }

    /// What an earlier run did.
    fn tell_history(&self, reports: &mut [ObjectReport]) {
        for ((object, records), report) in
            self.executor.plan.objects.iter().zip(&self.executor.history).zip(reports)
        {
            for ((step, record), line) in object.steps.iter().zip(records).zip(&mut report.steps) {
                if step.action.is_beyond() && record.state.is_done() {
                    let looks = matches!(step.action, Action::Preflight | Action::Wait { .. });
                    line.status = match record.state {
                        StepState::Unchanged if !looks => Status::Unchanged,
                        _ => Status::Done,
                    };
                    line.message = record.after.message.clone().or(line.message.take());
                }
            }
        }
    }

    /// Says of everything from a stage on why it was not begun.
    fn leave(&self, from: Stage, reports: &mut [ObjectReport], why: &str) {
        for stage in Stage::AFTERWARDS.into_iter().filter(|stage| *stage >= from) {
            for (object, step) in self.of_stage(stage) {
                let action = &self.executor.plan.objects[object].steps[step].action;
                let line = &mut reports[object].steps[step];
                if !action.is_by_hand() && !matches!(line.status, Status::Done | Status::Unchanged) {
                    line.status = Status::Planned;
                    line.message = Some(why.to_owned());
                }
            }
        }
    }

    async fn stage(&mut self, stage: Stage, reports: &mut [ObjectReport]) -> Result<Reached, JournalError> {
        let mut open = false;
        for (object, step) in self.of_stage(stage) {
            let planned = &self.executor.plan.objects[object];
            let action = &planned.steps[step].action;
            // A gate that was passed is looked through again as long as nothing came of it, and is behind us then.
            let is_done = match stage {
                Stage::Gate => self.has_arrived(),
                _ => self.executor.history[object][step].state.is_done(),
            };
            let by_person = action.is_by_hand() || (is_command(action) && !self.beyond.does(action));
            if is_done || by_person {
                if is_done && !by_person && !self.executor.history[object][step].state.is_done() {
                    let moot = "not looked through: the cloud user is back already".to_owned();
                    self.record(object, step, Event::Unchanged, Some(&moot))?;
                    tell(&mut reports[object].steps[step], Status::Unchanged, Some(moot));
                }
                continue;
            }
            if (self.executor.run.stop)() {
                reports[object].failure = Some(Failure::Interrupted);
                reports[object].message = Some("interrupted; what is done stays done".to_owned());
                self.leave(stage, reports, "not reached: interrupted");
                return Ok(Reached::NotYet);
            }
            self.executor.run.progress.object_started(object, planned);
            let turn = self.turn(object, step).await?;
            let line = &mut reports[object].steps[step];
            match turn {
                Turn::Done(message) => tell(line, Status::Done, message),
                Turn::Unchanged(message) => tell(line, Status::Unchanged, message),
                Turn::Open(message) => {
                    tell(line, Status::Planned, Some(message));
                    open = true;
                }
                Turn::Late(message) => {
                    tell(line, Status::Planned, Some(message.clone()));
                    reports[object].failure.get_or_insert(Failure::Other);
                    reports[object].message.get_or_insert(message);
                    open = true;
                }
                Turn::Failed(failure, message) => {
                    tell(line, Status::Failed, Some(message.clone()));
                    reports[object].failure.get_or_insert(failure);
                    reports[object].message.get_or_insert(message);
                    open = true;
                }
            }
        }
        if open {
            let later = Stage::AFTERWARDS.into_iter().find(|later| *later > stage);
            if let Some(later) = later {
                self.leave(later, reports, "not begun: what comes before it is open");
            }
            return Ok(Reached::NotYet);
        }
        Ok(Reached::End)
    }

    /// Whether a stage that is open is the last one in which this program has a part: then it is for people to go on.
    fn is_over(&self, stage: Stage, reports: &[ObjectReport]) -> bool {
        let later = Stage::AFTERWARDS.into_iter().filter(|later| *later > stage);
        let mut steps = later.flat_map(|later| self.of_stage(later));
        let acts = steps.any(|(object, step)| {
            let action = &self.executor.plan.objects[object].steps[step].action;
            !action.is_by_hand() && (!is_command(action) || self.beyond.does(action))
        });
        stage == Stage::Gate && !acts && reports.iter().all(|report| report.failure.is_none())
    }

    /// Whether an earlier run has looked at the gates: the synchronisation may have been run since, whatever they said.
    fn has_looked(&self) -> bool {
        let mut gates = self.of_stage(Stage::Gate).into_iter().filter(|(object, step)| {
            self.executor.plan.objects[*object].steps[*step].action == Action::Preflight
        });
        gates.all(|(object, step)| self.executor.history[object][step].state != StepState::Fresh)
    }

    /// Looks at once whether the cloud users are back. Whether one of them is otherwise than it should be.
    async fn arrivals(&mut self, reports: &mut [ObjectReport]) -> Result<bool, JournalError> {
        let mut is_wrong = false;
        for (object, step) in self.of_stage(Stage::Arrival) {
            if self.executor.history[object][step].state.is_done() {
                continue;
            }
            let line = &mut reports[object].steps[step];
            match self.sight(object, step).await {
                Sight::So(message) => {
                    self.record(object, step, Event::Unchanged, message.as_deref())?;
                    self.executor.history[object][step].state = StepState::Unchanged;
                    tell(line, Status::Done, message);
                }
                Sight::Otherwise(message) => {
                    self.record(object, step, Event::Failed, Some(&message))?;
                    tell(line, Status::Failed, Some(message.clone()));
                    reports[object].failure.get_or_insert(Failure::Blocked);
                    reports[object].message.get_or_insert(message);
                    is_wrong = true;
                }
                Sight::NotYet(_) | Sight::Unknown(_) => {}
            }
        }
        Ok(is_wrong)
    }

    /// Whether the synchronisation has shown a result already.
    fn has_arrived(&self) -> bool {
        let mut arrivals = self.of_stage(Stage::Arrival).into_iter().peekable();
        arrivals.peek().is_some()
            && arrivals.all(|(object, step)| self.executor.history[object][step].state.is_done())
    }

    async fn turn(&mut self, object: usize, step: usize) -> Result<Turn, JournalError> {
        match &self.executor.plan.objects[object].steps[step].action {
            Action::Preflight => self.gate(object, step).await,
            Action::Wait { .. } => self.wait(object, step).await,
            Action::ReleaseSync { hand: Hand::Attribute { .. }, .. } => self.release(object, step).await,
            _ => self.act(object, step).await,
        }
    }

    async fn sight(&mut self, object: usize, step: usize) -> Sight {
        let planned = &self.executor.plan.objects[object];
        let action = &planned.steps[step].action;
        self.beyond.look(self.executor.run.directory, planned, action).await
    }

    async fn gate(&mut self, object: usize, step: usize) -> Result<Turn, JournalError> {
        let sight = self.sight(object, step).await;
        let record = |following: &Self, event, message: &str| {
            let state = following.executor.history[object][step].state;
            match state.after(event) {
                Some(_) => following.record(object, step, event, Some(message)),
                None => Ok(()),
            }
        };
        Ok(match sight {
            Sight::So(message) => {
                record(self, Event::Unchanged, message.as_deref().unwrap_or_default())?;
                Turn::Done(message)
            }
            Sight::Otherwise(message) => {
                record(self, Event::Failed, &message)?;
                Turn::Failed(Failure::Blocked, message)
            }
            // It was asked of this program to go on by itself, and it must not.
            Sight::NotYet(message) | Sight::Unknown(message) if self.acts_after(Stage::Gate) => {
                record(self, Event::Failed, &message)?;
                Turn::Failed(Failure::Other, message)
            }
            Sight::NotYet(message) | Sight::Unknown(message) => {
                record(self, Event::Skipped, &message)?;
                Turn::Open(message)
            }
        })
    }

    /// Whether this program is to do something after a stage.
    fn acts_after(&self, stage: Stage) -> bool {
        Stage::AFTERWARDS.into_iter().filter(|later| *later > stage).any(|later| {
            self.of_stage(later).into_iter().any(|(object, step)| {
                let action = &self.executor.plan.objects[object].steps[step].action;
                matches!(action, Action::ReleaseSync { hand: Hand::Attribute { .. }, .. })
                    || (is_command(action) && self.beyond.does(action))
            })
        })
    }

    async fn wait(&mut self, object: usize, step: usize) -> Result<Turn, JournalError> {
        let mut has_waited = false;
        let text = match &self.executor.plan.objects[object].steps[step].action {
            Action::Wait { text, .. } => text,
            _ => "",
        };
        loop {
            let message = match self.sight(object, step).await {
                Sight::So(message) => {
                    self.record(object, step, Event::Unchanged, message.as_deref())?;
                    return Ok(Turn::Done(message));
                }
                Sight::Otherwise(message) => {
                    self.record(object, step, Event::Failed, Some(&message))?;
                    return Ok(Turn::Failed(Failure::Blocked, message));
                }
                Sight::Unknown(message) => return Ok(Turn::Open(format!("{message}: {text}"))),
                Sight::NotYet(message) => message,
            };
            if (self.executor.run.stop)() {
                return Ok(Turn::Open(format!("{message}; interrupted while waiting for it")));
            }
            if !self.beyond.pause(&message).await {
                let message = format!("{message}: {text}");
                return Ok(if has_waited { Turn::Late(message) } else { Turn::Open(message) });
            }
            has_waited = true;
        }
    }

    /// An attribute of the directory is given back.
    async fn release(&mut self, object: usize, step: usize) -> Result<Turn, JournalError> {
        let mut subject = subject(object, &self.executor.plan.objects[object]);
        Ok(match self.executor.step(&mut subject, step).await? {
            End::Done(message) => Turn::Done(message),
            End::Unchanged(message) => Turn::Unchanged(message),
            End::Failed(failure, message) => Turn::Failed(failure, message),
            End::LeftAlone(message) => Turn::Failed(Failure::Stale, message),
            End::Uncertain(message) | End::Exposed(message) => Turn::Failed(Failure::Unreachable, message),
            End::Manual => Turn::Open(String::new()),
        })
    }

    /// Something is done: its intent first, and then it is looked for.
    async fn act(&mut self, object: usize, step: usize) -> Result<Turn, JournalError> {
        let planned = &self.executor.plan.objects[object];
        let action = &planned.steps[step].action;
        let inherited = self.executor.history[object][step].state == StepState::Started;
        match self.sight(object, step).await {
            Sight::So(message) => {
                self.record(object, step, Event::Unchanged, message.as_deref())?;
                return Ok(if inherited { Turn::Done(message) } else { Turn::Unchanged(message) });
            }
            Sight::Otherwise(message) => {
                self.record(object, step, Event::Failed, Some(&message))?;
                return Ok(Turn::Failed(Failure::Blocked, message));
            }
            Sight::Unknown(message) if !is_command(action) => return Ok(Turn::Open(message)),
            Sight::Unknown(_) | Sight::NotYet(_) => {}
        }
        if !inherited {
            self.record(object, step, Event::Started, None)?;
        }
        let message = match self.beyond.act(planned, action).await {
            Act::Done(message) => message,
            Act::Refused(failure, message) => {
                self.audit(object, step, Status::Failed);
                self.record(object, step, Event::Failed, Some(&message))?;
                return Ok(Turn::Failed(failure, message));
            }
            Act::Unsure(message) => {
                return Ok(Turn::Failed(
                    Failure::Unreachable,
                    format!("it may or may not have been done: {message}"),
                ));
            }
        };
        self.audit(object, step, Status::Done);
        if !is_command(action)
            && let Some(missing) = self.look_for(object, step).await
        {
            self.record(object, step, Event::Succeeded, Some(&missing))?;
            return Ok(Turn::Failed(Failure::Other, format!("done, and not seen to be so: {missing}")));
        }
        self.record(object, step, Event::Succeeded, message.as_deref())?;
        Ok(Turn::Done(message))
    }

    /// Looks for what was done until it is seen; why it is not.
    async fn look_for(&mut self, object: usize, step: usize) -> Option<String> {
        let mut looks = 0;
        loop {
            let missing = match self.sight(object, step).await {
                Sight::So(_) => return None,
                Sight::NotYet(text) | Sight::Otherwise(text) | Sight::Unknown(text) => text,
            };
            looks += 1;
            if looks == LOOKS || (self.executor.run.stop)() || !self.beyond.pause(&missing).await {
                return Some(missing);
            }
        }
    }

    fn record(
        &self,
        object: usize,
        step: usize,
        event: Event,
        message: Option<&str>,
    ) -> Result<(), JournalError> {
        let subject = subject(object, &self.executor.plan.objects[object]);
        let detail = message.filter(|text| !text.is_empty()).map(Detail::message).unwrap_or_default();
        self.executor.record(&subject, step, event, &detail)
    }

    fn audit(&self, object: usize, step: usize, outcome: Status) {
        let planned = &self.executor.plan.objects[object];
        self.executor.audit(&subject(object, planned), &planned.steps[step], outcome);
    }
}

fn is_command(action: &Action) -> bool {
    matches!(
        action,
        Action::HoldSync { hand: Hand::Command, .. }
            | Action::ReleaseSync { hand: Hand::Command, .. }
            | Action::RunSync { hand: Hand::Command, .. }
    )
}

fn tell(line: &mut StepReport, status: Status, message: Option<String>) {
    line.status = status;
    if message.is_some() || status != Status::Planned {
        line.message = message;
    }
}
