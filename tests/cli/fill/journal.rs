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

pub(crate) type State = BTreeMap<String, BTreeSet<Vec<u8>>>;

/// Everything that the directory shows of an object, and what else points to it.
pub(crate) fn state(scene: &Scene, guid: &str) -> State {
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
pub(crate) fn differences(after: &State, before: &State) -> Vec<String> {
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

pub(crate) fn member(group: &Object, who: &Object) -> Ldif {
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
    assert_eq!(entry.texts("memberOf"), [group.dn.as_str()]);
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

#[test]
fn a_tree_comes_back_with_the_links_of_its_objects_among_each_other() {
    let Some(scene) = Scene::new() else { return };
    let top = scene.unit("Top");
    let inner = scene.unit("Inner").below(top.dn());
    let [top, inner] = scene.add([top, inner]);
    let [lead, anna, team, all] = scene.add([
        scene.user("Lead").below(&inner.dn),
        scene.user("Anna").below(&top.dn).with("title", "Clerk"),
        scene.group("Team").below(&inner.dn).with("description", "the team"),
        scene.group("Everybody").below(&top.dn),
    ]);
    let links = Ldif::default()
        .add_values(&anna.dn, "manager", &[&lead.dn])
        .add_values(&lead.dn, "manager", &[&anna.dn])
        .add_values(&team.dn, "managedBy", &[&lead.dn])
        .add_values(&top.dn, "managedBy", &[&anna.dn])
        .add_values(&team.dn, "member", &[&anna.dn, &lead.dn])
        .add_values(&all.dn, "member", &[&team.dn]);
    scene.hand().change(&links);
    let keeper = Keeper::begin(&scene);
    let objects = [&top, &inner, &lead, &anna, &team, &all];
    let before: Vec<State> = objects.iter().map(|object| state(&scene, &object.guid)).collect();
    scene.hand().change(&Ldif::default().delete_tree(&top.dn));
    keeper.follow();
    let plan = scene.file("tree.json");
    let run = scene.program().args(["restore", "-o", "json", "--yes", "--tree", &top.guid]);
    let run =
        run.args(["--fill-from", "journal", "--groups-from", "journal", "--journal"]).arg(keeper.path());
    run.args(["--dry-run", "--plan-out"]).arg(&plan).run().exits(0);
    assert!(scene.hand().is_deleted(&top));
    // The plan carries everything: `apply` needs no journal.
    let out = scene.program().args(["apply", "-o", "json", "--yes"]).arg(&plan).run().exits(0);
    for (object, before) in objects.iter().zip(&before) {
        assert_eq!(out.object_of(object)["verified"], true, "{out}");
        assert_eq!(differences(&state(&scene, &object.guid), before), [""; 0], "{}", object.name);
    }
    // And back: what the plan made point to each other does not any more.
    let operation = out.json()["operation"].as_str().unwrap().to_owned();
    scene.program().args(["undo", "-o", "json", "--yes", &operation]).run();
    assert!(!scene.hand().get(&team, &["member"]).has("member"));
    assert!(!scene.hand().get(&anna, &["manager"]).has("manager"));
}

#[test]
fn a_large_group_gets_its_members_back_and_a_user_its_primary_group() {
    let Some(scene) = Scene::new() else { return };
    let home = scene.unit("Home").add();
    let many: Vec<String> = (0..1_200).map(|n| format!("CN={} c{n},{}", scene.tag, home.dn)).collect();
    let adding =
        many.iter().fold(Ldif::default(), |ldif, dn| ldif.add(dn, &[("objectClass".into(), "contact")]));
    scene.hand().change(&adding);
    let [group, nested, primary, anna] =
        scene.add([scene.group("Many"), scene.group("Nested"), scene.group("Primary"), scene.user("Anna")]);
    let members: Vec<&str> = many.iter().map(String::as_str).chain([nested.dn.as_str()]).collect();
    scene.hand().change(&Ldif::default().add_values(&group.dn, "member", &members));
    scene.hand().change(&member(&primary, &anna));
    let sid = scene.hand().get(&primary, &["primaryGroupToken"]).text("primaryGroupToken");
    scene.hand().change(&Ldif::default().replace(&anna.dn, "primaryGroupID", &[&sid]));
    let keeper = Keeper::begin(&scene);
    let before = [state(&scene, &group.guid), state(&scene, &anna.guid)];
    assert_eq!(before[0]["member"].len(), 1_201);
    scene.delete([&group, &anna]);
    keeper.follow();
    let out = filling(&scene, &keeper, &[&group.guid, &anna.guid]).run().exits(0);
    assert_eq!(out.object_of(&group)["verified"], true, "{out}");
    assert_eq!(differences(&state(&scene, &group.guid), &before[0]), [""; 0]);
    assert_eq!(differences(&state(&scene, &anna.guid), &before[1]), [""; 0]);
}

#[test]
fn a_protected_group_needs_consent_and_a_deletion_that_is_new_to_the_journal_is_said() {
    let Some(scene) = Scene::new() else { return };
    let anna = scene.user("Anna").with("title", "Clerk").add();
    let operators = format!("CN=Print Operators,CN=Builtin,{}", scene.lab.base);
    scene.hand().change(&Ldif::default().add_values(&operators, "member", &[&anna.dn]));
    let keeper = Keeper::begin(&scene);
    scene.delete([&anna]);
    let dry = scene.restoring(&anna).args(["--dry-run", "--journal"]).arg(keeper.path()).run();
    assert!(
        dry.object()["warnings"].to_string().contains("1 membership(s) of it: add --fill-from journal"),
        "{dry}"
    );
    // The agent has not heard of it.
    let out = filling(&scene, &keeper, &[&anna.guid]).run();
    let report = out.object();
    assert!(report["warnings"].to_string().contains("has not seen the deletion yet"), "{report}");
    assert_eq!(scene.hand().get(&anna, &["title"]).text("title"), "Clerk");
    let manual = report["steps"].to_string();
    assert!(manual.contains("protected group") && manual.contains("--allow-privileged"), "{report}");
    assert!(!scene.hand().get(&anna, &["memberOf"]).has("memberOf"));
}

#[test]
fn a_journal_that_lies_gives_nothing_that_decides_about_rights() {
    let Some(scene) = Scene::new() else { return };
    let anna = scene.user("Anna").with("title", "Clerk").add();
    let keeper = Keeper::begin(&scene);
    scene.delete([&anna]);
    keeper.follow();
    keeper.lie(
        &anna.guid,
        &[
            ("servicePrincipalName", "http/evil"),
            ("scriptPath", "evil.cmd"),
            ("adminCount", "1"),
            ("unicodePwd", "x"),
            ("userAccountControl", "66048"),
            ("company", "never had one"),
        ],
    );
    let out = filling(&scene, &keeper, &[&anna.guid]).run();
    let entry = scene.hand().get(&anna, &["*"]);
    assert_eq!(entry.text("title"), "Clerk", "{out}");
    for name in ["servicePrincipalName", "scriptPath", "company"] {
        assert!(!entry.has(name), "{name}: {out}");
    }
    assert!(!entry.is_enabled() && entry.text("adminCount") != "1", "{out}");
    assert!(out.object()["warnings"].to_string().contains("ever had it"), "{out}");
}

#[test]
fn from_the_recycle_bin_everything_comes_by_itself() {
    let Some(scene) = Scene::that_undeletes() else { return };
    let [boss, group] = scene.add([scene.user("Boss"), scene.group("Group")]);
    let anna = scene.user("Anna").with("title", "Clerk").with("manager", &boss.dn).add();
    scene.hand().change(&member(&group, &anna));
    let keeper = Keeper::begin(&scene);
    scene.delete([&anna]);
    keeper.follow();
    let out = filling(&scene, &keeper, &[&anna.guid]).run().exits(0);
    let report = out.object();
    // The bin brought the links: the journal's are there already.
    let steps = report["steps"].as_array().unwrap().iter().skip(1);
    assert!(
        steps.clone().count() == 2 && steps.clone().all(|step| step["status"] == "unchanged"),
        "{report}"
    );
    assert!(!report["steps"].to_string().contains("setAttribute"), "{report}");
    let entry = scene.hand().get(&anna, &["title", "manager", "memberOf"]);
    assert_eq!((entry.text("title").as_str(), entry.text("manager")), ("Clerk", boss.dn));
    assert_eq!(entry.texts("memberOf"), [group.dn]);
}
