//! Who did what, when, and why.

use serde_json::json;

use super::{operation, undo};
use crate::support::Scene;

#[test]
fn what_was_done_by_whom_and_why() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Listed").deleted();
    let id = operation(&scene.restore(&user, ["--reason", "ticket 4711, urgent"]).exits(0));
    let document = scene.run(["operations", "-o", "json"]).exits(0).json();
    assert_eq!(document["schema"], "adrecover/operations/v1");
    let item = &document["items"][0];
    assert_eq!(item["id"], id.as_str());
    assert_eq!(item["command"], "restore");
    assert_eq!(item["state"], "done");
    let identity = item["bindIdentity"].as_str().unwrap();
    assert!(identity.eq_ignore_ascii_case(&scene.lab.account("ADMIN").name), "{identity}");
    let me = std::process::Command::new("id").arg("-un").output().unwrap().stdout;
    assert_eq!(item["osUser"], String::from_utf8(me).unwrap().trim());
    assert_eq!(item["reason"], "ticket 4711, urgent");
    assert_eq!((&item["objects"], &item["server"]), (&json!(1), &json!("dc1.contoso.test")));
    assert!(item["startedAt"].as_str().unwrap() <= item["finishedAt"].as_str().unwrap());
    scene.run(["operations"]).exits(0).says(&id).says("ticket 4711, urgent");
    scene.run(["operations", "-o", "csv"]).exits(0).says("\"ticket 4711, urgent\"");
}

#[test]
fn newest_first_and_what_takes_back_what() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Order").deleted();
    let first = operation(&scene.restore(&user, ["--set", "title=Clerk"]).exits(0));
    let second = operation(&undo(&scene, &first, &[]).exits(0));
    let document = scene.run(["operations", "-o", "json"]).exits(0).json();
    let ids: Vec<&str> =
        document["items"].as_array().unwrap().iter().map(|i| i["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [second.as_str(), first.as_str()]);
    assert_eq!(
        (&document["items"][0]["command"], &document["items"][0]["undoOf"]),
        (&json!("undo"), &json!(first))
    );
    let limited = scene.run(["operations", "-o", "jsonl", "--limit", "1"]).exits(0).json_lines();
    assert_eq!(limited.len(), 1);
}

#[test]
fn one_operation_with_its_steps() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Steps").deleted();
    let id = operation(&scene.restore(&user, ["--set", "title=Clerk"]).exits(0));
    let document = scene.run(["operations", &id[..13], "-o", "json"]).exits(0).json();
    assert_eq!((&document["schema"], &document["id"]), (&json!("adrecover/operation/v1"), &json!(id)));
    let object = &document["details"][0];
    assert_eq!((&object["guid"], &object["dn"]), (&json!(user.guid), &json!(user.dn)));
    let steps: Vec<&str> =
        object["steps"].as_array().unwrap().iter().map(|s| s["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["reanimate", "disable", "setAttribute"]);
    assert!(
        object["steps"].as_array().unwrap().iter().all(|s| s["status"] == "done" && s["uncertain"] == false)
    );
    scene.run(["operations", &id]).exits(0).says(&user.dn).says("setAttribute");
    scene.run(["operations", "ffffffff", "-o", "json"]).exits(4).error();
}

#[test]
fn what_failed_is_in_it_too() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Failed").deleted();
    let file = scene.secret_file("weak", "xq7");
    scene.restore(&user, ["--enable", "--new-password-file", file.to_str().unwrap()]).exits(6);
    let item = scene.run(["operations", "-o", "json"]).exits(0).json()["items"][0].clone();
    assert_eq!(item["state"], "failed");
}

#[test]
fn it_needs_no_server() {
    let Some(scene) = Scene::new() else { return };
    let run = scene.program().env_remove("ADRECOVER_SERVER").env_remove("ADRECOVER_USER");
    let out = run.args(["operations", "-o", "json"]).run().exits(0);
    assert_eq!(out.json()["items"], json!([]));
    scene.run(["operations"]).exits(0).says("nothing was done yet");
}

#[test]
fn nothing_to_go_on_with() {
    let Some(scene) = Scene::new() else { return };
    scene.run(["operations", "--resume", "-o", "json"]).exits(4).error();
    scene.run(["operations", "--resume", "ffffffff", "-o", "json"]).exits(4).error();
    let user = scene.user("Finished").deleted();
    let id = operation(&scene.restore(&user, [""; 0]).exits(0));
    let before = scene.hand().state(&user);
    scene.run(["operations", "--resume", &id, "--yes", "-o", "json"]).exits(0).says("nothing is left to do");
    assert_eq!(scene.hand().state(&user), before);
}

#[cfg(unix)]
#[test]
fn the_journal_is_private_and_one_that_others_can_write_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Private").deleted();
    let state = scene.file("new-state");
    let run =
        |scene: &Scene| scene.restoring(&user).args(["--dry-run"]).env("ADRECOVER_STATE_DIR", &state).run();
    run(&scene).exits(0);
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&state), 0o700);
    for file in crate::support::files_below(&state) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    std::fs::set_permissions(&state, std::fs::Permissions::from_mode(0o777)).unwrap();
    run(&scene).exits(2).says("chmod");
}

#[test]
fn a_damaged_journal_is_said_before_anything_is_done() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Damaged").deleted();
    std::fs::write(
        scene.state().join("operations.db"),
        "this is no database, and long enough to be read as one",
    )
    .unwrap();
    let before = scene.hand().state(&user);
    scene.restore(&user, [""; 0]).exits(12).error();
    assert_eq!(scene.hand().state(&user), before);
}
