//! The journal that an agent writes: opened, set aside where it is damaged, opened again.

use std::time::Duration;

use adrecover_core::Dn;
use adrecover_core::change::Batch;
use adrecover_core::time::Timestamp;
use adrecover_journal::{ContextStatus, JournalError, JournalPlace, Outcome, Writer, set_aside};
use tokio::time::Instant;

use crate::World;

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
    /// The damage that was found while it was used: it may not be seen when it is opened.
    damage: Option<JournalError>,
}

/// Why the journal is not written.
#[derive(Debug)]
pub(crate) enum NotOpen<E> {
    /// It may be otherwise later.
    Later(JournalError),
    /// It has to be seen to.
    Never(E),
}

/// How a journal was opened.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Opened {
    /// It was open already.
    Already,
    /// It was opened, or begun.
    Now,
    /// It was damaged: another one was begun.
    Anew {
        /// Where the damaged one is now.
        to: JournalPlace,
        /// What was wrong with it.
        what: String,
    },
}

impl Book {
    /// Opens it where it is not open. One that is damaged is set aside, and a new one begun.
    pub(crate) fn open<W: World>(
        &mut self,
        world: &W,
        forest: &str,
        now: Timestamp,
    ) -> Result<Opened, NotOpen<W::Error>> {
        if let Some(writer) = &self.writer {
            if writer.journal().forest().eq_ignore_ascii_case(forest) {
                return Ok(Opened::Already);
            }
            self.writer = None;
        }
        let (place, options) = world.journal(forest).map_err(NotOpen::Never)?;
        let opened = match self.damage.take() {
            Some(damage) => Err(damage),
            None => Writer::open(&place, forest, &options),
        };
        let error = match opened {
            Ok(writer) => {
                self.writer = Some(writer);
                self.was_open = true;
                return Ok(Opened::Now);
            }
            Err(error) => error,
        };
        if !error.is_damage() {
            return Err(self.not_open(error));
        }
        let is_foreign = matches!(error, JournalError::NotAJournal { .. }) && !is_ours(&place);
        if is_foreign || !self.may_set_aside() {
            return Err(NotOpen::Never(error.into()));
        }
        let what = error.to_string();
        let to = match set_aside(&place, now) {
            Ok(to) => to,
            Err(other) => {
                self.damage = Some(error);
                return Err(self.not_open(other));
            }
        };
        let writer = Writer::open(&place, forest, &options).map_err(|error| self.not_open(error))?;
        self.writer = Some(writer);
        self.was_open = true;
        Ok(Opened::Anew { to, what })
    }

    fn not_open<E: From<JournalError>>(&self, error: JournalError) -> NotOpen<E> {
        if self.may_pass(&error) { NotOpen::Later(error) } else { NotOpen::Never(error.into()) }
    }

    /// Whether waiting helps.
    fn may_pass(&self, error: &JournalError) -> bool {
        match error {
            JournalError::Full { .. } | JournalError::Busy { .. } | JournalError::Unreachable { .. } => true,
            JournalError::File { .. } | JournalError::Database { .. } | JournalError::Denied { .. } => {
                self.was_open
            }
            // The server of a database may not have noticed yet that the connection before is gone.
            JournalError::InUse { place: JournalPlace::Postgres(_), .. } => self.was_open,
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

    /// Has it opened again, and looked through, before it is written the next time: what the database holds in memory hides damage of
    /// the file.
    pub(crate) fn reopen(&mut self) {
        self.writer = None;
    }

    /// Closes it after an error, so that it is looked through when it is opened again; one that is damaged is set aside then.
    pub(crate) fn close(&mut self, error: &JournalError) {
        self.writer = None;
        if let JournalError::Damaged { place, what } = error {
            self.damage = Some(JournalError::Damaged { place: place.clone(), what: what.clone() });
        }
    }
}

/// Nobody asks a journal that is not open.
fn closed() -> JournalError {
    JournalError::Missing { place: JournalPlace::File("(not open)".into()) }
}

/// Whether a file has the name of a change journal. Another one that holds something else was named by mistake, and is left alone. A
/// schema's name is never chosen by anybody.
fn is_ours(place: &JournalPlace) -> bool {
    let Some(path) = place.file() else { return true };
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("changes-") && name.ends_with(".db")
}
