//! `adrecover list`.

mod classic;
mod columns;
mod gathered;
mod offline;
mod order;

use std::ops::ControlFlow;

use adrecover_core::deleted::{DeletedObject, Judge};
use adrecover_core::text::printable;
use adrecover_ldap::Session;
use adrecover_ldap::deleted::{self, Listed, Partitions, Selection};
use clap::ValueEnum;
use serde::Serialize;

use self::columns::{Column, Sight};
use self::gathered::Gathered;
use self::order::Order;
use crate::args::Format;
use crate::context::Ctx;
use crate::error::{CliError, Kind};
use crate::journal::{Backing, JournalArgs};
use crate::offline::{OfflineArgs, SourceDocument};
use crate::printer::Printer;
use crate::printer::table::Table;
use crate::selectors::SelectorArgs;

/// Lists deleted objects, the latest deletion first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Columns and sort fields are the fields of the JSON: name, samAccountName (account), type, state, deletedAt (deleted), \
deletedOn (dc), expiresAt (expires), daysLeft (days), lastKnownParent (parent), parentState, restorable, \
notRestorableBecause (because), userPrincipalName (upn), canFillFrom (fill), rdn, sid, dn, guid.

Where an agent keeps a change journal of the forest, canFillFrom is `journal` for each object of which it knows what the deletion took.

With --offline the deleted objects that a file shows are listed, and no server and no journal is asked. What a file cannot tell is `null` \
or `?`: whether an object can be restored today, only a domain controller knows. docs/offline.md has the files that are read.

Examples:
  adrecover list UserA
  adrecover list --type user --since 7d --under OU=Sales,DC=contoso,DC=com
  adrecover list --sort name --columns name,account,deleted,guid
  adrecover list -o csv > deleted.csv
  adrecover list --offline backup/ntds.dit --type user

Exits with 4 where nothing matches, with 11 where this account may not see deleted objects, with 3 where a part could not be seen or
read, and with 12 where a file is damaged or of an unknown format.")]
pub(crate) struct Args {
    /// A part of the original name or of the account name, in any case
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
    #[command(flatten)]
    selectors: SelectorArgs,
    /// Where to look
    #[arg(long, value_enum, value_name = "WHICH", default_value_t)]
    partition: Partition,
    /// The field to sort by; add :asc or :desc for the direction [default: deletedAt:desc]
    #[arg(long, value_name = "FIELD")]
    sort: Option<Order>,
    /// List so many objects at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// How many connections may be used where there are many objects; 1 turns it off
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=8))]
    connections: u8,
    /// The columns of a table or of CSV, separated by commas
    #[arg(long, value_name = "A,B,...", value_delimiter = ',')]
    columns: Vec<Column>,
    /// Print in the layout of AdRestore
    #[arg(long, conflicts_with = "columns")]
    classic: bool,
    #[command(flatten)]
    journal: JournalArgs,
    #[command(flatten)]
    offline: OfflineArgs,
}

/// Which naming contexts to look into.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Partition {
    /// The server's own domain
    #[default]
    Domain,
    /// The forest's configuration
    Configuration,
    /// The application partitions of DNS
    Dns,
    /// All of them
    All,
}

/// `adrecover/list/v1`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema: &'static str,
    domain: Option<String>,
    recycle_bin: Option<bool>,
    /// The file, where it is one that was looked into.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a SourceDocument>,
    items: Vec<Item<'a>>,
}

/// An item as it is printed.
struct Item<'a>(&'a DeletedObject, Sight);

impl Serialize for Item<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.1.is_known(self.0) {
            return self.0.serialize(serializer);
        }
        let mut fields = serde_json::to_value(self.0).map_err(serde::ser::Error::custom)?;
        fields["restorable"] = serde_json::Value::Null;
        fields.serialize(serializer)
    }
}

/// What a list is of.
struct Subject<'a> {
    domain: Option<String>,
    server: String,
    recycle_bin: Option<bool>,
    source: Option<&'a SourceDocument>,
    sight: Sight,
}

impl Subject<'_> {
    fn live(session: &Session, judge: &Judge) -> Self {
        let root_dse = session.root_dse();
        Self {
            domain: Some(root_dse.default_naming_context.dns_name()),
            server: root_dse.dns_host_name.clone().unwrap_or_default(),
            recycle_bin: Some(judge.policy.recycle_bin),
            source: None,
            sight: Sight::Live,
        }
    }
}

/// Runs the command; the result is the exit code.
pub(crate) async fn run(ctx: &Ctx, args: &Args) -> Result<u8, CliError> {
    let format = ctx.settings.output;
    let streams = matches!(format, Format::Jsonl | Format::Csv);
    if streams && args.sort.is_some() && args.limit.is_none() {
        return Err(CliError::usage("-o jsonl and -o csv stream their lines, so that --sort needs --limit")
            .hint("add --limit N, or sort what comes out"));
    }
    if args.classic && format != Format::Table {
        return Err(CliError::usage(
            "--classic is a layout of its own: it cannot be had with -o json, jsonl or csv",
        ));
    }
    let partitions = match args.partition {
        Partition::Domain => Partitions::Domain,
        Partition::Configuration => Partitions::Configuration,
        Partition::Dns => Partitions::Dns,
        Partition::All => Partitions::All,
    };
    let selection = Selection {
        partitions,
        connections: usize::from(args.connections),
        ..args.selectors.read(args.filter.as_deref(), ctx.now)?
    };
    if let Some(opened) = args.offline.open(ctx).await? {
        return offline::run(ctx, args, opened, selection).await;
    }
    let mut session = ctx.connect().await?;
    let judge = deleted::judge(&session, ctx.now).await?;
    let mut backing = Backing::open(&args.journal, &ctx.settings, session.root_dse(), &ctx.printer);
    let listed = if streams && args.sort.is_none() {
        stream(ctx, args, &mut session, &judge, &selection, &mut backing).await?
    } else {
        collect(ctx, args, &mut session, &judge, &selection, &mut backing).await?
    };
    session.close().await;
    Ok(code(&ctx.printer, &listed))
}

/// Prints each object as it comes.
async fn stream(
    ctx: &Ctx,
    args: &Args,
    session: &mut Session,
    judge: &Judge,
    selection: &Selection,
    backing: &mut Backing<'_>,
) -> Result<Listed, CliError> {
    let columns = args.columns(Format::Csv);
    let mut left = args.limit;
    let mut begun = false;
    let listed = deleted::each(session, judge, selection, |mut object| {
        backing.note(&mut object);
        if !begun {
            begin(&ctx.printer, &columns)?;
            begun = true;
        }
        line(&ctx.printer, &columns, &object, Sight::Live)?;
        left = left.map(|n| n - 1);
        Ok::<_, CliError>(if left == Some(0) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })
    .await?;
    check_access(ctx, session, &listed)?;
    if !begun {
        begin(&ctx.printer, &columns)?;
    }
    Ok(listed)
}

fn begin(printer: &Printer, columns: &[Column]) -> Result<(), CliError> {
    if printer.format == Format::Csv { printer.csv_row(columns.iter().map(|c| c.key())) } else { Ok(()) }
}

fn line(printer: &Printer, columns: &[Column], object: &DeletedObject, sight: Sight) -> Result<(), CliError> {
    match printer.format {
        Format::Csv => printer.csv_row(columns.iter().map(|c| c.raw(object, sight))),
        _ => printer.json_line(&Item(object, sight)),
    }
}

/// Collects the objects, or the first of them by the order that was asked for, and prints them.
async fn collect(
    ctx: &Ctx,
    args: &Args,
    session: &mut Session,
    judge: &Judge,
    selection: &Selection,
    backing: &mut Backing<'_>,
) -> Result<Listed, CliError> {
    let mut gathered = Gathered::new(args.sort.unwrap_or_default(), args.limit);
    let listed = deleted::each(session, judge, selection, |object| {
        gathered.add(object);
        Ok::<_, CliError>(ControlFlow::Continue(()))
    })
    .await?;
    check_access(ctx, session, &listed)?;
    let (mut objects, dropped) = gathered.finish();
    objects.iter_mut().for_each(|object| backing.note(object));
    print(ctx, args, &Subject::live(session, judge), &objects)?;
    if let Some(summary) =
        backing.summary(&objects, ctx.now).filter(|_| ctx.printer.format == Format::Table && !args.classic)
    {
        ctx.printer.note(summary);
    }
    note_dropped(&ctx.printer, dropped);
    Ok(listed)
}

fn note_dropped(printer: &Printer, dropped: usize) {
    if dropped > 0 {
        printer.note(format!("{dropped} more matched: raise --limit to see them"));
    }
}

fn print(ctx: &Ctx, args: &Args, subject: &Subject<'_>, objects: &[DeletedObject]) -> Result<(), CliError> {
    let (printer, sight) = (&ctx.printer, subject.sight);
    match printer.format {
        Format::Json => printer.json(&Document {
            schema: "adrecover/list/v1",
            domain: subject.domain.clone(),
            recycle_bin: subject.recycle_bin,
            source: subject.source,
            items: objects.iter().map(|object| Item(object, sight)).collect(),
        }),
        Format::Table if args.classic => {
            classic::print(printer, subject.domain.as_deref().unwrap_or_default(), &subject.server, objects)
        }
        Format::Table if objects.is_empty() => Ok(()),
        Format::Table => {
            let columns = args.columns(Format::Table);
            let mut table = Table::new(columns.iter().map(|c| c.heading()));
            objects.iter().for_each(|o| table.row(columns.iter().map(|c| c.shown(o, sight))));
            printer.table(&table)
        }
        Format::Csv | Format::Jsonl => {
            let columns = args.columns(Format::Csv);
            begin(printer, &columns)?;
            objects.iter().try_for_each(|object| line(printer, &columns, object, sight))
        }
    }
}

impl Args {
    fn columns(&self, format: Format) -> Vec<Column> {
        match format {
            _ if !self.columns.is_empty() => self.columns.clone(),
            Format::Table => Column::USUAL.to_vec(),
            _ => Column::ALL.to_vec(),
        }
    }
}

/// Refuses where nothing could be looked into, and warns where a part could not.
fn check_access(ctx: &Ctx, session: &Session, listed: &Listed) -> Result<(), CliError> {
    let Some(first) = listed.denied.first() else { return Ok(()) };
    if listed.read.is_empty() {
        let account = session.account();
        return Err(CliError::new(
            Kind::AccessDenied,
            format!("{account} may not see deleted objects: it has no right to list and read CN=Deleted Objects,{first}"),
        )
        .hint(deleted::access_hint_for(session.root_dse(), first, account)));
    }
    for naming_context in &listed.denied {
        ctx.printer.warn(format!(
            "this account may not see the deleted objects of {}: they are not in the list",
            printable(&naming_context.to_string())
        ));
    }
    Ok(())
}

fn code(printer: &Printer, listed: &Listed) -> u8 {
    if listed.given == 0 {
        printer.note("no deleted object matches");
        return Kind::NotFound.code();
    }
    // A list that leaves out what could not be seen is done in part.
    if listed.denied.is_empty() { 0 } else { 3 }
}
