//! One object as a file shows it.

mod document;
mod text;

use std::ops::ControlFlow;

use adrecover_core::source::{Direction, LinkState, Object, Source, SourceError, Standing};

use self::document::{Document, LinkItem};
use super::Args;
use crate::args::Format;
use crate::context::Ctx;
use crate::error::{CliError, Kind};
use crate::offline::{self, Called, DeletedReader, SourceDocument, told_damage};
use crate::sources::Opened;

/// The most links that are told of each direction.
const MOST_LINKS: usize = 10_000;

/// Shows it; the result is the exit code.
pub(super) async fn run(ctx: &Ctx, args: &Args, mut opened: Opened, called: &str) -> Result<u8, CliError> {
    let name = match (&args.guid, &args.dn) {
        (Some(guid), _) => Called::guid(guid.parse()?),
        (_, Some(dn)) => Called::Dn(dn.parse()?),
        _ => Called::guess(args.object.as_deref().unwrap_or_default()),
    };
    let found = opened.ask(move |source| name.find(source)).await?;
    if found.is_empty() && told_damage(ctx, &opened) > 0 {
        return Err(CliError::new(
            Kind::BadInput,
            format!("no object is called `{called}` in what could be read of {}", opened.about().name),
        ));
    }
    let object = offline::only(found, called, &opened)?;
    let named = args.offline.offline.clone().unwrap_or_default();
    let now = ctx.now;
    let document = opened.ask(move |source| describe(source, object, now, &named)).await?;
    match ctx.printer.format {
        Format::Table => text::print(&ctx.printer, &document, ctx.now)?,
        Format::Json => ctx.printer.json(&document)?,
        Format::Jsonl => ctx.printer.json_line(&document)?,
        Format::Csv => {
            ctx.printer.csv_row(["attribute", "value"])?;
            for (name, values) in &document.attributes {
                values.iter().try_for_each(|value| ctx.printer.csv_row([name, value]))?;
            }
            for link in document.links.iter().filter(|link| link.state == "present") {
                ctx.printer.csv_row([link.title(), &link.dn])?;
            }
        }
    }
    Ok(told_damage(ctx, &opened))
}

fn describe(
    source: &mut dyn Source,
    object: Object,
    now: adrecover_core::time::Timestamp,
    named: &str,
) -> Result<Document, SourceError> {
    let (mut links, mut is_cut) = (vec![], false);
    for direction in [Direction::Holds, Direction::PointedTo] {
        let mut number = 0;
        source.links(&object, direction, &mut |link| {
            number += 1;
            if number > MOST_LINKS {
                is_cut = true;
                return ControlFlow::Break(());
            }
            links.push(LinkItem::new(link, direction));
            ControlFlow::Continue(())
        })?;
    }
    let mut deleted = None;
    if object.standing != Standing::Live {
        let mut reader = DeletedReader::new(source, now)?;
        if let Some(mut item) = reader.read(object.clone()) {
            reader.complete(source, &mut item, None)?;
            deleted = Some(item);
        }
    }
    let about = SourceDocument::new(source.about(), source.damage());
    Ok(Document::new(object, deleted, links, is_cut, about, named))
}

/// Whether a link was there, in JSON.
fn state(state: LinkState) -> &'static str {
    match state {
        LinkState::Present => "present",
        LinkState::Deactivated => "deactivated",
        LinkState::Removed(_) => "removed",
    }
}
