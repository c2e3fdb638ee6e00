//! What an agent reads changes from, and what it is told by the program around it.
//!
//! The agent knows no LDAP: whoever runs it implements [`World`] by a directory, and a test by a script.

use std::path::PathBuf;

use adrecover_core::change::{Batch, ChangesError, Cursor};
use adrecover_core::lifetime::DeletionPolicy;
use adrecover_core::time::Timestamp;
use adrecover_core::{Dn, ObjectGuid};
use adrecover_journal::{JournalError, JournalPlace, Options};

/// The program around an agent: how it connects, and where it keeps its journal.
#[expect(async_fn_in_trait, reason = "an agent runs on one thread")]
pub trait World {
    /// A domain controller that is connected.
    type Source: Source;
    /// Why an agent cannot go on.
    type Error: From<JournalError> + From<ChangesError>;

    /// Connects, with whatever the password's file or the ticket is now.
    async fn connect(&mut self, choice: &Choice) -> Result<Self::Source, NotConnected<Self::Error>>;

    /// Whether the password is another one than when it last connected.
    fn has_other_logon(&self) -> bool;

    /// An error for whoever reads the log.
    fn reason(&self, error: &Self::Error) -> Reason;

    /// Where the journal of a forest is, and how it is opened.
    fn journal(&self, forest: &str) -> Result<(JournalPlace, Options), Self::Error>;

    /// The file in which the agent remembers what the journal does not keep. `None` is a file beside the journal's; a database has
    /// none.
    fn memory(&self, _forest: &str) -> Result<Option<PathBuf>, Self::Error> {
        Ok(None)
    }

    /// The forest whose journal is there already, where that is certain: it is opened before there is a connection.
    fn known_forest(&self) -> Option<String>;
}

/// Which domain controller is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Any.
    Any,
    /// This host: the positions that are kept are in its numbers.
    Only(String),
    /// This host before others.
    First(String),
}

/// Why there is no connection.
#[derive(Debug)]
pub enum NotConnected<E> {
    /// Nobody answers, or not as it should be: it may be otherwise later.
    Later(E),
    /// The domain controller refused the logon. The same again may lock the account.
    Refused(E),
    /// It cannot work as it was asked for.
    Never(E),
}

/// What went wrong, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What went wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl From<&ChangesError> for Reason {
    fn from(error: &ChangesError) -> Self {
        Self { message: error.to_string(), hint: error.hint() }
    }
}

/// A domain controller that is connected.
#[expect(async_fn_in_trait, reason = "an agent runs on one thread")]
pub trait Source {
    /// A naming context that is being read.
    type Reading<'a>: Reading
    where
        Self: 'a;
    /// What tells that something has changed.
    type Wake: Wake;

    /// The host, as [`Choice`] names it.
    fn host(&self) -> &str;

    /// The server's name for people.
    fn name(&self) -> String;

    /// The DNS name of the forest.
    fn forest(&self) -> String;

    /// What time it is there.
    async fn clock(&self) -> Option<Timestamp>;

    /// The naming contexts, in the order in which to read them.
    fn contexts(&self) -> Vec<Dn>;

    /// The names of the domain controllers, by their invocation ids; none where that cannot be read.
    async fn controllers(&self) -> Vec<(ObjectGuid, String)>;

    /// How long the directory itself keeps what is deleted, where that can be read.
    async fn policy(&self) -> Option<DeletionPolicy>;

    /// Begins to read a naming context: what has changed since the cursor, or all of it.
    async fn read(&mut self, context: &Dn, from: Option<&Cursor>) -> Result<Self::Reading<'_>, ChangesError>;

    /// What tells that something has changed.
    async fn wake(&self) -> Result<Self::Wake, Reason>;

    /// Ends the connection in the orderly way.
    async fn close(self);
}

/// A naming context that is being read.
#[expect(async_fn_in_trait, reason = "an agent runs on one thread")]
pub trait Reading {
    /// The next batch; `None` after the last one.
    async fn next(&mut self) -> Result<Option<Batch>, ChangesError>;
}

/// What tells that something has changed.
#[expect(async_fn_in_trait, reason = "an agent runs on one thread")]
pub trait Wake {
    /// Waits until something may have changed since the last time. It may be cancelled.
    async fn wait(&mut self) -> Result<(), Reason>;
}
