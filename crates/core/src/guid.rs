//! `objectGUID`, the only name of an object that survives deletion, renaming and restoring.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An `objectGUID`. Shown lower-case and dashed, as in the mangled names of deleted objects.
///
/// On the wire it is 16 octets with the first three fields little-endian ([MS-DTYP] 2.3.4.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ObjectGuid(Uuid);

/// The text or the octets are not a GUID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a GUID")]
pub struct NotAGuid(pub String);

impl ObjectGuid {
    /// From the 16 octets of an attribute value.
    pub fn from_wire(bytes: &[u8]) -> Result<Self, NotAGuid> {
        let octets: [u8; 16] =
            bytes.try_into().map_err(|_| NotAGuid(format!("{} octets instead of 16", bytes.len())))?;
        Ok(Self(Uuid::from_bytes_le(octets)))
    }

    /// The 16 octets of the attribute value.
    pub fn to_wire(self) -> [u8; 16] {
        self.0.to_bytes_le()
    }

    /// The source anchor of an object without another one: its octets in base64, as `onPremisesImmutableId` has them.
    pub fn source_anchor(self) -> String {
        source_anchor(&self.to_wire())
    }

    /// The value as a filter takes it: each octet as `\xx` (RFC 4515 section 3).
    pub fn filter_value(self) -> String {
        self.to_wire().iter().map(|b| format!("\\{b:02x}")).collect()
    }

    /// The object's `<GUID=…>` form, which searches and modifications (not an undelete) take for a DN
    /// ([MS-ADTS] 3.1.1.3.1.2.4).
    pub fn as_dn(self) -> String {
        format!("<GUID={self}>")
    }
}

impl From<Uuid> for ObjectGuid {
    fn from(value: Uuid) -> Self {
        Self(value)
    }
}

impl FromStr for ObjectGuid {
    type Err = NotAGuid;

    /// Takes dashed and undashed text, with or without braces, and `<GUID=…>`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let inner = text.trim();
        let inner = inner.strip_prefix("<GUID=").and_then(|s| s.strip_suffix('>')).unwrap_or(inner);
        Uuid::try_parse(inner).map(Self).map_err(|_| NotAGuid(shortened(text)))
    }
}

/// Quoted input of any length is not repeated whole.
fn shortened(text: &str) -> String {
    let mut out: String = text.chars().take(80).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}

impl fmt::Display for ObjectGuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Debug for ObjectGuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// The source anchor that the octets of `mS-DS-ConsistencyGuid` or `objectGUID` are in the cloud.
pub fn source_anchor(octets: &[u8]) -> String {
    STANDARD.encode(octets)
}

/// The GUID that a source anchor is; `None` where it is something else, such as an employee number.
pub fn of_source_anchor(anchor: &str) -> Option<ObjectGuid> {
    ObjectGuid::from_wire(&STANDARD.decode(anchor).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_order_is_mixed_endian() {
        let guid: ObjectGuid = "3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f".parse().unwrap();
        assert_eq!(guid.to_wire()[..8], [0xae, 0xa0, 0x45, 0x3c, 0xc5, 0xeb, 0x0d, 0x49]);
        assert_eq!(ObjectGuid::from_wire(&guid.to_wire()).unwrap(), guid);
        assert!(guid.filter_value().starts_with("\\ae\\a0\\45\\3c"));
    }

    #[test]
    fn takes_braces_and_the_guid_form_of_a_dn() {
        let plain: ObjectGuid = "3C45A0AE-EBC5-490D-A4B4-4B20D3E34A3F".parse().unwrap();
        for text in ["{3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f}", "<GUID=3c45a0aeebc5490da4b44b20d3e34a3f>"] {
            assert_eq!(text.parse::<ObjectGuid>().unwrap(), plain);
        }
        assert!("3c45a0ae-ebc5-490d-a4b4".parse::<ObjectGuid>().is_err());
        assert!(ObjectGuid::from_wire(&[1, 2, 3]).is_err());
    }

    #[test]
    fn the_source_anchor_is_made_of_the_octets_of_the_wire() {
        let guid: ObjectGuid = "8d4e6b2a-1f3c-4a5b-9c7d-0123456789ab".parse().unwrap();
        assert_eq!(guid.source_anchor(), "KmtOjTwfW0qcfQEjRWeJqw==");
        assert_eq!(of_source_anchor("KmtOjTwfW0qcfQEjRWeJqw=="), Some(guid));
        assert_eq!((of_source_anchor("MTIz"), of_source_anchor("no anchor")), (None, None));
    }
}
