//! Accounts come back disabled unless a password is given, and are never enabled without one.

use crate::support::{Object, Output, PASSWORD, Scene};

/// Why a user cannot log on with a password; `None` where that works.
fn refusal(scene: &Scene, user: &Object, password: &str) -> Option<String> {
    scene.hand_of(&user.dn, password).try_bind().err()
}

fn is_enabled(scene: &Scene, user: &Object) -> bool {
    scene.hand().get(user, &["userAccountControl"]).is_enabled()
}

/// The steps of the only object, as `name status`.
fn steps(out: &Output) -> Vec<String> {
    let word = |v: &serde_json::Value| v.as_str().unwrap().to_owned();
    let object = out.object();
    object["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| format!("{} {}", word(&s["step"]), word(&s["status"])))
        .collect()
}

#[test]
fn an_account_that_was_enabled_comes_back_with_a_random_password_and_disabled() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Enabled").deleted();
    let out = scene.restore(&user, [""; 0]).exits(0);
    assert_eq!(steps(&out), ["reanimate done", "disable done"]);
    let entry = scene.hand().get(&user, &["userAccountControl", "pwdLastSet"]);
    assert!(!entry.is_enabled());
    // The undelete itself carried a password: there was no moment without one.
    assert_ne!(entry.text("pwdLastSet"), "0");
    assert!(refusal(&scene, &user, PASSWORD).is_some());
}

#[test]
fn an_account_that_was_disabled_stays_as_it_was() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Disabled").set("userAccountControl", "66050").deleted();
    let out = scene.restore(&user, [""; 0]).exits(0);
    assert_eq!(steps(&out), ["reanimate done"]);
    assert_eq!(scene.hand().get(&user, &["userAccountControl"]).text("userAccountControl"), "66050");
}

#[test]
fn enabled_with_the_given_password() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Given").deleted();
    let (password, file) = scene.new_password();
    let out = scene.restore(&user, ["--enable", "--new-password-file", file.to_str().unwrap()]).exits(0);
    let steps = steps(&out).join(", ");
    assert!(
        steps.starts_with("reanimate done") && steps.contains("setPassword") && steps.contains("enable"),
        "{out}"
    );
    assert!(is_enabled(&scene, &user));
    assert_eq!(refusal(&scene, &user, &password), None);
}

#[test]
fn a_given_password_alone_does_not_enable() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Alone").deleted();
    let (password, file) = scene.new_password();
    scene.restore(&user, ["--new-password-file", file.to_str().unwrap()]).exits(0);
    assert!(!is_enabled(&scene, &user));
    assert!(refusal(&scene, &user, &password).unwrap().contains("data 533"));
    scene.restore(&user, ["--enable"]).exits(0);
    assert_eq!(refusal(&scene, &user, &password), None);
}

#[test]
fn a_password_from_standard_input() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Stdin").deleted();
    let (password, _) = scene.new_password();
    let run = scene.restoring(&user).args(["--enable", "--new-password-file", "-"]);
    run.stdin(format!("{password}\n")).run().exits(0);
    assert_eq!(refusal(&scene, &user, &password), None);
}

#[test]
fn generated_passwords_go_to_a_private_file_and_work() {
    let Some(scene) = Scene::new() else { return };
    let users = scene.add_and_delete([scene.user("GenA"), scene.user("GenB")]);
    let file = scene.secret_path("generated.csv");
    let generate = format!("--generate-password={}", file.display());
    let guids = users.each_ref().map(|u| u.guid.as_str()).join(",");
    let out = scene
        .run([
            "restore",
            "-o",
            "json",
            "--yes",
            "--guid",
            &guids,
            "--upn-suffix",
            "contoso.test",
            "--enable",
            &generate,
        ])
        .exits(0);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    let text = std::fs::read_to_string(&file).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("guid,userPrincipalName,password"));
    let mut passwords = vec![];
    for (user, line) in users.iter().zip(lines) {
        let [guid, upn, password] = line.split(',').collect::<Vec<_>>()[..] else { panic!("{line}") };
        assert_eq!(
            (guid, upn.to_lowercase()),
            (user.guid.as_str(), format!("{}@contoso.test", user.sam.to_lowercase()))
        );
        assert_eq!(refusal(&scene, user, password), None);
        // From here on the journal is searched for it.
        scene.keep_secret(password);
        assert!(!out.stdout.contains(password) && !out.stderr.contains(password));
        passwords.push(password.to_owned());
    }
    assert_eq!(passwords.len(), 2);
    assert_ne!(passwords[0], passwords[1]);
}

#[test]
fn a_file_of_passwords_is_never_overwritten() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Kept").deleted();
    let before = scene.hand().state(&user);
    let file = scene.file_with("kept.csv", "precious");
    let generate = format!("--generate-password={}", file.display());
    let out = scene.restore(&user, ["--enable", &generate]).exits(2);
    assert!(out.error()["message"].as_str().unwrap().contains("kept.csv"), "{out}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
    assert_eq!(scene.hand().state(&user), before);
}

#[test]
fn a_generated_password_is_shown_once_on_a_terminal_and_nowhere_else() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Shown").deleted();
    scene.restore(&user, ["--enable", "--generate-password"]).exits(2).says("terminal");
    assert!(scene.hand().is_deleted(&user));
    let arguments = ["restore", "--guid", &user.guid, "--enable", "--generate-password"];
    let out = scene.program().args(arguments).on_terminal(&[("[y/N] ", "y\n")]).exits(0);
    let shown: Vec<&str> = out.stdout.lines().filter_map(|l| l.strip_prefix("password of ")).collect();
    let [line] = shown.as_slice() else { panic!("{out}") };
    let (_, password) = line.split_once(": ").unwrap();
    assert_eq!(refusal(&scene, &user, password), None);
    assert_eq!(out.stdout.matches(password).count(), 1);
    scene.keep_secret(password);
}

#[test]
fn the_password_must_be_changed_at_the_next_logon() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Must").deleted();
    let (password, file) = scene.new_password();
    let file = file.to_str().unwrap();
    scene.restore(&user, ["--enable", "--new-password-file", file, "--must-change"]).exits(0);
    assert_eq!(scene.hand().get(&user, &["pwdLastSet"]).text("pwdLastSet"), "0");
    assert!(refusal(&scene, &user, &password).unwrap().contains("data 773"));
}

#[test]
fn a_weak_password_is_refused_and_nothing_is_changed() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Weak").deleted();
    let before = scene.hand().state(&user);
    let file = scene.secret_file("weak", "xq7");
    let out = scene.restore(&user, ["--enable", "--new-password-file", file.to_str().unwrap()]).exits(6);
    assert!(out.object()["message"].as_str().unwrap().contains("password"), "{out}");
    assert_eq!(scene.hand().state(&user), before);
}

#[test]
fn a_computer_gets_no_password_of_a_user() {
    let Some(scene) = Scene::new() else { return };
    let pc = scene.computer("pc").deleted();
    let (_, file) = scene.new_password();
    let out = scene.restore(&pc, ["--new-password-file", file.to_str().unwrap()]).exits(0);
    assert!(!steps(&out).concat().contains("setPassword"), "{out}");
}

#[test]
fn what_makes_no_sense_is_wrong_usage_and_changes_nothing() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Usage").deleted();
    let before = scene.hand().state(&user);
    let (_, file) = scene.new_password();
    let file = file.to_str().unwrap();
    let cases: [(&[&str], &str); 8] = [
        (&["--enable"], "password"),
        (&["--enable", "--no-password"], "--no-password"),
        (&["--enable", "--disable"], "--disable"),
        (&["--must-change"], "--must-change"),
        (&["--reset-password"], "--reset-password"),
        (&["--no-password", "--new-password-file", file], "--no-password"),
        (&["--new-password-file", "/no/such/file"], "/no/such/file"),
        (&["--new-password-file", file, "--generate-password=x"], "--generate-password"),
    ];
    for (arguments, named) in cases {
        let out = scene.restore(&user, arguments).exits(2);
        assert!(out.error().to_string().contains(named), "{out}");
    }
    assert_eq!(scene.hand().state(&user), before);
}

#[test]
fn said_so_an_account_comes_back_disabled_and_without_a_password_of_ours() {
    let Some(scene) = Scene::new() else { return };
    for (name, option) in [("SoA", "--disable"), ("SoB", "--no-password")] {
        let user = scene.user(name).deleted();
        scene.restore(&user, [option]).exits(0);
        assert!(!is_enabled(&scene, &user), "{option}");
    }
}
