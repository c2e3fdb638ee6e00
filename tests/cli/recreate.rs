//! `recreate`: a new object in the place of one that is gone for good.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Ldif, Object, Run, Scene};

fn export(scene: &Scene, name: &str) -> PathBuf {
    let wanted = format!("(|(cn={}*)(ou={}*))", scene.tag, scene.tag);
    scene.file_with(name, scene.hand().export(&["-LLL", "-b", &scene.lab.base, &wanted, "*", "memberOf"]))
}

/// Removes what is left of deleted objects, as the directory does when their lifetime is over: behind the server's back, since no
/// LDAP request does it.
fn expunge(scene: &Scene, objects: &[&Object]) {
    for object in objects {
        let dn = scene.hand().get(object, &["isDeleted"]).dn;
        let mut tool = Command::new("ldbdel");
        tool.args(["-H", scene.lab.setting("LAB_SAM_LDB"), "--show-deleted", "--relax", &dn]);
        let done = tool.output().unwrap_or_else(|e| panic!("{tool:?}: {e} (package ldb-tools)"));
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        assert!(scene.hand().find(object, &["isDeleted"]).is_none());
    }
}

fn recreating(scene: &Scene, guid: &str, file: &Path) -> Run {
    recreating_as(scene, "json", guid, file)
}

fn recreating_as(scene: &Scene, format: &str, guid: &str, file: &Path) -> Run {
    let source = format!("ldif:{}", file.display());
    let run = scene.program().args(["recreate", "-o", format, "--yes", "--guid", guid]);
    run.args(["--fill-from", &source, "--groups-from", &source])
}

#[test]
fn a_user_that_is_gone_for_good_is_created_anew_with_attributes_groups_and_password() {
    let Some(scene) = Scene::new() else { return };
    let address = format!("{}@contoso.test", scene.account("Anna").to_lowercase());
    let [boss, report, group] = scene.add([scene.user("Boss"), scene.user("Report"), scene.group("Group")]);
    let anna = scene
        .user("Anna")
        .with("proxyAddresses", format!("SMTP:{address}"))
        .with("title", "Clerk")
        .with("manager", &boss.dn)
        .with("mS-DS-ConsistencyGuid", [7; 16])
        .add();
    let links = Ldif::default().add_values(&group.dn, "member", &[&anna.dn]).add_values(
        &report.dn,
        "manager",
        &[&anna.dn],
    );
    scene.hand().change(&links);
    let upn = scene.hand().get(&anna, &["userPrincipalName"]).text("userPrincipalName");
    let file = export(&scene, "export.ldf");
    recreating(&scene, &anna.guid, &file).run().exits(6).says("the object is there");
    scene.delete([&anna]);
    let out = recreating(&scene, &anna.guid, &file).run().exits(6);
    assert_eq!(out.blocks(), ["state.restorable"], "{out}");
    assert!(out.object()["blockedBy"][0]["wayOut"].as_str().unwrap().contains("restore --guid"), "{out}");
    expunge(&scene, &[&anna]);
    let dry = recreating_as(&scene, "table", &anna.guid, &file).arg("--dry-run").run().exits(0);
    dry.says("create a new object of the class user")
        .says("its objectSid: permissions on files")
        .says("--keep-anchor gives it the old anchor (its mS-DS-ConsistencyGuid)");
    let passwords = scene.secret_path("passwords.csv");
    let generate = format!("--generate-password={}", passwords.display());
    let out = recreating(&scene, &anna.guid, &file).args(["--enable", &generate]).run().exits(0);
    let told = out.object();
    assert_eq!((&told["outcome"], &told["verified"]), (&"restored".into(), &true.into()), "{out}");
    let new = told["guid"].as_str().unwrap().to_owned();
    assert_ne!(new, anna.guid);
    assert!(std::fs::read_to_string(&passwords).unwrap().contains(&new), "the file names the new object");
    let entry = scene.hand().get(&new, &["*", "memberOf"]);
    assert_eq!(entry.dn, anna.dn);
    assert_eq!(
        (entry.text("userPrincipalName"), entry.text("title"), entry.text("manager")),
        (upn, "Clerk".into(), boss.dn.clone())
    );
    assert_eq!(entry.texts("proxyAddresses"), [format!("SMTP:{address}")]);
    assert_eq!(entry.texts("memberOf"), [group.dn.as_str()]);
    assert!(entry.is_enabled() && !entry.has("mS-DS-ConsistencyGuid"));
    assert_eq!(scene.hand().get(&report, &["manager"]).text("manager"), anna.dn, "what others pointed with");
    // Again: it is known.
    let again = recreating(&scene, &anna.guid, &file).run().exits(0);
    assert_eq!(
        (&again.object()["outcome"], &again.object()["guid"]),
        (&"alreadyRestored".into(), &new.as_str().into()),
        "{again}"
    );
    // And back: disabled first, deleted where that is asked for.
    let operation = out.json()["operation"].as_str().unwrap().to_owned();
    scene.program().args(["operations", "-o", "json"]).run().exits(0).says("\"recreate\"");
    scene.program().args(["undo", "-o", "json", "--yes", &operation]).run();
    assert!(!scene.hand().get(&new, &["userAccountControl"]).is_enabled());
    assert!(!scene.hand().get(&new, &["memberOf"]).has("memberOf"));
    let second = recreating(&scene, &anna.guid, &file).run().exits(0);
    assert_eq!(second.object()["guid"], new.as_str(), "{second}");
    scene.program().args(["undo", "-o", "json", "--yes", "--delete-again", &operation]).run();
    assert!(scene.hand().is_deleted(&new));
}

#[test]
fn the_anchor_is_kept_where_that_is_asked_for_and_nobody_has_it() {
    let Some(scene) = Scene::new() else { return };
    let anna = scene.user("Anna").with("title", "Clerk").add();
    let file = export(&scene, "export.ldf");
    scene.delete([&anna]);
    expunge(&scene, &[&anna]);
    let out = recreating(&scene, &anna.guid, &file).args([
        "--keep-anchor",
        "--to",
        scene.ou(),
        "--new-name",
        "Anna Anew",
    ]);
    let out = out.run().exits(0);
    assert!(out.object()["warnings"].to_string().contains("onPremisesObjectIdentifier"), "{out}");
    let new = out.object()["guid"].as_str().unwrap().to_owned();
    let entry = scene.hand().get(&new, &["mS-DS-ConsistencyGuid", "cn"]);
    assert_eq!(entry.text("cn"), "Anna Anew");
    let uuid: Vec<u8> = wire(&anna.guid);
    assert_eq!(entry.octets("mS-DS-ConsistencyGuid"), [uuid.as_slice()], "the old objectGUID");
    assert!(!scene.hand().get(&new, &["userAccountControl"]).is_enabled());
    // Somebody else must not have it.
    scene.hand().change(&Ldif::default().delete(&entry.dn));
    let thief = scene.user("Thief").with("mS-DS-ConsistencyGuid", &uuid).add();
    let out = recreating(&scene, &anna.guid, &file).arg("--keep-anchor").run().exits(6);
    assert_eq!(out.blocks(), ["anchor.taken"], "{out}");
    assert_eq!(out.object()["blockedBy"][0]["object"], thief.dn.as_str());
}

/// The octets of a GUID as the directory keeps them.
fn wire(guid: &str) -> Vec<u8> {
    let hex: String = guid.chars().filter(|c| *c != '-').collect();
    let octets: Vec<u8> = (0..16).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect();
    [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map(|i| octets[i]).into()
}

#[test]
fn groups_and_contacts_come_with_what_they_were_and_names_that_are_taken_block() {
    let Some(scene) = Scene::new() else { return };
    let [anna, outer] = scene.add([scene.user("Anna"), scene.group("Outer")]);
    let team = scene.group("Team").with("description", "the team").add();
    let mail = format!("{}@elsewhere.test", scene.tag);
    let contact = scene.contact("Contact").with("mail", &mail).add();
    let links = Ldif::default().add_values(&team.dn, "member", &[&anna.dn, &contact.dn]).add_values(
        &outer.dn,
        "member",
        &[&team.dn],
    );
    scene.hand().change(&links);
    let kind = scene.hand().get(&team, &["groupType"]).text("groupType");
    let file = export(&scene, "export.ldf");
    scene.delete([&team, &contact]);
    expunge(&scene, &[&team, &contact]);
    // Its group is gone, too.
    let out = recreating(&scene, &contact.guid, &file).run().exits(3).says("is not a group of this domain");
    let new_contact = out.object()["guid"].as_str().unwrap().to_owned();
    assert_eq!(scene.hand().get(&new_contact, &["mail"]).text("mail"), mail);
    // Its account name is somebody else's by now.
    let thief = scene.group("Thief").set("sAMAccountName", scene.account("Team")).add();
    let out = recreating(&scene, &team.guid, &file).run().exits(6);
    assert_eq!(out.blocks(), ["name.samAccountName"], "{out}");
    scene.delete([&thief]);
    let out = recreating(&scene, &team.guid, &file).run().exits(0);
    let entry = scene
        .hand()
        .get(out.object()["guid"].as_str().unwrap(), &["groupType", "member", "memberOf", "description"]);
    assert_eq!((entry.text("groupType"), entry.text("description")), (kind, "the team".to_owned()));
    assert_eq!(entry.texts("memberOf"), [outer.dn.as_str()]);
    // The export names its members: the contact that was created anew has the name of the old one.
    assert_eq!(entry.texts("member"), [anna.dn.as_str(), contact.dn.as_str()]);
}

#[test]
fn what_no_source_has_or_cannot_be_made_is_said() {
    let Some(scene) = Scene::new() else { return };
    let anna = scene.user("Anna").add();
    let file = export(&scene, "export.ldf");
    let source = format!("ldif:{}", file.display());
    let other = "00000000-0000-4000-8000-000000000001";
    scene
        .program()
        .args(["recreate", "--guid", other, "--fill-from", &source])
        .run()
        .exits(4)
        .says("no source has an object");
    scene.program().args(["recreate", "nobody-here", "--fill-from", &source]).run().exits(4);
    scene.program().args(["recreate", "--guid", other]).run().exits(2).says("which source has the object");
    scene.program().args(["recreate", "--fill-from", &source]).run().exits(2);
    // By its account name, too.
    let account = scene.account("Anna");
    let out =
        scene.program().args(["recreate", "-o", "json", &account, "--fill-from", &source]).run().exits(6);
    assert_eq!(out.object()["guid"], anna.guid.as_str(), "{out}");
}
