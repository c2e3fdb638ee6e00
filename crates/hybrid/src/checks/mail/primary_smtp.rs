//! `mail.primarySmtp`.

use crate::checks::case::{Case, same};
use crate::checks::command::identity;
use crate::checks::primary::{Answer, answer};
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::evidence::Known;

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "mail.primarySmtp",
    title: "there is one primary SMTP address, and it is that of the cloud object and the mailbox",
    severity: Severity::Block,
    needs: Needs::SomeCloud,
    why: "The primary SMTP address is what a soft match goes by, and the synchronisation writes it over that of the mailbox: with \
          another one, or none after a tombstone has lost proxyAddresses, mail is sent from another address and answers to the \
          old one are lost.",
    evidence: "the values of proxyAddresses that begin with SMTP: in capitals, and mail; proxyAddresses of the cloud user; \
               PrimarySmtpAddress of the mailbox",
    fix: "make the cloud's primary address the one value of proxyAddresses that begins with SMTP: in capitals",
    source: "KB 3190357 (how proxyAddresses is populated); \
             learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-install-existing-tenant (soft match)",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let answer = answer(case);
    let Some(own) = answer.on_premises.clone() else {
        return Finding::unknown(answer.answer).saw(answer.evidence);
    };
    let finding = match answer.agrees {
        Some(true) => Finding::fine(answer.answer.clone()),
        Some(false) => differs(case, &answer, &own),
        None => Finding::all([here(case, &own), there(case, &answer)]),
    };
    finding.saw(answer.evidence)
}

fn differs(case: &Case<'_>, answer: &Answer, own: &[String]) -> Finding {
    let wanted = answer.cloud.as_deref().and_then(<[String]>::first).or(answer.mailbox.as_ref());
    let mail = case.subject.text("mail");
    if let (true, Some(wanted), Known::Value(mail)) = (own.is_empty(), wanted, &mail)
        && answer.mailbox.as_ref().is_none_or(|of_mailbox| same(of_mailbox, wanted))
        && same(mail, wanted)
    {
        let detail = format!(
            "no SMTP: value in proxyAddresses; the cloud makes one of mail, which is {mail} as there"
        );
        return Finding::warn(detail)
            .saw([case.saw("mail")])
            .fix(format!("add SMTP:{wanted} to proxyAddresses"));
    }
    let finding = Finding::fail(answer.answer.clone());
    match &answer.change {
        Some(change) if own.is_empty() => {
            let add = wanted.map(|wanted| {
                let value = crate::checks::command::quoted(&format!("SMTP:{wanted}"));
                format!(": Set-ADUser -Identity {} -Add @{{proxyAddresses={value}}}", identity(case.subject))
            });
            finding.fix(format!("{change}{}", add.unwrap_or_default()))
        }
        Some(change) => finding.fix(change.clone()),
        None => finding,
    }
}

/// What can be said without the cloud: whether there is exactly one.
fn here(case: &Case<'_>, own: &[String]) -> Finding {
    match (own, case.is_mail_user()) {
        ([_], _) => Finding::pass(),
        ([], Known::Value(false) | Known::Absent) => Finding::not_applicable("the user has no addresses"),
        ([], Known::NotAsked) => Finding::unknown("whether the user has to do with mail is not known"),
        ([], Known::Value(true)) => {
            let detail =
                "no value of proxyAddresses begins with SMTP: in capitals, and the user has to do with mail";
            Finding::fail(detail).saw([case.saw("mail"), case.saw("mailNickname")])
        }
        (several, _) => {
            let detail = format!("{} begin with SMTP: in capitals, and one must", several.join(" and "));
            Finding::fail(detail)
                .fix("leave one value with SMTP: in capitals in proxyAddresses, the others with smtp:")
        }
    }
}

/// What is said where the cloud gives nothing to compare with.
fn there(case: &Case<'_>, answer: &Answer) -> Finding {
    match case.need_cloud_user() {
        Err(finding) => finding,
        Ok(_) => match answer.cloud.as_deref() {
            None => Finding::unknown(answer.answer.clone()),
            Some([]) => Finding::not_applicable(answer.answer.clone()),
            Some(_) => Finding::warn(answer.answer.clone())
                .fix("find out which of the addresses is the primary one there"),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::fixtures::{collected, mailbox, user, with_user};
    use crate::checks::rule::Status;
    use crate::checks::testing::{GUID, Stage, table};

    fn with(addresses: &[&str]) -> Stage {
        Stage::new().with("proxyAddresses", addresses)
    }

    #[test]
    fn cases() {
        let cloud = |addresses: &[&str]| with_user(with(addresses), json!({}));
        let two = &["SMTP:anna@contoso.com", "SMTP:a@contoso.com"];
        let bare = ["mail", "mailNickname", "proxyAddresses"].into_iter().fold(Stage::new(), Stage::without);
        let bare_too =
            ["mail", "mailNickname", "proxyAddresses"].into_iter().fold(Stage::new(), Stage::without);
        let both = |address: &str| {
            let mailbox = mailbox(
                json!({"PrimarySmtpAddress": address, "EmailAddresses": [format!("SMTP:{address}")]}),
            );
            collected(
                Stage::new(),
                &[
                    ("users", &user(json!({}))),
                    ("deletedUsers", ""),
                    ("mailboxes", &mailbox),
                    ("softDeletedMailboxes", ""),
                    ("inactiveMailboxes", ""),
                ],
            )
        };
        let fallen = || {
            let bare =
                ["mail", "mailNickname", "proxyAddresses"].into_iter().fold(Stage::new(), Stage::without);
            bare.changed(|subject| subject.was_tombstone = true)
        };
        let nobody = [("users", ""), ("deletedUsers", "")];
        let named = collected(fallen().with("legacyExchangeDN", &["/o=x/cn=a"]), &nobody);
        table(
            &RULE,
            &[
                ("the same", cloud(&["SMTP:Anna@contoso.com", "smtp:x@contoso.com"]), Status::Pass),
                ("and in the mailbox", both("anna@contoso.com"), Status::Pass),
                ("another one in the mailbox", both("a.example@contoso.com"), Status::Fail),
                ("another one", cloud(&["SMTP:a.example@contoso.com"]), Status::Fail),
                ("a further one only", cloud(&["smtp:anna@contoso.com"]).without("mail"), Status::Fail),
                ("lost, mail is left", cloud(&[]), Status::Warn),
                ("lost", cloud(&[]).without("mail"), Status::Fail),
                ("two", cloud(two), Status::Fail),
                ("two, the directory alone", with(two).on_prem_only(), Status::Fail),
                ("two, no export", with(two), Status::Fail),
                ("one, the directory alone", Stage::new().on_prem_only(), Status::Pass),
                ("one, no export", Stage::new(), Status::Unknown),
                ("none, the directory alone", with(&[]).on_prem_only(), Status::Fail),
                ("no mail at all, the directory alone", bare.on_prem_only(), Status::NotApplicable),
                ("no mail at all", with_user(bare_too, json!({"proxyAddresses": []})), Status::NotApplicable),
                ("none in the cloud", with_user(Stage::new(), json!({"proxyAddresses": []})), Status::Pass),
                ("two in the cloud", with_user(Stage::new(), json!({"proxyAddresses": two})), Status::Warn),
                ("lost, and it has a name in Exchange", named, Status::Fail),
                ("lost, and nothing is known of the cloud", fallen(), Status::Unknown),
                ("lost, the directory alone", fallen().on_prem_only(), Status::NotApplicable),
                ("not exported", with_user(Stage::new(), json!({"proxyAddresses": "-"})), Status::Unknown),
                ("not read", Stage::new().not_asked("proxyAddresses"), Status::Unknown),
                (
                    "no cloud user",
                    collected(Stage::new(), &[("users", ""), ("deletedUsers", "")]),
                    Status::Pass,
                ),
            ],
        );
    }

    #[test]
    fn what_to_change_is_said() {
        let fix = |stage: Stage| with_user(stage, json!({})).look(|case| (RULE.judge)(case)).fix.unwrap();
        let lost = fix(with(&[]).without("mail"));
        assert!(
            lost.ends_with(&format!(
                "Set-ADUser -Identity {GUID} -Add @{{proxyAddresses='SMTP:anna@contoso.com'}}"
            )),
            "{lost}"
        );
        let other = fix(with(&["SMTP:b@contoso.com"]));
        assert!(other.contains("make SMTP:anna@contoso.com the primary address"), "{other}");
    }
}
