//! Names with characters that mean something in DNs, filters, and on terminals: found by what a person would type, and
//! brought back octet for octet.

use crate::support::{Object, Scene};

/// Deletes a contact of a name, finds it by a part of that, restores it, and compares.
fn comes_back(scene: &Scene, name: &str, typed: &str) -> Object {
    let contact = scene.contact("x").named(name).deleted();
    let listed = scene.list([typed, "--under", scene.ou()]).exits(0).json();
    let items = listed["items"].as_array().unwrap();
    let item = items.iter().find(|i| i["guid"] == contact.guid.as_str());
    let item = item.unwrap_or_else(|| panic!("{typed:?} does not find {name:?}: {listed}"));
    assert_eq!(item["name"], name);

    let out = scene.restore(&contact, [""; 0]).exits(0);
    assert_eq!(out.object()["verified"], true, "{out}");
    let entry = scene.hand().get(&contact, &["name", "cn"]);
    assert_eq!((entry.text("name").as_str(), entry.text("cn").as_str()), (name, name));
    assert_eq!(entry.parent(), scene.ou());
    contact
}

#[test]
fn characters_that_mean_something_in_a_dn() {
    let Some(scene) = Scene::new() else { return };
    for (name, typed) in [
        ("Meyer, Kim", "meyer, k"),
        ("Kim + Lee", "m + l"),
        ("The \"Jr\"", "\"jr\""),
        ("#1 in sales", "#1"),
        ("<x>; a=b \\ c", "a=b \\ c"),
        ("CN=really", "cn=really"),
        ("a/b", "a/b"),
    ] {
        comes_back(&scene, name, typed);
    }
}

#[test]
fn characters_that_mean_something_in_a_filter() {
    let Some(scene) = Scene::new() else { return };
    let star = comes_back(&scene, "Five * (stars)", "* (s");
    // An asterisk is a letter like any other.
    scene.delete([&star]);
    scene.list(["F*v", "--under", scene.ou()]).exits(4);
}

#[test]
fn a_line_feed_is_shown_escaped() {
    let Some(scene) = Scene::new() else { return };
    let contact = comes_back(&scene, "Line\nfeed", "line\nf");
    scene.delete([&contact]);
    let shown = scene.run(["list", "--under", scene.ou()]).exits(0);
    shown.says("Line\\nfeed").does_not_say("Line\nfeed");
}

#[test]
fn letters_of_other_alphabets() {
    let Some(scene) = Scene::new() else { return };
    for (name, typed) in [
        ("Zoë Ærøskøbing-Ğüneş 李雷", "ærøskøbing"),
        ("Ελένη", "ελέ"),
        ("👩🏽‍💻 emoji", "👩🏽‍💻"),
        ("ÅNGSTRÖM", "ångström"),
    ] {
        comes_back(&scene, name, typed);
    }
}

#[test]
fn names_as_long_as_they_can_be() {
    let Some(scene) = Scene::new() else { return };
    let long = "Maximilian Alexander von und zu der sehr langen Namensfamilie 64";
    for name in [format!("{long:.<64}"), "Ä".repeat(64), "李".repeat(64)] {
        assert_eq!(name.chars().count(), 64);
        comes_back(&scene, &name, &name[..name.char_indices().nth(60).unwrap().0]);
    }
}

#[test]
fn spaces_at_both_ends() {
    let Some(scene) = Scene::new() else { return };
    comes_back(&scene, " Leading and trailing ", "leading and");
}

#[test]
fn names_that_look_like_the_mark_of_the_deleted() {
    let Some(scene) = Scene::new() else { return };
    comes_back(&scene, "DEL:not-a-guid", "DEL:not");
    comes_back(&scene, "DEL:3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f", "del:3c45");
}

/// AdRestore met the mark in the mangled name; a person means the original one.
#[test]
fn the_mark_itself_is_not_matched() {
    let Some(scene) = Scene::new() else { return };
    scene.contact("Plain").deleted();
    scene.list(["DEL:", "--under", scene.ou()]).exits(4);
    scene.list(["del", "--under", scene.ou()]).exits(4);
}

/// The organizational unit's name has its own type, and what is in it follows.
#[test]
fn an_organizational_unit_with_an_odd_name() {
    let Some(scene) = Scene::new() else { return };
    let unit = scene.unit("x").named("R&D, \"new\" + old").add();
    let user = scene.user("Inside").below(&unit.dn).add();
    scene.delete([&user, &unit]);
    scene.run(["restore", "-o", "json", "--yes", "--tree", &unit.guid]).exits(0);
    assert_eq!(scene.hand().get(&unit, &["ou"]).text("ou"), "R&D, \"new\" + old");
    assert_eq!(scene.hand().get(&user, &["cn"]).dn, user.dn);
}

#[test]
fn text_from_the_directory_cannot_command_a_terminal() {
    let Some(scene) = Scene::new() else { return };
    let contact =
        scene.contact("x").named("\u{1b}[31mred\u{7}").with("description", "\u{1b}]0;title\u{7}").deleted();
    for arguments in [vec!["list", "--under", scene.ou()], vec!["show", &contact.guid]] {
        scene.run(arguments).exits(0).does_not_say("\u{1b}").does_not_say("\u{7}");
    }
    scene.run(["restore", "--guid", &contact.guid, "--yes"]).exits(0).does_not_say("\u{1b}");
    assert_eq!(scene.hand().get(&contact, &["cn"]).text("cn"), contact.name);
}
