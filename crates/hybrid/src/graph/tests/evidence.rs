//! What Graph gives is the same evidence as what files give.

use super::fake::Fault;
use super::*;
use crate::evidence::{Dataset, Evidence, Known, Loader};

async fn gathered(fake: &Fake, wanted: &Wanted) -> (Evidence, Vec<Shortfall>) {
    let (client, _) = client(fake);
    let gathered = client.gather(wanted, Loader::new()).await.unwrap();
    (gathered.loader.finish(), gathered.shortfalls)
}

fn keys() -> Wanted {
    Wanted::Users(vec![
        Key::ImmutableId(ANCHOR.into()),
        Key::UserPrincipalName("anna.o'neil@contoso.com".into()),
        Key::Address("ao@contoso.com".into()),
        Key::Sid(SID.into()),
        Key::UserPrincipalName("bert@contoso.com".into()),
    ])
}

#[tokio::test]
async fn a_whole_tenant_is_known_as_from_files() {
    let fake = tenant().await;
    for n in 0..25 {
        fake.state().add_user(Uuid::from_u128(n + 1), user(&format!("u{n}@contoso.com"), json!({})));
    }
    fake.state().page_size = 4;
    let (evidence, shortfalls) = gathered(&fake, &Wanted::Tenant).await;
    assert!(shortfalls.is_empty(), "{shortfalls:?}");
    assert_eq!(evidence.users().iter().count(), 26);
    assert_eq!(evidence.deleted_users().iter().count(), 1);
    for dataset in [
        Dataset::Users,
        Dataset::DeletedUsers,
        Dataset::LicensedGroups,
        Dataset::Domains,
        Dataset::Organisation,
        Dataset::SubscribedSkus,
        Dataset::RoleAssignments,
        Dataset::RoleEligibility,
        Dataset::RoleDefinitions,
        Dataset::SyncFeatures,
    ] {
        assert_eq!(evidence.coverage(dataset), [], "{dataset}");
    }
    let anna = evidence.deleted_users().by_immutable_id(ANCHOR);
    let anna = anna.only().unwrap();
    assert_eq!(anna.upn(), Known::Value("anna.o'neil@contoso.com"));
    assert!(evidence.users().by_upn("anna.o'neil@contoso.com").is_none());
    let source = anna.sources().next().unwrap();
    assert_eq!(
        source.path.to_str(),
        Some("https://127.0.0.1/beta/directory/deletedItems/microsoft.graph.user")
    );
    let identifier =
        evidence.deleted_users().by_on_premises_object_identifier("2a6b4e8d-3c1f-5b4a-9c7d-0123456789ab");
    assert!(identifier.only().is_some());
    assert_eq!(evidence.warnings(), []);
    fake.assert_clean();
}

#[tokio::test]
async fn what_was_asked_for_is_known_and_nothing_else() {
    let fake = tenant().await;
    let (evidence, shortfalls) = gathered(&fake, &keys()).await;
    assert!(shortfalls.is_empty(), "{shortfalls:?}");
    let (live, bin) = (evidence.users(), evidence.deleted_users());
    assert!(bin.by_immutable_id(ANCHOR).only().is_some());
    assert!(bin.by_upn("ANNA.O'NEIL@contoso.com").only().is_some());
    assert!(bin.by_address("smtp:ao@contoso.com").is_complete());
    assert!(live.by_upn("bert@contoso.com").is_complete());
    // Not there, and asked for: certain. Not asked for: not known.
    assert!(live.by_immutable_id(ANCHOR).is_none());
    assert!(live.by_sid(SID).is_none());
    assert!(!live.by_upn("carl@contoso.com").is_none());
    assert!(!live.by_immutable_id(&ANCHOR.to_lowercase()).is_none());
    assert!(!evidence.coverage(Dataset::Users).is_empty());
    // What hangs on the users that were found came along.
    assert_eq!(evidence.licensed_group(&SALES.to_string()).unwrap().display_name(), Known::Value("Sales"));
    let bert = live.by_upn("bert@contoso.com").only().unwrap();
    assert_eq!(bert.is_cloud_managed(), Known::Value(false));
    fake.assert_clean();
}

#[tokio::test]
async fn what_graph_refuses_is_a_gap() {
    let fake = tenant().await;
    for path in [
        "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances",
        "/v1.0/directory/deletedItems/microsoft.graph.user",
    ] {
        fake.state().forbidden.insert(path.into());
    }
    for wanted in [Wanted::Tenant, keys()] {
        let (evidence, shortfalls) = gathered(&fake, &wanted).await;
        assert!(shortfalls.iter().any(|s| s.dataset == Dataset::RoleEligibility));
        assert!(shortfalls.iter().all(|s| s.error.kind() == GraphErrorKind::Denied));
        let gaps = evidence.coverage(Dataset::RoleEligibility);
        assert!(gaps[0].to_string().contains("Authorization_RequestDenied"), "{gaps:?}");
        assert!(!evidence.deleted_users().by_immutable_id(ANCHOR).is_none());
    }
}

#[tokio::test]
async fn a_list_that_breaks_off_is_not_whole() {
    let fake = tenant().await;
    for n in 0..25 {
        fake.state().add_user(Uuid::from_u128(n + 1), user(&format!("u{n}@contoso.com"), json!({})));
    }
    fake.state().page_size = 4;
    let (client, _) = client(&fake);
    client.sign_in().await.unwrap();
    let broken = || Fault::Body(b"{\"value\":[{\"id\":".to_vec());
    // The list of users, and the one of their identifiers.
    fake.state().faults = [Fault::None, Fault::None, broken(), Fault::None, broken()].into();
    let gathered = client.gather(&Wanted::Tenant, Loader::new()).await.unwrap();
    assert_eq!(gathered.shortfalls.len(), 2, "{:?}", gathered.shortfalls);
    let evidence = gathered.loader.finish();
    assert!(evidence.users().iter().count() >= 8);
    assert!(!evidence.coverage(Dataset::Users).is_empty());
    assert!(!evidence.users().by_upn("nobody@contoso.com").is_none());
}

#[tokio::test]
async fn files_and_graph_go_together() {
    let fake = tenant().await;
    let mut loader = Loader::new();
    let mailboxes = r#"[{"ExchangeGuid":"11111111-0261-4cee-bb44-138d3ef5d965","PrimarySmtpAddress":"a@x","EmailAddresses":[],"IsSoftDeletedByRemove":false,"IsSoftDeletedByDisable":false,"RecipientTypeDetails":"UserMailbox"},
        {"ExchangeGuid":"11111111-0261-4cee-bb44-138d3ef5d966","PrimarySmtpAddress":"b@x","EmailAddresses":[],"IsSoftDeletedByRemove":false,"IsSoftDeletedByDisable":false,"RecipientTypeDetails":"UserMailbox"}]"#;
    loader.add_reader(std::path::Path::new("mailboxes.json"), clock()(), mailboxes.as_bytes()).unwrap();
    let (client, _) = client(&fake);
    let evidence = client.gather(&keys(), loader).await.unwrap().loader.finish();
    assert_eq!(evidence.mailboxes().iter().count(), 2);
    assert_eq!(evidence.deleted_users().iter().count(), 1);
}

#[tokio::test]
async fn the_names_of_who_is_found_are_asked_for_in_turn() {
    let fake = tenant().await;
    let other = json!({ "proxyAddresses": ["SMTP:new@contoso.com", "smtp:ao@contoso.com"] });
    fake.state().add_user(Uuid::from_u128(7), user("new@contoso.com", other));
    let (evidence, _) = gathered(&fake, &Wanted::Users(Key::of_name(&ANNA.to_string()))).await;
    assert!(evidence.deleted_users().by_id(ANNA).only().is_some());
    let holder = evidence.users().by_address("ao@contoso.com");
    assert_eq!(holder.only().unwrap().upn(), Known::Value("new@contoso.com"));
    assert!(holder.is_complete());
    assert!(!evidence.users().by_address("new@contoso.com").is_complete());
    fake.assert_clean();
}
