//! `mail.mailAttribute`.

use crate::checks::case::Case;
use crate::checks::command;
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::compare::same;
use crate::evidence::Known;

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "mail.mailAttribute",
    title: "mail is the primary SMTP address",
    severity: Severity::Warn,
    needs: Needs::Directory,
    why: "mail is synchronised apart from proxyAddresses. Where the two differ, address lists and applications show an address \
          that mail is not sent from; with the alternate login id it is the name that the user signs in with.",
    evidence: "mail and the primary address of proxyAddresses",
    fix: "set mail to the primary SMTP address: Set-ADUser -Identity USER -EmailAddress ADDRESS, or restore it with --set \
          mail=ADDRESS",
    source: "KB 3190357 (how proxyAddresses is populated); microsoft/idfix: mail (MailMatch)",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let seen = [case.saw("mail"), case.saw("proxyAddresses")];
    let (mail, primary) = (case.subject.text("mail"), case.primary_smtps());
    let finding = match (mail, primary) {
        (Known::NotAsked, _) => Finding::unknown("mail was not read"),
        (_, Known::NotAsked) => Finding::unknown("proxyAddresses was not read"),
        (mail, Known::Value(all)) if !all.is_empty() => match mail {
            Known::Value(mail) if all.iter().any(|primary| same(&mail, primary)) => Finding::pass(),
            Known::Value(mail) => {
                told(case, format!("mail is `{mail}`; the primary address is `{}`", all[0]), &all[0])
            }
            _ => told(case, format!("mail is empty; the primary address is `{}`", all[0]), &all[0]),
        },
        _ => {
            Finding::not_applicable("the user has no primary SMTP address to compare with (mail.primarySmtp)")
        }
    };
    finding.saw(seen)
}

fn told(case: &Case<'_>, detail: String, primary: &str) -> Finding {
    let fix = command::set(case.subject, &[("mail", primary)]);
    Finding::fail(detail).fix(format!("set mail to the primary SMTP address: {fix}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    #[test]
    fn cases() {
        table(
            &RULE,
            &[
                ("the same", Stage::new().with("mail", &["ANNA@contoso.com"]), Status::Pass),
                ("the directory alone", Stage::new().on_prem_only(), Status::Pass),
                ("another one", Stage::new().with("mail", &["a.example@contoso.com"]), Status::Fail),
                ("none", Stage::new().without("mail"), Status::Fail),
                (
                    "no primary address",
                    Stage::new().with("proxyAddresses", &["smtp:anna@contoso.com"]),
                    Status::NotApplicable,
                ),
                (
                    "no addresses",
                    Stage::new().without("proxyAddresses").without("mail"),
                    Status::NotApplicable,
                ),
                ("not read", Stage::new().not_asked("mail"), Status::Unknown),
                ("addresses not read", Stage::new().not_asked("proxyAddresses"), Status::Unknown),
            ],
        );
    }
}
