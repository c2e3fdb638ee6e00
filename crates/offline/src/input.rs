//! The octets of a source: a file, or memory where it was small, read by position.
//!
//! Files are not mapped into memory: that would be a matter of life and death when somebody cuts them meanwhile.

use std::fs::File;
use std::io;

/// Octets that are read by position.
#[derive(Debug)]
pub(crate) struct Input {
    body: Body,
    len: u64,
}

#[derive(Debug)]
enum Body {
    File(File),
    Memory(Vec<u8>),
}

impl Input {
    /// A file, as long as it is now.
    pub(crate) fn file(file: File) -> io::Result<Self> {
        let len = file.metadata()?.len();
        Ok(Self { body: Body::File(file), len })
    }

    /// Octets that are at hand.
    pub(crate) fn memory(octets: Vec<u8>) -> Self {
        Self { len: octets.len() as u64, body: Body::Memory(octets) }
    }

    /// The length in octets.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Fills the buffer from a position on, as far as there are octets; gives their number.
    pub(crate) fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(self.len.saturating_sub(at)).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(rest);
        let mut done = 0;
        while done < wanted {
            match self.once(at + done as u64, &mut buffer[done..wanted]) {
                // Somebody has cut the file meanwhile.
                Ok(0) => break,
                Ok(read) => done += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn once(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        match &self.body {
            Body::File(file) => read_file(file, at, buffer),
            Body::Memory(octets) => {
                let rest = usize::try_from(at).ok().and_then(|at| octets.get(at..)).unwrap_or_default();
                let n = rest.len().min(buffer.len());
                buffer[..n].copy_from_slice(&rest[..n]);
                Ok(n)
            }
        }
    }
}

#[cfg(unix)]
fn read_file(file: &File, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, at)
}

#[cfg(windows)]
fn read_file(file: &File, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, at)
}

/// The blocks of an [`Input`] that were read last, for many small reads at places that lie here and there.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    /// By their number, the latest at the end.
    kept: Vec<(u64, Vec<u8>)>,
}

impl Blocks {
    /// How long a block is.
    const LENGTH: usize = 64 << 10;
    /// How many are kept: 4 MiB.
    const KEPT: usize = 64;

    /// The octets from a position on, or fewer where the input ends.
    pub(crate) fn read(&mut self, input: &Input, at: u64, length: usize) -> io::Result<Vec<u8>> {
        let rest = usize::try_from(input.len().saturating_sub(at)).unwrap_or(usize::MAX);
        let length = length.min(rest);
        let mut out = vec![0; length];
        // What is longer than several blocks would only drive out the others.
        if length > 4 * Self::LENGTH {
            let read = input.read_at(at, &mut out)?;
            out.truncate(read);
            return Ok(out);
        }
        let mut done = 0;
        while done < length {
            let position = at + done as u64;
            let within = (position % Self::LENGTH as u64) as usize;
            let block = self.block(input, position / Self::LENGTH as u64)?;
            let rest = block.get(within..).unwrap_or_default();
            let n = rest.len().min(length - done);
            if n == 0 {
                break;
            }
            out[done..done + n].copy_from_slice(&rest[..n]);
            done += n;
        }
        out.truncate(done);
        Ok(out)
    }

    fn block(&mut self, input: &Input, number: u64) -> io::Result<&[u8]> {
        let place = self.kept.iter().rposition(|(n, _)| *n == number);
        let block = match place {
            Some(place) if place + 1 == self.kept.len() => return Ok(self.last()),
            Some(place) => self.kept.remove(place),
            None => {
                let mut octets = match self.kept.len() {
                    Self::KEPT.. => self.kept.remove(0).1,
                    _ => vec![],
                };
                octets.resize(Self::LENGTH, 0);
                let read = input.read_at(number * Self::LENGTH as u64, &mut octets)?;
                octets.truncate(read);
                (number, octets)
            }
        };
        self.kept.push(block);
        Ok(self.last())
    }

    fn last(&self) -> &[u8] {
        self.kept.last().map(|(_, octets)| octets.as_slice()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_and_memory_give_the_same() {
        let octets: Vec<u8> = (0..400_000u32).flat_map(u32::to_le_bytes).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&octets).unwrap();
        for input in [Input::file(file).unwrap(), Input::memory(octets.clone())] {
            let mut blocks = Blocks::default();
            for (at, length) in
                [(0, 10), (65_530, 20), (3, 200_000), (1_599_990, 100), (5_000_000, 1), (0, 1 << 30)]
            {
                let end = (at + length).min(octets.len());
                let expected = octets.get(at..end).unwrap_or_default();
                assert!(blocks.read(&input, at as u64, length).unwrap() == expected, "{at} {length}");
            }
            assert!(blocks.kept.len() <= Blocks::KEPT);
        }
    }
}
