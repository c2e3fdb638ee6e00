//! Why a source cannot answer.

use super::SourceKind;
use crate::DirectoryError;

/// Why a source cannot answer at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The file cannot be opened or read.
    #[error("`{name}` cannot be read: {reason}")]
    Io {
        /// The file.
        name: String,
        /// What the system said.
        reason: String,
    },
    /// The content is of none of the formats that are read.
    #[error("`{name}` is none of the formats that can be read: {found}")]
    NotRecognised {
        /// The file.
        name: String,
        /// What it looks like.
        found: String,
    },
    /// The content is of another kind than the one that was named.
    #[error("`{name}` is {}, and not {}", found.title(), named.title())]
    OtherKind {
        /// The file.
        name: String,
        /// What was named.
        named: SourceKind,
        /// What it is.
        found: SourceKind,
    },
    /// It is of a form of its format that is not read.
    #[error("`{name}` cannot be read: {what}")]
    Unsupported {
        /// The file.
        name: String,
        /// What is not read.
        what: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The database was not shut down in an orderly way: what it shows may contradict itself.
    #[error("the database `{name}` was not shut down in an orderly way ({state})")]
    Dirty {
        /// The file.
        name: String,
        /// The state as its header tells it.
        state: String,
        /// What to do about it.
        hint: String,
    },
    /// So much of it is damaged that nothing can be told.
    #[error("`{name}` is damaged: {place}: {problem}")]
    Damaged {
        /// The file.
        name: String,
        /// Where.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// It is larger than what is read.
    #[error("`{name}` is too large: {what}")]
    TooLarge {
        /// The file.
        name: String,
        /// What is too large, and the bound.
        what: String,
    },
    /// A server did not answer.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl SourceError {
    /// The file cannot be opened or read.
    #[must_use]
    pub fn io(name: impl Into<String>, error: &std::io::Error) -> Self {
        Self::Io { name: name.into(), reason: error.to_string() }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unsupported { hint, .. } => hint.clone(),
            Self::Dirty { hint, .. } => Some(hint.clone()),
            Self::NotRecognised { .. } => {
                let kinds = SourceKind::ALL.into_iter().filter(|kind| *kind != SourceKind::Ldap);
                Some(format!(
                    "read are {}; each also compressed with gzip or bzip2",
                    kinds.map(SourceKind::title).collect::<Vec<_>>().join(", ")
                ))
            }
            Self::OtherKind { found, .. } => Some(format!("write {}:FILE, or file:FILE", found.name())),
            Self::Directory(DirectoryError::Unreachable { hint, .. }) => hint.clone(),
            Self::Io { .. } | Self::Damaged { .. } | Self::TooLarge { .. } | Self::Directory(_) => None,
        }
    }
}
