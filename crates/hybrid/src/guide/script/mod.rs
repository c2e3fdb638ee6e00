//! The steps as a PowerShell script: with parameters, checks, and a question before each change.
//!
//! It does what PowerShell does in the cloud, on the sync server and with the ActiveDirectory module. Everything else (this program,
//! Exchange's own shell, portals, support, what a person has to decide) it says, and waits. What is not known yet is asked for when
//! it is needed: many values and answers are seen only in what an earlier step shows.

mod frame;
mod step;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use adrecover_core::decision_table::{Placeholder, Question};
use adrecover_core::powershell::{Letters, quoted};

use super::{Findings, Guide};

/// What the steps use of what the script is given.
#[derive(Default)]
struct Used {
    values: BTreeSet<Placeholder>,
    questions: BTreeSet<Question>,
}

/// The script for what was found. The guide has to be made of the same findings.
pub fn script(findings: &Findings, guide: &Guide) -> String {
    let mut body = String::new();
    let mut used = Used::default();
    for one in &guide.steps {
        body.push_str(&step::text(one, findings, &mut used));
    }
    let case = guide.case.as_deref().unwrap_or("that is not known");
    let has_sync = body.contains("Invoke-OnSyncServer {");
    format!(
        "{}\n{}\n[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]\nparam(\n{}\n)\n\n{}{}{}{body}{}",
        frame::requires(&body),
        frame::HEADER.replace("%CASE%", case),
        parameters(findings, &used, has_sync).join(",\n"),
        frame::FUNCTIONS,
        if has_sync { frame::ON_SYNC_SERVER } else { "" },
        frame::held(guide),
        frame::end(guide),
    )
}

/// Values that are known are defaults; the others are asked for where they are needed.
fn parameters(findings: &Findings, used: &Used, has_sync: bool) -> Vec<String> {
    let mut all = vec![];
    for placeholder in &used.values {
        let mut text = format!("    # {}\n    ", placeholder.tells());
        let name = placeholder.parameter();
        let _ = match findings.values.get(*placeholder) {
            Some(value) => {
                let value = quoted(value, Letters::Encoded);
                write!(text, "[ValidateNotNullOrEmpty()] [string] ${name} = {value}")
            }
            None => write!(text, "[string] ${name} = ''"),
        };
        all.push(text);
    }
    for question in &used.questions {
        let text = format!(
            "    # {}\n    [ValidateSet('yes', 'no', '')] [string] ${} = ''",
            question.text(),
            variable(*question)
        );
        all.push(text);
    }
    all.push("    # the numbers of steps to leave out\n    [int[]] $SkipStep = @()".to_owned());
    if has_sync {
        let text =
            "    # the server of Entra Connect Sync; empty where this is it\n    [string] $SyncServer = ''";
        all.push(text.to_owned());
    }
    all
}

/// The parameter for an open question.
fn variable(question: Question) -> String {
    let name = question.name();
    let (first, rest) = name.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

/// Text of our own in a comment; a letter beyond ASCII has no place in the script.
fn ascii(text: &str) -> String {
    text.replace('…', "...").chars().map(|c| if c.is_ascii() { c } else { '?' }).collect()
}

/// Text as an expression. Lines stay lines: each is a literal of its own.
fn literal(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| quoted(line, Letters::Encoded)).collect();
    match lines.as_slice() {
        [] => "''".to_owned(),
        [one] => one.clone(),
        all => format!("(@({}) -join [Environment]::NewLine)", all.join(", ")),
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}
