//! What to mind.

use super::Warning;
use super::branches::{ALTERNATE_LOGIN, FEDERATED, LICENSED, TOMBSTONE};

pub(super) const CLOCK: Warning = Warning {
    id: "clock",
    text: "A deleted Entra user and a soft-deleted mailbox are kept for 30 days; after that nobody gets them back, Microsoft included.",
    when: &[],
};

pub(super) const CONFLICTS: Warning = Warning {
    id: "conflicts",
    text: "\"The specified user account cannot be restored … Error Type UserPrincipalName\" or \"proxyAddress\" says that somebody else has \
           the name or an address now: free it there. Reconciling automatically removes the addresses from the restored user.",
    when: &[],
};

pub(super) const LICENCE_TRAP: Warning = Warning {
    id: "licenceDestroysMailbox",
    text: "A licence for another user that claims this mailbox can destroy the soft-deleted one for good: save its content before.",
    when: &[],
};

pub(super) const BLANK_MAILBOX: Warning = Warning {
    id: "blankMailbox",
    text: "Licensed and without a mailbox: a blank one may be connected. Only support may find the old data.",
    when: &[LICENSED],
};

pub(super) const LICENCE_BEFORE_PURGE: Warning = Warning {
    id: "licenceRemovedFirst",
    text: "A licence that was removed before the user was deleted leaves no soft-deleted mailbox that a restore could bring back.",
    when: &[],
};

pub(super) const NO_NEW_USER: Warning = Warning {
    id: "noNewUser",
    text: "Do not create and license a user with the same addresses meanwhile.",
    when: &[],
};

pub(super) const NEW_ID: Warning = Warning {
    id: "newObjectId",
    text: "The new user has a new object id: group memberships, permissions, OneDrive and Teams of the old one do not follow.",
    when: &[],
};

pub(super) const OTHER_LOGON: Warning = Warning {
    id: "logonAtInitialDomain",
    text: "Nothing gives the user its UPN back where nothing is synchronised: wherever a later step says UPN, take the one at onmicrosoft.com, \
           and change it when the domain is not federated any more.",
    when: &[FEDERATED],
};

pub(super) const PRIVILEGED: Warning = Warning {
    id: "privilegedTarget",
    text: "Since 2026 a hard match is refused where the cloud user has a privileged role or may take one: take the role away, synchronise, give it back.",
    when: &[],
};

pub(super) const PRIVILEGED_IN_BIN: Warning = Warning {
    id: "privilegedTarget",
    text: "Since 2026 a hard match is refused where the cloud user has a privileged role or may take one. One that lies in the bin is the exception \
           to all else here: restore it in the cloud first, take the role away, synchronise, give it back.",
    when: &[],
};

pub(super) const CLOUD_RESTORE: Warning = Warning {
    id: "restoreOnPremisesFirst",
    text: "Do not restore the Entra user by hand first: it would come back managed in the cloud, and taking it over can be blocked.",
    when: &[],
};

pub(super) const TAKEOVER: Warning = Warning {
    id: "takeover",
    text: "A user that was restored in the cloud is managed there (OnPremisesSyncEnabled is not True) until the synchronisation takes it over. Where \
           that does not happen: a full cycle (-PolicyType Initial), and blockCloudObjectTakeoverThroughHardMatch off for the time.",
    when: &[],
};

pub(super) const SOFT_MATCH: Warning = Warning {
    id: "softMatch",
    text: "The account finds the new Entra user only by its primary SMTP address (or UPN): that has to be equal, the user's immutable id empty, and \
           soft match not blocked in the tenant.",
    when: &[],
};

pub(super) const ALTERNATE: Warning = Warning {
    id: "alternateLogin",
    text: "Wherever a step says UPN, the attribute counts that the sync engine reads the logon name from (UPNAttribute of Get-ADSyncGlobalSettings).",
    when: &[ALTERNATE_LOGIN],
};

pub(super) const NEVER_NEW: Warning = Warning {
    id: "neverCreateAnew",
    text: "Do not create a new AD user: it never soft-matches a soft-deleted Entra user. Since 2026 copying the anchor into it is refused too, \
           until onPremisesObjectIdentifier of the cloud user is cleared.",
    when: &[],
};

pub(super) const SPARSE: Warning = Warning {
    id: "sparseObject",
    text: "A tombstone comes back without UPN, addresses, alias, anchor, memberships and password. What is missing at the first cycle is missing \
           in the cloud after it.",
    when: &[TOMBSTONE],
};

pub(super) const GROUP_LICENCES: Warning = Warning {
    id: "groupLicences",
    text: "Licences that came through synchronised groups come back only with the memberships: add them before the cycle, else the licence, then the mailbox, goes.",
    when: &[TOMBSTONE],
};

pub(super) const TEMPORARY_PASSWORD: Warning = Warning {
    id: "temporaryPassword",
    text: "A temporary password with \"must change at next logon\" works in the cloud only where ForcePasswordChangeOnLogOn is on.",
    when: &[TOMBSTONE],
};

pub(super) const HOLD_ATTRIBUTE: Warning = Warning {
    id: "noUserPrefix",
    text: "Do not keep the account out with adminDescription `User_…`: while the Entra user is there that would delete it.",
    when: &[],
};
