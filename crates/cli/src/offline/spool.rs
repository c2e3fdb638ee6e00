//! Values that are too many for memory, kept in a file without a name until they are printed.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::CliError;

/// Values being gathered. The file lies in the folder for temporary files, has no name, and is its owner's alone.
pub(crate) struct Spool<T> {
    file: BufWriter<File>,
    len: u64,
    kind: PhantomData<fn(T)>,
}

/// Values that were gathered, to be read as often as need be, one reading at a time.
pub(crate) struct Spooled<T> {
    file: File,
    len: u64,
    kind: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned> Spool<T> {
    /// An empty one.
    pub(crate) fn new() -> Result<Self, CliError> {
        let file = tempfile::tempfile().map_err(failed)?;
        Ok(Self { file: BufWriter::new(file), len: 0, kind: PhantomData })
    }

    /// Adds a value.
    pub(crate) fn push(&mut self, value: &T) -> Result<(), CliError> {
        serde_json::to_writer(&mut self.file, value).map_err(|error| failed(error.into()))?;
        self.len += 1;
        self.file.write_all(b"\n").map_err(failed)
    }

    /// All of them.
    pub(crate) fn finish(self) -> Result<Spooled<T>, CliError> {
        let file = self.file.into_inner().map_err(|error| failed(error.into_error()))?;
        Ok(Spooled { file, len: self.len, kind: PhantomData })
    }
}

impl<T: DeserializeOwned> Spooled<T> {
    /// How many there are.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// All, in the order in which they were added. Another reading that was begun ends.
    pub(crate) fn iter(&self) -> Result<impl Iterator<Item = Result<T, CliError>> + '_, CliError> {
        (&self.file).seek(SeekFrom::Start(0)).map_err(failed)?;
        let lines = BufReader::new(&self.file).split(b'\n');
        Ok(lines.map(|line| {
            let line = line.map_err(failed)?;
            serde_json::from_slice(&line).map_err(|error| failed(error.into()))
        }))
    }
}

fn failed(error: std::io::Error) -> CliError {
    CliError::unexpected(format!("cannot keep what was found in the folder for temporary files: {error}"))
        .hint("the variable TMPDIR (on Windows TMP) names another folder")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_comes_back_as_often_as_it_is_asked_for() {
        let mut spool: Spool<Vec<String>> = Spool::new().unwrap();
        let values: Vec<Vec<String>> = vec![vec!["a\nb".into()], vec![], vec!["ü".into(), String::new()]];
        values.iter().for_each(|value| spool.push(value).unwrap());
        let spooled = spool.finish().unwrap();
        assert_eq!(spooled.len(), 3);
        for _ in 0..2 {
            let back: Vec<Vec<String>> = spooled.iter().unwrap().map(Result::unwrap).collect();
            assert_eq!(back, values);
        }
    }
}
