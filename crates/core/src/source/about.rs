//! What a source is, whose, and of what moment.

use serde::{Deserialize, Serialize};

use super::Standing;
use crate::lifetime::{DeletionPolicy, State};
use crate::time::Timestamp;
use crate::{Dn, ObjectGuid};

/// The kinds of sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SourceKind {
    /// An LDIF file (RFC 2849).
    Ldif,
    /// A snapshot of Sysinternals AD Explorer.
    AdExplorer,
    /// The database of a domain controller of Windows.
    Ntds,
    /// An archive of `samba-tool domain backup offline`.
    Samba,
    /// An event log of Windows.
    Evtx,
    /// A second directory server, such as a snapshot that `dsamain` has mounted.
    Ldap,
}

impl SourceKind {
    /// Every kind, in the order of the help texts.
    pub const ALL: [Self; 6] =
        [Self::Ldif, Self::AdExplorer, Self::Ntds, Self::Samba, Self::Evtx, Self::Ldap];

    /// The kind's name in arguments (`ntds:FILE`) and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ldif => "ldif",
            Self::AdExplorer => "adexplorer",
            Self::Ntds => "ntds",
            Self::Samba => "samba",
            Self::Evtx => "evtx",
            Self::Ldap => "ldap",
        }
    }

    /// What it is called in a sentence, with its article.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Ldif => "an LDIF file",
            Self::AdExplorer => "an AD Explorer snapshot",
            Self::Ntds => "an ntds.dit database",
            Self::Samba => "an offline backup of Samba",
            Self::Evtx => "a Windows event log",
            Self::Ldap => "an LDAP server",
        }
    }

    /// Whether what it has of a deleted object is what the object was before: a log tells what happened. Others have what the deletion left.
    #[must_use]
    pub fn keeps_what_was_deleted(self) -> bool {
        self == Self::Evtx
    }
}

impl std::fmt::Display for SourceKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// What a source is. `None` stands for what it does not tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Its kind.
    pub kind: SourceKind,
    /// As plans and reports name it: `ldif:export.ldf`.
    pub name: String,
    /// The format as it was found, for people: `LDIF version 1, UTF-16, gzip`.
    pub format: String,
    /// The length of the file as it lies there, in octets.
    pub size: Option<u64>,
    /// The moment that it shows.
    pub moment: Option<Moment>,
    /// The domain controller that it comes from.
    pub host: Option<String>,
    /// The domain of that one.
    pub domain: Option<Dn>,
    /// The `objectGUID` of that domain's head.
    pub domain_guid: Option<ObjectGuid>,
    /// The head of the forest: its root domain.
    pub forest: Option<Dn>,
    /// The naming contexts, as far as the source says or shows which there are.
    pub contexts: Vec<Dn>,
    /// `msDS-Behavior-Version` of the domain.
    pub domain_level: Option<i64>,
    /// `msDS-Behavior-Version` of the forest.
    pub forest_level: Option<i64>,
    /// Whether the Recycle Bin was on.
    pub recycle_bin: Option<bool>,
    /// How long deleted objects were kept there.
    pub policy: Option<DeletionPolicy>,
    /// How many objects there are, where that is known without reading them all.
    pub counts: Option<Counts>,
    /// Whether the database was not shut down in an orderly way, and was read nevertheless.
    pub is_dirty: bool,
    /// Whether an attribute that an object does not have in the source was not set. Where this is false, it may not have been exported
    /// or readable.
    pub absence_is_unset: bool,
    /// What the source cannot tell, in whole sentences for people: `it holds what the account could read that made it`.
    pub limits: Vec<String>,
    /// Against what the reader of this format was tried, and against what not.
    pub verification: String,
}

impl About {
    /// Nothing known but the kind and the name.
    #[must_use]
    pub fn new(kind: SourceKind, name: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
            format: kind.title().to_owned(),
            size: None,
            moment: None,
            host: None,
            domain: None,
            domain_guid: None,
            forest: None,
            contexts: vec![],
            domain_level: None,
            forest_level: None,
            recycle_bin: None,
            policy: None,
            counts: None,
            is_dirty: false,
            absence_is_unset: false,
            limits: vec![],
            verification: String::new(),
        }
    }

    /// When what it tells was so.
    #[must_use]
    pub fn at(&self) -> Option<Timestamp> {
        self.moment.map(Moment::time)
    }
}

/// The moment that a source shows, by what it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The source itself says when it was made.
    Written(Timestamp),
    /// It says nothing: the newest time in it, so that it was made then or later.
    Newest(Timestamp),
    /// Only the file's own time is known. A copy may be younger than what it holds.
    File(Timestamp),
    /// It is a server and tells what is so now.
    Live(Timestamp),
}

impl Moment {
    /// The time, however it is known.
    #[must_use]
    pub fn time(self) -> Timestamp {
        match self {
            Self::Written(at) | Self::Newest(at) | Self::File(at) | Self::Live(at) => at,
        }
    }

    /// How it is known, in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Written(_) => "written",
            Self::Newest(_) => "newest",
            Self::File(_) => "file",
            Self::Live(_) => "live",
        }
    }
}

/// How many objects there are, by their state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Live ones.
    pub live: u64,
    /// Those in the Recycle Bin, and tombstones.
    pub deleted: u64,
    /// Recycled ones.
    pub recycled: u64,
}

impl Counts {
    /// One more.
    pub fn add(&mut self, standing: Standing) {
        match standing {
            Standing::Live => self.live += 1,
            Standing::Deleted(State::Recycled) => self.recycled += 1,
            Standing::Deleted(State::Deleted | State::Tombstone) => self.deleted += 1,
        }
    }

    /// All of them.
    #[must_use]
    pub fn total(self) -> u64 {
        self.live + self.deleted + self.recycled
    }
}
