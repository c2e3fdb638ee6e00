//! The ways out that the checks name: what they tell to run exists, and can be run.

use std::collections::BTreeSet;

use adrecover_core::security::Access;
use serde_json::json;

use super::account::fixture::descriptor;
use super::fixtures::{ANNA_ID, collected, mailbox, user};
use super::scope::fixture::{Connector, WHOLE};
use super::testing::Stage;
use super::tests::whole;
use super::{Choice, RULES, Subject, judge};
use crate::evidence::Known;

/// Options of `adrecover`, as far as texts name any.
const OPTIONS: [&str; 16] = [
    "--sync-config",
    "--cloud",
    "--evidence",
    "--mailboxes",
    "--collector",
    "--on-prem-only",
    "--server",
    "--guid",
    "--upn",
    "--set",
    "--to",
    "--groups-from",
    "--enable",
    "--generate-password",
    "--sam-account-name",
    "--new-name",
];

/// Cmdlets that take a live object of the directory.
const CMDLETS: [&str; 13] = [
    "Set-ADUser",
    "Set-ADObject",
    "Get-ADUser",
    "Move-ADObject",
    "Rename-ADObject",
    "Add-ADGroupMember",
    "Enable-ADAccount",
    "Set-ADAccount",
    "Enable-RemoteMailbox",
    "Set-RemoteMailbox",
    "Connect-Mailbox",
    "Set-ADSync",
    "dsacls",
];

/// A user whose cloud object has other values of nearly everything.
fn stranger() -> Stage {
    let id = "88888888-8888-8888-8888-888888888888";
    let sku = "05e9a617-0261-4cee-bb44-138d3ef5d965";
    let rich = user(json!({
        "onPremisesImmutableId": "AAECAwQFBgcICQoLDA0ODw==", "onPremisesSecurityIdentifier": "S-1-5-21-1-2-3-1104", "department": "O'Neill", "manager": {"id": ANNA_ID},
        "userPrincipalName": "other@contoso.com", "proxyAddresses": ["SMTP:other@contoso.com"],
        "licenseAssignmentStates": [{"skuId": sku, "assignedByGroup": id, "state": "Active", "error": "None", "disabledPlans": []}],
    }));
    let group = json!({"id": id, "displayName": "Licences", "assignedLicenses": [{"skuId": sku, "disabledPlans": []}], "onPremisesSyncEnabled": true,
                       "onPremisesSamAccountName": "lic", "onPremisesSecurityIdentifier": "S-1-5-21-1-2-3-1300"});
    let mailbox = mailbox(json!({"LegacyExchangeDN": "/o=x/cn=a"}));
    collected(
        Stage::new().octets(
            "objectSid",
            &[1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 80, 4, 0, 0],
        ),
        &[
            (
                "users",
                &rich.replace(r#""onPremisesImmutableId""#, r#""mobilePhone":"1","onPremisesImmutableId""#),
            ),
            ("deletedUsers", ""),
            ("licensedGroups", &group.to_string()),
            ("mailboxes", &mailbox),
            ("softDeletedMailboxes", ""),
            ("inactiveMailboxes", ""),
            ("domains", r#"{"id":"fabrikam.com","isVerified":true}"#),
        ],
    )
}

/// A user who lies out of scope.
fn outside() -> Stage {
    let outside = Connector {
        inclusions: &["OU=Sales,DC=contoso,DC=test"],
        exclusions: &["DC=contoso,DC=test"],
        group: Some("CN=Pilot,OU=Groups,DC=contoso,DC=test"),
        ..WHOLE
    };
    Stage::new().sync("c.json", &outside.json()).named("CN=Anna,OU=x,DC=contoso,DC=test")
}

/// A user with the names of the system.
fn system() -> Stage {
    let system = [
        ("sAMAccountName", "AAD_1"),
        ("mailNickname", "SystemMailbox{1}"),
        ("adminDescription", "User_x"),
        ("msExchRecipientTypeDetails", "8388608"),
        ("adminCount", "1"),
        ("userAccountControl", "546"),
        ("mail", "other@contoso.com"),
    ];
    let certificates = (0..16).map(|n| n.to_string()).collect::<Vec<_>>();
    let certificates: Vec<&str> = certificates.iter().map(String::as_str).collect();
    let stage = system.into_iter().fold(Stage::new(), |stage, (name, value)| stage.with(name, &[value]));
    stage
        .named("CN=Anna\\0ACNF:8d4e6b2a-1f3c-4a5b-9c7d-0123456789ab,CN=LostAndFound,DC=contoso,DC=test")
        .with("userCertificate", &certificates)
}

/// Stages on which as many checks as possible find something to do.
fn broken() -> Vec<Stage> {
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
        "displayName",
        "pwdLastSet",
    ];
    let guid = [3; 16];
    let anna = user(json!({}));
    let lists = [
        ("users", anna.as_str()),
        ("deletedUsers", ""),
        ("mailboxes", ""),
        ("softDeletedMailboxes", ""),
        ("inactiveMailboxes", ""),
    ];
    vec![
        collected(Stage::new().octets("msExchMailboxGuid", &guid), &lists),
        lost.into_iter().fold(whole(Stage::new()), Stage::without),
        whole(Stage::new()).octets("msExchMailboxGuid", &guid).octets("msExchArchiveGuid", &guid),
        whole(Stage::new())
            .without("targetAddress")
            .without("legacyExchangeDN")
            .with("msExchRemoteRecipientType", &["8"]),
        whole(Stage::new()).octets("mS-DS-ConsistencyGuid", &guid).without("msExchMailboxGuid"),
        stranger()
            .with("userPrincipalName", &["anna@contoso.local"])
            .with("proxyAddresses", &["SMTP:anna@contoso.com", "smtp:other@contoso.com"]),
        outside(),
        system(),
        Stage::new().without("sAMAccountName").without("userPrincipalName").with("homeMDB", &["CN=db"]),
    ]
}

fn change(subject: &mut Subject) {
    subject.was_tombstone = true;
    subject.descriptor = Known::Value(descriptor(Access::NONE, Access::NONE, true));
}

fn fixes(stages: Vec<Stage>, change: fn(&mut Subject)) -> Vec<(&'static str, String)> {
    let account = || super::ConnectorAccount {
        name: "CONTOSO\\MSOL_1".into(),
        token: vec![super::account::fixture::ENGINE.parse().unwrap()],
    };
    let reports = stages
        .into_iter()
        .map(|stage| stage.account(account()).changed(change).look(|case| judge(case, &Choice::default())));
    reports.flat_map(|report| report.checks).filter_map(|check| Some((check.id, check.fix?))).collect()
}

/// A planned user is deleted still: no cmdlet finds it before the restore.
#[test]
fn a_planned_user_gets_options_of_the_restore() {
    let planned = fixes(broken(), |subject| {
        change(subject);
        (subject.is_live, subject.is_planned) = (true, true);
    });
    let before = |text: &str| text.split("once it is restored").next().unwrap_or_default().to_owned();
    for (id, fix) in &planned {
        let cmdlet = CMDLETS.iter().find(|cmdlet| before(fix).contains(*cmdlet));
        assert_eq!(cmdlet, None, "{id}: {fix}");
    }
    let having = |part: &str| {
        planned.iter().filter(|(_, fix)| fix.contains(part)).map(|(id, _)| *id).collect::<BTreeSet<_>>()
    };
    for (part, ids) in [
        ("restore it with --upn ", ["upn.equalsCloud", "upn.suffixVerified"].as_slice()),
        ("--set mS-DS-ConsistencyGuid=@FILE", &["match.sourceAnchor"]),
        ("--set mailNickname=", &["mail.nickname", "scope.mailNickname"]),
        ("--set mail=", &["mail.mailAttribute"]),
        ("--set proxyAddresses=SMTP:", &["mail.primarySmtp"]),
        ("--set proxyAddresses=X500:", &["exchange.legacyDn"]),
        ("--set msExchMailboxGuid= --set msExchArchiveGuid=", &["exchange.mailboxGuid"]),
        ("--set \"department=O'Neill\"", &["account.lostAttributes"]),
        ("--set adminDescription=", &["scope.adminDescription"]),
        ("--set adminCount=", &["account.privileged"]),
        ("--groups-from file:groups.csv", &["account.groupLicences", "scope.pilotGroup"]),
        ("--enable --generate-password=FILE", &["account.enabledWithPassword"]),
        ("--to ", &["scope.ou"]),
        ("--new-name ", &["scope.conflictName"]),
        ("--sam-account-name ", &["scope.accountName"]),
    ] {
        for id in ids {
            assert!(having(part).contains(id), "{id} does not say {part}: {planned:#?}");
        }
    }
}

#[test]
fn options_that_are_named_exist() {
    let rules = RULES.iter().flat_map(|rule| {
        [rule.why, rule.evidence, rule.fix, rule.title].map(|text| (rule.id, text.to_owned()))
    });
    let live = fixes(broken(), change);
    let details = broken().into_iter().flat_map(|stage| {
        let report = stage.look(|case| judge(case, &Choice::default()));
        report.checks.into_iter().map(|check| (check.id, check.detail))
    });
    for (id, text) in rules.chain(live).chain(details) {
        assert!(!text.contains("groups-from SOURCE") && !text.contains("--cloud graph"), "{id}: {text}");
        let words = text.split(|c: char| c.is_whitespace() || "'\"(`),;:=.".contains(c));
        for option in words.filter(|word| word.starts_with("--") && word.len() > 2) {
            assert!(OPTIONS.contains(&option), "{id} names {option}: {text}");
        }
    }
}

/// What is live is put right by cmdlets.
#[test]
fn a_live_user_gets_commands() {
    let live = fixes(broken(), change);
    assert!(live.iter().all(|(_, fix)| !fix.contains("restore it with")), "{live:#?}");
    assert!(live.iter().any(|(_, fix)| fix.contains("Set-ADUser -Identity")));
}
