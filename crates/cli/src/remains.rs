//! What remains of an object that cannot be undeleted (exit code 8): the authoritative restore, step by step, and what a new object
//! would lose.

use adrecover_core::Dn;
use adrecover_core::decision_table::{Placeholder, Values};
use adrecover_core::deleted::{DeletedObject, NotRestorable};
use adrecover_core::report::{ObjectReport, Report};
use adrecover_core::text::printable;
use adrecover_hybrid::guide::{Remaining, StepDocument, remaining};

use crate::error::CliError;
use crate::printer::Printer;

type Done = Result<(), CliError>;

/// What stands before what is looked at first, and before what is done then.
pub(crate) const UNLESS: &str = "not needed where this prints something:";
pub(crate) const CHECK: &str = "check first, and stop at an error:";
pub(crate) const THEN: &str = "then:";
/// What stands before what a new object loses.
pub(crate) const LAST_WAY: &str =
    "The last way is a new object, filled from what is left of the old one. It cannot bring back:";

/// What remains of the objects of a report that nothing can bring back here.
pub(crate) fn of_report(report: &Report) -> Option<Remaining> {
    let is_past = |object: &&ObjectReport| object.blocked_by.iter().any(|block| block.for_good);
    let past: Vec<&ObjectReport> = report.objects.iter().filter(is_past).collect();
    let mut values = Values::default();
    if let [one] = past.as_slice() {
        values.set(Placeholder::User, one.guid.to_string());
    }
    (!past.is_empty()).then(|| remaining(&values))
}

/// What remains of a deleted object, where it cannot be restored for what became of it.
pub(crate) fn of_deleted(object: &DeletedObject) -> Option<Remaining> {
    match object.not_restorable_because? {
        NotRestorable::Recycled | NotRestorable::LifetimeOver | NotRestorable::ServerCannot => {}
        NotRestorable::Class => return None,
    }
    let mut values = Values::default();
    values.set(Placeholder::User, object.guid.to_string());
    values.set_if_known(Placeholder::Dn, original_dn(object));
    Some(remaining(&values))
}

/// The DN before the deletion.
pub(crate) fn original_dn(object: &DeletedObject) -> Option<String> {
    let parent: Dn = object.last_known_parent.as_deref()?.parse().ok()?;
    Some(format!("{},{parent}", object.rdn))
}

/// Prints it.
pub(crate) fn print(printer: &Printer, title: &str, remains: &Remaining) -> Done {
    printer.line("")?;
    printer.line(&printer.bold(title))?;
    sentence(printer, 2, remains.summary)?;
    let all = |texts: &[&str], prefix: &str| {
        texts.iter().try_for_each(|text| sentence(printer, 2, &format!("- {prefix}{text}")))
    };
    all(remains.conditions, "it takes ")?;
    all(remains.warnings, "")?;
    remains.steps.iter().try_for_each(|one| step(printer, one))?;
    sentence(printer, 2, LAST_WAY)?;
    all(remains.recreate_loses, "")
}

/// Prints one step.
pub(crate) fn step(printer: &Printer, step: &StepDocument) -> Done {
    let mark = if step.destructive { printer.paint("31", "DESTRUCTIVE ") } else { String::new() };
    printer.line(&format!("{:>3}. {mark}{} [{}]", step.n, printer.bold(step.title), step.actor))?;
    if let Some(when) = &step.when {
        sentence(printer, 5, &format!("only if {when}"))?;
    }
    commands(printer, UNLESS, step.unless.as_deref())?;
    commands(printer, CHECK, step.check.as_deref())?;
    let has_more = step.unless.is_some() || step.check.is_some();
    commands(printer, if has_more { THEN } else { "" }, step.command.as_deref())?;
    for need in step.evidence {
        sentence(printer, 5, &format!("needs {need}"))?;
    }
    if let Some(why) = step.why {
        sentence(printer, 5, why)?;
    }
    if let Some(replaces) = step.replaces {
        sentence(printer, 5, &format!("(in place of: {replaces})"))?;
    }
    Ok(())
}

/// Commands are not wrapped, so that they can be copied.
pub(crate) fn commands(printer: &Printer, title: &str, text: Option<&str>) -> Done {
    let Some(text) = text else { return Ok(()) };
    if !title.is_empty() {
        printer.line(&format!("     {title}"))?;
    }
    text.lines()
        .try_for_each(|line| printer.line(&format!("       {}", printer.paint("36", &printable(line)))))
}

/// A sentence, broken where the terminal is too narrow.
pub(crate) fn sentence(printer: &Printer, indent: usize, text: &str) -> Done {
    printer.line(&printer.fitted(&format!("{:indent$}{}", "", printable(text))))
}
