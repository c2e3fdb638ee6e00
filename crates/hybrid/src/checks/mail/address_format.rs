//! `mail.addressFormat`.

use crate::checks::case::{Case, suffix};
use crate::checks::idfix;
use crate::checks::looked::of_domain;
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::checks::upn::{format::told, suffix_verified::is_verified};
use crate::compare::bare;
use crate::evidence::Known;

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "mail.addressFormat",
    title: "every address has a form that Exchange Online takes, at a domain that the tenant has",
    severity: Severity::Block,
    needs: Needs::SomeCloud,
    why: "An address of a wrong form stops the user with DataValidationFailed or IdentityDataValidationFailed. One at a domain \
          that the tenant has not verified is dropped once the user is licensed: if it is the primary one, which blocks, the user \
          sends from another address. So are addresses at .onmicrosoft.com and .microsoftonline.com.",
    evidence: "proxyAddresses and mail: at most 256 characters each, one type before the address, no characters that IdFix \
               refuses, SMTP addresses of the form of RFC 2822; the verified domains of the tenant",
    fix: "correct or take out the address; or verify its domain in the tenant (Confirm-MgDomain)",
    source: "microsoft/idfix: proxyAddresses, mail (character, length, format, top-level domain); KB 3190357 (how proxyAddresses \
             is populated)",
    judge,
};

/// Domains whose addresses Entra ID leaves out.
const RESERVED: [&str; 2] = [".onmicrosoft.com", ".microsoftonline.com"];

fn judge(case: &Case<'_>) -> Finding {
    let (proxies, mail) = (case.subject.texts("proxyAddresses"), case.subject.text("mail"));
    let seen = [case.saw("proxyAddresses"), case.saw("mail")];
    let mut parts = vec![];
    match &proxies {
        Known::Value(all) => {
            parts.extend(all.iter().map(|address| told(address, idfix::proxy(address))));
            parts.extend(domains(case, all));
        }
        Known::Absent => {}
        Known::NotAsked => parts.push(Finding::unknown("proxyAddresses was not read")),
    }
    match &mail {
        Known::Value(mail) if mail.encode_utf16().count() > idfix::ADDRESS => {
            parts.push(Finding::fail(format!("mail is longer than {} characters", idfix::ADDRESS)));
        }
        Known::Value(mail) => {
            let remarks =
                idfix::smtp(mail).into_iter().map(|problem| idfix::Problem { is_refused: false, ..problem });
            parts.push(told(mail, remarks.collect()));
        }
        Known::Absent => {}
        Known::NotAsked => parts.push(Finding::unknown("mail was not read").severity(Severity::Warn)),
    }
    if parts.is_empty() {
        return Finding::not_applicable("the user has no addresses");
    }
    Finding::all(parts).saw(seen)
}

/// Whether the domains of the SMTP addresses are the tenant's.
fn domains(case: &Case<'_>, addresses: &[impl AsRef<str>]) -> Vec<Finding> {
    let mut parts = vec![];
    let mut known: Vec<String> = vec![];
    // The primary address first: what is said of its domain need not be said of it again.
    let smtp = |address: &&str| address.get(..5).is_some_and(|kind| kind.eq_ignore_ascii_case("smtp:"));
    let mut all: Vec<&str> = addresses.iter().map(AsRef::as_ref).filter(smtp).collect();
    all.sort_by_key(|address| !address.starts_with("SMTP:"));
    for address in all {
        let Some(domain) = suffix(bare(address)).map(str::to_lowercase) else { continue };
        if known.contains(&domain) {
            continue;
        }
        parts.push(domain_of(case, address, &domain));
        known.push(domain);
    }
    // What weighs more speaks first.
    parts.sort_by_key(|part| part.severity == Some(Severity::Info));
    parts
}

fn domain_of(case: &Case<'_>, address: &str, domain: &str) -> Finding {
    let is_primary = address.starts_with("SMTP:");
    let is_reserved = RESERVED.iter().any(|end| domain.ends_with(end));
    if is_reserved && is_primary {
        return Finding::warn(format!(
            "the primary address is at {domain}, which Entra ID may leave out and choose itself"
        ))
        .fix("make an address at a domain of your own the primary one");
    }
    // The routing address of a remote mailbox is one of these, and belongs there.
    if is_reserved && domain.ends_with(".mail.onmicrosoft.com") {
        return Finding::pass();
    }
    if is_reserved {
        return Finding::warn(format!("`{address}` is left out by Entra ID, which adds its own at {domain}"))
            .severity(Severity::Info)
            .fix("nothing needs to be done");
    }
    let evidence = match case.need_evidence() {
        Ok(evidence) => evidence,
        Err(finding) => return finding,
    };
    let finding = match is_verified(evidence, domain) {
        Ok(true) => Finding::pass(),
        Ok(false) if is_primary => Finding::fail(format!(
            "the primary address is at {domain}, which is not a verified domain of the tenant"
        )),
        Ok(false) => {
            Finding::warn(format!("`{address}` is dropped: {domain} is not a verified domain of the tenant"))
        }
        Err(open) => open,
    };
    finding.saw(evidence.domain(domain).map(|found| of_domain(found, "isVerified", found.is_verified())))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::checks::fixtures::{collected, with_user};
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    #[test]
    fn cases() {
        let domains = r#"{"id":"contoso.com","isVerified":true},{"id":"fabrikam.com","isVerified":false}"#;
        let with = |addresses: &[&str]| {
            collected(Stage::new().with("proxyAddresses", addresses), &[("domains", domains)])
        };
        let here = |addresses: &[&str]| Stage::new().with("proxyAddresses", addresses).on_prem_only();
        let long = format!("smtp:{}@contoso.com", "a".repeat(250));
        let own = "SMTP:anna@contoso.com";
        table(
            &RULE,
            &[
                (
                    "verified",
                    with(&[own, "smtp:a@contoso.com", "X500:/o=x/cn=a", "SIP:anna@elsewhere.com"]),
                    Status::Pass,
                ),
                ("the routing address", with(&[own, "smtp:anna@contoso.mail.onmicrosoft.com"]), Status::Pass),
                (
                    "of the tenant's first domain",
                    with(&[own, "smtp:anna@contoso.onmicrosoft.com"]),
                    Status::Warn,
                ),
                (
                    "primary at the tenant's first domain",
                    with(&["SMTP:anna@contoso.onmicrosoft.com"]),
                    Status::Warn,
                ),
                ("primary, not verified", with(&["SMTP:anna@fabrikam.com"]), Status::Fail),
                ("further, not verified", with(&[own, "smtp:anna@fabrikam.com"]), Status::Warn),
                ("further, not there", with(&[own, "smtp:anna@elsewhere.com"]), Status::Warn),
                ("a blank", with(&[own, "smtp:an na@contoso.com"]), Status::Fail),
                ("two types", with(&[own, "smtp:smtp:a@contoso.com"]), Status::Fail),
                ("too long", with(&[own, &long]), Status::Fail),
                ("no type", with(&[own, "a@contoso.com"]), Status::Warn),
                (
                    "mail of a wrong form",
                    with(&[own]).with("mail", &["Anna <anna@contoso.com>"]),
                    Status::Warn,
                ),
                ("mail too long", with(&[own]).with("mail", &[&"a".repeat(257)]), Status::Fail),
                ("a form, the directory alone", here(&["smtp:an na@contoso.com"]), Status::Fail),
                ("fine, the directory alone", here(&[own]), Status::Pass),
                ("domains are not exported", with_user(Stage::new(), json!({})), Status::Unknown),
                ("no export", Stage::new(), Status::Unknown),
                ("not read", with(&[own]).not_asked("proxyAddresses"), Status::Unknown),
                (
                    "no addresses",
                    Stage::new().without("proxyAddresses").without("mail"),
                    Status::NotApplicable,
                ),
            ],
        );
    }

    proptest! {
        #[test]
        fn any_text_is_judged(text in ".{1,120}", other in "(SMTP|smtp|x500|sip):.{0,40}") {
            let (status, _) = Stage::new().with("proxyAddresses", &[&text, &other]).on_prem_only().status(&RULE);
            prop_assert!(matches!(status, Status::Pass | Status::Fail | Status::Warn));
        }
    }
}
