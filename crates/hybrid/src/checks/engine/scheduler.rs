//! `engine.scheduler`.

use adrecover_core::time::{Timestamp, rfc3339};

use super::{Server, active, saw, servers};
use crate::checks::case::Case;
use crate::checks::rule::{Finding, Needs, Rule, Seen, Severity};
use crate::evidence::{Evidence, Known};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "engine.scheduler",
    title: "the active server synchronises by its schedule, and did so in the last seven days",
    severity: Severity::Block,
    needs: Needs::Cloud,
    why: "A server in staging mode exports nothing, and a scheduler that is off or suspended (the wizard is open) starts no cycle. A cycle in \
          progress may see a user half restored. A server that has not synchronised for seven days needs a full synchronisation first.",
    evidence: "Get-ADSyncScheduler, else the global settings of the engine; onPremisesLastSyncDateTime of the organisation, else the run \
               history",
    fix: "on the active server: close the wizard; Set-ADSyncScheduler -SyncCycleEnabled $true; Start-ADSyncSyncCycle -PolicyType Delta",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-sync-feature-scheduler; \
             learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-sync-staging-server",
    judge,
};

/// The engine must synchronise at least that often.
const DAYS: i64 = 7;

fn judge(case: &Case<'_>) -> Finding {
    case.setting.engine.scheduler.get_or_init(|| found(case)).clone()
}

fn found(case: &Case<'_>) -> Finding {
    let servers = match servers(case) {
        Ok(servers) => servers,
        Err(finding) => return finding,
    };
    let state = match active(&servers) {
        Some(server) => state(server),
        None => Finding::fail("every server that is known is in staging mode: nothing is exported")
            .saw(servers.iter().flat_map(|server| server.saw(&["StagingModeEnabled", "StagingMode"])))
            .fix("give the state of the active server too; if there is none, take one out of staging mode in the wizard"),
    };
    Finding::all([state, last_sync(case)])
}

fn state(server: &Server) -> Finding {
    let seen = server.saw(&[
        "StagingModeEnabled",
        "SyncCycleEnabled",
        "SchedulerSuspended",
        "SyncCycleInProgress",
        "StagingMode",
        "SynchronizationSchedule",
    ]);
    let unknown =
        |what: &str| Finding::unknown(format!("whether {what} is not known: Get-ADSyncScheduler tells"));
    let parts = [
        match server.staging {
            Known::Value(false) => Finding::pass(),
            _ => unknown("the server is in staging mode"),
        },
        match server.enabled {
            Known::Value(true) => Finding::pass(),
            // It is what holds the synchronisation while users are restored.
            Known::Value(false) => {
                Finding::warn("the scheduler is off: nothing is synchronised until it is on again")
                    .fix("when the users are ready: Set-ADSyncScheduler -SyncCycleEnabled $true")
            }
            _ => unknown("the scheduler is on"),
        },
        match server.suspended {
            Known::Value(false) => Finding::pass(),
            Known::Value(true) => Finding::warn("the scheduler is suspended, as while the wizard is open")
                .fix("close the wizard"),
            _ => unknown("the scheduler is suspended"),
        },
        match server.busy {
            Known::Value(true) => Finding::warn("a cycle is in progress: it may see the user half restored")
                .fix("wait until Get-ADSyncConnectorRunStatus shows nothing"),
            _ => Finding::pass(),
        },
    ];
    Finding::all(parts).saw(seen)
}

/// When the tenant was synchronised last.
fn last_sync(case: &Case<'_>) -> Finding {
    let Some((at, seen)) = case.evidence.and_then(newest) else {
        return Finding::unknown(
            "when the last synchronisation was is not known: GET /organization of Graph tells",
        );
    };
    let days = case.setting.now.signed_duration_since(at).num_days();
    if days >= DAYS {
        return Finding::fail(format!("the last synchronisation that is known was on {}, {days} days ago", rfc3339(at)))
            .saw([seen])
            .fix("export again if the file is old; else find out on the sync server why it stopped, and run Start-ADSyncSyncCycle -PolicyType Initial");
    }
    Finding::pass().saw([seen])
}

fn newest(evidence: &Evidence) -> Option<(Timestamp, Seen)> {
    if let Some(organisation) = evidence.organisation()
        && let Known::Value(at) = organisation.last_sync()
    {
        return Some((
            at,
            saw(organisation.sources().next(), "onPremisesLastSyncDateTime", Some(rfc3339(at))),
        ));
    }
    let ended = evidence.runs().filter_map(|run| {
        let is_good = run.result().value().is_some_and(super::deletion_threshold::is_good);
        let is_export = run.profile().value().is_some_and(|p| p.to_ascii_lowercase().contains("export"));
        let at = run.ended().value()?;
        (is_good && is_export).then(|| (at, saw(run.sources().next(), "EndDate", Some(rfc3339(at)))))
    });
    ended.max_by_key(|(at, _)| *at)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{organisation, run, scheduler, settings};
    use super::*;
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    const YESTERDAY: &str = "\"2026-11-25T12:00:00Z\"";

    fn stage(changes: &[(&str, &str)], last_sync: &str) -> Stage {
        Stage::new().evidence(&[
            ("scheduler.json", &scheduler(changes)),
            ("organization.json", &organisation("true", last_sync)),
        ])
    }

    #[test]
    fn cases() {
        let with = |name, value| stage(&[(name, value)], YESTERDAY);
        let two = Stage::new().evidence(&[
            ("scheduler-a.json", &scheduler(&[])),
            ("scheduler-b.json", &scheduler(&[("StagingModeEnabled", "true")])),
            ("organization.json", &organisation("true", YESTERDAY)),
        ]);
        let runs = |ended: &str| {
            let runs = format!(
                "[{},{}]",
                run(1, "Export", "success", ended),
                run(2, "Delta Import", "success", ended)
            );
            Stage::new().evidence(&[("scheduler.json", &scheduler(&[])), ("runs.json", &runs)])
        };
        let of_settings = Stage::new().evidence(&[
            (
                "settings.json",
                &settings(&[
                    ("Microsoft.Synchronize.StagingMode", "False"),
                    ("Microsoft.Synchronize.SynchronizationSchedule", "True"),
                    ("Microsoft.Synchronize.SchedulerSuspended", "False"),
                ]),
            ),
            ("organization.json", &organisation("true", YESTERDAY)),
        ]);
        table(
            &RULE,
            &[
                ("as it should be", stage(&[], YESTERDAY), Status::Pass),
                ("staging", with("StagingModeEnabled", "true"), Status::Fail),
                ("staging, and an active one", two, Status::Pass),
                ("off", with("SyncCycleEnabled", "false"), Status::Warn),
                ("suspended", with("SchedulerSuspended", "true"), Status::Warn),
                ("in progress", with("SyncCycleInProgress", "true"), Status::Warn),
                ("a week ago", stage(&[], "\"2026-11-19T12:00:00Z\""), Status::Fail),
                ("no last time", stage(&[], "null"), Status::Unknown),
                ("runs", runs("2026-11-25T12:00:00Z"), Status::Pass),
                ("old runs", runs("2026-10-25T12:00:00Z"), Status::Fail),
                ("settings alone", of_settings, Status::Pass),
                (
                    "no scheduler",
                    Stage::new().evidence(&[("organization.json", &organisation("true", YESTERDAY))]),
                    Status::Unknown,
                ),
                ("no export", Stage::new(), Status::Unknown),
                ("the directory alone", Stage::new().on_prem_only(), Status::NotApplicable),
            ],
        );
    }
}
