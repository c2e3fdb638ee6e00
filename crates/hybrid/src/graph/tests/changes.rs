//! What a recovery changes, what Graph refuses of it, and what is not known after a lost answer.

use super::fake::Fault;
use super::*;

fn restore(proxy_conflict: ProxyConflict, upn: Option<&str>) -> Change {
    Change::RestoreUser { id: ANNA, new_user_principal_name: upn.map(str::to_owned), proxy_conflict }
}

#[tokio::test]
async fn a_user_comes_back_from_the_bin() {
    let fake = tenant().await;
    let (client, _) = client(&fake);
    let user = client.apply(&restore(ProxyConflict::Refuse, None)).await.unwrap().unwrap();
    assert_eq!(user["userPrincipalName"], "anna.o'neil@contoso.com");
    assert!(fake.state().bin.is_empty());
    assert!(client.one(&Read::User(ANNA)).await.unwrap().is_some());
    // Again, and it is no longer there.
    let error = client.apply(&restore(ProxyConflict::Refuse, None)).await.unwrap_err();
    assert_eq!(error.kind(), GraphErrorKind::NotFound);
    fake.assert_clean();
}

#[tokio::test]
async fn addresses_that_somebody_else_holds_stop_it_unless_they_shall_go() {
    let fake = tenant().await;
    fake.state().users[0]["proxyAddresses"] = json!(["SMTP:bert@contoso.com", "smtp:ao@contoso.com"]);
    let (client, _) = client(&fake);
    let error = client.apply(&restore(ProxyConflict::Refuse, None)).await.unwrap_err();
    assert_eq!(error.kind(), GraphErrorKind::Conflict);
    assert_eq!(error.refusal().unwrap().conflicting().collect::<Vec<_>>(), ["proxyAddresses"]);
    assert!(
        error.to_string().contains("ObjectConflict in proxyAddresses: value smtp:ao@contoso.com"),
        "{error}"
    );
    let user = client.apply(&restore(ProxyConflict::RemoveFromRestored, None)).await.unwrap().unwrap();
    assert_eq!(user["proxyAddresses"], json!(["SMTP:anna.o'neil@contoso.com"]));
    fake.assert_clean();
}

#[tokio::test]
async fn a_upn_that_somebody_else_has_needs_another_one() {
    let fake = tenant().await;
    fake.state().users[0]["userPrincipalName"] = json!("Anna.O'Neil@contoso.com");
    let (client, _) = client(&fake);
    let error = client.apply(&restore(ProxyConflict::Refuse, None)).await.unwrap_err();
    assert_eq!(error.refusal().unwrap().conflicting().collect::<Vec<_>>(), ["userPrincipalName"]);
    let user =
        client.apply(&restore(ProxyConflict::Refuse, Some("anna2@contoso.com"))).await.unwrap().unwrap();
    assert_eq!(user["userPrincipalName"], "anna2@contoso.com");
}

#[tokio::test]
async fn a_privileged_user_needs_a_higher_role() {
    let fake = tenant().await;
    fake.state().privileged.insert(ANNA.to_string());
    let (client, _) = client(&fake);
    let error = client.apply(&restore(ProxyConflict::Refuse, None)).await.unwrap_err();
    assert_eq!(error.kind(), GraphErrorKind::Denied);
}

#[tokio::test]
async fn a_licence_needs_a_country_first() {
    let fake = tenant().await;
    fake.state().users[0]["usageLocation"] = Value::Null;
    let (client, _) = client(&fake);
    let licence = Change::AssignLicences {
        id: BERT,
        add: vec![LicenceGrant { sku_id: SKU, disabled_plans: vec![ANNA] }],
        remove: vec![],
    };
    let error = client.apply(&licence).await.unwrap_err();
    assert!(error.to_string().contains("invalid usage location"), "{error}");
    let country = Change::SetUsageLocation { id: BERT, country: "DE".into() };
    assert_eq!(client.apply(&country).await.unwrap(), None);
    let user = client.apply(&licence).await.unwrap().unwrap();
    assert_eq!(user["assignedLicenses"], json!([{ "skuId": SKU, "disabledPlans": [ANNA] }]));
    fake.assert_clean();
}

#[tokio::test]
async fn anchors_are_unique_and_can_be_taken_away() {
    let fake = tenant().await;
    let (client, _) = client(&fake);
    client.apply(&restore(ProxyConflict::Refuse, None)).await.unwrap();
    let set = |id, anchor: Option<&str>| Change::SetImmutableId { id, anchor: anchor.map(str::to_owned) };
    let error = client.apply(&set(BERT, Some(ANCHOR))).await.unwrap_err();
    assert_eq!(error.kind(), GraphErrorKind::Conflict);
    client.apply(&set(ANNA, None)).await.unwrap();
    client.apply(&set(BERT, Some(ANCHOR))).await.unwrap();
    client.apply(&Change::ClearObjectIdentifier { id: ANNA }).await.unwrap();
    let user = client.one(&Read::ObjectIdentifier(Place::Live, ANNA)).await.unwrap().unwrap();
    assert_eq!(user["onPremisesObjectIdentifier"], Value::Null);
    fake.assert_clean();
}

#[tokio::test]
async fn a_change_that_may_have_been_made_is_not_sent_again() {
    for fault in
        [Fault::DoneThenClose, Fault::DoneBut(503), Fault::DoneBut(500), Fault::DoneBut(504), Fault::Hang]
    {
        let fake = tenant().await;
        fake.state().faults = [fault.clone()].into();
        let (client, _) = client(&fake);
        let error = client.apply(&restore(ProxyConflict::Refuse, None)).await.unwrap_err();
        assert_eq!(error.kind(), GraphErrorKind::OutcomeUnknown, "{fault:?}: {error}");
        assert!(error.to_string().ends_with("look at the object before trying again"), "{error}");
        assert_eq!(
            fake.state().log.iter().filter(|r| r.method == "POST" && r.path.ends_with("restore")).count(),
            1
        );
    }
}

#[tokio::test]
async fn a_change_that_was_not_taken_is_sent_again() {
    let fake = tenant().await;
    fake.state().faults = [Fault::Busy(429, Some("1".into())), Fault::Busy(503, Some("1".into()))].into();
    let (client, waits) = client(&fake);
    client.apply(&restore(ProxyConflict::Refuse, None)).await.unwrap();
    assert_eq!(seconds(&waits).len(), 2);
    // What says the same when it is said twice may be repeated after any busy answer.
    fake.state().faults = [Fault::DoneBut(504), Fault::DoneBut(502)].into();
    client.apply(&Change::SetUsageLocation { id: BERT, country: "AT".into() }).await.unwrap();
    assert_eq!(fake.state().users[0]["usageLocation"], "AT");
}

#[tokio::test]
async fn a_change_that_was_made_is_no_failure_whatever_the_answer_looks_like() {
    let fake = tenant().await;
    fake.state().faults = [Fault::ContentType("text/html")].into();
    let (client, _) = client(&fake);
    assert_eq!(client.apply(&restore(ProxyConflict::Refuse, None)).await.unwrap(), None);
    assert!(fake.state().bin.is_empty());
}
