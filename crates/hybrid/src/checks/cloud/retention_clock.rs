//! `cloud.retentionClock`.

use adrecover_core::time::rfc3339;
use chrono::TimeDelta;

use crate::checks::case::Case;
use crate::checks::looked::{gaps, of_user};
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::evidence::{Evidence, Known, User, UserField};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "cloud.retentionClock",
    title: "the cloud user is live, or will still be in the bin at the synchronisation, and nobody live has taken its place",
    severity: Severity::Block,
    needs: Needs::Cloud,
    why: "A deleted cloud user can be taken back for 30 days; after that it is gone with its groups, licences and files, and the \
          synchronisation makes a new one. Where a live cloud user has its UPN or primary address by now, taking it back ends in a \
          conflict.",
    evidence: "deletedDateTime of the cloud user; UPN and primary SMTP address of the live cloud users",
    fix: "restore the user on premises and synchronise before the 30 days end (mind the 30 minutes of a cycle), or restore it in \
          the cloud first: Restore-MgDirectoryDeletedItem -DirectoryObjectId ID",
    source: "learn.microsoft.com/entra/fundamentals/users-restore; \
             learn.microsoft.com/graph/api/directory-deleteditems-restore; KB 2619308",
    judge,
};

/// For how long a deleted user can be taken back.
const KEPT: TimeDelta = TimeDelta::days(30);
/// When it is time to hurry.
const SOON: TimeDelta = TimeDelta::days(3);

fn judge(case: &Case<'_>) -> Finding {
    let user = match case.need_cloud_user() {
        Ok(user) => user,
        Err(finding) => return finding,
    };
    let Ok(evidence) = case.need_evidence() else { return case.no_cloud() };
    if !user.is_deleted() {
        return Finding::fine("the cloud user is live");
    }
    Finding::all([clock(case, user), second(case, evidence, user)])
}

fn clock(case: &Case<'_>, user: User<'_>) -> Finding {
    let deleted = user.deleted_at();
    let seen = of_user(user, UserField::DeletedDateTime, deleted.map(rfc3339));
    let end = match deleted.read(|at| at.checked_add_signed(KEPT)) {
        Known::Value(end) => end,
        _ => {
            return Finding::unknown("the export of deleted users does not hold deletedDateTime").saw([seen]);
        }
    };
    let left = end.signed_duration_since(case.setting.now);
    let text = rfc3339(end);
    let finding = if left <= TimeDelta::zero() {
        Finding::fail(format!("the 30 days of the deleted cloud user ended {text}: it is gone, or will be within hours")).fix(
            "look whether it is still in the bin (Get-MgDirectoryDeletedItemAsUser); else the user becomes a new cloud user, and \
             the mailbox has to be saved by itself (exchange.mailboxGuid)",
        )
    } else if left <= SOON {
        let id = user.id().value().map_or_else(|| "ID".to_owned(), |id| id.to_string());
        Finding::warn(format!("the cloud user is gone for good at {text}, in {} hours", left.num_hours())).fix(format!(
            "synchronise before that, or stop the clock: Restore-MgDirectoryDeletedItem -DirectoryObjectId {id}"
        ))
    } else {
        Finding::fine(format!("the cloud user is in the bin until {text}"))
    };
    finding.saw([seen])
}

/// A live cloud user with the name or the address of the deleted one.
fn second(case: &Case<'_>, evidence: &Evidence, user: User<'_>) -> Finding {
    let live = evidence.users();
    let mut missing = vec![];
    let mut looks = vec![];
    if let Known::Value(upn) = user.upn() {
        looks.push((live.by_upn(upn), format!("the UPN {upn}")));
    }
    for address in user.primary_smtp().value().unwrap_or_default() {
        looks.push((live.by_primary_smtp(address), format!("the primary address {address}")));
    }
    if looks.is_empty() {
        return Finding::unknown("the export of deleted users holds neither UPN nor addresses");
    }
    for (matches, what) in looks {
        if let Some(other) = matches.first() {
            let id = other.id().value().map_or_else(|| "of unknown id".to_owned(), |id| id.to_string());
            return Finding::fail(format!("the live cloud user {id} has {what} of the deleted one"))
                .saw([
                    case.saw_cloud(other, UserField::UserPrincipalName),
                    case.saw_cloud(other, UserField::ProxyAddresses),
                ])
                .fix(
                    "find out which of the two is to live on. If it is the deleted one: take the UPN and the address away from the \
                     live one, then synchronise, or restore with another UPN (Restore-EntraDeletedDirectoryObject \
                     -NewUserPrincipalName)",
                );
        }
        missing.extend(matches.gaps);
    }
    gaps(&missing).map_or_else(Finding::pass, Finding::unknown)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::fixtures::{BERT_ID, collected, user, with_user};
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    /// The time of the tests is 2026-11-26T12:00:00Z.
    fn deleted(at: &str, live: &str) -> Stage {
        collected(Stage::new(), &[("users", live), ("deletedUsers", &user(json!({ "deletedDateTime": at })))])
    }

    #[test]
    fn cases() {
        let live = |changes: serde_json::Value| {
            let mut all = json!({"id": BERT_ID, "onPremisesImmutableId": null, "userPrincipalName": "b@contoso.com", "proxyAddresses": ["SMTP:b@contoso.com"]});
            for (name, value) in changes.as_object().unwrap() {
                all[name] = value.clone();
            }
            user(all)
        };
        let at = "2026-11-20T10:00:00Z";
        let lone = collected(Stage::new(), &[("deletedUsers", &user(json!({ "deletedDateTime": at })))]);
        table(
            &RULE,
            &[
                ("live", with_user(Stage::new(), json!({})), Status::Pass),
                ("in the bin", deleted(at, ""), Status::Pass),
                ("beside others", deleted(at, &live(json!({}))), Status::Pass),
                ("two days left", deleted("2026-10-29T10:00:00Z", ""), Status::Warn),
                ("over", deleted("2026-10-27T11:59:59Z", ""), Status::Fail),
                (
                    "a second one by the UPN",
                    deleted(at, &live(json!({"userPrincipalName": "Anna@contoso.com"}))),
                    Status::Fail,
                ),
                (
                    "a second one by the address",
                    deleted(at, &live(json!({"proxyAddresses": ["SMTP:anna@contoso.com"]}))),
                    Status::Fail,
                ),
                (
                    "a further address",
                    deleted(at, &live(json!({"proxyAddresses": ["smtp:anna@contoso.com"]}))),
                    Status::Pass,
                ),
                ("live users are not exported", lone, Status::Unknown),
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
    fn without_a_time_it_is_not_known() {
        let bare = user(json!({"deletedDateTime": "-"}));
        let (status, detail) =
            collected(Stage::new(), &[("users", ""), ("deletedUsers", &bare)]).status(&RULE);
        assert_eq!(status, Status::Unknown, "{detail}");
    }
}
