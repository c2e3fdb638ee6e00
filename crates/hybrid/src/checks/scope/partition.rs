//! `scope.partition`.

use super::{APPLY, best, place};
use crate::checks::case::Case;
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::scope::model::Engine;

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "scope.partition",
    title: "the domain of the user is selected for synchronisation",
    severity: Severity::Block,
    needs: Needs::Sync,
    why: "Of a domain that is not selected the engine reads nothing: a live cloud user of it is deleted at the next full \
          import, a deleted one is not found again.",
    evidence: "the partitions of the connectors, and whether each is selected",
    fix: "select the domain in the wizard (Customize synchronization options, Domain and OU filtering), then \
          Start-ADSyncSyncCycle -PolicyType Initial",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-sync-configure-filtering (domain-based filtering)",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let sync = match case.need_sync() {
        Ok(sync) => sync,
        Err(finding) => return finding,
    };
    let dn = &case.subject.dn;
    let of_each = sync.evaluator.locate(dn).into_iter().map(|located| {
        let partition = located.partition;
        let seen = [place(&partition.at, "partition", partition.dn.to_string())];
        if partition.selected {
            return Finding::pass().saw(seen);
        }
        Finding::fail(format!("{} is not selected in the connector {}", partition.dn, located.connector.name))
            .saw(seen)
            .fix(format!("select {} in the wizard (Domain and OU filtering), then {APPLY}", partition.dn))
    });
    best(of_each).unwrap_or_else(|| {
        let domain = dn.dns_name();
        // One server of Entra Connect holds all forests; Cloud Sync has a configuration for each domain.
        let is_cloud_sync = |c: &crate::scope::model::Connector| c.engine == Engine::CloudSync;
        if sync.scope.connectors.iter().all(is_cloud_sync) {
            return Finding::unknown(format!("no configuration that was given is for {domain}: give that one too"));
        }
        Finding::fail(format!("no connector has a partition for {domain}"))
            .fix("give the configuration of its forest too; if there is none, add the forest in the wizard (Connect your directories)")
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Connector, WHOLE};
    use super::*;
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    const CLOUD_SYNC: &str = r#"{"id":"AD2AADProvisioning.1","synchronizationRules":[{"id":"r1","name":"users",
        "sourceDirectoryName":"Active Directory","containerFilter":{"includedContainers":["OU=Sales,DC=fabrikam,DC=test"]},
        "groupFilter":{"includedGroups":[]},"objectMappings":[]}]}"#;

    #[test]
    fn cases() {
        let whole = || Stage::new().sync("c.json", &WHOLE.json());
        table(
            &RULE,
            &[
                ("selected", whole(), Status::Pass),
                (
                    "not selected",
                    Stage::new().sync("c.json", &Connector { selected: false, ..WHOLE }.json()),
                    Status::Fail,
                ),
                ("another forest", whole().named("CN=Anna,DC=fabrikam,DC=test"), Status::Fail),
                ("another domain of Cloud Sync", Stage::new().sync("c.json", CLOUD_SYNC), Status::Unknown),
                ("no configuration", Stage::new(), Status::Unknown),
                ("the directory alone", Stage::new().on_prem_only(), Status::NotApplicable),
            ],
        );
    }
}
