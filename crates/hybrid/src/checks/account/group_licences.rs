//! `account.groupLicences`.

use adrecover_core::{Dn, Sid};

use crate::checks::case::Case;
use crate::checks::command;
use crate::checks::rule::{Finding, Needs, Rule, Seen, Severity};
use crate::compare::same;
use crate::evidence::{Dataset, Evidence, Known, LicensedGroup, UserField};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "account.groupLicences",
    title: "the user is a member of every synchronised group that gives it a licence",
    severity: Severity::Block,
    needs: Needs::Cloud,
    why: "A licence that comes through a synchronised group goes with the membership. A tombstone has lost its memberships: at the next cycle \
          the cloud loses them, then the licence, and the mailbox is disconnected.",
    evidence: "licenseAssignmentStates (assignedByGroup) of the cloud user; the groups that give licences, and which of them are \
               synchronised; memberOf",
    fix: "make the user a member again before the next cycle: Add-ADGroupMember, or restore it with --groups-from \
          file:CSV, lines of guid,groupDN",
    source: "learn.microsoft.com/entra/identity/users/licensing-groups-resolve-problems; \
             learn.microsoft.com/entra/fundamentals/concept-group-based-licensing (nested groups are not supported); [MS-ADTS] 3.1.1.5.5.6.1",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let user = match case.need_cloud_user() {
        Ok(user) => user,
        Err(finding) => return without_cloud_user(case, finding),
    };
    let seen = user.sources().next().map(|file| Seen {
        source: crate::checks::case::name_of(&file.path),
        attribute: UserField::LicenseAssignmentStates.name().to_owned(),
        value: None,
        at: Some(file.at),
    });
    let states = match user.licence_states() {
        Known::Value(states) => states,
        Known::Absent => return Finding::not_applicable("the cloud user has no licence").saw(seen),
        Known::NotAsked => {
            return Finding::unknown("the export of the cloud user does not hold licenseAssignmentStates")
                .saw(seen);
        }
    };
    let Some(evidence) = case.evidence else { return case.no_cloud() };
    let mut groups: Vec<(&str, Vec<&str>)> = vec![];
    for state in states {
        let Some(group) = state.by_group else { continue };
        match groups.iter_mut().find(|(id, _)| same(id, group)) {
            Some((_, skus)) => skus.push(state.sku_id),
            None => groups.push((group, vec![state.sku_id])),
        }
    }
    if groups.is_empty() {
        return Finding::not_applicable("no licence comes through a group").saw(seen);
    }
    let seen = seen.map(|seen| Seen {
        value: Some(groups.iter().map(|(id, _)| *id).collect::<Vec<_>>().join(", ")),
        ..seen
    });
    let of_each = groups.iter().map(|(id, skus)| of_group(case, evidence, id, &names(evidence, skus)));
    Finding::all(of_each.collect::<Vec<_>>()).saw(seen).saw([case.saw("memberOf")])
}

/// What can be said without the cloud: groups that the user is not in any more may give licences.
fn without_cloud_user(case: &Case<'_>, finding: Finding) -> Finding {
    let Known::Value(lost) = &case.subject.lost_groups else { return finding };
    let Some(first) = lost.first() else { return finding };
    let more = if lost.len() > 1 { format!(" and {} more groups", lost.len() - 1) } else { String::new() };
    Finding::all([
        finding,
        Finding::warn(format!(
            "it is not a member of {first}{more} any more: a licence that came through one is lost"
        )),
    ])
}

/// The short names of products.
fn names(evidence: &Evidence, skus: &[&str]) -> String {
    let name =
        |id: &&str| evidence.sku(id).and_then(|sku| sku.part_number().value()).unwrap_or(id).to_owned();
    skus.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn of_group(case: &Case<'_>, evidence: &Evidence, id: &str, skus: &str) -> Finding {
    let Some(group) = evidence.licensed_group(id) else {
        let why = evidence.coverage(Dataset::LicensedGroups).first().map(ToString::to_string);
        let why = why.unwrap_or_else(|| "it is not among the groups that give licences".to_owned());
        return Finding::unknown(format!(
            "whether the group {id}, which gives {skus}, is synchronised is not known: {why}"
        ));
    };
    match group.on_premises_sync_enabled() {
        Known::Value(true) => member(case, group, id, skus),
        Known::NotAsked => Finding::unknown(format!(
            "the export does not say whether the group {id}, which gives {skus}, is synchronised"
        )),
        _ => Finding::fine(format!("{skus} comes through a group of the cloud")),
    }
}

fn member(case: &Case<'_>, group: LicensedGroup<'_>, id: &str, skus: &str) -> Finding {
    let member_of: Vec<Dn> = match case.subject.texts("memberOf") {
        Known::Value(all) => all.iter().filter_map(|dn| dn.parse().ok()).collect(),
        Known::Absent => vec![],
        Known::NotAsked => return Finding::unknown("memberOf was not read"),
    };
    let sid = group.on_premises_sid().value();
    let called = group.display_name().value().or(group.on_premises_sam_account_name().value()).unwrap_or(id);
    if let (Known::Value(known), Some(sid)) = (&case.setting.licensed_groups, sid) {
        return match known.iter().find(|(known, _)| same(known, sid)) {
            Some((_, dn)) => by_dn(case, dn, &member_of, skus),
            None if !is_of_own_domain(case, sid) => Finding::unknown(format!(
                "whether it is a member of {called}, which gives {skus}, is not known: the group (SID {sid}) is not of this user's \
                 domain, and was not found"
            )),
            None => Finding::fail(format!(
                "the group {called}, which gives {skus}, is not in the directory any more"
            ))
            .fix(format!("restore the group first (SID {sid}), or give {skus} directly")),
        };
    }
    // Without its DN the group is known by its names only.
    let names = [group.on_premises_sam_account_name().value(), group.display_name().value()];
    let is_called =
        |dn: &&Dn| dn.rdn().is_some_and(|rdn| names.iter().flatten().any(|name| same(name, rdn.value())));
    if let Some(dn) = member_of.iter().find(is_called) {
        return Finding::fine(format!("it is a member of {dn}, which by its name gives {skus}"));
    }
    if member_of.is_empty() {
        return not_a_member(case, called, skus, None);
    }
    Finding::unknown(format!(
        "whether it is a member of {called}, which gives {skus}, is not known: the group was not looked up in the directory"
    ))
}

/// Whether a SID is of the user's domain: only those were looked for with certainty.
fn is_of_own_domain(case: &Case<'_>, sid: &str) -> bool {
    let theirs = sid.trim().parse::<Sid>().ok().and_then(|sid| sid.domain());
    theirs.is_some() && theirs == case.subject.sid().and_then(|sid| sid.domain())
}

fn by_dn(case: &Case<'_>, dn: &Dn, member_of: &[Dn], skus: &str) -> Finding {
    if member_of.contains(dn) {
        return Finding::fine(format!("it is a member of {dn}, which gives {skus}"));
    }
    // `memberOf` shows groups of other domains on a global catalogue only, and there the universal ones.
    if dn.dns_name() != case.subject.dn.dns_name() {
        return Finding::unknown(format!(
            "whether it is a member of {dn}, which gives {skus}, is not known: the group is of another domain"
        ));
    }
    not_a_member(case, &dn.to_string(), skus, Some(dn))
}

fn not_a_member(case: &Case<'_>, called: &str, skus: &str, dn: Option<&Dn>) -> Finding {
    let was = match (&case.subject.lost_groups, dn) {
        (Known::Value(lost), Some(dn)) if lost.contains(dn) => ", as it was before it was deleted",
        _ => "",
    };
    let named = match dn {
        None if case.subject.is_planned => format!("DN of {called}"),
        _ => called.to_owned(),
    };
    Finding::fail(format!("it is not a member of {called}, which gives {skus}{was}"))
        .fix(command::join(case.subject, &named))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::anna;
    use super::*;
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    const SKU: &str = "05e9a617-0261-4cee-bb44-138d3ef5d965";
    const GROUP: &str = "88888888-8888-8888-8888-888888888888";
    const SID: &str = "S-1-5-21-1-2-3-1300";
    const DN: &str = "CN=Licences E3,OU=Groups,DC=contoso,DC=test";

    fn groups(synchronised: &str) -> String {
        format!(
            r#"{{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#groups","value":[
              {{"id":"{GROUP}","displayName":"Licences E3","assignedLicenses":[{{"skuId":"{SKU}","disabledPlans":[]}}],
                "onPremisesSyncEnabled":{synchronised},"onPremisesSamAccountName":"lic-e3","onPremisesSecurityIdentifier":"{SID}"}}]}}"#
        )
    }

    fn states(by: &str) -> String {
        anna(&format!(
            r#""licenseAssignmentStates":[{{"skuId":"{SKU}","assignedByGroup":{by},"state":"Active","error":"None","disabledPlans":[]}}]"#
        ))
    }

    fn stage(synchronised: &str) -> Stage {
        let users = states(&format!("\"{GROUP}\""));
        Stage::new().evidence(&[("users.json", &users), ("groups.json", &groups(synchronised))])
    }

    #[test]
    fn cases() {
        let found = |dn| stage("true").licensed_groups(&[(SID, dn)]);
        let sid = |domain: u8| format!("S-1-5-21-1-2-{domain}-1105").parse::<Sid>().unwrap().to_wire();
        let elsewhere = "CN=Licences E3,DC=eu,DC=contoso,DC=test";
        let lost = || Stage::new().changed(|s| s.lost_groups = Known::Value(vec![DN.parse().unwrap()]));
        table(
            &RULE,
            &[
                ("a member", found(DN).with("memberOf", &[&DN.to_lowercase()]), Status::Pass),
                ("no member", found(DN).with("memberOf", &["CN=Other,DC=contoso,DC=test"]), Status::Fail),
                ("a group of another domain", found(elsewhere), Status::Unknown),
                (
                    "the group is gone",
                    stage("true").licensed_groups(&[]).with("memberOf", &[DN]).octets("objectSid", &sid(3)),
                    Status::Fail,
                ),
                (
                    "a group of another domain, not found",
                    stage("true").licensed_groups(&[]).octets("objectSid", &sid(4)),
                    Status::Unknown,
                ),
                ("not found, and the user has no SID", stage("true").licensed_groups(&[]), Status::Unknown),
                ("a member by its name", stage("true").with("memberOf", &[DN]), Status::Pass),
                ("no memberships at all", stage("true"), Status::Fail),
                (
                    "not looked up",
                    stage("true").with("memberOf", &["CN=Other,DC=contoso,DC=test"]),
                    Status::Unknown,
                ),
                ("memberOf not read", stage("true").not_asked("memberOf"), Status::Unknown),
                ("a group of the cloud", stage("null"), Status::Pass),
                (
                    "no groups exported",
                    Stage::new().evidence(&[("users.json", &states(&format!("\"{GROUP}\"")))]),
                    Status::Unknown,
                ),
                (
                    "a licence of its own",
                    Stage::new().evidence(&[("users.json", &states("null"))]),
                    Status::NotApplicable,
                ),
                ("no states exported", Stage::new().evidence(&[("users.json", &anna(""))]), Status::Unknown),
                ("no export", Stage::new(), Status::Unknown),
                ("the directory alone", Stage::new().on_prem_only(), Status::NotApplicable),
                ("the directory alone, with lost groups", lost().on_prem_only(), Status::Warn),
                ("lost groups without an export", lost(), Status::Unknown),
            ],
        );
    }
}
