//! The guide for people: what it is, how long there is time, what to do.

use adrecover_core::text::printable;
use adrecover_core::time::rfc3339;
use adrecover_hybrid::guide::{Claim, Clock, Guide, Source, StateDocument};

use crate::error::CliError;
use crate::printer::Printer;
use crate::remains::{commands, print as print_remains, sentence, step};

type Done = Result<(), CliError>;

/// Prints it all.
pub(super) fn print(printer: &Printer, guide: &Guide) -> Done {
    head(printer, guide)?;
    clocks(printer, &guide.clocks)?;
    duplicates(printer, &guide.duplicates)?;
    warnings(printer, guide)?;
    unknowns(printer, guide)?;
    if !guide.steps.is_empty() {
        section(printer, if guide.is_normal() { "To be sure" } else { "What to do, in this order" })?;
        for placeholder in guide.missing() {
            sentence(printer, 5, &format!("{} is {}", placeholder.shown(), placeholder.tells()))?;
        }
        guide.steps.iter().try_for_each(|s| step(printer, s))?;
    }
    possible(printer, guide)?;
    if let Some(remains) = &guide.remains {
        print_remains(printer, remains_title(guide), remains)?;
    }
    page(printer, guide)
}

fn section(printer: &Printer, title: &str) -> Done {
    printer.line("")?;
    printer.line(&printer.bold(title))
}

fn head(printer: &Printer, guide: &Guide) -> Done {
    let user = guide.user.as_deref().map(|u| format!("{}: ", printable(u))).unwrap_or_default();
    let (case, color) = match (&guide.case, guide.verdict) {
        (Some(case), Some(verdict)) => (format!("case {case}: {}", words(verdict)), color(verdict)),
        _ => ("the case is not known yet".to_owned(), "33"),
    };
    printer.line(&printer.paint(color, &printer.bold(&format!("{user}{case}"))))?;
    if let Some(summary) = guide.summary {
        sentence(printer, 0, summary)?;
    }
    printer.line("")?;
    state(printer, "on premises", &guide.states.on_premises)?;
    state(printer, "Entra user", &guide.states.entra)?;
    state(printer, "mailbox", &guide.states.mailbox)?;
    let cause = match (guide.cause, guide.cause_evidence.because) {
        (Some(cause), because) => {
            let because = because.map(|b| format!(": {b}")).unwrap_or_default();
            Some(format!("{}{because}", cause.text()))
        }
        (None, Some(because)) => Some(format!("not certain: {because}")),
        (None, None) if guide.cause_evidence.candidates.is_empty() => None,
        (None, None) => Some("not certain".to_owned()),
    };
    if let Some(cause) = cause {
        sentence(printer, 0, &format!("{:<12} {cause}", "cause"))?;
    }
    let candidates: Vec<&str> = guide.cause_evidence.candidates.iter().map(|c| c.text()).collect();
    if !candidates.is_empty() {
        sentence(printer, 13, &format!("possible: {}", candidates.join("; ")))?;
        if let Some(command) = guide.cause_evidence.command {
            sentence(printer, 13, AUDIT)?;
            commands(printer, "", Some(command))?;
        }
    }
    Ok(())
}

/// What stands before the command for the audit log.
pub(super) const AUDIT: &str = "the audit log tells, once you are connected (AuditLog.Read.All):";

/// The words of a verdict.
pub(super) fn words(verdict: &str) -> &'static str {
    match verdict {
        "normal" => "nothing is wrong",
        "recoverable" => "recoverable",
        "newMailboxOnly" => "a new, empty mailbox only",
        "notRecoverable" => "the mailbox is not recoverable",
        _ => "for Microsoft's support",
    }
}

fn color(verdict: &str) -> &'static str {
    match verdict {
        "normal" | "recoverable" => "32",
        "notRecoverable" => "31",
        _ => "33",
    }
}

/// Where a state comes from, in a word.
pub(super) fn origin(source: Option<Source>) -> &'static str {
    match source {
        Some(Source::Flag) => "as the option says",
        Some(Source::Directory) => "from the directory",
        Some(Source::Export) => "from the exports",
        Some(Source::Graph) => "from Microsoft Graph",
        Some(Source::Answer) => "as you said",
        None => "",
    }
}

fn state(printer: &Printer, title: &str, finding: &StateDocument) -> Done {
    let name = finding.state.as_deref().unwrap_or("UNKNOWN");
    let mut notes: Vec<&str> = vec![origin(finding.source)];
    // Of what is unknown the reason stands below, with the command.
    notes.extend(finding.because.iter().filter(|_| finding.state.is_some()).map(String::as_str));
    notes.retain(|n| !n.is_empty());
    printer.line(format!("{title:<12} {name:<13} {}", printable(&notes.join("; "))).trim_end())
}

/// Until when, as text.
pub(super) fn until(clock: &Clock) -> String {
    match (clock.ends_at, clock.days_left) {
        (Some(at), Some(days)) if days < 0 => format!("OVER since {}", rfc3339(at)),
        (Some(at), Some(0)) => format!("less than a day left, until {}", rfc3339(at)),
        (Some(at), Some(1)) => format!("1 day left, until {}", rfc3339(at)),
        (Some(at), Some(days)) => format!("{days} days left, until {}", rfc3339(at)),
        _ => "unknown".to_owned(),
    }
}

fn clocks(printer: &Printer, all: &[Clock]) -> Done {
    if all.is_empty() {
        return Ok(());
    }
    section(printer, "How long there is time")?;
    all.iter().try_for_each(|c| printer.line(&format!("  {:<12} {} ({})", c.title(), until(c), c.rule)))
}

/// A claim as text.
pub(super) fn claim(claim: &Claim) -> String {
    let chosen = if claim.is_chosen { ", taken for this user" } else { "" };
    format!(
        "{} {} {} ({}, by {}{chosen})",
        claim.kind,
        claim.id.as_deref().unwrap_or("without an id"),
        claim.name.as_deref().unwrap_or("without a name"),
        claim.state,
        claim.by.join(", ")
    )
}

fn duplicates(printer: &Printer, all: &[Claim]) -> Done {
    if all.is_empty() {
        return Ok(());
    }
    section(printer, "Several objects claim to be this user")?;
    all.iter().try_for_each(|c| printer.line(&format!("  {}", printable(&claim(c)))))
}

fn warnings(printer: &Printer, guide: &Guide) -> Done {
    if guide.warnings.is_empty() {
        return Ok(());
    }
    section(printer, "Mind")?;
    guide.warnings.iter().try_for_each(|warning| {
        let when = warning.when.as_ref().map(|w| format!("if {w}: ")).unwrap_or_default();
        sentence(printer, 2, &format!("- {when}{}", warning.text))
    })
}

/// What to find out before anything is done.
fn unknowns(printer: &Printer, guide: &Guide) -> Done {
    if guide.unknowns.is_empty() {
        return Ok(());
    }
    let is_case = guide.case.is_none();
    section(printer, unknowns_title(guide))?;
    for unknown in &guide.unknowns {
        let at = if unknown.at.is_empty() { String::new() } else { format!(" [{}]", unknown.at) };
        sentence(printer, 2, &format!("- {}{at}", unknown.question))?;
        unknown.because.iter().filter(|_| is_case).try_for_each(|why| sentence(printer, 4, why))?;
        commands(printer, "", Some(&unknown.command))?;
    }
    Ok(())
}

/// What stands above the open questions.
pub(super) fn unknowns_title(guide: &Guide) -> &'static str {
    match guide.case {
        Some(_) => "Find out first: it decides between the steps below",
        None => "Not known yet: it decides the case",
    }
}

fn possible(printer: &Printer, guide: &Guide) -> Done {
    if guide.possible.is_empty() {
        return Ok(());
    }
    section(printer, "It is one of these")?;
    guide.possible.iter().try_for_each(|p| printer.line(&format!("  {:<40} {}", p.case, words(p.verdict))))
}

/// What stands above what remains.
pub(super) fn remains_title(guide: &Guide) -> &'static str {
    if guide.steps.iter().any(|step| step.id == "undelete") {
        "What remains, if the account cannot be undeleted"
    } else {
        "What remains"
    }
}

fn page(printer: &Printer, guide: &Guide) -> Done {
    let Some(page) = &guide.page else { return Ok(()) };
    section(printer, "Microsoft's page")?;
    sentence(printer, 2, &format!("\"{}\": {}", page.title, page.says))?;
    if let Some(instead) = page.instead {
        sentence(printer, 2, &format!("Done otherwise here: {instead}"))?;
    }
    sentence(printer, 2, "Nothing here was run against a live tenant; docs/guide.md says what was tested.")
}
