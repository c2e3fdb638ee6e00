//! `exchange.legacyDn`.

use crate::checks::case::Case;
use crate::checks::command;
use crate::checks::looked::gaps;
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::compare::same;
use crate::evidence::{Known, MailboxField};

use super::recipient::is_of_exchange;

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "exchange.legacyDn",
    title: "the user has the legacyExchangeDN of its mailbox, or holds it as an X500 address",
    severity: Severity::Warn,
    needs: Needs::SomeCloud,
    why: "Answers to old messages, entries of the address cache of Outlook, calendar items and delegations name the sender by its \
          legacyExchangeDN. Where nobody has that name any more they end in a non-delivery report (IMCEAEX).",
    evidence: "legacyExchangeDN and the X500 addresses of proxyAddresses of the user; LegacyExchangeDN of the mailbox, also of a \
               soft-deleted or inactive one",
    fix: "add the old name to proxyAddresses: Set-ADUser -Identity USER -Add @{proxyAddresses='X500:OLD-NAME'}",
    source: "learn.microsoft.com/exchange/troubleshoot/email-delivery/imceaex-ndr; \
             learn.microsoft.com/exchange/recipients-in-exchange-online/delete-or-restore-mailboxes",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let seen = [case.saw("legacyExchangeDN"), case.saw("proxyAddresses")];
    match case.is_mail_user() {
        Known::Value(true) => {}
        Known::NotAsked => {
            return Finding::unknown("whether the user has to do with mail is not known").saw(seen);
        }
        _ => return Finding::not_applicable("the user has nothing to do with mail").saw(seen),
    }
    Finding::all([here(case), there(case)]).saw(seen)
}

fn here(case: &Case<'_>) -> Finding {
    match case.subject.text("legacyExchangeDN") {
        Known::Value(_) => Finding::pass(),
        Known::Absent if is_of_exchange(case) => {
            Finding::fail("Exchange on premises has made the user a recipient, and legacyExchangeDN is empty")
                .fix(command::once_live(
                    case.subject,
                    "let Exchange write it: Update-Recipient, or Enable-RemoteMailbox; then add the old name as an X500 address",
                ))
        }
        Known::Absent => Finding::not_applicable("no Exchange server on premises has made the user a recipient"),
        Known::NotAsked => Finding::unknown("legacyExchangeDN was not read"),
    }
}

fn there(case: &Case<'_>) -> Finding {
    if let Err(finding) = case.need_evidence() {
        return finding;
    }
    let Some(mailboxes) = case.mailboxes() else {
        return Finding::unknown("there is nothing to look for a mailbox by");
    };
    let Some(mailbox) = mailboxes.first() else {
        return gaps(&mailboxes.gaps)
            .map_or_else(|| Finding::not_applicable("there is no mailbox in the cloud"), Finding::unknown);
    };
    let finding = match (mailbox.legacy_exchange_dn(), case.subject.texts("proxyAddresses")) {
        (Known::NotAsked, _) => Finding::unknown("the export of mailboxes does not hold LegacyExchangeDN"),
        (Known::Absent, _) => Finding::not_applicable("the mailbox has no LegacyExchangeDN"),
        (_, Known::NotAsked) => Finding::unknown("proxyAddresses was not read"),
        (Known::Value(theirs), proxies) => {
            let is_own = case.subject.text("legacyExchangeDN").value().is_some_and(|own| same(&own, theirs));
            let wanted = format!("X500:{theirs}");
            if is_own || proxies.value().unwrap_or_default().iter().any(|address| same(address, &wanted)) {
                Finding::pass()
            } else {
                let fix = command::add(case.subject, "proxyAddresses", &wanted);
                Finding::fail(format!("`{theirs}`, the name of the mailbox, is neither legacyExchangeDN nor an X500 address here"))
                    .fix(format!("add it: {fix}"))
            }
        }
    };
    finding.saw([case.saw_mailbox(mailbox, MailboxField::LegacyExchangeDn)])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::fixtures::{collected, mailbox, user, with_user};
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    const CLOUD: &str =
        "/o=ExchangeLabs/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=abc-anna";

    fn cloud(stage: Stage, changes: serde_json::Value) -> Stage {
        collected(
            stage,
            &[
                ("users", &user(json!({}))),
                ("deletedUsers", ""),
                ("mailboxes", &mailbox(changes)),
                ("softDeletedMailboxes", ""),
                ("inactiveMailboxes", ""),
            ],
        )
    }

    #[test]
    fn cases() {
        let named = || json!({ "LegacyExchangeDN": CLOUD });
        let own = |name: &str| Stage::new().with("legacyExchangeDN", &[name]);
        let x500 = format!("x500:{}", CLOUD.to_uppercase());
        let held = own("/o=Contoso/cn=anna").with("proxyAddresses", &["SMTP:anna@contoso.com", &x500]);
        let bare = ["mail", "mailNickname", "proxyAddresses"].into_iter().fold(Stage::new(), Stage::without);
        let remote = || Stage::new().with("msExchRecipientTypeDetails", &["2147483648"]);
        table(
            &RULE,
            &[
                ("the same", cloud(own(CLOUD), named()), Status::Pass),
                ("as an X500 address", cloud(held, named()), Status::Pass),
                ("neither", cloud(own("/o=Contoso/cn=anna"), named()), Status::Fail),
                ("no Exchange here", cloud(Stage::new(), named()), Status::Fail),
                ("gone", remote().on_prem_only(), Status::Fail),
                ("the directory alone", own("/o=Contoso/cn=anna").on_prem_only(), Status::Pass),
                ("no name in the cloud", cloud(own(CLOUD), json!({"LegacyExchangeDN": ""})), Status::Pass),
                ("not exported", cloud(own(CLOUD), json!({})), Status::Unknown),
                ("no mailboxes are exported", with_user(own(CLOUD), json!({})), Status::Unknown),
                ("no export", own(CLOUD), Status::Unknown),
                ("not read", own(CLOUD).not_asked("legacyExchangeDN").on_prem_only(), Status::Unknown),
                ("no mail", bare.on_prem_only(), Status::NotApplicable),
            ],
        );
        let fix = cloud(own("/o=Contoso/cn=anna"), named()).look(|case| (RULE.judge)(case)).fix.unwrap();
        assert!(fix.ends_with(&format!("-Add @{{proxyAddresses='X500:{CLOUD}'}}")), "{fix}");
    }
}
