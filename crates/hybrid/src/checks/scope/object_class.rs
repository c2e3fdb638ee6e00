//! `scope.objectClass`.

use super::{APPLY, best, place};
use crate::checks::case::Case;
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::evidence::Known;

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "scope.objectClass",
    title: "objects of this class are synchronised",
    severity: Severity::Block,
    needs: Needs::Sync,
    why: "The connector reads only the selected classes. An inetOrgPerson, for one, is no user to it.",
    evidence: "objectClass; the object classes of the partition",
    fix: "select the class in Synchronization Service Manager (Connectors, Properties, Select Object Types), then \
          Start-ADSyncSyncCycle -PolicyType Initial",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-sync-service-manager-ui-connectors (select object types)",
    judge,
};

/// The more specific class first.
const CLASSES: [&str; 7] = [
    "inetOrgPerson",
    "msDS-GroupManagedServiceAccount",
    "msDS-ManagedServiceAccount",
    "computer",
    "user",
    "group",
    "contact",
];

fn judge(case: &Case<'_>) -> Finding {
    let sync = match case.need_sync() {
        Ok(sync) => sync,
        Err(finding) => return finding,
    };
    let own = case.saw("objectClass");
    let classes = match case.subject.texts("objectClass") {
        Known::Value(classes) => classes,
        _ => return Finding::unknown("objectClass was not read"),
    };
    let known = CLASSES.into_iter().find(|name| classes.iter().any(|c| c.eq_ignore_ascii_case(name)));
    let class = known.or_else(|| classes.last().map(|c| &**c)).unwrap_or_default();
    let of_each = sync.evaluator.locate(&case.subject.dn).into_iter().map(|located| {
        let partition = located.partition;
        let Some(selected) = &partition.object_classes else {
            return Finding::unknown("the configuration does not say which classes are read: give the output of Get-ADSyncConnector")
                .saw([own.clone()]);
        };
        let seen = [own.clone(), place(&partition.at, "object-classes", selected.join(", "))];
        if selected.iter().any(|c| c.eq_ignore_ascii_case(class)) {
            return Finding::pass().saw(seen);
        }
        Finding::fail(format!("objects of the class {class} are not read"))
            .saw(seen)
            .fix(format!("select {class} in Synchronization Service Manager (Select Object Types), then {APPLY}"))
    });
    best(of_each).unwrap_or_else(|| {
        Finding::unknown("it lies in no partition of the configuration: see scope.partition")
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Connector, WHOLE};
    use super::*;
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    const POLICY: &str = r#"{"onpremisesDirectoryPolicy":[{"friendlyName":"contoso.test","partitionFilters":[
        {"distinguishedName":"DC=contoso,DC=test","containerInclusions":["DC=contoso,DC=test"],"containerExclusions":[]}]}]}"#;

    #[test]
    fn cases() {
        let users = Connector { classes: &["user", "group"], ..WHOLE }.json();
        let stage = || Stage::new().sync("c.json", &users);
        let person = ["top", "person", "organizationalPerson", "user", "inetOrgPerson"];
        table(
            &RULE,
            &[
                ("a user", stage(), Status::Pass),
                ("an inetOrgPerson", stage().with("objectClass", &person), Status::Fail),
                (
                    "an inetOrgPerson, selected",
                    Stage::new().sync("c.json", &WHOLE.json()).with("objectClass", &person),
                    Status::Pass,
                ),
                ("not said", Stage::new().sync("p.json", POLICY), Status::Unknown),
                ("not read", stage().not_asked("objectClass"), Status::Unknown),
                ("no partition", stage().named("CN=Anna,DC=fabrikam,DC=test"), Status::Unknown),
                ("no configuration", Stage::new(), Status::Unknown),
                ("the directory alone", Stage::new().on_prem_only(), Status::NotApplicable),
            ],
        );
    }
}
