//! Foreign octets as UTF-8, as they are read: an export of a large tenant is never in memory as a whole.

use std::io::{self, Read};

/// The largest file that is read, in octets.
pub const MAX_INPUT: u64 = 16 << 30;

/// How the octets are to be read. The rules are those of [`adrecover_core::text::decode`].
#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Little,
    Big,
}

/// Turns UTF-16 into UTF-8 and takes a byte order mark away. UTF-8 is passed on unchecked: who makes text of it checks it.
pub(crate) struct Input<R> {
    inner: R,
    encoding: Option<Encoding>,
    /// Octets of the inner reader that were not used yet: the first ones, or half a character.
    pending: Vec<u8>,
    ready: Vec<u8>,
    at: usize,
    taken: u64,
}

const CHUNK: usize = 64 * 1024;

impl<R: Read> Input<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self { inner, encoding: None, pending: vec![], ready: vec![], at: 0, taken: 0 }
    }

    /// Reads more octets behind those that are pending; 0 at the end.
    fn more(&mut self) -> io::Result<usize> {
        let old = self.pending.len();
        self.pending.resize(old + CHUNK, 0);
        let read = loop {
            match self.inner.read(&mut self.pending[old..]) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.pending.truncate(old + *read.as_ref().unwrap_or(&0));
        self.taken += *read.as_ref().unwrap_or(&0) as u64;
        if self.taken > MAX_INPUT {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the file is too large"));
        }
        read
    }

    fn start(&mut self) -> io::Result<Encoding> {
        while self.pending.len() < 3 && self.more()? > 0 {}
        let (encoding, mark) = match self.pending.as_slice() {
            [0xff, 0xfe, ..] => (Encoding::Little, 2),
            [0xfe, 0xff, ..] => (Encoding::Big, 2),
            [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8, 3),
            [1..=255, 0, ..] => (Encoding::Little, 0),
            [0, 1..=255, ..] => (Encoding::Big, 0),
            _ => (Encoding::Utf8, 0),
        };
        self.pending.drain(..mark);
        self.encoding = Some(encoding);
        Ok(encoding)
    }

    /// Fills `ready`; leaves it empty at the end.
    fn fill(&mut self) -> io::Result<()> {
        let encoding = match self.encoding {
            Some(encoding) => encoding,
            None => self.start()?,
        };
        self.ready.clear();
        self.at = 0;
        while self.ready.is_empty() {
            let ended = self.pending.len() < 4 && self.more()? == 0;
            if encoding == Encoding::Utf8 {
                std::mem::swap(&mut self.ready, &mut self.pending);
            } else {
                self.narrow(encoding, ended)?;
            }
            if ended {
                break;
            }
        }
        Ok(())
    }

    /// Moves whole characters from `pending` to `ready`.
    fn narrow(&mut self, encoding: Encoding, ended: bool) -> io::Result<()> {
        let bad = || io::Error::new(io::ErrorKind::InvalidData, "its octets are no UTF-16 text");
        let join = if encoding == Encoding::Little { u16::from_le_bytes } else { u16::from_be_bytes };
        let mut used = self.pending.len() / 2 * 2;
        let last = self.pending[..used].chunks_exact(2).next_back().map(|c| join([c[0], c[1]]));
        if !ended && last.is_some_and(|unit| (0xd800..0xdc00).contains(&unit)) {
            used -= 2;
        }
        let units = self.pending[..used].chunks_exact(2).map(|c| join([c[0], c[1]]));
        let mut octets = [0; 4];
        for c in char::decode_utf16(units) {
            let c = c.map_err(|_| bad())?;
            self.ready.extend_from_slice(c.encode_utf8(&mut octets).as_bytes());
        }
        self.pending.drain(..used);
        if ended && !self.pending.is_empty() { Err(bad()) } else { Ok(()) }
    }
}

impl<R: Read> Read for Input<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.ready.len() {
            self.fill()?;
        }
        let rest = &self.ready[self.at..];
        let n = rest.len().min(out.len());
        out[..n].copy_from_slice(&rest[..n]);
        self.at += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Gives few octets at a time, so that characters are cut.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let n = self.1.min(self.0.len()).min(out.len());
            out[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    fn read(bytes: &[u8], step: usize) -> Option<String> {
        let mut out = vec![];
        Input::new(Drip(bytes, step)).read_to_end(&mut out).ok()?;
        String::from_utf8(out).ok()
    }

    proptest! {
        #[test]
        fn a_stream_reads_as_the_whole_does(bytes: Vec<u8>, step in 1usize..9, wide: bool, text: String) {
            prop_assert_eq!(read(&bytes, step), adrecover_core::text::decode(bytes));
            let text: Vec<u8> = if wide {
                std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
            } else {
                text.into_bytes()
            };
            prop_assert_eq!(read(&text, step), adrecover_core::text::decode(text));
        }
    }
}
