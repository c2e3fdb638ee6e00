//! One user restored with everything that a restore can do, while the connection breaks at each of its requests.

use std::path::Path;
use std::sync::OnceLock;

use super::proxy::{Fault, Script};
use super::running::Running;
use super::stage::{ENABLED, Stage, Victim, impatient, play};
use crate::support::Run;

const FAULTS: [Fault; 6] =
    [Fault::Unsent, Fault::Unanswered, Fault::Reset, Fault::Torn, Fault::Stalled, Fault::Late];

/// The restore that is disturbed: undelete, logon name, password, two groups.
pub(super) fn restore(stage: &Stage, victim: &Victim, passwords: &Path) -> Run {
    let generate = format!("--generate-password={}", passwords.display());
    let groups = stage.groups_of([victim]);
    let arguments =
        ["restore", "-o", "json", "--yes", "--guid", &victim.guid, "--upn", &victim.upn, "--enable"];
    stage.program(victim).args(arguments).args([&generate, "--groups-from", &groups])
}

/// How many requests a restore takes, and which is the first one after the plan was made. Reads go on side by side, so
/// that both may be off by one or two.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) all: usize,
    pub(super) planned: usize,
}

/// Measures a restore of users that were deleted, with nothing in its way.
pub(super) fn measured(users: usize, uac: u32, restore: impl Fn(&Stage, &[Victim]) -> Run) -> Option<Size> {
    let stage = Stage::new()?;
    let victims = stage.deleted(users, uac);
    let proxy = stage.proxy(Script::QUIET);
    let run = || restore(&stage, &victims).server(&proxy.url());
    Running::start(run().args(["--dry-run"])).end().exits(0);
    // The last record of each run closes the connection.
    let planned = proxy.requests();
    Running::start(run()).end().exits(0);
    Some(Size { all: proxy.requests() - planned, planned: planned - 1 })
}

/// The size of [`restore`]; `None` where there is no lab.
pub(super) fn size() -> Option<Size> {
    static SIZE: OnceLock<Option<Size>> = OnceLock::new();
    *SIZE.get_or_init(|| {
        measured(1, ENABLED, |stage, victims| restore(stage, &victims[0], &stage.passwords(&victims[0], 1)))
    })
}

/// Before the first write all requests are alike: each of them gets one of the faults. From there on each gets one of every
/// kind.
fn cases(Size { all, planned }: Size) -> Vec<(usize, Fault)> {
    let reading = (1..planned).map(|n| (n, FAULTS[n % FAULTS.len()]));
    let kinds = |n: usize| {
        let silence = if n.is_multiple_of(2) { Fault::Stalled } else { Fault::Late };
        [Fault::Unsent, Fault::Unanswered, Fault::Reset, silence]
    };
    let writing = (planned..=all).flat_map(|n| kinds(n).map(|fault| (n, fault)));
    reading.chain(writing).collect()
}

#[test]
fn a_connection_that_breaks_at_each_request() {
    let Some(size) = size() else { return };
    play(&cases(size), 4, |stage, &(n, fault)| {
        let [victim] = stage.deleted(1, ENABLED).try_into().unwrap();
        let before = stage.look_at(&victim);
        let files = [1, 2].map(|n| stage.passwords(&victim, n));
        let proxy = stage.proxy(Script::at_request(n, fault));
        let run = restore(stage, &victim, &files[0]).server(&proxy.url());
        let mut running = Running::start(if fault.is_silence() { impatient(run) } else { run });
        if running.reaches(&proxy) {
            stage.look_at(&victim);
            proxy.go_on();
        }
        let first = running.end();
        // Until then it connects and logs on. A server that takes too long for a question is not asked it again.
        let may_give_up = n <= 3 || fault.is_silence();
        if first.code == Some(10) && may_give_up && !files[0].exists() {
            assert_eq!(first.error()["kind"], "unreachable");
            assert_eq!(stage.look_at(&victim), before, "{first}");
        } else {
            stage.went_well(&first, [&victim], true);
        }
        let second = Running::start(restore(stage, &victim, &files[1])).end();
        stage.went_well(&second, [&victim], true);
        stage.opens(&victim, &files, &[&first, &second]);
        // Only a password that was not known to have been set is set again.
        assert_eq!(files[1].exists(), !files[0].exists(), "{first}\n{second}");
    });
}
