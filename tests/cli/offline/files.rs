//! `list` and `show` with `--offline`, and `offline info`, on what `ldapsearch` exports of a real domain controller.

use std::path::Path;

use serde_json::{Value, json};

use super::{alone, exported, own};
use crate::support::{Ldif, Output, Scene};

fn list(scene: &Scene, file: &Path, arguments: &[&str]) -> Output {
    alone(scene.program()).args(["list", "--offline"]).arg(file).args(arguments).run()
}

fn show(scene: &Scene, file: &Path, arguments: &[&str]) -> Output {
    alone(scene.program()).args(["show", "-o", "json", "--offline"]).arg(file).args(arguments).run()
}

#[test]
fn a_file_lists_what_the_directory_lists() {
    let Some(scene) = Scene::new() else { return };
    let unit = scene.unit("Unit").add();
    let user = scene.user("Inside").below(&unit.dn).add();
    scene.hand().change(&Ldif::default().delete_tree(&unit.dn));
    let [anna, group] = scene.add_and_delete([scene.user("Anna"), scene.group("Group")]);
    let file = own(&scene, "export.ldf");

    let live = scene.list([&scene.tag]).exits(0).json();
    let found = list(&scene, &file, &["-o", "json", &scene.tag]).exits(0).json();
    let by_guid = |document: &Value, guid: &str| {
        document["items"].as_array().unwrap().iter().find(|item| item["guid"] == guid).cloned().unwrap()
    };
    assert_eq!(found["items"].as_array().unwrap().len(), 4);
    for object in [&unit, &user, &anna, &group] {
        let (file, live) = (by_guid(&found, &object.guid), by_guid(&live, &object.guid));
        for field in
            ["name", "type", "objectClass", "dn", "rdn", "samAccountName", "sid", "lastKnownParent", "state"]
        {
            assert_eq!(file[field], live[field], "{field}");
        }
        // What only a domain controller knows.
        assert_eq!((&file["restorable"], &live["restorable"]), (&Value::Null, &json!(true)));
        assert_eq!((&file["expiresAt"], &file["daysLeft"]), (&Value::Null, &Value::Null));
    }
    assert_eq!(by_guid(&found, &user.guid)["parentState"], "deleted");
    assert_eq!(by_guid(&found, &anna.guid)["parentState"], "live");
    assert_eq!((&found["source"]["kind"], &found["source"]["dirty"]), (&json!("ldif"), &json!(false)));

    let guids = |arguments: &[&str]| {
        let mut guids = list(&scene, &file, arguments).exits(0).guids();
        guids.sort();
        guids
    };
    assert_eq!(guids(&["-o", "json", "--type", "group"]), [group.guid.as_str()]);
    assert_eq!(guids(&["-o", "json", "--under", &unit.dn]), [user.guid.as_str()]);
    assert_eq!(guids(&["-o", "json", "--since", "1d"]).len(), 4);
    list(&scene, &file, &["--until", "2020-01-01"]).exits(4);
    list(&scene, &file, &["-o", "json", "--state", "recycled"]).exits(4);
    list(&scene, &file, &["--ldap-filter", "(cn=a)"]).exits(2).says("--ldap-filter");

    // The order, the limit and the other forms are those of a live list.
    let names =
        list(&scene, &file, &["-o", "csv", "--sort", "name", "--limit", "2", "--columns", "name,restorable"]);
    let lines: Vec<String> = names.exits(0).stdout.lines().map(str::to_owned).collect();
    assert_eq!(
        lines,
        ["name,restorable".to_owned(), format!("{} Anna,", scene.tag), format!("{} Group,", scene.tag)]
    );
    assert_eq!(list(&scene, &file, &["-o", "jsonl"]).exits(0).json_lines().len(), 4);
    list(&scene, &file, &[]).exits(0).says("?").says("only a domain controller tells");
    list(&scene, &file, &["--classic"]).exits(0).says(&format!("DEL:{}", anna.guid)).says("Found 4 items");

    // A list of a file is what restore takes.
    let list = scene.file_with("list.json", list(&scene, &file, &["-o", "json", "Anna"]).stdout);
    let plan =
        scene.program().args(["restore", "--dry-run", "-o", "json", "--from-file"]).arg(list).run().exits(0);
    assert_eq!(plan.object()["guid"], anna.guid.as_str());
}

#[test]
fn an_object_in_a_file() {
    let Some(scene) = Scene::new() else { return };
    let boss = scene.user("Boss").add();
    let user = scene
        .user("Anna")
        .with("title", "Clerk")
        .with("manager", &boss.dn)
        .with("thumbnailPhoto", [0xff, 0xd8])
        .add();
    let group = scene.group("Team").add();
    scene.hand().change(&Ldif::default().add_values(&group.dn, "member", &[&user.dn]));
    let dead = scene.user("Dead").deleted();
    let file = own(&scene, "export.ldf");
    // The directory goes on without it.
    scene.delete([&user]);

    let sid = scene.hand().get(&user, &["objectSid"]);
    assert!(sid.has("objectSid"));
    let upn = format!("{}@contoso.test", user.sam.to_lowercase());
    for name in [
        vec![user.sam.as_str()],
        vec![&user.name],
        vec![&user.dn],
        vec![&upn],
        vec!["--guid", &user.guid],
        vec!["--dn", &user.dn],
    ] {
        let item = show(&scene, &file, &name).exits(0).json();
        assert_eq!((&item["guid"], &item["state"]), (&json!(user.guid), &json!("live")), "{name:?}");
    }
    let item = show(&scene, &file, &[&user.sam]).exits(0).json();
    assert_eq!(item["attributes"]["title"], json!(["Clerk"]));
    assert_eq!(item["attributes"]["thumbnailPhoto"], json!(["base64:/9g="]));
    assert_eq!((&item["restorable"], &item["isWhole"]), (&Value::Null, &json!(false)));
    let links: Vec<(&str, &str, &str)> = item["links"]
        .as_array()
        .unwrap()
        .iter()
        .map(|link| ["attribute", "direction", "dn"].map(|field| link[field].as_str().unwrap()))
        .map(|[attribute, direction, dn]| (attribute, direction, dn))
        .collect();
    assert_eq!(links, [("manager", "holds", boss.dn.as_str()), ("member", "pointedTo", group.dn.as_str())]);
    let next = item["next"].to_string();
    assert!(
        next.contains(&format!("restore --guid {}", user.guid)) && next.contains("--fill-from ldif:"),
        "{next}"
    );

    let text = alone(scene.program()).args(["show", &user.sam, "--offline"]).arg(&file).run().exits(0);
    text.says("memberOf (1)").says(&group.dn).says("not set, not exported, or not readable").says("line ");
    let dead = show(&scene, &file, &[&dead.dn]).exits(0).json();
    assert_eq!((&dead["state"], &dead["parentState"]), (&json!("tombstone"), &json!("live")));
    show(&scene, &file, &["nobody"]).exits(4);
    assert_eq!(
        show(&scene, &file, &["--guid", "3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f"]).exits(4).error()["kind"],
        "notFound"
    );
}

#[test]
fn what_a_file_is() {
    let Some(scene) = Scene::new() else { return };
    scene.user("Anna").deleted();
    scene.group("Team").add();
    let info = |file: &Path, arguments: &[&str]| {
        alone(scene.program()).args(["offline", "info"]).arg(file).args(arguments).run()
    };
    let part = info(&own(&scene, "own.ldf"), &["-o", "json"]).exits(0).json();
    assert_eq!((&part["objects"]["live"], &part["objects"]["deleted"]), (&json!(2), &json!(1)));
    assert_eq!(part["objects"]["byType"], json!({"group": 1, "ou": 1}));
    assert_eq!((&part["source"]["domain"], &part["recycleBin"]), (&Value::Null, &Value::Null));

    let whole = exported(&scene, "whole.ldf", &["-b", &scene.lab.base, "*"]);
    let document = info(&whole, &["-o", "json"]).exits(0).json();
    assert_eq!(document["source"]["domain"], scene.lab.base.as_str());
    assert!(
        document["objects"]["live"].as_u64().unwrap() > 100 && document["domainLevel"].is_i64(),
        "{document}"
    );
    assert_eq!(document["source"]["atFrom"], "newest");
    info(&whole, &[]).exits(0).says("(Windows Server 20").says("How far its reader was tried").says("ldifde");
    info(&whole, &["-o", "csv"]).exits(2);

    info(&scene.file_with("text", "hello"), &[]).exits(12).says("none of the formats");
    info(&scene.file("none"), &[]).exits(2);
    let dit = format!("ntds:{}", whole.display());
    info(Path::new(&dit), &[]).exits(2).says("ldif:FILE");
    scene.run(["list", "--allow-dirty"]).exits(2).says("--offline");
}

#[test]
fn a_damaged_part_costs_that_part() {
    let Some(scene) = Scene::new() else { return };
    scene.user("Anna").deleted();
    let file = own(&scene, "export.ldf");
    let mut text = std::fs::read(&file).unwrap();
    text.extend(b"\ndn: CN=x,DC=y\nthis is no attribute\n");
    let file = scene.file_with("damaged.ldf", text);
    let out = list(&scene, &file, &["-o", "json"]).exits(3);
    assert_eq!(out.json()["items"].as_array().unwrap().len(), 1);
    assert!(out.json()["source"]["damageCount"].as_u64().unwrap() > 0);
    out.says("damaged");
    alone(scene.program()).args(["offline", "info"]).arg(&file).run().exits(3).says("line ");
}
