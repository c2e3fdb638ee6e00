//! `cloud restore`: a user comes out of the bin of Entra ID, by the same plan, question, journal and proof as in the directory.

use adrecover_hybrid::graph::fake::Fault;
use serde_json::{Value, json};

use super::*;
use crate::support::Output;

/// Anna without a directory: only such a user is restored in the cloud alone.
fn managed() -> Stage {
    let stage = Stage::new();
    let mut state = stage.tenant.state();
    for name in ["onPremisesImmutableId", "onPremisesSyncEnabled", "onPremisesSecurityIdentifier"] {
        state.bin[0][name] = Value::Null;
    }
    drop(state);
    stage
}

impl Stage {
    fn restore(&self, more: &[&str]) -> Run {
        self.program().args(["cloud", "restore", ANNA, "-o", "json"]).args(more)
    }

    fn restores(&self) -> Vec<Value> {
        let state = self.tenant.state();
        let sent = state.log.iter().filter(|r| r.path.ends_with("/restore"));
        sent.map(|r| serde_json::from_slice(&r.body).unwrap()).collect()
    }

    fn is_live(&self) -> bool {
        self.tenant.state().users.iter().any(|user| user["id"] == ANNA)
    }
}

fn blocks(report: &Output) -> Vec<String> {
    report.blocks()
}

#[test]
fn a_user_comes_back_and_it_is_proved() {
    let stage = managed();
    let report = stage.restore(&["--dry-run"]).run().exits(0);
    assert_eq!(report.object()["outcome"], "planned", "{report}");
    stage.restore(&[]).run().exits(9);
    assert!(!stage.is_live() && stage.restores().is_empty());

    let report = stage.restore(&["--yes", "--reason", "ticket 7"]).run().exits(0);
    let object = report.object();
    assert_eq!((&object["outcome"], &object["verified"]), (&json!("restored"), &json!(true)), "{report}");
    assert_eq!(object["steps"][0]["step"], "cloudRestore", "{report}");
    assert_eq!(stage.restores(), [json!({})], "nothing is taken away unless it is asked for");
    assert!(stage.is_live());

    // Again: nothing is to be done.
    let report = stage.restore(&["--yes"]).run().exits(0);
    assert_eq!(report.object()["outcome"], "alreadyRestored", "{report}");
    assert_eq!(stage.restores().len(), 1);
    let listed = stage.bare().args(["operations"]).run().exits(0);
    listed.says("cloud restore").says("done").says("ticket 7");
    stage.tenant.assert_clean();
}

#[test]
fn a_synchronised_user_belongs_to_its_directory() {
    let stage = Stage::new();
    let report = stage.restore(&["--yes"]).run().exits(6);
    assert_eq!(blocks(&report), ["cloud.synchronised"], "{report}");
    let way_out = report.object()["blockedBy"][0]["wayOut"].as_str().unwrap().to_owned();
    assert!(
        way_out.contains("adrecover restore --guid") && way_out.contains("--although-synchronised"),
        "{way_out}"
    );
    assert!(stage.restores().is_empty());
    stage.restore(&["--yes", "--although-synchronised"]).run().exits(0);
    assert!(stage.is_live());
}

#[test]
fn names_that_somebody_else_has_now_block_before_anything_is_sent() {
    let stage = managed();
    stage.add(OTHER, UPN, json!({ "proxyAddresses": ["SMTP:ao@contoso.test"], "mail": null }));
    let report = stage.restore(&["--yes"]).run().exits(6);
    assert_eq!(blocks(&report), ["cloud.userPrincipalName", "cloud.proxyAddresses"], "{report}");
    assert!(report.object()["blockedBy"][0]["object"].as_str().unwrap().contains(OTHER), "{report}");
    assert!(stage.restores().is_empty());
    let other = ["--upn", "anna2@contoso.test"];
    assert_eq!(blocks(&stage.restore(&other).run().exits(6)), ["cloud.proxyAddresses"]);

    // With consent, and what that costs is in the plan and in the report.
    let consent = [&other[..], &["--without-taken-addresses"]].concat();
    let shown = stage.program().args(["cloud", "restore", ANNA, "--dry-run"]).args(&consent).run().exits(0);
    shown.says("WITHOUT the addresses").says("with the UPN anna2@contoso.test");
    let report = stage.restore(&[&consent[..], &["--yes"]].concat()).run().exits(0);
    assert_eq!(
        stage.restores(),
        [json!({ "autoReconcileProxyConflict": true, "newUserPrincipalName": "anna2@contoso.test" })]
    );
    let difference = &report.object()["differences"][0];
    assert_eq!(
        (&difference["what"], &difference["expected"]),
        (&json!("proxyAddresses"), &json!("smtp:ao@contoso.test")),
        "{report}"
    );
}

#[test]
fn what_graph_refuses_is_told_with_the_way_out() {
    let stage = managed();
    stage.tenant.state().privileged.insert(ANNA.to_owned());
    let report = stage.restore(&["--yes"]).run().exits(11);
    let message = report.object()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("User.DeleteRestore.All"), "{message}");
    assert!(!stage.is_live());
    // Somebody takes the name between the look and the restore.
    let stage = managed();
    stage
        .tenant
        .state()
        .lists
        .insert("groups", vec![json!({ "id": SALES, "proxyAddresses": ["smtp:ao@contoso.test"] })]);
    stage.forbid("/v1.0/groups");
    let report = stage.restore(&["--yes"]).run().exits(6);
    let message = report.object()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("cloud conflicts"), "{message}");
}

#[test]
fn a_lost_answer_is_looked_for_and_not_repeated() {
    for fault in [Fault::DoneThenClose, Fault::DoneBut(500)] {
        let stage = managed();
        stage.tenant.state().fault_at = Some(("/restore", fault));
        let report = stage.restore(&["--yes"]).run().exits(3);
        assert_eq!(report.object()["outcome"], "partial", "{report}");
        let id = report.json()["operation"].as_str().unwrap().to_owned();
        let next = format!("adrecover operations --resume {id}");
        assert_eq!(report.object()["next"], json!([next]), "{report}");
        let resume = stage.program().args(["operations", "--resume", &id, "--yes", "-o", "json"]);
        let report = resume.run().exits(0);
        assert_eq!(report.object()["steps"][0]["status"], "done", "{report}");
        assert_eq!(stage.restores().len(), 1, "a restore is sent once");
        assert!(stage.is_live());
    }
}

#[test]
fn what_the_directory_undoes_it_cannot_undo_here() {
    let stage = managed();
    let report = stage.restore(&["--yes"]).run().exits(0);
    let id = report.json()["operation"].as_str().unwrap().to_owned();
    let undo = stage.program().args(["undo", &id, "-o", "json"]);
    let error = undo.run().exits(2).error();
    assert!(error["hint"].as_str().unwrap().contains("Remove-MgUser"), "{error}");
}

#[test]
fn who_is_meant() {
    let stage = managed();
    let run = |user: &str| stage.program().args(["cloud", "restore", user, "--yes", "-o", "json"]).run();
    run("nobody@contoso.test").exits(4);
    run("no name at all, this").exits(2);
    let bad = stage.restore(&["--upn", "anna"]).run().exits(2);
    assert!(bad.to_string().contains("a UPN is written"), "{bad}");
    // A live user of that name is not in the way of naming the deleted one.
    run(UPN).exits(0);
}
