//! What changed in a directory, as it is read from a live one and kept by the change journal.
//!
//! A naming context is first read as a whole ([`Phase::Full`]) and then followed ([`Phase::Following`]). What was read comes in
//! [`Batch`]es; a [`Cursor`] says where to go on. Whoever keeps the changes keeps by these rules:
//!
//! - A batch and its cursor are kept together or not at all.
//! - Anything may come again: after a restart the reading goes on at the last cursor that was kept, and what a directory sends is
//!   what *is*, not what happened. A value that is held already is therefore no change.
//! - A full read is compared and not appended. It begins with [`Batch::is_first`]; when [`Batch::is_last`] has come, whatever of
//!   this naming context it did not name is not there any more: objects, and link values of its objects.
//!
//! Secrets ([`secrets`](crate::secrets)) are in none of these types: they are never asked for.

mod cursor;
mod error;

use std::borrow::Cow;
use std::fmt;

use crate::time::Timestamp;
use crate::{Dn, ObjectGuid, Sid, metadata};

pub use cursor::{Cursor, FullRead, NotACursor, Position};
pub use error::ChangesError;

/// A part of what was read of one naming context.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The naming context that all of it belongs to.
    pub naming_context: Dn,
    /// Whether this is part of a full read or of what has changed since.
    pub phase: Phase,
    /// Whether a full read begins here; one that goes on after a restart does not begin again.
    pub is_first: bool,
    /// What changed. One object may come several times, later ones being later.
    pub objects: Vec<ObjectChange>,
    /// Where to go on once this batch is kept. Without one more of the same follows, and after a restart all since the last cursor
    /// comes again.
    pub cursor: Option<Cursor>,
    /// Whether the directory had no more to say just then. The last batch of a full read has a cursor from which changes are followed.
    pub is_last: bool,
}

/// What a batch is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The whole naming context.
    Full,
    /// What has changed since the cursor.
    Following,
}

/// What is known of one object now.
#[derive(Clone, PartialEq, Eq)]
pub struct ObjectChange {
    /// `objectGUID`: who it is, for ever.
    pub guid: ObjectGuid,
    /// Its name now, as the directory gave it; empty where it does not tell (a deleted object that the account may not see).
    pub dn: String,
    /// The object that it is below, where the directory told it: always with a new name or place.
    pub parent: Option<ObjectGuid>,
    /// `objectSid`, where the directory told it.
    pub sid: Option<Sid>,
    /// `uSNChanged` on the domain controller that was asked.
    pub usn: Option<u64>,
    /// `whenChanged` there.
    pub when_changed: Option<Timestamp>,
    /// Whether it is deleted.
    pub is_deleted: bool,
    /// Whether [`Self::attributes`] are all that it has; what is not among them is not set then.
    pub is_whole: bool,
    /// Its attributes but links, the secret ones, those that each domain controller has for itself, those that are calculated, and
    /// the one that its name is made of.
    pub attributes: Vec<AttributeChange>,
    /// Of which link attributes [`Self::links`] has all values; a value that is not among them is not there then.
    pub whole_links: WholeLinks,
    /// Values of its forward link attributes (`member`, `manager`, …).
    pub links: Vec<LinkChange>,
}

/// Of which link attributes all values are given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum WholeLinks {
    /// Of none: each value stands for itself.
    #[default]
    None,
    /// Of these.
    Of(Vec<String>),
    /// Of all, those without a value included.
    All,
}

/// The values of one attribute now.
#[derive(Clone, PartialEq, Eq)]
pub struct AttributeChange {
    /// `lDAPDisplayName`, as the directory writes it.
    pub name: Cow<'static, str>,
    /// The values; none where the attribute is not set any more.
    pub values: Vec<Vec<u8>>,
    /// When and where it was last written, where that is known for certain.
    pub stamp: Option<Stamp>,
}

/// One value of a link attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkChange {
    /// The attribute's `lDAPDisplayName`.
    pub attribute: Cow<'static, str>,
    /// The object that it points to.
    pub target: LinkTarget,
    /// Whether the value is there; one that is not was removed.
    pub is_present: bool,
    /// When and where it was added or removed, where that is known.
    pub stamp: Option<Stamp>,
}

/// What a link points to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LinkTarget {
    /// Its `objectGUID`; `None` where the server gives names only.
    pub guid: Option<ObjectGuid>,
    /// Its `objectSid`, where it has one.
    pub sid: Option<Sid>,
    /// Its name as the directory gave it. It may be out of date where the link was removed.
    pub dn: String,
    /// The octets that belong to the value (the syntax DN-Binary); empty for a plain link.
    pub data: Vec<u8>,
}

/// When something was last written, and on which domain controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// How often it was written.
    pub version: u32,
    /// When; `None` where the time is out of range.
    pub at: Option<Timestamp>,
    /// The invocation id of the domain controller on which it was written.
    pub invocation: ObjectGuid,
    /// That one's update sequence number of the write: with the invocation id the name of this write in the whole forest.
    pub usn: u64,
}

impl From<metadata::Stamp> for Stamp {
    fn from(stamp: metadata::Stamp) -> Self {
        Self {
            version: stamp.version,
            at: stamp.time,
            invocation: stamp.originating,
            usn: stamp.originating_usn,
        }
    }
}

impl ObjectChange {
    /// Nothing known but who it is.
    pub fn new(guid: ObjectGuid, dn: impl Into<String>) -> Self {
        Self {
            guid,
            dn: dn.into(),
            parent: None,
            sid: None,
            usn: None,
            when_changed: None,
            is_deleted: false,
            is_whole: false,
            attributes: vec![],
            whole_links: WholeLinks::None,
            links: vec![],
        }
    }

    /// An attribute, by its name in any case.
    pub fn attribute(&self, name: &str) -> Option<&AttributeChange> {
        self.attributes.iter().find(|a| a.name.eq_ignore_ascii_case(name))
    }
}

impl WholeLinks {
    /// Whether all values of this attribute are given.
    pub fn includes(&self, attribute: &str) -> bool {
        match self {
            Self::None => false,
            Self::Of(names) => names.iter().any(|name| name.eq_ignore_ascii_case(attribute)),
            Self::All => true,
        }
    }
}

/// Values are the directory's, and a log is no place for them: only their number is shown.
impl fmt::Debug for AttributeChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} values)", self.name, self.values.len())
    }
}

impl fmt::Debug for ObjectChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { guid, dn, is_deleted, is_whole, attributes, links, .. } = self;
        let (deleted, whole) =
            (if *is_deleted { " deleted" } else { "" }, if *is_whole { " whole" } else { "" });
        write!(f, "{guid} {dn:?}{deleted}{whole} {attributes:?} {} links", links.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_not_shown() {
        let mut object = ObjectChange::new(ObjectGuid::from_wire(&[1; 16]).unwrap(), "CN=a");
        object.attributes.push(AttributeChange {
            name: "description".into(),
            values: vec![b"private".to_vec()],
            stamp: None,
        });
        let shown = format!("{object:?}");
        assert!(shown.contains("description (1 values)") && !shown.contains("private"), "{shown}");
        assert!(object.attribute("DESCRIPTION").is_some() && object.attribute("mail").is_none());
    }

    #[test]
    fn whole_links_by_name() {
        assert!(WholeLinks::Of(vec!["member".into()]).includes("Member"));
        assert!(!WholeLinks::None.includes("member") && WholeLinks::All.includes("manager"));
    }
}
