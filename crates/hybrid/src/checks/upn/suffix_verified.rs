//! `upn.suffixVerified`.

use crate::checks::case::{Case, suffix};
use crate::checks::command;
use crate::checks::looked::{gaps, of_domain};
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::evidence::{Dataset, Evidence, Known};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "upn.suffixVerified",
    title: "the suffix of the UPN is a verified domain of the tenant",
    severity: Severity::Block,
    needs: Needs::Cloud,
    why: "With a suffix that the tenant has not verified the user gets a UPN at @tenant.onmicrosoft.com, and signs in with another \
          name than before. It is worked out anew only when the on-premises UPN changes.",
    evidence: "the UPN as the engine sends it; the domains of the tenant and whether they are verified",
    fix: "give the user a UPN with a verified suffix, or verify the domain in the tenant first (Confirm-MgDomain), before the \
          next synchronisation",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/plan-connect-userprincipalname (nonroutable and unverified \
             suffixes)",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let seen = [case.saw(&case.upn_attribute().0)];
    let upn = match case.synchronised_upn() {
        Known::Value(upn) => upn,
        Known::Absent => return Finding::not_applicable("the user has neither a UPN nor an account name"),
        Known::NotAsked => return Finding::unknown("the UPN was not read"),
    };
    let Some(domain) = suffix(&upn) else {
        return Finding::fail(format!("`{upn}` has no suffix")).saw(seen);
    };
    let evidence = match case.need_evidence() {
        Ok(evidence) => evidence,
        Err(finding) => return finding.saw(seen),
    };
    let fix = || {
        let wanted = case.cloud_user().and_then(|user| user.upn().value()).unwrap_or("NAME@VERIFIED-DOMAIN");
        format!(
            "give the user a UPN with a verified suffix: {}; or verify {domain} in the tenant first (Confirm-MgDomain)",
            command::set(case.subject, &[(&case.upn_attribute().0, wanted)])
        )
    };
    let finding = match is_verified(evidence, domain) {
        Ok(true) => Finding::pass(),
        Ok(false) => Finding::fail(format!("{domain} is not a verified domain of the tenant")).fix(fix()),
        Err(open) => open,
    };
    finding
        .saw(seen)
        .saw(evidence.domain(domain).map(|found| of_domain(found, "isVerified", found.is_verified())))
}

/// Whether a domain is verified in the tenant; else why that cannot be told.
pub(in crate::checks) fn is_verified(evidence: &Evidence, domain: &str) -> Result<bool, Finding> {
    match evidence.domain(domain).map(|found| found.is_verified()) {
        Some(Known::Value(is_verified)) => Ok(is_verified),
        Some(_) => Err(Finding::unknown("the export of domains does not hold isVerified")),
        None => {
            gaps(&evidence.coverage(Dataset::Domains)).map_or(Ok(false), |why| Err(Finding::unknown(why)))
        }
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
        let domains = r#"{"id":"contoso.com","isVerified":true},{"id":"fabrikam.com","isVerified":false},{"id":"odd.com"}"#;
        let with =
            |upn: &str| collected(Stage::new().with("userPrincipalName", &[upn]), &[("domains", domains)]);
        let lost = collected(Stage::new().without("userPrincipalName"), &[("domains", domains)]);
        table(
            &RULE,
            &[
                ("verified", with("anna@Contoso.com"), Status::Pass),
                ("not verified", with("anna@fabrikam.com"), Status::Fail),
                ("not there", with("anna@contoso.local"), Status::Fail),
                ("below a verified one", with("anna@sub.contoso.com"), Status::Fail),
                ("what the engine makes up", lost, Status::Fail),
                ("no suffix", with("anna"), Status::Fail),
                ("not said", with("anna@odd.com"), Status::Unknown),
                ("domains are not exported", with_user(Stage::new(), json!({})), Status::Unknown),
                ("not read", Stage::new().not_asked("userPrincipalName"), Status::Unknown),
                (
                    "no name",
                    Stage::new().without("userPrincipalName").without("sAMAccountName"),
                    Status::NotApplicable,
                ),
                ("no export", Stage::new(), Status::Unknown),
                ("the directory alone", Stage::new().on_prem_only(), Status::NotApplicable),
            ],
        );
    }
}
