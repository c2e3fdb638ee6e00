//! `upn.format`.

use crate::checks::case::Case;
use crate::checks::idfix;
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::evidence::Known;

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "upn.format",
    title: "the UPN has a form that Entra ID takes",
    severity: Severity::Block,
    needs: Needs::Directory,
    why: "A UPN with characters that Entra ID does not take, or too long, is replaced by mailNickname@tenant.onmicrosoft.com or \
          stops the user with IdentityDataValidationFailed.",
    evidence: "the UPN as the engine sends it: at most 113 characters, 64 before @ and 48 behind it; no white space, none of \
               \\ % & * + / = ? { } | < > ( ) ; : , [ ] \" and no umlauts; the form of RFC 2822; the top-level domain (a warning)",
    fix: "give the user a UPN of letters, digits and . - _ ! # ^ ~ ' at a domain that the tenant has",
    source: "microsoft/idfix: userPrincipalName (character, length, format, top-level domain); \
             learn.microsoft.com/microsoft-365/enterprise/prepare-for-directory-synchronization",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let seen = [case.saw(&case.upn_attribute().0)];
    match case.synchronised_upn() {
        Known::Value(upn) => told(&upn, idfix::upn(&upn)).saw(seen),
        Known::Absent => Finding::not_applicable("the user has neither a UPN nor an account name"),
        Known::NotAsked => Finding::unknown("the UPN was not read"),
    }
}

/// What is wrong with a value in words. What is only a remark is a warning.
pub(in crate::checks) fn told(value: &str, problems: Vec<idfix::Problem>) -> Finding {
    let is_refused = problems.iter().any(|problem| problem.is_refused);
    let texts: Vec<String> = problems.into_iter().map(|problem| problem.text).collect();
    let detail = format!("`{value}`: {}", texts.join("; "));
    match (texts.is_empty(), is_refused) {
        (true, _) => Finding::pass(),
        (_, true) => Finding::fail(detail),
        (_, false) => Finding::warn(detail),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    #[test]
    fn cases() {
        let with = |upn: &str| Stage::new().with("userPrincipalName", &[upn]);
        let sent =
            |account: &str| Stage::new().without("userPrincipalName").with("sAMAccountName", &[account]);
        table(
            &RULE,
            &[
                ("an ordinary one", with("anna@contoso.com"), Status::Pass),
                ("a blank", with("an na@contoso.com"), Status::Fail),
                ("too long", with(&format!("{}@contoso.com", "a".repeat(65))), Status::Fail),
                ("an umlaut", with("änna@contoso.com"), Status::Fail),
                ("no domain", with("anna"), Status::Fail),
                ("an apostrophe", with("o'hara@contoso.com"), Status::Warn),
                ("not in public", with("anna@contoso.local"), Status::Warn),
                ("what the engine makes up", sent("anna&co"), Status::Fail),
                ("the directory alone", with("anna@contoso.com").on_prem_only(), Status::Pass),
                ("not read", Stage::new().not_asked("userPrincipalName"), Status::Unknown),
                (
                    "no name",
                    Stage::new().without("userPrincipalName").without("sAMAccountName"),
                    Status::NotApplicable,
                ),
            ],
        );
    }

    proptest! {
        #[test]
        fn any_text_is_judged(text in ".{1,120}") {
            let (status, _) = Stage::new().with("userPrincipalName", &[&text]).status(&RULE);
            prop_assert!(matches!(status, Status::Pass | Status::Fail | Status::Warn));
        }
    }
}
