//! The journal, open: to read it, or to write it.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};

use crate::cache::Cache;
use crate::file::{self, Lock};
use crate::ids::Ids;
use crate::seal::{self, Place, Sealer};
use crate::store::schema::FORMAT;
use crate::store::sqlite::{Found, Sqlite};
use crate::store::{Access, Param, Store, StoreError, sql};
use crate::{JournalError, Key};

/// The names of the rows of `meta`.
pub(crate) const FOREST: &str = "forest";
const SALT: &str = "salt";
const CHECK: &str = "check";

/// What is encrypted to tell whether a key is the right one.
const CHECK_TEXT: &[u8] = b"adrecover change journal";

/// The change journal of a forest, open to ask it.
///
/// Whatever is in the file is foreign input: what does not hold together is an error, never a panic and never half an answer.
pub struct Journal {
    pub(crate) store: Box<dyn Store>,
    pub(crate) sealer: Sealer,
    pub(crate) ids: Ids,
    path: PathBuf,
    forest: String,
    /// How many questions are being asked within one another: they all see one state.
    depth: Cell<u32>,
    /// The octets of the values that are kept once which the question has read.
    pub(crate) taken: Cell<usize>,
}

/// The change journal, open to write it: there is one such at a time.
#[derive(Debug)]
pub struct Writer {
    pub(crate) journal: Journal,
    pub(crate) cache: RefCell<Cache>,
    _lock: Lock,
}

/// How a journal is opened to write it.
#[derive(Debug, Default)]
pub struct Options {
    /// The key that its values are encrypted with. It has to be given when the journal is begun, and each time afterwards.
    pub key: Option<Key>,
    /// The most octets that the file may have.
    pub max_octets: Option<u64>,
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Journal({}, {:?})", self.path.display(), self.sealer)
    }
}

impl Journal {
    /// Opens a journal to read it, which its group may.
    pub fn open(path: &Path, key: Option<&Key>) -> Result<Self, JournalError> {
        if !path.exists() {
            return Err(JournalError::Missing { path: path.to_owned() });
        }
        file::secure_to_read(path)?;
        let store = Sqlite::read(path).map_err(|e| JournalError::of(path, e))?;
        let found = known(path, &store)?;
        if found < FORMAT {
            return Err(JournalError::OlderFormat { path: path.to_owned(), found, known: FORMAT });
        }
        Self::with(Box::new(store), path, key)
    }

    /// The journal in a store whose format is this program's.
    pub(crate) fn with(store: Box<dyn Store>, path: &Path, key: Option<&Key>) -> Result<Self, JournalError> {
        let fail = |e| JournalError::of(path, e);
        let meta = |name| store.first(sql::META_GET, &[Param::Text(name)], |row| Ok(row.bytes(0)?.to_vec()));
        let forest = meta(FOREST).map_err(fail)?.and_then(|octets| String::from_utf8(octets).ok());
        let forest = forest.ok_or_else(|| fail(StoreError::damaged("no forest is named")))?;
        let (salt, check) = (meta(SALT).map_err(fail)?, meta(CHECK).map_err(fail)?);
        let owned = || path.to_owned();
        let sealer = match (key, salt, check) {
            (None, None, None) => Sealer::Plain,
            (Some(_), None, None) => return Err(JournalError::NotEncrypted { path: owned() }),
            (None, Some(_), Some(_)) => return Err(JournalError::KeyNeeded { path: owned() }),
            (Some(key), Some(salt), Some(check)) => {
                let sealer = Sealer::keyed(key, &salt).ok_or(JournalError::NoRandomNumbers)?;
                if sealer.open(Place::Check, &check).map_or(true, |text| *text != *CHECK_TEXT) {
                    return Err(JournalError::WrongKey { path: owned() });
                }
                sealer
            }
            _ => return Err(fail(StoreError::damaged("half of what tells the key is missing"))),
        };
        let (path, depth, taken) = (path.to_owned(), Cell::new(0), Cell::new(0));
        Ok(Self { store, sealer, ids: Ids::default(), path, forest, depth, taken })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The forest that it keeps, by its DNS name.
    pub fn forest(&self) -> &str {
        &self.forest
    }

    /// Whether its values are encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.sealer.is_keyed()
    }

    /// Looks at the whole file, the indexes included, and says what is wrong; nothing where all is well. It takes a while for a large
    /// one. Checksums of values are looked at when these are read.
    pub fn check(&self) -> Result<Vec<String>, JournalError> {
        self.store.check(true).map_err(|e| self.fail(e))
    }

    /// Asks questions of one state, whatever is written meanwhile.
    pub(crate) fn asking<T>(&self, ask: impl FnOnce() -> Result<T, StoreError>) -> Result<T, JournalError> {
        if self.depth.get() > 0 {
            return ask().map_err(|e| self.fail(e));
        }
        self.store.begin(Access::Read).map_err(|e| self.fail(e))?;
        self.depth.set(1);
        self.taken.set(0);
        let answer = ask();
        self.depth.set(0);
        let end = self.store.rollback();
        answer.and_then(|answer| end.map(|()| answer)).map_err(|e| self.fail(e))
    }

    pub(crate) fn fail(&self, error: StoreError) -> JournalError {
        JournalError::of(&self.path, error)
    }
}

impl Writer {
    /// Opens the journal of a forest to write it, beginning one where there is none, and brings it to this program's format.
    ///
    /// A file that is there and is no journal, or a damaged one, is an error: see [`set_aside`](crate::set_aside).
    pub fn open(path: &Path, forest: &str, options: &Options) -> Result<Self, JournalError> {
        let fail = |e| JournalError::of(path, e);
        file::secure(path)?;
        let lock = Lock::take(path)?;
        if !path.exists() {
            begin(path, forest, options.key.as_ref())?;
        }
        let mut store = Sqlite::write(path).map_err(fail)?;
        known(path, &store)?;
        store.set_up(options.max_octets).map_err(fail)?;
        let wrong = store.check(false).map_err(fail)?;
        if let Some(first) = wrong.first() {
            return Err(fail(StoreError::damaged(first.replace('\n', " "))));
        }
        let mut journal = Journal::with(Box::new(store), path, options.key.as_ref())?;
        journal.ids = Ids::of_writer();
        if !journal.forest.eq_ignore_ascii_case(forest) {
            let (is, wanted) = (journal.forest.clone(), forest.to_owned());
            return Err(JournalError::OtherForest { path: path.to_owned(), is, wanted });
        }
        Ok(Self { journal, cache: RefCell::default(), _lock: lock })
    }

    /// The same journal, to ask it.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Writes in one transaction: all of it or nothing.
    pub(crate) fn writing<T>(
        &self,
        write: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, JournalError> {
        let journal = &self.journal;
        let store = &journal.store;
        let done = store.begin(Access::Write).and_then(|()| write()).and_then(|done| {
            store.commit()?;
            Ok(done)
        });
        done.map_err(|error| {
            // The error that made it necessary says more than one of the way back.
            let _ = store.rollback();
            journal.ids.forget();
            self.cache.take();
            journal.fail(error)
        })
    }
}

/// The format of a file, if it is one that this program knows.
fn known(path: &Path, store: &Sqlite) -> Result<i64, JournalError> {
    match store.found().map_err(|e| JournalError::of(path, e))? {
        Found::Format(found) if found > FORMAT => {
            Err(JournalError::NewerFormat { path: path.to_owned(), found, known: FORMAT })
        }
        Found::Format(found) => Ok(found),
        Found::Foreign(what) => Err(JournalError::NotAJournal { path: path.to_owned(), found: what.into() }),
    }
}

/// Begins a journal beside its place and puts it there when it is complete: a file that is there and empty is damage, and no new one.
fn begin(path: &Path, forest: &str, key: Option<&Key>) -> Result<(), JournalError> {
    let fail = |e| JournalError::of(path, e);
    let new = file::beside(path, ".new");
    file::create(&new, true)?;
    let store = Sqlite::create(&new).map_err(fail)?;
    let put = |name, value: &[u8]| store.execute(sql::META_PUT, &[Param::Text(name), Param::Bytes(value)]);
    put(FOREST, forest.as_bytes()).map_err(fail)?;
    if let Some(key) = key {
        let salt = seal::new_salt().ok_or(JournalError::NoRandomNumbers)?;
        let sealer = Sealer::keyed(key, &salt).ok_or(JournalError::NoRandomNumbers)?;
        let check = sealer.seal(Place::Check, CHECK_TEXT.to_vec()).ok_or(JournalError::NoRandomNumbers)?;
        put(SALT, &salt).map_err(fail)?;
        put(CHECK, &check).map_err(fail)?;
    }
    drop(store);
    file::publish(&new, path)
}
