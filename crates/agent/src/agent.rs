//! The loop: connect, read what changed, wait until something changes, read again.

use std::collections::BTreeSet;
use std::time::Duration;

use adrecover_core::change::ChangesError;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::backoff::Backoff;
use crate::book::{Book, NotOpen};
use crate::pass::{self, Pass, Trouble};
use crate::{AgentOptions, Choice, Event, NotConnected, Reason, Source, Wake, World, prune};

/// How long the same logon is not tried again after it was refused. Accounts are locked by a few tries in half an hour or so.
const REFUSED: Duration = Duration::from_secs(1800);
/// How often it is looked meanwhile whether there is another password.
const LOOK: Duration = Duration::from_secs(5);
/// How long a server that does not tell of changes is not asked to.
const DEAF: Duration = Duration::from_secs(60);
/// How often a single pass connects again.
const ONCE_TRIES: u32 = 3;
/// How often old changes are dropped.
const PRUNE: Duration = Duration::from_secs(24 * 3600);

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
    book: Book,
    /// The host in whose numbers the positions are.
    home: Option<String>,
    /// Since when it has not answered.
    away: Option<Instant>,
    /// The names of attributes that were said already.
    said: BTreeSet<String>,
    prune_at: Instant,
}

impl<'w, W: World> Agent<'w, W> {
    /// An agent that does not run yet.
    pub fn new(world: &'w mut W, options: AgentOptions) -> Self {
        let prune_at = Instant::now() + Duration::from_secs(60);
        let (book, said) = (Book::default(), BTreeSet::new());
        Self { world, options, book, home: None, away: None, said, prune_at }
    }

    /// Runs until it has made its one pass, or for ever. It may be dropped at any moment: whatever is in the journal then holds.
    pub async fn run(&mut self) -> Result<Ended, W::Error> {
        let mut tries = 0;
        loop {
            let source = self.connect().await?;
            match self.serve(source).await? {
                Served::Done(pass) => return Ok(Ended::Once(pass.failed)),
                Served::Lost(error) => {
                    tries += 1;
                    if self.options.once && tries >= ONCE_TRIES {
                        return Err(error.into());
                    }
                    let reason = Reason::from(&error);
                    self.world.say(&Event::NotConnected { reason, again: Duration::from_secs(1) });
                    sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    /// Connects, however long it takes.
    async fn connect(&mut self) -> Result<W::Source, W::Error> {
        let mut backoff = Backoff::default();
        loop {
            let choice = self.choice();
            let error = match self.world.connect(&choice).await {
                Ok(source) => {
                    self.away = None;
                    self.home = Some(source.host().to_owned());
                    let (server, forest) = (source.name(), source.forest());
                    self.world.say(&Event::Connected { server, forest });
                    return Ok(source);
                }
                Err(error) => error,
            };
            self.away.get_or_insert_with(Instant::now);
            match error {
                NotConnected::Never(error) => return Err(error),
                NotConnected::Later(error) | NotConnected::Refused(error) if self.options.once => {
                    return Err(error);
                }
                NotConnected::Later(error) => {
                    let (reason, again) = (self.world.reason(&error), backoff.next());
                    self.world.say(&Event::NotConnected { reason, again });
                    sleep(again).await;
                }
                NotConnected::Refused(error) => {
                    let (reason, again) = (self.world.reason(&error), REFUSED);
                    self.world.say(&Event::LogonRefused { reason, again });
                    self.other_logon(again).await;
                }
            }
        }
    }

    /// Waits until there is another password, or for so long.
    async fn other_logon(&self, longest: Duration) {
        let end = Instant::now() + longest;
        while Instant::now() < end && !self.world.has_other_logon() {
            sleep(LOOK).await;
        }
    }

    /// The domain controller that was read last is waited for: another one has to be read as a whole.
    fn choice(&self) -> Choice {
        let waits = self.away.is_none_or(|since| since.elapsed() < self.options.stay);
        match &self.home {
            None => Choice::Any,
            Some(host) if waits => Choice::Only(host.clone()),
            Some(host) => Choice::First(host.clone()),
        }
    }

    /// Reads and waits as long as the connection lasts.
    async fn serve(&mut self, mut source: W::Source) -> Result<Served, W::Error> {
        let mut ears = if self.options.once { Ears::none() } else { Ears::of(&*self.world, &source).await };
        let mut backoff = Backoff::default();
        loop {
            let error = match self.once(&mut source).await? {
                Ok(pass) if self.options.once => {
                    self.prune(&source).await;
                    source.close().await;
                    return Ok(Served::Done(pass));
                }
                Ok(_) => {
                    backoff.reset();
                    if Instant::now() >= self.prune_at {
                        self.prune(&source).await;
                        self.prune_at = Instant::now() + PRUNE;
                    }
                    ears.wait(&*self.world, &self.options).await;
                    continue;
                }
                Err(Trouble::Directory(error)) => return Ok(Served::Lost(error)),
                Err(Trouble::Journal(error)) => error,
            };
            // Opened anew it is looked through, and set aside where it is damaged.
            self.book.close();
            if error.is_damage() {
                continue;
            }
            if self.options.once {
                return Err(error.into());
            }
            let (reason, again) = (Reason { message: error.to_string(), hint: None }, backoff.next());
            self.world.say(&Event::NotWritten { reason, again });
            sleep(again).await;
        }
    }

    /// One pass; the outer error ends the agent.
    async fn once(&mut self, source: &mut W::Source) -> Result<Result<Pass, Trouble>, W::Error> {
        match self.book.open(&*self.world, &source.forest()) {
            Ok(_) => {}
            Err(NotOpen::Later(error)) => return Ok(Err(error.into())),
            Err(NotOpen::Never(error)) => return Err(error),
        }
        Ok(pass::pass(&*self.world, &self.book, source, &mut self.said).await)
    }

    async fn prune(&self, source: &W::Source) {
        let Ok(writer) = self.book.writer() else { return };
        if let Some(event) = prune::prune(writer, source, &self.options, self.world.now()).await {
            self.world.say(&event);
        }
    }
}

/// What hears of changes.
struct Ears<K> {
    wake: Option<K>,
    /// Until when the server is not asked to tell.
    deaf: Instant,
    said: bool,
}

impl<K: Wake> Ears<K> {
    fn none() -> Self {
        Self { wake: None, deaf: Instant::now(), said: false }
    }

    /// Asks to be told, so that nothing that changes during the first pass is missed.
    async fn of<W: World>(world: &W, source: &W::Source) -> Self
    where
        W::Source: Source<Wake = K>,
    {
        let mut ears = Self::none();
        match source.wake().await {
            Ok(wake) => {
                ears.wake = Some(wake);
                ears.hear(world).await;
            }
            Err(reason) => world.say(&Event::NoWake { reason }),
        }
        ears
    }

    /// Waits until something may have changed, or for as long as the agent waits at most.
    async fn wait<W: World>(&mut self, world: &W, options: &AgentOptions) {
        let end = Instant::now() + options.interval;
        if self.wake.is_none() || Instant::now() < self.deaf {
            return sleep_until(end).await;
        }
        if timeout(options.interval, self.hear(world)).await.is_ok() {
            sleep(options.collect.min(options.interval)).await;
        }
    }

    /// Waits until there is something to hear. What cannot be heard is looked for at once, and then from time to time.
    async fn hear<W: World>(&mut self, world: &W) {
        let Some(wake) = &mut self.wake else { return };
        match wake.wait().await {
            Ok(()) => self.said = false,
            Err(reason) => {
                self.deaf = Instant::now() + DEAF;
                if !std::mem::replace(&mut self.said, true) {
                    world.say(&Event::NoWake { reason });
                }
            }
        }
    }
}
