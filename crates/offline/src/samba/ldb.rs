//! Packed records of LDB: a DN and attributes.
//!
//! Two versions are in use, both read from files of Samba 4.17: version 2 in the databases of the directory (since Samba 4.11),
//! version 1 in others and in older ones. Numbers are little-endian, texts are followed by a NUL.
//!
//! ```text
//! version 1   number 0x26011967, attributes; DN; for each attribute: name; values; for each value: length, octets, NUL
//! version 2   number 0x26011968, attributes; length, DN; length, canonical name; length of what follows up to the values,
//!             itself included; for each attribute: length, name; values; width, length of each value in so many octets;
//!             then the octets of all values of all attributes, with a NUL after each
//! ```

use std::borrow::Cow;

const V1: u32 = 0x2601_1967;
/// As version 1, without a DN.
const V1_WITHOUT_DN: u32 = 0x2601_1966;
const V2: u32 = 0x2601_1968;

/// A record taken apart. Values are parts of the packed octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<'a> {
    /// Which of the two versions packed it.
    pub version: u8,
    /// The DN as it was written; of a database's own records a name with `@`.
    pub dn: Cow<'a, str>,
    /// The attributes, in the order of the record.
    pub elements: Vec<Element<'a>>,
}

/// An attribute of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Its values.
    pub values: Vec<&'a [u8]>,
}

impl<'a> Message<'a> {
    /// The values of an attribute, by its name in any case.
    #[must_use]
    pub fn values(&self, name: &str) -> &[&'a [u8]] {
        self.elements.iter().find(|e| e.name.eq_ignore_ascii_case(name)).map_or(&[], |e| e.values.as_slice())
    }

    /// The first value of an attribute, as text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.values(name).first().map(|value| String::from_utf8_lossy(value))
    }

    /// Whether this is a record of the database itself: its indexes and settings.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        self.dn.starts_with('@')
    }
}

/// What is wrong with a packed record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LdbError {
    /// It begins with another number.
    #[error("a record packed by the version {0:#x}, which is not known")]
    Version(u32),
    /// It ends before its end.
    #[error("the record ends within {0}")]
    Short(&'static str),
    /// A text is not followed by a NUL, or a length has no width that there is.
    #[error("{0} of the record is not as it must be")]
    Malformed(&'static str),
}

/// Takes a record apart.
///
/// # Errors
///
/// When it is not packed as one of the versions does. What a record takes in memory is in proportion to its octets.
pub fn unpack(octets: &[u8]) -> Result<Message<'_>, LdbError> {
    let mut rest = octets;
    let number = take_number(&mut rest, "the version")?;
    let count = take_number(&mut rest, "the number of attributes")?;
    match number {
        V1 | V1_WITHOUT_DN => {
            let dn = if number == V1 { take_terminated(&mut rest, "the DN")? } else { &[] };
            Ok(Message { version: 1, dn: String::from_utf8_lossy(dn), elements: elements_v1(rest, count)? })
        }
        V2 => {
            let dn = take_counted(&mut rest, "the DN")?;
            take_counted(&mut rest, "the canonical name")?;
            Ok(Message { version: 2, dn: String::from_utf8_lossy(dn), elements: elements_v2(rest, count)? })
        }
        other => Err(LdbError::Version(other)),
    }
}

/// The DN of a record, of which the first octets are enough.
///
/// # Errors
///
/// As [`unpack`].
pub fn name(octets: &[u8]) -> Result<Cow<'_, str>, LdbError> {
    let mut rest = octets;
    let number = take_number(&mut rest, "the version")?;
    take_number(&mut rest, "the number of attributes")?;
    let dn = match number {
        V1 => take_terminated(&mut rest, "the DN")?,
        V2 => take_counted(&mut rest, "the DN")?,
        other => return Err(LdbError::Version(other)),
    };
    Ok(String::from_utf8_lossy(dn))
}

fn elements_v1(mut rest: &[u8], count: u32) -> Result<Vec<Element<'_>>, LdbError> {
    let mut elements = vec![];
    for _ in 0..count {
        let name = String::from_utf8_lossy(take_terminated(&mut rest, "the name of an attribute")?);
        let values = take_number(&mut rest, "the number of values")?;
        let values = (0..values).map(|_| take_counted(&mut rest, "a value")).collect::<Result<_, _>>()?;
        elements.push(Element { name, values });
    }
    Ok(elements)
}

fn elements_v2(octets: &[u8], count: u32) -> Result<Vec<Element<'_>>, LdbError> {
    let mut rest = octets;
    let names = take_number(&mut rest, "the place of the values")? as usize;
    let mut values = octets.get(names..).ok_or(LdbError::Short("the place of the values"))?;
    let mut elements = vec![];
    for _ in 0..count {
        let name = String::from_utf8_lossy(take_counted(&mut rest, "the name of an attribute")?);
        let count = take_number(&mut rest, "the number of values")? as usize;
        let width = usize::from(*take(&mut rest, 1, "the width of lengths")?.first().unwrap_or(&0));
        if !matches!(width, 1 | 2 | 4) {
            return Err(LdbError::Malformed("the width of lengths"));
        }
        let lengths = count.checked_mul(width).ok_or(LdbError::Short("the lengths of values"))?;
        let lengths = take(&mut rest, lengths, "the lengths of values")?;
        let lengths = lengths.chunks_exact(width).map(|length| {
            length.iter().rev().fold(0usize, |number, octet| number << 8 | usize::from(*octet))
        });
        let values =
            lengths.map(|length| take_with_nul(&mut values, length, "a value")).collect::<Result<_, _>>()?;
        elements.push(Element { name, values });
    }
    Ok(elements)
}

fn take<'a>(rest: &mut &'a [u8], length: usize, what: &'static str) -> Result<&'a [u8], LdbError> {
    let (part, after) = rest.split_at_checked(length).ok_or(LdbError::Short(what))?;
    *rest = after;
    Ok(part)
}

fn take_number(rest: &mut &[u8], what: &'static str) -> Result<u32, LdbError> {
    let octets = take(rest, 4, what)?.try_into().map_err(|_| LdbError::Short(what))?;
    Ok(u32::from_le_bytes(octets))
}

fn take_with_nul<'a>(rest: &mut &'a [u8], length: usize, what: &'static str) -> Result<&'a [u8], LdbError> {
    let part = take(rest, length, what)?;
    if take(rest, 1, what)? != b"\0" {
        return Err(LdbError::Malformed(what));
    }
    Ok(part)
}

fn take_counted<'a>(rest: &mut &'a [u8], what: &'static str) -> Result<&'a [u8], LdbError> {
    let length = take_number(rest, what)? as usize;
    take_with_nul(rest, length, what)
}

fn take_terminated<'a>(rest: &mut &'a [u8], what: &'static str) -> Result<&'a [u8], LdbError> {
    let length = rest.iter().position(|octet| *octet == 0).ok_or(LdbError::Short(what))?;
    take_with_nul(rest, length, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samba::testing::{Attribute, packed_v1, packed_v2};

    fn some() -> Vec<Attribute<'static>> {
        vec![
            ("cn", vec![b"kim".to_vec()]),
            ("empty", vec![]),
            ("description", vec![vec![], vec![7; 300], b"x\0y".to_vec()]),
            ("thumbnailPhoto", vec![vec![1; 70_000]]),
        ]
    }

    #[test]
    fn both_versions() {
        for (version, octets) in
            [(1, packed_v1("CN=kim,DC=x", &some())), (2, packed_v2("CN=kim,DC=x", &some()))]
        {
            let message = unpack(&octets).unwrap();
            assert_eq!((message.version, message.dn.as_ref()), (version, "CN=kim,DC=x"));
            let read: Vec<_> = message
                .elements
                .iter()
                .map(|e| (e.name.as_ref(), e.values.iter().map(|v| v.to_vec()).collect()))
                .collect();
            assert_eq!(read, some());
            assert_eq!(message.text("CN").as_deref(), Some("kim"));
            assert_eq!(name(&octets[..30]).as_deref(), Ok("CN=kim,DC=x"));
            assert!(!message.is_internal());
            for cut in 0..octets.len() - 1 {
                assert!(unpack(&octets[..cut]).is_err(), "{version}: {cut}");
            }
        }
    }

    #[test]
    fn numbers_that_lie_are_errors() {
        for good in [packed_v1("CN=a", &some()), packed_v2("CN=a", &some())] {
            let mut many = good.clone();
            many[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
            assert!(unpack(&many).is_err());
            let mut newer = good;
            newer[0] = 0x69;
            assert_eq!(unpack(&newer), Err(LdbError::Version(0x2601_1969)));
        }
        let mut wide = packed_v2("CN=a", &[("cn", vec![b"a".to_vec()])]);
        let at = wide.len() - 4;
        assert_eq!(wide[at], 1);
        wide[at] = 3;
        assert_eq!(unpack(&wide), Err(LdbError::Malformed("the width of lengths")));
    }
}
