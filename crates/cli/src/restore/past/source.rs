//! What a directory that is only read has of objects: found by GUID, else by SID, else by a name, which is no certainty.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::ControlFlow;

use adrecover_core::deleted::original_rdn;
use adrecover_core::directory::{Query, Scope, Visibility};
use adrecover_core::kind::ObjectKind;
use adrecover_core::metadata;
use adrecover_core::source::{
    About, Direction, Key, Link, LinkEnd, LinkState, Moment, Object, Source, SourceError, Standing,
};
use adrecover_core::time::{Timestamp, rfc3339};
use adrecover_core::{Dn, Entry, ObjectGuid, Sid, filter};
use adrecover_ldap::gather::ends::by_guid;

use super::{Before, Held, Past, Tie, USUAL_PRIMARY};
use crate::context::Ctx;
use crate::error::{CliError, Kind};
use crate::restore::desk::Desk;
use crate::sources::Opened;

/// The most links of one object that are taken from a source.
const MOST_LINKS: usize = 100_000;
/// How many names one search asks for.
const CHUNK: usize = 50;

/// What an object is looked for by in a source.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    guid: ObjectGuid,
    sid: Option<Sid>,
    /// Names, which another object may have had then.
    names: Vec<Key>,
    kind: ObjectKind,
    /// When it was deleted, and when it was changed for the last time before that, as far as the directory tells.
    deleted_at: Option<Timestamp>,
    changed_at: Option<Timestamp>,
}

impl Asked {
    /// What the directory tells of objects, whatever their state.
    pub(crate) async fn of(desk: &Desk, guids: &[ObjectGuid]) -> Result<Vec<Self>, CliError> {
        let attributes = [
            "objectGUID",
            "isDeleted",
            "objectClass",
            "objectSid",
            "sAMAccountName",
            "lastKnownParent",
            "msDS-LastKnownRDN",
            "replPropertyMetaData",
        ];
        let found = by_guid(&desk.session, &desk.domain.domain, guids, &attributes).await?;
        let mut found: HashMap<ObjectGuid, Entry> =
            found.into_iter().filter_map(|entry| Some((entry.guid()?, entry))).collect();
        Ok(guids.iter().map(|guid| Self::read(*guid, found.remove(guid).as_ref())).collect())
    }

    fn read(guid: ObjectGuid, entry: Option<&Entry>) -> Self {
        let none = Entry::default();
        let entry = entry.unwrap_or(&none);
        let dn = match entry.is_deleted() {
            true => original_rdn(entry).zip(entry.dn_value("lastKnownParent")).map(|(rdn, at)| at.child(rdn)),
            false => entry.dn.parse().ok(),
        };
        let account = entry.text("sAMAccountName").map(Key::Account);
        let dn = dn.filter(|dn: &Dn| !dn.is_empty() && !dn.is_mangled()).map(Key::Dn);
        let stamps: Vec<metadata::Stamp> = entry
            .value("replPropertyMetaData")
            .and_then(metadata::parse)
            .map(Iterator::collect)
            .unwrap_or_default();
        let deleted = stamps.iter().find(|s| s.attribute == metadata::IS_DELETED && s.version % 2 == 1);
        let deleted_at = deleted.and_then(|stamp| stamp.time);
        let times = stamps.iter().filter_map(|stamp| stamp.time);
        Self {
            guid,
            sid: entry.sid(),
            names: account.into_iter().chain(dn).collect(),
            kind: ObjectKind::of(entry),
            deleted_at,
            changed_at: deleted_at.and_then(|deleted| times.filter(|time| *time < deleted).max()),
        }
    }

    /// Whom it is about.
    pub(crate) fn guid(&self) -> ObjectGuid {
        self.guid
    }

    /// An object that is not in the directory any more, as a source has it.
    pub(crate) fn gone(guid: ObjectGuid, object: &Object) -> Self {
        let kind = ObjectKind::of(&object.entry);
        Self { guid, sid: object.sid.clone(), names: vec![], kind, deleted_at: None, changed_at: None }
    }
}

/// Refuses a source of another forest: its GUIDs, SIDs and names mean nothing here.
pub(crate) async fn check_forest(desk: &Desk, about: &About) -> Result<(), CliError> {
    let root = desk.session.root_dse();
    let refuse = |what: String| {
        let text = format!("{} is of another forest: {what}", about.name);
        Err(CliError::new(Kind::BadInput, text)
            .hint("objects of one forest are nobody's in another; what is to be taken over all the same goes through --set and file:CSV"))
    };
    if let Some(guid) = about.domain_guid {
        let query = Query::object(desk.domain.domain.to_string()).attributes(["objectGUID"]);
        let own = desk.session.ask(&query).await?.first().and_then(Entry::guid);
        // A domain that was renamed is the same one.
        if own == Some(guid) {
            return Ok(());
        }
        if own.is_some() && about.domain.as_ref() == Some(&desk.domain.domain) {
            return refuse(format!("its domain `{}` has another objectGUID ({guid})", desk.domain.domain));
        }
    }
    let forest = &root.root_domain_naming_context;
    match (&about.forest, &about.domain) {
        (Some(other), _) if other != forest => {
            refuse(format!("its forest is `{other}`, and this one `{forest}`"))
        }
        // The domains of a forest may have different trees of names: only one that nobody knows here is refused.
        (None, Some(domain)) if !is_of_forest(desk, domain).await? => {
            refuse(format!("the domain `{domain}` is not one of this forest"))
        }
        _ => Ok(()),
    }
}

async fn is_of_forest(desk: &Desk, domain: &Dn) -> Result<bool, CliError> {
    let root = desk.session.root_dse();
    if root.naming_contexts.contains(domain) {
        return Ok(true);
    }
    let base = format!("CN=Partitions,{}", root.configuration_naming_context);
    let wanted = filter::equals("nCName", &domain.to_string());
    let query = Query::below(base, Scope::OneLevel, wanted).attributes(["nCName"]);
    Ok(!desk.session.ask(&query).await?.is_empty())
}

/// What a source has of one object.
struct Found {
    asked: Asked,
    object: Option<Object>,
    unsure: Option<String>,
    /// Others that were passed over, for people.
    notes: Vec<String>,
    links: Vec<Link>,
    referrers: Vec<Link>,
    is_cut: bool,
    /// The primary group's name in the source.
    primary: Option<(u32, Option<Dn>)>,
}

/// Asks a source what it has of these objects, and the directory what their other ends are called now.
pub(crate) async fn ask_file(
    ctx: &Ctx,
    desk: &Desk,
    opened: &mut Opened,
    asked: &[Asked],
) -> Result<Past, CliError> {
    let objects = asked.to_vec();
    let asking = opened.ask(move |source| {
        objects.into_iter().map(|asked| find(source, asked)).collect::<Result<Vec<_>, _>>()
    });
    let found = ctx.stop.unless_asked(asking).await?;
    let (about, damage) = (opened.about().clone(), opened.damage());
    let chosen: HashSet<ObjectGuid> = asked.iter().map(|asked| asked.guid).collect();
    let own: HashMap<String, ObjectGuid> = found
        .iter()
        .filter_map(|f| Some((f.object.as_ref()?.entry.dn.parse::<Dn>().ok()?.key(), f.asked.guid)))
        .collect();
    let today = names_today(desk, &found, &own).await?;
    let mut past = Past { name: about.name.clone(), chosen, ..Past::default() };
    for one in &found {
        let mut before = before(one, &about, &today);
        if let Some(object) = &one.object {
            before.notes.extend(warnings(one, object, &about, ctx.now));
            before.notes.extend(opened.warnings());
        }
        before.notes.extend(damage.iter().cloned());
        past.objects.push(before);
    }
    past.find_groups(desk).await?;
    let known = past.objects.iter().filter(|before| before.is_known).count();
    ctx.printer.detail(1, format!("{} has {known} of {} object(s)", about.name, asked.len()));
    Ok(past)
}

/// Looks one object up, with its links.
fn find(source: &mut dyn Source, asked: Asked) -> Result<Found, SourceError> {
    let (object, unsure, notes) = pick(source, &asked)?;
    let mut found = Found {
        asked,
        object,
        unsure,
        notes,
        links: vec![],
        referrers: vec![],
        is_cut: false,
        primary: None,
    };
    let Some(object) = &found.object else { return Ok(found) };
    for (direction, into) in
        [(Direction::Holds, &mut found.links), (Direction::PointedTo, &mut found.referrers)]
    {
        source.links(object, direction, &mut |link| {
            // A link that went into the bin with one of its ends was there until then.
            if !matches!(link.state, LinkState::Removed(_)) && link.data.is_empty() {
                into.push(link);
            }
            match into.len() < MOST_LINKS {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        })?;
        found.is_cut |= into.len() >= MOST_LINKS;
    }
    let rid = object.entry.integer("primaryGroupID").and_then(|rid| u32::try_from(rid).ok());
    let rid = rid.filter(|rid| found.asked.kind == ObjectKind::User && !USUAL_PRIMARY.contains(rid));
    if let Some(rid) = rid {
        let sid = object.sid.as_ref().or(found.asked.sid.as_ref()).and_then(Sid::domain);
        let group = match sid {
            Some(domain) => source.find(&Key::Sid(domain.with_rid(rid)))?.into_iter().next(),
            None => None,
        };
        found.primary = Some((rid, group.and_then(|group| group.entry.dn.parse().ok())));
    }
    Ok(found)
}

type Picked = (Option<Object>, Option<String>, Vec<String>);

/// The object that is meant, why that is not certain, and which ones are not meant.
fn pick(source: &mut dyn Source, asked: &Asked) -> Result<Picked, SourceError> {
    if let Some(object) = source.find(&Key::Guid(asked.guid))?.into_iter().next() {
        return Ok((Some(object), None, vec![]));
    }
    let is_other = |object: &Object| object.guid.is_some_and(|guid| guid != asked.guid);
    if let Some(sid) = &asked.sid {
        let found = source.find(&Key::Sid(sid.clone()))?;
        if let Some(object) = found.into_iter().next() {
            let unsure =
                is_other(&object).then(|| "found by its SID, and its objectGUID is another one".to_owned());
            return Ok((Some(object), unsure, vec![]));
        }
    }
    let mut notes = vec![];
    for key in &asked.names {
        let what = match key {
            Key::Account(_) => "account name",
            _ => "name and place",
        };
        let found = source.find(key)?;
        let (others, mut unnamed): (Vec<Object>, Vec<Object>) = found
            .into_iter()
            .partition(|object| is_other(object) || (object.sid.is_some() && object.sid != asked.sid));
        if unnamed.len() == 1 {
            let unsure = format!("found by its {what} only, which another object may have had");
            return Ok((unnamed.pop(), Some(unsure), vec![]));
        }
        if let Some(other) = others.first() {
            notes.push(format!("{} with its {what} is another object ({})", other.entry.dn, other.place));
        }
    }
    Ok((None, None, notes))
}

/// The GUIDs of the other ends of which the source has only the name: by their SID, else by who has that name now. Of the chosen
/// objects themselves by the name that they have in the source.
async fn names_today(
    desk: &Desk,
    found: &[Found],
    own: &HashMap<String, ObjectGuid>,
) -> Result<HashMap<String, ObjectGuid>, CliError> {
    let mut out = own.clone();
    let mut wanted: BTreeSet<(String, String)> = BTreeSet::new();
    for link in
        found.iter().flat_map(|f| f.links.iter().chain(&f.referrers)).filter(|l| l.other.guid.is_none())
    {
        let Some(key) = key_of(&link.other).filter(|key| !out.contains_key(key)) else { continue };
        let by = match (&link.other.sid, link.other.dn.parse::<Dn>()) {
            (Some(sid), _) => format!("(objectSid={})", sid.filter_value()),
            (None, Ok(dn)) => filter::equals("distinguishedName", &dn.to_string()),
            (None, Err(_)) => continue,
        };
        wanted.insert((key, by));
    }
    let wanted: Vec<(String, String)> = wanted.into_iter().collect();
    for chunk in wanted.chunks(CHUNK) {
        let base = desk.domain.domain.to_string();
        let query = Query::below(base, Scope::Subtree, filter::any_of(chunk.iter().map(|(_, by)| by)))
            .attributes(["objectGUID", "objectSid"])
            .visibility(Visibility::Live);
        for entry in desk.session.ask(&query).await? {
            let (Some(guid), Ok(dn)) = (entry.guid(), entry.dn.parse::<Dn>()) else { continue };
            let by_sid = entry.sid().map(|sid| format!("(objectSid={})", sid.filter_value()));
            for (key, by) in chunk {
                if by_sid.as_ref() == Some(by) || (*key == dn.key() && !by.starts_with("(objectSid")) {
                    out.insert(key.clone(), guid);
                }
            }
        }
    }
    Ok(out)
}

/// What an end of a link is found by again: its name, or its SID where a log tells an account name only.
fn key_of(end: &LinkEnd) -> Option<String> {
    let dn = end.dn.parse::<Dn>().ok().filter(|dn| !dn.is_empty());
    dn.map(|dn| dn.key()).or_else(|| end.sid.as_ref().map(ToString::to_string))
}

fn before(found: &Found, about: &About, today: &HashMap<String, ObjectGuid>) -> Before {
    let mut before = Before { notes: found.notes.clone(), ..Before::of(found.asked.guid) };
    let Some(object) = &found.object else {
        let at = about.at().map(|at| format!(" of {}", rfc3339(at))).unwrap_or_default();
        before.notes.insert(0, format!("{}{at} does not have the object", about.name));
        return before;
    };
    before.is_known = true;
    before.at = object.at.or(about.at());
    before.unsure.clone_from(&found.unsure);
    // A tombstone has lost its links, and a part of an export may not have them.
    let is_live = object.standing == Standing::Live;
    before.has_all_links = is_live && object.is_whole && about.absence_is_unset && !found.is_cut;
    before.attributes = object
        .entry
        .attributes
        .iter()
        .filter(|a| object.gap(&a.name).is_none())
        .map(|a| Held { name: a.name.to_string(), values: a.values.clone() })
        .collect();
    let tie = |link: &Link| Tie {
        attribute: link.attribute.clone(),
        other: link.other.guid.or_else(|| today.get(&key_of(&link.other)?).copied()),
        dn: link.other.dn.clone(),
    };
    before.links = found.links.iter().map(tie).collect();
    before.referrers = found.referrers.iter().map(tie).collect();
    before.primary = found.primary.clone().and_then(|(rid, group)| Some((rid, group?)));
    before
}

/// What to know of an object in a source before anything of it is believed.
fn warnings(found: &Found, object: &Object, about: &About, now: Timestamp) -> Vec<String> {
    /// How many attributes without values are named.
    const NAMED: usize = 20;
    let mut out = vec![];
    let name = &about.name;
    if let Standing::Deleted(state) = object.standing
        && !about.kind.keeps_what_was_deleted()
    {
        out.push(format!(
            "{name} has it as a deleted object already ({}): it gives what that has left",
            state.name()
        ));
    }
    if let Some(why) = &found.unsure {
        out.push(format!("{name}: {}: {why}", object.place));
    }
    out.extend(older(found, object, about, now));
    let lost: Vec<String> = object
        .gaps
        .iter()
        .filter(|gap| !adrecover_core::secrets::is_secret(&gap.attribute))
        // It is never filled.
        .filter(|gap| !gap.attribute.eq_ignore_ascii_case("objectClass"))
        .map(|gap| format!("{} ({})", gap.attribute, gap.reason.describe()))
        .collect();
    if !lost.is_empty() {
        let more =
            if lost.len() > NAMED { format!(", and {} more", lost.len() - NAMED) } else { String::new() };
        let listed = lost.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        out.push(format!("{name} does not give all of its attributes: {listed}{more}"));
    }
    if found.is_cut {
        out.push(format!("{name} has more than {MOST_LINKS} links of it: only the first ones are taken"));
    }
    if let Some((rid, None)) = &found.primary {
        out.push(format!(
            "{name} does not have its primary group (the one whose SID ends in {rid}): set it by hand"
        ));
    }
    out
}

/// Whether the source shows an older state than the last one: what changed in between is not in it.
fn older(found: &Found, object: &Object, about: &About, now: Timestamp) -> Option<String> {
    let name = &about.name;
    let Some(at) = object.at.or(about.at()) else {
        return Some(format!("{name} does not say of when it is"));
    };
    if at > now + chrono::TimeDelta::minutes(5) {
        return Some(format!("{name} is dated {}, in the future", rfc3339(at)));
    }
    let or_later = match about.moment {
        Some(Moment::Newest(_)) if object.at.is_none() => " or a little later",
        _ => "",
    };
    if let Some(changed) = found.asked.changed_at.filter(|changed| *changed > at) {
        return Some(format!(
            "{name} is of {}{or_later}, and the object was changed after that, on {}: some of what it says may be outdated",
            rfc3339(at),
            rfc3339(changed)
        ));
    }
    let deleted = found.asked.deleted_at.filter(|deleted| *deleted > at)?;
    let days = (deleted - at).num_days();
    (days >= 1).then(|| {
        format!(
            "{name} is of {}{or_later}, {days} day(s) before the deletion: what changed in between is not in it",
            rfc3339(at)
        )
    })
}
