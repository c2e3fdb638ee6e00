//! The history of an object as CSV.

use adrecover_core::time::rfc3339;

use super::at::At;
use super::changes::ChangeItem;
use super::words;
use crate::error::CliError;
use crate::printer::Printer;

type Done = Result<(), CliError>;

/// A row for each value, place or link that changed; a change of none of them has one of its own.
pub(super) fn changes(printer: &Printer, changes: &[ChangeItem]) -> Done {
    printer.csv_row([
        "seq",
        "at",
        "timeFrom",
        "seen",
        "on",
        "what",
        "attribute",
        "old",
        "new",
        "otherGuid",
    ])?;
    for change in changes {
        let head = [
            change.seq.to_string(),
            rfc3339(change.at),
            change.time_from.to_owned(),
            rfc3339(change.seen),
            change.on.clone().unwrap_or_default(),
            change.what.join(" "),
        ];
        let mut rows: Vec<[String; 4]> = vec![];
        for detail in change.details() {
            let text = |value: Option<String>| value.unwrap_or_default();
            rows.push([detail.label, text(detail.old), text(detail.new), text(detail.guid)]);
        }
        if rows.is_empty() {
            rows.push(std::array::from_fn(|_| String::new()));
        }
        for row in rows {
            printer.csv_row(head.iter().chain(&row))?;
        }
    }
    Ok(())
}

/// A row for each value and link that was there.
pub(super) fn at(printer: &Printer, at: &At) -> Done {
    printer.csv_row(["attribute", "value"])?;
    if let Some(dn) = &at.dn {
        printer.csv_row(["dn", dn])?;
    }
    for (name, values) in &at.attributes {
        values.iter().try_for_each(|value| printer.csv_row([name, value]))?;
    }
    at.links
        .iter()
        .try_for_each(|link| printer.csv_row([&words::label(&link.attribute, link.is_own), &link.dn]))
}
