//! The 27 cases end to end: options or files in, the guide out.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Object, Output, Run, Scene, Secrets};

const STATES: [[&str; 3]; 3] = [
    ["deleted", "present", "managed"],
    ["present", "soft-deleted", "hard-deleted"],
    ["present", "soft-deleted", "none"],
];

fn cases() -> impl Iterator<Item = [&'static str; 3]> {
    let pairs =
        |here| STATES[1].into_iter().flat_map(move |e| STATES[2].into_iter().map(move |m| [here, e, m]));
    STATES[0].into_iter().flat_map(pairs)
}

/// The program without any server.
fn guide(folder: &TempDir, arguments: &[&str]) -> Run {
    let config = folder.path().join("config.toml");
    std::fs::write(&config, "").unwrap();
    let run = Run::new(folder.path(), Secrets::default()).env("ADRECOVER_CONFIG", config);
    run.arg("guide").args(arguments)
}

fn options([here, entra, mailbox]: [&str; 3]) -> [&str; 6] {
    ["--on-prem", here, "--entra", entra, "--mailbox", mailbox]
}

/// What all 27 guides say, as text. The file is read by a person before it is committed.
#[test]
fn all_guides_are_the_reviewed_ones() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = String::new();
    for case in cases() {
        let out = guide(&folder, &options(case)).run().exits(0);
        let _ = write!(all, "$ adrecover guide {}\n{}\n", options(case).join(" "), out.stdout);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cli/snapshots/guides.txt");
    if std::env::var_os("ADRECOVER_BLESS").is_some() {
        std::fs::write(&path, &all).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = all.lines().zip(committed.lines()).find(|(new, old)| new != old);
    assert!(
        all == committed,
        "tests/cli/snapshots/guides.txt is not what is printed now, from {differs:?} on; if that is right: \
         ADRECOVER_BLESS=1 tests/run cli all_guides"
    );
}

const ID: &str = "11111111-aaaa-4000-8000-000000000001";
const UPN: &str = "ana@contoso.com";

fn user(id: &str, upn: &str, anchor: Option<&str>) -> Value {
    json!({
        "id": id, "userPrincipalName": upn, "displayName": upn, "mailNickname": null, "mail": upn,
        "onPremisesImmutableId": anchor, "onPremisesSamAccountName": null, "onPremisesSecurityIdentifier": null,
        "proxyAddresses": [format!("SMTP:{upn}")],
    })
}

fn deleted(mut user: Value) -> Value {
    let id = user["id"].as_str().unwrap().replace('-', "");
    user["userPrincipalName"] = format!("{id}{}", user["userPrincipalName"].as_str().unwrap()).into();
    user["deletedDateTime"] = "2026-11-10T09:30:00Z".into();
    user
}

fn somebody(n: u32) -> Value {
    user(&format!("77777777-cccc-4000-8000-{n:012}"), &format!("ben{n}@contoso.com"), None)
}

fn mailbox(n: u32, owner: &str, smtp: &str, soft: bool, inactive: bool) -> Value {
    json!({
        "ExchangeGuid": format!("2b1b1b1b-0000-4000-8000-{n:012}"), "ExternalDirectoryObjectId": owner,
        "PrimarySmtpAddress": smtp, "EmailAddresses": [format!("SMTP:{smtp}")], "Alias": "ana", "DisplayName": "Ana",
        "IsInactiveMailbox": inactive, "IsSoftDeletedByRemove": soft, "IsSoftDeletedByDisable": false,
        "WhenSoftDeleted": if soft { Value::from("2026-11-10T09:31:00Z") } else { Value::Null },
    })
}

/// Exports in which this user and its mailbox are as said; each list holds somebody else, too.
fn exports(folder: &Path, entra: &str, state: &str, inactive: bool, ana: &Value) {
    let mut live = vec![somebody(1), somebody(2)];
    let mut bin = vec![deleted(somebody(3)), deleted(somebody(4))];
    match entra {
        "present" => live.push(ana.clone()),
        "soft-deleted" => bin.push(deleted(ana.clone())),
        _ => {}
    }
    let upn = ana["userPrincipalName"].as_str().unwrap();
    let mut lists = [(false, false), (true, false), (true, true)].map(|(soft, inactive)| {
        let n = 10 + u32::from(soft) * 2 + u32::from(inactive) * 4;
        (
            soft,
            inactive,
            [n, n + 1].map(|n| mailbox(n, "", &format!("ben{n}@contoso.com"), soft, inactive)).to_vec(),
        )
    });
    if state != "none" {
        let of = lists.iter_mut().find(|(soft, is, _)| *soft == (state == "soft-deleted") && *is == inactive);
        let owner = if entra == "hard-deleted" { "" } else { ID };
        of.unwrap().2.push(mailbox(1, owner, upn, state == "soft-deleted", inactive));
    }
    let write = |name: &str, all: &[Value]| {
        std::fs::write(folder.join(name), serde_json::to_vec(all).unwrap()).unwrap();
    };
    std::fs::create_dir_all(folder).unwrap();
    write("users.json", &live);
    write("deleted.json", &bin);
    for (i, (_, _, list)) in lists.iter().enumerate() {
        write(&format!("mailboxes{i}.json"), list);
    }
}

#[test]
fn files_lead_to_each_case() {
    let folder = tempfile::tempdir().unwrap();
    for [here, entra, state] in cases() {
        for inactive in [false, true] {
            if inactive && state != "soft-deleted" {
                continue;
            }
            exports(&folder.path().join("e"), entra, state, inactive, &user(ID, UPN, None));
            let arguments = [UPN, "--on-prem", here, "--evidence", "e", "-o", "json"];
            let out = guide(&folder, &arguments).run().exits(0);
            let document = out.json();
            assert_eq!(document["case"], format!("{here}/{entra}/{state}"), "{out}");
            let by_options =
                guide(&folder, &options([here, entra, state])).args(["-o", "json"]).run().exits(0).json();
            assert_eq!(document["verdict"], by_options["verdict"]);
            let ids = |document: &Value| -> Vec<String> {
                let steps = document["steps"].as_array().unwrap();
                steps.iter().map(|s| s["id"].as_str().unwrap().to_owned()).collect()
            };
            let (few, many) = (ids(&document), ids(&by_options));
            assert!(few.iter().all(|id| many.contains(id)), "{few:?} {many:?}");
            if state == "soft-deleted" && entra == "hard-deleted" {
                assert_eq!(few.iter().any(|id| id == "undoSoftDeleted"), !inactive, "{out}");
                assert_eq!(few.iter().any(|id| id.starts_with("recoverInactive")), inactive, "{out}");
            }
            let has_clock =
                |what: &str| document["clocks"].as_array().unwrap().iter().any(|c| c["what"] == what);
            assert_eq!(has_clock("entraUser"), entra == "soft-deleted");
            assert_eq!(has_clock("mailbox"), state == "soft-deleted");
        }
    }
}

fn unknowns(out: &Output) -> Vec<String> {
    let document = out.json();
    assert_eq!(document["case"], Value::Null, "{out}");
    let all = document["unknowns"].as_array().unwrap().iter().filter(|u| u["decides"] == "case");
    all.map(|u| u["what"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_unknown_has_its_command() {
    let folder = tempfile::tempdir().unwrap();
    let all = ["onPremises", "entra", "mailbox"];
    assert_eq!(unknowns(&guide(&folder, &["-o", "json"]).run().exits(3)), all);
    for (i, missing) in all.iter().enumerate() {
        let known: Vec<&str> = options(["deleted", "soft-deleted", "soft-deleted"])
            .chunks(2)
            .enumerate()
            .filter(|(at, _)| *at != i)
            .flat_map(|(_, pair)| pair.to_vec())
            .collect();
        let out = guide(&folder, &known).args(["-o", "json"]).run().exits(3);
        assert_eq!(unknowns(&out), [*missing]);
        let document = out.json();
        assert_eq!(document["possible"].as_array().unwrap().len(), 3, "{out}");
        assert!(!document["unknowns"][0]["command"].as_str().unwrap().is_empty());
        guide(&folder, &known).run().exits(3).says("Not known yet").says("decides the case");
    }
    // An export that is not all is no proof that somebody is not there.
    exports(&folder.path().join("e"), "hard-deleted", "none", false, &user(ID, UPN, None));
    std::fs::remove_file(folder.path().join("e/deleted.json")).unwrap();
    std::fs::remove_file(folder.path().join("e/mailboxes1.json")).unwrap();
    let out = guide(&folder, &[UPN, "--on-prem", "deleted", "--evidence", "e", "-o", "json"]).run().exits(3);
    assert_eq!(unknowns(&out), ["entra", "mailbox"]);
    let out = out.says("Get-MgDirectoryDeletedItemAsUser").says("Get-Mailbox -SoftDeletedMailbox");
    assert!(!out.stdout.contains("Get-EXOMailbox"), "that list is there\n{out}");
}

#[test]
fn what_is_unknown_is_asked_for_on_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let answers = [
        ("on premises", "deleted\n"),
        ("Entra user:", "gone\n"),
        ("Entra user:", "soft-deleted\n"),
        ("mailbox", "\n"),
    ];
    let out = guide(&folder, &["--mailbox", "none"]).on_terminal(&answers[..3]).exits(0);
    out.says("none of these").says("case deleted/soft-deleted/none").says("as you said");
    guide(&folder, &["--on-prem", "present", "--entra", "present"]).on_terminal(&answers[3..]).exits(3);
}

#[test]
fn scripts_are_written_once_and_only_for_a_known_case() {
    let folder = tempfile::tempdir().unwrap();
    exports(
        &folder.path().join("e"),
        "soft-deleted",
        "soft-deleted",
        false,
        &user(ID, "o\u{2019}ana@contoso.com", None),
    );
    let arguments =
        ["o\u{2019}ana@contoso.com", "--on-prem", "managed", "--evidence", "e", "--script", "a.ps1"];
    guide(&folder, &arguments).run().exits(0).says("never run");
    let text = std::fs::read_to_string(folder.path().join("a.ps1")).unwrap();
    assert!(text.is_ascii() && text.contains("('o' + [char]0x2019 + 'ana@contoso.com')"), "{text}");
    assert!(text.contains(ID) && text.contains("SupportsShouldProcess") && text.contains("NOT RUN"));
    guide(&folder, &arguments).run().exits(2).says("a.ps1 is there already");
    assert_eq!(std::fs::read_to_string(folder.path().join("a.ps1")).unwrap(), text);
    guide(&folder, &["--script", "b.ps1"]).run().exits(3).says("no script is written");
    assert!(!folder.path().join("b.ps1").exists());
}

#[test]
fn a_page_holds_no_markup_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let case = options(["deleted", "soft-deleted", "soft-deleted"]);
    guide(&folder, &case).args(["<b>ana</b>", "--html", "a.html"]).run().exits(0);
    let page = std::fs::read_to_string(folder.path().join("a.html")).unwrap();
    assert!(
        page.contains("&lt;b&gt;ana") && !page.contains("<b>ana") && page.contains("Set-ADSyncScheduler")
    );
    guide(&folder, &case).args(["--html", "a.html"]).run().exits(2);
}

#[test]
fn duplicates_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let e = folder.path().join("e");
    exports(&e, "soft-deleted", "soft-deleted", false, &user(ID, UPN, None));
    let usurper = user("22222222-aaaa-4000-8000-000000000001", UPN, None);
    std::fs::write(e.join("users.json"), json!([somebody(1), usurper]).to_string()).unwrap();
    let out = guide(&folder, &[UPN, "--on-prem", "deleted", "--evidence", "e", "-o", "json"]).run().exits(3);
    assert_eq!(unknowns(&out), ["entra"]);
    assert_eq!(out.json()["duplicates"].as_array().unwrap().len(), 2, "{out}");
    // By its object id it is one.
    let out = guide(&folder, &[ID, "--on-prem", "deleted", "--evidence", "e", "-o", "json"]).run().exits(0);
    assert_eq!(out.json()["case"], "deleted/soft-deleted/soft-deleted", "{out}");
}

#[test]
fn every_form_of_output() {
    let folder = tempfile::tempdir().unwrap();
    let case = options(["deleted", "hard-deleted", "soft-deleted"]);
    let document = guide(&folder, &case).args(["-o", "json"]).run().exits(0).json();
    let lines = guide(&folder, &case).args(["-o", "jsonl"]).run().exits(0).json_lines();
    assert_eq!(lines, std::slice::from_ref(&document));
    let csv = guide(&folder, &case).args(["-o", "csv"]).run().exits(0).stdout;
    assert!(csv.starts_with("n,title,by,place,when,command,"));
    let steps = document["steps"].as_array().unwrap();
    assert!(steps.iter().enumerate().all(|(i, s)| s["n"] == i + 1 && s["replaces"] != ""));
    guide(&folder, &["--entra", "gone"]).run().exits(2).says("soft-deleted");
    guide(&folder, &["--cloud", "nothing.json"]).run().exits(2);
    std::fs::write(folder.path().join("x.json"), "{\"a\":").unwrap();
    guide(&folder, &["--cloud", "x.json"]).run().exits(12);
}

/// The exports of a lab user: found by anchor, under a UPN that the tombstone has lost.
fn exports_of(scene: &Scene, user_of: &Object, upn: &str) {
    let anchor = {
        let guid: adrecover_core::ObjectGuid = user_of.guid.parse().unwrap();
        guid.source_anchor()
    };
    exports(&scene.file("e"), "soft-deleted", "soft-deleted", false, &user(ID, upn, Some(&anchor)));
}

#[test]
fn the_account_is_found_in_the_directory() {
    let Some(scene) = Scene::new() else { return };
    let account = scene.account("Guided").to_lowercase();
    let upn = format!("{account}@contoso.test");
    let lost = scene.user("Guided").set("userPrincipalName", &upn).deleted();
    exports_of(&scene, &lost, &upn);
    // By the UPN, which is lost in the directory, and by the account name.
    for called in [&upn, &lost.sam, &lost.guid] {
        let out = scene.run(["guide", called, "--evidence", "files/e", "-o", "json"]).exits(0);
        let document = out.json();
        assert_eq!(document["case"], "deleted/soft-deleted/soft-deleted", "{out}");
        assert_eq!(document["states"]["onPremises"]["source"], "directory");
        let steps = document["steps"].as_array().unwrap();
        let command = |id: &str| {
            let step = steps.iter().find(|s| s["id"] == id).unwrap_or_else(|| panic!("no {id}\n{out}"));
            step["command"].as_str().unwrap().to_owned()
        };
        assert_eq!(command("undelete"), format!("adrecover restore --guid {} --upn {upn}", lost.guid));
        assert!(command("writeAnchor").contains(&lost.guid), "{out}");
        assert!(!steps.iter().any(|s| s["id"] == "authoritativeRestore"), "it can be undeleted\n{out}");
        let clock =
            document["clocks"].as_array().unwrap().iter().find(|c| c["what"] == "onPremises").unwrap();
        assert!(clock["daysLeft"].as_i64().unwrap() > 30, "{out}");
        assert_eq!(document["remains"], Value::Null);
    }
    let live = scene.user("Guide Live").add();
    let out =
        scene.run(["guide", &live.sam, "--entra", "present", "--mailbox", "present", "-o", "json"]).exits(0);
    assert_eq!(out.json()["case"], "present/present/present");
    // Nobody of that name is no proof that somebody was deleted.
    let out =
        scene.run(["guide", "nobody-of-that-name", "--entra", "present", "--mailbox", "none", "-o", "json"]);
    assert_eq!(unknowns(&out.exits(3)), ["onPremises"]);
}

#[test]
fn what_remains_where_the_server_cannot_undelete() {
    let Some(scene) = Scene::with_bin() else { return };
    let lost = scene.user("Remains").deleted();
    let out = scene
        .run(["guide", &lost.guid, "--entra", "soft-deleted", "--mailbox", "soft-deleted", "-o", "json"])
        .exits(0);
    let document = out.json();
    if document["remains"].is_null() {
        // A server that undeletes from the bin.
        assert!(document["steps"].as_array().unwrap().iter().any(|s| s["id"] == "undelete"), "{out}");
        return;
    }
    assert!(document["remains"]["recreateLoses"].as_array().unwrap().len() > 3);
    scene
        .run(["guide", &lost.guid, "--entra", "soft-deleted", "--mailbox", "soft-deleted"])
        .exits(0)
        .says("What remains")
        .says("authoritative restore");
}
