//! What an operation did is taken back, newest first, and what cannot be taken back is said.

use super::{operation, undo};
use crate::support::{Ldif, Object, Scene};

fn restored(scene: &Scene, object: &Object, arguments: &[&str]) -> String {
    operation(&scene.restore(object, arguments).exits(0))
}

#[test]
fn what_was_brought_back_is_disabled_and_stays() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Undone").deleted();
    let group = scene.group("Undone group").add();
    let csv = scene.file_with("groups.csv", format!("{},\"{}\"\n", user.sam, group.dn));
    let (_, file) = scene.new_password();
    let upn = format!("{}undone@contoso.test", scene.tag);
    let groups = format!("file:{}", csv.display());
    let arguments =
        ["--upn", &upn, "--set", "title=Clerk", "--groups-from", &groups, "--enable", "--new-password-file"];
    let id = restored(&scene, &user, &[&arguments[..], &[file.to_str().unwrap()]].concat());

    let dry = undo(&scene, &id, &["--dry-run"]).exits(0);
    assert_eq!(dry.object()["outcome"], "planned", "{dry}");
    let attributes = ["userAccountControl", "userPrincipalName", "title", "memberOf", "isDeleted"];
    assert!(scene.hand().get(&user, &attributes).has("title"));

    let out = undo(&scene, &id, &[]).exits(0);
    let entry = scene.hand().get(&user, &attributes);
    assert!(!entry.is_enabled() && !entry.has("isDeleted"), "{out}");
    for attribute in ["userPrincipalName", "title", "memberOf"] {
        assert!(!entry.has(attribute), "{attribute}\n{out}");
    }
    let warnings = out.object()["warnings"].to_string();
    assert!(warnings.contains("--delete-again") && warnings.contains("password"), "{out}");
}

#[test]
fn deleted_again_where_asked_for() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Back").deleted();
    let id = restored(&scene, &user, &["--set", "title=Clerk"]);
    let out = undo(&scene, &id, &["--delete-again"]).exits(0);
    assert!(scene.hand().is_deleted(&user), "{out}");
    assert!(out.stderr.contains("warning: 1 object(s) will be deleted again"), "{out}");
    // It can be restored anew.
    scene.restore(&user, [""; 0]).exits(0);
}

#[test]
fn a_tree_is_deleted_again_from_the_bottom() {
    let Some(scene) = Scene::new() else { return };
    let top = scene.unit("Top");
    let user = scene.user("Leaf").below(top.dn());
    let [top, user] = scene.add([top, user]);
    scene.hand().change(&Ldif::default().delete_tree(&top.dn));
    let out = scene.run(["restore", "-o", "json", "--yes", "--tree", &top.guid]).exits(0);
    let out = undo(&scene, &operation(&out), &["--delete-again"]).exits(0);
    assert_eq!(out.guids(), [user.guid.as_str(), top.guid.as_str()]);
    assert!(scene.hand().is_deleted(&user) && scene.hand().is_deleted(&top));
}

#[test]
fn old_values_come_back() {
    let Some(scene) = Scene::new() else { return };
    let user =
        scene.user("Values").with("title", "Clerk").with("url", "http://a").with("url", "http://b").add();
    let group = scene.group("Was in").with("member", &user.dn).add();
    let upn = format!("{}new@contoso.test", scene.tag);
    let attributes = ["userPrincipalName", "title", "url", "userAccountControl", "memberOf"];
    let before = scene.hand().get(&user, &attributes);
    let csv = scene.file_with("groups.csv", format!("{},\"{}\"\n", user.sam, group.dn));
    let groups = format!("file:{}", csv.display());
    let arguments =
        ["--upn", &upn, "--set", "title=Boss", "--set", "url=", "--disable", "--groups-from", &groups];
    let id = restored(&scene, &user, &arguments);
    assert_ne!(scene.hand().get(&user, &attributes), before);
    undo(&scene, &id, &[]).exits(0);
    let after = scene.hand().get(&user, &attributes);
    for attribute in attributes {
        // The membership was there already: it is not taken away.
        assert_eq!(after.texts(attribute), before.texts(attribute), "{attribute}");
    }
}

#[test]
fn what_somebody_changed_since_is_left_alone() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Since").with("title", "Clerk").add();
    let id = restored(&scene, &user, &["--set", "title=Boss", "--set", "info=ours"]);
    scene.hand().change(&Ldif::default().replace(&user.dn, "title", &["Chair"]));
    let out = undo(&scene, &id, &[]).exits(3);
    let entry = scene.hand().get(&user, &["title", "info"]);
    assert_eq!((entry.text("title").as_str(), entry.has("info")), ("Chair", false), "{out}");
    let skipped = out.object()["steps"].as_array().unwrap().iter().any(|s| s["status"] == "skipped");
    assert!(skipped, "{out}");
}

#[test]
fn twice_changes_nothing_more() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Twice").deleted();
    let id = restored(&scene, &user, &["--set", "title=Clerk"]);
    undo(&scene, &id, &[]).exits(0);
    let before = scene.hand().state(&user);
    undo(&scene, &id, &[]).exits(0);
    assert_eq!(scene.hand().state(&user), before);

    undo(&scene, &id, &["--delete-again"]).exits(0);
    assert!(scene.hand().is_deleted(&user));
    let before = scene.hand().state(&user);
    undo(&scene, &id, &["--delete-again"]).exits(0);
    assert_eq!(scene.hand().state(&user), before);
}

#[test]
fn what_a_later_operation_brought_back_is_not_deleted_again() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Later").deleted();
    let first = restored(&scene, &user, &[]);
    scene.delete([&user]);
    let second = restored(&scene, &user, &[]);
    let out = undo(&scene, &first, &["--delete-again"]).exits(6);
    assert_eq!(out.blocks(), ["undo.laterRestore"], "{out}");
    assert!(out.stdout.contains(&format!("adrecover undo {second}")), "{out}");
    assert!(!scene.hand().is_deleted(&user));
}

#[test]
fn an_undo_can_be_undone() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Redo").with("title", "Clerk").add();
    let id = restored(&scene, &user, &["--set", "title=Boss"]);
    let back = operation(&undo(&scene, &id, &[]).exits(0));
    undo(&scene, &back, &[]).exits(0);
    assert_eq!(scene.hand().get(&user, &["title"]).text("title"), "Boss");
}

#[test]
fn by_the_beginning_of_its_id() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Prefix").deleted();
    let id = restored(&scene, &user, &["--set", "title=Clerk"]);
    undo(&scene, &id[..13], &[]).exits(0);
    assert!(!scene.hand().get(&user, &["title"]).has("title"));
    assert_eq!(undo(&scene, "ffffffff", &[]).exits(4).error()["kind"], "notFound");
}

#[test]
fn nobody_there_to_say_yes() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Ask").deleted();
    let id = restored(&scene, &user, &["--set", "title=Clerk"]);
    scene.run(["undo", &id]).exits(9);
    scene.program().args(["undo", &id]).on_terminal(&[("[y/N] ", "n\n")]).exits(9);
    assert!(scene.hand().get(&user, &["title"]).has("title"));
}
