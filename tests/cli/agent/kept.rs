//! What is in the journal: what changed, at once, through kills, and by one agent alone.

use std::time::Duration;

use adrecover_journal::Status;

use super::running::agent;
use super::{Running, journal, place, status_of, wait};
use crate::support::{Ldif, Scene};

#[test]
fn a_change_is_kept_at_once_and_the_agent_stops_when_asked_to() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Kim").add();
    // So long that nothing but the wake-up can be the reason.
    let running = Running::start(&scene, &["--interval", "1h", "-v"]);
    assert_eq!(status_of(&scene, &user.guid), Some(Status::Live));
    scene.hand().change(&Ldif::default().replace(&user.dn, "title", &["kept"]));
    let took = wait("the title", || {
        let now = journal(&scene).now(user.guid.parse().unwrap()).unwrap().unwrap();
        now.attribute("title").is_some_and(|title| title.values == [b"kept"])
    });
    // It is two seconds on a machine that has nothing else to do.
    assert!(took < Duration::from_secs(20), "{took:?}");
    scene.delete([&user]);
    wait("the deletion", || status_of(&scene, &user.guid) == Some(Status::Stripped));
    let output = running.stop().exits(0);
    assert!(output.stdout.is_empty() && output.stderr.contains("connected to"), "{output}");
}

#[cfg(unix)]
#[test]
fn only_its_group_may_read_the_journal() {
    use std::os::unix::fs::PermissionsExt;
    let Some(scene) = Scene::new() else { return };
    agent(&scene, &["--once"]).run().exits(0);
    let folder = place(&scene).parent().unwrap().to_owned();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o750);
    let names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(names.len() >= 3);
    for path in names {
        let wanted = if path.extension().is_some_and(|end| end == "agent") { 0o600 } else { 0o640 };
        assert_eq!(mode(&path), wanted, "{}", path.display());
    }
}

#[test]
fn one_pass_at_a_time() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Once").add();
    agent(&scene, &["--once"]).run().exits(0);
    scene.delete([&user]);
    let output = agent(&scene, &["--once", "-v"]).run().exits(0);
    assert!(!output.stderr.contains("reading all of"), "{output}");
    assert_eq!(status_of(&scene, &user.guid), Some(Status::Stripped));
    // Nobody is there.
    agent(&scene, &["--once"]).server("ldaps://127.0.0.1:1").run().exits(10);
    // A password that is wrong is sent once.
    let account = scene.lab.account("JOE");
    let wrong = scene.secret_file("wrong", "not-the-password");
    let run = agent(&scene, &["--once"]).account(&account).env("ADRECOVER_PASSWORD_FILE", wrong);
    let output = run.run().exits(10);
    assert!(output.stderr.contains("the name or the password is wrong"), "{output}");
}

#[test]
fn killed_again_and_again_nothing_is_lost_or_doubled() {
    let Some(scene) = Scene::new() else { return };
    let users: Vec<_> = (0..6).map(|n| scene.user(&format!("Kill{n}")).add()).collect();
    agent(&scene, &["--once"]).run().exits(0);
    let before = journal(&scene).status().unwrap().objects;
    for (round, pause) in [0, 40, 90, 160, 250, 400].into_iter().enumerate() {
        let running = Running::begin(agent(&scene, &[]));
        running.hears("connected to");
        let user = &users[round];
        let ldif = Ldif::default().replace(&user.dn, "title", &[&format!("round {round}")]);
        scene.hand().change(&ldif.replace(&user.dn, "description", &["one write"]));
        if round % 2 == 0 {
            scene.delete([user]);
        }
        std::thread::sleep(Duration::from_millis(pause));
        running.kill();
    }
    agent(&scene, &["--once"]).run().exits(0);
    let journal = journal(&scene);
    assert!(journal.check().unwrap().is_empty());
    assert!(journal.status().unwrap().objects.live >= before.live.saturating_sub(3));
    for (round, user) in users.iter().enumerate() {
        let guid = user.guid.parse().unwrap();
        let history = journal.history(guid).unwrap();
        let titles = history.iter().flat_map(|change| &change.attributes).filter(|a| a.name == "title");
        let now = journal.now(guid).unwrap().unwrap();
        if round % 2 == 0 {
            assert_eq!(now.status, Status::Stripped);
        } else {
            assert_eq!(now.attribute("title").unwrap().values, [format!("round {round}").into_bytes()]);
            assert_eq!(titles.count(), 1, "{history:?}");
        }
    }
}

#[test]
fn one_agent_for_one_journal() {
    let Some(scene) = Scene::new() else { return };
    let running = Running::start(&scene, &[]);
    let output = agent(&scene, &["-o", "json"]).run().exits(2);
    assert!(output.error()["message"].as_str().unwrap().contains("another process writes"), "{output}");
    running.stop().exits(0);
}

#[test]
fn a_damaged_journal_is_set_aside_and_everything_is_read_again() {
    let Some(scene) = Scene::new() else { return };
    agent(&scene, &["--once"]).run().exits(0);
    let path = place(&scene);
    let mut octets = std::fs::read(&path).unwrap();
    let length = octets.len();
    octets[8192..length / 2].fill(0xa5);
    std::fs::write(&path, octets).unwrap();
    let output = agent(&scene, &["--once"]).run().exits(0);
    assert!(
        output.stderr.contains("alert journalSetAside") && output.stderr.contains("keep the old one"),
        "{output}"
    );
    let folder = std::fs::read_dir(path.parent().unwrap()).unwrap();
    let aside =
        folder.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains(".damaged-"));
    assert!(aside.count() >= 1);
    assert!(journal(&scene).status().unwrap().objects.live > 100);
}

/// Whose file it is not is not renamed.
#[test]
fn a_file_that_is_something_else_is_left_alone() {
    let Some(scene) = Scene::new() else { return };
    let file = scene.file_with("notes.db", "something that somebody needs");
    #[cfg(unix)]
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
    let run = scene.program().args(["agent", "run", "--once", "--listen", "none", "--journal"]).arg(&file);
    let output = run.run().exits(12);
    assert!(output.stderr.contains("no change journal"), "{output}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "something that somebody needs");
}
