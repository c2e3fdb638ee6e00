//! Recovery from the Recycle Bin. The real test DC lists what is in its bin and cannot undelete it, so that these scenarios run
//! against the stand-in alone (docs/stand-in.md).

use crate::support::{Ldif, Object, PASSWORD, Scene, ids_of_blocks};

fn enabled(scene: &Scene, object: &Object) -> bool {
    scene.hand().get(object, &["userAccountControl"]).is_enabled()
}

#[test]
fn a_user_comes_back_whole_with_its_old_password_groups_and_manager() {
    let Some(scene) = Scene::that_undeletes() else { return };
    let [boss, group] = scene.add([scene.user("Boss"), scene.group("Team")]);
    let draft = scene.user("Whole").with("title", "Clerk").with("manager", &boss.dn);
    let [user, report] = scene.add([draft, scene.user("Report")]);
    let join = Ldif::default().add_values(&group.dn, "member", &[&user.dn]);
    scene.hand().change(&join.replace(&report.dn, "manager", &[&user.dn]));
    scene.delete([&user]);
    // Links from and to it are hidden while it is deleted.
    assert!(!scene.hand().get(&group, &["member"]).has("member"));
    assert!(!scene.hand().get(&report, &["manager"]).has("manager"));

    let out = scene.restore(&user, [""; 0]).exits(0);
    let object = out.object();
    assert_eq!((&object["outcome"], &object["verified"]), (&"restored".into(), &true.into()), "{out}");
    assert_eq!(object["stillMissing"], serde_json::json!([]), "{out}");
    let entry = scene.hand().get(&user, &["*", "memberOf", "manager"]);
    assert_eq!((entry.dn.as_str(), entry.is_enabled()), (user.dn.as_str(), true));
    for (attribute, value) in
        [("title", "Clerk"), ("manager", &boss.dn), ("memberOf", &group.dn), ("displayName", "Whole")]
    {
        assert_eq!(entry.text(attribute), value, "{attribute}");
    }
    assert_eq!(entry.text("userPrincipalName"), format!("{}@contoso.test", user.sam.to_lowercase()));
    assert_eq!(scene.hand().get(&report, &["manager"]).text("manager"), user.dn);
    assert_eq!(scene.hand_of(&user.dn, PASSWORD).try_bind(), Ok(()));

    // The same again changes nothing.
    let before = scene.hand().state(&user);
    let again = scene.restore(&user, [""; 0]).exits(0);
    assert_eq!(again.object()["outcome"], "alreadyRestored", "{again}");
    assert_eq!(scene.hand().state(&user), before);
}

#[test]
fn said_so_it_comes_back_disabled() {
    let Some(scene) = Scene::that_undeletes() else { return };
    let user = scene.user("Disabled").deleted();
    scene.restore(&user, ["--disable"]).exits(0);
    assert!(!enabled(&scene, &user));
    let was_disabled = scene.user("Was disabled").set("userAccountControl", "514").deleted();
    scene.restore(&was_disabled, [""; 0]).exits(0);
    assert!(!enabled(&scene, &was_disabled));
}

#[test]
fn a_group_comes_back_with_its_members() {
    let Some(scene) = Scene::that_undeletes() else { return };
    let users = scene.add([scene.user("One"), scene.user("Two"), scene.user("Three")]);
    let group = scene.group("All").add();
    let members: Vec<&str> = users.iter().map(|user| user.dn.as_str()).collect();
    scene.hand().change(&Ldif::default().add_values(&group.dn, "member", &members));
    scene.delete([&group]);
    // One of them goes meanwhile: it is no member until it comes back itself.
    scene.delete([&users[2]]);
    let out = scene.restore(&group, [""; 0]).exits(0);
    assert_eq!(out.object()["verified"], true, "{out}");
    assert_eq!(scene.hand().get(&group, &["member"]).texts("member").len(), 2);
    scene.restore(&users[2], [""; 0]).exits(0);
    assert_eq!(scene.hand().get(&group, &["member"]).texts("member").len(), 3);
}

#[test]
fn every_other_class_comes_back_whole() {
    let Some(scene) = Scene::that_undeletes() else { return };
    let drafts = [
        scene.contact("Casey").with("mail", format!("{}c@partner.test", scene.tag)),
        scene.computer("pc").with("description", "kept"),
        scene.unit("Office").with("description", "kept"),
        scene.draft("CN", "container", "Box").with("description", "kept"),
        scene
            .draft("CN", "msDS-GroupManagedServiceAccount", "gmsa")
            .with("sAMAccountName", format!("{}gmsa$", scene.tag))
            .with("userAccountControl", "4096")
            .with("msDS-ManagedPasswordInterval", "30"),
    ];
    for object in scene.add_and_delete(drafts) {
        let out = scene.restore(&object, [""; 0]).exits(0);
        assert_eq!(out.object()["stillMissing"], serde_json::json!([]), "{out}");
        let entry = scene.hand().get(&object, &["*"]);
        assert_eq!((entry.dn.as_str(), entry.has("isDeleted")), (object.dn.as_str(), false));
        assert!(entry.has("objectCategory"), "{}", object.name);
        assert!(["mail", "description", "msDS-ManagedPasswordInterval"].iter().any(|a| entry.has(a)));
    }
}

#[test]
fn a_tree_comes_back_with_everything_in_it() {
    let Some(scene) = Scene::that_undeletes() else { return };
    let top = scene.unit("Top").with("description", "kept");
    let inner = scene.unit("Inner").below(top.dn());
    let user = scene.user("Deep").below(inner.dn());
    let group = scene.group("Deep team").below(inner.dn());
    let [top, inner, user, group] = scene.add([top, inner, user, group]);
    scene.hand().change(&Ldif::default().add_values(&group.dn, "member", &[&user.dn]).delete_tree(&top.dn));
    let tree = ["restore", "-o", "json", "--yes", "--tree", &top.guid];
    let out = scene.run(tree).exits(0);
    assert_eq!(out.guids().len(), 4, "{out}");
    for object in [&top, &inner, &user, &group] {
        assert_eq!(scene.hand().get(object, &["isDeleted"]).dn, object.dn);
    }
    assert_eq!(scene.hand().get(&group, &["member"]).texts("member"), [user.dn.as_str()]);
    assert_eq!(scene.hand().get(&top, &["description"]).text("description"), "kept");
    assert!(enabled(&scene, &user));
    scene.run(tree).exits(0).does_not_say("\"restored\"");
}

/// The object brings its logon name along, so that a conflict can only be solved inside the undelete itself.
#[test]
fn a_logon_name_that_is_taken_is_changed_inside_the_undelete() {
    let Some(scene) = Scene::that_undeletes() else { return };
    let user = scene.user("Old").deleted();
    let upn = format!("{}@contoso.test", user.sam.to_lowercase());
    let holder = scene.user("New").set("userPrincipalName", &upn).without("mail").add();
    let out = scene.restore(&user, [""; 0]).exits(6);
    assert_eq!(out.blocks(), ["name.userPrincipalName"], "{out}");
    assert_eq!(out.object()["blockedBy"][0]["object"], holder.dn.as_str());
    let free = format!("{}free@contoso.test", scene.tag);
    let out = scene.restore(&user, ["--upn", &free]).exits(0);
    assert_eq!(out.object()["verified"], true, "{out}");
    assert_eq!(scene.hand().get(&user, &["userPrincipalName"]).text("userPrincipalName"), free);
    assert_eq!(scene.hand().get(&holder, &["userPrincipalName"]).text("userPrincipalName"), upn);
}

#[test]
fn an_account_name_that_is_taken_is_changed_inside_the_undelete() {
    let Some(scene) = Scene::that_undeletes() else { return };
    let user = scene.user("Sam").deleted();
    let other = scene.contact("Nobody").add();
    scene
        .user("Holder")
        .set("sAMAccountName", &user.sam)
        .set("userPrincipalName", format!("{}h@contoso.test", scene.tag))
        .without("mail")
        .add();
    let out = scene.restore(&user, [""; 0]).exits(6);
    assert!(out.blocks().contains(&"name.samAccountName".to_owned()), "{out}");
    let free = format!("{}free", scene.tag);
    // The holder's account name makes a logon name too: the old one is taken by it.
    let upn = format!("{}.free@contoso.test", scene.tag);
    scene.restore(&user, ["--sam-account-name", &free, "--upn", &upn]).exits(0);
    assert_eq!(scene.hand().get(&user, &["sAMAccountName"]).text("sAMAccountName"), free);
    drop(other);
}

/// It would come back enabled, in its protected group, with a password that others may know.
#[test]
fn a_privileged_account_comes_back_disabled_with_a_new_password_and_consent() {
    let Some(scene) = Scene::that_undeletes() else { return };
    let admin = scene.user("Admin").add();
    let operators = format!("CN=Print Operators,CN=Builtin,{}", scene.lab.base);
    scene.hand().change(&Ldif::default().add_values(&operators, "member", &[&admin.dn]).delete(&admin.dn));
    let before = scene.hand().state(&admin);
    assert_eq!(scene.restore(&admin, [""; 0]).exits(6).blocks(), ["privileged.consent"]);
    assert_eq!(scene.restore(&admin, ["--allow-privileged"]).exits(6).blocks(), ["privileged.password"]);
    assert_eq!(scene.hand().state(&admin), before);

    let (password, file) = scene.new_password();
    let file = file.to_str().unwrap();
    let out = scene.restore(&admin, ["--allow-privileged", "--new-password-file", file]).exits(0);
    assert!(!enabled(&scene, &admin), "{out}");
    assert_eq!(scene.hand().get(&admin, &["memberOf"]).texts("memberOf"), [operators.as_str()]);
    assert!(scene.hand_of(&admin.dn, PASSWORD).try_bind().unwrap_err().contains("data 52e"));
    assert!(scene.hand_of(&admin.dn, &password).try_bind().unwrap_err().contains("data 533"));
    scene.delete([&admin]);
}

#[test]
fn what_is_recycled_is_refused_with_the_reason() {
    let Some(scene) = Scene::that_undeletes() else { return };
    // By somebody who deleted it twice, and before the bin was switched on.
    let user = scene.user("Twice").deleted();
    let mangled = scene.hand().get(&user, &["isDeleted"]).dn;
    let again = format!("dn: {mangled}\ncontrol: 1.2.840.113556.1.4.417 true\nchangetype: delete\n\n");
    scene.hand().change(&Ldif::raw(again));
    let early = scene.lab.seed("early-user")["guid"].as_str().unwrap();
    for guid in [user.guid.as_str(), early] {
        let out = scene.run(["restore", "-o", "json", "--yes", "--guid", guid]).exits(8);
        assert_eq!(ids_of_blocks(&out.object()), ["state.recycled"], "{out}");
        assert!(out.object()["blockedBy"][0]["wayOut"].as_str().unwrap().contains("backup"), "{out}");
    }
    let states = |guid: &str| scene.run(["show", "-o", "json", guid]).exits(0).json();
    assert_eq!(states(&user.guid)["state"], "recycled");
    // What was deleted before the bin was on never had its last name written down.
    assert_eq!(states(early)["attributes"]["msDS-LastKnownRDN"], serde_json::Value::Null);
    assert!(states(&user.guid)["attributes"]["msDS-LastKnownRDN"].is_array());
}

#[test]
fn undo_puts_it_back_into_the_bin() {
    let Some(scene) = Scene::that_undeletes() else { return };
    let user = scene.user("Undone").deleted();
    let out = scene.restore(&user, ["--set", "title=Clerk"]).exits(0);
    let operation = out.json()["operation"].as_str().unwrap().to_owned();
    scene.run(["undo", "-o", "json", "--yes", "--delete-again", &operation]).exits(0);
    assert!(scene.hand().is_deleted(&user));
    // It can be restored again, as it was before the first time.
    scene.restore(&user, [""; 0]).exits(0);
    let entry = scene.hand().get(&user, &["title", "mail"]);
    assert!(!entry.has("title") && entry.has("mail"));
}

#[test]
fn the_doctor_finds_nothing_missing() {
    let Some(scene) = Scene::that_undeletes() else { return };
    scene.user("Sample").deleted();
    let out = scene.run(["doctor", "-o", "json", "--ou", scene.ou()]).exits(0).json();
    let checks = out["checks"].as_array().unwrap();
    assert!(checks.iter().all(|check| check["status"] == "ok"), "{out:#}");
}
