//! Names as files have them: the key under which equal DNs are equal, and DNs with identifiers in front.

use std::borrow::Cow;

use adrecover_core::source::LinkEnd;
use adrecover_core::{Dn, ObjectGuid, Sid};

/// The longest DN that is looked at, in octets. AD takes none of more than 255 components of 255 characters.
pub(crate) const LONGEST_DN: usize = 64 << 10;

/// The text in which equal DNs are equal, as [`Dn::key`] gives it; `None` for what is no DN.
pub(crate) fn dn_key(text: &str) -> Option<Cow<'_, str>> {
    if text.len() > LONGEST_DN {
        return None;
    }
    if is_plain(text.as_bytes()) {
        return Some(match text.bytes().any(|b| b.is_ascii_uppercase()) {
            true => Cow::Owned(text.to_ascii_lowercase()),
            false => Cow::Borrowed(text),
        });
    }
    text.parse::<Dn>().ok().map(|dn| Cow::Owned(dn.key()))
}

/// Whether the key is just the text in lower case. Most names are so plain that they need not be taken apart.
fn is_plain(text: &[u8]) -> bool {
    let is_kind = |kind: &[u8]| {
        !kind.is_empty() && kind.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
    };
    let is_value = |value: &[u8]| {
        let special = |b: &u8| !b.is_ascii() || b.is_ascii_control() || b"\"+;<=>\\".contains(b);
        !value.is_empty()
            && !value.starts_with(b" ")
            && !value.starts_with(b"#")
            && !value.ends_with(b" ")
            && !value.iter().any(special)
    };
    text.split(|b| *b == b',').all(|component| {
        let mut halves = component.splitn(2, |b| *b == b'=');
        halves.next().is_some_and(is_kind) && halves.next().is_some_and(is_value)
    })
}

/// A name that others are compared with.
#[derive(Debug)]
pub(crate) struct Name<'a> {
    text: &'a str,
    key: Option<Cow<'a, str>>,
    is_plain: bool,
}

impl<'a> Name<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, key: dn_key(text), is_plain: is_plain(text.as_bytes()) }
    }

    /// Whether another text names the same object. Most do not, which is seen without taking them apart.
    pub(crate) fn is(&self, other: &str) -> bool {
        if self.text.eq_ignore_ascii_case(other) {
            return true;
        }
        if self.is_plain && is_plain(other.as_bytes()) {
            return false;
        }
        matches!((&self.key, dn_key(other)), (Some(one), Some(other)) if *one == other)
    }
}

/// Takes a name apart that has identifiers in front: `<GUID=…>;<SID=…>;CN=…`, as the control LDAP_SERVER_EXTENDED_DN ([MS-ADTS]
/// 3.1.1.3.4.1.5) and `ldbsearch --extended-dn` give it. In the hexadecimal form both are the octets of the value.
pub(crate) fn extended(text: &str) -> LinkEnd {
    let mut end = LinkEnd::default();
    let mut rest = text;
    while let Some((inside, after)) = rest.strip_prefix('<').and_then(|inner| inner.split_once('>')) {
        let (name, value) = inside.split_once('=').unwrap_or((inside, ""));
        match name {
            "GUID" => end.guid = guid(value),
            "SID" => end.sid = sid(value),
            _ => {}
        }
        rest = after.strip_prefix(';').unwrap_or(after);
    }
    end.dn = rest.to_owned();
    end
}

fn guid(text: &str) -> Option<ObjectGuid> {
    match octets(text) {
        Some(octets) => ObjectGuid::from_wire(&octets).ok(),
        None => text.parse().ok(),
    }
}

fn sid(text: &str) -> Option<Sid> {
    match octets(text) {
        Some(octets) => Sid::from_wire(&octets).ok(),
        None => text.parse().ok(),
    }
}

fn octets(hexadecimal: &str) -> Option<Vec<u8>> {
    let digits = hexadecimal.as_bytes();
    if digits.len() > 200 || !digits.len().is_multiple_of(2) {
        return None;
    }
    let digit = |b: u8| char::from(b).to_digit(16);
    digits.chunks_exact(2).map(|pair| Some((digit(pair[0])? * 16 + digit(pair[1])?) as u8)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_names_have_the_key_of_all_others() {
        for text in ["CN=Ada Byron,OU=A-1,DC=x", "cn=a,dc=x", "O=a/b,1.2.3=c", "CN=a'(b)!*,DC=x"] {
            assert!(is_plain(text.as_bytes()), "{text}");
            assert_eq!(dn_key(text).unwrap(), text.parse::<Dn>().unwrap().key());
        }
        for text in
            ["CN=a\\,b,DC=x", "CN= a", "CN=a ,DC=x", "CN=#a", "CN=ä", "CN=a=b", "CN=a+SN=b", "CN=a,,DC=x", ""]
        {
            assert!(!is_plain(text.as_bytes()), "{text}");
        }
        assert!(Name::new("CN=Ä, DC=x").is("cn=ä,dc=X") && Name::new("CN=a,DC=x").is("CN=A, DC=x"));
        assert!(!Name::new("CN=a,DC=x").is("CN=b,DC=x") && Name::new("no name").is("No name"));
    }

    proptest! {
        #[test]
        fn the_short_way_gives_what_the_long_one_gives(text in "([A-Za-z=, #+;\\\\.-]|CN=|,DC=){0,40}") {
            if is_plain(text.as_bytes()) {
                let key = text.parse::<Dn>().map(|dn| dn.key());
                prop_assert_eq!(key.ok(), dn_key(&text).map(Cow::into_owned));
            }
        }
    }

    #[test]
    fn identifiers_in_front_are_taken_off() {
        let guid: ObjectGuid = "3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f".parse().unwrap();
        let sid: Sid = "S-1-5-32-544".parse().unwrap();
        let hex = |octets: &[u8]| octets.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let expected =
            LinkEnd { guid: Some(guid), sid: Some(sid.clone()), dn: "CN=a,DC=x".into(), standing: None };
        assert_eq!(extended(&format!("<GUID={guid}>;<SID={sid}>;CN=a,DC=x")), expected);
        let text = format!("<GUID={}>;<SID={}>;CN=a,DC=x", hex(&guid.to_wire()), hex(&sid.to_wire()));
        assert_eq!(extended(&text), expected);
        assert_eq!(extended("CN=a,DC=x").dn, "CN=a,DC=x");
        assert_eq!(extended("<GUID=zz>;<"), LinkEnd { dn: "<".into(), ..LinkEnd::default() });
    }
}
