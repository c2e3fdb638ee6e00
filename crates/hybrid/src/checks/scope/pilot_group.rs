//! `scope.pilotGroup`.

use adrecover_core::Dn;

use super::{best, place};
use crate::checks::case::Case;
use crate::checks::command;
use crate::checks::engine::is_on;
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::evidence::Known;
use crate::scope::model::{Connector, GroupFilter, Listed, SettingName};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "scope.pilotGroup",
    title: "the user is a direct member of the group that the connector filters by",
    severity: Severity::Block,
    needs: Needs::Sync,
    why: "With a group filter only direct members are synchronised. A tombstone has lost its memberships, so the restored user is out of \
          scope until it is a member again. A membership by primaryGroupID does not count, and the group itself must be in scope.",
    evidence: "memberOf; Connector.GroupFilteringGroupDn, or includedGroups of Cloud Sync; the included containers, for the group",
    fix: "make the user a direct member of the group before the next cycle: Add-ADGroupMember, or restore it with --groups-from file:CSV, \
          lines of guid,groupDN",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-install-custom (sync filtering based on groups); KB 4014115",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let sync = match case.need_sync() {
        Ok(sync) => sync,
        Err(finding) => return finding,
    };
    let mut connectors: Vec<&Connector> = case.connectors();
    connectors.dedup_by(|a, b| std::ptr::eq(*a, *b));
    let of_each = connectors.into_iter().map(|connector| match &connector.groups {
        GroupFilter::None => Finding::not_applicable("the connector filters by no group"),
        GroupFilter::Unreadable(at) => Finding::unknown("a group of the filter is not named by its DN")
            .saw([place(at, "includedGroups", "")]),
        GroupFilter::NotSaid => not_said(case),
        GroupFilter::MembersOf(groups) => member(case, sync, groups),
    });
    best(of_each).unwrap_or_else(|| {
        Finding::unknown("it lies in no partition of the configuration: see scope.partition")
    })
}

fn not_said(case: &Case<'_>) -> Finding {
    let way = "give the output of Get-ADSyncConnector, or of Get-ADSyncServerConfiguration";
    match case.sync_setting(SettingName::GroupFiltering) {
        Some((value, seen)) if is_on(&value) == Some(false) => {
            Finding::not_applicable("group filtering is off").saw([seen])
        }
        Some((_, seen)) => {
            Finding::unknown(format!("group filtering is on, and no file names the group: {way}")).saw([seen])
        }
        None => {
            Finding::unknown(format!("the configuration does not say whether it filters by a group: {way}"))
        }
    }
}

fn member(case: &Case<'_>, sync: &crate::checks::Sync<'_>, groups: &[Listed]) -> Finding {
    let subject = case.subject;
    let mut seen: Vec<_> = groups
        .iter()
        .map(|group| place(&group.at, "Connector.GroupFilteringGroupDn", group.dn.to_string()))
        .collect();
    seen.push(case.saw("memberOf"));
    let member_of: Vec<Dn> = match subject.texts("memberOf") {
        Known::Value(all) => all.iter().filter_map(|dn| dn.parse().ok()).collect(),
        Known::Absent => vec![],
        Known::NotAsked => return Finding::unknown("memberOf was not read").saw(seen),
    };
    let Some(first) = groups.first() else {
        return Finding::not_applicable("the connector filters by no group");
    };
    if let Some(group) = groups.iter().find(|group| member_of.contains(&group.dn)) {
        let verdict = sync.evaluator.container(&group.dn);
        return match verdict.in_scope {
            Some(true) => Finding::fine(format!("it is a member of {}", group.dn)).saw(seen),
            Some(false) => {
                Finding::fail(format!("it is a member of {}, which is not in scope itself", group.dn))
                    .saw(seen)
                    .fix("move the group below an included container")
            }
            None => {
                Finding::unknown(format!("whether {} is in scope itself cannot be told", group.dn)).saw(seen)
            }
        };
    }
    let was = |lost: &Vec<Dn>| groups.iter().find(|group| lost.contains(&group.dn));
    let lost = subject.lost_groups.as_ref().value().and_then(was);
    let before = if lost.is_some() { ", and was one before it was deleted" } else { "" };
    let group = &lost.unwrap_or(first).dn;
    Finding::fail(format!("it is no direct member of {group}{before}; a primary group does not count"))
        .saw(seen)
        .fix(command::join(subject, &group.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Connector, WHOLE};
    use super::*;
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    const GROUP: &str = "CN=Pilot,OU=Groups,DC=contoso,DC=test";

    #[test]
    fn cases() {
        let piloted = Connector { group: Some(GROUP), ..WHOLE }.json();
        let stage = || Stage::new().sync("c.json", &piloted);
        let outside = Connector {
            group: Some(GROUP),
            inclusions: &["OU=Sales,DC=contoso,DC=test"],
            exclusions: &["DC=contoso,DC=test"],
            ..WHOLE
        };
        table(
            &RULE,
            &[
                (
                    "a member",
                    stage().with("memberOf", &["cn=pilot,ou=groups,dc=contoso,dc=test"]),
                    Status::Pass,
                ),
                (
                    "no member",
                    stage().with("memberOf", &["CN=XPilot,OU=Groups,DC=contoso,DC=test"]),
                    Status::Fail,
                ),
                ("no memberships at all", stage(), Status::Fail),
                (
                    "the group is out of scope",
                    Stage::new().sync("c.json", &outside.json()).with("memberOf", &[GROUP]),
                    Status::Fail,
                ),
                ("not read", stage().not_asked("memberOf"), Status::Unknown),
                ("no filter", Stage::new().sync("c.json", &WHOLE.json()), Status::NotApplicable),
                (
                    "not said",
                    Stage::new().sync("c.json", &Connector { group: None, ..WHOLE }.json()),
                    Status::Unknown,
                ),
                ("no configuration", Stage::new(), Status::Unknown),
                ("the directory alone", Stage::new().on_prem_only(), Status::NotApplicable),
            ],
        );
    }

    #[test]
    fn a_lost_membership_is_said() {
        let piloted = Connector { group: Some(GROUP), ..WHOLE }.json();
        let stage = Stage::new().sync("c.json", &piloted);
        let (_, detail) =
            stage.changed(|s| s.lost_groups = Known::Value(vec![GROUP.parse().unwrap()])).status(&RULE);
        assert!(detail.contains("was one before"), "{detail}");
    }
}
