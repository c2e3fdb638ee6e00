//! What restoring does not bring back, by class and state, and what a person does about it.
//!
//! Sources: the lists of [MS-ADTS] 3.1.1.5.5.6.1 (what a tombstone keeps) and `docs/how-restore-works.md`.

use crate::kind::ObjectKind;
use crate::lifetime::State;

/// Attributes that the directory gives an account again by itself, and secrets that no restore could show: they are no
/// news in a list of what is missing ([MS-ADTS] 3.1.1.5.3.7.3, and seen on a real DC).
const NOT_MISSED: [&str; 44] = [
    "accountExpires",
    "adminCount",
    "badPasswordTime",
    "badPwdCount",
    "codePage",
    "countryCode",
    "dBCSPwd",
    "dSCorePropagationData",
    "instanceType",
    "isCriticalSystemObject",
    "lastLogoff",
    "lastLogon",
    "lastLogonTimestamp",
    "lmPwdHistory",
    "localPolicyFlags",
    "lockoutTime",
    "logonCount",
    "logonHours",
    "name",
    "cn",
    "ou",
    "ntPwdHistory",
    "objectCategory",
    "operatorCount",
    "primaryGroupID",
    "pwdLastSet",
    "rid",
    "sAMAccountType",
    "showInAdvancedViewOnly",
    "supplementalCredentials",
    "unicodePwd",
    "uSNCreated",
    "whenCreated",
    "isDeleted",
    "isRecycled",
    "lastKnownParent",
    "nTSecurityDescriptor",
    "objectClass",
    "objectSid",
    "sAMAccountName",
    "userAccountControl",
    "msDS-LastKnownRDN",
    "dc",
    "msDS-SupportedEncryptionTypes",
];

/// Of the attributes that a deletion stripped, those that somebody will miss.
pub fn missed(stripped: &[String]) -> Vec<String> {
    stripped.iter().filter(|name| is_missed(name)).cloned().collect()
}

/// Whether somebody will miss an attribute that is lost.
pub fn is_missed(attribute: &str) -> bool {
    !NOT_MISSED.iter().any(|name| name.eq_ignore_ascii_case(attribute))
}

/// What restoring an object of this kind and state does not bring back, for people.
pub fn of(kind: ObjectKind, state: State, given: Given) -> Vec<String> {
    if state != State::Tombstone {
        return vec![];
    }
    let lines: &[&str] = match kind {
        ObjectKind::User => &[
            "the password is lost: set a new one",
            "group memberships are lost and the directory does not know them any more: give them with --groups-from",
            "most attributes are lost, mail addresses and the source anchor (mS-DS-ConsistencyGuid) among them: fill them \
             in before the next directory synchronization",
        ],
        ObjectKind::Group => &[
            "the list of members is lost, and the groups that this group was in: give members with --groups-from",
            "description, mail addresses and managedBy are lost",
        ],
        ObjectKind::Computer => &[
            "the computer's secret, SPNs and certificates are lost: the account is back, the trust is not. Run \
             Reset-ComputerMachinePassword on the computer, or join it again",
            "group memberships are lost: give them with --groups-from",
        ],
        ObjectKind::Gmsa => &[
            "the managed password, the right to retrieve it and the password interval are lost, and the interval can be \
             set at creation only: plan to create the account anew",
        ],
        ObjectKind::Ou => &[
            "links to group policies (gPLink, gPOptions) and the description are lost: link the policies again",
        ],
        ObjectKind::Container => &["description and other attributes are lost"],
        ObjectKind::Contact => {
            &["mail addresses (mail, proxyAddresses, targetAddress), names and group memberships are lost"]
        }
        ObjectKind::Other => &["most attributes and all links are lost"],
    };
    let made_good = |line: &&&str| {
        (given.password && line.starts_with("the password"))
            || (given.groups && line.starts_with("group memberships"))
            || (given.filled == Filled::All && line.starts_with("most attributes"))
    };
    let told = |line: &&str| match given.filled {
        Filled::Some if line.starts_with("most attributes") => {
            "some attributes are lost still: those that are listed as missing".to_owned()
        }
        _ => (*line).to_owned(),
    };
    lines.iter().filter(|l| !made_good(l)).map(told).collect()
}

/// What creating an object of this kind anew does not bring back, for people.
pub fn of_new(kind: ObjectKind, given: Given) -> Vec<String> {
    let mut out = vec![
        "its objectGUID: whatever knows it by that (the cloud, other applications) takes it for another object".to_owned(),
        "its own access list and owner, and when it was created".to_owned(),
    ];
    if !matches!(kind, ObjectKind::Contact | ObjectKind::Ou) {
        out.push(
            "its objectSid: permissions on files, mailboxes and other objects that name the old SID do not apply to it; SID history \
             cannot be written over LDAP. Give the permissions again"
                .to_owned(),
        );
    }
    match kind {
        ObjectKind::User => {
            out.push(
                "the Windows profile, EFS keys and credentials that are bound to the old SID and password"
                    .to_owned(),
            );
            if !given.password {
                out.push("the password: set a new one".to_owned());
            }
        }
        ObjectKind::Computer => {
            out.push("the computer's secret, recovery keys and LAPS passwords: join it again".to_owned());
        }
        ObjectKind::Ou => {
            out.push("links to group policies are filled only where gPLink is named".to_owned())
        }
        _ => {}
    }
    if !given.groups && kind != ObjectKind::Ou {
        out.push("group memberships: give them with --groups-from".to_owned());
    }
    out
}

/// What the request makes good.
#[derive(Debug, Clone, Copy, Default)]
pub struct Given {
    /// A new password is set.
    pub password: bool,
    /// Memberships were given.
    pub groups: bool,
    /// Attributes are filled from a source.
    pub filled: Filled,
}

/// How much of what is missed a source fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Filled {
    /// Nothing.
    #[default]
    Nothing,
    /// Some of it.
    Some,
    /// All of it.
    All,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_tombstone_loses_something_and_bin_objects_nothing() {
        for (kind, name) in ObjectKind::ALL {
            assert!(!of(kind, State::Tombstone, Given::default()).is_empty(), "{name}");
            assert!(of(kind, State::Deleted, Given::default()).is_empty(), "{name}");
        }
    }

    #[test]
    fn what_the_directory_regenerates_is_not_missed() {
        let stripped = ["mail", "pwdLastSet", "OBJECTCATEGORY", "proxyAddresses"].map(str::to_owned);
        assert_eq!(missed(&stripped), ["mail", "proxyAddresses"]);
    }
}
