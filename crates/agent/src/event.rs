//! What happens while an agent runs, for whoever reads its log.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use adrecover_journal::{JournalPlace, Outcome, Pruned};

use crate::{AlertKind, Reason};

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A domain controller is connected.
    Connected {
        /// Its name.
        server: String,
        /// The forest.
        forest: String,
    },
    /// There is no connection.
    NotConnected {
        /// Why.
        reason: Reason,
        /// When it is tried again.
        again: Duration,
    },
    /// The domain controller refused the logon.
    LogonRefused {
        /// Why.
        reason: Reason,
        /// When the same logon is tried again.
        again: Duration,
    },
    /// The journal is open.
    Opened {
        /// Where it is.
        place: JournalPlace,
    },
    /// The journal was damaged, and is out of the way.
    SetAside {
        /// Where it was.
        place: JournalPlace,
        /// Where the damaged one is now.
        to: JournalPlace,
        /// What was wrong with it.
        what: String,
    },
    /// The journal cannot be written now.
    NotWritten {
        /// Why.
        reason: Reason,
        /// When it is tried again.
        again: Duration,
    },
    /// A naming context is read as a whole.
    FullRead {
        /// Which.
        context: String,
        /// Why; `None` for the first time.
        because: Option<Reason>,
    },
    /// A naming context was read to its end.
    Read {
        /// Which.
        context: String,
        /// Whether it was read as a whole.
        whole: bool,
        /// What was read.
        read: Sum,
    },
    /// A naming context could not be read; the others are.
    Failed {
        /// Which.
        context: String,
        /// Why.
        reason: Reason,
    },
    /// The server does not tell when something changes.
    NoWake {
        /// Why.
        reason: Reason,
    },
    /// Values of secret attributes came unasked, and are not kept.
    SecretsRefused {
        /// The attributes.
        names: Vec<String>,
    },
    /// Old changes were dropped.
    Pruned(Pruned),
    /// Old changes were not dropped.
    NotPruned {
        /// Why.
        reason: Reason,
    },
    /// An alert was raised.
    Alert {
        /// What it is about.
        kind: AlertKind,
        /// In one line.
        summary: String,
    },
    /// An alert was not delivered, and is tried again.
    AlertFailed {
        /// By which channel.
        channel: &'static str,
        /// Why.
        reason: Reason,
        /// When it is tried again.
        again: Duration,
    },
    /// An alert will not be delivered.
    AlertDropped {
        /// By which channel.
        channel: &'static str,
        /// Why.
        reason: Reason,
    },
    /// What is to be watched is not known.
    WatchNotFound {
        /// As it was named.
        name: String,
    },
    /// What is to be known after a restart cannot be written down or read.
    NotRemembered {
        /// Why.
        reason: Reason,
    },
    /// Health and metrics are told here.
    Listening {
        /// Where.
        address: SocketAddr,
    },
    /// Health and metrics are not told.
    NotListening {
        /// Why.
        reason: Reason,
    },
}

/// How much was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    /// Objects that were told of.
    pub objects: u64,
    /// Changes that were new.
    pub changes: u64,
    /// Deletions among them.
    pub deletions: u64,
}

impl Sum {
    pub(crate) fn add(&mut self, outcome: &Outcome) {
        self.objects += outcome.objects;
        self.changes += outcome.changes;
        self.deletions += outcome.deletions.len() as u64;
    }
}

/// Who wants to hear it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Somebody has to do something about it.
    Warning,
    /// It is worth a line of a log.
    Note,
    /// Whoever looks closely.
    Detail,
}

impl Event {
    /// Who wants to hear it.
    pub fn level(&self) -> Level {
        match self {
            Self::NotConnected { .. }
            | Self::LogonRefused { .. }
            | Self::SetAside { .. }
            | Self::NotWritten { .. }
            | Self::FullRead { because: Some(_), .. }
            | Self::Failed { .. }
            | Self::SecretsRefused { .. }
            | Self::NotPruned { .. }
            | Self::Alert { .. }
            | Self::AlertFailed { .. }
            | Self::AlertDropped { .. }
            | Self::WatchNotFound { .. }
            | Self::NotRemembered { .. }
            | Self::NotListening { .. } => Level::Warning,
            Self::Connected { .. }
            | Self::Opened { .. }
            | Self::FullRead { because: None, .. }
            | Self::NoWake { .. }
            | Self::Listening { .. }
            | Self::Pruned(_) => Level::Note,
            Self::Read { whole: true, .. } => Level::Note,
            Self::Read { .. } => Level::Detail,
        }
    }

    /// What failed, as metrics name it, and why.
    pub(crate) fn error(&self) -> Option<(&'static str, &Reason)> {
        Some(match self {
            Self::NotConnected { reason, .. } => ("connection", reason),
            Self::LogonRefused { reason, .. } => ("logon", reason),
            Self::NotWritten { reason, .. } => ("journal", reason),
            Self::Failed { reason, .. } => ("read", reason),
            Self::NoWake { reason } => ("wake", reason),
            Self::NotPruned { reason } => ("prune", reason),
            Self::AlertFailed { reason, .. } | Self::AlertDropped { reason, .. } => ("alert", reason),
            Self::NotRemembered { reason } => ("memory", reason),
            Self::NotListening { reason } => ("listen", reason),
            _ => return None,
        })
    }

    /// Whether it keeps the agent from reading.
    pub(crate) fn is_in_the_way(&self) -> bool {
        matches!(
            self,
            Self::NotConnected { .. }
                | Self::LogonRefused { .. }
                | Self::NotWritten { .. }
                | Self::Failed { .. }
        )
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connected { server, forest } => write!(f, "connected to {server}, forest {forest}"),
            Self::NotConnected { reason, again } => {
                write!(f, "not connected: {reason}; again in {}", seconds(*again))
            }
            Self::LogonRefused { reason, again } => write!(
                f,
                "the logon was refused: {reason}; not tried again with the same password for {}, so that the account is \
                 not locked",
                seconds(*again)
            ),
            Self::Opened { place } => write!(f, "the change journal is {place}"),
            Self::SetAside { place, to, what } => write!(
                f,
                "the change journal {place} was damaged ({what}); it is now {to}, and a new one was begun: keep the old one, \
                 it may hold what no directory has any more"
            ),
            Self::NotWritten { reason, again } => {
                write!(f, "{reason}; nothing is lost, again in {}", seconds(*again))
            }
            Self::FullRead { context, because: None } => {
                write!(f, "reading all of {context} for the first time")
            }
            Self::FullRead { context, because: Some(reason) } => {
                write!(f, "reading all of {context} again, to compare it: {reason}")
            }
            Self::Read { context, whole, read } => {
                let what = if *whole { "all of " } else { "" };
                let Sum { objects, changes, deletions } = read;
                write!(f, "read {what}{context}: {objects} objects, {changes} changes, {deletions} deletions")
            }
            Self::Failed { context, reason } => write!(f, "{context} was not read: {reason}"),
            Self::NoWake { reason } => {
                write!(f, "the server does not tell of changes, so it is asked from time to time: {reason}")
            }
            Self::SecretsRefused { names } => {
                write!(f, "values of secret attributes came unasked and are not kept: {}", names.join(", "))
            }
            Self::Pruned(Pruned { changes, .. }) => write!(f, "{changes} old changes were dropped"),
            Self::NotPruned { reason } => write!(f, "old changes were not dropped: {reason}"),
            Self::Alert { kind, summary } => write!(f, "alert {}: {summary}", kind.name()),
            Self::AlertFailed { channel, reason, again } => {
                write!(f, "an alert was not delivered ({channel}): {reason}; again in {}", seconds(*again))
            }
            Self::AlertDropped { channel, reason } => {
                write!(f, "an alert will not be delivered ({channel}): {reason}")
            }
            Self::WatchNotFound { name } => {
                write!(f, "the journal knows no `{name}` that could be watched; it is looked for again")
            }
            Self::NotRemembered { reason } => {
                write!(f, "what alerts are still to be sent is not known after a restart: {reason}")
            }
            Self::Listening { address } => write!(f, "health and metrics are at http://{address}"),
            Self::NotListening { reason } => write!(f, "health and metrics are not told: {reason}"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.hint {
            Some(hint) => write!(f, "{} ({hint})", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl From<String> for Reason {
    fn from(message: String) -> Self {
        Self { message, hint: None }
    }
}

fn seconds(time: Duration) -> String {
    match time.as_secs() {
        0 | 1 => "a second".to_owned(),
        seconds @ 2..120 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds / 60),
    }
}
