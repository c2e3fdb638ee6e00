//! Signing in: each way, from options, variables and a profile, and what is said where it fails.

use adrecover_hybrid::graph::fake::{CLIENT, Fault, SECRET, TENANT};

use super::*;
use crate::support::private;

/// A certificate with its key, made for tests and used by nothing else.
const PEM: &[u8] = include_bytes!("../../../crates/hybrid/src/graph/tests/app.pem");

fn show(run: Run) -> Run {
    run.args(["cloud", "show", UPN, "-o", "json"])
}

#[test]
fn each_way_leads_in() {
    let stage = Stage::new();
    show(stage.program()).run().exits(0);
    let leads = || stage.tenant.leads(stage.bare());
    show(leads().env("ADRECOVER_CLIENT_SECRET", SECRET)).run().exits(0);
    show(leads()).args(["--client-secret-file", "-"]).stdin(format!("{SECRET}\n")).run().exits(0);
    let pem = stage.path().join("app.pem");
    std::fs::write(&pem, PEM).unwrap();
    private(&pem);
    stage.tenant.fake().trust(PEM);
    show(leads()).arg("--client-certificate").arg(&pem).run().exits(0);
    // An option wins over a variable for another way.
    show(leads().env("ADRECOVER_CLIENT_SECRET_FILE", "nothing"))
        .arg("--client-certificate")
        .arg(&pem)
        .run()
        .exits(0);
    stage.tenant.assert_clean();
}

#[test]
fn a_person_is_shown_what_to_do() {
    let stage = Stage::new();
    let out = show(stage.tenant.leads(stage.bare())).args(["--device-code", "-q"]).run().exits(0);
    assert!(
        out.stderr.contains("https://microsoft.com/devicelogin") && out.stderr.contains("ABCD-1234"),
        "{out}"
    );
    assert!(out.stderr.contains("15 minutes"), "{out}");
    assert_eq!(out.json()["items"][0]["id"], ANNA);
    stage.tenant.state().device = ["authorization_declined"].into();
    let out = show(stage.tenant.leads(stage.bare())).arg("--device-code").run().exits(10);
    let document: serde_json::Value = serde_json::from_str(&out.stdout).unwrap();
    assert_eq!(document["error"]["message"], "the sign-in was declined");
    stage.tenant.assert_clean();
}

#[test]
fn a_profile_holds_all_but_the_secret() {
    let stage = Stage::new();
    std::fs::write(stage.path().join("app.secret"), SECRET).unwrap();
    private(&stage.path().join("app.secret"));
    let url = stage.tenant.fake().url();
    let add =
        stage.bare().args(["profile", "add", "contoso", "--default", "--tenant", TENANT, "--client-id"]);
    let add = add.args([CLIENT.to_string(), "--client-secret-file".into(), "app.secret".into()]);
    add.args(["--cloud-endpoint", &format!("{url},{url}")]).run().exits(0).says("client-secret-file");
    show(stage.bare()).run().exits(0);
    let text = std::fs::read_to_string(stage.path().join("config.toml")).unwrap();
    assert!(!text.contains(SECRET) && text.contains("tenant"), "{text}");
    std::fs::write(stage.path().join("config.toml"), "[profiles.a]\nclient-secret = \"x\"\n").unwrap();
    show(stage.bare()).args(["--profile", "a"]).run().exits(2).says("client-secret-file");
}

#[test]
fn what_is_wrong_or_missing_is_said() {
    let stage = Stage::new();
    let error = show(stage.bare()).run().exits(2).error();
    for part in ["--tenant", "--client-id", "--device-code"] {
        assert!(error["message"].as_str().unwrap().contains(part), "{error}");
    }
    show(stage.tenant.leads(stage.bare())).run().exits(2).says("--client-secret-file");
    show(stage.program())
        .arg("--device-code")
        .arg("--client-certificate=x")
        .run()
        .exits(2)
        .says("several ways");
    show(stage.program()).args(["--client-id", "app"]).run().exits(2).says("no id of an app");
    show(stage.program()).args(["--tenant", "common"]).run().exits(2).says("is not a tenant");
    show(stage.program())
        .args(["--cloud-endpoint", "http://10.0.0.1,http://10.0.0.1"])
        .run()
        .exits(2)
        .says("not encrypted");
    show(stage.program()).args(["--client-secret-file", "nothing"]).run().exits(2).says("client secret file");
    let both = show(stage.program()).args(["--client-secret-file", "-", "--password-file", "-"]);
    both.run().exits(2).says("standard input");
    assert_eq!(stage.tenant.requests(), 0, "nothing of this was sent");
    std::fs::write(stage.path().join("app.pem"), "no certificate").unwrap();
    let out =
        show(stage.tenant.leads(stage.bare())).args(["--client-certificate", "app.pem"]).run().exits(12);
    assert!(out.error()["message"].as_str().unwrap().contains("no certificate"), "{out}");
}

#[test]
fn a_secret_that_others_can_read_is_warned_of() {
    let stage = Stage::new();
    std::fs::write(stage.path().join("open.secret"), SECRET).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(stage.path().join("open.secret"), mode).unwrap();
        let run = show(stage.tenant.leads(stage.bare())).args(["--client-secret-file", "open.secret"]);
        run.run().exits(0).says("everybody can read the client secret file open.secret");
    }
}

#[test]
fn a_refused_sign_in_is_told_in_the_words_of_entra_id() {
    let stage = Stage::new();
    let wrong = show(stage.tenant.leads(stage.bare())).env("ADRECOVER_CLIENT_SECRET", "wrong-one");
    let error = wrong.run().exits(10).does_not_say("wrong-one").error();
    assert!(error["message"].as_str().unwrap().contains("AADSTS7000215"), "{error}");
    assert!(error["message"].as_str().unwrap().contains("client-request-id"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("not its id"), "{error}");
    show(stage.program()).args(["--cloud-endpoint", "http://127.0.0.1:1,http://127.0.0.1:1"]).run().exits(10);
    stage.tenant.state().login_faults = [Fault::Body(b"<html>".to_vec())].into();
    show(stage.program()).run().exits(1).says("holds no token");
}
