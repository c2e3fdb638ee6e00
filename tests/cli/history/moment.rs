//! An object as it was.

use serde_json::{Value, json};

use super::{between, history};
use crate::support::{Keeper, Ldif, Scene};

fn links(at: &Value, attribute: &str) -> Vec<String> {
    let all = at["links"].as_array().unwrap().iter().filter(|l| l["attribute"] == attribute);
    all.map(|l| l["guid"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn between_two_changes_and_across_a_deletion() {
    let Some(scene) = Scene::new() else { return };
    let [group, boss] = scene.add([scene.group("Then"), scene.user("Head")]);
    let keeper = Keeper::begin_with_configuration(&scene);
    let before = between();
    let user = scene.user("Moment").with("title", "first").with("manager", &boss.dn).add();
    scene.hand().change(&Ldif::default().add_values(&group.dn, "member", &[&user.dn]));
    keeper.follow();
    let first = between();
    scene.hand().change(&Ldif::default().replace(&user.dn, "title", &["second"]));
    keeper.follow();
    let second = between();
    scene.delete([&user]);
    keeper.follow();
    let after = between();
    let at = |when: &str, code: i32| {
        let out = history(&scene, &keeper, ["--guid", &user.guid, "--at", when, "-o", "json"]).exits(code);
        out.json()["at"].clone()
    };
    for (when, title) in [(&first, "first"), (&second, "second")] {
        let at = at(when, 0);
        assert_eq!(
            (&at["isKnown"], &at["state"], &at["dn"]),
            (&json!(true), &json!("live"), &json!(user.dn))
        );
        assert_eq!(at["attributes"]["title"], json!([title]));
        assert_eq!(
            (links(&at, "member"), links(&at, "manager")),
            (vec![group.guid.clone()], vec![boss.guid.clone()])
        );
        let stamp = at["metadata"].as_array().unwrap().iter().find(|s| s["attribute"] == "title").unwrap();
        assert_eq!(stamp["changedOn"], "DC1");
        assert!(stamp["changedAt"].as_str().unwrap() <= when.as_str(), "{stamp}");
    }
    let dead = at(&after, 0);
    assert_eq!((&dead["state"], &dead["attributes"]["title"]), (&json!("tombstone"), &Value::Null));
    assert_eq!(links(&dead, "member"), Vec::<String>::new());

    let unborn = at(&before, 4);
    assert_eq!((&unborn["isKnown"], &unborn["notKnownBecause"]), (&json!(false), &json!("notYetThere")));
    let out = history(&scene, &keeper, ["--guid", &boss.guid, "--at", "2020-01-01", "-o", "json"]).exits(4);
    assert_eq!(out.json()["at"]["notKnownBecause"], "notYetKept");

    let people = history(&scene, &keeper, ["--guid", &user.guid, "--at", &first]).exits(0);
    for text in ["As it was at ", "memberOf (1)", "manager (1)", &group.dn, "title", "first", " on DC1]"] {
        assert!(people.stdout.contains(text), "{text}\n{people}");
    }
    history(&scene, &keeper, ["--guid", &boss.guid, "--at", "2020-01-01"]).exits(4).says("begins at");
    let rows = history(&scene, &keeper, ["--guid", &user.guid, "--at", &first, "-o", "csv"]).exits(0);
    assert!(rows.stdout.contains("title,first\n") && rows.stdout.contains("memberOf,\"CN="), "{rows}");
    let line = history(&scene, &keeper, ["--guid", &user.guid, "--at", &first, "-o", "jsonl"]).exits(0);
    assert_eq!(line.json_lines()[0]["attributes"]["title"], json!(["first"]));
}
