//! Plans and reports as text for people.

use adrecover_core::plan::{Action, Block, Carried, ObjectPlan, Plan, Purpose, Step};
use adrecover_core::recovery::Hand;
use adrecover_core::report::{ObjectReport, Outcome, Report, Status, StepReport, links_in_words};
use adrecover_core::text::printable;
use adrecover_core::time::{Timestamp, age, rfc3339};

use crate::printer::Printer;
use crate::rollback::show as rollback;

/// More objects than this are shown in full only with `-v`.
const MANY: usize = 20;

/// A plan, as it is shown before the question.
pub(crate) fn plan(plan: &Plan, digest: Option<&str>, printer: &Printer) -> String {
    let mut out = vec![];
    let purpose = match &plan.purpose {
        Purpose::Restore | Purpose::Cloud { .. } => "Plan".to_owned(),
        Purpose::Recreate => "Plan of new objects".to_owned(),
        Purpose::Rollback { request } => format!("Roll back to {}", rollback::when(request)),
        Purpose::Undo { operation } => format!("Plan to take back operation {operation}"),
    };
    // The server's name is what the server says.
    let head = match &plan.purpose {
        Purpose::Cloud { tenant } => format!("{purpose} for the tenant {tenant}"),
        _ => format!("{purpose} for {} on {}", plan.domain, plan.server),
    };
    out.push(printer.bold(&printable(&head)));
    if let Some(digest) = digest {
        let made_by = printable(&plan.made_by);
        out.push(format!("made {} by adrecover {made_by}, SHA-256 {digest}", rfc3339(plan.made_at)));
    }
    let full = plan.objects.len() <= MANY || printer.is_verbose(1);
    for object in &plan.objects {
        out.push(String::new());
        match &plan.purpose {
            Purpose::Rollback { request } => rollback::object_plan(object, request, full, printer, &mut out),
            _ => object_plan(object, full, plan.made_at, printer, &mut out),
        }
    }
    let untouched = |o: &&ObjectPlan| !o.blocked_by.is_empty() || o.skipped.is_some();
    out.extend(losses(plan.objects.iter().filter(|o| !untouched(o)).map(|o| o.losses.as_slice()), printer));
    if !full {
        out.push(String::new());
        out.push(format!("{} objects; -v shows every step", plan.objects.len()));
    }
    out.join("\n")
}

/// The head of an object; what blocks it, or why it is left alone.
pub(crate) fn object_head(object: &ObjectPlan, printer: &Printer, out: &mut Vec<String>) {
    let state = if !object.blocked_by.is_empty() {
        printer.paint("31", "BLOCKED")
    } else if object.skipped.is_some() {
        printer.paint("33", "skipped")
    } else if object.writes() {
        "will be changed".to_owned()
    } else {
        "nothing to do".to_owned()
    };
    let name = printer.bold(&printable(&object.name));
    out.push(format!("{name} ({}, {})  {state}", object.kind, object.guid));
    if object.blocked_by.is_empty() && !object.dn.is_empty() {
        out.push(format!("  to: {}", printable(&object.dn.to_string())));
    }
    for block in &object.blocked_by {
        block_lines(block, printer, out);
    }
    if let Some(reason) = &object.skipped {
        out.push(format!("  {}", printable(reason)));
    }
}

fn object_plan(object: &ObjectPlan, full: bool, now: Timestamp, printer: &Printer, out: &mut Vec<String>) {
    object_head(object, printer, out);
    if !object.blocked_by.is_empty() || object.skipped.is_some() || !full {
        return;
    }
    for (i, step) in object.steps.iter().enumerate() {
        let done = if step.already { "  (is so already)" } else { "" };
        out.push(format!("  {}. {}{done}", i + 1, step_text(step, now)));
        if !step.why.is_empty() {
            out.push(printer.paint("2", &format!("     why: {}", printable(&step.why))));
        }
    }
    let mut list = |label: &str, lines: &[String]| {
        out.extend(lines.iter().map(|l| printer.fitted(&format!("  {label}: {}", printable(l)))));
    };
    let conflicts: Vec<String> = object.conflicts.iter().map(|conflict| conflict.describe(now)).collect();
    list(&printer.paint("33", "sources differ"), &conflicts);
    list(&printer.paint("33", "note"), &object.warnings);
    if !object.still_missing.is_empty() {
        let missing = object.still_missing.join(", ");
        out.push(printer.fitted(&format!("  stripped by the deletion and not set: {}", printable(&missing))));
    }
}

/// What does not come back, each loss once with the number of objects that it is true of.
fn losses<'a>(objects: impl Iterator<Item = &'a [String]>, printer: &Printer) -> Vec<String> {
    let mut counts: Vec<(&str, usize)> = vec![];
    let mut total = 0;
    for lines in objects {
        total += 1;
        for line in lines {
            match counts.iter_mut().find(|(l, _)| l == line) {
                Some((_, n)) => *n += 1,
                None => counts.push((line, 1)),
            }
        }
    }
    if counts.is_empty() {
        return vec![];
    }
    let mut out = vec![String::new(), "Not brought back by this:".to_owned()];
    out.extend(counts.into_iter().map(|(line, n)| match total {
        1 => printer.fitted(&format!("  - {}", printable(line))),
        _ => printer.fitted(&format!("  - {} ({n} of {total})", printable(line))),
    }));
    out
}

fn block_lines(block: &Block, printer: &Printer, out: &mut Vec<String>) {
    out.push(format!(
        "  {} [{}] {}",
        printer.paint("31", "✗"),
        printable(&block.id),
        printable(&block.message)
    ));
    if let Some(object) = &block.object {
        out.push(format!("    in the way: {}", printable(object)));
    }
    if let Some(way_out) = &block.way_out {
        out.push(format!("    way out: {}", printable(way_out)));
    }
}

/// The text without the colours that this module put into it: what comes from the directory has none left.
pub(crate) fn plain(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| out + part.split_once('m').map_or(part, |(_, rest)| rest))
}

/// What a step does, in words, with the age of the source that a value comes from.
pub(super) fn step_text(step: &Step, now: Timestamp) -> String {
    let shown = |text: &str| printable(text).into_owned();
    match &step.action {
        Action::Reanimate { sam_account_name, user_principal_name, password, .. } => {
            let mut text = "reanimate it".to_owned();
            if let Some(name) = sam_account_name {
                text.push_str(&format!(", with the account name {}", shown(name)));
            }
            if let Some(name) = user_principal_name {
                text.push_str(&format!(", with the logon name {}", shown(name)));
            }
            match password {
                Carried::None => {}
                Carried::Random => text.push_str(", with a random password that nobody learns"),
                Carried::Wanted => text.push_str(", with the new password"),
            }
            text
        }
        Action::Create { class, sam_account_name, .. } => {
            let name =
                sam_account_name.as_ref().map(|name| format!(" with the account name {}", shown(name)));
            format!("create a new object of the class {}{}", shown(class), name.unwrap_or_default())
        }
        Action::SetUpn { value, source: Some(source), at } => {
            format!("set userPrincipalName to {} (from {})", shown(value), shown(&whence(source, *at, now)))
        }
        Action::SetUpn { value, .. } => format!("set userPrincipalName to {}", shown(value)),
        Action::SetAttribute { attribute, values, .. } if values.is_empty() => {
            format!("clear {}", shown(attribute))
        }
        Action::SetAttribute { attribute, values, source, at, .. } => {
            let values: Vec<String> = values.iter().map(|v| v.shown()).collect();
            let whence = whence(source, *at, now);
            format!("set {} to {} (from {})", shown(attribute), values.join("; "), shown(&whence))
        }
        Action::SetPassword { must_change, generated } => format!(
            "set {} password{}",
            if *generated { "a generated" } else { "the given" },
            if *must_change { ", to be changed at the next logon" } else { "" }
        ),
        Action::Enable => "enable the account".to_owned(),
        Action::Disable => "disable the account".to_owned(),
        Action::AddToGroup { group, source, at, domain, .. } => {
            let whence = at.map(|at| format!(" (from {})", shown(&whence(source, Some(at), now))));
            let group = shown(&group.to_string());
            format!("add it to {group}{}{}", of_domain(domain.as_deref()), whence.unwrap_or_default())
        }
        Action::RemoveFromGroup { group, domain, .. } => {
            format!("take it out of {}{}", shown(&group.to_string()), of_domain(domain.as_deref()))
        }
        Action::AddLinks { attribute, holder, targets, source, at, .. } => format!(
            "add to {}: {} (from {})",
            shown(attribute),
            shown(&links_in_words(holder, targets)),
            shown(&whence(source, *at, now))
        ),
        Action::RemoveLinks { attribute, holder, targets } => {
            format!("take out of {}: {}", shown(attribute), shown(&links_in_words(holder, targets)))
        }
        Action::Move { to } => format!("move it to {}", shown(&to.to_string())),
        Action::Delete => "delete it".to_owned(),
        Action::Manual { text } => format!("by hand: {}", shown(text)),
        Action::HoldSync { text, hand } => format!("{}hold the synchronisation: {}", by(hand), shown(text)),
        Action::BeforeSync { text } => format!("before the synchronisation: {}", shown(text)),
        Action::Preflight => "check the user as it is then, as `adrecover preflight` does".to_owned(),
        Action::ReleaseSync { text, hand } => {
            format!("{}let the synchronisation go: {}", by(hand), shown(text))
        }
        Action::RunSync { text, hand } => format!("{}run the synchronisation: {}", by(hand), shown(text)),
        Action::Wait { awaited, text } => format!("wait until {awaited} ({})", shown(text)),
        Action::CloudRestore { user, user_principal_name, without_taken_addresses } => {
            let mut text = format!("restore the cloud user {user} from the bin");
            if let Some(upn) = user_principal_name {
                text.push_str(&format!(", with the UPN {}", shown(upn)));
            }
            if *without_taken_addresses {
                text.push_str(", WITHOUT the addresses that somebody else holds now: it loses them");
            }
            text
        }
        Action::CloudUpdate { user, change } => {
            format!("change the cloud user {user}: {}", shown(&change.to_string()))
        }
    }
}

/// Who does a step of the synchronisation, where that is a person.
fn by(hand: &Hand) -> &'static str {
    if hand.is_person() { "by hand: " } else { "" }
}

/// A source with its age.
/// The domain of a group, where that is another one.
fn of_domain(domain: Option<&str>) -> String {
    domain.map(|domain| format!(", in the domain {}", printable(domain))).unwrap_or_default()
}

fn whence(source: &str, at: Option<Timestamp>, now: Timestamp) -> String {
    match at {
        Some(at) => format!("{source}, {}", age(at, now)),
        None => source.to_owned(),
    }
}

/// A report, as it is shown at the end.
pub(crate) fn report(report: &Report, printer: &Printer) -> String {
    let mut out = vec![];
    let full = report.objects.len() <= MANY || printer.is_verbose(1);
    for object in &report.objects {
        let fine = matches!(object.outcome, Outcome::Restored | Outcome::AlreadyRestored);
        if full || !fine || object.verified == Some(false) {
            object_report(object, printer, &mut out);
        }
    }
    let done = |o: &&ObjectReport| matches!(o.outcome, Outcome::Restored | Outcome::Partial);
    let lost = losses(report.objects.iter().filter(done).map(|o| o.losses.as_slice()), printer);
    if lost.len() > 1 {
        out.extend(lost.into_iter().skip(1));
        out.push(String::new());
    }
    if !full {
        out.push(summary(report));
    }
    if report.objects.iter().any(|o| o.outcome == Outcome::Blocked) && report.operation.is_none() {
        out.push("nothing was changed".to_owned());
    }
    let changed = report.objects.iter().any(|o| o.steps.iter().any(|s| s.status == Status::Done));
    if let (Some(operation), true) = (&report.operation, changed) {
        let undo = if report.undoable {
            format!("; `adrecover undo {operation}` takes it back")
        } else {
            String::new()
        };
        out.push(format!("operation {operation}{undo}"));
    }
    out.join("\n")
}

/// How many objects ended how.
fn summary(report: &Report) -> String {
    let mut counts: Vec<(&str, usize)> = vec![];
    for object in &report.objects {
        let word = outcome_word(object.outcome);
        match counts.iter_mut().find(|(w, _)| *w == word) {
            Some((_, n)) => *n += 1,
            None => counts.push((word, 1)),
        }
    }
    let verified = report.objects.iter().filter(|o| o.verified == Some(true)).count();
    let parts: Vec<String> = counts.into_iter().map(|(w, n)| format!("{n} {w}")).collect();
    format!("{} objects: {}; {verified} verified", report.objects.len(), parts.join(", "))
}

fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Restored => "done",
        Outcome::AlreadyRestored => "as asked for already",
        Outcome::Blocked => "blocked",
        Outcome::Failed => "failed",
        Outcome::Partial => "done in part",
        Outcome::Planned => "planned",
        Outcome::Skipped => "skipped",
    }
}

fn object_report(object: &ObjectReport, printer: &Printer, out: &mut Vec<String>) {
    let sgr = match object.outcome {
        Outcome::Restored | Outcome::AlreadyRestored | Outcome::Planned => "32",
        Outcome::Skipped => "33",
        Outcome::Blocked | Outcome::Failed | Outcome::Partial => "31",
    };
    let word = printer.paint(sgr, outcome_word(object.outcome));
    out.push(format!("{} ({})  {word}", printer.bold(&printable(&object.name)), object.guid));
    if object.outcome == Outcome::Blocked {
        object.blocked_by.iter().for_each(|block| block_lines(block, printer, out));
        out.push(String::new());
        return;
    }
    if !object.dn.is_empty() {
        out.push(format!("  {}", printable(&object.dn)));
    }
    out.extend(object.steps.iter().map(|step| format!("  {}", step_line(step))));
    if let Some(message) = &object.message {
        out.push(format!("  {}", printable(message)));
    }
    match object.verified {
        Some(true) => out.push("  verified: the directory shows what was asked for".to_owned()),
        Some(false) if object.differences.is_empty() => {
            out.push(printer.paint("31", "  not verified: not everything that was asked for is done"));
        }
        Some(false) => out.push(printer.paint("31", "  verified: the directory shows something else")),
        None => {}
    }
    let grave = |w: &&String| w.starts_with("not verified") || w.contains("could not be disabled");
    for warning in object.warnings.iter().filter(grave) {
        out.push(printer.paint("31", &format!("  warning: {}", printable(warning))));
    }
    for d in &object.differences {
        let (expected, observed) = (printable(&d.expected), printable(&d.observed));
        out.push(format!("    {}: expected {expected}, found {observed}", printable(&d.what)));
    }
    if !object.still_missing.is_empty() {
        let missing = object.still_missing.join(", ");
        out.push(printer.fitted(&format!("  still missing: {}", printable(&missing))));
    }
    out.extend(object.next.iter().map(|n| format!("  next: {}", printable(n))));
    out.push(String::new());
}

fn step_line(step: &StepReport) -> String {
    let status = match step.status {
        Status::Planned => "to do",
        Status::Done => "done",
        Status::Unchanged => "unchanged",
        Status::Skipped => "skipped",
        Status::Failed => "FAILED",
        Status::Undone => "undone",
    };
    let what: Vec<&str> =
        [&step.attribute, &step.value, &step.group].into_iter().filter_map(|v| v.as_deref()).collect();
    let mut line = format!("{status:<10} {:<15} {}", step.step, printable(&what.join(" = ")));
    if let Some(message) = &step.message {
        line.push_str(&format!("  ({})", printable(message)));
    }
    line.trim_end().to_owned()
}
