//! The cases without directory synchronisation.

use super::branches::{
    FEDERATED, IDS_DIFFER, IDS_EQUAL, INACTIVE, LICENSED, NOT_FEDERATED, NOT_INACTIVE, NOT_RECONNECTED,
    UNLICENSED,
};
use super::steps::*;
use super::warnings::*;
use super::{Case, Cell, EntraState, MailboxState, OnPremises, Page, Verdict, always, when};

const fn case(entra: EntraState, mailbox: MailboxState) -> Case {
    Case { on_premises: OnPremises::Managed, entra, mailbox }
}

pub(super) static CELLS: [Cell; 9] = [
    Cell {
        case: case(EntraState::Present, MailboxState::Present),
        verdict: Verdict::Normal,
        summary: "Everything is there.",
        page: Page {
            title: "Online Account Present, Online Mailbox Present",
            says: "Service is functioning normally.",
            instead: "",
        },
        steps: &[always(&CONNECT), always(&VERIFY)],
        warnings: &[],
    },
    Cell {
        case: case(EntraState::Present, MailboxState::SoftDeleted),
        verdict: Verdict::Recoverable,
        summary: "Give the licence back; if the mailbox does not come with it, take it back.",
        page: Page {
            title: "Online Account Present, Online Mailbox Soft-Deleted",
            says: "Undo-SoftDeletedMailbox, then check the licence.",
            instead: "Ids are compared first, and a licence that was removed is given back first, which needs no new password. An \
                      inactive mailbox cannot be undone: its content is restored.",
        },
        steps: &[
            always(&CONNECT),
            always(&COMPARE_SOFT_MAILBOX),
            when(&[IDS_DIFFER], &SUPPORT_DUPLICATE),
            when(&[IDS_EQUAL, NOT_INACTIVE], &LICENCE_BACK),
            when(&[IDS_EQUAL, NOT_INACTIVE, NOT_RECONNECTED], &UNDO_BESIDE_USER),
            when(&[IDS_EQUAL, NOT_INACTIVE, NOT_RECONNECTED], &MERGE),
            when(&[IDS_EQUAL, INACTIVE], &LICENCE),
            when(&[IDS_EQUAL, INACTIVE], &MERGE),
            when(&[IDS_EQUAL], &LOGON_TEST),
        ],
        warnings: &[CLOCK, LICENCE_TRAP],
    },
    Cell {
        case: case(EntraState::Present, MailboxState::None),
        verdict: Verdict::NewMailboxOnly,
        summary: "The old mailbox is gone, unless a licence was removed lately. A licence makes a new one.",
        page: Page {
            title: "Azure AD Account Present, Online Mailbox Not Present",
            says: "The mailbox is not recoverable; assign a licence.",
            instead: "First it is found out whether a licence was removed, and when: given back within 30 days it usually brings the old mailbox.",
        },
        steps: &[
            always(&CONNECT),
            always(&WHEN_LICENCE_REMOVED),
            when(&[UNLICENSED], &LICENCE),
            when(&[LICENSED], &SUPPORT),
            when(&[UNLICENSED], &LOGON_TEST_NEW),
        ],
        warnings: &[BLANK_MAILBOX],
    },
    Cell {
        case: case(EntraState::SoftDeleted, MailboxState::Present),
        verdict: Verdict::ContactSupport,
        summary: "This should not be possible; nothing is to be changed before support has looked.",
        page: Page {
            title: "Azure AD Account soft-deleted, Online Mailbox Present",
            says: "Contact Microsoft support.",
            instead: "",
        },
        steps: &[always(&CONNECT), always(&COMPARE_LIVE_MAILBOX), always(&SUPPORT)],
        warnings: &[CLOCK],
    },
    Cell {
        case: case(EntraState::SoftDeleted, MailboxState::SoftDeleted),
        verdict: Verdict::Recoverable,
        summary: "Restore the Entra user; the mailbox comes with it.",
        page: Page {
            title: "Azure AD account soft-deleted, Exchange Online Mailbox Soft Deleted",
            says: "Restore-MsolUser, then assign the licence.",
            instead: "",
        },
        steps: &[always(&CONNECT), always(&RESTORE_ENTRA), always(&LICENCE), always(&LOGON_TEST)],
        warnings: &[CLOCK, CONFLICTS],
    },
    Cell {
        case: case(EntraState::SoftDeleted, MailboxState::None),
        verdict: Verdict::NewMailboxOnly,
        summary: "The mailbox is gone. The user can be restored and gets a new, empty one.",
        page: Page {
            title: "Azure AD account soft-deleted, Exchange Online Mailbox not present",
            says: "Create a new user account and assign a licence.",
            instead: "The user in the bin is restored rather than replaced: its id, memberships, permissions and OneDrive come back. A new \
                      account would leave it in the bin with the same addresses.",
        },
        steps: &[always(&CONNECT), always(&RESTORE_ENTRA), always(&LICENCE), always(&LOGON_TEST_NEW)],
        warnings: &[CLOCK, CONFLICTS, LICENCE_BEFORE_PURGE],
    },
    Cell {
        case: case(EntraState::HardDeleted, MailboxState::Present),
        verdict: Verdict::ContactSupport,
        summary: "This should not be possible; nothing is to be changed before support has looked.",
        page: Page {
            title: "Azure AD Account Hard Deleted, Online Mailbox Present",
            says: "Contact Microsoft support.",
            instead: "",
        },
        steps: &[always(&CONNECT), always(&SUPPORT)],
        warnings: &[NO_NEW_USER],
    },
    Cell {
        case: case(EntraState::HardDeleted, MailboxState::SoftDeleted),
        verdict: Verdict::Recoverable,
        summary: "Take the mailbox back with a new user: New-Mailbox for an inactive one, Undo-SoftDeletedMailbox else; then the licence.",
        page: Page {
            title: "Online Account Hard Deleted, Online Mailbox soft-deleted",
            says: "Inactive: New-Mailbox -InactiveMailbox. Not inactive: Undo-SoftDeletedMailbox. Then the licence.",
            instead: "The licence is given only when the old mailbox is seen to be connected. In a federated domain the new user is made at onmicrosoft.com.",
        },
        steps: &[
            always(&CONNECT),
            always(&LOOK_AT_SOFT_MAILBOX),
            when(&[INACTIVE, NOT_FEDERATED], &RECOVER_INACTIVE),
            when(&[INACTIVE, FEDERATED], &RECOVER_INACTIVE_INITIAL),
            when(&[NOT_INACTIVE, NOT_FEDERATED], &UNDO_SOFT_DELETED),
            when(&[NOT_INACTIVE, FEDERATED], &UNDO_SOFT_DELETED_INITIAL),
            always(&PRIMARY_ADDRESS),
            always(&LICENCE_RECONNECTED),
            always(&LOGON_TEST),
        ],
        warnings: &[CLOCK, LICENCE_TRAP, NO_NEW_USER, NEW_ID, OTHER_LOGON],
    },
    Cell {
        case: case(EntraState::HardDeleted, MailboxState::None),
        verdict: Verdict::NewMailboxOnly,
        summary: "User and mailbox are gone for good. A new user gets a new, empty mailbox.",
        page: Page {
            title: "Online Account hard deleted, Online Mailbox Not Present",
            says: "Create a new user account and assign a licence; no old data.",
            instead: "",
        },
        steps: &[always(&CONNECT), always(&NEW_ENTRA_USER), always(&LICENCE), always(&LOGON_TEST_NEW)],
        warnings: &[NEW_ID],
    },
];
