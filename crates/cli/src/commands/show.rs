//! `adrecover show`.

mod advice;
pub(crate) mod decode;
mod document;
mod offline;

use adrecover_core::deleted::{DeletedObject, Judge, NeverRestored, never_restored};
use adrecover_core::kind::ObjectKind;
use adrecover_core::text::printable;
use adrecover_core::time::rfc3339;
use adrecover_core::{Dn, Entry, ObjectGuid, metadata};
use adrecover_ldap::Session;
use adrecover_ldap::deleted::{self, AttributeNames, Container, Found, Key, Parents};

use self::document::{Document, Item, LiveObject, Stamp};
use crate::args::Format;
use crate::context::Ctx;
use crate::error::{Candidate, CliError, Kind};
use crate::journal::{Backing, Holding, JournalArgs, SOURCE};
use crate::offline::OfflineArgs;
use crate::printer::Printer;
use crate::remains;

/// Shows everything that is known about one object, and whether and how it can be restored
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The object may be deleted or live. Values of passwords, keys and what the schema flags as confidential are never
shown. In JSON, values that are not text are `base64:` and their octets.

Examples:
  adrecover show UserA
  adrecover show --guid 3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f -o json
  adrecover show --offline export.ldf UserA

With --offline everything is from a file, and no server and no journal is asked: attributes, links, and what the file does not tell of them.

Exits with 4 where there is no such object, with 5 where there are several (they are listed with their GUIDs), with 3 where a part of a file
could not be read, and with 12 where a file is damaged or of an unknown format.")]
pub(crate) struct Args {
    /// A GUID, DN, SID, account name, UPN or name
    #[arg(value_name = "OBJECT", required_unless_present_any = ["guid", "dn"])]
    object: Option<String>,
    /// The object of this GUID
    #[arg(long, value_name = "GUID", conflicts_with = "object")]
    guid: Option<String>,
    /// The object of this DN, the present one or the one before the deletion
    #[arg(long, value_name = "DN", conflicts_with_all = ["object", "guid"])]
    dn: Option<String>,
    #[command(flatten)]
    journal: JournalArgs,
    #[command(flatten)]
    offline: OfflineArgs,
}

/// All user attributes, and the one that tells when they were written.
const ATTRIBUTES: [&str; 3] = ["*", "replPropertyMetaData", "isRecycled"];

/// Runs the command; the result is the exit code.
pub(crate) async fn run(ctx: &Ctx, args: &Args) -> Result<u8, CliError> {
    let (key, called) = args.key()?;
    if let Some(opened) = args.offline.open(ctx).await? {
        return offline::run(ctx, args, opened, &called).await;
    }
    let session = ctx.connect().await?;
    let judge = deleted::judge(&session, ctx.now).await?;
    let found = deleted::find(&session, &key, &ATTRIBUTES).await?;
    let found = only(&session, &judge, found, &called).await?;
    let mut backing = Backing::open(&args.journal, &ctx.settings, session.root_dse(), &ctx.printer);
    let document = describe(&session, &judge, found, &mut backing).await?;
    match ctx.printer.format {
        Format::Table => print(&ctx.printer, &document, &judge)?,
        Format::Json => ctx.printer.json(&document)?,
        Format::Jsonl => ctx.printer.json_line(&document)?,
        Format::Csv => {
            ctx.printer.csv_row(["attribute", "value"])?;
            for (name, values) in &document.attributes {
                values.iter().try_for_each(|value| ctx.printer.csv_row([name, value]))?;
            }
        }
    }
    session.close().await;
    Ok(0)
}

impl Args {
    fn key(&self) -> Result<(Key, String), CliError> {
        let key = if let Some(guid) = &self.guid {
            Key::Guid(guid.parse()?)
        } else if let Some(dn) = &self.dn {
            let dn: Dn = dn.parse()?;
            if dn.is_empty() {
                return Err(CliError::usage("--dn names no object"));
            }
            Key::Dn(dn)
        } else {
            Key::guess(self.object.as_deref().unwrap_or_default())
        };
        if matches!(&key, Key::Name(name) if name.is_empty()) {
            return Err(CliError::usage("OBJECT is empty"));
        }
        let called = self.guid.as_ref().or(self.dn.as_ref()).or(self.object.as_ref());
        Ok((key, called.cloned().unwrap_or_default()))
    }
}

/// The one object; none and several are errors.
pub(crate) async fn only(
    session: &Session,
    judge: &Judge,
    mut found: Vec<Found>,
    called: &str,
) -> Result<Found, CliError> {
    if let [_] = found.as_slice() {
        return Ok(found.remove(0));
    }
    if !found.is_empty() {
        let candidates = found.iter().filter_map(|f| candidate(judge, f)).collect();
        return Err(CliError::ambiguous(
            format!("{} objects are called `{called}`", found.len()),
            candidates,
        )
        .hint("name one: adrecover show --guid GUID"));
    }
    let missing = CliError::new(Kind::NotFound, format!("no object is called `{called}`"));
    let domain = session.root_dse().default_naming_context.clone();
    if deleted::container(session, &domain).await? == Container::Denied {
        let account = session.account();
        let hint = deleted::access_hint(session.root_dse(), account);
        return Err(
            missing.hint(format!("{account} may not see deleted objects, so one may be there: {hint}"))
        );
    }
    Err(missing.hint("`adrecover list PART-OF-THE-NAME` looks for parts of names among deleted objects"))
}

fn candidate(judge: &Judge, found: &Found) -> Option<Candidate> {
    let object = judge.read(&found.entry)?;
    let mut candidate = Candidate::from(&object);
    if !found.is_deleted {
        candidate.deleted_at = None;
        candidate.last_known_parent =
            found.entry.dn.parse::<Dn>().ok().and_then(|dn| dn.parent()).map(|dn| dn.to_string());
    }
    Some(candidate)
}

async fn describe(
    session: &Session,
    judge: &Judge,
    found: Found,
    backing: &mut Backing<'_>,
) -> Result<Document, CliError> {
    let Found { mut entry, is_deleted } = found;
    let mut names = AttributeNames::default();
    let concealed = deleted::conceal(session, &mut names, &mut entry).await?;
    let object = judge.read(&entry).ok_or_else(|| {
        CliError::unexpected(format!("{} has no GUID or no name that this account can read", entry.dn))
    })?;
    let stripped = if is_deleted { names.stripped(session, &entry).await? } else { vec![] };
    let metadata = stamps(session, judge, &mut names, &entry).await?;
    let holding = if is_deleted { backing.of_deleted(&object) } else { backing.of_live(object.guid) };
    let sources: Vec<String> = holding.iter().map(|_| SOURCE.to_owned()).collect();
    let mut object = object;
    object.can_fill_from.clone_from(&sources);
    let item = if is_deleted {
        Item::Deleted(Box::new(with_parent(session, object).await?))
    } else {
        Item::Live(Box::new(LiveObject::from(object)))
    };
    let never = never_restored(&entry, ObjectKind::of(&entry), entry.uac());
    let next = advice::next(&item, &stripped, never, holding.as_ref());
    let remains = match &item {
        Item::Deleted(object) => remains::of_deleted(object),
        Item::Live(_) => None,
    };
    Ok(Document {
        schema: "adrecover/show/v1",
        item,
        attributes: decode::attributes(&entry),
        concealed,
        stripped,
        sources,
        journal: holding,
        metadata,
        next,
        remains,
        facts: decode::remarks(&entry),
        never,
    })
}

async fn with_parent(session: &Session, mut object: DeletedObject) -> Result<DeletedObject, CliError> {
    if let Some(parent) = object.last_known_parent.clone() {
        let mut parents = Parents::default();
        parents.load(session, [parent.as_str()]).await?;
        object.parent_state = parents.state(&parent);
    }
    Ok(object)
}

/// Every stamp of the metadata, the latest first.
async fn stamps(
    session: &Session,
    judge: &Judge,
    names: &mut AttributeNames,
    entry: &Entry,
) -> Result<Vec<Stamp>, CliError> {
    let value = entry.value("replPropertyMetaData").unwrap_or_default();
    let all: Vec<metadata::Stamp> = metadata::parse(value).map(Iterator::collect).unwrap_or_default();
    names.load(session, &all.iter().map(|s| s.attribute).collect::<Vec<_>>()).await?;
    let dc = |id: ObjectGuid| {
        let known = judge.dc_names.iter().find(|(known, _)| *known == id);
        known.map_or_else(|| id.to_string(), |(_, name)| name.clone())
    };
    let mut stamps: Vec<Stamp> = all
        .into_iter()
        .map(|s| Stamp {
            attribute: names
                .get(s.attribute)
                .map_or_else(|| format!("0x{:08x}", s.attribute), |a| a.name.clone()),
            version: s.version,
            changed_at: s.time,
            changed_on: dc(s.originating),
        })
        .collect();
    stamps.sort_by(|a, b| b.changed_at.cmp(&a.changed_at).then_with(|| a.attribute.cmp(&b.attribute)));
    Ok(stamps)
}

/// Prints everything for people.
fn print(printer: &Printer, document: &Document, judge: &Judge) -> Result<(), CliError> {
    let pair = |title: &str, value: &str| printer.line(&format!("{title:<14}{}", printable(value)));
    printer.line(&printer.bold(&printable(document.item.name())))?;
    for (title, value) in document.item.lines() {
        pair(title, &value)?;
    }
    section(printer, "Attributes")?;
    let width = document.attributes.keys().map(String::len).max().unwrap_or(0);
    for (name, values) in &document.attributes {
        for (i, value) in values.iter().enumerate() {
            let remark =
                document.facts.get(name).filter(|_| i == 0).map(|r| format!("  ({r})")).unwrap_or_default();
            let title = if i == 0 { name.as_str() } else { "" };
            printer.line(&format!("  {title:<width$}  {}{remark}", printable(&decode::for_people(value))))?;
        }
    }
    for name in &document.concealed {
        printer.line(&format!("  {name:<width$}  (present, not shown)"))?;
    }
    if !document.stripped.is_empty() {
        section(printer, "Stripped by the deletion")?;
        for name in &document.stripped {
            let when = document.metadata.iter().find(|s| s.attribute == *name).and_then(|s| s.changed_at);
            printer.detail(2, format!("{name}: {}", when.map(rfc3339).unwrap_or_default()));
        }
        wrapped(printer, &document.stripped)?;
    }
    if let Some(holding) = &document.journal {
        sources(printer, holding, judge)?;
    }
    if matches!(document.item, Item::Deleted(_)) {
        section(printer, "Restoring")?;
        if let Some(never) = document.never {
            printer.line(&format!("  {}", why_never(never)))?;
        }
        for line in &document.next {
            printer.line(&format!("  {}", printable(line)))?;
        }
    }
    match &document.remains {
        Some(remains) => remains::print(printer, "What remains", remains),
        None => Ok(()),
    }
}

/// What the change journal could give back.
fn sources(printer: &Printer, holding: &Holding, judge: &Judge) -> Result<(), CliError> {
    section(printer, "Sources")?;
    let deleted = holding.deleted_at.map(|at| format!("; before the deletion at {}", rfc3339(at)));
    printer.line(&format!("  {}{}", holding.words(judge.now), deleted.unwrap_or_default()))?;
    holding.links().iter().try_for_each(|line| printer.line(&format!("  {line}")))?;
    if holding.attributes.is_empty() { Ok(()) } else { wrapped(printer, &holding.attributes) }
}

fn section(printer: &Printer, title: &str) -> Result<(), CliError> {
    printer.line("")?;
    printer.line(&printer.bold(title))
}

fn wrapped(printer: &Printer, words: &[String]) -> Result<(), CliError> {
    let width = printer.width.unwrap_or(100).saturating_sub(2);
    let mut line = String::new();
    for word in words {
        if !line.is_empty() && line.len() + 2 + word.len() > width {
            printer.line(&format!("  {line},"))?;
            line.clear();
        }
        if !line.is_empty() {
            line.push_str(", ");
        }
        line.push_str(word);
    }
    printer.line(&format!("  {line}"))
}

fn why_never(never: NeverRestored) -> &'static str {
    match never {
        NeverRestored::Krbtgt => "this is a key account of Kerberos: it is never restored",
        NeverRestored::DomainController => {
            "this belongs to a domain controller: it is never restored, promote one anew"
        }
        NeverRestored::Trust => "this belongs to a trust: it is never restored, create the trust anew",
        NeverRestored::GroupPolicy => {
            "the other half of a group policy is in SYSVOL: restore it with group policy management"
        }
        NeverRestored::System => "only the system creates such objects: it is never restored",
    }
}
