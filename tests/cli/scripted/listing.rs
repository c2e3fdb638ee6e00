//! A list of several pages while a fault strikes: all of it, or an error and whole lines.

use std::collections::BTreeSet;

use adrecover_simdc::fault::Strike;

use super::cases::{Job, Plan};
use super::stand::Stand;
use crate::support::{Output, Run};

fn list(stand: &Stand) -> Run {
    stand.program().args(["list", "-o", "jsonl"])
}

/// What a list printed, line by line.
#[track_caller]
fn guids(output: &Output) -> Vec<String> {
    assert!(output.stdout.is_empty() || output.stdout.ends_with('\n'), "half a line: {output}");
    output.json_lines().iter().map(|line| line["guid"].as_str().unwrap().to_owned()).collect()
}

fn sorted(mut guids: Vec<String>) -> Vec<String> {
    guids.sort();
    guids
}

/// The GUIDs of a list without a fault, sorted.
pub(super) fn undisturbed(stand: &Stand) -> Vec<String> {
    let output = stand.run(list(stand)).exits(0);
    let listed = sorted(guids(&output));
    assert!(listed.len() > 30, "only {} objects", listed.len());
    listed
}

/// Whether the fault struck.
pub(super) fn play(stand: &Stand, plan: &Plan, strike: Strike) -> bool {
    stand.renew(Job::List);
    let usn = stand.server.directory().store.usn();
    stand.server.faults().arm(Some(strike));
    let first = stand.run(list(stand).env("ADRECOVER_TIMEOUT", super::patience(strike)));
    let struck = stand.server.faults().struck();
    let listed = guids(&first);
    let different: BTreeSet<&String> = listed.iter().collect();
    assert_eq!(different.len(), listed.len(), "some twice: {first}");
    assert!(listed.iter().all(|guid| plan.listed.contains(guid)), "some that are not there: {first}");
    if first.code == Some(0) {
        assert_eq!(sorted(listed), plan.listed, "some are missing: {first}");
    } else {
        assert!(first.stderr.lines().any(|line| line.starts_with("error: ")), "no reason: {first}");
    }
    stand.server.faults().arm(None);
    // A list keeps nothing, so that the second one is like any other: a few do.
    if !strike.at.is_multiple_of(super::SECONDS) {
        return struck;
    }
    assert_eq!(undisturbed(stand), plan.listed);
    assert_eq!(stand.server.directory().store.usn(), usn, "a list changed something");
    struck
}
