//! Everything that is known about one object.

use serde_json::Value;

use crate::support::{Ldif, Output, Scene};

fn show(scene: &Scene, arguments: &[&str]) -> Output {
    scene.program().args(["show", "-o", "json"]).args(arguments).run()
}

#[test]
fn a_deleted_object_under_each_of_its_names() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Named").deleted();
    let mangled = scene.hand().get(&user, &["isDeleted"]).dn;
    let item = show(&scene, &["--guid", &user.guid]).exits(0).json();
    assert_eq!(item["schema"], "adrecover/show/v1");
    let sid = item["sid"].as_str().unwrap();
    let names = [
        vec![user.guid.as_str()],
        vec![&user.sam],
        vec![&user.name],
        vec![sid],
        vec![&user.dn],
        vec![&mangled],
        vec!["--dn", &user.dn],
        vec!["--dn", &mangled],
    ];
    for arguments in names {
        assert_eq!(show(&scene, &arguments).exits(0).json()["guid"], user.guid.as_str(), "{arguments:?}");
    }
    let braces = format!("{{{}}}", user.guid.to_uppercase());
    assert_eq!(show(&scene, &[&braces]).exits(0).json()["guid"], user.guid.as_str());
}

#[test]
fn what_survives_and_what_the_deletion_took() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Shown").with("title", "Clerk").with("uid", "kept").deleted();
    let item = show(&scene, &[&user.guid]).exits(0).json();
    assert_eq!((&item["state"], &item["restorable"]), (&"tombstone".into(), &true.into()));
    assert_eq!(item["attributes"]["uid"], serde_json::json!(["kept"]));
    assert_eq!(item["attributes"]["sAMAccountName"], serde_json::json!([user.sam]));
    let stripped: Vec<&str> =
        item["stripped"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
    for name in ["title", "mail", "displayName", "userPrincipalName"] {
        assert!(stripped.contains(&name), "{stripped:?}");
    }
    assert!(!stripped.contains(&"uid"));
    let deletion =
        item["metadata"].as_array().unwrap().iter().find(|s| s["attribute"] == "isDeleted").unwrap();
    assert_eq!((&deletion["changedAt"], &deletion["changedOn"]), (&item["deletedAt"], &"DC1".into()));

    let people = scene.run(["show", &user.guid]).exits(0);
    people.says("--upn").says(&format!("adrecover restore --guid {} --dry-run", user.guid)).says("title");
}

#[test]
fn values_are_decoded() {
    let Some(scene) = Scene::new() else { return };
    let user = scene
        .user("Decoded")
        .with("thumbnailPhoto", [0xff, 0xd8, 0xff])
        .with("accountExpires", "132000000000000000")
        .with("description", "20261101")
        .add();
    let item = show(&scene, &[&user.guid]).exits(0).json();
    let value = |name: &str| item["attributes"][name][0].as_str().unwrap_or_default().to_owned();
    assert_eq!((&item["state"], &item["deletedAt"]), (&"live".into(), &Value::Null));
    assert_eq!(value("objectGUID"), user.guid);
    assert!(value("objectSid").starts_with("S-1-5-21-"));
    assert_eq!(value("thumbnailPhoto"), "base64:/9j/");
    assert_eq!(value("accountExpires"), "2019-04-17T18:40:00Z");
    assert_eq!(value("description"), "20261101");
    assert!(value("whenCreated").ends_with('Z') && value("whenCreated").contains('T'));
    scene.run(["show", &user.guid]).exits(0).says("512  (user)").says("there is nothing to restore");
}

#[test]
fn secrets_are_named_and_not_shown() {
    let Some(scene) = Scene::new() else { return };
    let key = "654321-654321-654321-654321-654321-654321-654321-654321";
    scene.keep_secret(key);
    scene.keep_secret("roaming-stamp-16");
    let pc = scene.computer("sec").add();
    let recovery = scene.draft("CN", "msFVE-RecoveryInformation", "recovery").below(&pc.dn);
    let recovery = recovery.with("msFVE-RecoveryGuid", [9; 16]).with("msFVE-RecoveryPassword", key).add();
    // Confidential by its flag in the schema, not by its name.
    let user = scene.user("Roaming").with("msPKIRoamingTimeStamp", "roaming-stamp-16").add();
    for (object, attribute) in [(&recovery, "msFVE-RecoveryPassword"), (&user, "msPKIRoamingTimeStamp")] {
        let item = show(&scene, &[&object.guid]).exits(0).json();
        assert!(item["concealed"].as_array().unwrap().contains(&attribute.into()), "{item}");
        assert_eq!(item["attributes"][attribute], Value::Null);
        scene.run(["show", &object.guid]).exits(0).says(attribute).says("not shown");
        scene.run(["show", &object.guid, "-o", "csv"]).exits(0);
    }
    scene.hand().change(&Ldif::default().delete(&recovery.dn));
    show(&scene, &[&recovery.guid]).exits(0);
}

#[test]
fn how_to_restore_what_is_not_simple() {
    let Some(scene) = Scene::new() else { return };
    let unit = scene.unit("Gone").add();
    let user = scene.user("Orphan").below(&unit.dn).add();
    scene.hand().change(&Ldif::default().delete_tree(&unit.dn));
    let out = scene.run(["show", &user.guid]).exits(0);
    out.says(&format!("adrecover restore --tree {} --dry-run", unit.guid));

    let Some(scene) = Scene::with_bin() else { return };
    let guid = |label: &str| scene.lab.seed(label)["guid"].as_str().unwrap().to_owned();
    let out = scene.run(["show", &guid("recycled-user")]);
    out.exits(0).says("no domain controller can undelete it any more");
    scene.run(["show", &guid("UserA")]).exits(0).says("cannot undelete");
}

#[test]
fn nobody_and_too_many() {
    let Some(scene) = Scene::new() else { return };
    let out = show(&scene, &[&format!("{} nobody", scene.tag)]).exits(4);
    assert_eq!(out.error()["kind"], "notFound");
    show(&scene, &["--guid", "3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f"]).exits(4);
    let twin = scene.user("Twin").deleted();
    let live = scene.user("Twin").add();
    let out = show(&scene, &[&twin.name]).exits(5);
    let candidates = out.error()["candidates"].to_string();
    assert!(candidates.contains(&twin.guid) && candidates.contains(&live.guid), "{out}");
}

#[test]
fn a_logon_name_that_the_bin_kept() {
    let Some(scene) = Scene::with_bin() else { return };
    let user = scene.user("Upn").deleted();
    let upn = format!("{}@contoso.test", user.sam.to_lowercase());
    assert_eq!(show(&scene, &[&upn]).exits(0).json()["guid"], user.guid.as_str());
}
