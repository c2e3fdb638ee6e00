//! Objects that are never restored, because their other half is not in the directory.
//!
//! Trusts and what only the system creates are such objects too, but the server lets nobody make one.

use super::{blocked, in_the_way};
use crate::support::Scene;

#[test]
fn key_accounts_of_kerberos() {
    let Some(scene) = Scene::new() else { return };
    let account = scene.user("rodc").set("sAMAccountName", format!("krbtgt_{}", scene.tag)).deleted();
    let out = blocked(&scene, &account, &[], 6, &["class.krbtgt"]);
    assert!(!in_the_way(&out).1.is_empty());
    let listed = scene.list([&account.name]).exits(0).json();
    assert_eq!(listed["items"][0]["restorable"], false);
    assert_eq!(listed["items"][0]["notRestorableBecause"], "class");
}

#[test]
fn accounts_of_domain_controllers() {
    let Some(scene) = Scene::new() else { return };
    let account = scene.computer("dc7").set("userAccountControl", "532480").deleted();
    blocked(&scene, &account, &[], 6, &["class.domainController"]);
    // No option gets past it.
    let out = scene.restore(&account, ["--allow-privileged"]).exits(6);
    assert!(out.blocks().contains(&"class.domainController".to_owned()), "{out}");
}

#[test]
fn group_policies() {
    let Some(scene) = Scene::new() else { return };
    let policies = format!("CN=Policies,CN=System,{}", scene.lab.base);
    let policy = scene.draft("CN", "groupPolicyContainer", "policy").below(policies).deleted();
    blocked(&scene, &policy, &[], 6, &["class.groupPolicy"]);
    scene.run(["show", &policy.guid]).exits(0).says("SYSVOL");
}

#[test]
fn server_objects() {
    let Some(scene) = Scene::new() else { return };
    let servers =
        format!("CN=Servers,CN=Default-First-Site-Name,CN=Sites,CN=Configuration,{}", scene.lab.base);
    let hand = scene.hand();
    let dn = format!("CN={},{servers}", scene.tag);
    let add = crate::support::Ldif::default().add(&dn, &[("objectClass".to_owned(), "server")]);
    hand.change(&add.delete(&dn));
    // Such an object stays where it was when it is deleted.
    let found = hand.search_in(&servers, "one", &format!("(name={}*)", scene.tag), &["name"]).remove(0);
    let name = found.text("name");
    let (_, guid) = name.split_once("DEL:").unwrap();
    let out = scene.run(["restore", "-o", "json", "--yes", "--guid", guid]).exits(6);
    assert_eq!(out.blocks(), ["class.domainController"], "{out}");
}
