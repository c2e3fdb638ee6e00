//! The script of each case: parsed, not run.

use std::collections::BTreeSet;

use adrecover_core::decision_table::{Case, Placeholder};
use proptest::prelude::*;

use super::script::script;
use super::*;

fn guide_of(case: Case, values: &Values) -> (Findings, Guide) {
    let inputs = Inputs {
        on_premises: Some(case.on_premises),
        entra: Some(case.entra),
        mailbox: Some(case.mailbox),
        ..Inputs::default()
    };
    let mut findings = find(&inputs, now());
    findings.values = values.clone();
    let guide = Guide::new(&findings);
    (findings, guide)
}

fn tree(text: &str) -> tree_sitter::Tree {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).unwrap();
    parser.parse(text, None).unwrap()
}

fn nodes<'a>(node: tree_sitter::Node<'a>, out: &mut Vec<tree_sitter::Node<'a>>) {
    out.push(node);
    let mut cursor = node.walk();
    let children: Vec<_> = node.children(&mut cursor).collect();
    children.into_iter().for_each(|child| nodes(child, out));
}

/// The kinds of all nodes, after insisting that the grammar takes the text.
#[track_caller]
fn kinds(text: &str) -> Vec<(&'static str, String)> {
    let tree = tree(text);
    let mut all = vec![];
    nodes(tree.root_node(), &mut all);
    let broken = all.iter().find(|n| n.is_error() || n.is_missing());
    let line = broken.map(|n| (n.start_position().row, text.lines().nth(n.start_position().row)));
    assert!(line.is_none(), "{line:?}\n{text}");
    all.iter().map(|n| (n.kind(), text[n.byte_range()].to_owned())).collect()
}

/// Values that would do harm if anything of them were taken for code.
const NASTY: [&str; 8] = [
    "x'; Remove-Item C:\\ #\u{2019}; Remove-Item C:\\ \u{201c}$(Remove-Item x)`\n'@\r\nRemove-Item y <# \u{fc}",
    "$(Remove-Item x)\u{201e}\u{201f}\"; Remove-Item y; \"$env:x`$(Remove-Item z)",
    "\u{2018}\u{2019}\u{201a}\u{201b}; Remove-Item x; \u{2018}\u{2019}\u{201a}\u{201b}",
    "a\n'@\n\"@\nRemove-Item x\n@'\n@\"",
    "#>\nRemove-Item x\n<#",
    "-- -Confirm:$false; Remove-Item x",
    "\0\u{7}\u{1b}[2J\u{85}\u{2028}\u{2029}\u{202e}\u{2066}; Remove-Item x",
    "\\'; Remove-Item x; \\' }}} ) ] Remove-Item x",
];

fn all_of(value: &str) -> Values {
    let mut values = Values::default();
    Placeholder::ALL.iter().for_each(|placeholder| values.set(*placeholder, value));
    values
}

fn command_names(text: &str) -> BTreeSet<String> {
    kinds(text).into_iter().filter(|(kind, _)| *kind == "command_name").map(|(_, t)| t).collect()
}

#[test]
fn the_scripts_of_all_cases_are_taken_by_a_grammar() {
    for case in Case::all() {
        let (findings, guide) = guide_of(case, &Values::default());
        let plain = command_names(&script(&findings, &guide));
        assert!(!plain.contains("Remove-Mailbox"), "{case}: only a person does that");
        assert!(!plain.contains("ntdsutil") && !plain.contains("adrecover"), "{case}");
        for value in [None].into_iter().chain(NASTY.map(Some)) {
            let (findings, guide) = guide_of(case, &value.map(all_of).unwrap_or_default());
            let text = script(&findings, &guide);
            let names: BTreeSet<String> =
                command_names(&text).into_iter().filter(|name| name != "Get-Value").collect();
            let plain: BTreeSet<String> = plain.iter().filter(|name| *name != "Get-Value").cloned().collect();
            assert_eq!(names, plain, "{case}: a value became code\n{text}");
            assert!(text.is_ascii() && !text.contains(['\t', '\0', '\r']), "{case}");
            assert!(
                text.starts_with("#Requires -Version 5.1\n")
                    && text.contains("PARSED")
                    && text.contains("NOT RUN")
            );
            assert!(text.contains("SupportsShouldProcess") && text.contains("param("));
            // Only a value that is not known is asked for.
            assert!(value.is_none() || !text.contains(" = Get-Value $"), "{case}\n{text}");
        }
    }
}

/// What PowerShell expands holds nothing of the directory: the only texts in double quotes are this program's own.
#[test]
fn nothing_of_the_directory_stands_in_double_quotes() {
    let constant = ["\"'\"", "\"''\"", "\"activityDisplayName eq 'Change user license'\""];
    for case in Case::all() {
        let (findings, guide) = guide_of(case, &all_of(NASTY[1]));
        for (kind, text) in kinds(&script(&findings, &guide)) {
            let is_expandable = kind.contains("expandable");
            assert!(!is_expandable || constant.contains(&text.as_str()), "{case}: {kind} {text}");
            assert!(!kind.contains("here_string"), "{case}: {kind} {text}");
        }
    }
}

/// What is read by a wildcard or a pattern is this program's own.
#[test]
fn nothing_of_the_directory_is_a_pattern() {
    for case in Case::all() {
        let (findings, guide) = guide_of(case, &Values::default());
        for line in
            script(&findings, &guide).lines().filter(|l| l.contains(" -like ") || l.contains(" -match "))
        {
            assert!(line.contains("-match '^EXCHANGE_S_"), "{case}: {line}");
        }
    }
}

#[test]
fn each_variable_is_a_parameter_or_set_before() {
    for case in Case::all() {
        let (findings, guide) = guide_of(case, &Values::default());
        let text = script(&findings, &guide);
        let (head, body) = text.split_once("Set-StrictMode").unwrap();
        let known = [
            "PSCmdlet",
            "WhatIfPreference",
            "ErrorActionPreference",
            "_",
            "true",
            "false",
            "answer",
            "Title",
            "Text",
            "Script",
            "Look",
            "Value",
            "Name",
            "Tells",
            "Answer",
            "Question",
        ];
        for (_, name) in
            kinds(&format!("Set-StrictMode{body}")).into_iter().filter(|(kind, _)| *kind == "variable")
        {
            let name = name.trim_start_matches('$');
            let is_set = body.contains(&format!("${name} = "));
            let is_parameter = ["string", "int[]"].iter().any(|t| head.contains(&format!("[{t}] ${name}")));
            assert!(known.contains(&name) || is_set || is_parameter, "{case}: ${name}\n{text}");
        }
        // A parameter that nothing uses would be asked for in vain.
        for (_, declared) in kinds(&text).iter().filter(|(kind, _)| *kind == "script_parameter") {
            let name = declared.rsplit_once('$').unwrap().1.split([' ', '\n']).next().unwrap();
            assert!(body.contains(&format!("${name}")), "{case}: {name} is not used");
        }
    }
}

/// What changes something is below a question, and what destroys below a check and a second one.
#[test]
fn nothing_is_changed_without_a_question() {
    let mut destructive = 0;
    for case in Case::all() {
        let (findings, guide) = guide_of(case, &Values::default());
        let text = script(&findings, &guide);
        for line in text.lines() {
            let changes = [
                "Remove-",
                "Restore-Mg",
                "Set-Mg",
                "Update-Mg",
                "New-Mailbox",
                "Undo-",
                "Move-AD",
                "Set-AD",
                "Set-Mailbox",
                "Start-ADSync",
            ];
            if changes.iter().any(|verb| line.trim_start().starts_with(verb)) {
                assert!(line.starts_with("        "), "{case}: not below a question: {line}");
            }
        }
        for (at, _) in text.match_indices("ShouldContinue") {
            let before = &text[..at];
            let (_, block) = before.rsplit_once("ShouldProcess").unwrap();
            assert!(block.contains("throw"), "{case}: no check before a destructive line");
            destructive += 1;
        }
        // Held is said wherever it ends.
        let holds = guide.steps.iter().any(|s| s.id == "holdSync");
        assert_eq!(text.matches("still held").count(), if holds { 2 } else { 0 }, "{case}");
        assert_eq!(text.contains("$SyncIsHeld = $true"), holds, "{case}");
        let expected = guide.steps.iter().filter(|s| s.destructive && !s.step.is_by_hand).count();
        assert_eq!(text.matches("ShouldContinue").count(), expected, "{case}");
    }
    assert!(destructive >= 3, "{destructive}");
}

/// Nobody is asked before a step has shown what tells, and with `-WhatIf` nobody is asked at all.
#[test]
fn questions_come_after_what_tells() {
    let (findings, guide) = guide_of(case("present/present/soft-deleted"), &Values::default());
    let text = script(&findings, &guide);
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("no {part}\n{text}"));
    assert!(at("Select-Object ExternalDirectoryObjectId") < at("$IdsEqual = Get-Answer"), "{text}");
    assert!(at("Set-MgUserLicense") < at("$Reconnected = Get-Answer"), "{text}");
    assert!(at("$Reconnected = Get-Answer") < at("Set-ADSyncScheduler -SyncCycleEnabled $false"), "{text}");
    assert!(!text.contains("Mandatory"), "{text}");
    for (_, call) in kinds(&text).iter().filter(|(kind, _)| *kind == "command") {
        assert!(
            !call.starts_with("Read-Host")
                || text.contains(&format!("$answer = {call}"))
                || call.contains('$'),
            "{call}"
        );
    }
}

/// A step that is not needed is not asked about.
#[test]
fn what_is_not_needed_is_skipped() {
    let (findings, guide) = guide_of(case("managed/soft-deleted/soft-deleted"), &Values::default());
    let text = script(&findings, &guide);
    let needless = text.find("$needless = if (-not $WhatIfPreference) { Get-MgUserLicenseDetail").unwrap();
    assert!(needless < text.find("Set-MgUserLicense").unwrap(), "{text}");
    assert!(
        text.contains("if ($needless) {") && text.contains("} elseif ($PSCmdlet.ShouldProcess("),
        "{text}"
    );
}

fn case(name: &str) -> Case {
    Case::all().find(|c| c.to_string() == name).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// For the grammar, too, a value is one expression.
    #[test]
    fn a_value_changes_no_structure(value in "(?s)[a'\"`$\u{2018}\u{2019}\u{201a}\u{201b}\u{201c}\u{201d}\u{201e}\n\r;#@(){}\u{fc}\u{1f600}]{1,16}") {
        let case = case("managed/soft-deleted/soft-deleted");
        let mut values = Values::default();
        values.set(Placeholder::Upn, value);
        let (findings, guide) = guide_of(case, &values);
        let text = script(&findings, &guide);
        let names = |text: &str| -> Vec<String> {
            kinds(text).into_iter().filter(|(kind, _)| *kind == "command_name").map(|(_, t)| t).collect()
        };
        values.set(Placeholder::Upn, "plain");
        let (findings, guide) = guide_of(case, &values);
        prop_assert_eq!(names(&text), names(&script(&findings, &guide)));
    }
}
