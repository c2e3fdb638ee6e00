//! The connection breaks and nobody answers any more: what is reported is true, and a later `--resume` finishes it.

use std::time::Duration;

use super::proxy::{After, Fault, Place, Script};
use super::running::Running;
use super::stage::{ENABLED, impatient, play};
use super::steps::{Size, restore, size};

/// A reply, and two tries at a connection, are waited for three seconds each: for the step and for the verification.
const PATIENCE: Duration = Duration::from_secs(35);

#[test]
fn a_server_that_does_not_come_back() {
    let Some(Size { all, planned }) = size() else { return };
    const FAULTS: [Fault; 4] = [Fault::Unanswered, Fault::Unsent, Fault::Reset, Fault::Torn];
    let refuses = |n: usize| (n, FAULTS[n % FAULTS.len()], After::Refuses);
    let mut cases: Vec<_> = (2..planned).step_by(6).chain(planned..=all).map(refuses).collect();
    cases.extend((planned..=all).step_by(2).map(|n| (n, Fault::Unanswered, After::Silent)));
    play(&cases, 8, |stage, &(n, fault, after)| {
        let [victim] = stage.deleted(1, ENABLED).try_into().unwrap();
        let before = stage.look_at(&victim);
        let files = [1, 2].map(|n| stage.passwords(&victim, n));
        let proxy = stage.proxy(Script { place: Place::Request(n), fault, after });
        let mut running = Running::start(impatient(restore(stage, &victim, &files[0]).server(&proxy.url())));
        if !running.reaches(&proxy) {
            running.end().exits(0);
            return;
        }
        proxy.go_on();
        let (first, took) = running.end_in_time();
        assert!(took < PATIENCE, "{took:?}");

        let resume = ["operations", "--resume", "-o", "json", "--yes"];
        let generate = format!("--generate-password={}", files[1].display());
        if !files[0].exists() {
            let first = first.exits(10);
            assert_eq!(first.error()["kind"], "unreachable");
            assert_eq!(stage.look_at(&victim), before, "{first}");
            Running::start(stage.program(&victim).args(resume)).end().exits(4);
            let second = Running::start(restore(stage, &victim, &files[1])).end();
            stage.went_well(&second, [&victim], true);
            return;
        }
        if first.code == Some(0) {
            // It was saying goodbye.
            assert_eq!(first.object()["verified"], true, "{first}");
            stage.went_well(&first, [&victim], true);
            return;
        }
        assert!(matches!(first.code, Some(3 | 10)), "{first}");
        let (report, shown) = (first.object(), stage.look_at(&victim));
        victim.is_truly(&shown, &report);
        assert_ne!(report["verified"], true, "{first}");
        let steps = report["steps"].as_array().unwrap();
        let open = steps.iter().any(|s| s["status"] != "done");
        let unsure = first.stdout.contains("may or may not have been done");
        assert_eq!(first.code == Some(10), shown == before && !unsure, "{first}");

        let listed = Running::start(stage.program(&victim).args(["operations", "-o", "json"])).end().exits(0);
        let state = &listed.json()["items"][0]["state"];
        assert_eq!(state, if open { "interrupted" } else { "done" }, "{listed}{first}");
        if open {
            let second = Running::start(stage.program(&victim).args(resume).args([&generate])).end();
            stage.went_well(&second, [&victim], true);
        }
        victim.is_back(&stage.look_at(&victim), true);
        stage.opens(&victim, &files, &[&first]);
        victim.has_nothing_open();
    });
}
