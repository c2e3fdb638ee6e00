//! The comparison for people: how much first, then what.

use adrecover_core::difference::What;
use adrecover_core::text::printable;
use adrecover_core::time::Timestamp;

use super::document::{AttributeItem, Document, Item, LinkItem};
use crate::commands::show::decode;
use crate::error::CliError;
use crate::printer::Printer;

/// So many objects of each kind are shown, unless `-v` is given.
const SHOWN: u64 = 200;
/// So many ends of one link attribute.
const ENDS: usize = 20;

/// Prints everything.
pub(super) fn print(printer: &Printer, document: &Document<'_>, now: Timestamp) -> Result<(), CliError> {
    printer.line(&format!("then  {}", document.then.words(now)))?;
    let is = if document.is_live { "the directory" } else { "file" };
    printer.line(&format!("now   {} ({is})", document.now.words(now)))?;
    if let Some(under) = &document.under {
        printer.line(&format!("of    {}", printable(under)))?;
    }
    printer.line("")?;
    counts(document).iter().try_for_each(|line| printer.line(line))?;
    for what in What::ALL {
        let (number, items) = document.items.of_kind(what)?;
        if number == 0 {
            continue;
        }
        printer.line("")?;
        printer.line(&printer.bold(title(what)))?;
        let most = if printer.is_verbose(1) { u64::MAX } else { SHOWN };
        for (at, item) in (0u64..).zip(items) {
            if at >= most {
                printer.line(&format!("  and {} more: -v shows all, -o json has all", number - most))?;
                break;
            }
            one(printer, &item?)?;
        }
    }
    Ok(())
}

fn title(what: What) -> &'static str {
    match what {
        What::Gone => "Gone",
        What::Changed => "Changed, renamed, moved",
        What::New => "New",
        What::Back => "Back",
    }
}

/// How much differs, a line each.
pub(super) fn counts(document: &Document<'_>) -> Vec<String> {
    let counts = &document.counts;
    let mut lines = vec![];
    if counts.is_none() {
        lines.push(format!("nothing differs: {} objects are as they were", counts.same));
    } else {
        lines.push(format!(
            "{:>7} live objects then, {} now; {} are as they were",
            counts.then, counts.now, counts.same
        ));
        let restorable = counts.gone_restorable;
        let gone = match (counts.gone, restorable) {
            (0, _) => String::new(),
            (gone, can) if gone == can => ": all can be restored".to_owned(),
            (gone, can) => {
                format!(": {can} can be restored, {} cannot, as far as can be seen", gone - can)
            }
        };
        lines.push(format!("{:>7} gone{gone}", counts.gone));
        lines.push(format!(
            "{:>7} changed: {} renamed, {} moved",
            counts.changed, counts.renamed, counts.moved
        ));
        lines.push(format!("{:>7} new", counts.new));
        lines.push(format!("{:>7} back from a deletion", counts.back));
        lines.push(format!(
            "{:>7} membership{} lost by groups that are there, {} gained",
            counts.members_lost,
            if counts.members_lost == 1 { "" } else { "s" },
            counts.members_added
        ));
    }
    let told = [
        (counts.without_guid, "objects without objectGUID could not be compared"),
        (
            counts.not_exported,
            "objects are older than the first side and not in it: not exported, or not readable",
        ),
        (counts.gaps, "attributes of single objects were left out: one side does not give all their values"),
    ];
    lines.extend(told.iter().filter(|(n, _)| *n > 0).map(|(n, words)| format!("{n:>7} {words}")));
    lines
}

fn one(printer: &Printer, item: &Item) -> Result<(), CliError> {
    let account = item.sam_account_name.as_ref().filter(|account| **account != item.name);
    let account = account.map(|account| format!(" ({})", printable(account))).unwrap_or_default();
    let fate = item.fate.map(|fate| format!(": {}", super::document::fate_words(fate))).unwrap_or_default();
    let name = printer.bold(&printable(&item.name));
    printer.line(&format!("  {name}{account}  {}  {}{fate}", item.kind.name(), item.guid))?;
    let line = |text: &str| printer.line(&format!("      {}", printable(text)));
    match (&item.dn_then, &item.dn_now) {
        (Some(then), Some(now)) if item.renamed || item.moved => {
            line(&format!("{}: {then}", moved_words(item)))?;
            line(&format!("  -> {now}"))?;
        }
        (Some(dn), _) | (None, Some(dn)) => line(dn)?,
        (None, None) => {}
    }
    item.attributes.iter().try_for_each(|one| line(&attribute(one)))?;
    for link in &item.links {
        ends(printer, link)?;
    }
    if item.never_restored {
        line("objects of this kind are never restored")?;
    }
    match &item.next {
        Some(command) => printer.line(&format!("      {}", printer.paint("36", &printable(command)))),
        None => Ok(()),
    }
}

/// What happened to its name and place.
pub(super) fn moved_words(item: &Item) -> &'static str {
    match (item.renamed, item.moved) {
        (true, true) => "renamed and moved",
        (true, false) => "renamed",
        _ => "moved",
    }
}

fn attribute(one: &AttributeItem) -> String {
    format!("{}: {} -> {}", one.attribute, side(one.then.as_deref()), side(one.now.as_deref()))
}

/// The values of one side, for people.
pub(super) fn side(values: Option<&[String]>) -> String {
    match values {
        None => "(not in it)".to_owned(),
        Some([]) => "(not set)".to_owned(),
        Some(values) => values.iter().map(|value| decode::for_people(value)).collect::<Vec<_>>().join("; "),
    }
}

fn ends(printer: &Printer, link: &LinkItem) -> Result<(), CliError> {
    let sure = if link.sure { "" } else { "  (one side tells none: not set, or not exported)" };
    for (mark, names, number) in [("-", &link.lost, link.lost_count), ("+", &link.added, link.added_count)] {
        for name in names.iter().take(ENDS) {
            printer.line(&format!(
                "      {} {mark} {}{sure}",
                printable(&link.attribute),
                printable(name)
            ))?;
        }
        let rest = number.saturating_sub(names.len().min(ENDS) as u64);
        if rest > 0 {
            printer.line(&format!("      {} {mark} {rest} more", printable(&link.attribute)))?;
        }
    }
    Ok(())
}
