//! Several files about the same objects.

use super::*;

fn user(more: &str) -> String {
    format!(r#"[{{"id":"{ID}","userPrincipalName":"ana@contoso.com"{more}}}]"#)
}

#[test]
fn equal_and_additional_statements_are_put_together() {
    let evidence = load(&[
        ("a.json", &user(r#","mail":"ana@contoso.com","proxyAddresses":["smtp:a@x.y","SMTP:b@x.y"]"#)),
        (
            "b.json",
            &user(r#","mail":"ana@contoso.com","city":"Bonn","proxyAddresses":["SMTP:b@x.y","smtp:a@x.y"]"#),
        ),
    ]);
    let user = evidence.users().by_id(ID.parse().unwrap()).only().unwrap();
    assert_eq!(user.text(UserField::City), Known::Value("Bonn"));
    assert_eq!(user.text(UserField::Mail), Known::Value("ana@contoso.com"));
    assert_eq!(user.sources().map(|s| s.at).collect::<Vec<_>>(), [hour(1), hour(0)]);
    assert!(evidence.warnings().is_empty(), "{:?}", evidence.warnings());
}

#[test]
fn the_newer_file_is_believed_and_the_contradiction_told() {
    let sync = |at| format!(r#","onPremisesLastSyncDateTime":"2026-11-0{at}T00:00:00Z""#);
    let evidence = load(&[
        ("a.json", &user(&(r#","mail":"old@contoso.com","city":"Bonn""#.to_owned() + &sync(1)))),
        ("b.json", &user(&(r#","mail":null"#.to_owned() + &sync(2)))),
    ]);
    let user = evidence.users().iter().next().unwrap();
    assert_eq!(user.text(UserField::Mail), Known::Absent);
    assert_eq!(user.text(UserField::City), Known::Value("Bonn"));
    let told = format!(
        "a.json: contradicts b.json in `mail` of 1 objects (users), first of {ID}; the newer file is believed"
    );
    assert_eq!(warnings(&evidence), [told]);
}

#[test]
fn an_export_without_ids_is_put_together_by_upn() {
    let csv = "UserPrincipalName,City\nAna@contoso.com,Bonn\nben@contoso.com,Ulm\n";
    let evidence = load(&[("a.csv", csv), ("b.json", &user("")), ("c.csv", csv)]);
    let ana = evidence.users().by_upn("ana@contoso.com").only().unwrap();
    assert_eq!(
        (ana.text(UserField::Id), ana.text(UserField::City)),
        (Known::Value(ID), Known::Value("Bonn"))
    );
    assert_eq!(evidence.users().iter().count(), 2);
}

#[test]
fn live_and_deleted_at_once_is_told_and_both_are_kept() {
    let evidence = load(&[
        ("live.json", &user("")),
        ("bin.json", &user(r#","deletedDateTime":"2026-11-01T09:30:00Z""#)),
    ]);
    assert_eq!((evidence.users().iter().count(), evidence.deleted_users().iter().count()), (1, 1));
    assert_eq!(evidence.listed_live_and_deleted(), [ID]);
    let told = warnings(&evidence);
    assert!(told.len() == 1 && told[0].contains("two lists that exclude each other"), "{told:?}");
}

#[test]
fn a_file_without_a_property_leaves_a_gap() {
    let other = user("").replace("789ab", "00002");
    let evidence = load(&[("a.json", &user(r#","onPremisesImmutableId":"x""#)), ("b.json", &other)]);
    let found = evidence.users().by_immutable_id("y");
    assert_eq!(found.gaps, [Gap::NotAsked(Dataset::Users, "onPremisesImmutableId", "b.json".into())]);
    assert!(!found.is_none());
    assert_eq!(found.gaps[0].to_string(), "b.json holds users without a readable `onPremisesImmutableId`");
}

#[test]
fn the_tenant() {
    let context =
        |set: &str| format!(r#""@odata.context":"https://graph.microsoft.com/v1.0/$metadata#{set}""#);
    let role = r#"{"id":"r","principalId":"8d4e6b2a-1f3c-4a5b-9c7d-0123456789ab","roleDefinitionId":"62e90394-69f5-4237-9190-012177145e10","directoryScopeId":"/"}"#;
    let evidence = load(&[
        (
            "d",
            r#"[{"id":"contoso.com","isVerified":true,"authenticationType":"Federated","isInitial":false,"isDefault":true},{"Id":"x.onmicrosoft.com","IsVerified":true,"AuthenticationType":"Managed","IsInitial":true}]"#,
        ),
        (
            "o",
            r#"{"value":[{"id":"8d4e6b2a-1f3c-4a5b-9c7d-0123456789ab","verifiedDomains":[],"onPremisesSyncEnabled":true,"onPremisesLastSyncDateTime":"2026-11-01T09:30:00Z"}]}"#,
        ),
        (
            "s",
            r#"[{"skuId":"05e9a617-0261-4cee-bb44-138d3ef5d965","skuPartNumber":"SPE_E3","capabilityStatus":"Enabled","consumedUnits":9,"prepaidUnits":{"enabled":10,"suspended":0},"servicePlans":[{"servicePlanName":"EXCHANGE_S_ENTERPRISE","servicePlanId":"p"}]}]"#,
        ),
        ("r", &format!(r#"{{{},"value":[{role}]}}"#, context("roleManagement/directory/roleAssignments"))),
        (
            "e",
            &format!(
                r#"{{{},"value":[]}}"#,
                context("roleManagement/directory/roleEligibilityScheduleInstances")
            ),
        ),
        (
            "n",
            r#"[{"id":"62e90394-69f5-4237-9190-012177145e10","displayName":"Global Administrator","isBuiltIn":true,"isPrivileged":true}]"#,
        ),
        (
            "f",
            r#"{"value":[{"id":"t","configuration":{"accidentalDeletionPrevention":{"alertThreshold":500,"synchronizationPreventionType":"enabledForCount"}},"features":{"blockSoftMatchEnabled":false,"softMatchOnUpnEnabled":true}}]}"#,
        ),
        (
            "b",
            &format!(
                r#"{{{},"isCloudManaged":true}}"#,
                context(&format!("users('{ID}')/onPremisesSyncBehavior/$entity"))
            ),
        ),
        (
            "g",
            r#"[{"id":"11111111-1111-1111-1111-111111111111","displayName":"E3","groupTypes":[],"assignedLicenses":[{"skuId":"s"}],"onPremisesSyncEnabled":true},{"id":"11111111-1111-1111-1111-111111111112","displayName":"none","assignedLicenses":[]}]"#,
        ),
        ("u", &user("")),
    ]);
    let domain = evidence.domain("CONTOSO.com").unwrap();
    assert_eq!((domain.is_verified(), domain.is_federated()), (Known::Value(true), Known::Value(true)));
    assert_eq!(evidence.domain("x.onmicrosoft.com").unwrap().is_initial(), Known::Value(true));
    assert_eq!(evidence.organisation().unwrap().last_sync(), Known::Value(hour(0)));
    let sku = evidence.sku("05E9A617-0261-4cee-bb44-138d3ef5d965").unwrap();
    assert_eq!((sku.free(), sku.has_mailbox()), (Known::Value(1), Known::Value(true)));
    let (roles, gaps) = evidence.roles_of(Dataset::RoleAssignments, ID);
    assert_eq!(
        (roles[0].role_name(), roles[0].is_privileged()),
        (Known::Value("Global Administrator"), Known::Value(true))
    );
    assert!(gaps.is_empty());
    let (roles, gaps) = evidence.roles_of(Dataset::RoleEligibility, ID);
    assert!(roles.is_empty() && gaps.is_empty());
    let features = evidence.sync_features().unwrap();
    assert_eq!(features.is_on(SyncFeature::SoftMatchOnUpn), Known::Value(true));
    assert_eq!(features.is_on(SyncFeature::BlockSoftMatch), Known::Value(false));
    assert_eq!(features.is_on(SyncFeature::BlockCloudObjectTakeoverThroughHardMatch), Known::NotAsked);
    assert_eq!(features.alert_threshold(), Known::Value(500));
    assert_eq!(evidence.users().iter().next().unwrap().is_cloud_managed(), Known::Value(true));
    let groups: Vec<_> = evidence.licensed_groups().filter_map(|g| g.display_name().value()).collect();
    assert_eq!(groups, ["E3"]);
    assert!(evidence.licensed_group("11111111-1111-1111-1111-111111111111").is_some());
    assert!(evidence.warnings().is_empty(), "{:?}", evidence.warnings());
}
