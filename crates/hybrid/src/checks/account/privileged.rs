//! `account.privileged`.

use crate::checks::case::Case;
use crate::checks::command::{self, quoted};
use crate::checks::rule::{Finding, Needs, Rule, Seen, Severity};
use crate::evidence::Known;

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "account.privileged",
    title: "the user neither is nor was a member of a protected group",
    severity: Severity::Warn,
    needs: Needs::Directory,
    why: "Privileged accounts are not to be synchronised: who holds one side holds the other. The engine has no rights on protected objects \
          (AdminSDHolder), so the source anchor and the password are not written. One that was protected keeps an ACL that blocks inheritance.",
    evidence: "adminCount; the protected groups that the user is in, directly or through groups; primaryGroupID; whether \
               nTSecurityDescriptor blocks inheritance",
    fix: "review the memberships; keep a privileged account out of the cloud. One that is not privileged any more: take \
          adminCount away, and let it inherit again (dsacls DN /P:N)",
    source: "learn.microsoft.com/windows-server/identity/ad-ds/plan/security-best-practices/appendix-c--protected-accounts-and-groups-in-active-directory; \
             learn.microsoft.com/entra/architecture/protect-m365-from-on-premises-attacks; [MS-ADTS] 3.1.1.6.1",
    judge,
};

/// The protected groups that can be a primary group, by their relative identifiers ([MS-DTYP] 2.4.2.4).
const PRIMARY: [(i64, &str); 5] = [
    (512, "Domain Admins"),
    (516, "Domain Controllers"),
    (518, "Schema Admins"),
    (519, "Enterprise Admins"),
    (521, "Read-only Domain Controllers"),
];

fn judge(case: &Case<'_>) -> Finding {
    Finding::all([memberships(case), primary_group(case), admin_count(case)])
}

fn memberships(case: &Case<'_>) -> Finding {
    match &case.subject.privileged {
        Known::Value(shown) if !shown.is_empty() => {
            Finding::fail(format!("it is or was privileged: {}", shown.join(", ")))
                .saw([case.saw("memberOf")])
        }
        Known::Value(_) | Known::Absent => Finding::pass().saw([case.saw("memberOf")]),
        Known::NotAsked => Finding::unknown("whether it is in a protected group was not looked up"),
    }
}

fn primary_group(case: &Case<'_>) -> Finding {
    let Known::Value(number) = case.subject.number("primaryGroupID") else {
        return Finding::not_applicable("no primary group was read");
    };
    match PRIMARY.iter().find(|(rid, _)| *rid == number) {
        Some((_, name)) => {
            Finding::fail(format!("its primary group is {name}")).saw([case.saw("primaryGroupID")])
        }
        None => Finding::pass(),
    }
}

/// `adminCount` 1 is set on protected objects and never taken away; a tombstone has lost it, and kept the ACL.
fn admin_count(case: &Case<'_>) -> Finding {
    let seen = [case.saw("adminCount")];
    let inherit =
        command::once_live(case.subject, &format!("dsacls {} /P:N", quoted(&case.subject.dn.to_string())));
    let is_protected = match &case.subject.descriptor {
        Known::Value(descriptor) => Known::Value(descriptor.is_protected()),
        Known::Absent => Known::Absent,
        Known::NotAsked => Known::NotAsked,
    };
    match (case.subject.number("adminCount"), is_protected) {
        (Known::Value(1..), _) => {
            Finding::fail("adminCount is set: it is protected, or was").saw(seen).fix(format!(
                "if it is in no protected group any more: {}; {inherit}",
                command::clear(case.subject, &["adminCount"])
            ))
        }
        (_, Known::Value(true)) => {
            Finding::fail("it inherits no rights from its container, as what was protected")
                .saw(seen)
                .saw([Seen {
                    value: Some("inheritance is blocked".to_owned()),
                    ..case.saw("nTSecurityDescriptor")
                }])
                .fix(format!("if nobody blocked it on purpose: {inherit}"))
        }
        (Known::NotAsked, _) => Finding::unknown("adminCount was not read"),
        (_, Known::Value(false)) => Finding::pass().saw(seen),
        // A former tombstone shows it in its ACL only.
        _ if case.subject.was_tombstone => Finding::unknown("the security descriptor was not read"),
        _ => Finding::pass().saw(seen),
    }
}

#[cfg(test)]
mod tests {
    use adrecover_core::security::Access;

    use super::super::fixture::descriptor;
    use super::*;
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    #[test]
    fn cases() {
        let plain = || Stage::new().changed(|s| s.privileged = Known::Absent);
        let with = |change: fn(&mut crate::checks::Subject)| Stage::new().changed(change);
        // A failing finding of this rule becomes a warning by the rule's severity.
        table(
            &RULE,
            &[
                ("ordinary", plain(), Status::Pass),
                (
                    "a member",
                    with(|s| {
                        s.privileged =
                            Known::Value(vec!["CN=Domain Admins,CN=Users,DC=contoso,DC=test".into()])
                    }),
                    Status::Fail,
                ),
                ("nothing shows it", with(|s| s.privileged = Known::Value(vec![])), Status::Pass),
                ("adminCount", plain().with("adminCount", &["1"]), Status::Fail),
                ("adminCount 0", plain().with("adminCount", &["0"]), Status::Pass),
                ("by the primary group", plain().with("primaryGroupID", &["512"]), Status::Fail),
                ("the usual primary group", plain().with("primaryGroupID", &["513"]), Status::Pass),
                (
                    "an ACL that is left",
                    with(|s| {
                        s.privileged = Known::Absent;
                        s.descriptor = Known::Value(descriptor(Access::READ_PROPERTY, Access::NONE, true));
                    }),
                    Status::Fail,
                ),
                (
                    "a former tombstone without its ACL",
                    with(|s| {
                        s.privileged = Known::Absent;
                        s.was_tombstone = true;
                    }),
                    Status::Unknown,
                ),
                ("not looked up", Stage::new(), Status::Unknown),
                ("not looked up, and adminCount", Stage::new().with("adminCount", &["1"]), Status::Fail),
                ("adminCount not read", plain().not_asked("adminCount"), Status::Unknown),
                ("the directory alone", plain().on_prem_only(), Status::Pass),
            ],
        );
    }
}
