//! The same command run again changes nothing, and what is missing is done.

use crate::support::{Object, Output, Scene};

fn statuses(out: &Output) -> Vec<String> {
    let object = out.object();
    object["steps"].as_array().unwrap().iter().map(|s| s["status"].as_str().unwrap().to_owned()).collect()
}

fn usn(scene: &Scene, object: &Object) -> String {
    scene.hand().get(object, &["uSNChanged"]).text("uSNChanged")
}

#[test]
fn the_same_command_again_finds_everything_done() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Again").deleted();
    let (_, file) = scene.new_password();
    let upn = format!("{}again@contoso.test", scene.tag);
    let command = |scene: &Scene| {
        let file = file.to_str().unwrap();
        scene.restore(&user, ["--upn", &upn, "--set", "title=Clerk", "--enable", "--new-password-file", file])
    };
    let first = command(&scene).exits(0);
    assert_eq!(first.object()["outcome"], "restored");
    let set = scene.hand().get(&user, &["pwdLastSet", "uSNChanged"]);

    let second = command(&scene).exits(0);
    assert_eq!(second.object()["outcome"], "alreadyRestored", "{second}");
    assert!(statuses(&second).iter().all(|s| s == "unchanged"), "{second}");
    assert_eq!(second.object()["verified"], true, "{second}");
    assert_eq!(second.json()["operation"], serde_json::Value::Null, "nothing was done: {second}");
    // No second password, no write at all.
    assert_eq!(scene.hand().get(&user, &["pwdLastSet", "uSNChanged"]), set);
}

#[test]
fn a_password_is_set_again_only_where_asked_for() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Reset").deleted();
    let (first, file) = scene.new_password();
    let file = file.to_str().unwrap();
    scene.restore(&user, ["--enable", "--new-password-file", file]).exits(0);
    let second = format!("Second-{}-Passw0rd", scene.tag);
    let other = scene.secret_file("second", &second);
    let other = other.to_str().unwrap();

    scene.restore(&user, ["--enable", "--new-password-file", other]).exits(0);
    assert_eq!(scene.hand_of(&user.dn, &first).try_bind(), Ok(()));
    let out = scene.restore(&user, ["--enable", "--new-password-file", other, "--reset-password"]).exits(0);
    assert!(statuses(&out).contains(&"done".to_owned()), "{out}");
    assert_eq!(scene.hand_of(&user.dn, &second).try_bind(), Ok(()));
}

/// That it is the right one cannot be read: there is nothing to verify.
#[test]
fn a_password_alone() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Only").deleted();
    scene.restore(&user, [""; 0]).exits(0);
    let (_, file) = scene.new_password();
    let out = scene.restore(&user, ["--new-password-file", file.to_str().unwrap()]).exits(0);
    assert_eq!(statuses(&out), ["done"]);
}

#[test]
fn a_filter_finds_what_was_restored_before() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Found").deleted();
    let command = ["restore", "-o", "json", "--yes", &user.name];
    scene.run(command).exits(0);
    let second = scene.run(command).exits(0);
    assert_eq!(second.guids(), [user.guid.as_str()]);
    assert_eq!(second.object()["outcome"], "alreadyRestored", "{second}");
    // Only this user's own journal knows that.
    let elsewhere = scene.program().args(command).env("ADRECOVER_STATE_DIR", scene.file("other-state"));
    elsewhere.run().exits(4);
}

#[test]
fn a_filter_finds_the_restored_ones_along_with_new_ones() {
    let Some(scene) = Scene::new() else { return };
    let first = scene.user("Both one").deleted();
    let command = ["restore", "-o", "json", "--yes", "--all", &scene.tag];
    scene.run(command).exits(0);
    let before = usn(&scene, &first);
    let second = scene.user("Both two").deleted();
    let out = scene.run(command).exits(0);
    assert_eq!(out.object_of(&first)["outcome"], "alreadyRestored", "{out}");
    assert_eq!(out.object_of(&second)["outcome"], "restored", "{out}");
    assert_eq!(usn(&scene, &first), before);
}

#[test]
fn what_somebody_undid_since_is_done_again() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Undone").deleted();
    scene.restore(&user, ["--set", "title=Clerk"]).exits(0);
    scene.hand().change(&crate::support::Ldif::default().replace(&user.dn, "title", &["Boss"]));
    let out = scene.restore(&user, ["--set", "title=Clerk"]).exits(0);
    assert_eq!(out.object()["outcome"], "restored", "{out}");
    assert_eq!(scene.hand().get(&user, &["title"]).text("title"), "Clerk");
}

#[test]
fn an_object_that_was_deleted_again_is_restored_again() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Circle").deleted();
    for _ in 0..2 {
        let out = scene.restore(&user, [""; 0]).exits(0);
        assert_eq!(out.object()["outcome"], "restored", "{out}");
        scene.delete([&user]);
    }
}

/// An object that is live and was never restored by this program is no error either.
#[test]
fn a_live_object_gets_what_is_asked_for() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Live").add();
    let group = scene.group("Its group").add();
    let csv = scene.file_with("groups.csv", format!("{},\"{}\"\n", user.sam, group.dn));
    let out = scene.restore(&user, ["--groups-from", &format!("file:{}", csv.display())]).exits(0);
    assert_eq!(scene.hand().get(&group, &["member"]).texts("member"), [user.dn.as_str()], "{out}");
    // Being live it is not disabled: it was not restored.
    assert!(scene.hand().get(&user, &["userAccountControl"]).is_enabled());
}
