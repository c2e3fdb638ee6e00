//! Where the reading of a naming context goes on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::ObjectGuid;

/// The version of the stored form.
const VERSION: u32 = 1;

/// Where the reading of one naming context goes on, and whose numbers that is said in.
///
/// Whoever stores it stores [`Self::to_text`] and need not look inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cursor {
    /// `objectGUID` of the head of the naming context: one of the same name in another forest has another one.
    pub context: ObjectGuid,
    /// The invocation id of the domain controller's database. It changes when that is restored from a backup in the proper way.
    pub invocation: ObjectGuid,
    /// The domain controller's highest update sequence number when this was made. Where it has become lower, the database was put
    /// back without the server's knowledge.
    pub usn: u64,
    /// The place.
    pub position: Position,
}

/// The place of a [`Cursor`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "camelCase")]
pub enum Position {
    /// A DirSync cookie ([MS-ADTS] 3.1.1.3.4.1.3).
    #[serde(rename_all = "camelCase")]
    DirSync {
        /// The server's octets; nobody else understands them.
        #[serde(with = "octets")]
        cookie: Vec<u8>,
        /// Whether it was got with the account's own rights (OBJECT_SECURITY).
        own_rights: bool,
        /// Where the full read goes on that is under way; `None` once it is over.
        full: Option<FullRead>,
    },
    /// By update sequence numbers: everything that has a higher one than this is still to be read.
    #[serde(rename_all = "camelCase")]
    Usn {
        /// The highest number that was read.
        after: u64,
        /// Where the full read goes on that is under way.
        full: Option<FullRead>,
    },
}

/// A full read that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "camelCase")]
pub enum FullRead {
    /// The cookie itself knows.
    Cookie,
    /// All objects with a number below this have been read.
    Usn {
        /// The number.
        from: u64,
    },
}

/// A stored cursor that cannot be read: it is damaged, or of a newer version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the stored position in the directory cannot be read: {0}")]
pub struct NotACursor(String);

#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    #[serde(flatten)]
    cursor: Cursor,
}

impl Cursor {
    /// The form to store.
    pub fn to_text(&self) -> String {
        // Nothing in it can fail to be written.
        serde_json::to_string(&Stored { version: VERSION, cursor: self.clone() }).unwrap_or_default()
    }

    /// Reads the stored form.
    pub fn from_text(text: &str) -> Result<Self, NotACursor> {
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        let bad = |e: serde_json::Error| NotACursor(format!("it does not parse (column {})", e.column()));
        let Head { version } = serde_json::from_str(text).map_err(bad)?;
        if version != VERSION {
            return Err(NotACursor(format!("its version is {version}, this program knows {VERSION}")));
        }
        serde_json::from_str::<Stored>(text).map(|stored| stored.cursor).map_err(bad)
    }

    /// Where the full read that is under way goes on; `None` once changes are followed.
    pub fn full(&self) -> Option<FullRead> {
        match self.position {
            Position::DirSync { full, .. } | Position::Usn { full, .. } => full,
        }
    }
}

mod octets {
    use super::*;
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(octets: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(octets))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(position: Position) -> Cursor {
        let guid = |n| ObjectGuid::from_wire(&[n; 16]).unwrap();
        Cursor { context: guid(1), invocation: guid(2), usn: u64::MAX, position }
    }

    #[test]
    fn it_comes_back() {
        for position in [
            Position::DirSync { cookie: vec![0, 255, 7], own_rights: true, full: None },
            Position::DirSync { cookie: vec![], own_rights: false, full: Some(FullRead::Cookie) },
            Position::Usn { after: 7, full: Some(FullRead::Usn { from: 3 }) },
            Position::Usn { after: 7, full: None },
        ] {
            let cursor = cursor(position);
            assert_eq!(Cursor::from_text(&cursor.to_text()).as_ref(), Ok(&cursor), "{}", cursor.to_text());
        }
    }

    #[test]
    fn what_is_damaged_or_newer_is_refused() {
        let text = cursor(Position::Usn { after: 7, full: None }).to_text();
        for end in 0..text.len() {
            assert!(Cursor::from_text(&text[..end]).is_err());
        }
        let newer = text.replace("\"version\":1", "\"version\":2");
        assert!(Cursor::from_text(&newer).unwrap_err().to_string().contains("version is 2"));
    }
}
