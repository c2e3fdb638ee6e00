//! The forms of a list.

use crate::support::{Object, Scene};

fn two(scene: &Scene) -> [Object; 2] {
    scene.add_and_delete([scene.user("Beta"), scene.contact("Alpha")])
}

#[test]
fn a_table_has_the_columns_of_the_contract() {
    let Some(scene) = Scene::new() else { return };
    let [user, contact] = two(&scene);
    let out = scene.run(["list", &scene.tag]).exits(0);
    let mut lines = out.stdout.lines();
    let words: Vec<&str> =
        lines.next().unwrap().split("  ").map(str::trim).filter(|w| !w.is_empty()).collect();
    let expected =
        ["NAME", "ACCOUNT", "TYPE", "DELETED (UTC)", "DAYS LEFT", "LAST PARENT", "RESTORABLE", "GUID"];
    assert_eq!(words, expected);
    let rows: Vec<&str> = lines.collect();
    assert_eq!(rows.len(), 2, "{out}");
    for object in [&user, &contact] {
        let row = rows.iter().find(|r| r.contains(&object.guid)).unwrap();
        assert!(row.starts_with(&object.name) && row.contains("yes"), "{out}");
    }
}

#[test]
fn the_classic_layout_is_adrestores() {
    let Some(scene) = Scene::new() else { return };
    let [user, contact] = two(&scene);
    let out = scene.run(["list", &scene.tag, "--classic", "--sort", "name"]).exits(0);
    let block = |object: &Object| {
        let mangled = scene.hand().get(object, &["isDeleted"]).dn;
        format!(
            "cn: {}\nDEL:{}\ndistinguishedName: {mangled}\nlastKnownParent: {}\n",
            object.name,
            object.guid,
            scene.ou()
        )
    };
    let (head, rest) = out.stdout.split_once("\n\n").unwrap();
    assert!(head.starts_with("adrecover v") && head.ends_with("\ncontoso.test - dc1.contoso.test"), "{out}");
    let expected = format!(
        "Enumerating domain deleted objects:\n\n{}\n{}\nFound 2 items matching search criteria.\n",
        block(&contact),
        block(&user)
    );
    assert_eq!(rest, expected);
    let one = scene.run(["list", &user.name, "--classic"]).exits(0).stdout;
    assert!(one.ends_with("\nFound 1 item matching search criteria.\n"), "{one}");
}

#[test]
fn a_json_object_a_line_is_an_item() {
    let Some(scene) = Scene::new() else { return };
    two(&scene);
    let mut lines = scene.run(["list", &scene.tag, "-o", "jsonl"]).exits(0).json_lines();
    let document = scene.list([&scene.tag]).exits(0).json();
    let mut items = document["items"].as_array().unwrap().clone();
    let guid = |v: &serde_json::Value| v["guid"].as_str().unwrap().to_owned();
    lines.sort_by_key(guid);
    items.sort_by_key(guid);
    assert_eq!(lines, items);
}

#[test]
fn csv_has_every_field_under_its_name() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Beta").deleted();
    let out = scene.run(["list", &scene.tag, "-o", "csv"]).exits(0);
    let header = "guid,name,type,state,samAccountName,userPrincipalName,sid,deletedAt,deletedOn,expiresAt,daysLeft,\
                  lastKnownParent,parentState,restorable,notRestorableBecause,rdn,dn,canFillFrom";
    let [head, row] = out.stdout.lines().collect::<Vec<_>>()[..] else { panic!("{out}") };
    assert_eq!(head, header);
    assert!(
        row.starts_with(&format!("{},{},user,tombstone,{},,S-1-5-21-", user.guid, user.name, user.sam)),
        "{out}"
    );
    assert!(row.contains(&format!(",\"{}\",live,true,,CN={},", scene.ou(), user.name)), "{out}");
}

#[test]
fn columns_and_their_order_can_be_chosen() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Beta").deleted();
    let out = scene.run(["list", &scene.tag, "-o", "csv", "--columns", "account,GUID,parent"]).exits(0);
    let expected =
        format!("samAccountName,guid,lastKnownParent\n{},{},\"{}\"\n", user.sam, user.guid, scene.ou());
    assert_eq!(out.stdout, expected);
    let table = scene.run(["list", &scene.tag, "--columns", "guid,name"]).exits(0);
    assert!(table.stdout.lines().nth(1).unwrap().starts_with(&user.guid), "{table}");
}

#[test]
fn a_spreadsheet_takes_no_name_for_a_formula() {
    let Some(scene) = Scene::new() else { return };
    let names = ["=1+1", "+1", "-1", "@x"];
    scene.add_and_delete(names.map(|name| scene.contact("x").named(name)));
    let out = scene.run(["list", "--under", scene.ou(), "-o", "csv", "--columns", "name"]).exits(0);
    for name in names {
        assert!(out.stdout.contains(&format!("'{name}")), "{name:?}\n{out}");
    }
    let json = scene.list(["--under", scene.ou()]).exits(0).json();
    let shown: Vec<&str> =
        json["items"].as_array().unwrap().iter().map(|i| i["name"].as_str().unwrap()).collect();
    assert!(names.iter().all(|name| shown.contains(name)), "{shown:?}");
}

#[test]
fn sorted_and_limited() {
    let Some(scene) = Scene::new() else { return };
    scene.add_and_delete(["c", "a", "b"].map(|name| scene.contact(name)));
    let names = |arguments: &[&str]| {
        let out = scene.list([scene.tag.as_str(), "--sort"].iter().chain(arguments)).exits(0);
        let document = out.json();
        let items = document["items"].as_array().unwrap().iter();
        items.map(|i| i["name"].as_str().unwrap().chars().last().unwrap()).collect::<String>()
    };
    assert_eq!(names(&["name"]), "abc");
    assert_eq!(names(&["name:desc"]), "cba");
    assert_eq!(names(&["name", "--limit", "2"]), "ab");
    let limited = scene.run(["list", &scene.tag, "--limit", "2"]).exits(0);
    assert_eq!(limited.stdout.lines().count(), 3, "{limited}");
    limited.says("1 more matched");
    let streamed = scene.run(["list", &scene.tag, "-o", "jsonl", "--limit", "2"]).exits(0);
    assert_eq!(streamed.json_lines().len(), 2);
}

#[test]
fn data_goes_to_standard_output_and_the_rest_to_standard_error() {
    let Some(scene) = Scene::new() else { return };
    scene.contact("Streams").deleted();
    let out = scene.run(["list", &scene.tag, "-v"]).exits(0);
    assert!(out.stdout.lines().count() == 2 && out.stderr.contains("connected to dc1.contoso.test"), "{out}");
}

#[test]
fn whoever_stops_reading_is_no_error() {
    let Some(scene) = Scene::new() else { return };
    let run = scene.program().args(["list", "-o", "jsonl", "--partition", "all"]);
    let mut child = run.command().spawn().unwrap();
    drop(child.stdout.take());
    let out = run.output(child.wait_with_output().unwrap()).exits(0);
    assert_eq!(out.stderr, "");
}
