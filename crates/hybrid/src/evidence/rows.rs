//! Tables of text: CSV as `Export-Csv` and spreadsheets write it.

use std::io::{self, Read};

use super::read::{FileReader, Stop};
use super::scan::{Broken, MAX_VALUE};

/// Looks on while octets pass: whether the last quotation is open, and how long the record is.
struct Quotes<R> {
    inner: R,
    is_open: bool,
    length: usize,
}

impl<R: Read> Read for Quotes<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)?;
        for octet in &out[..n] {
            self.length += 1;
            match octet {
                b'"' => self.is_open = !self.is_open,
                b'\n' if !self.is_open => self.length = 0,
                _ => {}
            }
        }
        if self.length > MAX_VALUE {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a record is too long"));
        }
        Ok(n)
    }
}

/// Reads a table. `is_typed`: a line with the type stood above it and was skipped.
pub(crate) fn read<R: Read>(
    input: R,
    separator: u8,
    is_typed: bool,
    file: &mut FileReader<'_>,
) -> Result<(), Stop> {
    let offset = u64::from(is_typed);
    let quotes = Quotes { inner: input, is_open: false, length: 0 };
    let mut reader = csv::ReaderBuilder::new().delimiter(separator).flexible(false).from_reader(quotes);
    let broken = |error: &csv::Error| broken(error, offset);
    let names = reader.headers().map_err(|e| broken(&e))?.clone();
    let targets = file.columns(&names);
    let mut record = csv::StringRecord::new();
    let mut line = 1;
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(e) => return Err(broken(&e).into()),
        }
        line = record.position().map_or(line, csv::Position::line);
        file.row(&targets, &record)?;
    }
    if reader.get_ref().is_open {
        let problem = "a quotation is not closed: the file is cut".into();
        return Err(Broken { line: line + offset, problem }.into());
    }
    Ok(())
}

fn broken(error: &csv::Error, offset: u64) -> Broken {
    let line = error.position().map_or(1, csv::Position::line) + offset;
    let problem = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!(
                "{len} cells instead of {expected_len}: the file is cut, or a separator stands in a cell without quotation marks"
            )
        }
        csv::ErrorKind::Utf8 { .. } => "it is not UTF-8 text; export it with -Encoding utf8".into(),
        csv::ErrorKind::Io(e) => e.to_string(),
        _ => "it is not CSV".into(),
    };
    Broken { line, problem }
}
