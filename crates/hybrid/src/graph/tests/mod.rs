//! Tests against the stand-in: each request is held against the description, each fault has an end.

mod auth;
mod changes;
mod evidence;
mod faults;
mod preflight;
mod secrets;
mod tls;
mod transport;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::DateTime;
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

use super::fake::Fake;
use super::*;

/// A certificate with its key, made for these tests and used by nothing else.
const PEM: &[u8] = include_bytes!("app.pem");
/// The same key in PKCS #1.
const PKCS1: &[u8] = include_bytes!("app-pkcs1.pem");

pub(crate) const ANNA: Uuid = Uuid::from_u128(0x8d4e6b2a_1f3c_4a5b_9c7d_0123456789ab);
pub(crate) const BERT: Uuid = Uuid::from_u128(0x8d4e6b2a_1f3c_4a5b_9c7d_0123456789ac);
pub(crate) const SKU: Uuid = Uuid::from_u128(0x05e9a617_0261_4cee_bb44_138d3ef5d965);
const SALES: Uuid = Uuid::from_u128(0x11111111_0261_4cee_bb44_138d3ef5d965);
pub(crate) const ANCHOR: &str = "KmtOjTwfW0qcfQEjRWeJqw==";
pub(crate) const SID: &str = "S-1-5-21-1-2-3-1104";
pub(crate) const DELETED: &str = "2026-11-20T08:00:00Z";

/// What was waited for.
pub(crate) type Waits = Arc<Mutex<Vec<Duration>>>;

pub(crate) fn clock() -> Clock {
    Arc::new(|| DateTime::from_timestamp(1_795_687_200, 0).unwrap())
}

fn limits() -> Limits {
    Limits {
        answer: Duration::from_millis(400),
        connect: Duration::from_secs(2),
        octets: 1 << 20,
        pages: 40,
        ..Limits::default()
    }
}

fn client_with(fake: &Fake, sign_in: SignIn, limits: Limits) -> (Client, Waits) {
    let waits = Waits::default();
    let client = Client::new(sign_in, fake.endpoint(), limits, clock(), None).unwrap();
    (client.hurry(Arc::clone(&waits)), waits)
}

pub(crate) fn client(fake: &Fake) -> (Client, Waits) {
    client_with(fake, fake.sign_in(), limits())
}

pub(crate) fn user(upn: &str, more: Value) -> Value {
    let mut user = json!({
        "displayName": upn, "userPrincipalName": upn, "accountEnabled": true, "onPremisesSyncEnabled": true,
        "proxyAddresses": [format!("SMTP:{upn}")], "deletedDateTime": null
    });
    for (name, value) in more.as_object().unwrap() {
        user[name.as_str()] = value.clone();
    }
    user
}

/// A tenant with Anna in the bin, Bert alive, and some of everything else.
pub(crate) async fn tenant() -> Fake {
    let fake = Fake::start().await;
    let mut state = fake.state();
    state.add_user(
        ANNA,
        user(
            "anna.o'neil@contoso.com",
            json!({
                "onPremisesImmutableId": ANCHOR, "onPremisesSecurityIdentifier": SID, "onPremisesSamAccountName": "anna",
                "proxyAddresses": ["SMTP:anna.o'neil@contoso.com", "smtp:ao@contoso.com"], "usageLocation": "DE",
                "licenseAssignmentStates": [{ "skuId": SKU, "assignedByGroup": SALES, "state": "Active", "error": "None" }],
                "onPremisesObjectIdentifier": "2a6b4e8d-3c1f-5b4a-9c7d-0123456789ab"
            }),
        ),
    );
    state.delete_user(ANNA, DELETED);
    state.add_user(BERT, user("bert@contoso.com", json!({ "usageLocation": "DE", "assignedLicenses": [] })));
    state.lists.insert(
        "domains",
        vec![json!({ "id": "contoso.com", "isVerified": true, "authenticationType": "Managed" })],
    );
    state.lists.insert(
        "organization",
        vec![json!({ "id": Uuid::nil(), "displayName": "Contoso", "onPremisesSyncEnabled": true })],
    );
    state.lists.insert(
        "subscribedSkus",
        vec![json!({ "skuId": SKU, "skuPartNumber": "SPE_E3", "consumedUnits": 3, "prepaidUnits": { "enabled": 10 }, "capabilityStatus": "Enabled", "servicePlans": [] })],
    );
    state.lists.insert("groups", vec![json!({ "id": SALES, "displayName": "Sales", "assignedLicenses": [{ "skuId": SKU, "disabledPlans": [] }], "proxyAddresses": ["SMTP:sales@contoso.com"] })]);
    state.lists.insert(
        "contacts",
        vec![
            json!({ "id": Uuid::nil(), "displayName": "Carl", "proxyAddresses": ["SMTP:carl@fabrikam.com"] }),
        ],
    );
    state.lists.insert("roleDefinitions", vec![json!({ "id": SKU, "displayName": "Global Administrator", "isPrivileged": true, "isBuiltIn": true })]);
    state.lists.insert(
        "roleAssignments",
        vec![json!({ "id": "a", "principalId": BERT, "roleDefinitionId": SKU, "directoryScopeId": "/" })],
    );
    state.lists.insert(
        "onPremisesSynchronization",
        vec![
            json!({ "id": Uuid::nil(), "features": { "blockSoftMatchEnabled": false }, "configuration": {} }),
        ],
    );
    drop(state);
    fake
}

fn secret(text: &str) -> Credential {
    Credential::Secret(SecretString::from(text.to_owned()))
}

fn sign_in(credential: Credential) -> SignIn {
    SignIn::new(fake::TENANT, fake::CLIENT, credential).unwrap()
}

fn seconds(waits: &Waits) -> Vec<u64> {
    waits.lock().unwrap().iter().map(Duration::as_secs).collect()
}
