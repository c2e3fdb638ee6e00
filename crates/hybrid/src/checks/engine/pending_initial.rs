//! `engine.pendingInitial`.

use super::{active, servers};
use crate::checks::case::Case;
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::evidence::{Known, PolicyType};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "engine.pendingInitial",
    title: "no full synchronisation is pending",
    severity: Severity::Warn,
    needs: Needs::Cloud,
    why: "A changed filter or rule comes into force only with a full cycle (Initial). While one is pending, the scope that is \
          configured is not the one of the last cycle: more than this user may appear or be deleted with it.",
    evidence: "NextSyncCyclePolicyType of Get-ADSyncScheduler, else Microsoft.Synchronize.SynchronizationPolicy of the global settings",
    fix: "find out what was changed, then run it at a quiet time and before the user is expected: Start-ADSyncSyncCycle -PolicyType Initial",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-sync-feature-scheduler (start the scheduler)",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    case.setting.engine.pending_initial.get_or_init(|| found(case)).clone()
}

fn found(case: &Case<'_>) -> Finding {
    let servers = match servers(case) {
        Ok(servers) => servers,
        Err(finding) => return finding,
    };
    let Some(server) = active(&servers) else {
        return Finding::unknown(
            "every server that is known is in staging mode: give the state of the active one",
        );
    };
    let seen = server.saw(&["NextSyncCyclePolicyType", "SynchronizationPolicy"]);
    match server.policy {
        Known::Value(PolicyType::Delta) => Finding::pass().saw(seen),
        Known::Value(PolicyType::Initial) => {
            Finding::fail("the next cycle is a full one (Initial)").saw(seen)
        }
        _ => Finding::unknown("what the next cycle does is not known: Get-ADSyncScheduler tells").saw(seen),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{scheduler, settings};
    use super::*;
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    const CLOUD_SYNC: &str = r#"{"id":"AD2AADProvisioning.1","synchronizationRules":[{"id":"r1","name":"users",
        "sourceDirectoryName":"Active Directory","containerFilter":{"includedContainers":[]},
        "groupFilter":{"includedGroups":[]},"objectMappings":[]}]}"#;

    #[test]
    fn cases() {
        let with =
            |changes: &[(&str, &str)]| Stage::new().evidence(&[("scheduler.json", &scheduler(changes))]);
        let of_settings = |policy: &str| {
            let settings = settings(&[("Microsoft.Synchronize.SynchronizationPolicy", policy)]);
            Stage::new().evidence(&[("settings.json", &settings)])
        };
        table(
            &RULE,
            &[
                ("delta", with(&[]), Status::Pass),
                // `judge` itself fails; the rule's severity makes a warning of it.
                ("initial", with(&[("NextSyncCyclePolicyType", "\"Initial\"")]), Status::Fail),
                ("a number", with(&[("NextSyncCyclePolicyType", "2")]), Status::Unknown),
                ("staging alone", with(&[("StagingModeEnabled", "true")]), Status::Unknown),
                ("settings: delta", of_settings("Delta"), Status::Pass),
                ("settings: initial", of_settings("Initial"), Status::Fail),
                ("Cloud Sync", Stage::new().sync("schema.json", CLOUD_SYNC), Status::NotApplicable),
                ("no export", Stage::new(), Status::Unknown),
                ("the directory alone", Stage::new().on_prem_only(), Status::NotApplicable),
            ],
        );
    }
}
