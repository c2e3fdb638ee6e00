//! Memberships from a CSV file.

use crate::support::{Object, Scene, ids_of_blocks};

fn members(scene: &Scene, group: &Object) -> Vec<String> {
    scene.hand().get(group, &["member"]).texts("member")
}

/// Restores a user with the lines of a CSV file.
fn with_csv(scene: &Scene, user: &Object, text: &str, more: &[&str]) -> crate::support::Output {
    let file = scene.file_with("groups.csv", text);
    let source = format!("file:{}", file.display());
    scene.restoring(user).args(["--groups-from", &source]).args(more).run()
}

#[test]
fn by_account_name_and_by_guid_with_a_header_and_quoted_names() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Csv").deleted();
    let groups = scene.add([scene.group("One, with a comma"), scene.group("Two"), scene.group("Not mine")]);
    let csv = format!(
        "samAccountName,groupDN\n{},\"{}\"\n# a remark\n{},\"{}\"\nsomebody.else,\"{}\"\n",
        user.sam.to_uppercase(),
        groups[0].dn,
        user.guid,
        groups[1].dn,
        groups[2].dn
    );
    let out = with_csv(&scene, &user, &csv, &[]).exits(0);
    assert_eq!(members(&scene, &groups[0]), [user.dn.as_str()]);
    assert_eq!(members(&scene, &groups[1]), [user.dn.as_str()]);
    assert!(members(&scene, &groups[2]).is_empty());
    let report = out.object();
    let added: Vec<_> =
        report["steps"].as_array().unwrap().iter().filter(|s| s["step"] == "addToGroup").collect();
    assert_eq!(added.len(), 2, "{out}");
    assert!(added[0]["source"].as_str().unwrap().starts_with("file:"), "{out}");
}

#[test]
fn semicolons_a_byte_order_mark_and_windows_line_ends() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Semi").deleted();
    let group = scene.group("Semi group").add();
    with_csv(&scene, &user, &format!("\u{feff}{};{}\r\n", user.sam, group.dn), &[]).exits(0);
    assert_eq!(members(&scene, &group), [user.dn.as_str()]);
}

#[test]
fn a_membership_that_is_there_is_unchanged() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Twice").deleted();
    let group = scene.group("Twice group").add();
    let csv = format!("{},\"{}\"\n{},\"{}\"\n", user.sam, group.dn, user.guid, group.dn);
    with_csv(&scene, &user, &csv, &[]).exits(0);
    let out = with_csv(&scene, &user, &csv, &[]).exits(0);
    assert_eq!(out.object()["outcome"], "alreadyRestored", "{out}");
    assert_eq!(members(&scene, &group).len(), 1);
}

#[test]
fn what_cannot_be_joined_is_left_to_do_by_hand() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Hand").deleted();
    let gone = scene.group("Gone").deleted();
    let base = &scene.lab.base;
    let cases = [
        (gone.dn.clone(), "is deleted: restore it"),
        (format!("CN=No such group {},{base}", scene.tag), "is not a group of this domain"),
        (scene.ou().to_owned(), "is not a group of this domain"),
        ("CN=Other,DC=fabrikam,DC=test".to_owned(), "lies in another domain"),
        (format!("CN=Domain Admins,CN=Users,{base}"), "is a protected group"),
    ];
    let csv: String = cases.iter().map(|(dn, _)| format!("{},\"{dn}\"\n", user.sam)).collect();
    let out = with_csv(&scene, &user, &csv, &[]).exits(3);
    let report = out.object();
    let manual: Vec<_> =
        report["steps"].as_array().unwrap().iter().filter(|s| s["step"] == "manual").collect();
    assert_eq!(manual.len(), cases.len(), "{out}");
    for ((_, said), step) in cases.iter().zip(manual) {
        assert!(step["message"].as_str().unwrap().contains(said), "{said}\n{out}");
    }
    assert_eq!(report["outcome"], "partial", "{out}");
    assert!(!scene.hand().is_deleted(&user));
}

#[test]
fn a_file_that_names_none_of_the_objects_is_pointed_out() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Unnamed").deleted();
    let csv = format!("somebody.else,\"CN=Domain Users,CN=Users,{}\"\n", scene.lab.base);
    let out = with_csv(&scene, &user, &csv, &[]).exits(0);
    assert!(out.stderr.contains("warning: --groups-from names none"), "{out}");
}

#[test]
fn the_primary_group_needs_nothing() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Primary").deleted();
    let csv = format!("{},\"CN=Domain Users,CN=Users,{}\"\n", user.sam, scene.lab.base);
    let out = with_csv(&scene, &user, &csv, &[]).exits(0);
    assert!(!out.stdout.contains("addToGroup") && !out.stdout.contains("manual"), "{out}");
}

#[test]
fn protected_groups_and_those_nested_in_them_need_consent() {
    let Some(scene) = Scene::new() else { return };
    let protected = format!("CN=Print Operators,CN=Builtin,{}", scene.lab.base);
    let inner = scene.group("Inner").add();
    let outer = scene.group("Outer").with("member", &inner.dn).add();
    let join = crate::support::Ldif::default().add_values(&protected, "member", &[&outer.dn]);
    scene.hand().change(&join);
    let user = scene.user("Nested").deleted();
    let csv = format!("{},\"{}\"\n", user.sam, inner.dn);
    let out = with_csv(&scene, &user, &csv, &[]);
    assert!(out.stdout.contains("is a protected group"), "{out}");
    assert!(members(&scene, &inner).is_empty());
    assert_eq!(ids_of_blocks(&out.object()), [""; 0]);

    with_csv(&scene, &user, &csv, &["--allow-privileged"]).exits(0);
    assert_eq!(members(&scene, &inner), [user.dn.as_str()]);
    scene.delete([&outer, &inner]);
}

#[test]
fn a_bad_file_is_named_with_its_line_and_nothing_is_changed() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Bad").deleted();
    let before = scene.hand().state(&user);
    for (text, line) in [
        ("usera,\"CN=Sales,DC=x\"\nuserb,nonsense\n", "line 2"),
        ("usera,CN=Sales,DC=x\n", "line 1"),
        (",\"CN=Sales,DC=x\"\n", "line 1"),
    ] {
        let out = with_csv(&scene, &user, text, &[]).exits(12);
        let message = out.error()["message"].as_str().unwrap().to_owned();
        assert!(message.contains("groups.csv") && message.contains(line), "{out}");
    }
    scene.restore(&user, ["--groups-from", "file:/no/such/file"]).exits(2).says("/no/such/file");
    scene.restore(&user, ["--groups-from", "nonsense:x"]).exits(2).says("nonsense:x");
    assert_eq!(scene.hand().state(&user), before);
}

#[test]
fn a_groups_own_memberships_come_back_too() {
    let Some(scene) = Scene::new() else { return };
    let outer = scene.group("Around").add();
    let team = scene.group("Team").deleted();
    with_csv(&scene, &team, &format!("{},\"{}\"\n", team.sam, outer.dn), &[]).exits(0);
    assert_eq!(members(&scene, &outer), [team.dn.as_str()]);
}
