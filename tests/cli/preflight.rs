//! The pre-flight on a real domain controller, with exports that the tests write.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Object, Output, Scene};

/// A user who has everything that the checks ask of the directory.
fn ready_user(scene: &Scene, name: &str) -> Object {
    let account = scene.account(name).to_lowercase();
    let address = format!("{account}@contoso.test");
    scene.user(name).set("proxyAddresses", format!("SMTP:{address}")).set("mail", &address).add()
}

fn preflight<const N: usize>(scene: &Scene, user: &Object, more: [&str; N]) -> Output {
    let run = scene.program().args(["preflight", "--guid", &user.guid, "-o", "json"]);
    run.args(more).run()
}

fn check(out: &Output, id: &str) -> Value {
    let document = out.json();
    let checks = document["users"][0]["checks"].as_array().unwrap();
    checks.iter().find(|c| c["id"] == id).unwrap_or_else(|| panic!("no check {id}\n{out}")).clone()
}

fn statuses(out: &Output, status: &str) -> Vec<String> {
    let document = out.json();
    let checks = document["users"][0]["checks"].as_array().unwrap().iter().filter(|c| c["status"] == status);
    checks.map(|c| c["id"].as_str().unwrap().to_owned()).collect()
}

/// `Get-ADSyncConnector | ConvertTo-Json` of a server that takes one container and not another.
fn connector(scene: &Scene, included: &str, excluded: &str) -> String {
    json!([{
        "Identifier": "ae4db4cc-b16b-4eb2-acf5-837ca84e4d7d",
        "Name": "contoso.test",
        "Type": "AD",
        "Partitions": [{
            "DN": scene.lab.base,
            "Name": "contoso.test",
            "Identifier": "11111111-2222-3333-4444-555555555555",
            "Selected": true,
            "ConnectorPartitionScope": {
                "ContainerInclusionList": [included],
                "ContainerExclusionList": [excluded],
                "ObjectClasses": ["user", "group", "contact", "inetOrgPerson", "organizationalUnit", "domainDNS"],
            },
        }],
        "GlobalParameters": [{"Name": "Connector.GroupFilteringGroupDn", "Value": ""}],
    }])
    .to_string()
}

/// A list of users as the Graph gives it.
fn cloud_users(users: &[Value]) -> String {
    json!({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users", "value": users}).to_string()
}

fn anchor(guid: &str) -> String {
    let octets = guid.parse::<adrecover_core::ObjectGuid>().unwrap().to_wire();
    crate::support::to_base64(&octets)
}

#[test]
fn the_directory_alone_answers_what_it_can() {
    let Some(scene) = Scene::new() else { return };
    let user = ready_user(&scene, "Anna");
    let out = preflight(&scene, &user, ["--on-prem-only"]);
    assert_eq!(statuses(&out, "unknown"), Vec::<String>::new(), "{out}");
    for id in ["scope.accountName", "upn.unique", "mail.addressUnique"] {
        assert_eq!(check(&out, id)["status"], "pass", "{out}");
    }
    assert_eq!(check(&out, "match.takeoverBlocked")["status"], "notApplicable");
    // Without exports nothing that needs them passes.
    let out = preflight(&scene, &user, []).exits(3);
    assert_eq!(out.json()["users"][0]["verdict"], "incomplete");
    for id in ["scope.ou", "match.sourceAnchor", "upn.suffixVerified", "engine.scheduler"] {
        assert_eq!(check(&out, id)["status"], "unknown", "{out}");
    }
    scene.run(["preflight", &user.sam]).exits(3).says("primary SMTP address: unknown").says("scope.ou");
}

#[test]
fn an_address_that_somebody_else_has_blocks() {
    let Some(scene) = Scene::new() else { return };
    let user = ready_user(&scene, "Anna");
    let address = format!("{}@contoso.test", scene.account("Anna").to_lowercase());
    let other = scene.group("Taker").set("proxyAddresses", format!("smtp:{address}")).add();
    let out = preflight(&scene, &user, ["--on-prem-only"]).exits(6);
    let found = check(&out, "mail.addressUnique");
    assert!(found["status"] == "fail" && found["detail"].as_str().unwrap().contains(&other.dn), "{out}");
}

#[test]
fn the_primary_address_is_compared_with_the_cloud() {
    let Some(scene) = Scene::new() else { return };
    let user = ready_user(&scene, "Anna");
    let address = format!("{}@contoso.test", scene.account("Anna").to_lowercase());
    let cloud = |primary: &str| {
        cloud_users(&[json!({
            "id": "22222222-2222-2222-2222-222222222222",
            "userPrincipalName": address,
            "proxyAddresses": [format!("SMTP:{primary}")],
            "onPremisesImmutableId": anchor(&user.guid),
            "onPremisesSyncEnabled": true,
        })])
    };
    for (primary, agrees, change) in [(address.as_str(), true, false), ("boss@contoso.test", false, true)] {
        let file = scene.file_with("users.json", cloud(primary));
        let out = preflight(&scene, &user, ["--cloud", file.to_str().unwrap()]);
        let smtp = &out.json()["users"][0]["primarySmtp"];
        assert_eq!((&smtp["agrees"], smtp["change"].is_string()), (&json!(agrees), change), "{out}");
        assert_eq!(check(&out, "match.sourceAnchor")["status"], "pass", "{out}");
        assert_eq!(check(&out, "mail.primarySmtp")["status"], if agrees { "pass" } else { "fail" }, "{out}");
    }
}

#[test]
fn a_restore_is_checked_before_its_first_write() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Anna").deleted();
    let home = scene.ou().to_owned();
    let upn = format!("{}@contoso.test", scene.account("Anna").to_lowercase());
    let restore = |config: &std::path::Path, more: &[&str]| {
        let run = scene.program().args(["restore", "--guid", &user.guid, "--upn", &upn]);
        run.arg("--sync-config").arg(config).args(more).run()
    };
    let out_of_scope = scene.file_with("out.json", connector(&scene, &scene.lab.base, &home));
    let report = restore(&out_of_scope, &["--yes", "-o", "json"]).exits(6);
    assert_eq!(report.blocks(), ["preflight.scope.ou"], "{report}");
    assert!(scene.hand().is_deleted(&user));
    let in_scope = scene.file_with("in.json", connector(&scene, &home, "CN=Users,DC=contoso,DC=test"));
    let report = restore(&in_scope, &["--yes", "--require-ready", "-o", "json"]).exits(6);
    let blocks = report.blocks();
    assert!(!blocks.iter().any(|id| id == "preflight.scope.ou"), "{report}");
    assert!(blocks.iter().any(|id| id == "preflight.match.takeoverBlocked"), "{report}");
    assert!(scene.hand().is_deleted(&user));
    let shown = restore(&in_scope, &["--dry-run"]).exits(0);
    let (hold, reanimate) = (shown.stdout.find("SyncCycleEnabled $false"), shown.stdout.find("reanimate it"));
    assert!(hold.is_some() && hold < reanimate, "{shown}");
    // The plan can be carried out without the files.
    let plan = scene.file("plan.json");
    restore(&in_scope, &["--dry-run", "--plan-out", plan.to_str().unwrap()]).exits(0);
    scene.run(["apply", plan.to_str().unwrap(), "--yes"]).exits(0).says("SyncCycleEnabled $false");
    assert!(!scene.hand().is_deleted(&user));
    // Nothing is left to hold the scheduler for.
    restore(&in_scope, &["--yes"]).exits(0).does_not_say("SyncCycleEnabled");
}

#[test]
fn the_expected_address_must_come_out() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Anna").deleted();
    let address = format!("{}.of.the.test@contoso.test", scene.tag);
    let report = scene.restore(&user, ["--expect-smtp", &address]).exits(6);
    assert_eq!(report.blocks(), ["preflight.expectSmtp"], "{report}");
    let set = format!("proxyAddresses=SMTP:{address}");
    let way_out = report.object()["blockedBy"][0]["wayOut"].as_str().unwrap().to_owned();
    assert_eq!(way_out, format!("--set \"{set}\""));
    scene.restore(&user, ["--expect-smtp", &address, "--set", &set]).exits(0);
    let wrong = ["restore", "--guid", &user.guid, "--expect-smtp", "no address", "--yes", "-o", "json"];
    let out = scene.run(wrong).exits(2);
    assert!(out.error()["message"].as_str().unwrap().contains("no SMTP address"));
}

#[test]
fn those_that_came_back_are_found_whoever_restored_them() {
    let Some(scene) = Scene::new() else { return };
    let back = scene.user("Back").deleted();
    scene.add([scene.user("Never deleted")]);
    scene.restore(&back, [""; 0]).exits(0);
    let lines = |more: &[&str]| {
        let run = scene.program().args(["preflight", "--on-prem-only", "-o", "jsonl", "--under", scene.ou()]);
        let mut guids: Vec<String> = run
            .args(more)
            .run()
            .json_lines()
            .iter()
            .map(|u| u["guid"].as_str().unwrap().to_owned())
            .collect();
        guids.sort();
        guids
    };
    assert_eq!(lines(&["--restored-since", "1h"]), std::slice::from_ref(&back.guid));
    assert_eq!(lines(&[]).len(), 2);
    let csv = scene.run(["preflight", "--on-prem-only", "-o", "csv", "--under", scene.ou(), "--only", "upn"]);
    assert!(csv.stdout.starts_with("guid,userPrincipalName,dn,verdict,check,status"), "{csv}");
    assert_eq!(csv.stdout.lines().count(), 1 + 2 * 5, "{csv}");
    scene.run(["preflight", "--on-prem-only", "--under", scene.ou()]).says("2 user(s): ");
    let nobody = scene
        .run(["preflight", "--restored-since", "1h", "--under", &scene.lab.home, "--only", "nonsense"])
        .exits(2);
    assert!(nobody.stderr.contains("there is no check `nonsense`"), "{nobody}");
}

#[test]
fn who_came_back_is_known_to_have_lost_something() {
    let Some(scene) = Scene::new() else { return };
    let back = scene.user("Back").deleted();
    let upn = format!("{}@contoso.test", scene.account("Back").to_lowercase());
    scene.restore(&back, ["--upn", &upn]).exits(0);
    let never = ready_user(&scene, "Never deleted");
    let status = |user: &Object| {
        let out = preflight(&scene, user, ["--on-prem-only", "--only", "scope.adminDescription"]);
        check(&out, "scope.adminDescription")["status"].as_str().unwrap().to_owned()
    };
    assert_eq!((status(&back).as_str(), status(&never).as_str()), ("warn", "pass"));
}

#[test]
fn two_that_come_back_together_do_not_take_each_others_address() {
    let Some(scene) = Scene::that_undeletes() else { return };
    let with_address =
        |name: &str| scene.user(name).with("proxyAddresses", format!("smtp:{}.both@contoso.test", scene.tag));
    let objects = scene.add_and_delete([with_address("One"), with_address("Two")]);
    let home = scene.ou().to_owned();
    let config = scene.file_with("in.json", connector(&scene, &home, "CN=Users,DC=contoso,DC=test"));
    let guids = objects.iter().flat_map(|object| ["--guid", object.guid.as_str()]);
    let run =
        scene.program().args(["restore", "--yes", "-o", "json"]).args(guids).arg("--sync-config").arg(config);
    let report = run.run().exits(6);
    for object in &objects {
        let blocks = crate::support::ids_of_blocks(&report.object_of(object));
        assert!(blocks.contains(&"preflight.mail.addressUnique".to_owned()), "{report}");
    }
}

#[test]
fn the_page_opens_in_a_browser() {
    let Some(scene) = Scene::new() else { return };
    let users = [ready_user(&scene, "Page"), scene.user("Evil").named("<script>alert(1)</script>").add()];
    let page = scene.file("report.html");
    let guids = users.iter().flat_map(|user| ["--guid", user.guid.as_str()]);
    let run =
        scene.program().args(["preflight", "--on-prem-only", "--html", page.to_str().unwrap()]).args(guids);
    run.run();
    let text = std::fs::read_to_string(&page).unwrap();
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
    let dom = String::from_utf8_lossy(&browser.stdout);
    assert!(dom.contains("2 user(s): ") && dom.contains(&users[0].guid), "{dom}");
    assert_eq!(dom.matches("<details class=\"u ").count(), 2, "{dom}");
    assert_eq!(dom.matches("<tr class=").count(), 2 * 48, "{dom}");
}

#[test]
fn wrong_usage_and_files_are_named() {
    let Some(scene) = Scene::new() else { return };
    scene.run(["preflight", "-o", "json"]).exits(2);
    scene.run(["preflight", "x", "--cloud", "graph", "-o", "json"]).exits(2);
    let cut = scene.file_with("cut.json", "{\"value\":[{\"id\":");
    let out = scene.run(["preflight", "x", "--cloud", cut.to_str().unwrap(), "-o", "json"]).exits(12);
    assert!(out.error()["message"].as_str().unwrap().contains("cut.json"), "{out}");
    let computer = scene.computer("PC").add();
    scene.run(["preflight", "--guid", &computer.guid]).exits(2);
    scene.run(["preflight", "nobody is called like this"]).exits(4);
}

#[test]
fn the_collector_is_written_once() {
    let Some(scene) = Scene::new() else { return };
    let script = scene.file("collect.ps1");
    let arguments = ["preflight", "--collector", script.to_str().unwrap()];
    scene.run(arguments).exits(0);
    assert!(std::fs::read_to_string(&script).unwrap().contains("Get-"));
    scene.run(arguments).exits(2);
}
