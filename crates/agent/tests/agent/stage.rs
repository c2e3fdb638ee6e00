//! A directory that is a list of changes, an agent that reads it, and everything that the agent said.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use adrecover_agent::{
    Agent, AgentOptions, Channel, Choice, CommandChannel, Ended, Event, NotConnected, Notifier, Reading,
    Reason, Setup, Source, Wake, World,
};
use adrecover_core::change::{Batch, ChangesError, Cursor, ObjectChange, Phase, Position};
use adrecover_core::lifetime::DeletionPolicy;
use adrecover_core::time::Timestamp;
use adrecover_core::{Dn, ObjectGuid};
use adrecover_journal::{Journal, JournalError, JournalPlace, Options};
use serde_json::Value;
use tokio::sync::Notify;

use crate::told::{DOMAIN, guid, now};

pub(crate) const FOREST: &str = "contoso.com";
pub(crate) const OTHER: &str = "CN=Configuration,DC=contoso,DC=com";

/// A directory.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    /// What happened in the domain, in order. The first ones are the state when it was first read.
    pub(crate) changes: RefCell<Vec<ObjectChange>>,
    /// The domain controller that answers.
    pub(crate) invocation: Cell<u8>,
    /// What the next reads of the domain answer instead.
    pub(crate) refuse: RefCell<VecDeque<ChangesError>>,
    /// Whether the second naming context cannot be read.
    pub(crate) refuse_other: Cell<bool>,
    /// What the next connections answer instead.
    pub(crate) not_connected: RefCell<VecDeque<NotConnected<Failure>>>,
    /// As long as this is set nobody answers.
    pub(crate) away: Cell<bool>,
    pub(crate) choices: RefCell<Vec<Choice>>,
    pub(crate) other_logon: Cell<bool>,
    pub(crate) max_octets: Cell<Option<u64>>,
    pub(crate) clock: Cell<Option<Timestamp>>,
    /// How often the domain was read, and whether as a whole.
    pub(crate) reads: RefCell<Vec<bool>>,
    pub(crate) woken: Notify,
}

/// What ends an agent.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Self(error.to_string())
    }
}

impl From<ChangesError> for Failure {
    fn from(error: ChangesError) -> Self {
        Self(error.to_string())
    }
}

/// The stage of a test.
pub(crate) struct Stage {
    pub(crate) folder: tempfile::TempDir,
    /// The name of the journal.
    pub(crate) name: &'static str,
    pub(crate) directory: Rc<Directory>,
    pub(crate) events: Arc<Mutex<Vec<Event>>>,
}

pub(crate) struct StageWorld {
    directory: Rc<Directory>,
    path: PathBuf,
}

impl Stage {
    pub(crate) fn new(changes: Vec<ObjectChange>) -> Self {
        let directory = Rc::new(Directory { changes: changes.into(), ..Directory::default() });
        directory.invocation.set(200);
        let name = "changes-contoso.com.db";
        Self { folder: tempfile::tempdir().unwrap(), name, directory, events: Arc::default() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("journal").join(self.name)
    }

    pub(crate) fn journal(&self) -> Journal {
        Journal::open(self.path(), None).unwrap()
    }

    pub(crate) fn world(&self) -> StageWorld {
        StageWorld { directory: Rc::clone(&self.directory), path: self.path() }
    }

    pub(crate) fn setup(&self) -> Setup {
        let events = Arc::clone(&self.events);
        Setup {
            clock: Arc::new(now),
            voice: Arc::new(move |event| events.lock().unwrap().push(event.clone())),
            channels: vec![],
            listen: None,
            notifier: Notifier::default(),
            patience: Duration::from_secs(60),
        }
    }

    /// A program that appends each alert to a file.
    pub(crate) fn channel(&self) -> Channel {
        use std::os::unix::fs::PermissionsExt;
        let (program, out) = (self.folder.path().join("tell"), self.folder.path().join("alerts"));
        std::fs::write(&program, format!("#!/bin/sh\n(cat; echo) >> {}\n", out.display())).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        Channel::Command(CommandChannel::new(program, vec![]))
    }

    /// What was delivered.
    pub(crate) fn alerts(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join("alerts")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub(crate) fn said(&self, is_it: impl Fn(&Event) -> bool) -> usize {
        self.events.lock().unwrap().iter().filter(|event| is_it(event)).count()
    }

    /// One pass.
    pub(crate) fn once(&self, options: AgentOptions) -> Result<Ended, Failure> {
        self.pass(options, self.setup())
    }

    pub(crate) fn pass(&self, options: AgentOptions, setup: Setup) -> Result<Ended, Failure> {
        let mut world = self.world();
        let options = AgentOptions { once: true, ..options };
        run(async {
            let mut agent = Agent::new(&mut world, options, setup).unwrap();
            let result = agent.run().await;
            agent.end();
            result
        })
    }

    /// Runs an agent until something holds, and then a little longer for what must not happen; for ten seconds at most.
    #[track_caller]
    pub(crate) fn until(&self, options: AgentOptions, setup: Setup, holds: impl FnMut() -> bool) {
        if let Err(failure) = self.try_until(options, setup, holds) {
            panic!("it ended: {failure:?}; it said {:#?}", self.events.lock().unwrap());
        }
    }

    pub(crate) fn try_until(
        &self,
        options: AgentOptions,
        setup: Setup,
        mut holds: impl FnMut() -> bool,
    ) -> Result<(), Failure> {
        let mut world = self.world();
        run(async {
            let mut agent = Agent::new(&mut world, options, setup).unwrap();
            let watch = async {
                for _ in 0..400 {
                    if holds() {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(25)).await;
                }
                panic!("it did not come to that; it said {:#?}", self.events.lock().unwrap());
            };
            let ended = tokio::select! {
                ended = agent.run() => Err(ended.unwrap_err()),
                () = watch => Ok(()),
            };
            agent.end();
            ended
        })
    }
}

pub(crate) fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// An agent that looks often.
pub(crate) fn quick() -> AgentOptions {
    AgentOptions {
        interval: Duration::from_millis(100),
        collect: Duration::from_millis(10),
        ..AgentOptions::default()
    }
}

pub(crate) fn failure(text: &str) -> Failure {
    Failure(text.to_owned())
}

impl World for StageWorld {
    type Source = StageSource;
    type Error = Failure;

    async fn connect(&mut self, choice: &Choice) -> Result<StageSource, NotConnected<Failure>> {
        self.directory.choices.borrow_mut().push(choice.clone());
        if let Some(error) = self.directory.not_connected.borrow_mut().pop_front() {
            return Err(error);
        }
        if self.directory.away.get() {
            return Err(NotConnected::Later(failure("nobody answers")));
        }
        Ok(StageSource(Rc::clone(&self.directory)))
    }

    fn has_other_logon(&self) -> bool {
        self.directory.other_logon.get()
    }

    fn reason(&self, error: &Failure) -> Reason {
        error.0.clone().into()
    }

    fn journal(&self, _: &str) -> Result<(JournalPlace, Options), Failure> {
        Ok(((&self.path).into(), Options { key: None, max_octets: self.directory.max_octets.get() }))
    }

    fn known_forest(&self) -> Option<String> {
        self.path.exists().then(|| FOREST.to_owned())
    }
}

pub(crate) struct StageSource(Rc<Directory>);

impl StageSource {
    fn cursor(&self, after: usize) -> Cursor {
        let position = Position::Usn { after: after as u64, full: None };
        Cursor { context: guid(100), invocation: guid(self.0.invocation.get()), usn: after as u64, position }
    }
}

impl Source for StageSource {
    type Reading<'a> = StageReading;
    type Wake = StageWake;

    fn host(&self) -> &str {
        if self.0.invocation.get() == 200 { "dc1" } else { "dc2" }
    }

    fn name(&self) -> String {
        self.host().to_owned()
    }

    fn forest(&self) -> String {
        FOREST.to_owned()
    }

    async fn clock(&self) -> Option<Timestamp> {
        self.0.clock.get()
    }

    fn contexts(&self) -> Vec<Dn> {
        [DOMAIN, OTHER].map(|dn| dn.parse().unwrap()).to_vec()
    }

    async fn controllers(&self) -> Vec<(ObjectGuid, String)> {
        vec![(guid(200), "DC1".to_owned())]
    }

    async fn policy(&self) -> Option<DeletionPolicy> {
        None
    }

    async fn read(&mut self, context: &Dn, from: Option<&Cursor>) -> Result<StageReading, ChangesError> {
        tokio::task::yield_now().await;
        let is_domain = context.to_string() == DOMAIN;
        if !is_domain && self.0.refuse_other.get() {
            return Err(ChangesError::RightMissing { context: context.clone() });
        }
        if is_domain && let Some(error) = self.0.refuse.borrow_mut().pop_front() {
            return Err(error);
        }
        let is = guid(self.0.invocation.get());
        if let Some(was) = from.map(|cursor| cursor.invocation).filter(|was| *was != is) {
            return Err(ChangesError::OtherServer { server: self.name(), was, is });
        }
        let changes = self.0.changes.borrow();
        let first = match from.map(|cursor| &cursor.position) {
            Some(Position::Usn { after, .. }) => *after as usize,
            _ => 0,
        };
        if is_domain {
            self.0.reads.borrow_mut().push(from.is_none());
        }
        let phase = if from.is_none() { Phase::Full } else { Phase::Following };
        let objects = if is_domain { changes[first..].to_vec() } else { vec![] };
        Ok(StageReading(Some(Batch {
            naming_context: context.clone(),
            phase,
            is_first: from.is_none(),
            objects,
            cursor: Some(self.cursor(changes.len())),
            is_last: true,
        })))
    }

    async fn wake(&self) -> Result<StageWake, Reason> {
        Ok(StageWake(Rc::clone(&self.0), true))
    }

    async fn close(self) {}
}

pub(crate) struct StageReading(Option<Batch>);

impl Reading for StageReading {
    async fn next(&mut self) -> Result<Option<Batch>, ChangesError> {
        Ok(self.0.take())
    }
}

pub(crate) struct StageWake(Rc<Directory>, bool);

impl Wake for StageWake {
    async fn wait(&mut self) -> Result<(), Reason> {
        if !std::mem::take(&mut self.1) {
            self.0.woken.notified().await;
        }
        Ok(())
    }
}
