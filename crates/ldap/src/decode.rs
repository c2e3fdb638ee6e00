//! From the octets of an entry to an [`Entry`], and the parts of ranged attributes.

use std::borrow::Cow;

use adrecover_core::Entry;
use adrecover_core::deleted::{ATTRIBUTES, BIN_ATTRIBUTES};
use adrecover_core::entry::Attribute;

use crate::ber::{Problem, Reader, tag};

/// The entry in the contents of a SearchResultEntry (RFC 4511 4.5.2). The framer let only this shape through; the error
/// is for a shape that should not have come this far.
pub(crate) fn entry(contents: &[u8]) -> Result<Entry, Problem> {
    let mut parts = Reader::new(contents);
    let mut entry = Entry::new(text(parts.expect(tag::OCTET_STRING, "the DN of an entry")?)?);
    let mut attributes = Reader::new(parts.expect(tag::SEQUENCE, "the attributes of an entry")?);
    // As many as a list asks for, mostly.
    entry.attributes.reserve_exact(8);
    while let Some(attribute) = attributes.next()? {
        let mut parts = Reader::new(attribute.value);
        let name = attribute_name(parts.expect(tag::OCTET_STRING, "an attribute's name")?)?;
        let mut set = Reader::new(parts.expect(tag::SET, "an attribute's set of values")?);
        let mut values = Vec::with_capacity(1);
        while let Some(value) = set.next()? {
            values.push(value.value.to_vec());
        }
        entry.attributes.push(Attribute { name, values });
    }
    Ok(entry)
}

/// The DN in the contents of a SearchResultEntry.
pub(crate) fn name(contents: &[u8]) -> Result<&[u8], Problem> {
    Reader::new(contents).expect(tag::OCTET_STRING, "the DN of an entry")
}

fn attribute_name(octets: &[u8]) -> Result<Cow<'static, str>, Problem> {
    let known = ATTRIBUTES.iter().chain(&BIN_ATTRIBUTES).find(|name| name.as_bytes() == octets);
    match known {
        Some(name) => Ok(Cow::Borrowed(*name)),
        None => text(octets).map(Cow::Owned),
    }
}

fn text(octets: &[u8]) -> Result<String, Problem> {
    std::str::from_utf8(octets).map(str::to_owned).map_err(|_| "a name is not UTF-8".to_owned())
}

/// A part of the values of an attribute that has more than the server returns at once ([MS-ADTS] 3.1.1.3.1.3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ranged {
    /// The attribute's name without the range.
    pub(crate) name: String,
    /// The index of the first value.
    pub(crate) low: u64,
    /// The index of the last value; `None` where these are the last ones.
    pub(crate) high: Option<u64>,
}

/// Reads `member;range=0-1499` and `member;range=1500-*`.
pub(crate) fn ranged(name: &str) -> Option<Ranged> {
    let option = name.find(';')?;
    let at = option + name[option..].to_ascii_lowercase().find(";range=")?;
    let (low, high) = name[at + 7..].split_once('-')?;
    let high = if high == "*" { None } else { Some(high.parse().ok()?) };
    Some(Ranged { name: name[..at].to_owned(), low: low.parse().ok()?, high })
}

/// The first attribute that came in part.
pub(crate) fn first_ranged(entry: &Entry) -> Option<(usize, Ranged)> {
    // A borrowed name is a plain one.
    let part = |a: &Attribute| if matches!(a.name, Cow::Owned(_)) { ranged(&a.name) } else { None };
    entry.attributes.iter().enumerate().find_map(|(i, a)| part(a).map(|r| (i, r)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        assert_eq!(
            ranged("member;range=0-1499"),
            Some(Ranged { name: "member".into(), low: 0, high: Some(1499) })
        );
        assert_eq!(
            ranged("member;Range=1500-*"),
            Some(Ranged { name: "member".into(), low: 1500, high: None })
        );
        assert_eq!(ranged("member"), None);
        assert_eq!(ranged("member;range=x-*"), None);
        assert_eq!(ranged("userCertificate;binary"), None);
    }
}
