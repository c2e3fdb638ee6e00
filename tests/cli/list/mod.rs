//! What `list` shows.

mod bad_input;
mod formats;
mod selectors;

use serde_json::Value;

use crate::support::{Ldif, Output, Scene};

/// The items of a list by what a field says, sorted.
fn fields(out: &Output, field: &str) -> Vec<String> {
    let document = out.json();
    let items = document["items"].as_array().unwrap_or_else(|| panic!("{out}"));
    let mut values: Vec<String> =
        items.iter().map(|i| i[field].as_str().unwrap_or_default().to_owned()).collect();
    values.sort();
    values
}

fn only(out: &Output) -> Value {
    let document = out.json();
    let [item] = document["items"].as_array().unwrap().as_slice() else { panic!("{out}") };
    item.clone()
}

#[test]
fn an_item_has_the_fields_of_the_contract() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Fields").deleted();
    let out = scene.list([&user.name]).exits(0);
    let document = out.json();
    assert_eq!(document["schema"], "adrecover/list/v1");
    assert_eq!(document["domain"], "contoso.test");
    assert_eq!(document["recycleBin"], false);
    let item = only(&out);
    let mut names: Vec<&str> = item.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    let expected = [
        "canFillFrom",
        "daysLeft",
        "deletedAt",
        "deletedOn",
        "dn",
        "expiresAt",
        "guid",
        "lastKnownParent",
        "name",
        "notRestorableBecause",
        "objectClass",
        "parentState",
        "rdn",
        "restorable",
        "samAccountName",
        "sid",
        "state",
        "type",
        "userPrincipalName",
    ];
    assert_eq!(names, expected);

    let entry = scene.hand().get(&user, &["whenChanged", "objectClass", "sAMAccountName"]);
    assert_eq!(item["guid"], user.guid.as_str());
    assert_eq!(item["name"], user.name.as_str());
    assert_eq!(item["type"], "user");
    assert_eq!(item["objectClass"], serde_json::json!(["top", "person", "organizationalPerson", "user"]));
    assert_eq!(item["state"], "tombstone");
    assert_eq!(item["dn"], entry.dn.as_str());
    assert_eq!(item["rdn"], format!("CN={}", user.name));
    assert_eq!(item["samAccountName"], user.sam.as_str());
    assert!(item["sid"].as_str().unwrap().starts_with("S-1-5-21-"));
    assert_eq!(item["userPrincipalName"], Value::Null);
    assert_eq!((&item["lastKnownParent"], &item["parentState"]), (&scene.ou().into(), &"live".into()));
    // 20261122031500.0Z
    let stamp = entry.text("whenChanged");
    let [year, month, day, hour, minute, second] =
        [0..4, 4..6, 6..8, 8..10, 10..12, 12..14].map(|range| &stamp[range]);
    assert_eq!(item["deletedAt"], format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"));
    assert_eq!(item["deletedOn"], "DC1");
    // The lifetime of tombstones is 180 days here.
    assert_eq!(item["daysLeft"], 179);
    assert_eq!((&item["restorable"], &item["notRestorableBecause"]), (&true.into(), &Value::Null));
}

#[test]
fn the_bin_keeps_the_logon_name_but_this_server_cannot_restore_it() {
    let Some(scene) = Scene::with_bin() else { return };
    let user = scene.user("Bin").deleted();
    let out = scene.list([&user.name]).exits(0);
    assert_eq!(out.json()["recycleBin"], true);
    let item = only(&out);
    assert_eq!(item["state"], "deleted");
    assert_eq!(item["userPrincipalName"], format!("{}@contoso.test", user.sam.to_lowercase()));
    assert_eq!((&item["restorable"], &item["notRestorableBecause"]), (&false.into(), &"serverCannot".into()));
}

#[test]
fn recycled_objects_have_no_time_left() {
    let Some(scene) = Scene::with_bin() else { return };
    for label in ["early-user", "recycled-user"] {
        let guid = scene.lab.seed(label)["guid"].as_str().unwrap();
        let out = scene.list([
            "--ldap-filter",
            &format!("(sAMAccountName={})", scene.lab.seed(label)["sam"].as_str().unwrap()),
        ]);
        let out = out.exits(0);
        let item = only(&out);
        assert_eq!((&item["guid"], &item["state"]), (&guid.into(), &"recycled".into()));
        assert_eq!((&item["restorable"], &item["notRestorableBecause"]), (&false.into(), &"recycled".into()));
    }
}

#[test]
fn what_became_of_the_last_parent() {
    let Some(scene) = Scene::new() else { return };
    let unit = scene.unit("Parent").add();
    let user = scene.user("Child").below(&unit.dn).add();
    scene.delete([&user]);
    assert_eq!(only(&scene.list([&user.name]).exits(0))["parentState"], "live");
    scene.delete([&unit]);
    let item = only(&scene.list([&user.name]).exits(0));
    assert_eq!(item["parentState"], "deleted");
    assert!(item["lastKnownParent"].as_str().unwrap().contains(&unit.guid));
    // For people by its old name.
    scene.run(["list", &user.name]).exits(0).says(&format!("{} (deleted)", unit.name));
    // It follows when the parent comes back.
    scene.restore(&unit, [""; 0]).exits(0);
    let item = only(&scene.list([&user.name]).exits(0));
    assert_eq!((&item["parentState"], &item["lastKnownParent"]), (&"live".into(), &unit.dn.as_str().into()));
}

#[test]
fn a_filter_is_a_part_of_the_name_or_the_account_name_in_any_case() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Substring").set("sAMAccountName", format!("{}account", scene.tag)).deleted();
    for typed in [" SUBSTR", "string", "ccoUNT", "t"] {
        let out = scene.list([typed, "--under", scene.ou()]).exits(0);
        assert_eq!(out.guids(), [user.guid.as_str()], "{typed}");
    }
    for typed in ["del", "DEL:", &user.guid[..8], "contoso", "*", "(", ")", "\\"] {
        scene.list([typed, "--under", scene.ou()]).exits(4);
    }
}

#[test]
fn nothing_found_is_an_empty_list_and_exits_with_4() {
    let Some(scene) = Scene::new() else { return };
    let nothing = format!("{} nobody", scene.tag);
    let out = scene.list([&nothing]).exits(4);
    assert_eq!(
        (&out.json()["schema"], &out.json()["items"]),
        (&"adrecover/list/v1".into(), &serde_json::json!([]))
    );
    scene.run(["list", &nothing]).exits(4).says("no deleted object matches");
    let quiet = scene.run(["list", &nothing, "-q"]).exits(4);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    assert_eq!(scene.run(["list", &nothing, "-o", "jsonl"]).exits(4).stdout, "");
    assert_eq!(scene.run(["list", &nothing, "-o", "csv"]).exits(4).stdout.lines().count(), 1);
}

#[test]
fn the_other_partitions() {
    let Some(scene) = Scene::new() else { return };
    let guid = |label: &str| scene.lab.seed(label)["guid"].as_str().unwrap().to_owned();
    let expected = [
        ("configuration", "Old Application", guid("config-container-deleted")),
        ("dns", "oldhost", guid("dns-node-deleted")),
    ];
    for (partition, name, guid) in &expected {
        let out = scene.list([*name, "--partition", partition]).exits(0);
        assert_eq!(out.guids(), [guid.as_str()]);
        scene.list([*name]).exits(4);
        assert_eq!(scene.list([*name, "--partition", "all"]).exits(0).guids(), [guid.as_str()]);
    }
}

#[test]
fn the_container_itself_is_not_listed() {
    let Some(scene) = Scene::new() else { return };
    scene.list(["Deleted Objects", "--partition", "all"]).exits(4);
}

#[test]
fn live_objects_are_not_listed() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Alive").add();
    scene.list([&user.name]).exits(4);
    scene.hand().change(&Ldif::default().delete(&user.dn));
    scene.list([&user.name]).exits(0);
    scene.restore(&user, [""; 0]).exits(0);
    scene.list([&user.name]).exits(4);
}
