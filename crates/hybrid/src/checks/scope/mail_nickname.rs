//! `scope.mailNickname`.

use super::by_default_rule;
use crate::checks::case::Case;
use crate::checks::command;
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::scope::filters;

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "scope.mailNickname",
    title: "the mail nickname is not that of a mailbox of the system",
    severity: Severity::Block,
    needs: Needs::Directory,
    why: "The default join rule sets cloudFiltered for users whose mailNickname begins with SystemMailbox{, or with \
          CAS_ and holds a }.",
    evidence: "mailNickname",
    fix: "if this is a person, give it another alias: Set-RemoteMailbox -Identity GUID -Alias NAME, without Exchange \
          Set-ADUser -Identity GUID -Replace @{mailNickname='NAME'}",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/concept-azure-ad-connect-sync-default-configuration \
             (out-of-box rules, users)",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let finding = by_default_rule(case, filters::mail_nickname, "mailNickname");
    let set = command::set(case.subject, &[("mailNickname", "NAME")]);
    let alias = format!("Set-RemoteMailbox -Identity {} -Alias NAME", command::identity(case.subject));
    finding.fix(match case.subject.is_planned {
        true => format!("if this is a person, give it another alias: {set}"),
        false => format!("if this is a person, give it another alias: {alias}, without Exchange {set}"),
    })
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
                ("ordinary", Stage::new(), Status::Pass),
                ("none", Stage::new().without("mailNickname"), Status::Pass),
                (
                    "of the system",
                    Stage::new().with("mailNickname", &["systemmailbox{1f05a927}"]),
                    Status::Fail,
                ),
                ("of client access", Stage::new().with("mailNickname", &["CAS_{1}"]), Status::Fail),
                ("begins alike", Stage::new().with("mailNickname", &["SystemMailbox1"]), Status::Pass),
                ("not read", Stage::new().not_asked("mailNickname"), Status::Unknown),
                ("the directory alone", Stage::new().on_prem_only(), Status::Pass),
            ],
        );
    }
}
