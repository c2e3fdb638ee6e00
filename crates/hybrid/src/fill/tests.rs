//! What the cloud offers for a user, case by case.

use serde_json::{Value as Json, json};

use super::*;
use crate::checks::fixtures::{ANNA_ID, BERT_ID, collected, mailbox, user};
use crate::checks::testing::{ANCHOR, GUID, Stage};

const SID: &str = "S-1-5-21-1-2-3-1104";
const ROUTING: &str = "anna@contoso.mail.onmicrosoft.com";

/// Anna as a tombstone: she has her GUID, SID and account name.
fn tombstone() -> Stage {
    let sid = [1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 80, 4, 0, 0];
    let lost = ["userPrincipalName", "mail", "mailNickname", "displayName", "proxyAddresses", "pwdLastSet"];
    let stage = lost.into_iter().fold(Stage::new(), Stage::without);
    stage.octets("objectSid", &sid).changed(|subject| subject.was_tombstone = true)
}

/// With a user in the cloud's bin, nobody live, and these mailboxes.
fn deleted(stage: Stage, changes: Json, mailboxes: &str) -> Stage {
    let mut object: Json = serde_json::from_str(&user(json!({
        "deletedDateTime": "2026-11-20T10:00:00Z",
        "userPrincipalName": format!("{}anna@contoso.com", ANNA_ID.replace('-', "")),
    })))
    .unwrap();
    let more: Json = serde_json::from_str(&user(changes.clone())).unwrap();
    for (name, value) in more.as_object().unwrap() {
        if changes.get(name).is_some() {
            object[name] = value.clone();
        }
    }
    for (name, value) in changes.as_object().unwrap() {
        if value == "-" {
            object.as_object_mut().unwrap().remove(name);
        }
    }
    let lists = [
        ("users", ""),
        ("deletedUsers", &object.to_string()),
        ("mailboxes", ""),
        ("softDeletedMailboxes", mailboxes),
        ("inactiveMailboxes", ""),
    ];
    collected(stage, &lists)
}

fn offered(stage: &Stage) -> Offer {
    stage.look(offer)
}

fn of(stage: &Stage, attribute: &str) -> Vec<String> {
    let offer = offered(stage);
    let fill = offer.fills.iter().find(|fill| fill.attribute == attribute);
    fill.map(|fill| fill.values.iter().map(Value::shown).collect()).unwrap_or_default()
}

fn attributes(stage: &Stage) -> Vec<String> {
    offered(stage).fills.into_iter().map(|fill| fill.attribute).collect()
}

fn soft_deleted(changes: Json) -> String {
    let mut object: Json = serde_json::from_str(&mailbox(json!({
        "IsSoftDeletedByDisable": true, "WhenSoftDeleted": "2026-11-20T10:00:00Z", "RecipientTypeDetails": "UserMailbox",
        "ArchiveGuid": "aaaaaaaa-0000-4000-8000-000000000002", "LegacyExchangeDN": "/o=ExchangeLabs/cn=anna",
        "EmailAddresses": ["SMTP:anna@contoso.com", format!("smtp:{ROUTING}")],
    })))
    .unwrap();
    for (name, value) in changes.as_object().unwrap() {
        object[name] = value.clone();
    }
    object.to_string()
}

#[test]
fn everything_of_a_deleted_user_is_offered() {
    let stage = deleted(
        tombstone(),
        json!({
            "displayName": "Anna Example", "jobTitle": "Clerk", "businessPhones": ["+49 1"], "country": "Germany",
            "onPremisesExtensionAttributes": {"extensionAttribute1": "x", "extensionAttribute2": null},
            "proxyAddresses": ["SMTP:anna@contoso.com", format!("smtp:{ROUTING}"), "smtp:anna@contoso.onmicrosoft.com"],
        }),
        &soft_deleted(json!({})),
    );
    assert_eq!(
        attributes(&stage),
        [
            "userPrincipalName",
            "proxyAddresses",
            "mail",
            "mailNickname",
            "targetAddress",
            "mS-DS-ConsistencyGuid",
            "displayName",
            "title",
            "co",
            "telephoneNumber",
            "extensionAttribute1",
            "msExchMailboxGuid",
            "msExchArchiveGuid",
        ]
    );
    let offer = offered(&stage);
    assert_eq!(offer.cloud_id, Some(ANNA_ID.parse().unwrap()));
    assert!(offer.fills.iter().all(|fill| fill.unsure.is_none() && fill.at.is_some()));
    assert_eq!(offer.fills[0].source, "deletedUsers.json");
    assert_eq!(of(&stage, "userPrincipalName"), ["anna@contoso.com"]);
    assert_eq!(of(&stage, "targetAddress"), [format!("SMTP:{ROUTING}")]);
    let guid: adrecover_core::ObjectGuid = GUID.parse().unwrap();
    let anchor = offer.fills.iter().find(|fill| fill.attribute == "mS-DS-ConsistencyGuid").unwrap();
    assert_eq!(anchor.values[0].to_bytes().unwrap(), guid.to_wire());
}

/// Which addresses are written on premises.
#[test]
fn addresses_of_the_cloud_itself_are_left_to_it() {
    let cases: [(&[&str], &[&str], &str); 9] = [
        (
            &["SMTP:anna@contoso.com", "smtp:a.example@contoso.com"],
            &["SMTP:anna@contoso.com", "smtp:a.example@contoso.com"],
            "",
        ),
        (
            &[
                "SMTP:anna@contoso.com",
                "smtp:anna@contoso.onmicrosoft.com",
                "smtp:anna@x.partner.onmschina.cn",
            ],
            &["SMTP:anna@contoso.com"],
            "left to it: smtp:anna@contoso.onmicrosoft.com",
        ),
        (
            &["SMTP:anna@contoso.com", "smtp:anna@contoso.mail.onmicrosoft.com"],
            &["SMTP:anna@contoso.com", "smtp:anna@contoso.mail.onmicrosoft.com"],
            "",
        ),
        (&["SMTP:anna@contoso.onmicrosoft.com"], &[], "left to it"),
        (
            &["SMTP:anna@contoso.com", "SIP:anna@contoso.com", "SPO:SPO_1@SPO_2", "EUM:1;phone-context=x"],
            &["SMTP:anna@contoso.com"],
            "left to it: SIP:anna@contoso.com, SPO:SPO_1@SPO_2, EUM:1",
        ),
        (
            &["SMTP:anna@contoso.com", "X500:/o=Contoso/cn=anna", "x500:/O=contoso/CN=Anna"],
            &["SMTP:anna@contoso.com", "X500:/o=Contoso/cn=anna"],
            "",
        ),
        (&["SMTP:a@contoso.com", "SMTP:b@contoso.com"], &[], "2 of them are primary"),
        (
            &["SMTP:anna@contoso.com", "smtp:a b@contoso.com", "smtp:x", "anna@contoso.com"],
            &["SMTP:anna@contoso.com"],
            "`smtp:a b@contoso.com` of the cloud is not filled: it holds a blank",
        ),
        (
            &["SMTP:anna@contoso.com", "Smtp:c@contoso.com"],
            &["SMTP:anna@contoso.com", "smtp:c@contoso.com"],
            "",
        ),
    ];
    for (addresses, kept, said) in cases {
        let stage = deleted(tombstone(), json!({"proxyAddresses": addresses}), "");
        assert_eq!(of(&stage, "proxyAddresses"), kept, "{addresses:?}");
        let notes = offered(&stage).notes.join("\n");
        assert!(
            if said.is_empty() { notes.is_empty() } else { notes.contains(said) },
            "{addresses:?}: {notes}"
        );
    }
    let many: Vec<String> = (0..2000).map(|n| format!("smtp:a{n}@contoso.com")).collect();
    let stage = deleted(tombstone(), json!({"proxyAddresses": many}), &soft_deleted(json!({})));
    assert!(of(&stage, "proxyAddresses").is_empty());
    assert!(offered(&stage).notes.join("\n").contains("more than 300"));
}

#[test]
fn a_user_without_addresses_has_those_of_its_mailbox() {
    let stage = deleted(tombstone(), json!({"proxyAddresses": []}), &soft_deleted(json!({})));
    assert_eq!(of(&stage, "proxyAddresses"), ["SMTP:anna@contoso.com".to_owned(), format!("smtp:{ROUTING}")]);
    let offer = offered(&stage);
    let fill = offer.fills.iter().find(|fill| fill.attribute == "proxyAddresses").unwrap();
    assert_eq!(fill.source, "softDeletedMailboxes.json");
}

#[test]
fn a_user_without_mail_is_made_no_recipient() {
    let stage = deleted(
        tombstone(),
        json!({"proxyAddresses": ["SMTP:anna@contoso.onmicrosoft.com"], "mail": "anna@contoso.onmicrosoft.com"}),
        "",
    );
    assert_eq!(attributes(&stage), ["userPrincipalName", "mS-DS-ConsistencyGuid"]);
}

#[test]
fn the_routing_address_is_for_a_mailbox_in_the_cloud() {
    let proxies = json!({"proxyAddresses": ["SMTP:anna@contoso.com", format!("smtp:{ROUTING}")]});
    let target = |stage: &Stage| of(stage, "targetAddress");
    assert_eq!(
        target(&deleted(tombstone(), proxies.clone(), &soft_deleted(json!({})))),
        [format!("SMTP:{ROUTING}")]
    );
    assert!(target(&deleted(tombstone(), proxies.clone(), "")).is_empty(), "no mailbox in the cloud");
    let on_premises = tombstone().with("homeMDB", &["CN=db"]);
    assert!(target(&deleted(on_premises, proxies.clone(), &soft_deleted(json!({})))).is_empty());
    let others = soft_deleted(json!({"ExternalDirectoryObjectId": BERT_ID}));
    assert!(target(&deleted(tombstone(), proxies, &others)).is_empty());
    let without = soft_deleted(json!({"EmailAddresses": ["SMTP:anna@contoso.com"]}));
    let stage = deleted(tombstone(), json!({}), &without);
    assert!(
        target(&stage).is_empty() && offered(&stage).notes.join("").contains("targetAddress is not filled")
    );
}

#[test]
fn the_logon_name() {
    let upn = |changes: Json| of(&deleted(tombstone(), changes, ""), "userPrincipalName");
    let note = |changes: Json| offered(&deleted(tombstone(), changes, "")).notes.join("\n");
    assert_eq!(upn(json!({})), ["anna@contoso.com"], "without the prefix of the bin");
    // The name on premises counts, where the cloud has another one.
    assert_eq!(upn(json!({"onPremisesUserPrincipalName": "anna@contoso.local"})), ["anna@contoso.local"]);
    for placeholder in ["anna@contoso.onmicrosoft.com", "anna+1234@contoso.onmicrosoft.com"] {
        assert!(upn(json!({"userPrincipalName": placeholder})).is_empty());
        assert!(note(json!({"userPrincipalName": placeholder})).contains("give the real one with --upn"));
    }
}

/// The engine may take the cloud's logon name and the anchor from other attributes than the usual ones.
#[test]
fn the_settings_of_the_engine_count() {
    let setting = |name: &str, value: &str| {
        let name = format!("Microsoft.SynchronizationOption.{name}");
        json!({"InstanceId": "x", "Parameters": [{"Name": name, "Value": value}]}).to_string()
    };
    let of = |settings: String| {
        let anna = user(json!({"onPremisesSecurityIdentifier": SID}));
        let lists = [("users", anna.as_str()), ("deletedUsers", ""), ("globalSettings", &settings)];
        collected(tombstone(), &lists)
    };
    let by_mail = of(setting("UPNAttribute", "mail"));
    assert!(!attributes(&by_mail).contains(&"userPrincipalName".to_owned()));
    assert!(offered(&by_mail).notes.join("").contains("logon name of mail"));
    for (attribute, is_offered) in
        [("objectGUID", false), ("employeeID", false), ("mS-DS-ConsistencyGuid", true)]
    {
        let stage = of(setting("AnchorAttribute", attribute));
        let has = attributes(&stage).contains(&"mS-DS-ConsistencyGuid".to_owned());
        assert_eq!(has, is_offered, "{attribute}");
    }
}

#[test]
fn the_source_anchor_is_sixteen_octets() {
    let anchor = |value: &str| {
        let stage = deleted(
            tombstone(),
            json!({"onPremisesImmutableId": value, "onPremisesSecurityIdentifier": SID}),
            "",
        );
        (of(&stage, "mS-DS-ConsistencyGuid").len(), offered(&stage).notes.join("\n"))
    };
    assert_eq!(anchor("AAECAwQFBgcICQoLDA0ODw=="), (1, String::new()));
    assert_eq!(anchor(ANCHOR).0, 1);
    for bad in ["anna@contoso.com", "AAEC", "AAECAwQFBgcICQoLDA0ODxA="] {
        let (number, notes) = anchor(bad);
        assert!(number == 0 && notes.contains("not base64 of 16 octets"), "{bad}: {notes}");
    }
}

/// By what the cloud object has to be found.
#[test]
fn only_a_certain_cloud_object_fills() {
    let other = "AAECAwQFBgcICQoLDA0ODw==";
    let guid: adrecover_core::ObjectGuid = GUID.parse().unwrap();
    // What is changed, whether anything is offered, and why it is not certain.
    let cases: [(&str, Json, bool, &str); 7] = [
        ("by the anchor", json!({}), true, ""),
        (
            "by the SID",
            json!({"onPremisesImmutableId": other, "onPremisesSecurityIdentifier": SID}),
            true,
            "",
        ),
        (
            "by the object identifier",
            json!({"onPremisesImmutableId": other, "onPremisesObjectIdentifier": guid.to_string()}),
            true,
            "",
        ),
        (
            "by the anchor, with another SID",
            json!({"onPremisesSecurityIdentifier": "S-1-5-21-1-2-3-9999"}),
            true,
            "the SID of another object",
        ),
        (
            "by the DN",
            json!({"onPremisesImmutableId": other, "onPremisesDistinguishedName": "CN=Anna,OU=Sales,DC=contoso,DC=test"}),
            true,
            "by the distinguished name only",
        ),
        (
            "by the account's implicit UPN",
            json!({"onPremisesImmutableId": other, "userPrincipalName": "anna@contoso.test"}),
            true,
            "by the UPN only",
        ),
        ("not at all", json!({"onPremisesImmutableId": other}), false, ""),
    ];
    for (what, changes, is_offered, doubt) in cases {
        let offer = offered(&deleted(tombstone(), changes, ""));
        assert_eq!(!offer.fills.is_empty(), is_offered, "{what}: {:?}", offer.notes);
        for fill in &offer.fills {
            let unsure = fill.unsure.as_deref().unwrap_or_default();
            assert!(
                if doubt.is_empty() { unsure.is_empty() } else { unsure.contains(doubt) },
                "{what}: {unsure}"
            );
        }
        assert!(
            is_offered || offer.notes.join("").contains("no object of this user"),
            "{what}: {:?}",
            offer.notes
        );
    }
}

#[test]
fn of_several_claimants_none_fills() {
    let anna = user(json!({"deletedDateTime": "2026-11-20T10:00:00Z"}));
    let bert = user(json!({
        "id": BERT_ID, "userPrincipalName": "bert@contoso.com", "onPremisesImmutableId": "AAECAwQFBgcICQoLDA0ODw==",
        "onPremisesSecurityIdentifier": SID,
    }));
    let offer = offered(&collected(tombstone(), &[("users", &bert), ("deletedUsers", &anna)]));
    assert!(offer.fills.is_empty() && offer.cloud_id.is_none());
    let notes = offer.notes.join("\n");
    assert!(
        notes.contains("2 cloud objects claim to be this user")
            && notes.contains("`bert@contoso.com` (live, by the SID)")
            && notes.contains("(deleted, by the source anchor)"),
        "{notes}"
    );
}

#[test]
fn what_is_not_known_is_said() {
    let notes = |stage: &Stage| {
        let offer = offered(stage);
        assert!(offer.fills.is_empty(), "{offer:?}");
        offer.notes.join("\n")
    };
    assert!(notes(&tombstone()).contains("no export of the cloud"));
    let half = collected(tombstone(), &[("users", "")]);
    assert!(notes(&half).contains("not all there is was looked at"));
}

#[test]
fn what_belongs_to_exchange_is_told_as_its_cmdlets() {
    let proxies = json!({"proxyAddresses": ["SMTP:o'neill@contoso.com", format!("smtp:{ROUTING}")], "mailNickname": "o'neill"});
    let mailbox = soft_deleted(
        json!({"RecipientTypeDetails": "SharedMailbox", "RemoteRecipientType": "Migrated, SharedMailbox"}),
    );
    let stage = || deleted(tombstone(), proxies.clone(), &mailbox);
    let told = offered(&stage()).remote_mailbox.unwrap();
    for part in [
        format!(
            "Enable-RemoteMailbox -Identity {GUID} -Alias 'o''neill' -PrimarySmtpAddress 'o''neill@contoso.com' -RemoteRoutingAddress \
             '{ROUTING}' -Shared"
        ),
        "-ExchangeGuid aaaaaaaa-0000-4000-8000-000000000001 -ArchiveGuid aaaaaaaa-0000-4000-8000-000000000002".to_owned(),
        "-EmailAddresses @{add='X500:/o=ExchangeLabs/cn=anna'}".to_owned(),
    ] {
        assert!(told.contains(&part), "{told}");
    }
    for (attribute, value) in [
        ("msExchRecipientTypeDetails", "34359738368"),
        ("msExchRecipientDisplayType", "-2147483642"),
        ("msExchRemoteRecipientType", "100"),
    ] {
        assert_eq!(of(&stage(), attribute), [value]);
        assert_eq!(adrecover_core::fill::rule(attribute), adrecover_core::fill::Rule::Named);
    }
    let known =
        deleted(tombstone().with("msExchRecipientTypeDetails", &["2147483648"]), proxies.clone(), &mailbox);
    assert!(offered(&known).remote_mailbox.is_none());
    // A forest without Exchange, a mailbox on premises.
    for stage in [
        stage().schema_lacks(&["msExchRecipientTypeDetails"]),
        deleted(tombstone().with("homeMDB", &["CN=db"]), proxies.clone(), &mailbox),
    ] {
        let offer = offered(&stage);
        assert!(offer.remote_mailbox.is_none());
        assert!(offer.fills.iter().all(|fill| !fill.attribute.starts_with("msExch")), "{offer:?}");
    }
}

/// What an export says beyond the properties that are read has no way into an attribute.
#[test]
fn a_hostile_export_offers_harmless_attributes_only() {
    let stage = deleted(
        tombstone(),
        json!({
            "servicePrincipalName": ["host/evil"], "scriptPath": "\\\\evil\\x", "msDS-AllowedToDelegateTo": ["x"], "adminCount": 1,
            "unicodePwd": "x", "msDS-KeyCredentialLink": "x", "displayName": "=cmd|' /C calc'!A0", "department": "a\u{1b}[31m",
            "passwordProfile": {"password": "x"}, "manager": {"id": BERT_ID},
        }),
        "",
    );
    let offer = offered(&stage);
    for fill in &offer.fills {
        assert_eq!(
            adrecover_core::fill::rule(&fill.attribute),
            adrecover_core::fill::Rule::Harmless,
            "{fill:?}"
        );
    }
    assert!(!attributes(&stage).contains(&"manager".to_owned()), "nobody has that id");
}
