//! The lines of an LDIF file: in UTF-8 or UTF-16, folded ones put together.

use std::io;

use crate::input::Input;

/// How the octets of a file are characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// UTF-8; values may be any octets.
    Utf8,
    /// What `ldifde -u` writes, and PowerShell 5.1 with `>`.
    Utf16Le,
    /// The other order.
    Utf16Be,
}

impl Encoding {
    /// What a file begins with, and how long its byte order mark is. Without a mark it is UTF-16 where a zero octet stands beside
    /// the first character, which is ASCII in LDIF.
    pub(crate) fn of(head: &[u8]) -> (Self, u64) {
        match head {
            [0xff, 0xfe, ..] => (Self::Utf16Le, 2),
            [0xfe, 0xff, ..] => (Self::Utf16Be, 2),
            [0xef, 0xbb, 0xbf, ..] => (Self::Utf8, 3),
            [1..=255, 0, ..] => (Self::Utf16Le, 0),
            [0, 1..=255, ..] => (Self::Utf16Be, 0),
            _ => (Self::Utf8, 0),
        }
    }

    /// The encoding's name in the description of a file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Le | Self::Utf16Be => "UTF-16",
        }
    }

    /// The octets of one unit.
    fn width(self) -> usize {
        match self {
            Self::Utf8 => 1,
            Self::Utf16Le | Self::Utf16Be => 2,
        }
    }

    /// The unit at the beginning of some octets, where it is ASCII.
    fn ascii(self, octets: &[u8]) -> Option<u8> {
        match (self, octets) {
            (Self::Utf8, [c, ..]) | (Self::Utf16Le, [c, 0, ..]) | (Self::Utf16Be, [0, c, ..]) => Some(*c),
            _ => None,
        }
    }
}

/// Reads the lines of a file one after the other.
pub(crate) struct Lines<'a> {
    input: &'a Input,
    encoding: Encoding,
    buffer: Vec<u8>,
    /// How much of the buffer was taken.
    taken: usize,
    /// The place of the buffer's first octet in the file.
    at: u64,
    /// The number of the line that is read next, from 1.
    number: u64,
    /// How much is read next: little at first, where it may be one record that is read.
    chunk: usize,
}

/// A line, with those that were folded away from it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    /// Where it begins in the file.
    pub(crate) at: u64,
    /// The number of its first line in the file, from 1.
    pub(crate) number: u64,
    /// What it says: UTF-8, or octets as they are.
    pub(crate) text: Vec<u8>,
    /// Whether it was longer than [`LONGEST`], so that its end is missing.
    pub(crate) is_cut: bool,
    /// Whether characters were none in UTF-16, and replaced.
    pub(crate) is_mended: bool,
}

/// The longest line, in octets of the file. AD takes values of up to 10 MiB ([MS-ADTS] 3.1.1.3.4.6 MaxReceiveBuffer), which are
/// 28 MiB in base64 and UTF-16.
pub(crate) const LONGEST: usize = 32 << 20;

/// The most that is read at once.
const CHUNK: usize = 256 << 10;
/// What is read first.
const FIRST_CHUNK: usize = 4 << 10;

impl<'a> Lines<'a> {
    /// From a place in the file on, which has this number as a line.
    pub(crate) fn new(input: &'a Input, encoding: Encoding, at: u64, number: u64) -> Self {
        Self { input, encoding, buffer: vec![], taken: 0, at, number, chunk: FIRST_CHUNK }
    }

    /// Where the next line begins.
    pub(crate) fn position(&self) -> u64 {
        self.at + self.taken as u64
    }

    /// Reads the next line; `false` at the end of the file.
    pub(crate) fn next(&mut self, line: &mut Line) -> io::Result<bool> {
        line.text.clear();
        (line.is_cut, line.is_mended) = (false, false);
        (line.at, line.number) = (self.position(), self.number);
        if !self.physical(line, 0)? {
            return Ok(false);
        }
        if line.text.is_empty() {
            return Ok(true);
        }
        while self.peek()? == Some(b' ') {
            self.physical(line, 1)?;
        }
        Ok(true)
    }

    /// The next unit, where it is ASCII.
    fn peek(&mut self) -> io::Result<Option<u8>> {
        if self.buffer.len() - self.taken < self.encoding.width() {
            self.fill()?;
        }
        Ok(self.encoding.ascii(&self.buffer[self.taken..]))
    }

    /// Reads more, behind what was not taken yet; `false` where there is nothing more.
    fn fill(&mut self) -> io::Result<bool> {
        self.buffer.drain(..self.taken);
        self.at += self.taken as u64;
        self.taken = 0;
        let from = self.buffer.len();
        self.buffer.resize(from + self.chunk, 0);
        self.chunk = (self.chunk * 4).min(CHUNK);
        let read = self.input.read_at(self.at + from as u64, &mut self.buffer[from..])?;
        self.buffer.truncate(from + read);
        Ok(read > 0)
    }

    /// Puts a line of the file behind what there is, without its first units and its end.
    fn physical(&mut self, line: &mut Line, mut skip: usize) -> io::Result<bool> {
        let width = self.encoding.width();
        if self.buffer.len() - self.taken < width && (!self.fill()? || self.buffer.len() < width) {
            // One octet of UTF-16 alone is nothing.
            self.taken = self.buffer.len();
            return Ok(false);
        }
        self.number += 1;
        let mut raw: Vec<u8> = vec![];
        loop {
            let rest = &self.buffer[self.taken..];
            let end = self.line_feed(rest);
            let stop = end.unwrap_or(rest.len() - rest.len() % width);
            let from = (skip * width).min(stop);
            skip -= from / width;
            let room = LONGEST.saturating_sub(line.text.len() + raw.len());
            let part = &rest[from..stop];
            if part.len() > room {
                line.is_cut = true;
            }
            raw.extend_from_slice(&part[..part.len().min(room - room % width)]);
            self.taken += stop;
            if end.is_some() {
                self.taken += width;
                break;
            }
            if !self.fill()? {
                self.taken = self.buffer.len();
                break;
            }
        }
        self.add(line, raw);
        Ok(true)
    }

    fn line_feed(&self, octets: &[u8]) -> Option<usize> {
        match self.encoding {
            Encoding::Utf8 => octets.iter().position(|b| *b == b'\n'),
            Encoding::Utf16Le => octets.chunks_exact(2).position(|pair| pair == [b'\n', 0]).map(|at| at * 2),
            Encoding::Utf16Be => octets.chunks_exact(2).position(|pair| pair == [0, b'\n']).map(|at| at * 2),
        }
    }

    fn add(&self, line: &mut Line, raw: Vec<u8>) {
        let join: fn([u8; 2]) -> u16 = match self.encoding {
            Encoding::Utf8 => {
                let end = if raw.ends_with(b"\r") { raw.len() - 1 } else { raw.len() };
                match line.text.is_empty() && end == raw.len() {
                    true => line.text = raw,
                    false => line.text.extend_from_slice(&raw[..end]),
                }
                return;
            }
            Encoding::Utf16Le => u16::from_le_bytes,
            Encoding::Utf16Be => u16::from_be_bytes,
        };
        let units = raw.chunks_exact(2).map(|pair| join([pair[0], pair[1]]));
        let mut text = String::with_capacity(raw.len() / 2);
        for unit in char::decode_utf16(units) {
            line.is_mended |= unit.is_err();
            text.push(unit.unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        line.text.extend_from_slice(text.strip_suffix('\r').unwrap_or(&text).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(octets: &[u8]) -> Vec<(u64, String)> {
        let (encoding, mark) = Encoding::of(octets);
        let input = Input::memory(octets.to_vec());
        let mut lines = Lines::new(&input, encoding, mark, 1);
        let (mut out, mut line) = (vec![], Line::default());
        while lines.next(&mut line).unwrap() {
            // From where a line is said to begin it is read again.
            let mut again = Line::default();
            assert!(Lines::new(&input, encoding, line.at, line.number).next(&mut again).unwrap());
            assert_eq!(again, line);
            out.push((line.number, String::from_utf8_lossy(&line.text).into_owned()));
        }
        out
    }

    #[test]
    fn folded_lines_are_one_in_every_encoding() {
        let text = "dn: CN=ä\r\n ö,DC=x\r\n\r\n#c\n  d\nmail: a\r\nlast";
        let expected = [(1, "dn: CN=äö,DC=x"), (3, ""), (4, "#c d"), (6, "mail: a"), (7, "last")];
        let expected: Vec<_> = expected.iter().map(|(n, t)| (*n, (*t).to_owned())).collect();
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let marked = |mark: &[u8], octets: &[u8]| [mark, octets].concat();
        for octets in [
            text.as_bytes().to_vec(),
            marked(&[0xef, 0xbb, 0xbf], text.as_bytes()),
            le.clone(),
            marked(&[0xff, 0xfe], &le),
            be.clone(),
            marked(&[0xfe, 0xff], &be),
        ] {
            assert_eq!(lines(&octets), expected);
        }
    }

    #[test]
    fn a_space_after_an_empty_line_folds_nothing() {
        assert_eq!(lines(b"\n a\n"), [(1, String::new()), (2, " a".to_owned())]);
        assert_eq!(lines(b""), []);
        assert_eq!(lines(b"\xff\xfea"), []);
    }

    #[test]
    fn lines_longer_than_what_is_read_at_once_are_whole() {
        let long = "x".repeat(CHUNK * 3 + 1);
        let text = format!("{long}\n{long}\n {long}\n");
        let read = lines(text.as_bytes());
        assert_eq!(read.len(), 2);
        assert_eq!((read[0].1.len(), read[1].1.len(), read[1].0), (long.len(), long.len() * 2, 2));
    }

    #[test]
    fn a_line_without_an_end_takes_bounded_memory() {
        let input = Input::memory(vec![b'x'; LONGEST + CHUNK * 4]);
        let mut line = Line::default();
        let mut lines = Lines::new(&input, Encoding::Utf8, 0, 1);
        assert!(lines.next(&mut line).unwrap());
        assert!(line.is_cut && line.text.len() == LONGEST);
        assert!(!lines.next(&mut line).unwrap());
    }
}
