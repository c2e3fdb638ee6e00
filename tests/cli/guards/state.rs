//! What is past recovery, and what this server cannot undelete: 8. (Samba cannot undelete from the Recycle Bin.)

use super::blocked;
use crate::support::{Ldif, Object, Scene};

fn seeded(scene: &Scene, label: &str) -> Object {
    let seed = scene.lab.seed(label);
    let text = |field: &str| seed[field].as_str().unwrap_or_default().to_owned();
    Object { guid: text("guid"), dn: text("dn"), name: label.to_owned(), sam: text("sam") }
}

#[test]
fn what_was_deleted_before_the_bin_was_switched_on_is_recycled() {
    let Some(scene) = Scene::with_bin() else { return };
    let out = blocked(&scene, &seeded(&scene, "early-user"), &[], 8, &["state.recycled"]);
    assert!(out.object()["blockedBy"][0]["wayOut"].as_str().unwrap().contains("backup"), "{out}");
}

#[test]
fn what_is_past_its_deleted_object_lifetime_is_recycled() {
    let Some(scene) = Scene::with_bin() else { return };
    blocked(&scene, &seeded(&scene, "recycled-user"), &[], 8, &["state.recycled"]);
}

#[test]
fn this_server_cannot_undelete_from_the_bin() {
    let Some(scene) = Scene::with_bin() else { return };
    let objects = scene.add_and_delete([scene.user("Bin"), scene.group("Bin group")]);
    for object in &objects {
        blocked(&scene, object, &[], 8, &["state.serverCannot"]);
    }
    // Two that cannot be restored for one cause have that cause's code.
    let guids = format!("{},{}", objects[0].guid, objects[1].guid);
    scene.run(["restore", "-o", "json", "--yes", "--guid", &guids]).exits(8);
}

/// The bin keeps memberships: who was privileged is known there.
#[test]
fn what_stands_in_the_way_besides_is_said_too() {
    let Some(scene) = Scene::with_bin() else { return };
    let inner = scene.group("Inner").add();
    let user = scene.user("Member").add();
    let protected = format!("CN=Print Operators,CN=Builtin,{}", scene.lab.base);
    let join = Ldif::default().add_values(&protected, "member", &[&inner.dn]).add_values(
        &inner.dn,
        "member",
        &[&user.dn],
    );
    scene.hand().change(&join.delete(&user.dn));
    let out = blocked(&scene, &user, &[], 8, &["state.serverCannot", "privileged.consent"]);
    assert!(out.stdout.contains(&format!("it is a member of `{}`", inner.dn)), "{out}");
    scene.delete([&inner]);
}
