//! What was deleted in a time, and what of it can be had back.

use serde_json::{Value, json};

use super::history;
use crate::support::{Keeper, Ldif, Object, Scene};

/// The items of this test's objects: other tests delete things on the same lab at the same time.
fn items<'a>(document: &'a Value, objects: &[&Object]) -> Vec<&'a Value> {
    let all = document["items"].as_array().unwrap();
    let find = |object: &&Object| all.iter().find(|item| item["guid"] == object.guid.as_str());
    objects.iter().map(|object| find(object).unwrap_or_else(|| panic!("{object:?}: {document}"))).collect()
}

#[test]
fn a_deleted_tree_is_counted_and_comes_back_from_the_list() {
    let Some(scene) = Scene::new() else { return };
    let unit = scene.unit("Lost").add();
    let outside = scene.group("Outside").add();
    let people: [Object; 12] = scene.add(std::array::from_fn(|n| {
        let names = ["Aa", "Ab", "Ac", "Ad", "Ae", "Af", "Ag", "Ah", "Ai", "Aj", "Ak", "Al"];
        scene.user(names[n]).below(&unit.dn)
    }));
    let inside = scene.group("Inside").below(&unit.dn).add();
    let all: Vec<&str> = people.iter().map(|p| p.dn.as_str()).collect();
    scene.hand().change(&Ldif::default().add_values(&outside.dn, "member", &all));
    scene.hand().change(&Ldif::default().add_values(&inside.dn, "member", &all[..3]));
    let spare = scene.user("Spare").add();
    let keeper = Keeper::begin_with_configuration(&scene);
    let since = super::now();
    scene.hand().change(&Ldif::default().delete_tree(&unit.dn));
    scene.hand().change(&Ldif::default().replace(&spare.dn, "userAccountControl", &["514"]));
    keeper.follow();

    let arguments = ["--incident", "--since", &since, "-o", "json"];
    let out = history(&scene, &keeper, arguments).exits(0);
    let document = out.json();
    let mine: Vec<&Object> = people.iter().chain([&inside, &unit]).collect();
    let told = items(&document, &mine);
    for (item, object) in told.iter().zip(&mine) {
        assert_eq!((&item["dn"], &item["name"]), (&json!(object.dn), &json!(object.name)), "{item}");
        assert_eq!((&item["state"], &item["recovery"]), (&json!("tombstone"), &json!("tombstoneAndJournal")));
        assert_eq!((&item["restorable"], &item["canFillFrom"]), (&json!(true), &json!(["journal"])));
        assert_eq!((&item["deletedOn"], &item["timeFrom"]), (&json!("DC1"), &json!("directory")));
        assert!(item["daysLeft"].as_i64().unwrap() > 100 && item["expiresAt"].is_string(), "{item}");
    }
    assert_eq!((&told[0]["taken"]["groups"], &told[3]["taken"]["groups"]), (&json!(2), &json!(1)));
    assert_eq!((&told[12]["taken"]["members"], &told[12]["type"]), (&json!(3), &json!("group")));
    assert!(told[0]["taken"]["attributes"].as_u64().unwrap() >= 3);
    let summary = &document["summary"];
    let number = |list: &str, name: &str| {
        let found = summary[list].as_array().unwrap().iter().find(|by| by["name"] == name);
        found.map_or(0, |by| by["number"].as_u64().unwrap())
    };
    assert_eq!(number("byParent", &unit.dn), 13, "{summary}");
    assert!(number("byType", "user") >= 12 && number("byController", "DC1") >= 14, "{summary}");
    let bursts = document["bursts"].as_array().unwrap();
    assert!(bursts.iter().any(|burst| burst["number"].as_u64().unwrap() >= 14), "{document}");
    let bars = document["timeline"]["bars"].as_array().unwrap();
    let drawn: u64 = bars.iter().map(|bar| bar["number"].as_u64().unwrap()).sum();
    assert_eq!(json!(drawn), summary["deleted"]);
    assert!(document["alongside"]["disabled"].as_u64().unwrap() >= 1, "{document}");
    assert_eq!(document["deletionPolicy"]["recycleBin"], false);

    let people_see = history(&scene, &keeper, ["--incident", "--since", &since]).exits(0);
    for text in
        ["By container", &unit.dn, "Mass deletions", "--fill-from journal --groups-from journal", "DC1"]
    {
        assert!(people_see.stdout.contains(text), "{text}\n{people_see}");
    }
    let lines = history(&scene, &keeper, ["--incident", "--since", &since, "-o", "jsonl"]).exits(0);
    assert_eq!(json!(lines.json_lines()), document["items"]);
    let rows = history(&scene, &keeper, ["--incident", "--since", &since, "-o", "csv"]).exits(0);
    assert_eq!(rows.stdout.lines().count(), document["items"].as_array().unwrap().len() + 1);

    // The list leads the restore. Those of other tests are taken out of it.
    let mut list = document.clone();
    list["items"] = json!(told);
    let file = scene.file_with("incident.json", list.to_string());
    let run = scene.program().args(["restore", "--yes", "-o", "json", "--from-file"]).arg(file);
    assert_eq!(run.run().exits(0).guids().len(), 14);
    keeper.follow();
    let again = history(&scene, &keeper, arguments).exits(0).json();
    let back = items(&again, &mine);
    for item in &back[..12] {
        assert_eq!((&item["state"], &item["recovery"]), (&json!("live"), &json!("backInPart")), "{item}");
        assert!(item["restoredAt"].is_string() && item["restorable"] == false);
    }
    assert_eq!(
        (&back[0]["missing"]["groups"], &back[13]["recovery"]),
        (&json!(2), &json!("back")),
        "{again}"
    );
}

#[test]
fn from_the_recycle_bin_nothing_is_lost() {
    let Some(scene) = Scene::that_undeletes() else { return };
    let [group, user] = scene.add([scene.group("Kept"), scene.user("Binned")]);
    scene.hand().change(&Ldif::default().add_values(&group.dn, "member", &[&user.dn]));
    let keeper = Keeper::begin_with_configuration(&scene);
    let since = super::now();
    scene.delete([&user]);
    keeper.follow();
    let document =
        || history(&scene, &keeper, ["--incident", "--since", &since, "-o", "json"]).exits(0).json();
    let first = document();
    let item = items(&first, &[&user])[0];
    assert_eq!((&item["state"], &item["recovery"]), (&json!("deleted"), &json!("recycleBin")), "{item}");
    assert_eq!(
        (&item["canFillFrom"], &item["missing"]["groups"], &item["taken"]["groups"]),
        (&json!([]), &json!(0), &json!(1))
    );
    assert_eq!(first["deletionPolicy"]["recycleBin"], true);
    assert!(first["next"][2].as_str().unwrap().ends_with("--from-file incident.json"), "{first}");
    scene.restore(&user, [""; 0]).exits(0);
    keeper.follow();
    let second = document();
    let item = items(&second, &[&user])[0];
    assert_eq!((&item["state"], &item["recovery"]), (&json!("live"), &json!("back")), "{item}");
}

#[test]
fn the_forests_configuration_says_how_long_there_is_time() {
    let Some(scene) = Scene::with_bin() else { return };
    let keeper = Keeper::begin_with_configuration(&scene);
    let since = super::now();
    let user = scene.user("In the bin").add();
    keeper.follow();
    scene.delete([&user]);
    keeper.follow();
    let document = history(&scene, &keeper, ["--incident", "--since", &since, "-o", "json"]).exits(0).json();
    let item = items(&document, &[&user])[0];
    assert_eq!((&item["state"], &item["recovery"]), (&json!("deleted"), &json!("recycleBin")), "{item}");
    let listed = scene.list([&user.name]).exits(0).json();
    for field in
        ["deletedAt", "deletedOn", "expiresAt", "daysLeft", "name", "type", "samAccountName", "state"]
    {
        assert_eq!(item[field], listed["items"][0][field], "{field}");
    }
}

#[test]
fn nothing_was_deleted() {
    let Some(scene) = Scene::new() else { return };
    let keeper = Keeper::begin(&scene);
    let window = ["--incident", "--since", "2020-01-01", "--until", "2020-01-02"];
    let out = history(&scene, &keeper, window).exits(0);
    // Of that time the journal knows nothing, and nobody may take its word for it.
    assert!(out.stderr.contains("begins at ") && out.stderr.contains("is not in it"), "{out}");
    assert!(out.stdout.contains("Nothing was deleted in that time"), "{out}");
    let document = history(&scene, &keeper, window.into_iter().chain(["-o", "json"])).exits(0).json();
    assert_eq!((&document["items"], &document["next"]), (&json!([]), &json!([])));
    assert_eq!(
        (&document["deletionPolicy"], &document["until"]),
        (&Value::Null, &json!("2020-01-02T00:00:00Z"))
    );
    let lines = history(&scene, &keeper, window.into_iter().chain(["-o", "jsonl"])).exits(0);
    assert!(lines.stdout.is_empty() && lines.stderr.contains("nothing was deleted"), "{lines}");
}
