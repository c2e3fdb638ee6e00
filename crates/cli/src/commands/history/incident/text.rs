//! An incident for people.

use adrecover_core::text::printable;
use adrecover_core::time::{Timestamp, rfc3339};

use super::super::document::clock;
use super::super::text::LEGEND;
use super::bursts::Burst;
use super::document::Document;
use super::item::Item;
use super::recovery::Recovery;
use super::summary::{ByName, Summary};
use super::timeline;
use crate::error::CliError;
use crate::printer::Printer;
use crate::printer::table::{Column, Table};

type Done = Result<(), CliError>;

/// So many of a list are named.
const MOST: usize = 10;
/// So many objects are in the table.
const OBJECTS: usize = 200;
/// The longest bar of the timeline.
const WIDEST: usize = 40;

pub(super) fn print(printer: &Printer, document: &Document, now: Timestamp) -> Done {
    let pair = |title: &str, value: &str| printer.line(&format!("{title:<14}{}", printable(value)));
    printer.line(&printer.bold(&format!("Deleted {}", document.window())))?;
    pair("source", &document.journal.words(now))?;
    if document.items.is_empty() {
        printer.line("")?;
        printer.line("Nothing was deleted in that time, as far as the journal knows.")?;
        return alongside(printer, document);
    }
    let Summary { deleted, restored, restorable, not_restorable, taken, .. } = &document.summary;
    let bin = match document.deletion_policy {
        Some(policy) if policy.recycle_bin => "on",
        Some(_) => "off",
        None => "not known: the configuration is not in the journal",
    };
    pair("Recycle Bin", bin)?;
    pair("objects", &deleted.to_string())?;
    pair("back", &restored.to_string())?;
    pair("restorable", &restorable.to_string())?;
    if *not_restorable > 0 {
        pair("past restore", &not_restorable.to_string())?;
    }
    pair("taken", &taken.words())?;
    let summary = &document.summary;
    ways(printer, summary)?;
    numbers(printer, "By type", &summary.by_type)?;
    numbers(printer, "By container", &summary.by_parent)?;
    numbers(printer, "By domain controller", &summary.by_controller)?;
    bars(printer, document)?;
    bursts(printer, &document.bursts)?;
    alongside(printer, document)?;
    objects(printer, &document.items)?;
    section(printer, "Next")?;
    if document.next.is_empty() {
        printer.line("  nothing of it can be restored, or all of it is back")?;
    }
    document.next.iter().try_for_each(|command| printer.line(&format!("  {}", printable(command))))
}

fn section(printer: &Printer, title: &str) -> Done {
    printer.line("")?;
    printer.line(&printer.bold(title))
}

fn numbers(printer: &Printer, title: &str, all: &[ByName]) -> Done {
    section(printer, title)?;
    for one in all.iter().take(MOST) {
        let name = one.name.as_deref().unwrap_or("not known");
        printer.line(&format!("{:>8}  {}", one.number, printable(name)))?;
    }
    if let Some(rest) = all.get(MOST..).filter(|rest| !rest.is_empty()) {
        let number: usize = rest.iter().map(|one| one.number).sum();
        printer.line(&format!("{number:>8}  in {} more", rest.len()))?;
    }
    Ok(())
}

/// What can be had back, and from what.
fn ways(printer: &Printer, summary: &Summary) -> Done {
    section(printer, "Recoverable")?;
    for (_, name, words) in Recovery::ALL {
        let number = summary.by_recovery.iter().find(|by| by.name.as_deref() == Some(name));
        if let Some(by) = number {
            printer.line(&format!("{:>8}  {words}", by.number))?;
        }
    }
    Ok(())
}

fn bars(printer: &Printer, document: &Document) -> Done {
    let timeline = &document.timeline;
    section(printer, &format!("By time (UTC, a line is one {})", unit(timeline.seconds_a_bar)))?;
    let most = timeline.bars.iter().map(|bar| bar.number).max().unwrap_or(1).max(1);
    for bar in &timeline.bars {
        let width = (bar.number * WIDEST).div_ceil(most);
        printer.line(&format!("  {}  {:>6}  {}", clock(bar.from), bar.number, "#".repeat(width)))?;
    }
    Ok(())
}

fn unit(seconds: i64) -> String {
    let words = timeline::words(seconds);
    if words.ends_with('s') { format!("step of {words}") } else { words }
}

fn bursts(printer: &Printer, bursts: &[Burst]) -> Done {
    if bursts.is_empty() {
        return Ok(());
    }
    section(printer, "Mass deletions")?;
    for burst in bursts.iter().take(MOST) {
        printer.line(&format!("  {}", printable(&burst.words())))?;
    }
    match bursts.len().checked_sub(MOST) {
        Some(more @ 1..) => printer.line(&format!("  and {more} more")),
        _ => Ok(()),
    }
}

impl Burst {
    /// For people.
    pub(super) fn words(&self) -> String {
        let kinds = self.by_type.iter().map(|t| format!("{} {}", t.number, t.name.as_deref().unwrap_or("?")));
        let kinds = kinds.collect::<Vec<_>>().join(", ");
        let on: Vec<&str> = self.deleted_on.iter().filter_map(|by| by.name.as_deref()).take(3).collect();
        let on = if on.is_empty() { String::new() } else { format!(", on {}", on.join(", ")) };
        let from = self.most_from.as_deref().map(|dn| format!(", most from {dn}")).unwrap_or_default();
        let Self { number, from: begin, to: end, .. } = self;
        let within = match (*end - *begin).num_seconds() {
            ..2 => "at once".to_owned(),
            seconds @ ..120 => format!("within {seconds} seconds"),
            seconds @ ..7200 => format!("within {} minutes", seconds.div_euclid(60)),
            seconds => format!("within {} hours", seconds.div_euclid(3600)),
        };
        format!("{number} objects {within} from {}{on} ({kinds}){from}", rfc3339(*begin))
    }
}

fn alongside(printer: &Printer, document: &Document) -> Done {
    let words = document.alongside.words();
    if words.is_empty() {
        return Ok(());
    }
    section(printer, "Also in that time")?;
    words.iter().try_for_each(|line| printer.line(&format!("  {line}")))
}

fn objects(printer: &Printer, items: &[Item]) -> Done {
    section(printer, "Objects")?;
    let column = |title, may_shrink| Column { title, may_shrink, right: false };
    let mut table = Table::new([
        column("DELETED (UTC)", false),
        column("ON", true),
        column("TYPE", false),
        column("NAME", true),
        column("FROM", true),
        column("TAKEN", true),
        column("RECOVERABLE", true),
        column("GUID", false),
    ]);
    for item in items.iter().take(OBJECTS) {
        let by = if item.time_from == "directory" { "" } else { "by " };
        table.row([
            format!("{by}{}", clock(item.deleted_at)).as_str(),
            item.deleted_on.as_deref().unwrap_or("-"),
            item.kind.name(),
            &item.name,
            item.parent.as_deref().unwrap_or("-"),
            &item.taken.words(),
            &item.way(),
            &item.guid.to_string(),
        ]);
    }
    printer.table(&table)?;
    if items.len() > OBJECTS {
        printer.line(&format!("and {} more: -o json, jsonl and csv have all", items.len() - OBJECTS))?;
    }
    if items.iter().any(|item| item.time_from != "directory") {
        printer.line(LEGEND)?;
    }
    Ok(())
}
