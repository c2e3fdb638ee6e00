//! The journal that an agent writes: opened, set aside where it is damaged, opened again.

use std::path::Path;
use std::time::Duration;

use adrecover_core::Dn;
use adrecover_core::change::Batch;
use adrecover_core::time::Timestamp;
use adrecover_journal::{ContextStatus, JournalError, Outcome, Writer, set_aside};
use tokio::time::Instant;

use crate::{Event, World};

/// So often in [`A_WHILE`] a journal may be damaged; what comes after that is a disk that fails.
const TIMES: usize = 3;
const A_WHILE: Duration = Duration::from_secs(24 * 3600);

/// The journal that an agent writes; none before the forest is known, and while it cannot be opened.
#[derive(Debug, Default)]
pub(crate) struct Book {
    writer: Option<Writer>,
    /// Whether it could be opened once: what keeps it from being opened then is not how the agent was set up.
    was_open: bool,
    /// When journals were set aside.
    aside: Vec<Instant>,
}

/// Why the journal is not written.
#[derive(Debug)]
pub(crate) enum NotOpen<E> {
    /// It may be otherwise later.
    Later(JournalError),
    /// It has to be seen to.
    Never(E),
}

impl Book {
    /// Opens it where it is not open. One that is damaged is set aside, and a new one begun.
    pub(crate) fn open<W: World>(&mut self, world: &W, forest: &str) -> Result<&Writer, NotOpen<W::Error>> {
        if self.writer.is_none() {
            self.writer = Some(self.opened(world, forest)?);
            self.was_open = true;
        }
        // It was just put there.
        self.writer.as_ref().ok_or_else(|| NotOpen::Never(closed().into()))
    }

    fn opened<W: World>(&mut self, world: &W, forest: &str) -> Result<Writer, NotOpen<W::Error>> {
        let (path, options) = world.journal(forest).map_err(NotOpen::Never)?;
        let error = match Writer::open(&path, forest, &options) {
            Ok(writer) => {
                world.say(&Event::Opened { path });
                return Ok(writer);
            }
            Err(error) => error,
        };
        if !error.is_damage() {
            return Err(if self.may_pass(&error) {
                NotOpen::Later(error)
            } else {
                NotOpen::Never(error.into())
            });
        }
        if matches!(error, JournalError::NotAJournal { .. }) && !is_ours(&path) || !self.may_set_aside() {
            return Err(NotOpen::Never(error.into()));
        }
        let to = set_aside(&path, world.now()).map_err(|error| NotOpen::Never(error.into()))?;
        world.say(&Event::SetAside { path: path.clone(), to, what: error.to_string() });
        match Writer::open(&path, forest, &options) {
            Ok(writer) => Ok(writer),
            Err(error) if self.may_pass(&error) => Err(NotOpen::Later(error)),
            Err(error) => Err(NotOpen::Never(error.into())),
        }
    }

    /// Whether waiting helps.
    fn may_pass(&self, error: &JournalError) -> bool {
        match error {
            JournalError::Full { .. } | JournalError::Busy { .. } => true,
            JournalError::File { .. } | JournalError::Database { .. } => self.was_open,
            _ => false,
        }
    }

    fn may_set_aside(&mut self) -> bool {
        let now = Instant::now();
        self.aside.retain(|at| now.duration_since(*at) < A_WHILE);
        self.aside.push(now);
        self.aside.len() <= TIMES
    }

    /// Where to go on in a naming context.
    pub(crate) fn kept(&self, context: &Dn) -> Result<Option<ContextStatus>, JournalError> {
        let key = context.key();
        let contexts = self.writer()?.journal().contexts()?;
        Ok(contexts.into_iter().find(|kept| kept.dn.parse::<Dn>().is_ok_and(|dn| dn.key() == key)))
    }

    /// Keeps a batch.
    pub(crate) fn keep(&self, batch: &Batch, now: Timestamp) -> Result<Outcome, JournalError> {
        self.writer()?.ingest(batch, now)
    }

    /// The journal.
    pub(crate) fn writer(&self) -> Result<&Writer, JournalError> {
        self.writer.as_ref().ok_or_else(closed)
    }

    /// Closes it, so that it is looked through when it is opened again.
    pub(crate) fn close(&mut self) {
        self.writer = None;
    }
}

/// Nobody asks a journal that is not open.
fn closed() -> JournalError {
    JournalError::Missing { path: "(not open)".into() }
}

/// Whether a file has the name of a change journal. Another one that holds something else was named by mistake, and is left alone.
fn is_ours(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("changes-") && name.ends_with(".db")
}
