//! `docs/transcript.md`: the main job as a person sees it, on a real domain controller.

use std::path::Path;

use crate::support::{Output, Scene};

const INTRODUCTION: &str = "\
# The main job, as it is seen

Written by a test (`tests/cli/transcript.rs`) from what the program printed on a terminal against the domain controller
of `tests/lab`, with the Recycle Bin off. Server, account and password come from the variables `ADRECOVER_SERVER`,
`ADRECOVER_USER` and `ADRECOVER_PASSWORD_FILE`. GUIDs, SIDs, times and counters are replaced by fixed ones.
";

/// One step: why, the command's arguments, and what is typed.
type Step<'a> = (&'a str, Vec<&'a str>, &'a [(&'a str, &'a str)]);

#[test]
fn the_main_job_is_documented_as_it_is() {
    let Some(scene) = Scene::new() else { return };
    let place = format!("OU=Sales,{}", scene.lab.home);
    let group = format!("CN=Sales,OU=Groups,{}", scene.lab.home);
    let account = format!("{}.lee", scene.tag);
    let upn = format!("{account}@contoso.test");
    let user = scene
        .user("Lee")
        .below(place)
        .set("sAMAccountName", &account)
        .set("userPrincipalName", &upn)
        .set("displayName", "Robert Lee")
        .set("mail", &upn)
        .with("title", "Clerk")
        .deleted();
    std::fs::write(scene.file("groups.csv"), format!("samAccountName,groupDN\n{account},\"{group}\"\n"))
        .unwrap();

    let name = format!("{} lee", scene.tag);
    let restore = [
        "restore",
        "--guid",
        &user.guid,
        "--upn",
        &upn,
        "--set",
        "title=Clerk",
        "--groups-from",
        "file:files/groups.csv",
        "--enable",
        "--generate-password=secrets/new.csv",
        "--must-change",
        "--reason",
        "ticket 4711",
    ];
    let dry_run = [&restore[..3], &["--dry-run"]].concat();
    let steps: [Step<'_>; 5] = [
        ("Somebody is missing. What was deleted that is called like this?", vec!["list", &name], &[]),
        ("What is known about it, and what is lost?", vec!["show", &user.guid], &[]),
        ("What would restoring it do? Nothing is changed.", dry_run, &[]),
        (
            "With logon name, title, group and a new password, enabled:",
            restore.to_vec(),
            &[("[y/N] ", "y\n")],
        ),
        ("It is not among the deleted ones any more.", vec!["list", &name], &[]),
    ];
    let mut page = INTRODUCTION.to_owned();
    let mut operations = vec![];
    for (why, arguments, answers) in steps {
        let code = if page.contains("[y/N] ") { 4 } else { 0 };
        let out = on_terminal(&scene, &arguments, answers).exits(code);
        section(&mut page, why, &arguments, &out);
        operations.extend(operation_of(&out));
    }
    let passwords = std::fs::read_to_string(scene.secret_path("new.csv")).unwrap();
    scene.keep_secret(passwords.trim().rsplit(',').next().unwrap());
    let undo = ["undo", &operations[0], "--delete-again"];
    let out = on_terminal(&scene, &undo, &[("[y/N] ", "y\n")]).exits(0);
    let second = operation_of(&out).unwrap();
    section(&mut page, "It was the wrong Robert Lee. Back to what was before:", &undo, &out);
    assert!(scene.hand().is_deleted(&user));

    compare(&normalised(&page, &scene, &user.guid, &[operations.remove(0), second]));
}

/// The id that the report tells.
fn operation_of(out: &Output) -> Option<String> {
    let (_, rest) = out.stdout.split_once("\noperation ")?;
    Some(rest.split(';').next()?.to_owned())
}

fn on_terminal(scene: &Scene, arguments: &[&str], answers: &[(&str, &str)]) -> Output {
    scene.program().env("NO_COLOR", "1").args(arguments).on_terminal(answers)
}

fn section(page: &mut String, why: &str, arguments: &[&str], out: &Output) {
    let words: Vec<String> = arguments.iter().map(|word| shell(word)).collect();
    let shown: Vec<&str> = out.stdout.lines().map(str::trim_end).collect();
    let shown = shown.join("\n");
    page.push_str(&format!(
        "\n{why}\n\n```console\n$ adrecover {}\n{}\n```\n",
        words.join(" "),
        shown.trim_end()
    ));
}

/// A word as it is typed.
fn shell(word: &str) -> String {
    if word.contains([' ', '#', '"']) { format!("'{word}'") } else { word.to_owned() }
}

/// The page with fixed words, as long as the real ones, in place of those that differ each time.
fn normalised(page: &str, scene: &Scene, guid: &str, operations: &[String; 2]) -> String {
    let page = page
        .replace(guid, "3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f")
        .replace(&operations[0], "0192f1c8-7d3a-7b42-9c01-5f2e8a6b4d10")
        .replace(&operations[1], "0192f1c8-92b6-7c05-8e4d-0a71d3c9f586")
        .replace(&format!("{} Lee", scene.tag), "Robert Lee")
        .replace(&scene.tag, "robert");
    let lines: Vec<String> = page.lines().map(|line| fixed_numbers(&fixed_times(line))).collect();
    lines.join("\n") + "\n"
}

/// Puts fixed times in place of `2026-11-22T03:15:00Z` and `2026-11-22 03:15`; the year after, where it is the end of a
/// lifetime.
pub(crate) fn fixed_times(line: &str) -> String {
    let shape = |text: &str, pattern: &str| {
        text.len() >= pattern.len()
            && text
                .bytes()
                .zip(pattern.bytes())
                .all(|(c, p)| if p == b'0' { c.is_ascii_digit() } else { c == p })
    };
    let mut out = String::new();
    let mut rest = line;
    while let Some(character) = rest.chars().next() {
        let (length, time) = match rest {
            _ if shape(rest, "0000-00-00T00:00:00Z") => (20, "2026-11-01T09:30:00Z"),
            _ if shape(rest, "0000-00-00 00:00") => (16, "2026-11-01 09:30"),
            _ => (0, ""),
        };
        if length == 0 {
            out.push(character);
            rest = &rest[character.len_utf8()..];
            continue;
        }
        out.push_str(if line.starts_with("until") { "2027-04-30T09:30:00Z" } else { time });
        rest = &rest[length..];
    }
    out
}

/// Puts fixed values in place of counters and of the SID.
fn fixed_numbers(line: &str) -> String {
    let Some((name, _)) = line.trim_start().split_once("  ") else { return line.to_owned() };
    let value = match name {
        "uSNChanged" => "4711",
        "uSNCreated" => "4690",
        "objectSid" => "S-1-5-21-1004336348-1177238915-682003330-1142",
        _ => return line.to_owned(),
    };
    let start = line.rfind("  ").unwrap() + 2;
    format!("{}{value}", &line[..start])
}

fn compare(page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/transcript.md");
    if std::env::var_os("ADRECOVER_BLESS").is_some() {
        std::fs::write(&path, page).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = page.lines().zip(committed.lines()).find(|(new, old)| new != old);
    assert!(
        page == committed,
        "docs/transcript.md is not what the program shows now, from {differs:?} on; if that is right: \
         ADRECOVER_BLESS=1 tests/run cli transcript"
    );
}
