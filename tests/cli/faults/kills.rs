//! `kill -9` at each request of a restore, then the same command or `operations --resume`.

use std::path::Path;
use std::time::Duration;

use super::proxy::{Fault, Script};
use super::running::Running;
use super::stage::{DISABLED, ENABLED, Stage, Victim, play};
use super::steps::{Size, measured, size};
use crate::support::Run;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// An account that was enabled, enabled with a new password.
    Enable,
    /// One that was disabled, enabled with a new password that must be changed.
    MustChange,
    /// One that was enabled, and comes back disabled.
    Plain,
}

/// When the program is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// The request never left.
    Before,
    /// The server did it, and the program never heard.
    After,
    /// So many milliseconds after the request was passed on.
    Soon(u64),
}

/// What is done then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    SameCommand,
    Resume,
}

impl Wish {
    fn uac(self) -> u32 {
        if self == Self::MustChange { DISABLED } else { ENABLED }
    }

    fn password(self, file: &Path) -> Vec<String> {
        match self {
            Self::Plain => vec![],
            _ => vec![format!("--generate-password={}", file.display())],
        }
    }

    fn restore(self, stage: &Stage, victim: &Victim, passwords: &Path) -> Run {
        let groups = stage.groups_of([victim]);
        let arguments = ["restore", "-o", "json", "--yes", "--guid", &victim.guid, "--upn", &victim.upn];
        let run = stage.program(victim).args(arguments).args(["--groups-from", &groups]);
        match self {
            Self::Enable => run.args(["--enable"]),
            Self::MustChange => run.args(["--enable", "--must-change"]),
            Self::Plain => run,
        }
        .args(self.password(passwords))
    }

    fn resume(self, stage: &Stage, victim: &Victim, passwords: &Path) -> Run {
        let run = stage.program(victim).args(["operations", "--resume", "-o", "json", "--yes"]);
        run.args(self.password(passwords))
    }
}

fn killed(wish: Wish, cases: &[(usize, When, Then)]) {
    play(cases, 4, |stage, &(n, when, then)| {
        let [victim] = stage.deleted(1, wish.uac()).try_into().unwrap();
        let files = [1, 2, 3].map(|n| stage.passwords(&victim, n));
        let fault = match when {
            When::Before => Fault::Unsent,
            When::After => Fault::Unanswered,
            When::Soon(_) => Fault::Pause,
        };
        let proxy = stage.proxy(Script::at_request(n, fault));
        let mut running = Running::start(wish.restore(stage, &victim, &files[0]).server(&proxy.url()));
        if !running.reaches(&proxy) {
            // A read less than usual: it ended before.
            running.end().exits(0);
            return;
        }
        if let When::Soon(wait) = when {
            proxy.go_on();
            std::thread::sleep(Duration::from_millis(wait));
        }
        let first = running.kill();
        proxy.go_on();
        stage.look_at(&victim);

        let mut second = match then {
            Then::Resume => Running::start(wish.resume(stage, &victim, &files[1])).end(),
            // To the letter: the file of passwords may be there.
            Then::SameCommand => Running::start(wish.restore(stage, &victim, &files[0])).end(),
        };
        if then == Then::Resume && second.code == Some(4) {
            // It was killed before or after its operation.
            assert_eq!(second.error()["kind"], "notFound");
            second = Running::start(wish.restore(stage, &victim, &files[1])).end();
        }
        stage.went_well(&second, [&victim], wish != Wish::Plain);
        if wish != Wish::Plain {
            stage.opens(&victim, &files, &[&first, &second]);
        }

        let third = Running::start(wish.restore(stage, &victim, &files[2])).end();
        stage.went_well(&third, [&victim], wish != Wish::Plain);
        assert_eq!(third.object()["outcome"], "alreadyRestored", "{third}");
        assert!(!files[2].exists(), "a password was generated again: {third}");
    });
}

const WAYS: [(When, Then); 4] = [
    (When::Before, Then::SameCommand),
    (When::After, Then::Resume),
    (When::After, Then::SameCommand),
    (When::Before, Then::Resume),
];

/// At every request from the plan on, in so many ways.
fn writing(Size { all, planned }: Size, ways: usize) -> Vec<(usize, When, Then)> {
    let every = |n: usize| (0..ways).map(move |i| (n, WAYS[(2 * n + i) % 4].0, WAYS[(2 * n + i) % 4].1));
    (planned..=all).flat_map(every).collect()
}

fn size_of(wish: Wish) -> Option<Size> {
    let restore = |stage: &Stage, victim: &Victim| wish.restore(stage, victim, &stage.passwords(victim, 1));
    measured(1, wish.uac(), |stage, victims| restore(stage, &victims[0]))
}

#[test]
fn killed_while_an_account_is_enabled() {
    let Some(size) = size() else { return };
    let reading = (1..size.planned).step_by(4).map(|n| (n, WAYS[n % 4].0, WAYS[n % 4].1));
    killed(Wish::Enable, &reading.chain(writing(size, 4)).collect::<Vec<_>>());
}

#[test]
fn killed_while_a_disabled_account_is_enabled_for_a_change_of_password() {
    let Some(size) = size_of(Wish::MustChange) else { return };
    killed(Wish::MustChange, &writing(size, 2));
}

#[test]
fn killed_while_an_account_comes_back_disabled() {
    let Some(size) = size_of(Wish::Plain) else { return };
    killed(Wish::Plain, &writing(size, 2));
}

/// The journal is written between the requests.
#[test]
fn killed_between_the_requests() {
    let Some(Size { all, planned }) = size() else { return };
    let moments = (planned..=all).flat_map(|n| [2 * n, 2 * n + 1]);
    let case = |i: usize| (i / 2, When::Soon([0, 1, 3, 6][i % 4]), WAYS[i / 2 % 4].1);
    killed(Wish::Enable, &moments.map(case).collect::<Vec<_>>());
}
