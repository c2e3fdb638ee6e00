//! What the directory says about the objects to restore, gathered before anything is planned.
//!
//! "Not asked", "not there" and "empty" are three things: an `Option` here is `None` where nobody asked or nobody
//! could answer, and the planner blocks on it where it matters.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::deleted::NeverRestored;
use crate::kind::ObjectKind;
use crate::lifetime::{DeletionPolicy, State};
use crate::request::{RestoreRequest, UpnWish};
use crate::time::Timestamp;
use crate::{Dn, ObjectGuid, Rdn, Sid, UserAccountControl};

/// What is true of the whole directory.
#[derive(Debug, Clone)]
pub struct DomainFacts {
    /// The domain's DN.
    pub domain: Dn,
    /// The domain's SID.
    pub domain_sid: Option<Sid>,
    /// The DC that everything is asked of and written to: its DNS host name.
    pub server: String,
    /// Every naming context of the DC.
    pub naming_contexts: Vec<Dn>,
    /// The forest's deletion policy.
    pub policy: DeletionPolicy,
    /// Whether this server can undelete objects of the Recycle Bin.
    pub undeletes_from_bin: bool,
    /// The domains of the forest, this one among them.
    pub domains: Vec<ForestDomain>,
    /// The UPN suffixes that the forest knows: its domains' names and those listed in its configuration.
    pub upn_suffixes: Vec<String>,
    /// The time against which lifetimes are measured.
    pub now: Timestamp,
    /// Whether the global catalogue answered, so that names are known to be free in the whole forest.
    pub forest: ForestCheck,
    /// What the schema says of the attributes that sources would fill, by their names in lower case; `None` for one that it
    /// does not have.
    pub attributes: HashMap<String, Option<AttributeFacts>>,
    /// The ends of the links that the request wants, as far as they are not deleted objects of the plan.
    pub ends: HashMap<ObjectGuid, EndFacts>,
}

/// What is known of an end of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndFacts {
    /// It is live.
    Live {
        /// Its DN.
        dn: Dn,
        /// What its link attributes point to now, as far as the request wants something of them, by their names in lower
        /// case.
        present: HashMap<String, Vec<Dn>>,
    },
    /// It is deleted.
    Deleted,
}

/// What the schema says of an attribute.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AttributeFacts {
    /// Whether its values are shown to those only who hold a further right.
    pub is_confidential: bool,
    /// Whether it is written by the system only, constructed, or the back side of a link.
    pub is_system: bool,
    /// Whether its values are names of other objects, which the directory keeps.
    pub is_link: bool,
    /// Whether it takes one value only.
    pub is_single: bool,
    /// The length of the longest value, in characters or octets, where that is limited.
    pub longest: Option<usize>,
}

/// Whether the whole forest could be asked for names that are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForestCheck {
    /// The global catalogue was asked.
    Asked,
    /// It could not be asked, for this reason.
    Unavailable(String),
}

/// Where one object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Deleted, in this state.
    Deleted(State),
    /// Live: restored before, or never deleted.
    Live,
    /// Not in the directory any more: a source has it, and it is created anew.
    Absent,
}

impl Presence {
    /// Whether it is not live yet, and would be afterwards.
    #[must_use]
    pub fn comes_back(self) -> bool {
        self != Self::Live
    }
}

/// What is known about one object to restore.
#[derive(Debug, Clone)]
pub struct ObjectFacts {
    /// `objectGUID`.
    pub guid: ObjectGuid,
    /// The DN as it is now.
    pub dn: String,
    /// `uSNChanged` as it is now.
    pub usn_changed: Option<i64>,
    /// Deleted or live.
    pub presence: Presence,
    /// What it is.
    pub kind: ObjectKind,
    /// Its most special class, as the directory names it.
    pub class: String,
    /// The RDN before the deletion, or the RDN of a live object.
    pub rdn: Rdn,
    /// Whether the old name may have been cut when it was mangled.
    pub name_may_be_cut: bool,
    /// `sAMAccountName`.
    pub sam_account_name: Option<String>,
    /// `objectSid`.
    pub sid: Option<Sid>,
    /// `userPrincipalName`, where the object has it now.
    pub user_principal_name: Option<String>,
    /// `groupType`, of a group that is created anew.
    pub group_type: Option<i64>,
    /// `userAccountControl` as it is now.
    pub uac: Option<UserAccountControl>,
    /// Whether a password that somebody knows is taken to be set: the journal says so, or a live account is enabled. A
    /// random one that came with the undelete does not count.
    pub has_password: bool,
    /// Whether it is live again with the password from before its deletion, which the Recycle Bin kept.
    pub keeps_old_password: bool,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// Until when it can be restored.
    pub expires_at: Option<Timestamp>,
    /// Why it is refused whatever is asked for.
    pub never: Option<NeverRestored>,
    /// What shows that it is or was privileged; empty when nothing does.
    pub privileged: Vec<String>,
    /// The container it was deleted from, as the directory names it today; for a live object its parent.
    pub last_known_parent: Option<Dn>,
    /// The container it would be restored into.
    pub parent: ParentFacts,
    /// Others that hold the account name that it would have.
    pub sam_holders: Vec<Holder>,
    /// Others that hold the logon name that it would have, or have it as an address.
    pub upn_holders: Vec<Holder>,
    /// Others that have an address that the request sets, with that address.
    pub address_holders: Vec<(String, Holder)>,
    /// The object of the name that it would have, in that container.
    pub name_holder: Option<Holder>,
    /// Attributes that the deletion stripped, by name where the schema knows it.
    pub stripped: Vec<String>,
    /// The attributes that the directory shows it had once and that have no value now; `None` where that could not be
    /// read.
    pub had: Option<Vec<String>>,
    /// The present values of the attributes that the request sets, or that a source would fill.
    pub present: Vec<(String, Vec<crate::value::Value>)>,
    /// The names of objects among what a source would fill, as the source writes them, with those of today; `None` for one
    /// that is not there.
    pub linked: Vec<(String, Option<Dn>)>,
    /// The groups that it is to be added to.
    pub groups: Vec<GroupFacts>,
    /// Deleted objects that hung below it, by kind.
    pub children: Vec<Child>,
    /// Why the choice leaves it alone, where it does.
    pub skipped: Option<String>,
}

impl ObjectFacts {
    /// The names that it would have after the restore.
    pub fn identity(&self, request: &RestoreRequest) -> Identity {
        let filled = match crate::fill::logon_name(self, request).map(|fill| fill.values.as_slice()) {
            Some([crate::value::Value::Text(name)]) => Some(name.as_str()),
            _ => None,
        };
        Identity::intended(
            request,
            &self.rdn,
            self.sam_account_name.as_deref(),
            self.user_principal_name.as_deref().or(filled),
            self.kind,
        )
    }
}

/// A deleted object that was below another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// `objectGUID`.
    pub guid: ObjectGuid,
    /// Its name before the deletion.
    pub name: String,
    /// Its most special class.
    pub class: String,
}

/// An object in the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    /// `objectGUID`.
    pub guid: ObjectGuid,
    /// Its DN.
    pub dn: String,
    /// The attribute in which it holds the value.
    pub attribute: String,
}

/// What is known about the container that an object would be restored into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParentFacts {
    /// It is live.
    Live {
        /// Its DN.
        dn: Dn,
        /// Its GUID.
        guid: ObjectGuid,
        /// Its classes, most general first.
        classes: Vec<String>,
        /// Whether the schema lets it hold an object of that class; `None` where the schema did not say.
        may_hold: Option<bool>,
    },
    /// It is deleted.
    Deleted {
        /// Its GUID.
        guid: ObjectGuid,
        /// Its present, mangled DN.
        dn: String,
        /// Its name before the deletion.
        name: String,
        /// Whether it is to be restored by the same plan, before this object.
        in_plan: bool,
    },
    /// It is not in the directory.
    Missing {
        /// The DN that was looked for; `None` where the object does not say where it was.
        dn: Option<String>,
    },
}

/// What is known about a group that an object is to be added to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupFacts {
    /// The DN that the source gave.
    pub wanted: Dn,
    /// The source.
    pub source: String,
    /// Of when the source is.
    pub at: Option<Timestamp>,
    /// What was found.
    pub found: GroupFound,
}

/// What a group's DN leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupFound {
    /// A group of this domain.
    Group {
        /// Its DN as the directory writes it.
        dn: Dn,
        /// Its GUID.
        guid: ObjectGuid,
        /// Whether it is protected, or nested in a protected group.
        protected: bool,
        /// Whether the object is a member already.
        is_member: bool,
        /// Whether it is the object's primary group, which needs no link.
        is_primary: bool,
    },
    /// A group that is deleted.
    Deleted,
    /// Something else, or nothing.
    NotAGroup,
    /// It lies in another domain.
    OtherDomain(OtherDomain),
}

/// What is known about a group of another domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OtherDomain {
    /// A domain controller of its domain shows it, and is written to.
    Group {
        /// Its DN as the directory writes it.
        dn: Dn,
        /// Its GUID.
        guid: ObjectGuid,
        /// The DNS name of its domain.
        domain: String,
        /// Whether it is protected, or nested in a protected group of its domain.
        protected: bool,
        /// Whether the object is a member already.
        is_member: bool,
    },
    /// A global group, which takes members of its own domain only ([MS-ADTS] 2.2.12; Learn, "Active Directory security groups").
    Global {
        /// The DNS name of its domain.
        domain: String,
    },
    /// The forest has its domain, and there is no such group in it, or this account may not see it.
    Missing {
        /// The DNS name of its domain.
        domain: String,
    },
    /// Its domain could not be asked.
    Unreachable {
        /// The DNS name of its domain.
        domain: String,
        /// Why, and what to do about it, for people.
        reason: String,
    },
    /// Its name belongs to no domain of this forest.
    OtherForest,
}

/// A domain of the forest, as its cross-reference tells ([MS-ADTS] 6.1.1.2.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForestDomain {
    /// `nCName`: its DN.
    pub dn: Dn,
    /// `dnsRoot`: its DNS name.
    pub dns: String,
}

/// The names that an object would have after the restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its RDN.
    pub rdn: Rdn,
    /// The container; `None` where it is the last known parent.
    pub to: Option<Dn>,
    /// `sAMAccountName`.
    pub sam_account_name: Option<String>,
    /// `userPrincipalName`, where one is asked for or kept.
    pub user_principal_name: Option<String>,
}

impl Identity {
    /// The names that follow from an object as it is and the request.
    pub fn intended(
        request: &RestoreRequest,
        rdn: &Rdn,
        sam_account_name: Option<&str>,
        user_principal_name: Option<&str>,
        kind: ObjectKind,
    ) -> Self {
        let new_name = request.new_name.as_deref().map(|n| strip_rdn_type(n, rdn.kind()));
        let sam = request.sam_account_name.as_deref().or(sam_account_name).map(str::to_owned);
        let upn = match &request.upn {
            _ if !matches!(kind, ObjectKind::User) => user_principal_name.map(str::to_owned),
            Some(UpnWish::Value(value)) => Some(value.clone()),
            Some(UpnWish::Suffix(suffix)) => {
                let local = user_principal_name.and_then(|u| u.rsplit_once('@')).map(|(local, _)| local);
                local.or(sam.as_deref()).map(|local| format!("{local}@{}", suffix.trim_start_matches('@')))
            }
            None => user_principal_name.map(str::to_owned),
        };
        Self {
            rdn: new_name.map_or_else(|| rdn.clone(), |name| Rdn::new(rdn.kind(), name)),
            to: request.to.clone(),
            sam_account_name: sam,
            user_principal_name: upn,
        }
    }
}

/// `CN=New Name` and `New Name` mean the same where the object's RDN type is CN.
fn strip_rdn_type<'a>(name: &'a str, kind: &str) -> &'a str {
    match name.split_once('=') {
        Some((prefix, rest)) if prefix.trim().eq_ignore_ascii_case(kind) => rest.trim_start(),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intended(request: &RestoreRequest, upn: Option<&str>) -> Identity {
        Identity::intended(request, &Rdn::new("CN", "UserA"), Some("UserA"), upn, ObjectKind::User)
    }

    #[test]
    fn a_suffix_keeps_the_local_part() {
        let request =
            RestoreRequest { upn: Some(UpnWish::Suffix("@contoso.com".into())), ..Default::default() };
        assert_eq!(intended(&request, None).user_principal_name.as_deref(), Some("UserA@contoso.com"));
        let kept = intended(&request, Some("anna@old.com"));
        assert_eq!(kept.user_principal_name.as_deref(), Some("anna@contoso.com"));
    }

    #[test]
    fn a_new_name_keeps_the_type() {
        for name in ["New", "CN=New", "cn = New"] {
            let request = RestoreRequest { new_name: Some(name.into()), ..Default::default() };
            assert_eq!(intended(&request, None).rdn.to_string(), "CN=New");
        }
        let other = RestoreRequest { new_name: Some("a=b".into()), ..Default::default() };
        assert_eq!(intended(&other, None).rdn.value(), "a=b");
    }
}
