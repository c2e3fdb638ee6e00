//! Saved plans, stale ones, and an operation that is cut off.

use std::path::PathBuf;

use super::{back, moment, rolling};
use crate::support::{Keeper, Ldif, Object, Scene, schema};

fn spoilt(scene: &Scene) -> (Keeper<'_>, Object, String) {
    let user = scene.user("Anna").with("department", "Sales").with("title", "Clerk").add();
    let keeper = Keeper::begin(scene);
    let then = moment();
    let wrong =
        Ldif::default().replace(&user.dn, "department", &["wrong"]).replace(&user.dn, "title", &["wrong"]);
    scene.hand().change(&wrong);
    keeper.follow();
    (keeper, user, then)
}

fn saved(scene: &Scene, keeper: &Keeper<'_>, user: &Object, then: &str) -> PathBuf {
    let path = scene.file("plan.json");
    back(scene, keeper, user, then, &["--dry-run", "--plan-out", path.to_str().unwrap()]).exits(0);
    schema::check(&serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap(), &path.display());
    assert_eq!(scene.hand().get(user, &["department"]).text("department"), "wrong");
    path
}

#[test]
fn a_saved_plan_is_applied_without_the_journal() {
    let Some(scene) = Scene::new() else { return };
    let (keeper, user, then) = spoilt(&scene);
    let plan = saved(&scene, &keeper, &user, &then);
    let plan = plan.to_str().unwrap();
    let out = scene.run(["apply", "-o", "json", "--yes", plan]).exits(0);
    assert_eq!(out.object()["verified"], true, "{out}");
    let entry = scene.hand().get(&user, &["department", "title"]);
    assert_eq!((entry.text("department"), entry.text("title")), ("Sales".into(), "Clerk".into()));
    scene.run(["apply", "-o", "json", "--yes", plan]).exits(7);
}

#[test]
fn a_plan_of_yesterday_is_stale() {
    let Some(scene) = Scene::new() else { return };
    let (keeper, user, then) = spoilt(&scene);
    let plan = saved(&scene, &keeper, &user, &then);
    scene.hand().change(&Ldif::default().replace(&user.dn, "department", &["by somebody else"]));
    scene.run(["apply", "-o", "json", "--yes", plan.to_str().unwrap()]).exits(7);
    assert_eq!(scene.hand().get(&user, &["department"]).text("department"), "by somebody else");
}

#[test]
fn a_plan_that_was_changed_by_hand_does_no_more_than_a_plan_of_this_program() {
    let Some(scene) = Scene::new() else { return };
    let (keeper, user, then) = spoilt(&scene);
    let plan = saved(&scene, &keeper, &user, &then);
    let text = std::fs::read_to_string(&plan).unwrap();
    for (from, to) in [
        // Only in the steps, or in what the journal is said to have as well.
        ("\"attribute\": \"title\"", "\"attribute\": \"scriptPath\""),
        ("\"attribute\": \"title\"", "\"attribute\": \"servicePrincipalName\""),
        ("\"attribute\": \"title\"", "\"attribute\": \"objectSid\""),
        ("\"attribute\": \"title\"", "\"attribute\": \"unicodePwd\""),
        ("\"attribute\": \"title\"", "\"attribute\": \"a)(cn=*\""),
    ] {
        assert!(text.contains(from), "{text}");
        let path = scene.file_with("changed.json", text.replace(from, to));
        scene.run(["apply", "-o", "json", "--yes", path.to_str().unwrap()]).exits(7);
    }
    assert_eq!(scene.hand().get(&user, &["title"]).text("title"), "wrong");
}

#[test]
fn nothing_is_done_without_a_yes() {
    let Some(scene) = Scene::new() else { return };
    let (keeper, user, then) = spoilt(&scene);
    let run = scene.program().args(["rollback", "--guid", &user.guid, "--to", &then, "--journal"]);
    run.arg(keeper.path()).run().exits(9).says("+ Sales");
    assert_eq!(scene.hand().get(&user, &["department"]).text("department"), "wrong");
    let run = rolling(&scene, &keeper, ["--guid", &user.guid, "--to", &then, "--what-if"]).run().exits(0);
    assert_eq!(run.object()["outcome"], "planned");
    assert_eq!(scene.hand().get(&user, &["department"]).text("department"), "wrong");
}

/// Killed somewhere in the middle: resuming finishes it, and so does the same command.
#[test]
fn a_roll_back_that_was_killed_is_gone_on_with() {
    let Some(scene) = Scene::new() else { return };
    let unit = scene.unit("People").add();
    let mut adding = String::new();
    let mut users = vec![];
    for i in 0..60 {
        let draft = scene.user(&format!("U{i}")).with("department", format!("D{i}")).below(&unit.dn);
        users.push(draft.dn());
        adding += &draft.ldif();
    }
    scene.hand().change(&Ldif::raw(adding));
    let keeper = Keeper::begin(&scene);
    let then = moment();
    let wrong = |ldif: Ldif, dn: &String| ldif.replace(dn, "department", &["wrong"]);
    scene.hand().change(&users.iter().fold(Ldif::default(), wrong));
    keeper.follow();
    let left = || scene.hand().search_in(&unit.dn, "one", "(department=wrong)", &["cn"]).len();
    let arguments = ["--under", unit.dn.as_str(), "--to", &then];
    let run = rolling(&scene, &keeper, arguments);
    let mut child = run.command().spawn().unwrap();
    for _ in 0..2000 {
        if left() < 60 || child.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let rest = left();
    assert!(rest < 60, "it was killed before its first write");
    if rest > 0 {
        scene.run(["operations", "--resume", "-o", "json", "--yes"]).exits(0);
    }
    assert_eq!(left(), 0);
    let again = rolling(&scene, &keeper, arguments).run().exits(0);
    assert_eq!(again.json()["objects"], serde_json::json!([]), "{again}");
}
