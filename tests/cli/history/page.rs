//! The pages, in a browser.

use std::path::Path;
use std::process::Command;

use super::history;
use crate::support::{Keeper, Ldif, Scene};

/// What the browser makes of a page, from which nothing leads anywhere.
fn opened(scene: &Scene, page: &Path) -> String {
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
    String::from_utf8_lossy(&browser.stdout).into_owned()
}

#[test]
fn pages_open_in_a_browser() {
    let Some(scene) = Scene::new() else { return };
    let evil = format!("<script>alert('{}')</script>", scene.tag);
    let [user, group] = scene.add([
        scene.user("Page").named(evil).with("description", "\"><img onerror=alert(1)>"),
        scene.group("Page group"),
    ]);
    scene.hand().change(&Ldif::default().add_values(&group.dn, "member", &[&user.dn]));
    let keeper = Keeper::begin_with_configuration(&scene);
    let since = super::between();
    scene.hand().change(&Ldif::default().replace(&user.dn, "description", &["<b>bold</b>"]));
    keeper.follow();
    scene.delete([&user, &group]);
    keeper.follow();

    let page = scene.file("history.html");
    history(&scene, &keeper, ["--guid", &user.guid, "--html", page.to_str().unwrap()]).exits(0);
    let dom = opened(&scene, &page);
    assert!(
        dom.contains("<li class=\"bad\">") && dom.contains("&lt;script&gt;") && dom.contains(&user.guid),
        "{dom}"
    );
    assert!(dom.contains("<ins>&lt;b&gt;bold&lt;/b&gt;</ins>"), "{dom}");
    // One that is there is never written over.
    history(&scene, &keeper, ["--guid", &user.guid, "--html", page.to_str().unwrap()]).exits(2);

    let then = scene.file("then.html");
    history(&scene, &keeper, ["--guid", &user.guid, "--at", &since, "--html", then.to_str().unwrap()])
        .exits(0);
    let dom = opened(&scene, &then);
    assert!(dom.contains("memberOf (1)") && dom.contains("&gt;&lt;img onerror=alert(1)&gt;"), "{dom}");

    let incident = scene.file("incident.html");
    let run = ["--incident", "--since", &since, "--html", incident.to_str().unwrap(), "-q"];
    history(&scene, &keeper, run).exits(0);
    let dom = opened(&scene, &incident);
    assert!(dom.contains("<svg ") && dom.contains("<rect ") && dom.contains("--fill-from journal"), "{dom}");
    assert!(dom.contains(&user.guid) && dom.contains(&group.guid) && dom.contains("&lt;script&gt;"), "{dom}");

    let empty = scene.file("empty.html");
    let run =
        ["--incident", "--since", "2020-01-01", "--until", "2020-01-02", "--html", empty.to_str().unwrap()];
    history(&scene, &keeper, run).exits(0);
    assert!(opened(&scene, &empty).contains("Nothing was deleted"));
}
