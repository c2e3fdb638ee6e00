//! `adrecover history --incident`: what was deleted in a time, and what can be had back from where.

mod bursts;
mod chart;
mod document;
mod item;
mod next;
mod page;
mod recovery;
mod summary;
#[cfg(test)]
mod tests;
mod text;
mod timeline;

use adrecover_core::time::rfc3339;
use adrecover_journal::Journal;

use self::document::{AlongsideItem, Document, PolicyItem};
use self::item::Item;
use self::next::Way;
use super::source::Source;
use super::{Args, Window, write_page};
use crate::args::Format;
use crate::context::Ctx;
use crate::error::CliError;
use crate::journal::Controllers;
use crate::printer::Printer;

/// Runs the command; the result is the exit code.
pub(super) fn run(
    ctx: &Ctx,
    args: &Args,
    journal: &Journal,
    source: Source,
    window: Window,
) -> Result<u8, CliError> {
    let document = read(ctx, args, journal, source, &window)?;
    document.doubt.iter().for_each(|doubt| ctx.printer.warn(doubt));
    print(&ctx.printer, &document, ctx)?;
    write_page(ctx, args, || page::page(&document, ctx.now))?;
    Ok(0)
}

fn read(
    ctx: &Ctx,
    args: &Args,
    journal: &Journal,
    source: Source,
    window: &Window,
) -> Result<Document, CliError> {
    let since = window.since.unwrap_or_default();
    let until = window.end(ctx.now);
    let policy = journal.deletion_policy()?;
    let controllers = Controllers::read(journal)?;
    let mut items = vec![];
    journal.casualties(since, until, &item::ATTRIBUTES, |casualty| {
        items.push(Item::new(casualty, policy.as_ref(), &controllers, ctx.now));
    })?;
    items.sort_by_key(|item| item.deleted_at);
    let way = Way { since: rfc3339(since), until: window.until.map(rfc3339), journal: args.journal.words() };
    Ok(Document {
        schema: "adrecover/incident/v1",
        doubt: source.doubt_since(since),
        journal: source,
        since: rfc3339(since),
        until: window.until.map(rfc3339),
        deletion_policy: policy.map(|policy| PolicyItem::of(policy, &items)),
        summary: summary::of(&items),
        timeline: timeline::of(&items),
        bursts: bursts::of(&items),
        alongside: AlongsideItem::from(journal.alongside(since, until)?),
        next: next::commands(&items, &way),
        items,
    })
}

fn print(printer: &Printer, document: &Document, ctx: &Ctx) -> Result<(), CliError> {
    match printer.format {
        Format::Json => printer.json(document)?,
        Format::Jsonl => document.items.iter().try_for_each(|item| printer.json_line(item))?,
        Format::Csv => {
            printer.csv_row(item::COLUMNS)?;
            document.items.iter().try_for_each(|item| printer.csv_row(item.row()))?;
        }
        Format::Table => return text::print(printer, document, ctx.now),
    }
    if document.items.is_empty() {
        printer.note(document.nothing());
    }
    Ok(())
}
