//! When and where single values of links were added or removed: `msDS-ReplValueMetaData` ([MS-ADTS] 3.1.1.4.5.24), which Windows has
//! and Samba has not. Each value of it is one `DS_REPL_VALUE_META_DATA` in XML.

use adrecover_core::change::{LinkChange, ObjectChange, Stamp};
use adrecover_core::directory::{Query, Visibility};
use adrecover_core::{DirectoryError, Dn, time};

use crate::Session;

/// As many as a server returns at once. A group has one for each member that it has or had, so that what is beyond has no stamp.
const SOME: &str = "msDS-ReplValueMetaData;range=0-999";

/// What is known of one value.
#[derive(Debug, PartialEq)]
pub(super) struct ValueStamp {
    attribute: String,
    target: Dn,
    is_present: bool,
    stamp: Stamp,
    local_usn: u64,
}

/// Adds what is known of the links of an object. `before` is the highest number from before they were read: what was written later
/// may not be what was read.
pub(super) async fn add(
    session: &Session,
    before: u64,
    object: &mut ObjectChange,
) -> Result<(), DirectoryError> {
    let query = Query::object(object.guid.as_dn()).attributes([SOME]).visibility(Visibility::Recycled);
    let Some(entry) = session.ask(&query).await?.into_iter().next() else { return Ok(()) };
    let values = entry.attributes.iter().flat_map(|attribute| &attribute.values);
    let known: Vec<ValueStamp> = values.filter_map(|value| read(value)).collect();
    for link in &mut object.links {
        let of = known.iter().find(|value| value.local_usn <= before && value.is_of(link));
        link.stamp = of.map(|value| value.stamp);
    }
    Ok(())
}

impl ValueStamp {
    fn is_of(&self, link: &LinkChange) -> bool {
        self.is_present == link.is_present
            && self.attribute.eq_ignore_ascii_case(&link.attribute)
            && link.target.dn.parse::<Dn>().is_ok_and(|dn| dn == self.target)
    }
}

/// Reads one; `None` where anything is missing.
pub(super) fn read(value: &[u8]) -> Option<ValueStamp> {
    let xml = std::str::from_utf8(value).ok()?;
    let when = |name| chrono::DateTime::parse_from_rfc3339(&element(xml, name)?).ok().map(|t| t.to_utc());
    let number = |name| element(xml, name)?.parse().ok();
    // A value that is there has the beginning of all time as the time of its removal.
    let is_present = when("ftimeDeleted").is_none_or(|time| time.timestamp() <= -11_644_473_600);
    Some(ValueStamp {
        attribute: element(xml, "pszAttributeName")?,
        target: element(xml, "pszObjectDn")?.parse().ok()?,
        is_present,
        stamp: Stamp {
            version: element(xml, "dwVersion")?.parse().ok()?,
            at: when("ftimeLastOriginatingChange").and_then(time::in_calendar),
            invocation: element(xml, "uuidLastOriginatingDsaInvocationID")?.parse().ok()?,
            usn: number("usnOriginatingChange")?,
        },
        local_usn: number("usnLocalChange")?,
    })
}

/// The text in the only element of that name.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let mut out = text.to_owned();
    for (entity, character) in
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")]
    {
        out = out.replace(entity, character);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use adrecover_core::change::LinkTarget;

    use super::*;

    /// As Microsoft's documentation has it.
    const SAMPLE: &str = "<DS_REPL_VALUE_META_DATA>\n\t<pszAttributeName>member</pszAttributeName>\n\t\
        <pszObjectDn>CN=a &amp; b,DC=x</pszObjectDn>\n\t<cbData>0</cbData>\n\t<pbData></pbData>\n\t\
        <ftimeDeleted>1601-01-01T00:00:00Z</ftimeDeleted>\n\t<ftimeCreated>2026-10-01T10:00:00Z</ftimeCreated>\n\t\
        <dwVersion>3</dwVersion>\n\t<ftimeLastOriginatingChange>2026-11-01T09:30:00Z</ftimeLastOriginatingChange>\n\t\
        <uuidLastOriginatingDsaInvocationID>708e166b-183a-41c1-ae1e-4e73a745bf3a</uuidLastOriginatingDsaInvocationID>\n\t\
        <usnOriginatingChange>4711</usnOriginatingChange>\n\t<usnLocalChange>815</usnLocalChange>\n\t\
        <pszLastOriginatingDsaDN>CN=NTDS Settings,CN=DC1</pszLastOriginatingDsaDN>\n</DS_REPL_VALUE_META_DATA>\n\0";

    #[test]
    fn a_value_is_read() {
        let value = read(SAMPLE.as_bytes()).unwrap();
        assert_eq!((value.stamp.version, value.stamp.usn, value.local_usn), (3, 4711, 815));
        assert_eq!(time::rfc3339(value.stamp.at.unwrap()), "2026-11-01T09:30:00Z");
        let target = |dn: &str| LinkTarget { guid: None, sid: None, dn: dn.into(), data: vec![] };
        let mut link = LinkChange {
            attribute: "MEMBER".into(),
            target: target("cn=A & B,dc=X"),
            is_present: true,
            stamp: None,
        };
        assert!(value.is_of(&link));
        link.is_present = false;
        assert!(!value.is_of(&link));
        let removed = SAMPLE.replace("1601-01-01T00:00:00Z", "2026-11-01T09:30:00Z");
        assert!(read(removed.as_bytes()).unwrap().is_of(&link));
        link.target = target("CN=c");
        assert!(!read(removed.as_bytes()).unwrap().is_of(&link));
    }

    #[test]
    fn a_value_with_anything_missing_is_none() {
        let needed = [
            "pszAttributeName",
            "pszObjectDn",
            "dwVersion",
            "uuidLastOriginatingDsaInvocationID",
            "usnOriginatingChange",
            "usnLocalChange",
        ];
        for name in needed {
            for tag in [format!("<{name}>"), format!("</{name}>")] {
                assert_eq!(read(SAMPLE.replace(&tag, "").as_bytes()), None, "{tag}");
            }
        }
        assert_eq!(read(SAMPLE.replace("4711", "-1").as_bytes()), None);
        assert_eq!(read(&[0xff]), None);
    }
}
