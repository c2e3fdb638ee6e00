//! Which attributes are rolled back with the whole object, which only when they are named, and which never.

use crate::fill::{self, LOGON_NAME};
use crate::request::{SetRefusal, may_set};

/// The back link by which memberships in groups are named.
pub const MEMBER_OF: &str = "memberOf";
/// The forward link of groups.
pub(super) const MEMBER: &str = "member";
pub(super) const UAC: &str = "userAccountControl";
pub(super) const ACCOUNT_NAME: &str = "sAMAccountName";

/// Attributes that stand for the name and the place.
const NAMES: [&str; 4] = ["name", "cn", "ou", "distinguishedName"];

/// What the directory writes by itself, or keeps for each logon: nobody rolls it back, and nobody is told.
const BY_ITSELF: [&str; 19] = [
    "adminCount",
    "badPasswordTime",
    "badPwdCount",
    "dSCorePropagationData",
    "isCriticalSystemObject",
    "lastKnownParent",
    "lastLogoff",
    "lastLogon",
    "lastLogonTimestamp",
    "lockoutTime",
    "logonCount",
    "msDS-FailedInteractiveLogonCount",
    "msDS-LastFailedInteractiveLogonTime",
    "msDS-LastSuccessfulInteractiveLogonTime",
    "pwdLastSet",
    "replUpToDateVector",
    "repsFrom",
    "repsTo",
    "systemFlags",
];

/// What is done about an attribute that is not as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It is rolled back with the whole object.
    Harmless,
    /// It is rolled back where it is named; else it is told.
    Named,
    /// It is told that it was changed, and why it stays.
    Told(&'static str),
    /// Nothing.
    Silent,
}

/// What is done about an attribute, whatever the case it is written in.
#[must_use]
pub fn way(attribute: &str) -> Way {
    let is = |name: &&str| name.eq_ignore_ascii_case(attribute);
    if BY_ITSELF.iter().any(is) || NAMES.iter().any(is) {
        return Way::Silent;
    }
    if is(&MEMBER) || is(&LOGON_NAME) {
        return Way::Harmless;
    }
    if is(&UAC) || is(&ACCOUNT_NAME) {
        return Way::Named;
    }
    if is(&"nTSecurityDescriptor") {
        return Way::Told("access lists are not rolled back");
    }
    if is(&"primaryGroupID") {
        return Way::Told("the primary group is changed by hand");
    }
    match fill::rule(attribute) {
        fill::Rule::Harmless => Way::Harmless,
        fill::Rule::Named => Way::Named,
        fill::Rule::Never(_) => Way::Silent,
    }
}

/// What the options leave of an object.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a>(pub &'a [String]);

impl Scope<'_> {
    /// Whether the whole object is meant.
    pub fn is_whole(self) -> bool {
        self.0.is_empty()
    }

    /// Whether an attribute is named.
    pub fn names(self, attribute: &str) -> bool {
        self.0.iter().any(|named| named.eq_ignore_ascii_case(attribute))
    }

    /// Whether an attribute is looked at.
    pub fn includes(self, attribute: &str) -> bool {
        self.is_whole() || self.names(attribute)
    }

    /// Whether the name and the place are.
    pub fn includes_place(self) -> bool {
        self.is_whole() || NAMES.iter().any(|name| self.names(name))
    }

    /// Whether memberships in groups are.
    pub fn includes_groups(self) -> bool {
        self.includes(MEMBER_OF)
    }
}

/// Whether an attribute may be named; else why not.
pub fn may_name(attribute: &str) -> Result<(), &'static str> {
    let is = |name: &&str| name.eq_ignore_ascii_case(attribute);
    if NAMES.iter().any(is) || is(&MEMBER_OF) {
        return Ok(());
    }
    match (way(attribute), may_set(attribute)) {
        (Way::Harmless | Way::Named, _) => Ok(()),
        (Way::Told(why), _) => Err(why),
        (_, Err(SetRefusal::Secret)) => Err("it is a secret, which no journal holds"),
        (_, Err(SetRefusal::NotAName)) => Err("it is not the name of an attribute"),
        _ => Err("the directory owns it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_decides_about_rights_is_named() {
        for name in ["description", "Member", "manager", "userPrincipalName", "thumbnailPhoto"] {
            assert_eq!(way(name), Way::Harmless, "{name}");
        }
        for name in ["scriptPath", "userAccountControl", "servicePrincipalName", "samAccountName", "gPLink"] {
            assert_eq!(way(name), Way::Named, "{name}");
        }
        for name in ["unicodePwd", "objectSid", "lastLogonTimestamp", "cn", "msLAPS-Password", "a;b", ""] {
            assert_eq!(way(name), Way::Silent, "{name}");
        }
        assert!(matches!(way("ntSecurityDescriptor"), Way::Told(_)));
    }

    #[test]
    fn what_may_be_named() {
        for name in ["description", "memberOf", "member", "name", "scriptPath", "userAccountControl"] {
            assert_eq!(may_name(name), Ok(()), "{name}");
        }
        for name in ["unicodePwd", "objectSid", "pwdLastSet", "primaryGroupID", "a b", "nTSecurityDescriptor"]
        {
            assert!(may_name(name).is_err(), "{name}");
        }
    }
}
