//! `match.sourceAnchor`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use crate::checks::anchor::{Relation, relation, undecided};
use crate::checks::case::{Case, CloudObject};
use crate::checks::command;
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::evidence::{Known, UserField};
use crate::scope::model::SettingName;

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "match.sourceAnchor",
    title: "the source anchor is the one that the cloud object has",
    severity: Severity::Block,
    needs: Needs::Cloud,
    why: "The anchor decides which cloud object this user is (hard match). With another anchor the user becomes a second cloud \
          user, or the export ends with AttributeValueMustBeUnique or InvalidSoftMatch; the old cloud object, with its mailbox \
          and files, stays behind. A tombstone has lost mS-DS-ConsistencyGuid: the engine then takes objectGUID. An anchor \
          cannot be changed once it was exported.",
    evidence: "mS-DS-ConsistencyGuid and objectGUID of the user; AnchorAttribute of the synchronisation engine; \
               onPremisesImmutableId of the cloud user. Base64 is compared octet by octet: it has a case",
    fix: "write the cloud's onPremisesImmutableId, decoded from base64, to mS-DS-ConsistencyGuid before the next \
          synchronisation",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/plan-connect-design-concepts (sourceAnchor; \
             ms-DS-ConsistencyGuid as sourceAnchor); [MS-ADTS] 3.1.1.5.5.1.1 (what a tombstone keeps)",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let user = match case.need_cloud_user() {
        Ok(user) => user,
        Err(_) if may_be_missed(case) => {
            let detail = "the tombstone has lost mS-DS-ConsistencyGuid, and no cloud user has the anchor of its objectGUID, its \
                          addresses or its name: there may be one with the lost anchor. Export onPremisesSecurityIdentifier of \
                          the users, by which it is found";
            return Finding::unknown(detail).saw([case.saw("objectGUID"), case.saw("objectSid")]);
        }
        Err(finding) => return finding,
    };
    let mut seen = vec![case.saw("mS-DS-ConsistencyGuid"), case.saw("objectGUID")];
    seen.extend(case.sync_setting(SettingName::AnchorAttribute).map(|(_, seen)| seen));
    seen.push(case.saw_cloud(user, UserField::OnPremisesImmutableId));
    let finding = match relation(case, user) {
        Relation::NoneInCloud => Finding::not_applicable(
            "the cloud user has no source anchor: only a soft match can find it (match.softMatchAllowed)",
        ),
        Relation::NotExported => Finding::unknown("the export of users does not hold onPremisesImmutableId"),
        Relation::NotRead => Finding::unknown("the attribute that the anchor is made of was not read"),
        Relation::NoneHere(theirs) => {
            Finding::fail(format!("the user has no source anchor; the cloud has `{theirs}`"))
                .fix(way_out(case, theirs))
        }
        Relation::Equal(own) => match case.subject.octets("mS-DS-ConsistencyGuid") {
            Known::Absent => Finding::fine(format!("`{own}` here (of objectGUID) and in the cloud")),
            _ => Finding::fine(format!("`{own}` here and in the cloud")),
        },
        Relation::Undecided(theirs) => Finding::unknown(undecided(case, theirs)),
        Relation::Different(theirs) => different(case, theirs),
    };
    finding.saw(seen)
}

/// Whether there may be a cloud object that nothing finds any more: a tombstone keeps the SID, which the cloud knows too.
fn may_be_missed(case: &Case<'_>) -> bool {
    let (CloudObject::None, Some(evidence)) = (&case.cloud, case.evidence) else { return false };
    let attribute = case.sync_setting(SettingName::AnchorAttribute).map(|(value, _)| value);
    let is_of_guid = attribute.is_some_and(|name| name.eq_ignore_ascii_case("objectGUID"));
    if !case.subject.was_tombstone || is_of_guid || !case.subject.octets("mS-DS-ConsistencyGuid").is_absent()
    {
        return false;
    }
    let Some(sid) = case.subject.sid().map(|sid| sid.to_string()) else { return true };
    ![evidence.users(), evidence.deleted_users()].iter().all(|users| users.by_sid(&sid).is_none())
}

fn different(case: &Case<'_>, theirs: &str) -> Finding {
    let own = case.anchor.as_ref().value().map_or("", String::as_str);
    let detail = if own.eq_ignore_ascii_case(theirs) {
        format!("`{own}` here and `{theirs}` in the cloud differ in capitals: they are two different anchors")
    } else if case.subject.was_tombstone && case.subject.octets("mS-DS-ConsistencyGuid").is_absent() {
        format!(
            "the tombstone has lost mS-DS-ConsistencyGuid, so that the anchor becomes `{own}` (of objectGUID); the cloud has \
             `{theirs}`"
        )
    } else {
        format!("`{own}` here and `{theirs}` in the cloud")
    };
    let detail = match case.doubt() {
        Some(doubt) => format!("{detail}; {doubt}"),
        None => detail,
    };
    Finding::fail(detail).fix(way_out(case, theirs))
}

/// What makes the anchor that of the cloud.
fn way_out(case: &Case<'_>, theirs: &str) -> String {
    let attribute = case.sync_setting(SettingName::AnchorAttribute).map(|(value, _)| value);
    if let Some(other) = attribute.filter(|name| !name.eq_ignore_ascii_case("mS-DS-ConsistencyGuid")) {
        return format!(
            "the engine takes the anchor from {other}, so that writing mS-DS-ConsistencyGuid alone changes nothing: let the Entra \
             Connect wizard move the source anchor to mS-DS-ConsistencyGuid first, or find the object that has the cloud's anchor \
             `{theirs}` and restore that one"
        );
    }
    let Ok(octets) = STANDARD.decode(theirs) else {
        return format!("`{theirs}` is not base64: it was not made by Entra Connect; find out what wrote it");
    };
    let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    let which = match <[u8; 16]>::try_from(octets.as_slice()) {
        Ok(octets) => format!("octets {hex}, which are the GUID {}", Uuid::from_bytes_le(octets)),
        Err(_) => format!("octets {hex} (no GUID)"),
    };
    let doubt = case.doubt().map_or("", |_| "if it is the same person, ");
    let command = command::set_octets(case.subject, "mS-DS-ConsistencyGuid", &octets);
    format!("{doubt}write mS-DS-ConsistencyGuid before the next synchronisation: {which}: {command}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::fixtures::{BERT_ID, collected, user, with_user};
    use crate::checks::rule::Status;
    use crate::checks::testing::{ANCHOR, Stage, table};

    const OTHER: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    const CONNECTORS: &str = r#"[{"Name":"contoso.test","Type":"AD","Partitions":[{"DN":"DC=contoso,DC=test","Selected":true,
        "ConnectorPartitionScope":{"ContainerInclusionList":["DC=contoso,DC=test"],"ContainerExclusionList":[],"ObjectClasses":["user"]}}]}]"#;

    fn cloud(anchor: &str) -> Stage {
        with_user(Stage::new(), json!({ "onPremisesImmutableId": anchor }))
    }

    /// A tombstone of which the cloud knows nothing, beside a user with this SID.
    fn lost(sid: &str) -> Stage {
        let other = user(json!({
            "id": BERT_ID, "userPrincipalName": "b@contoso.com", "proxyAddresses": [], "onPremisesImmutableId": null,
            "onPremisesSecurityIdentifier": sid, "onPremisesDistinguishedName": null,
        }));
        let sid = [1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 80, 4, 0, 0];
        let stage = Stage::new().octets("objectSid", &sid).changed(|subject| subject.was_tombstone = true);
        collected(stage, &[("users", &other), ("deletedUsers", "")])
    }

    fn vector() -> Vec<u8> {
        STANDARD.decode(ANCHOR).unwrap()
    }

    #[test]
    fn cases() {
        let lower = ANCHOR.to_lowercase();
        let with_setting = |attribute: &str, anchor: &str| {
            let name = "Microsoft.SynchronizationOption.AnchorAttribute";
            let settings =
                json!({"InstanceId": "x", "Parameters": [{"Name": name, "Value": attribute}]}).to_string();
            let user = user(json!({ "onPremisesImmutableId": anchor }));
            let lists = [("users", user.as_str()), ("deletedUsers", ""), ("globalSettings", &settings)];
            collected(Stage::new(), &lists).octets("mS-DS-ConsistencyGuid", &OTHER)
        };
        table(
            &RULE,
            &[
                ("of objectGUID", cloud(ANCHOR), Status::Pass),
                (
                    "of the ConsistencyGuid",
                    cloud(ANCHOR).octets("mS-DS-ConsistencyGuid", &vector()),
                    Status::Pass,
                ),
                ("another one", cloud(&STANDARD.encode(OTHER)), Status::Fail),
                (
                    "of the ConsistencyGuid, after a move",
                    cloud(&STANDARD.encode(OTHER)).octets("mS-DS-ConsistencyGuid", &OTHER),
                    Status::Pass,
                ),
                ("in small letters", cloud(&lower), Status::Fail),
                (
                    "which of the two is taken",
                    cloud(ANCHOR).octets("mS-DS-ConsistencyGuid", &OTHER),
                    Status::Unknown,
                ),
                (
                    "connectors do not say which",
                    cloud(ANCHOR).octets("mS-DS-ConsistencyGuid", &OTHER).sync("connectors.json", CONNECTORS),
                    Status::Unknown,
                ),
                ("objectGUID by setting", with_setting("objectGUID", ANCHOR), Status::Pass),
                ("the other by setting", with_setting("mS-DS-ConsistencyGuid", ANCHOR), Status::Fail),
                ("an attribute that is not there", with_setting("employeeID", "RTQ3MTE="), Status::Fail),
                (
                    "none in the cloud",
                    with_user(Stage::new(), json!({"onPremisesImmutableId": null})),
                    Status::NotApplicable,
                ),
                (
                    "not exported",
                    with_user(Stage::new(), json!({"onPremisesImmutableId": "-"})),
                    Status::Unknown,
                ),
                ("not read", cloud(ANCHOR).not_asked("mS-DS-ConsistencyGuid"), Status::Unknown),
                (
                    "no cloud user",
                    collected(Stage::new(), &[("users", ""), ("deletedUsers", "")]),
                    Status::NotApplicable,
                ),
                ("no cloud user, and the anchor was lost", lost("-"), Status::Unknown),
                ("no cloud user, also by its SID", lost("S-1-5-21-1-2-3-1105"), Status::NotApplicable),
                ("no bin", collected(Stage::new(), &[("users", "")]), Status::Unknown),
                ("no export", Stage::new(), Status::Unknown),
                ("the directory alone", Stage::new().on_prem_only(), Status::NotApplicable),
            ],
        );
    }

    #[test]
    fn the_value_to_write_is_named() {
        let stage = with_user(
            Stage::new().octets("mS-DS-ConsistencyGuid", &OTHER),
            json!({
                "onPremisesImmutableId": ANCHOR,
            }),
        );
        let stage = stage.octets("objectGUID", &[9; 16]).changed(|subject| subject.was_tombstone = true);
        let found = stage.look(|case| (RULE.judge)(case));
        let fix = found.fix.unwrap();
        assert!(fix.contains(
            "octets 2a6b4e8d3c1f5b4a9c7d0123456789ab, which are the GUID 8d4e6b2a-1f3c-4a5b-9c7d-0123456789ab"
        ));
        assert!(fix.contains("-Identity 09090909-0909-0909-0909-090909090909"), "{fix}");
        let lost = stage.without("mS-DS-ConsistencyGuid").look(|case| (RULE.judge)(case));
        assert!(lost.detail.starts_with("the tombstone has lost mS-DS-ConsistencyGuid"), "{}", lost.detail);
        assert_eq!(lost.fix, Some(fix));
        let short = cloud("RTQ3MTE=").look(|case| (RULE.judge)(case)).fix.unwrap();
        assert!(short.contains("octets 4534373131 (no GUID)"), "{short}");
        let odd = cloud("E4711 ???").look(|case| (RULE.judge)(case)).fix.unwrap();
        assert!(odd.contains("is not base64"), "{odd}");
    }
}
