//! How an AD Explorer snapshot is laid out.
//!
//! The format is not documented by Microsoft. What stands here was found out by others (the readers ADExplorerSnapshot.py and
//! pyADRecon describe it) and held against a real snapshot of AD Explorer 1.50, of which every octet of the objects is accounted for.
//! All numbers are little-endian, all texts UTF-16LE.
//!
//! | at | what |
//! |---|---|
//! | 0x000 | `win-ad-ob\0` |
//! | 0x00a | u32, 0x10001 |
//! | 0x00e | u64, when it was made (FILETIME) |
//! | 0x016 | 260 units, a description that the user gave |
//! | 0x21e | 260 units, the server |
//! | 0x426 | u32, the number of objects |
//! | 0x42a | u32, a number of values |
//! | 0x42e | u64, where the table of attributes lies |
//! | 0x436 | u64, where the file's last part lies |
//! | 0x43e | the objects |
//!
//! An object: u32 its length, u32 the number of its attributes, and of each u32 its place in the table and i32 where its values lie,
//! counted from the object's beginning. That may be before it: objects share equal values.
//!
//! The table of attributes: u32 their number; of each u32 and the name, i32, u32 the type of its values ([`Type`]), u32 and the DN of
//! the `attributeSchema`, and 36 octets (`schemaIDGUID`, `attributeSecurityGUID`, 4 octets). The lengths are in octets.

use std::io;

use adrecover_core::source::SourceError;
use adrecover_core::time::{Timestamp, from_filetime};

use crate::input::{Blocks, Input};

/// Where the objects begin.
pub(crate) const OBJECTS: u64 = 0x43e;
/// The most attributes of a table. A schema with Exchange has 4,000.
const MOST_ATTRIBUTES: u32 = 100_000;
/// The longest name of an attribute or of its `attributeSchema`, in octets.
const LONGEST_NAME: u32 = 64 << 10;

/// What stands in the first part of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) made: Option<Timestamp>,
    pub(crate) description: String,
    pub(crate) server: String,
    pub(crate) objects: u32,
    pub(crate) table: u64,
}

/// An attribute of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    pub(crate) kind: Type,
}

/// How values are stored: `ADSTYPEENUM` of the Active Directory Service Interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    /// A text that ends with a zero: DN, case exact, case ignored, printable, numeric, object class (1 to 5, 12).
    Text,
    /// u32, 0 or 1 (6).
    Boolean,
    /// i32 (7).
    Integer,
    /// Octets with their lengths in front (8).
    Octets,
    /// A SYSTEMTIME ([MS-DTYP] 2.3.13) in UTC (9).
    Time,
    /// i64 (10).
    Large,
    /// A security descriptor, with its length in front (25).
    Descriptor,
    /// Another one.
    Other(u32),
}

impl Type {
    fn of(number: u32) -> Self {
        match number {
            1..=5 | 12 => Self::Text,
            6 => Self::Boolean,
            7 => Self::Integer,
            8 => Self::Octets,
            9 => Self::Time,
            10 => Self::Large,
            25 => Self::Descriptor,
            other => Self::Other(other),
        }
    }
}

/// Numbers read from octets at hand, one after the other.
pub(crate) struct Cursor<'a>(pub(crate) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn i32(&mut self) -> Option<i32> {
        self.array().map(i32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }
}

impl Header {
    /// Reads it; an error where nothing can be read without it.
    pub(crate) fn read(input: &Input, name: &str) -> Result<Self, SourceError> {
        let damaged = |problem: &str| SourceError::Damaged {
            name: name.to_owned(),
            place: "the header".to_owned(),
            problem: problem.to_owned(),
        };
        let mut octets = vec![0; OBJECTS as usize];
        let read = input.read_at(0, &mut octets).map_err(|error| SourceError::io(name, &error))?;
        let mut cursor = Cursor(&octets[..read]);
        let mut parse = || {
            cursor.take(14)?;
            let made = cursor.u64()?;
            let description = text(cursor.take(520)?);
            let server = text(cursor.take(520)?);
            let (objects, _) = (cursor.u32()?, cursor.u32()?);
            let (table, _) = (cursor.u64()?, cursor.u64()?);
            let made = i64::try_from(made).ok().and_then(from_filetime);
            Some(Self { made, description, server, objects, table })
        };
        let header = parse().ok_or_else(|| damaged("the file ends in it"))?;
        if header.table < OBJECTS || header.table >= input.len() {
            return Err(damaged("the table of attributes lies outside of the file"));
        }
        Ok(header)
    }
}

/// The text up to the first zero.
pub(crate) fn text(octets: &[u8]) -> String {
    let units = octets.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let units = units.take_while(|unit| *unit != 0);
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// Reads the table of attributes, as far as it can be read; what is wrong with the rest.
pub(crate) fn attributes(
    input: &Input,
    blocks: &mut Blocks,
    table: u64,
) -> io::Result<(Vec<Attribute>, Option<String>)> {
    let mut at = table;
    let mut read = |length: u32| -> io::Result<Option<Vec<u8>>> {
        let octets = blocks.read(input, at, length as usize)?;
        at += u64::from(length);
        Ok((octets.len() == length as usize).then_some(octets))
    };
    let number = |octets: Option<Vec<u8>>| octets.and_then(|octets| Cursor(&octets).u32());
    let mut out = vec![];
    let count = number(read(4)?).unwrap_or_default();
    if count > MOST_ATTRIBUTES {
        return Ok((out, Some(format!("{count} attributes are more than any schema has"))));
    }
    for place in 0..count {
        let mut part = || -> io::Result<Option<Attribute>> {
            let Some(length) = number(read(4)?).filter(|n| *n <= LONGEST_NAME) else { return Ok(None) };
            let Some(name) = read(length)? else { return Ok(None) };
            let Some(numbers) = read(12)? else { return Ok(None) };
            let mut numbers = Cursor(&numbers);
            let (_, kind, length) = (numbers.i32(), numbers.u32(), numbers.u32());
            let Some(length) = length.filter(|n| *n <= LONGEST_NAME) else { return Ok(None) };
            if read(length)?.is_none() || read(36)?.is_none() {
                return Ok(None);
            }
            Ok(Some(Attribute { name: text(&name), kind: Type::of(kind.unwrap_or_default()) }))
        };
        match part()? {
            Some(attribute) => out.push(attribute),
            None => return Ok((out, Some(format!("attribute {place} of {count} cannot be read")))),
        }
    }
    Ok((out, None))
}
