//! What is planned for whom, and what is seen of it.

use adrecover_core::plan::{Action, Step};
use adrecover_core::recovery::{Awaited, CloudChange, Grant, Hand};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Sight, SyncCommand, Wishes, gone_from_bin, is_so, may_hold_by_attribute, of_all, of_user};
use crate::checks::fixtures::{ANNA_ID, BERT_ID, collected, mailbox, user};
use crate::checks::scope_fixture::{CONNECTOR_XML, JOIN_OFF_XML, rule_xml};
use crate::checks::testing::{ANCHOR, Stage};

const SKU: &str = "05e9a617-0261-4cee-bb44-138d3ef5d965";
const PLAN: &str = "57ff2da0-773e-42df-b2af-ffb7a2317929";
const MAILBOX: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const AT: &str = "2026-11-20T10:00:00Z";

fn id(text: &str) -> Uuid {
    text.parse().unwrap()
}

/// A tenant: live users, users in the bin, mailboxes and soft-deleted mailboxes.
fn tenant(live: &[Value], bin: &[Value], mailboxes: &[Value], soft: &[Value]) -> Stage {
    let users = |all: &[Value]| all.iter().map(|u| user(u.clone())).collect::<Vec<_>>().join(",");
    let boxes = |all: &[Value]| all.iter().map(|m| mailbox(m.clone())).collect::<Vec<_>>().join(",");
    collected(
        Stage::new(),
        &[
            ("users", &users(live)),
            ("deletedUsers", &users(bin)),
            ("mailboxes", &boxes(mailboxes)),
            ("softDeletedMailboxes", &boxes(soft)),
            ("inactiveMailboxes", ""),
        ],
    )
}

fn deleted() -> Value {
    json!({"deletedDateTime": AT})
}

fn licensed() -> Value {
    json!({
        "deletedDateTime": AT, "assignedLicenses": [{"skuId": SKU, "disabledPlans": [PLAN]}],
        "licenseAssignmentStates": [{"skuId": SKU, "assignedByGroup": null, "state": "Active", "error": "None"}],
    })
}

fn soft(owner: &str) -> Value {
    json!({"ExternalDirectoryObjectId": owner, "IsSoftDeletedByDisable": true, "WhenSoftDeleted": AT})
}

fn planned(stage: &Stage, wishes: &Wishes) -> Vec<Step> {
    stage.look(|case| of_user(case, None, wishes))
}

fn names(steps: &[Step]) -> Vec<String> {
    steps
        .iter()
        .map(|step| match &step.action {
            Action::Wait { awaited: Awaited::CloudUser { .. }, .. } => "wait user".into(),
            Action::Wait { awaited: Awaited::Licences { .. }, .. } => "wait licences".into(),
            Action::Wait { awaited: Awaited::Mailbox { .. }, .. } => "wait mailbox".into(),
            other => other.name().into(),
        })
        .collect()
}

#[test]
fn the_way_back_of_a_user_whose_mailbox_is_in_its_bin() {
    let stage = tenant(&[], &[licensed()], &[], &[soft(ANNA_ID)]);
    let steps = planned(&stage, &Wishes::default());
    assert_eq!(names(&steps), ["preflight", "wait user", "wait licences", "wait mailbox"]);
    let Action::Wait { awaited: Awaited::CloudUser { anchor, user }, .. } = &steps[1].action else {
        panic!()
    };
    assert_eq!((anchor.as_str(), *user), (ANCHOR, Some(id(ANNA_ID))));

    let gives = Wishes { gives_licences: true, ..Wishes::default() };
    let steps = planned(&stage, &gives);
    let change = CloudChange::Licences { add: vec![Grant { product: id(SKU), without: vec![id(PLAN)] }] };
    assert_eq!(steps[2].action, Action::CloudUpdate { user: id(ANNA_ID), change });
}

#[test]
fn no_licence_is_given_where_it_would_make_a_second_mailbox() {
    let gives = Wishes { gives_licences: true, ..Wishes::default() };
    for (what, stage) in [
        ("the mailbox is somebody else's", tenant(&[], &[licensed()], &[], &[soft(BERT_ID)])),
        (
            "whose it is is not known",
            tenant(
                &[],
                &[licensed()],
                &[],
                &[json!({"ExternalDirectoryObjectId": "-", "IsSoftDeletedByDisable": true})],
            ),
        ),
        (
            "mailboxes were not exported",
            collected(Stage::new(), &[("users", ""), ("deletedUsers", &user(licensed()))]),
        ),
    ] {
        let steps = planned(&stage, &gives);
        let licences = steps
            .iter()
            .find(|s| matches!(&s.action, Action::Wait { awaited: Awaited::Licences { .. }, .. }));
        let Some(Step { action: Action::Wait { text, .. }, .. }) = licences else {
            panic!("{what}: {steps:?}")
        };
        assert!(text.contains("give none"), "{what}: {text}");
    }
}

#[test]
fn what_is_not_known_is_not_waited_for() {
    assert_eq!(names(&planned(&Stage::new(), &Wishes::default())), ["preflight"]);
    let none = tenant(&[], &[], &[], &[]);
    assert_eq!(names(&planned(&none, &Wishes::default())), ["preflight", "wait user"]);
    // A licence of a group comes back with the group, and a live user has what it has.
    let of_group = json!({"deletedDateTime": AT, "assignedLicenses": [{"skuId": SKU, "disabledPlans": []}], "licenseAssignmentStates": [
        {"skuId": SKU, "assignedByGroup": BERT_ID, "state": "Active", "error": "None"}]});
    let stage = tenant(&[], &[of_group], &[], &[]);
    assert_eq!(names(&planned(&stage, &Wishes::default())), ["preflight", "wait user"]);
}

fn awaited() -> Awaited {
    Awaited::CloudUser { anchor: ANCHOR.into(), user: Some(id(ANNA_ID)) }
}

fn seen(stage: Stage, awaited: &Awaited) -> Sight {
    is_so(stage.evidence.as_ref().unwrap(), awaited)
}

fn kind(sight: &Sight) -> (&'static str, &str) {
    match sight {
        Sight::So(text) => ("so", text),
        Sight::NotYet(text) => ("not yet", text),
        Sight::Otherwise(text) => ("otherwise", text),
        Sight::Unknown(text) => ("unknown", text),
    }
}

#[track_caller]
fn sees(stage: Stage, awaited: &Awaited, expected: &str, words: &str) {
    let sight = seen(stage, awaited);
    let (kind, text) = kind(&sight);
    assert!(kind == expected && text.contains(words), "{sight:?}, and {expected} `{words}` is meant");
}

#[test]
fn a_cloud_user_that_comes_back() {
    let other = json!({"id": BERT_ID, "userPrincipalName": "anna2@contoso.com"});
    let error = json!({"onPremisesProvisioningErrors": [{"category": "PropertyConflict", "propertyCausingError": "ProxyAddresses",
        "value": "SMTP:anna@contoso.com", "occurredDateTime": AT}]});
    for (stage, expected, words) in [
        (tenant(&[json!({})], &[], &[], &[]), "so", "live and linked"),
        (tenant(&[], &[deleted()], &[], &[]), "not yet", "still in the bin"),
        (tenant(&[json!({"onPremisesImmutableId": null})], &[], &[], &[]), "not yet", "has not linked it"),
        (tenant(&[json!({"onPremisesSyncEnabled": false})], &[], &[], &[]), "not yet", "not synchronised"),
        (tenant(&[], &[], &[], &[]), "not yet", "no live cloud user"),
        (tenant(&[other], &[deleted()], &[], &[]), "otherwise", "a second cloud user was made"),
        (
            tenant(&[json!({}), json!({"id": BERT_ID})], &[], &[], &[]),
            "otherwise",
            "several live cloud users",
        ),
        (tenant(&[error], &[], &[], &[]), "otherwise", "PropertyConflict"),
        (collected(Stage::new(), &[("deletedUsers", "")]), "unknown", "users"),
    ] {
        sees(stage, &awaited(), expected, words);
    }
}

#[test]
fn licences_and_mailboxes_that_come_back() {
    let licences = Awaited::Licences { anchor: ANCHOR.into(), products: vec![id(SKU)] };
    let has = json!({"assignedLicenses": [{"skuId": SKU, "disabledPlans": []}]});
    let wrong = json!({"assignedLicenses": [{"skuId": SKU, "disabledPlans": []}], "licenseAssignmentStates": [
        {"skuId": SKU, "assignedByGroup": null, "state": "Error", "error": "CountViolation"}]});
    for (stage, expected, words) in [
        (tenant(&[has], &[], &[], &[]), "so", "it has them"),
        (tenant(&[json!({})], &[], &[], &[]), "not yet", SKU),
        (tenant(&[wrong], &[], &[], &[]), "not yet", "CountViolation"),
        (tenant(&[], &[deleted()], &[], &[]), "not yet", "not live"),
        (tenant(&[json!({"assignedLicenses": "-"})], &[], &[], &[]), "unknown", "assignedLicenses"),
    ] {
        sees(stage, &licences, expected, words);
    }
    let own = Awaited::Mailbox { anchor: ANCHOR.into(), exchange_guid: Some(id(MAILBOX)) };
    let new = json!({"ExchangeGuid": "bbbbbbbb-0000-4000-8000-000000000001"});
    for (stage, expected, words) in [
        (tenant(&[json!({})], &[], &[json!({})], &[]), "so", "the user's own"),
        (tenant(&[json!({})], &[], &[], &[soft(ANNA_ID)]), "not yet", "still soft-deleted"),
        (tenant(&[json!({})], &[], &[], &[]), "not yet", "not there"),
        (
            tenant(&[json!({})], &[], &[json!({"ExternalDirectoryObjectId": BERT_ID})], &[]),
            "otherwise",
            BERT_ID,
        ),
        (tenant(&[json!({})], &[], &[new], &[]), "otherwise", "another mailbox than before"),
        (
            collected(Stage::new(), &[("users", &user(json!({}))), ("deletedUsers", "")]),
            "unknown",
            "mailboxes",
        ),
    ] {
        sees(stage, &own, expected, words);
    }
}

#[test]
fn leaving_the_bin() {
    let look = |stage: Stage| {
        let sight = gone_from_bin(stage.evidence.as_ref().unwrap(), id(ANNA_ID));
        kind(&sight).0
    };
    assert_eq!(look(tenant(&[json!({})], &[], &[], &[])), "so");
    assert_eq!(look(tenant(&[], &[deleted()], &[], &[])), "not yet");
    assert_eq!(look(tenant(&[], &[], &[], &[])), "otherwise");
    assert_eq!(look(collected(Stage::new(), &[("users", "")])), "unknown");
}

fn with_rules(stage: Stage, more: &[(&str, &str)]) -> Stage {
    let join = JOIN_OFF_XML.replace("<disabled>true", "<disabled>false");
    let mut files = vec![("Connector_{1}.xml", CONNECTOR_XML), ("SynchronizationRule_{4}.xml", &join)];
    files.extend(more);
    stage.sync_files(&files)
}

#[test]
fn a_user_is_held_by_an_attribute_only_where_that_does_no_harm() {
    let held = |stage: Stage| stage.look(|case| may_hold_by_attribute(case).map_err(|refusal| refusal.why));
    assert_eq!(held(with_rules(tenant(&[], &[deleted()], &[], &[]), &[])), Ok(()));
    assert_eq!(held(with_rules(tenant(&[], &[], &[], &[]), &[])), Ok(()));
    let custom = rule_xml("<expression>True</expression>");
    let custom = [("SynchronizationRule_{3}.xml", custom.as_str())];
    for (stage, words) in [
        (with_rules(tenant(&[json!({})], &[], &[], &[]), &[]), "would delete it"),
        (with_rules(Stage::new(), &[]), "not known"),
        (tenant(&[], &[deleted()], &[], &[]), "rules of the synchronisation are not known"),
        (with_rules(tenant(&[], &[deleted()], &[], &[]), &custom), "`Keep out` is not one of the setup"),
        (
            tenant(&[], &[deleted()], &[], &[]).sync_files(&[("Connector_{1}.xml", CONNECTOR_XML)]),
            "does not hold the rules",
        ),
        (
            with_rules(tenant(&[], &[deleted()], &[], &[]).named("CN=Anna,DC=elsewhere,DC=test"), &[]),
            "no connector",
        ),
    ] {
        let refusal = held(stage).unwrap_err();
        assert!(refusal.contains(words), "{refusal}");
    }
}

#[test]
fn the_synchronisation_is_a_persons_unless_a_server_is_named() {
    let by_hand = of_all(None, &Wishes::default());
    let hold = by_hand.hold.unwrap();
    assert!(
        matches!(&hold.action, Action::HoldSync { hand: Hand::Person, text } if text.contains("$false")),
        "{hold:?}"
    );
    assert_eq!(names(&by_hand.afterwards), ["releaseSync", "runSync"]);

    let wishes = Wishes { server: Some("sync01".into()), ..Wishes::default() };
    let by_command = of_all(None, &wishes);
    assert!(by_command.afterwards.iter().all(|step| !step.action.is_by_hand()), "{by_command:?}");

    let wishes = Wishes { holds_users: true, ..Wishes::default() };
    let held = of_all(None, &wishes);
    assert_eq!((held.hold, names(&held.afterwards)), (None, vec!["runSync".to_owned()]));
}

#[test]
fn the_scripts_are_powershell() {
    for command in [SyncCommand::Hold, SyncCommand::Release, SyncCommand::Delta] {
        let script = command.script();
        let mut parser = tree_sitter::Parser::new();
        parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).unwrap();
        let tree = parser.parse(&script, None).unwrap();
        assert!(!tree.root_node().has_error(), "{script}");
        assert!(script.contains(command.powershell()) && script.is_ascii(), "{script}");
    }
}
