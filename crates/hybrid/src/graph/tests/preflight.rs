//! The checks say the same of a user whether the whole tenant was fetched or what the user may be looked up by.

use std::collections::BTreeMap;

use adrecover_core::{Entry, ObjectGuid};

use super::*;
use crate::checks::{
    ATTRIBUTES, Case, Choice, EngineFindings, Forest, Observed, Setting, Status, Subject, judge,
};
use crate::evidence::{Known, Loader};

fn subject(more: &[(&str, &[&str])]) -> Subject {
    let guid: ObjectGuid = ANNA.to_string().parse().unwrap();
    let mut entry = Entry::new("CN=Anna,OU=Sales,DC=contoso,DC=com")
        .with("objectGUID", [guid.to_wire()])
        .with("objectClass", ["top", "person", "organizationalPerson", "user"])
        .with("cn", ["Anna"])
        .with("sAMAccountName", ["anna"])
        .with("userPrincipalName", ["anna.o'neil@contoso.com"])
        .with("mail", ["anna.o'neil@contoso.com"])
        .with("mailNickname", ["anna"])
        .with("proxyAddresses", ["SMTP:anna.o'neil@contoso.com", "smtp:ao@contoso.com"])
        .with("userAccountControl", ["512"]);
    for (name, values) in more {
        entry = entry.with(name, values.iter());
    }
    let dn = "CN=Anna,OU=Sales,DC=contoso,DC=com".parse().unwrap();
    Subject::new(dn, entry, ATTRIBUTES, "dc1", clock()())
}

async fn statuses(fake: &Fake, subject: &Subject, wanted: &Wanted) -> BTreeMap<&'static str, Status> {
    let (client, _) = client(fake);
    let gathered = client.gather(wanted, Loader::new()).await.unwrap();
    assert!(gathered.shortfalls.is_empty(), "{:?}", gathered.shortfalls);
    let evidence = gathered.loader.finish();
    let forest = Forest::of("dc1");
    let setting = Setting {
        forest: &forest,
        sync: None,
        evidence: Some(&evidence),
        connector_account: None,
        observed: Observed::default(),
        engine: EngineFindings::default(),
        licensed_groups: Known::NotAsked,
        schema_lacks: Known::NotAsked,
        on_prem_only: false,
        now: clock()(),
    };
    let report = judge(&Case::new(subject, &setting), &Choice::default());
    report.checks.iter().map(|check| (check.id, check.status)).collect()
}

#[tokio::test]
async fn asking_for_one_user_is_enough_for_its_checks() {
    let taken = json!({ "proxyAddresses": ["SMTP:new@contoso.com", "smtp:ao@contoso.com"] });
    type Prepare = fn(&mut fake::State, Value);
    let scenes: [(&str, Prepare); 4] = [
        ("in the bin", |_, _| {}),
        ("an address is taken", |state, taken| {
            state.add_user(Uuid::from_u128(7), user("new@contoso.com", taken))
        }),
        ("purged", |state, _| state.bin.clear()),
        ("another one has the UPN", |state, _| {
            state.add_user(
                Uuid::from_u128(8),
                user("anna.o'neil@contoso.com", json!({ "proxyAddresses": [] })),
            );
        }),
    ];
    for (scene, prepare) in scenes {
        let fake = tenant().await;
        prepare(&mut fake.state(), taken.clone());
        let subject = subject(&[]);
        let whole = statuses(&fake, &subject, &Wanted::Tenant).await;
        let some = statuses(&fake, &subject, &Wanted::Users(Key::of_subject(&subject))).await;
        // What needs all users of the tenant stays open.
        let differ: Vec<_> = whole
            .iter()
            .filter(|(id, status)| some[*id] != **status)
            .map(|(id, s)| (id, s, some[id]))
            .collect();
        assert!(differ.is_empty(), "{scene}: {differ:?}");
        assert_ne!(whole["cloud.retentionClock"], Status::Unknown, "{scene}");
        fake.assert_clean();
    }
}
