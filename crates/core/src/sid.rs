//! Security identifiers ([MS-DTYP] 2.4.2).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A SID of 1 to 15 sub-authorities.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sid {
    authority: u64,
    sub: Vec<u32>,
}

/// The most sub-authorities ([MS-DTYP] 2.4.2.2). The text needs one at least, so that octets with none are not taken either.
const MAX_SUB: usize = 15;

/// The text or the octets are not a SID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a SID")]
pub struct NotASid(pub String);

impl Sid {
    /// From an attribute value.
    pub fn from_wire(bytes: &[u8]) -> Result<Self, NotASid> {
        Self::read(bytes)
            .filter(|(_, used)| *used == bytes.len())
            .map(|(sid, _)| sid)
            .ok_or_else(|| NotASid(format!("{} octets", bytes.len())))
    }

    /// The SID that a buffer starts with, and its length in octets.
    pub fn read(bytes: &[u8]) -> Option<(Self, usize)> {
        let (&revision, &count) = (bytes.first()?, bytes.get(1)?);
        if revision != 1 || !(1..=MAX_SUB).contains(&usize::from(count)) {
            return None;
        }
        let authority = bytes.get(2..8)?.iter().fold(0u64, |n, b| (n << 8) | u64::from(*b));
        let end = 8 + usize::from(count) * 4;
        let sub = bytes
            .get(8..end)?
            .chunks_exact(4)
            .map(|c| u32::from_le_bytes([c[0], c[1], c[2], c[3]]))
            .collect();
        Some((Self { authority, sub }, end))
    }

    /// The octets of the attribute value.
    pub fn to_wire(&self) -> Vec<u8> {
        let mut out = vec![1, self.sub.len() as u8];
        out.extend_from_slice(&self.authority.to_be_bytes()[2..]);
        out.extend(self.sub.iter().flat_map(|s| s.to_le_bytes()));
        out
    }

    /// The last sub-authority: the relative identifier of an account.
    pub fn rid(&self) -> Option<u32> {
        self.sub.last().copied()
    }

    /// The SID without its last sub-authority: an account's domain. `None` where nothing would be left.
    pub fn domain(&self) -> Option<Sid> {
        let (_, head) = self.sub.split_last().filter(|(_, head)| !head.is_empty())?;
        Some(Sid { authority: self.authority, sub: head.to_vec() })
    }

    /// This domain's SID with a relative identifier added.
    pub fn with_rid(&self, rid: u32) -> Sid {
        let mut sub = self.sub.clone();
        sub.push(rid);
        Sid { authority: self.authority, sub }
    }

    /// The value as a filter takes it: each octet as `\xx`.
    pub fn filter_value(&self) -> String {
        self.to_wire().iter().map(|b| format!("\\{b:02x}")).collect()
    }
}

impl FromStr for Sid {
    type Err = NotASid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let mut parts = text.trim().split('-');
            if !parts.next()?.eq_ignore_ascii_case("S") || parts.next()? != "1" {
                return None;
            }
            let authority: u64 = parts.next()?.parse().ok().filter(|a| *a < 1 << 48)?;
            let sub: Vec<u32> = parts.map(|p| p.parse().ok()).collect::<Option<_>>()?;
            (1..=MAX_SUB).contains(&sub.len()).then_some(Self { authority, sub })
        };
        parse().ok_or_else(|| NotASid(text.to_owned()))
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S-1-{}", self.authority)?;
        self.sub.iter().try_for_each(|s| write!(f, "-{s}"))
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Sid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_octets_agree() {
        let sid: Sid = "S-1-5-21-1004336348-1177238915-682003330-512".parse().unwrap();
        assert_eq!(Sid::from_wire(&sid.to_wire()).unwrap(), sid);
        assert_eq!(sid.rid(), Some(512));
        assert_eq!(sid.domain().unwrap().with_rid(512), sid);
        assert_eq!(sid.to_string(), "S-1-5-21-1004336348-1177238915-682003330-512");
    }

    #[test]
    fn refuses_what_is_cut_or_too_long() {
        let wire = "S-1-5-32-544".parse::<Sid>().unwrap().to_wire();
        assert!(Sid::from_wire(&wire[..wire.len() - 1]).is_err());
        assert!(Sid::from_wire(&[&wire[..], &[0]].concat()).is_err());
        assert!(Sid::from_wire(&[2, 0, 0, 0, 0, 0, 0, 5]).is_err());
        // Neither has a form in text, or in octets.
        assert!(Sid::from_wire(&[1, 0, 0, 0, 0, 0, 0, 5]).is_err());
        assert_eq!("S-1-1-0".parse::<Sid>().unwrap().domain(), None);
        assert!("S-1-5".parse::<Sid>().is_err() && "S-2-5-1".parse::<Sid>().is_err());
    }
}
