//! `--fill-from journal --groups-from journal`: what the change journal has comes back, byte for byte.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::{Entry, Keeper, Ldif, Object, Run, Scene};

/// What the directory itself owns or gives anew: everything else has to be as before.
const OF_THE_DIRECTORY: [&str; 22] = [
    // "Never" has two forms: an undelete writes 0, an addition the greatest number.
    "accountExpires",
    // An undelete writes 0 where there was none.
    "adminCount",
    "operatorCount",
    "badPasswordTime",
    "badPwdCount",
    "dSCorePropagationData",
    "isDeleted",
    "isRecycled",
    "lastKnownParent",
    "lastLogon",
    "lastLogonTimestamp",
    "logonCount",
    "pwdLastSet",
    "replPropertyMetaData",
    "uSNChanged",
    "uSNCreated",
    "userAccountControl",
    "whenChanged",
    // The path that an undelete takes is told in these on some servers.
    "msDS-LastKnownRDN",
    "distinguishedName",
    "directReports",
    "managedObjects",
];

type State = BTreeMap<String, BTreeSet<Vec<u8>>>;

/// Everything that the directory shows of an object, and what else points to it.
fn state(scene: &Scene, guid: &str) -> State {
    let entry: Entry = scene.hand().get(guid, &["*", "memberOf", "nTSecurityDescriptor"]);
    let mut state: State = BTreeMap::new();
    for name in entry.names() {
        if !OF_THE_DIRECTORY.iter().any(|owned| owned.eq_ignore_ascii_case(name)) {
            let values = entry.octets(name).into_iter().map(<[u8]>::to_vec).collect();
            state.insert(name.to_lowercase(), values);
        }
    }
    for back in ["directReports", "managedObjects"] {
        let values: BTreeSet<Vec<u8>> =
            scene.hand().get(guid, &[back]).octets(back).into_iter().map(<[u8]>::to_vec).collect();
        if !values.is_empty() {
            state.insert(format!("back {back}"), values);
        }
    }
    state
}

/// What is not the same, for people.
fn differences(after: &State, before: &State) -> Vec<String> {
    let names: BTreeSet<&String> = after.keys().chain(before.keys()).collect();
    let shown = |state: &State, name: &String| {
        let values = state.get(name).cloned().unwrap_or_default();
        values.iter().map(|v| String::from_utf8_lossy(v).into_owned()).collect::<Vec<_>>().join("; ")
    };
    let different = names.into_iter().filter(|name| after.get(*name) != before.get(*name));
    different
        .map(|name| format!("{name}: `{}`, and it was `{}`", shown(after, name), shown(before, name)))
        .collect()
}

fn filling(scene: &Scene, keeper: &Keeper<'_>, guids: &[&str]) -> Run {
    let guids = guids.iter().flat_map(|guid| ["--guid", *guid]);
    let run = scene.program().args(["restore", "-o", "json", "--yes", "--all"]).args(guids);
    run.args(["--fill-from", "journal", "--groups-from", "journal", "--journal"]).arg(keeper.path())
}

fn member(group: &Object, who: &Object) -> Ldif {
    Ldif::default().add_values(&group.dn, "member", &[&who.dn])
}

#[test]
fn users_with_groups_manager_and_addresses_are_as_before() {
    let Some(scene) = Scene::new() else { return };
    let [boss, report, unit] = scene.add([scene.user("Boss"), scene.user("Report"), scene.unit("Unit")]);
    let [a, b, c] = scene.add([scene.group("A"), scene.group("B"), scene.group("C")]);
    let users: Vec<Object> = ["Anna", "Berta", "Clara"]
        .map(|name| {
            let address = format!("{}@contoso.test", scene.account(name).to_lowercase());
            scene
                .user(name)
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
                .add()
        })
        .into();
    for user in &users {
        for group in [&a, &b, &c] {
            scene.hand().change(&member(group, user));
        }
    }
    // Others point to one of them.
    let links = Ldif::default().add_values(&report.dn, "manager", &[&users[0].dn]).add_values(
        &unit.dn,
        "managedBy",
        &[&users[0].dn],
    );
    scene.hand().change(&links);
    let keeper = Keeper::begin(&scene);
    let before: Vec<State> = users.iter().map(|user| state(&scene, &user.guid)).collect();
    assert!(before[0].contains_key("back directReports") && before[0].contains_key("memberof"));
    scene.delete(&users);
    keeper.follow();
    let guids: Vec<&str> = users.iter().map(|user| user.guid.as_str()).collect();
    let named = ["--fill-attribute", "scriptPath", "--fill-attribute", "thumbnailPhoto"];
    let named: Vec<&str> = named.into_iter().chain(["--fill-attribute", "otherTelephone"]).collect();
    let out = filling(&scene, &keeper, &guids).args(named).run().exits(0);
    for user in &users {
        let report = out.object_of(user);
        assert_eq!(report["verified"], true, "{report}");
        let groups = report["steps"].as_array().unwrap().iter().filter(|s| s["step"] == "addToGroup");
        let groups: Vec<&Value> = groups.collect();
        assert_eq!(groups.len(), 3, "{report}");
        assert!(groups.iter().all(|step| step["source"] == "journal" && step["status"] == "done"));
    }
    let after: Vec<State> = users.iter().map(|user| state(&scene, &user.guid)).collect();
    for (after, before) in after.iter().zip(&before) {
        assert_eq!(differences(after, before), [""; 0]);
    }
    // Again: nothing is to be done.
    keeper.follow();
    let again = filling(&scene, &keeper, &guids).run().exits(0);
    for user in &users {
        assert_eq!(again.object_of(user)["outcome"], "alreadyRestored", "{again}");
    }
}

#[test]
fn what_is_not_legal_any_more_is_told_one_by_one_and_does_not_stop_the_rest() {
    let Some(scene) = Scene::new() else { return };
    let address = format!("{}@contoso.test", scene.account("Anna").to_lowercase());
    let [boss, gone, group, secretary] =
        scene.add([scene.user("Boss"), scene.group("Gone"), scene.group("Group"), scene.user("Typist")]);
    let anna = scene
        .user("Anna")
        .with("proxyAddresses", format!("SMTP:{address}"))
        .with("proxyAddresses", format!("smtp:alias.{address}"))
        .with("servicePrincipalName", format!("http/{}", scene.account("Anna")))
        .with("title", "Clerk")
        .with("manager", &boss.dn)
        .with("secretary", &secretary.dn)
        .add();
    scene.hand().change(&member(&gone, &anna));
    scene.hand().change(&member(&group, &anna));
    let keeper = Keeper::begin(&scene);
    scene.delete([&anna, &boss, &gone]);
    keeper.follow();
    scene.contact("Thief").with("proxyAddresses", format!("smtp:alias.{address}")).add();
    let out = filling(&scene, &keeper, &[&anna.guid]).run().exits(3);
    let report = out.object();
    let warnings = report["warnings"].to_string();
    for told in ["alias.", "Boss", "is deleted: restore it", "--fill-attribute servicePrincipalName"] {
        assert!(warnings.contains(told), "{told}: {warnings}");
    }
    let manual = report["steps"].as_array().unwrap().iter().find(|step| step["step"] == "manual").unwrap();
    assert!(manual["message"].as_str().unwrap().contains("Gone"), "{manual}");
    let entry = scene.hand().get(&anna, &["proxyAddresses", "title", "manager", "secretary", "memberOf"]);
    assert_eq!(entry.texts("proxyAddresses"), [format!("SMTP:{address}")]);
    assert_eq!((entry.text("title").as_str(), entry.has("manager")), ("Clerk", false));
    assert_eq!(entry.texts("memberOf"), [group.dn.clone()]);
    // The manager and the group come back later: the same command puts the rest in.
    keeper.follow();
    scene
        .program()
        .args([
            "restore",
            "--yes",
            "--guid",
            &boss.guid,
            "--fill-from",
            "journal",
            "--groups-from",
            "journal",
            "--journal",
        ])
        .arg(keeper.path())
        .run()
        .exits(0);
    let entry = scene.hand().get(&anna, &["manager"]);
    assert_eq!(entry.text("manager"), boss.dn, "the link of another object to it");
    filling(&scene, &keeper, &[&gone.guid]).run().exits(0);
    assert_eq!(scene.hand().get(&anna, &["memberOf"]).texts("memberOf").len(), 2, "the members of the group");
}
