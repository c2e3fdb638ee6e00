//! `exchange.routingAddress`.

use crate::checks::case::{Case, suffix};
use crate::checks::command::{add, identity, once_live, quoted};
use crate::checks::idfix;
use crate::checks::looked::of_domain;
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::checks::upn::{format::told, suffix_verified::is_verified};
use crate::compare::bare;
use crate::compare::same;
use crate::evidence::{Known, UserField};

use super::recipient::{is_on_premises, is_remote};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "exchange.routingAddress",
    title: "a remote mailbox has a routing address at the tenant's mail.onmicrosoft.com domain",
    severity: Severity::Warn,
    needs: Needs::SomeCloud,
    why: "Exchange on premises sends the mail for a remote mailbox to targetAddress. Without it, or with one that the tenant does \
          not have, mail from inside is returned or stays on premises. A tombstone has lost it.",
    evidence: "targetAddress, msExchRecipientTypeDetails, msExchRemoteRecipientType and homeMDB of the user; the domains of the \
               tenant; the addresses of the cloud user",
    fix: "Enable-RemoteMailbox -Identity USER -RemoteRoutingAddress ALIAS@TENANT.mail.onmicrosoft.com, or Set-RemoteMailbox where \
          it is a remote mailbox already. Enable-RemoteMailbox applies the address policy: check the addresses again afterwards",
    source: "KB 2619308; learn.microsoft.com/powershell/module/exchange/enable-remotemailbox; \
             learn.microsoft.com/exchange/exchange-hybrid (routing address); microsoft/idfix: targetAddress (character, length, format)",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let seen = ["targetAddress", "msExchRecipientTypeDetails", "msExchRemoteRecipientType"]
        .map(|name| case.saw(name));
    let finding = match (case.subject.text("targetAddress"), is_remote(case)) {
        (Known::NotAsked, _) => Finding::unknown("targetAddress was not read"),
        (_, Known::NotAsked | Known::Absent) => {
            Finding::unknown("the recipient type of the user was not read")
        }
        (Known::Value(target), Known::Value(is_remote)) => present(case, &target, is_remote),
        (Known::Absent, Known::Value(true)) => {
            Finding::fail("the remote mailbox has no targetAddress").fix(way_out(case))
        }
        (Known::Absent, Known::Value(false)) => lost(case),
    };
    finding.saw(seen)
}

/// No routing address, and nothing that says that there ought to be one.
fn lost(case: &Case<'_>) -> Finding {
    let has_mailbox = case.mailboxes().is_some_and(|mailboxes| !mailboxes.found.is_empty());
    if case.subject.was_tombstone && has_mailbox && is_on_premises(case) != Known::Value(true) {
        let detail = "the tombstone has lost what Exchange on premises knew of the mailbox in the cloud: mail from there does not \
                      reach it";
        return Finding::fail(detail).fix(way_out(case));
    }
    Finding::not_applicable("the user is no remote mailbox here")
}

fn present(case: &Case<'_>, target: &str, is_remote: bool) -> Finding {
    let form = told(target, idfix::target(target)).fix(way_out(case));
    let domain = suffix(bare(target)).map(str::to_lowercase).unwrap_or_default();
    if !domain.ends_with(".onmicrosoft.com") {
        if !is_remote {
            let detail = "targetAddress leads out of the organisation, and the user is no remote mailbox";
            return Finding::all([form, Finding::not_applicable(detail)]);
        }
        let detail = format!("targetAddress is `{target}`, which is not at a .onmicrosoft.com domain");
        return Finding::all([form, Finding::fail(detail).fix(way_out(case))]);
    }
    Finding::all([form, tenant(case, target, &domain), is_held(case, target)])
}

fn tenant(case: &Case<'_>, target: &str, domain: &str) -> Finding {
    let evidence = match case.need_evidence() {
        Ok(evidence) => evidence,
        Err(finding) => return finding,
    };
    let finding = match is_verified(evidence, domain) {
        Ok(true) => Finding::pass(),
        Ok(false) => {
            Finding::fail(format!("targetAddress is `{target}`, and the tenant has no domain {domain}"))
                .fix(way_out(case))
        }
        Err(open) => open,
    };
    finding.saw(evidence.domain(domain).map(|found| of_domain(found, "isVerified", found.is_verified())))
}

/// Whether the cloud user has the address that mail is sent to.
fn is_held(case: &Case<'_>, target: &str) -> Finding {
    let Some(user) = case.cloud_user() else { return Finding::pass() };
    let Known::Value(mut all) = user.proxy_addresses() else { return Finding::pass() };
    if all.any(|address| same(bare(address), bare(target))) || has_here(case, target) {
        return Finding::pass();
    }
    let address = bare(target);
    Finding::warn(format!(
        "neither the cloud user nor this one has the address {address}, which mail is sent to"
    ))
    .saw([case.saw_cloud(user, UserField::ProxyAddresses)])
    .fix(add(case.subject, "proxyAddresses", &format!("smtp:{address}")))
}

fn has_here(case: &Case<'_>, target: &str) -> bool {
    let all = case.subject.texts("proxyAddresses").value().unwrap_or_default();
    all.iter().any(|address| same(bare(address), bare(target)))
}

fn way_out(case: &Case<'_>) -> String {
    let user = identity(case.subject);
    if is_on_premises(case) == Known::Value(true) {
        let way = format!(
            "the mailbox is on premises: no remote mailbox, but Connect-Mailbox (of {user}) where it is disconnected"
        );
        return once_live(case.subject, &way);
    }
    let domains = case.evidence.into_iter().flat_map(|evidence| evidence.domains());
    let domain = domains
        .filter_map(|domain| domain.name().value())
        .find(|name| name.to_lowercase().ends_with(".mail.onmicrosoft.com"));
    let alias = case.subject.text("mailNickname").or_else(|| case.subject.text("sAMAccountName")).value();
    let address = format!(
        "{}@{}",
        alias.as_deref().unwrap_or("ALIAS"),
        domain.unwrap_or("TENANT.mail.onmicrosoft.com")
    );
    let command =
        if is_remote(case) == Known::Value(true) { "Set-RemoteMailbox" } else { "Enable-RemoteMailbox" };
    let way = format!(
        "{command} -Identity {user} -RemoteRoutingAddress {}; then check the addresses again: the address policy may change them",
        quoted(&address)
    );
    once_live(case.subject, &way)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::fixtures::{collected, mailbox, user};
    use crate::checks::rule::Status;
    use crate::checks::testing::{GUID, Stage, table};

    const TARGET: &str = "SMTP:anna@contoso.mail.onmicrosoft.com";

    fn remote() -> Stage {
        Stage::new().with("msExchRecipientTypeDetails", &["2147483648"]).with("targetAddress", &[TARGET])
    }

    fn cloud(stage: Stage) -> Stage {
        let domains = r#"{"id":"contoso.com","isVerified":true},{"id":"contoso.mail.onmicrosoft.com","isVerified":true}"#;
        let user = user(
            json!({"proxyAddresses": ["SMTP:anna@contoso.com", "smtp:anna@contoso.mail.onmicrosoft.com"]}),
        );
        collected(
            stage,
            &[
                ("users", &user),
                ("deletedUsers", ""),
                ("domains", domains),
                ("mailboxes", &mailbox(json!({}))),
            ],
        )
    }

    #[test]
    fn cases() {
        let to = |target: &str| cloud(remote().with("targetAddress", &[target]));
        let lost = || Stage::new().changed(|subject| subject.was_tombstone = true);
        table(
            &RULE,
            &[
                ("at the tenant", cloud(remote()), Status::Pass),
                ("at another tenant", to("SMTP:anna@fabrikam.mail.onmicrosoft.com"), Status::Fail),
                ("outside", to("SMTP:anna@contoso.com"), Status::Fail),
                ("no type", to("anna@contoso.mail.onmicrosoft.com"), Status::Fail),
                ("nobody's", to("SMTP:x@contoso.mail.onmicrosoft.com"), Status::Warn),
                ("none", cloud(remote().without("targetAddress")), Status::Fail),
                ("none, the directory alone", remote().without("targetAddress").on_prem_only(), Status::Fail),
                ("lost", cloud(lost()), Status::Fail),
                (
                    "lost, a mailbox on premises",
                    cloud(lost().with("homeMDB", &["CN=db"])),
                    Status::NotApplicable,
                ),
                (
                    "outside, of a mail user",
                    Stage::new().with("targetAddress", &["SMTP:a@elsewhere.com"]),
                    Status::Pass,
                ),
                ("no remote mailbox", cloud(Stage::new()), Status::NotApplicable),
                ("the directory alone", remote().on_prem_only(), Status::Pass),
                ("no export", remote(), Status::Unknown),
                ("not read", remote().not_asked("targetAddress"), Status::Unknown),
                ("the type not read", Stage::new().not_asked("msExchRecipientTypeDetails"), Status::Unknown),
            ],
        );
    }

    #[test]
    fn the_command_is_given() {
        let fix = |stage: Stage| cloud(stage).look(|case| (RULE.judge)(case)).fix.unwrap();
        let address = "-RemoteRoutingAddress 'anna@contoso.mail.onmicrosoft.com'";
        let set = fix(remote().without("targetAddress"));
        assert!(set.starts_with(&format!("Set-RemoteMailbox -Identity {GUID} {address}")), "{set}");
        let enable = fix(Stage::new().changed(|subject| subject.was_tombstone = true));
        assert!(enable.starts_with("Enable-RemoteMailbox"), "{enable}");
    }
}
