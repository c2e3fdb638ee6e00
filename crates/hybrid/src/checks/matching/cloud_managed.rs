//! `match.cloudManaged`.

use crate::checks::case::Case;
use crate::checks::looked::of_user;
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::evidence::{Known, User, UserField};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "match.cloudManaged",
    title: "the source of authority of the user has not been moved to the cloud",
    severity: Severity::Block,
    needs: Needs::Cloud,
    why: "For a user with isCloudManaged the cloud is the source of authority: the synchronisation passes the on-premises object \
          over, and restoring it has no effect on the cloud account.",
    evidence: "isCloudManaged of the cloud user (/users/ID/onPremisesSyncBehavior); onPremisesSyncEnabled and the traces of a \
               synchronisation. Without isCloudManaged it is not known; that stands in nobody's way where the user is synchronised \
               or in the bin, of which Graph may not tell it",
    fix: "recover the user in the cloud; or give the authority back to the directory before the synchronisation: \
          Invoke-MgGraphRequest -Method PATCH -Uri https://graph.microsoft.com/v1.0/users/ID/onPremisesSyncBehavior -Body \
          '{\"isCloudManaged\": false}'",
    source: "learn.microsoft.com/entra/identity/hybrid/user-source-of-authority-overview; \
             learn.microsoft.com/graph/api/resources/onpremisessyncbehavior",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let user = match case.need_cloud_user() {
        Ok(user) => user,
        Err(finding) => return finding,
    };
    let is_cloud_managed = user.is_cloud_managed();
    let finding = match is_cloud_managed {
        Known::Value(false) => Finding::pass(),
        Known::Absent => Finding::fine("the cloud user has no isCloudManaged"),
        Known::Value(true) => {
            let id = user.id().value().map_or_else(|| "ID".to_owned(), |id| id.to_string());
            let detail = "the cloud is the source of authority of this user: what is restored here has no effect there";
            Finding::fail(detail).fix(RULE.fix.replace("/users/ID/", &format!("/users/{id}/")))
        }
        Known::NotAsked => untold(user),
    };
    finding.saw([of_user(user, UserField::IsCloudManaged, is_cloud_managed)])
}

/// What is left to say where the exports do not hold the property.
///
/// onPremisesSyncEnabled does not decide it: Microsoft does not say what becomes of it when the authority moves.
fn untold(user: User<'_>) -> Finding {
    const WHY: &str = "the exports do not say whether the cloud is the source of authority";
    let is_synchronised = user.on_premises_sync_enabled();
    if is_synchronised.is_absent() && has_no_traces(user) {
        return Finding::not_applicable(
            "the cloud user was never synchronised: the directory never was its source of authority",
        );
    }
    let finding = if user.is_deleted() {
        Finding::unknown(format!("{WHY}, and of a user in the bin Graph may not tell it: if it was, the restore has no effect there"))
            .severity(Severity::Warn)
    } else if is_synchronised == Known::Value(true) {
        Finding::unknown(format!("{WHY}: export /users/ID/onPremisesSyncBehavior")).severity(Severity::Warn)
    } else {
        Finding::unknown(format!("{WHY}: export /users/ID/onPremisesSyncBehavior"))
    };
    finding.saw([of_user(user, UserField::OnPremisesSyncEnabled, is_synchronised)])
}

/// Whether nothing of a directory ever came to the cloud user.
fn has_no_traces(user: User<'_>) -> bool {
    let fields = [
        UserField::OnPremisesImmutableId,
        UserField::OnPremisesSecurityIdentifier,
        UserField::OnPremisesDistinguishedName,
    ];
    !matches!(user.last_sync(), Known::Value(_))
        && !fields.iter().any(|field| matches!(user.text(*field), Known::Value(_)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::fixtures::{ANNA_ID, collected, user, with_user};
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    fn bin(changes: serde_json::Value) -> Stage {
        let mut all = json!({"deletedDateTime": "2026-11-20T10:00:00Z"});
        for (name, value) in changes.as_object().unwrap() {
            all[name] = value.clone();
        }
        collected(Stage::new(), &[("users", ""), ("deletedUsers", &user(all))])
    }

    /// What cannot be found out stands in nobody's way, but where it is likely to be so.
    #[test]
    fn unknown_blocks_where_the_user_is_live_and_not_synchronised() {
        let severity = |stage: Stage| {
            let found = stage.look(|case| (RULE.judge)(case));
            assert_eq!(found.status, Status::Unknown, "{}", found.detail);
            found.severity.unwrap_or(RULE.severity)
        };
        let live =
            |enabled: serde_json::Value| with_user(Stage::new(), json!({"onPremisesSyncEnabled": enabled}));
        assert_eq!(severity(live(json!(true))), Severity::Warn);
        assert_eq!(severity(live(json!(false))), Severity::Block);
        assert_eq!(severity(bin(json!({}))), Severity::Warn);
        assert_eq!(severity(bin(json!({"onPremisesSyncEnabled": false}))), Severity::Warn);
    }

    #[test]
    fn cases() {
        let apart = json!({"id": ANNA_ID, "isCloudManaged": true}).to_string();
        let apart = collected(
            Stage::new(),
            &[("users", &user(json!({}))), ("deletedUsers", ""), ("syncBehaviour", &apart)],
        );
        let cloud = |changes: serde_json::Value| with_user(Stage::new(), changes);
        let with = |value: serde_json::Value| with_user(Stage::new(), json!({ "isCloudManaged": value }));
        table(
            &RULE,
            &[
                ("the directory's", with(json!(false)), Status::Pass),
                ("none", with(json!(null)), Status::Pass),
                ("the cloud's", with(json!(true)), Status::Fail),
                ("the cloud's, in a file of its own", apart, Status::Fail),
                ("not exported", with(json!("-")), Status::Unknown),
                ("not exported, in the bin", bin(json!({})), Status::Unknown),
                (
                    "not exported, never synchronised",
                    cloud(json!({"onPremisesSyncEnabled": null, "onPremisesImmutableId": null})),
                    Status::NotApplicable,
                ),
                (
                    "not exported, with an anchor",
                    cloud(json!({"onPremisesSyncEnabled": null})),
                    Status::Unknown,
                ),
                (
                    "not exported, and nothing is known",
                    cloud(json!({"onPremisesSyncEnabled": "-", "onPremisesImmutableId": "-"})),
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
