//! Objects from rows.

use std::borrow::Cow;
use std::ops::ControlFlow;

use adrecover_core::Entry;
use adrecover_core::entry::Attribute;
use adrecover_core::source::{Gap, GapReason, Object, Selection, Standing, Visit};
use adrecover_core::{ObjectGuid, Sid};

use super::Ntds;
use super::decode;
use super::layout::{dnt, number};
use super::names::Context;
use super::schema::Withheld;
use crate::ese::{FieldError, Record, Row};

/// `$ROOT_OBJECT$` and what is before it are no objects of the directory.
const ROOT: i32 = 2;

impl Ntds {
    pub(super) fn context(&self) -> Context<'_> {
        Context { database: &self.database, layout: &self.layout, schema: &self.schema }
    }

    /// Where the object of a row stands; `None` for what is no object: a reference to one elsewhere, the root.
    pub(super) fn standing(&self, record: &Record<'_>) -> Option<(i32, Standing)> {
        let layout = &self.layout;
        let dnt = dnt(record, &layout.dnt).filter(|dnt| *dnt > ROOT)?;
        if layout.is_object.is_some() && number(record, layout.is_object.as_ref()).unwrap_or(0) == 0 {
            return None;
        }
        let is = |column: &Option<_>| number(record, column.as_ref()).is_some_and(|n| n != 0);
        let mut flags = Entry::new("");
        for (name, column) in [("isDeleted", &layout.is_deleted), ("isRecycled", &layout.is_recycled)] {
            if is(column) {
                flags = flags.with(name, ["TRUE"]);
            }
        }
        Some((dnt, Standing::of(&flags, self.recycle_bin)))
    }

    pub(super) fn list_objects(&mut self, wanted: &Selection, visit: Visit<'_, Object>) {
        // The walk holds the database while names are kept: they are taken out for its time.
        let mut names = std::mem::take(&mut self.names);
        let table = self.layout.data(&self.database);
        for row in self.database.rows(table) {
            let Some(record) = self.database.record(table, &row) else { continue };
            let Some((dnt, standing)) = self.standing(&record) else { continue };
            if !wanted.takes(standing) {
                continue;
            }
            let object = self.object_of(&mut names, &row, &record, dnt, standing, wanted);
            if wanted.covers(&object.entry.dn) && visit(object).is_break() {
                break;
            }
        }
        self.names = names;
    }

    /// The object of a row, if it is one.
    pub(super) fn object(&mut self, row: &Row, wanted: &Selection) -> Option<Object> {
        let mut names = std::mem::take(&mut self.names);
        let record = self.database.record(self.layout.data(&self.database), row);
        let object = record.and_then(|record| {
            let (dnt, standing) = self.standing(&record)?;
            Some(self.object_of(&mut names, row, &record, dnt, standing, wanted))
        });
        self.names = names;
        object
    }

    fn object_of(
        &self,
        names: &mut super::Names,
        row: &Row,
        record: &Record<'_>,
        dnt: i32,
        standing: Standing,
        wanted: &Selection,
    ) -> Object {
        let context = self.context();
        let octets = |column: &Option<_>| {
            let cell = record.get(column.as_ref()?).ok()?;
            cell.first().map(<[u8]>::to_vec)
        };
        let mut object = Object {
            id: u64::try_from(dnt).unwrap_or_default(),
            guid: octets(&self.layout.guid).and_then(|v| ObjectGuid::from_wire(&v).ok()),
            sid: octets(&self.layout.sid).and_then(|v| Sid::from_wire(&decode::sid(&v)?).ok()),
            standing,
            entry: Entry::new(""),
            is_whole: wanted.attributes.is_none(),
            gaps: Vec::new(),
            at: None,
            place: format!("object {dnt}, page {}", row.page()),
        };
        match names.of(context, record) {
            Some(dn) => object.entry.dn = dn,
            None => {
                let problem = "the name of one of its parents cannot be read".to_owned();
                gap(&mut object, "distinguishedName", GapReason::Damaged(problem));
            }
        }
        for (column, cell) in record.cells() {
            let Some(attribute) = self.schema.of(column) else { continue };
            if attribute.is_link || !wanted.names(&attribute.name) {
                continue;
            }
            match attribute.withheld {
                Some(Withheld::Encrypted) => gap(&mut object, &attribute.name, GapReason::Encrypted),
                Some(Withheld::Secret) => gap(&mut object, &attribute.name, GapReason::Secret),
                None => {}
            }
            if attribute.withheld.is_some() {
                continue;
            }
            let decoded = cell.map_err(|error| reason(&error)).and_then(|cell| {
                let values =
                    cell.values().iter().map(|v| decode::value(context, names, attribute, column, v));
                values.collect::<Result<Vec<_>, _>>().map_err(GapReason::Damaged)
            });
            match decoded {
                Ok(values) if values.is_empty() => {}
                Ok(values) => object.entry.attributes.push(entry_attribute(&attribute.name, values)),
                Err(reason) => {
                    if let GapReason::Damaged(problem) = &reason {
                        self.database.report(row, &attribute.name, problem);
                    }
                    gap(&mut object, &attribute.name, reason);
                }
            }
        }
        object
    }
}

/// The database has the most special class first, and LDAP has it last.
fn entry_attribute(name: &str, mut values: Vec<Vec<u8>>) -> Attribute {
    if name.eq_ignore_ascii_case("objectClass")
        && values.last().is_some_and(|v| v.eq_ignore_ascii_case(b"top"))
    {
        values.reverse();
    }
    Attribute { name: Cow::Owned(name.to_owned()), values }
}

fn gap(object: &mut Object, attribute: &str, reason: GapReason) {
    object.gaps.push(Gap { attribute: attribute.to_owned(), reason });
}

fn reason(error: &FieldError) -> GapReason {
    match error {
        FieldError::Encrypted => GapReason::Encrypted,
        FieldError::TooLong(_) => GapReason::TooLarge,
        other => GapReason::Damaged(other.to_string()),
    }
}

/// Ends a listing after the first object.
pub(super) fn stop() -> ControlFlow<()> {
    ControlFlow::Break(())
}
