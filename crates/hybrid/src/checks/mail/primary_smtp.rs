//! `mail.primarySmtp`.

use crate::checks::case::Case;
use crate::checks::command;
use crate::checks::primary::{Answer, answer};
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::compare::bare;
use crate::compare::same;
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
    let is_certain =
        |wanted: &&String| answer.mailbox.as_ref().is_none_or(|of_mailbox| same(of_mailbox, wanted));
    let wanted = wanted.filter(is_certain);
    let made_of = wanted.filter(|_| own.is_empty()).and_then(|wanted| made_of(case, wanted));
    let finding = match made_of {
        Some(attribute) => Finding::warn(format!(
            "no SMTP: value in proxyAddresses; the address there is {attribute} of this user, which the cloud makes it of"
        ))
        .saw([case.saw(attribute)]),
        None => Finding::fail(answer.answer.clone()),
    };
    match (&answer.change, wanted) {
        (Some(change), Some(wanted)) => finding.fix(format!("{change}: {}", primary(case, own, wanted))),
        (Some(change), None) => finding.fix(change.clone()),
        (None, _) => finding,
    }
}

/// The attribute that the cloud makes the primary address of where `proxyAddresses` gives none: `mail`, else the UPN. A tombstone has
/// lost its addresses, so that its UPN explains nothing.
fn made_of(case: &Case<'_>, wanted: &str) -> Option<&'static str> {
    let is = |name: &str| case.subject.text(name).value().is_some_and(|value| same(&value, wanted));
    if is("mail") {
        return Some("mail");
    }
    let was_live = case.subject.is_live && !case.subject.is_planned && !case.subject.was_tombstone;
    (was_live && is("userPrincipalName")).then_some("userPrincipalName")
}

/// Makes an address the one with `SMTP:` in capitals, and keeps the others.
fn primary(case: &Case<'_>, own: &[String], wanted: &str) -> String {
    let first = format!("SMTP:{wanted}");
    let all = case.subject.texts("proxyAddresses").value().unwrap_or_default();
    if own.is_empty() && !all.iter().any(|address| same(bare(address), wanted)) {
        return command::add(case.subject, "proxyAddresses", &first);
    }
    let others = all.iter().filter(|address| !same(bare(address), wanted)).map(|address| {
        address.strip_prefix("SMTP:").map_or_else(|| address.to_string(), |rest| format!("smtp:{rest}"))
    });
    let all: Vec<String> = std::iter::once(first).chain(others).collect();
    command::set_all(case.subject, "proxyAddresses", &all)
}

/// What can be said without the cloud: whether there is exactly one.
fn here(case: &Case<'_>, own: &[String]) -> Finding {
    match (own, case.is_mail_user()) {
        ([_], _) => Finding::pass(),
        ([], Known::Value(false) | Known::Absent) => Finding::not_applicable("the user has no addresses"),
        ([], Known::NotAsked) => Finding::unknown("whether the user has to do with mail is not known"),
        ([], Known::Value(true)) if has_mail_alone(case) => {
            let mail = case.subject.text("mail").value().unwrap_or_default().into_owned();
            Finding::warn(format!("there is no proxyAddresses: the cloud makes the address of mail, {mail}"))
                .saw([case.saw("mail")])
                .fix(format!("add SMTP:{mail} to proxyAddresses: {}", primary(case, own, &mail)))
        }
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

fn has_mail_alone(case: &Case<'_>) -> bool {
    matches!(case.subject.octets("mail"), Known::Value(_))
        && case.subject.octets("proxyAddresses").is_absent()
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

    fn cloud(addresses: &[&str]) -> Stage {
        with_user(with(addresses), json!({}))
    }

    /// The cloud user has one address, its mailbox this one.
    fn both(address: &str) -> Stage {
        let mailbox =
            mailbox(json!({"PrimarySmtpAddress": address, "EmailAddresses": [format!("SMTP:{address}")]}));
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
    }

    /// The cloud makes an address of mail or the UPN.
    #[test]
    fn without_a_primary_address() {
        let moved = |stage: Stage| stage.with("userPrincipalName", &["a.example@contoso.com"]);
        let alone = || collected(with(&[]), &[("users", ""), ("deletedUsers", "")]);
        table(
            &RULE,
            &[
                (
                    "a further one only, which is the UPN",
                    cloud(&["smtp:anna@contoso.com"]).without("mail"),
                    Status::Warn,
                ),
                (
                    "a further one only",
                    moved(cloud(&["smtp:anna@contoso.com"]).without("mail")),
                    Status::Fail,
                ),
                ("of the UPN", cloud(&[]).without("mail"), Status::Warn),
                ("mail alone, without a cloud user", alone(), Status::Warn),
                ("mail alone, the directory alone", with(&[]).on_prem_only(), Status::Warn),
                (
                    "mail of another address",
                    cloud(&[]).with("mail", &["b@contoso.com"]).with("userPrincipalName", &["b@contoso.com"]),
                    Status::Fail,
                ),
                (
                    "mail alone, and the mailbox has another one",
                    both("b@contoso.com").without("proxyAddresses"),
                    Status::Fail,
                ),
                (
                    "a further one alone, the directory alone",
                    with(&["smtp:x@contoso.com"]).on_prem_only(),
                    Status::Fail,
                ),
            ],
        );
    }

    #[test]
    fn cases() {
        let two = &["SMTP:anna@contoso.com", "SMTP:a@contoso.com"];
        let bare = ["mail", "mailNickname", "proxyAddresses"].into_iter().fold(Stage::new(), Stage::without);
        let bare_too =
            ["mail", "mailNickname", "proxyAddresses"].into_iter().fold(Stage::new(), Stage::without);
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
                ("lost, mail is left", cloud(&[]), Status::Warn),
                ("lost", cloud(&[]).without("mail").changed(|s| s.was_tombstone = true), Status::Fail),
                ("two", cloud(two), Status::Fail),
                ("two, the directory alone", with(two).on_prem_only(), Status::Fail),
                ("two, no export", with(two), Status::Fail),
                ("one, the directory alone", Stage::new().on_prem_only(), Status::Pass),
                ("one, no export", Stage::new(), Status::Unknown),
                ("none, the directory alone", with(&[]).without("mail").on_prem_only(), Status::Fail),
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
