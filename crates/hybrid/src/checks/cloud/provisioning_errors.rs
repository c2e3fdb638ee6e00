//! `cloud.provisioningErrors`.

use crate::checks::case::Case;
use crate::checks::looked::of_files;
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::checks::upn::equals_cloud::is_placeholder;
use crate::evidence::{Known, User, UserField};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "cloud.provisioningErrors",
    title: "the cloud user has no open error of the synchronisation and no placeholder for a UPN",
    severity: Severity::Warn,
    needs: Needs::Cloud,
    why: "An address or a UPN that somebody else has is kept in quarantine: the cloud user goes without it, or with a UPN like \
          name1234@tenant.onmicrosoft.com, until the conflict is gone. Entra ID tries again every hour.",
    evidence: "onPremisesProvisioningErrors and userPrincipalName of the cloud user",
    fix: "free the value that the error names (upn.unique, mail.addressUnique); Entra ID then takes it within the hour",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-syncservice-duplicate-attribute-resiliency; \
             learn.microsoft.com/graph/api/resources/onpremisesprovisioningerror",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let user = match case.need_cloud_user() {
        Ok(user) => user,
        Err(finding) => return finding,
    };
    Finding::all([errors(user), placeholder(case, user)])
}

fn errors(user: User<'_>) -> Finding {
    let all = match user.provisioning_errors() {
        Known::Value(all) => all,
        Known::Absent => vec![],
        Known::NotAsked => {
            return Finding::unknown("the export of users does not hold onPremisesProvisioningErrors");
        }
    };
    let told: Vec<String> = all
        .iter()
        .map(|error| format!("{} of {} `{}`", error.category, error.property, error.value))
        .collect();
    let value = (!told.is_empty()).then(|| told.join("; "));
    let seen = [of_files(user.sources(), UserField::OnPremisesProvisioningErrors.name(), value)];
    if told.is_empty() {
        return Finding::pass().saw(seen);
    }
    Finding::fail(format!("the cloud user has an open error: {}", told.join("; "))).saw(seen)
}

fn placeholder(case: &Case<'_>, user: User<'_>) -> Finding {
    let seen = [case.saw_cloud(user, UserField::UserPrincipalName)];
    match user.upn() {
        Known::Value(upn) if is_placeholder(upn) => {
            Finding::fail(format!("the UPN `{upn}` is a placeholder: the real one is in quarantine"))
                .saw(seen)
        }
        Known::NotAsked => Finding::unknown("the export of users does not hold userPrincipalName"),
        _ => Finding::pass().saw(seen),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::fixtures::{collected, with_user};
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    #[test]
    fn cases() {
        let conflict = json!([{
            "category": "PropertyConflict", "propertyCausingError": "ProxyAddresses", "value": "SMTP:anna@contoso.com",
            "occurredDateTime": "2026-11-20T10:00:00Z",
        }]);
        let with = |errors: serde_json::Value| {
            with_user(Stage::new(), json!({ "onPremisesProvisioningErrors": errors }))
        };
        let placeholder =
            with_user(Stage::new(), json!({"userPrincipalName": "anna+1234@x.onmicrosoft.com"}));
        table(
            &RULE,
            &[
                ("none", with(json!([])), Status::Pass),
                ("a conflict", with(conflict), Status::Fail),
                ("a placeholder", placeholder, Status::Fail),
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
