//! `upn.equalsCloud`.

use crate::checks::case::Case;
use crate::checks::command;
use crate::checks::rule::{Finding, Needs, Rule, Seen, Severity};
use crate::compare::same;
use crate::evidence::{Known, User, UserField};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "upn.equalsCloud",
    title: "the user has a UPN, and it is that of the cloud user",
    severity: Severity::Block,
    needs: Needs::SomeCloud,
    why: "The UPN is the name that the user signs in with, and the next synchronisation writes it over that of the cloud. A \
          tombstone has lost it: the engine then sends the account name at the domain's DNS name, which changes the name that the \
          user signs in with, and often ends at @tenant.onmicrosoft.com.",
    evidence: "userPrincipalName of the user, or the attribute that the engine is set to (alternate id), and sAMAccountName; \
               userPrincipalName of the cloud user, of a deleted one without the object id before it, and \
               onPremisesUserPrincipalName",
    fix: "set userPrincipalName to that of the cloud user: Set-ADUser -Identity USER -UserPrincipalName NAME, or restore it with \
          --upn NAME",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/plan-connect-userprincipalname; \
             learn.microsoft.com/entra/identity/hybrid/connect/reference-connect-sync-functions-reference; [MS-ADTS] \
             3.1.1.5.5.1.1 (what a tombstone keeps)",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let (attribute, setting) = case.upn_attribute();
    let mut seen = vec![case.saw(&attribute)];
    seen.extend(setting);
    let own = case.subject.text(&attribute);
    let sent = match case.synchronised_upn() {
        Known::Value(sent) => sent,
        Known::Absent => {
            return Finding::fail("the user has neither a UPN nor an account name")
                .fix(set(case, &attribute, None))
                .saw(seen);
        }
        Known::NotAsked => return Finding::unknown(format!("{attribute} was not read")).saw(seen),
    };
    let finding = match case.need_cloud_user() {
        Ok(user) => compare(case, &attribute, own.is_absent(), &sent, user),
        Err(open) if own.is_absent() => {
            seen.push(case.saw("sAMAccountName"));
            let detail = format!("the user has no {attribute}: the engine would send `{sent}`");
            Finding::all([Finding::fail(detail).fix(set(case, &attribute, None)), open])
        }
        Err(open) => open,
    };
    finding.saw(seen)
}

fn compare(case: &Case<'_>, attribute: &str, is_lost: bool, sent: &str, user: User<'_>) -> Finding {
    let seen: [Seen; 2] = [
        case.saw_cloud(user, UserField::UserPrincipalName),
        case.saw_cloud(user, UserField::OnPremisesUserPrincipalName),
    ];
    let finding = match user.upn() {
        Known::NotAsked => Finding::unknown("the export of users does not hold userPrincipalName"),
        Known::Absent => Finding::unknown("the cloud user has no UPN in the export"),
        Known::Value(theirs) if same(theirs, sent) && is_lost => {
            Finding::fine(format!("no {attribute} here; the engine sends `{sent}`, which the cloud user has"))
        }
        Known::Value(theirs) if same(theirs, sent) => Finding::pass(),
        Known::Value(theirs) if is_placeholder(theirs) => {
            let detail = format!(
                "the cloud user has the placeholder `{theirs}`: its real UPN is held by somebody else"
            );
            Finding::warn(detail).fix("free the UPN (upn.unique); Entra ID then puts it back within the hour")
        }
        Known::Value(theirs)
            if user.text(UserField::OnPremisesUserPrincipalName).value().is_some_and(|u| same(u, sent)) =>
        {
            Finding::fine(format!("the cloud has shown `{theirs}` for `{sent}` before, and will again"))
        }
        Known::Value(theirs) => {
            let detail = if is_lost {
                format!(
                    "the user has no {attribute}: the engine would send `{sent}`; the cloud user has `{theirs}`"
                )
            } else {
                format!("`{sent}` here; `{theirs}` in the cloud")
            };
            Finding::fail(detail).fix(set(case, attribute, Some(theirs)))
        }
    };
    finding.saw(seen)
}

fn set(case: &Case<'_>, attribute: &str, value: Option<&str>) -> String {
    let command = command::set(case.subject, &[(attribute, value.unwrap_or("NAME@DOMAIN"))]);
    if attribute.eq_ignore_ascii_case("userPrincipalName") {
        return format!("set the UPN that the user had: {command}");
    }
    format!("set {attribute}, which the engine takes the UPN from: {command}")
}

/// Whether a UPN is what Entra ID gives to one whose own is taken: `name+4 digits@tenant.onmicrosoft.com`.
pub(in crate::checks) fn is_placeholder(upn: &str) -> bool {
    let Some((name, domain)) = upn.rsplit_once('@') else { return false };
    let Some((before, digits)) = name.rsplit_once('+') else { return false };
    let domain = domain.to_ascii_lowercase();
    !before.is_empty()
        && digits.len() == 4
        && digits.bytes().all(|b| b.is_ascii_digit())
        && domain.strip_suffix(".onmicrosoft.com").is_some_and(|tenant| !tenant.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::fixtures::{ANNA_ID, collected, user, with_user};
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    fn cloud(stage: Stage, upn: &str) -> Stage {
        with_user(stage, json!({ "userPrincipalName": upn }))
    }

    #[test]
    fn cases() {
        let lost = || Stage::new().without("userPrincipalName");
        let prefixed = format!("{}anna@contoso.com", ANNA_ID.replace('-', ""));
        let deleted = user(json!({"userPrincipalName": prefixed, "deletedDateTime": "2026-11-20T10:00:00Z"}));
        let by_mail = json!({"InstanceId": "x", "Parameters": [{"Name": "Microsoft.SynchronizationOption.UPNAttribute", "Value": "mail"}]}).to_string();
        let by_mail = |upn: &str| {
            let user = user(json!({ "userPrincipalName": upn }));
            collected(
                Stage::new().with("userPrincipalName", &["anna@corp.local"]),
                &[("users", &user), ("deletedUsers", ""), ("globalSettings", &by_mail)],
            )
        };
        let before = json!({"userPrincipalName": "anna@x.onmicrosoft.com", "onPremisesUserPrincipalName": "anna@contoso.com"});
        table(
            &RULE,
            &[
                ("the same", cloud(Stage::new(), "Anna@contoso.com"), Status::Pass),
                (
                    "in the bin",
                    collected(Stage::new(), &[("users", ""), ("deletedUsers", &deleted)]),
                    Status::Pass,
                ),
                ("another one", cloud(Stage::new(), "a.example@contoso.com"), Status::Fail),
                ("lost", cloud(lost(), "anna@contoso.com"), Status::Fail),
                ("lost, and nothing is known of the cloud", lost(), Status::Fail),
                ("lost, the directory alone", lost().on_prem_only(), Status::Fail),
                ("never had one", cloud(lost(), "anna@contoso.test"), Status::Pass),
                (
                    "never had one, in another domain",
                    cloud(lost().named("CN=Anna,OU=Sales,DC=fabrikam,DC=test"), "anna@fabrikam.test"),
                    Status::Pass,
                ),
                ("a placeholder", cloud(Stage::new(), "anna+1234@x.onmicrosoft.com"), Status::Warn),
                ("not verified, as before", with_user(Stage::new(), before), Status::Pass),
                ("alternate id", by_mail("anna@contoso.com"), Status::Pass),
                ("alternate id, another one", by_mail("anna@corp.local"), Status::Fail),
                ("not exported", with_user(Stage::new(), json!({"userPrincipalName": "-"})), Status::Unknown),
                (
                    "not read",
                    cloud(Stage::new().not_asked("userPrincipalName"), "anna@contoso.com"),
                    Status::Unknown,
                ),
                (
                    "neither name",
                    Stage::new().without("userPrincipalName").without("sAMAccountName"),
                    Status::Fail,
                ),
                (
                    "no cloud user",
                    collected(Stage::new(), &[("users", ""), ("deletedUsers", "")]),
                    Status::NotApplicable,
                ),
                ("no export", Stage::new(), Status::Unknown),
                ("the directory alone", Stage::new().on_prem_only(), Status::NotApplicable),
            ],
        );
    }

    #[test]
    fn the_name_to_set_is_given() {
        let fix = |stage: Stage| stage.look(|case| (RULE.judge)(case)).fix.unwrap();
        let other = fix(cloud(Stage::new(), "o'hara@contoso.com"));
        assert!(other.ends_with("-UserPrincipalName 'o''hara@contoso.com'"), "{other}");
        let lost = fix(Stage::new().without("userPrincipalName"));
        assert!(lost.ends_with("-UserPrincipalName 'NAME@DOMAIN'"), "{lost}");
    }

    #[test]
    fn placeholders() {
        for (upn, expected) in [
            ("anna+1234@x.onmicrosoft.com", true),
            ("a+b+0000@X.OnMicrosoft.com", true),
            ("anna+123@x.onmicrosoft.com", false),
            ("anna+1234@contoso.com", false),
            ("+1234@x.onmicrosoft.com", false),
            ("anna@x.onmicrosoft.com", false),
            ("anna+1234@.onmicrosoft.com", false),
            ("", false),
        ] {
            assert_eq!(is_placeholder(upn), expected, "{upn}");
        }
    }
}
