//! A list of many objects while the connection breaks in the middle of it.

use std::collections::BTreeSet;
use std::time::Duration;

use super::proxy::{After, Fault, Place, Proxy, Script};
use super::running::Running;
use super::stage::{ENABLED, Stage, Victim, impatient, play};
use crate::support::Output;

const OBJECTS: usize = 300;

fn listing(stage: &Stage, tag: &str, proxy: &Proxy, patient: bool) -> Running {
    let list = stage.scene.program().args(["list", tag, "-o", "jsonl"]).server(&proxy.url());
    Running::start(if patient { list } else { impatient(list) })
}

#[track_caller]
fn holds(output: &Output, victims: &[Victim]) {
    let meant: BTreeSet<&str> = victims.iter().map(|v| v.guid.as_str()).collect();
    let lines = output.json_lines();
    let listed: Vec<&str> = lines.iter().map(|l| l["guid"].as_str().unwrap()).collect();
    let different: BTreeSet<&str> = listed.iter().copied().collect();
    assert_eq!(listed.len(), different.len(), "some twice: {}", output.stderr);
    assert!(different == meant, "{} in place of {}: {}", different.len(), meant.len(), output.stderr);
}

#[test]
fn a_list_goes_on_where_the_connection_broke() {
    let Some(owner) = Stage::new() else { return };
    let victims = owner.deleted(OBJECTS, ENABLED);
    let tag = owner.scene.tag.clone();
    let proxy = owner.proxy(Script::QUIET);
    let whole = listing(&owner, &tag, &proxy, true).end().exits(0);
    holds(&whole, &victims);
    let all = proxy.replies();
    assert!(all > 60, "the objects came in {all} records only");

    const FAULTS: [Fault; 4] = [Fault::Unsent, Fault::Torn, Fault::Reset, Fault::Stalled];
    // The first records belong to the handshake and the log-on.
    let places = (12..=all).step_by(all / 18);
    let mut cases: Vec<_> =
        places.enumerate().map(|(i, n)| (n, FAULTS[i % FAULTS.len()], After::Serves)).collect();
    cases.push((all / 2, Fault::Torn, After::Refuses));
    cases.push((all * 3 / 4, Fault::Unsent, After::Refuses));
    cases.push((all * 2 / 3, Fault::Reset, After::Silent));
    play(&cases, 4, |stage, &(n, fault, after)| {
        let proxy = stage.proxy(Script { place: Place::Reply(n), fault, after });
        let patient = after == After::Serves && !fault.is_silence();
        let mut running = listing(stage, &tag, &proxy, patient);
        assert!(running.reaches(&proxy));
        proxy.go_on();
        let (list, took) = running.end_in_time();
        assert!(took < Duration::from_secs(30), "{took:?}");
        if after == After::Serves || proxy.replies() >= all {
            holds(&list.exits(0), &victims);
            return;
        }
        // What was printed until then is whole, and that more was to come is said.
        let list = list.exits(10);
        assert!(list.json_lines().len() < OBJECTS);
        assert!(!list.stderr.is_empty());
    });
}
