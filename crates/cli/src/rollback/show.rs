//! A roll back as text: what is, what was, and when that changed.

use adrecover_core::plan::{Action, ObjectPlan};
use adrecover_core::rollback::{Diff, RollbackRequest, diffs};
use adrecover_core::text::printable;
use adrecover_core::time::rfc3339;
use adrecover_core::value::Value;

use crate::printer::Printer;
use crate::restore::show::object_head;

/// More values than this are counted.
const VALUES: usize = 20;

/// To what, in words.
pub(crate) fn when(request: &RollbackRequest) -> String {
    match &request.window {
        None => rfc3339(request.to),
        Some(window) => {
            let on = window.on.iter().map(|on| format!(" on {on}"));
            format!(
                "before what was changed from {} to {}{}",
                rfc3339(window.since),
                rfc3339(window.until),
                on.collect::<String>()
            )
        }
    }
}

/// One object of the plan.
pub(crate) fn object_plan(
    object: &ObjectPlan,
    request: &RollbackRequest,
    full: bool,
    printer: &Printer,
    out: &mut Vec<String>,
) {
    object_head(object, printer, out);
    if !full {
        return;
    }
    let past = request.objects.iter().find(|past| past.guid == object.guid);
    for diff in diffs(object, past) {
        lines(&diff, printer, out);
    }
    for step in &object.steps {
        if let Action::Manual { text } = &step.action {
            out.push(printer.fitted(&format!(
                "  {}: {}",
                printer.paint("31", "not rolled back"),
                printable(text)
            )));
        }
    }
    for note in &object.warnings {
        out.push(printer.fitted(&format!("  {}: {}", printer.paint("33", "note"), printable(note))));
    }
}

fn lines(diff: &Diff, printer: &Printer, out: &mut Vec<String>) {
    let changed =
        diff.changed.iter().map(|changed| format!("  (changed {})", printable(&changed.in_words())));
    out.push(format!("  {}{}", printable(&diff.attribute), changed.collect::<String>()));
    for (sign, sgr, values) in [("-", "31", &diff.now), ("+", "32", &diff.then)] {
        for value in values.iter().take(VALUES) {
            out.push(printer.fitted(&printer.paint(sgr, &format!("    {sign} {}", shown(value)))));
        }
        if values.len() > VALUES {
            out.push(printer.paint(sgr, &format!("    {sign} and {} more", values.len() - VALUES)));
        }
    }
}

fn shown(value: &Value) -> String {
    printable(&value.shown()).into_owned()
}
