//! `adrecover recreate`: a new object in the place of one that is gone for good, from what a source has of it.

use std::collections::BTreeMap;

use adrecover_core::deleted::original_rdn;
use adrecover_core::directory::{Query, Scope, Visibility};
use adrecover_core::facts::{ObjectFacts, Presence};
use adrecover_core::fill::Fill;
use adrecover_core::kind::ObjectKind;
use adrecover_core::lifetime::State;
use adrecover_core::plan::{Block, ObjectPlan, Plan, Purpose};
use adrecover_core::request::{LinkWish, MemberKey, RestoreRequest};
use adrecover_core::source::{Key, Object};
use adrecover_core::time::Timestamp;
use adrecover_core::value::Value;
use adrecover_core::{Entry, ObjectGuid, filter};
use adrecover_engine::{Command, OperationState};
use adrecover_ldap::gather::ends::by_guid;

use crate::context::Ctx;
use crate::error::{Candidate, CliError, Kind};
use crate::preflight::inputs::EvidenceArgs;
use crate::recovery::Outside;
use crate::restore::carry::{self, CarryArgs, Work};
use crate::restore::desk::Desk;
use crate::restore::fill::{self, Source};
use crate::restore::past::{self, Asked, OpenSources, Pasts};
use crate::restore::wishes::WishArgs;
use crate::sources::Opened;

/// The source anchor of Entra Connect, where it is not `objectGUID`.
const ANCHOR: &str = "mS-DS-ConsistencyGuid";

/// Creates an object anew that is gone for good, from what a source has of it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  adrecover recreate UserA --fill-from ldif:export.ldf --dry-run
  adrecover recreate --guid 3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f --fill-from ntds:ntds.dit --groups-from ntds:ntds.dit
  adrecover recreate UserA --fill-from file:backup --enable --generate-password=usera.csv --yes

It is another object, with an objectGUID and an objectSid of its own: permissions, profiles and the cloud do not know it. As long as
the old one can be restored, this command refuses and names `adrecover restore`. Back: `adrecover undo --delete-again`.")]
pub(crate) struct Args {
    /// The account name, logon name or name that the object has in the source
    #[arg(value_name = "NAME", required_unless_present = "guid", conflicts_with = "guid")]
    name: Option<String>,
    /// The objectGUID that the object had
    #[arg(long, value_name = "GUID")]
    guid: Option<String>,
    /// Give the new object the source anchor of the old one (mS-DS-ConsistencyGuid: the old one's, else its objectGUID), so that Entra
    /// Connect matches the cloud object that the old one had
    #[arg(long)]
    keep_anchor: bool,
    #[command(flatten)]
    wishes: WishArgs,
    #[command(flatten)]
    carry: CarryArgs,
}

/// What a source has of the object.
struct Gone {
    guid: ObjectGuid,
    object: Object,
    /// The source.
    source: String,
}

/// Runs the command; the result is the exit code.
pub(crate) async fn run(ctx: &Ctx, args: &Args) -> Result<u8, CliError> {
    let mut request = args.wishes.request()?;
    let sources = args.wishes.fill.sources(&EvidenceArgs::default())?;
    check(ctx, args, &request, &sources)?;
    let mut opened = OpenSources::open(ctx, &args.wishes, &sources).await?;
    let mut desk = Desk::open(ctx).await?;
    for (_, opened) in opened.iter_mut() {
        past::check_forest(&desk, opened.about()).await?;
    }
    let gone = identify(args, &mut opened, &sources).await?;
    tell_unfinished(ctx, &desk, gone.guid)?;
    let asked = [Asked::gone(gone.guid, &gone.object)];
    let pasts = Pasts::ask_about(ctx, &desk, &args.wishes, &sources, &mut opened, &asked).await?;
    let guids = [gone.guid];
    fill::ask(ctx, &mut desk, &sources, &guids, None, &pasts, &mut request).await?;
    past::put_links(&pasts, &sources, &args.wishes.group_sources()?, &guids, &mut request);
    let anchor = put_anchor(&gone, args.keep_anchor, &mut request);
    let plan = match made_before(&desk, gone.guid).await? {
        Some(new) => {
            ctx.printer
                .note(format!("it was created anew already, as {new}: what is missing there is planned"));
            as_new(&mut request, gone.guid, new);
            let gathered = desk.facts(&[new], &request).await?;
            desk.plan(&gathered.objects, &request)
        }
        None => plan_new(&mut desk, &gone, &request, &anchor).await?,
    };
    let (work, mut outside) = (Work::New(Box::new(plan), Command::Recreate), Outside::none(ctx));
    let passwords = &args.wishes.password.source;
    carry::out(ctx, &mut desk, work, &args.carry, passwords, None, &mut outside).await
}

/// What is wrong usage whatever the sources and the directory say.
fn check(ctx: &Ctx, args: &Args, request: &RestoreRequest, sources: &[Source]) -> Result<(), CliError> {
    args.wishes.password.source.check_stdin(&ctx.settings)?;
    if request.hold_sync {
        return Err(CliError::usage(
            "--hold-sync is for objects that are restored: a new one is not in the cloud yet",
        )
        .hint("create it below an OU that is not synchronised (--to), and move it when it is complete"));
    }
    if !sources.iter().any(|source| matches!(source, Source::Named(_))) {
        return Err(CliError::usage("it is not said which source has the object").hint(
            "give --fill-from ldif:FILE, ntds:FILE, file:FILE or another file or server that it is in",
        ));
    }
    Ok(())
}

/// Finds the object in the first source that has it.
async fn identify(args: &Args, opened: &mut OpenSources, sources: &[Source]) -> Result<Gone, CliError> {
    let guid: Option<ObjectGuid> = args.guid.as_deref().map(str::parse).transpose()?;
    let name = args.name.as_deref().map(str::trim).unwrap_or_default().to_owned();
    if guid.is_none() && name.is_empty() {
        return Err(CliError::usage("the NAME is empty"));
    }
    for (named, opened) in opened.iter_mut() {
        if !sources.contains(&Source::Named(named.clone())) {
            continue;
        }
        let mut found = match guid {
            Some(guid) => opened.ask(move |source| source.find(&Key::Guid(guid))).await?,
            None => by_name(opened, &name).await?,
        };
        if found.len() > 1 {
            let text =
                format!("{} of the objects of {} have the name `{name}`", found.len(), opened.about().name);
            return Err(CliError::ambiguous(text, found.iter().filter_map(candidate).collect())
                .hint("name the one that is meant with --guid"));
        }
        if let Some(object) = found.pop() {
            let source = opened.about().name.clone();
            let Some(guid) = guid.or(object.guid) else {
                return Err(CliError::new(Kind::BadInput, format!("{source}, {}: the object has no objectGUID", object.place))
                    .hint("without it nobody can tell whether the object can still be restored: export it with objectGUID, or create it by hand"));
            };
            return Ok(Gone { guid, object, source });
        }
    }
    let what = guid.map_or_else(|| format!("named `{name}`"), |guid| format!("with the objectGUID {guid}"));
    Err(CliError::new(Kind::NotFound, format!("no source has an object {what}"))
        .hint("`adrecover show --offline FILE NAME` looks into a file"))
}

/// Objects with an account name, else a logon name, else a name: each once, live ones before deleted ones.
async fn by_name(opened: &mut Opened, name: &str) -> Result<Vec<Object>, CliError> {
    let keys = [Key::Account(name.to_owned()), Key::Principal(name.to_owned()), Key::Name(name.to_owned())];
    for key in keys {
        let mut found = opened.ask(move |source| source.find(&key)).await?;
        let mut seen = vec![];
        found.retain(|object| {
            let is_new = object.guid.is_none_or(|guid| !seen.contains(&guid));
            seen.extend(object.guid);
            is_new
        });
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(vec![])
}

fn candidate(object: &Object) -> Option<Candidate> {
    let dn = object.entry.dn.parse::<adrecover_core::Dn>().ok();
    Some(Candidate {
        guid: object.guid?,
        name: original_rdn(&object.entry)
            .map_or_else(|| object.entry.dn.clone(), |rdn| rdn.value().to_owned()),
        last_known_parent: object.entry.text("lastKnownParent").or_else(|| Some(dn?.parent()?.to_string())),
        deleted_at: None,
    })
}

/// What is to be known of the source anchor.
struct Anchor {
    /// What becomes of it, for people.
    notes: Vec<String>,
    /// The value that the new object is given.
    value: Option<Vec<u8>>,
}

/// The source anchor is filled only where that is asked for: it decides which cloud object the new one becomes.
fn put_anchor(gone: &Gone, keep: bool, request: &mut RestoreRequest) -> Anchor {
    let own = gone.object.entry.value(ANCHOR).filter(|value| value.len() == 16).map(<[u8]>::to_vec);
    let is_synchronised = matches!(
        ObjectKind::of(&gone.object.entry),
        ObjectKind::User | ObjectKind::Group | ObjectKind::Contact
    );
    let is_set = request.set.iter().any(|wish| wish.attribute.eq_ignore_ascii_case(ANCHOR));
    for fills in request.fills.values_mut() {
        fills.retain(|fill| !fill.attribute.eq_ignore_ascii_case(ANCHOR));
    }
    if !is_synchronised || is_set {
        return Anchor { notes: vec![], value: None };
    }
    let old = match &own {
        Some(_) => format!("its {ANCHOR}"),
        None => "its objectGUID".to_owned(),
    };
    if !keep {
        let text = format!(
            "the cloud: a new objectGUID means a new source anchor. If the object was synchronised, Entra Connect takes the new one for \
             another object: it makes a second cloud object, or reports a conflict of logon name and addresses with the old one. \
             --keep-anchor gives it the old anchor ({old})"
        );
        return Anchor { notes: vec![text], value: None };
    }
    let value = own.unwrap_or_else(|| gone.guid.to_wire().to_vec());
    let fill = Fill {
        attribute: ANCHOR.to_owned(),
        values: vec![Value::from_bytes(&value)],
        source: gone.source.clone(),
        at: gone.object.at,
        unsure: None,
    };
    request.fills.entry(gone.guid).or_default().push(fill);
    let text = format!(
        "the cloud: the new object has the old source anchor ({old}). Where Entra Connect takes the anchor from {ANCHOR} it matches the \
         cloud object of the old one, and a cloud user in the bin comes back. Entra ID refuses that (\"Hard match operation blocked due to \
         security hardening\") as long as the cloud object keeps the old onPremisesObjectIdentifier, or holds a privileged role: clear it \
         first. Where the anchor is taken from objectGUID, --keep-anchor does nothing"
    );
    Anchor { notes: vec![text], value: Some(value) }
}

/// The plan of a new object.
async fn plan_new(
    desk: &mut Desk,
    gone: &Gone,
    request: &RestoreRequest,
    anchor: &Anchor,
) -> Result<Plan, CliError> {
    let old = present(desk, gone.guid).await?;
    // Sources may have it without the GUID that names it.
    let mut entry = gone.object.entry.clone();
    if entry.guid().is_none() {
        entry = entry.with("objectGUID", [gone.guid.to_wire()]);
    }
    let facts = desk.absent(&[entry], request).await?;
    if facts.is_empty() {
        return Err(CliError::new(
            Kind::BadInput,
            format!("{}, {}: the object has no name", gone.source, gone.object.place),
        ));
    }
    let now = desk.domain.now;
    let mut plan = desk.plan(&facts, request);
    plan.purpose = Purpose::Recreate;
    for object in &mut plan.objects {
        object.warnings.splice(0..0, anchor.notes.iter().cloned());
        // As long as it is there nothing else is of interest.
        if let Some(block) = old.as_ref().and_then(|old| still_there(old, gone.guid, now)) {
            object.blocked_by = vec![block];
        }
        if let Some(value) = &anchor.value {
            object.blocked_by.extend(anchor_taken(desk, value).await?);
        }
        if old.is_some() && object.blocked_by.is_empty() {
            object.warnings.push(
                "what is left of the old object stays in Deleted Objects until the directory removes it"
                    .to_owned(),
            );
        }
    }
    Ok(plan)
}

/// The old object, where the directory still has it.
async fn present(desk: &mut Desk, guid: ObjectGuid) -> Result<Option<ObjectFacts>, CliError> {
    let found = by_guid(&desk.session, &desk.domain.domain, &[guid], &["objectGUID"]).await?;
    if found.is_empty() {
        return Ok(None);
    }
    Ok(desk.facts(&[guid], &RestoreRequest::default()).await?.objects.pop())
}

/// Why nothing is created as long as the old object is there, or can come back.
fn still_there(old: &ObjectFacts, guid: ObjectGuid, now: Timestamp) -> Option<Block> {
    let block = |id: &str, message: String, way_out: String| {
        Some(Block {
            id: id.to_owned(),
            message,
            object: Some(old.dn.clone()),
            way_out: Some(way_out),
            for_good: false,
        })
    };
    let restore = format!("adrecover restore --guid {guid} with the same --fill-from and --groups-from");
    match old.presence {
        Presence::Live => block("state.live", "the object is there".to_owned(), restore),
        Presence::Deleted(State::Recycled) | Presence::Absent => None,
        // The same clock by which a restore refuses it.
        Presence::Deleted(_) if old.expires_at.is_some_and(|at| at <= now) => None,
        Presence::Deleted(_) => block(
            "state.restorable",
            "the object can be restored, with its objectGUID, its SID and what is bound to them".to_owned(),
            restore,
        ),
    }
}

/// Somebody else must not have the anchor: two objects cannot be one in the cloud.
async fn anchor_taken(desk: &Desk, value: &[u8]) -> Result<Option<Block>, CliError> {
    let wanted = format!("({ANCHOR}={})", filter::escape_bytes(value));
    let query = Query::below(desk.domain.domain.to_string(), Scope::Subtree, wanted)
        .attributes(["objectGUID"])
        .visibility(Visibility::Live);
    let holder = desk.session.ask(&query).await?.into_iter().next();
    Ok(holder.map(|holder| Block {
        id: "anchor.taken".to_owned(),
        message: format!("another object has the source anchor ({ANCHOR}) already"),
        object: Some(holder.dn),
        way_out: Some("leave --keep-anchor out, or take the anchor away from that one".to_owned()),
        for_good: false,
    }))
}

/// What an earlier run of this command made of the object, where that is still there.
async fn made_before(desk: &Desk, old: ObjectGuid) -> Result<Option<ObjectGuid>, CliError> {
    let domain_sid = desk.domain.domain_sid.as_ref().map(ToString::to_string);
    for new in desk.journal.recreated(old, domain_sid.as_deref())? {
        let found = by_guid(&desk.session, &desk.domain.domain, &[new], &["objectGUID", "isDeleted"]).await?;
        if found.iter().any(|entry: &Entry| !entry.is_deleted()) {
            return Ok(Some(new));
        }
    }
    Ok(None)
}

/// The request about the old object, made one about the new.
fn as_new(request: &mut RestoreRequest, old: ObjectGuid, new: ObjectGuid) {
    fn moved<T>(map: &mut BTreeMap<ObjectGuid, T>, old: ObjectGuid, new: ObjectGuid) {
        if let Some(value) = map.remove(&old) {
            map.insert(new, value);
        }
    }
    moved(&mut request.fills, old, new);
    moved(&mut request.fill_notes, old, new);
    moved(&mut request.primary_groups, old, new);
    moved(&mut request.conflicts, old, new);
    for group in request.groups.iter_mut().filter(|group| group.member == MemberKey::Guid(old)) {
        group.member = MemberKey::Guid(new);
    }
    for LinkWish { holder, target, .. } in &mut request.links {
        for end in [holder, target] {
            if *end == old {
                *end = new;
            }
        }
    }
}

/// An operation on the object that was interrupted is named.
fn tell_unfinished(ctx: &Ctx, desk: &Desk, guid: ObjectGuid) -> Result<(), CliError> {
    let domain_sid = desk.domain.domain_sid.as_ref().map(ToString::to_string);
    for summary in desk.journal.unfinished(domain_sid.as_deref(), Some(&desk.domain.server))? {
        let operation = desk.journal.load(&summary.id.to_string())?;
        let is_it = |object: &ObjectPlan| object.guid == guid;
        if operation.plan.objects.iter().any(is_it) && summary.state != OperationState::Waiting {
            ctx.printer.warn(format!(
                "operation {} on this object is not finished; `adrecover operations --resume {}` goes on with it",
                summary.id, summary.id
            ));
        }
    }
    Ok(())
}
