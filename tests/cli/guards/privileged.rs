//! What was privileged comes back only with consent and a new password, and disabled unless asked.

use super::blocked;
use crate::support::{Object, Scene};

/// A deleted user of whom the directory knows that it was protected.
fn former_admin(scene: &Scene) -> Object {
    scene.user("Admin").with("adminCount", "1").deleted()
}

#[test]
fn consent_and_a_password_are_needed() {
    let Some(scene) = Scene::new() else { return };
    let admin = former_admin(&scene);
    let out = blocked(&scene, &admin, &[], 6, &["privileged.consent"]);
    assert!(out.stdout.contains("adminCount was set before the deletion"), "{out}");
    blocked(&scene, &admin, &["--allow-privileged"], 6, &["privileged.password"]);
    let (_, file) = scene.new_password();
    blocked(&scene, &admin, &["--new-password-file", file.to_str().unwrap()], 6, &["privileged.consent"]);
}

#[test]
fn with_both_it_comes_back_disabled() {
    let Some(scene) = Scene::new() else { return };
    let admin = former_admin(&scene);
    let (password, file) = scene.new_password();
    let file = file.to_str().unwrap();
    let out = scene.restore(&admin, ["--allow-privileged", "--new-password-file", file]).exits(0);
    assert!(!scene.hand().get(&admin, &["userAccountControl"]).is_enabled(), "{out}");
    assert!(out.object()["warnings"].to_string().contains("may still block inheritance"), "{out}");
    let refusal = scene.hand_of(&admin.dn, &password).try_bind().unwrap_err();
    assert!(refusal.contains("data 533"), "{refusal}");
}

/// A password reset of an administrator, say, is no less than a restore.
#[test]
fn a_live_one_is_changed_only_with_consent() {
    let Some(scene) = Scene::new() else { return };
    let admin = scene.user("Live").with("adminCount", "1").add();
    let (_, file) = scene.new_password();
    let arguments = ["--new-password-file", file.to_str().unwrap(), "--reset-password", "--enable"];
    let before = scene.hand().state(&admin);
    assert_eq!(scene.restore(&admin, arguments).exits(6).blocks(), ["privileged.consent"]);
    assert_eq!(scene.hand().state(&admin), before);
    scene.restoring(&admin).args(arguments).args(["--allow-privileged"]).run().exits(0);
}

#[test]
fn a_group_needs_consent_only() {
    let Some(scene) = Scene::new() else { return };
    let group = scene.group("Admins").with("adminCount", "1").deleted();
    blocked(&scene, &group, &[], 6, &["privileged.consent"]);
    scene.restore(&group, ["--allow-privileged"]).exits(0);
}
