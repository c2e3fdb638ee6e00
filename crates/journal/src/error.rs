//! Why the change journal cannot be used.

use std::path::PathBuf;

use crate::JournalPlace;
use crate::store::StoreError;

/// Why the change journal cannot be used. Each names the file and, where there is one, the way out.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// There is no such file.
    #[error("there is no change journal {place}")]
    Missing {
        /// Where it is.
        place: JournalPlace,
    },
    /// The file or its folder cannot be made, read or moved.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The cause.
        error: std::io::Error,
    },
    /// Others can write the file or its folder.
    #[error("{} can be written by others: what is in it is not trusted", path.display())]
    WritableByOthers {
        /// Which.
        path: PathBuf,
    },
    /// Another process writes it.
    #[error("another process writes the change journal {place}{}: one agent at a time can", in_brackets(who))]
    InUse {
        /// Where it is.
        place: JournalPlace,
        /// Who, as far as a database tells it.
        who: Option<String>,
    },
    /// A newer program wrote it.
    #[error("{place} has format {found}; this program knows {known}: use a newer adrecover")]
    NewerFormat {
        /// Where it is.
        place: JournalPlace,
        /// Its format.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// Only the agent brings a file up to the format of the program.
    #[error(
        "{place} has format {found}, older than this program's {known}: start its agent once with this program"
    )]
    OlderFormat {
        /// Where it is.
        place: JournalPlace,
        /// Its format.
        found: i64,
        /// The format of this program.
        known: i64,
    },
    /// The file is something else.
    #[error("{place} is no change journal: {found}")]
    NotAJournal {
        /// Where it is.
        place: JournalPlace,
        /// What it is.
        found: String,
    },
    /// It keeps another forest.
    #[error("{place} keeps the forest {is}, not {wanted}")]
    OtherForest {
        /// Where it is.
        place: JournalPlace,
        /// The forest in it.
        is: String,
        /// The forest that was asked for.
        wanted: String,
    },
    /// What is in it does not hold together.
    #[error(
        "the change journal {place} is damaged ({what}): it has to be set aside, and the directory read anew"
    )]
    Damaged {
        /// Where it is.
        place: JournalPlace,
        /// What was found.
        what: String,
    },
    /// There is no room for what was to be written; nothing of it is.
    #[error("there is no room for the change journal {place}: what was there is kept, nothing was added")]
    Full {
        /// Where it is.
        place: JournalPlace,
    },
    /// Another process uses it, and did not let go in time.
    #[error("the change journal {place} is used by another process: try again")]
    Busy {
        /// Where it is.
        place: JournalPlace,
    },
    /// The database refuses the logon, or what was to be done.
    #[error("the database refuses the change journal {place}: {what}")]
    Denied {
        /// Where it is.
        place: JournalPlace,
        /// What the database says.
        what: String,
    },
    /// There is no connection to the database, or it was lost: what was under way is not done.
    #[error("the database of the change journal {place} cannot be reached: {what}")]
    Unreachable {
        /// Where it is.
        place: JournalPlace,
        /// What happened.
        what: String,
    },
    /// It cannot be kept there as it was asked for.
    #[error("the change journal {place}: {problem}")]
    Unsupported {
        /// Where it is.
        place: JournalPlace,
        /// Why, and what can be done.
        problem: String,
    },
    /// The database says so.
    #[error("the change journal {place} cannot be used: {error}")]
    Database {
        /// Where it is.
        place: JournalPlace,
        /// The cause.
        error: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Its values are encrypted and no key was given.
    #[error("the values in {place} are encrypted: name the key's file")]
    KeyNeeded {
        /// Where it is.
        place: JournalPlace,
    },
    /// A key was given and its values are not encrypted.
    #[error("the values in {place} are not encrypted: a key can be given only when a journal is begun")]
    NotEncrypted {
        /// Where it is.
        place: JournalPlace,
    },
    /// It was begun with another key.
    #[error("the key is not the one that {place} was begun with")]
    WrongKey {
        /// Where it is.
        place: JournalPlace,
    },
    /// The key's file cannot be used.
    #[error("the key in {} cannot be used: {problem}", path.display())]
    KeyFile {
        /// The file of the key.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// The system gives no random numbers, without which nothing is encrypted.
    #[error("the system gives no random numbers")]
    NoRandomNumbers,
    /// A batch does not belong where it came: it is part of a full read that was never begun, or changes came while the
    /// full read that they build on is not over.
    #[error("changes of {context} came out of order: read it as a whole first")]
    OutOfOrder {
        /// The naming context.
        context: String,
    },
}

impl JournalError {
    /// An error of the store at this place.
    pub(crate) fn of(place: &JournalPlace, error: StoreError) -> Self {
        let place = place.clone();
        match error {
            StoreError::Full => Self::Full { place },
            StoreError::Busy => Self::Busy { place },
            StoreError::NotADatabase => Self::NotAJournal { place, found: "it is no SQLite database".into() },
            StoreError::Damaged(what) => Self::Damaged { place, what },
            StoreError::Denied(what) => Self::Denied { place, what },
            StoreError::Lost(what) => Self::Unreachable { place, what },
            StoreError::NoRandomNumbers => Self::NoRandomNumbers,
            StoreError::OutOfOrder(context) => Self::OutOfOrder { context },
            StoreError::Other(error) => Self::Database { place, error },
        }
    }

    /// This program was built to keep journals in files only.
    #[cfg(not(feature = "postgres"))]
    pub(crate) fn not_built(place: &JournalPlace) -> Self {
        let problem = "this program was built without PostgreSQL: build it with --features postgres";
        Self::Unsupported { place: place.clone(), problem: problem.to_owned() }
    }

    /// Whether setting the journal aside and reading the directory anew is the way out.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::NotAJournal { .. })
    }
}

/// Who is meant, in brackets, where that is known.
fn in_brackets(who: &Option<String>) -> String {
    who.as_ref().map(|who| format!(" ({who})")).unwrap_or_default()
}
