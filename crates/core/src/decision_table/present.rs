//! The cases in which the account on premises is there: outside the scope, or the synchronisation failed.

use super::branches::{
    FEDERATED, HYBRID, IDS_DIFFER, IDS_EQUAL, INACTIVE, LICENSED, NOT_FEDERATED, NOT_HYBRID, NOT_INACTIVE,
    NOT_RECONNECTED, UNLICENSED,
};
use super::steps::*;
use super::warnings::*;
use super::{Case, Cell, EntraState, MailboxState, OnPremises, Page, Verdict, always, when};

const fn case(entra: EntraState, mailbox: MailboxState) -> Case {
    Case { on_premises: OnPremises::Present, entra, mailbox }
}

pub(super) static CELLS: [Cell; 9] = [
    Cell {
        case: case(EntraState::Present, MailboxState::Present),
        verdict: Verdict::Normal,
        summary: "Everything is there.",
        page: Page {
            title: "Azure AD Account Present, Exchange Online Mailbox Present",
            says: "Service is functioning normally.",
            instead: "",
        },
        steps: &[always(&CONNECT), always(&VERIFY)],
        warnings: &[],
    },
    Cell {
        case: case(EntraState::Present, MailboxState::SoftDeleted),
        verdict: Verdict::Recoverable,
        summary: "Ids equal: the licence, and if that does not reconnect the mailbox, delete and restore the Entra user. Ids differ: support.",
        page: Page {
            title: "Azure AD Account Present, Exchange Online Mailbox Soft Deleted",
            says: "Compare the ids; equal: delete the Entra user, restore it after five minutes; different: a duplicate, contact support.",
            instead: "The page prints the sub-steps of its steps 5 and 6 swapped: first delete, then wait, then restore. The synchronisation is \
                      held meanwhile, and the licence is tried first because it destroys nothing.",
        },
        steps: &[
            always(&CONNECT),
            always(&COMPARE_SOFT_MAILBOX),
            when(&[IDS_DIFFER], &SUPPORT_DUPLICATE),
            when(&[IDS_EQUAL, NOT_INACTIVE], &LICENCE_BACK),
            when(&[IDS_EQUAL, NOT_INACTIVE, NOT_RECONNECTED], &HOLD_SYNC),
            when(&[IDS_EQUAL, NOT_INACTIVE, NOT_RECONNECTED], &SOFT_DELETE_ENTRA),
            when(&[IDS_EQUAL, NOT_INACTIVE, NOT_RECONNECTED], &WAIT_FIVE),
            when(&[IDS_EQUAL, NOT_INACTIVE, NOT_RECONNECTED], &RESTORE_ENTRA),
            when(&[IDS_EQUAL, NOT_INACTIVE, NOT_RECONNECTED], &RELEASE_RESTORED),
            when(&[IDS_EQUAL, NOT_INACTIVE, NOT_RECONNECTED], &WAIT_FOR_USER),
            when(&[IDS_EQUAL, INACTIVE], &LICENCE),
            when(&[IDS_EQUAL, INACTIVE], &MERGE),
            when(&[IDS_EQUAL], &LOGON_TEST),
        ],
        warnings: &[CLOCK, LICENCE_TRAP, CONFLICTS, TAKEOVER, PRIVILEGED],
    },
    Cell {
        case: case(EntraState::Present, MailboxState::None),
        verdict: Verdict::NewMailboxOnly,
        summary: "The old mailbox is gone, unless a licence was removed lately. A licence makes a new one.",
        page: Page {
            title: "Azure AD Account Present, Exchange Online Mailbox Not present (Purged)",
            says: "Check the licence, apply one.",
            instead: "First it is found out whether a licence was removed, and when: given back within 30 days it usually brings the old mailbox.",
        },
        steps: &[
            always(&CONNECT),
            always(&WHEN_LICENCE_REMOVED),
            when(&[UNLICENSED], &LICENCE),
            when(&[UNLICENSED, HYBRID], &ENABLE_REMOTE_NEW),
            when(&[UNLICENSED, HYBRID], &DELTA),
            when(&[LICENSED], &SUPPORT),
            when(&[UNLICENSED], &LOGON_TEST_NEW),
        ],
        warnings: &[BLANK_MAILBOX],
    },
    Cell {
        case: case(EntraState::SoftDeleted, MailboxState::Present),
        verdict: Verdict::Recoverable,
        summary: "Ids equal: put the account into scope, restore the Entra user, synchronise. Ids differ, or nothing found: support.",
        page: Page {
            title: "Azure AD Account Soft Deleted, Exchange Online Mailbox Present",
            says: "Compare the ids, restore the Entra user, log on to the mailbox.",
            instead: "The account is put into scope before the Entra user is restored: else the user comes back managed in the cloud, and the \
                      later match can be refused.",
        },
        steps: &[
            always(&CONNECT),
            always(&COMPARE_LIVE_MAILBOX),
            when(&[IDS_DIFFER], &SUPPORT_DUPLICATE),
            when(&[IDS_EQUAL], &HOLD_SYNC),
            when(&[IDS_EQUAL], &MOVE_INTO_SCOPE),
            when(&[IDS_EQUAL], &PREFLIGHT),
            when(&[IDS_EQUAL], &RESTORE_ENTRA),
            when(&[IDS_EQUAL], &RELEASE_SYNC),
            when(&[IDS_EQUAL], &WAIT_FOR_USER),
            when(&[IDS_EQUAL], &LOGON_TEST),
        ],
        warnings: &[CLOCK, CONFLICTS, TAKEOVER, PRIVILEGED_IN_BIN, ALTERNATE],
    },
    Cell {
        case: case(EntraState::SoftDeleted, MailboxState::SoftDeleted),
        verdict: Verdict::Recoverable,
        summary: "Move the account into scope and synchronise: user and mailbox come back.",
        page: Page {
            title: "Online Account Soft Deleted, Online Mailbox Soft Deleted",
            says: "Move the user into an OU that is not filtered, delta synchronisation.",
            instead: "Checked before the cycle: what is wrong with anchor, UPN or addresses makes a second account.",
        },
        steps: &[
            always(&HOLD_SYNC),
            always(&MOVE_INTO_SCOPE),
            always(&PREFLIGHT),
            always(&RELEASE_SYNC),
            always(&CONNECT),
            always(&WAIT_FOR_USER),
            always(&LICENCE),
            always(&LOGON_TEST),
        ],
        warnings: &[CLOCK, CLOUD_RESTORE, PRIVILEGED_IN_BIN, ALTERNATE],
    },
    Cell {
        case: case(EntraState::SoftDeleted, MailboxState::None),
        verdict: Verdict::NewMailboxOnly,
        summary: "The mailbox is gone if the deleted user has no licence. Move the account into scope, synchronise, license: a new mailbox.",
        page: Page {
            title: "Online Account Soft Deleted, Online Mailbox is not present (Purged)",
            says: "No licence on the deleted user: not recoverable; into scope, delta, licence.",
            instead: "Checked before the cycle.",
        },
        steps: &[
            always(&CONNECT),
            always(&DELETED_LICENCES),
            always(&HOLD_SYNC),
            always(&MOVE_INTO_SCOPE),
            always(&PREFLIGHT),
            always(&RELEASE_SYNC),
            always(&WAIT_FOR_USER),
            always(&LICENCE),
            always(&LOGON_TEST_NEW),
        ],
        warnings: &[CLOCK, LICENCE_BEFORE_PURGE, CLOUD_RESTORE, PRIVILEGED_IN_BIN, ALTERNATE],
    },
    Cell {
        case: case(EntraState::HardDeleted, MailboxState::Present),
        verdict: Verdict::ContactSupport,
        summary: "This should not be possible; hold the synchronisation and change nothing before support has looked.",
        page: Page {
            title: "Azure AD Account Hard Deleted, Online Mailbox Present",
            says: "Contact Microsoft support.",
            instead: "The synchronisation is held: a new Entra user for this account would collide with the mailbox.",
        },
        steps: &[always(&HOLD_SYNC), always(&CONNECT), always(&SUPPORT), always(&RELEASE_ONLY)],
        warnings: &[NO_NEW_USER],
    },
    Cell {
        case: case(EntraState::HardDeleted, MailboxState::SoftDeleted),
        verdict: Verdict::Recoverable,
        summary: "Hold the synchronisation, save the content, take the mailbox back with a new user, then let the account match it.",
        page: Page {
            title: "Azure AD Account Hard Deleted, Exchange Online Mailbox Soft Deleted",
            says: "Inactive: New-Mailbox -InactiveMailbox, then into scope. Not inactive: Undo-SoftDeletedMailbox, then delta.",
            instead: "The page walks into a trap: an account that still carries the ExchangeGuid, synchronised and licensed too early, destroys \
                      the soft-deleted mailbox. Hence hold, save, then reconnect; and in a federated domain at onmicrosoft.com.",
        },
        steps: &[
            always(&HOLD_SYNC),
            always(&CONNECT),
            always(&LOOK_AT_SOFT_MAILBOX),
            when(&[NOT_INACTIVE], &SAVE_CONTENT),
            when(&[NOT_INACTIVE], &WAIT_SAVED),
            when(&[INACTIVE, NOT_FEDERATED], &RECOVER_INACTIVE),
            when(&[INACTIVE, FEDERATED], &RECOVER_INACTIVE_INITIAL),
            when(&[NOT_INACTIVE, NOT_FEDERATED], &UNDO_SOFT_DELETED),
            when(&[NOT_INACTIVE, FEDERATED], &UNDO_SOFT_DELETED_INITIAL),
            always(&PRIMARY_ADDRESS),
            always(&MOVE_INTO_SCOPE),
            always(&PREFLIGHT),
            always(&RELEASE_SYNC),
            always(&WAIT_FOR_MATCH),
            always(&LICENCE_RECONNECTED),
            always(&LOGON_TEST),
        ],
        warnings: &[CLOCK, LICENCE_TRAP, SOFT_MATCH, NO_NEW_USER, NEW_ID, ALTERNATE],
    },
    Cell {
        case: case(EntraState::HardDeleted, MailboxState::None),
        verdict: Verdict::NewMailboxOnly,
        summary: "The mailbox is gone. Synchronise the account: a new Entra user with a new, empty mailbox.",
        page: Page {
            title: "Azure AD account Hard Deleted, Exchange Online Mailbox not present (Purged)",
            says: "Delta synchronisation, Enable-RemoteMailbox in a hybrid, licence.",
            instead: "The synchronisation is held and the account checked before the cycle. A GUID of the old mailbox that it still carries is taken off: with it the cloud makes no mailbox.",
        },
        steps: &[
            always(&HOLD_SYNC),
            always(&MOVE_INTO_SCOPE),
            when(&[HYBRID], &ENABLE_REMOTE_NEW),
            when(&[HYBRID], &CLEAR_GUID),
            when(&[NOT_HYBRID], &CLEAR_GUID_ATTRIBUTE),
            always(&PREFLIGHT),
            always(&RELEASE_SYNC),
            always(&CONNECT),
            always(&WAIT_FOR_NEW_USER),
            always(&LICENCE),
            always(&LOGON_TEST_NEW),
        ],
        warnings: &[NEW_ID, ALTERNATE],
    },
];
