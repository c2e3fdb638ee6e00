//! `exchange.cloudManaged`.

use crate::checks::case::Case;
use crate::checks::command::quoted;
use crate::checks::looked::{gaps, of_files};
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::evidence::{Known, MailboxField};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "exchange.cloudManaged",
    title: "the Exchange attributes of the mailbox are not managed in the cloud",
    severity: Severity::Warn,
    needs: Needs::Cloud,
    why: "For a mailbox with IsExchangeCloudManaged the synchronisation passes the Exchange attributes of the directory over: \
          addresses and the rest that are put right here do not reach the mailbox.",
    evidence: "IsExchangeCloudManaged of the mailbox",
    fix: "edit the Exchange attributes in Exchange Online (Set-Mailbox); or give them back to the directory: Set-Mailbox -Identity \
          USER -IsExchangeCloudManaged $false, which overwrites those of the cloud with those from here",
    source: "learn.microsoft.com/exchange/hybrid-deployment/enable-exchange-attributes-cloud-management",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    if let Err(finding) = case.need_evidence() {
        return finding;
    }
    let Some(mailboxes) = case.mailboxes() else {
        return match case.need_cloud_user() {
            Err(finding) => finding,
            Ok(_) => Finding::unknown("there is nothing to look for a mailbox by"),
        };
    };
    let Some(mailbox) = mailboxes.first() else {
        return gaps(&mailboxes.gaps)
            .map_or_else(|| Finding::not_applicable("there is no mailbox in the cloud"), Finding::unknown);
    };
    let is_managed = mailbox.flag(MailboxField::IsExchangeCloudManaged);
    let finding = match is_managed {
        Known::Value(false) | Known::Absent => Finding::pass(),
        Known::Value(true) => {
            let address = mailbox.primary_smtp().value().map_or_else(|| "USER".to_owned(), quoted);
            Finding::fail("the Exchange attributes are managed in the cloud: what is put right here does not reach the mailbox")
                .fix(RULE.fix.replace("USER", &address))
        }
        Known::NotAsked => Finding::unknown("the export of mailboxes does not hold IsExchangeCloudManaged"),
    };
    let value = is_managed.value().map(|is_managed| is_managed.to_string());
    finding.saw([of_files(mailbox.sources(), MailboxField::IsExchangeCloudManaged.name(), value)])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::fixtures::{BERT_ID, collected, mailbox, user, with_user};
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    #[test]
    fn cases() {
        let with = |mailbox: &str| {
            collected(
                Stage::new(),
                &[
                    ("users", &user(json!({}))),
                    ("deletedUsers", ""),
                    ("mailboxes", mailbox),
                    ("softDeletedMailboxes", ""),
                    ("inactiveMailboxes", ""),
                ],
            )
        };
        let managed = |value: bool| with(&mailbox(json!({ "IsExchangeCloudManaged": value })));
        let others = mailbox(json!({"ExternalDirectoryObjectId": BERT_ID, "IsExchangeCloudManaged": true}));
        let bare = ["mail", "mailNickname", "proxyAddresses"].into_iter().fold(Stage::new(), Stage::without);
        table(
            &RULE,
            &[
                ("no", managed(false), Status::Pass),
                ("yes", managed(true), Status::Fail),
                ("not exported", with(&mailbox(json!({}))), Status::Unknown),
                ("no mailbox", with(""), Status::NotApplicable),
                ("no mailboxes are exported", with_user(Stage::new(), json!({})), Status::Unknown),
                ("somebody else's", with(&others), Status::NotApplicable),
                (
                    "nothing to look by",
                    collected(bare, &[("users", ""), ("deletedUsers", "")]),
                    Status::NotApplicable,
                ),
                ("no export", Stage::new(), Status::Unknown),
                ("the directory alone", Stage::new().on_prem_only(), Status::NotApplicable),
            ],
        );
    }
}
