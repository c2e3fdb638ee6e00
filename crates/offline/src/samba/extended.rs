//! Values with a DN as Samba keeps them: `<GUID=…>;<RMD_FLAGS=0>;…;<SID=…>;CN=…`.
//!
//! What stands before the DN says who it is, and of a link when and where it was written (as Samba 4.17 writes it; times are
//! those of [MS-DTYP] 2.3.3). Values of the syntaxes DN-Binary and DN-String ([MS-ADTS] 3.1.1.2.2.2.5 and .6) have their data in
//! front of all that: `B:8:00ff00ff:<GUID=…>;CN=…`.

use adrecover_core::time::{self, Timestamp};
use adrecover_core::{ObjectGuid, Sid};

/// A link that was removed.
const REMOVED: u32 = 1;

/// A value taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Extended<'a> {
    /// What stands in front: `B:8:00ff00ff:`.
    head: &'a str,
    /// The data of it.
    data: &'a str,
    /// `objectGUID` of what it points to.
    pub(super) guid: Option<ObjectGuid>,
    /// `objectSid` of that.
    pub(super) sid: Option<Sid>,
    /// When the link was added.
    pub(super) added: Option<Timestamp>,
    /// When it was last written.
    pub(super) changed: Option<Timestamp>,
    /// What became of it; `None` where the value is no link, or of a database without such marks.
    flags: Option<u32>,
    /// The DN.
    pub(super) dn: &'a str,
}

impl<'a> Extended<'a> {
    /// Reads it. Whatever does not look like a part belongs to the DN, so that nothing can fail.
    pub(super) fn read(text: &'a str) -> Self {
        let (head, data, dn) = with_data(text).unwrap_or(("", "", text));
        let mut found = Self { head, data, dn, ..Self::default() };
        while let Some((part, rest)) = found.dn.strip_prefix('<').and_then(|tail| tail.split_once('>')) {
            let Some((name, value)) = part.split_once('=') else { break };
            match name {
                "GUID" => found.guid = value.parse().ok(),
                "SID" => found.sid = sid(value),
                "RMD_ADDTIME" => found.added = filetime(value),
                "RMD_CHANGETIME" => found.changed = filetime(value),
                "RMD_FLAGS" => found.flags = value.parse().ok(),
                // Which domain controller wrote it, and how often.
                _ => {}
            }
            found.dn = rest.strip_prefix(';').unwrap_or(rest);
        }
        found
    }

    /// Whether it is a link that was removed.
    pub(super) fn is_removed(&self) -> bool {
        self.flags.is_some_and(|flags| flags & REMOVED != 0)
    }

    /// Whether it has the marks that links have.
    pub(super) fn is_marked(&self) -> bool {
        self.flags.is_some()
    }

    /// The octets of DN-Binary, those of the text of DN-String; none of a plain DN.
    pub(super) fn octets(&self) -> Vec<u8> {
        let is_binary = self.head.starts_with('B');
        let octets = is_binary.then(|| hex(self.data)).flatten();
        octets.unwrap_or_else(|| self.data.as_bytes().to_vec())
    }

    /// The value as LDAP gives it, with this DN.
    pub(super) fn with_dn(&self, dn: &str) -> String {
        [self.head, dn].concat()
    }
}

fn filetime(text: &str) -> Option<Timestamp> {
    time::from_filetime(text.parse().ok()?)
}

/// As text, or its octets in hexadecimal.
fn sid(text: &str) -> Option<Sid> {
    text.parse().ok().or_else(|| Sid::from_wire(&hex(text)?).ok())
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |octet: u8| char::from(octet).to_digit(16).map(|digit| digit as u8);
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

/// What stands before the DN of a DN-Binary or DN-String, its data, and the DN.
fn with_data(text: &str) -> Option<(&str, &str, &str)> {
    let rest = text.strip_prefix("B:").or_else(|| text.strip_prefix("S:"))?;
    let (length, rest) = rest.split_once(':')?;
    let length: usize = length.parse().ok()?;
    let (data, dn) = (rest.get(..length)?, rest.get(length..)?.strip_prefix(':')?);
    Some((&text[..text.len() - dn.len()], data, dn))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUID: &str = "3a4d70aa-fe85-4e6a-9ece-9e34468b3e38";

    #[test]
    fn a_link_as_samba_writes_it() {
        let text = format!(
            "<GUID={GUID}>;<RMD_ADDTIME=134401796580000000>;<RMD_CHANGETIME=134401796590000000>;<RMD_FLAGS=1>;\
             <RMD_INVOCID=645390e3-60e1-4550-9440-75a5237a128b>;<RMD_LOCAL_USN=4055>;<RMD_ORIGINATING_USN=4055>;\
             <RMD_VERSION=1>;<SID=S-1-5-32-544>;CN=a\\<b,DC=x"
        );
        let read = Extended::read(&text);
        assert_eq!((read.guid, read.dn), (GUID.parse().ok(), "CN=a\\<b,DC=x"));
        assert_eq!(read.sid, "S-1-5-32-544".parse().ok());
        assert_eq!(read.added.map(time::rfc3339).as_deref(), Some("2026-11-26T15:14:18Z"));
        assert_eq!(read.changed.map(time::rfc3339).as_deref(), Some("2026-11-26T15:14:19Z"));
        assert!(read.is_removed() && read.is_marked() && read.octets().is_empty());
        assert!(!Extended::read("<RMD_FLAGS=2>;CN=a").is_removed() && !Extended::read("CN=a").is_marked());
    }

    #[test]
    fn data_stays_before_the_name() {
        let text = format!("B:8:00fF0102:<GUID={GUID}>;CN=a,DC=x");
        let read = Extended::read(&text);
        assert_eq!(
            (read.octets(), read.with_dn(read.dn)),
            (vec![0, 255, 1, 2], "B:8:00fF0102:CN=a,DC=x".to_owned())
        );
        let read = Extended::read("S:3:a:b:<SID=01020000000000052000000020020000>;CN=a");
        assert_eq!((read.octets(), read.with_dn(read.dn)), (b"a:b".to_vec(), "S:3:a:b:CN=a".to_owned()));
        assert_eq!(read.sid, "S-1-5-32-544".parse().ok());
    }

    #[test]
    fn what_does_not_fit_is_part_of_the_name() {
        for text in ["", "<", "<GUID", "<GUID=", "<x>", "CN=<GUID=1>", "é<", "B:9:00:CN=a", "B:1:é:CN=a"] {
            assert_eq!(Extended::read(text), Extended { dn: text, ..Extended::default() });
        }
        assert_eq!(Extended::read("<GUID=bad>;CN=a"), Extended { dn: "CN=a", ..Extended::default() });
    }
}
