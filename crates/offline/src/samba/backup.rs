//! A backup as a source: its objects, their links, and what it is.

use std::collections::HashSet;
use std::io::Read;

use adrecover_core::entry::Attribute;
use adrecover_core::lifetime::State;
use adrecover_core::source::{
    About, Counts, DamageReport, Direction, Gap, GapReason, Key, Link, LinkEnd, LinkState, MOST_FOUND,
    Moment, Object, Selection, Source, SourceError, SourceKind, Standing, Visit,
};
use adrecover_core::time::{Timestamp, generalized};
use adrecover_core::{Dn, Entry, ObjectGuid};

use crate::Options;
use crate::compressed::Packed;
use crate::open::name_of;

use super::archive::{Archive, Database};
use super::extended::Extended;
use super::index::{Index, Place, Row};
use super::ldb::{self, Element, Message};
use super::schema::{Handling, Schema};
use super::survey::Survey;
use super::tdb::Record;

/// How much of a record is read to know the name of its object.
const BEGINNING: u32 = 4096;
/// A longer record is not kept for the next question.
const REMEMBERED: usize = 64 << 20;
/// What an object is known by; read whatever was asked for.
const IDENTITY: [&str; 4] = ["objectGUID", "objectSid", "isDeleted", "isRecycled"];
/// What names of it the index is made of besides.
const NAMES: [&str; 3] = ["sAMAccountName", "userPrincipalName", "msDS-LastKnownRDN"];

/// What this reader was tried with.
const VERIFICATION: &str = "compared with Samba 4.17: every object, attribute and link of a backup with what Samba's libraries \
     give of the same databases. Backups of other versions, of large domains and of several domain controllers were not tried.";

/// An opened backup.
#[derive(Debug)]
pub struct Backup {
    about: About,
    schema: Schema,
    databases: Vec<Database>,
    index: Index,
    damage: DamageReport,
    /// The record that was read last: a large group is asked for once for each of its members.
    last: Option<(Place, Record)>,
}

impl Backup {
    /// Opens the archive of a backup.
    pub(crate) fn open(packed: &Packed, options: &Options) -> Result<Self, SourceError> {
        let mut backup =
            Self::read(&packed.name, packed.reader()?, options.allow_dirty, options.most_unpacked)?;
        backup.about.name = name_of(SourceKind::Samba, packed);
        backup.about.size = Some(packed.size);
        backup.about.format.push_str(packed.compression.suffix());
        backup.about.moment = backup.about.moment.or(packed.modified.map(Moment::File));
        Ok(backup)
    }

    /// Reads an unpacked archive to its end and makes an index of it.
    ///
    /// `name` is what the source is called. Databases of up to 256 MiB altogether are kept in memory, what is beyond in files
    /// that nobody else can open and that go with the program.
    ///
    /// # Errors
    ///
    /// When it is no such archive, of a kind that is not read, too large, or was written to while it was copied (unless
    /// `allow_dirty`).
    pub fn read(
        name: &str,
        from: impl Read,
        allow_dirty: bool,
        most_unpacked: u64,
    ) -> Result<Self, SourceError> {
        let mut archive = Archive::read(name, from, most_unpacked)?;
        if archive.contexts.is_empty() {
            let first = archive.damage.first().first();
            return Err(SourceError::Damaged {
                name: name.to_owned(),
                place: first.map_or("the archive".to_owned(), |damage| damage.place.clone()),
                problem: first.map_or_else(
                    || "there is no database in it (`private/sam.ldb.d/*.ldb`)".to_owned(),
                    |damage| damage.problem.clone(),
                ),
            });
        }
        let survey = Survey::of(name, &mut archive)?;
        if survey.is_dirty && !allow_dirty {
            return Err(SourceError::Dirty {
                name: name.to_owned(),
                state: "a transaction was under way when a database was copied".to_owned(),
                hint: "make a new backup with `samba-tool domain backup offline`, or read it all the same with --allow-dirty"
                    .to_owned(),
            });
        }
        let Archive { contexts, made, damage, .. } = archive;
        let about = About::new(SourceKind::Samba, name);
        let mut backup = Self {
            about,
            schema: survey.schema.clone(),
            databases: contexts,
            index: Index::default(),
            damage,
            last: None,
        };
        let (newest, packing) = backup.make_index(survey.recycle_bin)?;
        backup.about.moment = made.map(Moment::Written).or(newest.map(Moment::Newest));
        backup.describe(survey, packing)?;
        Ok(backup)
    }

    /// Gives the newest time of a change, and which versions of packing there are.
    fn make_index(
        &mut self,
        recycle_bin: Option<bool>,
    ) -> Result<(Option<Timestamp>, [bool; 2]), SourceError> {
        let Self { schema, databases, index, damage, about, .. } = self;
        let (mut newest, mut packing) = (None, [false; 2]);
        for (number, database) in databases.iter_mut().enumerate() {
            let number = number as u16;
            let name = database.name.clone();
            let mut is_damaged = false;
            let places = database.tdb.records(&mut |error| {
                is_damaged = true;
                damage.add(&name, error.to_string());
            });
            // Where a chain was broken, an older copy of an object may have been found, too, behind the valid one.
            let mut seen: HashSet<ObjectGuid> = HashSet::new();
            for offset in places {
                let record = match database.tdb.record(offset) {
                    Ok(record) if record.key.starts_with(b"DN=@") => continue,
                    Ok(record) => record,
                    Err(error) => {
                        damage.add(database.place(offset), error.to_string());
                        continue;
                    }
                };
                let message = match ldb::unpack(&record.data) {
                    Ok(message) if message.is_internal() => continue,
                    Ok(message) => message,
                    Err(error) => {
                        damage.add(database.place(offset), error.to_string());
                        continue;
                    }
                };
                if let Some(kind) = packing.get_mut(usize::from(message.version) - 1) {
                    *kind = true;
                }
                newest = newest.max(message.text("whenChanged").and_then(|text| generalized(&text)));
                let place = Place { database: number, offset };
                let object = Object::new(place.id(), names(&message), recycle_bin, "");
                if is_damaged && object.guid.is_some_and(|guid| !seen.insert(guid)) {
                    continue;
                }
                if !index.add(place, &object, targets(schema, &message)) {
                    let what = "it has more objects than are read".to_owned();
                    return Err(SourceError::TooLarge { name: about.name.clone(), what });
                }
            }
        }
        index.finish();
        Ok((newest, packing))
    }

    fn describe(&mut self, survey: Survey, packing: [bool; 2]) -> Result<(), SourceError> {
        let kind = survey.kind.as_deref().unwrap_or("unknown");
        let versions: Vec<&str> = ["1", "2"]
            .into_iter()
            .zip(packing)
            .filter(|(_, is_there)| *is_there)
            .map(|(version, _)| version)
            .collect();
        self.about.format =
            format!("backup of Samba ({kind}), TDB, records packed by version {}", versions.join(" and "));
        self.about.recycle_bin = survey.recycle_bin;
        self.about.policy = survey.policy;
        self.about.is_dirty = survey.is_dirty;
        self.about.forest_level = survey.forest_level;
        self.about.absence_is_unset = true;
        self.about.verification = VERIFICATION.to_owned();
        let mut counts = Counts::default();
        self.index.rows.iter().for_each(|row| counts.add(row.standing));
        self.about.counts = Some(counts);
        self.about.domain = survey.domain.and_then(|text| text.parse().ok());
        self.about.forest = survey.forest.and_then(|text| text.parse().ok());
        if let Some(head) = self.head(self.about.domain.clone())? {
            self.about.domain_guid = head.guid;
            self.about.domain_level = head.entry.integer("msDS-Behavior-Version");
        }
        for context in survey.contexts {
            let found = self.head(context.parse().ok())?;
            let dn = found.map_or(context, |head| head.entry.dn);
            self.about.contexts.extend(dn.parse::<Dn>());
        }
        self.about.host = self.host(survey.service)?;
        if kind != "offline" {
            self.about.limits.push(
                "it was not made by `samba-tool domain backup offline`: what a domain controller keeps for itself is that of a \
                 new one, and a domain that was renamed has its new name"
                    .to_owned(),
            );
        }
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn handling(&self, attribute: &str) -> Handling {
        self.schema.of(attribute)
    }

    fn head(&mut self, dn: Option<Dn>) -> Result<Option<Object>, SourceError> {
        let Some(dn) = dn else { return Ok(None) };
        Ok(self.find(&Key::Dn(dn))?.into_iter().next())
    }

    /// The name of the domain controller: `dNSHostName` of the server above its `nTDSDSA` object.
    fn host(&mut self, service: Option<String>) -> Result<Option<String>, SourceError> {
        let Some(service) = service else { return Ok(None) };
        let key = match service.parse::<ObjectGuid>() {
            Ok(guid) => Some(Key::Guid(guid)),
            Err(_) => service.parse().ok().map(Key::Dn),
        };
        let Some(key) = key else { return Ok(None) };
        let settings = self.find(&key)?.into_iter().next();
        let server = settings.and_then(|object| object.entry.dn.parse::<Dn>().ok()?.parent());
        Ok(self.head(server)?.and_then(|object| object.entry.text("dNSHostName")))
    }

    /// Takes a record apart and hands it over; damage is noted.
    fn with<T>(&mut self, place: Place, take: impl FnOnce(&Self, &Message<'_>) -> T) -> Option<T> {
        let record = match self.last.take() {
            Some((last, record)) if last == place => record,
            _ => self.record(place)?,
        };
        let taken = match ldb::unpack(&record.data) {
            Ok(message) => Some(take(self, &message)),
            Err(error) => {
                let at = self
                    .databases
                    .get(usize::from(place.database))
                    .map(|database| database.place(place.offset));
                self.damage.add(at.unwrap_or_default(), error.to_string());
                None
            }
        };
        if record.data.len() <= REMEMBERED {
            self.last = Some((place, record));
        }
        taken
    }

    fn record(&mut self, place: Place) -> Option<Record> {
        let database = self.databases.get_mut(usize::from(place.database))?;
        match database.tdb.record(place.offset) {
            Ok(record) => Some(record),
            Err(error) => {
                self.damage.add(database.place(place.offset), error.to_string());
                None
            }
        }
    }

    fn object(&mut self, row: Row, wanted: &Selection) -> Option<Object> {
        let (mut entry, gaps, names) =
            self.with(row.place, |backup, message| entry(&backup.schema, message, wanted))?;
        for name in names {
            let Some(attribute) = entry.attributes.get_mut(name) else { continue };
            for value in &mut attribute.values {
                let text = String::from_utf8_lossy(value).into_owned();
                let read = Extended::read(&text);
                // What was renamed since the value was written has its new name, as the server gives it.
                let now = end(&self.index, &mut self.databases, read.guid).map(|(dn, _)| dn);
                *value = read.with_dn(now.as_deref().unwrap_or(read.dn)).into_bytes();
            }
        }
        let place = self.databases.get(usize::from(row.place.database)).map(|d| d.place(row.place.offset));
        let mut object =
            Object::new(row.place.id(), entry, self.about.recycle_bin, place.unwrap_or_default());
        object.gaps = gaps;
        object.is_whole = wanted.attributes.is_none();
        Some(object)
    }

    /// The links that an object holds, of which `only` picks those to one target.
    fn held(&mut self, place: Place, only: Option<ObjectGuid>) -> Vec<HeldLink> {
        let needle = only.map(|guid| guid.to_string());
        let links = self.with(place, |backup, message| {
            let mut links = vec![];
            for element in message.elements.iter().filter(|element| is_link(&backup.schema, element)) {
                for value in element.values.iter().filter(|value| may_point_to(value, needle.as_deref())) {
                    let text = String::from_utf8_lossy(value);
                    let read = Extended::read(&text);
                    if only.is_none_or(|guid| read.guid == Some(guid)) {
                        links.push(HeldLink::of(&element.name, &read));
                    }
                }
            }
            links
        });
        links.unwrap_or_default()
    }

    fn state(&self, link: &HeldLink, ends: [Option<Standing>; 2]) -> LinkState {
        let is_in_bin = ends.contains(&Some(Standing::Deleted(State::Deleted)));
        match link.is_removed {
            true => LinkState::Removed(link.changed),
            false if is_in_bin => LinkState::Deactivated,
            false => LinkState::Present,
        }
    }
}

impl Source for Backup {
    fn about(&self) -> &About {
        &self.about
    }

    fn list(&mut self, wanted: &Selection, visit: Visit<'_, Object>) -> Result<(), SourceError> {
        for number in 0..self.index.rows.len() {
            let row = self.index.rows.get(number).copied().filter(|row| wanted.takes(row.standing));
            let Some(object) = row.and_then(|row| self.object(row, wanted)) else { continue };
            if wanted.covers(&object.entry.dn) && visit(object).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn find(&mut self, key: &Key) -> Result<Vec<Object>, SourceError> {
        let everything = Selection::everything();
        let mut found = vec![];
        for row in self.index.find(key) {
            let object = self.object(row, &everything);
            found.extend(object.filter(|object| key.matches(object)));
            if found.len() >= MOST_FOUND || (matches!(key, Key::Guid(_)) && !found.is_empty()) {
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
        if direction == Direction::Holds {
            let Some(place) = Place::of_id(object.id) else { return Ok(()) };
            for link in self.held(place, None) {
                let end = end(&self.index, &mut self.databases, link.target.guid);
                let standing = end.as_ref().map(|(_, standing)| *standing);
                let state = self.state(&link, [Some(object.standing), standing]);
                let dn = end.map_or(link.target.dn.clone(), |(dn, _)| dn);
                let other = LinkEnd { dn, standing, ..link.target };
                let link =
                    Link { attribute: link.attribute, other, data: link.data, state, since: link.added };
                if visit(link).is_break() {
                    break;
                }
            }
            return Ok(());
        }
        let Some(guid) = object.guid else { return Ok(()) };
        let identity = Selection { attributes: Some(vec![]), ..Selection::everything() };
        for row in self.index.pointing_to(guid) {
            let Some(holder) = self.object(row, &identity) else { continue };
            for link in self.held(row.place, Some(guid)) {
                let state = self.state(&link, [Some(holder.standing), Some(object.standing)]);
                let other = LinkEnd {
                    guid: holder.guid,
                    sid: holder.sid.clone(),
                    dn: holder.entry.dn.clone(),
                    standing: Some(holder.standing),
                };
                let link =
                    Link { attribute: link.attribute, other, data: link.data, state, since: link.added };
                if visit(link).is_break() {
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

/// A link as the object has it that holds it.
struct HeldLink {
    attribute: String,
    target: LinkEnd,
    data: Vec<u8>,
    is_removed: bool,
    added: Option<Timestamp>,
    changed: Option<Timestamp>,
}

impl HeldLink {
    fn of(attribute: &str, read: &Extended<'_>) -> Self {
        Self {
            attribute: attribute.to_owned(),
            target: LinkEnd {
                guid: read.guid,
                sid: read.sid.clone(),
                dn: read.dn.to_owned(),
                standing: None,
            },
            data: read.octets(),
            is_removed: read.is_removed(),
            added: read.added,
            changed: read.changed,
        }
    }
}

/// What an object is called now, and where it stands, where the backup has it.
fn end(index: &Index, databases: &mut [Database], guid: Option<ObjectGuid>) -> Option<(String, Standing)> {
    let row = index.find(&Key::Guid(guid?)).into_iter().next()?;
    let database = databases.get_mut(usize::from(row.place.database))?;
    let octets = database.tdb.beginning(row.place.offset, BEGINNING).ok()?;
    let name = ldb::name(&octets).ok()?;
    Some((name.into_owned(), row.standing))
}

/// Whether a value may point to the object with this GUID: most of a large group's are told apart without taking them apart.
fn may_point_to(value: &[u8], guid: Option<&str>) -> bool {
    let Some(guid) = guid else { return true };
    let start = value.iter().position(|octet| *octet == b'<').unwrap_or(value.len());
    let text = value.get(start..).and_then(|rest| rest.strip_prefix(b"<GUID="));
    match text.and_then(|text| text.split_at_checked(guid.len())) {
        Some((own, [b'>', ..])) => own.eq_ignore_ascii_case(guid.as_bytes()),
        _ => true,
    }
}

/// Whether an attribute holds links: the schema says so, or, where it does not know the attribute, the marks of its values.
fn is_link(schema: &Schema, element: &Element<'_>) -> bool {
    match schema.of(&element.name) {
        Handling::Link => true,
        Handling::Secret | Handling::BackLink => false,
        Handling::Plain | Handling::Name => element.values.first().is_some_and(|value| {
            value.contains(&b'<') && Extended::read(&String::from_utf8_lossy(value)).is_marked()
        }),
    }
}

/// The GUIDs that an object's links point to.
fn targets(schema: &Schema, message: &Message<'_>) -> Vec<ObjectGuid> {
    let links = message.elements.iter().filter(|element| is_link(schema, element));
    let values = links.flat_map(|element| &element.values);
    values.filter_map(|value| Extended::read(&String::from_utf8_lossy(value)).guid).collect()
}

/// An entry of what the index is made of.
fn names(message: &Message<'_>) -> Entry {
    let mut entry = Entry::new(message.dn.as_ref());
    for name in IDENTITY.into_iter().chain(NAMES) {
        let values = message.values(name);
        if !values.is_empty() {
            entry = entry.with(name, values);
        }
    }
    entry
}

/// What of a record is given, what is not, and which of its attributes hold names, by their number.
fn entry(schema: &Schema, message: &Message<'_>, wanted: &Selection) -> (Entry, Vec<Gap>, Vec<usize>) {
    let (mut entry, mut gaps, mut names) = (Entry::new(message.dn.as_ref()), vec![], vec![]);
    for element in message.elements.iter().filter(|element| !element.values.is_empty()) {
        let name = element.name.as_ref();
        let is_identity = IDENTITY.iter().any(|other| other.eq_ignore_ascii_case(name));
        match schema.of(name) {
            Handling::Secret => gaps.push(Gap { attribute: name.to_owned(), reason: GapReason::Secret }),
            Handling::Link | Handling::BackLink => {}
            handling if !is_link(schema, element) && (is_identity || wanted.names(name)) => {
                if handling == Handling::Name {
                    names.push(entry.attributes.len());
                }
                let values = element.values.iter().map(|value| value.to_vec()).collect();
                entry.attributes.push(Attribute { name: name.to_owned().into(), values });
            }
            Handling::Plain | Handling::Name => {}
        }
    }
    (entry, gaps, names)
}

#[cfg(test)]
#[path = "backup_tests.rs"]
mod tests;
