//! Twenty users in one restore, broken off in the middle in every way.

use std::sync::OnceLock;
use std::time::Duration;

use super::proxy::{Fault, Script};
use super::running::Running;
use super::stage::{ENABLED, Stage, Victim, impatient, play};
use super::steps::{Size, measured};
use crate::support::Run;

const USERS: usize = 20;

fn restore(stage: &Stage, victims: &[Victim], number: usize) -> Run {
    let guids: Vec<&str> = victims.iter().map(|v| v.guid.as_str()).collect();
    let arguments =
        ["restore", "-o", "json", "--yes", "--guid", &guids.join(","), "--upn-suffix", "contoso.test"];
    let generate = format!("--generate-password={}", stage.passwords(&victims[0], number).display());
    let groups = stage.groups_of(victims);
    stage.program(&victims[0]).args(arguments).args(["--enable", &generate, "--groups-from", &groups])
}

fn resume(stage: &Stage, victims: &[Victim], number: usize) -> Run {
    let generate = format!("--generate-password={}", stage.passwords(&victims[0], number).display());
    stage.program(&victims[0]).args(["operations", "--resume", "-o", "json", "--yes", &generate])
}

/// So many places, evenly between the plan and the end; none where there is no lab.
fn places(count: usize) -> Vec<usize> {
    static SIZE: OnceLock<Option<Size>> = OnceLock::new();
    let size = *SIZE.get_or_init(|| measured(USERS, ENABLED, |stage, victims| restore(stage, victims, 1)));
    let place = |Size { all, planned }: Size, i| planned + (all - planned) * i / (count + 1);
    size.map(|size| (1..=count).map(|i| place(size, i)).collect()).unwrap_or_default()
}

#[test]
fn a_batch_goes_on_where_the_connection_broke() {
    const FAULTS: [Fault; 5] = [Fault::Unanswered, Fault::Reset, Fault::Unsent, Fault::Late, Fault::Stalled];
    let cases: Vec<_> = places(FAULTS.len()).into_iter().zip(FAULTS).collect();
    play(&cases, 3, |stage, &(n, fault)| {
        let victims = stage.deleted(USERS, ENABLED);
        let proxy = stage.proxy(Script::at_request(n, fault));
        let run = restore(stage, &victims, 1).server(&proxy.url());
        let mut running = Running::start(if fault.is_silence() { impatient(run) } else { run });
        assert!(running.reaches(&proxy));
        proxy.go_on();
        let report = running.end();
        stage.went_well(&report, &victims, true);
        let file = [stage.passwords(&victims[0], 1)];
        victims.iter().step_by(6).for_each(|victim| stage.opens(victim, &file, &[&report]));
    });
}

#[test]
fn a_batch_that_was_killed_is_finished() {
    let ways = [Fault::Unanswered, Fault::Unanswered, Fault::Unsent, Fault::Unsent];
    let cases: Vec<_> = places(4).into_iter().zip(ways).enumerate().collect();
    play(&cases, 3, |stage, &(i, (n, fault))| {
        let victims = stage.deleted(USERS, ENABLED);
        let proxy = stage.proxy(Script::at_request(n, fault));
        let mut running = Running::start(restore(stage, &victims, 1).server(&proxy.url()));
        assert!(running.reaches(&proxy));
        let first = running.kill();
        proxy.go_on();
        stage.look(&victims);
        let again = if i % 2 == 0 { restore(stage, &victims, 2) } else { resume(stage, &victims, 2) };
        let second = Running::start(again).end();
        stage.went_well(&second, &victims, true);
        let files = [1, 2].map(|n| stage.passwords(&victims[0], n));
        victims.iter().step_by(6).for_each(|victim| stage.opens(victim, &files, &[&first, &second]));
    });
}

/// Ctrl-C twice: it ends at once, whatever the server does.
#[test]
fn a_batch_that_was_broken_off_is_finished() {
    let cases: Vec<_> = places(2).into_iter().zip([Fault::Stalled, Fault::Late]).collect();
    play(&cases, 2, |stage, &(n, fault)| {
        let victims = stage.deleted(USERS, ENABLED);
        let proxy = stage.proxy(Script::at_request(n, fault));
        let mut running = Running::start(restore(stage, &victims, 1).server(&proxy.url()));
        assert!(running.reaches(&proxy));
        running.interrupt();
        std::thread::sleep(Duration::from_millis(200));
        running.interrupt();
        let (first, took) = running.end_in_time();
        assert!(took < Duration::from_secs(20), "{took:?}");
        proxy.go_on();
        first.exits(130);
        stage.look(&victims);
        let second = Running::start(resume(stage, &victims, 1)).end();
        stage.went_well(&second, &victims, true);
    });
}

/// Ctrl-C: the step under way is finished, the rest is not begun, and the report says so of each object.
#[test]
fn a_batch_that_was_interrupted_says_how_far_it_came() {
    play(&places(3), 3, |stage, &n| {
        let victims = stage.deleted(USERS, ENABLED);
        let proxy = stage.proxy(Script::at_request(n, Fault::Pause));
        let mut running = Running::start(restore(stage, &victims, 1).server(&proxy.url()));
        assert!(running.reaches(&proxy));
        running.interrupt();
        // The signal is there before the answer is.
        std::thread::sleep(Duration::from_millis(100));
        proxy.go_on();
        let first = running.end().exits(130);
        let shown = stage.look(&victims);
        let live = shown.iter().filter(|shown| shown.live).count();
        assert!(0 < live && live < USERS, "{live} are live");
        let mut whole = 0;
        for (victim, shown) in victims.iter().zip(&shown) {
            let report = first.object_of(&victim.guid);
            victim.is_truly(shown, &report);
            whole += usize::from(report["outcome"] == "restored");
        }
        // One object at most is half done.
        assert!(live - whole <= 1, "{first}");
        let second = Running::start(resume(stage, &victims, 2)).end();
        stage.went_well(&second, &victims, true);
    });
}
