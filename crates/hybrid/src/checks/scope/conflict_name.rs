//! `scope.conflictName`.

use super::by_default_rule;
use crate::checks::case::Case;
use crate::checks::command;
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::scope::filters;

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "scope.conflictName",
    title: "the name is not that of a replication conflict or of a deleted object",
    severity: Severity::Block,
    needs: Needs::Directory,
    why: "Two objects that got one name on two domain controllers: one is renamed to NAME\\0ACNF:GUID, and the default \
          join rule filters it. A name with \\0ADEL:GUID is that of an object which is deleted still.",
    evidence: "the RDN of the object as it will be",
    fix: "rename the object, after looking at its namesake: Rename-ADObject -Identity GUID -NewName NAME",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/concept-azure-ad-connect-sync-default-configuration \
             (out-of-box rules, users); [MS-ADTS] 3.1.1.5.5",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let finding = by_default_rule(case, filters::conflict_name, "distinguishedName");
    finding
        .fix(format!("rename the object, after looking at its namesake: {}", command::rename(case.subject)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    #[test]
    fn cases() {
        table(&RULE, &[
            ("ordinary", Stage::new(), Status::Pass),
            ("conflict", Stage::new().named("CN=Anna\\0ACNF:8d4e6b2a-1f3c-4a5b-9c7d-0123456789ab,DC=contoso,DC=test"), Status::Fail),
            ("deleted", Stage::new().named("CN=Anna\\0ADEL:8d4e6b2a-1f3c-4a5b-9c7d-0123456789ab,CN=Deleted Objects,DC=contoso,DC=test"), Status::Fail),
            ("looks alike", Stage::new().named("CN=Anna CNF:1,DC=contoso,DC=test"), Status::Pass),
            ("the directory alone", Stage::new().on_prem_only(), Status::Pass),
        ]);
    }
}
