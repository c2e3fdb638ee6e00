//! Rules of the workspace that a compiler does not know: the layers, the dependencies, and what must not be in it.

#![expect(clippy::unwrap_used, reason = "these are tests: what does not work shall stop them")]

mod fuzz;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The crates of the workspace and what each may use of the others and of the libraries with a layer of their own.
/// `docs/architecture.md` says why.
const LAYERS: [(&str, &[&str]); 9] = [
    ("adrecover-core", &["base64", "chrono", "serde", "serde_json", "thiserror", "uuid"]),
    (
        "adrecover-ldap",
        &[
            "adrecover-core",
            "bytes",
            "chrono",
            "cross-krb5",
            "hickory-resolver",
            "lber",
            "ldap3",
            "ring",
            "rustls",
            "rustls-native-certs",
            "rustls-pki-types",
            "secrecy",
            "thiserror",
            "tokio",
            "tokio-rustls",
        ],
    ),
    (
        "adrecover-journal",
        &[
            "adrecover-core",
            "chrono",
            "futures-core",
            "ring",
            "rusqlite",
            "rustls",
            "rustls-native-certs",
            "rustls-pki-types",
            "thiserror",
            "tokio",
            "tokio-postgres",
            "tokio-rustls",
            "zeroize",
        ],
    ),
    (
        "adrecover-offline",
        &[
            "adrecover-core",
            "base64",
            "bzip2",
            "chrono",
            "evtx",
            "flate2",
            "serde_json",
            "tempfile",
            "thiserror",
        ],
    ),
    (
        "adrecover-agent",
        &[
            "adrecover-core",
            "adrecover-journal",
            "chrono",
            "hyper",
            "hyper-util",
            "reqwest",
            "serde",
            "serde_json",
            "thiserror",
            "tokio",
            "zeroize",
        ],
    ),
    (
        "adrecover-engine",
        &[
            "adrecover-core",
            "chrono",
            "getrandom",
            "rusqlite",
            "secrecy",
            "serde",
            "serde_json",
            "thiserror",
            "tokio",
            "uuid",
            "zeroize",
        ],
    ),
    (
        "adrecover-hybrid",
        &[
            "adrecover-core",
            "base64",
            "chrono",
            "csv",
            "reqwest",
            "ring",
            "roxmltree",
            "rustls",
            "rustls-native-certs",
            "rustls-pki-types",
            "secrecy",
            "serde",
            "serde_json",
            "thiserror",
            "tokio",
            "uuid",
        ],
    ),
    (
        "adrecover-simdc",
        &[
            "adrecover-core",
            "chrono",
            "rasn",
            "rasn-ldap",
            "rcgen",
            "rustls",
            "serde_json",
            "sha2",
            "thiserror",
            "tokio",
            "tokio-rustls",
            "uuid",
        ],
    ),
    (
        "adrecover",
        &[
            "adrecover-agent",
            "adrecover-core",
            "adrecover-engine",
            "adrecover-hybrid",
            "adrecover-journal",
            "adrecover-ldap",
            "adrecover-offline",
            "adrecover-simdc",
            "chrono",
            "clap",
            "clap_complete",
            "clap_mangen",
            "csv",
            "rpassword",
            "rustix",
            "secrecy",
            "serde",
            "serde_json",
            "sha2",
            "tabled",
            "tempfile",
            "terminal_size",
            "tokio",
            "toml",
            "toml_edit",
            "whoami",
            "windows-service",
            "zeroize",
        ],
    ),
];

/// The licences of dependencies that fit MIT OR Apache-2.0.
const LICENCES: [&str; 14] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
    "bzip2-1.0.6",
];

/// Libraries that must not come in by any way: other TLS stacks, and a crate that is unmaintained.
const BANNED: [&str; 6] = ["openssl", "openssl-sys", "native-tls", "aws-lc-sys", "sspi", "backoff"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn metadata() -> Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata["packages"].as_array().unwrap().iter()
}

fn tracked() -> Vec<String> {
    let output = Command::new("git").args(["ls-files"]).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn each_crate_uses_what_its_layer_may() {
    let metadata = metadata();
    let mut seen = BTreeSet::new();
    for package in packages(&metadata).filter(|p| p["source"].is_null()) {
        let name = package["name"].as_str().unwrap();
        let (_, allowed) =
            LAYERS.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("{name} has no layer"));
        seen.insert(name.to_owned());
        for dependency in package["dependencies"].as_array().unwrap() {
            let is_normal = dependency["kind"].is_null();
            let uses = dependency["name"].as_str().unwrap();
            assert!(!is_normal || allowed.contains(&uses), "{name} must not use {uses}");
            // Only the program (for its demo) and its tests know the stand-in.
            assert!(uses != "adrecover-simdc" || name == "adrecover", "{name} must not use {uses}");
        }
    }
    assert_eq!(seen.len(), LAYERS.len());
}

/// A stand-in must not be taken for a directory: of what is released, only the demo knows it.
#[test]
fn only_the_demo_knows_the_stand_in() {
    let demo = ["crates/cli/src/commands/demo.rs", "crates/cli/src/commands/demo/"];
    let mut users = 0;
    for file in tracked() {
        let is_released = file.contains("/src/") && !file.starts_with("crates/simdc/");
        if !is_released || !file.ends_with(".rs") {
            continue;
        }
        let text = std::fs::read_to_string(root().join(&file)).unwrap();
        if text.contains("adrecover_simdc") {
            assert!(demo.iter().any(|place| file.starts_with(place)), "{file} uses the stand-in");
            users += 1;
        }
    }
    assert!(users > 0, "where is the demo?");
}

#[test]
fn licences_fit() {
    let metadata = metadata();
    for package in packages(&metadata).filter(|p| !p["source"].is_null()) {
        let name = package["name"].as_str().unwrap();
        let expression = package["license"].as_str().unwrap_or_default().replace('/', " OR ");
        // Enough for the expressions that occur: every AND part needs one OR part that fits.
        let fits = expression.split(" AND ").all(|part| {
            part.trim_matches(['(', ')'])
                .split(" OR ")
                .any(|l| LICENCES.contains(&l.trim_matches(['(', ')', ' '])))
        });
        assert!(fits, "{name} has the licence `{expression}`");
    }
}

#[test]
fn nothing_banned_comes_in() {
    let metadata = metadata();
    let names: BTreeSet<&str> = packages(&metadata).filter_map(|p| p["name"].as_str()).collect();
    for banned in BANNED {
        assert!(!names.contains(banned), "{banned} came in");
    }
}

#[test]
fn the_libraries_that_matter_are_there_once() {
    let metadata = metadata();
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages(&metadata) {
        let (name, version) = (package["name"].as_str().unwrap(), package["version"].as_str().unwrap());
        versions.entry(name).or_default().insert(version);
    }
    for name in
        ["ldap3", "lber", "rustls", "ring", "tokio", "clap", "serde", "uuid", "chrono", "tabled", "rusqlite"]
    {
        assert_eq!(versions.get(name).map(BTreeSet::len), Some(1), "{name}: {:?}", versions.get(name));
    }
}

#[test]
fn the_top_level_is_as_agreed() {
    let allowed =
        ["Cargo.toml", "Cargo.lock", "crates", "tests", "docs", "README.md", "LICENSE-MIT", "LICENSE-APACHE"];
    for file in tracked() {
        let top = file.split('/').next().unwrap();
        assert!(top.starts_with('.') || allowed.contains(&top), "{file} does not belong at the top level");
    }
}

#[test]
fn the_readme_is_short_and_links_lead_somewhere() {
    let root = root();
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    assert!(readme.lines().count() < 150, "{} lines", readme.lines().count());
    for file in tracked().iter().filter(|f| f.ends_with(".md")) {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        let folder = root.join(file).parent().unwrap().to_owned();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = target.split('#').next().unwrap();
            let is_local = !path.is_empty() && !path.contains("://") && !path.contains(' ');
            assert!(!is_local || folder.join(path).exists(), "{file} links to {target}");
        }
    }
}

#[test]
fn no_file_is_too_long_and_none_names_a_machine() {
    /// Test data of several formats, and scripts, may be longer.
    const LINES: usize = 600;
    let home = ["/ro", "ot/"].concat();
    let work = ["/wo", "rk/"].concat();
    for file in tracked() {
        let Ok(text) = std::fs::read_to_string(root().join(&file)) else { continue };
        if file.ends_with(".rs") {
            assert!(text.lines().count() <= LINES, "{file} has {} lines", text.lines().count());
        }
        for path in [&home, &work] {
            assert!(file == "Cargo.lock" || !text.contains(path.as_str()), "{file} names {path}");
        }
    }
}
