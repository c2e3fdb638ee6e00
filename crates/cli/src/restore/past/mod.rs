//! What a source says of the objects that are restored: their attributes, their memberships, and the links of others to them, as they
//! were. A source is the change journal, or a directory that is only read (a file, a mounted snapshot).

pub(crate) mod journal;
mod merge;
mod source;

use std::collections::{HashMap, HashSet};

use adrecover_core::drill::survives;
use adrecover_core::fill::{Fill, Rule, rule};
use adrecover_core::time::Timestamp;
use adrecover_core::value::from_attribute;
use adrecover_core::{Dn, Entry, ObjectGuid};
use adrecover_hybrid::fill::Offer;
use adrecover_ldap::gather::ends::by_guid;

pub(crate) use self::merge::put_links;
pub(crate) use self::source::{Asked, ask_file, check_forest};
use super::desk::Desk;
use super::fill::Source;
use super::wishes::WishArgs;
use crate::context::Ctx;
use crate::error::CliError;
use crate::journal::forest_of;
use crate::sources::{self, Opened, SourceName};

pub(super) const MEMBER: &str = "member";
/// The primary groups that the directory itself gives: Domain Users, and Domain Computers.
const USUAL_PRIMARY: [u32; 2] = [513, 515];

/// What the directory gives an object again by itself, or keeps for each domain controller: no source is asked for it.
const BY_ITSELF: [&str; 24] = [
    "adminCount",
    "badPasswordTime",
    "badPwdCount",
    "cn",
    "dc",
    "dSCorePropagationData",
    "instanceType",
    "isCriticalSystemObject",
    "isDeleted",
    "isRecycled",
    "lastLogoff",
    "lastLogon",
    "lastLogonTimestamp",
    "lockoutTime",
    "logonCount",
    "name",
    "objectCategory",
    "operatorCount",
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

/// What one source has of the chosen objects.
#[derive(Debug, Default)]
pub(crate) struct Past {
    /// The source, as plans name it.
    name: String,
    objects: Vec<Before>,
    /// The chosen objects: links between them are written when both are back.
    chosen: HashSet<ObjectGuid>,
    /// What the groups are called now that are not chosen.
    groups: HashMap<ObjectGuid, Dn>,
}

/// One object, as a source has it.
#[derive(Debug, Clone)]
pub(super) struct Before {
    guid: ObjectGuid,
    /// When what follows was so; `None` where the source does not have the object, or does not know when.
    at: Option<Timestamp>,
    /// Whether the source has the object.
    is_known: bool,
    /// Whether a link that is not here was not there, as far as the source can tell.
    has_all_links: bool,
    /// Whether this is only what is still missing of it: the object is back already.
    is_rest: bool,
    attributes: Vec<Held>,
    /// What it pointed to.
    links: Vec<Tie>,
    /// What pointed to it.
    referrers: Vec<Tie>,
    /// Its primary group, where that is not the usual one.
    primary: Option<(u32, Dn)>,
    /// What the source says besides, for people.
    notes: Vec<String>,
    /// Why it is not certain that this is the object.
    unsure: Option<String>,
}

/// An attribute as it was.
#[derive(Clone)]
struct Held {
    name: String,
    values: Vec<Vec<u8>>,
}

/// Values are a directory's: only their number is shown.
impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} values)", self.name, self.values.len())
    }
}

/// A link as it was, seen from one of its ends.
#[derive(Debug, Clone)]
struct Tie {
    attribute: String,
    /// The object at the other end; `None` where only its name is known, and nobody has that now.
    other: Option<ObjectGuid>,
    /// Its name in the source.
    dn: String,
}

/// The sources of a command, in the order of trust, and what each is asked for.
#[derive(Debug, Default)]
pub(crate) struct Pasts {
    list: Vec<(Source, Past)>,
}

/// The sources that were opened, by their names.
#[derive(Default)]
pub(crate) struct OpenSources(Vec<(SourceName, Opened)>);

impl OpenSources {
    /// Opens the sources that the options name, before anything is asked of a directory.
    pub(crate) async fn open(ctx: &Ctx, wishes: &WishArgs, sources: &[Source]) -> Result<Self, CliError> {
        let mut out = vec![];
        for name in named(sources, &wishes.group_sources()?) {
            let opened = sources::open(ctx, &name, &wishes.opening).await?;
            out.push((name, opened));
        }
        Ok(Self(out))
    }

    /// The opened ones.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut (SourceName, Opened)> {
        self.0.iter_mut()
    }
}

/// The sources that have to be opened, each once.
fn named(fills: &[Source], groups: &[Source]) -> Vec<SourceName> {
    let mut out: Vec<SourceName> = vec![];
    for source in fills.iter().chain(groups) {
        if let Source::Named(name) = source
            && !out.contains(name)
        {
            out.push(name.clone());
        }
    }
    out
}

impl Pasts {
    /// Asks every source of the options what it has of the chosen objects.
    pub(crate) async fn ask(
        ctx: &Ctx,
        desk: &Desk,
        wishes: &WishArgs,
        sources: &[Source],
        opened: &mut OpenSources,
        guids: &[ObjectGuid],
    ) -> Result<Self, CliError> {
        let asked = Asked::of(desk, guids).await?;
        Self::ask_about(ctx, desk, wishes, sources, opened, &asked).await
    }

    /// The same about objects of which it is known by what they are looked for.
    pub(crate) async fn ask_about(
        ctx: &Ctx,
        desk: &Desk,
        wishes: &WishArgs,
        sources: &[Source],
        opened: &mut OpenSources,
        asked: &[Asked],
    ) -> Result<Self, CliError> {
        let mut list = vec![];
        let groups = wishes.group_sources()?;
        if sources.contains(&Source::Journal) || groups.contains(&Source::Journal) {
            let forest = forest_of(desk.session.root_dse());
            let journal = wishes.journal.resolve(&ctx.settings, &ctx.printer)?.open(Some(&forest))?;
            let guids: Vec<ObjectGuid> = asked.iter().map(Asked::guid).collect();
            list.push((Source::Journal, journal::ask(ctx, desk, &journal, &guids).await?));
        }
        for (name, opened) in opened.iter_mut() {
            check_forest(desk, opened.about()).await?;
            let past = ask_file(ctx, desk, opened, asked).await?;
            list.push((Source::Named(name.clone()), past));
        }
        Ok(Self { list })
    }

    /// Whether no source was asked.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// What a source has.
    pub(crate) fn get(&self, source: &Source) -> Option<&Past> {
        self.list.iter().find(|(known, _)| known == source).map(|(_, past)| past)
    }
}

impl Past {
    /// The groups may have another name by now, or lie elsewhere.
    async fn find_groups(&mut self, desk: &Desk) -> Result<(), CliError> {
        let links = self.objects.iter().flat_map(|before| &before.referrers).filter(|link| link.is_member());
        let wanted: HashSet<ObjectGuid> =
            links.filter_map(|link| link.other).filter(|guid| !self.chosen.contains(guid)).collect();
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
            let fills = before.attributes.iter().filter(|a| a.is_lost()).map(|attribute| Fill {
                attribute: attribute.name.clone(),
                values: from_attribute(&attribute.values),
                source: self.name.clone(),
                at: before.at,
                unsure: before.unsure.clone(),
            });
            Offer { fills: fills.collect(), notes: before.notes.clone(), ..Offer::default() }
        };
        self.objects.iter().map(|before| (before.guid, offer(before))).collect()
    }

    fn of(&self, guid: ObjectGuid) -> Option<&Before> {
        self.objects.iter().find(|before| before.guid == guid)
    }
}

impl Before {
    fn of(guid: ObjectGuid) -> Self {
        Self {
            guid,
            at: None,
            is_known: false,
            has_all_links: false,
            is_rest: false,
            attributes: vec![],
            links: vec![],
            referrers: vec![],
            primary: None,
            notes: vec![],
            unsure: None,
        }
    }

    /// How many of its attributes somebody would miss, and of how many groups it was a member or had members.
    fn counts(&self) -> (usize, usize) {
        let attributes = self.attributes.iter().filter(|a| a.is_lost()).count();
        (attributes, self.referrers.iter().chain(&self.links).filter(|l| l.is_member()).count())
    }
}

impl Held {
    /// Whether it is worth offering: somebody would miss it, and a source may give it.
    fn is_lost(&self) -> bool {
        let name = self.name.as_str();
        let is = |known: &&str| known.eq_ignore_ascii_case(name);
        let usual = USUAL.iter().any(|(known, value)| is(known) && self.values == [value.to_vec()]);
        !usual
            && !self.values.is_empty()
            && !BY_ITSELF.iter().any(is)
            && !survives(name, &[])
            && !matches!(rule(name), Rule::Never(_) if !name.eq_ignore_ascii_case("userPrincipalName"))
    }
}

impl Tie {
    fn is_member(&self) -> bool {
        self.attribute.eq_ignore_ascii_case(MEMBER)
    }

    /// What two links to one object have in common, whatever their sources call it.
    fn key(&self) -> String {
        match self.other {
            Some(guid) => guid.to_string(),
            None => self.dn.parse::<Dn>().map_or_else(|_| self.dn.to_lowercase(), |dn| dn.key()),
        }
    }
}
