//! DNs with GUID and SID before them ([MS-ADTS] 3.1.1.3.4.1.5): `<GUID=…>;<SID=…>;CN=…`, and the same after the octets of a
//! DN-Binary or the text of a DN-String (3.1.1.2.2.2.5 and .6): `B:8:00ff00ff:<GUID=…>;CN=…`.

use adrecover_core::change::LinkTarget;
use adrecover_core::{ObjectGuid, Sid};

/// A DN and what stood before it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Extended<'a> {
    pub(super) guid: Option<ObjectGuid>,
    pub(super) sid: Option<Sid>,
    pub(super) dn: &'a str,
}

impl<'a> Extended<'a> {
    /// Reads it. Whatever does not look like an extension belongs to the DN, so that nothing can fail.
    pub(super) fn read(text: &'a str) -> Self {
        let mut found = Self { dn: text, ..Self::default() };
        while let Some((head, rest)) = found.dn.strip_prefix('<').and_then(|tail| tail.split_once('>')) {
            let Some((name, value)) = head.split_once('=') else { break };
            match name {
                "GUID" => found.guid = value.parse().ok().or(found.guid),
                "SID" => found.sid = sid(value).or(found.sid),
                // Others are for the server itself.
                _ => {}
            }
            found.dn = rest.strip_prefix(';').unwrap_or(rest);
        }
        found
    }
}

/// As text, or the octets in hexadecimal, which is the form without the flag.
fn sid(text: &str) -> Option<Sid> {
    text.parse().ok().or_else(|| Sid::from_wire(&hex(text)?).ok())
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |octet: u8| char::from(octet).to_digit(16).map(|digit| digit as u8);
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

/// The value of a DN-Binary or DN-String taken apart: what stands before the DN, its data, and the DN.
fn with_data(text: &str) -> Option<(&str, &str, &str)> {
    let rest = text.strip_prefix("B:").or_else(|| text.strip_prefix("S:"))?;
    let (length, rest) = rest.split_once(':')?;
    let length: usize = length.parse().ok()?;
    let (data, dn) = (rest.get(..length)?, rest.get(length..)?.strip_prefix(':')?);
    Some((&text[..text.len() - dn.len()], data, dn))
}

/// What the value of a link points to. Octets that are no text are replaced.
pub(super) fn target(value: &[u8]) -> LinkTarget {
    let text = String::from_utf8_lossy(value);
    let octets = |head: &str, data: &str| {
        if head.starts_with('B') { hex(data) } else { Some(data.as_bytes().to_vec()) }
    };
    let apart = with_data(&text).and_then(|(head, data, dn)| Some((octets(head, data)?, dn)));
    let (data, dn) = apart.unwrap_or((vec![], text.as_ref()));
    let Extended { guid, sid, dn } = Extended::read(dn);
    LinkTarget { guid, sid, dn: dn.to_owned(), data }
}

/// The value as a server without Extended DN would give it.
pub(super) fn plain(value: Vec<u8>) -> Vec<u8> {
    if !value.contains(&b'<') {
        return value;
    }
    let Ok(text) = std::str::from_utf8(&value) else { return value };
    let (head, dn) = with_data(text).map_or(("", text), |(head, _, dn)| (head, dn));
    [head, Extended::read(dn).dn].concat().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUID: &str = "708e166b-183a-41c1-ae1e-4e73a745bf3a";

    #[test]
    fn extensions_are_taken_off() {
        let text = format!("<GUID={GUID}>;<SID=S-1-5-32-544>;CN=a\\<b,DC=x");
        let read = Extended::read(&text);
        assert_eq!((read.guid, read.dn), (GUID.parse().ok(), "CN=a\\<b,DC=x"));
        assert_eq!(read.sid, "S-1-5-32-544".parse().ok());
        let octets = format!("<GUID={}>;<SID=01020000000000052000000020020000>;CN=a", GUID.replace('-', ""));
        assert_eq!(Extended::read(&octets).sid, "S-1-5-32-544".parse().ok());
        for text in ["", "CN=a", "<", "<GUID", "<GUID=", "<x>", "CN=<GUID=1>", "é<"] {
            assert_eq!(Extended::read(text).guid, None, "{text}");
        }
        assert_eq!(Extended::read("CN=<GUID=1>").dn, "CN=<GUID=1>");
        assert_eq!(Extended::read("<GUID=bad>;CN=a"), Extended { dn: "CN=a", ..Extended::default() });
    }

    #[test]
    fn links_with_octets() {
        let target = target(format!("B:8:00fF0102:<GUID={GUID}>;CN=a,DC=x").as_bytes());
        assert_eq!((target.data.as_slice(), target.dn.as_str()), (&[0, 255, 1, 2][..], "CN=a,DC=x"));
        assert!(target.guid.is_some());
        let text = super::target(b"S:3:a:b:CN=a");
        assert_eq!((text.data.as_slice(), text.dn.as_str()), (&b"a:b"[..], "CN=a"));
        for bad in ["B:", "B:9:00:CN=a", "B:x:00:CN=a", "B:2:00", "B:2:é:CN=a", "B:18446744073709551615:a:b"]
        {
            assert_eq!(super::target(bad.as_bytes()).dn, bad);
        }
        assert_eq!(super::target(b"\xff").dn, "\u{fffd}");
    }

    #[test]
    fn values_that_are_no_links_keep_the_name_only() {
        let name = |text: &str| String::from_utf8(plain(text.as_bytes().to_vec())).unwrap();
        assert_eq!(name(&format!("<GUID={GUID}>;CN=a")), "CN=a");
        assert_eq!(name(&format!("B:2:ab:<GUID={GUID}>;CN=a")), "B:2:ab:CN=a");
        assert_eq!(name("CN=a<b>"), "CN=a<b>");
        assert_eq!(plain(vec![b'<', 0xff]), [b'<', 0xff]);
    }
}
