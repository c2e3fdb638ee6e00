//! Things that happened, as far as a source tells them: who did what to which object.

use crate::directory::Change;
use crate::time::Timestamp;
use crate::{ObjectGuid, Sid};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When; `None` where the source does not tell (change records of an LDIF file).
    pub at: Option<Timestamp>,
    /// Who did it.
    pub by: Option<Actor>,
    /// The domain controller that wrote it down.
    pub on: Option<String>,
    /// To which object.
    pub object: Subject,
    /// What.
    pub kind: EventKind,
    /// Where it lies in the source, for people: `line 812`, `record 4711`.
    pub place: String,
}

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Actor {
    /// `DOMAIN\name`, or what the source has of it.
    pub name: String,
    /// The account's SID.
    pub sid: Option<Sid>,
}

/// The object that something happened to, as far as the source tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subject {
    /// `objectGUID`.
    pub guid: Option<ObjectGuid>,
    /// `objectSid`.
    pub sid: Option<Sid>,
    /// Its DN then.
    pub dn: Option<String>,
    /// `sAMAccountName`.
    pub account: Option<String>,
    /// Its most special class.
    pub class: Option<String>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// It was created.
    Created,
    /// It was deleted.
    Deleted,
    /// It was restored.
    Undeleted,
    /// It was renamed or moved.
    Moved {
        /// Its DN before.
        from: Option<String>,
        /// Its DN afterwards.
        to: Option<String>,
    },
    /// Its account was renamed.
    AccountRenamed {
        /// `sAMAccountName` before.
        from: Option<String>,
        /// And afterwards.
        to: Option<String>,
    },
    /// Its account was enabled.
    Enabled,
    /// Its account was disabled.
    Disabled,
    /// Values of attributes changed. Values that are secret are left out.
    Changed(Vec<Change>),
    /// It became a member of a group.
    MemberAdded {
        /// The group.
        group: Subject,
    },
    /// It is no member of a group any more.
    MemberRemoved {
        /// The group.
        group: Subject,
    },
}
