//! Looking up single objects: by an index, or in every row where there is none that helps.

use std::collections::HashMap;

use adrecover_core::Dn;
use adrecover_core::dn::Rdn;
use adrecover_core::source::{Key, MOST_FOUND, Object, Selection, Standing};

use super::Ntds;
use super::collation::{Weights, weights_in};
use super::layout::{column, index_on, rows_at, text};
use crate::ese::{CodePage, Column, Index, Record, Row, Table};

/// From so many places of an index characters are learned, so many entries at each.
const PLACES: usize = 8;
const ENTRIES: usize = 4;
/// At most so many entries of an index are looked at for one text.
const RANGE: usize = 50_000;
/// The shortest text that a deletion adds to a name: a mark and a GUID, two octets of key for each character.
const MANGLING: usize = 2 * 36;

/// What was found out about indexes: of each column, once.
#[derive(Default)]
pub(super) struct Trust {
    octets: HashMap<u16, bool>,
    texts: HashMap<u16, Weights>,
}

/// The rows that were found, and whether there can be no others.
struct Found {
    rows: Vec<Row>,
    is_complete: bool,
}

impl Ntds {
    /// The objects with a name, live ones first.
    pub(super) fn find_objects(&mut self, key: &Key) -> Vec<Object> {
        let mut objects: Vec<Object> = Vec::new();
        for row in self.candidates(key) {
            let Some(object) = self.object(&row, &Selection::everything()) else { continue };
            if key.matches(&object) && !objects.iter().any(|other| other.id == object.id) {
                objects.push(object);
            }
        }
        objects.sort_by_key(|object| object.standing != Standing::Live);
        objects
    }

    fn candidates(&mut self, key: &Key) -> Vec<Row> {
        let before = self.database.damages();
        let found = match key {
            Key::Guid(guid) => self.by_octets(column::GUID, &guid.to_wire()),
            Key::Sid(sid) => super::decode::sid(&sid.to_wire()).and_then(|v| self.by_octets(column::SID, &v)),
            Key::Account(name) => self.by_text(column::ACCOUNT, name, false),
            Key::Principal(name) => self.by_text(column::PRINCIPAL, name, false),
            Key::Name(name) => self.by_text(column::NAME, name, true),
            Key::Dn(dn) => dn.rdn().and_then(|rdn| self.by_text(column::NAME, rdn.value(), false)),
        };
        // An index that is damaged where it was looked at proves nothing.
        let is_sound = self.database.damages() == before;
        match found {
            Some(found) if is_sound && (found.is_complete || !found.rows.is_empty()) => found.rows,
            _ => self.by_reading(key),
        }
    }

    fn table(&self) -> &Table {
        self.layout.data(&self.database)
    }

    /// By an index on octets, whose keys are known by rule.
    fn by_octets(&mut self, column: &str, value: &[u8]) -> Option<Found> {
        let table = self.layout.data(&self.database);
        let column = table.column(column)?;
        let index = index_on(table, column.id)?;
        let keeps = match self.trust.octets.get(&column.id) {
            Some(keeps) => *keeps,
            None => {
                let keeps = self.keeps_the_rule(table, column, index);
                self.trust.octets.insert(column.id, keeps);
                keeps
            }
        };
        let rows = rows_at(&self.database, table, index, value)?.take(MOST_FOUND).collect();
        Some(Found { rows, is_complete: keeps })
    }

    /// Whether the first entry of an index has the key that is made here for its row. Otherwise what is not found may be there.
    fn keeps_the_rule(&self, table: &Table, column: &Column, index: &Index) -> bool {
        let first = self.database.entries(index, &[0x7f]).ok().and_then(|mut e| e.next()?.ok());
        let check = || {
            let entry = first?;
            let row = self.database.row(table, entry.data()).ok()??;
            let record = self.database.record(table, &row)?;
            let key = self.database.key(table, index, record.get(column).ok()?.first()?)?;
            Some(entry.starts_with(&key))
        };
        check().unwrap_or(false)
    }

    /// By an index on text: keys of Unicode are learned first.
    fn by_text(&mut self, column: &str, wanted: &str, with_deleted: bool) -> Option<Found> {
        let table = self.layout.data(&self.database);
        let column = table.column(column)?;
        let index = index_on(table, column.id).filter(|_| column.code_page == CodePage::Unicode)?;
        if !self.trust.texts.contains_key(&column.id) {
            let weights = self.learn(table, column, index);
            self.trust.texts.insert(column.id, weights);
        }
        let key = self.trust.texts.get(&column.id)?.key(wanted);
        if key.head.len() < 3 {
            return None;
        }
        let is_known = key.tail.is_some();
        let whole = wanted.chars().count() * 2;
        let (head, exact) = match key.tail {
            Some(tail) if !with_deleted => ([key.head, tail].concat(), true),
            _ => (key.head, false),
        };
        let wanted = wanted.to_lowercase();
        let mut rows = Vec::new();
        let mut seen = 0;
        let entries = self.database.entries(index, &head).ok()?;
        for entry in entries.map_while(Result::ok).take_while(|entry| entry.starts_with(&head)) {
            seen += 1;
            if seen > RANGE || rows.len() >= MOST_FOUND {
                break;
            }
            let length = weights_in(&entry.key()).map_or(0, <[u8]>::len);
            let may_fit = exact || length == whole || with_deleted && length >= whole + MANGLING;
            let Some(row) = may_fit.then(|| self.database.row(table, entry.data()).ok().flatten()).flatten()
            else {
                continue;
            };
            let Some(record) = self.database.record(table, &row) else { continue };
            if text(&record, column).is_some_and(|text| fits(&text, &wanted, with_deleted)) {
                rows.push(row);
            }
        }
        Some(Found { rows, is_complete: is_known && seen <= RANGE })
    }

    /// Learns the weights of characters from entries that lie apart.
    fn learn(&self, table: &Table, column: &Column, index: &Index) -> Weights {
        let mut weights = Weights::default();
        let mut places = self.database.spread(index, PLACES);
        places.push(vec![0x7f]);
        let is_small = places.len() == 1;
        for place in places {
            let Ok(entries) = self.database.entries(index, &place) else { continue };
            let most = if is_small { PLACES * ENTRIES } else { ENTRIES };
            for entry in entries.map_while(Result::ok).take(most) {
                let Some(row) = self.database.row(table, entry.data()).ok().flatten() else { continue };
                let text = self.database.record(table, &row).and_then(|record| text(&record, column));
                if let Some(text) = text {
                    weights.learn(&entry.key(), &text);
                }
            }
        }
        weights
    }

    /// In every row.
    fn by_reading(&self, key: &Key) -> Vec<Row> {
        let table = self.table();
        let wanted = match key {
            Key::Guid(guid) => Wanted::Octets(column::GUID, guid.to_wire().to_vec()),
            Key::Sid(sid) => {
                Wanted::Octets(column::SID, super::decode::sid(&sid.to_wire()).unwrap_or_default())
            }
            Key::Account(name) => Wanted::Text(column::ACCOUNT, name.to_lowercase(), false),
            Key::Principal(name) => Wanted::Text(column::PRINCIPAL, name.to_lowercase(), false),
            Key::Name(name) => Wanted::Text(column::NAME, name.to_lowercase(), true),
            Key::Dn(dn) => Wanted::Text(column::NAME, nearest(dn).to_lowercase(), false),
        };
        let Some(column) = table.column(wanted.column()) else { return Vec::new() };
        let fits =
            |row: &Row| self.database.record(table, row).is_some_and(|record| wanted.is_in(&record, column));
        self.database.rows(table).filter(fits).take(MOST_FOUND).collect()
    }
}

fn nearest(dn: &Dn) -> &str {
    dn.rdn().map_or("", Rdn::value)
}

/// Whether a name is the wanted one, which is in lower case, or was it before its object was deleted.
fn fits(text: &str, wanted: &str, with_deleted: bool) -> bool {
    let text = text.to_lowercase();
    let rest = text.strip_prefix(wanted);
    rest.is_some_and(|rest| rest.is_empty() || with_deleted && rest.starts_with("\ndel:"))
}

enum Wanted {
    Octets(&'static str, Vec<u8>),
    Text(&'static str, String, bool),
}

impl Wanted {
    fn column(&self) -> &'static str {
        match self {
            Self::Octets(column, _) | Self::Text(column, ..) => column,
        }
    }

    fn is_in(&self, record: &Record<'_>, column: &Column) -> bool {
        match self {
            Self::Octets(_, octets) => record.get(column).is_ok_and(|cell| cell.first() == Some(octets)),
            Self::Text(_, wanted, with_deleted) => {
                text(record, column).is_some_and(|text| fits(&text, wanted, *with_deleted))
            }
        }
    }
}
