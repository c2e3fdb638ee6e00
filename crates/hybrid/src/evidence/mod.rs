//! Evidence from files: what the cloud and the sync engine held when somebody exported it.
//!
//! Start at [`Loader`], which takes files and folders, and [`Evidence`], which answers. Three rules hold throughout:
//!
//! - What was not asked for, what is empty and what has a value are three things ([`Known`]).
//! - Finding nothing means something only where all there is was looked at ([`Matches::is_none`], [`Gap`]).
//! - Each object names the files that it comes from, and their time.
//!
//! `docs/evidence.md` says which exports are read, and by which rules.

pub mod collector;
mod convert;
mod document;
mod engine;
mod entity;
mod fields;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod index;
mod input;
mod known;
mod load;
mod lookup;
mod mailboxes;
mod manifest;
mod pack;
mod raw;
mod read;
mod recognise;
mod record;
mod rows;
mod scan;
mod source;
mod store;
mod table;
mod tenant;
mod users;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

pub use engine::{DELETION_THRESHOLD_EXCEEDED, Event, PolicyType, Run, Scheduler};
pub use fields::{
    BehaviourField, DomainField, EventField, GroupField, MailboxField, OrganisationField,
    RoleDefinitionField, RoleField, RunField, SchedulerField, SettingsField, SkuField, SyncFeature,
    ThresholdField, UserField,
};
pub use input::MAX_INPUT;
pub use known::Known;
pub use load::Loader;
pub use lookup::Matches;
pub use mailboxes::{Mailbox, MailboxState, Mailboxes};
pub use manifest::MANIFEST;
pub(crate) use manifest::Stated;
pub use pack::Items;
pub(crate) use source::brief;
pub use source::{Dataset, EvidenceError, Extent, Gap, Listing, SourceFile, Warning};
pub use tenant::{Domain, LicensedGroup, Organisation, RoleHolding, Sku, SyncFeatures};
pub(crate) use users::{Asked, without_prefix};
pub use users::{ExchangePlan, Licence, LicenceState, ProvisioningError, User, Users};

use entity::Entity;
use index::Index;
use record::Record;
use store::Store;
use table::Merged;

/// What all files together say.
#[derive(Debug)]
pub struct Evidence {
    store: Store,
    users_by_key: Index,
    mailboxes_by_key: Index,
    /// Whether a user's source of authority is the cloud, by object id, where a file says only that.
    behaviours: Index,
    both_live_and_deleted: Vec<String>,
    handed_over: Vec<PathBuf>,
    newest_first: Vec<usize>,
    /// The users that were asked for by these, to the end.
    asked: HashSet<(Dataset, Asked)>,
}

impl Evidence {
    /// Reads files and folders.
    pub fn load<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Result<Self, EvidenceError> {
        let mut loader = Loader::new();
        for path in paths {
            loader.add(path.as_ref())?;
        }
        Ok(loader.finish())
    }

    fn new(
        store: Store,
        merged: &BTreeMap<Entity, Merged>,
        handed_over: Vec<PathBuf>,
        asked: HashSet<(Dataset, Asked)>,
    ) -> Self {
        let rows = |entity| store.tables.get(&entity).map_or(&[][..], |t| &t.rows[..]);
        let users_by_key = users::index(rows(Entity::User));
        let mailboxes_by_key = mailboxes::index(rows(Entity::Mailbox));
        let mut behaviours = Index::default();
        for (row, record) in rows(Entity::SyncBehaviour).iter().enumerate() {
            if let Known::Value(id) = record.get(BehaviourField::Id.into()) {
                behaviours.add(0, id, row as u32);
            }
        }
        behaviours.sort();
        let both_live_and_deleted =
            merged.get(&Entity::User).map(|m| m.in_two_lists.clone()).unwrap_or_default();
        let mut newest_first: Vec<usize> = (0..store.files.len()).collect();
        newest_first.sort_by_key(|file| std::cmp::Reverse((store.files[*file].at, *file)));
        Self {
            store,
            users_by_key,
            mailboxes_by_key,
            behaviours,
            both_live_and_deleted,
            handed_over,
            newest_first,
            asked,
        }
    }

    /// The files that were read.
    pub fn files(&self) -> &[SourceFile] {
        &self.store.files
    }

    /// What each file holds. Where a dataset is not among these it is not there at all.
    pub fn listings(&self) -> &[Listing] {
        &self.store.listings
    }

    /// What the files hold of one dataset.
    pub fn listings_of(&self, dataset: Dataset) -> impl Iterator<Item = &Listing> {
        self.store.listings.iter().filter(move |l| l.dataset == dataset)
    }

    /// What whoever gave the files should know: columns that are not read, contradictions, empty lists.
    pub fn warnings(&self) -> &[Warning] {
        &self.store.warnings
    }

    /// Files that are XML or JSON of the sync engine's configuration and were not read here. What reads such configurations
    /// has to take each of them: one that nobody takes is an input of unknown format.
    pub fn handed_over(&self) -> &[PathBuf] {
        &self.handed_over
    }

    /// The object ids of users that one file lists as live and another as deleted; both records are kept.
    pub fn listed_live_and_deleted(&self) -> &[String] {
        &self.both_live_and_deleted
    }

    /// The live users.
    pub fn users(&self) -> Users<'_> {
        Users { evidence: self, dataset: Dataset::Users }
    }

    /// The users in the bin of Entra ID.
    pub fn deleted_users(&self) -> Users<'_> {
        Users { evidence: self, dataset: Dataset::DeletedUsers }
    }

    /// The mailboxes, whatever has become of them.
    pub fn mailboxes(&self) -> Mailboxes<'_> {
        Mailboxes { evidence: self }
    }

    /// Why not all of a dataset is known; empty where all of it is.
    pub fn coverage(&self, dataset: Dataset) -> Vec<Gap> {
        self.gaps(dataset, [])
    }

    /// Why looking for something by these properties may miss an object.
    fn gaps(&self, dataset: Dataset, needs: impl IntoIterator<Item = u8>) -> Vec<Gap> {
        let mut listings = self.listings_of(dataset).peekable();
        if listings.peek().is_none() {
            return vec![Gap::NoExport(dataset)];
        }
        let mut gaps = vec![];
        if !self.listings_of(dataset).any(|l| l.extent.is_whole()) {
            gaps.extend(listings.map(|l| {
                let why = match &l.extent {
                    Extent::Paged => "its last page names a next one; export all pages".into(),
                    Extent::Failed(why) => why.clone(),
                    _ => "it holds one object, which may be one of many; export the list with ConvertTo-Json -InputObject @(…)".into(),
                };
                Gap::Incomplete(dataset, self.path_of(l.file), why)
            }));
        }
        gaps.extend(self.unasked(dataset, needs));
        gaps
    }

    /// The properties that not every object of a dataset was asked for.
    fn unasked(&self, dataset: Dataset, needs: impl IntoIterator<Item = u8>) -> Vec<Gap> {
        let (entity, list) = dataset.place();
        let Some(table) = self.store.tables.get(&entity) else { return vec![] };
        let files = needs.into_iter().filter_map(|field| Some((field, table.unasked(list, field)?)));
        files
            .map(|(field, file)| {
                let name = entity.table()[usize::from(field)].0;
                Gap::NotAsked(dataset, name, self.path_of(usize::from(file)))
            })
            .collect()
    }

    fn path_of(&self, file: usize) -> PathBuf {
        self.store.files.get(file).map(|f| f.path.clone()).unwrap_or_default()
    }

    fn all_rows(&self, entity: Entity) -> impl Iterator<Item = &Record> {
        self.store.tables.get(&entity).into_iter().flat_map(|t| &t.rows)
    }

    fn rows(&self, dataset: Dataset) -> impl Iterator<Item = &Record> {
        let (entity, list) = dataset.place();
        self.all_rows(entity).filter(move |row| row.part == list)
    }

    fn row(&self, entity: Entity, row: u32) -> Option<&Record> {
        self.store.tables.get(&entity)?.rows.get(row as usize)
    }

    /// The rows of a dataset of which there is one in each file, the newest file first.
    fn newest(&self, dataset: Dataset) -> impl Iterator<Item = &Record> {
        let of_file = move |file: &usize| {
            self.rows(dataset).filter(|row| usize::from(row.file) == *file).collect::<Vec<_>>()
        };
        self.newest_first.iter().flat_map(of_file)
    }

    fn first(&self, dataset: Dataset, field: u8, value: &str) -> Option<&Record> {
        self.store.tables.get(&dataset.place().0)?.first(field, value)
    }

    fn behaviour_of(&self, id: &str) -> Known<bool> {
        let rows = self.behaviours.find(0, id).filter_map(|row| self.row(Entity::SyncBehaviour, row));
        let own = rows.into_iter().find(|row| row.get(BehaviourField::Id.into()) == Known::Value(id));
        own.map_or(Known::NotAsked, |row| {
            row.get(BehaviourField::IsCloudManaged.into()).map(|text| text == "1")
        })
    }

    fn sources<'a>(&'a self, record: &'a Record) -> impl Iterator<Item = &'a SourceFile> + use<'a> {
        let files = std::iter::once(record.file).chain(record.more.iter().flatten().copied());
        files.filter_map(|file| self.store.files.get(usize::from(file)))
    }
}
