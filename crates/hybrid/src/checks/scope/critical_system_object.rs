//! `scope.criticalSystemObject`.

use super::by_default_rule;
use crate::checks::case::Case;
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::scope::filters;

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "scope.criticalSystemObject",
    title: "it is no critical object of the system",
    severity: Severity::Block,
    needs: Needs::Directory,
    why: "The default join rule takes no object on which isCriticalSystemObject is TRUE, and filters any that has it: \
          krbtgt, the built-in Administrator.",
    evidence: "isCriticalSystemObject",
    fix: "such an object is not synchronised: give the person another account",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/concept-azure-ad-connect-sync-default-configuration (out-of-box \
             rules, users)",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    by_default_rule(case, filters::critical_system_object, "isCriticalSystemObject")
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
                ("critical", Stage::new().with("isCriticalSystemObject", &["TRUE"]), Status::Fail),
                ("not read", Stage::new().not_asked("isCriticalSystemObject"), Status::Unknown),
                ("the directory alone", Stage::new().on_prem_only(), Status::Pass),
            ],
        );
    }
}
