//! `account.lostAttributes`.

use crate::checks::case::Case;
use crate::checks::command;
use crate::checks::rule::{Finding, Needs, Rule, Seen, Severity};
use crate::evidence::{Evidence, Known, User, UserField, brief};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "account.lostAttributes",
    title: "what the cloud has of the user is there on premises too",
    severity: Severity::Warn,
    needs: Needs::Cloud,
    why: "After a match every value of the directory overwrites the cloud's, the empty ones too. A tombstone has lost nearly all attributes: \
          its first synchronisation blanks name, department, manager, telephone numbers and custom attributes in the cloud.",
    evidence: "displayName, names, address, telephone, organisation, manager and extensionAttribute1 to 15 of the user and of its cloud object",
    fix: "write the values back before the next cycle: Set-ADUser -Replace, or restore it with --set ATTR=VALUE",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-install-existing-tenant (on-premises values overwrite); \
             learn.microsoft.com/entra/identity/hybrid/connect/reference-connect-sync-attributes-synchronized; [MS-ADTS] 3.1.1.5.5.6.1",
    judge,
};

/// An attribute and the property that it becomes.
pub(crate) const PAIRS: [(&str, UserField); 32] = [
    ("displayName", UserField::DisplayName),
    ("givenName", UserField::GivenName),
    ("sn", UserField::Surname),
    ("department", UserField::Department),
    ("title", UserField::JobTitle),
    ("company", UserField::CompanyName),
    ("manager", UserField::Manager),
    ("physicalDeliveryOfficeName", UserField::OfficeLocation),
    ("streetAddress", UserField::StreetAddress),
    ("l", UserField::City),
    ("st", UserField::State),
    ("postalCode", UserField::PostalCode),
    ("co", UserField::Country),
    ("mobile", UserField::MobilePhone),
    ("telephoneNumber", UserField::BusinessPhones),
    ("employeeID", UserField::EmployeeId),
    ("preferredLanguage", UserField::PreferredLanguage),
    ("extensionAttribute1", UserField::ExtensionAttribute1),
    ("extensionAttribute2", UserField::ExtensionAttribute2),
    ("extensionAttribute3", UserField::ExtensionAttribute3),
    ("extensionAttribute4", UserField::ExtensionAttribute4),
    ("extensionAttribute5", UserField::ExtensionAttribute5),
    ("extensionAttribute6", UserField::ExtensionAttribute6),
    ("extensionAttribute7", UserField::ExtensionAttribute7),
    ("extensionAttribute8", UserField::ExtensionAttribute8),
    ("extensionAttribute9", UserField::ExtensionAttribute9),
    ("extensionAttribute10", UserField::ExtensionAttribute10),
    ("extensionAttribute11", UserField::ExtensionAttribute11),
    ("extensionAttribute12", UserField::ExtensionAttribute12),
    ("extensionAttribute13", UserField::ExtensionAttribute13),
    ("extensionAttribute14", UserField::ExtensionAttribute14),
    ("extensionAttribute15", UserField::ExtensionAttribute15),
];

/// The longest value that stands in a command, in octets: the schema takes no longer one of any of these.
const LONGEST: usize = 2048;

/// What a comparison finds.
#[derive(Default)]
struct Compared {
    /// Attribute and value to be written back; `None` where the export does not tell it.
    lost: Vec<(&'static str, Option<String>)>,
    seen: Vec<Seen>,
    not_read: Vec<&'static str>,
    not_exported: Vec<&'static str>,
}

fn judge(case: &Case<'_>) -> Finding {
    let user = match case.need_cloud_user() {
        Ok(user) => user,
        Err(finding) => return finding,
    };
    let mut compared = Compared::default();
    for (attribute, field) in PAIRS {
        compare(case, user, (attribute, field), &mut compared);
    }
    Finding::all([lost(case, &compared), open(&compared)]).saw(compared.seen)
}

fn compare(
    case: &Case<'_>,
    user: User<'_>,
    (attribute, field): (&'static str, UserField),
    found: &mut Compared,
) {
    match case.subject.octets(attribute) {
        Known::Value(_) => return,
        Known::NotAsked => return found.not_read.push(attribute),
        Known::Absent => {}
    }
    match in_cloud(user, field) {
        Known::Absent => {}
        Known::NotAsked => found.not_exported.push(field.name()),
        Known::Value(text) => {
            let value = match field {
                UserField::Manager => case.evidence.and_then(|evidence| manager(evidence, text)),
                _ => Some(text.to_owned()).filter(|text| text.len() <= LONGEST),
            };
            found.lost.push((attribute, value));
            found.seen.extend([case.saw(attribute), case.saw_cloud(user, field)]);
        }
    }
}

/// What the cloud has for an attribute: of several telephone numbers the first one.
pub(crate) fn in_cloud(user: User<'_>, field: UserField) -> Known<&str> {
    match field {
        UserField::BusinessPhones => match user.list(field) {
            Known::Value(mut all) => all.next().map_or(Known::Absent, Known::Value),
            Known::Absent => Known::Absent,
            Known::NotAsked => Known::NotAsked,
        },
        _ => user.text(field),
    }
}

/// The DN of a manager whom the cloud names by the object id.
pub(crate) fn manager(evidence: &Evidence, id: &str) -> Option<String> {
    let found = evidence.users().by_id(id.parse().ok()?).first()?;
    found.on_premises_dn().value().map(str::to_owned)
}

fn lost(case: &Case<'_>, compared: &Compared) -> Finding {
    if compared.lost.is_empty() {
        return Finding::pass();
    }
    let shown = |(attribute, value): &(&str, Option<String>)| match value {
        Some(value) => format!("{attribute} (`{}`)", brief(value)),
        None => (*attribute).to_owned(),
    };
    let names: Vec<String> = compared.lost.iter().map(shown).collect();
    let values: Vec<(&str, &str)> =
        compared.lost.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
    let untold: Vec<&str> =
        compared.lost.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| *name).collect();
    let mut ways = vec![];
    if !values.is_empty() {
        ways.push(command::set(case.subject, &values));
    }
    if !untold.is_empty() {
        ways.push(format!(
            "set {} by hand: the export does not tell the value, or it is too long to be shown",
            untold.join(", ")
        ));
    }
    Finding::fail(format!("empty here, and would be blanked in the cloud: {}", names.join(", ")))
        .fix(ways.join("; "))
}

fn open(compared: &Compared) -> Finding {
    let not_read =
        (!compared.not_read.is_empty()).then(|| format!("not read here: {}", compared.not_read.join(", ")));
    let not_exported = (!compared.not_exported.is_empty())
        .then(|| format!("not in the export: {}", compared.not_exported.join(", ")));
    let texts: Vec<String> = [not_read, not_exported].into_iter().flatten().collect();
    if texts.is_empty() { Finding::pass() } else { Finding::unknown(texts.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::anna;
    use super::*;
    use crate::checks::rule::Status;
    use crate::checks::testing::{ANCHOR, Stage, table};

    /// Every property that is compared, empty but for these.
    fn properties(changes: &[(&str, &str)]) -> String {
        let value = |name: &str| changes.iter().find(|(n, _)| *n == name).map_or("null", |(_, value)| *value);
        let all: Vec<String> = PAIRS
            .iter()
            .map(|(_, field)| field.name())
            .filter(|name| !name.starts_with("extension"))
            .map(|name| {
                format!(
                    r#""{name}":{}"#,
                    if name == "businessPhones" && value(name) == "null" { "[]" } else { value(name) }
                )
            })
            .collect();
        let extensions: Vec<String> = (1..=15)
            .map(|n| format!("extensionAttribute{n}"))
            .map(|name| format!(r#""{name}":{}"#, value(&name)))
            .collect();
        format!(r#"{},"onPremisesExtensionAttributes":{{{}}}"#, all.join(","), extensions.join(","))
    }

    fn stage(changes: &[(&str, &str)]) -> Stage {
        Stage::new().evidence(&[("users.json", &anna(&properties(changes)))])
    }

    #[test]
    fn cases() {
        // A failing finding of this rule becomes a warning by the rule's severity.
        table(
            &RULE,
            &[
                ("nothing lost", stage(&[("displayName", "\"Anna Example\"")]), Status::Pass),
                ("a department", stage(&[("department", "\"Sales\"")]), Status::Fail),
                (
                    "a department, here too",
                    stage(&[("department", "\"Sales\"")]).with("department", &["Other"]),
                    Status::Pass,
                ),
                ("a telephone number", stage(&[("businessPhones", "[\"+49 1\"]")]), Status::Fail),
                ("a custom attribute", stage(&[("extensionAttribute15", "\"x\"")]), Status::Fail),
                (
                    "not exported",
                    Stage::new().evidence(&[("users.json", &anna("\"department\":null"))]),
                    Status::Unknown,
                ),
                ("not read", stage(&[]).not_asked("department"), Status::Unknown),
                ("no export", Stage::new(), Status::Unknown),
                ("the directory alone", Stage::new().on_prem_only(), Status::NotApplicable),
            ],
        );
    }

    #[test]
    fn values_to_write_back_are_named() {
        let users = format!(
            r#"{{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users","value":[
              {{"id":"11111111-1111-1111-1111-111111111111","userPrincipalName":"anna@contoso.com","onPremisesImmutableId":"{ANCHOR}",{}}},
              {{"id":"22222222-2222-2222-2222-222222222222","userPrincipalName":"boss@contoso.com","onPremisesImmutableId":"x",
                "onPremisesDistinguishedName":"CN=Boss,DC=contoso,DC=test",{}}}]}}"#,
            properties(&[
                ("department", "\"O'Neill\""),
                ("manager", r#"{"id":"22222222-2222-2222-2222-222222222222"}"#)
            ]),
            properties(&[]),
        );
        Stage::new().evidence(&[("users.json", &users)]).look(|case| {
            let finding = judge(case);
            assert!(
                finding.detail.contains("department (`O'Neill`), manager (`CN=Boss,DC=contoso,DC=test`)"),
                "{}",
                finding.detail
            );
            let fix = finding.fix.unwrap();
            assert!(fix.contains("department='O''Neill'; manager='CN=Boss,DC=contoso,DC=test'"), "{fix}");
        });
        let planned = Stage::new().evidence(&[("users.json", &users)]).changed(|s| s.is_planned = true);
        let fix = planned.look(judge).fix.unwrap();
        assert_eq!(
            fix,
            "restore it with --set \"department=O'Neill\" --set 'manager=CN=Boss,DC=contoso,DC=test'"
        );
    }
}
