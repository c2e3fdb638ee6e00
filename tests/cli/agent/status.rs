//! `agent status`: exit codes, the document, and what is missing for want of rights.

use super::running::agent;
use super::{Running, place};
use crate::support::{Run, Scene};

fn status(scene: &Scene) -> Run {
    let run = scene.program().env("ADRECOVER_OUTPUT", "json");
    run.args(["agent", "status", "--journal"]).arg(place(scene))
}

#[test]
fn whether_the_journal_is_kept() {
    let Some(scene) = Scene::new() else { return };
    let none = status(&scene).run().exits(4);
    assert_eq!(none.error()["kind"], "notFound");
    let running = Running::start(&scene, &[]);
    let told = status(&scene).run().exits(0).json();
    assert_eq!(
        (&told["healthy"], &told["running"], &told["forest"]),
        (&true.into(), &true.into(), &"contoso.test".into())
    );
    assert_eq!(told["contexts"].as_array().unwrap().len(), 5);
    assert!(
        told["contexts"]
            .as_array()
            .unwrap()
            .iter()
            .all(|c| c["readBy"] == "dirSync" && c["missing"].is_null())
    );
    assert!(told["objects"]["live"].as_u64().unwrap() > 100);
    running.stop().exits(0);
    // Nobody keeps it any more; where a scheduler starts an agent it is the age that counts.
    let told = status(&scene).run().exits(3).json();
    assert_eq!(
        (&told["problems"][0], &told["running"]),
        (&"no agent writes the journal".into(), &false.into())
    );
    status(&scene).args(["--max-lag", "5m"]).run().exits(0);
    std::thread::sleep(std::time::Duration::from_millis(2100));
    let late = status(&scene).args(["--max-lag", "1s"]).run().exits(3).json();
    assert!(late["problems"].to_string().contains("nothing of DC=contoso,DC=test was read"), "{late}");
    for form in ["table", "csv", "jsonl"] {
        let output = status(&scene).env("ADRECOVER_OUTPUT", form).run().exits(3);
        assert!(output.stdout.contains("DC=contoso,DC=test"), "{output}");
    }
}

#[test]
fn what_an_account_may_not_read_is_said() {
    let Some(scene) = Scene::new() else { return };
    agent(&scene, &["--once"]).account(&scene.lab.account("JOE")).run().exits(0);
    let told = status(&scene).args(["--max-lag", "5m"]).run().exits(0).json();
    let domain = told["contexts"].as_array().unwrap().iter().find(|c| c["dn"] == scene.lab.base).unwrap();
    assert_eq!(domain["readBy"], "ownRights");
    let missing = domain["missing"].as_str().unwrap();
    assert!(missing.contains("dsacls") && missing.contains("--full"), "{missing}");
    // By an account that has the right, once as a whole.
    let output = agent(&scene, &["--once", "--full"]).run().exits(0);
    assert!(output.stderr.contains("to compare it: somebody asked for it"), "{output}");
    let told = status(&scene).args(["--max-lag", "5m"]).run().exits(0).json();
    assert!(told["contexts"].as_array().unwrap().iter().all(|c| c["readBy"] == "dirSync"));
}
