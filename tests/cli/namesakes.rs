//! Several deleted objects of one name are never chosen between silently.

use std::time::Duration;

use crate::support::{Object, Scene, ids_of_blocks};

/// Two users of one name and one account name, deleted one after the other. Deletion stamps are in seconds.
fn namesakes(scene: &Scene) -> [Object; 2] {
    let draft = scene.user("Kim Lee");
    let first = draft.clone().deleted();
    std::thread::sleep(Duration::from_millis(1100));
    [first, draft.deleted()]
}

#[test]
fn without_a_terminal_the_candidates_are_listed() {
    let Some(scene) = Scene::new() else { return };
    let [first, second] = namesakes(&scene);
    let out = scene.run(["restore", "-o", "json", "--yes", &first.name]).exits(5);
    let error = out.error();
    assert_eq!(error["kind"], "ambiguous");
    let candidates = error["candidates"].as_array().unwrap();
    let guids: Vec<_> = candidates.iter().map(|c| c["guid"].as_str().unwrap()).collect();
    // Newest first.
    assert_eq!(guids, [second.guid.as_str(), first.guid.as_str()]);
    for candidate in candidates {
        assert_eq!(candidate["name"], first.name.as_str());
        assert_eq!(candidate["lastKnownParent"], scene.ou());
        assert!(candidate["deletedAt"].as_str().unwrap().ends_with('Z'), "{candidate}");
    }
    // And for people.
    let table = scene.run(["restore", "--yes", &first.name]).exits(5);
    table.says(&first.guid).says(&second.guid).says("--newest");
    scene.run(["show", "-o", "json", &first.name]).exits(5).error();
}

#[test]
fn all_of_them_block_each_other() {
    let Some(scene) = Scene::new() else { return };
    let namesakes = namesakes(&scene);
    let out = scene.run(["restore", "-o", "json", "--yes", "--all", &namesakes[0].name]).exits(6);
    for object in &namesakes {
        assert!(ids_of_blocks(&out.object_of(object)).contains(&"selection.namesake".to_owned()), "{out}");
        assert!(scene.hand().is_deleted(object));
    }
    let message = &out.object_of(&namesakes[0])["blockedBy"][0]["message"];
    assert!(message.as_str().unwrap().contains(&namesakes[1].guid), "{out}");
}

#[test]
fn one_account_name_in_two_places_is_a_namesake_too() {
    let Some(scene) = Scene::new() else { return };
    let first = scene.user("Moved").deleted();
    let second = scene.user("Other name").set("sAMAccountName", first.sam.to_uppercase()).deleted();
    let guids = format!("{},{}", first.guid, second.guid);
    let out = scene.run(["restore", "-o", "json", "--yes", "--guid", &guids]).exits(6);
    assert_eq!(ids_of_blocks(&out.object_of(&first)), ["selection.namesake"], "{out}");
}

#[test]
fn the_newest_where_asked_for() {
    let Some(scene) = Scene::new() else { return };
    let [first, second] = namesakes(&scene);
    let out = scene.run(["restore", "-o", "json", "--yes", "--newest", &first.name]).exits(0);
    assert_eq!(out.guids(), [second.guid.as_str()]);
    assert!(scene.hand().is_deleted(&first) && !scene.hand().is_deleted(&second));

    // Again: the older one is not taken for the newest now.
    let again = scene.run(["restore", "-o", "json", "--yes", "--newest", &first.name]).exits(0);
    assert_eq!(again.object()["outcome"], "alreadyRestored", "{again}");
    assert!(scene.hand().is_deleted(&first));
}

#[test]
fn one_by_its_guid() {
    let Some(scene) = Scene::new() else { return };
    let [first, second] = namesakes(&scene);
    scene.restore(&first, [""; 0]).exits(0);
    assert!(!scene.hand().is_deleted(&first));
    // Now the other one's name is taken.
    let out = scene.restore(&second, [""; 0]).exits(6);
    assert_eq!(out.blocks(), ["name.target", "name.samAccountName"], "{out}");
}

#[test]
fn namesakes_in_different_places_with_different_accounts_are_no_namesakes() {
    let Some(scene) = Scene::new() else { return };
    let unit = scene.unit("Elsewhere").add();
    let here = scene.user("Twin");
    let there = scene.user("Twin").below(&unit.dn).set("sAMAccountName", format!("{}twin2", scene.tag));
    let there = there.without("userPrincipalName");
    let twins = scene.add_and_delete([here, there]);
    scene.run(["restore", "-o", "json", "--yes", "--all", &twins[0].name]).exits(0);
    for twin in &twins {
        assert_eq!(scene.hand().get(twin, &["isDeleted"]).dn, twin.dn);
    }
}
