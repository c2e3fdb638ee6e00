//! The section of `docs/offline.md` that shows what a person sees.

use std::path::Path;

use super::{alone, own};
use crate::support::{Ldif, Scene};
use crate::transcript::fixed_times;

#[test]
fn what_is_seen_is_documented() {
    let Some(scene) = Scene::new() else { return };
    let unit = format!("{} Sales", scene.tag);
    let unit = scene.unit("Sales").named(unit).add();
    let [lee, anna] = scene.add([
        scene.user("Lee").below(&unit.dn).with("title", "Clerk"),
        scene.user("Anna").below(&unit.dn).with("title", "Clerk"),
    ]);
    let team = scene.group("Team").below(&unit.dn).add();
    scene.hand().change(&Ldif::default().add_values(&team.dn, "member", &[&lee.dn, &anna.dn]));
    own(&scene, "monday.ldf");
    scene.hand().change(&Ldif::default().replace(&anna.dn, "title", &["Boss"]).delete(&lee.dn));
    own(&scene, "friday.ldf");

    let mut page = String::new();
    for (why, arguments, code) in [
        ("What is this file?", vec!["offline", "info", "files/friday.ldf"], 0),
        ("Which deleted objects are in it?", vec!["list", "--offline", "files/friday.ldf"], 0),
        ("What changed since Monday's?", vec!["offline", "diff", "files/monday.ldf", "files/friday.ldf"], 6),
    ] {
        let out = alone(scene.program()).env("NO_COLOR", "1").args(&arguments).on_terminal(&[]).exits(code);
        let shown: Vec<&str> = out.stdout.lines().map(str::trim_end).collect();
        page.push_str(&format!(
            "\n{why}\n\n```console\n$ adrecover {}\n{}\n```\n",
            arguments.join(" "),
            shown.join("\n").trim_end()
        ));
    }
    page.push('\n');
    let fixed = [
        (&lee.guid, "3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f"),
        (&anna.guid, "5d0c6a8e-4f60-4d3c-9a53-0f4a7a0c1b2d"),
        (&team.guid, "7e1d7b9f-5071-4e4d-8b64-1a5b8b1d2c3e"),
        (&unit.guid, "9f2e8ca0-6182-4f5e-9c75-2b6c9c2e3d4f"),
    ];
    for (guid, other) in fixed {
        page = page.replace(guid.as_str(), other);
    }
    // As long as the test's own word, so that columns stay columns.
    assert_eq!(scene.tag.len(), "Berlin".len());
    let page = page.replace(&scene.tag, "Berlin");
    let lines: Vec<String> = page.lines().map(|line| sizes(&fixed_times(line))).collect();
    compare(&(in_order(lines).join("\n") + "\n"));
}

/// Objects are told by their GUIDs, which are others each time: the group comes before the user.
fn in_order(mut lines: Vec<String>) -> Vec<String> {
    let title = lines.iter().position(|line| line.starts_with("Changed, ")).unwrap();
    let (first, second) = (title + 1, title + 4);
    if lines[first].contains("Anna") {
        lines[first..second + 3].rotate_left(3);
    }
    assert!(lines[first].contains("Team") && lines[second].contains("Anna"), "{lines:?}");
    lines
}

/// A fixed number in place of the file's length, which follows the length of values that differ.
fn sizes(line: &str) -> String {
    match line.strip_prefix("size  ") {
        Some(_) => "size            11342 octets".to_owned(),
        None => line.to_owned(),
    }
}

fn compare(section: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/offline.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = ("<!-- transcript -->\n", "<!-- end of the transcript -->");
    let (head, rest) = page.split_once(begin).unwrap();
    let (committed, tail) = rest.split_once(end).unwrap();
    if std::env::var_os("ADRECOVER_BLESS").is_some() {
        std::fs::write(&path, format!("{head}{begin}{section}{end}{tail}")).unwrap();
        return;
    }
    assert_eq!(
        section, committed,
        "docs/offline.md does not show what the program shows now; if that is right: ADRECOVER_BLESS=1 tests/run cli offline"
    );
}
