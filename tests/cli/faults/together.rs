//! Two programs at work on one object, with one journal or with two.

use std::path::Path;

use super::proxy::{Fault, Script};
use super::running::Running;
use super::stage::{ENABLED, Stage, Victim, play};
use super::steps::{Size, restore, size};
use crate::support::Output;

/// What both said is so, and the password of the one that says that it set the last one opens the account.
#[track_caller]
fn both_are_right(stage: &Stage, victim: &Victim, outputs: [&Output; 2]) {
    let mut done = 0;
    let shown = stage.look_at(victim);
    for output in outputs {
        assert!(matches!(output.code, Some(0 | 3 | 6 | 7)), "{output}");
        victim.is_truly(&shown, &output.object());
        let steps = output.object()["steps"].as_array().unwrap().clone();
        done += steps.iter().filter(|s| s["step"] == "reanimate" && s["status"] == "done").count();
    }
    assert_eq!(done, 1, "one of them brought it back:\n{}\n{}", outputs[0], outputs[1]);
    assert!(outputs.iter().any(|o| o.code == Some(0)), "neither finished:\n{}\n{}", outputs[0], outputs[1]);
    victim.is_back(&shown, true);
}

/// The first one stands still at each of its requests while the second one does everything.
#[test]
fn another_one_is_faster() {
    let Some(Size { all, planned }) = size() else { return };
    let cases: Vec<_> = (planned - 1..=all).flat_map(|n| [(n, true), (n, false)]).collect();
    play(&cases, 4, |stage, &(n, one_journal)| {
        let [victim] = stage.deleted(1, ENABLED).try_into().unwrap();
        let files = [1, 2].map(|n| stage.passwords(&victim, n));
        let proxy = stage.proxy(Script::at_request(n, Fault::Pause));
        let mut first = Running::start(restore(stage, &victim, &files[0]).server(&proxy.url()));
        if !first.reaches(&proxy) {
            first.end().exits(0);
            return;
        }
        let other = if one_journal {
            victim.clone()
        } else {
            victim.with_state(victim.state.with_extension("other"))
        };
        let second = Running::start(restore(stage, &other, &files[1])).end();
        stage.look_at(&victim);
        proxy.go_on();
        let first = first.end();
        both_are_right(stage, &victim, [&first, &second]);
        // No password that one of them says to have set is overruled by the other.
        let told = |o: &Output| {
            o.object()["steps"]
                .as_array()
                .unwrap()
                .iter()
                .any(|s| s["step"] == "setPassword" && s["status"] == "done")
        };
        let setters = [told(&first), told(&second)];
        assert_eq!(setters.iter().filter(|t| **t).count(), 1, "two passwords were set:\n{first}\n{second}");
        let right = if setters[0] { &files[..1] } else { &files[1..] };
        stage.opens(&victim, right, &[&first, &second]);
    });
}

#[test]
fn both_begin_at_once() {
    play(&[0, 1, 2, 3, 4, 5], 2, |stage, &i: &u32| {
        let [victim] = stage.deleted(1, ENABLED).try_into().unwrap();
        let files = [1, 2].map(|n| stage.passwords(&victim, n));
        let other =
            if i % 2 == 0 { victim.clone() } else { victim.with_state(victim.state.with_extension("other")) };
        let first = Running::start(restore(stage, &victim, &files[0]));
        let second = Running::start(restore(stage, &other, &files[1]));
        let (first, second) = (first.end(), second.end());
        both_are_right(stage, &victim, [&first, &second]);
    });
}

/// Two go on with what a third one left: the slower one finds nothing to do, wherever it stands.
#[test]
fn two_go_on_with_one_operation() {
    let Some(Size { all, planned }) = size() else { return };
    // Before it has the operation, and after.
    let places = [1, 2, 4, 9];
    play(&places, 2, |stage, &n| {
        let [victim] = stage.deleted(1, ENABLED).try_into().unwrap();
        let files = [1, 2, 3].map(|n| stage.passwords(&victim, n));
        let proxy = stage.proxy(Script::at_request((planned + all) / 2, Fault::Unanswered));
        let mut running = Running::start(restore(stage, &victim, &files[0]).server(&proxy.url()));
        assert!(running.reaches(&proxy));
        running.kill();
        proxy.go_on();

        let resume = |file: &Path| {
            let generate = format!("--generate-password={}", file.display());
            stage.program(&victim).args(["operations", "--resume", "-o", "json", "--yes", &generate])
        };
        let proxy = stage.proxy(Script::at_request(n, Fault::Pause));
        let mut slow = Running::start(resume(&files[1]).server(&proxy.url()));
        assert!(slow.reaches(&proxy));
        let fast = Running::start(resume(&files[2])).end();
        proxy.go_on();
        let slow = slow.end();
        stage.went_well(&slow, [&victim], true);
        // There is nothing to go on with for whoever comes while somebody does.
        assert!(matches!(fast.code, Some(0 | 2 | 4)), "{fast}");
        stage.opens(&victim, &files, &[&slow, &fast]);
    });
}
