//! Why a configuration could not be read. No message repeats a value that the scope does not need.

use std::path::PathBuf;

use crate::scope::model::Place;
use crate::text::TextError;

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ScopeError {
    /// A file or folder could not be opened or read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is neither a file nor a folder: a device has no end that one could wait for.
    #[error("{} is neither a file nor a folder", path.display())]
    NotAFile {
        /// Which.
        path: PathBuf,
    },
    /// The octets are no text.
    #[error("{} is neither UTF-8 nor UTF-16 text", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// The file is too large for a configuration.
    #[error("{} is larger than a configuration can be ({} MiB)", path.display(), limit >> 20)]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in octets.
        limit: u64,
    },
    /// The folder has too many files.
    #[error("{} holds more than {limit} files", path.display())]
    TooMany {
        /// The folder.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
    /// The file is empty.
    #[error("{} is empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// It begins as XML or JSON and ends too soon.
    #[error("{at}: the {format} ends in the middle")]
    Cut {
        /// The last line.
        at: Place,
        /// `XML` or `JSON`.
        format: &'static str,
    },
    /// It is no XML, or no JSON.
    #[error("{at}: this is not well-formed {format}")]
    Malformed {
        /// Where.
        at: Place,
        /// `XML` or `JSON`.
        format: &'static str,
    },
    /// It is well-formed and something else.
    #[error("{}: this {format} is no synchronisation configuration", path.display())]
    OtherKind {
        /// The file.
        path: PathBuf,
        /// `XML`, `JSON` or `text`.
        format: &'static str,
    },
    /// PowerShell wrote the names of types instead of what is deeper than it was told to go.
    #[error("{at}: `{field}` was cut off by PowerShell's depth limit")]
    Truncated {
        /// Where.
        at: Place,
        /// Which property.
        field: &'static str,
        /// Whether it is Clixml.
        is_clixml: bool,
    },
    /// A property that must be there is missing or has another form.
    #[error("{at}: `{field}` is missing or not what it should be")]
    Field {
        /// Where.
        at: Place,
        /// Which property.
        field: &'static str,
    },
    /// A listed name is no DN.
    #[error("{at}: `{field}` holds something that is not a distinguished name")]
    NotADn {
        /// Where.
        at: Place,
        /// Which list.
        field: &'static str,
    },
    /// Nothing that was read has a connector to an Active Directory.
    #[error("{}: {problem}", path.display())]
    NoConnector {
        /// What was given.
        path: PathBuf,
        /// What is there instead.
        problem: &'static str,
    },
    /// Two files say different things about the same partition.
    #[error("{first} and {second} contradict each other about {partition}: {what}")]
    Contradiction {
        /// Where one says it.
        first: Place,
        /// Where the other says it.
        second: Place,
        /// The partition.
        partition: String,
        /// What differs.
        what: &'static str,
    },
}

impl ScopeError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io { .. } | Self::NotAFile { .. } => {
                "name the folder that `Get-ADSyncServerConfiguration -Path` wrote, or a file exported from the sync server"
            }
            Self::Cut { .. } | Self::Malformed { .. } | Self::Empty { .. } | Self::NotText { .. } => {
                "the file is damaged: copy it again, or export it again on the sync server"
            }
            Self::TooLarge { .. } | Self::TooMany { .. } => {
                "name the configuration itself, not what is around it"
            }
            Self::OtherKind { .. } => {
                "what is read: the folder of Get-ADSyncServerConfiguration, Get-ADSyncConnector as JSON (-Depth 6) or Clixml, \
                 the wizard's policy JSON, the schema of a Cloud Sync job"
            }
            Self::Truncated { is_clixml: false, .. } => {
                "export it again with -Depth 6: Get-ADSyncConnector | ConvertTo-Json -Depth 6 | Set-Content connectors.json"
            }
            Self::Truncated { is_clixml: true, .. } => {
                "export it again with -Depth 6: Get-ADSyncConnector | Export-Clixml -Depth 6 connectors.xml"
            }
            Self::Field { .. } | Self::NotADn { .. } => {
                "export the configuration again; an edited file cannot be relied on"
            }
            Self::NoConnector { .. } => {
                "export the whole configuration on the sync server: Get-ADSyncServerConfiguration -Path FOLDER"
            }
            Self::Contradiction { .. } => {
                "give only one of them: the one that the active sync server works by, exported today"
            }
        }
    }
}

impl From<TextError> for ScopeError {
    fn from(error: TextError) -> Self {
        match error {
            TextError::Io { path, source } => Self::Io { path, source },
            TextError::TooLarge { path } => Self::TooLarge { path, limit: crate::text::MAX_FILE },
            TextError::NotText { path } => Self::NotText { path },
        }
    }
}
