//! Many objects: a whole OU, and what was changed in a time.

use super::{change, changed, moment, notes, rolling};
use crate::support::{Keeper, Ldif, Object, Scene};

/// Puts an attribute into many objects.
fn write(scene: &Scene, users: &[String], attribute: &str, value: &str) {
    let all = users.iter().fold(Ldif::default(), |ldif, dn| ldif.replace(dn, attribute, &[value]));
    scene.hand().change(&all);
}

#[test]
fn an_ou_of_two_hundred_users() {
    let Some(scene) = Scene::new() else { return };
    let unit = scene.unit("People").add();
    let mut adding = String::new();
    let mut users = vec![];
    for i in 0..200 {
        let draft = scene.user(&format!("U{i}")).with("department", format!("D{i}")).below(&unit.dn);
        users.push(draft.dn());
        adding += &draft.ldif();
    }
    scene.hand().change(&Ldif::raw(adding));
    let [outside, gone] = scene.add([scene.user("Outside"), scene.user("Gone").below(&unit.dn)]);
    let keeper = Keeper::begin(&scene);
    let then = moment();
    write(&scene, &users, "department", "overwritten");
    write(&scene, &users, "description", "overwritten");
    write(&scene, std::slice::from_ref(&outside.dn), "description", "another one");
    let new = scene.user("New").below(&unit.dn).add();
    scene.delete([&gone]);
    // The OU itself and one of them got another name.
    let renamed = format!("OU={} Renamed,{}", scene.tag, scene.ou());
    let rename = |dn: &str, rdn: &str, above: &str| {
        scene.hand().change(&Ldif::raw(format!(
            "dn: {dn}\nchangetype: modrdn\nnewrdn: {rdn}\ndeleteoldrdn: 1\nnewsuperior: {above}\n\n"
        )));
    };
    rename(&unit.dn, &format!("OU={} Renamed", scene.tag), scene.ou());
    let moved = users[5].split(',').next().unwrap().to_owned();
    rename(&format!("{moved},{renamed}"), &format!("CN={} Elsewhere", scene.tag), scene.ou());
    keeper.follow();
    let arguments = ["--under", unit.dn.as_str(), "--to", &then];
    let out = rolling(&scene, &keeper, arguments).run().exits(3);
    let report = out.json();
    assert_eq!(report["objects"].as_array().unwrap().len(), 203, "200, the OU, the deleted and the new one");
    let of = |object: &Object| out.object_of(object);
    assert!(of(&new)["message"].as_str().unwrap().contains("it was created on"), "{}", of(&new));
    assert!(of(&gone).to_string().contains("--fill-from journal"), "{}", of(&gone));
    assert_eq!(changed(&of(&unit)), ["distinguishedName"]);
    let found = scene.hand().search_in(&unit.dn, "one", "(objectClass=user)", &["department", "description"]);
    assert_eq!(found.len(), 201);
    for user in found.iter().filter(|user| user.dn != new.dn) {
        let i = users.iter().position(|dn| *dn == user.dn).unwrap_or_else(|| panic!("{}", user.dn));
        assert_eq!(user.text("department"), format!("D{i}"));
        assert!(!user.has("description"));
    }
    assert_eq!(scene.hand().get(&outside, &["description"]).text("description"), "another one");
    // Again: only what cannot be rolled back.
    let again = rolling(&scene, &keeper, arguments).run().exits(3);
    assert_eq!(again.json()["operation"], serde_json::Value::Null);
    // And back.
    let operation = report["operation"].as_str().unwrap();
    scene.run(["undo", "-o", "json", "--yes", operation]).exits(0);
    let found = scene.hand().search_in(&renamed, "one", "(description=overwritten)", &["department"]);
    assert_eq!(found.len(), 199);
    assert!(found.iter().all(|user| user.text("department") == "overwritten"));
}

#[test]
fn what_was_changed_in_a_time_on_a_domain_controller() {
    let Some(scene) = Scene::new() else { return };
    let [a, b, c] = scene.add([
        scene.user("Anna").with("department", "Sales").with("title", "Clerk"),
        scene.user("Berta").with("department", "Sales"),
        scene.user("Clara").with("department", "Sales"),
    ]);
    let group = scene.group("Team").add();
    scene.hand().change(&Ldif::default().add_values(&group.dn, "member", &[&a.dn, &b.dn]));
    let keeper = Keeper::begin(&scene);
    moment();
    write(&scene, std::slice::from_ref(&c.dn), "department", "before");
    let since = moment();
    write(&scene, &[a.dn.clone(), b.dn.clone()], "department", "wrong");
    let links = Ldif::default().replace(&group.dn, "member", &[&b.dn, &c.dn]);
    scene.hand().change(&links);
    keeper.follow();
    let until = moment();
    // Somebody has changed one of them again since, and something else.
    write(&scene, std::slice::from_ref(&b.dn), "department", "by somebody else");
    write(&scene, std::slice::from_ref(&a.dn), "title", "Head");
    keeper.follow();
    let window = ["--changed-since", &since, "--changed-until", &until];
    // Other tests change this directory at the same time.
    let under = ["--under", scene.ou()];
    let dry = rolling(&scene, &keeper, window.into_iter().chain(under).chain(["--dry-run"])).run().exits(0);
    let (of_a, of_b) = (dry.object_of(&a), dry.object_of(&b));
    assert_eq!(change(&of_a, "department")["then"][0], "Sales");
    assert!(changed(&of_b).iter().all(|name| *name == "memberOf"), "{of_b}");
    assert!(notes(&of_b).contains("--overwrite-later"), "{of_b}");
    // Without an object: whatever was changed, shown only, since it is not ours alone.
    let whole = rolling(&scene, &keeper, window.into_iter().chain(["--dry-run"])).run();
    assert!(whole.guids().contains(&b.guid) || whole.guids().contains(&group.guid), "{whole}");
    let on = change(&of_a, "department")["changedOn"].as_str().unwrap().to_owned();
    let out = rolling(&scene, &keeper, window.into_iter().chain(under).chain(["--changed-on", &on]));
    // A directory need not tell where a link was made.
    out.run().exits(0).says("without --changed-on they are rolled back");
    let department = |object: &Object| scene.hand().get(object, &["department"]).text("department");
    assert_eq!([department(&a), department(&b), department(&c)], ["Sales", "by somebody else", "before"]);
    assert_eq!(scene.hand().get(&a, &["title"]).text("title"), "Head");
    let all = window.into_iter().chain(under).chain(["--overwrite-later"]);
    rolling(&scene, &keeper, all).run().exits(0);
    assert_eq!(department(&b), "Sales");
    let mut members = vec![a.dn.clone(), b.dn.clone()];
    members.sort();
    assert_eq!(scene.hand().get(&group, &["member"]).texts("member"), members);
    rolling(&scene, &keeper, window.into_iter().chain(["--changed-on", "nowhere"])).run().exits(4);
    let other = "00000000-0000-0000-0000-000000000001";
    let none = rolling(&scene, &keeper, window.into_iter().chain(["--changed-on", other])).run().exits(0);
    assert_eq!(none.json()["objects"], serde_json::json!([]));
}
