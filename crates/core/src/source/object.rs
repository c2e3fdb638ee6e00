//! An object as a source gives it, and its links.

use crate::lifetime::State;
use crate::time::Timestamp;
use crate::{Entry, ObjectGuid, Sid};

/// Where an object stands in a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It is there.
    Live,
    /// It is deleted, in this state.
    Deleted(State),
}

impl Standing {
    /// Read from an entry. Where a source does not tell whether the Recycle Bin was on, a deleted object is a tombstone: that
    /// promises least.
    #[must_use]
    pub fn of(entry: &Entry, recycle_bin: Option<bool>) -> Self {
        match entry.is_deleted() {
            true => Self::Deleted(State::of(entry, recycle_bin.unwrap_or(false))),
            false => Self::Live,
        }
    }

    /// The state's name in tables and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Deleted(state) => state.name(),
        }
    }
}

/// An object as a source gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// The source's own number for it (an offset, a row), to be given back with it. It means nothing outside of this source.
    pub id: u64,
    /// `objectGUID`, where the source has it.
    pub guid: Option<ObjectGuid>,
    /// `objectSid`.
    pub sid: Option<Sid>,
    /// Where it stands.
    pub standing: Standing,
    /// Its DN and attributes, the values as LDAP gives them: texts in UTF-8, numbers in digits, times as GeneralizedTime, `TRUE`, GUIDs,
    /// SIDs and security descriptors as octets. Names are without options. No links, and no secrets.
    pub entry: Entry,
    /// Whether [`Self::entry`] has all attributes that the object had, but links. What is neither there nor in [`Self::gaps`] was not
    /// set then; otherwise it is not known.
    pub is_whole: bool,
    /// Attributes, links among them, that the object has and of which the source gives no value or not all.
    pub gaps: Vec<Gap>,
    /// When what is told of this object was so, where that differs from the moment of the source.
    pub at: Option<Timestamp>,
    /// Where it lies in the source, for people: `line 812`.
    pub place: String,
}

/// An attribute of which a source gives no value or not all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The attribute's name.
    pub attribute: String,
    /// Why.
    pub reason: GapReason,
}

/// Why a source gives no value of an attribute, or not all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GapReason {
    /// Its values are secret: they are never given.
    Secret,
    /// Its values are encrypted in the source, and not decrypted.
    Encrypted,
    /// The export stopped after a part of the values (`member;range=0-1499`).
    Partial,
    /// It is larger than what is read.
    TooLarge,
    /// The source holds a reference in place of the values, which is not followed (`jpegPhoto:< file:///…`).
    Reference,
    /// It cannot be read; what is wrong.
    Damaged(String),
}

impl GapReason {
    /// For people.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Secret => "secret: not read".to_owned(),
            Self::Encrypted => "encrypted: not read".to_owned(),
            Self::Partial => "not all values were exported".to_owned(),
            Self::TooLarge => "too large to be read".to_owned(),
            Self::Reference => "a reference to a file or address, which is not followed".to_owned(),
            Self::Damaged(problem) => format!("cannot be read: {problem}"),
        }
    }
}

impl Object {
    /// An object of an entry: who it is and where it stands are read from that.
    #[must_use]
    pub fn new(id: u64, entry: Entry, recycle_bin: Option<bool>, place: impl Into<String>) -> Self {
        Self {
            id,
            guid: entry.guid(),
            sid: entry.sid(),
            standing: Standing::of(&entry, recycle_bin),
            entry,
            is_whole: false,
            gaps: vec![],
            at: None,
            place: place.into(),
        }
    }

    /// Why the source gives no value of an attribute, or not all.
    #[must_use]
    pub fn gap(&self, attribute: &str) -> Option<&GapReason> {
        self.gaps.iter().find(|gap| gap.attribute.eq_ignore_ascii_case(attribute)).map(|gap| &gap.reason)
    }
}

/// A value of a link attribute, seen from one of its two ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The forward link attribute: `member` also where it is seen from the member.
    pub attribute: String,
    /// The object at the other end.
    pub other: LinkEnd,
    /// The octets that belong to the value (the syntaxes DN-Binary and DN-String); empty for a plain link.
    pub data: Vec<u8>,
    /// Whether it was there.
    pub state: LinkState,
    /// When it was added, where that is known.
    pub since: Option<Timestamp>,
}

/// The object at the other end of a link, as far as the source tells who it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LinkEnd {
    /// `objectGUID`.
    pub guid: Option<ObjectGuid>,
    /// `objectSid`.
    pub sid: Option<Sid>,
    /// Its DN in the source.
    pub dn: String,
    /// Where it stands, where the source has it.
    pub standing: Option<Standing>,
}

/// Whether a link was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkState {
    /// It was.
    Present,
    /// One of its ends was deleted and lay in the Recycle Bin: it comes back with that one.
    Deactivated,
    /// It was removed, at this time where that is known.
    Removed(Option<Timestamp>),
}
