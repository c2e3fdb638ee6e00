//! The unit of systemd.

use std::process::Command;

use crate::support::{Run, Scene};

fn install(scene: &Scene) -> Run {
    scene.program().args(["agent", "install"])
}

#[test]
fn a_unit_is_shown_then_written_and_is_good() {
    let Some(scene) = Scene::new() else { return };
    let unit = scene.file("adrecover-agent.service");
    let words = ["--watch", "OU=50% \"x\",DC=a", "--watch-privileged", "--alert-syslog", "--max-size", "2G"];
    let with = |more: &[&str]| install(&scene).arg("--unit-file").arg(&unit).args(words).args(more);
    // Nobody says yes.
    let output = with(&[]).run().exits(9);
    assert!(output.stdout.contains("ExecStart=") && !unit.exists(), "{output}");
    let shown = with(&["--dry-run"]).run().exits(0);
    assert!(!unit.exists());
    let output = with(&["--yes"]).run().exits(0);
    assert!(output.stderr.contains("systemctl enable --now adrecover-agent"), "{output}");
    let text = std::fs::read_to_string(&unit).unwrap();
    assert_eq!((&text, &text), (&output.stdout, &shown.stdout));
    let account = scene.lab.account("ADMIN");
    assert!(text.contains(&format!("LoadCredential=password:{}", account.password_file.display())), "{text}");
    assert!(text.contains("\"%d/password\"") && text.contains(&format!("\"{}\"", account.name)), "{text}");

    let analyze = |arguments: &[&str]| {
        let run = Command::new("systemd-analyze").args(arguments).arg(&unit).output();
        let run = run.expect("systemd-analyze is there: tests/run installs it");
        let said = String::from_utf8_lossy(&[run.stdout, run.stderr].concat()).into_owned();
        assert!(run.status.success(), "{said}");
        said
    };
    let said = analyze(&["verify"]);
    assert!(said.trim().is_empty(), "{said}");
    // Of 10, which is worst.
    analyze(&["security", "--offline=true", "--threshold=15"]);

    // The same again replaces it; what somebody else wrote stays.
    with(&["--yes"]).run().exits(0);
    std::fs::write(&unit, "[Service]\nExecStart=/bin/true\n").unwrap();
    let output = with(&["--yes"]).run().exits(2);
    assert!(output.stderr.contains("did not write it"), "{output}");
    with(&["--dry-run"]).run().exits(2);
}

#[test]
fn a_service_has_to_be_able_to_log_on() {
    let Some(scene) = Scene::new() else { return };
    let to_stdout = |run: Run| run.args(["--unit-file", "-"]);
    let document = to_stdout(install(&scene)).args(["-o", "json"]).run().exits(0).json();
    assert_eq!((&document["unitFile"], &document["written"]), (&serde_json::Value::Null, &false.into()));
    let none = to_stdout(install(&scene).env_remove("ADRECOVER_PASSWORD_FILE")).run().exits(2);
    assert!(none.stderr.contains("in a file"), "{none}");
    let ticket = to_stdout(install(&scene)).arg("--kerberos").run().exits(2);
    assert!(ticket.stderr.contains("--keytab"), "{ticket}");
    let ticket = to_stdout(install(&scene)).args(["--kerberos", "--keytab", "/etc/adrecover/agent.keytab"]);
    let unit = ticket.run().exits(0).stdout;
    assert!(unit.contains("Environment=\"KRB5_CLIENT_KTNAME=FILE:%d/keytab\""), "{unit}");
    assert!(!unit.contains("--password-file"), "{unit}");
    to_stdout(install(&scene)).args(["--run-as", "a b"]).run().exits(2);
}
