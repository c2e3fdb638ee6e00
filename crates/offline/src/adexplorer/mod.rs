//! Snapshots of Sysinternals AD Explorer (`.dat`): what one account could read of one domain controller.
//!
//! A file is read once when it is opened, for the places of its objects and hashes of their names, and after that object by object.
//! Where an object is damaged the next one is searched for.
//!
//! Memory: 8 octets for each object, the hashes of `crate::index`, 4 MiB of blocks of the file, the table of attributes, and one
//! object at a time (at most 64 MiB of values).

mod layout;
mod values;

use std::borrow::Cow;
use std::ops::ControlFlow;

use adrecover_core::Entry;
use adrecover_core::entry::Attribute as EntryAttribute;
use adrecover_core::secrets::is_secret;
use adrecover_core::source::{
    About, Counts, DamageReport, Direction, Gap, GapReason, Key, Link, LinkEnd, LinkState, MOST_FOUND,
    Moment, Object, Selection, Source, SourceError, SourceKind, Standing, Visit,
};

use self::layout::{Attribute, Cursor, Header, OBJECTS};
use self::values::{MOST_OCTETS, Problem, Reader};
use crate::compressed::Packed;
use crate::facts::{Facts, Links, Role};
use crate::index::{Candidates, Index};
use crate::input::{Blocks, Input};
use crate::names::Name;
use crate::open::{Options, name_of};

/// What was tried with this reader, and what not.
const VERIFICATION: &str = "all objects of one real snapshot were read, of a Windows domain of 2021; the format is not documented by \
                            Microsoft, and values of the types DN-Binary and DN-String are not read";

/// The most objects of a file.
const MOST_OBJECTS: u32 = 16 << 20;
/// The most attributes of an object.
const MOST_SLOTS: usize = 4096;
/// The longest object, in octets, without values that lie elsewhere.
const LONGEST: u32 = 256 << 20;

/// How many places are tried in all where an object may begin, behind damage.
const MOST_TRIES: u32 = 1 << 20;
/// How many times its length a file may give in values at once: objects share values, but not like that.
const MOST_SHARED: u64 = 256;

/// An AD Explorer snapshot.
#[derive(Debug)]
pub struct Snapshot {
    input: Input,
    blocks: Blocks,
    about: About,
    attributes: Vec<Attribute>,
    /// Where the objects end.
    table: u64,
    places: Vec<u64>,
    index: Index,
    links: Links,
    damage: DamageReport,
    slots: u64,
    /// How many octets of values were given since something was asked.
    spent: u64,
    /// How many places may be tried yet where an object may begin.
    tries: u32,
    file: String,
}

/// An object as it lies in the file: where, and where its values are.
struct Raw {
    at: u64,
    length: u32,
    slots: Vec<(u32, i32)>,
}

impl Snapshot {
    pub(crate) fn open(packed: &Packed, options: &Options) -> Result<Self, SourceError> {
        let (input, damage) = packed.unpack(options.most_unpacked)?;
        let header = Header::read(&input, &packed.name)?;
        let mut blocks = Blocks::default();
        let (attributes, problem) = layout::attributes(&input, &mut blocks, header.table)
            .map_err(|error| SourceError::io(&packed.name, &error))?;
        let mut about = About::new(SourceKind::AdExplorer, name_of(SourceKind::AdExplorer, packed));
        about.format = format!("AD Explorer snapshot{}", packed.compression.suffix());
        about.size = Some(packed.size);
        about.moment = header.made.map(Moment::Written).or(packed.modified.map(Moment::File));
        about.limits = vec![
            "it holds what the account could read that made it: what is not there may not have been readable"
                .to_owned(),
        ];
        if !header.description.is_empty() {
            about.format.push_str(&format!(
                ", described as `{}`",
                adrecover_core::text::printable(&header.description)
            ));
        }
        about.verification = VERIFICATION.to_owned();
        let mut snapshot = Self {
            input,
            blocks,
            about,
            attributes,
            table: header.table,
            places: vec![],
            index: Index::default(),
            links: Links::default(),
            damage: DamageReport::default(),
            slots: 0,
            spent: 0,
            tries: MOST_TRIES,
            file: packed.name.clone(),
        };
        if let Some(damage) = damage {
            snapshot.damage.add(damage.place, damage.problem);
        }
        if let Some(problem) = problem {
            snapshot.damage.add("the table of attributes", problem);
        }
        snapshot.scan(&header)?;
        Ok(snapshot)
    }

    /// How many attributes all objects have together.
    #[must_use]
    pub fn slots(&self) -> u64 {
        self.slots
    }

    /// Finds all objects, and what they are called.
    fn scan(&mut self, header: &Header) -> Result<(), SourceError> {
        self.walk(header)?;
        let mut facts = Facts::default();
        facts.set_host(header.server.clone());
        let mut deleted = vec![];
        for number in 0..self.places.len() as u32 {
            let Some(raw) = self.raw(self.places[number as usize])? else { continue };
            self.slots += raw.slots.len() as u64;
            let wanted = |name: &str| SCANNED.iter().any(|known| known.eq_ignore_ascii_case(name));
            let (entry, _) = self.read(&raw, &|name| wanted(name))?;
            facts.look(&entry);
            self.index.put_names(number, &entry);
            if entry.is_deleted() {
                deleted.push(entry.is_true("isRecycled"));
            }
        }
        self.links = facts.tell(true, &mut self.about);
        self.scan_links()?;
        self.index.sort();
        let mut counts =
            Counts { live: self.places.len() as u64 - deleted.len() as u64, ..Counts::default() };
        for is_recycled in deleted {
            let gone = Entry::new("CN=a").with("isDeleted", ["TRUE"]);
            let gone = if is_recycled { gone.with("isRecycled", ["TRUE"]) } else { gone };
            counts.add(Standing::of(&gone, self.about.recycle_bin));
        }
        self.about.counts = Some(counts);
        if !self.index.is_complete() {
            let text = "it has more names than are kept in memory: looking one up reads all of it";
            self.about.limits.push(text.to_owned());
        }
        Ok(())
    }

    /// Which objects point to which names; after the schema is known.
    fn scan_links(&mut self) -> Result<(), SourceError> {
        for number in 0..self.places.len() as u32 {
            let Some(raw) = self.raw(self.places[number as usize])? else { continue };
            let links = std::mem::take(&mut self.links);
            let read = self.read(&raw, &|name| links.role(name) == Role::Forward);
            self.links = links;
            for value in read?.0.attributes.iter().flat_map(|attribute| &attribute.values) {
                if let Ok(dn) = std::str::from_utf8(value) {
                    self.index.put_link(number, dn, None);
                }
            }
        }
        Ok(())
    }

    /// Goes from object to object. Behind a damaged one the next that looks like one is taken.
    fn walk(&mut self, header: &Header) -> Result<(), SourceError> {
        let mut at = OBJECTS;
        while at < self.table && (self.places.len() as u32) < header.objects.min(MOST_OBJECTS) {
            match self.raw(at)? {
                Some(raw) => {
                    self.places.push(at);
                    at += u64::from(raw.length);
                }
                None => {
                    let Some(next) = self.next_object(at + 1)? else { break };
                    let problem = format!("{} octets are no object", next - at);
                    self.damage.add(format!("octet {at:#x}"), problem);
                    at = next;
                }
            }
        }
        if header.objects > MOST_OBJECTS {
            let what = format!("it has more than {MOST_OBJECTS} objects");
            return Err(SourceError::TooLarge { name: self.file.clone(), what });
        }
        let found = self.places.len() as u32;
        if found < header.objects {
            let problem = format!("{} of {} objects cannot be read", header.objects - found, header.objects);
            self.damage.add(format!("octet {at:#x}"), problem);
        }
        Ok(())
    }

    /// The next place that looks like an object with another one, or the end, behind it.
    fn next_object(&mut self, from: u64) -> Result<Option<u64>, SourceError> {
        /// How much is looked at at once, and how much of that may be the beginning of an object.
        const STEP: usize = 64 << 10;
        const HEAD: usize = 16;
        let mut at = from;
        while at < self.table {
            let octets = self.octets(at, STEP + HEAD)?;
            for place in 0..octets.len().min(STEP) {
                let mut head = Cursor(&octets[place..]);
                let (length, slots, attribute) = (head.u32(), head.u32(), head.u32());
                let fits = length.is_some_and(|n| (16..=LONGEST).contains(&n))
                    && slots.is_some_and(|n| n > 0 && n as usize <= MOST_SLOTS)
                    && attribute.is_some_and(|n| (n as usize) < self.attributes.len());
                let here = at + place as u64;
                if !fits {
                    continue;
                }
                let Some(tries) = self.tries.checked_sub(1) else { return Ok(None) };
                self.tries = tries;
                if let Some(raw) = self.raw(here)? {
                    let behind = here + u64::from(raw.length);
                    if behind == self.table || self.raw(behind)?.is_some() {
                        return Ok(Some(here));
                    }
                }
            }
            at += STEP as u64;
        }
        Ok(None)
    }

    fn octets(&mut self, at: u64, length: usize) -> Result<Vec<u8>, SourceError> {
        self.blocks.read(&self.input, at, length).map_err(|error| SourceError::io(&self.file, &error))
    }

    /// The object at a place; `None` where there is none.
    fn raw(&mut self, at: u64) -> Result<Option<Raw>, SourceError> {
        let head = self.octets(at, 8)?;
        let mut head = Cursor(&head);
        let (Some(length), Some(count)) = (head.u32(), head.u32()) else { return Ok(None) };
        let count = count as usize;
        let end = at.saturating_add(u64::from(length));
        if length > LONGEST || end > self.table || count > MOST_SLOTS || (length as usize) < 8 + count * 8 {
            return Ok(None);
        }
        let octets = self.octets(at + 8, count * 8)?;
        let mut table = Cursor(&octets);
        let mut slots = Vec::with_capacity(count);
        while let (Some(attribute), Some(offset)) = (table.u32(), table.i32()) {
            if attribute as usize >= self.attributes.len() {
                return Ok(None);
            }
            slots.push((attribute, offset));
        }
        Ok((slots.len() == count).then_some(Raw { at, length, slots }))
    }

    /// Reads the wanted attributes of an object, links among them, and what could not be read.
    fn read(&mut self, raw: &Raw, wanted: &dyn Fn(&str) -> bool) -> Result<(Entry, Vec<Gap>), SourceError> {
        let mut reader = Reader { input: &self.input, blocks: &mut self.blocks, room: MOST_OCTETS };
        let (mut entry, mut gaps) = (Entry::default(), vec![]);
        for (attribute, offset) in &raw.slots {
            let Some(attribute) = self.attributes.get(*attribute as usize) else { continue };
            let is_name = attribute.name == "distinguishedName";
            if !is_name && !wanted(&attribute.name) {
                continue;
            }
            let gap = |reason| Gap { attribute: attribute.name.clone(), reason };
            if is_secret(&attribute.name) {
                gaps.push(gap(GapReason::Secret));
                continue;
            }
            let values = match raw.at.checked_add_signed(i64::from(*offset)) {
                Some(at) => reader.values(at, attribute.kind),
                None => Err(Problem::Damaged("its values lie outside of the file")),
            };
            match values {
                Ok(values) => {
                    if is_name && let Some(dn) = values.first() {
                        entry.dn = String::from_utf8_lossy(dn).into_owned();
                    }
                    if wanted(&attribute.name) {
                        let name = Cow::Owned(attribute.name.clone());
                        entry.attributes.push(EntryAttribute { name, values });
                    }
                }
                Err(Problem::Io(error)) => return Err(SourceError::io(&self.file, &error)),
                Err(Problem::TooLarge) => gaps.push(gap(GapReason::TooLarge)),
                Err(Problem::Type(number)) => {
                    gaps.push(gap(GapReason::Damaged(format!("values of the type {number} are not read"))));
                }
                Err(Problem::Damaged(problem)) => {
                    let place = format!("octet {:#x}", raw.at);
                    self.damage.add(place, format!("{}: {problem}", attribute.name));
                    gaps.push(gap(GapReason::Damaged(problem.to_owned())));
                }
            }
        }
        self.spent += (MOST_OCTETS - reader.room) as u64;
        if self.spent > (1 << 30) + self.input.len().saturating_mul(MOST_SHARED) {
            let what = "its objects refer to the same values so often that they are more than what is read"
                .to_owned();
            return Err(SourceError::TooLarge { name: self.file.clone(), what });
        }
        Ok((entry, gaps))
    }

    /// The object with a number.
    fn object(&mut self, number: u32, wanted: Option<&Selection>) -> Result<Option<Object>, SourceError> {
        let Some(at) = self.places.get(number as usize).copied() else { return Ok(None) };
        let Some(raw) = self.raw(at)? else { return Ok(None) };
        let links = std::mem::take(&mut self.links);
        let is_plain = |name: &str| links.role(name) == Role::Plain;
        let is_wanted = |name: &str| {
            let is_needed = NEEDED.iter().any(|known| known.eq_ignore_ascii_case(name));
            is_plain(name) && (is_needed || wanted.is_none_or(|wanted| wanted.names(name)))
        };
        let read = self.read(&raw, &is_wanted);
        self.links = links;
        let (entry, gaps) = read?;
        let mut object =
            Object::new(u64::from(number), entry, self.about.recycle_bin, format!("octet {at:#x}"));
        object.gaps = gaps;
        if let Some(wanted) = wanted.filter(|wanted| wanted.attributes.is_some()) {
            object.entry.attributes.retain(|attribute| wanted.names(&attribute.name));
            object.gaps.retain(|gap| wanted.names(&gap.attribute));
        }
        Ok(Some(object))
    }

    /// The links of an object that it holds, or what its back links tell, by the forward attribute's name.
    fn own_links(&mut self, number: u32, is_forward: bool) -> Result<Vec<EntryAttribute>, SourceError> {
        let Some(at) = self.places.get(number as usize).copied() else { return Ok(vec![]) };
        let Some(raw) = self.raw(at)? else { return Ok(vec![]) };
        let links = std::mem::take(&mut self.links);
        let forward = |name: &str| match links.role(name) {
            Role::Forward if is_forward => Some(name.to_owned()),
            Role::Back(forward) if !is_forward => Some(forward.to_owned()),
            _ => None,
        };
        let read = self.read(&raw, &|name| forward(name).is_some());
        let read = read.map(|(entry, _)| {
            let named =
                |a: EntryAttribute| Some(EntryAttribute { name: forward(&a.name)?.into(), values: a.values });
            entry.attributes.into_iter().filter_map(named).collect()
        });
        self.links = links;
        read
    }
}

impl Snapshot {
    /// Hands over the links of others to an object, and notes them.
    fn referrers(
        &mut self,
        object: &Object,
        told: &mut Vec<(Cow<'static, str>, String)>,
        visit: Visit<'_, Link>,
    ) -> Result<ControlFlow<()>, SourceError> {
        let candidates = match self.index.pointing_to(object) {
            Candidates::These(numbers) => numbers,
            Candidates::All => (0..self.places.len() as u32).collect(),
        };
        let name = Name::new(&object.entry.dn);
        for number in candidates {
            let is_it = |value: &Vec<u8>| std::str::from_utf8(value).is_ok_and(|dn| name.is(dn));
            let mut pointing = self.own_links(number, true)?;
            pointing.retain(|attribute| attribute.values.iter().any(is_it));
            if pointing.is_empty() {
                continue;
            }
            let Some(holder) = self.object(number, None)? else { continue };
            for attribute in pointing {
                let other = LinkEnd {
                    guid: holder.guid,
                    sid: holder.sid.clone(),
                    dn: holder.entry.dn.clone(),
                    standing: Some(holder.standing),
                };
                if visit(link(&attribute.name, other)).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                told.push((attribute.name, holder.entry.dn.clone()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

fn link(attribute: &str, other: LinkEnd) -> Link {
    Link { attribute: attribute.to_owned(), other, data: vec![], state: LinkState::Present, since: None }
}

/// What an object and its state are read from.
const NEEDED: [&str; 4] = ["objectGUID", "objectSid", "isDeleted", "isRecycled"];

/// What names and facts are read from.
const SCANNED: [&str; 18] = [
    "distinguishedName",
    "instanceType",
    "isDeleted",
    "isRecycled",
    "lDAPDisplayName",
    "linkID",
    "msDS-Behavior-Version",
    "msDS-DeletedObjectLifetime",
    "msDS-EnabledFeature",
    "msDS-LastKnownRDN",
    "objectClass",
    "objectGUID",
    "objectSid",
    "sAMAccountName",
    "tombstoneLifetime",
    "userPrincipalName",
    "whenChanged",
    "whenCreated",
];

impl Source for Snapshot {
    fn about(&self) -> &About {
        &self.about
    }

    fn list(&mut self, wanted: &Selection, visit: Visit<'_, Object>) -> Result<(), SourceError> {
        self.spent = 0;
        for number in 0..self.places.len() as u32 {
            let Some(object) = self.object(number, Some(wanted))? else { continue };
            if wanted.takes(object.standing) && wanted.covers(&object.entry.dn) && visit(object).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn find(&mut self, key: &Key) -> Result<Vec<Object>, SourceError> {
        self.spent = 0;
        let Candidates::These(numbers) = self.index.having(key) else {
            return adrecover_core::source::find_by_listing(self, key);
        };
        let mut found = vec![];
        for number in numbers {
            found.extend(self.object(number, None)?.filter(|object| key.matches(object)));
            if found.len() >= MOST_FOUND {
                break;
            }
        }
        found.sort_by_key(|object| object.standing != Standing::Live);
        Ok(found)
    }

    fn links(
        &mut self,
        object: &Object,
        direction: Direction,
        visit: Visit<'_, Link>,
    ) -> Result<(), SourceError> {
        self.spent = 0;
        let Ok(own) = u32::try_from(object.id) else { return Ok(()) };
        let is_forward = direction == Direction::Holds;
        // Those who point to it tell who they are; its own back links tell names only.
        let mut told = vec![];
        if !is_forward && self.referrers(object, &mut told, visit)?.is_break() {
            return Ok(());
        }
        for attribute in self.own_links(own, is_forward)? {
            let is_told = |dn: &str| {
                let name = Name::new(dn);
                told.iter().any(|(forward, other)| *forward == attribute.name && name.is(other))
            };
            for value in &attribute.values {
                let dn = String::from_utf8_lossy(value).into_owned();
                if !is_told(&dn)
                    && visit(link(&attribute.name, LinkEnd { dn, ..LinkEnd::default() })).is_break()
                {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn damage(&self) -> &DamageReport {
        &self.damage
    }
}

#[cfg(test)]
mod tests;
