//! `restore --fill-from cloud`: what a deletion took comes back from the exports of the cloud, by the rules of
//! `docs/filling.md`.

mod databases;
mod events;
mod files;
mod hostile;
pub(crate) mod journal;
mod refused;
mod whole;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::ready::{Tenant, collected, tenant};
use crate::support::{Draft, Object, Run, Scene};

/// A deleted user with addresses, and what the cloud still has of it.
pub(crate) struct Lost {
    pub(crate) user: Object,
    pub(crate) address: String,
    /// What it had before it was deleted, as the directory gave it.
    pub(crate) before: Vec<(String, Vec<Vec<u8>>)>,
}

/// The attributes that are compared.
const FILLED: [&str; 9] = [
    "userPrincipalName",
    "mail",
    "proxyAddresses",
    "displayName",
    "title",
    "department",
    "telephoneNumber",
    "streetAddress",
    "mS-DS-ConsistencyGuid",
];

/// The source anchor of the user before: not its GUID.
const ANCHOR: [u8; 16] = [0xa5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xff];

/// A user with everything that the cloud knows of it, before it is added.
fn draft<'a>(scene: &'a Scene, name: &str) -> Draft<'a> {
    let address = address(scene, name);
    scene
        .user(name)
        .with("proxyAddresses", format!("SMTP:{address}"))
        .with("proxyAddresses", format!("smtp:alias.{address}"))
        .with("proxyAddresses", format!("X500:/o=Contoso/cn={}", scene.account(name)))
        .with("title", "Clerk")
        .with("department", "Sales, \u{e4}\u{f6}\u{fc}")
        .with("telephoneNumber", "+49 (30) 1234")
        .with("streetAddress", "1 Main Street\r\nBuilding 2")
        .with("mS-DS-ConsistencyGuid", ANCHOR)
        .with("description", "not synchronised")
}

fn address(scene: &Scene, name: &str) -> String {
    format!("{}@contoso.test", scene.account(name).to_lowercase())
}

pub(crate) fn lose(scene: &Scene, name: &str) -> Lost {
    let user = draft(scene, name).add();
    let entry = scene.hand().get(&user, &FILLED);
    let octets = |name: &str| {
        let mut values: Vec<Vec<u8>> = entry.octets(name).into_iter().map(<[u8]>::to_vec).collect();
        values.sort();
        values
    };
    let before = FILLED.iter().map(|name| ((*name).to_owned(), octets(name))).collect();
    scene.delete([&user]);
    Lost { address: address(scene, name), user, before }
}

/// The tenant in which it was deleted, with what was synchronised of it, and what the cloud has added.
pub(crate) fn tenant_of(scene: &Scene, lost: &Lost) -> Tenant {
    let mut tenant = tenant(scene, &lost.user, &lost.address);
    let more = json!({
        "onPremisesImmutableId": crate::support::to_base64(&ANCHOR), "displayName": lost.user.name.split_once(' ').unwrap().1,
        "jobTitle": "Clerk", "department": "Sales, \u{e4}\u{f6}\u{fc}", "businessPhones": ["+49 (30) 1234"],
        "streetAddress": "1 Main Street\r\nBuilding 2", "mobilePhone": "+49 170 1",
        "proxyAddresses": [
            format!("SMTP:{}", lost.address), format!("smtp:alias.{}", lost.address), format!("X500:/o=Contoso/cn={}", lost.user.sam),
            format!("smtp:{}@contoso.onmicrosoft.com", lost.user.sam), format!("SIP:{}", lost.address), "SPO:SPO_1@SPO_2",
        ],
    });
    change(&mut tenant, more);
    tenant
}

/// Changes the first user in the bin.
fn change(tenant: &mut Tenant, more: Value) {
    for (name, value) in more.as_object().unwrap() {
        tenant.deleted[0][name] = value.clone();
    }
}

/// `restore --fill-from cloud`, before it is started.
fn filling(scene: &Scene, user: &Object, folder: &Path) -> Run {
    scene.restoring(user).args(["--fill-from", "cloud", "--evidence"]).arg(folder)
}

/// What the directory has of it now, of the attributes that are compared.
pub(crate) fn now(scene: &Scene, lost: &Lost) -> Vec<(String, Vec<Vec<u8>>)> {
    let entry = scene.hand().get(&lost.user, &FILLED);
    let octets = |name: &str| {
        let mut values: Vec<Vec<u8>> = entry.octets(name).into_iter().map(<[u8]>::to_vec).collect();
        values.sort();
        values
    };
    FILLED.iter().map(|name| ((*name).to_owned(), octets(name))).collect()
}

fn steps(report: &Value) -> Vec<String> {
    let steps = report["steps"].as_array().unwrap().iter();
    let named = |s: &Value| s["attribute"].as_str().or(s["step"].as_str()).unwrap().to_owned();
    steps.map(|step| format!("{} {}", named(step), step["status"].as_str().unwrap())).collect()
}

fn warnings(report: &Value) -> String {
    let all = report["warnings"].as_array().unwrap().iter().map(|w| w.as_str().unwrap());
    all.collect::<Vec<_>>().join("\n")
}

pub(crate) fn evidence(scene: &Scene, tenant: Tenant) -> PathBuf {
    collected(scene, tenant)
}
