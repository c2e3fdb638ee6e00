//! The values of an object, as LDAP gives them.

use std::io;

use super::layout::{Cursor, Type, text};
use crate::input::{Blocks, Input};

/// The most octets of the values of one object. AD takes none of more than 10 MiB.
pub(crate) const MOST_OCTETS: usize = 64 << 20;
/// The most values of one attribute.
const MOST_VALUES: u32 = 2 << 20;
/// How much of a text is read at once.
const CHUNK: usize = 256;

/// Why values could not be read.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The file could not be read.
    Io(io::Error),
    /// They are no values.
    Damaged(&'static str),
    /// They are more than what is read.
    TooLarge,
    /// They are of a type that is not read.
    Type(u32),
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

const OUTSIDE: Problem = Problem::Damaged("its values lie outside of the file");

/// Reads values out of a file.
pub(crate) struct Reader<'a> {
    pub(crate) input: &'a Input,
    pub(crate) blocks: &'a mut Blocks,
    /// How many octets may be given yet.
    pub(crate) room: usize,
}

impl Reader<'_> {
    /// All of it, or an error.
    fn exact(&mut self, at: u64, length: usize) -> Result<Vec<u8>, Problem> {
        self.room = self.room.checked_sub(length).ok_or(Problem::TooLarge)?;
        if at.saturating_add(length as u64) > self.input.len() {
            return Err(OUTSIDE);
        }
        let octets = self.blocks.read(self.input, at, length)?;
        if octets.len() == length { Ok(octets) } else { Err(OUTSIDE) }
    }

    /// The values of an attribute that lie at a place.
    pub(crate) fn values(&mut self, at: u64, kind: Type) -> Result<Vec<Vec<u8>>, Problem> {
        let count = Cursor(&self.exact(at, 4)?).u32().unwrap_or_default();
        if count > MOST_VALUES {
            return Err(Problem::Damaged("it has more values than any attribute"));
        }
        let (count, behind) = (count as usize, at + 4);
        match kind {
            Type::Text => self.texts(at, behind, count),
            Type::Octets => self.octets(behind, count),
            Type::Descriptor => self.descriptors(behind, count),
            Type::Boolean => self.fixed(behind, count, 4, |mut n| {
                Some(if n.u32()? == 0 { "FALSE" } else { "TRUE" }.to_owned())
            }),
            Type::Integer => self.fixed(behind, count, 4, |mut n| n.i32().map(|n| n.to_string())),
            Type::Large => self.fixed(behind, count, 8, |mut n| n.i64().map(|n| n.to_string())),
            Type::Time => self.fixed(behind, count, 16, time),
            Type::Other(number) => Err(Problem::Type(number)),
        }
    }

    fn fixed(
        &mut self,
        at: u64,
        count: usize,
        width: usize,
        read: impl Fn(Cursor<'_>) -> Option<String>,
    ) -> Result<Vec<Vec<u8>>, Problem> {
        let octets = self.exact(at, count * width)?;
        let values = octets.chunks_exact(width).map(|one| read(Cursor(one)).map(String::into_bytes));
        values.collect::<Option<_>>().ok_or(Problem::Damaged("a time that is none"))
    }

    /// Offsets from the place of the values, where texts lie that end with a zero.
    fn texts(&mut self, start: u64, at: u64, count: usize) -> Result<Vec<Vec<u8>>, Problem> {
        let offsets = self.exact(at, count * 4)?;
        let mut out = Vec::with_capacity(count);
        let mut offsets = Cursor(&offsets);
        while let Some(offset) = offsets.u32() {
            out.push(self.text(start + u64::from(offset))?);
        }
        Ok(out)
    }

    fn text(&mut self, start: u64) -> Result<Vec<u8>, Problem> {
        let (mut units, mut at): (Vec<u8>, u64) = (vec![], start);
        loop {
            let part = self.blocks.read(self.input, at, CHUNK)?;
            let end = part.chunks_exact(2).position(|pair| pair == [0, 0]);
            let take = end.map_or(part.len() - part.len() % 2, |end| end * 2);
            self.room = self.room.checked_sub(take.max(2)).ok_or(Problem::TooLarge)?;
            units.extend_from_slice(&part[..take]);
            match end {
                Some(_) => return Ok(text(&units).into_bytes()),
                None if part.len() < CHUNK => return Err(OUTSIDE),
                None => at += take as u64,
            }
        }
    }

    /// Lengths, and the octets one after the other.
    fn octets(&mut self, at: u64, count: usize) -> Result<Vec<Vec<u8>>, Problem> {
        let lengths = self.exact(at, count * 4)?;
        let (mut out, mut lengths, mut at) =
            (Vec::with_capacity(count), Cursor(&lengths), at + count as u64 * 4);
        while let Some(length) = lengths.u32() {
            out.push(self.exact(at, length as usize)?);
            at += u64::from(length);
        }
        Ok(out)
    }

    /// Each with its length in front.
    fn descriptors(&mut self, mut at: u64, count: usize) -> Result<Vec<Vec<u8>>, Problem> {
        let mut out = vec![];
        for _ in 0..count {
            let length = Cursor(&self.exact(at, 4)?).u32().unwrap_or_default();
            out.push(self.exact(at + 4, length as usize)?);
            at += 4 + u64::from(length);
        }
        Ok(out)
    }
}

/// A SYSTEMTIME as a GeneralizedTime, as LDAP gives it: without fractions of a second.
fn time(mut parts: Cursor<'_>) -> Option<String> {
    let (year, month, _, day) = (parts.u16()?, parts.u16()?, parts.u16()?, parts.u16()?);
    let (hour, minute, second) = (parts.u16()?, parts.u16()?, parts.u16()?);
    let is_time = (1601..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    is_time.then(|| format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}.0Z"))
}
