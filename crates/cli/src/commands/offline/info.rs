//! `adrecover offline info`: what a file is, of when and whose, and how much is in it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use adrecover_core::Dn;
use adrecover_core::kind::ObjectKind;
use adrecover_core::lifetime::DeletionPolicy;
use adrecover_core::source::{About, Counts, EventKind, Selection, Source, SourceError, Standing};
use adrecover_core::text::printable;
use adrecover_core::time::{Timestamp, rfc3339};
use serde::Serialize;

use crate::args::Format;
use crate::context::Ctx;
use crate::error::CliError;
use crate::offline::{SourceDocument, is_bin, level, told_damage};
use crate::printer::Printer;
use crate::sources::{self, SourceArgs, SourceName};

/// Says what a file is, of which moment, domain and domain controller, and how much is in it
///
/// The whole file is read once, so that what of it is damaged is told.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exits with 3 where a part of the file could not be read, and with 12 where it is damaged as a whole, or of an unknown format.")]
pub(super) struct Args {
    /// The file, or ldap:URL for a mounted snapshot
    #[arg(value_name = "FILE")]
    file: String,
    #[command(flatten)]
    source: SourceArgs,
}

/// `adrecover/offline-info/v1`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    schema: &'static str,
    source: SourceDocument,
    domain_guid: Option<String>,
    forest: Option<String>,
    naming_contexts: Vec<String>,
    domain_level: Option<i64>,
    forest_level: Option<i64>,
    recycle_bin: Option<bool>,
    deletion_policy: Option<PolicyItem>,
    objects: ObjectsItem,
    /// What it tells of things that happened; `None` where nothing is.
    events: Option<EventsItem>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PolicyItem {
    tombstone_lifetime: i64,
    deleted_object_lifetime: i64,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct ObjectsItem {
    total: u64,
    live: u64,
    deleted: u64,
    recycled: u64,
    /// Without objectGUID: they are found by their names only.
    without_guid: u64,
    /// Live ones by type.
    by_type: BTreeMap<&'static str, u64>,
    /// When the newest and the oldest deletion that is there was.
    #[serde(serialize_with = "adrecover_core::time::serialize")]
    newest_deletion: Option<Timestamp>,
    #[serde(serialize_with = "adrecover_core::time::serialize")]
    oldest_deletion: Option<Timestamp>,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct EventsItem {
    total: u64,
    #[serde(serialize_with = "adrecover_core::time::serialize")]
    first: Option<Timestamp>,
    #[serde(serialize_with = "adrecover_core::time::serialize")]
    last: Option<Timestamp>,
    by_kind: BTreeMap<&'static str, u64>,
}

/// Runs the command; the result is the exit code.
pub(super) async fn run(ctx: &Ctx, args: &Args) -> Result<u8, CliError> {
    let name = SourceName::parse(&args.file)?;
    if ctx.printer.format == Format::Csv {
        return Err(CliError::usage("what a file is has no rows: -o csv is for lists")
            .hint("use -o json, or no -o for text"));
    }
    let mut opened = sources::open(ctx, &name, &args.source).await?;
    let (objects, events) = opened.ask(|source| Ok((objects(source)?, events(source)?))).await?;
    let (about, source) = opened
        .ask(|source| Ok((source.about().clone(), SourceDocument::new(source.about(), source.damage()))))
        .await?;
    let document = Document::new(&about, source, objects, events);
    match ctx.printer.format {
        Format::Json => ctx.printer.json(&document)?,
        Format::Jsonl => ctx.printer.json_line(&document)?,
        Format::Csv | Format::Table => print(&ctx.printer, &document, ctx.now)?,
    }
    Ok(told_damage(ctx, &opened))
}

/// Counts what is there. The whole source is listed.
fn objects(source: &mut dyn Source) -> Result<ObjectsItem, SourceError> {
    let names = ["objectClass", "whenChanged"].map(str::to_owned).to_vec();
    let wanted = Selection { attributes: Some(names), ..Selection::everything() };
    let (mut counts, mut item) = (Counts::default(), ObjectsItem::default());
    source.list(&wanted, &mut |object| {
        // The container of deleted objects is there, whatever its mark says.
        let standing = if is_bin(&object) { Standing::Live } else { object.standing };
        counts.add(standing);
        item.without_guid += u64::from(object.guid.is_none());
        if standing == Standing::Live {
            *item.by_type.entry(ObjectKind::of(&object.entry).name()).or_default() += 1;
        } else if let Some(at) = object.entry.time("whenChanged") {
            item.newest_deletion = item.newest_deletion.max(Some(at));
            item.oldest_deletion = Some(item.oldest_deletion.map_or(at, |known| known.min(at)));
        }
        ControlFlow::Continue(())
    })?;
    (item.total, item.live) = (counts.total(), counts.live);
    (item.deleted, item.recycled) = (counts.deleted, counts.recycled);
    Ok(item)
}

fn events(source: &mut dyn Source) -> Result<Option<EventsItem>, SourceError> {
    let mut item = EventsItem::default();
    source.events(None, &mut |event| {
        item.total += 1;
        if let Some(at) = event.at {
            item.first = Some(item.first.map_or(at, |known| known.min(at)));
            item.last = item.last.max(Some(at));
        }
        let kind = match event.kind {
            EventKind::Created => "created",
            EventKind::Deleted => "deleted",
            EventKind::Undeleted => "undeleted",
            EventKind::Moved { .. } => "moved",
            EventKind::AccountRenamed { .. } => "accountRenamed",
            EventKind::Enabled => "enabled",
            EventKind::Disabled => "disabled",
            EventKind::Changed(_) => "changed",
            EventKind::MemberAdded { .. } => "memberAdded",
            EventKind::MemberRemoved { .. } => "memberRemoved",
        };
        *item.by_kind.entry(kind).or_default() += 1;
        ControlFlow::Continue(())
    })?;
    Ok((item.total > 0).then_some(item))
}

impl Document {
    fn new(about: &About, source: SourceDocument, objects: ObjectsItem, events: Option<EventsItem>) -> Self {
        let policy = |policy: DeletionPolicy| PolicyItem {
            tombstone_lifetime: policy.tombstone_lifetime,
            deleted_object_lifetime: policy.deleted_object_lifetime,
        };
        Self {
            schema: "adrecover/offline-info/v1",
            source,
            domain_guid: about.domain_guid.map(|guid| guid.to_string()),
            forest: about.forest.as_ref().map(Dn::to_string),
            naming_contexts: about.contexts.iter().map(Dn::to_string).collect(),
            domain_level: about.domain_level,
            forest_level: about.forest_level,
            recycle_bin: about.recycle_bin,
            deletion_policy: about.policy.map(policy),
            objects,
            events,
        }
    }
}

fn print(printer: &Printer, document: &Document, now: Timestamp) -> Result<(), CliError> {
    let source = &document.source;
    let unknown = || "not known from this file".to_owned();
    let pair = |title: &str, value: String| printer.line(&format!("{title:<16}{}", printable(&value)));
    let numbers = |by: &BTreeMap<&str, u64>| {
        by.iter().map(|(name, number)| format!("{number} {name}")).collect::<Vec<_>>().join(", ")
    };
    printer.line(&printer.bold(&printable(&source.name)))?;
    pair("format", source.format.clone())?;
    pair("size", source.size.map_or_else(unknown, |size| format!("{size} octets")))?;
    pair("moment", source.moment(now))?;
    if source.dirty {
        pair(
            "state",
            "DIRTY: not shut down in an orderly way; what it shows may contradict itself".to_owned(),
        )?;
    }
    pair("domain", source.domain.clone().unwrap_or_else(unknown))?;
    pair("DC", source.host.clone().unwrap_or_else(unknown))?;
    pair("forest", document.forest.clone().unwrap_or_else(unknown))?;
    pair("domain level", document.domain_level.map_or_else(unknown, level))?;
    pair("forest level", document.forest_level.map_or_else(unknown, level))?;
    let bin = document.recycle_bin.map_or_else(unknown, |on| if on { "on" } else { "off" }.to_owned());
    pair("Recycle Bin", bin)?;
    let days = |policy: &PolicyItem| {
        format!("tombstones {} days, bin {} days", policy.tombstone_lifetime, policy.deleted_object_lifetime)
    };
    pair("lifetimes", document.deletion_policy.as_ref().map_or_else(unknown, days))?;
    for context in &document.naming_contexts {
        pair("naming context", context.clone())?;
    }
    let objects = &document.objects;
    pair(
        "objects",
        format!("{} live, {} deleted, {} recycled", objects.live, objects.deleted, objects.recycled),
    )?;
    if objects.live > 0 {
        pair("live", numbers(&objects.by_type))?;
    }
    if let Some((oldest, newest)) = objects.oldest_deletion.zip(objects.newest_deletion) {
        pair("deletions", format!("from {} to {}", rfc3339(oldest), rfc3339(newest)))?;
    }
    if objects.without_guid > 0 {
        pair("without GUID", format!("{}: found by their names only", objects.without_guid))?;
    }
    if let Some(events) = &document.events {
        pair("events", format!("{}: {}", events.total, numbers(&events.by_kind)))?;
        if let Some((first, last)) = events.first.zip(events.last) {
            pair("from, to", format!("{}, {}", rfc3339(first), rfc3339(last)))?;
        }
    }
    let all = |title: &str, lines: &[String]| -> Result<(), CliError> {
        if lines.is_empty() {
            return Ok(());
        }
        printer.line("")?;
        printer.line(&printer.bold(title))?;
        lines.iter().try_for_each(|line| printer.line(&printer.fitted(&format!("  - {}", printable(line)))))
    };
    let old = document.deletion_policy.as_ref().zip(source.at).and_then(|(policy, at)| {
        let days = (now - at).num_days();
        (days > policy.tombstone_lifetime).then(|| {
            format!(
                "it is {days} days old, older than the tombstone lifetime of {} days: what was deleted then cannot be undeleted any more",
                policy.tombstone_lifetime
            )
        })
    });
    let limits: Vec<String> = source.limits.iter().cloned().chain(old).collect();
    all("What it cannot tell", &limits)?;
    all("How far its reader was tried", std::slice::from_ref(&source.verification))
}
