//! The second connection of a restore, to the global catalogue: while it breaks nothing has been changed yet.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU8, Ordering};

use super::proxy::{After, Fault, Place, Proxy, Script};
use super::running::Running;
use super::stage::{ENABLED, Stage, Victim, impatient, play};
use super::steps::restore;
use crate::support::Run;

const CATALOGUE: u16 = 3269;

/// The program looks for the catalogue at the server's own address, at its well-known port: so the server is given an
/// address that no other test has.
fn pretended() -> IpAddr {
    static NUMBER: AtomicU8 = AtomicU8::new(1);
    let [high, low] = (std::process::id() as u16).to_be_bytes();
    Ipv4Addr::new(127, 64 | high & 63, low, NUMBER.fetch_add(1, Ordering::Relaxed)).into()
}

fn proxies(stage: &Stage, script: Script) -> [Proxy; 2] {
    let (real, pretended): (IpAddr, IpAddr) = (stage.scene.lab.address.parse().unwrap(), pretended());
    let at = |address, port| SocketAddr::new(address, port);
    [
        Proxy::start(at(pretended, 0), at(real, 636), Script::QUIET),
        Proxy::start(at(pretended, CATALOGUE), at(real, CATALOGUE), script),
    ]
}

fn through(run: Run, server: &Proxy) -> Run {
    // No certificate names the address.
    run.server(&server.url()).env("ADRECOVER_INSECURE", "true")
}

#[test]
fn a_catalogue_that_breaks_off() {
    let Some(stage) = Stage::new() else { return };
    let [victim]: [Victim; 1] = stage.deleted(1, ENABLED).try_into().unwrap();
    let [server, catalogue] = proxies(&stage, Script::QUIET);
    let run = restore(&stage, &victim, &stage.passwords(&victim, 1));
    stage.went_well(&Running::start(through(run, &server)).end(), [&victim], true);
    let all = catalogue.requests();
    assert!(all > 3, "the catalogue was asked {all} times");

    let faults =
        [(Fault::Unsent, After::Serves), (Fault::Stalled, After::Serves), (Fault::Reset, After::Refuses)];
    let cases: Vec<_> = (1..=all).flat_map(|n| faults.map(|(fault, after)| (n, fault, after))).collect();
    play(&cases, 4, |stage, &(n, fault, after)| {
        let [victim] = stage.deleted(1, ENABLED).try_into().unwrap();
        let before = stage.look_at(&victim);
        let files = [1, 2].map(|n| stage.passwords(&victim, n));
        let [server, catalogue] = proxies(stage, Script { place: Place::Request(n), fault, after });
        let run = through(restore(stage, &victim, &files[0]), &server);
        let mut running = Running::start(if fault == Fault::Unsent { run } else { impatient(run) });
        if running.reaches(&catalogue) {
            catalogue.go_on();
        }
        let first = running.end();
        if first.code == Some(0) {
            stage.went_well(&first, [&victim], true);
        } else {
            // Without an answer of the catalogue a logon name may be taken somewhere in the forest.
            assert!(matches!(first.code, Some(6 | 10)), "{first}");
            assert_eq!(stage.look_at(&victim), before, "{first}");
            assert!(!files[0].exists(), "{first}");
        }
        let second = Running::start(restore(stage, &victim, &files[1])).end();
        stage.went_well(&second, [&victim], true);
    });
}
