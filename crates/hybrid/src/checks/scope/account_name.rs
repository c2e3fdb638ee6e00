//! `scope.accountName`.

use super::by_default_rule;
use crate::checks::case::Case;
use crate::checks::command;
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::scope::filters;

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "scope.accountName",
    title: "the account name is there and is not that of a service account of the system",
    severity: Severity::Block,
    needs: Needs::Directory,
    why: "The default join rule sets cloudFiltered for users without sAMAccountName and for SUPPORT_388945a0, AAD_…, \
          MSOL_… and CAS_…{…}: they are not exported, and deleted in the cloud.",
    evidence: "sAMAccountName",
    fix: "set the account name, or rename the account: Set-ADUser -Identity GUID -SamAccountName NAME",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/concept-azure-ad-connect-sync-default-configuration \
             (out-of-box rules, users)",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let finding = by_default_rule(case, filters::account_name, "sAMAccountName");
    let set = command::set(case.subject, &[("sAMAccountName", "NAME")]);
    finding.fix(format!("set the account name, or rename the account: {set}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    #[test]
    fn cases() {
        table(
            &RULE,
            &[
                ("ordinary", Stage::new(), Status::Pass),
                ("none", Stage::new().without("sAMAccountName"), Status::Fail),
                ("of the engine", Stage::new().with("sAMAccountName", &["msol_0123456789ab"]), Status::Fail),
                ("of the old engine", Stage::new().with("sAMAccountName", &["AAD_0123"]), Status::Fail),
                ("of support", Stage::new().with("sAMAccountName", &["SUPPORT_388945a0"]), Status::Fail),
                ("of client access", Stage::new().with("sAMAccountName", &["CAS_{1}"]), Status::Fail),
                ("begins alike", Stage::new().with("sAMAccountName", &["cas_miller"]), Status::Pass),
                (
                    "of the cloud's own account",
                    Stage::new().with("sAMAccountName", &["Sync_dc1"]),
                    Status::Pass,
                ),
                ("not read", Stage::new().not_asked("sAMAccountName"), Status::Unknown),
                ("the directory alone", Stage::new().on_prem_only(), Status::Pass),
            ],
        );
    }
}
