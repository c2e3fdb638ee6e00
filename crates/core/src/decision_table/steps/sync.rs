//! On the sync server: the synchronisation is held before anything, and released when all is right.

use super::super::By::{PowerShell, Wait};
use super::super::{Place, Step};

pub(in super::super) static HOLD_SYNC: Step = Step::new("holdSync", PowerShell, "Hold the synchronisation")
    .at(Place::SyncServer)
    .command(
        "Set-ADSyncScheduler -SyncCycleEnabled $false\n\
         Get-ADSyncScheduler | Select-Object SyncCycleEnabled, SyncCycleInProgress, StagingModeEnabled",
    )
    .needs(&["rights on the server of Entra Connect Sync, on the one that is not in staging mode"])
    .why(
        "A cycle runs every 30 minutes and takes a half-filled object with it. SyncCycleInProgress True: one is running, \
         Stop-ADSyncSyncCycle ends it. With Cloud Sync pause its job in the portal instead. Whatever comes of the rest: release it again.",
    );

const RELEASE: Step =
    Step::new("releaseSync", PowerShell, "Release the synchronisation and run a delta cycle")
        .at(Place::SyncServer)
        .command("Set-ADSyncScheduler -SyncCycleEnabled $true\nStart-ADSyncSyncCycle -PolicyType Delta")
        .replaces("Start-OnlineCoexistenceSync, or the page's wait of three hours")
        .why(
            "Where filters of OUs or domains were changed: -PolicyType Initial, a delta does not apply them.",
        );

pub(in super::super) static RELEASE_SYNC: Step = RELEASE.needs(&["a pre-flight that passed"]);

pub(in super::super) static RELEASE_RESTORED: Step = RELEASE.needs(&["the restored user, seen in Entra ID"]);

pub(in super::super) static RELEASE_ONLY: Step =
    Step::new("releaseSync", PowerShell, "Release the synchronisation again")
        .at(Place::SyncServer)
        .command("Set-ADSyncScheduler -SyncCycleEnabled $true")
        .needs(&["support's answer"]);

pub(in super::super) static DELTA: Step = Step::new("deltaSync", PowerShell, "Run a delta cycle")
    .at(Place::SyncServer)
    .command("Start-ADSyncSyncCycle -PolicyType Delta")
    .replaces("Start-OnlineCoexistenceSync, or the page's wait of three hours");

pub(in super::super) static SYNC_HEALTH: Step =
    Step::new("syncHealth", PowerShell, "Find out why the deletion has not reached the cloud")
        .at(Place::SyncServer)
        .command(
            "Get-ADSyncScheduler\nGet-ADSyncRunProfileResult -NumberRequested 10 | Select-Object ConnectorName, RunProfileName, Result, StartDate",
        )
        .replaces("the page's link to directory synchronisation troubleshooting")
        .why(
            "Stopped, in staging mode, or `stopped-deletion-threshold-exceeded`: then your restore is not exported either. \
             Nothing of it: the deletion is younger than the last cycle.",
        );

const LOOK_FOR_USER: &str = "Get-MgUser -UserId {upn} -Property Id, UserPrincipalName, OnPremisesSyncEnabled, OnPremisesImmutableId | \
                             Select-Object Id, UserPrincipalName, OnPremisesSyncEnabled, OnPremisesImmutableId";
const LOOK_FOR_USER_OLD: &str = "Get-MsolUser -UserPrincipalName … after \"three hours\"";

pub(in super::super) static WAIT_FOR_USER: Step = Step::new(
    "waitForUser",
    Wait,
    "Wait for the Entra user: one cycle and its export, up to 30 minutes",
)
.command(LOOK_FOR_USER)
.replaces(LOOK_FOR_USER_OLD)
.needs(&["the object id that the Entra user had: the same id says that it is the old user"])
.why(
    "Another id than before, or a UPN at onmicrosoft.com, says that it became a second account: stop, and look for the conflict \
     (`adrecover preflight`).",
);

pub(in super::super) static WAIT_FOR_MATCH: Step = Step::new(
    "waitForUser",
    Wait,
    "Wait until the account has matched the user of the mailbox, up to 30 minutes",
)
.command(LOOK_FOR_USER)
.replaces(LOOK_FOR_USER_OLD)
.needs(&["the object id of the user that the mailbox came back with"])
.why("OnPremisesSyncEnabled True at that id: it has matched. A second user with another id: stop, and license neither.");

pub(in super::super) static WAIT_FOR_NEW_USER: Step = Step::new(
    "waitForUser",
    Wait,
    "Wait for the new Entra user: one cycle and its export, up to 30 minutes",
)
.command(LOOK_FOR_USER)
.replaces(LOOK_FOR_USER_OLD)
.why(
    "Its id is new. Under another UPN than expected (at onmicrosoft.com, or with four digits) somebody else holds the name: find out who.",
);
