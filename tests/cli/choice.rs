//! Which objects are restored, and who is asked.

use crate::support::{Object, Scene};

fn three(scene: &Scene) -> [Object; 3] {
    scene.add_and_delete([scene.contact("Ann"), scene.contact("Ben"), scene.contact("Cat")])
}

fn deleted(scene: &Scene, objects: &[Object]) -> Vec<bool> {
    objects.iter().map(|o| scene.hand().is_deleted(o)).collect()
}

#[test]
fn a_terminal_asks_for_each_object() {
    let Some(scene) = Scene::new() else { return };
    let objects = three(&scene);
    let question = "restore this object (y/n)? ";
    // They come newest first: by the tag, in the order of the answers.
    let answers = [(question, "y\n"), (question, "n\n"), (question, "y\n"), ("[y/N] ", "y\n")];
    let out = scene.program().args(["restore", &scene.tag]).on_terminal(&answers).exits(0);
    assert_eq!(deleted(&scene, &objects).iter().filter(|d| **d).count(), 1, "{out}");
    for object in &objects {
        assert!(out.stdout.contains(&object.guid), "{out}");
    }
}

#[test]
fn no_to_every_question_is_declined() {
    let Some(scene) = Scene::new() else { return };
    let objects = three(&scene);
    let question = "(y/n)? ";
    let answers = [(question, "n\n"), (question, "\n"), (question, "nonsense\n")];
    scene.program().args(["restore", &scene.tag]).on_terminal(&answers).exits(9);
    assert_eq!(deleted(&scene, &objects), [true; 3]);
}

#[test]
fn the_last_question_can_be_declined() {
    let Some(scene) = Scene::new() else { return };
    let object = scene.contact("Last").deleted();
    for answer in ["n\n", "\n", "\u{4}"] {
        let out = scene.program().args(["restore", &scene.tag]).on_terminal(&[("[y/N] ", answer)]).exits(9);
        assert!(scene.hand().is_deleted(&object), "{out}");
    }
    scene.program().args(["restore", &scene.tag]).on_terminal(&[("[y/N] ", "y\n")]).exits(0);
    assert!(!scene.hand().is_deleted(&object));
}

#[test]
fn without_a_terminal_nobody_is_there_to_answer() {
    let Some(scene) = Scene::new() else { return };
    let object = scene.contact("Nobody").deleted();
    let before = scene.hand().state(&object);
    for selection in [["--guid", object.guid.as_str()], [object.name.as_str(), "--type=contact"]] {
        let out = scene.run(["restore"].into_iter().chain(selection)).exits(9);
        out.says("--yes");
        let json = scene.run(["restore", "-o", "json"].into_iter().chain(selection)).exits(9).json();
        assert_eq!(json["schema"], "adrecover/restore/v1", "objects were identified: {json}");
    }
    // An answer on a pipe is no answer.
    scene.program().args(["restore", "--guid", &object.guid]).stdin("y\n").run().exits(9);
    assert_eq!(scene.hand().state(&object), before);
}

#[test]
fn several_need_to_be_meant() {
    let Some(scene) = Scene::new() else { return };
    let objects = three(&scene);
    let restore = ["restore", "-o", "json", "--yes", scene.tag.as_str()];
    let out = scene.run(restore).exits(5);
    assert_eq!(out.error()["candidates"].as_array().unwrap().len(), 3);
    let out = scene.program().args(restore).args(["--max", "2"]).run().exits(5);
    assert_eq!(out.error()["candidates"].as_array().unwrap().len(), 3);
    assert_eq!(deleted(&scene, &objects), [true; 3]);
    scene.program().args(restore).args(["--max", "3"]).run().exits(0);
    assert_eq!(deleted(&scene, &objects), [false; 3]);
}

#[test]
fn a_dry_run_exits_as_the_real_run_would_and_writes_nothing() {
    let Some(scene) = Scene::new() else { return };
    let objects = three(&scene);
    let before = objects.each_ref().map(|o| scene.hand().state(o));
    let dry = |arguments: &[&str]| {
        let all =
            ["restore", "-o", "json", "--yes", "--dry-run"].into_iter().chain(arguments.iter().copied());
        scene.run(all)
    };
    dry(&[&scene.tag]).exits(5);
    let out = dry(&[&scene.tag, "--all"]).exits(0);
    assert_eq!(out.json()["dryRun"], true);
    assert!(out.json()["objects"].as_array().unwrap().iter().all(|o| o["outcome"] == "planned"), "{out}");
    dry(&["nothing is called like this"]).exits(4);
    dry(&["--guid", &objects[0].guid, "--to", "CN=No,DC=contoso,DC=test"]).exits(6);
    scene.run(["restore", "--what-if", "--guid", &objects[0].guid]).exits(0).says("nothing was changed");
    assert_eq!(objects.each_ref().map(|o| scene.hand().state(o)), before);
    // Nothing is in the journal either.
    let operations = scene.run(["operations", "-o", "json"]).exits(0).json();
    assert_eq!(operations["items"], serde_json::json!([]));
}

#[test]
fn a_file_of_guids_with_remarks() {
    let Some(scene) = Scene::new() else { return };
    let objects = three(&scene);
    let upper = objects[1].guid.to_uppercase();
    let text = format!("# today's victims\n\n{} # Ann\r\n  {{{upper}}}\n", objects[0].guid);
    let file = scene.file_with("list.txt", text);
    let out = scene.run(["restore", "-o", "json", "--yes", "--from-file", file.to_str().unwrap()]).exits(0);
    assert_eq!(out.guids(), [objects[0].guid.as_str(), objects[1].guid.as_str()]);
    assert_eq!(deleted(&scene, &objects), [false, false, true]);
}

#[test]
fn what_list_prints_can_be_piped_into_restore() {
    let Some(scene) = Scene::new() else { return };
    let objects = scene.add_and_delete([
        scene.contact("json one"),
        scene.contact("lines one"),
        scene.contact("lines two"),
    ]);
    for (format, restored) in [("json", [false, true, true]), ("jsonl", [false; 3])] {
        let filter = format!("{} {}", scene.tag, if format == "json" { "json" } else { "lines" });
        let listed = scene.run(["list", &filter, "-o", format]).exits(0).stdout;
        let run = scene.program().args(["restore", "-o", "json", "--yes", "--from-file", "-"]);
        run.stdin(listed).run().exits(0);
        assert_eq!(deleted(&scene, &objects), restored, "{format}");
    }
}

#[test]
fn a_bad_list_is_named_with_its_line() {
    let Some(scene) = Scene::new() else { return };
    let from = |text: &str| {
        let file = scene.file_with("bad.txt", text);
        scene.run(["restore", "-o", "json", "--yes", "--from-file", file.to_str().unwrap()])
    };
    let good = "3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f";
    for (text, said) in [
        (format!("{good}\nnonsense\n"), "line 2"),
        ("{\"schema\":\"adrecover/list/v1\",\"items\":[{\"guid\":".to_owned(), "bad.txt"),
        ("{\"schema\":\"adrecover/show/v1\",\"items\":[]}".to_owned(), "show"),
    ] {
        let out = from(&text).exits(12);
        assert!(out.error()["message"].as_str().unwrap().contains(said), "{out}");
    }
    from("# nothing but remarks\n").exits(4);
    from(good).exits(4).says(good);
    scene.run(["restore", "--yes", "--from-file", "/no/such/file"]).exits(2).says("/no/such/file");
}

#[test]
fn choices_that_make_no_sense_are_wrong_usage() {
    let Some(scene) = Scene::new() else { return };
    let guid = "3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f";
    let cases: [&[&str]; 9] = [
        &[],
        &["--yes", "--all", " "],
        &["--yes"],
        &["--guid", "nonsense"],
        &["--guid", guid, "--tree", guid],
        &["--guid", guid, "FILTER"],
        &["--guid", guid, "--type", "user"],
        &["--all", "--max", "2", "FILTER"],
        &["--from-file", "-", "--new-password-file", "-"],
    ];
    for arguments in cases {
        let out = scene.run(["restore", "-o", "json"].into_iter().chain(arguments.iter().copied())).exits(2);
        assert_eq!(out.error()["kind"], "usage", "{out}");
    }
}

#[test]
fn an_object_named_twice_is_restored_once() {
    let Some(scene) = Scene::new() else { return };
    let object = scene.contact("Once").deleted();
    let out = scene.restore(&object, ["--guid", &object.guid.to_uppercase()]).exits(0);
    assert_eq!(out.guids(), [object.guid.as_str()]);
}

#[test]
fn selectors_choose_too() {
    let Some(scene) = Scene::new() else { return };
    let [user, group] = scene.add_and_delete([scene.user("Sel"), scene.group("Sel group")]);
    let arguments = ["restore", "-o", "json", "--yes", "--type", "group", "--under", scene.ou()];
    let out = scene.run(arguments).exits(0);
    assert_eq!(out.guids(), [group.guid.as_str()]);
    assert!(scene.hand().is_deleted(&user));
}

#[test]
fn ctrl_c_at_a_question_is_an_interruption() {
    let Some(scene) = Scene::new() else { return };
    let object = scene.contact("Interrupted").deleted();
    scene.program().args(["restore", &scene.tag]).on_terminal(&[("[y/N] ", "\u{3}")]).exits(130);
    assert!(scene.hand().is_deleted(&object));
    let operations = scene.run(["operations", "-o", "json"]).exits(0).json();
    assert_eq!(operations["items"], serde_json::json!([]));
}

#[test]
fn many_are_summed_up_for_people_and_told_in_full_to_scripts() {
    let Some(scene) = Scene::new() else { return };
    let drafts: [_; 25] = std::array::from_fn(|i| scene.contact(&format!("many {i:02}")));
    let objects = scene.add_and_delete(drafts);
    let arguments = ["restore", "--yes", "--all", &scene.tag];
    scene
        .run(arguments.into_iter().chain(["--dry-run"]))
        .exits(0)
        .says("25 objects")
        .does_not_say("1. reanimate");
    let out = scene.run(arguments).exits(0);
    assert!(out.stdout.contains("25 objects: 25 done; 25 verified"), "{out}");
    assert!(deleted(&scene, &objects).iter().all(|d| !d));
    let again = scene.run(arguments.into_iter().chain(["-o", "json"])).exits(0);
    assert_eq!(again.guids().len(), 25);
}

#[test]
fn parameters_of_powershell_are_understood() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Anna").add();
    scene.delete([&user]);
    let ours = scene.run(["restore", "--guid", &user.guid, "--dry-run", "-o", "json"]).exits(0);
    let theirs = scene.run(["restore", "-Identity", &user.guid, "-WhatIf", "-o", "json"]).exits(0);
    assert_eq!(ours.object()["steps"], theirs.object()["steps"]);
    assert_eq!(ours.object()["outcome"], theirs.object()["outcome"]);
    let listed = scene.run(["list", &user.sam, "-o", "json"]).exits(0).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "it is deleted still");
    let done = scene.run(["restore", "-identity", &user.guid, "-Confirm:$false", "-o", "json"]).exits(0);
    assert_eq!(done.object()["verified"], true, "{done}");
}
