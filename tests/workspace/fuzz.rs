//! Each fuzz target has its corpus, its binary and its place in the tests, and nothing is left over.

use std::collections::BTreeSet;
use std::path::Path;

use super::{root, tracked};

/// The names in a folder, without the ending.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|e| e.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn every_fuzz_target_has_all_that_it_needs() {
    let fuzz = root().join("tests/fuzz");
    let targets = names(&fuzz.join("fuzz_targets"));
    assert!(!targets.is_empty());
    assert_eq!(targets, names(&fuzz.join("corpus")), "the targets and the folders of the corpus");
    let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    let tracked = tracked();
    for target in &targets {
        let bin = format!("[[bin]]\nname = \"{target}\"\npath = \"fuzz_targets/{target}.rs\"\n");
        assert!(manifest.contains(&bin), "{target} is no binary of tests/fuzz/Cargo.toml");
        let seeds = format!("tests/fuzz/corpus/{target}/");
        assert!(tracked.iter().any(|f| f.starts_with(&seeds)), "no seed of {target} is committed");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), targets.len());
    // Each is called by the tests of the crate that its file names.
    let list = |text: String| {
        let (_, list) = text.split_once("pub const TARGETS: &[Target] = &[")?;
        list.split_once("];").map(|(list, _)| list.to_owned())
    };
    let replayed: Vec<String> = tracked
        .iter()
        .filter(|f| f.starts_with("crates/") && f.contains("/fuzzing") && f.ends_with(".rs"))
        .filter_map(|f| list(std::fs::read_to_string(root().join(f)).unwrap()))
        .collect();
    for target in &targets {
        let pair = format!("(\"{target}\", {target})");
        let lists = replayed.iter().filter(|text| text.contains(&pair)).count();
        assert_eq!(lists, 1, "{target} is in {lists} of the lists of targets");
    }
    let listed: usize = replayed.iter().map(|text| text.matches("(\"").count()).sum();
    assert_eq!(listed, targets.len(), "a function that is replayed has no target");
}
