//! `--fill-from ldif:FILE --groups-from ldif:FILE`, and a second server: what an export has comes back, as from the change journal.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::journal::{State, differences, member, state};
use crate::support::{Ldif, Object, Run, Scene};

/// What `ldapsearch` asks for who wants everything of this test's objects.
fn export(scene: &Scene, name: &str, arguments: &[&str]) -> PathBuf {
    let wanted = format!("(|(cn={}*)(ou={}*))", scene.tag, scene.tag);
    let all: Vec<&str> =
        arguments.iter().copied().chain(["-b", &scene.lab.base, &wanted, "*", "memberOf"]).collect();
    scene.file_with(name, scene.hand().export(&all))
}

fn restoring(scene: &Scene, objects: &[&Object], files: &[&Path]) -> Run {
    restoring_as(scene, "json", objects, files)
}

fn restoring_as(scene: &Scene, format: &str, objects: &[&Object], files: &[&Path]) -> Run {
    let mut run = scene.program().args(["restore", "-o", format, "--yes", "--all"]);
    for object in objects {
        run = run.args(["--guid", &object.guid]);
    }
    for file in files {
        let source = format!("ldif:{}", file.display());
        run = run.args(["--fill-from", &source, "--groups-from", &source]);
    }
    run
}

/// A user with three groups, a manager, a report, and addresses.
pub(super) struct Scenery {
    pub(super) user: Object,
    boss: Object,
    groups: [Object; 3],
}

pub(super) fn scenery(scene: &Scene) -> Scenery {
    let [boss, report] = scene.add([scene.user("Boss"), scene.user("Report")]);
    let groups = scene.add([scene.group("A"), scene.group("B"), scene.group("C")]);
    let address = format!("{}@contoso.test", scene.account("Anna").to_lowercase());
    let user = scene
        .user("Anna")
        .with("proxyAddresses", format!("SMTP:{address}"))
        .with("proxyAddresses", format!("smtp:alias.{address}"))
        .with("title", "Clerk")
        .with("department", "Sales, \u{e4}\u{f6}\u{fc}")
        .with("description", "line\r\nline")
        .with("thumbnailPhoto", [0xff, 0xd8, 0, 1, 2, 0xff])
        .with("mS-DS-ConsistencyGuid", [0xa5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xff])
        .with("scriptPath", "logon.cmd")
        .with("otherTelephone", "1")
        .with("otherTelephone", "2")
        .with("manager", &boss.dn)
        .add();
    for group in &groups {
        scene.hand().change(&member(group, &user));
    }
    scene.hand().change(&Ldif::default().add_values(&report.dn, "manager", &[&user.dn]));
    Scenery { user, boss, groups }
}

#[test]
fn a_user_is_as_it_was_from_what_ldapsearch_has_exported() {
    let Some(scene) = Scene::new() else { return };
    let told = scenery(&scene);
    // The habits of the tool: wrapped lines with comments and a result at the end, pages, and neither.
    let files = [
        export(&scene, "plain.ldf", &[]),
        export(&scene, "paged.ldf", &["-E", "pr=2/noprompt"]),
        export(&scene, "bare.ldf", &["-LLL", "-o", "ldif-wrap=no"]),
    ];
    let before: State = state(&scene, &told.user.guid);
    assert!(before.contains_key("back directReports") && before["memberof"].len() == 3);
    let named = ["--fill-attribute", "scriptPath", "--fill-attribute", "otherTelephone"];
    for file in &files {
        scene.delete([&told.user]);
        let out = restoring(&scene, &[&told.user], &[file]).args(named).run().exits(0);
        let report = out.object();
        assert_eq!(report["verified"], true, "{report}");
        let title = report["steps"].as_array().unwrap().iter().find(|s| s["attribute"] == "title").unwrap();
        let name = format!("ldif:{}", file.file_name().unwrap().to_str().unwrap());
        assert_eq!((&title["source"], title["sourceAt"].is_string()), (&Value::from(name), true), "{report}");
        let groups = report["steps"].as_array().unwrap().iter().filter(|s| s["step"] == "addToGroup");
        assert!(
            groups.clone().count() == 3 && groups.into_iter().all(|s| s["sourceAt"].is_string()),
            "{report}"
        );
        assert_eq!(differences(&state(&scene, &told.user.guid), &before), [""; 0], "{}", file.display());
    }
    // Again: nothing is to be done.
    let again = restoring(&scene, &[&told.user], &[&files[0]]).args(named).run().exits(0);
    assert_eq!(again.object()["outcome"], "alreadyRestored", "{again}");
}

#[test]
fn the_first_source_counts_and_the_plan_shows_what_the_others_say() {
    let Some(scene) = Scene::new() else { return };
    let told = scenery(&scene);
    let old = export(&scene, "old.ldf", &["-LLL"]);
    let other = scene.user("Other").add();
    let change = Ldif::default().replace(&told.user.dn, "title", &["Head Clerk"]).replace(
        &told.user.dn,
        "manager",
        &[&other.dn],
    );
    scene.hand().change(&change);
    let gone = format!(
        "dn: {}\nchangetype: modify\ndelete: member\nmember: {}\n\n",
        told.groups[2].dn, told.user.dn
    );
    scene.hand().change(&Ldif::raw(gone));
    let new = export(&scene, "new.ldf", &["-LLL"]);
    scene.delete([&told.user]);
    let dry = restoring(&scene, &[&told.user], &[&new, &old]).arg("--dry-run").run().exits(0);
    let conflicts = dry.object()["conflicts"].as_array().unwrap().clone();
    let of = |attribute: &str| {
        conflicts.iter().find(|c| c["attribute"] == attribute).unwrap_or_else(|| panic!("{dry}"))
    };
    let title = of("title");
    assert_eq!(title["chosen"]["source"], "ldif:new.ldf");
    assert_eq!(
        (&title["chosen"]["values"][0]["text"], &title["others"][0]["values"][0]["text"]),
        (&"Head Clerk".into(), &"Clerk".into())
    );
    assert_eq!(of("manager")["others"][0]["values"][0]["text"], told.boss.dn.as_str());
    assert_eq!(of("memberOf")["others"][0]["values"][0]["text"], told.groups[2].dn.as_str());
    let table = restoring_as(&scene, "table", &[&told.user], &[&new, &old]).arg("--dry-run").run().exits(0);
    table.says("sources differ: title: ldif:new.ldf").says("(from ldif:new.ldf, just made)");
    restoring(&scene, &[&told.user], &[&new, &old]).run().exits(0);
    let entry = scene.hand().get(&told.user, &["title", "manager", "memberOf"]);
    assert_eq!((entry.text("title"), entry.text("manager")), ("Head Clerk".to_owned(), other.dn.clone()));
    assert_eq!(
        entry.texts("memberOf").len(),
        2,
        "a membership that was taken away meanwhile does not come back"
    );
}

#[test]
fn what_is_of_another_forest_or_of_no_use_is_refused_or_told() {
    let Some(scene) = Scene::new() else { return };
    let anna = scene.user("Anna").with("title", "Clerk").add();
    let export = export(&scene, "export.ldf", &["-LLL", "-o", "ldif-wrap=no"]);
    scene.delete([&anna]);
    let text = std::fs::read_to_string(&export).unwrap();
    let head = "dn: DC=fabrikam,DC=test\nobjectClass: top\nobjectClass: domain\nobjectClass: domainDNS\n\n";
    let foreign = scene.file_with(
        "foreign.ldf",
        head.to_owned() + &text.replace("DC=contoso,DC=test", "DC=fabrikam,DC=test"),
    );
    restoring(&scene, &[&anna], &[&foreign]).run().exits(12).says("another forest");
    let without = scene.file_with(
        "without.ldf",
        "dn: OU=Nothing,DC=contoso,DC=test\nobjectClass: organizationalUnit\nou: Nothing\n",
    );
    let out = restoring(&scene, &[&anna], &[&without]).arg("--dry-run").run();
    assert!(out.object()["warnings"].to_string().contains("does not have the object"), "{out}");
    // Without GUID and SID it may be anybody who had the name: that has to be named.
    let keep = |line: &&str| !line.starts_with("objectGUID") && !line.starts_with("objectSid");
    let unsure = scene.file_with("unsure.ldf", text.lines().filter(keep).collect::<Vec<_>>().join("\n"));
    let out = restoring(&scene, &[&anna], &[&unsure]).arg("--dry-run").run();
    assert!(out.object()["warnings"].to_string().contains("found by its account name only"), "{out}");
    assert!(!out.object()["steps"].to_string().contains("title"), "{out}");
    let out = restoring(&scene, &[&anna], &[&unsure]).args(["--fill-attribute", "title"]).run().exits(0);
    assert_eq!(scene.hand().get(&anna, &["title"]).text("title"), "Clerk", "{out}");
    let none = scene.file_with("picture.ldf", [0x89, b'P', b'N', b'G', 0, 1, 2, 3]);
    restoring(&scene, &[&anna], &[&none]).run().exits(12);
    scene.restoring(&anna).args(["--fill-from", "nonsense"]).run().exits(2).says("there is no such source");
}

#[test]
fn a_second_server_is_a_source_as_a_file_is() {
    let Some(scene) = Scene::new() else { return };
    let anna = scene.user("Anna").with("title", "Clerk").add();
    let group = scene.group("Group").add();
    scene.hand().change(&member(&group, &anna));
    // The same server stands in for a mounted snapshot: what it has of an object that is live can be compared only.
    let source = format!("ldap:{}", scene.lab.server);
    let run = scene.program().args(["restore", "-o", "json", "--dry-run", "--guid", &anna.guid]);
    let out = run.args(["--fill-from", &source, "--groups-from", &source]).run().exits(0);
    let steps = out.object()["steps"].clone();
    let of = |name: &str| {
        steps.as_array().unwrap().iter().find(|s| s["attribute"] == name || s["step"] == name).cloned()
    };
    let title = of("title").unwrap_or_else(|| panic!("{out}"));
    assert_eq!((&title["status"], &title["value"]), (&"unchanged".into(), &"Clerk".into()));
    assert_eq!(of("addToGroup").unwrap()["group"], group.dn.as_str(), "{out}");
    // Its own account, and its own password.
    let reader = scene.lab.account("READER");
    let run = scene.program().args([
        "restore",
        "-o",
        "json",
        "--dry-run",
        "--guid",
        &anna.guid,
        "--fill-from",
        &source,
    ]);
    let run = run.args(["--source-user", &reader.name, "--source-password-file"]).arg(&reader.password_file);
    run.run().exits(0).says("Clerk");
    let run = scene.program().args(["restore", "--dry-run", "--guid", &anna.guid, "--fill-from", &source]);
    run.args(["--source-user", "nobody@contoso.test"]).run().exits(2).says("--source-password-file");
}
