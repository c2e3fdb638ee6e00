//! A file's text, with its lines.

use std::path::Path;
use std::sync::Arc;

use crate::scope::error::ScopeError;
use crate::scope::model::Place;
use crate::text;

/// The largest configuration file: an export of a connector with its schema takes some 2 MiB.
pub(crate) const MAX_FILE: u64 = 256 << 20;

/// The text of one file. Its `Debug` does not show it.
pub(crate) struct Source {
    file: Arc<Path>,
    text: String,
    /// Where each line but the first begins.
    lines: Vec<usize>,
}

impl Source {
    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Result<Self, ScopeError> {
        let io = |source| ScopeError::Io { path: path.to_owned(), source };
        let metadata = std::fs::metadata(path).map_err(io)?;
        if !metadata.is_file() {
            return Err(ScopeError::NotAFile { path: path.to_owned() });
        }
        if metadata.len() > MAX_FILE {
            return Err(ScopeError::TooLarge { path: path.to_owned(), limit: MAX_FILE });
        }
        Ok(Self::new(path, text::read(path)?))
    }

    /// A text as if it were that file's.
    pub(crate) fn new(path: &Path, text: String) -> Self {
        let lines = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1).collect();
        Self { file: path.into(), text, lines }
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.file
    }

    /// The text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The line of an octet.
    pub(crate) fn place(&self, at: usize) -> Place {
        let line = self.lines.partition_point(|begin| *begin <= at) + 1;
        Place { file: Arc::clone(&self.file), line: u32::try_from(line).unwrap_or(u32::MAX) }
    }

    /// The line of a part of the text.
    pub(crate) fn place_of(&self, part: &str) -> Place {
        self.place((part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize))
    }

    /// A line by its number.
    pub(crate) fn line(&self, line: u32) -> Place {
        Place { file: Arc::clone(&self.file), line: line.max(1) }
    }

    /// The last line that has something on it.
    pub(crate) fn end(&self) -> Place {
        self.place(self.text.trim_end().len().saturating_sub(1))
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Source({}, {} octets)", self.file.display(), self.text.len())
    }
}
