//! Why a database cannot be read at all. What is wrong with parts of it is [`super::Damage`].

use std::io;

use super::header::State;

/// Why a database, or a table of it, cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum EseError {
    /// The file cannot be read.
    #[error("cannot read the database: {0}")]
    Io(#[from] io::Error),
    /// There is no header of an ESE database, nor its copy.
    #[error("this is no ESE database: neither its header nor the copy of it has the signature 0x89abcdef")]
    NotEse,
    /// The engine's other file types (logs, checkpoints, flush maps) have the same signature.
    #[error(
        "this is an ESE file of type {0}, no database (type 0 or 1): transaction logs and checkpoints hold no objects"
    )]
    NotADatabase(u32),
    /// A page size that the engine does not have.
    #[error("the header gives a page size of {0} octets; 4096, 8192, 16384 and 32768 are known")]
    PageSize(u32),
    /// A format that is older or newer than this reader.
    #[error(
        "format version {version:#x}, revision {revision:#x} is not supported (0x620, revisions 0x09 to 0x1ff)"
    )]
    Format {
        /// `ulVersion`.
        version: u32,
        /// `ulDaeUpdateMajor`.
        revision: u32,
    },
    /// The database was not shut down cleanly: what the transaction logs hold is missing in it, and parts may disagree.
    #[error("the database was not closed cleanly (state: {0})")]
    Dirty(State),
    /// Neither the catalog nor its copy can be read.
    #[error("the catalog of the database cannot be read: {0}")]
    Catalog(String),
    /// A table that must be there is not.
    #[error("the database has no table `{0}`")]
    NoTable(String),
    /// A column that must be there is not.
    #[error("the table `{table}` has no column `{column}`")]
    NoColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
}

impl EseError {
    /// What can be done about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Dirty(_) => Some(
                "take a copy of the file with its transaction logs and run `esentutl /r edb` beside them on Windows (or \
                 `esentutl /p`, which \
                 repairs without logs and may lose data), or read it as it is with --allow-dirty",
            ),
            Self::NotEse | Self::PageSize(_) | Self::NotADatabase(_) => {
                Some("give the database itself, uncompressed: `ntds.dit` of a backup or of `ntdsutil ifm`")
            }
            _ => None,
        }
    }
}
