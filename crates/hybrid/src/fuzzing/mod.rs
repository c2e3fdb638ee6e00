//! What the fuzz targets call (`tests/fuzz`): one function for each reader of foreign octets here, which asserts what must
//! hold whatever comes in. The tests call them too, with the corpus and mutations of it.

use std::path::Path;

use adrecover_core::Dn;

use crate::scope::{Evaluator, ObjectFacts, ScopeError, SyncScope, of_text};

/// A target and its name.
pub type Target = (&'static str, fn(&[u8]));

/// Every target by its name.
pub const TARGETS: &[Target] = &[
    ("graph_answer", graph_answer),
    ("sync_json", sync_json),
    ("sync_xml", sync_xml),
    ("text_file", text_file),
];

/// What stands in the seeds where an export has cookies and passwords.
const SECRET: &str = "c00kie-0f-the-c0nnect0r";

/// An answer of Graph: a page of a list, or a refusal.
pub fn graph_answer(data: &[u8]) {
    crate::graph::fuzzed(data);
}

/// A configuration as JSON: connectors, the wizard's policy, a schema of Cloud Sync.
pub fn sync_json(data: &[u8]) {
    configuration(data);
}

/// A configuration as XML: a connector, a rule, the global settings, Clixml.
pub fn sync_xml(data: &[u8]) {
    configuration(data);
}

fn configuration(data: &[u8]) {
    let Some(text) = adrecover_core::text::decode(data.to_vec()) else { return };
    let lines = text.lines().count().max(1);
    match of_text(Path::new("x"), text.clone()) {
        Ok(scope) => {
            in_the_file(&scope, lines);
            verdicts(&scope, lines);
        }
        Err(error) => {
            let said = format!("{error} {error:?}");
            assert!(!said.contains(SECRET), "an error repeats a secret");
            assert!(said.len() <= 12 * text.len() + 600, "an error is longer than what it is about");
            let is_contradiction = matches!(error, ScopeError::Contradiction { .. });
            assert!(is_contradiction || !error.to_string().contains('\n'), "an error has several lines");
        }
    }
}

/// What was read has its place in the file.
fn in_the_file(scope: &SyncScope, lines: usize) {
    let is_there = |line: u32| (1..=lines + 1).contains(&(line as usize));
    for connector in &scope.connectors {
        assert!(is_there(connector.at.line), "line {} of {lines}", connector.at.line);
        for partition in &connector.partitions {
            let listed = partition.inclusions.iter().chain(&partition.exclusions);
            assert!(listed.map(|l| l.at.line).all(is_there));
        }
    }
}

/// Each listed container has the verdict that its list gives it.
fn verdicts(scope: &SyncScope, lines: usize) {
    let evaluator = Evaluator::new(scope);
    let mut asked: Vec<Dn> = vec![Dn::default()];
    for partition in scope.connectors.iter().flat_map(|c| &c.partitions) {
        asked.push(partition.dn.clone());
        asked.extend(partition.inclusions.iter().chain(&partition.exclusions).take(20).map(|l| l.dn.clone()));
    }
    for dn in asked.iter().take(60) {
        for verdict in [evaluator.container(dn), evaluator.verdict(dn, &ObjectFacts::name_only())] {
            assert_eq!(verdict.in_scope.is_none(), verdict.reason.name() == "unknown");
            assert_eq!(verdict.in_scope == Some(true), verdict.reason.name() == "includedBy");
            let line = verdict.because.and_then(|b| b.line).unwrap_or(1);
            assert!((1..=lines + 1).contains(&(line as usize)));
        }
    }
}

/// The text of a file in whatever encoding: the same text in each is read as the same.
pub fn text_file(data: &[u8]) {
    let Some(text) = adrecover_core::text::decode(data.to_vec()) else { return };
    assert!(text.len() <= 2 * data.len(), "it grows");
    let marked: Vec<u16> = std::iter::once(0xfeff).chain(text.encode_utf16()).collect();
    let little: Vec<u8> = marked.iter().flat_map(|u| u.to_le_bytes()).collect();
    let big: Vec<u8> = marked.iter().flat_map(|u| u.to_be_bytes()).collect();
    let utf8 = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    for octets in [little, big, utf8] {
        assert_eq!(adrecover_core::text::decode(octets).as_deref(), Some(text.as_str()));
    }
}

#[cfg(test)]
#[path = "../../../../tests/fuzz/replay.rs"]
pub(crate) mod replay;

#[cfg(test)]
mod tests {
    #[test]
    fn the_corpus_and_mutations_of_it() {
        super::replay::all(super::TARGETS, 2000);
    }
}
