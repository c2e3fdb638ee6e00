//! `match.privilegedTarget`.

use crate::checks::case::Case;
use crate::checks::looked::{gaps, of_files};
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::evidence::{Dataset, Evidence, Known, RoleHolding, User};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "match.privilegedTarget",
    title: "the cloud object holds no privileged role and is eligible for none",
    severity: Severity::Block,
    needs: Needs::Cloud,
    why: "Entra ID refuses to match an on-premises user with a cloud user who holds a privileged role, or may take one through \
          Privileged Identity Management: InvalidHardMatch, or Existing Admin Role Conflict with a soft match. The restored \
          user then stays apart from its cloud account. A privileged user in the bin has to be restored from there first.",
    evidence: "role assignments and eligibilities of the cloud user, by the names of the roles or by isPrivileged (beta endpoint). \
               Roles that come through a group are not seen: look at transitiveRoleAssignments where groups hold roles",
    fix: "if the cloud user is in the bin, restore it there; take the role and the eligibility away; synchronise; check the match; \
          give them back. Keep another Global Administrator who is not synchronised",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-install-existing-tenant (hard match and privileged \
             roles); learn.microsoft.com/entra/identity/hybrid/connect/tshoot-connect-sync-errors (Existing Admin Role Conflict); \
             learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference (privileged roles)",
    judge,
};

/// Roles that Microsoft labels as privileged, by their template ids: for exports that do not say so themselves.
const PRIVILEGED: [(&str, &str); 20] = [
    ("62e90394-69f5-4237-9190-012177145e10", "Global Administrator"),
    ("e8611ab8-c189-46e8-94e1-60213ab1f814", "Privileged Role Administrator"),
    ("7be44c8a-adaf-4e2a-84d6-ab2649e08a13", "Privileged Authentication Administrator"),
    ("9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", "Application Administrator"),
    ("158c047a-c907-4556-b7ef-446551a6b5f7", "Cloud Application Administrator"),
    ("cf1c38e5-3621-4004-a7cb-879624dced7c", "Application Developer"),
    ("c4e39bd9-1100-46d3-8c65-fb160da0071f", "Authentication Administrator"),
    ("729827e3-9c14-49f7-bb1b-9608f156bbb8", "Helpdesk Administrator"),
    ("966707d0-3269-4727-9be2-8c3a10f19b9d", "Password Administrator"),
    ("fe930be7-5e62-47db-91af-98c3a49a38b1", "User Administrator"),
    ("194ae4cb-b126-40b2-bd5b-6091b380977d", "Security Administrator"),
    ("5f2222b1-57c3-48ba-8ad5-d4759f1fde6f", "Security Operator"),
    ("5d6b6bb7-de71-4623-b4af-96380a352509", "Security Reader"),
    ("f2ef992c-3afb-46b9-b7cf-a126ee74c451", "Global Reader"),
    ("b1be1c3e-b65d-4f19-8427-f6fa0d97feb9", "Conditional Access Administrator"),
    ("8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2", "Hybrid Identity Administrator"),
    ("3a2c62db-5318-420d-8d74-23affee5d9d5", "Intune Administrator"),
    ("7698a772-787b-4ac8-901f-60d6b08affd2", "Cloud Device Administrator"),
    ("8329153b-31d0-4727-b945-745eb3bc5f31", "Domain Name Administrator"),
    ("9360feb5-f418-4baa-8175-e2a00bac4301", "Directory Writers"),
];

fn judge(case: &Case<'_>) -> Finding {
    let user = match case.need_cloud_user() {
        Ok(user) => user,
        Err(finding) => return finding,
    };
    let Ok(evidence) = case.need_evidence() else { return case.no_cloud() };
    let Known::Value(id) = user.id() else {
        return Finding::unknown("the export of users does not hold their object ids");
    };
    let id = id.to_string();
    Finding::all([
        roles(case, evidence, user, Dataset::RoleAssignments, &id),
        roles(case, evidence, user, Dataset::RoleEligibility, &id),
    ])
}

fn roles(case: &Case<'_>, evidence: &Evidence, user: User<'_>, dataset: Dataset, id: &str) -> Finding {
    let (held, missing) = evidence.roles_of(dataset, id);
    let has = if dataset == Dataset::RoleEligibility { "is eligible for" } else { "holds" };
    let mut open = vec![];
    for role in &held {
        let seen = of_files(role.sources(), &dataset.to_string(), Some(name(role)));
        match is_privileged(role) {
            Some(true) => {
                return blocked(
                    case,
                    user,
                    &format!("the cloud user {has} the privileged role {}", name(role)),
                )
                .saw([seen]);
            }
            Some(false) => {}
            None => {
                let detail = format!(
                    "the cloud user {has} the role {}, and the exports do not say whether that is a privileged one",
                    name(role)
                );
                open.push(Finding::unknown(detail).saw([seen]));
            }
        }
    }
    if let Some(why) = gaps(&missing) {
        open.push(Finding::unknown(why));
    }
    if open.is_empty() {
        let seen = of_files(
            user.sources(),
            &dataset.to_string(),
            (!held.is_empty()).then(|| held.iter().map(name).collect::<Vec<_>>().join(", ")),
        );
        return Finding::pass().saw([seen]);
    }
    Finding::all(open)
}

/// A user whose synchronisation goes on is not matched anew.
fn blocked(case: &Case<'_>, user: User<'_>, detail: &str) -> Finding {
    let goes_on = !user.is_deleted()
        && user.on_premises_sync_enabled() == Known::Value(true)
        && case.anchor.as_ref().value().map(String::as_str) == user.immutable_id().value();
    if goes_on {
        let detail = format!(
            "{detail}; it is live and synchronised with this anchor, so that no match is due: one would be refused"
        );
        return Finding::warn(detail).fix("see to it that the deletion does not reach the cloud: hold the scheduler until the \
                                          user is restored; and give such roles to users who are not synchronised");
    }
    Finding::fail(detail)
}

fn is_privileged(role: &RoleHolding<'_>) -> Option<bool> {
    if let Known::Value(told) = role.is_privileged() {
        return Some(told);
    }
    let id = role.role_definition_id().value()?;
    PRIVILEGED.iter().any(|(known, _)| known.eq_ignore_ascii_case(id)).then_some(true)
}

fn name(role: &RoleHolding<'_>) -> String {
    let id = role.role_definition_id().value().unwrap_or_default();
    let known = || PRIVILEGED.iter().find(|(known, _)| known.eq_ignore_ascii_case(id)).map(|(_, name)| *name);
    role.role_name().value().or_else(known).unwrap_or(id).to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::fixtures::{ANNA_ID, BERT_ID, collected, user};
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    const READER: &str = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b";

    fn holds(principal: &str, role: &str) -> String {
        json!({"id": "r1", "principalId": principal, "roleDefinitionId": role, "directoryScopeId": "/"})
            .to_string()
    }

    fn defined(role: &str, is_privileged: bool) -> String {
        json!({"id": role, "templateId": role, "displayName": "Directory Readers", "isBuiltIn": true, "isPrivileged": is_privileged}).to_string()
    }

    /// A user in the bin, with these assignments, eligibilities and definitions.
    fn cloud(assigned: &str, eligible: &str, definitions: &str) -> Stage {
        let user = user(json!({"deletedDateTime": "2026-11-20T10:00:00Z"}));
        collected(
            Stage::new(),
            &[
                ("users", ""),
                ("deletedUsers", &user),
                ("roleAssignments", assigned),
                ("roleEligibility", eligible),
                ("roleDefinitions", definitions),
            ],
        )
    }

    #[test]
    fn cases() {
        let global = holds(ANNA_ID, PRIVILEGED[0].0);
        let reader = holds(ANNA_ID, READER);
        let live = |changes: serde_json::Value| {
            collected(
                Stage::new(),
                &[
                    ("users", &user(changes)),
                    ("deletedUsers", ""),
                    ("roleAssignments", &global),
                    ("roleEligibility", ""),
                ],
            )
        };
        let half = collected(
            Stage::new(),
            &[("users", &user(json!({}))), ("deletedUsers", ""), ("roleAssignments", "")],
        );
        table(
            &RULE,
            &[
                ("none", cloud("", "", ""), Status::Pass),
                ("somebody else", cloud(&holds(BERT_ID, PRIVILEGED[0].0), "", ""), Status::Pass),
                ("privileged", cloud(&global, "", ""), Status::Fail),
                ("eligible", cloud("", &global, ""), Status::Fail),
                (
                    "a role that is said to be privileged",
                    cloud(&reader, "", &defined(READER, true)),
                    Status::Fail,
                ),
                ("a role that is said not to be", cloud(&reader, "", &defined(READER, false)), Status::Pass),
                ("a role of which nothing is said", cloud(&reader, "", ""), Status::Unknown),
                ("synchronised all the time", live(json!({})), Status::Warn),
                (
                    "with another anchor",
                    live(json!({"onPremisesImmutableId": "AAAAAAAAAAAAAAAAAAAAAA=="})),
                    Status::Fail,
                ),
                ("managed in the cloud", live(json!({"onPremisesSyncEnabled": null})), Status::Fail),
                ("eligibility is not exported", half, Status::Unknown),
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
