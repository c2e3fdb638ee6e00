//! What holds for all checks, and for some of them together.

use std::collections::BTreeSet;

use serde_json::json;

use super::fixtures::{ANNA_ID, BERT_ID, collected, mailbox, user};
use super::testing::{ANCHOR, Stage};
use super::{CheckReport, Choice, ConnectorAccount, RULES, Status, UserReport, Verdict, judge};
use crate::evidence::Known;

#[test]
fn texts_are_whole() {
    let ids: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(ids.len(), RULES.len());
    for rule in RULES {
        let (group, name) = rule.id.split_once('.').unwrap();
        assert_eq!(rule.group().name(), group, "{}", rule.id);
        assert!(name.chars().all(|c| c.is_ascii_alphabetic()), "{}", rule.id);
        for text in [rule.title, rule.why, rule.evidence, rule.fix, rule.source] {
            assert!(!text.is_empty() && !text.contains("  ") && text.trim() == text, "{}: {text}", rule.id);
        }
        assert!(!rule.title.ends_with('.') && rule.why.ends_with(['.', ')', '"']), "{}", rule.id);
    }
}

const GROUPS: [&str; 5] = ["match", "upn", "mail", "exchange", "cloud"];

fn look(stage: &Stage) -> (Verdict, Vec<CheckReport>) {
    let choice = Choice { only: GROUPS.map(str::to_owned).to_vec(), skip: vec![] };
    let report = stage.look(|case| judge(case, &choice));
    (report.verdict, report.checks)
}

/// A remote mailbox that was synchronised all the time, with everything known.
pub(super) fn whole(stage: Stage) -> Stage {
    let guid = "aaaaaaaa-0000-4000-8000-000000000001".parse::<uuid::Uuid>().unwrap();
    let routing = "smtp:anna@contoso.mail.onmicrosoft.com";
    let name = "/o=ExchangeLabs/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=1-anna";
    let user = user(json!({
        "onPremisesObjectIdentifier": ANCHOR,
        "onPremisesUserPrincipalName": "anna@contoso.com",
        "isCloudManaged": false,
        "proxyAddresses": ["SMTP:anna@contoso.com", routing],
        "assignedLicenses": [{"skuId": "05e9a617-0261-4cee-bb44-138d3ef5d965", "disabledPlans": []}],
    }));
    let mailbox =
        mailbox(json!({"LegacyExchangeDN": name, "IsExchangeCloudManaged": false, "Alias": "anna"}));
    let features = json!({"id": "x", "configuration": {}, "features": {
        "blockSoftMatchEnabled": true, "softMatchOnUpnEnabled": true, "synchronizeUpnForManagedUsersEnabled": true,
        "blockCloudObjectTakeoverThroughHardMatchEnabled": true,
    }});
    let domains = r#"{"id":"contoso.com","isVerified":true,"authenticationType":"Managed"},
        {"id":"contoso.mail.onmicrosoft.com","isVerified":true,"authenticationType":"Managed"}"#;
    let stage = stage
        .with("proxyAddresses", &["SMTP:anna@contoso.com", routing, &format!("X500:{name}")])
        .with("targetAddress", &["SMTP:anna@contoso.mail.onmicrosoft.com"])
        .with("legacyExchangeDN", &["/o=Contoso/cn=Recipients/cn=anna"])
        .with("msExchRecipientTypeDetails", &["2147483648"])
        .with("msExchRecipientDisplayType", &["-2147483642"])
        .with("msExchRemoteRecipientType", &["4"])
        .octets("msExchMailboxGuid", &guid.to_bytes_le());
    collected(
        stage,
        &[
            ("users", &user),
            ("deletedUsers", ""),
            ("domains", domains),
            ("roleAssignments", ""),
            ("roleEligibility", ""),
            ("syncFeatures", &features.to_string()),
            ("mailboxes", &mailbox),
            ("softDeletedMailboxes", ""),
            ("inactiveMailboxes", ""),
        ],
    )
}

#[test]
fn a_user_of_whom_everything_is_known_can_be_ready() {
    let (verdict, checks) = look(&whole(Stage::new()));
    let open: Vec<_> =
        checks.iter().filter(|check| !matches!(check.status, Status::Pass | Status::NotApplicable)).collect();
    assert!(open.is_empty(), "{open:#?}");
    assert_eq!((verdict, checks.len()), (Verdict::Ready, 24));
    let passed = checks.iter().filter(|check| check.status == Status::Pass).count();
    assert!(passed >= 23, "{passed}");
}

#[test]
fn without_exports_nothing_that_needs_them_passes() {
    let (verdict, checks) = look(&Stage::new());
    assert_eq!(verdict, Verdict::Incomplete);
    for check in &checks {
        let rule = RULES.iter().find(|rule| rule.id == check.id).unwrap();
        if rule.needs == super::Needs::Cloud {
            assert_eq!(check.status, Status::Unknown, "{}: {}", check.id, check.detail);
        }
    }
    let (verdict, checks) = look(&Stage::new().on_prem_only());
    assert_eq!(verdict, Verdict::Ready, "{checks:#?}");
    assert!(checks.iter().all(|check| check.status != Status::Unknown));
}

/// What a tombstone comes back with, and what has to be done about it.
#[test]
fn a_reanimated_user_is_blocked_until_it_is_filled() {
    let lost = [
        "userPrincipalName",
        "mail",
        "proxyAddresses",
        "mailNickname",
        "targetAddress",
        "msExchRecipientTypeDetails",
        "msExchRecipientDisplayType",
        "msExchRemoteRecipientType",
        "msExchMailboxGuid",
    ];
    let stage = lost.into_iter().fold(whole(Stage::new()), Stage::without);
    let (verdict, checks) = look(&stage.changed(|subject| subject.was_tombstone = true));
    assert_eq!(verdict, Verdict::Blocked);
    let of = |id: &str| checks.iter().find(|check| check.id == id).unwrap();
    assert_eq!(of("match.sourceAnchor").status, Status::Pass);
    for (id, part) in [
        ("upn.equalsCloud", "-UserPrincipalName 'anna@contoso.com'"),
        ("upn.suffixVerified", "-UserPrincipalName 'anna@contoso.com'"),
        ("mail.primarySmtp", "proxyAddresses='SMTP:anna@contoso.com'"),
        ("mail.nickname", "mailNickname='anna'"),
    ] {
        assert_eq!(of(id).status, Status::Fail, "{:#?}", of(id));
        assert!(of(id).fix.as_deref().is_some_and(|fix| fix.contains(part)), "{:#?}", of(id));
    }
    for id in ["exchange.routingAddress", "exchange.recipientTriple", "exchange.legacyDn"] {
        assert_eq!(of(id).status, Status::Warn, "{:#?}", of(id));
    }
    let values = serde_json::to_value(&checks).unwrap();
    assert_eq!(values[0]["id"], "match.sourceAnchor");
    assert!(values.to_string().contains(ANNA_ID));
}

/// A tombstone that nothing in the cloud can be found for any more is not waved through.
#[test]
fn a_reanimated_user_that_has_lost_its_anchor_is_blocked() {
    let lost =
        ["userPrincipalName", "mail", "proxyAddresses", "mailNickname", "targetAddress", "msExchMailboxGuid"];
    let stage = lost.into_iter().fold(whole(Stage::new()), Stage::without).octets("objectGUID", &[7; 16]);
    let (verdict, checks) = look(&stage.changed(|subject| subject.was_tombstone = true));
    assert_eq!(verdict, Verdict::Blocked);
    let failed: Vec<&str> = checks.iter().filter(|c| c.status == Status::Fail).map(|c| c.id).collect();
    assert_eq!(
        failed,
        ["upn.equalsCloud", "upn.suffixVerified", "mail.primarySmtp", "mail.nickname"],
        "{checks:#?}"
    );
    assert_eq!(checks[0].status, Status::Unknown, "{:#?}", checks[0]);
}

/// Somebody who lies where another one lay is not that one.
#[test]
fn a_name_that_is_used_again_finds_nobody() {
    let dn = "CN=Anna,OU=Sales,DC=contoso,DC=test";
    let sid = [1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 80, 4, 0, 0];
    for (theirs, is_found) in [(json!("S-1-5-21-1-2-3-1105"), false), (json!(null), true)] {
        let user = user(json!({
            "onPremisesImmutableId": "AAAAAAAAAAAAAAAAAAAAAA==", "userPrincipalName": "other@contoso.com", "proxyAddresses": [],
            "onPremisesDistinguishedName": dn, "onPremisesSecurityIdentifier": theirs,
        }));
        let stage = Stage::new().octets("objectSid", &sid);
        let stage = collected(stage, &[("users", &user), ("deletedUsers", "")]);
        assert_eq!(stage.look(|case| case.cloud_user().is_some()), is_found, "{theirs}");
    }
}

/// `S-1-5-21-1-2-3-1104`.
const SID: [u8; 28] = [1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 80, 4, 0, 0];

fn of(report: &UserReport, id: &str) -> (Status, String) {
    let check = report.checks.iter().find(|check| check.id == id).unwrap();
    (check.status, format!("{} {}", check.detail, check.fix.as_deref().unwrap_or_default()))
}

/// Somebody who has the address or the name by now is not this user: that is a conflict.
#[test]
fn somebody_elses_address_is_a_conflict() {
    let stage = |theirs: serde_json::Value, addresses: serde_json::Value, upn: &str| {
        let other = user(json!({
            "onPremisesImmutableId": "AAAAAAAAAAAAAAAAAAAAAA==", "onPremisesSecurityIdentifier": theirs,
            "proxyAddresses": addresses, "userPrincipalName": upn, "mail": null,
        }));
        collected(Stage::new().octets("objectSid", &SID), &[("users", &other), ("deletedUsers", "")])
    };
    let all =
        |stage: Stage| stage.look(|case| (case.cloud_user().is_some(), judge(case, &Choice::default())));
    let address = || json!(["SMTP:anna@contoso.com"]);
    let stranger = json!("S-1-5-21-1-2-3-1105");
    let (is_found, report) = all(stage(stranger.clone(), address(), "anna@contoso.com"));
    assert!(!is_found);
    for id in ["upn.unique", "mail.addressUnique"] {
        assert_eq!(of(&report, id).0, Status::Fail, "{id}: {}", of(&report, id).1);
    }
    let (is_found, report) = all(stage(stranger, json!([]), "anna@contoso.com"));
    assert!(!is_found);
    assert_eq!(of(&report, "upn.unique").0, Status::Fail);
    // Nobody knows whose it is: it may be this user's, and its anchor is not to be written without a look.
    for (theirs, is_doubted) in [(json!(null), true), (json!("S-1-5-21-1-2-3-1104"), false)] {
        let (is_found, report) = all(stage(theirs, address(), "anna@contoso.com"));
        assert!(is_found);
        let (status, text) = of(&report, "match.sourceAnchor");
        assert_eq!(status, Status::Fail);
        let says = text.contains("the same person") && text.contains("if it is the same person, write");
        assert_eq!(says, is_doubted, "{text}");
        let (_, text) = of(&report, "match.softMatchAllowed");
        assert_eq!(text.contains("the same person"), is_doubted, "{text}");
    }
}

/// A cloud user with the SID beside the one that the anchor finds, and one of somebody else that an address finds.
#[test]
fn the_sid_of_another_cloud_user_is_a_conflict() {
    let by_address =
        user(json!({"onPremisesImmutableId": null, "onPremisesSecurityIdentifier": "S-1-5-21-1-2-3-1105"}));
    let by_anchor = user(json!({"id": BERT_ID, "userPrincipalName": "b@contoso.com", "proxyAddresses": []}));
    let with_sid = user(json!({
        "id": "33333333-3333-3333-3333-333333333333", "userPrincipalName": "c@contoso.com", "proxyAddresses": [],
        "onPremisesImmutableId": null, "onPremisesSecurityIdentifier": "S-1-5-21-1-2-3-1104",
    }));
    let users = [by_address, by_anchor, with_sid].join(",");
    let stage = collected(Stage::new().octets("objectSid", &SID), &[("users", &users), ("deletedUsers", "")]);
    let report = stage.look(|case| judge(case, &Choice::default()));
    for id in ["account.sidUnique", "upn.unique", "mail.addressUnique"] {
        assert_eq!(of(&report, id).0, Status::Fail, "{id}: {}", of(&report, id).1);
    }
}

/// Where only the directory is asked, it makes no difference what else was given.
#[test]
fn the_directory_alone_is_the_directory_alone() {
    let text = super::scope::fixture::WHOLE.json();
    let account =
        || ConnectorAccount { name: "CONTOSO\\MSOL_1".into(), token: vec!["S-1-5-11".parse().unwrap()] };
    let change: fn(&mut super::Subject) = |subject| {
        let none = adrecover_core::security::Access::NONE;
        subject.descriptor = Known::Value(super::account::fixture::descriptor(none, none, false));
    };
    let stage = || whole(Stage::new()).without("mail").on_prem_only().changed(change);
    let told = |stage: Stage| stage.look(|case| judge(case, &Choice::default()));
    let with = told(stage().sync("c.json", &text).account(account()));
    let mut alone = stage();
    alone.evidence = None;
    let without = told(alone);
    for (with, without) in with.checks.iter().zip(&without.checks) {
        assert_eq!((with.status, &with.detail), (without.status, &without.detail), "{}", with.id);
        let needs = RULES.iter().find(|rule| rule.id == with.id).unwrap().needs;
        if needs == super::Needs::Cloud {
            assert_eq!(with.status, Status::NotApplicable, "{}", with.id);
        }
    }
}
