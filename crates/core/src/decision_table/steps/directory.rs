//! On premises: the account comes back, gets what its deletion took, and is checked before the synchronisation sees it.

use super::super::By::{Adrecover, PowerShell};
use super::super::{Place, Step};

pub(in super::super) static UNDELETE: Step = Step::new(
    "undelete",
    Adrecover,
    "Undelete the account in Active Directory, with its old UPN",
)
.command("adrecover restore --guid {guid} --upn {upn}")
.replaces("adrestore.exe -r NAME, or the page's \"restore or create a new on-premises AD user\"")
.needs(&["the UPN as it was before the deletion"])
.why("The old object has the old GUID, by which the cloud knows it. A new one becomes a second account.");

/// The steps themselves are what remains.
pub(in super::super) static PAST_RECOVERY_STEP: Step = Step::new(
    super::super::AUTHORITATIVE_RESTORE,
    PowerShell,
    "Restore the account authoritatively from a backup: step by step under \"What remains\"",
)
.at(Place::DomainController)
.replaces("the article's authoritative restore")
.needs(&["a system state backup of a domain controller, made before the deletion and younger than the tombstone lifetime"])
.why("Nothing else brings back the same SID and GUID. It takes hours: mind the 30 days of the cloud.")
.destructive()
.by_hand();

pub(in super::super) static WRITE_ANCHOR: Step =
    Step::new("writeAnchor", PowerShell, "Write the source anchor back, which a tombstone has lost")
        .at(Place::Directory)
        .command(
            "Set-ADUser -Identity {guid} -Replace @{ 'mS-DS-ConsistencyGuid' = [Convert]::FromBase64String({immutableId}) }",
        )
        .check(
            "$anchor = [Convert]::FromBase64String({immutableId})\n\
             if ($anchor.Length -ne 16) { throw 'the immutable id is not a GUID in base64: the anchor is another attribute' }\n\
             $octets = -join ($anchor | ForEach-Object { '\\' + $_.ToString('x2') })\n\
             $holder = Get-ADObject -LDAPFilter ('(|(objectGUID=' + $octets + ')(mS-DS-ConsistencyGuid=' + $octets + '))') | Where-Object { $_.ObjectGUID -ne {guid} }\n\
             if ($holder) { throw 'another account has this anchor: stop, and find out which of the two the cloud means' }",
        )
        .needs(&["onPremisesImmutableId of the Entra user, also of a deleted one"])
        .why(
            "Only where the anchor is mS-DS-ConsistencyGuid. Without it the anchor falls back to objectGUID: the same for most users, wrong \
             for migrated ones.",
        );

const GROUPS: &str = "the groups, those that give licences above all";

/// Where no Exchange on premises minds these attributes.
pub(in super::super) static REFILL: Step =
    Step::new("refill", Adrecover, "Fill in again what the deletion took: addresses, alias, memberships")
        .command(
            "adrecover restore --guid {guid} --upn {upn} --set mail={primarySmtp} --set proxyAddresses=SMTP:{primarySmtp} --set mailNickname={mailNickname} --groups-from file:groups.csv",
        )
        .replaces("the article's \"repopulate the attributes before the next synchronisation\"")
        .needs(&["all addresses (one --set proxyAddresses=… each), from the Entra or mailbox export", GROUPS])
        .why("After a match every value on premises overwrites the cloud's, the missing ones too.");

/// Where Exchange's own cmdlets write the addresses. They come before: they take an account that has an alias already for a mail
/// user, and refuse it.
pub(in super::super) static REFILL_GROUPS: Step =
    Step::new("refillGroups", Adrecover, "Fill in again what Exchange does not: memberships, department, manager …")
        .command("adrecover restore --guid {guid} --upn {upn} --groups-from file:groups.csv")
        .replaces("the article's \"repopulate the attributes before the next synchronisation\"")
        .needs(&[GROUPS])
        .why("After a match every value on premises overwrites the cloud's, the missing ones too: --set ATTRIBUTE=VALUE for each.");

pub(in super::super) static REMOTE_MAILBOX: Step =
    Step::new("remoteMailbox", PowerShell, "Make it a remote mailbox again for Exchange on premises")
        .at(Place::ExchangeServer)
        .command(
            "Get-User -Identity {upn} | Select-Object RecipientTypeDetails, PreviousRecipientTypeDetails\n\
             Enable-RemoteMailbox -Identity {upn} -Alias {mailNickname} -RemoteRoutingAddress {routingAddress}\n\
             Set-RemoteMailbox -Identity {upn} -EmailAddressPolicyEnabled $false -PrimarySmtpAddress {primarySmtp} -ExchangeGuid {exchangeGuid}",
        )
        .replaces("Enable-RemoteMailbox alone (the article)")
        .needs(&[
            "the primary SMTP address and the ExchangeGuid of the mailbox in the cloud",
            "its other addresses: Set-RemoteMailbox -EmailAddresses @{ Add = 'smtp:…', 'X500:…' }",
        ])
        .why(
            "Enable-RemoteMailbox applies the address policy and leaves ExchangeGuid empty: hence the last command. Where homeMDB was set the \
             mailbox was on premises: Connect-Mailbox instead.",
        );

pub(in super::super) static REMOTE_MAILBOX_ANEW: Step = Step::new(
    "enableRemoteMailbox",
    PowerShell,
    "Make it a remote mailbox for Exchange on premises, without the GUID of the old mailbox",
)
.at(Place::ExchangeServer)
.command(
    "Enable-RemoteMailbox -Identity {upn} -Alias {mailNickname} -RemoteRoutingAddress {routingAddress}\n\
     Set-RemoteMailbox -Identity {upn} -EmailAddressPolicyEnabled $false -PrimarySmtpAddress {primarySmtp}",
)
.replaces("Enable-RemoteMailbox alone (the article)")
.needs(&["the primary SMTP address and the other addresses"])
.why("With the ExchangeGuid of a mailbox that is not this user's the cloud makes no mailbox, or destroys the old one.");

pub(in super::super) static ENABLE_REMOTE_NEW: Step = Step::new(
    "enableRemoteMailbox",
    PowerShell,
    "Provision a remote mailbox in Exchange on premises, if it was never enabled",
)
.at(Place::ExchangeServer)
.command("Enable-RemoteMailbox -Identity {upn} -RemoteRoutingAddress {routingAddress}")
.replaces("Enable-RemoteMailbox \"Kim Akers\" -RemoteRoutingAddress …")
.needs(&["a look at the address policy: it may change the primary SMTP address"]);

macro_rules! clear_why {
    () => {
        "A licence for a user with the GUID of another mailbox destroys that one while it is soft-deleted, and makes no new one else."
    };
}

/// As Microsoft's support for Exchange has it: ExchangeGuid may be empty, ArchiveGuid of an account with an archive may not.
pub(in super::super) static CLEAR_GUID: Step = Step::new(
    "clearExchangeGuid",
    PowerShell,
    "Take the GUID of the old mailbox off the remote mailbox, before the cycle",
)
.at(Place::ExchangeServer)
.command(
    "Get-RemoteMailbox -Identity {upn} | Select-Object ExchangeGuid, ArchiveGuid\n\
         Set-RemoteMailbox -Identity {upn} -ExchangeGuid 00000000-0000-0000-0000-000000000000",
)
.why(concat!(
    clear_why!(),
    " With an archive, too: -ArchiveGuid ([guid]::NewGuid()), an empty one is refused. Nothing to do where ExchangeGuid is empty."
));

pub(in super::super) static CLEAR_GUID_ATTRIBUTE: Step =
    Step::new("clearExchangeGuid", PowerShell, "Take the GUID of the old mailbox off the account, before the cycle")
        .at(Place::Directory)
        .command("Set-ADUser -Identity {guid} -Clear msExchMailboxGuid, msExchArchiveGUID")
        .unless(
            "if (-not (Get-ADObject -SearchBase (Get-ADObject -Identity {guid}).DistinguishedName -SearchScope Base -LDAPFilter '(msExchMailboxGuid=*)')) { 'the account carries none' }",
        )
        .why(clear_why!());

pub(in super::super) static PREFLIGHT: Step =
    Step::new("preflight", Adrecover, "Check before the synchronisation sees it")
        .command("adrecover preflight --guid {guid} --cloud PATH --mailboxes FILE --sync-config PATH")
        .needs(&["exports of the cloud, the mailboxes and the sync configuration"])
        .why(
            "Scope, anchor, UPN, addresses and conflicts: what is wrong here becomes a second account there.",
        );

pub(in super::super) static ENABLE: Step = Step::new(
    "enable",
    Adrecover,
    "Enable the account with a new password",
)
.command("adrecover restore --guid {guid} --enable --generate-password=FILE")
.replaces("Active Directory Users and Computers: Reset Password, Enable Account")
.why("A reanimated account is disabled and has no password; its hash synchronises only once it is enabled.");

pub(in super::super) static MOVE_INTO_SCOPE: Step =
    Step::new("moveIntoScope", PowerShell, "Move the account into an OU that is synchronised")
        .at(Place::Directory)
        .command("Move-ADObject -Identity {guid} -TargetPath {targetOu}")
        .unless(
            "Get-ADObject -Identity {guid} | Where-Object { $_.DistinguishedName.EndsWith(',' + {targetOu}, 'OrdinalIgnoreCase') }",
        )
        .replaces("Active Directory Users and Computers: Move")
        .needs(&["the synchronisation scope (`adrecover scope`, or the sync configuration)"])
        .why("Or widen the filter. Leave it where it lies if it is in scope and the synchronisation was what failed.");
