//! Why changes could not be read, told apart by what has to be done about it.

use crate::{DirectoryError, Dn, ObjectGuid};

/// Why no changes came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangesError {
    /// The server does not take the position any more.
    #[error("{server} does not take the position in {context} that was kept: {error}")]
    CursorRefused {
        /// The server.
        server: String,
        /// The naming context.
        context: Dn,
        /// What it said.
        error: DirectoryError,
    },
    /// The position is one of another domain controller, or of one that was restored from a backup since.
    #[error(
        "{server} is not the domain controller that was read before: its database is {is}, that one's was {was}"
    )]
    OtherServer {
        /// The server.
        server: String,
        /// The invocation id of the position.
        was: ObjectGuid,
        /// The invocation id now.
        is: ObjectGuid,
    },
    /// The naming context has the same name as the one that was read, and is another one.
    #[error("{context} on {server} is another one than was read before, of the same name")]
    OtherContext {
        /// The server.
        server: String,
        /// The naming context.
        context: Dn,
    },
    /// The domain controller's database was put back without its knowledge: numbers come again that it had given before.
    #[error(
        "{server} has gone back in time: its last change is number {has}, and it was number {had} before"
    )]
    WentBack {
        /// The server.
        server: String,
        /// The highest number of the position.
        had: u64,
        /// The highest number now.
        has: u64,
    },
    /// The account lacks the right "Replicating Directory Changes" on the naming context.
    #[error("the account may not read changes of {context} by DirSync")]
    RightMissing {
        /// The naming context.
        context: Dn,
    },
    /// The server does not know DirSync.
    #[error("{server} does not offer DirSync")]
    NotOffered {
        /// The server.
        server: String,
    },
    /// Anything else: the connection, the server, the network.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl ChangesError {
    /// Whether the position is of no use any more: the naming context has to be read as a whole again, and compared.
    pub fn needs_full_read(&self) -> bool {
        match self {
            Self::CursorRefused { .. }
            | Self::OtherServer { .. }
            | Self::OtherContext { .. }
            | Self::WentBack { .. } => true,
            Self::RightMissing { .. } | Self::NotOffered { .. } | Self::Directory(_) => false,
        }
    }

    /// Whether another way of reading may work: with the account's own rights, or by update sequence numbers.
    pub fn has_another_way(&self) -> bool {
        matches!(self, Self::RightMissing { .. } | Self::NotOffered { .. })
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::CursorRefused { .. } | Self::OtherServer { .. } => {
                Some("the naming context has to be read again and compared with what is kept".to_owned())
            }
            Self::OtherContext { .. } => Some("check --server: this is another forest".to_owned()),
            Self::WentBack { server, .. } => Some(format!(
                "if {server} is a virtual machine that was put back to a snapshot, it does not replicate any more: see \
                 Microsoft's text on USN rollback; the naming context has to be read again and compared with what is kept"
            )),
            Self::RightMissing { context } => Some(format!(
                "grant it: dsacls \"{context}\" /G ACCOUNT:CA;\"Replicating Directory Changes\"; until then changes are \
                 found by their numbers, which shows only what the account may read"
            )),
            Self::NotOffered { .. } => None,
            Self::Directory(DirectoryError::Unreachable { hint, .. }) => hint.clone(),
            Self::Directory(_) => None,
        }
    }
}
