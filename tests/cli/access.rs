//! What accounts with fewer rights see, and what they are told.

use crate::support::{Object, Output, Run, Scene};

fn as_account(scene: &Scene, who: &str) -> Run {
    scene.program().account(&scene.lab.account(who))
}

fn restore_as(scene: &Scene, who: &str, object: &Object) -> Output {
    scene.restoring(object).account(&scene.lab.account(who)).run()
}

#[test]
fn who_may_not_see_deleted_objects_is_told_exactly_that() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Unseen").deleted();
    let commands: [&[&str]; 5] = [
        &["list"],
        &["list", &user.name],
        &["list", "--partition", "all"],
        &["restore", "--yes", &user.name],
        &["restore", "--yes", "--guid", &user.guid],
    ];
    for command in commands {
        let out = as_account(&scene, "JOE").args(["-o", "json"]).args(command).run().exits(11);
        let error = out.error();
        assert_eq!(error["kind"], "accessDenied", "{out}");
        assert!(error["hint"].as_str().unwrap().contains("dsacls"), "{out}");
    }
    for format in ["jsonl", "csv", "table"] {
        let out = as_account(&scene, "JOE").args(["list", "-o", format]).run().exits(11);
        assert!(out.stdout.is_empty() && out.stderr.contains("may not see deleted objects"), "{out}");
    }
    assert!(scene.hand().is_deleted(&user));
}

/// `show` looks among live objects too: for it there is none, and perhaps one that cannot be seen.
#[test]
fn who_may_not_see_deleted_objects_is_told_so_by_show_as_well() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Unseen").deleted();
    let out = as_account(&scene, "JOE").args(["show", &user.name]).run();
    assert!(matches!(out.code, Some(4 | 11)), "{out}");
    out.says("may not see deleted objects");
}

#[test]
fn a_reader_lists_shows_and_plans_but_restores_nothing() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Read").deleted();
    let before = scene.hand().state(&user);
    let listed = as_account(&scene, "READER").args(["list", "-o", "json", &user.name]).run().exits(0);
    assert_eq!(listed.guids(), [user.guid.as_str()]);
    as_account(&scene, "READER").args(["show", &user.guid]).run().exits(0);
    let out = restore_as(&scene, "READER", &user).exits(11);
    assert_eq!(out.object()["outcome"], "failed", "{out}");
    assert_eq!(out.object()["steps"][0]["status"], "failed", "{out}");
    assert_eq!(scene.hand().state(&user), before);
}

#[test]
fn an_operator_restores_where_rights_were_delegated_and_nowhere_else() {
    let Some(scene) = Scene::new() else { return };
    let inside = scene.user("Inside").deleted();
    let elsewhere = format!("OU=Service Accounts,{}", scene.lab.base);
    let outside = scene.user("Outside").below(&elsewhere).deleted();
    let (password, file) = scene.new_password();
    let arguments = ["--enable", "--new-password-file", file.to_str().unwrap()];
    let operator = scene.lab.account("OPERATOR");

    let out = scene.restoring(&inside).args(arguments).account(&operator).run().exits(0);
    assert_eq!(out.object()["verified"], true, "{out}");
    assert_eq!(scene.hand_of(&inside.dn, &password).try_bind(), Ok(()));

    let before = scene.hand().state(&outside);
    let out = restore_as(&scene, "OPERATOR", &outside).exits(11);
    assert_eq!(out.object()["outcome"], "failed", "{out}");
    assert_eq!(scene.hand().state(&outside), before);

    // One of each is done in part, and told apart.
    let again = scene.user("Inside too").deleted();
    let guids = format!("{},{}", outside.guid, again.guid);
    let both = as_account(&scene, "OPERATOR").args([
        "restore",
        "-o",
        "json",
        "--yes",
        "--keep-going",
        "--guid",
        &guids,
    ]);
    let out = both.run().exits(3);
    assert_eq!(out.object_of(&outside)["outcome"], "failed", "{out}");
    assert_eq!(out.object_of(&again)["outcome"], "restored", "{out}");
    let journal = scene.run(["operations", "-o", "json"]).exits(0).json();
    // With a ticket it is the principal, whose realm is in capitals.
    let identity = journal["items"][0]["bindIdentity"].as_str().unwrap();
    assert!(identity.eq_ignore_ascii_case(&operator.name), "{identity}");
}

/// A right that is missing for a later step leaves the object back and disabled, and says what is not done.
#[test]
fn a_group_that_the_operator_may_not_change() {
    let Some(scene) = Scene::new() else { return };
    let elsewhere = format!("OU=Service Accounts,{}", scene.lab.base);
    let group = scene.group("Closed").below(&elsewhere).add();
    let user = scene.user("Member").deleted();
    let csv = scene.file_with("groups.csv", format!("{},\"{}\"\n", user.sam, group.dn));
    let source = format!("file:{}", csv.display());
    let run = scene.restoring(&user).args(["--groups-from", &source]).account(&scene.lab.account("OPERATOR"));
    let out = run.run().exits(3);
    let report = out.object();
    assert_eq!(report["outcome"], "partial", "{out}");
    let last = report["steps"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["step"], &last["status"]), (&"addToGroup".into(), &"failed".into()), "{out}");
    assert!(report["next"].to_string().contains("operations --resume"), "{out}");
    assert!(!scene.hand().get(&user, &["userAccountControl"]).is_enabled());

    // With more rights the same command finishes it.
    let out = scene.restore(&user, ["--groups-from", &source]).exits(0);
    assert_eq!(scene.hand().get(&group, &["member"]).texts("member"), [user.dn.as_str()], "{out}");
    scene.delete([&group]);
}
