//! Text files as administration tools write them: UTF-8 or UTF-16, with or without a byte order mark
//! ([`adrecover_core::text::decode`]).

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use adrecover_core::text::decode;

/// The largest file that is read at once, in octets: an export of some hundred thousand users.
pub const MAX_FILE: u64 = 1 << 30;

/// Why a file could not be read as text.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// It could not be opened or read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is larger than [`MAX_FILE`].
    #[error("{} is larger than {MAX_FILE} octets", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// Its octets are no text.
    #[error("{} is neither UTF-8 nor UTF-16 text", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
}

/// Reads a whole text file.
pub fn read(path: &Path) -> Result<String, TextError> {
    let failed = |source| TextError::Io { path: path.to_owned(), source };
    let mut bytes = vec![];
    File::open(path).and_then(|f| f.take(MAX_FILE + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(TextError::TooLarge { path: path.to_owned() });
    }
    decode(bytes).ok_or_else(|| TextError::NotText { path: path.to_owned() })
}
