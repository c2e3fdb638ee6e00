//! Waiting, paging, conflicts, and which requests there are.

use super::fake::Fault;
use super::*;

#[tokio::test]
async fn every_call_of_the_description_is_made_and_fits() {
    let fake = tenant().await;
    let (client, _) = client(&fake);
    for read in [
        Read::User(BERT),
        Read::DeletedUser(ANNA),
        Read::Users(Place::Live, vec![Key::Id(BERT), Key::ImmutableId(ANCHOR.into()), Key::Sid(SID.into())]),
        Read::Users(
            Place::Bin,
            vec![Key::SamAccountName("anna".into()), Key::UserPrincipalName("a@b".into())],
        ),
        Read::AllUsers(Place::Live),
        Read::AllUsers(Place::Bin),
        Read::ObjectIdentifier(Place::Live, BERT),
        Read::ObjectIdentifier(Place::Bin, ANNA),
        Read::ObjectIdentifiers(Place::Live),
        Read::ObjectIdentifiers(Place::Bin),
        Read::ProvisioningErrors,
        Read::Domains,
        Read::Organisation,
        Read::SubscribedSkus,
        Read::SyncFeatures,
        Read::SyncBehaviour(BERT),
        Read::RoleAssignments(None),
        Read::RoleAssignments(Some(BERT)),
        Read::RoleEligibility(None),
        Read::RoleEligibility(Some(BERT)),
        Read::RoleDefinitions,
        Read::Groups,
        Read::Group(SALES),
        Read::GroupsWithAddress("sales@contoso.com".into()),
        Read::ContactsWithAddress("carl@fabrikam.com".into()),
    ] {
        let is_one = read.request().path.iter().any(|s| Uuid::try_parse(s).is_ok());
        if is_one {
            assert!(client.one(&read).await.unwrap().is_some(), "{read:?}");
        } else {
            client.all(&read).await.unwrap();
        }
    }
    for change in [
        Change::ClearObjectIdentifier { id: BERT },
        Change::SetImmutableId { id: BERT, anchor: None },
        Change::SetUsageLocation { id: BERT, country: "AT".into() },
        Change::AssignLicences {
            id: BERT,
            add: vec![LicenceGrant { sku_id: SKU, disabled_plans: vec![] }],
            remove: vec![],
        },
        Change::RestoreUser {
            id: ANNA,
            new_user_principal_name: Some("anna2@contoso.com".into()),
            proxy_conflict: ProxyConflict::RemoveFromRestored,
        },
    ] {
        client.apply(&change).await.unwrap();
    }
    fake.assert_clean();
    assert_eq!(fake.calls_not_made(), Vec::<String>::new());
}

#[tokio::test]
async fn what_does_not_fit_the_description_is_noticed() {
    let fake = tenant().await;
    let (client, _) = client(&fake);
    let change = Change::SetUsageLocation { id: BERT, country: "Germany".into() };
    client.apply(&change).await.unwrap_err();
    assert_eq!(fake.state().violations.len(), 1);
}

#[tokio::test]
async fn lists_of_any_length_come_whole() {
    for (count, page_size) in [(0, 3), (3, 3), (4, 3), (100, 7)] {
        let fake = Fake::start().await;
        for n in 0..count {
            fake.state().add_user(Uuid::from_u128(n), user(&format!("u{n}@contoso.com"), json!({})));
        }
        fake.state().page_size = page_size;
        let (client, _) = client(&fake);
        assert_eq!(client.all(&Read::AllUsers(Place::Live)).await.unwrap().len(), count as usize);
        fake.assert_clean();
    }
}

#[tokio::test]
async fn each_page_of_an_advanced_query_asks_for_the_same_consistency() {
    let fake = Fake::start().await;
    for n in 0..9 {
        fake.state().add_user(
            Uuid::from_u128(n),
            user(&format!("u{n}@contoso.com"), json!({ "onPremisesSamAccountName": "same" })),
        );
    }
    fake.state().page_size = 2;
    let (client, _) = client(&fake);
    let read = Read::Users(Place::Live, vec![Key::SamAccountName("same".into())]);
    assert_eq!(client.all(&read).await.unwrap().len(), 9);
    let state = fake.state();
    let pages = state.log.iter().filter(|r| r.path == "/v1.0/users");
    assert_eq!(pages.clone().count(), 5);
    assert!(pages.clone().all(|r| r.header("consistencylevel") == Some("eventual")));
    drop(state);
    fake.assert_clean();
}

#[tokio::test]
async fn retry_after_is_honoured_in_both_forms() {
    let fake = tenant().await;
    let date = "Thu, 26 Nov 2026 10:00:30 GMT".to_owned();
    fake.state().faults = [
        Fault::Busy(429, Some("17".into())),
        Fault::Busy(503, Some(date)),
        Fault::Busy(504, None),
        Fault::Busy(502, None),
    ]
    .into();
    let (client, waits) = client(&fake);
    assert_eq!(client.all(&Read::Domains).await.unwrap().len(), 1);
    let waits = seconds(&waits);
    assert_eq!(waits.len(), 4);
    for (wait, least) in waits.iter().zip([17, 30, 4, 8]) {
        assert!((least..=least + 6).contains(wait), "{waits:?}");
    }
}

#[tokio::test]
async fn patience_has_an_end() {
    let fake = tenant().await;
    fake.state().faults = vec![Fault::Busy(429, Some("10".into())); 50].into();
    let (client, waits) = client(&fake);
    let error = client.all(&Read::Domains).await.unwrap_err();
    assert_eq!((error.kind(), seconds(&waits).len()), (GraphErrorKind::Unreachable, 7));
    let text = error.to_string();
    assert!(text.contains("after 8 attempts it asks to wait 10 s more"), "{text}");
    fake.state().faults = [Fault::Busy(429, Some("86400".into()))].into();
    let error = client.all(&Read::Domains).await.unwrap_err().to_string();
    assert!(error.contains("after 1 attempts it asks to wait 86400 s more"), "{error}");
    assert_eq!(seconds(&waits).len(), 7);
}

#[tokio::test]
async fn a_refusal_is_told_with_the_ids_to_ask_for() {
    let fake = tenant().await;
    fake.state().forbidden.insert("/v1.0/domains".into());
    let (client, _) = client(&fake);
    let error = client.all(&Read::Domains).await.unwrap_err();
    assert_eq!(error.kind(), GraphErrorKind::Denied);
    let ids = &error.refusal().unwrap().ids;
    assert_eq!(ids.request.as_deref(), Some("0f0f0f0f-0000-4000-8000-000000000001"));
    let sent = fake.state().log.last().unwrap().header("client-request-id").map(str::to_owned);
    assert_eq!(ids.client, sent);
    assert!(
        error.to_string().starts_with("GET /v1.0/domains: status 403, Authorization_RequestDenied: "),
        "{error}"
    );
}

#[tokio::test]
async fn nobody_is_none_and_no_error() {
    let fake = tenant().await;
    let (client, _) = client(&fake);
    assert_eq!(client.one(&Read::User(ANNA)).await.unwrap(), None);
    assert!(client.one(&Read::DeletedUser(ANNA)).await.unwrap().is_some());
}

#[tokio::test]
async fn who_holds_a_name_is_found_everywhere() {
    let fake = tenant().await;
    let (client, _) = client(&fake);
    fake.state().add_user(
        Uuid::from_u128(7),
        user("new@contoso.com", json!({ "proxyAddresses": ["SMTP:new@contoso.com", "smtp:ao@contoso.com"] })),
    );
    let addresses: Vec<String> = [
        "SMTP:anna.o'neil@contoso.com",
        "smtp:AO@contoso.com",
        "smtp:sales@contoso.com",
        "carl@fabrikam.com",
    ]
    .map(str::to_owned)
    .into();
    // The stand-in compares addresses with their case.
    let addresses: Vec<String> = addresses.into_iter().map(|a| a.replace("AO@", "ao@")).collect();
    let found = client.conflicts(Some("anna.o'neil@contoso.com"), &addresses, Some(ANNA)).await.unwrap();
    let holders: Vec<(&str, Vec<(ClaimantKind, &str)>)> = found
        .names
        .iter()
        .map(|n| (n.name.as_str(), n.by.iter().map(|c| (c.kind, c.property)).collect()))
        .collect();
    assert_eq!(
        holders,
        [
            ("anna.o'neil@contoso.com", vec![]),
            ("ao@contoso.com", vec![(ClaimantKind::User, "proxyAddresses")]),
            ("sales@contoso.com", vec![(ClaimantKind::Group, "proxyAddresses")]),
            ("carl@fabrikam.com", vec![(ClaimantKind::Contact, "proxyAddresses")]),
        ]
    );
    assert!(found.gaps.is_empty());
    let found = client.conflicts(Some("anna.o'neil@contoso.com"), &[], None).await.unwrap();
    assert_eq!(found.names[0].by.len(), 1);
    assert_eq!(found.names[0].by[0].kind, ClaimantKind::DeletedUser);
    fake.state().forbidden.insert("/v1.0/contacts".into());
    let found = client.conflicts(None, &addresses, None).await.unwrap();
    assert_eq!(found.gaps.iter().map(|g| g.what).collect::<Vec<_>>(), ["contacts"]);
    fake.assert_clean();
}
