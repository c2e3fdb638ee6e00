//! `doctor --drill`: what would come back if an object were deleted now.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::ready::{CLOUD_ID, Tenant, collected};
use crate::support::{Keeper, Ldif, Object, Scene, to_base64};

/// What the directory gives an account again by itself, so that nobody misses it.
const BY_ITSELF: [&str; 16] = [
    "accountExpires",
    "badPasswordTime",
    "badPwdCount",
    "cn",
    "codePage",
    "countryCode",
    "lastLogoff",
    "lastLogon",
    "lastLogonTimestamp",
    "logonCount",
    "logonHours",
    "name",
    "primaryGroupID",
    "pwdLastSet",
    "sAMAccountType",
    "objectCategory",
];

struct Stage {
    scene: Scene,
    user: Object,
    group: Object,
}

impl Stage {
    fn on(scene: Scene) -> Self {
        let [boss, report, group] =
            scene.add([scene.user("Boss"), scene.user("Report"), scene.group("Sales")]);
        let user = scene
            .user("Anna")
            .with("title", "Clerk")
            .with("department", "Sales <b>&")
            .with("scriptPath", "logon.cmd")
            .with("thumbnailPhoto", [0xff, 0xd8, 0, 1, 2])
            .with("manager", &boss.dn)
            .add();
        let links = Ldif::default().add_values(&group.dn, "member", &[&user.dn]).add_values(
            &report.dn,
            "manager",
            &[&user.dn],
        );
        scene.hand().change(&links);
        Self { scene, user, group }
    }

    fn drill(&self, code: i32, arguments: &[&str]) -> Value {
        let run = self.scene.program().args(["doctor", "-o", "json", "--drill", &self.user.guid]);
        run.args(arguments).run().exits(code).json()
    }
}

fn names(drill: &Value, is_it: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let items = drill["attributes"].as_array().unwrap().iter();
    items
        .filter(|item| is_it(item["fate"].as_str().unwrap()))
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn what_is_said_to_be_lost_is_what_a_deletion_takes() {
    let Some(scene) = Scene::new() else { return };
    let stage = Stage::on(scene);
    let drill = stage.drill(6, &[]);
    assert_eq!((&drill["schema"], &drill["verdict"]), (&"adrecover/drill/v1".into(), &"partly".into()));
    assert!(drill["advice"].to_string().contains("agent install"), "{drill}");
    let said = names(&drill, |fate| fate != "kept");
    stage.scene.delete([&stage.user]);
    let show = stage.scene.run(["show", "-o", "json", "--guid", &stage.user.guid]).exits(0).json();
    let stripped = show["stripped"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned());
    let mut taken: BTreeSet<String> = stripped.filter(|name| !BY_ITSELF.contains(&name.as_str())).collect();
    // A link has no stamp of its own: that it went no metadata tells.
    assert!(!stage.scene.hand().state(&stage.user.guid).has("manager"));
    taken.insert("manager".to_owned());
    assert_eq!(said, taken);
    for kept in names(&drill, |fate| fate == "kept") {
        assert!(show["attributes"].get(&kept).is_some(), "{kept} was not kept");
    }
    stage.scene.run(["doctor", "--drill", &stage.user.guid]).exits(2).says("deleted already");
}

#[test]
fn a_change_journal_brings_back_what_the_tombstone_loses() {
    let Some(scene) = Scene::new() else { return };
    let stage = Stage::on(scene);
    let keeper = Keeper::begin(&stage.scene);
    let journal = keeper.path().to_str().unwrap().to_owned();
    let drill = stage.drill(0, &["--journal", &journal]);
    assert_eq!(names(&drill, |fate| fate == "lost"), BTreeSet::new(), "{drill}");
    assert!(names(&drill, |fate| fate == "named").contains("scriptPath"), "{drill}");
    assert!(names(&drill, |fate| fate == "filled").contains("manager"), "{drill}");
    let group = &drill["groups"][0];
    assert_eq!(
        (&group["dn"], &group["fate"], &group["source"]),
        (&stage.group.dn.as_str().into(), &"filled".into(), &"journal".into())
    );
    assert_eq!(
        (&drill["links"][0]["attribute"], &drill["links"][0]["fate"]),
        (&"manager".into(), &"filled".into())
    );
    assert_eq!((&drill["password"], &drill["sources"][0]["state"]), (&"lost".into(), &"ok".into()));
    // What changed since is not in it.
    stage.scene.hand().change(&Ldif::default().replace(&stage.user.dn, "title", &["Head"]));
    let drill = stage.drill(6, &["--journal", &journal]);
    assert_eq!(names(&drill, |fate| fate == "lost"), BTreeSet::from(["title".to_owned()]));
    keeper.follow();
    stage.drill(0, &["--journal", &journal]);
    // One line, for a schedule.
    let line =
        stage.scene.program().args(["-q", "doctor", "--drill", &stage.user.guid, "--journal", &journal]);
    let line = line.run().exits(0).stdout;
    assert!(line.lines().count() == 1 && line.contains(": whole: ") && line.contains("journal"), "{line}");
    let page = stage.scene.file("drill.html");
    let arguments = ["--journal", &journal, "--html", page.to_str().unwrap()];
    stage.drill(0, &arguments);
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.contains("everything would come back") && html.contains(&stage.user.dn), "{html}");
    assert!(html.contains("department") && !html.contains("<script") && !html.contains("http"), "{html}");
    let table = stage.scene.run(["doctor", "--drill", &stage.user.guid, "--journal", &journal]).exits(0);
    table.says("member of CN=").says("source journal: ok").says("filled if named");
}

#[test]
fn a_journal_that_cannot_be_read_is_said_and_counts_for_nothing() {
    let Some(scene) = Scene::new() else { return };
    let stage = Stage::on(scene);
    let journal = stage.scene.file_with("changes-x.db", "this is no journal, whatever its name says");
    let drill = stage.drill(6, &["--journal", journal.to_str().unwrap()]);
    assert_eq!(drill["sources"][0]["state"], "unreadable");
    assert!(drill["sources"][0]["note"].as_str().unwrap().contains("no change journal"), "{drill}");
}

#[test]
fn with_the_bin_everything_comes_back_where_the_server_undeletes() {
    let Some(scene) = Scene::that_undeletes() else { return };
    let stage = Stage::on(scene);
    let drill = stage.drill(0, &[]);
    assert_eq!((&drill["recycleBin"], &drill["password"]), (&true.into(), &"bin".into()));
    assert_eq!(names(&drill, |fate| fate == "lost"), BTreeSet::new());
    let Some(scene) = Scene::with_bin() else { return };
    let stage = Stage::on(scene);
    let drill = stage.drill(6, &[]);
    assert!(drill["line"].as_str().unwrap().contains("cannot undelete"), "{drill}");
}

#[test]
fn wrong_usage() {
    let Some(scene) = Scene::new() else { return };
    scene.run(["doctor", "--cloud", "users.json"]).exits(2).says("--drill");
    scene.run(["doctor", "--html", "x.html"]).exits(2);
    scene.run(["doctor", "--drill", ""]).exits(2);
    scene.run(["doctor", "--drill", &format!("{} nobody", scene.tag)]).exits(4);
}

#[test]
fn the_cloud_is_a_source_and_names_the_licences() {
    let Some(scene) = Scene::new() else { return };
    let address = format!("{}@contoso.test", scene.account("Cloudy").to_lowercase());
    let user = scene
        .user("Cloudy")
        .with("proxyAddresses", format!("SMTP:{address}"))
        .with("description", "not synchronised")
        .add();
    let guid: adrecover_core::ObjectGuid = user.guid.parse().unwrap();
    let sku = "05e9a617-0261-4cee-bb44-138d3ef5d965";
    let at = now();
    let cloud = json!({
        "id": CLOUD_ID, "userPrincipalName": address, "displayName": "Cloudy", "mail": address, "mailNickname": user.sam,
        "proxyAddresses": [format!("SMTP:{address}")], "accountEnabled": true, "usageLocation": "DE",
        "assignedLicenses": [{"skuId": sku, "disabledPlans": []}],
        "licenseAssignmentStates": [{"skuId": sku, "assignedByGroup": null, "state": "Active", "error": "None"}],
        "onPremisesSyncEnabled": true, "onPremisesLastSyncDateTime": at, "onPremisesProvisioningErrors": [],
        "onPremisesImmutableId": to_base64(&guid.to_wire()), "onPremisesDistinguishedName": user.dn, "isCloudManaged": false,
    });
    let folder = collected(&scene, Tenant { live: vec![cloud], at, ..Tenant::default() });
    let run = scene.program().args(["doctor", "-o", "json", "--drill", &user.guid, "--evidence"]).arg(folder);
    let drill = run.run().exits(6).json();
    assert!(names(&drill, |fate| fate == "lost").contains("description"), "{drill}");
    let filled = names(&drill, |fate| fate == "filled");
    assert!(filled.contains("proxyAddresses") && filled.contains("displayName"), "{drill}");
    assert_eq!(
        (&drill["sources"][0]["name"], &drill["sources"][0]["state"]),
        (&"cloud".into(), &"ok".into())
    );
    assert_eq!(drill["licences"], json!(["ENTERPRISEPACK"]));
}

/// The time that it is.
#[expect(clippy::disallowed_methods, reason = "the cloud is asked now")]
fn now() -> String {
    adrecover_core::time::rfc3339(adrecover_core::time::Timestamp::from(std::time::SystemTime::now()))
}
