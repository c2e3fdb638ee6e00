//! The journal, open: to read it, or to write it.

use std::cell::{Cell, RefCell};
use std::path::Path;

use crate::cache::Cache;
use crate::file::{self, Lock};
use crate::ids::Ids;
use crate::seal::{self, Place, Sealer};
#[cfg(feature = "postgres")]
use crate::store::postgres::Postgres;
use crate::store::schema::FORMAT;
#[cfg(feature = "postgres")]
use crate::store::schema::MIGRATIONS;
use crate::store::sqlite::Sqlite;
use crate::store::{Access, Found, Param, Store, StoreError, sql};
use crate::{JournalError, JournalPlace, Key};

/// The names of the rows of `meta`.
pub(crate) const FOREST: &str = "forest";
const SALT: &str = "salt";
const CHECK: &str = "check";

/// What is encrypted to tell whether a key is the right one.
const CHECK_TEXT: &[u8] = b"adrecover change journal";

/// The change journal of a forest, open to ask it.
///
/// Whatever is there is foreign input: what does not hold together is an error, never a panic and never half an answer.
pub struct Journal {
    pub(crate) store: Box<dyn Store>,
    pub(crate) sealer: Sealer,
    pub(crate) ids: Ids,
    place: JournalPlace,
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
    /// What keeps others from writing a file. A database has a lock of its own, which ends with the connection.
    _lock: Option<Lock>,
}

/// How a journal is opened to write it.
#[derive(Debug, Default)]
pub struct Options {
    /// The key that its values are encrypted with. It has to be given when the journal is begun, and each time afterwards.
    pub key: Option<Key>,
    /// The most octets that the file may have. A database is limited by whoever keeps it.
    pub max_octets: Option<u64>,
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Journal({}, {:?})", self.place, self.sealer)
    }
}

impl Journal {
    /// Opens a journal to read it, which its group may.
    pub fn open(place: impl Into<JournalPlace>, key: Option<&Key>) -> Result<Self, JournalError> {
        let place = place.into();
        let store = match &place {
            JournalPlace::File(path) => Self::read_file(&place, path)?,
            JournalPlace::Postgres(_) => Self::read_database(&place)?,
        };
        Self::with(store, &place, key)
    }

    fn read_file(place: &JournalPlace, path: &Path) -> Result<Box<dyn Store>, JournalError> {
        if !path.exists() {
            return Err(JournalError::Missing { place: place.clone() });
        }
        file::secure_to_read(path)?;
        let store = Sqlite::read(path).map_err(|e| JournalError::of(place, e))?;
        let found = store.found().map_err(|e| JournalError::of(place, e))?;
        readable(place, found)?;
        Ok(Box::new(store))
    }

    #[cfg(feature = "postgres")]
    fn read_database(place: &JournalPlace) -> Result<Box<dyn Store>, JournalError> {
        let JournalPlace::Postgres(at) = place else {
            return Err(JournalError::Missing { place: place.clone() });
        };
        let store = Postgres::read(at).map_err(|e| JournalError::of(place, e))?;
        let found = store.found().map_err(|e| JournalError::of(place, e))?;
        readable(place, found)?;
        Ok(Box::new(store))
    }

    #[cfg(not(feature = "postgres"))]
    fn read_database(place: &JournalPlace) -> Result<Box<dyn Store>, JournalError> {
        Err(JournalError::not_built(place))
    }

    /// The journal in a store whose format is this program's.
    pub(crate) fn with(
        store: Box<dyn Store>,
        place: &JournalPlace,
        key: Option<&Key>,
    ) -> Result<Self, JournalError> {
        let fail = |e| JournalError::of(place, e);
        let meta = |name| store.first(sql::META_GET, &[Param::Text(name)], |row| Ok(row.bytes(0)?.to_vec()));
        let forest = meta(FOREST).map_err(fail)?.and_then(|octets| String::from_utf8(octets).ok());
        let forest = forest.ok_or_else(|| fail(StoreError::damaged("no forest is named")))?;
        let (salt, check) = (meta(SALT).map_err(fail)?, meta(CHECK).map_err(fail)?);
        let owned = || place.clone();
        let sealer = match (key, salt, check) {
            (None, None, None) => Sealer::Plain,
            (Some(_), None, None) => return Err(JournalError::NotEncrypted { place: owned() }),
            (None, Some(_), Some(_)) => return Err(JournalError::KeyNeeded { place: owned() }),
            (Some(key), Some(salt), Some(check)) => {
                let sealer = Sealer::keyed(key, &salt).ok_or(JournalError::NoRandomNumbers)?;
                if sealer.open(Place::Check, &check).map_or(true, |text| *text != *CHECK_TEXT) {
                    return Err(JournalError::WrongKey { place: owned() });
                }
                sealer
            }
            _ => return Err(fail(StoreError::damaged("half of what tells the key is missing"))),
        };
        let (place, depth, taken) = (place.clone(), Cell::new(0), Cell::new(0));
        Ok(Self { store, sealer, ids: Ids::default(), place, forest, depth, taken })
    }

    /// Where it is.
    pub fn place(&self) -> &JournalPlace {
        &self.place
    }

    /// The forest that it keeps, by its DNS name.
    pub fn forest(&self) -> &str {
        &self.forest
    }

    /// Whether its values are encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.sealer.is_keyed()
    }

    /// Looks at all of it, in a file the indexes included, and says what is wrong; nothing where all is well. It takes a while for a
    /// large one. Checksums of values are looked at when these are read.
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
        JournalError::of(&self.place, error)
    }
}

impl Writer {
    /// Opens the journal of a forest to write it, beginning one where there is none, and brings it to this program's format.
    ///
    /// What is there and is no journal, or a damaged one, is an error: see [`set_aside`](crate::set_aside).
    pub fn open(
        place: impl Into<JournalPlace>,
        forest: &str,
        options: &Options,
    ) -> Result<Self, JournalError> {
        let place = place.into();
        let (store, lock) = match &place {
            JournalPlace::File(path) => Self::write_file(&place, path, forest, options)?,
            JournalPlace::Postgres(_) => (Self::write_database(&place, forest, options)?, None),
        };
        let wrong = store.check(false).map_err(|e| JournalError::of(&place, e))?;
        if let Some(first) = wrong.first() {
            return Err(JournalError::of(&place, StoreError::damaged(first.replace('\n', " "))));
        }
        let mut journal = Journal::with(store, &place, options.key.as_ref())?;
        journal.ids = Ids::of_writer();
        if !journal.forest.eq_ignore_ascii_case(forest) {
            let (is, wanted) = (journal.forest.clone(), forest.to_owned());
            return Err(JournalError::OtherForest { place, is, wanted });
        }
        Ok(Self { journal, cache: RefCell::default(), _lock: lock })
    }

    fn write_file(
        place: &JournalPlace,
        path: &Path,
        forest: &str,
        options: &Options,
    ) -> Result<(Box<dyn Store>, Option<Lock>), JournalError> {
        let fail = |e| JournalError::of(place, e);
        file::secure(path)?;
        let lock = Lock::take(path)?;
        if !path.exists() {
            begin_file(place, path, forest, options.key.as_ref())?;
        }
        let mut store = Sqlite::write(path).map_err(fail)?;
        known(place, store.found().map_err(fail)?)?;
        store.set_up(options.max_octets).map_err(fail)?;
        Ok((Box::new(store), Some(lock)))
    }

    #[cfg(feature = "postgres")]
    fn write_database(
        place: &JournalPlace,
        forest: &str,
        options: &Options,
    ) -> Result<Box<dyn Store>, JournalError> {
        let fail = |e| JournalError::of(place, e);
        let JournalPlace::Postgres(at) = place else {
            return Err(JournalError::Missing { place: place.clone() });
        };
        if options.max_octets.is_some() {
            let problem =
                "a size is a limit for files: give the database a tablespace or a disk of that size"
                    .to_owned();
            return Err(JournalError::Unsupported { place: place.clone(), problem });
        }
        let store = match Postgres::write(at).map_err(fail)? {
            Ok(store) => store,
            Err(who) => return Err(JournalError::InUse { place: place.clone(), who }),
        };
        match store.found().map_err(fail)? {
            Found::Nothing => {
                store.create(|store| first_rows(store, forest, options.key.as_ref())).map_err(fail)?;
            }
            found => {
                if known(place, found)? < FORMAT {
                    store.migrate(&MIGRATIONS).map_err(fail)?;
                }
            }
        }
        Ok(Box::new(store))
    }

    #[cfg(not(feature = "postgres"))]
    fn write_database(place: &JournalPlace, _: &str, _: &Options) -> Result<Box<dyn Store>, JournalError> {
        Err(JournalError::not_built(place))
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

/// The format of what was found, if it is one that this program knows.
fn known(place: &JournalPlace, found: Found) -> Result<i64, JournalError> {
    let place = place.clone();
    match found {
        Found::Format(found) if found > FORMAT => {
            Err(JournalError::NewerFormat { place, found, known: FORMAT })
        }
        Found::Format(found) => Ok(found),
        Found::Foreign(what) => Err(JournalError::NotAJournal { place, found: what.into() }),
        Found::Nothing => Err(JournalError::Missing { place }),
    }
}

/// Whoever only reads takes this program's format, and no other.
fn readable(place: &JournalPlace, found: Found) -> Result<(), JournalError> {
    let found = known(place, found)?;
    if found < FORMAT {
        return Err(JournalError::OlderFormat { place: place.clone(), found, known: FORMAT });
    }
    Ok(())
}

/// Begins a journal beside its place and puts it there when it is complete: a file that is there and empty is damage, and no new one.
fn begin_file(
    place: &JournalPlace,
    path: &Path,
    forest: &str,
    key: Option<&Key>,
) -> Result<(), JournalError> {
    let fail = |e| JournalError::of(place, e);
    let new = file::beside(path, ".new");
    file::create(&new, true)?;
    let store = Sqlite::create(&new).map_err(fail)?;
    first_rows(&store, forest, key).map_err(fail)?;
    drop(store);
    file::publish(&new, path)
}

/// What a journal has from its beginning: whose it is, and by which key.
fn first_rows(store: &dyn Store, forest: &str, key: Option<&Key>) -> Result<(), StoreError> {
    let put = |name, value: &[u8]| store.execute(sql::META_PUT, &[Param::Text(name), Param::Bytes(value)]);
    put(FOREST, forest.as_bytes())?;
    if let Some(key) = key {
        let salt = seal::new_salt().ok_or(StoreError::NoRandomNumbers)?;
        let sealer = Sealer::keyed(key, &salt).ok_or(StoreError::NoRandomNumbers)?;
        let check = sealer.seal(Place::Check, CHECK_TEXT.to_vec()).ok_or(StoreError::NoRandomNumbers)?;
        put(SALT, &salt)?;
        put(CHECK, &check)?;
    }
    Ok(())
}
