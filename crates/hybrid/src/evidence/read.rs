//! One file, from its octets to the rows of the tables.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::{BufReader, Cursor, Read};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::convert::Why;
use super::entity::Entity;
use super::fields::{Kind, MailboxField, TRANSPARENT, UserField};
use super::known::Known;
use super::manifest::Stated;
use super::raw::{Name, Raw};
use super::recognise::{self, Form, Head};
use super::record::{Builder, FileId, Nulls, Pool, Record};
use super::scan::Broken;
use super::source::{Dataset, Extent};
use super::store::Store;
use super::table::{Pending, part};
use super::{document, rows};

/// Why a file is not read to its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It is cut or broken.
    Broken(Broken),
    /// It is none of ours; what it looks like.
    Unknown(String),
    /// It is a configuration of the sync engine, which another reader takes.
    SyncConfiguration,
    /// Live and deleted users cannot be told apart.
    LiveOrDeleted,
}

impl From<Broken> for Stop {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

/// Where the value of a property goes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    Field(u8, Kind),
    /// Its own properties are read as if they were the object's.
    Through,
    Nowhere,
}

/// The target of each name that was seen.
type Names = HashMap<Box<str>, Target>;
/// More different names than any export has: beyond, they are looked up each time.
const MAX_NAMES: usize = 1024;

/// What the file has listed of a kind.
#[derive(Debug, Default)]
struct Listed {
    lists: u32,
    alone: u32,
    /// Whether the last list of this kind names a next page.
    has_more: bool,
}

/// Reads one file into the store.
pub(crate) struct FileReader<'a> {
    store: &'a mut Store,
    file: FileId,
    stated: Option<&'a Stated>,
    builder: Builder,
    names: HashMap<Entity, Names>,
    pending: BTreeMap<Entity, Pending>,
    listed: BTreeMap<Entity, Listed>,
    counts: BTreeMap<(Entity, u8), u64>,
    /// The kind of the list that is read.
    entity: Option<Entity>,
    /// Lists of which it is not known what they would list.
    has_nameless_list: bool,
    is_undecided: bool,
}

impl<'a> FileReader<'a> {
    pub(crate) fn new(store: &'a mut Store, file: FileId, stated: Option<&'a Stated>) -> Self {
        Self {
            store,
            file,
            stated,
            builder: Builder::new(),
            names: HashMap::new(),
            pending: BTreeMap::new(),
            listed: BTreeMap::new(),
            counts: BTreeMap::new(),
            entity: None,
            has_nameless_list: false,
            is_undecided: false,
        }
    }

    /// Reads UTF-8 text of any form. `head` is how it begins, and is read again.
    pub(crate) fn read(mut self, head: &[u8], rest: impl Read) -> Result<(), Stop> {
        let form = recognise::form(head);
        let skipped = if let Form::Rows { skip, .. } = form { skip } else { 0 };
        let whole = BufReader::with_capacity(64 * 1024, Cursor::new(&head[skipped..]).chain(rest));
        match form {
            Form::Json => document::read(whole, &mut self)?,
            Form::Rows { separator, entity, .. } => {
                self.entity = Some(entity);
                self.listed.entry(entity).or_default().lists += 1;
                rows::read(whole, separator, skipped > 0, &mut self)?;
            }
            Form::Empty => self.has_nameless_list = true,
            Form::Xml => return Err(Stop::SyncConfiguration),
            Form::Unknown(looks_like) => return Err(Stop::Unknown(looks_like)),
        }
        self.end()
    }

    /// Says where the columns of a table go.
    pub(crate) fn columns(&mut self, names: &csv::StringRecord) -> Vec<Target> {
        let Some(entity) = self.entity else { return vec![] };
        names.iter().map(|name| look_up(entity, name.trim())).collect()
    }

    /// Takes one row of a table.
    pub(crate) fn row(&mut self, targets: &[Target], cells: &csv::StringRecord) -> Result<(), Stop> {
        let Some(entity) = self.entity else { return Ok(()) };
        self.builder.clear();
        let pending = self.pending.entry(entity).or_default();
        for (target, cell) in targets.iter().zip(cells) {
            let Target::Field(field, kind) = *target else { continue };
            let raw = Raw::Text(cell.into());
            let why = self.builder.take(field, kind, &raw, (true, false), &mut self.store.pool);
            note(pending, field, why);
        }
        self.push(entity, Nulls::Doubtful);
        Ok(())
    }

    /// The builder's object becomes a row.
    fn push(&mut self, entity: Entity, nulls: Nulls) {
        let (mut record, mut unsure) = self.builder.finish(self.file, nulls);
        let table = entity.table();
        if let Some(stated) = self.stated {
            // The collector names what it asked for, and what there was to ask.
            let is_named = |at: usize| stated.properties.iter().any(|p| p.eq_ignore_ascii_case(table[at].0));
            let mut left = unsure;
            while left != 0 {
                let at = left.trailing_zeros();
                left &= left - 1;
                if is_named(at as usize) {
                    unsure &= !(1 << at);
                }
            }
        }
        if entity == Entity::Group && record.get(2).value().is_none() {
            return;
        }
        record.part = match entity {
            Entity::User => self.part_of_user(&record, unsure),
            Entity::Mailbox => self.part_of_mailbox(&record, unsure),
            _ => part::NONE,
        };
        self.is_undecided |= entity == Entity::User && record.part == part::NONE;
        *self.counts.entry((entity, record.part)).or_default() += 1;
        let pending = self.pending.entry(entity).or_default();
        let rows = &mut self.store.table(entity).rows;
        if pending.unsure.is_empty() {
            pending.start = rows.len();
        }
        pending.valued |= record.valued();
        pending.unsure.push(unsure);
        rows.push(record);
    }

    fn stated_part(&self, entity: Entity) -> u8 {
        self.stated
            .map(|s| s.dataset.place())
            .filter(|(e, _)| *e == entity)
            .map_or(part::NONE, |(_, part)| part)
    }

    fn part_of_user(&self, record: &Record, unsure: u64) -> u8 {
        let upn = record.get(UserField::UserPrincipalName.into());
        let id = record.get(UserField::Id.into()).value().unwrap_or_default();
        let deleted = record.get(UserField::DeletedDateTime.into());
        let is_sure = unsure & (1 << UserField::DeletedDateTime as u64) == 0;
        if deleted.value().is_some()
            || upn.value().is_some_and(|upn| super::users::without_prefix(upn, id).is_some())
        {
            return part::DELETED;
        }
        match self.stated_part(Entity::User) {
            part::NONE if upn.value().is_some() || deleted.is_absent() && is_sure => part::LIVE,
            stated => stated,
        }
    }

    fn part_of_mailbox(&self, record: &Record, unsure: u64) -> u8 {
        let get = |field: MailboxField| record.get(field.into());
        let is = |field, value: &str| get(field) == Known::Value(value);
        let status = get(MailboxField::RecipientSoftDeletedStatus);
        let when = get(MailboxField::WhenSoftDeleted);
        if is(MailboxField::IsInactiveMailbox, "1") {
            return part::INACTIVE;
        }
        let is_deleted = is(MailboxField::IsSoftDeletedByRemove, "1")
            || is(MailboxField::IsSoftDeletedByDisable, "1")
            || when.value().is_some()
            || status.value().is_some_and(|s| s != "0");
        if is_deleted {
            return part::DELETED;
        }
        let is_live = is(MailboxField::IsSoftDeletedByRemove, "0")
            && is(MailboxField::IsSoftDeletedByDisable, "0")
            || status == Known::Value("0")
            || when.is_absent() && unsure & (1 << MailboxField::WhenSoftDeleted as u64) == 0;
        if is_live { part::LIVE } else { self.stated_part(Entity::Mailbox) }
    }

    /// The kind of an object, and for a source of authority whose it is.
    fn recognise(&self, head: &Head<'_>) -> Result<Entity, Stop> {
        if let Some(code) = &head.error {
            return Err(Stop::Unknown(format!(
                "an error of Graph (`{}`) instead of what was asked for",
                super::source::brief(code)
            )));
        }
        let names: Vec<&str> = head.names.iter().map(|n| &*n.0).collect();
        if recognise::is_sync_configuration(&names) {
            return Err(Stop::SyncConfiguration);
        }
        let by_context = head.context.as_deref().and_then(Entity::of_context);
        by_context
            .or_else(|| Entity::of_names(&names, head.odata_type.as_deref()))
            .ok_or_else(|| Stop::Unknown(recognise::looks_like(&names)))
    }

    fn json(&mut self, entity: Entity, text: &[u8], line: u64) -> Result<(), Stop> {
        self.builder.clear();
        let visit = Visit {
            entity,
            names: self.names.entry(entity).or_default(),
            builder: &mut self.builder,
            pool: &mut self.store.pool,
            pending: self.pending.entry(entity).or_default(),
        };
        let mut reader = serde_json::Deserializer::from_slice(text);
        visit.deserialize(&mut reader).map_err(|e| {
            let line = line + (e.line() as u64).saturating_sub(1);
            // Its own message could repeat what stands there.
            let problem = match e.classify() {
                serde_json::error::Category::Eof => "an object is cut",
                _ => "it is not JSON",
            };
            Broken { line, problem: problem.into() }
        })?;
        Ok(())
    }

    /// The end of the file: settles what only the whole of it tells.
    fn end(mut self) -> Result<(), Stop> {
        if self.is_undecided {
            return Err(Stop::LiveOrDeleted);
        }
        for (entity, pending) in &self.pending {
            self.store.table(*entity).settle(pending);
            self.store.warn_of_refusals(self.file, *entity, pending);
        }
        self.note_listings();
        Ok(())
    }

    fn note_listings(&mut self) {
        let listed = std::mem::take(&mut self.listed);
        for (entity, listed) in &listed {
            let parts: Vec<u8> = self.counts.keys().filter(|(e, _)| e == entity).map(|(_, p)| *p).collect();
            let mut datasets: Vec<Dataset> = if parts.is_empty() {
                self.datasets_of_nothing(*entity)
            } else {
                parts.iter().map(|p| Dataset::of(*entity, *p)).collect()
            };
            // What was asked for is listed, also where only others came.
            let stated = self.stated.map(|s| s.dataset).filter(|d| d.place().0 == *entity);
            datasets.extend(stated.filter(|d| !datasets.contains(d)));
            for dataset in datasets {
                let objects = self.counts.get(&dataset.place()).copied().unwrap_or(0);
                self.store.list(dataset, self.file, objects, self.extent(dataset, listed));
            }
        }
        if let Some(stated) = self.stated.filter(|s| !listed.contains_key(&s.dataset.place().0)) {
            self.store.list(stated.dataset, self.file, 0, self.extent(stated.dataset, &Listed::default()));
        } else if self.has_nameless_list && listed.is_empty() {
            let message = "it lists nothing, and does not say what it would list: it counts for nothing";
            self.store.warn(self.file, message.to_owned());
        }
    }

    /// What an empty list of this kind tells of.
    fn datasets_of_nothing(&mut self, entity: Entity) -> Vec<Dataset> {
        let stated = self.stated.map(|s| s.dataset).filter(|d| d.place().0 == entity);
        if let Some(dataset) = stated {
            return vec![dataset];
        }
        if matches!(entity, Entity::User | Entity::Mailbox) {
            let message = "an empty list, of which it is not known whether it would hold live or deleted ones: it counts for nothing";
            self.store.warn(self.file, message.to_owned());
            return vec![];
        }
        vec![Dataset::of(entity, part::NONE)]
    }

    fn extent(&self, dataset: Dataset, listed: &Listed) -> Extent {
        let stated = self.stated.filter(|s| s.dataset == dataset);
        match stated {
            _ if listed.has_more => Extent::Paged,
            Some(Stated { error: Some(error), .. }) => Extent::Failed(super::source::brief(error)),
            Some(stated) if stated.is_complete => Extent::Stated,
            Some(_) => Extent::Failed("the collector did not finish it".into()),
            // Inactive mailboxes among soft-deleted ones are not all inactive ones.
            None if self.stated.is_some() => Extent::Failed("the collector asked for something else".into()),
            None if listed.lists == 0 && listed.alone == 1 && !dataset.is_single() => Extent::One,
            None => Extent::Assumed,
        }
    }
}

impl document::Sink for FileReader<'_> {
    type Stop = Stop;

    fn list_starts(&mut self, context: Option<&str>) -> Result<(), Stop> {
        self.entity = context.and_then(Entity::of_context);
        Ok(())
    }

    fn object(&mut self, text: &[u8], line: u64, is_alone: bool) -> Result<(), Stop> {
        if is_alone {
            self.entity = None;
        }
        let mut owner = None;
        let entity = match self.entity {
            Some(entity) => entity,
            None => {
                let head: Head<'_> = serde_json::from_slice(text).map_err(|e| Broken {
                    line: line + (e.line() as u64).saturating_sub(1),
                    problem: "it is not JSON".into(),
                })?;
                owner = head.context.as_deref().and_then(recognise::owner).map(str::to_owned);
                self.recognise(&head)?
            }
        };
        self.json(entity, text, line)?;
        if let Some(owner) = owner.filter(|_| entity == Entity::SyncBehaviour) {
            self.builder.supply(0, &owner);
        }
        let nulls = match (entity.is_of_graph(), self.builder.has_capital) {
            (true, false) => Nulls::Certain,
            (true, true) => Nulls::DoubtfulWithLists,
            (false, _) => Nulls::Doubtful,
        };
        self.push(entity, nulls);
        if is_alone {
            self.listed.entry(entity).or_default().alone += 1;
        } else {
            self.entity = Some(entity);
        }
        Ok(())
    }

    fn list_ends(&mut self, has_more: bool) -> Result<(), Stop> {
        match self.entity.take().or_else(|| self.stated.map(|s| s.dataset.place().0)) {
            Some(entity) => {
                let listed = self.listed.entry(entity).or_default();
                listed.lists += 1;
                listed.has_more = has_more;
            }
            None => self.has_nameless_list = true,
        }
        Ok(())
    }
}

/// Where the value of a property goes.
fn look_up(entity: Entity, name: &str) -> Target {
    let found = entity.table().iter().position(|(known, _)| known.eq_ignore_ascii_case(name));
    match found {
        Some(at) => Target::Field(at as u8, entity.table()[at].1),
        None if TRANSPARENT.iter().any(|t| t.eq_ignore_ascii_case(name)) => Target::Through,
        None => Target::Nowhere,
    }
}

/// Counts what was not taken.
fn note(pending: &mut Pending, field: u8, why: Option<Why>) {
    let Some(why) = why else { return };
    *pending.refused.entry((field, why)).or_default() += 1;
    if why == Why::Flattened {
        pending.flattened |= 1 << field;
    }
}

/// Reads the properties of one object.
struct Visit<'s> {
    entity: Entity,
    names: &'s mut Names,
    builder: &'s mut Builder,
    pool: &'s mut Pool,
    pending: &'s mut Pending,
}

impl Visit<'_> {
    fn target(&mut self, name: &str) -> Target {
        if let Some(target) = self.names.get(name) {
            return *target;
        }
        let target = look_up(self.entity, name);
        if self.names.len() < MAX_NAMES {
            self.names.insert(name.into(), target);
        }
        target
    }

    fn take(&mut self, field: u8, kind: Kind, raw: &Raw<'_>, is_plain: bool) {
        let why = self.builder.take(field, kind, raw, (false, is_plain), self.pool);
        note(self.pending, field, why);
    }

    /// The properties of an object within the object.
    fn nested(&mut self, raw: &Raw<'_>, is_plain: bool) {
        let Raw::Map(pairs) = raw else { return };
        for (Name(name), value) in pairs {
            match self.target(name) {
                // Its own id is not the object's.
                _ if name.eq_ignore_ascii_case("id") => {}
                Target::Field(field, kind) => {
                    self.take(
                        field,
                        kind,
                        value,
                        is_plain && name.starts_with(|c: char| c.is_ascii_lowercase()),
                    );
                }
                Target::Through => self.nested(value, is_plain),
                Target::Nowhere => {}
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for Visit<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Visit<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(Name(name)) = map.next_key()? {
            let target = self.target(&name);
            if !matches!(target, Target::Nowhere) && name.starts_with(|c: char| c.is_ascii_uppercase()) {
                self.builder.has_capital = true;
            }
            match target {
                Target::Field(field, kind) => {
                    let raw: Raw<'de> = map.next_value()?;
                    self.take(field, kind, &raw, false);
                }
                Target::Through => {
                    let raw: Raw<'de> = map.next_value()?;
                    self.nested(&raw, name.eq_ignore_ascii_case("AdditionalProperties"));
                }
                Target::Nowhere => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}
