//! Every fault that the stand-in knows, at every message of a list and of a restore.
//!
//! The servers are in this process: each worker has one at an address of its own, and gives it a fresh copy of the example
//! company for every case. `docs/faults.md` is written from what was tried.

mod cases;
mod listing;
mod page;
mod restoring;
mod stand;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use adrecover_simdc::fault::{Fault, Strike};

use cases::{Case, Job, Plan, Tally};
use stand::Stand;

/// How many programs run at once. Most of the time they wait: for replies that do not come.
const WORKERS: usize = 12;

/// A second run that finds what any run finds, because the first one left nothing or did everything, is made for the faults
/// at every so many messages only. Where something was begun and not ended it is made each time.
const SECONDS: u64 = 4;

/// Messages of two questions that are asked side by side may change places, so that a fault finds nothing to strike.
const TRIES: usize = 5;

#[test]
fn every_fault_at_every_message() {
    let began = Instant::now();
    let plans = Job::ALL.map(Plan::measured);
    let cases: Vec<Case> = plans.iter().flat_map(Plan::cases).filter(chosen).collect();
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(vec![]);
    let tally = Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for number in 0..WORKERS {
            let (cases, next, failures, tally, plans) = (&cases, &next, &failures, &tally, &plans);
            scope.spawn(move || {
                let stand = Stand::new(number);
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let plan = plans.iter().find(|plan| plan.job == case.job).unwrap();
                    match catch_unwind(AssertUnwindSafe(|| plays(&stand, plan, case))) {
                        Ok(true) => tally.lock().unwrap().survived(case),
                        Ok(false) => failures.lock().unwrap().push(format!("{case:?}: never struck")),
                        Err(panic) => failures.lock().unwrap().push(format!("{case:?}: {}", text(&*panic))),
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    let tally = tally.into_inner().unwrap();
    eprintln!("{} in {:.0} s", tally.line(cases.len()), began.elapsed().as_secs_f32());
    assert!(failures.is_empty(), "{} of {} cases:\n{}", failures.len(), cases.len(), failures.join("\n\n"));
    if std::env::var_os(ONLY).is_none() {
        page::compare(&page::written(&plans, &tally));
    }
}

/// Names the cases to play, for whoever looks into some of them: `ADRECOVER_FAULTS="Restore Busy"`.
const ONLY: &str = "ADRECOVER_FAULTS";

fn chosen(case: &Case) -> bool {
    let wanted = std::env::var(ONLY).unwrap_or_default();
    let name = format!("{:?} {:?} {}", case.job, case.strike.fault, case.strike.at);
    let words: Vec<&str> = name.split(' ').collect();
    wanted.split_whitespace().all(|word| words.contains(&word))
}

/// Plays a case until its fault has struck.
fn plays(stand: &Stand, plan: &Plan, case: &Case) -> bool {
    (0..TRIES).any(|_| match case.job {
        Job::List => listing::play(stand, plan, case.strike),
        Job::Restore | Job::RestoreFromBin => restoring::play(stand, plan, case.strike),
    })
}

fn text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default().to_owned()
}

/// How long the program waits for a reply: not for long where none is to come.
fn patience(strike: Strike) -> &'static str {
    if matches!(strike.fault, Fault::Stall | Fault::HalfAndStall) { "1" } else { "15" }
}

/// What goes for every run, whatever it was asked.
#[track_caller]
fn is_sound(output: &crate::support::Output) {
    for text in [&output.stdout, &output.stderr] {
        assert!(!text.contains("panicked") && !text.contains("RUST_BACKTRACE"), "{output}");
    }
    // 1 is for what no server may say, or says of itself.
    let says = |words: &str| output.stdout.contains(words) || output.stderr.contains(words);
    let is_servers = says("sent a malformed reply") || says("the server answered");
    let fits = matches!(output.code, Some(0 | 3 | 6 | 7 | 10)) || output.code == Some(1) && is_servers;
    assert!(fits, "no code that fits a fault of the server: {output}");
}
