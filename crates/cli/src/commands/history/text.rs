//! The history of an object for people.

use adrecover_core::text::printable;
use adrecover_core::time::{Timestamp, rfc3339};

use super::Window;
use super::at::{At, LinkAt};
use super::changes::ChangeItem;
use super::document::{Document, clock};
use super::words::{self, Detail};
use crate::commands::show::decode;
use crate::error::CliError;
use crate::printer::Printer;

type Done = Result<(), CliError>;

/// So much of a value is shown, so many things of a change, and so many links of a kind.
const LONGEST: usize = 160;
const MOST: usize = 20;

/// Where times are not the directory's own.
pub(super) const LEGEND: &str = "by: the directory did not tell when it was written; it had happened by then";

/// The head: who it is, and which journal tells.
pub(super) fn subject(printer: &Printer, document: &Document, now: Timestamp) -> Done {
    let object = &document.object;
    let pair = |title: &str, value: &str| printer.line(&format!("{title:<14}{}", printable(value)));
    printer.line(&printer.bold(&printable(&object.name)))?;
    pair("type", object.kind.name())?;
    pair("state", object.standing.words())?;
    pair("guid", &object.guid.to_string())?;
    pair("dn", &object.dn)?;
    pair("source", &document.journal.words(now))?;
    pair("known from", &object.known_from)
}

/// The changes, the oldest first.
pub(super) fn changes(printer: &Printer, document: &Document, window: &Window, is_full: bool) -> Done {
    printer.line("")?;
    if document.changes.is_empty() {
        return printer.line(&format!("Nothing happened to it {}.", window.words()));
    }
    for change in &document.changes {
        one(printer, change, is_full)?;
    }
    if document.changes.iter().any(|change| change.time_from != "directory") {
        printer.line("")?;
        printer.line(LEGEND)?;
    }
    if !document.next.is_empty() {
        section(printer, "Next")?;
    }
    document.next.iter().try_for_each(|command| printer.line(&format!("  {}", printable(command))))
}

fn one(printer: &Printer, change: &ChangeItem, is_full: bool) -> Done {
    let by = if change.time_from == "directory" { "   " } else { "by " };
    let on = change.on.as_deref().map(|dc| format!("  on {}", printable(dc))).unwrap_or_default();
    let found = if change.found_by_comparison { "  (found by a comparison)" } else { "" };
    let title = printer.bold(&change.title());
    printer.line(&format!("{by}{}  {title}{on}{found}", clock(change.at)))?;
    let mut details = change.details();
    details.retain(|detail| !detail.is_mark());
    if change.is_whole() && !is_full {
        details.retain(|detail| detail.label == "dn" || detail.guid.is_some());
        let names = change.attribute_names();
        if !names.is_empty() {
            let word = if change.takes() { "lost" } else { "with" };
            let names = names.iter().map(|name| printable(name)).collect::<Vec<_>>().join(", ");
            printer.line(&printer.fitted(&format!("       {word} {names}")))?;
        }
    }
    let width = details.iter().map(|detail| detail.label.len()).max().unwrap_or(0).min(30);
    for detail in details.iter().take(MOST) {
        let label = printable(&detail.label);
        printer.line(&format!("       {label:<width$}  {}", pair(detail)))?;
    }
    if details.len() > MOST {
        printer.line(&format!("       and {} more: -o json has all", details.len() - MOST))?;
    }
    Ok(())
}

fn pair(detail: &Detail) -> String {
    match (&detail.old, &detail.new) {
        (Some(old), Some(new)) => format!("{} -> {}", shown(old), shown(new)),
        (Some(old), None) => format!("- {}", shown(old)),
        (None, Some(new)) => format!("+ {}", shown(new)),
        (None, None) => "-".to_owned(),
    }
}

/// A value for a line.
pub(super) fn shown(value: &str) -> String {
    let text = decode::for_people(value);
    let text = printable(&text);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}… ({} characters)", &text[..end], text.chars().count()),
        None => text.into_owned(),
    }
}

/// The object as it was.
pub(super) fn at(printer: &Printer, at: &At) -> Done {
    printer.line("")?;
    let title = format!("As it was at {}", rfc3339(at.when));
    printer.line(&printer.bold(&title))?;
    if let Some(because) = at.not_known() {
        return printer.line(&printer.fitted(&format!("  {because}")));
    }
    let pair = |title: &str, value: &str| printer.line(&format!("  {title:<12}{}", printable(value)));
    pair("state", at.standing.map_or("-", super::standing::Standing::words))?;
    pair("dn", at.dn.as_deref().unwrap_or("-"))?;
    section(printer, "Attributes")?;
    let width = at.attributes.keys().map(String::len).max().unwrap_or(0);
    for (name, values) in &at.attributes {
        let stamp = at.metadata.iter().find(|stamp| stamp.attribute == *name);
        let since = stamp
            .and_then(|s| s.changed_at.map(|t| format!("  [{} on {}]", clock(t), printable(&s.changed_on))));
        for (i, value) in values.iter().take(MOST).enumerate() {
            let remark =
                at.remarks.get(name).filter(|_| i == 0).map(|r| format!("  ({r})")).unwrap_or_default();
            let since = since.as_deref().filter(|_| i == 0).unwrap_or_default();
            let label = if i == 0 { name.as_str() } else { "" };
            printer.line(&format!(
                "  {label:<width$}  {}{remark}{}",
                shown(value),
                printer.paint("2", since)
            ))?;
        }
        if values.len() > MOST {
            printer.line(&format!("  {:<width$}  and {} more: -o json has all", "", values.len() - MOST))?;
        }
    }
    links(printer, at)
}

fn links(printer: &Printer, at: &At) -> Done {
    let mut rest = at.links.as_slice();
    while let Some(first) = rest.first() {
        let is_same = |link: &LinkAt| link.attribute == first.attribute && link.is_own == first.is_own;
        let count = rest.iter().take_while(|link| is_same(link)).count();
        let (these, others) = rest.split_at(count);
        section(printer, &format!("{} ({count})", words::label(&first.attribute, first.is_own)))?;
        for link in these.iter().take(MOST) {
            let since = link.since.map(|since| format!("  [since {}]", clock(since))).unwrap_or_default();
            printer.line(&format!("  {}{}", printable(&link.dn), printer.paint("2", &since)))?;
        }
        if count > MOST {
            printer.line(&format!("  and {} more: -o json has all", count - MOST))?;
        }
        rest = others;
    }
    Ok(())
}

fn section(printer: &Printer, title: &str) -> Done {
    printer.line("")?;
    printer.line(&printer.bold(&printable(title)))
}

#[cfg(test)]
mod tests {
    use super::super::words::tests::{attribute, change, link};
    use super::*;
    use crate::args::Format;
    use crate::printer::tests::printer;

    fn printed(change: &ChangeItem, is_full: bool) -> String {
        let (printer, out, _) = printer(Format::Table, 0);
        one(&printer, change, is_full).unwrap();
        printer.flush().unwrap();
        out.text()
    }

    #[test]
    fn a_change_is_a_line_and_what_belongs_to_it() {
        let mut told = change(&["changed", "links"]);
        told.attributes =
            vec![attribute("title", &["Clerk"], &["Head\u{1b}[2J"]), attribute("mail", &["m"], &[])];
        told.links = vec![link("member", false, true)];
        assert_eq!(
            printed(&told, false),
            "   2026-09-21 14:13:20  changed  on DC1\n       title     Clerk -> Head\\u{1b}[2J\n       mail      - m\n       \
             memberOf  + CN=Sales,DC=x\n"
        );
    }

    #[test]
    fn of_a_deletion_names_are_enough() {
        let mut told = change(&["deleted"]);
        (told.time_from, told.on, told.found_by_comparison) = ("journal", None, true);
        told.attributes = vec![attribute("mail", &["m"], &[]), attribute("isDeleted", &[], &["TRUE"])];
        (told.from, told.to) = (Some("CN=a".into()), Some("CN=a\\0ADEL:x".into()));
        let short =
            "by 2026-09-21 14:13:20  deleted  (found by a comparison)\n       lost mail\n       dn  - CN=a\n";
        assert_eq!(printed(&told, false), short);
        assert!(printed(&told, true).contains("       mail  - m\n"));
    }

    #[test]
    fn nothing_is_without_end() {
        let mut told = change(&["links"]);
        told.links = (0..1000).map(|_| link("member", true, true)).collect();
        let text = printed(&told, true);
        assert_eq!(text.lines().count(), MOST + 2);
        assert!(text.contains("members added") && text.contains("and 980 more"), "{text}");
        let long = "é".repeat(5000);
        assert!(shown(&long).chars().count() < 200 && shown(&long).ends_with("(5000 characters)"));
        assert_eq!(shown("base64:/9g="), "(2 octets) ffd8");
    }
}
