//! The one place that turns what went wrong into a kind, a hint and an exit code.

use std::fmt;
use std::io;

use adrecover_core::deleted::DeletedObject;
use adrecover_core::dn::NotADn;
use adrecover_core::guid::NotAGuid;
use adrecover_core::time::{NotATime, Timestamp};
use adrecover_core::{DirectoryError, ObjectGuid};
use adrecover_engine::JournalError;
use adrecover_hybrid::evidence::EvidenceError;
use adrecover_hybrid::graph::{GraphError, GraphErrorKind};
use adrecover_hybrid::scope::ScopeError;
use adrecover_ldap::{BadServerUrl, ConnectError, ConnectErrorKind};
use serde::Serialize;

/// What kind of failure it is: its name in JSON and its exit code. Blocks (6) and what cannot be restored (8) are no errors but
/// results, and stand in the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Something that no other kind stands for (1).
    Unexpected,
    /// Wrong usage (2).
    Usage,
    /// Nothing matched (4).
    NotFound,
    /// More than one object matched where one was meant (5).
    Ambiguous,
    /// The saved plan is stale (7).
    Stale,
    /// Declined, or nobody was there to answer (9).
    Declined,
    /// The server cannot be reached, or the bind failed (10).
    Unreachable,
    /// Access denied (11).
    AccessDenied,
    /// An input file is damaged or unknown (12).
    BadInput,
    /// Interrupted (130).
    Interrupted,
    /// Whoever read the output has gone: not an error, nothing is said (0).
    BrokenPipe,
}

impl Kind {
    /// The exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::BrokenPipe => 0,
            Self::Unexpected => 1,
            Self::Usage => 2,
            Self::NotFound => 4,
            Self::Ambiguous => 5,
            Self::Stale => 7,
            Self::Declined => 9,
            Self::Unreachable => 10,
            Self::AccessDenied => 11,
            Self::BadInput => 12,
            Self::Interrupted => 130,
        }
    }

    /// The name in `adrecover/error/v1`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::BrokenPipe | Self::Unexpected => "unexpected",
            Self::Usage => "usage",
            Self::NotFound => "notFound",
            Self::Ambiguous => "ambiguous",
            Self::Stale => "stale",
            Self::Declined => "declined",
            Self::Unreachable => "unreachable",
            Self::AccessDenied => "accessDenied",
            Self::BadInput => "badInput",
            Self::Interrupted => "interrupted",
        }
    }
}

/// A failure of the whole command. Messages are fragments without a full stop; what to do about it is the hint.
#[derive(Debug, Clone)]
pub(crate) struct CliError {
    /// Its kind.
    pub(crate) kind: Kind,
    /// What went wrong.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) hint: Option<String>,
    /// The objects that matched, where one was meant.
    pub(crate) candidates: Vec<Candidate>,
}

/// An object among several that matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Candidate {
    /// `objectGUID`.
    pub(crate) guid: ObjectGuid,
    /// The name, the one before the deletion for a deleted object.
    pub(crate) name: String,
    /// Where a deleted object was, or a live one is.
    pub(crate) last_known_parent: Option<String>,
    /// When it was deleted; `None` for a live object.
    pub(crate) deleted_at: Option<Timestamp>,
}

impl From<&DeletedObject> for Candidate {
    fn from(object: &DeletedObject) -> Self {
        Self {
            guid: object.guid,
            name: object.name.clone(),
            last_known_parent: object.last_known_parent.clone(),
            deleted_at: object.deleted_at,
        }
    }
}

impl CliError {
    /// An error of a kind.
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, candidates: vec![] }
    }

    /// Wrong usage.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Something unexpected.
    pub(crate) fn unexpected(message: impl Into<String>) -> Self {
        Self::new(Kind::Unexpected, message)
    }

    /// Ctrl-C, before anything was reported.
    pub(crate) fn interrupted() -> Self {
        Self::new(Kind::Interrupted, "interrupted")
    }

    /// More than one object where one was meant.
    pub(crate) fn ambiguous(message: impl Into<String>, candidates: Vec<Candidate>) -> Self {
        Self { candidates, ..Self::new(Kind::Ambiguous, message) }
    }

    /// With what to do about it.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A failure to read or write a file, by its path.
    pub(crate) fn file(what: &str, path: &std::path::Path, error: &io::Error) -> Self {
        Self::usage(format!("cannot {what} {}: {error}", path.display()))
    }

    /// The exit code.
    pub(crate) fn code(&self) -> u8 {
        self.kind.code()
    }

    /// The document `adrecover/error/v1`.
    pub(crate) fn document(&self) -> impl Serialize + '_ {
        ErrorDocument {
            schema: "adrecover/error/v1",
            error: ErrorBody {
                kind: self.kind.name(),
                message: &self.message,
                hint: self.hint.as_deref(),
                code: self.code(),
                candidates: &self.candidates,
            },
        }
    }
}

#[derive(Serialize)]
struct ErrorDocument<'a> {
    schema: &'static str,
    error: ErrorBody<'a>,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    kind: &'static str,
    message: &'a str,
    hint: Option<&'a str>,
    code: u8,
    candidates: &'a [Candidate],
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CliError {}

/// The operation journal: what cannot be written down is not begun.
impl From<JournalError> for CliError {
    fn from(error: JournalError) -> Self {
        let message = error.to_string();
        match error {
            JournalError::NotFound { .. } => {
                Self::new(Kind::NotFound, message).hint("`adrecover operations` lists what was done")
            }
            JournalError::Ambiguous { .. } => Self::usage(message).hint("give more of the id"),
            JournalError::Running { .. } => Self::usage(message),
            JournalError::NewerFormat { .. } | JournalError::Damaged(_) => Self::new(Kind::BadInput, message),
            JournalError::NotAJournal { path, .. } => Self::new(Kind::BadInput, message).hint(format!(
                "move {} aside; what was done before is then not known any more",
                path.display()
            )),
            JournalError::WritableByOthers { path } => {
                Self::usage(message).hint(format!("chmod go-w {}", path.display()))
            }
            _ => Self::unexpected(message)
                .hint("the variable ADRECOVER_STATE_DIR names another folder for the operation journal"),
        }
    }
}

/// Exports of the cloud.
impl From<EvidenceError> for CliError {
    fn from(error: EvidenceError) -> Self {
        let kind = match &error {
            EvidenceError::Io { .. } | EvidenceError::TooMany { .. } => Kind::Usage,
            _ => Kind::BadInput,
        };
        Self::new(kind, error.to_string())
            .hint("docs/evidence.md says which exports are read and how to make them")
    }
}

/// Microsoft Graph. Who knows what was asked for names the permission, too.
impl From<GraphError> for CliError {
    fn from(error: GraphError) -> Self {
        let kind = match error.kind() {
            GraphErrorKind::Input => Kind::Usage,
            GraphErrorKind::Unreachable | GraphErrorKind::SignIn => Kind::Unreachable,
            GraphErrorKind::Denied => Kind::AccessDenied,
            GraphErrorKind::NotFound => Kind::NotFound,
            // What blocks a change is a result of the command that wants it, and no error.
            _ => Kind::Unexpected,
        };
        Self { hint: error.way_out(), ..Self::new(kind, error.to_string()) }
    }
}

/// The configuration of the synchronisation: what cannot be relied on is no answer.
impl From<ScopeError> for CliError {
    fn from(error: ScopeError) -> Self {
        let kind = match &error {
            ScopeError::Io { .. } | ScopeError::NotAFile { .. } => Kind::Usage,
            ScopeError::NotText { .. }
            | ScopeError::TooLarge { .. }
            | ScopeError::TooMany { .. }
            | ScopeError::Empty { .. }
            | ScopeError::Cut { .. }
            | ScopeError::Malformed { .. }
            | ScopeError::OtherKind { .. }
            | ScopeError::Truncated { .. }
            | ScopeError::Field { .. }
            | ScopeError::NotADn { .. }
            | ScopeError::NoConnector { .. }
            | ScopeError::Contradiction { .. } => Kind::BadInput,
        };
        Self::new(kind, error.to_string()).hint(error.hint())
    }
}

/// Writing to standard output. Files are reported with [`CliError::file`].
impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::new(Kind::BrokenPipe, "the output was closed"),
            _ => Self::unexpected(format!("cannot write the output: {error}")),
        }
    }
}

impl From<serde_json::Error> for CliError {
    fn from(error: serde_json::Error) -> Self {
        match error.io_error_kind() {
            Some(kind) => io::Error::from(kind).into(),
            None => Self::unexpected(format!("cannot write JSON: {error}")),
        }
    }
}

impl From<csv::Error> for CliError {
    fn from(error: csv::Error) -> Self {
        match error.into_kind() {
            csv::ErrorKind::Io(error) => error.into(),
            other => Self::unexpected(format!("cannot write CSV: {other:?}")),
        }
    }
}

impl From<DirectoryError> for CliError {
    fn from(error: DirectoryError) -> Self {
        let message = error.to_string();
        match error {
            DirectoryError::Unreachable { hint, .. } => {
                Self { hint, ..Self::new(Kind::Unreachable, message) }
            }
            DirectoryError::ConnectionLost { .. } => Self::new(Kind::Unreachable, message),
            DirectoryError::Timeout { .. } => Self::new(Kind::Unreachable, message)
                .hint("raise the limit with --timeout SECONDS, or try another server"),
            DirectoryError::Refused(refusal) if refusal.is_access_denied() => {
                Self::new(Kind::AccessDenied, message)
                    .hint("`adrecover doctor` says which rights this account has and how to grant the others")
            }
            DirectoryError::Refused(refusal) => match refusal.code {
                3 | 11 => Self::unexpected(message).hint("narrow the search, or try again later"),
                // strongerAuthRequired, confidentialityRequired: the connection is not what the server wants.
                8 | 13 => Self::new(Kind::Unreachable, message).hint("use ldaps:// or --starttls"),
                51 | 52 => Self::new(Kind::Unreachable, message).hint("the server is busy: try again later"),
                _ => Self::unexpected(message),
            },
            DirectoryError::Malformed { .. } => Self::unexpected(message),
            DirectoryError::BadRequest(_) => Self::usage(message),
        }
    }
}

impl From<ConnectError> for CliError {
    fn from(error: ConnectError) -> Self {
        let kind = match error.kind() {
            ConnectErrorKind::Options => Kind::Usage,
            ConnectErrorKind::Network
            | ConnectErrorKind::Tls
            | ConnectErrorKind::Bind
            | ConnectErrorKind::Server => Kind::Unreachable,
        };
        Self { hint: error.hint(), ..Self::new(kind, error.to_string()) }
    }
}

impl From<BadServerUrl> for CliError {
    fn from(error: BadServerUrl) -> Self {
        Self::usage(error.to_string()).hint("write --server ldaps://dc1.contoso.com")
    }
}

impl From<NotADn> for CliError {
    fn from(error: NotADn) -> Self {
        Self::usage(error.to_string()).hint("write it as OU=Sales,DC=contoso,DC=com")
    }
}

impl From<NotAGuid> for CliError {
    fn from(error: NotAGuid) -> Self {
        Self::usage(error.to_string()).hint("`adrecover list` shows the GUIDs of deleted objects")
    }
}

impl From<NotATime> for CliError {
    fn from(error: NotATime) -> Self {
        Self::usage(error.to_string())
    }
}
