//! What stands in the way is found before the first write: it has its id, names the object in the way, and nothing is
//! changed.

mod forest;
mod names;
mod never;
mod parents;
mod privileged;
mod state;

use crate::support::{Object, Output, Scene, ids_of_blocks};

/// Restores an object, and expects that it is blocked by these checks with an exit code and that nothing is changed, in a
/// dry run as in a real one.
#[track_caller]
fn blocked(scene: &Scene, object: &Object, arguments: &[&str], code: i32, ids: &[&str]) -> Output {
    blocked_as(scene, object, arguments, code, ids, |run| run)
}

/// The same, with changes to the run, such as another server.
#[track_caller]
fn blocked_as(
    scene: &Scene,
    object: &Object,
    arguments: &[&str],
    code: i32,
    ids: &[&str],
    how: impl Fn(crate::support::Run) -> crate::support::Run,
) -> Output {
    let before = scene.hand().state(object);
    let run = |more: &[&str]| how(scene.restoring(object).args(arguments).args(more)).run().exits(code);
    let dry = run(&["--dry-run"]);
    assert_eq!(dry.blocks(), ids, "{dry}");
    let out = run(&[]);
    let report = out.object();
    assert_eq!(ids_of_blocks(&report), ids, "{out}");
    assert_eq!(report["outcome"], "blocked", "{out}");
    assert_eq!(out.json()["operation"], serde_json::Value::Null, "{out}");
    let steps = report["steps"].as_array().unwrap();
    assert!(steps.iter().all(|s| s["status"] == "skipped"), "{out}");
    assert_eq!(scene.hand().state(object), before, "{out}");
    out
}

/// The object in the way and the way out that the first check names.
fn in_the_way(out: &Output) -> (String, String) {
    let block = out.object()["blockedBy"][0].clone();
    let text = |field: &str| block[field].as_str().unwrap_or_default().to_owned();
    (text("object"), text("wayOut"))
}

/// What blocks is shown to people too, with the object in the way.
#[test]
fn a_table_shows_the_check_the_object_in_the_way_and_the_way_out() {
    let Some(scene) = Scene::new() else { return };
    let old = scene.user("Shown").deleted();
    let new = scene.user("Other").set("sAMAccountName", &old.sam).add();
    let out = scene.run(["restore", "--guid", &old.guid, "--yes"]).exits(6);
    out.says("name.samAccountName").says(&new.dn).says("--sam-account-name");
}

/// Blocks are decided before the question: no answer is needed to learn of them.
#[test]
fn what_blocks_is_said_before_anything_is_asked() {
    let Some(scene) = Scene::new() else { return };
    let old = scene.user("Before").deleted();
    scene.user("Other").set("sAMAccountName", &old.sam).add();
    scene.run(["restore", "-o", "json", "--guid", &old.guid]).exits(6);
    let out = scene.program().args(["restore", "--guid", &old.guid]).on_terminal(&[]).exits(6);
    out.says("name.samAccountName").does_not_say("[y/N] ");
}

#[test]
fn an_object_that_is_not_there_blocks_the_others_unless_told_to_go_on() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("There").deleted();
    let list = scene.file_with("list.txt", format!("{}\n3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f\n", user.guid));
    let arguments = ["restore", "-o", "json", "--yes", "--from-file", list.to_str().unwrap()];
    let out = scene.run(arguments).exits(6);
    let missing = out.object_of("3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f");
    assert_eq!(ids_of_blocks(&missing), ["state.missing"], "{out}");
    assert!(scene.hand().is_deleted(&user));
    scene.program().args(arguments).args(["--keep-going"]).run().exits(3);
    assert!(!scene.hand().is_deleted(&user));
}

#[test]
fn one_blocked_object_keeps_the_others_unless_told_to_go_on() {
    let Some(scene) = Scene::new() else { return };
    let users = scene.add_and_delete([scene.user("Blocked"), scene.user("Free")]);
    scene.user("Other").set("sAMAccountName", &users[0].sam).add();
    let guids = format!("{},{}", users[0].guid, users[1].guid);
    let arguments = ["restore", "-o", "json", "--yes", "--guid", &guids];
    let out = scene.run(arguments).exits(6);
    assert_eq!(out.object_of(&users[0])["outcome"], "blocked", "{out}");
    assert_eq!(out.object_of(&users[1])["outcome"], "skipped", "{out}");
    assert!(scene.hand().is_deleted(&users[1]));

    let out = scene.program().args(arguments).args(["--keep-going"]).run().exits(3);
    assert_eq!(out.object_of(&users[0])["outcome"], "blocked", "{out}");
    assert_eq!(out.object_of(&users[1])["outcome"], "restored", "{out}");
    assert!(scene.hand().is_deleted(&users[0]) && !scene.hand().is_deleted(&users[1]));
}
