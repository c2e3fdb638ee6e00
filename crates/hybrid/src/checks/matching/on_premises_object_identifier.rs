//! `match.onPremisesObjectIdentifier`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::checks::case::Case;
use crate::checks::looked::of_feature;
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::compare::same;
use crate::evidence::{Known, SyncFeature, UserField};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "match.onPremisesObjectIdentifier",
    title: "the cloud object is not tied to another object of a directory",
    severity: Severity::Block,
    needs: Needs::Cloud,
    why: "Since 2026 Entra ID refuses a hard match with a cloud user whose onPremisesObjectIdentifier names another object: \
          \"Hard match operation blocked due to security hardening. Review OnPremisesObjectIdentifier mapping.\" \
          (AttributeUpdateNotAllowed, InvalidHardMatch). An undelete keeps objectGUID and passes; a user who was made anew and \
          given the old mS-DS-ConsistencyGuid does not.",
    evidence: "objectGUID of the user; onPremisesObjectIdentifier of the cloud user, which only the beta endpoint of Graph shows",
    fix: "clear the property of the cloud user, then synchronise: Invoke-MgGraphRequest -Method PATCH -Uri \
          https://graph.microsoft.com/beta/users/ID -Body '{\"onPremisesObjectIdentifier\": null}' \
          (User-OnPremisesSyncBehavior.ReadWrite.All, Hybrid Identity Administrator), or \
          Clear-ADSyncToolsOnPremisesAttribute of ADSyncTools 2.5.0 or later",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-install-existing-tenant (hard match); message \
             centre MC1262584, MC1263280",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let user = match case.need_cloud_user() {
        Ok(user) => user,
        Err(finding) => return finding,
    };
    let seen = [case.saw("objectGUID"), case.saw_cloud(user, UserField::OnPremisesObjectIdentifier)];
    let theirs = match user.text(UserField::OnPremisesObjectIdentifier) {
        Known::Value(theirs) => theirs,
        Known::Absent => return Finding::fine("the cloud user has no onPremisesObjectIdentifier").saw(seen),
        Known::NotAsked => {
            let detail = "the export of users does not hold onPremisesObjectIdentifier: only the beta endpoint of Graph shows it";
            return Finding::unknown(detail).saw(seen);
        }
    };
    let Some(own) = case.subject.guid() else {
        return Finding::unknown("objectGUID of the user is not known").saw(seen);
    };
    // How the property is written is not documented: the attribute is one of octets, so base64, or a GUID.
    if theirs == STANDARD.encode(own.to_wire()) || same(theirs.trim_matches(['{', '}']), &own.to_string()) {
        return Finding::fine("the cloud user names this object").saw(seen);
    }
    let detail = format!("the cloud user names the object `{theirs}`, and this one is {own}");
    let feature = SyncFeature::AllowOnPremUpdateOfOnPremisesObjectIdentifier;
    if case.feature(feature) == Known::Value(true) {
        let detail = format!(
            "{detail}; the tenant allows the change for now (allowOnPremUpdateOfOnPremisesObjectIdentifier)"
        );
        return Finding::warn(detail)
            .saw(seen)
            .saw(of_feature(case, feature))
            .fix("synchronise while the tenant allows it, and switch the exception off afterwards");
    }
    let finding = Finding::fail(detail).saw(seen);
    match user.id() {
        Known::Value(id) => finding.fix(RULE.fix.replace("/users/ID", &format!("/users/{id}"))),
        _ => finding,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::fixtures::{ANNA_ID, BERT_ID, collected, user, with_user};
    use crate::checks::rule::Status;
    use crate::checks::testing::{ANCHOR, GUID, Stage, table};

    fn cloud(identifier: serde_json::Value) -> Stage {
        with_user(Stage::new(), json!({ "onPremisesObjectIdentifier": identifier }))
    }

    #[test]
    fn cases() {
        let other = user(json!({ "onPremisesObjectIdentifier": BERT_ID }));
        let allowed = r#"{"id":"x","configuration":{},"features":{"allowOnPremUpdateOfOnPremisesObjectIdentifierEnabled":true}}"#;
        table(
            &RULE,
            &[
                ("none", cloud(json!(null)), Status::Pass),
                ("this one, as base64", cloud(json!(ANCHOR)), Status::Pass),
                ("this one, as a GUID", cloud(json!(GUID.to_uppercase())), Status::Pass),
                ("base64 in small letters", cloud(json!(ANCHOR.to_lowercase())), Status::Fail),
                ("another one", cloud(json!(BERT_ID)), Status::Fail),
                (
                    "allowed for now",
                    collected(
                        Stage::new(),
                        &[("users", &other), ("deletedUsers", ""), ("syncFeatures", allowed)],
                    ),
                    Status::Warn,
                ),
                ("not exported", cloud(json!("-")), Status::Unknown),
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

    #[test]
    fn the_cloud_user_is_named() {
        let fix = cloud(json!(BERT_ID)).look(|case| (RULE.judge)(case)).fix.unwrap();
        assert!(fix.contains(&format!("/beta/users/{ANNA_ID} ")), "{fix}");
    }
}
