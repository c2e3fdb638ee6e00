//! `--fill-from samba:FILE` and `ntds:FILE`: databases of domain controllers as sources.

use std::path::{Path, PathBuf};
use std::process::Command;

use adrecover_core::ObjectGuid;
use adrecover_offline::testing::ntds::{Known, Plan, write};
use serde_json::{Value, json};

use super::files::scenery;
use super::journal::{State, differences, member, state};
use crate::support::{Object, Run, Scene};

fn restoring(scene: &Scene, user: &Object, source: &str) -> Run {
    let run = scene.program().args(["restore", "-o", "json", "--yes", "--guid", &user.guid]);
    run.args(["--fill-from", source, "--groups-from", source])
}

fn step<'r>(report: &'r Value, attribute: &str) -> &'r Value {
    let mut steps = report["steps"].as_array().unwrap().iter();
    steps.find(|step| step["attribute"] == attribute).unwrap_or_else(|| panic!("no {attribute}: {report}"))
}

/// Makes a backup of the domain controller with Samba's own tool.
fn backup(scene: &Scene) -> PathBuf {
    let folder = scene.file("backup");
    std::fs::create_dir(&folder).unwrap();
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/lab/backup");
    let made = Command::new(tool).arg(scene.lab.setting("LAB_STATE")).arg(&folder).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    PathBuf::from(String::from_utf8(made.stdout).unwrap().trim())
}

#[test]
fn a_user_is_as_it_was_from_an_offline_backup_of_samba() {
    let Some(scene) = Scene::new() else { return };
    let told = scenery(&scene);
    let before: State = state(&scene, &told.user.guid);
    let archive = backup(&scene);
    scene.delete([&told.user]);
    let path = archive.to_str().unwrap();
    let named = ["--fill-attribute", "scriptPath", "--fill-attribute", "otherTelephone"];
    let out = restoring(&scene, &told.user, &format!("samba:{path}")).args(named).run().exits(0);
    let report = out.object();
    assert_eq!(report["verified"], true, "{report}");
    let name = format!("samba:{}", archive.file_name().unwrap().to_str().unwrap());
    let title = step(&report, "title");
    assert_eq!((&title["source"], title["sourceAt"].is_string()), (&json!(name), true), "{report}");
    assert_eq!(differences(&state(&scene, &told.user.guid), &before), [""; 0]);

    // The other commands read it, too.
    let info = scene.run(["offline", "info", path, "-o", "json"]).exits(0).json();
    assert_eq!(
        (&info["source"]["kind"], &info["source"]["domain"]),
        (&json!("samba"), &json!(scene.lab.base))
    );
    let shown = scene.run(["show", "--offline", path, &told.user.sam, "-o", "json"]).exits(0).json();
    assert_eq!((&shown["guid"], &shown["state"]), (&json!(told.user.guid), &json!("live")));
    assert_eq!(shown["attributes"]["title"], json!(["Clerk"]));
    let groups = shown["links"].as_array().unwrap().iter().filter(|link| link["attribute"] == "member");
    assert_eq!(groups.count(), 3, "{shown}");
}

/// No `ntds.dit` of this domain can be had: one is written that has the GUIDs of its objects.
#[test]
fn a_user_gets_attributes_and_group_from_an_ntds_dit() {
    let Some(scene) = Scene::new() else { return };
    let group = scene.group("Team").add();
    let user = scene.user("Anna").with("description", "to be lost").with("thumbnailPhoto", [1, 2]).add();
    scene.hand().change(&member(&group, &user));
    let wire = |guid: &str| guid.parse::<ObjectGuid>().unwrap().to_wire();
    let domain = scene.hand().search_in(&scene.lab.base, "base", "(objectClass=*)", &["objectGUID"]);
    let domain: [u8; 16] = domain[0].octets("objectGUID")[0].try_into().unwrap();
    scene.delete([&user]);
    for page_size in [8192, 32768] {
        let known = Known { domain, group: wire(&group.guid), user: wire(&user.guid) };
        let plan = Plan { known: Some(known), photo: 50, ..Plan::new(page_size, 30) };
        let file = scene.file(&format!("{page_size}.dit"));
        write(std::fs::File::create(&file).unwrap(), &plan).unwrap();
        let source = format!("ntds:{}", file.display());
        let dry = restoring(&scene, &user, &source).arg("--dry-run").run().exits(0);
        let report = dry.object();
        assert_eq!(step(&report, "description")["value"], "user number 1, number 1, number 1");
        assert!(report["steps"].to_string().contains(&group.dn), "{report}");
    }
    let source = format!("ntds:{}", scene.file("8192.dit").display());
    let upn = format!("{}@contoso.test", user.sam.to_lowercase());
    let out = restoring(&scene, &user, &source).args(["--upn", &upn]).run().exits(0);
    assert_eq!(out.object()["verified"], true, "{out}");
    let entry = scene.hand().get(&user, &["description", "thumbnailPhoto", "memberOf", "userPrincipalName"]);
    assert_eq!(entry.text("description"), "user number 1, number 1, number 1");
    let photo: Vec<u8> = (0..50u32).map(|at| (at * 7 + 1) as u8).collect();
    assert_eq!(entry.octets("thumbnailPhoto"), [photo.as_slice()]);
    assert_eq!((entry.text("memberOf"), entry.text("userPrincipalName")), (group.dn.clone(), upn));
    // Of a domain of the same name that is another one nothing is taken.
    let foreign = scene.file("foreign.dit");
    write(std::fs::File::create(&foreign).unwrap(), &Plan::new(8192, 30)).unwrap();
    restoring(&scene, &user, &format!("ntds:{}", foreign.display())).run().exits(12).says("another forest");
}
