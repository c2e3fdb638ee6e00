//! `scope.recipientType`.

use super::by_default_rule;
use crate::checks::case::Case;
use crate::checks::command;
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::scope::filters;

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "scope.recipientType",
    title: "it is no recipient of the system",
    severity: Severity::Block,
    needs: Needs::Directory,
    why: "The default join rule sets cloudFiltered where msExchRecipientTypeDetails holds a bit of 0x21C07000: public \
          folder, system attendant, system mailbox, Exchange itself, arbitration, mailbox plan, discovery.",
    evidence: "msExchRecipientTypeDetails",
    fix: "if this is a person, give it the recipient type that it had: Enable-RemoteMailbox or Set-RemoteMailbox",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/concept-azure-ad-connect-sync-default-configuration \
             (out-of-box rules, users)",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let finding = by_default_rule(case, filters::recipient_type, "msExchRecipientTypeDetails");
    finding.fix(command::once_live(case.subject, RULE.fix))
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
                ("none", Stage::new(), Status::Pass),
                (
                    "a remote mailbox",
                    Stage::new().with("msExchRecipientTypeDetails", &["2147483648"]),
                    Status::Pass,
                ),
                ("arbitration", Stage::new().with("msExchRecipientTypeDetails", &["8388608"]), Status::Fail),
                ("discovery", Stage::new().with("msExchRecipientTypeDetails", &["536870912"]), Status::Fail),
                ("no number", Stage::new().with("msExchRecipientTypeDetails", &["x"]), Status::Unknown),
                ("not read", Stage::new().not_asked("msExchRecipientTypeDetails"), Status::Unknown),
                ("the directory alone", Stage::new().on_prem_only(), Status::Pass),
            ],
        );
    }
}
