//! What the change journal has of the objects that are restored: their attributes, their memberships, and the links of others to
//! them, as they were right before the deletion.

use std::collections::{HashMap, HashSet};

use adrecover_core::drill::survives;
use adrecover_core::fill::{Fill, Rule, rule};
use adrecover_core::kind::ObjectKind;
use adrecover_core::plan::Plan;
use adrecover_core::request::{GroupWish, LinkWish, MemberKey, PrimaryGroupWish, RestoreRequest};
use adrecover_core::time::{Timestamp, rfc3339};
use adrecover_core::value::from_attribute;
use adrecover_core::{Dn, Entry, ObjectGuid, Sid};
use adrecover_hybrid::fill::Offer;
use adrecover_journal::{AttributeState, Journal, Link, Query, Status};
use adrecover_ldap::gather::ends::by_guid;

use super::desk::Desk;
use crate::context::Ctx;
use crate::error::CliError;
use crate::journal::{Backing, JournalArgs, SOURCE};

const MEMBER: &str = "member";
/// The primary groups that the directory itself gives: Domain Users, and Domain Computers.
const USUAL_PRIMARY: [u32; 2] = [513, 515];

/// What the directory gives an object again by itself, or keeps for each domain controller: no source is asked for it.
const BY_ITSELF: [&str; 22] = [
    "adminCount",
    "badPasswordTime",
    "badPwdCount",
    "cn",
    "dc",
    "dSCorePropagationData",
    "instanceType",
    "isCriticalSystemObject",
    "isRecycled",
    "lastLogoff",
    "lastLogon",
    "lastLogonTimestamp",
    "lockoutTime",
    "logonCount",
    "name",
    "objectCategory",
    "ou",
    "primaryGroupID",
    "pwdLastSet",
    "sAMAccountType",
    "uSNCreated",
    "whenCreated",
];

/// Values that an account comes back with: nothing is lost where it had them.
const USUAL: [(&str, &[u8]); 4] = [
    ("accountExpires", b"0"),
    ("accountExpires", b"9223372036854775807"),
    ("codePage", b"0"),
    ("countryCode", b"0"),
];

/// What the journal has of the chosen objects.
#[derive(Debug, Default)]
pub(crate) struct Past {
    objects: Vec<Before>,
    /// The chosen objects: links between them are written when both are back.
    chosen: HashSet<ObjectGuid>,
    /// What the groups are called now that are not chosen.
    groups: HashMap<ObjectGuid, Dn>,
}

/// One object, as it was before its deletion.
#[derive(Debug)]
struct Before {
    guid: ObjectGuid,
    at: Option<Timestamp>,
    attributes: Vec<AttributeState>,
    links: Vec<Link>,
    referrers: Vec<Link>,
    primary: Option<(u32, Dn)>,
    notes: Vec<String>,
}

impl Past {
    /// Asks the journal, and the directory what has become of the objects and their groups.
    pub(crate) async fn ask(
        ctx: &Ctx,
        desk: &Desk,
        journal: &Journal,
        guids: &[ObjectGuid],
    ) -> Result<Self, CliError> {
        let domain = &desk.domain.domain;
        let attributes = ["objectGUID", "isDeleted", "objectClass", "objectSid"];
        let entries = by_guid(&desk.session, domain, guids, &attributes).await?;
        let entries: HashMap<ObjectGuid, Entry> =
            entries.into_iter().filter_map(|entry| Some((entry.guid()?, entry))).collect();
        let heard = journal.contexts()?.iter().filter_map(|context| context.succeeded).max();
        let mut past = Self { chosen: guids.iter().copied().collect(), ..Self::default() };
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

    /// The groups may have another name by now, or lie elsewhere.
    async fn find_groups(&mut self, desk: &Desk) -> Result<(), CliError> {
        let links = self.objects.iter().flat_map(|before| &before.referrers).filter(|link| is_member(link));
        let wanted: HashSet<ObjectGuid> =
            links.map(|link| link.other).filter(|guid| !self.chosen.contains(guid)).collect();
        let wanted: Vec<ObjectGuid> = wanted.into_iter().collect();
        let found =
            by_guid(&desk.session, &desk.domain.domain, &wanted, &["objectGUID", "isDeleted"]).await?;
        let live = found.iter().filter(|entry| !entry.is_deleted());
        self.groups = live.filter_map(|entry| Some((entry.guid()?, entry.dn.parse().ok()?))).collect();
        let here: HashSet<ObjectGuid> = found.iter().filter_map(Entry::guid).collect();
        let elsewhere: Vec<ObjectGuid> = wanted.into_iter().filter(|guid| !here.contains(guid)).collect();
        self.groups.extend(desk.names_in_forest(&elsewhere).await);
        Ok(())
    }

    /// What it has of the attributes.
    pub(crate) fn fills(&self) -> Vec<(ObjectGuid, Offer)> {
        let offer = |before: &Before| {
            let fills = before.attributes.iter().filter(|a| is_lost(a)).map(|attribute| Fill {
                attribute: attribute.name.clone(),
                values: from_attribute(&attribute.values),
                source: SOURCE.to_owned(),
                at: before.at,
                unsure: None,
            });
            Offer { fills: fills.collect(), notes: before.notes.clone(), ..Offer::default() }
        };
        self.objects.iter().map(|before| (before.guid, offer(before))).collect()
    }

    /// Puts the links into the request: memberships, and the others.
    pub(crate) fn put_links(&self, others: bool, memberships: bool, request: &mut RestoreRequest) {
        for before in &self.objects {
            let wish = |holder, link: &Link, target| LinkWish {
                holder,
                attribute: link.attribute.clone(),
                target,
                name: link.dn.clone(),
                source: SOURCE.to_owned(),
                at: before.at,
            };
            let wanted =
                |link: &&Link| link.data.is_empty() && if is_member(link) { memberships } else { others };
            let own = before.links.iter().filter(wanted);
            request.links.extend(own.map(|link| wish(before.guid, link, link.other)));
            for link in before.referrers.iter().filter(wanted) {
                if !is_member(link) || self.chosen.contains(&link.other) {
                    request.links.push(wish(link.other, link, before.guid));
                    continue;
                }
                // One that is deleted is found by the name that it had.
                let named = self.groups.get(&link.other).cloned().or_else(|| link.dn.parse().ok());
                if let Some(group) = named {
                    let member = MemberKey::Guid(before.guid);
                    request.groups.push(GroupWish { member, group, source: SOURCE.to_owned() });
                }
            }
            if let Some((rid, group)) = before.primary.clone().filter(|_| memberships) {
                let member = MemberKey::Guid(before.guid);
                request.groups.push(GroupWish { member, group: group.clone(), source: SOURCE.to_owned() });
                let source = SOURCE.to_owned();
                request
                    .primary_groups
                    .insert(before.guid, PrimaryGroupWish { group, rid, source, at: before.at });
            }
            if memberships && !others && !before.notes.is_empty() {
                request.fill_notes.entry(before.guid).or_default().extend(before.notes.clone());
            }
        }
    }
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
        let attributes = before.attributes.iter().filter(|a| is_lost(a)).count();
        let memberships = before.referrers.iter().chain(&before.links).filter(|l| is_member(l)).count();
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
    let mut before = Before {
        guid,
        at: None,
        attributes: vec![],
        links: vec![],
        referrers: vec![],
        primary: None,
        notes: vec![],
    };
    let now = journal.now(guid)?;
    // The deletion is so new that nobody has told the journal yet.
    if let Some(now) = now.as_ref().filter(|now| is_deleted && now.status == Status::Live) {
        before.at = heard;
        before.attributes.clone_from(&now.attributes);
        before.links.clone_from(&now.links);
        before.referrers.clone_from(&now.referrers);
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
    before.attributes = lost.attributes;
    before.links = lost.links.into_iter().map(|lost| lost.link).collect();
    before.referrers = lost.referrers.into_iter().map(|lost| lost.link).collect();
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

/// Whether an attribute is worth offering: somebody would miss it, and a source may give it.
fn is_lost(attribute: &AttributeState) -> bool {
    let name = attribute.name.as_str();
    let is = |known: &&str| known.eq_ignore_ascii_case(name);
    let usual = USUAL.iter().any(|(known, value)| is(known) && attribute.values == [value.to_vec()]);
    !usual
        && !attribute.values.is_empty()
        && !BY_ITSELF.iter().any(is)
        && !survives(name, &[])
        && !matches!(rule(name), Rule::Never(_) if !name.eq_ignore_ascii_case("userPrincipalName"))
}

fn is_member(link: &Link) -> bool {
    link.attribute.eq_ignore_ascii_case(MEMBER)
}
