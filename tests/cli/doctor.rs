//! What an account can do on a server, and what to do about the rest.

use serde_json::Value;

use crate::support::{Output, Scene};

fn doctor(scene: &Scene, who: &str, more: &[&str]) -> Output {
    let run = scene.program().account(&scene.lab.account(who));
    run.args(["doctor", "-o", "json"]).args(more).run()
}

fn check(out: &Output, id: &str) -> Value {
    let document = out.json();
    let found = document["checks"].as_array().unwrap().iter().find(|c| c["id"] == id);
    found.unwrap_or_else(|| panic!("there is no check {id}\n{out}")).clone()
}

fn statuses(out: &Output, status: &str) -> Vec<String> {
    let document = out.json();
    let checks = document["checks"].as_array().unwrap().iter();
    checks.filter(|c| c["status"] == status).map(|c| c["title"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_administrator_can_do_everything() {
    let Some(scene) = Scene::new() else { return };
    scene.user("Sample").deleted();
    let out = doctor(&scene, "ADMIN", &["--ou", scene.ou()]).exits(0);
    let document = out.json();
    assert_eq!(document["schema"], "adrecover/doctor/v1");
    assert_eq!(document["server"], "dc1.contoso.test");
    assert!(statuses(&out, "fail").is_empty() && statuses(&out, "unknown").is_empty(), "{out}");
    assert_eq!(check(&out, "server.connection")["status"], "ok");
    scene.run(["doctor"]).exits(0).says("Recycle Bin").says("180 days");
}

#[test]
fn a_user_without_rights_is_told_each_of_them_with_what_to_do() {
    let Some(scene) = Scene::new() else { return };
    let out = doctor(&scene, "JOE", &["--ou", scene.ou()]).exits(11);
    let failed = statuses(&out, "fail");
    for title in ["list Deleted Objects", "reanimate", "create in containers"] {
        assert!(failed.contains(&title.to_owned()), "{title}\n{out}");
    }
    let document = out.json();
    for check in document["checks"].as_array().unwrap().iter().filter(|c| c["status"] == "fail") {
        // The account is named, or stands there by its SID.
        let names = |fix: &str| fix.contains("S-1-5-21-") || fix.contains("CONTOSO\\joe");
        assert!(check["fix"].as_str().is_some_and(names), "{check}");
    }
}

#[test]
fn a_reader_can_list_and_not_reanimate() {
    let Some(scene) = Scene::new() else { return };
    scene.user("Sample").deleted();
    let out = doctor(&scene, "READER", &["--ou", scene.ou()]);
    assert_ne!(out.code, Some(0), "{out}");
    let failed = statuses(&out, "fail");
    assert!(!failed.contains(&"list Deleted Objects".to_owned()), "{out}");
    assert!(failed.contains(&"reanimate".to_owned()), "{out}");
}

#[test]
fn an_operator_can_where_rights_were_delegated_and_not_elsewhere() {
    let Some(scene) = Scene::new() else { return };
    let can = |ou: &str| {
        !statuses(&doctor(&scene, "OPERATOR", &["--ou", ou]), "fail")
            .contains(&"create in containers".to_owned())
    };
    assert!(can(scene.ou()));
    assert!(!can(&format!("OU=Service Accounts,{}", scene.lab.base)));
}

#[test]
fn a_server_that_cannot_undelete_from_the_bin_is_named() {
    let Some(scene) = Scene::with_bin() else { return };
    let out = doctor(&scene, "ADMIN", &[]).exits(8);
    assert_eq!(check(&out, "server.vendor")["status"], "fail", "{out}");
}

#[test]
fn bad_input() {
    let Some(scene) = Scene::new() else { return };
    doctor(&scene, "ADMIN", &["--ou", "nonsense"]).exits(2).error();
}
