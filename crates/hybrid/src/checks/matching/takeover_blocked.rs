//! `match.takeoverBlocked`.

use crate::checks::case::Case;
use crate::checks::looked::{of_feature, of_user};
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::evidence::{Known, SyncFeature, UserField};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "match.takeoverBlocked",
    title: "the tenant does not forbid to take this cloud object over",
    severity: Severity::Block,
    needs: Needs::Cloud,
    why: "With blockCloudObjectTakeoverThroughHardMatchEnabled, a cloud user who is not synchronised at the moment cannot be \
          taken over by a hard match: InvalidHardMatch. A user who was restored from the bin in the cloud is such a user, until \
          the synchronisation has taken it over again.",
    evidence: "onPremisesSyncEnabled and onPremisesImmutableId of the cloud user; \
               blockCloudObjectTakeoverThroughHardMatchEnabled of the tenant",
    fix: "switch the block off for the one synchronisation and on again afterwards: Update-MgDirectoryOnPremiseSynchronization \
          -OnPremisesDirectorySynchronizationId TENANT-ID -Features \
          @{blockCloudObjectTakeoverThroughHardMatchEnabled=$false}",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-syncservice-features \
             (BlockCloudObjectTakeoverThroughHardMatch); learn.microsoft.com/entra/identity/hybrid/connect/\
             tshoot-connect-sync-errors (InvalidHardMatch)",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    const FEATURE: SyncFeature = SyncFeature::BlockCloudObjectTakeoverThroughHardMatch;
    let user = match case.need_cloud_user() {
        Ok(user) => user,
        Err(finding) => return finding,
    };
    let is_synchronised = user.on_premises_sync_enabled();
    let mut seen = vec![
        of_user(user, UserField::OnPremisesSyncEnabled, is_synchronised),
        case.saw_cloud(user, UserField::OnPremisesImmutableId),
    ];
    seen.extend(of_feature(case, FEATURE));
    if user.immutable_id().is_absent() {
        let detail = "the cloud user has no source anchor: a soft match takes nothing over by a hard one";
        return Finding::not_applicable(detail).saw(seen);
    }
    let finding = match (is_synchronised, case.feature(FEATURE)) {
        (Known::Value(true), _) => Finding::fine("the cloud user is synchronised already"),
        (_, Known::Value(false) | Known::Absent) => Finding::fine("the tenant allows it"),
        (_, Known::NotAsked) => Finding::unknown(
            "the features of the synchronisation in the tenant are not known: export /directory/onPremisesSynchronization",
        ),
        (Known::NotAsked, Known::Value(true)) => Finding::unknown(
            "the tenant forbids to take over users who are not synchronised, and the export of users does not hold \
             onPremisesSyncEnabled",
        ),
        (_, Known::Value(true)) => {
            let detail = "the cloud user is not synchronised at the moment, and the tenant forbids to take over such users by a \
                          hard match";
            Finding::fail(detail)
        }
    };
    finding.saw(seen)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::fixtures::{collected, user, with_user};
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    fn cloud(changes: serde_json::Value, blocks: &str) -> Stage {
        let features = format!(
            r#"{{"id":"x","configuration":{{}},"features":{{"blockCloudObjectTakeoverThroughHardMatchEnabled":{blocks}}}}}"#
        );
        collected(
            Stage::new(),
            &[("users", &user(changes)), ("deletedUsers", ""), ("syncFeatures", &features)],
        )
    }

    #[test]
    fn cases() {
        let never = || json!({"onPremisesSyncEnabled": null});
        table(
            &RULE,
            &[
                ("synchronised", cloud(json!({}), "true"), Status::Pass),
                ("synchronised, and nothing else is known", with_user(Stage::new(), json!({})), Status::Pass),
                (
                    "restored in the cloud",
                    cloud(json!({"onPremisesSyncEnabled": false}), "true"),
                    Status::Fail,
                ),
                ("never synchronised", cloud(never(), "true"), Status::Fail),
                ("allowed", cloud(never(), "false"), Status::Pass),
                (
                    "a soft match",
                    cloud(json!({"onPremisesSyncEnabled": null, "onPremisesImmutableId": null}), "true"),
                    Status::NotApplicable,
                ),
                ("features are not exported", with_user(Stage::new(), never()), Status::Unknown),
                (
                    "the user's is not exported",
                    cloud(json!({"onPremisesSyncEnabled": "-"}), "true"),
                    Status::Unknown,
                ),
                (
                    "no cloud user",
                    collected(Stage::new(), &[("users", ""), ("deletedUsers", "")]),
                    Status::NotApplicable,
                ),
                ("no export", Stage::new(), Status::Unknown),
                ("the directory alone", Stage::new().on_prem_only(), Status::NotApplicable),
            ],
        );
    }
}
