//! The stand-in held against the real DC: the same requests to both, and every difference in a list with its reason. A listed
//! difference that goes away, and one that is not listed, fail.
//!
//! The scenarios of this suite are held against both as a whole by `tests/honesty`.

mod bin;
mod differences;
mod observe;
mod plain;

use std::fmt::Write;

use crate::support::Scene;
use differences::{DIFFERENCES, Difference};
use observe::Probe;

/// Asks both servers, and compares what they say with the list.
#[track_caller]
fn compare(probes: &[Probe], real: &Scene, stand_in: &Scene) {
    let mut wrong = String::new();
    for probe in probes {
        let (real, stand_in) = ((probe.ask)(real), (probe.ask)(stand_in));
        let listed = DIFFERENCES.iter().find(|d| d.probe == probe.name);
        let problem = match listed {
            None if real == stand_in => continue,
            None => "differs, and is not in the list",
            Some(_) if real == stand_in => "is in the list, and does not differ any more",
            Some(d) if d.real == real && d.stand_in == stand_in => continue,
            Some(_) => "differs in another way than the list says",
        };
        writeln!(wrong, "{}: {problem}\n   real     {real:?}\n   stand-in {stand_in:?}", probe.name).unwrap();
    }
    assert!(wrong.is_empty(), "tests/cli/honesty/differences.rs:\n{wrong}");
}

#[test]
fn with_tombstones() {
    let (Some(real), Some(stand_in)) = (Scene::new(), Scene::stand_in()) else { return };
    compare(plain::PROBES, &real, &stand_in);
}

#[test]
fn with_the_recycle_bin() {
    let (Some(real), Some(stand_in)) = (Scene::with_bin(), Scene::that_undeletes()) else { return };
    compare(bin::PROBES, &real, &stand_in);
}

/// No difference is listed for a probe that is not made.
#[test]
fn every_difference_has_its_probe() {
    let probes: Vec<&str> = plain::PROBES.iter().chain(bin::PROBES).map(|probe| probe.name).collect();
    for Difference { probe, reason, .. } in DIFFERENCES {
        assert!(probes.contains(probe), "{probe}");
        assert!(reason.len() > 10, "{probe} has no reason");
    }
    let mut unique = probes.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), probes.len(), "two probes have one name");
}

const HEAD: &str = "## Where it differs from the real test DC\n";

/// The table of `docs/stand-in.md` is the list.
#[test]
fn the_differences_are_documented() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/stand-in.md");
    let page = std::fs::read_to_string(&path).unwrap_or_default();
    let (before, _) = page.split_once(HEAD).expect("docs/stand-in.md has the heading");
    let mut new = format!(
        "{before}{HEAD}\nWritten by a test (`tests/cli/honesty`), which asks both. A code is the LDAP result, with the Win32 code \
         behind it.\n\n| request | Samba 4.17 (real) | stand-in | reason |\n|---|---|---|---|\n"
    );
    for d in DIFFERENCES {
        let cell = |text: &str| text.replace('|', "\\|");
        writeln!(new, "| {} | {} | {} | {} |", d.probe, cell(d.real), cell(d.stand_in), d.reason).unwrap();
    }
    if std::env::var_os("ADRECOVER_BLESS").is_some() {
        std::fs::write(&path, new).unwrap();
        return;
    }
    assert!(
        page == new,
        "docs/stand-in.md is not the list; if that is right: ADRECOVER_BLESS=1 tests/run cli honesty"
    );
}
