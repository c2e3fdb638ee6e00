//! `scope.ou`.

use adrecover_core::Dn;

use super::{APPLY, line};
use crate::checks::case::{Case, Sync, name_of};
use crate::checks::command;
use crate::checks::observed::Containers;
use crate::checks::rule::{Finding, Needs, Rule, Seen, Severity, Status};
use crate::evidence::{Dataset, Evidence, Known};
use crate::scope::model::Listed;
use crate::scope::{Reason, Verdict};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "scope.ou",
    title: "the OU is in the scope of the synchronisation",
    severity: Severity::Block,
    needs: Needs::Sync,
    why: "An object outside the selected containers is deleted in the cloud, or stays deleted there. A restored object may lie elsewhere \
          than before: in LostAndFound, or in the OU that the operator chose. A filter keeps the old name of an OU that was renamed.",
    evidence: "the DN as it will be; the included and excluded containers of its partition, of which the nearest one decides; the \
               onPremisesDistinguishedName of live cloud users (observed)",
    fix: "move the user below an included container, or select its container in the wizard and run Start-ADSyncSyncCycle -PolicyType Initial",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-sync-configure-filtering (organizational unit-based \
             filtering)",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let lost = lost_and_found(case);
    let of_scope = match case.need_sync() {
        Ok(sync) => {
            let verdict = sync.evaluator.container(&case.subject.dn);
            Finding::all([configured(case, sync, &verdict), observed(case, sync, &verdict)])
        }
        Err(finding) => without_configuration(case, finding),
    };
    Finding::all([Some(of_scope), lost].into_iter().flatten())
}

/// What the lists of the configuration say.
fn configured(case: &Case<'_>, sync: &Sync<'_>, verdict: &Verdict) -> Finding {
    let dn = &case.subject.dn;
    let seen: Vec<Seen> = verdict
        .because
        .iter()
        .map(|b| line(b, setting(verdict.reason)))
        .chain([case.saw("distinguishedName")])
        .collect();
    let why = verdict.detail.clone();
    let nearest = verdict.because.as_ref().map(|b| b.value.clone()).unwrap_or_default();
    let finding = match (verdict.in_scope, verdict.reason) {
        (Some(true), _) => Finding::fine(format!("{nearest} is included")),
        (_, Reason::NoPartition) => {
            Finding::unknown("it lies in no partition of the configuration: see scope.partition")
        }
        (None, _) => {
            Finding::unknown(why.unwrap_or_else(|| "the lists of the partition do not tell".to_owned()))
        }
        (_, Reason::PartitionNotSelected) => {
            Finding::fail(format!("the partition {nearest} is not selected"))
        }
        (_, Reason::ExcludedBy) => {
            Finding::fail(format!("{nearest} is excluded, and nothing nearer is included"))
        }
        _ => Finding::fail("no container above it is included"),
    };
    let finding = finding.saw(seen);
    match finding.status {
        Status::Fail => renamed(sync, dn, finding).fix(way_back(case, sync, verdict)),
        _ => finding,
    }
}

fn setting(reason: Reason) -> &'static str {
    match reason {
        Reason::IncludedBy => "inclusion",
        Reason::ExcludedBy => "exclusion",
        _ => "partition",
    }
}

fn inclusions<'a>(sync: &Sync<'a>, dn: &Dn) -> impl Iterator<Item = &'a Listed> {
    sync.evaluator.locate(dn).into_iter().flat_map(|located| &located.partition.inclusions)
}

fn way_back(case: &Case<'_>, sync: &Sync<'_>, verdict: &Verdict) -> String {
    let container = case.subject.dn.parent().unwrap_or_default();
    let select = format!("select {container} in the wizard (Domain and OU filtering) and run {APPLY}");
    let is_missing = |dn: &Dn| sync.missing.as_ref().value().is_some_and(|missing| missing.contains(dn));
    let is_usable =
        |listed: &&Listed| verdict.reason != Reason::PartitionNotSelected && !is_missing(&listed.dn);
    match inclusions(sync, &case.subject.dn).find(is_usable) {
        Some(listed) => {
            format!("{}, or {select}", command::move_to(case.subject, Some(&listed.dn)))
        }
        None => select,
    }
}

/// Included containers that are not there any more may be what the user's OU was called before.
fn renamed(sync: &Sync<'_>, dn: &Dn, mut finding: Finding) -> Finding {
    let Known::Value(missing) = &sync.missing else { return finding };
    let gone: Vec<String> = inclusions(sync, dn)
        .filter(|listed| missing.contains(&listed.dn))
        .take(3)
        .map(|l| l.dn.to_string())
        .collect();
    if !gone.is_empty() {
        finding.detail = format!(
            "{}; {} included and not in the directory: if the OU was renamed or moved, the filter has its old name",
            finding.detail,
            if let [one] = gone.as_slice() {
                format!("{one} is")
            } else {
                format!("{} are", gone.join(" and "))
            },
        );
    }
    finding
}

/// What live cloud users show, where it contradicts the configuration.
fn observed(case: &Case<'_>, sync: &Sync<'_>, verdict: &Verdict) -> Finding {
    let Some(evidence) = case.evidence else {
        return Finding::not_applicable("no cloud users to compare with");
    };
    let containers = case.setting.observed.of(evidence);
    let container = case.subject.dn.parent().unwrap_or_default();
    let here = containers.at(&container);
    let seen = observed_seen(evidence, &container, here);
    match verdict.in_scope {
        Some(false) if here > 0 => Finding::warn(format!(
            "observed: {} synchronised from {container}: the configuration that was given is not the one that runs, or was changed since",
            users(here)
        ))
        .saw(seen)
        .fix("export the configuration again from the active server: Get-ADSyncServerConfiguration -Path FOLDER"),
        Some(true) if here == 0 => silent(case, sync, containers, verdict).unwrap_or_else(Finding::pass),
        None if here > 0 => Finding::warn(format!("observed: {} synchronised from {container}", users(here))).saw(seen),
        _ if here > 0 => Finding::fine(format!("observed: {} synchronised from {container}", users(here))).saw(seen),
        _ => Finding::not_applicable("no live cloud user is synchronised from this container"),
    }
}

/// An included container that no live cloud user comes from, while others of the domain do.
fn silent(case: &Case<'_>, sync: &Sync<'_>, containers: &Containers, verdict: &Verdict) -> Option<Finding> {
    let dn = &case.subject.dn;
    let included: Dn = verdict.because.as_ref()?.value.parse().ok()?;
    let partition = &sync.evaluator.locate(dn).first()?.partition.dn;
    // Its own cloud user, live or in the bin, came from there.
    let own = case.cloud_user().and_then(|user| user.on_premises_dn().value());
    let was_there = own.and_then(|dn| dn.parse::<Dn>().ok()).is_some_and(|dn| dn.is_at_or_below(&included));
    let others = containers.below(partition);
    if was_there || !containers.gaps.is_empty() || others == 0 || containers.below(&included) > 0 {
        return None;
    }
    Some(
        Finding::warn(format!(
            "observed: no live cloud user is synchronised from below {included}, which is included, and {others} from elsewhere in {partition}"
        ))
        .fix(format!("if other users live there, the inclusion has not been applied yet: {APPLY}")),
    )
}

fn users(number: u64) -> String {
    if number == 1 { "1 live cloud user is".to_owned() } else { format!("{number} live cloud users are") }
}

fn observed_seen(evidence: &Evidence, container: &Dn, here: u64) -> Vec<Seen> {
    let file =
        evidence.listings_of(Dataset::Users).next().and_then(|listing| evidence.files().get(listing.file));
    let seen = file.map(|file| Seen {
        source: name_of(&file.path),
        attribute: "onPremisesDistinguishedName".to_owned(),
        value: Some(format!("{here} below {container}")),
        at: Some(file.at),
    });
    seen.into_iter().collect()
}

fn without_configuration(case: &Case<'_>, mut finding: Finding) -> Finding {
    let Some(evidence) = case.evidence.filter(|_| finding.status == Status::Unknown) else {
        return finding;
    };
    let container = case.subject.dn.parent().unwrap_or_default();
    let here = case.setting.observed.of(evidence).at(&container);
    if here > 0 {
        finding.detail =
            format!("{}; observed: {} synchronised from {container}", finding.detail, users(here));
        finding = finding.saw(observed_seen(evidence, &container, here));
    }
    finding
}

/// Whether the object lies where the directory puts what has no parent.
fn lost_and_found(case: &Case<'_>) -> Option<Finding> {
    let mut container = case.subject.dn.parent();
    while let Some(dn) = container {
        let parent = dn.parent();
        let is_lost = dn.rdn().is_some_and(|rdn| rdn.value().eq_ignore_ascii_case("LostAndFound"));
        let is_at_head =
            parent.as_ref().and_then(Dn::rdn).is_some_and(|rdn| rdn.kind().eq_ignore_ascii_case("DC"));
        if is_lost && is_at_head {
            return Some(
                Finding::warn("it lies in LostAndFound, where nothing is to stay")
                    .saw([case.saw("distinguishedName")])
                    .fix(command::move_to(case.subject, None)),
            );
        }
        container = parent;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Connector, WHOLE};
    use super::*;
    use crate::checks::testing::{Stage, table};

    const SALES: Connector = Connector {
        inclusions: &["OU=Sales,DC=contoso,DC=test"],
        exclusions: &["DC=contoso,DC=test"],
        ..WHOLE
    };
    const OLD: Connector = Connector {
        inclusions: &["OU=Verkauf,DC=contoso,DC=test"],
        exclusions: &["DC=contoso,DC=test"],
        ..WHOLE
    };
    const NOTHING: Connector = Connector { inclusions: &[], exclusions: &[], ..WHOLE };

    fn stage(connector: &Connector) -> Stage {
        Stage::new().sync("c.json", &connector.json())
    }

    /// A live cloud user that comes from this container.
    fn observing(stage: Stage, container: &str) -> Stage {
        let users = format!(
            r#"{{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users","value":[
              {{"id":"33333333-3333-3333-3333-333333333333","userPrincipalName":"carl@contoso.com","onPremisesSyncEnabled":true,
                "onPremisesDistinguishedName":"CN=Carl,{container}"}}]}}"#
        );
        stage.evidence(&[("users.json", &users)])
    }

    #[test]
    fn cases() {
        let elsewhere = "OU=Other,DC=contoso,DC=test";
        let here = "OU=Sales,DC=contoso,DC=test";
        table(
            &RULE,
            &[
                ("included", stage(&SALES), Status::Pass),
                (
                    "below an included one",
                    stage(&SALES).named("CN=Anna,OU=New,OU=Sales,DC=contoso,DC=test"),
                    Status::Pass,
                ),
                ("excluded", stage(&SALES).named("CN=Anna,OU=XSales,DC=contoso,DC=test"), Status::Fail),
                (
                    "lost and found",
                    stage(&SALES).named("CN=Anna,CN=LostAndFound,DC=contoso,DC=test"),
                    Status::Fail,
                ),
                (
                    "lost and found, included",
                    stage(&WHOLE).named("CN=Anna,CN=LostAndFound,DC=contoso,DC=test"),
                    Status::Warn,
                ),
                (
                    "lost and found alone",
                    Stage::new().on_prem_only().named("CN=Anna,CN=LostAndFound,DC=contoso,DC=test"),
                    Status::Warn,
                ),
                (
                    "an OU of that name",
                    stage(&WHOLE).named("CN=Anna,OU=LostAndFound,OU=x,DC=contoso,DC=test"),
                    Status::Pass,
                ),
                ("not selected", stage(&Connector { selected: false, ..SALES }), Status::Fail),
                ("no lists", stage(&NOTHING), Status::Unknown),
                ("no partition", stage(&SALES).named("CN=Anna,DC=fabrikam,DC=test"), Status::Unknown),
                ("no configuration", Stage::new(), Status::Unknown),
                ("the directory alone", Stage::new().on_prem_only(), Status::NotApplicable),
                ("observed too", observing(stage(&SALES), here), Status::Pass),
                ("observed elsewhere only", observing(stage(&SALES), elsewhere), Status::Warn),
                ("observed, and not configured", observing(stage(&OLD), here), Status::Fail),
                ("observed alone", observing(Stage::new(), here), Status::Unknown),
            ],
        );
    }

    #[test]
    fn what_is_observed_is_said_and_labelled() {
        let says = |stage: Stage| stage.status(&RULE).1;
        let here = "OU=Sales,DC=contoso,DC=test";
        assert!(
            says(observing(Stage::new(), here))
                .contains("observed: 1 live cloud user is synchronised from OU=Sales")
        );
        assert!(says(observing(stage(&OLD), here)).contains("observed: 1 live cloud user"));
    }

    #[test]
    fn a_renamed_ou_is_named() {
        let stage = stage(&OLD).missing(&["ou=verkauf,dc=contoso,dc=test"]);
        stage.look(|case| {
            let finding = judge(case);
            let (detail, fix) = (finding.detail, finding.fix.unwrap());
            assert!(
                detail.contains("OU=Verkauf,DC=contoso,DC=test is included and not in the dir"),
                "{detail}"
            );
            assert!(!fix.contains("Move-ADObject"), "{fix}");
        });
    }

    #[test]
    fn the_line_and_the_way_back_are_named() {
        stage(&SALES).named("CN=O\u{2019}Neill,OU=x,DC=contoso,DC=test").look(|case| {
            let finding = judge(case);
            let line = finding.seen.iter().find(|seen| seen.attribute == "exclusion").unwrap();
            assert!(line.source.starts_with("c.json:"), "{line:?}");
            let fix = finding.fix.unwrap();
            assert!(fix.contains("-TargetPath 'OU=Sales,DC=contoso,DC=test'"), "{fix}");
        });
    }
}
