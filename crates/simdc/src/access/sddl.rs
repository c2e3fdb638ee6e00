//! Access lists as text, the form in which the schema has the default ones ([MS-DTYP] 2.5.1.1).

use adrecover_core::security::{Access, Ace, AceFlags, AceKind, SecurityDescriptor};
use adrecover_core::{ObjectGuid, Sid};

const DACL_PRESENT: u16 = 0x0004;
const AUTO_INHERITED: u16 = 0x0400;
const PROTECTED: u16 = 0x1000;
const SELF_RELATIVE: u16 = 0x8000;

const RIGHTS: [(&str, u32); 17] = [
    ("CC", 0x1),
    ("DC", 0x2),
    ("LC", 0x4),
    ("SW", 0x8),
    ("RP", 0x10),
    ("WP", 0x20),
    ("DT", 0x40),
    ("LO", 0x80),
    ("CR", 0x100),
    ("SD", 0x1_0000),
    ("RC", 0x2_0000),
    ("WD", 0x4_0000),
    ("WO", 0x8_0000),
    ("GA", 0x1000_0000),
    ("GX", 0x2000_0000),
    ("GW", 0x4000_0000),
    ("GR", 0x8000_0000),
];

/// The abbreviations of [MS-DTYP] 2.5.1.1 that stand for the same SID everywhere.
const FIXED: [(&str, &str); 19] = [
    ("AN", "S-1-5-7"),
    ("AO", "S-1-5-32-548"),
    ("AU", "S-1-5-11"),
    ("BA", "S-1-5-32-544"),
    ("BG", "S-1-5-32-546"),
    ("BO", "S-1-5-32-551"),
    ("BU", "S-1-5-32-545"),
    ("CO", "S-1-3-0"),
    ("ED", "S-1-5-9"),
    ("IU", "S-1-5-4"),
    ("LS", "S-1-5-19"),
    ("NS", "S-1-5-20"),
    ("NU", "S-1-5-2"),
    ("OW", "S-1-3-4"),
    ("PO", "S-1-5-32-550"),
    ("PS", "S-1-5-10"),
    ("RU", "S-1-5-32-554"),
    ("SY", "S-1-5-18"),
    ("WD", "S-1-1-0"),
];

/// The abbreviations that stand for a relative identifier in the domain.
const OF_DOMAIN: [(&str, u32); 12] = [
    ("LA", 500),
    ("LG", 501),
    ("DA", 512),
    ("DU", 513),
    ("DG", 514),
    ("DC", 515),
    ("DD", 516),
    ("CA", 517),
    ("SA", 518),
    ("EA", 519),
    ("RO", 498),
    ("RS", 553),
];

/// Reads `O:…G:…D:…`; what is not there is left out, and an audit list is passed over. `None` where it cannot be read.
pub fn descriptor(text: &str, domain: &Sid) -> Option<SecurityDescriptor> {
    let part = |letter: &str| {
        let start = text.find(&format!("{letter}:"))? + 2;
        let rest = &text[start..];
        let end = ["O:", "G:", "D:", "S:"].iter().filter_map(|next| boundary(rest, next)).min();
        Some(&rest[..end.unwrap_or(rest.len())])
    };
    let who = |letter| part(letter).map(|text| sid(text, domain)).map_or(Some(None), |sid| sid.map(Some));
    let mut control = SELF_RELATIVE;
    let dacl = match part("D") {
        None => None,
        Some(list) => {
            let open = list.find('(').unwrap_or(list.len());
            control |= DACL_PRESENT;
            if list[..open].contains('P') {
                control |= PROTECTED;
            }
            if list[..open].contains("AI") {
                control |= AUTO_INHERITED;
            }
            Some(aces(&list[open..], domain)?)
        }
    };
    Some(SecurityDescriptor { control, owner: who("O")?, group: who("G")?, dacl })
}

/// Where the next part begins: outside of parentheses.
fn boundary(text: &str, mark: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, octet) in text.bytes().enumerate() {
        match octet {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ if depth == 0 && text[at..].starts_with(mark) => return Some(at),
            _ => {}
        }
    }
    None
}

/// Access control entries, each in its parentheses.
pub fn aces(text: &str, domain: &Sid) -> Option<Vec<Ace>> {
    let entries = text.split('(').skip(1).map(|entry| entry.trim_end().strip_suffix(')'));
    entries.map(|entry| ace(entry?, domain)).collect()
}

fn ace(text: &str, domain: &Sid) -> Option<Ace> {
    let fields: Vec<&str> = text.split(';').collect();
    let [kind, flags, rights, object, inherited, trustee] = fields.as_slice() else { return None };
    let kind = match *kind {
        "A" | "OA" => AceKind::Allow,
        "D" | "OD" => AceKind::Deny,
        _ => return None,
    };
    let guid = |text: &str| match text {
        "" => Some(None),
        text => text.parse::<ObjectGuid>().ok().map(Some),
    };
    Some(Ace {
        kind,
        flags: AceFlags(pairs(flags)?.iter().try_fold(0, |all, flag| Some(all | inheritance(flag)?))?),
        access: Access(rights_of(rights)?),
        object_type: guid(object)?,
        inherited_object_type: guid(inherited)?,
        trustee: Some(sid(trustee, domain)?),
    })
}

fn pairs(text: &str) -> Option<Vec<&str>> {
    (0..text.len()).step_by(2).map(|at| text.get(at..at + 2)).collect()
}

fn inheritance(flag: &str) -> Option<u8> {
    Some(match flag {
        // Every object of a directory is a container; OBJECT_INHERIT means nothing there.
        "OI" => 0x01,
        "CI" => AceFlags::CONTAINER_INHERIT,
        "NP" => AceFlags::NO_PROPAGATE,
        "IO" => AceFlags::INHERIT_ONLY,
        "ID" => AceFlags::INHERITED,
        _ => return None,
    })
}

fn rights_of(text: &str) -> Option<u32> {
    if let Some(hex) = text.strip_prefix("0x") {
        return u32::from_str_radix(hex, 16).ok();
    }
    pairs(text)?.iter().try_fold(0, |all, letters| {
        RIGHTS.iter().find(|(known, _)| known == letters).map(|(_, bit)| all | bit)
    })
}

fn sid(text: &str, domain: &Sid) -> Option<Sid> {
    if text.starts_with("S-") {
        return text.parse().ok();
    }
    if let Some((_, sid)) = FIXED.iter().find(|(known, _)| *known == text) {
        return sid.parse().ok();
    }
    OF_DOMAIN.iter().find(|(known, _)| *known == text).map(|(_, rid)| domain.with_rid(*rid))
}

/// The octets of the attribute value ([MS-DTYP] 2.4.6), with the parts that the flags name: 1 owner, 2 group, 4 access list.
pub fn to_wire(descriptor: &SecurityDescriptor, parts: u32) -> Vec<u8> {
    let sid = |wanted: bool, sid: &Option<Sid>| sid.as_ref().filter(|_| wanted).map(Sid::to_wire);
    let owner = sid(parts & 1 != 0, &descriptor.owner).unwrap_or_default();
    let group = sid(parts & 2 != 0, &descriptor.group).unwrap_or_default();
    let dacl = descriptor.dacl.as_ref().filter(|_| parts & 4 != 0).map(|aces| acl(aces)).unwrap_or_default();
    let mut control = descriptor.control | SELF_RELATIVE;
    if dacl.is_empty() {
        control &= !(DACL_PRESENT | PROTECTED | AUTO_INHERITED);
    }
    let mut out = vec![1, 0];
    out.extend(control.to_le_bytes());
    let mut at = 20u32;
    // The audit list, third of the four, is never there.
    for (position, part) in [&owner, &group, &vec![], &dacl].into_iter().enumerate() {
        debug_assert!(position < 4);
        out.extend(if part.is_empty() { 0 } else { at }.to_le_bytes());
        at += part.len() as u32;
    }
    out.extend([owner, group, dacl].concat());
    out
}

fn acl(aces: &[Ace]) -> Vec<u8> {
    let body: Vec<u8> = aces.iter().flat_map(entry).collect();
    // Revision 4 allows entries about parts of an object.
    let mut out = vec![4, 0];
    out.extend((body.len() as u16 + 8).to_le_bytes());
    out.extend((aces.len() as u16).to_le_bytes());
    out.extend([0, 0]);
    out.extend(body);
    out
}

fn entry(ace: &Ace) -> Vec<u8> {
    let is_object = ace.object_type.is_some() || ace.inherited_object_type.is_some();
    let code = match (ace.kind, is_object) {
        (AceKind::Deny, false) => 1,
        (AceKind::Deny, true) => 6,
        (_, false) => 0,
        (_, true) => 5,
    };
    let mut body = ace.access.0.to_le_bytes().to_vec();
    if is_object {
        let present =
            u32::from(ace.object_type.is_some()) | u32::from(ace.inherited_object_type.is_some()) << 1;
        body.extend(present.to_le_bytes());
        let guids = [ace.object_type, ace.inherited_object_type];
        body.extend(guids.into_iter().flatten().flat_map(ObjectGuid::to_wire));
    }
    body.extend(ace.trustee.as_ref().map(Sid::to_wire).unwrap_or_default());
    let mut out = vec![code, ace.flags.0];
    out.extend((body.len() as u16 + 4).to_le_bytes());
    out.extend(body);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::schema;

    fn domain() -> Sid {
        "S-1-5-21-1-2-3".parse().unwrap()
    }

    /// What is written is what the program's own reader reads.
    #[test]
    fn every_default_of_the_schema_goes_there_and_back() {
        for class in schema().classes().filter(|class| !class.default_sddl.is_empty()) {
            let read = descriptor(class.default_sddl, &domain()).unwrap_or_else(|| panic!("{}", class.name));
            let again = SecurityDescriptor::from_wire(&to_wire(&read, 7)).unwrap();
            assert_eq!(again, read, "{}", class.name);
        }
    }

    #[test]
    fn the_container_of_deleted_objects() {
        let text = "O:SYG:SYD:PAI(A;;RPWPCCDCLCRCWOWDSDSW;;;SY)(A;;RPLC;;;BA)";
        let read = descriptor(text, &domain()).unwrap();
        assert!(read.is_protected() && read.dacl.as_ref().unwrap().len() == 2);
        assert_eq!(read.owner.unwrap().to_string(), "S-1-5-18");
        assert_eq!(descriptor("D:(A;;XX;;;SY)", &domain()), None);
        assert_eq!(descriptor("D:(A;;RP;;SY)", &domain()), None);
    }
}
