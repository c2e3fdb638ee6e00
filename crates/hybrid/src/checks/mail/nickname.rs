//! `mail.nickname`.

use crate::checks::case::Case;
use crate::checks::command;
use crate::checks::forest::Held;
use crate::checks::idfix;
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::checks::upn::format::told;
use crate::evidence::{Known, MailboxField, UserField};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "mail.nickname",
    title: "a user who has to do with mail has a mailNickname of a good form that nobody else has",
    severity: Severity::Block,
    needs: Needs::Directory,
    why: "The Exchange rules of the synchronisation only take users with a mailNickname: without it no msExch attribute, \
          targetAddress or legacyExchangeDN reaches the cloud, and the mailbox there loses what it had from here. A tombstone has \
          lost it.",
    evidence: "mailNickname of the user: at most 64 characters, no full stop at its beginning; that of all objects of the forest \
               (global catalogue); what of Exchange the user has; whether the schema of the forest has the attribute",
    fix: "set mailNickname to the alias that the mailbox has: Set-ADUser -Identity USER -Replace @{mailNickname='ALIAS'}, or restore it with \
          --set mailNickname=ALIAS",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/concept-azure-ad-connect-sync-default-configuration (In from AD - \
             User Exchange); microsoft/idfix: mailNickname (character, length, blank, duplicate)",
    judge,
};

/// Attributes that only reach the cloud with a mailNickname.
const OF_EXCHANGE: [&str; 7] = [
    "msExchRecipientTypeDetails",
    "msExchRemoteRecipientType",
    "msExchRecipientDisplayType",
    "msExchMailboxGuid",
    "targetAddress",
    "legacyExchangeDN",
    "homeMDB",
];

fn judge(case: &Case<'_>) -> Finding {
    let seen = [case.saw("mailNickname")];
    if schema_has_it(case) == Known::Value(false) {
        return Finding::not_applicable(
            "the schema of the forest has no mailNickname: Exchange was never here",
        )
        .saw(seen);
    }
    let finding = match (case.subject.text("mailNickname"), case.is_mail_user()) {
        (Known::NotAsked, _) => Finding::unknown("mailNickname was not read"),
        (Known::Value(name), _) => {
            let set = command::set(case.subject, &[("mailNickname", "ALIAS")]);
            let form = told(&name, idfix::nickname(&name));
            Finding::all([
                form.fix(format!("give the user another mailNickname: {set}")),
                unique(case, &name),
            ])
        }
        (Known::Absent, Known::Value(true)) => missing(case),
        (Known::Absent, Known::NotAsked) => {
            Finding::unknown("whether the user has to do with mail is not known")
        }
        (Known::Absent, _) => Finding::not_applicable("the user has nothing to do with mail"),
    };
    finding.saw(seen)
}

fn missing(case: &Case<'_>) -> Finding {
    let has = |name: &&&str| matches!(case.subject.octets(name), Known::Value(_));
    let lost: Vec<&str> = OF_EXCHANGE.iter().filter(has).copied().collect();
    let alias = case
        .mailboxes()
        .and_then(|found| found.first())
        .and_then(|mailbox| mailbox.text(MailboxField::Alias).value());
    let alias = alias.or_else(|| case.cloud_user()?.text(UserField::MailNickname).value());
    let fix = format!(
        "set mailNickname to the alias that the mailbox has: {}",
        command::set(case.subject, &[("mailNickname", alias.unwrap_or("ALIAS"))])
    );
    if !lost.is_empty() {
        let detail = format!("there is no mailNickname, so that {} do not reach the cloud", lost.join(", "));
        return Finding::fail(detail).fix(fix);
    }
    if case.subject.was_tombstone && schema_has_it(case) == Known::Value(true) && was_mail_user(case) {
        return Finding::fail("the tombstone has lost mailNickname, and with it everything of Exchange")
            .fix(fix);
    }
    if case.subject.was_tombstone {
        let detail = "there is no mailNickname, and nothing shows that the user had one: it was lost with the deletion, or there was \
                      never an Exchange server here";
        return Finding::warn(detail).fix(fix);
    }
    Finding::warn(
        "there is no mailNickname: the cloud makes one up, and Exchange attributes would not reach it",
    )
    .fix(fix)
}

/// Whether there can be a mailNickname at all.
fn schema_has_it(case: &Case<'_>) -> Known<bool> {
    match &case.setting.schema_lacks {
        Known::Value(lacks) => {
            Known::Value(!lacks.iter().any(|name| name.eq_ignore_ascii_case("mailNickname")))
        }
        Known::Absent => Known::Value(true),
        Known::NotAsked => Known::NotAsked,
    }
}

/// Whether the cloud object shows a user whose addresses came from here.
fn was_mail_user(case: &Case<'_>) -> bool {
    let Some(user) = case.cloud_user() else { return false };
    let was_synchronised = user.on_premises_sync_enabled() == Known::Value(true)
        || matches!(user.text(UserField::OnPremisesSecurityIdentifier), Known::Value(_));
    was_synchronised && matches!(user.text(UserField::MailNickname), Known::Value(_))
}

fn unique(case: &Case<'_>, name: &str) -> Finding {
    let forest = case.setting.forest;
    let others = forest.others(Held::Nickname, name, case.subject.guid());
    match (others.first(), &forest.gap) {
        (Some(other), _) => Finding::fail(format!("{} has the mailNickname `{name}` too", other.dn))
            .fix("give one of the two another mailNickname"),
        (None, Some(gap)) => Finding::unknown(format!("not all of the forest was asked: {gap}")),
        (None, None) => Finding::pass(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::fixtures::with_user;
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    #[test]
    fn cases() {
        let with = |name: &str| Stage::new().with("mailNickname", &[name]);
        let none = || Stage::new().without("mailNickname");
        let fallen = |stage: Stage| stage.changed(|subject| subject.was_tombstone = true);
        let cloud = || with_user(none(), json!({}));
        let stranger = || with_user(none(), json!({"onPremisesSyncEnabled": null}));
        let bare = ["mail", "mailNickname", "proxyAddresses"].into_iter().fold(Stage::new(), Stage::without);
        let dark = ["mail", "proxyAddresses"].into_iter().fold(none(), Stage::not_asked);
        table(
            &RULE,
            &[
                ("an ordinary one", with("anna"), Status::Pass),
                ("the directory alone", with("anna").on_prem_only(), Status::Pass),
                ("a full stop", with(".anna"), Status::Fail),
                ("too long", with(&"a".repeat(65)), Status::Fail),
                ("a blank", with("an na"), Status::Warn),
                (
                    "somebody else's",
                    with("anna").beside("CN=b,DC=x", &[("mailNickname", "Anna")]),
                    Status::Fail,
                ),
                ("no catalogue", with("anna").alone(), Status::Unknown),
                ("none, and addresses only", none(), Status::Warn),
                (
                    "none, and a remote mailbox",
                    none().with("msExchRecipientTypeDetails", &["2147483648"]),
                    Status::Fail,
                ),
                ("lost, or never there", fallen(none()), Status::Warn),
                ("lost, and a cloud user", fallen(cloud()), Status::Warn),
                (
                    "lost, and a name in Exchange",
                    fallen(none().with("legacyExchangeDN", &["/o=x/cn=a"])),
                    Status::Fail,
                ),
                ("lost, and Exchange was here", fallen(cloud().schema_lacks(&[])), Status::Fail),
                (
                    "Exchange was here, and not for this user",
                    fallen(stranger().schema_lacks(&[])),
                    Status::Warn,
                ),
                (
                    "Exchange was never here",
                    fallen(cloud().schema_lacks(&["mailnickname"])),
                    Status::NotApplicable,
                ),
                ("not read", Stage::new().not_asked("mailNickname"), Status::Unknown),
                ("nothing is read", dark, Status::Unknown),
                ("no mail", bare, Status::NotApplicable),
            ],
        );
        let fix = with_user(none(), json!({})).look(|case| (RULE.judge)(case)).fix.unwrap();
        assert!(fix.ends_with("@{mailNickname='anna'}"), "{fix}");
    }
}
