//! The steps that cells are made of.

use super::By::{Adrecover, Portal, PowerShell, Support, Wait};
use super::{Place, Step};

const CONNECT_OLD: &str = "$cred = Get-Credential; Connect-MsolService -Credential $cred; New-PSSession -ConfigurationName \
                           Microsoft.Exchange -Authentication Basic … (both are gone)";

pub(super) static CONNECT: Step = Step::new("connect", PowerShell, "Connect to Entra ID and to Exchange Online")
    .command(
        "Connect-MgGraph -Scopes 'User.ReadWrite.All', 'User.DeleteRestore.All', 'Organization.Read.All'\nConnect-ExchangeOnline",
    )
    .replaces(CONNECT_OLD)
    .needs(&["an account that may restore users and manage mailboxes"]);

pub(super) static VERIFY: Step = Step::new("verify", PowerShell, "See that user and mailbox belong together")
    .command(
        "Get-MgUser -UserId {upn} -Property Id, UserPrincipalName, AccountEnabled, OnPremisesSyncEnabled, OnPremisesProvisioningErrors\n\
         Get-EXOMailbox -Identity {mailboxId} -Properties ExternalDirectoryObjectId, ExchangeGuid",
    )
    .replaces("Get-MsolUser -UserPrincipalName …; Get-Mailbox …")
    .why("ExternalDirectoryObjectId has to be the user's Id. If the user still cannot work, look at sign-in, licence and client, not at recovery.");

pub(super) static LOGON_TEST: Step = Step::new(
    "logonTest",
    Wait,
    "Have the user sign in and open the mailbox",
)
.command("Get-EXOMailbox -Identity {upn} -Properties ExternalDirectoryObjectId, ExchangeGuid")
.replaces("Get-Mailbox …")
.needs(&["the ExchangeGuid from before, to see that it is the old mailbox"])
.why("ExchangeGuid has to be the one of the old mailbox: with another one this is a new, empty mailbox.");

// On the sync server.

pub(super) static HOLD_SYNC: Step =
    Step::new("holdSync", PowerShell, "Hold the synchronisation before anything else")
        .at(Place::SyncServer)
        .command("Set-ADSyncScheduler -SyncCycleEnabled $false")
        .needs(&["rights on the server of Entra Connect Sync"])
        .why("A cycle runs every 30 minutes and takes a half-filled object with it. With Cloud Sync pause its job in the portal instead.");

pub(super) static RELEASE_SYNC: Step =
    Step::new("releaseSync", PowerShell, "Release the synchronisation and run a delta cycle")
        .at(Place::SyncServer)
        .command("Set-ADSyncScheduler -SyncCycleEnabled $true\nStart-ADSyncSyncCycle -PolicyType Delta")
        .replaces("Start-OnlineCoexistenceSync, or the page's wait of three hours")
        .needs(&["the pre-flight passed"])
        .why(
            "Where filters of OUs or domains were changed: -PolicyType Initial, a delta does not apply them.",
        );

pub(super) static RELEASE_ONLY: Step =
    Step::new("releaseSync", PowerShell, "Release the synchronisation again")
        .at(Place::SyncServer)
        .command("Set-ADSyncScheduler -SyncCycleEnabled $true");

pub(super) static DELTA: Step = Step::new("deltaSync", PowerShell, "Run a delta cycle")
    .at(Place::SyncServer)
    .command("Start-ADSyncSyncCycle -PolicyType Delta")
    .replaces("Start-OnlineCoexistenceSync, or the page's wait of three hours")
    .why("Where filters of OUs or domains were changed: -PolicyType Initial, a delta does not apply them.");

pub(super) static SYNC_HEALTH: Step =
    Step::new("syncHealth", PowerShell, "Find out why the deletion has not reached the cloud")
        .at(Place::SyncServer)
        .command(
            "Get-ADSyncScheduler\nGet-ADSyncRunProfileResult -NumberRequested 10 | Select-Object ConnectorName, RunProfileName, Result, StartDate",
        )
        .replaces("the page's link to directory synchronisation troubleshooting")
        .why("Stopped, in staging mode, or `stopped-deletion-threshold-exceeded`: then your restore is not exported either.");

pub(super) static WAIT_FOR_USER: Step =
    Step::new("waitForUser", Wait, "Wait for the Entra user: one cycle and its export, up to 30 minutes")
        .command("Get-MgUser -UserId {upn} -Property Id, UserPrincipalName, OnPremisesSyncEnabled, OnPremisesImmutableId")
        .replaces("Get-MsolUser -UserPrincipalName … after \"three hours\"")
        .needs(&["the object id that the Entra user had, if there was one: the same id says that it is the old user"])
        .why("A UPN at onmicrosoft.com or another id says that it became a second account: stop, and look for the conflict.");

// On premises.

pub(super) static UNDELETE: Step = Step::new(
    "undelete",
    Adrecover,
    "Undelete the account in Active Directory, with its old UPN",
)
.command("adrecover restore --guid {guid} --upn {upn}")
.replaces("adrestore.exe -r NAME, or the page's \"restore or create a new on-premises AD user\"")
.needs(&["the deleted object", "the UPN as it was before the deletion"])
.why("The old object has the old GUID, by which the cloud knows it. A new one becomes a second account.");

pub(super) static PAST_RECOVERY_STEP: Step =
    Step::new("authoritativeRestore", PowerShell, "Restore it authoritatively from a backup, as \"What remains\" has it (docs/decision-table.md)")
        .at(Place::DomainController)
        .command("ntdsutil\nactivate instance ntds\nauthoritative restore\nrestore object \"<DN>\"\nquit\nquit")
        .replaces("the article's authoritative restore")
        .needs(&["a system state backup of a domain controller, made before the deletion and younger than the tombstone lifetime"])
        .why("Nothing else brings back the same SID and GUID.")
        .destructive()
        .by_hand();

pub(super) static WRITE_ANCHOR: Step =
    Step::new("writeAnchor", PowerShell, "Write the source anchor back, which a tombstone has lost")
        .at(Place::Directory)
        .command(
            "Set-ADUser -Identity {guid} -Replace @{ 'mS-DS-ConsistencyGuid' = [Convert]::FromBase64String({immutableId}) }",
        )
        .check(
            "if ([Convert]::FromBase64String({immutableId}).Length -ne 16) { throw 'the immutable id is not a GUID in base64: the anchor is another attribute' }",
        )
        .needs(&["onPremisesImmutableId of the Entra user, also of a deleted one"])
        .why("Only where the anchor is mS-DS-ConsistencyGuid. Without it the anchor falls back to objectGUID: the same for most users, wrong for migrated ones.");

pub(super) static REFILL: Step =
    Step::new("refill", Adrecover, "Fill in again what the deletion took: addresses, alias, memberships")
        .command(
            "adrecover restore --guid {guid} --upn {upn} --set mail={primarySmtp} --set proxyAddresses=SMTP:{primarySmtp} --set mailNickname={mailNickname} --groups-from file:groups.csv",
        )
        .replaces("the article's \"repopulate the attributes before the next synchronisation\"")
        .needs(&["all addresses (one --set proxyAddresses=… each), from the Entra or mailbox export", "the groups, those that give licences above all"])
        .why("After a match every value on premises overwrites the cloud's, the missing ones too.");

pub(super) static REMOTE_MAILBOX: Step =
    Step::new("remoteMailbox", PowerShell, "Make it a remote mailbox again for Exchange on premises")
        .at(Place::ExchangeServer)
        .command(
            "Get-User -Identity {upn} | Select-Object RecipientTypeDetails, PreviousRecipientTypeDetails\n\
             Enable-RemoteMailbox -Identity {upn} -RemoteRoutingAddress {routingAddress}\n\
             Set-RemoteMailbox -Identity {upn} -EmailAddressPolicyEnabled $false -PrimarySmtpAddress {primarySmtp} -ExchangeGuid {exchangeGuid}",
        )
        .replaces("Enable-RemoteMailbox alone (the article)")
        .needs(&["the primary SMTP address and ExchangeGuid of the old mailbox"])
        .why("Enable-RemoteMailbox applies the address policy and leaves ExchangeGuid empty: hence the second command. Where homeMDB was set the mailbox was on premises: Connect-Mailbox instead.");

pub(super) static PREFLIGHT: Step =
    Step::new("preflight", Adrecover, "Check before the synchronisation sees it")
        .command("adrecover preflight --guid {guid} --cloud PATH --mailboxes FILE --sync-config PATH")
        .needs(&["exports of the cloud, the mailboxes and the sync configuration"])
        .why(
            "Scope, anchor, UPN, addresses and conflicts: what is wrong here becomes a second account there.",
        );

pub(super) static ENABLE: Step =
    Step::new("enable", Adrecover, "Enable the account with a new password")
        .command("adrecover restore --guid {guid} --enable --generate-password=FILE")
        .replaces("Active Directory Users and Computers: Reset Password, Enable Account")
        .why("A reanimated account is disabled and has no password; its hash synchronises only once it is enabled.");

pub(super) static MOVE_INTO_SCOPE: Step = Step::new(
    "moveIntoScope",
    PowerShell,
    "Move the account into an OU that is synchronised, if it lies outside",
)
.at(Place::Directory)
.command("Move-ADObject -Identity {guid} -TargetPath {targetOu}")
.replaces("Active Directory Users and Computers: Move")
.needs(&["the synchronisation scope (`adrecover scope`, or the sync configuration)"])
.why(
    "Or widen the filter. Leave it where it lies if it is in scope and the synchronisation was what failed.",
);

// In the cloud.

pub(super) static COMPARE_SOFT_MAILBOX: Step =
    Step::new("compareIds", PowerShell, "Compare the soft-deleted mailbox with the Entra user")
        .command(
            "Get-Mailbox -SoftDeletedMailbox -Identity {mailboxId} | Select-Object ExternalDirectoryObjectId, ExchangeGuid, IsInactiveMailbox, WhenSoftDeleted\n\
             Get-MgUser -UserId {upn} -Property Id, UserPrincipalName",
        )
        .replaces("Get-Mailbox -SoftDeletedMailbox … | Select-Object ExternalDirectoryObjectID; Get-MsolUser -ObjectID …")
        .needs(&["the Entra user's Id", "the mailbox's ExternalDirectoryObjectId"])
        .why("Equal: it is this user's mailbox. Different: there are two users for one person.");

pub(super) static COMPARE_LIVE_MAILBOX: Step =
    Step::new("compareIds", PowerShell, "Compare the mailbox with the deleted Entra user")
        .command(
            "Get-Mailbox -Identity {mailboxId} | Select-Object ExternalDirectoryObjectId, UserPrincipalName, ExchangeGuid\n\
             Get-MgDirectoryDeletedItemAsUser -All -Property Id, UserPrincipalName, DeletedDateTime | Where-Object { $_.UserPrincipalName.EndsWith({upn}, 'OrdinalIgnoreCase') }",
        )
        .replaces("Get-Mailbox … | Select-Object ExternalDirectoryObjectID; Get-MsolUser -ReturnDeletedUsers …")
        .needs(&["the deleted user's Id", "the mailbox's ExternalDirectoryObjectId"])
        .why("In the bin the UPN stands behind the object id. Nothing found by either: an orphan or a duplicate, for support.");

pub(super) static RESTORE_ENTRA: Step =
    Step::new("restoreEntraUser", PowerShell, "Restore the deleted Entra user")
        .command("Restore-MgDirectoryDeletedItem -DirectoryObjectId {entraId}")
        .check(
            "$holder = Get-MgUser -Filter ('userPrincipalName eq ''' + {upn}.Replace(\"'\", \"''\") + '''')\n\
             if ($holder) { throw 'another user has the UPN now: free it first' }",
        )
        .replaces("Restore-MsolUser -ObjectId $DelUser.ObjectId")
        .needs(&["the deleted user's object id"])
        .why("Where the UPN or an address is taken: Restore-EntraDeletedDirectoryObject with -NewUserPrincipalName; -AutoReconcileProxyConflict REMOVES the disputed addresses from this user.");

pub(super) static SOFT_DELETE_ENTRA: Step =
    Step::new("softDeleteEntraUser", PowerShell, "Delete the Entra user, so that its restore reconnects the mailbox")
        .command("Remove-MgUser -UserId {entraId}")
        .check(
            "$soft = Get-Mailbox -SoftDeletedMailbox -Identity {exchangeGuid} -ErrorAction Stop\n\
             if ($soft.ExternalDirectoryObjectId -ne {entraId}) { throw 'the soft-deleted mailbox belongs to another user: stop, and ask support' }\n\
             if (Get-EXOMailbox -Identity {entraId} -ErrorAction SilentlyContinue) { throw 'the user has a mailbox already' }",
        )
        .replaces("Remove-MsolUser -UserPrincipalName …")
        .needs(&["equal ids", "the ExchangeGuid of the soft-deleted mailbox"])
        .why("The user is away for five minutes and more. Try the licence first, which destroys nothing.")
        .destructive();

pub(super) static WAIT_FIVE: Step = Step::new("waitFiveMinutes", Wait, "Wait five minutes")
    .command("Get-MgDirectoryDeletedItemAsUser -DirectoryObjectId {entraId} -Property Id, UserPrincipalName, DeletedDateTime")
    .replaces("Get-MsolUser -ReturnDeletedUsers …")
    .why("It has to be in the bin before it is restored.");

pub(super) static LICENCE: Step =
    Step::new("licence", PowerShell, "Give a licence with Exchange Online, if none is there")
        .command(
            "Get-MgUserLicenseDetail -UserId {upn}\n\
             Update-MgUser -UserId {upn} -UsageLocation {usageLocation}\n\
             Set-MgUserLicense -UserId {upn} -AddLicenses @(@{ SkuId = {skuId} }) -RemoveLicenses @()",
        )
        .replaces("Office 365 portal, or Set-MsolUserLicense")
        .needs(&[
            "a free seat of a product with Exchange Online",
            "whether a group gives the licence: then its membership brings it back",
        ]);

pub(super) static LICENCE_BACK: Step = Step::new(
    "licenceBack",
    PowerShell,
    "Give the licence back first: within 30 days that alone usually reconnects the mailbox",
)
.command(
    "Get-MgUserLicenseDetail -UserId {upn}\n\
             Set-MgUserLicense -UserId {upn} -AddLicenses @(@{ SkuId = {skuId} }) -RemoveLicenses @()",
)
.replaces("Office 365 portal, or Set-MsolUserLicense")
.needs(&["when the licence was removed (audit log: Change user license)"])
.why("Wait some minutes, then look for the mailbox. If it is there, the rest is not needed.");

pub(super) static LICENCE_AFTER_SAVING: Step =
    Step::new("licenceAfterSaving", PowerShell, "Only now give the licence")
        .command(
            "Update-MgUser -UserId {upn} -UsageLocation {usageLocation}\n\
             Set-MgUserLicense -UserId {upn} -AddLicenses @(@{ SkuId = {skuId} }) -RemoveLicenses @()",
        )
        .check(
            "$saved = Get-MailboxRestoreRequest -Status Completed | Get-MailboxRestoreRequestStatistics | Where-Object { $_.SourceExchangeGuid -eq {exchangeGuid} }\n\
             if (-not $saved) { throw 'no completed restore request has saved the old mailbox' }",
        )
        .replaces("Office 365 portal, or Set-MsolUserLicense")
        .needs(&["the content of the old mailbox is saved, or the mailbox is connected again"])
        .why("Licensing a user that carries the old ExchangeGuid can destroy the soft-deleted mailbox for good.")
        .destructive();

pub(super) static LICENCE_RECONNECTED: Step =
    Step::new("licenceReconnected", PowerShell, "Give the licence, once the old mailbox is connected")
        .command(
            "Update-MgUser -UserId {upn} -UsageLocation {usageLocation}\n\
             Set-MgUserLicense -UserId {upn} -AddLicenses @(@{ SkuId = {skuId} }) -RemoveLicenses @()",
        )
        .check(
            "if (Get-Mailbox -SoftDeletedMailbox -Identity {exchangeGuid} -ErrorAction SilentlyContinue) { throw 'the old mailbox is still soft-deleted: a licence now can destroy it' }\n\
             Get-Mailbox -Identity {upn} -ErrorAction Stop | Out-Null",
        )
        .replaces("Office 365 portal, or Set-MsolUserLicense")
        .needs(&["the mailbox that the user has now is the old one (ExchangeGuid)"])
        .why("Without a licence the mailbox goes again after 30 days.");

pub(super) static WHEN_LICENCE_REMOVED: Step =
    Step::new("whenLicenceRemoved", PowerShell, "Find out whether a licence was removed, and when")
        .command(
            "Get-Mailbox -SoftDeletedMailbox -ResultSize Unlimited | Where-Object { $_.ExternalDirectoryObjectId -eq {entraId} }\n\
             Get-MgUser -UserId {upn} -Property AssignedLicenses, LicenseAssignmentStates",
        )
        .replaces("Office 365 portal: the user's licence status")
        .needs(&["the audit log (Change user license)"])
        .why("A licence that was removed less than 30 days ago, given back, usually brings the old mailbox.");

pub(super) static SAVE_CONTENT: Step =
    Step::new("saveContent", PowerShell, "FIRST save what is in the old mailbox, into another one")
        .command(
            "New-MailboxRestoreRequest -SourceMailbox {exchangeGuid} -TargetMailbox {saveTo} -TargetRootFolder 'Recovered' -AllowLegacyDNMismatch",
        )
        .needs(&["the ExchangeGuid of the old mailbox", "a licensed mailbox with room"])
        .why("Synchronising a user with the old ExchangeGuid and licensing it hard-deletes the soft-deleted mailbox.");

pub(super) static WAIT_SAVED: Step =
    Step::new("waitForContent", Wait, "Wait until the copy is `Completed`, and look into it")
        .command(
            "Get-MailboxRestoreRequest | Get-MailboxRestoreRequestStatistics | Select-Object Name, Status, PercentComplete",
        )
        .why("Nothing may be licensed or deleted before: this copy is what is left if anything goes wrong.");

pub(super) static MERGE: Step =
    Step::new("mergeContent", PowerShell, "Bring the old content into the new mailbox")
        .command(
            "New-MailboxRestoreRequest -SourceMailbox {exchangeGuid} -TargetMailbox {upn} -AllowLegacyDNMismatch\n\
             Get-MailboxRestoreRequest | Get-MailboxRestoreRequestStatistics | Select-Object Name, Status, PercentComplete",
        )
        .replaces("New-MailboxRestoreRequest with a session of Basic authentication")
        .needs(&["the ExchangeGuid of the old mailbox; of the saved copy if the old one is gone"])
        .why("Add the old LegacyExchangeDN as an x500 address, else replies to old messages fail.");

pub(super) static LOOK_AT_SOFT_MAILBOX: Step =
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

pub(super) static RECOVER_INACTIVE: Step =
    Step::new("recoverInactive", PowerShell, "Recover the inactive mailbox with a new Entra user")
        .command(
            "New-Mailbox -InactiveMailbox {exchangeGuid} -Name {mailNickname} -DisplayName {displayName} -MicrosoftOnlineServicesID {upn} -Password (Read-Host -AsSecureString 'A new password')",
        )
        .check(NEW_MAILBOX_CHECK)
        .replaces(NEW_MAILBOX_OLD)
        .needs(&["the ExchangeGuid", "an empty ExternalDirectoryObjectId and no auto-expanding archive"])
        .why("The password is asked for: one in a command line stays in the history.");

pub(super) static RECOVER_INACTIVE_INITIAL: Step =
    Step::new("recoverInactiveFederated", PowerShell, "Recover the inactive mailbox with a new Entra user at onmicrosoft.com")
        .command(
            "New-Mailbox -InactiveMailbox {exchangeGuid} -Name {mailNickname} -DisplayName {displayName} -MicrosoftOnlineServicesID {initialUpn} -Password (Read-Host -AsSecureString 'A new password')\n\
             Set-Mailbox -Identity {initialUpn} -WindowsEmailAddress {primarySmtp}",
        )
        .check(NEW_MAILBOX_CHECK)
        .replaces(NEW_MAILBOX_OLD)
        .needs(&["the ExchangeGuid", "an empty ExternalDirectoryObjectId and no auto-expanding archive"])
        .why("In a federated domain a user cannot be made this way: the match with the account on premises gives it the UPN. Its primary SMTP address has to be the old one.");

pub(super) static UNDO_SOFT_DELETED: Step =
    Step::new("undoSoftDeleted", PowerShell, "Take the soft-deleted mailbox back")
        .command(
            "Undo-SoftDeletedMailbox -SoftDeletedObject {exchangeGuid} -WindowsLiveID {upn} -Password (Read-Host -AsSecureString 'A new password')\n\
             Get-MgUser -UserId {upn} -Property Id, UserPrincipalName, OnPremisesImmutableId",
        )
        .check(
            "$old = Get-Mailbox -SoftDeletedMailbox -Identity {exchangeGuid} -ErrorAction Stop\n\
             if ($old.IsInactiveMailbox) { throw 'the mailbox is inactive: recover it with New-Mailbox -InactiveMailbox' }",
        )
        .replaces("Undo-SoftDeletedMailbox … -Password (ConvertTo-SecureString -String 'Pa$$word1' -AsPlainText -Force); Get-MsolUser …")
        .needs(&["soft-deleted for less than 30 days", "not inactive"])
        .why("The user comes back with it; wait for it before the next step.");

pub(super) static REMOVE_MAILBOX: Step =
    Step::new("removeMailbox", PowerShell, "Delete the mailbox that has lost its user")
        .command("Remove-Mailbox -Identity {exchangeGuid}")
        .check(
            "$saved = Get-MailboxRestoreRequest -Status Completed | Get-MailboxRestoreRequestStatistics | Where-Object { $_.SourceExchangeGuid -eq {exchangeGuid} }\n\
             if (-not $saved) { throw 'no completed restore request has saved the mailbox' }",
        )
        .replaces("Remove-Mailbox …; \"if step 2 fails, skip to step 8\", which the page does not have")
        .needs(&["the content is saved and looked at", "support does not object"])
        .why("If it fails: support. No script does this.")
        .destructive()
        .by_hand();

pub(super) static SUPPORT: Step = Step::new("support", Support, "Open a case with Microsoft's support")
    .needs(&["the tenant id, both object ids, the ExchangeGuid, the times of deletion"])
    .why("Have the mailbox held until it is answered, and change nothing meanwhile.");

pub(super) static SUPPORT_DUPLICATE: Step =
    Step::new("supportDuplicate", Support, "Two users for one person: open a case with Microsoft's support")
        .needs(&["both object ids, the ExchangeGuid, and which of the two has the licence"])
        .why("Deleting either of them by guess can take the mailbox with it.");

pub(super) static NEW_ENTRA_USER: Step =
    Step::new("newEntraUser", Portal, "Create a new user in the Microsoft 365 admin centre")
        .replaces("Office 365 portal: create a new user account")
        .needs(&["the old UPN and addresses"])
        .why(
            "Its id is new: permissions, group memberships and OneDrive of the old user do not come with it.",
        );

pub(super) static ENABLE_REMOTE_NEW: Step = Step::new(
    "enableRemoteMailbox",
    PowerShell,
    "Provision a remote mailbox in Exchange on premises, if it was never enabled",
)
.at(Place::ExchangeServer)
.command("Enable-RemoteMailbox -Identity {upn} -RemoteRoutingAddress {routingAddress}")
.replaces("Enable-RemoteMailbox \"Kim Akers\" -RemoteRoutingAddress …")
.needs(&["the address policy: it may change the primary SMTP address"])
.why("A msExchMailboxGuid of a mailbox that was never migrated keeps the cloud from making one.");

pub(super) static DELETED_LICENCES: Step =
    Step::new("deletedLicences", PowerShell, "See whether the deleted user has a licence")
        .command("Get-MgDirectoryDeletedItemAsUser -DirectoryObjectId {entraId} -Property Id, UserPrincipalName, AssignedLicenses | Select-Object -ExpandProperty AssignedLicenses")
        .replaces("Get-MsolUser … | Select-Object Licenses")
        .why("None: the mailbox was disabled before and is not recoverable. One: look for the mailbox again, by ExternalDirectoryObjectId.");
