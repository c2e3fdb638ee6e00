//! `upn.unique`.

use crate::checks::case::Case;
use crate::checks::forest::Held;
use crate::checks::rule::{Finding, Needs, Rule, Seen, Severity};
use crate::compare::same;
use crate::evidence::{Known, User, UserField};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "upn.unique",
    title: "nobody else has the UPN",
    severity: Severity::Block,
    needs: Needs::SomeCloud,
    why: "Two objects with one UPN: the second gets a placeholder in the cloud (name+4 digits@tenant.onmicrosoft.com), or the \
          synchronisation of the user stops with AttributeValueMustBeUnique.",
    evidence: "userPrincipalName of all objects of the forest (global catalogue), or the attribute that the engine takes the UPN from; userPrincipalName of live and deleted cloud \
               users; addresses of other cloud users",
    fix: "give the other object another UPN, or this one",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/tshoot-connect-sync-errors (duplicate attributes)",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let upn = match case.synchronised_upn() {
        Known::Value(upn) => upn,
        Known::Absent => return Finding::not_applicable("the user has neither a UPN nor an account name"),
        Known::NotAsked => return Finding::unknown("the UPN was not read"),
    };
    Finding::all([in_forest(case, &upn), in_cloud(case, &upn)])
}

fn in_forest(case: &Case<'_>, upn: &str) -> Finding {
    let forest = case.setting.forest;
    let (attribute, _) = case.upn_attribute();
    let seen = case.saw(&attribute);
    if !forest.indexes_upn(&attribute) {
        return Finding::unknown(format!(
            "the engine takes the UPN from {attribute}, and who else in the forest has this value there was not looked up"
        ))
        .saw([seen]);
    }
    let others = forest.others(Held::Upn, upn, case.subject.guid());
    if let Some(other) = others.first() {
        let theirs = Seen {
            source: forest.source.clone(),
            attribute,
            value: Some(upn.to_owned()),
            at: Some(case.subject.at),
        };
        return Finding::fail(format!("{} has the UPN {upn} too", other.dn)).saw([seen, theirs]);
    }
    match &forest.gap {
        Some(gap) => Finding::unknown(format!("not all of the forest was asked: {gap}")).saw([seen]),
        None => Finding::pass().saw([seen]),
    }
}

fn in_cloud(case: &Case<'_>, upn: &str) -> Finding {
    let evidence = match case.need_evidence() {
        Ok(evidence) => evidence,
        Err(finding) => return finding,
    };
    let own = case.cloud_user().and_then(|user| user.id().value());
    let is_other = |user: &User<'_>| own.is_none() || user.id().value() != own;
    let mut gaps = vec![];
    for users in [evidence.users(), evidence.deleted_users()] {
        for matches in [users.by_upn(upn), users.by_address(upn)] {
            if let Some(other) = matches.found.iter().copied().find(is_other) {
                let place = if other.is_deleted() { "the deleted cloud user" } else { "the cloud user" };
                let has = match other.upn() {
                    Known::Value(theirs) if same(theirs, upn) => "has this UPN",
                    _ => "has the UPN among its addresses",
                };
                let id = other.id().value().map_or_else(|| "of unknown id".to_owned(), |id| id.to_string());
                return Finding::fail(format!("{place} {id} {has}"))
                    .saw([
                        case.saw_cloud(other, UserField::UserPrincipalName),
                        case.saw_cloud(other, UserField::ProxyAddresses),
                    ])
                    .fix("free the UPN of the other cloud user, or choose another one here");
            }
            gaps.extend(matches.gaps.iter().map(ToString::to_string));
        }
    }
    match gaps.first() {
        Some(gap) => Finding::unknown(gap.clone()),
        None => Finding::pass(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::fixtures::{BERT_ID, collected, user};
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    #[test]
    fn cases() {
        let with = |other: &str| {
            let bert = user(json!({
                "id": BERT_ID, "userPrincipalName": other, "proxyAddresses": [], "onPremisesImmutableId": null,
            }));
            let both = format!("{},{bert}", user(json!({})));
            collected(Stage::new(), &[("users", &both), ("deletedUsers", "")])
        };
        let by_mail = |stage: Stage| {
            let name = "Microsoft.SynchronizationOption.UPNAttribute";
            let settings =
                json!({"InstanceId": "x", "Parameters": [{"Name": name, "Value": "mail"}]}).to_string();
            let lists =
                [("users", user(json!({}))), ("deletedUsers", String::new()), ("globalSettings", settings)];
            collected(stage, &lists.each_ref().map(|(name, text)| (*name, text.as_str())))
        };
        let taken = |name: &str| {
            let mut stage = Stage::new();
            stage.forest = crate::checks::Forest::of("dc1").indexing("mail");
            stage.beside("CN=b,DC=x", &[(name, "anna@contoso.com")])
        };
        let by_address = user(json!({
            "id": BERT_ID, "userPrincipalName": "b@contoso.com", "proxyAddresses": ["smtp:anna@contoso.com"],
            "onPremisesImmutableId": null, "deletedDateTime": "2026-11-20T10:00:00Z",
        }));
        table(
            &RULE,
            &[
                ("nobody else", with("bert@contoso.com"), Status::Pass),
                (
                    "somebody in the forest",
                    Stage::new().beside("CN=b,DC=x", &[("userPrincipalName", "ANNA@contoso.com")]),
                    Status::Fail,
                ),
                ("alternate id, not looked up", by_mail(Stage::new()), Status::Unknown),
                ("alternate id", by_mail(taken("displayName")), Status::Pass),
                ("alternate id, taken", by_mail(taken("mail")), Status::Fail),
                ("a cloud user", with("Anna@Contoso.com"), Status::Fail),
                (
                    "an address of a deleted cloud user",
                    collected(Stage::new(), &[("users", &user(json!({}))), ("deletedUsers", &by_address)]),
                    Status::Fail,
                ),
                ("no export", Stage::new(), Status::Unknown),
                ("the directory alone", Stage::new().on_prem_only(), Status::Pass),
                ("no catalogue", with("bert@contoso.com").alone(), Status::Unknown),
                ("not read", Stage::new().not_asked("userPrincipalName"), Status::Unknown),
                ("no bin", collected(Stage::new(), &[("users", &user(json!({})))]), Status::Unknown),
                (
                    "no name at all",
                    Stage::new().without("userPrincipalName").without("sAMAccountName"),
                    Status::NotApplicable,
                ),
            ],
        );
    }
}
