//! What is found of a user in the stand-in of Graph, by whatever it is called.

use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::graph::ClaimantKind;
use crate::graph::fake::Fake;
use crate::graph::tests::{ANCHOR, ANNA, BERT, SID, SKU, client, clock, tenant, user};

const BIN: &str = "/v1.0/directory/deletedItems/microsoft.graph.user";
const OTHER: Uuid = Uuid::from_u128(7);

async fn looked(fake: &Fake, called: &str) -> Look {
    look(&client(fake).0, called, true).await.unwrap()
}

async fn shown(fake: &Fake, called: &str) -> Show {
    Show::new(&looked(fake, called).await, clock()())
}

async fn held(fake: &Fake, called: &str) -> Conflicts {
    let look = looked(fake, called).await;
    let Choice::One(user) = look.chosen() else { panic!("not one: {:?}", look.chosen()) };
    conflicts(&client(fake).0, &look, &user, clock()()).await.unwrap()
}

#[tokio::test]
async fn a_deleted_user_is_found_by_each_of_its_names() {
    let fake = tenant().await;
    let objects = ANNA.to_string();
    let prefixed = format!("{}anna.o'neil@contoso.com", ANNA.simple());
    for (called, by) in [
        ("anna.o'neil@contoso.com", "userPrincipalName"),
        ("ANNA.O'NEIL@contoso.com", "userPrincipalName"),
        ("ao@contoso.com", "proxyAddresses"),
        (ANCHOR, "sourceAnchor"),
        (SID, "sid"),
        ("CONTOSO\\anna", "samAccountName"),
        (&objects, "objectId"),
        (&prefixed, "objectId"),
    ] {
        let show = shown(&fake, called).await;
        assert_eq!((show.exit_code(), show.items.len()), (0, 1), "{called}: {show:?}");
        let anna = &show.items[0];
        assert!(anna.claims.contains(&by), "{called}: {:?}", anna.claims);
        assert_eq!((anna.id.as_deref(), anna.state), (Some(objects.as_str()), "soft-deleted"));
    }
    assert_eq!(shown(&fake, "nobody@contoso.com").await.exit_code(), 4);
    fake.assert_clean();
}

#[tokio::test]
async fn what_is_held_is_told_with_what_is_not_known() {
    let fake = tenant().await;
    let show = shown(&fake, SID).await;
    let anna = &show.items[0];
    assert_eq!(anna.user_principal_name.as_deref(), Some("anna.o'neil@contoso.com"));
    let prefix = ANNA.simple().to_string();
    assert_eq!(anna.user_principal_name_as_held, Some(format!("{prefix}anna.o'neil@contoso.com")));
    assert_eq!(anna.proxy_addresses.as_deref().unwrap().len(), 2);
    // The bin keeps it for 30 days from the 20th; the clock says the 26th.
    assert_eq!(
        (anna.restorable_until.unwrap().to_rfc3339(), anna.days_left),
        ("2026-12-20T08:00:00+00:00".into(), Some(23))
    );
    assert_eq!(anna.on_premises.source_anchor_guid.as_deref(), Some(&*ANNA.to_string()));
    assert_eq!(anna.on_premises.object_identifier.as_deref(), Some("2a6b4e8d-3c1f-5b4a-9c7d-0123456789ab"));
    let licence = &anna.licences.as_deref().unwrap()[0];
    assert_eq!((licence.product.as_deref(), licence.group.as_deref()), (Some("SPE_E3"), Some("Sales")));
    assert_eq!((licence.state.as_deref(), &licence.error), (Some("Active"), &None));
    assert_eq!((&anna.roles, &anna.eligible_roles), (&Some(vec![]), &Some(vec![])));
    assert_eq!((&anna.unknown, &show.unanswered), (&vec![], &vec![]));
    let bert = &shown(&fake, "bert@contoso.com").await.items[0];
    assert_eq!((bert.state, bert.on_premises.cloud_managed, bert.days_left), ("present", Some(false), None));
    let role = &bert.roles.as_deref().unwrap()[0];
    assert_eq!((role.name.as_deref(), role.privileged), (Some("Global Administrator"), Some(true)));
}

#[tokio::test]
async fn several_that_claim_the_user_are_all_told() {
    let fake = tenant().await;
    // Made anew by the synchronisation: another anchor and UPN, and the same object on premises.
    let again = json!({ "onPremisesSecurityIdentifier": SID, "onPremisesSamAccountName": "anna", "proxyAddresses": [] });
    fake.state().add_user(OTHER, user("anna2@contoso.com", again));
    // The same account name in another domain is somebody else.
    let other =
        json!({ "onPremisesSecurityIdentifier": "S-1-5-21-9-9-9-1", "onPremisesSamAccountName": "anna" });
    fake.state().add_user(Uuid::from_u128(8), user("anna@fabrikam.com", other));
    let show = shown(&fake, "ao@contoso.com").await;
    let ids: Vec<&str> = show.items.iter().filter_map(|item| item.id.as_deref()).collect();
    assert_eq!(ids, [ANNA.to_string(), OTHER.to_string()], "{show:#?}");
    assert!(show.duplicates && show.items[1].claims == ["sid", "samAccountName"]);
    fake.assert_clean();
}

#[tokio::test]
async fn what_graph_refuses_is_unknown_and_not_empty() {
    let fake = tenant().await;
    for path in ["/v1.0/subscribedSkus", "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances"] {
        fake.state().forbidden.insert(path.into());
    }
    let show = shown(&fake, SID).await;
    assert_eq!((show.exit_code(), show.unanswered.len()), (0, 2), "{show:?}");
    assert!(show.unanswered.iter().all(|missing| missing.is_denied));
    assert_eq!(show.unanswered[0].permission, "Organization.Read.All");
    let anna = &show.items[0];
    assert_eq!((&anna.eligible_roles, &anna.unknown), (&None, &vec!["eligibleRoles"]));
    assert_eq!(anna.licences.as_deref().unwrap()[0].product, None);
    fake.state().forbidden.insert(BIN.into());
    let show = shown(&fake, "bert@contoso.com").await;
    assert_eq!((show.exit_code(), show.items.len()), (3, 1));
    assert_eq!(looked(&fake, SID).await.unseen_users().unwrap().what, "deleted users");
}

#[tokio::test]
async fn the_deleted_one_is_meant_and_of_two_nobody_knows_which() {
    let fake = tenant().await;
    let upn = "anna.o'neil@contoso.com";
    fake.state().add_user(OTHER, user(upn, json!({ "proxyAddresses": [] })));
    let id = |look: &Look| match look.chosen() {
        Choice::One(user) => user.user.id().value(),
        _ => None,
    };
    assert_eq!(id(&looked(&fake, upn).await), Some(ANNA));
    assert_eq!(id(&looked(&fake, &OTHER.to_string()).await), Some(OTHER));
    fake.state().delete_user(OTHER, "2026-11-21T08:00:00Z");
    let look = looked(&fake, upn).await;
    assert!(matches!(look.chosen(), Choice::Several(ref all) if all.len() == 2), "{:?}", look.chosen());
    // An address that is only one of several makes a weaker claim.
    assert_eq!(id(&looked(&fake, "ao@contoso.com").await), Some(ANNA));
    assert!(matches!(looked(&fake, "nobody@contoso.com").await.chosen(), Choice::None));
}

#[tokio::test]
async fn whoever_holds_a_name_is_named() {
    let fake = tenant().await;
    let free = held(&fake, SID).await;
    assert_eq!((free.exit_code(), free.names.len()), (0, 2), "{free:?}");
    assert_eq!(free.names[0].properties, ["userPrincipalName", "proxyAddresses"]);
    let has = |address: &str| json!({ "proxyAddresses": [format!("smtp:{address}")] });
    fake.state().add_user(OTHER, user("new@contoso.com", has("ao@contoso.com")));
    let taken = held(&fake, SID).await;
    assert_eq!((taken.exit_code(), taken.free, taken.names[0].free), (6, Some(false), Some(true)));
    let holder = &taken.names[1].held_by[0];
    assert_eq!((holder.kind, holder.property), (ClaimantKind::User, "proxyAddresses"));
    // In the bin it keeps nothing from anybody.
    fake.state().delete_user(OTHER, "2026-11-21T08:00:00Z");
    let bin = held(&fake, SID).await;
    assert_eq!((bin.exit_code(), bin.names[1].held_by.len()), (0, 1));
    let contact: Value = json!({ "id": Uuid::nil(), "proxyAddresses": ["SMTP:ao@contoso.com"] });
    fake.state().lists.insert("contacts", vec![contact]);
    assert_eq!(held(&fake, SID).await.exit_code(), 6);
    fake.state().forbidden.insert("/v1.0/contacts".into());
    let unknown = held(&fake, SID).await;
    assert_eq!((unknown.exit_code(), unknown.unanswered[0].permission), (3, "OrgContact.Read.All"));
    assert_eq!(held(&fake, &BERT.to_string()).await.state, "present");
    assert!(fake.state().lists["subscribedSkus"][0]["skuId"] == json!(SKU));
    fake.assert_clean();
}
