//! Links, from their table: present, deactivated and removed ones.

use adrecover_core::source::{Direction, Link, LinkEnd, LinkState, Object, Visit};
use adrecover_core::time;
use adrecover_core::{ObjectGuid, Sid};

use super::Ntds;
use super::decode;
use super::layout::{LinkColumns, dnt, index_on, number, rows_at};
use super::names::Names;
use crate::ese::{Column, Record, Row, Table};

impl Ntds {
    /// Hands over the links of an object: those it holds, or those that point to it.
    pub(super) fn list_links(&mut self, object: &Object, direction: Direction, visit: Visit<'_, Link>) {
        let Ok(own) = i32::try_from(object.id) else { return };
        let mut names = std::mem::take(&mut self.names);
        if let (Some(table), Some(columns)) = (self.layout.links(&self.database), &self.layout.link) {
            let (near, far) = match direction {
                Direction::Holds => (&columns.holder, &columns.target),
                Direction::PointedTo => (&columns.target, &columns.holder),
            };
            let mut each = |row: &Row| {
                let link = self.link(&mut names, table, columns, row, (near, own), far);
                link.is_none_or(|link| visit(link).is_continue())
            };
            let index = index_on(table, near.id);
            match index.and_then(|index| rows_at(&self.database, table, index, &own.to_le_bytes())) {
                Some(mut rows) => _ = rows.all(|row| each(&row)),
                None => _ = self.database.rows(table).all(|row| each(&row)),
            }
        }
        self.names = names;
    }

    /// The link of a row, where it is one of this object.
    fn link(
        &self,
        names: &mut Names,
        table: &Table,
        columns: &LinkColumns,
        row: &Row,
        (near, own): (&Column, i32),
        far: &Column,
    ) -> Option<Link> {
        let record = self.database.record(table, row)?;
        if dnt(&record, near) != Some(own) {
            return None;
        }
        // A back link has an odd number, and no row of its own.
        let attribute = self.schema.link(number(&record, Some(&columns.base))?)?.to_owned();
        let other = self.end(names, dnt(&record, far)?);
        let data = columns.data.as_ref().and_then(|column| {
            let cell = record.get(column).ok()?;
            cell.first().map(link_data)
        });
        let state = state(&record, columns);
        Some(Link { attribute, other, data: data.unwrap_or_default(), state, since: None })
    }

    /// The object at the other end.
    fn end(&self, names: &mut Names, number: i32) -> LinkEnd {
        let mut end = LinkEnd::default();
        if let Some(dn) = names.dn(self.context(), number) {
            end.dn = dn.to_string();
        }
        let Some(row) = self.layout.row(&self.database, number) else { return end };
        let Some(record) = self.database.record(self.layout.data(&self.database), &row) else { return end };
        let octets = |column: &Option<Column>| {
            let cell = record.get(column.as_ref()?).ok()?;
            cell.first().map(<[u8]>::to_vec)
        };
        end.guid = octets(&self.layout.guid).and_then(|v| ObjectGuid::from_wire(&v).ok());
        end.sid = octets(&self.layout.sid).and_then(|v| Sid::from_wire(&decode::sid(&v)?).ok());
        end.standing = self.standing(&record).map(|(_, standing)| standing);
        end
    }
}

/// Whether it was there: a removed one has the time of its removal, a deactivated one that of the deletion of one of its ends.
fn state(record: &Record<'_>, columns: &LinkColumns) -> LinkState {
    let time = |column: &Option<Column>| number(record, column.as_ref()).filter(|n| *n != 0);
    if let Some(removed) = time(&columns.removed) {
        return LinkState::Removed(u64::try_from(removed).ok().and_then(time::from_dstime));
    }
    match time(&columns.deactivated) {
        Some(_) => LinkState::Deactivated,
        None => LinkState::Present,
    }
}

/// The octets of a link value, which may have their length before them.
fn link_data(octets: &[u8]) -> Vec<u8> {
    let length = crate::ese::bytes::u32_at(octets, 0).map(|n| n as usize);
    let rest = octets.get(4..).unwrap_or_default();
    if length == Some(octets.len()) || length == Some(rest.len()) { rest.to_vec() } else { octets.to_vec() }
}
