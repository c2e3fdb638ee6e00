//! In the cloud: the Entra user, and who has to be asked.

use super::super::By::{Adrecover, Portal, PowerShell, Support, Wait};
use super::super::Step;

const CONNECT_OLD: &str = "$cred = Get-Credential; Connect-MsolService -Credential $cred; New-PSSession -ConfigurationName \
                           Microsoft.Exchange -Authentication Basic … (both are gone)";

pub(in super::super) static CONNECT: Step =
    Step::new("connect", PowerShell, "Connect to Entra ID and to Exchange Online")
        .command(
            "Connect-MgGraph -Scopes 'User.ReadWrite.All', 'User.DeleteRestore.All', 'Organization.Read.All', 'Domain.Read.All', 'AuditLog.Read.All'\n\
             Connect-ExchangeOnline",
        )
        .replaces(CONNECT_OLD)
        .needs(&["an account that may restore users and manage mailboxes"]);

const LOOK_AT_MAILBOX: &str = "Get-EXOMailbox -Identity {upn} -Properties ExternalDirectoryObjectId, ExchangeGuid | Select-Object \
                               PrimarySmtpAddress, ExternalDirectoryObjectId, ExchangeGuid";

pub(in super::super) static VERIFY: Step =
    Step::new("verify", PowerShell, "See that user and mailbox belong together")
        .command(
            "Get-MgUser -UserId {upn} -Property Id, UserPrincipalName, AccountEnabled, OnPremisesSyncEnabled, OnPremisesProvisioningErrors | \
             Select-Object Id, UserPrincipalName, AccountEnabled, OnPremisesSyncEnabled, OnPremisesProvisioningErrors\n\
             Get-EXOMailbox -Identity {mailboxId} -Properties ExternalDirectoryObjectId, ExchangeGuid | \
             Select-Object PrimarySmtpAddress, ExternalDirectoryObjectId, ExchangeGuid",
        )
        .replaces("Get-MsolUser -UserPrincipalName …; Get-Mailbox …")
        .why("ExternalDirectoryObjectId has to be the user's Id. If the user still cannot work, look at sign-in, licence and client, not at recovery.");

pub(in super::super) static LOGON_TEST: Step = Step::new(
    "logonTest",
    Wait,
    "Have the user sign in and open the mailbox",
)
.command(LOOK_AT_MAILBOX)
.replaces("Get-Mailbox …")
.needs(&["the ExchangeGuid from before, to see that it is the old mailbox"])
.why(
    "Another ExchangeGuid: this is a new, empty mailbox. Then, or where there is none, change nothing more and ask Microsoft's support \
     while the old one is kept.",
);

pub(in super::super) static LOGON_TEST_NEW: Step = Step::new(
    "logonTest",
    Wait,
    "Have the user sign in and open the new mailbox",
)
.command(LOOK_AT_MAILBOX)
.replaces("Get-Mailbox …")
.why("A new mailbox may take half an hour. An X500 address with the old LegacyExchangeDN, if it is known, makes replies to old messages arrive.");

pub(in super::super) static COMPARE_SOFT_MAILBOX: Step =
    Step::new("compareIds", PowerShell, "Compare the soft-deleted mailbox with the Entra user")
        .command(
            "Get-Mailbox -SoftDeletedMailbox -Identity {mailboxId} | Select-Object ExternalDirectoryObjectId, ExchangeGuid, IsInactiveMailbox, WhenSoftDeleted\n\
             Get-MgUser -UserId {upn} -Property Id, UserPrincipalName | Select-Object Id, UserPrincipalName",
        )
        .replaces("Get-Mailbox -SoftDeletedMailbox … | Select-Object ExternalDirectoryObjectID; Get-MsolUser -ObjectID …")
        .needs(&["the Entra user's Id", "the mailbox's ExternalDirectoryObjectId"])
        .why("Equal: it is this user's mailbox. Different: there are two users for one person.");

pub(in super::super) static COMPARE_LIVE_MAILBOX: Step =
    Step::new("compareIds", PowerShell, "Compare the mailbox with the deleted Entra user")
        .command(
            "Get-Mailbox -Identity {mailboxId} | Select-Object ExternalDirectoryObjectId, UserPrincipalName, ExchangeGuid\n\
             Get-MgDirectoryDeletedItemAsUser -All -Property Id, UserPrincipalName, DeletedDateTime | \
             Where-Object { ($_.UserPrincipalName -replace '^[0-9a-f]{32}') -eq {upn} } | Select-Object Id, UserPrincipalName, DeletedDateTime",
        )
        .replaces("Get-Mailbox … | Select-Object ExternalDirectoryObjectID; Get-MsolUser -ReturnDeletedUsers …")
        .needs(&["the deleted user's Id", "the mailbox's ExternalDirectoryObjectId"])
        .why("In the bin the UPN stands behind the object id. Nothing found by either: an orphan or a duplicate, for support.");

pub(in super::super) static RESTORE_ENTRA: Step =
    Step::new("restoreEntraUser", PowerShell, "Restore the deleted Entra user")
        .command("Restore-MgDirectoryDeletedItem -DirectoryObjectId {entraId}")
        .check(
            "$holder = Get-MgUser -Filter ('userPrincipalName eq ''' + {upn}.Replace(\"'\", \"''\") + '''')\n\
             if ($holder) { throw 'another user has the UPN now: free it first' }",
        )
        .replaces("Restore-MsolUser -ObjectId $DelUser.ObjectId")
        .needs(&["the deleted user's object id"])
        .why(
            "Where the UPN or an address is taken: Restore-EntraDeletedDirectoryObject with -NewUserPrincipalName; -AutoReconcileProxyConflict \
             REMOVES the disputed addresses from this user.",
        );

pub(in super::super) static SOFT_DELETE_ENTRA: Step =
    Step::new("softDeleteEntraUser", PowerShell, "Delete the Entra user, so that its restore reconnects the mailbox")
        .command("Remove-MgUser -UserId {entraId}")
        .check(
            "$soft = Get-Mailbox -SoftDeletedMailbox -Identity {exchangeGuid} -ErrorAction Stop\n\
             if ($soft.ExternalDirectoryObjectId -ne {entraId}) { throw 'the soft-deleted mailbox belongs to another user: stop, and ask support' }\n\
             $live = Get-Mailbox -Filter ('ExternalDirectoryObjectId -eq ''' + {entraId} + '''') -ErrorAction Stop\n\
             if ($live) { throw 'the user has a mailbox already' }",
        )
        .replaces("Remove-MsolUser -UserPrincipalName …")
        .needs(&["equal ids", "the ExchangeGuid of the soft-deleted mailbox"])
        .why("The user is away for five minutes and more. Never with -RemoveFromRecycleBin, and never a second time from the bin.")
        .destructive();

pub(in super::super) static WAIT_FIVE: Step = Step::new("waitFiveMinutes", Wait, "Wait five minutes")
    .command(
        "Get-MgDirectoryDeletedItemAsUser -DirectoryObjectId {entraId} -Property Id, UserPrincipalName, DeletedDateTime | \
         Select-Object Id, UserPrincipalName, DeletedDateTime",
    )
    .replaces("Get-MsolUser -ReturnDeletedUsers …")
    .why("It has to be in the bin before it is restored.");

pub(in super::super) static SUPPORT: Step =
    Step::new("support", Support, "Open a case with Microsoft's support")
        .needs(&["the tenant id, both object ids, the ExchangeGuid, the times of deletion"])
        .why("Have the mailbox held until it is answered, and change nothing meanwhile.");

pub(in super::super) static SUPPORT_DUPLICATE: Step =
    Step::new("supportDuplicate", Support, "Two users for one person: open a case with Microsoft's support")
        .needs(&["both object ids, the ExchangeGuid, and which of the two has the licence"])
        .why("Deleting either of them by guess can take the mailbox with it.");

pub(in super::super) static NEW_ENTRA_USER: Step =
    Step::new("newEntraUser", Portal, "Create a new user in the Microsoft 365 admin centre")
        .replaces("Office 365 portal: create a new user account")
        .needs(&["the old UPN and addresses"])
        .why(
            "Its id is new: permissions, group memberships and OneDrive of the old user do not come with it.",
        );

pub(in super::super) static GUIDE_AGAIN: Step =
    Step::new("guideAgain", Adrecover, "Go on as the case says that it is now")
        .command("adrecover guide --on-prem present --entra present --mailbox soft-deleted")
        .why("The account is there again, and only the mailbox is missing.");
