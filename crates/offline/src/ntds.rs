//! The directory in an `ntds.dit`: schema, objects, names, links, security descriptors.
//!
//! Everything is read from the database itself: which column is which attribute from the schema objects in it, names by walking
//! from parent to parent, links from their table with the removed and deactivated ones told apart. What the domain controller
//! encrypts (passwords and their like) is never decoded: it is named as a gap.
//!
//! No `ntds.dit` of Windows has been read yet. What is here follows the published schema ([MS-ADTS], [MS-ADA1] to [MS-ADA3]),
//! the ATTRTYP of [MS-DRSR] 5.16.4, and what other readers of the format found; it was tried on databases of two independent
//! writers for tests.
//!
//! | table | what of it is read |
//! |---|---|
//! | `datatable` | a row an object, by `DNT_col`; `PDNT_col` is the parent, `RDNtyp_col` the type of its RDN |
//! | `link_table` | a row a link value: `link_DNT` holds it, `backlink_DNT` is pointed to, `link_base` is half the `linkID` |
//! | `sd_table` | security descriptors by number, because many objects have the same |
//! | `hiddentable` | the domain controller's own object |
//!
//! An attribute is the column `ATT`, a letter for its syntax, and its ATTRTYP in decimal.

mod about;
mod collation;
mod decode;
mod find;
mod layout;
mod links;
mod names;
mod object;
mod oid;
mod schema;

use std::path::Path;

use adrecover_core::source::{
    About, DamageReport, Direction, Key, Link, Object, Selection, Source, SourceError, SourceKind, Visit,
};

use crate::compressed::Packed;
use crate::ese::{Database, EseError, Options, Storage};
use crate::open::name_of;
use layout::Layout;
use names::Names;
use schema::Schema;

/// An `ntds.dit` that is open for reading.
pub struct Ntds {
    database: Database,
    layout: Layout,
    schema: Schema,
    names: Names,
    /// What was found out about indexes so far.
    trust: find::Trust,
    about: About,
    recycle_bin: Option<bool>,
    damage: DamageReport,
}

impl Ntds {
    /// Opens a file. `name` is what it is called in messages.
    pub fn open(path: &Path, name: &str, options: Options) -> Result<Self, SourceError> {
        let file = std::fs::File::open(path).map_err(|error| SourceError::io(name, &error))?;
        Self::new(Box::new(file), name, options)
    }

    /// Opens a file that may be compressed.
    pub(crate) fn of(packed: &Packed, options: &crate::Options) -> Result<Self, SourceError> {
        let name = name_of(SourceKind::Ntds, packed);
        let (input, damage) = packed.unpack(options.most_unpacked)?;
        let options = Options { allow_dirty: options.allow_dirty, ..Options::default() };
        let mut ntds = Self::new(Box::new(input), &name, options)?;
        ntds.about.size = Some(packed.size);
        ntds.about.format.push_str(packed.compression.suffix());
        if let Some(damage) = damage {
            ntds.damage.add(damage.place, damage.problem);
        }
        Ok(ntds)
    }

    /// Opens what is in a storage.
    pub fn new(storage: Box<dyn Storage>, name: &str, options: Options) -> Result<Self, SourceError> {
        let size = storage.len().ok();
        let database = Database::new(storage, options).map_err(|error| refused(name, &error))?;
        let layout = Layout::new(&database).map_err(|error| refused(name, &error))?;
        let schema = Schema::read(&database, &layout);
        if schema.attributes.is_empty() {
            return Err(SourceError::Damaged {
                name: name.to_owned(),
                place: "the schema".into(),
                problem: "no attribute is described in it, so that no value can be named".into(),
            });
        }
        let mut ntds = Self {
            about: About::new(SourceKind::Ntds, name),
            database,
            layout,
            schema,
            names: Names::default(),
            trust: find::Trust::default(),
            recycle_bin: None,
            damage: DamageReport::default(),
        };
        ntds.describe(size);
        ntds.tell_damage();
        Ok(ntds)
    }

    /// The database below.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Takes over what the database has found damaged since.
    fn tell_damage(&mut self) {
        let report = self.database.damage();
        for damage in report.damages {
            self.damage.add(format!("page {}", damage.page), damage.fault.to_string());
        }
        for note in report.notes {
            self.damage.add("the database", note);
        }
    }
}

/// Why a database is no source.
fn refused(name: &str, error: &EseError) -> SourceError {
    let name = name.to_owned();
    match error {
        EseError::Io(io) => SourceError::io(name, io),
        EseError::Dirty(state) => SourceError::Dirty {
            name,
            state: state.to_string(),
            hint: error.hint().unwrap_or_default().to_owned(),
        },
        EseError::Catalog(what) => {
            SourceError::Damaged { name, place: "the catalog".into(), problem: what.clone() }
        }
        other => {
            SourceError::Unsupported { name, what: other.to_string(), hint: other.hint().map(str::to_owned) }
        }
    }
}

impl Source for Ntds {
    fn about(&self) -> &About {
        &self.about
    }

    fn list(&mut self, wanted: &Selection, visit: Visit<'_, Object>) -> Result<(), SourceError> {
        self.list_objects(wanted, visit);
        self.tell_damage();
        Ok(())
    }

    fn find(&mut self, key: &Key) -> Result<Vec<Object>, SourceError> {
        let found = self.find_objects(key);
        self.tell_damage();
        Ok(found)
    }

    fn links(
        &mut self,
        object: &Object,
        direction: Direction,
        visit: Visit<'_, Link>,
    ) -> Result<(), SourceError> {
        self.list_links(object, direction, visit);
        self.tell_damage();
        Ok(())
    }

    fn damage(&self) -> &DamageReport {
        &self.damage
    }
}

#[cfg(test)]
mod tests;
