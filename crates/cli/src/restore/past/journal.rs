//! What the change journal has of objects: as they were right before the deletion.

use std::collections::HashMap;

use adrecover_core::kind::ObjectKind;
use adrecover_core::plan::Plan;
use adrecover_core::time::{Timestamp, rfc3339};
use adrecover_core::{Dn, Entry, ObjectGuid, Sid};
use adrecover_journal::{AttributeState, Journal, Link, Query, Status};
use adrecover_ldap::gather::ends::by_guid;

use super::{Before, Held, Past, Tie, USUAL_PRIMARY};
use crate::context::Ctx;
use crate::error::CliError;
use crate::journal::{Backing, JournalArgs, SOURCE};
use crate::restore::desk::Desk;

/// Asks the journal, and the directory what has become of the objects and their groups.
pub(super) async fn ask(
    ctx: &Ctx,
    desk: &Desk,
    journal: &Journal,
    guids: &[ObjectGuid],
) -> Result<Past, CliError> {
    let domain = &desk.domain.domain;
    let attributes = ["objectGUID", "isDeleted", "objectClass", "objectSid"];
    let entries = by_guid(&desk.session, domain, guids, &attributes).await?;
    let entries: HashMap<ObjectGuid, Entry> =
        entries.into_iter().filter_map(|entry| Some((entry.guid()?, entry))).collect();
    let heard = journal.contexts()?.iter().filter_map(|context| context.succeeded).max();
    let mut past =
        Past { name: SOURCE.to_owned(), chosen: guids.iter().copied().collect(), ..Past::default() };
    for guid in guids {
        let is_deleted = entries.get(guid).is_some_and(Entry::is_deleted);
        let mut before = before(journal, *guid, is_deleted, heard)?;
        if let Some(entry) = entries.get(guid) {
            before.primary = primary(journal, &before, entry, desk.domain.domain_sid.as_ref())?;
        }
        past.objects.push(before);
    }
    past.find_groups(desk).await?;
    let known = past.objects.iter().filter(|before| before.at.is_some()).count();
    ctx.printer.detail(1, format!("the change journal knows {known} of {} object(s)", guids.len()));
    Ok(past)
}

/// Says of each tombstone of a plan what the change journal has of it, where there is one and nobody has asked for it.
pub(crate) fn suggest(ctx: &Ctx, desk: &Desk, args: &JournalArgs, plan: &mut Plan) {
    let backing = Backing::open(args, &ctx.settings, desk.session.root_dse(), &ctx.printer);
    let Some(journal) = backing.journal() else { return };
    for object in plan.objects.iter_mut().filter(|o| o.blocked_by.is_empty() && o.skipped.is_none()) {
        if object.losses.is_empty() {
            continue;
        }
        let Ok(before) = before(journal, object.guid, true, None) else { return };
        let (attributes, memberships) = before.counts();
        if attributes + memberships > 0 {
            object.warnings.push(format!(
                "the change journal has {attributes} attribute(s) and {memberships} membership(s) of it: add --fill-from journal \
                 --groups-from journal"
            ));
        }
    }
}

/// What the journal has of one object.
fn before(
    journal: &Journal,
    guid: ObjectGuid,
    is_deleted: bool,
    heard: Option<Timestamp>,
) -> Result<Before, CliError> {
    let mut before = Before::of(guid);
    let now = journal.now(guid)?;
    // The deletion is so new that nobody has told the journal yet.
    if let Some(now) = now.as_ref().filter(|now| is_deleted && now.status == Status::Live) {
        before.at = heard;
        (before.is_known, before.has_all_links) = (true, true);
        before.attributes = held(now.attributes.clone());
        before.links = ties(now.links.clone());
        before.referrers = ties(now.referrers.clone());
        let when = heard.map(rfc3339).unwrap_or_else(|| "never".to_owned());
        before.notes.push(format!(
            "the change journal has not seen the deletion yet (it heard of the directory {when}): what changed after that is not in it"
        ));
        return Ok(before);
    }
    let Some(lost) = journal.lost(guid)? else {
        let text = match now {
            Some(_) => {
                "the change journal knows the object, and not that it was deleted: nothing is taken from there"
            }
            None => "the change journal does not know the object",
        };
        before.notes.push(text.to_owned());
        return Ok(before);
    };
    if lost.is_gone {
        before.notes.push(format!(
            "the change journal was not kept when it was deleted: it was missing in the directory on {}, and what is taken from there may be older",
            rfc3339(lost.seen)
        ));
    }
    before.at = Some(lost.deleted_at);
    (before.is_known, before.has_all_links) = (true, true);
    before.is_rest = lost.status == Status::Live;
    before.attributes = held(lost.attributes);
    before.links = ties(lost.links.into_iter().map(|lost| lost.link));
    before.referrers = ties(lost.referrers.into_iter().map(|lost| lost.link));
    Ok(before)
}

/// The primary group that it had, where that is not the usual one.
fn primary(
    journal: &Journal,
    before: &Before,
    entry: &Entry,
    domain: Option<&Sid>,
) -> Result<Option<(u32, Dn)>, CliError> {
    let (kind, Some(domain)) = (ObjectKind::of(entry), domain) else { return Ok(None) };
    if kind != ObjectKind::User {
        return Ok(None);
    }
    let own = before.attributes.iter().find(|a| a.name.eq_ignore_ascii_case("primaryGroupID"));
    let rid = own.and_then(|a| std::str::from_utf8(a.values.first()?).ok()?.parse::<u32>().ok());
    let Some(rid) = rid.filter(|rid| !USUAL_PRIMARY.contains(rid)) else { return Ok(None) };
    let found = journal.find(&Query::Sid(domain.with_rid(rid)))?;
    Ok(found.first().and_then(|group| Some((rid, group.dn.parse().ok()?))))
}

fn held(attributes: Vec<AttributeState>) -> Vec<Held> {
    attributes.into_iter().map(|a| Held { name: a.name, values: a.values }).collect()
}

/// Plain links; what carries octets besides (the syntax DN-Binary) is not written again.
fn ties(links: impl IntoIterator<Item = Link>) -> Vec<Tie> {
    let plain = links.into_iter().filter(|link| link.data.is_empty());
    plain.map(|link| Tie { attribute: link.attribute, other: Some(link.other), dn: link.dn }).collect()
}
