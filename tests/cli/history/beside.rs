//! What `list` and `show` say of the change journal, and what they do without one.

use serde_json::json;

use crate::support::{Keeper, Ldif, Scene};

#[test]
fn a_list_says_what_the_journal_can_fill() {
    let Some(scene) = Scene::new() else { return };
    let early = scene.user("Early").deleted();
    let [known, group] = scene.add([scene.user("Known"), scene.group("Known group")]);
    scene.hand().change(&Ldif::default().add_values(&group.dn, "member", &[&known.dn]));
    let keeper = Keeper::begin(&scene);
    scene.delete([&known]);
    keeper.follow();
    let with = |words: &[&str]| {
        scene.program().args(["list", &scene.tag, "--journal"]).arg(keeper.path()).args(words).run()
    };
    let fill = |document: &serde_json::Value, guid: &str| {
        let items = document["items"].as_array().unwrap();
        items.iter().find(|item| item["guid"] == guid).unwrap()["canFillFrom"].clone()
    };
    let document = with(&["-o", "json"]).exits(0).json();
    assert_eq!((fill(&document, &known.guid), fill(&document, &early.guid)), (json!(["journal"]), json!([])));
    let lines = with(&["-o", "jsonl"]).exits(0).json_lines();
    assert_eq!(lines.iter().filter(|line| line["canFillFrom"] == json!(["journal"])).count(), 1);
    let table = with(&["--columns", "name,fill"]).exits(0);
    assert!(table.stdout.contains("FILL FROM") && table.stdout.contains("Known  journal"), "{table}");
    assert!(
        table.stderr.contains("1 of 2 can be filled from the change journal of contoso.test (just made)"),
        "{table}"
    );
    assert!(table.stderr.contains("--fill-from journal --groups-from journal --journal "), "{table}");
    let rows = with(&["-o", "csv"]).exits(0);
    assert!(
        rows.stdout.lines().next().unwrap().ends_with(",canFillFrom") && rows.stderr.is_empty(),
        "{rows}"
    );

    let show = |guid: &str, words: &[&str]| {
        scene
            .program()
            .args(["show", "--guid", guid, "--journal"])
            .arg(keeper.path())
            .args(words)
            .run()
            .exits(0)
    };
    let shown = show(&known.guid, &["-o", "json"]).json();
    assert_eq!((&shown["sources"], &shown["canFillFrom"]), (&json!(["journal"]), &json!(["journal"])));
    let journal = &shown["journal"];
    assert_eq!((&journal["groups"], &journal["forest"]), (&json!(1), &json!("contoso.test")));
    let names = journal["attributes"].as_array().unwrap();
    assert!(
        ["mail", "displayName", "userPrincipalName"].iter().all(|name| names.contains(&json!(name))),
        "{shown}"
    );
    assert_eq!(journal["deletedAt"], shown["deletedAt"]);
    let people = show(&known.guid, &[]);
    for text in ["Sources", "1 group that it was a member of", "--fill-from journal --groups-from journal"] {
        assert!(people.stdout.contains(text), "{text}\n{people}");
    }
    assert!(!people.stdout.contains("give one with --upn"), "{people}");
    let early = show(&early.guid, &["-o", "json"]).json();
    assert_eq!((&early["sources"], &early["journal"]), (&json!([]), &json!(null)));
    // What is back lacks something, and that is said, too.
    scene.restore(&known, [""; 0]).exits(0);
    keeper.follow();
    let live = show(&known.guid, &["-o", "json"]).json();
    assert_eq!(
        (&live["state"], &live["sources"], &live["journal"]["groups"]),
        (&json!("live"), &json!(["journal"]), &json!(1))
    );
}

#[test]
fn without_a_journal_everything_is_as_before() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Plain").deleted();
    let plain = scene.list([&user.name]).exits(0);
    assert!(plain.stderr.is_empty(), "{plain}");
    assert_eq!(plain.json()["items"][0]["canFillFrom"], json!([]));
    let shown = scene.run(["show", "-o", "json", "--guid", &user.guid]).exits(0).json();
    assert_eq!((&shown["sources"], &shown["journal"]), (&json!([]), &json!(null)));

    // One that cannot be read is said, and nothing else is different.
    let damaged = scene.file_with("changes-x.db", vec![b'x'; 9000]);
    let missing = scene.file("no-such.db");
    for path in [damaged.to_str().unwrap(), missing.to_str().unwrap(), "postgres://host/db"] {
        for command in [vec!["list", &user.name], vec!["show", "--guid", &user.guid]] {
            let out = scene.program().args(command).args(["-o", "json", "--journal", path]).run().exits(0);
            assert!(out.stderr.contains("warning: the change journal is left out: "), "{out}");
            let document = out.json();
            let item = document["items"].get(0).unwrap_or(&document);
            assert_eq!((&item["guid"], &item["canFillFrom"]), (&json!(user.guid), &json!([])));
        }
    }
}

#[test]
fn a_journal_that_breaks_off_is_left_out() {
    let Some(scene) = Scene::new() else { return };
    let users = scene.add([scene.user("One"), scene.user("Two")]);
    let keeper = Keeper::begin(&scene);
    scene.delete(&users);
    keeper.follow();
    keeper.damage();
    let run = scene.program().args(["list", &scene.tag, "-o", "jsonl", "--journal"]).arg(keeper.path());
    let out = run.run().exits(0);
    assert_eq!((out.json_lines().len(), out.stderr.matches("is left out").count()), (2, 1), "{out}");
}
