//! One step: look, write the intent down, act, write down what was observed.

use std::collections::{HashMap, HashSet};

use adrecover_core::directory::Refusal;
use adrecover_core::plan::{Action, Carried, ObjectPlan, Plan, Step};
use adrecover_core::report::{Failure, Status};
use adrecover_core::{Directory, Dn, Entry, ObjectGuid, UserAccountControl};
use secrecy::SecretString;

use crate::audit::AuditEvent;
use crate::create;
use crate::elsewhere::{self, Others};
use crate::execute::{came_back_before, created_before};
use crate::journal::{
    Detail, Event, JournalError, Meta, OperationId, Place, RestoredObject, StepRecord, StepState,
};
use crate::line::{self, TRIES, Trouble, Write};
use crate::look;
use crate::reanimate;
use crate::run::Run;

/// Carries one plan out.
pub(crate) struct Executor<'p, 'r, 'a, D> {
    pub(crate) plan: &'p Plan,
    pub(crate) run: &'r mut Run<'a, D>,
    /// For each object, what was written down about its steps by an earlier run.
    pub(crate) history: Vec<Vec<StepRecord>>,
    pub(crate) meta: Meta,
    /// What was looked up ahead.
    pub(crate) seen: Seen,
    /// Objects that this operation brought back.
    pub(crate) restored: HashSet<ObjectGuid>,
    /// Objects that were created in the place of objects of the plan, by the GUIDs of those.
    pub(crate) created: HashMap<ObjectGuid, ObjectGuid>,
    /// Objects that this operation was to bring back and did not.
    pub(crate) lost: HashSet<ObjectGuid>,
    /// What was seen of other domains.
    pub(crate) others: Others,
    /// Whether nothing of the last object failed but what lies in other domains.
    pub(crate) is_short_elsewhere: bool,
}

/// What was looked up ahead, for many objects with one search. Forgotten when the connection is lost.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The objects to restore.
    pub(crate) entries: HashMap<ObjectGuid, Entry>,
    /// Where containers are.
    pub(crate) parents: HashMap<ObjectGuid, Dn>,
    /// Who has an account name, by the name in lower case. A name that was not asked for is not in it.
    pub(crate) names: HashMap<String, Vec<(ObjectGuid, String)>>,
}

/// The object at hand.
pub(crate) struct Subject<'p> {
    pub(crate) index: usize,
    pub(crate) object: &'p ObjectPlan,
    /// Its GUID: that of the plan, or of the object that was created in its place.
    pub(crate) guid: ObjectGuid,
    /// As it was last read, with our own writes put in.
    pub(crate) entry: Option<Entry>,
    pub(crate) password: Option<SecretString>,
    /// Which password was accepted inside the undelete by this process.
    pub(crate) carried: Option<Carried>,
    /// Whether the server took no password inside the undelete.
    pub(crate) bare: bool,
    /// Whether a password was set by this operation.
    pub(crate) has_password: bool,
    /// Whether somebody else brought it back after the plan was made.
    pub(crate) foreign: bool,
    /// Whether it is enabled without a password, as far as is known.
    pub(crate) exposed: bool,
    /// Its DN, as last known.
    pub(crate) dn: String,
}

/// What looking found.
#[derive(Debug)]
pub(crate) enum Look {
    /// This is to be written.
    Do(Box<Work>),
    /// An earlier write of this operation did it along.
    Satisfied,
    /// The directory shows it done.
    Unchanged(Option<String>),
    /// Somebody else has changed it since: it stays.
    LeftAlone(String),
    /// It cannot be done.
    Fail(Failure, String),
    /// The directory cannot be read.
    Lost(String),
}

/// A write with what is kept for taking it back.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) write: Write,
    pub(crate) before: Detail,
    pub(crate) after: Detail,
}

/// How a step ended.
#[derive(Debug)]
pub(crate) enum End {
    Done(Option<String>),
    Unchanged(Option<String>),
    LeftAlone(String),
    Failed(Failure, String),
    /// It is done, and the account may be enabled without a password.
    Exposed(String),
    /// Whether it was done is not known: its intent stands in the journal, to be looked at.
    Uncertain(String),
    /// It could not be done in another domain, or not be seen to be: that keeps nothing else from being done.
    Elsewhere(Failure, String),
    /// Somebody has to do it by hand.
    Manual,
}

/// What becomes of a refused write.
pub(crate) enum Refused {
    /// It was done already.
    Unchanged,
    /// Look again: something that it was made of has changed.
    Again,
    /// It is refused.
    Fail(Failure, String),
    /// The directory cannot be read.
    Lost(String),
}

/// How a step stands while it is carried out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    /// Its index.
    pub(crate) step: usize,
    /// Whether an earlier run began it, so that it may have been done.
    pub(crate) inherited: bool,
    /// Whether its intent is written down.
    pub(crate) begun: bool,
    /// How often its write may have been done by this run without an answer.
    pub(crate) unanswered: u32,
    /// How often looking again was worth it after a refusal.
    pub(crate) second_looks: u32,
}

impl Turn {
    /// Whether its write may have been done already, so that the directory has to be read afresh.
    pub(crate) fn may_be_done(&self) -> bool {
        self.inherited || self.unanswered > 0
    }
}

impl<'p, 'r, 'a, D> Executor<'p, 'r, 'a, D> {
    /// Nothing is looked at yet.
    pub(crate) fn new(
        plan: &'p Plan,
        run: &'r mut Run<'a, D>,
        history: Vec<Vec<StepRecord>>,
        meta: Meta,
    ) -> Self {
        let (restored, created) = (came_back_before(plan, &history), created_before(plan, &history));
        Self {
            plan,
            run,
            history,
            meta,
            seen: Seen::default(),
            restored,
            created,
            lost: HashSet::new(),
            others: Others::default(),
            is_short_elsewhere: false,
        }
    }
}

impl<'p, D: Directory> Executor<'p, '_, '_, D> {
    /// Carries one step out. An error is the journal's: nothing more may be written to the directory.
    pub(crate) async fn step(
        &mut self,
        subject: &mut Subject<'p>,
        index: usize,
    ) -> Result<End, JournalError> {
        let step = &subject.object.steps[index];
        if step.action.is_by_hand() {
            return Ok(End::Manual);
        }
        if step.already {
            self.record(subject, index, Event::Unchanged, &Detail::default())?;
            return Ok(End::Unchanged(None));
        }
        if let Some(end) = elsewhere::step(self, subject, index).await? {
            return Ok(end);
        }
        let inherited = self.history[subject.index][index].state == StepState::Started;
        let mut turn = Turn { step: index, inherited, begun: inherited, unanswered: 0, second_looks: 0 };
        // What was done before is written down before anything else happens; with this step's intent, where nothing does
        // in between.
        if !self.is_foreseen(subject, step, turn) {
            self.run.journal.commit()?;
        }
        loop {
            let work = match self.look(subject, step, turn).await {
                Look::Do(work) => work,
                other => return self.end_without_write(subject, turn, other).await,
            };
            if !turn.begun {
                self.record(subject, index, Event::Started, &work.before)?;
                turn.begun = true;
            }
            match line::send(self.run.directory, self.run.progress, &work.write).await {
                Ok(()) => return self.succeed(subject, turn, *work).await,
                Err(Trouble::Unknown(reason)) => {
                    self.seen = Seen::default();
                    subject.entry = None;
                    turn.unanswered += 1;
                    if turn.unanswered >= TRIES {
                        return Ok(End::Uncertain(reason));
                    }
                }
                Err(Trouble::Lost(reason)) => return Ok(End::Uncertain(reason)),
                Err(Trouble::Bad(reason)) => return self.fail(subject, turn, Failure::Other, reason),
                Err(Trouble::Refused(refusal)) => {
                    match self.refused(subject, step, turn, &work, &refusal).await {
                        Refused::Again if turn.second_looks < 2 => turn.second_looks += 1,
                        Refused::Again => {
                            return self.fail(subject, turn, look::failure(&refusal), refusal.to_string());
                        }
                        Refused::Unchanged => {
                            return self.end_without_write(subject, turn, Look::Unchanged(None)).await;
                        }
                        Refused::Fail(failure, message) => {
                            return self.fail(subject, turn, failure, message);
                        }
                        Refused::Lost(reason) => return Ok(End::Uncertain(reason)),
                    }
                }
            }
        }
    }

    async fn look(&mut self, subject: &mut Subject<'p>, step: &'p Step, turn: Turn) -> Look {
        match &step.action {
            Action::Reanimate { .. } => reanimate::look(self, subject, step, turn).await,
            Action::Create { .. } => create::look(self, subject, step, turn).await,
            _ => look::look(self, subject, step, turn).await,
        }
    }

    async fn refused(
        &mut self,
        subject: &mut Subject<'p>,
        step: &'p Step,
        turn: Turn,
        work: &Work,
        refusal: &Refusal,
    ) -> Refused {
        match &step.action {
            Action::Reanimate { .. } => reanimate::refused(subject, turn, work, refusal),
            Action::Create { .. } => create::refused(turn, refusal),
            _ => look::refused(self, subject, step, turn, refusal).await,
        }
    }

    /// The end of a step whose write was answered with success.
    pub(crate) async fn succeed(
        &mut self,
        subject: &mut Subject<'p>,
        turn: Turn,
        work: Work,
    ) -> Result<End, JournalError> {
        let step = &subject.object.steps[turn.step];
        let mut after = work.after;
        let trouble = match step.action {
            Action::Reanimate { .. } => reanimate::came_back(self, subject, step, turn, &mut after).await,
            Action::Create { .. } => match create::made(self, subject, &mut after).await {
                Ok(()) => None,
                // It is there, and what it is called by cannot be read: what follows cannot be done.
                Err(reason) => return Ok(End::Uncertain(reason)),
            },
            _ => {
                look::note(subject, &work.write, &step.action);
                None
            }
        };
        if let Action::Move { to } = &step.action {
            self.seen.parents.insert(subject.object.guid, to.clone());
        }
        self.audit(subject, step, Status::Done);
        self.finish(subject, turn, &after)?;
        Ok(match trouble {
            Some(message) => End::Exposed(message),
            None => End::Done(after.message),
        })
    }

    /// The end of a step that needed no write, or none any more.
    pub(crate) async fn end_without_write(
        &mut self,
        subject: &mut Subject<'p>,
        turn: Turn,
        look: Look,
    ) -> Result<End, JournalError> {
        let index = turn.step;
        match look {
            Look::Do(_) => Ok(End::Uncertain(String::new())),
            Look::Satisfied => {
                if !turn.begun {
                    self.record(subject, index, Event::Started, &Detail::default())?;
                }
                self.record(subject, index, Event::Succeeded, &Detail::default())?;
                if let Action::SetPassword { .. } = subject.object.steps[index].action {
                    subject.has_password = true;
                }
                Ok(End::Done(None))
            }
            // Nobody answered, and now it is there: it was us.
            Look::Unchanged(_) if turn.may_be_done() => {
                let step = &subject.object.steps[index];
                let mut after = Detail::message("the answer was lost; the directory shows it done");
                let mut trouble = None;
                match step.action {
                    Action::Reanimate { .. } => {
                        trouble = reanimate::came_back(self, subject, step, turn, &mut after).await;
                    }
                    Action::Create { .. } => {
                        if let Err(reason) = create::made(self, subject, &mut after).await {
                            return Ok(End::Uncertain(reason));
                        }
                    }
                    _ => {}
                }
                self.audit(subject, step, Status::Done);
                self.finish(subject, turn, &after)?;
                Ok(trouble.map_or(End::Done(None), End::Exposed))
            }
            Look::Unchanged(message) => {
                let detail = Detail { message: message.clone(), ..Detail::default() };
                self.record(subject, index, Event::Unchanged, &detail)?;
                subject.foreign |= matches!(subject.object.steps[index].action, Action::Reanimate { .. });
                Ok(End::Unchanged(message))
            }
            Look::LeftAlone(message) => {
                let event = if turn.begun { Event::Failed } else { Event::Skipped };
                self.record(subject, index, event, &Detail::message(&message))?;
                Ok(End::LeftAlone(message))
            }
            Look::Fail(failure, message) => self.fail(subject, turn, failure, message),
            Look::Lost(reason) if turn.begun => Ok(End::Uncertain(reason)),
            Look::Lost(reason) => self.fail(subject, turn, Failure::Unreachable, reason),
        }
    }

    pub(crate) fn fail(
        &mut self,
        subject: &Subject<'p>,
        turn: Turn,
        failure: Failure,
        message: String,
    ) -> Result<End, JournalError> {
        if turn.begun {
            self.audit(subject, &subject.object.steps[turn.step], Status::Failed);
        }
        self.record(subject, turn.step, Event::Failed, &Detail::message(&message))?;
        Ok(End::Failed(failure, message))
    }

    /// Notes success, and for an object that came back also where it is.
    fn finish(&mut self, subject: &Subject<'p>, turn: Turn, after: &Detail) -> Result<(), JournalError> {
        let restored = match subject.object.steps[turn.step].action {
            Action::Reanimate { .. } | Action::Create { .. } => {
                Some(RestoredObject::new(subject.object, subject.guid, &subject.dn))
            }
            _ => None,
        };
        let place = self.place(subject, turn.step);
        self.run.journal.note_success(place, restored.as_ref(), after, (self.run.clock)())?;
        Ok(())
    }

    /// Whether the directory need not be asked before the step's intent is written down.
    fn is_foreseen(&self, subject: &Subject<'p>, step: &Step, turn: Turn) -> bool {
        match &step.action {
            _ if turn.may_be_done() => false,
            Action::Reanimate { .. } => reanimate::is_foreseen(self, subject, step),
            Action::Create { .. }
            | Action::AddToGroup { .. }
            | Action::RemoveFromGroup { .. }
            | Action::AddLinks { .. }
            | Action::RemoveLinks { .. } => false,
            _ => subject.entry.is_some(),
        }
    }

    pub(crate) fn record(
        &self,
        subject: &Subject<'p>,
        step: usize,
        event: Event,
        detail: &Detail,
    ) -> Result<(), JournalError> {
        let at = (self.run.clock)();
        self.run.journal.record(self.place(subject, step), event, detail, at).map(|_| ())
    }

    fn place(&self, subject: &Subject<'p>, step: usize) -> Place {
        let operation: OperationId = self.run.operation;
        Place { operation, object: subject.index, guid: subject.guid, step }
    }

    pub(crate) fn audit(&self, subject: &Subject<'p>, step: &Step, outcome: Status) {
        self.run.audit.record(&AuditEvent {
            bind_identity: &self.meta.bind_identity,
            os_user: &self.meta.os_user,
            server: step.action.other_domain().unwrap_or(&self.plan.server),
            operation: self.run.operation,
            guid: subject.guid,
            dn: &subject.dn,
            step: step.action.name(),
            outcome,
            reason: self.meta.reason.as_deref(),
        });
    }

    /// Records that an account was disabled for safety, which is no step of the plan.
    fn audit_safety(&self, subject: &Subject<'p>) {
        let step = Step {
            action: Action::Disable,
            why: String::new(),
            already: false,
            undo: adrecover_core::plan::Undo::Enable,
        };
        self.audit(subject, &step, Status::Done);
    }

    /// Whether somebody else brought the object back, as this run or an earlier one found.
    pub(crate) fn is_foreign(&self, subject: &Subject<'p>) -> bool {
        let records = self.history[subject.index].iter();
        let found = |(step, record): (&Step, &StepRecord)| {
            matches!(step.action, Action::Reanimate { .. })
                && !step.already
                && record.state == StepState::Unchanged
        };
        subject.foreign || subject.object.steps.iter().zip(records).any(found)
    }

    /// Whether an earlier run did a step of this kind to the object.
    pub(crate) fn did(&self, subject: &Subject<'p>, which: impl Fn(&Action) -> bool) -> bool {
        let records = self.history[subject.index].iter();
        subject
            .object
            .steps
            .iter()
            .zip(records)
            .any(|(s, r)| which(&s.action) && r.state == StepState::Succeeded)
    }

    /// Whether this operation brought the account back and the server took no password inside the undelete, and none was
    /// set since.
    pub(crate) fn came_bare(&self, subject: &Subject<'p>) -> bool {
        let planned =
            |a: &Action| matches!(a, Action::Reanimate { password, .. } if *password != Carried::None);
        let earlier = || {
            let records = self.history[subject.index].iter();
            let mut pairs = subject.object.steps.iter().zip(records);
            pairs.any(|(s, r)| planned(&s.action) && r.after.carried == Some(Carried::None))
        };
        let set = subject.has_password || self.did(subject, |a| matches!(a, Action::SetPassword { .. }));
        let bare =
            subject.carried == Some(Carried::None) && subject.object.steps.iter().any(|s| planned(&s.action));
        !set && (bare || earlier())
    }

    /// Looks whether the account is enabled and disables it: for one that came back without a password.
    pub(crate) async fn make_safe(&mut self, subject: &mut Subject<'p>) -> Result<(), String> {
        subject.exposed = true;
        let mut problem = String::new();
        for _ in 0..TRIES {
            subject.entry = None;
            let uac = match look::read(self, subject).await {
                Ok(entry) => entry.and_then(|e| e.uac()),
                Err(trouble) => {
                    problem = look::describe(&trouble);
                    continue;
                }
            };
            let Some(uac) = uac else { return Err("userAccountControl cannot be read".to_owned()) };
            if !uac.is_enabled() {
                subject.exposed = false;
                return Ok(());
            }
            let work = look::set_uac(subject, uac, uac.with(UserAccountControl::DISABLED));
            match line::send(self.run.directory, self.run.progress, &work.write).await {
                Ok(()) => {
                    look::note(subject, &work.write, &Action::Disable);
                    self.audit_safety(subject);
                }
                Err(trouble) => problem = look::describe(&trouble),
            }
            if !subject.exposed {
                return Ok(());
            }
        }
        Err(problem)
    }
}
