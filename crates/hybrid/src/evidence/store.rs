//! Everything that was read, before and after it is put together.

use std::collections::BTreeMap;

use super::convert::Why;
use super::entity::Entity;
use super::record::{FileId, Pool};
use super::source::{Dataset, Extent, Listing, SourceFile, Warning, shown};
use super::table::{Merged, Pending, Table};

/// More warnings than a person reads are counted.
const MAX_WARNINGS: usize = 200;

/// The tables and what is known about the files.
#[derive(Debug, Clone, Default)]
pub(crate) struct Store {
    pub(crate) tables: BTreeMap<Entity, Table>,
    pub(crate) pool: Pool,
    pub(crate) files: Vec<SourceFile>,
    pub(crate) listings: Vec<Listing>,
    pub(crate) warnings: Vec<Warning>,
    untold: usize,
}

impl Store {
    pub(crate) fn table(&mut self, entity: Entity) -> &mut Table {
        self.tables.entry(entity).or_insert_with(|| Table::new(entity))
    }

    pub(crate) fn list(&mut self, dataset: Dataset, file: FileId, objects: u64, extent: Extent) {
        self.listings.push(Listing { dataset, file: usize::from(file), objects, extent });
    }

    pub(crate) fn warn(&mut self, file: FileId, message: String) {
        if self.warnings.len() >= MAX_WARNINGS {
            self.untold += 1;
            return;
        }
        let path = self.files.get(usize::from(file)).map(|f| f.path.clone()).unwrap_or_default();
        self.warnings.push(Warning { path, message });
    }

    /// Names the columns whose values were not taken, and how to export them.
    pub(crate) fn warn_of_refusals(&mut self, file: FileId, entity: Entity, pending: &Pending) {
        for ((field, why), count) in &pending.refused {
            let (name, _) = entity.table()[usize::from(*field)];
            let message = match why {
                Why::Flattened => format!(
                    "`{name}` is not read: it holds names of types instead of values; export it as JSON with ConvertTo-Json -Depth 6"
                ),
                Why::Date => format!(
                    "`{name}` is not read in {count} objects: its date is in the form of a country or has no zone; \
                     export it as JSON, or with ToUniversalTime().ToString('o')"
                ),
                Why::Unreadable => {
                    format!(
                        "`{name}` is not read in {count} objects: it is not what this property holds; export it as JSON"
                    )
                }
            };
            self.warn(file, message);
        }
    }

    /// Makes one row of all rows of the same object, and says where files disagree.
    pub(crate) fn merge(&mut self) -> BTreeMap<Entity, Merged> {
        let mut order: Vec<usize> = (0..self.files.len()).collect();
        order.sort_by_key(|file| (self.files[*file].at, *file));
        let mut newness = vec![0; order.len()];
        order.iter().enumerate().for_each(|(rank, file)| newness[*file] = rank);
        let mut all = BTreeMap::new();
        for (entity, table) in &mut self.tables {
            all.insert(*entity, table.merge(|file| newness[usize::from(file)]));
        }
        for (entity, merged) in &all {
            self.warn_of_contradictions(*entity, merged);
        }
        if self.untold > 0 {
            let message = format!("{} more warnings are not shown", self.untold);
            let path = self.files.last().map(|f| f.path.clone()).unwrap_or_default();
            self.warnings.push(Warning { path, message });
        }
        all
    }

    fn warn_of_contradictions(&mut self, entity: Entity, merged: &Merged) {
        let dataset = Dataset::of(entity, 0);
        for (found, (count, first)) in &merged.contradictions {
            let name = entity.table()[usize::from(found.field)].0;
            let newer = self.files.get(usize::from(found.newer)).map(|f| shown(&f.path)).unwrap_or_default();
            let message = format!(
                "contradicts {newer} in `{name}` of {count} objects ({dataset}), first of {}; the newer file is believed",
                super::source::brief(first)
            );
            self.warn(found.older, message);
        }
        if let Some(first) = merged.in_two_lists.first() {
            let count = merged.in_two_lists.len();
            let message = format!(
                "{count} objects ({dataset}) stand in two lists that exclude each other, such as live and deleted; first {}; \
                 export both lists at the same time",
                super::source::brief(first)
            );
            let file = self.tables.get(&entity).and_then(|t| t.first(0, first)).map_or(0, |row| row.file);
            self.warn(file, message);
        }
    }
}
