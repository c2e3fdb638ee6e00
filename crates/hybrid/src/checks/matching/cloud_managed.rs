//! `match.cloudManaged`.

use crate::checks::case::Case;
use crate::checks::looked::of_user;
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::evidence::{Known, UserField};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "match.cloudManaged",
    title: "the source of authority of the user has not been moved to the cloud",
    severity: Severity::Block,
    needs: Needs::Cloud,
    why: "For a user with isCloudManaged the cloud is the source of authority: the synchronisation passes the on-premises object \
          over, and restoring it has no effect on the cloud account.",
    evidence: "isCloudManaged of the cloud user (/users/ID/onPremisesSyncBehavior)",
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
        Known::NotAsked => Finding::unknown(
            "the exports do not say whether the cloud is the source of authority: export /users/ID/onPremisesSyncBehavior",
        ),
    };
    finding.saw([of_user(user, UserField::IsCloudManaged, is_cloud_managed)])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::fixtures::{ANNA_ID, collected, user, with_user};
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    #[test]
    fn cases() {
        let apart = json!({"id": ANNA_ID, "isCloudManaged": true}).to_string();
        let apart = collected(
            Stage::new(),
            &[("users", &user(json!({}))), ("deletedUsers", ""), ("syncBehaviour", &apart)],
        );
        let with = |value: serde_json::Value| with_user(Stage::new(), json!({ "isCloudManaged": value }));
        table(
            &RULE,
            &[
                ("the directory's", with(json!(false)), Status::Pass),
                ("none", with(json!(null)), Status::Pass),
                ("the cloud's", with(json!(true)), Status::Fail),
                ("the cloud's, in a file of its own", apart, Status::Fail),
                ("not exported", with(json!("-")), Status::Unknown),
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
