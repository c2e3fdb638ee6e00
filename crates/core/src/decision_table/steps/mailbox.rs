//! In the cloud: the mailbox, and what is in it.

use super::super::By::{Portal, PowerShell, Wait};
use super::super::Step;

const PROGRESS: &str = "Get-MailboxRestoreRequest | Get-MailboxRestoreRequestStatistics | Select-Object Name, Status, PercentComplete";
const IS_BACK: &str = "if (-not (Get-Mailbox -SoftDeletedMailbox -Filter ('ExchangeGuid -eq ''' + {exchangeGuid} + ''''))) { 'the old mailbox is back' }";

pub(in super::super) static SAVE_CONTENT: Step =
    Step::new("saveContent", PowerShell, "FIRST save what is in the old mailbox, into another one")
        .command(
            "New-MailboxRestoreRequest -SourceMailbox {exchangeGuid} -TargetMailbox {saveTo} -TargetRootFolder 'Recovered' -AllowLegacyDNMismatch",
        )
        .needs(&["the ExchangeGuid of the old mailbox", "a licensed mailbox with room"])
        .why("Synchronising a user with the old ExchangeGuid and licensing it destroys the soft-deleted mailbox. An archive is saved by a second request, with -SourceIsArchive.");

pub(in super::super) static WAIT_SAVED: Step =
    Step::new("waitForContent", Wait, "Wait until the copy is `Completed`, and look into it")
        .command(PROGRESS)
        .why("Nothing may be licensed or deleted before: this copy is what is left if anything goes wrong.");

/// A restore request takes soft-deleted, disconnected and inactive mailboxes only (the reference of New-MailboxRestoreRequest).
pub(in super::super) static EXPORT_CONTENT: Step =
    Step::new("exportContent", Portal, "FIRST export what is in the mailbox: a search of it in Purview eDiscovery, exported as PST")
        .needs(&["the role eDiscovery Manager", "a place for the files"])
        .why("A live mailbox is no source for New-MailboxRestoreRequest. Look into the export before anything else is done: it is what is left if anything goes wrong.");

pub(in super::super) static MERGE: Step =
    Step::new("mergeContent", PowerShell, "Bring the old content into the mailbox that the user has now")
        .command("New-MailboxRestoreRequest -SourceMailbox {exchangeGuid} -TargetMailbox {upn} -AllowLegacyDNMismatch")
        .unless(IS_BACK)
        .replaces("New-MailboxRestoreRequest with a session of Basic authentication")
        .needs(&["the ExchangeGuid of the old mailbox, and a mailbox of the user"])
        .why(
            "Its progress: Get-MailboxRestoreRequest | Get-MailboxRestoreRequestStatistics. An archive: once more with -SourceIsArchive \
             -TargetIsArchive. Add the old LegacyExchangeDN as an X500 address, else replies to old messages fail. If the old mailbox is \
             gone, only what was saved is left, to be copied by hand.",
        );

pub(in super::super) static LOOK_AT_SOFT_MAILBOX: Step =
    Step::new("lookAtMailbox", PowerShell, "See what the soft-deleted mailbox is")
        .command(
            "Get-Mailbox -SoftDeletedMailbox -Identity {mailboxId} | Select-Object Name, DisplayName, MicrosoftOnlineServicesID, ExchangeGuid, IsInactiveMailbox, ExternalDirectoryObjectId, WhenSoftDeleted, AutoExpandingArchiveEnabled",
        )
        .replaces("Get-Mailbox -SoftDeletedMailbox … | Select-Object IsInactiveMailbox")
        .why("ExternalDirectoryObjectId not empty: restore that account instead. An inactive one with an auto-expanding archive can neither be recovered nor restored: export it by a content search (eDiscovery).");

const NEW_MAILBOX_CHECK: &str = "$old = Get-Mailbox -InactiveMailboxOnly -Identity {exchangeGuid} -ErrorAction Stop\n\
     if ($old.ExternalDirectoryObjectId) { throw 'the mailbox still has an account: restore that' }\n\
     if ($old.AutoExpandingArchiveEnabled) { throw 'it has an auto-expanding archive: it can only be exported, by a content search' }";
const NEW_MAILBOX_OLD: &str = "New-Mailbox … -InactiveMailbox … -Password (ConvertTo-SecureString -String 'Pa$$word1' -AsPlainText -Force)";
const NEW_MAILBOX_NEEDS: &[&str] =
    &["the ExchangeGuid", "an empty ExternalDirectoryObjectId and no auto-expanding archive"];
const FEDERATED_WHY: &str = "In a federated domain a user with a password is refused (\"a managed account, which doesn't match the namespace\"): \
                             the match with the account on premises gives it the UPN.";

pub(in super::super) static RECOVER_INACTIVE: Step =
    Step::new("recoverInactive", PowerShell, "Recover the inactive mailbox with a new Entra user")
        .command(
            "New-Mailbox -InactiveMailbox {exchangeGuid} -Name {mailNickname} -DisplayName {displayName} -MicrosoftOnlineServicesID {upn} -Password (Read-Host -AsSecureString 'A new password')",
        )
        .check(NEW_MAILBOX_CHECK)
        .replaces(NEW_MAILBOX_OLD)
        .needs(NEW_MAILBOX_NEEDS)
        .why("The password is asked for: one in a command line stays in the history.");

pub(in super::super) static RECOVER_INACTIVE_INITIAL: Step =
    Step::new("recoverInactiveFederated", PowerShell, "Recover the inactive mailbox with a new Entra user at onmicrosoft.com")
        .command(
            "New-Mailbox -InactiveMailbox {exchangeGuid} -Name {mailNickname} -DisplayName {displayName} -MicrosoftOnlineServicesID {initialUpn} -Password (Read-Host -AsSecureString 'A new password')",
        )
        .check(NEW_MAILBOX_CHECK)
        .replaces(NEW_MAILBOX_OLD)
        .needs(NEW_MAILBOX_NEEDS)
        .why(FEDERATED_WHY);

const UNDO_CHECK: &str = "$old = Get-Mailbox -SoftDeletedMailbox -Identity {exchangeGuid} -ErrorAction Stop\n\
     if ($old.IsInactiveMailbox) { throw 'the mailbox is inactive: recover it with New-Mailbox -InactiveMailbox' }";
const UNDO_OLD: &str = "Undo-SoftDeletedMailbox … -Password (ConvertTo-SecureString -String 'Pa$$word1' -AsPlainText -Force); Get-MsolUser …";
const UNDO_NEEDS: &[&str] = &["a deletion less than 30 days ago", "a mailbox that is not inactive"];
const UNDO: Step = Step::new("undoSoftDeleted", PowerShell, "Take the soft-deleted mailbox back")
    .command(
        "Undo-SoftDeletedMailbox -SoftDeletedObject {exchangeGuid} -WindowsLiveID {upn} -Password (Read-Host -AsSecureString 'A new password')",
    )
    .check(UNDO_CHECK)
    .replaces(UNDO_OLD)
    .needs(UNDO_NEEDS);

pub(in super::super) static UNDO_SOFT_DELETED: Step =
    UNDO.why("An Entra user of this name comes back with it; wait for it (Get-MgUser) before the next step.");

/// The walkthrough has it also where the user is there.
pub(in super::super) static UNDO_BESIDE_USER: Step = UNDO.why(
    "The page's way. The cmdlet's reference asks for a new account where the old one is still there: if it refuses this one, the next step \
     brings the content into the mailbox that the licence made.",
);

pub(in super::super) static UNDO_SOFT_DELETED_INITIAL: Step = Step::new(
    "undoSoftDeletedFederated",
    PowerShell,
    "Take the soft-deleted mailbox back with an Entra user at onmicrosoft.com",
)
.command(
    "Undo-SoftDeletedMailbox -SoftDeletedObject {exchangeGuid} -WindowsLiveID {initialUpn} -Password (Read-Host -AsSecureString 'A new password')",
)
.check(UNDO_CHECK)
.replaces(UNDO_OLD)
.needs(UNDO_NEEDS)
.why(FEDERATED_WHY);

/// Undo-SoftDeletedMailbox makes the new logon name the primary address, New-Mailbox one of its own.
pub(in super::super) static PRIMARY_ADDRESS: Step = Step::new(
    "primaryAddress",
    PowerShell,
    "Give the mailbox its old primary SMTP address, once it is there",
)
.command("Set-Mailbox -Identity {exchangeGuid} -WindowsEmailAddress {primarySmtp}")
.unless("Get-Mailbox -Identity {exchangeGuid} | Where-Object { $_.PrimarySmtpAddress -eq {primarySmtp} }")
.why("Coming back has made the new logon name its primary address. Mail goes to the old one, and an account on premises finds the user by it.");

pub(in super::super) static REMOVE_MAILBOX: Step =
    Step::new("removeMailbox", PowerShell, "Delete the mailbox that has lost its user")
        .command("Remove-Mailbox -Identity {exchangeGuid}")
        .check(
            "$box = Get-Mailbox -Identity {exchangeGuid} -ErrorAction Stop\n\
             $owner = if ($box.ExternalDirectoryObjectId) { Get-MgUser -Filter ('id eq ''' + $box.ExternalDirectoryObjectId + '''') }\n\
             if ($owner) { throw 'the mailbox has an Entra user: stop, the case is another one' }",
        )
        .replaces("Remove-Mailbox …; \"if step 2 fails, skip to step 8\", which the page does not have")
        .needs(&["an export of the content, looked at", "support's consent"])
        .why("It is kept soft-deleted for 30 days then, as a source for the last step; never with -PermanentlyDelete. If it fails: support, and nothing more. No script does this.")
        .destructive()
        .by_hand();
