//! Places that an object cannot be restored into.

use super::{blocked, in_the_way};
use crate::support::{Ldif, Scene};

#[test]
fn its_container_is_deleted_itself() {
    let Some(scene) = Scene::new() else { return };
    let unit = scene.unit("Closed").add();
    let user = scene.user("Inside").below(&unit.dn).add();
    scene.hand().change(&Ldif::default().delete_tree(&unit.dn));
    let out = blocked(&scene, &user, &[], 6, &["parent.deleted"]);
    let (object, way_out) = in_the_way(&out);
    assert!(object.contains(&unit.guid), "{out}");
    assert!(way_out.contains(&format!("--tree {}", unit.guid)) && way_out.contains("--to"), "{out}");
    // Both ways out work.
    scene.restore(&user, ["--to", scene.ou()]).exits(0);
    scene.run(["restore", "-o", "json", "--yes", "--tree", &unit.guid]).exits(0);
}

#[test]
fn a_container_that_is_not_there() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Nowhere").deleted();
    let nowhere = format!("OU=No such place,{}", scene.ou());
    let out = blocked(&scene, &user, &["--to", &nowhere], 6, &["parent.missing"]);
    assert_eq!(in_the_way(&out).0, nowhere);
}

#[test]
fn deleted_objects_itself_and_what_is_in_it() {
    let Some(scene) = Scene::new() else { return };
    let unit = scene.unit("Gone").deleted();
    let mangled = scene.hand().get(&unit, &["isDeleted"]).dn;
    let user = scene.user("Hidden").deleted();
    let container = format!("CN=Deleted Objects,{}", scene.lab.base);
    blocked(&scene, &user, &["--to", &container], 6, &["parent.deletedObjects"]);
    let out = scene.restore(&user, ["--to", &mangled]).exits(6);
    assert!(out.blocks()[0].starts_with("parent."), "{out}");
    assert!(scene.hand().is_deleted(&user));
}

#[test]
fn an_object_that_cannot_hold_it() {
    let Some(scene) = Scene::new() else { return };
    let holder = scene.user("Holder").add();
    let user = scene.user("Held").deleted();
    let out = blocked(&scene, &user, &["--to", &holder.dn], 6, &["parent.class"]);
    assert_eq!(in_the_way(&out).0, holder.dn);
    assert!(out.stdout.contains("a `user` cannot hold a `user`"), "{out}");
    // A container holds users but no organizational unit.
    let container = scene.draft("CN", "container", "Box").add();
    let unit = scene.unit("In a box").deleted();
    blocked(&scene, &unit, &["--to", &container.dn], 6, &["parent.class"]);
    scene.restore(&user, ["--to", &container.dn]).exits(0);
}

#[test]
fn another_naming_context() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Far").deleted();
    for place in ["CN=Services,CN=Configuration", "DC=DomainDnsZones"] {
        let place = format!("{place},{}", scene.lab.base);
        let out = scene.restore(&user, ["--to", &place]).exits(6);
        assert!(out.blocks().contains(&"parent.namingContext".to_owned()), "{out}");
    }
    scene.restore(&user, ["--to", "OU=Sales,DC=fabrikam,DC=test"]).exits(6);
    assert!(scene.hand().is_deleted(&user));
}

#[test]
fn a_target_that_is_no_dn_is_wrong_usage() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Bad").deleted();
    for to in ["nonsense", "OU=Sales,", ""] {
        let out = scene.restore(&user, ["--to", to]).exits(2);
        assert!(out.error()["message"].as_str().unwrap().contains("--to"), "{out}");
    }
}

/// An object that is live already is not moved or renamed by a restore.
#[test]
fn a_live_object_that_is_elsewhere() {
    let Some(scene) = Scene::new() else { return };
    let unit = scene.unit("Elsewhere").add();
    let user = scene.user("Live").add();
    let before = scene.hand().state(&user);
    for arguments in [["--to", unit.dn.as_str()], ["--new-name", "Other"], ["--sam-account-name", "other"]] {
        let out = scene.restore(&user, arguments).exits(6);
        assert_eq!(out.blocks(), ["live.elsewhere"], "{out}");
    }
    assert_eq!(scene.hand().state(&user), before);
    scene.restore(&user, ["--to", scene.ou()]).exits(0);
    scene.restore(&user, ["--new-name", &user.name]).exits(0);
}
