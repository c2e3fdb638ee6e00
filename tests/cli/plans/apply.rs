//! A saved plan is carried out as it was shown, or not at all.

use super::{apply, operation, saved};
use crate::support::{Ldif, Scene};

#[test]
fn a_plan_is_carried_out_as_it_was_shown() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Applied").deleted();
    let group = scene.group("Applied group").add();
    let csv = scene.file_with("groups.csv", format!("{},\"{}\"\n", user.sam, group.dn));
    let upn = format!("{}applied@contoso.test", scene.tag);
    let groups = format!("file:{}", csv.display());
    let plan = saved(&scene, &user, &["--upn", &upn, "--set", "title=Clerk", "--groups-from", &groups]);
    // The sources are not needed any more.
    std::fs::remove_file(csv).unwrap();

    let dry = apply(&scene, &plan, &["--dry-run"]).exits(0);
    assert_eq!(dry.object()["outcome"], "planned", "{dry}");
    let out = apply(&scene, &plan, &["--reason", "as agreed"]).exits(0);
    assert_eq!(out.object()["outcome"], "restored", "{out}");
    let entry = scene.hand().get(&user, &["userPrincipalName", "title", "memberOf", "userAccountControl"]);
    assert_eq!((entry.text("userPrincipalName"), entry.text("title").as_str()), (upn, "Clerk"));
    assert_eq!(entry.texts("memberOf"), [group.dn.as_str()]);
    assert!(!entry.is_enabled());
    let operations = scene.run(["operations", "-o", "json"]).exits(0).json();
    assert_eq!(operations["items"][0]["command"], "apply");
    assert_eq!(operations["items"][0]["id"], operation(&out));
}

#[test]
fn it_is_shown_with_its_digest_and_asked_for() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Digest").deleted();
    let plan = saved(&scene, &user, &[]);
    let sum = std::process::Command::new("sha256sum").arg(&plan).output().unwrap().stdout;
    let digest = String::from_utf8(sum).unwrap().split(' ').next().unwrap().to_owned();
    let run = scene.program().args(["apply"]).arg(&plan);
    run.on_terminal(&[("[y/N] ", "n\n")]).exits(9).says(&digest).says(&user.name);
    scene.program().args(["apply"]).arg(&plan).run().exits(9).says("--yes");
    assert!(scene.hand().is_deleted(&user));
}

#[test]
fn a_password_is_given_when_it_is_carried_out_and_is_not_in_the_plan() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Secret").deleted();
    let (password, file) = scene.new_password();
    let file = file.to_str().unwrap();
    let plan = saved(&scene, &user, &["--enable", "--new-password-file", file]);
    assert!(!std::fs::read_to_string(&plan).unwrap().contains(&password));
    let out = apply(&scene, &plan, &[]).exits(2);
    assert!(out.error()["message"].as_str().unwrap().contains("setPassword"), "{out}");
    assert!(scene.hand().is_deleted(&user));
    apply(&scene, &plan, &["--new-password-file", file]).exits(0);
    assert_eq!(scene.hand_of(&user.dn, &password).try_bind(), Ok(()));
}

#[test]
fn a_plan_for_generated_passwords() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Gen").deleted();
    let unused = format!("--generate-password={}", scene.secret_path("unused.csv").display());
    let plan = saved(&scene, &user, &["--enable", &unused, "--must-change"]);
    assert!(!scene.secret_path("unused.csv").exists(), "a dry run makes no passwords");
    let generate = format!("--generate-password={}", scene.secret_path("used.csv").display());
    apply(&scene, &plan, &[&generate]).exits(0);
    let entry = scene.hand().get(&user, &["userAccountControl", "pwdLastSet"]);
    assert!(entry.is_enabled() && entry.text("pwdLastSet") == "0");
}

/// A file does not consent for whoever applies it.
#[test]
fn consent_is_given_again() {
    let Some(scene) = Scene::new() else { return };
    let admin = scene.user("Admin").with("adminCount", "1").deleted();
    let (_, file) = scene.new_password();
    let password = ["--new-password-file", file.to_str().unwrap()];
    let plan = saved(&scene, &admin, &[&password[..], &["--allow-privileged"]].concat());
    let out = apply(&scene, &plan, &password).exits(2);
    assert!(out.error().to_string().contains("--allow-privileged"), "{out}");
    assert!(scene.hand().is_deleted(&admin));
    apply(&scene, &plan, &[&password[..], &["--allow-privileged"]].concat()).exits(0);
}

#[test]
fn a_plan_is_written_over_an_older_plan_and_nothing_else() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Over").deleted();
    let path = saved(&scene, &user, &[]);
    let first = std::fs::read(&path).unwrap();
    saved(&scene, &user, &["--set", "title=Clerk"]);
    assert_ne!(std::fs::read(&path).unwrap(), first);
    std::fs::write(&path, "precious").unwrap();
    let out = ["--dry-run", "--plan-out", path.to_str().unwrap()];
    scene.restore(&user, out).exits(2).says("plan.json");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn once_applied_it_is_stale() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Once").deleted();
    let plan = saved(&scene, &user, &[]);
    apply(&scene, &plan, &[]).exits(0);
    let before = scene.hand().state(&user);
    apply(&scene, &plan, &[]).exits(7);
    assert_eq!(scene.hand().state(&user), before);
}

#[test]
fn a_directory_that_has_moved_since_makes_it_stale() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Moved").deleted();
    let upn = format!("{}moved@contoso.test", scene.tag);
    let plan = saved(&scene, &user, &["--upn", &upn]);
    // Somebody takes the logon name.
    let holder = scene.user("Holder").set("userPrincipalName", &upn).add();
    let before = scene.hand().state(&user);
    let out = apply(&scene, &plan, &[]).exits(7);
    out.says("what blocks it has changed");
    assert_eq!(scene.hand().state(&user), before);
    // And gives it back.
    scene.delete([&holder]);
    apply(&scene, &plan, &["--dry-run"]).exits(0);
    // Somebody restores it and deletes it again.
    let undelete = format!(
        "dn: {}\ncontrol: 1.2.840.113556.1.4.417 true\nchangetype: modify\ndelete: isDeleted\n-\nreplace: \
         distinguishedName\ndistinguishedName: {}\n-\n\n",
        before.dn, user.dn
    );
    scene.hand().change(&Ldif::raw(undelete).delete(&user.dn));
    apply(&scene, &plan, &[]).exits(7).says("has been changed since");
    assert!(scene.hand().is_deleted(&user));
}

#[test]
fn a_container_that_is_gone_meanwhile() {
    let Some(scene) = Scene::new() else { return };
    let unit = scene.unit("Gone").add();
    let user = scene.user("Inside").below(&unit.dn).deleted();
    let plan = saved(&scene, &user, &[]);
    scene.delete([&unit]);
    apply(&scene, &plan, &[]).exits(7);
    assert!(scene.hand().is_deleted(&user));
}

#[test]
fn a_blocked_plan_stays_blocked() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Blocked").deleted();
    scene.user("Holder").set("sAMAccountName", &user.sam).add();
    let plan = saved(&scene, &user, &[]);
    let out = apply(&scene, &plan, &[]).exits(6);
    assert_eq!(out.blocks(), ["name.samAccountName"]);
}

#[test]
fn another_domain_controller_is_not_the_one_it_was_made_on() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Dc").deleted();
    let plan = saved(&scene, &user, &[]);
    let text = std::fs::read_to_string(&plan).unwrap().replace("dc1.contoso.test", "dc2.contoso.test");
    std::fs::write(&plan, text).unwrap();
    apply(&scene, &plan, &[]).exits(7).says("dc2.contoso.test");

    // The lab with the bin is another domain of the same name.
    let Some(other) = Scene::with_bin() else { return };
    let out = other.program().args(["apply", "-o", "json", "--yes"]).arg(saved(&scene, &user, &[])).run();
    out.exits(7);
}
