//! The octets of one file of an archive: in memory where it is small, else in a private temporary file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// How much of a file on disk is read at once.
const WINDOW: usize = 64 << 10;

/// The octets of one file, to be read from any place.
///
/// A backup holds everybody's password hashes. The temporary file therefore has no name that others could open, and is gone
/// with the program, however that ends.
#[derive(Debug)]
pub struct Pages {
    place: Place,
    length: u64,
}

#[derive(Debug)]
enum Place {
    Memory(Vec<u8>),
    Disk { file: File, window: Vec<u8>, start: u64 },
}

impl Pages {
    /// The octets in memory.
    #[must_use]
    pub fn of(octets: Vec<u8>) -> Self {
        Self { length: octets.len() as u64, place: Place::Memory(octets) }
    }

    /// Takes all of a reader, which is said to have `length` octets: in memory where that is at most `memory`. Of a reader that
    /// fails, what came until then is given, and the failure.
    ///
    /// # Errors
    ///
    /// What writing the temporary file failed with.
    pub fn take(from: &mut impl Read, length: u64, memory: u64) -> io::Result<(Self, Option<io::Error>)> {
        let mut from = from.take(length);
        if length <= memory {
            let mut octets = Vec::new();
            let failure = from.read_to_end(&mut octets).err();
            return Ok((Self::of(octets), failure));
        }
        let mut file = tempfile::tempfile()?;
        let (mut length, mut octets) = (0, vec![0; WINDOW]);
        let failure = loop {
            match from.read(&mut octets) {
                Ok(0) => break None,
                Ok(read) => {
                    file.write_all(octets.get(..read).unwrap_or_default())?;
                    length += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Some(error),
            }
        };
        Ok((Self { place: Place::Disk { file, window: vec![], start: 0 }, length }, failure))
    }

    /// How many octets there are.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Whether they are in memory, and how many then.
    #[must_use]
    pub fn in_memory(&self) -> u64 {
        match &self.place {
            Place::Memory(octets) => octets.len() as u64,
            Place::Disk { .. } => 0,
        }
    }

    /// Reads as many octets as the buffer has.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::UnexpectedEof`] beyond the end; what reading failed with.
    pub fn read(&mut self, at: u64, into: &mut [u8]) -> io::Result<()> {
        let end = at.checked_add(into.len() as u64).filter(|end| *end <= self.length);
        let Some(end) = end else { return Err(io::ErrorKind::UnexpectedEof.into()) };
        match &mut self.place {
            Place::Memory(octets) => {
                let part = octets.get(at as usize..end as usize).ok_or(io::ErrorKind::UnexpectedEof)?;
                into.copy_from_slice(part);
            }
            Place::Disk { file, .. } if into.len() > WINDOW => {
                file.seek(SeekFrom::Start(at))?;
                file.read_exact(into)?;
            }
            Place::Disk { file, window, start } => {
                if at < *start || end > *start + window.len() as u64 {
                    window.clear();
                    file.seek(SeekFrom::Start(at))?;
                    file.take(WINDOW as u64).read_to_end(window)?;
                    *start = at;
                }
                let from = (at - *start) as usize;
                let part = window.get(from..from + into.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
                into.copy_from_slice(part);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_disk_read_the_same() {
        let octets: Vec<u8> = (0..200_000u32).map(|n| (n % 251) as u8).collect();
        let length = octets.len() as u64;
        let (mut memory, _) = Pages::take(&mut octets.as_slice(), length, length).unwrap();
        let (mut disk, _) = Pages::take(&mut octets.as_slice(), length, length - 1).unwrap();
        assert_eq!((memory.in_memory(), disk.in_memory()), (length, 0));
        for (at, size) in [(0, 4), (65_534, 10), (10, 100_000), (199_990, 10), (3, 3), (70_000, 65_536)] {
            let (mut one, mut other) = (vec![0; size], vec![1; size]);
            memory.read(at, &mut one).unwrap();
            disk.read(at, &mut other).unwrap();
            assert!(one == other && one == octets[at as usize..at as usize + size], "{size} at {at}");
        }
        for pages in [&mut memory, &mut disk] {
            assert!(
                pages.read(length - 3, &mut [0; 4]).is_err() && pages.read(u64::MAX, &mut [0; 4]).is_err()
            );
        }
    }

    #[test]
    fn what_came_before_a_failure_is_kept() {
        struct Broken(usize);
        impl Read for Broken {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                self.0 = self.0.checked_sub(1).ok_or(io::ErrorKind::UnexpectedEof)?;
                into[0] = 7;
                Ok(1)
            }
        }
        for memory in [0, 100] {
            let (mut pages, failure) = Pages::take(&mut Broken(3), 10, memory).unwrap();
            let mut octets = [0; 3];
            pages.read(0, &mut octets).unwrap();
            assert_eq!((pages.length(), octets), (3, [7; 3]));
            assert!(failure.is_some());
        }
    }
}
