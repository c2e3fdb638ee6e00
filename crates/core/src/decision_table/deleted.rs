//! The cases in which the account on premises is deleted.

use super::branches::{
    FEDERATED, HYBRID, IDS_DIFFER, IDS_EQUAL, INACTIVE, NOT_FEDERATED, NOT_INACTIVE, PAST_RECOVERY,
    TOMBSTONE, UNDELETABLE,
};
use super::managed::{CLOCK, CONFLICTS, LICENCE_TRAP, NEW_ID, NO_NEW_USER};
use super::present::{ALTERNATE, CLOUD_RESTORE, PRIVILEGED, SOFT_MATCH};
use super::steps::*;
use super::{Case, Cell, EntraState, MailboxState, OnPremises, Page, Verdict, Warning, always, when};

const fn case(entra: EntraState, mailbox: MailboxState) -> Case {
    Case { on_premises: OnPremises::Deleted, entra, mailbox }
}

pub(super) static CELLS: [Cell; 9] = [
    Cell {
        case: case(EntraState::Present, MailboxState::Present),
        verdict: Verdict::Recoverable,
        summary: "The deletion has not reached the cloud: undelete the account before it does.",
        page: Page {
            title: "AD User Account Deleted, Online Account Present, Online Mailbox Present",
            says: "Contact support; the deletion may take up to three hours to synchronise.",
            instead: "A cycle runs every 30 minutes, so this is a chance and no case for support: hold it, undelete, check, release. Then nothing was lost.",
        },
        steps: &[
            always(&HOLD_SYNC),
            always(&SYNC_HEALTH),
            when(&[UNDELETABLE], &UNDELETE),
            when(&[PAST_RECOVERY], &PAST_RECOVERY_STEP),
            when(&[UNDELETABLE, TOMBSTONE], &WRITE_ANCHOR),
            when(&[UNDELETABLE, TOMBSTONE], &REFILL),
            when(&[UNDELETABLE, TOMBSTONE, HYBRID], &REMOTE_MAILBOX),
            when(&[UNDELETABLE, TOMBSTONE], &ENABLE),
            always(&PREFLIGHT),
            always(&RELEASE_SYNC),
            always(&CONNECT),
            always(&LOGON_TEST),
        ],
        warnings: &[SPARSE, ALTERNATE, DISABLED, HOLD_ATTRIBUTE],
    },
    Cell {
        case: case(EntraState::Present, MailboxState::SoftDeleted),
        verdict: Verdict::Recoverable,
        summary: "Undelete the account before its deletion reaches the cloud; the mailbox comes with the licence, or its content is merged.",
        page: Page {
            title: "AD Account Deleted, Azure AD Account Present (Soft deleted), Online Mailbox Soft Deleted",
            says: "Restore the AD user, delta, licence, New-MailboxRestoreRequest into the active mailbox.",
            instead: "The page's title names two states of the Entra user; by its place it is the one for a present user. Ids equal: the licence \
                      alone may reconnect the mailbox, and nothing has to be merged. Ids differ: the content is saved before any licence.",
        },
        steps: &[
            always(&HOLD_SYNC),
            always(&CONNECT),
            always(&COMPARE_SOFT_MAILBOX),
            when(&[UNDELETABLE], &UNDELETE),
            when(&[PAST_RECOVERY], &PAST_RECOVERY_STEP),
            when(&[UNDELETABLE, TOMBSTONE], &WRITE_ANCHOR),
            when(&[UNDELETABLE, TOMBSTONE], &REFILL),
            when(&[UNDELETABLE, TOMBSTONE, HYBRID], &REMOTE_MAILBOX),
            when(&[UNDELETABLE, TOMBSTONE], &ENABLE),
            when(&[IDS_DIFFER], &SAVE_CONTENT),
            when(&[IDS_DIFFER], &WAIT_SAVED),
            always(&PREFLIGHT),
            always(&RELEASE_SYNC),
            when(&[IDS_EQUAL], &LICENCE_BACK),
            when(&[IDS_DIFFER], &LICENCE_AFTER_SAVING),
            when(&[IDS_DIFFER], &MERGE),
            always(&LOGON_TEST),
        ],
        warnings: &[CLOCK, LICENCE_TRAP, SPARSE, ALTERNATE, DISABLED, HOLD_ATTRIBUTE],
    },
    Cell {
        case: case(EntraState::Present, MailboxState::None),
        verdict: Verdict::ContactSupport,
        summary: "This should not be possible. Undelete the account, so that the Entra user stays; support looks for the mailbox.",
        page: Page {
            title: "AD User Account Deleted, Azure AD Account Present, Online Mailbox not present",
            says: "Contact support; this should not be possible.",
            instead: "The account is undeleted all the same, before its deletion takes the Entra user too.",
        },
        steps: &[
            always(&HOLD_SYNC),
            when(&[UNDELETABLE], &UNDELETE),
            when(&[PAST_RECOVERY], &PAST_RECOVERY_STEP),
            when(&[UNDELETABLE, TOMBSTONE], &WRITE_ANCHOR),
            when(&[UNDELETABLE, TOMBSTONE], &REFILL),
            when(&[UNDELETABLE, TOMBSTONE], &ENABLE),
            always(&PREFLIGHT),
            always(&RELEASE_SYNC),
            always(&CONNECT),
            always(&WHEN_LICENCE_REMOVED),
            always(&SUPPORT),
        ],
        warnings: &[SPARSE, ALTERNATE, DISABLED, HOLD_ATTRIBUTE],
    },
    Cell {
        case: case(EntraState::SoftDeleted, MailboxState::Present),
        verdict: Verdict::Recoverable,
        summary: "Ids equal: undelete the account and synchronise; the Entra user comes back to its mailbox. Ids differ: support.",
        page: Page {
            title: "AD User Account Deleted, Azure AD Account Soft Deleted, Online Mailbox Present",
            says: "Compare the ids; equal: create a new AD user with the same primary SMTP address and UPN, wait three hours; different: support.",
            instead: "The old account is undeleted: a new one never soft-matches a soft-deleted Entra user and becomes a second account. 30 minutes, not three hours.",
        },
        steps: &[
            always(&HOLD_SYNC),
            always(&CONNECT),
            always(&COMPARE_LIVE_MAILBOX),
            when(&[IDS_DIFFER], &SUPPORT_DUPLICATE),
            when(&[IDS_EQUAL, UNDELETABLE], &UNDELETE),
            when(&[IDS_EQUAL, PAST_RECOVERY], &PAST_RECOVERY_STEP),
            when(&[IDS_EQUAL, UNDELETABLE, TOMBSTONE], &WRITE_ANCHOR),
            when(&[IDS_EQUAL, UNDELETABLE, TOMBSTONE], &REFILL),
            when(&[IDS_EQUAL, UNDELETABLE, TOMBSTONE, HYBRID], &REMOTE_MAILBOX),
            when(&[IDS_EQUAL, UNDELETABLE, TOMBSTONE], &ENABLE),
            when(&[IDS_EQUAL], &PREFLIGHT),
            always(&RELEASE_SYNC),
            when(&[IDS_EQUAL], &WAIT_FOR_USER),
            when(&[IDS_EQUAL], &LICENCE),
            always(&LOGON_TEST),
        ],
        warnings: &[CLOCK, NEVER_NEW, CLOUD_RESTORE, SPARSE, PRIVILEGED, ALTERNATE, DISABLED],
    },
    Cell {
        case: case(EntraState::SoftDeleted, MailboxState::SoftDeleted),
        verdict: Verdict::Recoverable,
        summary: "Undelete the account with its old UPN and primary SMTP address and synchronise: user and mailbox come back.",
        page: Page {
            title: "AD Account Deleted, Online Account Soft Deleted, Online Mailbox Soft Deleted",
            says: "Restore or create an AD user with the same primary SMTP address and UPN, wait three hours.",
            instead: "Restore, never create: a new account never soft-matches a soft-deleted Entra user and becomes a second account, and with a \
                      licence its mailbox takes the place of the old one. 30 minutes, not three hours.",
        },
        steps: &[
            always(&HOLD_SYNC),
            when(&[UNDELETABLE], &UNDELETE),
            when(&[PAST_RECOVERY], &PAST_RECOVERY_STEP),
            when(&[UNDELETABLE, TOMBSTONE], &WRITE_ANCHOR),
            when(&[UNDELETABLE, TOMBSTONE], &REFILL),
            when(&[UNDELETABLE, TOMBSTONE, HYBRID], &REMOTE_MAILBOX),
            when(&[UNDELETABLE, TOMBSTONE], &ENABLE),
            always(&PREFLIGHT),
            always(&RELEASE_SYNC),
            always(&CONNECT),
            always(&WAIT_FOR_USER),
            always(&LICENCE),
            always(&LOGON_TEST),
        ],
        warnings: &[
            CLOCK,
            NEVER_NEW,
            CLOUD_RESTORE,
            CONFLICTS,
            SPARSE,
            GROUP_LICENCES,
            PRIVILEGED,
            ALTERNATE,
            DISABLED,
        ],
    },
    Cell {
        case: case(EntraState::SoftDeleted, MailboxState::None),
        verdict: Verdict::ContactSupport,
        summary: "The account and the Entra user come back by undeleting; for the mailbox only support can look.",
        page: Page {
            title: "AD User Account Deleted, Azure AD Account Soft Deleted, Online Mailbox Not Present",
            says: "Contact support; this should not be possible.",
            instead: "The account is undeleted all the same. Often a licence had been removed before: then the mailbox is gone.",
        },
        steps: &[
            always(&HOLD_SYNC),
            always(&CONNECT),
            always(&DELETED_LICENCES),
            when(&[UNDELETABLE], &UNDELETE),
            when(&[PAST_RECOVERY], &PAST_RECOVERY_STEP),
            when(&[UNDELETABLE, TOMBSTONE], &WRITE_ANCHOR),
            when(&[UNDELETABLE, TOMBSTONE], &REFILL),
            when(&[UNDELETABLE, TOMBSTONE], &ENABLE),
            always(&PREFLIGHT),
            always(&RELEASE_SYNC),
            always(&WAIT_FOR_USER),
            always(&SUPPORT),
        ],
        warnings: &[CLOCK, NEVER_NEW, CLOUD_RESTORE, SPARSE, PRIVILEGED, ALTERNATE, DISABLED],
    },
    Cell {
        case: case(EntraState::HardDeleted, MailboxState::Present),
        verdict: Verdict::Recoverable,
        summary: "Save the content of the mailbox first. Then, by hand and with support's consent, the page's way: remove it, undelete the account, merge.",
        page: Page {
            title: "AD User Account Deleted, Azure AD Account Hard Deleted, Online Mailbox Present",
            says: "Remove-Mailbox (if that fails \"skip to step 8\"), restore the AD user, delta, licence, New-MailboxRestoreRequest.",
            instead: "The page deletes the only copy first, and has no step 8. Here the content is saved before; if Remove-Mailbox fails: support. No script deletes it.",
        },
        steps: &[
            always(&HOLD_SYNC),
            always(&CONNECT),
            always(&SAVE_CONTENT),
            always(&WAIT_SAVED),
            always(&SUPPORT),
            always(&REMOVE_MAILBOX),
            when(&[UNDELETABLE], &UNDELETE),
            when(&[PAST_RECOVERY], &PAST_RECOVERY_STEP),
            when(&[UNDELETABLE, TOMBSTONE], &REFILL),
            when(&[UNDELETABLE, TOMBSTONE], &ENABLE),
            always(&PREFLIGHT),
            always(&RELEASE_SYNC),
            always(&WAIT_FOR_USER),
            always(&LICENCE_AFTER_SAVING),
            always(&MERGE),
            always(&LOGON_TEST),
        ],
        warnings: &[LICENCE_TRAP, SAME_EXCHANGE_GUID, SPARSE, NEW_ID, ALTERNATE, DISABLED],
    },
    Cell {
        case: case(EntraState::HardDeleted, MailboxState::SoftDeleted),
        verdict: Verdict::Recoverable,
        summary: "Hold the synchronisation, save the content, take the mailbox back with a new user, then undelete the account and let it match.",
        page: Page {
            title: "AD User Account Deleted, Azure AD Account Hard Deleted, Online Mailbox Soft Deleted",
            says: "New-Mailbox -InactiveMailbox (federated: at onmicrosoft.com), restore or create the AD user with the same primary SMTP address, synchronise: soft match.",
            instead: "The page has no way for a mailbox that is not inactive: its content is saved first, then Undo-SoftDeletedMailbox. And it does not \
                      say that an account with the old ExchangeGuid, synchronised and licensed too early, destroys the mailbox.",
        },
        steps: &[
            always(&HOLD_SYNC),
            always(&CONNECT),
            always(&LOOK_AT_SOFT_MAILBOX),
            when(&[NOT_INACTIVE], &SAVE_CONTENT),
            when(&[NOT_INACTIVE], &WAIT_SAVED),
            when(&[INACTIVE, NOT_FEDERATED], &RECOVER_INACTIVE),
            when(&[INACTIVE, FEDERATED], &RECOVER_INACTIVE_INITIAL),
            when(&[NOT_INACTIVE], &UNDO_SOFT_DELETED),
            when(&[UNDELETABLE], &UNDELETE),
            when(&[PAST_RECOVERY], &PAST_RECOVERY_STEP),
            when(&[UNDELETABLE, TOMBSTONE], &REFILL),
            when(&[UNDELETABLE, TOMBSTONE, HYBRID], &REMOTE_MAILBOX),
            when(&[UNDELETABLE, TOMBSTONE], &ENABLE),
            always(&PREFLIGHT),
            always(&RELEASE_SYNC),
            always(&WAIT_FOR_USER),
            always(&LICENCE_RECONNECTED),
            always(&LOGON_TEST),
        ],
        warnings: &[CLOCK, LICENCE_TRAP, SOFT_MATCH, NO_NEW_USER, SPARSE, ALTERNATE, DISABLED],
    },
    Cell {
        case: case(EntraState::HardDeleted, MailboxState::None),
        verdict: Verdict::NotRecoverable,
        summary: "The mailbox is gone. The account can still come back, with a new Entra user and a new, empty mailbox.",
        page: Page {
            title: "AD User Account Deleted, Azure AD Account Hard Deleted, Online Mailbox Not present",
            says: "By design, 30 days after the deletion: the mailbox is not recoverable.",
            instead: "On premises the clock runs longer (often 180 days): SID, profile and permissions there can be saved, and the steps do that.",
        },
        steps: &[
            when(&[UNDELETABLE], &UNDELETE),
            when(&[PAST_RECOVERY], &PAST_RECOVERY_STEP),
            when(&[UNDELETABLE, TOMBSTONE], &REFILL),
            when(&[HYBRID], &ENABLE_REMOTE_NEW),
            when(&[UNDELETABLE, TOMBSTONE], &ENABLE),
            always(&PREFLIGHT),
            always(&DELTA),
            always(&CONNECT),
            always(&WAIT_FOR_USER),
            always(&LICENCE),
            always(&LOGON_TEST),
        ],
        warnings: &[NEW_ID, SPARSE, ALTERNATE, DISABLED],
    },
];

const NEVER_NEW: Warning = Warning {
    id: "neverCreateAnew",
    text: "Do not create a new AD user: it never soft-matches a soft-deleted Entra user. Since 2026 copying the anchor into it is refused too, \
           until onPremisesObjectIdentifier of the cloud user is cleared.",
    when: &[],
};

const SPARSE: Warning = Warning {
    id: "sparseObject",
    text: "A tombstone comes back without UPN, addresses, alias, anchor, memberships and password. What is missing at the first cycle is missing \
           in the cloud after it.",
    when: &[TOMBSTONE],
};

const GROUP_LICENCES: Warning = Warning {
    id: "groupLicences",
    text: "Licences that came through synchronised groups come back only with the memberships: add them before the cycle, else the licence, then the mailbox, goes.",
    when: &[TOMBSTONE],
};

const DISABLED: Warning = Warning {
    id: "temporaryPassword",
    text: "A temporary password with \"must change at next logon\" works in the cloud only where ForcePasswordChangeOnLogOn is on.",
    when: &[TOMBSTONE],
};

const HOLD_ATTRIBUTE: Warning = Warning {
    id: "noUserPrefix",
    text: "Do not keep the account out with adminDescription `User_…`: while the Entra user is there that would delete it.",
    when: &[],
};

const SAME_EXCHANGE_GUID: Warning = Warning {
    id: "sameExchangeGuid",
    text: "Where msExchMailboxGuid of the account is still the old mailbox's, clear it before the cycle: Exchange Online refuses it, or makes no mailbox.",
    when: &[],
};
