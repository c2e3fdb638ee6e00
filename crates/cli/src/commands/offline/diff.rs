//! `adrecover offline diff`: what is gone, changed, moved, new and back since a file was made.

mod document;
mod kept;
mod page;
mod sides;
mod text;

use std::path::PathBuf;

use adrecover_core::difference::{self, Counts, Scope};
use adrecover_core::{Dn, ObjectGuid};

use self::document::{Document, Items, Row};
use self::kept::Kept;
use self::sides::Sides;
use crate::args::Format;
use crate::context::Ctx;
use crate::error::{CliError, Kind};
use crate::files;
use crate::offline::SourceDocument;
use crate::sources::SourceArgs;

/// Compares a file with the directory, or with another file: what is gone, changed, moved, new and back
///
/// The directory is only read. Objects are known by their objectGUID. What the directory writes by itself (logon times, counters, change
/// numbers) is not compared, nor are access lists, secrets, and what one side does not tell.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Where OTHER is given, FILE is what was and OTHER what is. Live objects of the domain are compared, or those below --under: another naming
context is named by it. For what is gone the command is shown that restores it with what the file has, or creates it anew.

Examples:
  adrecover offline diff monday.ldf
  adrecover offline diff ntds.dit --under OU=Sales,DC=contoso,DC=com --html sales.html
  adrecover offline diff monday.ldf friday.ldf -o json
  adrecover offline diff monday.ldf --guid 3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f

Exits with 0 where nothing differs, with 6 where something does, with 3 where nothing was found and a part could not be read or compared,
with 4 where neither side has the object of --guid, and with 12 where a file is damaged or of an unknown format.")]
pub(super) struct Args {
    /// What was: a file, or ldap:URL for a mounted snapshot
    #[arg(value_name = "FILE")]
    file: String,
    /// What is, in place of the directory
    #[arg(value_name = "OTHER")]
    other: Option<String>,
    /// Only the object of this GUID
    #[arg(long, value_name = "GUID", conflicts_with = "under")]
    guid: Option<String>,
    /// Only this object and what lies below it
    #[arg(long, value_name = "DN")]
    under: Option<String>,
    /// Write it as a page of its own, too; an existing file is never written over
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    source: SourceArgs,
}

/// What a comparison came to.
struct Outcome {
    counts: Counts,
    kept: Kept,
    then: SourceDocument,
    now: SourceDocument,
}

/// Runs the command; the result is the exit code.
pub(super) async fn run(ctx: &Ctx, args: &Args) -> Result<u8, CliError> {
    let guid = args.guid.as_deref().map(str::parse::<ObjectGuid>).transpose()?;
    let under = args.under.as_deref().map(str::parse::<Dn>).transpose()?;
    if under.as_ref().is_some_and(Dn::is_empty) {
        return Err(
            CliError::usage("--under names no container").hint("write --under OU=Sales,DC=contoso,DC=com")
        );
    }
    if let Some(path) = &args.html {
        files::is_free(path)?;
    }
    let sides = Sides::open(ctx, &args.file, args.other.as_deref(), &args.source).await?;
    sides.warn(ctx);
    let scope = sides.scope(under);
    let base = scope.base.clone();
    let comparing = sides.compare(move |then, now| compare(then, now, &scope, guid));
    let outcome = ctx.stop.unless_asked(comparing).await?;
    let named = (args.file.as_str(), args.other.as_deref());
    let document = Document::new(&outcome, base.as_ref(), guid, named);
    print(ctx, &document)?;
    if let Some(path) = &args.html {
        ctx.printer.flush()?;
        files::write_new(path, &page::page(&document, ctx.now)?)?;
        ctx.printer.note(format!("the page is in {}", path.display()));
    }
    Ok(code(ctx, &outcome))
}

/// Compares, and keeps what differs.
fn compare(
    then: &mut dyn adrecover_core::source::Source,
    now: &mut dyn adrecover_core::source::Source,
    scope: &Scope,
    guid: Option<ObjectGuid>,
) -> Result<Outcome, CliError> {
    let mut kept = Kept::gather()?;
    let counts = match guid {
        Some(guid) => {
            let Some((counts, difference)) = difference::one(then, now, guid)? else {
                return Err(CliError::new(Kind::NotFound, format!("neither side has an object {guid}")));
            };
            if let Some(difference) = difference {
                let _ = kept.add(&difference);
            }
            counts
        }
        None => difference::all(then, now, scope, &mut |difference| kept.add(&difference))?,
    };
    let document =
        |source: &dyn adrecover_core::source::Source| SourceDocument::new(source.about(), source.damage());
    Ok(Outcome { counts, kept: kept.finish()?, then: document(then), now: document(now) })
}

fn print(ctx: &Ctx, document: &Document<'_>) -> Result<(), CliError> {
    let printer = &ctx.printer;
    match printer.format {
        Format::Json => printer.json(document)?,
        Format::Jsonl => {
            text::counts(document).iter().for_each(|line| printer.note(line));
            for item in Items::of(document).iter()? {
                printer.json_line(&item?)?;
            }
        }
        Format::Csv => {
            text::counts(document).iter().for_each(|line| printer.note(line));
            printer.csv_row(Row::COLUMNS)?;
            for item in Items::of(document).iter()? {
                Row::of(&item?).into_iter().try_for_each(|row| printer.csv_row(row.0))?;
            }
        }
        Format::Table => text::print(printer, document, ctx.now)?,
    }
    Ok(())
}

/// Says what could not be read, and gives the exit code.
fn code(ctx: &Ctx, outcome: &Outcome) -> u8 {
    let mut is_in_part = outcome.counts.without_guid > 0;
    for side in [&outcome.then, &outcome.now] {
        if side.damage_count > 0 {
            is_in_part = true;
            let first = side.damage.first().map(ToString::to_string).unwrap_or_default();
            ctx.printer.warn(format!(
                "{} is damaged in {} places, and what lies there was not compared: {first}",
                side.name, side.damage_count
            ));
        }
    }
    match (outcome.counts.is_none(), is_in_part) {
        (false, _) => 6,
        (true, true) => 3,
        (true, false) => 0,
    }
}
