//! The plan: the value that travels from "find deleted" to the report.
//!
//! A plan is made by [`crate::planner::plan`] from facts and wishes, without any I/O. It is shown, saved, compared and
//! carried out (`adrecover-engine`), and never changed on the way. A step is sized by what one would undo alone.

use serde::{Deserialize, Serialize};

use crate::fill::Conflict;
use crate::kind::ObjectKind;
use crate::recovery::{Awaited, CloudChange, Hand, Stage};
use crate::request::{AttributeWish, RestoreRequest};
use crate::rollback::RollbackRequest;
use crate::time::Timestamp;
use crate::value::Value;
use crate::{Dn, ObjectGuid, Sid};
use uuid::Uuid;

/// The schema name of the plan document. A reader refuses any other.
pub const SCHEMA: &str = "adrecover/plan/v1";

/// What will be done, in order, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The version of the program that made it.
    pub made_by: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// What it does.
    pub purpose: Purpose,
    /// The domain's DN.
    pub domain: Dn,
    /// The domain's SID, by which a plan for another domain of the same name is told apart.
    pub domain_sid: Option<Sid>,
    /// The DC that it is pinned to: its DNS host name.
    pub server: String,
    /// The wishes from which it was made.
    pub request: RestoreRequest,
    /// The objects, in the order in which they are handled: parents before what is below them.
    pub objects: Vec<ObjectPlan>,
}

/// What a plan is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Purpose {
    /// To restore deleted objects.
    Restore,
    /// To create objects anew that are gone for good. Their GUIDs in the plan are those that they had.
    Recreate,
    /// To bring a cloud user back, without the directory.
    Cloud {
        /// The tenant, as it was named when signing in.
        tenant: String,
    },
    /// To give live objects back what a change journal says they were.
    Rollback {
        /// What is rolled back.
        request: Box<RollbackRequest>,
    },
    /// To take back an earlier operation.
    Undo {
        /// The operation that is taken back.
        operation: String,
    },
}

/// What will be done with one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectPlan {
    /// `objectGUID`.
    pub guid: ObjectGuid,
    /// Its name.
    pub name: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ObjectKind,
    /// `sAMAccountName`, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sam_account_name: Option<String>,
    /// `userPrincipalName`, where it has one when the plan is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_principal_name: Option<String>,
    /// The DN when the plan was made.
    pub from: String,
    /// `uSNChanged` when the plan was made; another value later means that the object has been changed.
    pub usn_changed: Option<i64>,
    /// The DN that it will have.
    pub dn: Dn,
    /// When it was deleted; `None` for an object that is live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
    /// What will be done, in order.
    pub steps: Vec<Step>,
    /// What stands in the way. Where this is not empty no step is carried out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked_by: Vec<Block>,
    /// What this restore does not bring back, and what to do about it, for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub losses: Vec<String>,
    /// What to know before saying yes, for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Where the sources contradict each other: the first one counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
    /// Attributes that the deletion stripped and that no step sets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub still_missing: Vec<String>,
    /// Why the object is left alone, where the plan leaves it alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
}

/// One step: the smallest thing that one would undo alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// What is done.
    pub action: Action,
    /// Why, for people.
    pub why: String,
    /// Whether the directory shows it done already, so that nothing is written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub already: bool,
    /// How it is taken back.
    pub undo: Undo,
}

/// What a step does. The set is closed: readers and the executor match it exhaustively.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Action {
    /// Undeletes the object: one Modify that removes `isDeleted` and replaces `distinguishedName` ([MS-ADTS]
    /// 3.1.1.5.3.7).
    Reanimate {
        /// The DN to restore it to. The parent's part is read again from the directory when a parent is restored by the
        /// same plan.
        to: Dn,
        /// The GUID of the container, by which it is found under whatever name it has by then.
        parent: ObjectGuid,
        /// A new `sAMAccountName` inside the same Modify, because the old one is taken.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sam_account_name: Option<String>,
        /// A new `userPrincipalName` inside the same Modify: an object of the Recycle Bin brings its old one along, and
        /// a conflict can be solved only here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user_principal_name: Option<String>,
        /// Attributes without which the schema does not let an object of its class come back, inside the same Modify:
        /// the password interval of a managed service account (65 without it, seen on a real DC).
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mandatory: Vec<AttributeWish>,
        /// Which password travels inside the same Modify.
        password: Carried,
    },
    /// Creates the object anew, disabled where it is an account: one Add. It gets an `objectGUID` and an `objectSid` of its own.
    Create {
        /// Its DN.
        to: Dn,
        /// The GUID of the container, by which it is found under whatever name it has by then.
        parent: ObjectGuid,
        /// Its most special structural class.
        class: String,
        /// Its `sAMAccountName`, where the class has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sam_account_name: Option<String>,
        /// What else goes into the same Add, because the schema wants it, or because it can be set there only.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mandatory: Vec<AttributeWish>,
    },
    /// Sets `userPrincipalName`.
    SetUpn {
        /// The value.
        value: String,
        /// The source that it is filled from; `None` where it was asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<String>,
        /// Of when the source is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Timestamp>,
    },
    /// Replaces the values of an attribute.
    SetAttribute {
        /// The attribute.
        attribute: String,
        /// The values; none clear it.
        values: Vec<Value>,
        /// Where they come from.
        source: String,
        /// Of when the source is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Timestamp>,
        /// Whether they are written only where the attribute has no value: what a source has never overwrites.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        only_if_absent: bool,
    },
    /// Sets the password.
    SetPassword {
        /// Whether the user must change it at the next logon.
        must_change: bool,
        /// Whether it is generated (else given with the command).
        generated: bool,
    },
    /// Clears the disabled bit of `userAccountControl`.
    Enable,
    /// Sets the disabled bit of `userAccountControl`.
    Disable,
    /// Adds the object to a group.
    AddToGroup {
        /// The group's DN.
        group: Dn,
        /// The group's GUID.
        guid: ObjectGuid,
        /// Where the membership comes from.
        source: String,
        /// The DNS name of the group's domain where that is another one of the forest: it is written on a domain controller of
        /// that domain.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        domain: Option<String>,
        /// Of when the source is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Timestamp>,
    },
    /// Removes the object from a group.
    RemoveFromGroup {
        /// The group's DN.
        group: Dn,
        /// The group's GUID.
        guid: ObjectGuid,
        /// The DNS name of the group's domain where that is another one of the forest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        domain: Option<String>,
    },
    /// Adds values to a link attribute of an object: of this one, or of another one that points to this one.
    AddLinks {
        /// The forward link attribute (`member`, `manager`, …).
        attribute: String,
        /// The object that has the attribute.
        holder: LinkEnd,
        /// What it shall point to.
        targets: Vec<LinkEnd>,
        /// Whether it is written only where the attribute has no value, because it takes one only.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        only_if_absent: bool,
        /// Where the links come from.
        source: String,
        /// Of when the source is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Timestamp>,
    },
    /// Takes values of a link attribute away.
    RemoveLinks {
        /// The forward link attribute.
        attribute: String,
        /// The object that has the attribute.
        holder: LinkEnd,
        /// What it shall not point to any more.
        targets: Vec<LinkEnd>,
    },
    /// Moves or renames the object.
    Move {
        /// The new DN.
        to: Dn,
    },
    /// Deletes the object.
    Delete,
    /// Something that was asked for and that the program does not do itself.
    Manual {
        /// What to do.
        text: String,
    },
    /// The synchronisation is held: a user who is half restored must not reach the cloud.
    HoldSync {
        /// How.
        text: String,
        /// Who does it.
        #[serde(default, skip_serializing_if = "Hand::is_person")]
        hand: Hand,
    },
    /// What is to be put right before the synchronisation goes on.
    BeforeSync {
        /// What to do.
        text: String,
    },
    /// The user is checked as it is now, before the synchronisation goes on.
    Preflight,
    /// The synchronisation goes on.
    ReleaseSync {
        /// How, and when.
        text: String,
        /// Who does it.
        #[serde(default, skip_serializing_if = "Hand::is_person")]
        hand: Hand,
    },
    /// One cycle of the synchronisation is run.
    RunSync {
        /// How.
        text: String,
        /// Who does it.
        #[serde(default, skip_serializing_if = "Hand::is_person")]
        hand: Hand,
    },
    /// Something has to come about before the next step.
    Wait {
        /// What.
        awaited: Awaited,
        /// What to do, or where to look, where it does not.
        text: String,
    },
    /// Takes a cloud user out of the bin of Entra ID.
    CloudRestore {
        /// Its object id.
        user: Uuid,
        /// The UPN that it gets instead of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user_principal_name: Option<String>,
        /// Whether it loses the addresses that somebody else holds now.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        without_taken_addresses: bool,
    },
    /// Changes a live cloud user.
    CloudUpdate {
        /// Its object id.
        user: Uuid,
        /// What is changed.
        change: CloudChange,
    },
}

/// One end of a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LinkEnd {
    /// `objectGUID`, by which it is written.
    pub guid: ObjectGuid,
    /// Its DN when the plan was made, or the one that the plan gives it; for people.
    pub dn: Dn,
}

/// Which password travels inside the undelete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Carried {
    /// None: the object has no password to lose, keeps its own, or comes back disabled.
    None,
    /// A random one that nobody learns, so that the account is not enabled without one for a moment.
    Random,
    /// The one that the next step of this plan would set (given or generated).
    Wanted,
}

/// How a step is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Undo {
    /// There is nothing to take back.
    Nothing,
    /// The attribute gets these values again; none clear it.
    Values {
        /// The attribute.
        attribute: String,
        /// Its values before.
        values: Vec<Value>,
    },
    /// The account is disabled.
    Disable,
    /// The account is enabled.
    Enable,
    /// The object is taken out of the group.
    RemoveFromGroup,
    /// The object is put into the group again.
    AddToGroup,
    /// The links are taken away again.
    RemoveLinks,
    /// The links are added again.
    AddLinks,
    /// It gets its old DN again.
    Move {
        /// The DN before.
        to: Dn,
    },
    /// It cannot be taken back, for this reason.
    Impossible {
        /// The reason, for people.
        reason: String,
    },
}

/// Something in the way, found before the first write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Block {
    /// A stable name, such as `name.samAccountName`.
    pub id: String,
    /// What is in the way, for people.
    pub message: String,
    /// The object in the way.
    pub object: Option<String>,
    /// What to add to the command, or to do, to get past it.
    pub way_out: Option<String>,
    /// Whether nothing can get past it: the object cannot be restored at all (exit code 8 instead of 6).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub for_good: bool,
}

impl Action {
    /// The step's name in JSON and journals.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Reanimate { .. } => "reanimate",
            Self::Create { .. } => "create",
            Self::SetUpn { .. } => "setUpn",
            Self::SetAttribute { .. } => "setAttribute",
            Self::SetPassword { .. } => "setPassword",
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::AddToGroup { .. } => "addToGroup",
            Self::RemoveFromGroup { .. } => "removeFromGroup",
            Self::AddLinks { .. } => "addLinks",
            Self::RemoveLinks { .. } => "removeLinks",
            Self::Move { .. } => "move",
            Self::Delete => "delete",
            Self::Manual { .. } => "manual",
            Self::HoldSync { .. } => "holdSync",
            Self::BeforeSync { .. } => "beforeSync",
            Self::Preflight => "preflight",
            Self::ReleaseSync { .. } => "releaseSync",
            Self::RunSync { .. } => "runSync",
            Self::Wait { .. } => "wait",
            Self::CloudRestore { .. } => "cloudRestore",
            Self::CloudUpdate { .. } => "cloudUpdate",
        }
    }

    /// Whether it makes the object live: brings it back, or creates it.
    pub fn brings_back(&self) -> bool {
        matches!(self, Self::Reanimate { .. } | Self::Create { .. })
    }

    /// When it has its turn.
    pub fn stage(&self) -> Stage {
        match self {
            Self::HoldSync { hand: Hand::Attribute { .. }, .. } => Stage::Directory,
            Self::HoldSync { .. } => Stage::Hold,
            Self::BeforeSync { .. } | Self::Preflight => Stage::Gate,
            Self::ReleaseSync { .. } => Stage::Release,
            Self::RunSync { .. } => Stage::Sync,
            Self::Wait { awaited: Awaited::CloudUser { .. }, .. } => Stage::Arrival,
            Self::Wait { .. } | Self::CloudRestore { .. } | Self::CloudUpdate { .. } => Stage::Cloud,
            _ => Stage::Directory,
        }
    }

    /// Whether carrying it out changes something: in the directory, in the synchronisation or in the cloud.
    pub fn writes(&self) -> bool {
        !self.is_by_hand() && !matches!(self, Self::Preflight | Self::Wait { .. })
    }

    /// The DNS name of the domain where it is written, where that is another one of the forest than the plan's.
    pub fn other_domain(&self) -> Option<&str> {
        match self {
            Self::AddToGroup { domain, .. } | Self::RemoveFromGroup { domain, .. } => domain.as_deref(),
            _ => None,
        }
    }

    /// Whether it is left to a person.
    pub fn is_by_hand(&self) -> bool {
        match self {
            Self::Manual { .. } | Self::BeforeSync { .. } => true,
            Self::HoldSync { hand, .. } | Self::ReleaseSync { hand, .. } | Self::RunSync { hand, .. } => {
                hand.is_person()
            }
            _ => false,
        }
    }

    /// Whether it was asked for and is left to a person: as long as that is open the restore is not whole.
    pub fn is_asked_for_by_hand(&self) -> bool {
        matches!(self, Self::Manual { .. })
    }

    /// Whether it lies beyond the directory, and goes by the time of the synchronisation and of people.
    pub fn is_beyond(&self) -> bool {
        self.stage() != Stage::Directory
    }
}

impl Step {
    /// Whether `undo` can take it back.
    pub fn is_undoable(&self) -> bool {
        let deletes = matches!(self.action, Action::Delete) || self.action.is_by_hand();
        !deletes
            && (self.action.brings_back() || !matches!(self.undo, Undo::Impossible { .. } | Undo::Nothing))
    }
}

impl ObjectPlan {
    /// Whether carrying it out would change anything.
    pub fn writes(&self) -> bool {
        self.blocked_by.is_empty()
            && self.skipped.is_none()
            && self.steps.iter().any(|s| s.action.writes() && !s.already)
    }

    /// Whether something of it lies beyond the directory and is not left to people alone.
    pub fn goes_beyond(&self) -> bool {
        let counts = |s: &Step| s.action.is_beyond() && !s.action.is_by_hand();
        self.blocked_by.is_empty() && self.skipped.is_none() && self.steps.iter().any(counts)
    }

    /// Whether a step needs a password that is given or generated.
    pub fn needs_password(&self) -> bool {
        self.writes()
            && self.steps.iter().any(|s| !s.already && matches!(s.action, Action::SetPassword { .. }))
    }
}

impl Plan {
    /// Whether anything stands in the way of any object.
    pub fn is_blocked(&self) -> bool {
        self.objects.iter().any(|o| !o.blocked_by.is_empty())
    }

    /// Whether carrying it out would write anything.
    pub fn writes(&self) -> bool {
        self.objects.iter().any(ObjectPlan::writes)
    }
}
