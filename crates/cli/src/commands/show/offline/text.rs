//! An object in a file, for people.

use std::collections::BTreeMap;

use adrecover_core::text::printable;
use adrecover_core::time::{Timestamp, rfc3339};

use super::super::{decode, section};
use super::document::{Document, LinkItem};
use crate::error::CliError;
use crate::printer::Printer;

/// How many links of one attribute are shown, unless `-v` is given.
const SHOWN: usize = 50;

/// Prints everything.
pub(super) fn print(printer: &Printer, document: &Document, now: Timestamp) -> Result<(), CliError> {
    head(printer, document, now)?;
    section(printer, "Attributes")?;
    let width = document.attributes.keys().map(String::len).max().unwrap_or(0);
    for (name, values) in &document.attributes {
        for (i, value) in values.iter().enumerate() {
            let remark = document.facts.get(name).filter(|_| i == 0).map(|r| format!("  ({r})"));
            let title = if i == 0 { name.as_str() } else { "" };
            let value = printable(&decode::for_people(value)).into_owned();
            printer.line(&format!(
                "  {:<width$}  {value}{}",
                printable(title),
                remark.unwrap_or_default()
            ))?;
        }
    }
    for gap in &document.gaps {
        printer.line(&format!("  {:<width$}  ({})", printable(&gap.attribute), printable(&gap.message)))?;
    }
    if document.is_whole {
        printer.line("  (all that it had, links aside)")?;
    } else {
        printer.line("  (what is not here was not set, not exported, or not readable)")?;
    }
    links(printer, document)?;
    section(printer, "Next")?;
    document.next.iter().try_for_each(|line| printer.line(&format!("  {}", printable(line))))?;
    if let Some(never) = document.never {
        printer.line(&format!("  {}", super::super::why_never(never)))?;
    }
    Ok(())
}

fn head(printer: &Printer, document: &Document, now: Timestamp) -> Result<(), CliError> {
    printer.line(&printer.bold(&printable(&document.name)))?;
    let pair = |title: &str, value: Option<String>| match value {
        Some(value) => printer.line(&format!("{title:<14}{}", printable(&value))),
        None => Ok(()),
    };
    pair("file", Some(document.source.words(now)))?;
    pair("place", Some(document.place.clone()).filter(|place| !place.is_empty()))?;
    pair("as of", document.at.map(rfc3339))?;
    pair("type", Some(document.kind.name().to_owned()))?;
    pair("state", Some(format!("{}, in the file", document.state)))?;
    pair("guid", Some(document.guid.map_or_else(|| "not in the file".to_owned(), |guid| guid.to_string())))?;
    pair("account", document.sam_account_name.clone())?;
    let on = document.deleted_on.as_ref().map(|dc| format!(" on {dc}")).unwrap_or_default();
    pair("deleted", document.deleted_at.map(|at| format!("{}{on}", rfc3339(at))))?;
    let left = document.days_left.map(|days| format!(" ({days} days left)")).unwrap_or_default();
    pair(
        "until",
        document.expires_at.map(|at| format!("{}{left}, by the lifetime in the file", rfc3339(at))),
    )?;
    let mark = document.parent_state.map(|state| format!(" ({state} in the file)")).unwrap_or_default();
    pair("last parent", document.last_known_parent.as_ref().map(|dn| format!("{dn}{mark}")))?;
    pair("dn", Some(document.dn.clone()))
}

fn links(printer: &Printer, document: &Document) -> Result<(), CliError> {
    let mut by_title: BTreeMap<&str, Vec<&LinkItem>> = BTreeMap::new();
    for link in &document.links {
        by_title.entry(link.title()).or_default().push(link);
    }
    if by_title.is_empty() {
        return Ok(());
    }
    section(printer, "Links")?;
    let most = if printer.is_verbose(1) { usize::MAX } else { SHOWN };
    for (title, links) in by_title {
        printer.line(&format!("  {} ({})", printable(title), links.len()))?;
        for link in links.iter().take(most) {
            let mark = match link.state {
                "present" => String::new(),
                other => format!("  ({other})"),
            };
            printer.line(&format!("    {}{mark}", printable(&link.dn)))?;
        }
        if links.len() > most {
            printer.line(&format!("    and {} more: -v shows all", links.len() - most))?;
        }
    }
    if document.links_cut {
        printer.line("  (there are more links than are read)")?;
    }
    Ok(())
}
