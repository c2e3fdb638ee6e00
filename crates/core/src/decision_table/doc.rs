//! `docs/decision-table.md`.

use std::fmt::Write as _;

use super::{Branch, Case, Cell, EntraState, MailboxState, OnPremises, REMAINS, Step, Warning};

const INTRODUCTION: &str = "\
# The 27 cases

What to do about a hybrid user whose account or mailbox is gone. A case is the state of the account on premises, of the Entra user
and of the mailbox; `adrecover guide` finds it and fills in the user's own values. This page is made from
`crates/core/src/decision_table`; change it there.

It starts from Microsoft's guided walkthrough \"Restore user mailboxes (mailbox recovery) in Exchange Online\" (2016) and article
2619308. Each case names its page, and says where another way is taken. Every command is today's; what it replaces is in the
last column. Nothing here was run against a live tenant.

`managed`: no directory synchronisation. `soft-deleted`: in the bin of Entra ID, or a soft-deleted or inactive mailbox. `hard-deleted`:
neither there nor in the bin. `<…>` is yours to fill in. **!** marks what destroys something, or can in the wrong situation.

";

/// The whole page.
pub fn page() -> String {
    let mut out = INTRODUCTION.to_owned();
    overview(&mut out);
    for case in Case::all() {
        cell(&mut out, case.cell());
    }
    remains(&mut out);
    out
}

fn overview(out: &mut String) {
    out.push_str(
        "| on premises | Entra user | mailbox: present | soft-deleted | none |\n|---|---|---|---|---|\n",
    );
    for on_premises in [OnPremises::Deleted, OnPremises::Present, OnPremises::Managed] {
        for entra in EntraState::ALL.iter().copied() {
            let _ = write!(out, "| {on_premises} | {entra} |");
            for mailbox in MailboxState::ALL.iter().copied() {
                let case = Case { on_premises, entra, mailbox };
                let anchor = case.to_string().replace('/', "");
                let _ = write!(out, " [{}](#{anchor}) |", case.cell().verdict);
            }
            out.push('\n');
        }
    }
}

fn cell(out: &mut String, cell: &Cell) {
    let _ = write!(out, "\n## {}\n\n**{}.** {}\n\n", cell.case, cell.verdict, cell.summary);
    let _ = writeln!(out, "Page \"{}\": {}", cell.page.title, cell.page.says);
    if !cell.page.instead.is_empty() {
        let _ = write!(out, "\nInstead: {}\n", cell.page.instead);
    }
    out.push_str("\n| | step | by | command | replaces |\n|---|---|---|---|---|\n");
    for (i, placed) in cell.steps.iter().enumerate() {
        step(out, i + 1, placed.step, placed.when);
    }
    for warning in cell.warnings {
        let _ = write!(out, "\n- {}{}", conditions(warning.when), warning_text(warning));
    }
    if !cell.warnings.is_empty() {
        out.push('\n');
    }
}

fn warning_text(warning: &Warning) -> String {
    escaped(warning.text)
}

fn step(out: &mut String, n: usize, step: &Step, when: &[Branch]) {
    let mark = if step.is_destructive { " **!**" } else { "" };
    let place = step.actor();
    let mut text = format!("{}{}{mark}", conditions(when), escaped(step.title));
    if !step.needs.is_empty() {
        let _ = write!(text, "<br>needs: {}", escaped(&step.needs.join("; ")));
    }
    if !step.why.is_empty() {
        let _ = write!(text, "<br>{}", escaped(step.why));
    }
    let mut commands = vec![];
    if !step.unless.is_empty() {
        commands.push(format!("not needed where this prints something:<br>{}", code(step.unless)));
    }
    if !step.check.is_empty() {
        commands.push(format!("check first, stop at an error:<br>{}", code(step.check)));
    }
    let then = if commands.is_empty() { "" } else { "then:<br>" };
    commands.extend((!step.command.is_empty()).then(|| format!("{then}{}", code(step.command))));
    let _ =
        writeln!(out, "| {n} | {text} | {place} | {} | {} |", commands.join("<br>"), escaped(step.replaces));
}

fn conditions(when: &[Branch]) -> String {
    if when.is_empty() {
        return String::new();
    }
    let all: Vec<&str> = when.iter().map(|b| b.question.holds(b.answer)).collect();
    format!("*if {}:* ", all.join(" and "))
}

/// A command in a cell of a table: each line by itself.
fn code(command: &str) -> String {
    let template = super::fill(command, &super::Values::default(), super::Style::PowerShell).text;
    let lines = template.lines().map(|line| format!("`{}`", line.replace('|', "\\|")));
    lines.collect::<Vec<_>>().join("<br>")
}

fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

fn remains(out: &mut String) {
    let _ = write!(out, "\n## What remains\n\n{}\n\nConditions:\n\n", REMAINS.summary);
    for condition in REMAINS.conditions {
        let _ = writeln!(out, "- {condition}");
    }
    out.push_str("\n| | step | by | command | replaces |\n|---|---|---|---|---|\n");
    for (i, s) in REMAINS.steps.iter().enumerate() {
        step(out, i + 1, s, &[]);
    }
    out.push('\n');
    for warning in REMAINS.warnings {
        let _ = writeln!(out, "- {warning}");
    }
    out.push_str(
        "\nThe last way is a new object, filled from what is left of the old one. It cannot bring back:\n\n",
    );
    for loss in REMAINS.recreate_loses {
        let _ = writeln!(out, "- {loss}");
    }
}
