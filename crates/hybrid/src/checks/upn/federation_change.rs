//! `upn.federationChange`.

use crate::checks::case::{Case, suffix};
use crate::checks::looked::{gaps, of_domain, of_feature};
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::compare::same;
use crate::evidence::{Dataset, Evidence, Known, SyncFeature, User, UserField};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "upn.federationChange",
    title: "a change of the UPN can be carried out in the cloud",
    severity: Severity::Warn,
    needs: Needs::Cloud,
    why: "The UPN cannot be changed from one federated domain to another in one step: \"attribute \
          [FederatedUser.UserPrincipalName] is not valid\" (FederatedDomainChangeError). With a managed domain, the UPN of a \
          licensed user is not changed where synchronizeUpnForManagedUsersEnabled is off.",
    evidence: "the UPN as the engine sends it and that of the cloud user; how the two domains authenticate; \
               synchronizeUpnForManagedUsersEnabled of the tenant; the licences of the cloud user",
    fix: "change the UPN in two steps: first to the tenant's .onmicrosoft.com domain (Update-MgUser -UserId ID \
          -UserPrincipalName NAME@TENANT.onmicrosoft.com), then to the new one",
    source: "KB 2669550; learn.microsoft.com/entra/identity/hybrid/connect/tshoot-connect-sync-errors (federated domain change); \
             learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-syncservice-features \
             (SynchronizeUpnForManagedUsers)",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let user = match case.need_cloud_user() {
        Ok(user) => user,
        Err(finding) => return finding,
    };
    let Ok(evidence) = case.need_evidence() else { return case.no_cloud() };
    let seen = [case.saw(&case.upn_attribute().0), case.saw_cloud(user, UserField::UserPrincipalName)];
    let finding = match (case.synchronised_upn(), user.upn()) {
        (Known::Value(own), Known::Value(theirs)) if same(&own, theirs) => {
            Finding::fine("the UPN does not change")
        }
        (Known::Value(own), Known::Value(theirs)) => change(case, evidence, user, &own, theirs),
        (Known::Absent, _) => Finding::not_applicable("the user has neither a UPN nor an account name"),
        (Known::NotAsked, _) => Finding::unknown("the UPN was not read"),
        _ => Finding::unknown("the export of users does not hold userPrincipalName"),
    };
    finding.saw(seen)
}

fn change(case: &Case<'_>, evidence: &Evidence, user: User<'_>, own: &str, theirs: &str) -> Finding {
    let (Some(to), Some(from)) = (suffix(own), suffix(theirs)) else {
        return Finding::not_applicable("one of the UPNs has no suffix");
    };
    let mut seen = vec![];
    for domain in [from, to].into_iter().filter_map(|name| evidence.domain(name)) {
        let kind = domain.is_federated().map(|is| if is { "Federated" } else { "Managed" });
        seen.push(of_domain(domain, "authenticationType", kind));
    }
    let finding = match (is_federated(evidence, from), is_federated(evidence, to)) {
        (Ok(true), Ok(true)) if !same(from, to) => Finding::fail(format!(
            "the UPN would change from {from} to {to}, and both are federated: the synchronisation refuses that"
        )),
        (Ok(false), Ok(_)) => managed(case, user, own, theirs),
        (Ok(true), Ok(_)) => Finding::fine(format!("the UPN changes from `{theirs}` to `{own}`")),
        (Err(open), _) | (_, Err(open)) => open,
    };
    finding.saw(seen)
}

fn managed(case: &Case<'_>, user: User<'_>, own: &str, theirs: &str) -> Finding {
    const FEATURE: SyncFeature = SyncFeature::SynchronizeUpnForManagedUsers;
    let is_licensed = match user.licences() {
        Known::Value(licences) => Some(!licences.is_empty()),
        Known::Absent => Some(false),
        Known::NotAsked => None,
    };
    let finding = match (is_licensed, case.feature(FEATURE)) {
        (Some(false), _) | (_, Known::Value(true)) => {
            Finding::fine(format!("the UPN changes from `{theirs}` to `{own}`"))
        }
        (_, Known::NotAsked) => Finding::unknown(
            "the features of the synchronisation in the tenant are not known: export /directory/onPremisesSynchronization",
        ),
        (None, _) => Finding::unknown("the export of users does not hold assignedLicenses"),
        (Some(true), _) => {
            let detail = format!(
                "the UPN differs, and the tenant does not change that of licensed users: the cloud user keeps `{theirs}`"
            );
            Finding::fail(detail).fix(
                "set the UPN in the cloud (Update-MgUser -UserId ID -UserPrincipalName NAME), or switch \
                 synchronizeUpnForManagedUsersEnabled on; it cannot be switched off again",
            )
        }
    };
    finding.saw(of_feature(case, FEATURE))
}

/// Whether a domain is federated. One that the tenant does not have is not.
fn is_federated(evidence: &Evidence, domain: &str) -> Result<bool, Finding> {
    match evidence.domain(domain).map(|found| found.is_federated()) {
        Some(Known::Value(is_federated)) => Ok(is_federated),
        Some(_) => Err(Finding::unknown("the export of domains does not hold authenticationType")),
        None => {
            gaps(&evidence.coverage(Dataset::Domains)).map_or(Ok(false), |why| Err(Finding::unknown(why)))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::fixtures::{collected, user, with_user};
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    const DOMAINS: &str = r#"{"id":"contoso.com","isVerified":true,"authenticationType":"Federated"},
        {"id":"fabrikam.com","isVerified":true,"authenticationType":"Federated"},
        {"id":"managed.com","isVerified":true,"authenticationType":"Managed"},{"id":"odd.com","isVerified":true}"#;

    fn cloud(own: &str, changes: serde_json::Value, features: Option<bool>) -> Stage {
        let features = features.map(|on| {
            json!({"id": "x", "configuration": {}, "features": {"synchronizeUpnForManagedUsersEnabled": on}}).to_string()
        });
        let user = user(changes);
        let mut lists = vec![("users", user.as_str()), ("deletedUsers", ""), ("domains", DOMAINS)];
        lists.extend(features.as_deref().map(|text| ("syncFeatures", text)));
        collected(Stage::new().with("userPrincipalName", &[own]), &lists)
    }

    #[test]
    fn cases() {
        let upn = |upn: &str| json!({ "userPrincipalName": upn });
        let licensed = |upn: &str| json!({"userPrincipalName": upn, "assignedLicenses": [{"skuId": "05e9a617-0261-4cee-bb44-138d3ef5d965", "disabledPlans": []}]});
        let own = "anna@contoso.com";
        table(
            &RULE,
            &[
                ("the same", cloud(own, upn(own), None), Status::Pass),
                (
                    "the same, and nothing is known of domains",
                    with_user(Stage::new(), json!({})),
                    Status::Pass,
                ),
                ("from one federated to another", cloud(own, upn("anna@fabrikam.com"), None), Status::Fail),
                ("within a federated one", cloud(own, upn("a@contoso.com"), None), Status::Pass),
                ("from federated to managed", cloud("anna@managed.com", upn(own), None), Status::Pass),
                (
                    "from managed, without a licence",
                    cloud(own, upn("anna@managed.com"), Some(false)),
                    Status::Pass,
                ),
                (
                    "from managed, licensed, switched on",
                    cloud(own, licensed("anna@managed.com"), Some(true)),
                    Status::Pass,
                ),
                (
                    "from managed, licensed, switched off",
                    cloud(own, licensed("anna@managed.com"), Some(false)),
                    Status::Fail,
                ),
                (
                    "from managed, licensed, not exported",
                    cloud(own, licensed("anna@managed.com"), None),
                    Status::Unknown,
                ),
                ("not said", cloud("anna@odd.com", upn(own), None), Status::Unknown),
                (
                    "domains are not exported",
                    with_user(Stage::new(), upn("anna@fabrikam.com")),
                    Status::Unknown,
                ),
                (
                    "not read",
                    with_user(Stage::new().not_asked("userPrincipalName"), json!({})),
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
