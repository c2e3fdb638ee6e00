//! `scope.adminDescription`.

use super::by_default_rule;
use crate::checks::case::{Case, CloudObject};
use crate::checks::command;
use crate::checks::rule::{Finding, Needs, Rule, Severity, Status};
use crate::evidence::Known;
use crate::scope::filters;

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "scope.adminDescription",
    title: "the user is not kept out of the cloud by adminDescription",
    severity: Severity::Block,
    needs: Needs::SomeCloud,
    why: "The default join rule takes no user whose adminDescription begins with User_: the documented way to keep one out of the cloud. A \
          tombstone has lost the value, so a user that was kept out on purpose is synchronised after its restore.",
    evidence: "adminDescription; for a former tombstone, whether a cloud object shows that it was synchronised",
    fix: "clear adminDescription when the user is ready for the cloud: Set-ADUser -Identity GUID -Clear adminDescription",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-sync-configure-filtering (negative filtering); the rule In \
             from AD - User Join (Synchronization Rules Editor)",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let finding = by_default_rule(case, filters::admin_description, "adminDescription");
    match finding.status {
        Status::Fail => finding.fix(format!(
            "when the user is ready for the cloud: {}",
            command::clear(case.subject, &["adminDescription"])
        )),
        Status::Pass => Finding::all([finding, before(case)]),
        _ => finding,
    }
}

/// Whether a lost value may have kept the user out on purpose.
fn before(case: &Case<'_>) -> Finding {
    let is_lost =
        case.subject.was_tombstone && matches!(case.subject.octets("adminDescription"), Known::Absent);
    if !is_lost {
        return Finding::pass();
    }
    match &case.cloud {
        CloudObject::One(..) => Finding::fine("it has a cloud object: it was not kept out"),
        CloudObject::None => Finding::warn(
            "the value was lost with the deletion, and there is no cloud object: the user may have been kept out on purpose",
        )
        .fix(format!(
            "look into a backup; to keep it out again: {}",
            command::set(case.subject, &[("adminDescription", "User_…")])
        )),
        CloudObject::NoEvidence | CloudObject::Unknown(_) => Finding::warn(
            "the value was lost with the deletion: whether the user was kept out of the cloud on purpose (User_…) is not known",
        )
        .fix("look into a backup, or give the exports of the cloud"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{ANCHOR, Stage, table};

    #[test]
    fn cases() {
        let tombstone = || Stage::new().changed(|s| s.was_tombstone = true);
        let users = format!(
            r#"{{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users","value":[
              {{"id":"11111111-1111-1111-1111-111111111111","userPrincipalName":"anna@contoso.com","onPremisesImmutableId":"{ANCHOR}"}}]}}"#
        );
        let person = ["top", "person", "organizationalPerson", "user", "inetOrgPerson"];
        table(
            &RULE,
            &[
                ("none", Stage::new(), Status::Pass),
                ("another text", Stage::new().with("adminDescription", &["Users of sales"]), Status::Pass),
                ("kept out", Stage::new().with("adminDescription", &["user_filtered"]), Status::Fail),
                (
                    "kept out, a former tombstone",
                    tombstone().with("adminDescription", &["User_x"]),
                    Status::Fail,
                ),
                (
                    "an inetOrgPerson",
                    Stage::new().with("adminDescription", &["User_x"]).with("objectClass", &person),
                    Status::Pass,
                ),
                ("lost", tombstone(), Status::Warn),
                ("lost, with a cloud object", tombstone().evidence(&[("users.json", &users)]), Status::Pass),
                ("not read", Stage::new().not_asked("adminDescription"), Status::Unknown),
                ("the directory alone", Stage::new().on_prem_only(), Status::Pass),
            ],
        );
    }

    #[test]
    fn cloud_sync_has_no_such_filter() {
        let schema = r#"{"id":"AD2AADProvisioning.1","synchronizationRules":[{"id":"r1","name":"users",
            "sourceDirectoryName":"Active Directory","containerFilter":{"includedContainers":["DC=contoso,DC=test"]},
            "groupFilter":{"includedGroups":[]},"objectMappings":[{"sourceObjectName":"user","enabled":true}]}]}"#;
        let stage = Stage::new().with("adminDescription", &["User_x"]).sync("schema.json", schema);
        assert_eq!(stage.status(&RULE).0, Status::Pass);
    }
}
