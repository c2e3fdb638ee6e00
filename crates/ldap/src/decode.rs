//! From the parsed octets of an entry to an [`Entry`], and the parts of ranged attributes.

use adrecover_core::Entry;
use adrecover_core::entry::Attribute;
use lber::structure::{PL, StructureTag};

/// The entry in a SearchResultEntry (RFC 4511 4.5.2). The framer let only this shape through; the error is for a shape that
/// should not have come this far.
pub(crate) fn entry(tag: StructureTag) -> Result<Entry, String> {
    let mut parts = parts(tag)?.into_iter();
    let (Some(dn), Some(list), None) = (parts.next(), parts.next(), parts.next()) else {
        return Err("an entry does not have two parts".to_owned());
    };
    let mut entry = Entry::new(text(dn)?);
    let list = self::parts(list)?;
    entry.attributes.reserve_exact(list.len());
    for attribute in list {
        entry.attributes.push(self::attribute(attribute)?);
    }
    Ok(entry)
}

fn attribute(tag: StructureTag) -> Result<Attribute, String> {
    let mut parts = parts(tag)?.into_iter();
    let (Some(name), Some(values), None) = (parts.next(), parts.next(), parts.next()) else {
        return Err("an attribute does not have two parts".to_owned());
    };
    let values = self::parts(values)?.into_iter().map(octets).collect::<Result<_, _>>()?;
    Ok(Attribute { name: text(name)?, values })
}

fn parts(tag: StructureTag) -> Result<Vec<StructureTag>, String> {
    match tag.payload {
        PL::C(parts) => Ok(parts),
        PL::P(_) => Err("a primitive value stands where a list belongs".to_owned()),
    }
}

fn octets(tag: StructureTag) -> Result<Vec<u8>, String> {
    match tag.payload {
        PL::P(octets) => Ok(octets),
        PL::C(_) => Err("a list stands where a primitive value belongs".to_owned()),
    }
}

fn text(tag: StructureTag) -> Result<String, String> {
    String::from_utf8(octets(tag)?).map_err(|_| "a name is not UTF-8".to_owned())
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
    let at = name.to_ascii_lowercase().find(";range=")?;
    let (low, high) = name[at + 7..].split_once('-')?;
    let high = if high == "*" { None } else { Some(high.parse().ok()?) };
    Some(Ranged { name: name[..at].to_owned(), low: low.parse().ok()?, high })
}

/// The first attribute that came in part.
pub(crate) fn first_ranged(entry: &Entry) -> Option<(usize, Ranged)> {
    entry.attributes.iter().enumerate().find_map(|(i, a)| ranged(&a.name).map(|r| (i, r)))
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
