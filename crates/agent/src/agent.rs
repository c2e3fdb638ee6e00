//! The loop: connect, read what changed, wait until something changes, read again.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use adrecover_core::change::ChangesError;
use adrecover_journal::{JournalError, JournalStatus};
use tokio::time::{Instant, sleep};

use crate::alert::{self, Alert, AlertKind, Guard};
use crate::backoff::Backoff;
use crate::book::{Book, NotOpen, Opened};
use crate::ears::Ears;
use crate::memory::Memory;
use crate::outside::Outside;
use crate::pass::{Anew, Desk, Pass, Trouble};
use crate::post::Channel;
use crate::pulse::Heart;
use crate::shared::{Clock, Shared, Voice};
use crate::stand::Holdings;
use crate::{AgentOptions, Choice, Event, NotConnected, Notifier, Reason, Source, World, prune};

/// How long the same logon is not tried again after it was refused, once and again. Accounts are locked by a few tries in half an
/// hour or so.
const REFUSED: [Duration; 2] = [Duration::from_secs(600), Duration::from_secs(1800)];
/// How often it is looked meanwhile whether there is another password.
const LOOK: Duration = Duration::from_secs(5);
/// How often a single pass connects again.
const ONCE_TRIES: u32 = 3;
/// How long after its start old changes are dropped for the first time.
const SETTLED: Duration = Duration::from_secs(60);
/// How long the delivery of alerts may keep the agent from ending.
const LAST_POST: Duration = Duration::from_secs(5);
/// The same after a single pass, which is not waited for by a service manager.
const ONLY_POST: Duration = Duration::from_secs(30);

/// What an agent is given besides its [`World`].
pub struct Setup {
    /// What time it is. It may be set while the agent runs: it is for what is written down, and nothing is measured with it.
    pub clock: Clock,
    /// Who hears what happens.
    pub voice: Voice,
    /// By which alerts go out.
    pub channels: Vec<Channel>,
    /// Where health and metrics are told.
    pub listen: Option<SocketAddr>,
    /// The service manager.
    pub notifier: Notifier,
    /// How long a server may be waited for before the agent counts as stuck.
    pub patience: Duration,
}

/// Why an agent ended by itself.
#[derive(Debug)]
pub enum Ended {
    /// It made its one pass; what is here could not be read.
    Once(Vec<ChangesError>),
}

/// What a connection came to.
enum Served {
    /// The one pass is over.
    Done(Pass),
    /// The connection is gone.
    Lost(ChangesError),
}

/// An agent: it keeps the change journal of a forest.
#[derive(Debug)]
pub struct Agent<'w, W: World> {
    world: &'w mut W,
    options: AgentOptions,
    shared: Arc<Shared>,
    outside: Outside,
    book: Book,
    guard: Guard,
    /// Since when the domain controller that was read last has not answered.
    away: Option<Instant>,
    /// The names of attributes that were said already.
    said: BTreeSet<String>,
    anew: Anew,
    upkeep_at: Instant,
    is_ready: bool,
    _heart: Option<Heart>,
}

impl<'w, W: World> Agent<'w, W> {
    /// An agent that does not run yet.
    pub fn new(world: &'w mut W, options: AgentOptions, setup: Setup) -> std::io::Result<Self> {
        let names = setup.channels.iter().map(Channel::name).collect();
        let shared = Shared::new(setup.clock, setup.voice, setup.notifier, names);
        let outside = Outside::begin(&shared, setup.channels, setup.listen, &options.alerts, options.once)?;
        let heart = Heart::begin(&shared, options.interval + setup.patience);
        Ok(Self {
            world,
            guard: Guard::new(&options.alerts),
            anew: if options.full { Anew::AllBut(BTreeSet::new()) } else { Anew::None },
            upkeep_at: Instant::now() + SETTLED.min(options.upkeep),
            options,
            shared,
            outside,
            book: Book::default(),
            away: None,
            said: BTreeSet::new(),
            is_ready: false,
            _heart: heart,
        })
    }

    /// Runs until it has made its one pass, or for ever. It may be dropped at any moment: whatever is in the journal then holds.
    pub async fn run(&mut self) -> Result<Ended, W::Error> {
        let result = self.go_on().await;
        if self.options.once {
            let alerts = &self.options.alerts;
            alert::look_for_silence(&self.shared, alerts);
        }
        result
    }

    /// Ends it: what waits is delivered, as far as that is possible at once.
    pub fn end(mut self) {
        self.shared.notifier.stopping();
        self.outside.end(if self.options.once { ONLY_POST } else { LAST_POST });
    }

    async fn go_on(&mut self) -> Result<Ended, W::Error> {
        if let Some(forest) = self.world.known_forest() {
            // How old the journal is shall be known even where nobody can be asked.
            let mut backoff = Backoff::default();
            while let Err(error) = self.open(&forest)? {
                self.not_written(error, &mut backoff).await?;
            }
        }
        let (mut tries, mut backoff) = (0, Backoff::default());
        loop {
            let source = self.connect().await?;
            let served = self.serve(source, &mut backoff).await?;
            self.shared.stand().server = None;
            match served {
                Served::Done(pass) => return Ok(Ended::Once(pass.failed)),
                Served::Lost(error) => {
                    tries += 1;
                    if self.options.once && tries >= ONCE_TRIES {
                        return Err(error.into());
                    }
                    let (reason, again) = (Reason::from(&error), backoff.next());
                    self.shared.say(&Event::NotConnected { reason, again });
                    sleep(again).await;
                }
            }
        }
    }

    /// Connects, however long it takes.
    async fn connect(&mut self) -> Result<W::Source, W::Error> {
        let (mut backoff, mut refusals) = (Backoff::default(), 0);
        loop {
            self.shared.pulse.beat();
            let error = match self.world.connect(&self.choice()).await {
                Ok(source) => {
                    self.away = None;
                    let (server, forest) = (source.name(), source.forest());
                    self.shared.stand().server = Some(server.clone());
                    self.shared.say(&Event::Connected { server, forest });
                    return Ok(source);
                }
                Err(error) => error,
            };
            self.away.get_or_insert_with(Instant::now);
            match error {
                NotConnected::Never(error) => return Err(error),
                NotConnected::Later(error) | NotConnected::Refused(error) if self.options.once => {
                    self.shared.stand().trouble = Some(self.world.reason(&error));
                    return Err(error);
                }
                NotConnected::Later(error) => {
                    let (reason, again) = (self.world.reason(&error), backoff.next());
                    self.shared.say(&Event::NotConnected { reason, again });
                    sleep(again).await;
                }
                NotConnected::Refused(error) => {
                    let (reason, again) = (self.world.reason(&error), REFUSED[usize::from(refusals > 0)]);
                    refusals += 1;
                    self.shared.say(&Event::LogonRefused { reason, again });
                    self.other_logon(again).await;
                }
            }
        }
    }

    /// Waits until there is another password, or for so long.
    async fn other_logon(&self, longest: Duration) {
        let end = Instant::now() + longest;
        while Instant::now() < end && !self.world.has_other_logon() {
            self.shared.pulse.beat();
            sleep(LOOK).await;
        }
    }

    /// The domain controller that was read last is waited for: another one has to be read as a whole.
    fn choice(&self) -> Choice {
        let stay = self.options.stay;
        // Of a single pass nobody remembers when the one before failed, but how old the journal is.
        let waits = if self.options.once {
            self.shared.stand().silence() < stay
        } else {
            self.away.is_none_or(|since| since.elapsed() < stay)
        };
        match self.shared.memory().kept.home.clone() {
            None => Choice::Any,
            Some(host) if waits => Choice::Only(host),
            Some(host) => Choice::First(host),
        }
    }

    /// Opens the journal. The outer error ends the agent.
    fn open(&mut self, forest: &str) -> Result<Result<(), JournalError>, W::Error> {
        let opened = match self.book.open(&*self.world, forest, self.shared.now()) {
            Ok(Opened::Already) => return Ok(Ok(())),
            Ok(opened) => opened,
            Err(NotOpen::Later(error)) => return Ok(Err(error)),
            Err(NotOpen::Never(error)) => return Err(error),
        };
        let memory = self.world.memory(forest)?;
        Ok(self.opened(forest, opened, memory))
    }

    fn opened(&mut self, forest: &str, opened: Opened, memory: Option<PathBuf>) -> Result<(), JournalError> {
        let writer = self.book.writer()?;
        let (place, shared) = (writer.journal().place().clone(), &self.shared);
        if let Some(memory) = memory.or_else(|| place.file().map(Memory::path_of))
            && let Err(message) = shared.memory().open(&memory, writer.journal().is_encrypted())
        {
            shared.say(&Event::NotRemembered { reason: message.into() });
        }
        {
            let mut stand = shared.stand();
            stand.forest = Some(forest.to_owned());
            stand.load(&writer.journal().contexts()?, shared.now());
        }
        self.guard.begin(writer.journal(), shared)?;
        let Opened::Anew { to, what } = opened else {
            shared.say(&Event::Opened { place });
            return Ok(());
        };
        shared.stand().counts.set_aside += 1;
        let summary =
            format!("the change journal was damaged ({what}); it is kept as {to}, and a new one was begun");
        shared.say(&Event::SetAside { place, to, what });
        let mut alert = Alert::new(AlertKind::JournalSetAside, forest, shared.now(), &summary);
        alert.next = vec![format!("adrecover agent status{}", self.options.alerts.asking)];
        shared.raise(vec![alert], |_| {});
        Ok(())
    }

    /// Reads and waits as long as the connection lasts. A pass that came to its end resets how long to wait before the next one.
    async fn serve(&mut self, mut source: W::Source, lost: &mut Backoff) -> Result<Served, W::Error> {
        let mut ears = if self.options.once { Ears::none() } else { Ears::of(&self.shared, &source).await };
        self.guard.know(source.controllers().await);
        let mut backoff = Backoff::default();
        loop {
            self.shared.pulse.beat();
            match self.once(&mut source).await? {
                Ok(pass) if self.options.once => {
                    self.prune(&source).await;
                    source.close().await;
                    return Ok(Served::Done(pass));
                }
                Ok(_) => {
                    backoff.reset();
                    lost.reset();
                    if Instant::now() >= self.upkeep_at {
                        self.prune(&source).await;
                        self.book.reopen();
                        self.upkeep_at = Instant::now() + self.options.upkeep;
                    }
                    self.shared.pulse.beat();
                    ears.wait(&self.shared, &self.options, &source).await;
                }
                Err(Trouble::Directory(error)) => return Ok(Served::Lost(error)),
                Err(Trouble::Journal(error)) => {
                    self.book.close(&error);
                    if !error.is_damage() {
                        self.not_written(error, &mut backoff).await?;
                    }
                }
            }
        }
    }

    /// Waits until the journal is tried again; with one pass only it ends there.
    async fn not_written(&self, error: JournalError, backoff: &mut Backoff) -> Result<(), W::Error> {
        if self.options.once {
            return Err(error.into());
        }
        let (reason, again) = (error.to_string().into(), backoff.next());
        self.shared.say(&Event::NotWritten { reason, again });
        sleep(again).await;
        Ok(())
    }

    /// One pass; the outer error ends the agent.
    async fn once(&mut self, source: &mut W::Source) -> Result<Result<Pass, Trouble>, W::Error> {
        if let Err(error) = self.open(&source.forest())? {
            return Ok(Err(error.into()));
        }
        let names: Vec<String> = source.contexts().iter().map(ToString::to_string).collect();
        self.shared.stand().expect(&names);
        if !std::mem::replace(&mut self.is_ready, true) {
            self.shared.notifier.ready();
        }
        let Self { shared, book, guard, said, anew, .. } = self;
        let result = Desk { shared, book, guard, said, anew }.pass(source).await;
        Ok(match result {
            Ok(pass) => self.passed(source, &pass).map(|()| pass).map_err(Trouble::from),
            Err(error) => Err(error),
        })
    }

    /// What is to be done after a pass.
    fn passed(&mut self, source: &W::Source, pass: &Pass) -> Result<(), JournalError> {
        let (shared, host) = (&self.shared, source.host());
        if pass.read > 0 && shared.memory().kept.home.as_deref() != Some(host) {
            shared.remember(|memory| memory.kept.home = Some(host.to_owned()));
        }
        if pass.failed.is_empty() {
            {
                let mut stand = shared.stand();
                (stand.success, stand.trouble) = (Some(shared.now()), None);
            }
            shared.tell(&format!("reading changes of {}", source.name()));
        }
        let journal = self.book.writer()?.journal();
        self.guard.look(journal, shared, self.options.once)?;
        if !self.options.once && shared.stand().is_to_count() {
            let began = Instant::now();
            let JournalStatus { octets, objects, changes, links, .. } = journal.status()?;
            shared.stand().counted(Holdings { octets, objects, changes, links }, began.elapsed());
        }
        Ok(())
    }

    async fn prune(&self, source: &W::Source) {
        let Ok(writer) = self.book.writer() else { return };
        if let Some(event) = prune::prune(writer, source, &self.options, self.shared.now()).await {
            self.shared.say(&event);
        }
    }
}
