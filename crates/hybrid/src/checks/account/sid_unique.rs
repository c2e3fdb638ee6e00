//! `account.sidUnique`.

use crate::checks::case::Case;
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::evidence::{User, UserField};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "account.sidUnique",
    title: "no other cloud user has the SID",
    severity: Severity::Block,
    needs: Needs::Cloud,
    why: "A cloud user keeps the SID of the object that it came from. Where another live one has it already, the export fails with \
          AttributeValueMustBeUnique (OnPremiseSecurityIdentifier): usual after a second account was made for one user.",
    evidence: "objectSid; onPremisesSecurityIdentifier of live and deleted cloud users",
    fix: "decide which cloud user is the right one; remove the other one (Remove-MgUser), or clear its attributes with ADSyncTools: \
          Clear-ADSyncToolsOnPremisesAttribute",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/tshoot-connect-sync-errors (AttributeValueMustBeUnique)",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let Some(sid) = case.subject.sid().map(|sid| sid.to_string()) else {
        return match case.subject.was_asked("objectSid") {
            true => Finding::not_applicable("the object has no SID"),
            false => Finding::unknown("objectSid was not read"),
        };
    };
    let evidence = match case.need_evidence() {
        Ok(evidence) => evidence,
        Err(finding) => return finding,
    };
    let own = case.cloud_user().and_then(|user| user.id().value());
    let is_other = |user: &User<'_>| own.is_none() || user.id().value() != own;
    let live = evidence.users().by_sid(&sid);
    let deleted = evidence.deleted_users().by_sid(&sid);
    let told = |user: User<'_>| {
        let id = user.id().value().map_or_else(|| "of unknown id".to_owned(), |id| id.to_string());
        format!("{id} has the SID {sid} too")
    };
    let seen = |user| [case.saw("objectSid"), case.saw_cloud(user, UserField::OnPremisesSecurityIdentifier)];
    if let Some(other) = live.found.iter().copied().find(is_other) {
        return Finding::fail(format!("the cloud user {}", told(other))).saw(seen(other));
    }
    if let Some(other) = deleted.found.iter().copied().find(is_other) {
        return Finding::warn(format!("the deleted cloud user {}", told(other)))
            .saw(seen(other))
            .fix("find out which of the two is the right one before either is restored");
    }
    match live.gaps.first() {
        Some(gap) => Finding::unknown(gap.to_string()).saw([case.saw("objectSid")]),
        None => Finding::pass().saw([case.saw("objectSid")]),
    }
}

#[cfg(test)]
mod tests {
    use adrecover_core::Sid;

    use super::super::fixture::{USERS, anna};
    use super::*;
    use crate::checks::rule::Status;
    use crate::checks::testing::{ANCHOR, Stage, table};

    const SID: &str = "S-1-5-21-1-2-3-1200";

    fn stage() -> Stage {
        Stage::new().octets("objectSid", &SID.parse::<Sid>().unwrap().to_wire())
    }

    fn with_other(sid: &str) -> String {
        format!(
            r#"{USERS}{{"id":"11111111-1111-1111-1111-111111111111","userPrincipalName":"anna@contoso.com","onPremisesImmutableId":"{ANCHOR}","onPremisesSecurityIdentifier":"{SID}"}},
              {{"id":"22222222-2222-2222-2222-222222222222","userPrincipalName":"b@contoso.com","onPremisesImmutableId":null,"onPremisesSecurityIdentifier":"{sid}"}}]}}"#
        )
    }

    #[test]
    fn cases() {
        let deleted = format!(
            r#"{{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#directory/deletedItems/microsoft.graph.user","value":[
              {{"id":"22222222-2222-2222-2222-222222222222","userPrincipalName":"b@contoso.com","deletedDateTime":"2026-11-20T00:00:00Z","onPremisesSecurityIdentifier":"{SID}"}}]}}"#
        );
        table(
            &RULE,
            &[
                (
                    "its own alone",
                    stage().evidence(&[("users.json", &with_other("S-1-5-21-1-2-3-1201"))]),
                    Status::Pass,
                ),
                ("another one too", stage().evidence(&[("users.json", &with_other(SID))]), Status::Fail),
                (
                    "a deleted one too",
                    stage().evidence(&[
                        ("users.json", &with_other("S-1-5-21-1-2-3-1201")),
                        ("deleted.json", &deleted),
                    ]),
                    Status::Warn,
                ),
                ("SIDs were not exported", stage().evidence(&[("users.json", &anna(""))]), Status::Unknown),
                ("no SID", Stage::new(), Status::NotApplicable),
                ("not read", Stage::new().not_asked("objectSid"), Status::Unknown),
                ("no export", stage(), Status::Unknown),
                ("the directory alone", stage().on_prem_only(), Status::NotApplicable),
            ],
        );
    }
}
