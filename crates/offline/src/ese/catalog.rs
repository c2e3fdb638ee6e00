//! The catalog (`MSysObjects`): which tables there are, with their columns, indexes and long values.
//!
//! It is a table itself, at page 4, with a copy at page 24; the columns of the catalog are fixed by the engine (`cat.cxx`).

use std::collections::HashMap;

use super::bytes::{u16_at, u32_at};
use super::database::{Row, Rows};
use super::error::EseError;
use super::pager::Pager;
use super::record::Record;
use super::text;

/// `pgnoFDPMSO` and `pgnoFDPMSOShadow`.
const ROOTS: [u32; 2] = [4, 24];
/// More columns and indexes than this are taken for damage: the engine allows 65,000 in a table, and `ntds.dit` has some 4,000
/// in all.
const MOST: usize = 500_000;

/// The type of a column (`JET_coltyp`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// A bit, in an octet.
    Bit,
    /// 8 bits, unsigned.
    UnsignedByte,
    /// 16 bits, signed.
    Short,
    /// 32 bits, signed.
    Long,
    /// 64 bits, signed.
    Currency,
    /// 32-bit floating point.
    Single,
    /// 64-bit floating point.
    Double,
    /// 64 bits of a time; which clock they are of, each application decides.
    DateTime,
    /// At most 255 octets.
    Binary,
    /// At most 255 octets of text.
    Text,
    /// Octets.
    LongBinary,
    /// Text.
    LongText,
    /// 32 bits, unsigned.
    UnsignedLong,
    /// 64 bits, signed.
    LongLong,
    /// 16 octets.
    Guid,
    /// 16 bits, unsigned.
    UnsignedShort,
    /// Another number; `0` is a column that was deleted.
    Other(u32),
}

impl ColumnType {
    fn new(number: u32) -> Self {
        match number {
            1 => Self::Bit,
            2 => Self::UnsignedByte,
            3 => Self::Short,
            4 => Self::Long,
            5 => Self::Currency,
            6 => Self::Single,
            7 => Self::Double,
            8 => Self::DateTime,
            9 => Self::Binary,
            10 => Self::Text,
            11 => Self::LongBinary,
            12 => Self::LongText,
            14 => Self::UnsignedLong,
            15 => Self::LongLong,
            16 => Self::Guid,
            17 => Self::UnsignedShort,
            other => Self::Other(other),
        }
    }

    /// The octets of a value, of types that have a fixed number.
    fn size(self) -> u16 {
        match self {
            Self::Bit | Self::UnsignedByte => 1,
            Self::Short | Self::UnsignedShort => 2,
            Self::Long | Self::UnsignedLong | Self::Single => 4,
            Self::Currency | Self::LongLong | Self::Double | Self::DateTime => 8,
            Self::Guid => 16,
            _ => 0,
        }
    }
}

/// What the text of a column is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodePage {
    /// 1200: UTF-16, little-endian.
    Unicode,
    /// 1252.
    Western,
    /// 20127, and whatever else a file says.
    Ascii,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// 1 to 127 fixed, 128 to 255 variable, from 256 on tagged.
    pub id: u16,
    /// Its name.
    pub name: Box<str>,
    /// Its type.
    pub kind: ColumnType,
    /// The code page of its text.
    pub code_page: CodePage,
    /// `FIELDFLAG`: 0x8 multi-valued, 0x1000 compressed, …
    pub flags: u16,
    /// Octets of a fixed column.
    pub(crate) size: u16,
    /// Where a fixed column is in a record.
    pub(crate) offset: u16,
    /// What a record that does not have the column holds.
    pub(crate) default: Option<Box<[u8]>>,
}

impl Column {
    /// Whether it has a place of its own in each record.
    pub fn is_fixed(&self) -> bool {
        self.id < 128
    }

    /// The text that octets are in this column.
    pub fn text(&self, octets: &[u8]) -> String {
        text::decode(octets, self.code_page)
    }

    /// Whether it may have several values in a record (`JET_bitColumnMultiValued`).
    pub fn is_multi_valued(&self) -> bool {
        self.flags & 0x8 != 0
    }
}

/// An index of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: Box<str>,
    /// The columns, in the order of the key.
    pub columns: Vec<u16>,
    /// Whether it is the order in which the table's rows are kept.
    pub is_primary: bool,
    /// Whether each part ascends and is no more than a column: otherwise keys are not made.
    pub(crate) is_plain: bool,
    /// The longest key.
    pub(crate) longest: usize,
    /// The root of its tree.
    pub(crate) root: u32,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: Box<str>,
    /// The table that it was made from (`JET_TABLECREATE` with a template). What it has from there is not read: no such table was
    /// there to try it on.
    pub template: Option<Box<str>>,
    /// Its indexes.
    pub indexes: Vec<Index>,
    /// By id: 1 to 127, then 128 to 255, then the tagged ones.
    pub(crate) columns: Vec<Column>,
    pub(crate) root: u32,
    /// The root of the tree of long values.
    pub(crate) long_values: Option<u32>,
}

impl Table {
    /// The columns, by id.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// A column by its number.
    pub fn column_by_id(&self, id: u16) -> Option<&Column> {
        self.columns.binary_search_by_key(&id, |c| c.id).ok().map(|n| &self.columns[n])
    }

    /// A column by its name, in any case.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name.eq_ignore_ascii_case(name))
    }

    /// An index by its name, in any case.
    pub fn index(&self, name: &str) -> Option<&Index> {
        self.indexes.iter().find(|i| i.name.eq_ignore_ascii_case(name))
    }

    /// The order of the rows.
    pub fn primary(&self) -> Option<&Index> {
        self.indexes.iter().find(|i| i.is_primary)
    }

    /// The columns, or an error that names the one that is missing.
    pub(crate) fn need(&self, column: &str) -> Result<&Column, EseError> {
        self.column(column)
            .ok_or_else(|| EseError::NoColumn { table: self.name.to_string(), column: column.into() })
    }

    fn new(name: Box<str>, root: u32) -> Self {
        Self { name, template: None, indexes: Vec::new(), columns: Vec::new(), root, long_values: None }
    }

    /// Sorts the columns and gives the fixed ones their places, where the catalog does not.
    fn settle(&mut self) {
        self.columns.sort_by_key(|c| c.id);
        self.columns.dedup_by_key(|c| c.id);
        let mut at = 4u16;
        for column in self.columns.iter_mut().take_while(|c| c.id < 128) {
            // The catalog has wrong places for its own columns. A place may be further on, behind a column that was deleted.
            column.offset = column.offset.max(at);
            at = column.offset.saturating_add(column.size);
        }
    }
}

/// The columns of the catalog that are used: id, type, size, offset. The offsets follow from the sizes of all of them.
const COLUMNS: [(u16, ColumnType, u16, u16); 17] = [
    (1, ColumnType::Long, 4, 4),
    (2, ColumnType::Short, 2, 8),
    (3, ColumnType::Long, 4, 10),
    (4, ColumnType::Long, 4, 14),
    (5, ColumnType::Long, 4, 18),
    (6, ColumnType::Long, 4, 22),
    (7, ColumnType::Long, 4, 26),
    (8, ColumnType::Bit, 1, 30),
    (9, ColumnType::Short, 2, 31),
    (10, ColumnType::Long, 4, 33),
    (11, ColumnType::UnsignedShort, 2, 37),
    (12, ColumnType::Long, 4, 39),
    (128, ColumnType::Text, 0, 0),
    (130, ColumnType::Text, 0, 0),
    (131, ColumnType::Binary, 0, 0),
    (132, ColumnType::Binary, 0, 0),
    (133, ColumnType::Binary, 0, 0),
];

/// What a row of the catalog says, as far as it is needed.
struct Entry<'a> {
    table: u32,
    kind: u16,
    id: u32,
    /// A type, or the root of a tree.
    what: u32,
    space: u32,
    flags: u32,
    pages_or_locale: u32,
    offset: Option<u16>,
    key_most: Option<u16>,
    name: Box<str>,
    template: Option<&'a [u8]>,
    default: Option<&'a [u8]>,
    key: Option<&'a [u8]>,
}

/// Reads the catalog, and its copy where it is damaged.
pub(crate) fn read(pager: &Pager) -> Result<Vec<Table>, EseError> {
    let mut best: Option<(Vec<Table>, usize, u64)> = None;
    for root in ROOTS {
        let before = pager.log.count();
        let (tables, entries) = read_from(pager, root)?;
        let damages = pager.log.count() - before;
        if best.as_ref().is_none_or(|(_, most, _)| entries > *most) {
            best = Some((tables, entries, damages));
        }
        if damages == 0 && entries > 0 {
            break;
        }
        pager.log.note(format!("the catalog at page {root} is damaged: its copy was read as well"));
    }
    match best {
        Some((tables, 1.., _)) => Ok(tables),
        _ => Err(EseError::Catalog("neither page 4 nor page 24 leads to entries".into())),
    }
}

fn read_from(pager: &Pager, root: u32) -> Result<(Vec<Table>, usize), EseError> {
    let mut own = Table::new("MSysObjects".into(), root);
    own.columns = COLUMNS.map(|(id, kind, size, offset)| own_column(id, kind, size, offset)).into();
    let mut tables: Vec<Table> = Vec::new();
    let mut places: HashMap<u32, usize> = HashMap::new();
    let mut entries = 0;
    for row in Rows::new(pager, root) {
        let Some(entry) = entry(pager, &own, &row) else { continue };
        entries += 1;
        if entries > MOST {
            return Err(EseError::Catalog(format!("it has more than {MOST} entries")));
        }
        if entry.kind == 1 {
            places.insert(entry.table, tables.len());
            let mut table = Table::new(entry.name, entry.what);
            table.template = entry.template.map(|t| text::decode(t, CodePage::Western).into());
            tables.push(table);
        } else if let Some(table) = places.get(&entry.table).and_then(|n| tables.get_mut(*n)) {
            add(table, &entry);
        }
    }
    tables.iter_mut().for_each(Table::settle);
    Ok((tables, entries))
}

fn own_column(id: u16, kind: ColumnType, size: u16, offset: u16) -> Column {
    Column { id, name: "".into(), kind, code_page: CodePage::Western, flags: 0, size, offset, default: None }
}

fn entry<'a>(pager: &Pager, own: &'a Table, row: &'a Row) -> Option<Entry<'a>> {
    let record = Record::new(row.data(), own, None, row.is_small())
        .inspect_err(|error| row.report(pager, error.to_string()))
        .ok()?;
    let raw = |id: u16| record.stored(own.column_by_id(id)?);
    let long = |id: u16| raw(id).and_then(|v| u32_at(v, 0));
    let short = |id: u16| raw(id).and_then(|v| u16_at(v, 0));
    Some(Entry {
        table: long(1)?,
        kind: short(2)?,
        id: long(3)?,
        what: long(4)?,
        space: long(5)?,
        flags: long(6)?,
        pages_or_locale: long(7)?,
        offset: short(9),
        key_most: short(11),
        name: text::decode(raw(128)?, CodePage::Western).into(),
        template: raw(130).filter(|t| !t.is_empty()),
        default: raw(131),
        key: raw(132),
    })
}

fn add(table: &mut Table, entry: &Entry<'_>) {
    match entry.kind {
        2 => table.columns.extend(column(entry)),
        3 => table.indexes.push(index(entry)),
        4 => table.long_values = Some(entry.what),
        _ => {}
    }
}

fn column(entry: &Entry<'_>) -> Option<Column> {
    let kind = ColumnType::new(entry.what);
    let space = u16::try_from(entry.space).unwrap_or(u16::MAX);
    Some(Column {
        id: u16::try_from(entry.id).ok()?,
        name: entry.name.clone(),
        kind,
        code_page: match entry.pages_or_locale {
            1200 => CodePage::Unicode,
            1252 => CodePage::Western,
            _ => CodePage::Ascii,
        },
        flags: entry.flags as u16,
        size: if kind.size() == 0 || space != 0 { space } else { kind.size() },
        offset: entry.offset.unwrap_or_default(),
        default: entry.default.map(Into::into),
    })
}

fn index(entry: &Entry<'_>) -> Index {
    let key = entry.key.unwrap_or_default();
    let parts: Vec<(u16, u16)> = key
        .chunks_exact(4)
        .map(|c| (u16::from_le_bytes([c[0], c[1]]), u16::from_le_bytes([c[2], c[3]])))
        .collect();
    // `fidxExtendedColumns`: each part is flags and a column; before, it was the column alone, negative to descend. A writer that
    // leaves the flag out but has no other flags means the former.
    let is_extended = entry.flags >> 16 & 1 != 0
        || key.len().is_multiple_of(4) && parts.iter().all(|(flags, _)| *flags == 0);
    let (columns, is_plain) = if is_extended {
        (parts.iter().map(|(_, id)| *id).collect(), parts.iter().all(|(flags, _)| *flags == 0))
    } else {
        let ids: Vec<u16> = key.chunks_exact(2).map(|c| u16::from_le_bytes([c[0], c[1]])).collect();
        let is_plain = ids.iter().all(|id| *id < 0x8000);
        (ids, is_plain)
    };
    Index {
        name: entry.name.clone(),
        columns,
        is_primary: entry.flags & 0x20 != 0,
        is_plain,
        longest: entry.key_most.filter(|n| *n > 8).map_or(super::key::LONGEST, usize::from),
        root: entry.what,
    }
}
