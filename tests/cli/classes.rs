//! Every class of object comes back, and what its restore cannot bring back is said before and after.

use serde_json::Value;

use crate::support::{Draft, Ldif, Object, Scene, escape_dn};

/// Deletes an object, restores it, looks at it with another client, and gives the report. `loss` is a part of what the
/// plan and the report must say is not brought back.
fn comes_back(scene: &Scene, draft: Draft<'_>, kind: &str, loss: &str) -> (Object, Value) {
    let object = draft.deleted();
    let listed = scene.list([&object.name]).exits(0).json();
    assert_eq!(listed["items"][0]["type"], kind);

    let dry = scene.restore(&object, ["--dry-run"]).exits(0);
    assert!(dry.object()["losses"].to_string().contains(loss), "{dry}");
    scene.run(["restore", "--guid", &object.guid, "--dry-run"]).exits(0).says("brought back").says(loss);
    assert!(scene.hand().is_deleted(&object));

    let out = scene.restore(&object, [""; 0]).exits(0);
    let report = out.object();
    assert_eq!(report["outcome"], "restored", "{out}");
    assert_eq!(report["verified"], true, "{out}");
    assert!(report["losses"].to_string().contains(loss), "{out}");
    assert_eq!(report["dn"], object.dn.as_str());

    let entry = scene.hand().get(&object, &["isDeleted"]);
    assert_eq!((entry.dn.as_str(), entry.has("isDeleted")), (object.dn.as_str(), false));
    (object, report)
}

fn missing(report: &Value) -> Vec<&str> {
    report["stillMissing"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect()
}

#[test]
fn a_user_comes_back_disabled_without_its_password_groups_and_addresses() {
    let Some(scene) = Scene::new() else { return };
    let draft = scene.user("Anna").with("proxyAddresses", "SMTP:anna@contoso.test").with("title", "Clerk");
    let (anna, report) = comes_back(&scene, draft, "user", "the password is lost");
    assert_eq!(missing(&report), ["displayName", "mail", "proxyAddresses", "title", "userPrincipalName"]);
    let next = report["next"].to_string();
    assert!(next.contains(&format!("adrecover restore --guid {} --upn", anna.guid)), "{next}");
    let entry = scene.hand().get(&anna, &["userAccountControl", "sAMAccountName", "mail", "objectCategory"]);
    assert_eq!(entry.text("sAMAccountName"), anna.sam);
    assert!(!entry.is_enabled() && !entry.has("mail") && entry.has("objectCategory"));
}

#[test]
fn an_inet_org_person_is_a_user() {
    let Some(scene) = Scene::new() else { return };
    let draft = scene.user("Ira").set("objectClass", "inetOrgPerson");
    let (ira, _) = comes_back(&scene, draft, "user", "group memberships are lost");
    let entry = scene.hand().get(&ira, &["objectClass", "userAccountControl"]);
    assert!(entry.texts("objectClass").contains(&"inetOrgPerson".to_owned()) && !entry.is_enabled());
}

#[test]
fn a_group_comes_back_without_its_members() {
    let Some(scene) = Scene::new() else { return };
    let member = scene.user("Mia").add();
    let draft = scene.group("Team").with("member", &member.dn).with("description", "all of us");
    let (team, report) = comes_back(&scene, draft, "group", "the list of members is lost");
    assert_eq!(missing(&report), ["description"]);
    let entry = scene.hand().get(&team, &["member", "groupType", "sAMAccountType"]);
    assert!(!entry.has("member"));
    assert_eq!(entry.text("groupType"), "-2147483646");
    assert_eq!(entry.text("sAMAccountType"), "268435456");
}

#[test]
fn a_contact_comes_back_without_its_addresses() {
    let Some(scene) = Scene::new() else { return };
    let draft = scene.contact("Casey").with("mail", "casey@partner.test").with("displayName", "Casey");
    let (_, report) = comes_back(&scene, draft, "contact", "mail addresses");
    assert_eq!(missing(&report), ["displayName", "mail"]);
}

#[test]
fn a_computer_comes_back_disabled_and_must_join_again() {
    let Some(scene) = Scene::new() else { return };
    let draft = scene.computer("pc").with("servicePrincipalName", format!("HOST/{}pc", scene.tag));
    let (pc, report) = comes_back(&scene, draft, "computer", "Reset-ComputerMachinePassword");
    assert!(missing(&report).contains(&"servicePrincipalName"), "{report}");
    assert!(!scene.hand().get(&pc, &["userAccountControl"]).is_enabled());
}

#[test]
fn a_computers_recovery_keys_come_back_with_it_where_asked_for() {
    let Some(scene) = Scene::new() else { return };
    let key = "123456-123456-123456-123456-123456-123456-123456-123456";
    scene.keep_secret(key);
    let pc = scene.computer("pc2").add();
    let recovery = scene
        .draft("CN", "msFVE-RecoveryInformation", "key {1}")
        .below(&pc.dn)
        .with("msFVE-RecoveryGuid", [7; 16])
        .with("msFVE-RecoveryPassword", key)
        .add();
    scene.hand().change(&Ldif::default().delete_tree(&pc.dn));

    let alone = scene.restore(&pc, ["--dry-run"]).exits(0).object();
    let warning = "1 deleted object(s) hung below it (msFVE-RecoveryInformation); --include-children";
    assert!(alone["warnings"].to_string().contains(warning), "{alone}");

    let out = scene.restore(&pc, ["--include-children"]).exits(0);
    assert_eq!(out.guids(), [pc.guid.as_str(), recovery.guid.as_str()]);
    let entry = scene.hand().get(&recovery, &["msFVE-RecoveryPassword"]);
    assert_eq!(
        (entry.dn.as_str(), entry.text("msFVE-RecoveryPassword").as_str()),
        (recovery.dn.as_str(), key)
    );
}

#[test]
fn an_organizational_unit_comes_back_without_its_policy_links() {
    let Some(scene) = Scene::new() else { return };
    let draft = scene.unit("Office").with("description", "An office").with("gPOptions", "1");
    let (_, report) = comes_back(&scene, draft, "ou", "links to group policies");
    assert_eq!(missing(&report), ["description", "gPOptions"]);
}

#[test]
fn a_container_comes_back() {
    let Some(scene) = Scene::new() else { return };
    let draft = scene.draft("CN", "container", "Box").with("description", "A box");
    let (_, report) = comes_back(&scene, draft, "container", "description");
    assert_eq!(missing(&report), ["description"]);
}

/// Samba (and the schema) want the password interval, which the deletion takes and which nobody can set later.
#[test]
fn a_group_managed_service_account_comes_back() {
    let Some(scene) = Scene::new() else { return };
    let draft = scene
        .draft("CN", "msDS-GroupManagedServiceAccount", "gmsa")
        .with("sAMAccountName", format!("{}gmsa$", scene.tag))
        .with("userAccountControl", "4096")
        .with("msDS-ManagedPasswordInterval", "30");
    let (gmsa, _) = comes_back(&scene, draft, "gmsa", "the managed password");
    let entry = scene.hand().get(&gmsa, &["userAccountControl", "msDS-ManagedPasswordInterval"]);
    assert!(!entry.is_enabled() && entry.has("msDS-ManagedPasswordInterval"));
}

#[test]
fn an_object_of_another_partition_comes_back() {
    let Some(scene) = Scene::new() else { return };
    let services = format!("CN=Services,CN=Configuration,{}", scene.lab.base);
    let name = format!("{} Application", scene.tag);
    let dn = format!("CN={},{services}", escape_dn(&name));
    scene.hand().change(&Ldif::default().add(&dn, &[("objectClass".into(), "container")]).delete(&dn));
    let listed = scene.list([name.as_str(), "--partition", "configuration"]).exits(0);
    let guid = listed.guids().remove(0);
    let out = scene.run(["restore", "-o", "json", "--yes", "--guid", &guid]).exits(0);
    assert_eq!(out.object()["dn"], dn.as_str(), "{out}");
    assert_eq!(scene.hand().get(&guid, &["isDeleted"]).dn, dn);
    scene.hand().change(&Ldif::default().delete(&dn));
}
