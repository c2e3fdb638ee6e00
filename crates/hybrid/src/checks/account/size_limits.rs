//! `account.sizeLimits`.

use crate::checks::case::Case;
use crate::checks::command::{identity, once_live};
use crate::checks::rule::{Finding, Needs, Rule, Seen, Severity};
use crate::evidence::Known;

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "account.sizeLimits",
    title: "the object is not too large for the cloud",
    severity: Severity::Warn,
    needs: Needs::Directory,
    why: "The service takes at most 15 certificates and about 300 addresses of one object. With more, nothing of the object is exported \
          (LargeObject, ExceededAllowedLength): no other change of it either.",
    evidence: "the number of values of userCertificate and proxyAddresses",
    fix: "remove expired certificates and addresses that nobody uses",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/tshoot-connect-sync-errors (LargeObject); \
             learn.microsoft.com/entra/identity/hybrid/connect/tshoot-connect-largeobjecterror-usercertificate",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let prune = format!(
        "Get-ADUser -Identity {} -Properties Certificates shows them; remove those that have expired",
        identity(case.subject)
    );
    let prune = once_live(case.subject, &prune);
    Finding::all([
        counted(case, "userCertificate", 15, "certificates", &prune),
        counted(
            case,
            "proxyAddresses",
            300,
            "addresses",
            "remove addresses that nobody uses from proxyAddresses",
        ),
    ])
}

fn counted(case: &Case<'_>, attribute: &str, limit: usize, what: &str, fix: &str) -> Finding {
    let number = match case.subject.octets(attribute) {
        Known::Value(values) => values.len(),
        Known::Absent => 0,
        Known::NotAsked => return Finding::unknown(format!("{attribute} was not read")),
    };
    // The number says it; the values are long.
    let value = Some(format!("{number} values"));
    let seen = [Seen { attribute: attribute.to_owned(), value, ..case.saw("name") }];
    if number > limit {
        return Finding::fail(format!("{number} {what}, of which the cloud takes {limit}"))
            .saw(seen)
            .fix(fix);
    }
    Finding::pass().saw(seen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    #[test]
    fn cases() {
        let several = |name: &str, number: usize| {
            let values: Vec<String> = (0..number).map(|n| format!("smtp:a{n}@contoso.com")).collect();
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            Stage::new().with(name, &values)
        };
        // A failing finding of this rule becomes a warning by the rule's severity.
        table(
            &RULE,
            &[
                ("few", Stage::new(), Status::Pass),
                ("15 certificates", several("userCertificate", 15), Status::Pass),
                ("16 certificates", several("userCertificate", 16), Status::Fail),
                ("300 addresses", several("proxyAddresses", 300), Status::Pass),
                ("301 addresses", several("proxyAddresses", 301), Status::Fail),
                ("certificates not read", Stage::new().not_asked("userCertificate"), Status::Unknown),
                (
                    "not read, and too many",
                    several("proxyAddresses", 301).not_asked("userCertificate"),
                    Status::Fail,
                ),
                ("the directory alone", Stage::new().on_prem_only(), Status::Pass),
            ],
        );
    }
}
