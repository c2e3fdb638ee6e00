//! What happened to an object.

use serde_json::{Value, json};

use super::{history, told};
use crate::support::{Keeper, Ldif, Scene};

/// A change of this kind.
fn the<'a>(document: &'a Value, what: &str) -> &'a Value {
    let is_it = |change: &&Value| change["what"].as_array().unwrap().contains(&json!(what));
    document["changes"].as_array().unwrap().iter().find(is_it).unwrap_or_else(|| panic!("{what}: {document}"))
}

fn values<'a>(change: &'a Value, name: &str) -> &'a Value {
    let all = change["attributes"].as_array().unwrap();
    all.iter().find(|a| a["name"] == name).unwrap_or_else(|| panic!("{name}: {change}"))
}

/// From the first day to the second life, each time with the directory's own stamps.
fn a_whole_life(scene: &Scene, dc: &str) {
    let (home, away) = (scene.ou().to_owned(), scene.unit("Away").add());
    let [sales, boss] = scene.add([scene.group("Sales"), scene.user("Boss")]);
    let keeper = Keeper::begin_with_configuration(scene);
    let user = scene.user("Life").with("description", "new").add();
    keeper.follow();
    let hand = scene.hand();
    hand.change(&Ldif::default().replace(&user.dn, "description", &["Clerk"]));
    hand.change(&Ldif::default().replace(&user.dn, "manager", &[&boss.dn]));
    hand.change(&Ldif::default().add_values(&sales.dn, "member", &[&user.dn]));
    keeper.follow();
    let renamed = format!("CN={} Living", scene.tag);
    hand.change(&Ldif::raw(format!(
        "dn: {}\nchangetype: modrdn\nnewrdn: {renamed}\ndeleteoldrdn: 1\nnewsuperior: {}\n",
        user.dn, away.dn
    )));
    keeper.follow();
    let dn = format!("{renamed},{}", away.dn);
    hand.change(&Ldif::default().delete(&dn));
    keeper.follow();
    scene.restore(&user, ["--to", home.as_str()]).exits(0);
    keeper.follow();
    let back = format!("{renamed},{home}");
    hand.change(&Ldif::default().replace(&back, "description", &["back"]));
    keeper.follow();

    let out = history(scene, &keeper, ["--guid", &user.guid, "-o", "json"]).exits(0);
    let document = out.json();
    let words = told(&document);
    let first =
        |what: &str| words.iter().position(|w| w.contains(what)).unwrap_or_else(|| panic!("{what}\n{out}"));
    let order =
        [first("created"), first("links"), first("renamed moved"), first("deleted"), first("restored")];
    assert!(order.is_sorted(), "{words:?}");
    let object = &document["object"];
    assert_eq!((&object["state"], &object["dn"]), (&json!("live"), &json!(back)));
    assert_eq!((&object["type"], &object["name"]), (&json!("user"), &json!(&renamed[3..])));
    for change in document["changes"].as_array().unwrap() {
        assert_eq!(change["foundByComparison"], false);
        assert!(change["at"].as_str() <= change["seen"].as_str(), "{change}");
        // Of links no directory tells where they were made, and Samba tells not even when.
        if change["what"] != json!(["links"]) {
            assert_eq!((&change["on"], &change["timeFrom"]), (&json!(dc), &json!("directory")), "{change}");
        }
    }
    let created = the(&document, "created");
    assert_eq!(values(created, "description")["new"], json!(["new"]));
    assert_eq!(values(created, "sAMAccountName")["old"], json!([]));
    let moved = the(&document, "moved");
    assert_eq!((&moved["from"], &moved["to"]), (&json!(user.dn), &json!(dn)));
    let links = document["changes"].as_array().unwrap().iter().flat_map(|c| c["links"].as_array().unwrap());
    let links: Vec<&Value> = links.collect();
    let has = |attribute: &str, is_own: bool, is_added: bool, guid: &str| {
        links.iter().any(|l| {
            l["attribute"] == attribute
                && l["isOwn"] == is_own
                && l["isAdded"] == is_added
                && l["guid"] == guid
        })
    };
    assert!(has("member", false, true, &sales.guid) && has("manager", true, true, &boss.guid), "{out}");

    // The same for people, under its present name, the first one and the account.
    let people = history(scene, &keeper, [user.name.as_str()]).exits(0);
    let (born, dead) = (format!("created  on {dc}"), format!("deleted  on {dc}"));
    for text in [&born, "renamed and moved", &dead, "restored", " back\n", &sales.dn] {
        assert!(people.stdout.contains(text), "{text}\n{people}");
    }
    history(scene, &keeper, [&user.sam]).exits(0).says("restored");
    history(scene, &keeper, ["--dn", &user.dn]).exits(0).says("restored");
    // Only what was asked for.
    let some = ["--attribute", "DESCRIPTION", "-o", "json"];
    let some = history(scene, &keeper, [user.guid.as_str()].into_iter().chain(some)).exits(0).json();
    for change in some["changes"].as_array().unwrap() {
        assert_eq!(
            (&change["attributes"][0]["name"], change["links"].as_array().unwrap().len()),
            (&json!("description"), 0)
        );
    }
    let member = history(scene, &keeper, [user.guid.as_str(), "--attribute", "memberOf", "-o", "json"])
        .exits(0)
        .json();
    assert_eq!(member["changes"][0]["links"][0]["guid"], json!(sales.guid));
    let lines = history(scene, &keeper, [user.guid.as_str(), "-o", "jsonl"]).exits(0).json_lines();
    assert_eq!(json!(lines), document["changes"]);
    let rows =
        history(scene, &keeper, [user.guid.as_str(), "-o", "csv", "--attribute", "description"]).exits(0);
    assert!(rows.stdout.contains(",description,new,Clerk,"), "{rows}");
    // From the group it looks the other way round.
    let group = history(scene, &keeper, [sales.guid.as_str(), "-o", "json"]).exits(0).json();
    let own = |is_added: bool| {
        let mut links =
            group["changes"].as_array().unwrap().iter().flat_map(|c| c["links"].as_array().unwrap());
        links.any(|l| l["isOwn"] == true && l["isAdded"] == is_added && l["guid"] == json!(user.guid))
    };
    assert!(own(true), "{group}");
}

#[test]
fn a_life_with_a_tombstone() {
    let Some(scene) = Scene::new() else { return };
    a_whole_life(&scene, "DC1");
}

#[test]
fn a_life_with_the_recycle_bin() {
    let Some(scene) = Scene::that_undeletes() else { return };
    // The configuration of the stand-in does not tell its invocation id by DirSync.
    let settings = format!(
        "CN=NTDS Settings,CN=DC1,CN=Servers,CN=Default-First-Site-Name,CN=Sites,CN=Configuration,{}",
        scene.lab.base
    );
    let found = scene.hand().search_in(&settings, "base", "(objectClass=*)", &["invocationId"]);
    let wire = found[0].octets("invocationId")[0].to_vec();
    a_whole_life(&scene, &adrecover_core::ObjectGuid::from_wire(&wire).unwrap().to_string());
}

#[test]
fn a_deletion_says_what_it_took() {
    let Some(scene) = Scene::new() else { return };
    let [group, user] = scene.add([scene.group("Team"), scene.user("Taken").with("title", "Clerk")]);
    scene.hand().change(&Ldif::default().add_values(&group.dn, "member", &[&user.dn]));
    let keeper = Keeper::begin(&scene);
    scene.hand().change(&Ldif::default().delete(&user.dn));
    keeper.follow();
    let document = history(&scene, &keeper, ["--guid", &user.guid, "-o", "json"]).exits(0).json();
    assert_eq!((told(&document).len(), &document["object"]["state"]), (1, &json!("tombstone")));
    let deleted = the(&document, "deleted");
    assert_eq!(
        values(deleted, "title"),
        &json!({"name": "title", "old": ["Clerk"], "new": [], "version": 2})
    );
    assert_eq!(deleted["links"][0]["guid"], json!(group.guid));
    assert_eq!(deleted["from"], json!(user.dn));
    // The configuration is not in this journal: the domain controller has no name but its id.
    assert_eq!(deleted["on"], deleted["invocationId"]);
    let people = history(&scene, &keeper, [&user.guid]).exits(0);
    let lost = people.stdout.lines().find(|line| line.trim_start().starts_with("lost ")).unwrap();
    assert!(lost.contains("title") && !lost.contains("isDeleted"), "{people}");
    let full = history(&scene, &keeper, [user.guid.as_str(), "-v"]).exits(0);
    assert!(
        full.stdout.lines().any(|line| line.trim_start().starts_with("title") && line.ends_with("- Clerk")),
        "{full}"
    );
}

#[test]
fn what_a_comparison_finds_is_said_to_be_that() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Compared").add();
    let keeper = Keeper::begin(&scene);
    scene.hand().change(&Ldif::default().replace(&user.dn, "title", &["Clerk"]));
    keeper.compare();
    let document = history(&scene, &keeper, [user.guid.as_str(), "-o", "json"]).exits(0).json();
    let change = the(&document, "changed");
    assert_eq!((&change["foundByComparison"], &change["timeFrom"]), (&json!(true), &json!("journal")));
    let people = history(&scene, &keeper, [&user.guid]).exits(0);
    assert!(people.stdout.contains("by 20") && people.stdout.contains("(found by a comparison)"), "{people}");
}

#[test]
fn windows_names_and_nothing() {
    let Some(scene) = Scene::new() else { return };
    let [user, one, two] = scene.add([
        scene.user("Quiet"),
        scene.user("Twin"),
        scene.contact("Twin").below(scene.lab.home.clone()),
    ]);
    let keeper = Keeper::begin(&scene);
    let nothing = history(&scene, &keeper, [user.guid.as_str()]).exits(0);
    assert!(nothing.stdout.contains("Nothing happened to it in what is kept."), "{nothing}");
    scene.hand().change(&Ldif::default().replace(&user.dn, "title", &["Clerk"]));
    keeper.follow();
    let count = |arguments: &[&str]| {
        let all = ["--guid", &user.guid, "-o", "json"].into_iter().chain(arguments.iter().copied());
        history(&scene, &keeper, all).exits(0).json()["changes"].as_array().unwrap().len()
    };
    assert_eq!(
        (count(&["--since", "1h"]), count(&["--until", "1h"]), count(&["--since", "1h", "--until", "30m"])),
        (1, 0, 0)
    );
    let none = history(&scene, &keeper, [user.guid.as_str(), "--until", "1h", "-o", "csv"]).exits(0);
    assert!(none.stderr.contains("nothing happened to it until "), "{none}");

    let several = history(&scene, &keeper, [&one.name, "-o", "json"]).exits(5).error();
    let mut guids: Vec<&str> =
        several["candidates"].as_array().unwrap().iter().map(|c| c["guid"].as_str().unwrap()).collect();
    guids.sort_unstable();
    let mut expected = [one.guid.as_str(), &two.guid];
    expected.sort_unstable();
    assert_eq!(guids, expected);
    history(&scene, &keeper, ["nobody is called like this", "-o", "json"]).exits(4).error();
    for wrong in [
        vec![],
        vec!["x", "--since", "soon"],
        vec!["x", "--since", "1d", "--until", "2d"],
        vec!["x", "--at", "1d", "--since", "2d"],
        vec!["--incident"],
        vec!["x", "--incident", "--since", "1d"],
        vec!["--guid", "x"],
    ] {
        history(&scene, &keeper, wrong.iter().copied().chain(["-o", "json"])).exits(2).error();
    }
    let run =
        super::alone(scene.program()).args(["history", "x", "-o", "json", "--journal", "/nowhere/at/all.db"]);
    run.run().exits(4).error();
    let damaged = scene.file("changes-damaged.db");
    std::fs::write(&damaged, vec![b'x'; 9000]).unwrap();
    let run = super::alone(scene.program()).args(["history", "x", "-o", "json", "--journal"]).arg(&damaged);
    run.run().exits(12).error();
}
