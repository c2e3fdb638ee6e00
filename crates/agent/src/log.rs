//! A log file of bounded size, for an agent that nobody looks at: a service of Windows has no standard error.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use adrecover_core::time::rfc3339;

use crate::Clock;

/// A file is not longer before the next one is begun.
const LONGEST: u64 = 4 << 20;
/// How many older files are kept: `NAME.1.log` is the newest of them.
const OLDER: u32 = 4;
/// A line that is longer is broken.
const LONGEST_LINE: usize = 64 << 10;
/// Editors of older Windows show nothing else as the end of a line.
const LINE_END: &str = if cfg!(windows) { "\r\n" } else { "\n" };

/// A log file; clones write the same one. Each line begins with the time.
///
/// At most 20 MiB are kept: 4 MiB, and four older files of that size. What cannot be written is lost, and the next line is tried
/// anew: an agent does not end because its log does.
#[derive(Clone)]
pub struct LogFile(Arc<Mutex<Inner>>);

struct Inner {
    path: PathBuf,
    clock: Clock,
    longest: u64,
    open: Option<(File, u64)>,
    /// What is not a whole line yet.
    line: Vec<u8>,
}

impl fmt::Debug for LogFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogFile").field("path", &self.inner().path).finish_non_exhaustive()
    }
}

impl LogFile {
    /// The log in this file, which is opened, and its folder made, when the first line is written.
    pub fn new(path: PathBuf, clock: Clock) -> Self {
        Self(Arc::new(Mutex::new(Inner { path, clock, longest: LONGEST, open: None, line: vec![] })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for LogFile {
    /// Takes everything, and never fails.
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let mut inner = self.inner();
        for part in octets.split_inclusive(|octet| *octet == b'\n') {
            let whole = part.strip_suffix(b"\n");
            inner.line.extend_from_slice(whole.unwrap_or(part));
            if whole.is_some() || inner.line.len() >= LONGEST_LINE {
                let line = std::mem::take(&mut inner.line);
                if inner.put(&line).is_err() {
                    inner.open = None;
                }
            }
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Inner {
    fn put(&mut self, line: &[u8]) -> io::Result<()> {
        let mut text = format!("{} ", rfc3339((self.clock)())).into_bytes();
        text.extend_from_slice(line);
        text.extend_from_slice(LINE_END.as_bytes());
        let length = text.len() as u64;
        if self.open.as_ref().is_some_and(|(_, size)| size + length > self.longest) {
            self.turn()?;
        }
        let (file, size) = self.opened()?;
        // In one piece, so that a reader sees whole lines.
        file.write_all(&text)?;
        *size += length;
        Ok(())
    }

    fn opened(&mut self) -> io::Result<&mut (File, u64)> {
        if self.open.is_none() {
            if let Some(folder) = self.path.parent() {
                fs::create_dir_all(folder)?;
            }
            let file = options().open(&self.path)?;
            let size = file.metadata()?.len();
            self.open = Some((file, size));
            // One that an earlier agent left at its full length.
            if size >= self.longest {
                self.turn()?;
                return self.opened();
            }
        }
        self.open.as_mut().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Makes this file the first of the older ones. Where that is impossible, because somebody holds it open, it is begun anew all
    /// the same: it must not grow without end.
    fn turn(&mut self) -> io::Result<()> {
        // It cannot be renamed while it is open everywhere.
        self.open = None;
        for number in (1..OLDER).rev() {
            let from = older(&self.path, number);
            if from.exists() {
                fs::rename(from, older(&self.path, number + 1))?;
            }
        }
        if fs::rename(&self.path, older(&self.path, 1)).is_err() {
            OpenOptions::new().write(true).truncate(true).open(&self.path)?;
        }
        Ok(())
    }
}

/// Of several agents none writes into the lines of another.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o640);
    options
}

/// `agent.2.log` for `agent.log`.
fn older(path: &Path, number: u32) -> PathBuf {
    path.with_extension(format!("{number}.log"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(path: &Path, longest: u64) -> LogFile {
        let clock = || chrono::DateTime::from_timestamp(1_795_694_062, 0).unwrap();
        let log = LogFile::new(path.to_owned(), Arc::new(clock));
        log.inner().longest = longest;
        log
    }

    #[test]
    fn each_line_has_its_time_however_it_comes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").join("agent.log");
        let (mut one, mut other) = (log(&path, LONGEST), log(&path, LONGEST));
        write!(one, "a {}\nb", 1).unwrap();
        writeln!(other, "other").unwrap();
        writeln!(one, "c").unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let at = "2026-11-26T11:54:22Z";
        assert_eq!(lines, [format!("{at} a 1"), format!("{at} other"), format!("{at} bc")]);
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.log");
        let mut log = log(&path, 1000);
        for number in 0..1000 {
            writeln!(log, "line {number}").unwrap();
        }
        let files: Vec<_> = fs::read_dir(folder.path()).unwrap().flatten().collect();
        assert_eq!(files.len(), 5);
        assert!(files.iter().all(|file| file.metadata().unwrap().len() <= 1000));
        assert!(fs::read_to_string(&path).unwrap().ends_with(&format!(" line 999{LINE_END}")));
        // A line without an end is broken.
        log.write_all(&vec![b'x'; 3 * LONGEST_LINE]).unwrap();
        assert!(log.inner().line.len() < LONGEST_LINE);
    }

    #[test]
    fn what_cannot_be_written_is_lost_and_tried_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.log");
        fs::create_dir(&path).unwrap();
        let mut log = log(&path, LONGEST);
        writeln!(log, "lost").unwrap();
        fs::remove_dir(&path).unwrap();
        writeln!(log, "kept").unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("kept") && !text.contains("lost"), "{text}");
    }
}
