//! `mail.addressUnique`.

use crate::checks::case::Case;
use crate::checks::forest::Held;
use crate::checks::looked::{gaps, of_files};
use crate::checks::rule::{Finding, Needs, Rule, Seen, Severity};
use crate::compare::bare;
use crate::evidence::{Evidence, Known, MailboxField, MailboxState, User, UserField};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "mail.addressUnique",
    title: "nobody else has an address of the user",
    severity: Severity::Block,
    needs: Needs::SomeCloud,
    why: "An address that somebody else has stops the export with AttributeValueMustBeUnique, or is put into quarantine: the user \
          comes back without it, and mail for it goes to the other one. Addresses of a deleted user are often given away.",
    evidence: "proxyAddresses, mail and targetAddress of the user; proxyAddresses and mail of all users, groups and contacts of \
               the forest (global catalogue); addresses of the live and deleted cloud users and of the mailboxes. Groups and \
               contacts that are only in the cloud are in no export: Get-EXORecipient finds them",
    fix: "take the address away from one of the two",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/tshoot-connect-sync-errors (duplicate attributes); \
             learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-syncservice-duplicate-attribute-resiliency; \
             microsoft/idfix: proxyAddresses, mail, targetAddress (duplicate)",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let own = match addresses(case) {
        Ok(own) if own.is_empty() => return Finding::not_applicable("the user has no addresses"),
        Ok(own) => own,
        Err(finding) => return finding,
    };
    let seen = [case.saw("proxyAddresses"), case.saw("mail"), case.saw("targetAddress")];
    let cloud = match case.need_evidence() {
        Ok(evidence) => in_cloud(case, evidence, &own),
        Err(finding) => vec![finding],
    };
    Finding::all([twice_here(case), in_forest(case, &own)].into_iter().chain(cloud)).saw(seen)
}

/// All addresses, each once: SMTP ones without their type.
fn addresses(case: &Case<'_>) -> Result<Vec<String>, Finding> {
    let mut own: Vec<String> = vec![];
    for name in ["proxyAddresses", "mail", "targetAddress"] {
        match case.subject.texts(name) {
            Known::Value(all) => own.extend(all.iter().map(|address| bare(address).to_lowercase())),
            Known::Absent => {}
            // The routing address is among the others, as a rule.
            Known::NotAsked if name == "targetAddress" => {}
            Known::NotAsked => return Err(Finding::unknown(format!("{name} was not read"))),
        }
    }
    own.sort();
    own.dedup();
    Ok(own)
}

fn twice_here(case: &Case<'_>) -> Finding {
    let Known::Value(all) = case.subject.texts("proxyAddresses") else { return Finding::pass() };
    let mut known = std::collections::HashSet::new();
    let twice: Vec<&str> =
        all.iter().filter(|a| !known.insert(bare(a).to_lowercase())).map(|a| bare(a)).collect();
    if twice.is_empty() {
        return Finding::pass();
    }
    let detail = format!("{} stands twice in proxyAddresses", twice.join(", "));
    Finding::warn(detail).fix("take the second one out of proxyAddresses")
}

fn in_forest(case: &Case<'_>, own: &[String]) -> Finding {
    let forest = case.setting.forest;
    let mut taken = vec![];
    for address in own {
        for other in forest.others(Held::Address, address, case.subject.guid()) {
            let seen = Seen {
                source: forest.source.clone(),
                attribute: format!("address of {}", other.dn),
                value: Some(address.clone()),
                at: Some(case.subject.at),
            };
            taken.push((format!("{} has {address} too", other.dn), seen));
        }
    }
    if !taken.is_empty() {
        let (details, seen): (Vec<String>, Vec<Seen>) = taken.into_iter().unzip();
        return Finding::fail(details.join("; ")).saw(seen);
    }
    match &forest.gap {
        Some(gap) => Finding::unknown(format!("not all of the forest was asked: {gap}")),
        None => Finding::pass(),
    }
}

fn in_cloud(case: &Case<'_>, evidence: &Evidence, own: &[String]) -> Vec<Finding> {
    let id = case.cloud_user().and_then(|user| user.id().value());
    let is_other = |user: &User<'_>| id.is_none() || user.id().value() != id;
    let mut parts = vec![];
    let (mut live_gaps, mut bin_gaps) = (vec![], vec![]);
    for address in own {
        let live = evidence.users().by_address(address);
        if let Some(other) = live.found.iter().copied().find(is_other) {
            let detail = format!("the cloud user {} has {address} too", name(other));
            parts.push(Finding::fail(detail).saw([case.saw_cloud(other, UserField::ProxyAddresses)]));
        }
        live_gaps.extend(live.gaps);
        let bin = evidence.deleted_users().by_address(address);
        if let Some(other) = bin.found.iter().copied().find(is_other) {
            let detail = format!(
                "the deleted cloud user {} has {address} too, and cannot be restored with it",
                name(other)
            );
            let finding = Finding::warn(detail).saw([case.saw_cloud(other, UserField::ProxyAddresses)]);
            parts.push(
                finding.fix(
                    "take care which of the two is restored: the other one has to do without the address",
                ),
            );
        }
        bin_gaps.extend(bin.gaps);
        parts.extend(in_mailboxes(case, evidence, address));
    }
    parts.extend(gaps(&live_gaps).map(Finding::unknown));
    parts.extend(gaps(&bin_gaps).map(|why| Finding::unknown(why).severity(Severity::Warn)));
    parts
}

/// A live mailbox of somebody else. Mailboxes that are not in use give their addresses free.
fn in_mailboxes(case: &Case<'_>, evidence: &Evidence, address: &str) -> Option<Finding> {
    let user = case.cloud_user()?.id().value()?;
    let all = evidence.mailboxes().by_address(address);
    let other = all.found.into_iter().find(|mailbox| {
        mailbox.state() == Known::Value(MailboxState::Live)
            && mailbox.external_directory_object_id().value().is_some_and(|id| id != user)
    })?;
    let id = other.external_directory_object_id().value()?;
    let seen = of_files(other.sources(), MailboxField::EmailAddresses.name(), Some(address.to_owned()));
    Some(Finding::fail(format!("the mailbox of the cloud user {id} has {address} too")).saw([seen]))
}

fn name(user: User<'_>) -> String {
    let id = user.id().value().map_or_else(|| "of unknown id".to_owned(), |id| id.to_string());
    user.upn().value().map_or(id.clone(), |upn| format!("{upn} ({id})"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::fixtures::{BERT_ID, collected, mailbox, user, with_user};
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    fn cloud(others: &str, deleted: &str) -> Stage {
        let anna = user(json!({}));
        let users = if others.is_empty() { anna } else { format!("{anna},{others}") };
        collected(Stage::new(), &[("users", &users), ("deletedUsers", deleted)])
    }

    #[test]
    fn cases() {
        let bert = |address: &str, deleted: serde_json::Value| {
            user(json!({
                "id": BERT_ID, "userPrincipalName": "bert@contoso.com", "proxyAddresses": ["SMTP:bert@contoso.com", address],
                "onPremisesImmutableId": null, "deletedDateTime": deleted,
            }))
        };
        let taken = "smtp:A.Example@contoso.com";
        let shared = mailbox(
            json!({"ExternalDirectoryObjectId": BERT_ID, "EmailAddresses": ["SMTP:b@contoso.com", taken], "PrimarySmtpAddress": "b@contoso.com"}),
        );
        let shared = collected(
            Stage::new(),
            &[("users", &user(json!({}))), ("deletedUsers", ""), ("mailboxes", &shared)],
        );
        let beside =
            |name: &str, value: &str| Stage::new().on_prem_only().beside("CN=b,DC=x", &[(name, value)]);
        let bare = ["mail", "proxyAddresses"].into_iter().fold(Stage::new(), Stage::without);
        table(
            &RULE,
            &[
                ("nobody else", cloud(&bert("smtp:x@contoso.com", json!(null)), ""), Status::Pass),
                ("a cloud user", cloud(&bert(taken, json!(null)), ""), Status::Fail),
                ("a deleted one", cloud("", &bert(taken, json!("2026-11-20T10:00:00Z"))), Status::Warn),
                ("a mailbox", shared, Status::Fail),
                ("somebody in the forest", beside("proxyAddresses", taken), Status::Fail),
                ("somebody's mail", beside("mail", "anna@contoso.com"), Status::Fail),
                (
                    "somebody's X500",
                    beside("proxyAddresses", "X500:/o=x/cn=a").with("proxyAddresses", &["x500:/O=x/cn=A"]),
                    Status::Fail,
                ),
                (
                    "the routing address",
                    beside("proxyAddresses", "smtp:r@x.com").with("targetAddress", &["SMTP:r@x.com"]),
                    Status::Fail,
                ),
                ("the directory alone", Stage::new().on_prem_only(), Status::Pass),
                (
                    "twice",
                    Stage::new().on_prem_only().with("proxyAddresses", &["SMTP:a@x.com", "smtp:A@x.com"]),
                    Status::Warn,
                ),
                ("no catalogue", Stage::new().on_prem_only().alone(), Status::Unknown),
                ("no bin", collected(Stage::new(), &[("users", &user(json!({})))]), Status::Unknown),
                ("not exported", with_user(Stage::new(), json!({"proxyAddresses": "-"})), Status::Unknown),
                ("no export", Stage::new(), Status::Unknown),
                ("not read", Stage::new().not_asked("proxyAddresses"), Status::Unknown),
                ("no addresses", bare, Status::NotApplicable),
            ],
        );
    }
}
