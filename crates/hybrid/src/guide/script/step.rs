//! One step.

use std::fmt::Write as _;

use adrecover_core::decision_table::{Branch, By, MailboxState, Place, Placeholder, Question, Style, fill};

use super::super::StepDocument;
use super::super::document::shown;
use super::{Findings, Used, ascii, indented, literal, variable};

/// Shows what is read at once: else PowerShell holds a table back, and the next question comes before what tells the answer.
const SHOW: &str = " | Format-List | Out-Host";

/// The step below its number and the conditions that are still open.
pub(super) fn text(step: &StepDocument, findings: &Findings, used: &mut Used) -> String {
    let mut inner = String::new();
    let run = run(step, used, &mut inner);
    let values: String = used_by(step)
        .into_iter()
        .filter(|p| run && findings.values.get(*p).is_none())
        .map(|p| {
            let name = p.parameter();
            format!("${name} = Get-Value ${name} '{name}' {}\n", literal(p.tells()))
        })
        .collect();
    let mut out = format!("{values}{inner}");
    for Branch { question, answer } in step.open.iter().rev() {
        used.questions.insert(*question);
        let name = variable(*question);
        let is = if *answer { "yes" } else { "no" };
        // With -WhatIf a question is left open, and both ways are shown.
        out = format!(
            "${name} = Get-Answer ${name} {}\nif (${name} -in '{is}', '') {{\n{}}}\n",
            literal(&asked(*question, findings)),
            indented(&out)
        );
    }
    let why = step.why.map(|why| format!("# {}\n", ascii(why))).unwrap_or_default();
    format!(
        "\n# {}. {}\n{why}if ({} -notin $SkipStep) {{\n{}}}\n",
        step.n,
        ascii(step.title),
        step.n,
        indented(&out)
    )
}

/// A question with the command that tells.
fn asked(question: Question, findings: &Findings) -> String {
    let mailbox = findings.mailbox.state.unwrap_or(MailboxState::None);
    format!("{} {}", question.text(), shown(question.command(mailbox), &findings.values).text)
}

/// The values that its commands take.
fn used_by(step: &StepDocument) -> Vec<Placeholder> {
    let mut all = vec![];
    for template in [step.step.unless, step.step.check, step.step.command] {
        let filled = fill(template, &Default::default(), Style::Script);
        all.extend(filled.used.into_iter().filter(|p| !all.contains(p)).collect::<Vec<_>>());
    }
    all
}

/// Writes what is done; whether the script does it itself.
fn run(step: &StepDocument, used: &mut Used, out: &mut String) -> bool {
    let title = format!("{}. {}", step.n, step.title);
    let is_here = matches!(step.step.place, Place::Cloud | Place::SyncServer | Place::Directory);
    let is_run = is_here && !step.step.is_by_hand && !step.step.command.is_empty();
    if !is_run || !matches!(step.step.by, By::PowerShell | By::Wait) {
        let _ = writeln!(out, "Wait-ForPerson {} {}", literal(&marked(step, &title)), literal(&told(step)));
        return false;
    }
    used.values.extend(used_by(step));
    let parameterised = |template: &str| fill(template, &Default::default(), Style::Script).text;
    let command = parameterised(step.step.command);
    let command = match step.step.place {
        Place::SyncServer => format!("Invoke-OnSyncServer {{\n{}}}{SHOW}\n", indented(&command)),
        _ => command
            .lines()
            .map(|line| format!("{line}{}\n", if line.starts_with("Get-") { SHOW } else { "" }))
            .collect(),
    };
    if step.step.by == By::Wait {
        let why = literal(step.why.unwrap_or_default());
        let _ = write!(out, "Wait-ForResult {} {why} {{\n{}}}\n", literal(&title), indented(&command));
        return true;
    }
    if step.step.only_reads() {
        let shown = format!("Write-Host ''\nWrite-Host {}\n", literal(&title));
        let _ = write!(out, "{shown}if (-not $WhatIfPreference) {{\n{}}}\n", indented(&command));
        return true;
    }
    change(step, &title, &command, &parameterised, out);
    true
}

/// A change: not where it is not needed, behind a question, its check, and another question where it destroys something.
fn change(
    step: &StepDocument,
    title: &str,
    command: &str,
    parameterised: &dyn Fn(&str) -> String,
    out: &mut String,
) {
    let target = match step.step.place {
        Place::SyncServer => "the sync server",
        Place::Directory => "the account on premises",
        _ => "the user",
    };
    let mut inner = String::new();
    if !step.step.check.is_empty() {
        let _ = write!(inner, "# throws where this must not be done\n{}\n", parameterised(step.step.check));
    }
    if step.destructive {
        // Asked whatever -Confirm says.
        let _ = writeln!(
            inner,
            "if (-not $PSCmdlet.ShouldContinue('This can destroy something for good. Go on?', {})) {{ throw 'stopped' }}",
            literal(title)
        );
    }
    inner.push_str(command);
    match step.id {
        "holdSync" => inner.push_str("$SyncIsHeld = $true\n"),
        "releaseSync" => inner.push_str("$SyncIsHeld = $false\n"),
        _ => {}
    }
    let first = if step.step.unless.is_empty() {
        String::new()
    } else {
        let _ = writeln!(
            out,
            "$needless = if (-not $WhatIfPreference) {{ {} }}",
            parameterised(step.step.unless)
        );
        format!("if ($needless) {{\n    Write-Host {}\n}} else", literal(&format!("{title}: not needed")))
    };
    let _ = write!(
        out,
        "{first}if ($PSCmdlet.ShouldProcess({}, {})) {{\n{}}} elseif (-not $WhatIfPreference) {{\n    throw 'stopped'\n}}\n",
        literal(target),
        literal(title),
        indented(&inner)
    );
}

/// What a person is told: what to check, what to do, why.
fn told(step: &StepDocument) -> String {
    let mut lines: Vec<String> = vec![];
    if let Some(check) = &step.check {
        lines.push("Check first, and stop at an error:".to_owned());
        lines.extend(check.lines().map(|line| format!("    {line}")));
        lines.push("Then:".to_owned());
    }
    lines.extend(step.command.iter().flat_map(|c| c.lines()).map(|line| format!("    {line}")));
    lines.extend(step.needs.iter().map(|need| format!("needs {need}")));
    lines.extend(step.why.map(str::to_owned));
    lines.join("\n")
}

fn marked(step: &StepDocument, title: &str) -> String {
    if step.destructive { format!("DESTRUCTIVE, by hand: {title}") } else { title.to_owned() }
}
