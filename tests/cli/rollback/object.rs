//! One object.

use super::{back, by_hand, change, changed, moment, notes, rolling};
use crate::support::{Keeper, Ldif, Scene};

#[test]
fn one_attribute() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Anna").with("department", "Sales").with("title", "Clerk").add();
    let keeper = Keeper::begin(&scene);
    let then = moment();
    let wrong =
        Ldif::default().replace(&user.dn, "department", &["wrong"]).replace(&user.dn, "title", &["wrong"]);
    scene.hand().change(&wrong);
    keeper.follow();
    let out = back(&scene, &keeper, &user, &then, &["--attribute", "Department"]).exits(0);
    let object = out.object();
    assert_eq!((&object["outcome"], &object["verified"]), (&"restored".into(), &true.into()), "{out}");
    assert_eq!(changed(&object), ["department"]);
    let line = change(&object, "department");
    assert_eq!((&line["now"][0], &line["then"][0]), (&"wrong".into(), &"Sales".into()));
    assert!(line["changedAt"].is_string() && line["changedOn"].is_string(), "{line}");
    let entry = scene.hand().get(&user, &["department", "title"]);
    assert_eq!((entry.text("department"), entry.text("title")), ("Sales".into(), "wrong".into()));
    // Again nothing.
    let again = back(&scene, &keeper, &user, &then, &["--attribute", "department"]).exits(0);
    assert_eq!(
        (&again.object()["outcome"], &again.json()["operation"]),
        (&"alreadyRestored".into(), &().into())
    );
    // The diff for people.
    let table =
        scene.program().args(["rollback", "--dry-run", "--guid", &user.guid, "--to", &then, "--journal"]);
    table.arg(keeper.path()).run().exits(0).says("- wrong").says("+ Clerk").says("(changed 20");
}

#[test]
fn the_whole_object_with_groups_manager_name_and_place() {
    let Some(scene) = Scene::new() else { return };
    let [boss, other] = scene.add([scene.user("Boss"), scene.user("Other")]);
    let [a, b, c] = scene.add([scene.group("A"), scene.group("B"), scene.group("C")]);
    let [unit] = scene.add([scene.unit("Unit")]);
    let photo: Vec<u8> = (0..=255).chain([0xff, 0xd8, 0]).collect();
    let user = scene
        .user("Anna")
        .with("description", "as it was")
        .with("otherTelephone", "1")
        .with("otherTelephone", "2")
        .with("thumbnailPhoto", &photo)
        .with("scriptPath", "logon.cmd")
        .with("manager", &boss.dn)
        .add();
    scene.hand().change(&Ldif::default().add_values(&a.dn, "member", &[&user.dn]).add_values(
        &b.dn,
        "member",
        &[&user.dn],
    ));
    let keeper = Keeper::begin(&scene);
    let then = moment();
    let none: [&str; 0] = [];
    let new = format!("CN={} Renamed,{}", scene.tag, unit.dn);
    let wrong = Ldif::default()
        .replace(&user.dn, "description", &["wrong"])
        .replace(&user.dn, "otherTelephone", &["2", "3"])
        .replace(&user.dn, "thumbnailPhoto", &none)
        .replace(&user.dn, "info", &["was never there"])
        .replace(&user.dn, "scriptPath", &["evil.cmd"])
        .replace(&user.dn, "manager", &[&other.dn])
        .replace(&user.dn, "userPrincipalName", &[format!("{}@other.test", user.sam.to_lowercase())])
        .replace(&a.dn, "member", &none)
        .add_values(&c.dn, "member", &[&user.dn]);
    scene.hand().change(&wrong);
    scene.hand().change(&Ldif::raw(format!(
        "dn: {}\nchangetype: modrdn\nnewrdn: CN={} Renamed\ndeleteoldrdn: 1\nnewsuperior: {}\n\n",
        user.dn, scene.tag, unit.dn
    )));
    assert_eq!(scene.hand().get(&user, &["cn"]).dn, new);
    keeper.follow();
    let out = back(&scene, &keeper, &user, &then, &[]).exits(0);
    let object = out.object();
    assert_eq!((&object["outcome"], &object["verified"]), (&"restored".into(), &true.into()), "{out}");
    assert!(notes(&object).contains("--attribute scriptPath"), "{out}");
    let names = ["*", "memberOf"];
    let entry = scene.hand().get(&user, &names);
    assert_eq!(entry.dn, user.dn);
    assert_eq!(entry.text("description"), "as it was");
    assert_eq!(entry.texts("otherTelephone"), ["1", "2"]);
    assert_eq!(entry.octets("thumbnailPhoto"), [photo.as_slice()]);
    assert!(!entry.has("info"));
    assert_eq!(entry.text("manager"), boss.dn);
    assert_eq!(entry.text("userPrincipalName"), format!("{}@contoso.test", user.sam.to_lowercase()));
    assert_eq!(entry.text("scriptPath"), "evil.cmd");
    let mut groups = vec![a.dn.clone(), b.dn.clone()];
    groups.sort();
    assert_eq!(entry.texts("memberOf"), groups);
    // What decides about rights only by its name.
    back(&scene, &keeper, &user, &then, &["--attribute", "scriptPath"]).exits(0);
    assert_eq!(scene.hand().get(&user, &["scriptPath"]).text("scriptPath"), "logon.cmd");
    // The same again changes nothing.
    let again = back(&scene, &keeper, &user, &then, &[]).exits(0);
    assert_eq!(again.object()["outcome"], "alreadyRestored", "{again}");
    // And all of the first one back.
    let operation = out.json()["operation"].as_str().unwrap().to_owned();
    scene.run(["undo", "-o", "json", "--yes", &operation]).exits(0);
    let entry = scene.hand().get(&user, &names);
    assert_eq!(entry.dn, new);
    assert_eq!(entry.text("manager"), other.dn);
    assert_eq!((entry.text("description"), entry.text("info")), ("wrong".into(), "was never there".into()));
    assert_eq!(entry.texts("otherTelephone"), ["2", "3"]);
    assert!(!entry.has("thumbnailPhoto"));
    let mut groups = vec![b.dn.clone(), c.dn.clone()];
    groups.sort();
    assert_eq!(entry.texts("memberOf"), groups);
}

#[test]
fn an_account_is_enabled_or_disabled_only_where_that_is_named() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Anna").add();
    let keeper = Keeper::begin(&scene);
    let then = moment();
    scene.hand().change(&Ldif::default().replace(&user.dn, "userAccountControl", &["66050"]));
    keeper.follow();
    let whole = back(&scene, &keeper, &user, &then, &[]).exits(0).object();
    assert!(
        notes(&whole).contains("--attribute userAccountControl") && !scene.hand().state(&user).is_enabled()
    );
    let named = back(&scene, &keeper, &user, &then, &["--attribute", "userAccountControl"]).exits(0).object();
    assert_eq!(scene.hand().state(&user).text("userAccountControl"), "66048", "only the one bit");
    assert!(notes(&named).contains("of its bits only"), "{named}");
}

#[test]
fn a_group_that_was_emptied() {
    let Some(scene) = Scene::new() else { return };
    let group = scene.group("Big").add();
    let drafts: Vec<_> = (0..1500).map(|i| scene.contact(&format!("C{i}"))).collect();
    let members: Vec<String> = drafts.iter().map(|draft| draft.dn()).collect();
    for some in drafts.chunks(300) {
        scene.hand().change(&Ldif::raw(some.iter().map(|draft| draft.ldif()).collect::<String>()));
    }
    scene.hand().change(&Ldif::default().add_values(&group.dn, "member", &members));
    let keeper = Keeper::begin(&scene);
    let then = moment();
    let one: [&str; 1] = [&members[7]];
    scene.hand().change(&Ldif::default().replace(&group.dn, "member", &one));
    // One of them is gone by now.
    scene.hand().change(&Ldif::default().delete(&members[8]));
    keeper.follow();
    let out = back(&scene, &keeper, &group, &then, &[]).exits(3);
    let object = out.object();
    assert_eq!(object["outcome"], "partial");
    assert_eq!(by_hand(&object).len(), 1, "{:?}", by_hand(&object));
    assert!(by_hand(&object)[0].contains("which is deleted: restore it with"), "{:?}", by_hand(&object));
    assert_eq!(change(&object, "member")["then"].as_array().unwrap().len(), 1498);
    let filter = format!("(memberOf={})", group.dn);
    assert_eq!(scene.hand().search(&filter, &["cn"]).len(), 1499);
    let operation = out.json()["operation"].as_str().unwrap().to_owned();
    scene.run(["undo", "-o", "json", "--yes", &operation]).exits(0);
    assert_eq!(scene.hand().search(&filter, &["cn"]).len(), 1);
}

#[test]
fn what_the_journal_has_not_heard_of_yet() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Anna").with("department", "Sales").add();
    let keeper = Keeper::begin(&scene);
    let then = moment();
    scene.hand().change(&Ldif::default().replace(&user.dn, "department", &["wrong"]));
    let object = back(&scene, &keeper, &user, &then, &[]).exits(0).object();
    assert!(notes(&object).contains("later than that (since the journal last heard of it)"), "{object}");
    assert_eq!(change(&object, "department")["overwritesLater"], true);
    assert_eq!(scene.hand().get(&user, &["department"]).text("department"), "Sales");
}

#[test]
fn taken_names_and_deleted_ends_are_told_and_the_rest_is_done() {
    let Some(scene) = Scene::new() else { return };
    let [boss, group] = scene.add([scene.user("Boss"), scene.group("Gone")]);
    let [unit] = scene.add([scene.unit("Unit")]);
    let user = scene
        .user("Anna")
        .with("department", "Sales")
        .with("manager", &boss.dn)
        .set("userPrincipalName", format!("{}.old@contoso.test", scene.tag))
        .with("proxyAddresses", format!("smtp:{}.one@contoso.test", scene.tag))
        .with("proxyAddresses", format!("smtp:{}.two@contoso.test", scene.tag))
        .below(&unit.dn)
        .add();
    scene.hand().change(&Ldif::default().add_values(&group.dn, "member", &[&user.dn]));
    let keeper = Keeper::begin(&scene);
    let then = moment();
    let none: [&str; 0] = [];
    let wrong = Ldif::default()
        .replace(&user.dn, "department", &["wrong"])
        .replace(&user.dn, "userPrincipalName", &[format!("{}.x@contoso.test", scene.tag)])
        .replace(&user.dn, "proxyAddresses", &none);
    scene.hand().change(&wrong);
    scene.hand().change(&Ldif::raw(format!(
        "dn: {}\nchangetype: modrdn\nnewrdn: CN={}\ndeleteoldrdn: 1\nnewsuperior: {}\n\n",
        user.dn,
        user.name,
        scene.ou()
    )));
    let upn = format!("{}.old@contoso.test", scene.tag);
    scene
        .user("Thief")
        .set("userPrincipalName", &upn)
        .set("mail", "nobody@contoso.test")
        .with("proxyAddresses", format!("smtp:{}.two@contoso.test", scene.tag))
        .add();
    scene.delete([&boss, &group, &unit]);
    keeper.follow();
    let out = back(&scene, &keeper, &user, &then, &[]).exits(3);
    let object = out.object();
    let left = by_hand(&object).join("\n");
    for text in ["userPrincipalName was", ".two@contoso.test", "manager had", "in the group", "it lay in"] {
        assert!(left.contains(text), "{text} is not in {left}");
    }
    let entry = scene.hand().get(&user, &["department", "proxyAddresses"]);
    assert_eq!(entry.text("department"), "Sales");
    assert_eq!(entry.texts("proxyAddresses"), [format!("smtp:{}.one@contoso.test", scene.tag)]);
}

#[test]
fn privileged_objects_need_consent() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Admin").with("department", "Sales").add();
    let admins = format!("CN=Backup Operators,CN=Builtin,{}", scene.lab.base);
    let keeper = Keeper::begin(&scene);
    let then = moment();
    let wrong = Ldif::default().replace(&user.dn, "department", &["wrong"]).add_values(
        &admins,
        "member",
        &[&user.dn],
    );
    scene.hand().change(&wrong);
    keeper.follow();
    let blocked = back(&scene, &keeper, &user, &then, &[]).exits(6);
    assert_eq!(blocked.blocks(), ["privileged.consent"]);
    back(&scene, &keeper, &user, &then, &["--allow-privileged"]).exits(0);
    let entry = scene.hand().get(&user, &["department", "memberOf"]);
    assert!(entry.text("department") == "Sales" && !entry.has("memberOf"));
}

#[test]
fn the_account_name_only_where_it_is_named() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Anna").add();
    let keeper = Keeper::begin(&scene);
    let then = moment();
    let wrong = format!("{}wrong", scene.tag);
    scene.hand().change(&Ldif::default().replace(&user.dn, "sAMAccountName", &[&wrong]));
    keeper.follow();
    back(&scene, &keeper, &user, &then, &[]).exits(0).says("--attribute sAMAccountName");
    let table = scene.program().args(["rollback", "--guid", &user.guid, "--to", &then, "--journal"]);
    let table = table.arg(keeper.path()).run().exits(0);
    table.says("--attribute sAMAccountName").says("nothing to roll back");
    // It is found by the name that it had, too.
    let arguments = [user.sam.as_str(), "--to", &then, "--attribute", "sAMAccountName"];
    rolling(&scene, &keeper, arguments).run().exits(0);
    assert_eq!(scene.hand().get(&user, &["sAMAccountName"]).text("sAMAccountName"), user.sam);
}
