//! Licences: what gives a mailbox, and in the wrong moment destroys one.

use super::super::By::PowerShell;
use super::super::Step;

/// The plans that are mailboxes (Microsoft's list of product names and service plan identifiers).
const HAS_ONE: &str = "Get-MgUserLicenseDetail -UserId {upn} | Select-Object -ExpandProperty ServicePlans | \
                       Where-Object { $_.ProvisioningStatus -ne 'Disabled' -and $_.ServicePlanName -match '^EXCHANGE_S_(STANDARD|ENTERPRISE|DESKLESS|ESSENTIALS)' }";
const GIVE: &str = "Update-MgUser -UserId {upn} -UsageLocation {usageLocation}\n\
                    Set-MgUserLicense -UserId {upn} -AddLicenses @(@{ SkuId = {skuId} }) -RemoveLicenses @()";
const GIVE_OLD: &str = "Office 365 portal, or Set-MsolUserLicense";

/// The trap that Microsoft's "Delete or restore user mailboxes in Exchange Online" describes: a licensed user that carries the
/// ExchangeGuid of a soft-deleted mailbox destroys it.
macro_rules! nobody_claims_it {
    () => {
        "$claims = Get-MailUser -Filter ('ExchangeGuid -eq ''' + {exchangeGuid} + '''') -ErrorAction Stop\n\
         if ($claims) { throw 'a user carries the ExchangeGuid of the old mailbox: a licence now destroys that mailbox' }"
    };
}

pub(in super::super) static LICENCE: Step =
    Step::new("licence", PowerShell, "Give a licence with Exchange Online, if none is there")
        .command(GIVE)
        .unless(HAS_ONE)
        .replaces(GIVE_OLD)
        .needs(&[
            "a free seat of a product with Exchange Online",
            "to know whether a group gives the licence: then its membership brings it back",
        ]);

pub(in super::super) static LICENCE_BACK: Step = Step::new(
    "licenceBack",
    PowerShell,
    "Give the licence back first: within 30 days that alone usually reconnects the mailbox",
)
.command(GIVE)
.unless(HAS_ONE)
.replaces(GIVE_OLD)
.needs(&["the time at which the licence was removed (audit log: Change user license)"])
.why("It destroys nothing. Wait some minutes, then look for the mailbox.");

pub(in super::super) static LICENCE_AFTER_SAVING: Step =
    Step::new("licenceAfterSaving", PowerShell, "Only now give the licence")
        .command(GIVE)
        .check(concat!(
            "$saved = Get-MailboxRestoreRequest -Status Completed -ErrorAction Stop | Get-MailboxRestoreRequestStatistics | Where-Object { $_.SourceExchangeGuid -eq {exchangeGuid} }\n\
             if (-not $saved) { throw 'no completed restore request has saved the old mailbox' }\n",
            nobody_claims_it!()
        ))
        .replaces(GIVE_OLD)
        .needs(&["a copy of the old mailbox, looked at"])
        .why("Licensing a user that carries the old ExchangeGuid destroys the soft-deleted mailbox for good.")
        .destructive();

pub(in super::super) static LICENCE_BESIDE: Step =
    Step::new("licenceAfterSaving", PowerShell, "Only now give the licence to the new user")
        .command(GIVE)
        .check(nobody_claims_it!())
        .replaces(GIVE_OLD)
        .needs(&["an export of the old mailbox, looked at"])
        .why("Licensing a user that carries the old ExchangeGuid destroys the soft-deleted mailbox for good.")
        .destructive();

pub(in super::super) static LICENCE_RECONNECTED: Step =
    Step::new("licenceReconnected", PowerShell, "Give the licence, once the old mailbox is connected")
        .command(GIVE)
        .check(
            "$soft = Get-Mailbox -SoftDeletedMailbox -Filter ('ExchangeGuid -eq ''' + {exchangeGuid} + '''') -ErrorAction Stop\n\
             if ($soft) { throw 'the old mailbox is still soft-deleted: a licence now can destroy it' }\n\
             $now = Get-Mailbox -Identity {upn} -ErrorAction Stop\n\
             if ($now.ExchangeGuid -ne {exchangeGuid}) { throw 'the mailbox of this user is not the old one' }",
        )
        .replaces(GIVE_OLD)
        .needs(&["the ExchangeGuid of the old mailbox, to see that the user has that one now"])
        .why("Without a licence the mailbox goes again after 30 days.");

pub(in super::super) static WHEN_LICENCE_REMOVED: Step =
    Step::new("whenLicenceRemoved", PowerShell, "Find out whether a licence was removed, and when")
        .command(
            "Get-Mailbox -SoftDeletedMailbox -Filter ('ExternalDirectoryObjectId -eq ''' + {entraId} + '''') | Select-Object ExchangeGuid, WhenSoftDeleted, IsInactiveMailbox\n\
             Get-MgUser -UserId {upn} -Property LicenseAssignmentStates | Select-Object -ExpandProperty LicenseAssignmentStates\n\
             Get-MgAuditLogDirectoryAudit -Filter \"activityDisplayName eq 'Change user license'\" -All | Select-Object ActivityDateTime, InitiatedBy, TargetResources",
        )
        .replaces("Office 365 portal: the user's licence status")
        .why("A licence that was removed less than 30 days ago, given back, usually brings the old mailbox. A mailbox found by the first line: the case is another one (soft-deleted).");

pub(in super::super) static DELETED_LICENCES: Step =
    Step::new("deletedLicences", PowerShell, "See whether the deleted user has a licence")
        .command("Get-MgDirectoryDeletedItemAsUser -DirectoryObjectId {entraId} -Property Id, UserPrincipalName, AssignedLicenses | Select-Object -ExpandProperty AssignedLicenses")
        .replaces("Get-MsolUser … | Select-Object Licenses")
        .why("None: the mailbox was disabled before and is not recoverable. One: look for the mailbox again, by ExternalDirectoryObjectId.");
