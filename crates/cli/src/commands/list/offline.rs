//! The deleted objects that a file shows.

use adrecover_core::time::rfc3339;
use adrecover_ldap::deleted::Selection;

use super::columns::Sight;
use super::gathered::Gathered;
use super::{Args, Partition, Subject, begin, line, note_dropped, print};
use crate::args::Format;
use crate::context::Ctx;
use crate::error::{CliError, Kind};
use crate::offline::{self, DeletedReader, SourceDocument, told_damage};
use crate::sources::Opened;

/// Lists them; the result is the exit code.
pub(super) async fn run(
    ctx: &Ctx,
    args: &Args,
    mut opened: Opened,
    selection: Selection,
) -> Result<u8, CliError> {
    if selection.ldap_filter.is_some() {
        return Err(CliError::usage(
            "--ldap-filter is evaluated by a domain controller, and cannot be used on a file",
        )
        .hint("use the other selectors, or filter the lines of -o jsonl"));
    }
    let partition = match args.partition {
        Partition::Domain => offline::Partition::Domain,
        Partition::Configuration => offline::Partition::Configuration,
        Partition::Dns => offline::Partition::Dns,
        Partition::All => offline::Partition::All,
    };
    let now = ctx.now;
    let (found, source, nameless) = opened
        .ask(move |source| {
            let mut reader = DeletedReader::new(source, now)?;
            let under = selection.under.clone();
            let found = reader.all(source, partition, under.as_ref(), |object| selection.takes(object));
            let document = SourceDocument::new(source.about(), source.damage());
            Ok(found.map(|(found, nameless)| (found, document, nameless)))
        })
        .await??;
    let subject = Subject {
        domain: opened.about().domain.as_ref().map(|domain| domain.dns_name()),
        server: source.name.clone(),
        recycle_bin: opened.about().recycle_bin,
        source: Some(&source),
        sight: Sight::File,
    };
    let streams = matches!(ctx.printer.format, Format::Jsonl | Format::Csv);
    if streams && args.sort.is_none() {
        let columns = args.columns(Format::Csv);
        begin(&ctx.printer, &columns)?;
        let most = args.limit.map_or(usize::MAX, |n| n as usize);
        for object in found.iter()?.take(most) {
            line(&ctx.printer, &columns, &object?, Sight::File)?;
        }
    } else {
        let mut gathered = Gathered::new(args.sort.unwrap_or_default(), args.limit);
        for object in found.iter()? {
            gathered.add(object?);
        }
        let (objects, dropped) = gathered.finish();
        print(ctx, args, &subject, &objects)?;
        note_dropped(&ctx.printer, dropped);
    }
    Ok(end(ctx, &opened, &source, found.len(), nameless))
}

/// Says what the list is worth, and gives the exit code.
fn end(ctx: &Ctx, opened: &Opened, source: &SourceDocument, number: u64, nameless: u64) -> u8 {
    let printer = &ctx.printer;
    let damage = told_damage(ctx, opened);
    if nameless > 0 {
        printer.warn(format!("{nameless} deleted objects have neither an objectGUID nor a name that tells it: they are not in the list"));
    }
    if number == 0 {
        printer.note(format!("no deleted object in {} matches", source.words(ctx.now)));
        let is_export = opened.about().kind == adrecover_core::source::SourceKind::Ldif;
        if is_export {
            printer.note(
                "an export has deleted objects only where it was made with the control that shows them",
            );
        }
        return if damage > 0 { damage } else { Kind::NotFound.code() };
    }
    printer.note(format!(
        "{}: what can be restored today, only a domain controller tells (adrecover show GUID)",
        source.words(ctx.now)
    ));
    for limit in &source.limits {
        printer.detail(1, limit);
    }
    if let Some(at) = source.at.filter(|at| *at > ctx.now) {
        printer.warn(format!("{} is dated {}, in the future", source.name, rfc3339(at)));
    }
    if nameless > 0 { 3 } else { damage }
}
