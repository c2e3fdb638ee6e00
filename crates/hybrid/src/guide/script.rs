//! The steps as a PowerShell script: with parameters, checks, and a question before each change.
//!
//! It does what PowerShell does in the cloud, on the sync server and with the ActiveDirectory module. Everything else (this program,
//! Exchange's own shell, portals, support, what a person has to decide) it says, and waits.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use adrecover_core::decision_table::{Branch, By, Place, Placeholder, Question, Style, fill};
use adrecover_core::powershell::{Letters, quoted};

use super::{Findings, Guide, StepDocument};

/// Which module a command comes from, by what its name begins with; the longest counts.
const MODULES: [(&str, &str); 12] = [
    ("Connect-MgGraph", "Microsoft.Graph.Authentication"),
    ("Get-MgUser", "Microsoft.Graph.Users"),
    ("Update-MgUser", "Microsoft.Graph.Users"),
    ("Remove-MgUser", "Microsoft.Graph.Users"),
    ("Set-MgUserLicense", "Microsoft.Graph.Users.Actions"),
    ("Get-MgDirectoryDeletedItemAsUser", "Microsoft.Graph.Identity.DirectoryManagement"),
    ("Restore-MgDirectoryDeletedItem", "Microsoft.Graph.Identity.DirectoryManagement"),
    ("Connect-ExchangeOnline", "ExchangeOnlineManagement"),
    ("Get-Mailbox", "ExchangeOnlineManagement"),
    ("Get-EXOMailbox", "ExchangeOnlineManagement"),
    ("Set-ADUser", "ActiveDirectory"),
    ("Move-ADObject", "ActiveDirectory"),
];

const HEADER: &str = "\
# What to do for the case %CASE%.
#
# Written by adrecover guide --script. This script was PARSED by a grammar of PowerShell in adrecover's tests. It was NOT RUN
# against any tenant: read it before you run it, and run it with -WhatIf first. It asks before each change, and stops at the
# first error and the first No. To leave steps out, or to go on later: -SkipStep 1, 2, 3. It is ASCII; values of the directory
# are literals in single quotes, in which PowerShell expands nothing.
";

const FUNCTIONS: &str = "\
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'

# Says what somebody has to do elsewhere, and waits for it.
function Wait-ForPerson {
    param([string] $Title, [string] $Text)
    Write-Host ''
    Write-Host $Title
    if ($Text) { Write-Host $Text }
    if ($WhatIfPreference) { return }
    do { $answer = Read-Host 'Done? Type yes to go on, stop to end' } until ($answer -in 'yes', 'stop')
    if ($answer -eq 'stop') { throw 'stopped' }
}
";

const ON_SYNC_SERVER: &str = "
# Runs something on the sync server: here, where no other computer was named.
function Invoke-OnSyncServer {
    param([scriptblock] $Script)
    if ($SyncServer) { Invoke-Command -ComputerName $SyncServer -ScriptBlock $Script } else { & $Script }
}
";

/// The script for what was found. The guide has to be made of the same findings.
pub fn script(findings: &Findings, guide: &Guide) -> String {
    let mut body = String::new();
    let mut used = BTreeSet::new();
    let mut asked = BTreeSet::new();
    for step in &guide.steps {
        let text = step_text(step, &mut used);
        asked.extend(step.open.iter().map(|b| b.question));
        body.push_str(&guarded(step, &text));
    }
    let mut out = String::new();
    for module in modules(&body) {
        let _ = writeln!(out, "#Requires -Modules {module}");
    }
    let requires = format!("#Requires -Version 5.1\n{out}");
    let case = guide.case.as_deref().unwrap_or("that is not known");
    let has_sync = body.contains("Invoke-OnSyncServer {");
    let parameters = parameters(findings, &used, &asked, has_sync);
    format!(
        "{requires}\n{}\n[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]\nparam(\n{}\n)\n\n{FUNCTIONS}{}{body}",
        HEADER.replace("%CASE%", case),
        parameters.join(",\n"),
        if has_sync { ON_SYNC_SERVER } else { "" },
    )
}

fn modules(body: &str) -> BTreeSet<&'static str> {
    MODULES.iter().filter(|(command, _)| body.contains(command)).map(|(_, module)| *module).collect()
}

/// Values that are known are defaults; the others have to be given.
fn parameters(
    findings: &Findings,
    used: &BTreeSet<Placeholder>,
    asked: &BTreeSet<Question>,
    has_sync: bool,
) -> Vec<String> {
    let mut all = vec![];
    for placeholder in used {
        let name = placeholder.parameter();
        let declaration = match findings.values.get(*placeholder) {
            Some(value) => {
                format!(
                    "    [ValidateNotNullOrEmpty()] [string] ${name} = {}",
                    quoted(value, Letters::Encoded)
                )
            }
            None => format!(
                "    # {}\n    [Parameter(Mandatory)] [ValidateNotNullOrEmpty()] [string] ${name}",
                placeholder.tells()
            ),
        };
        all.push(declaration);
    }
    for question in asked {
        let declaration = format!(
            "    # {}\n    [Parameter(Mandatory)] [ValidateSet('yes', 'no')] [string] ${}",
            question.text(),
            variable(*question)
        );
        all.push(declaration);
    }
    let skip = "    # the numbers of steps to leave out\n    [int[]] $SkipStep = @()";
    all.push(skip.to_owned());
    if has_sync {
        let declaration =
            "    # the server of Entra Connect Sync; empty where this is it\n    [string] $SyncServer = ''";
        all.push(declaration.to_owned());
    }
    all
}

/// The parameter for an open question.
fn variable(question: Question) -> String {
    let name = question.name();
    let (first, rest) = name.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

/// A step below the conditions that are still open.
fn guarded(step: &StepDocument, text: &str) -> String {
    let is = |b: &Branch| format!("${} -eq '{}'", variable(b.question), if b.answer { "yes" } else { "no" });
    let mut all = vec![format!("{} -notin $SkipStep", step.n)];
    all.extend(step.open.iter().map(is));
    format!("\n# {}. {}\nif ({}) {{\n{}}}\n", step.n, ascii(step.title), all.join(" -and "), indented(text))
}

/// Titles are our own words; a letter beyond ASCII has no place in the script all the same.
fn ascii(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect()
}

fn literal(text: &str) -> String {
    // Lines stay lines: each is a literal of its own.
    let lines: Vec<String> = text.lines().map(|line| quoted(line, Letters::Encoded)).collect();
    match lines.as_slice() {
        [] => "''".to_owned(),
        [one] => one.clone(),
        all => format!("(@({}) -join [Environment]::NewLine)", all.join(", ")),
    }
}

fn step_text(step: &StepDocument, used: &mut BTreeSet<Placeholder>) -> String {
    let title = format!("{}. {}", step.n, step.title);
    let is_run = match (step.step.by, step.step.place) {
        (By::PowerShell, Place::Cloud | Place::SyncServer | Place::Directory) => !step.step.is_by_hand,
        _ => false,
    };
    if !is_run {
        let mut text = step.command.clone().unwrap_or_default();
        if let Some(why) = step.why {
            let _ = write!(text, "\n{why}");
        }
        return format!("Wait-ForPerson {} {}\n", literal(&title), literal(&text));
    }
    let mut parameterised = |template: &str| {
        let filled = fill(template, &Default::default(), Style::Script);
        used.extend(filled.used);
        filled.text
    };
    let command = parameterised(step.step.command);
    let check = parameterised(step.step.check);
    let command = match step.step.place {
        Place::SyncServer => format!("Invoke-OnSyncServer {{\n{}}}", indented(&command)),
        _ => command,
    };
    if step.step.only_reads() {
        return format!("Write-Host {}\n{command}\n", literal(&title));
    }
    let target = match step.step.place {
        Place::SyncServer => "the sync server".to_owned(),
        _ => "the user".to_owned(),
    };
    let mut inner = String::new();
    if !check.is_empty() {
        inner.push_str("# throws where this must not be done\n");
        inner.push_str(&check);
        inner.push('\n');
    }
    if step.destructive {
        // Asked whatever -Confirm says.
        let _ = writeln!(
            inner,
            "if (-not $PSCmdlet.ShouldContinue('This can destroy something for good. Go on?', {})) {{ throw 'stopped' }}",
            literal(&title)
        );
    }
    inner.push_str(&command);
    format!(
        "if ($PSCmdlet.ShouldProcess({}, {})) {{\n{}}} elseif (-not $WhatIfPreference) {{\n    throw 'stopped'\n}}\n",
        literal(&target),
        literal(&title),
        indented(&inner)
    )
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}
