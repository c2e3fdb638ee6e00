//! `engine.tenantSync`.

use adrecover_core::time::generalized;

use super::{is_cloud_sync, saw};
use crate::checks::case::Case;
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::evidence::Known;
use crate::scope::model::SettingName;

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "engine.tenantSync",
    title: "the tenant is synchronised, by a version of the engine that the service takes",
    severity: Severity::Block,
    needs: Needs::Cloud,
    why: "With synchronisation switched off in the tenant nothing that is exported arrives. All of Entra Connect 1.x was retired on \
          2022-08-31; since 2026-09-30 the service takes only 2.5.79.0 and newer.",
    evidence: "onPremisesSyncEnabled of the organisation; Microsoft.Synchronize.ServerConfigurationVersion of the engine",
    fix: "switch synchronisation on again in the wizard, or with PATCH /organization/{id} {\"onPremisesSyncEnabled\": true}; upgrade Entra \
          Connect (the installer is in the Entra admin centre)",
    source: "learn.microsoft.com/graph/api/resources/organization; \
             learn.microsoft.com/entra/identity/hybrid/connect/harden-update-ad-fs-pingfederate (minimum versions); \
             learn.microsoft.com/entra/identity/hybrid/connect/reference-connect-version-history",
    judge,
};

/// The oldest version that the service takes, and since when.
const MINIMUM: [u32; 4] = [2, 5, 79, 0];
const SINCE: &str = "20260930000000.0Z";

fn judge(case: &Case<'_>) -> Finding {
    case.setting.engine.tenant_sync.get_or_init(|| found(case)).clone()
}

fn found(case: &Case<'_>) -> Finding {
    Finding::all([tenant(case), version(case)])
}

fn tenant(case: &Case<'_>) -> Finding {
    let evidence = match case.need_evidence() {
        Ok(evidence) => evidence,
        Err(finding) => return finding,
    };
    let Some(organisation) = evidence.organisation() else {
        return Finding::unknown("no export of the organisation was given: GET /organization of Graph");
    };
    let enabled = organisation.on_premises_sync_enabled();
    let shown = enabled.value().map(|on| on.to_string());
    let seen = [saw(organisation.sources().next(), "onPremisesSyncEnabled", shown)];
    match enabled {
        Known::Value(true) => Finding::pass().saw(seen),
        Known::Value(false) => Finding::fail("synchronisation is switched off in the tenant").saw(seen),
        Known::Absent => Finding::fail("the tenant was never synchronised: is it the right one?").saw(seen),
        Known::NotAsked => {
            Finding::unknown("the export of the organisation does not hold onPremisesSyncEnabled").saw(seen)
        }
    }
}

fn version(case: &Case<'_>) -> Finding {
    if is_cloud_sync(case) {
        return Finding::not_applicable("the agents of Cloud Sync update themselves");
    }
    let Some((text, seen)) = case.sync_setting(SettingName::ServerConfigurationVersion) else {
        return match case.need_evidence() {
            Err(finding) => finding,
            Ok(_) => {
                // An old version is a warning, and so is one that nobody knows.
                Finding::unknown("the version of Entra Connect is not known: Get-ADSyncGlobalSettings tells")
                    .severity(Severity::Warn)
            }
        };
    };
    let Some(version) = parsed(&text) else {
        return Finding::unknown(format!("the version of Entra Connect, {text:?}, is not understood"))
            .severity(Severity::Warn)
            .saw([seen]);
    };
    let is_refused = generalized(SINCE).is_some_and(|since| case.setting.now >= since);
    if version[0] < 2 {
        return Finding::warn(format!("Entra Connect {text} is retired since 2022-08-31"))
            .saw([seen])
            .fix(UPGRADE);
    }
    if version >= MINIMUM {
        return Finding::pass().saw([seen]);
    }
    let detail = match is_refused {
        true => {
            format!("Entra Connect {text} is older than 2.5.79.0, which the service wants since 2026-09-30")
        }
        false => {
            format!("Entra Connect {text} is older than 2.5.79.0, which the service wants from 2026-09-30 on")
        }
    };
    Finding::warn(detail).saw([seen]).fix(UPGRADE)
}

const UPGRADE: &str = "upgrade Entra Connect before the user is expected in the cloud; the installer is in the Entra admin centre";

fn parsed(text: &str) -> Option<[u32; 4]> {
    let mut version = [0; 4];
    let mut parts = text.trim().split('.');
    for (place, part) in version.iter_mut().zip(parts.by_ref()) {
        *place = part.parse().ok()?;
    }
    parts.next().is_none().then_some(version)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{organisation, settings};
    use super::*;
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    fn stage(enabled: &str, version: &str) -> Stage {
        let settings = settings(&[("Microsoft.Synchronize.ServerConfigurationVersion", version)]);
        let organisation = organisation(enabled, "\"2026-11-25T12:00:00Z\"");
        Stage::new().evidence(&[("organization.json", &organisation), ("settings.json", &settings)])
    }

    #[test]
    fn cases() {
        let organisation = organisation("true", "null");
        table(
            &RULE,
            &[
                ("on, and new", stage("true", "2.6.1.0"), Status::Pass),
                ("the oldest that is taken", stage("true", "2.5.79.0"), Status::Pass),
                ("too old", stage("true", "2.5.78.9"), Status::Warn),
                ("retired", stage("true", "1.6.16.0"), Status::Warn),
                ("off", stage("false", "2.6.1.0"), Status::Fail),
                ("never on", stage("null", "2.6.1.0"), Status::Fail),
                ("no version", Stage::new().evidence(&[("o.json", &organisation)]), Status::Unknown),
                ("an odd version", stage("true", "new"), Status::Unknown),
                ("no export", Stage::new(), Status::Unknown),
                ("the directory alone", Stage::new().on_prem_only(), Status::NotApplicable),
            ],
        );
    }

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert_eq!(parsed("2.5"), Some([2, 5, 0, 0]));
        assert!(parsed("2.10.0.0") > parsed("2.5.79.0"));
        assert_eq!(parsed("2.5.79.0.1"), None);
    }
}
