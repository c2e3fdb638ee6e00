//! Values as LDAP gives them, from how programs write them into LDIF.

use adrecover_core::source::LinkEnd;
use adrecover_core::{ObjectGuid, Sid};

use crate::names::{LONGEST_DN, extended};

/// Attributes that hold GUIDs, in lower case. `ldbsearch` writes them as text.
const GUIDS: [&str; 5] =
    ["attributesecurityguid", "invocationid", "objectguid", "parentguid", "schemaidguid"];
/// Attributes that hold SIDs, in lower case. `ldbsearch` writes them as text.
const SIDS: [&str; 5] = ["ms-ds-creatorsid", "objectsid", "securityidentifier", "sidhistory", "tokengroups"];
/// Attributes whose octets `ldbsearch` shows in a form for people, in lower case.
const SHOWN: [&str; 4] = ["ntsecuritydescriptor", "replpropertymetadata", "repsfrom", "repluptodatevector"];

/// The part of a value range that an option tells: `range=0-1499`, `range=1500-*`.
pub(super) type Range = (u64, Option<u64>);

/// An attribute's name without what says how it was exported, and the range. Other options belong to the name.
pub(super) fn name_of(description: &str) -> (String, Option<Range>) {
    let mut parts = description.split(';');
    let mut name = parts.next().unwrap_or_default().to_owned();
    let mut range = None;
    for option in parts {
        if let Some(found) = range_of(option) {
            range = Some(found);
        } else if !option.eq_ignore_ascii_case("binary") {
            name.push(';');
            name.push_str(option);
        }
    }
    (name, range)
}

fn range_of(option: &str) -> Option<Range> {
    let (word, range) = option.split_once('=')?;
    let (from, to) = range.split_once('-').filter(|_| word.eq_ignore_ascii_case("range"))?;
    let to = match to {
        "*" => None,
        to => Some(to.parse().ok()?),
    };
    Some((from.parse().ok()?, to))
}

/// Whether ranges together are all values.
pub(super) fn are_all(ranges: &mut [Range]) -> bool {
    ranges.sort_unstable_by_key(|(from, _)| *from);
    let mut next = 0u64;
    for (from, to) in ranges {
        if *from > next {
            return false;
        }
        match to {
            None => return true,
            Some(to) => next = next.max(to.saturating_add(1)),
        }
    }
    false
}

/// The octets of a value as LDAP gives them; `None` where the file has a form for people that cannot be turned back.
pub(super) fn octets(name: &str, value: &[u8]) -> Option<Vec<u8>> {
    if value.starts_with(b"<GUID=") && value.len() <= LONGEST_DN {
        return Some(extended(&String::from_utf8_lossy(value)).dn.into_bytes());
    }
    let is_in = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let text = || std::str::from_utf8(value).ok();
    if value.len() >= 36 && value.len() <= 38 && is_in(&GUIDS) {
        let guid = text().and_then(|text| text.parse::<ObjectGuid>().ok());
        return Some(guid.map_or_else(|| value.to_vec(), |guid| guid.to_wire().to_vec()));
    }
    if value.starts_with(b"S-1-") && is_in(&SIDS) {
        let sid = text().and_then(|text| text.parse::<Sid>().ok());
        return Some(sid.map_or_else(|| value.to_vec(), |sid| sid.to_wire()));
    }
    // A security descriptor begins with its revision, 1, and the others with a small number, too.
    let is_text = value.first().is_some_and(|b| b.is_ascii_graphic() || *b == b' ');
    if is_text && is_in(&SHOWN) { None } else { Some(value.to_vec()) }
}

/// What a value of a link attribute points to, and the octets that belong to it: a DN, `B:8:0A0B0C0D:DN` (DN-Binary, [MS-ADTS]
/// 3.1.1.2.2.2.3) or `S:4:text:DN` (DN-String).
pub(super) fn link(value: &[u8]) -> Option<(LinkEnd, Vec<u8>)> {
    let text = std::str::from_utf8(value).ok().filter(|text| text.len() <= LONGEST_DN * 2)?;
    let kind = text.get(..2).filter(|head| matches!(*head, "B:" | "S:"));
    let Some(kind) = kind else { return Some((extended(text), vec![])) };
    let (count, rest) = text[2..].split_once(':')?;
    let count: usize = count.parse().ok()?;
    let (data, dn) = (rest.get(..count)?, rest.get(count..)?.strip_prefix(':')?);
    let data = if kind == "S:" { data.as_bytes().to_vec() } else { hexadecimal(data)? };
    Some((extended(dn), data))
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = text.chars().map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    let pairs = digits.chunks(2).map(|pair| Some((pair.first()? * 16 + pair.get(1)?) as u8));
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_told_apart() {
        assert_eq!(name_of("member;range=0-1499"), ("member".into(), Some((0, Some(1499)))));
        assert_eq!(name_of("member;Range=1500-*"), ("member".into(), Some((1500, None))));
        assert_eq!(name_of("userCertificate;binary"), ("userCertificate".into(), None));
        assert_eq!(name_of("cn;lang-de;range=x"), ("cn;lang-de;range=x".into(), None));
    }

    #[test]
    fn ranges_are_whole_from_nothing_to_the_end_only() {
        let all = |ranges: &[Range]| are_all(&mut ranges.to_vec());
        assert!(all(&[(1500, None), (0, Some(1499))]) && all(&[(0, None)]));
        assert!(!all(&[(0, Some(1499))]) && !all(&[(0, Some(10)), (12, None)]) && !all(&[]));
    }

    #[test]
    fn texts_of_ldbsearch_become_octets() {
        let guid: ObjectGuid = "3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f".parse().unwrap();
        assert_eq!(octets("objectGUID", guid.to_string().as_bytes()), Some(guid.to_wire().to_vec()));
        assert_eq!(octets("objectGUID", &guid.to_wire()), Some(guid.to_wire().to_vec()));
        assert_eq!(octets("description", guid.to_string().as_bytes()), Some(guid.to_string().into_bytes()));
        let sid: Sid = "S-1-5-32-544".parse().unwrap();
        assert_eq!(octets("sIDHistory", b"S-1-5-32-544"), Some(sid.to_wire()));
        assert_eq!(octets("nTSecurityDescriptor", b"O:BAG:BA"), None);
        assert_eq!(octets("nTSecurityDescriptor", b"\x01\0\x04\x80"), Some(b"\x01\0\x04\x80".to_vec()));
        let text = format!("<GUID={guid}>;CN=Person,DC=x");
        assert_eq!(octets("objectCategory", text.as_bytes()), Some(b"CN=Person,DC=x".to_vec()));
    }

    #[test]
    fn links_of_every_syntax() {
        let dn = |value: &str| link(value.as_bytes()).map(|(end, data)| (end.dn, data));
        assert_eq!(dn("CN=a,DC=x"), Some(("CN=a,DC=x".into(), vec![])));
        assert_eq!(dn("B:4:0AfF:CN=a"), Some(("CN=a".into(), vec![10, 255])));
        assert_eq!(dn("S:2:hi:CN=a"), Some(("CN=a".into(), b"hi".to_vec())));
        for bad in ["B:3:0aF:CN=a", "B:9:00:CN=a", "B:x", "B:2:zz:CN=a"] {
            assert_eq!(dn(bad), None, "{bad}");
        }
        assert_eq!(link(b"\xff"), None);
    }
}
