//! Attribute values as people and scripts can read them.
//!
//! GUIDs and SIDs become text, times RFC 3339, other octets `base64:…`; everything else stays as the directory has it.

use std::collections::BTreeMap;

use adrecover_core::entry::Attribute;
use adrecover_core::time::{from_filetime, generalized, rfc3339};
use adrecover_core::value::Value;
use adrecover_core::{Entry, ObjectGuid, Sid, UserAccountControl};

/// Times in intervals of 100 ns since 1601.
const FILETIMES: [&str; 12] = [
    "accountExpires",
    "badPasswordTime",
    "creationTime",
    "lastLogoff",
    "lastLogon",
    "lastLogonTimestamp",
    "lastSetTime",
    "lockoutTime",
    "msDS-LastFailedInteractiveLogonTime",
    "msDS-LastSuccessfulInteractiveLogonTime",
    "msDS-UserPasswordExpiryTimeComputed",
    "pwdLastSet",
];

/// Octets that are only a heap of bits: read elsewhere, or of no use to a reader.
const LEFT_OUT: [&str; 2] = ["replPropertyMetaData", "nTSecurityDescriptor"];

const PREFIX: &str = "base64:";

/// All attributes by name.
pub(crate) fn attributes(entry: &Entry) -> BTreeMap<String, Vec<String>> {
    let shown =
        |a: &&Attribute| !LEFT_OUT.iter().any(|n| n.eq_ignore_ascii_case(&a.name)) && !a.values.is_empty();
    let values = |a: &Attribute| a.values.iter().map(|v| value(&a.name, v)).collect();
    entry.attributes.iter().filter(shown).map(|a| (a.name.to_string(), values(a))).collect()
}

/// One value of an attribute.
pub(crate) fn value(name: &str, octets: &[u8]) -> String {
    let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
    let lower = name.to_ascii_lowercase();
    if lower.ends_with("guid")
        && let Ok(guid) = ObjectGuid::from_wire(octets)
    {
        return guid.to_string();
    }
    if (lower.ends_with("sid") || is("sIDHistory") || is("securityIdentifier"))
        && let Ok(sid) = Sid::from_wire(octets)
    {
        return sid.to_string();
    }
    match Value::from_bytes(octets) {
        Value::Base64(text) => format!("{PREFIX}{text}"),
        Value::Text(text) => time(name, &text).unwrap_or(text),
    }
}

fn time(name: &str, text: &str) -> Option<String> {
    if FILETIMES.iter().any(|n| n.eq_ignore_ascii_case(name)) {
        return text.parse().ok().and_then(from_filetime).map(rfc3339);
    }
    // 15 digits and more end in Z only where they are a time.
    generalized(text).map(rfc3339)
}

/// A decoded value for a terminal: of octets only how many, and the first of them.
pub(crate) fn for_people(value: &str) -> String {
    let Some(encoded) = value.strip_prefix(PREFIX) else { return value.to_owned() };
    let octets = Value::Base64(encoded.to_owned()).to_bytes().unwrap_or_default();
    let head: String = octets.iter().take(16).map(|b| format!("{b:02x}")).collect();
    format!("({} octets) {head}{}", octets.len(), if octets.len() > 16 { "…" } else { "" })
}

/// What some values mean.
pub(crate) fn remarks(entry: &Entry) -> BTreeMap<String, String> {
    let mut remarks = BTreeMap::new();
    let mut add = |name: &str, text: String| {
        if let Some(attribute) = entry.attributes.iter().find(|a| a.name.eq_ignore_ascii_case(name)) {
            remarks.insert(attribute.name.to_string(), text);
        }
    };
    if let Some(uac) = entry.uac() {
        add("userAccountControl", bits(uac));
    }
    for name in FILETIMES {
        match entry.integer(name) {
            Some(0) if name == "pwdLastSet" => add(name, "must be changed, or none is set".into()),
            Some(0 | i64::MAX) => add(name, "never".into()),
            _ => {}
        }
    }
    remarks
}

/// What the value of an attribute means, where it says so only to those who know.
pub(crate) fn remark(name: &str, octets: &[u8]) -> Option<String> {
    remarks(&Entry::new("").with(name, [octets])).into_values().next()
}

fn bits(uac: UserAccountControl) -> String {
    const NAMES: [(u32, &str); 14] = [
        (0x2, "disabled"),
        (0x10, "locked out"),
        (0x20, "no password required"),
        (0x80, "reversible password"),
        (0x200, "user"),
        (0x800, "domain trust"),
        (0x1000, "computer"),
        (0x2000, "domain controller"),
        (0x1_0000, "password never expires"),
        (0x4_0000, "smart card required"),
        (0x8_0000, "trusted for delegation"),
        (0x10_0000, "not to be delegated"),
        (0x40_0000, "no Kerberos pre-authentication"),
        (0x100_0000, "trusted to authenticate for delegation"),
    ];
    let mut known = 0;
    let mut words: Vec<String> = vec![];
    for (bit, name) in NAMES {
        known |= bit;
        if uac.has(bit) {
            words.push(name.to_owned());
        }
    }
    let rest = uac.0 & !known;
    if rest != 0 {
        words.push(format!("0x{rest:x}"));
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_by_their_attribute() {
        assert_eq!(value("whenCreated", b"20261101093000.0Z"), "2026-11-01T09:30:00Z");
        assert_eq!(value("pwdLastSet", b"0"), "0");
        assert_eq!(value("accountExpires", b"9223372036854775807"), "9223372036854775807");
        assert_eq!(value("objectSid", &"S-1-5-32-544".parse::<Sid>().unwrap().to_wire()), "S-1-5-32-544");
        assert_eq!(value("jpegPhoto", b"\xff\xd8"), "base64:/9g=");
        assert_eq!(value("description", b"20261101"), "20261101");
        assert_eq!(for_people("base64:/9g="), "(2 octets) ffd8");
    }

    #[test]
    fn bits_have_names() {
        assert_eq!(bits(UserAccountControl(0x202)), "disabled, user");
        assert_eq!(bits(UserAccountControl(0x8000_0200)), "user, 0x80000000");
    }
}
