//! Why the change journal cannot be used.

use std::path::{Path, PathBuf};

use crate::store::StoreError;

/// Why the change journal cannot be used. Each names the file and, where there is one, the way out.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// There is no such file.
    #[error("there is no change journal {}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
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
    #[error("another process writes the change journal {}: one agent at a time can", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// A newer program wrote it.
    #[error("{} has format {found}; this program knows {known}: use a newer adrecover", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// Only the agent brings a file up to the format of the program.
    #[error(
        "{} has format {found}, older than this program's {known}: start its agent once with this program",
        path.display()
    )]
    OlderFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The format of this program.
        known: i64,
    },
    /// The file is something else.
    #[error("{} is no change journal: {found}", path.display())]
    NotAJournal {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: String,
    },
    /// It keeps another forest.
    #[error("{} keeps the forest {is}, not {wanted}", path.display())]
    OtherForest {
        /// The file.
        path: PathBuf,
        /// The forest in it.
        is: String,
        /// The forest that was asked for.
        wanted: String,
    },
    /// What is in it does not hold together.
    #[error(
        "the change journal {} is damaged ({what}): it has to be set aside, and the directory read anew",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// There is no room for what was to be written; nothing of it is.
    #[error("there is no room for the change journal {}: what was there is kept, nothing was added", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// Another process uses it, and did not let go in time.
    #[error("the change journal {} is used by another process: try again", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The database says so.
    #[error("the change journal {} cannot be used: {error}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Its values are encrypted and no key was given.
    #[error("the values in {} are encrypted: name the key's file", path.display())]
    KeyNeeded {
        /// The file.
        path: PathBuf,
    },
    /// A key was given and its values are not encrypted.
    #[error(
        "the values in {} are not encrypted: a key can be given only when a journal is begun",
        path.display()
    )]
    NotEncrypted {
        /// The file.
        path: PathBuf,
    },
    /// It was begun with another key.
    #[error("the key is not the one that {} was begun with", path.display())]
    WrongKey {
        /// The file.
        path: PathBuf,
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
    /// An error of the store under this file.
    pub(crate) fn of(path: &Path, error: StoreError) -> Self {
        let path = path.to_owned();
        match error {
            StoreError::Full => Self::Full { path },
            StoreError::Busy => Self::Busy { path },
            StoreError::NotADatabase => Self::NotAJournal { path, found: "it is no SQLite database".into() },
            StoreError::Damaged(what) => Self::Damaged { path, what },
            StoreError::NoRandomNumbers => Self::NoRandomNumbers,
            StoreError::OutOfOrder(context) => Self::OutOfOrder { context },
            StoreError::Other(error) => Self::Database { path, error },
        }
    }

    /// Whether setting the file aside and reading the directory anew is the way out.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::NotAJournal { .. })
    }
}
