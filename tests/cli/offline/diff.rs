//! `offline diff`, against the real directory and between two files.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{alone, exported, own};
use crate::support::{Ldif, Output, Scene};

fn diff(scene: &Scene, file: &Path, arguments: &[&str]) -> Output {
    scene.program().args(["offline", "diff"]).arg(file).args(arguments).run()
}

fn item<'d>(document: &'d Value, guid: &str) -> &'d Value {
    let items = document["items"].as_array().unwrap();
    items.iter().find(|item| item["guid"] == guid).unwrap_or_else(|| panic!("{guid} is not in {document}"))
}

#[test]
fn what_happened_since_the_export() {
    let Some(scene) = Scene::new() else { return };
    let [from, to] = scene.add([scene.unit("From"), scene.unit("To")]);
    let [gone, changed, moved, stays, back] = scene.add([
        scene.user("Gone"),
        scene.user("Changed").with("title", "Clerk"),
        scene.user("Moved").below(&from.dn),
        scene.user("Stays").below(&from.dn),
        scene.user("Back"),
    ]);
    let [team, other] = scene.add([scene.group("Team"), scene.group("Other")]);
    let hand = scene.hand();
    hand.change(&Ldif::default().add_values(&team.dn, "member", &[&gone.dn, &changed.dn, &stays.dn]));
    scene.delete([&back]);
    let file = own(&scene, "then.ldf");
    let nothing = diff(&scene, &file, &["--under", scene.ou(), "-o", "json"]).exits(0).json();
    assert_eq!((&nothing["counts"]["same"], &nothing["items"]), (&json!(9), &json!([])), "{nothing}");

    let mut changes = Ldif::default()
        .replace(&changed.dn, "title", &["Boss"])
        .replace(&changed.dn, "mail", &[] as &[&str])
        .add_values(&other.dn, "member", &[&changed.dn])
        .delete(&gone.dn);
    let rdn = |dn: &str| dn.split_once(',').unwrap().0.to_owned();
    changes.append(&Ldif::raw(format!(
        "dn: {}\nchangetype: modrdn\nnewrdn: {}\ndeleteoldrdn: 1\nnewsuperior: {}\n\n",
        moved.dn,
        rdn(&moved.dn),
        to.dn
    )));
    changes.append(&Ldif::raw(format!(
        "dn: {}\nchangetype: modrdn\nnewrdn: OU={} Renamed\ndeleteoldrdn: 1\n\n",
        from.dn, scene.tag
    )));
    hand.change(&changes);
    scene.restore(&back, ["--no-password"]).exits(0);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let new = scene.user("New").add();

    let page = scene.file("diff.html");
    let out = diff(&scene, &file, &["--under", scene.ou(), "-o", "json", "--html", page.to_str().unwrap()])
        .exits(6);
    let document = out.json();
    let counts = &document["counts"];
    for (name, number) in
        [("gone", 1), ("goneRestorable", 1), ("new", 1), ("back", 1), ("renamed", 1), ("moved", 1)]
    {
        assert_eq!(counts[name], number, "{name}: {document}");
    }
    assert_eq!((&counts["membersLost"], &counts["membersAdded"]), (&json!(1), &json!(1)), "{document}");
    let lost = item(&document, &gone.guid);
    assert_eq!((&lost["what"], &lost["fate"]), (&json!("gone"), &json!("tombstone")));
    assert_eq!(
        lost["links"],
        json!([{"attribute": "memberOf", "lost": [team.dn], "lostCount": 1, "added": [], "addedCount": 0, "sure": true}])
    );
    let next = lost["next"].as_str().unwrap();
    assert!(next.starts_with(&format!("adrecover restore --guid {} --fill-from ldif:", gone.guid)), "{next}");
    let one = item(&document, &changed.guid);
    assert_eq!(
        one["attributes"],
        json!([{"attribute": "mail", "then": [format!("{}@contoso.test", changed.sam.to_lowercase())], "now": []},
               {"attribute": "title", "then": ["Clerk"], "now": ["Boss"]}])
    );
    let one = item(&document, &moved.guid);
    assert_eq!(
        (&one["moved"], &one["renamed"], &one["attributes"]),
        (&json!(true), &json!(false), &json!([]))
    );
    // It went along with its container, and its membership with it.
    let guids: Vec<&str> =
        document["items"].as_array().unwrap().iter().map(|i| i["guid"].as_str().unwrap()).collect();
    assert!(!guids.contains(&stays.guid.as_str()));
    assert_eq!(item(&document, &team.guid)["links"][0]["lost"], json!([gone.dn]));
    assert_eq!(item(&document, &new.guid)["what"], "new");
    assert_eq!(item(&document, &back.guid)["what"], "back");

    shown(&scene, &page, &gone.guid);
    let text = diff(&scene, &file, &["--under", scene.ou()]).exits(6);
    text.says("1 gone: all can be restored")
        .says("title: Clerk -> Boss")
        .says("moved: ")
        .says(&format!("+ {}", changed.dn));
    let rows = diff(&scene, &file, &["--under", scene.ou(), "-o", "csv"]).exits(6);
    assert!(rows.stdout.starts_with("what,guid,type,name,dnThen,dnNow,attribute,then,now"), "{rows}");

    let alone_one = diff(&scene, &file, &["--guid", &changed.guid, "-o", "json"]).exits(6).json();
    assert_eq!(alone_one["counts"]["changed"], 1);
    diff(&scene, &file, &["--guid", "3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f"]).exits(4);

    // The same between two files, without a directory.
    let later = own(&scene, "now.ldf");
    let files =
        alone(scene.program()).args(["offline", "diff"]).arg(&file).arg(&later).args(["-o", "json"]).run();
    let counts = files.exits(6).json()["counts"].clone();
    assert_eq!(
        (&counts["gone"], &counts["back"], &counts["moved"]),
        (&json!(1), &json!(1), &json!(1)),
        "{counts}"
    );
}

/// The page, in a browser, from which nothing leads anywhere.
fn shown(scene: &Scene, page: &Path, guid: &str) {
    let text = std::fs::read_to_string(page).unwrap();
    for foreign in ["<script", "src=", "href=", "url(", "@import", "http-equiv"] {
        assert!(!text.contains(foreign), "{foreign}");
    }
    let browser = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
        ])
        .args([
            "--disable-component-update",
            "--disable-sync",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", scene.file("browser").display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .expect("chromium is there: tests/run installs it");
    let dom = String::from_utf8_lossy(&browser.stdout).into_owned();
    assert!(dom.contains("1 gone; all of them can be restored") && dom.contains(guid), "{dom}");
    assert!(dom.contains("<del>Clerk</del>") && dom.contains("<ins>Boss</ins>"), "{dom}");
}

#[test]
fn the_whole_domain_is_as_it_was_exported() {
    let Some(scene) = Scene::new() else { return };
    scene.ou();
    let file = exported(&scene, "whole.ldf", &["-b", &scene.lab.base, "*"]);
    // Other tests change the same domain; what is older than the export is there, and in the main the same.
    let out = diff(&scene, &file, &["-o", "json"]);
    let document = out.json();
    let counts = &document["counts"];
    let (same, then) = (counts["same"].as_u64().unwrap(), counts["then"].as_u64().unwrap());
    assert!(then > 100 && same * 10 > then * 9, "{counts}");
    assert_eq!(counts["withoutGuid"], 0, "{counts}");
    // What was made while the export went on may not be in it.
    assert!(counts["notExported"].as_u64().unwrap() * 2 < then, "{counts}");
    assert!(matches!(out.code, Some(0 | 6)), "{out}");
}

#[test]
fn sides_that_cannot_be_compared() {
    let Some(scene) = Scene::new() else { return };
    let foreign = scene.file_with(
        "foreign.ldf",
        "dn: DC=fabrikam,DC=com\nobjectClass: top\nobjectClass: domain\nobjectClass: domainDNS\n",
    );
    diff(&scene, &foreign, &[]).exits(2).says("no object is in both");
    let file = own(&scene, "own.ldf");
    diff(&scene, &file, &["--under", "nonsense"]).exits(2);
    diff(&scene, &file, &["--html", file.to_str().unwrap()]).exits(2).says("there already");
}
