//! A row taken apart: fixed, variable and tagged columns, multi-values, and what is stored elsewhere or compressed.
//!
//! ```text
//! last fixed id · last variable id · end of fixed data (16 bits)
//! fixed columns · a bit for each that is null
//! the end of each variable column (16 bits, 0x8000 = null) · variable columns
//! tagged columns: an array of (id, offset), then the data
//! ```

use std::borrow::Cow;

use super::bytes::u16_at;
use super::catalog::{Column, Table};
use super::compression::{self, CompressionError};
use super::database::Database;

/// What is known of a tagged value (`TAGFLD_HEADER`).
const COMPRESSED: u8 = 0x02;
const SEPARATED: u8 = 0x04;
const MULTIPLE: u8 = 0x08;
const TWO: u8 = 0x10;
const NULL: u8 = 0x20;
const ENCRYPTED: u8 = 0x40;

/// `fDerived` of a tagged column: it comes from a template table.
const DERIVED: u16 = 0x8000;

/// What a record holds in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Nothing.
    Null,
    /// A value.
    One(Cow<'a, [u8]>),
    /// Several, in the order in which they are stored.
    Many(Vec<Cow<'a, [u8]>>),
}

impl Cell<'_> {
    /// The values.
    pub fn values(&self) -> &[Cow<'_, [u8]>] {
        match self {
            Self::Null => &[],
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }

    /// The first value.
    pub fn first(&self) -> Option<&[u8]> {
        self.values().first().map(AsRef::as_ref)
    }
}

/// Why a value, or a whole record, cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// The record does not hold together.
    #[error("{0}")]
    Layout(&'static str),
    /// The value is compressed, and that cannot be undone.
    #[error(transparent)]
    Compression(#[from] CompressionError),
    /// The long value that the record points to cannot be read.
    #[error("its long value {id}: {what}")]
    LongValue {
        /// The number of the long value.
        id: u64,
        /// What is wrong.
        what: String,
    },
    /// It is longer than the reader keeps.
    #[error("it has {0} octets, which is more than is read")]
    TooLong(u32),
    /// The engine encrypted the column.
    #[error("the engine encrypted it (JET_bitColumnEncrypted)")]
    Encrypted,
}

/// A row's data, taken apart as far as its parts.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    data: &'a [u8],
    table: &'a Table,
    /// Where long values are; none for the catalog, which has none that are needed.
    database: Option<&'a Database>,
    is_small: bool,
    last_fixed: u16,
    last_variable: u16,
    fixed_end: usize,
    variable: usize,
    tagged: usize,
    tags: usize,
}

/// A tagged column of a record, before its values are looked at.
struct Tagged<'a> {
    id: u16,
    is_derived: bool,
    is_null: bool,
    header: u8,
    data: &'a [u8],
}

impl<'a> Record<'a> {
    pub(crate) fn new(
        data: &'a [u8],
        table: &'a Table,
        database: Option<&'a Database>,
        is_small: bool,
    ) -> Result<Self, FieldError> {
        const SHORT: FieldError = FieldError::Layout("it is too short");
        let &[last_fixed, last_variable, ..] = data else { return Err(SHORT) };
        let fixed_end = usize::from(u16_at(data, 2).ok_or(SHORT)?);
        if fixed_end < 4 + usize::from(last_fixed).div_ceil(8) || fixed_end > data.len() {
            return Err(FieldError::Layout("its fixed columns end outside of it"));
        }
        let ends = usize::from(last_variable).saturating_sub(127);
        let variable = fixed_end + ends * 2;
        let length = match ends {
            0 => 0,
            _ => usize::from(u16_at(data, variable - 2).ok_or(SHORT)? & 0x7fff),
        };
        let tagged = variable + length;
        if tagged > data.len() {
            return Err(FieldError::Layout("its variable columns end outside of it"));
        }
        let mut record = Self {
            data,
            table,
            database,
            is_small,
            last_fixed: last_fixed.into(),
            last_variable: last_variable.into(),
            fixed_end,
            variable,
            tagged,
            tags: 0,
        };
        if tagged < data.len() {
            // The first one's data begins where the array ends.
            let first = usize::from(u16_at(data, tagged + 2).ok_or(SHORT)? & record.offset_mask());
            if first == 0 || first % 4 != 0 || tagged + first > data.len() {
                return Err(FieldError::Layout("its tagged columns do not hold together"));
            }
            record.tags = first / 4;
        }
        Ok(record)
    }

    fn offset_mask(&self) -> u16 {
        if self.is_small { 0x1fff } else { 0x7fff }
    }

    /// A fixed or variable column as it is stored; neither defaults nor tagged columns.
    pub(crate) fn stored(&self, column: &Column) -> Option<&'a [u8]> {
        match column.id {
            0 => None,
            id @ 1..128 => {
                let bit = usize::from(id) - 1;
                let nulls = self.fixed_end - usize::from(self.last_fixed).div_ceil(8);
                let is_there = id <= self.last_fixed && self.data[nulls + bit / 8] >> (bit % 8) & 1 == 0;
                let from = usize::from(column.offset);
                let to = from + usize::from(column.size);
                self.data.get(from..to).filter(|_| is_there && to <= nulls)
            }
            id @ 128..256 => {
                if id > self.last_variable {
                    return None;
                }
                let at = self.fixed_end + usize::from(id - 128) * 2;
                let from = if id == 128 { 0 } else { u16_at(self.data, at - 2)? & 0x7fff };
                let to = u16_at(self.data, at)?;
                if to & 0x8000 != 0 {
                    return None;
                }
                let range = self.variable + usize::from(from)..self.variable + usize::from(to);
                self.data.get(range).filter(|_| self.variable + usize::from(to) <= self.tagged)
            }
            _ => None,
        }
    }

    fn tag(&self, index: usize) -> Option<Tagged<'a>> {
        let at = self.tagged + index * 4;
        let (id, word) = (u16_at(self.data, at)?, u16_at(self.data, at + 2)?);
        let end = match index + 1 < self.tags {
            true => self.tagged + usize::from(u16_at(self.data, at + 6)? & self.offset_mask()),
            false => self.data.len(),
        };
        let data = self.data.get(self.tagged + usize::from(word & self.offset_mask())..end)?;
        // Above 8K each value has the octet of flags, below that only those with a bit that says so.
        let has_header = !self.is_small || word & 0x4000 != 0;
        let (header, data) = match data.split_first() {
            Some((header, rest)) if has_header => (*header, rest),
            _ => (0, data),
        };
        let is_null = if self.is_small { word & 0x2000 != 0 } else { header & NULL != 0 };
        Some(Tagged { id, is_derived: word & DERIVED != 0, is_null, header, data })
    }

    /// What the record holds in a column; the column's default where the record does not have it.
    pub fn get(&self, column: &Column) -> Result<Cell<'a>, FieldError> {
        if column.id >= 256 {
            for index in 0..self.tags {
                let tag = self.tag(index).ok_or(FieldError::Layout("a tagged column ends outside of it"))?;
                if tag.id == column.id && !tag.is_derived {
                    return self.cell(&tag);
                }
            }
        } else if let Some(value) = self.stored(column) {
            return Ok(Cell::One(Cow::Borrowed(value)));
        }
        let is_absent = match column.id {
            0..128 => column.id > self.last_fixed,
            128..256 => column.id > self.last_variable,
            _ => true,
        };
        let default = column.default.as_deref().filter(|_| is_absent);
        Ok(default.map_or(Cell::Null, |value| Cell::One(Cow::Owned(value.to_vec()))))
    }

    /// The tagged columns that the record has, in its order, with what they hold. Columns that the catalog does not know are
    /// left out.
    pub fn tagged(&self) -> impl Iterator<Item = (&'a Column, Result<Cell<'a>, FieldError>)> + '_ {
        (0..self.tags).filter_map(|index| {
            let Some(tag) = self.tag(index) else {
                let id = u16_at(self.data, self.tagged + index * 4)?;
                let error = FieldError::Layout("a tagged column ends outside of it");
                return Some((self.table.column_by_id(id)?, Err(error)));
            };
            let column = self.table.column_by_id(tag.id).filter(|_| !tag.is_derived)?;
            Some((column, self.cell(&tag)))
        })
    }

    /// Every column that the record has, with what it holds.
    pub fn cells(&self) -> impl Iterator<Item = (&'a Column, Result<Cell<'a>, FieldError>)> + '_ {
        let untagged = self.table.columns.iter().take_while(|c| c.id < 256);
        let untagged = untagged.filter_map(|c| Some((c, Ok(Cell::One(Cow::Borrowed(self.stored(c)?))))));
        untagged.chain(self.tagged())
    }

    fn cell(&self, tag: &Tagged<'a>) -> Result<Cell<'a>, FieldError> {
        if tag.is_null {
            return Ok(Cell::Null);
        }
        if tag.header & ENCRYPTED != 0 {
            return Err(FieldError::Encrypted);
        }
        if tag.header & MULTIPLE != 0 {
            return self.values(tag).map(Cell::Many);
        }
        if tag.header & SEPARATED != 0 {
            return self.long_value(tag.data).map(|value| Cell::One(Cow::Owned(value)));
        }
        if tag.header & COMPRESSED != 0 {
            return self.decompress(tag.data).map(|value| Cell::One(Cow::Owned(value)));
        }
        Ok(Cell::One(Cow::Borrowed(tag.data)))
    }

    fn decompress(&self, data: &[u8]) -> Result<Vec<u8>, FieldError> {
        let limit = self.database.map_or(1 << 16, Database::max_value);
        let (scheme, value) = compression::decompress(data, limit)?;
        if let Some(database) = self.database {
            database.count(|usage| usage.schemes(scheme));
        }
        Ok(value)
    }

    fn long_value(&self, id: &[u8]) -> Result<Vec<u8>, FieldError> {
        let database = self.database.ok_or(FieldError::Layout("it has a long value where none can be"))?;
        database.long_value(self.table, id)
    }

    /// The values of a multi-valued column: two of them behind the length of the first, or any number behind their offsets. Only
    /// the first can be compressed in its place.
    fn values(&self, tag: &Tagged<'a>) -> Result<Vec<Cow<'a, [u8]>>, FieldError> {
        const BROKEN: FieldError = FieldError::Layout("its values do not hold together");
        if let Some(database) = self.database {
            database
                .count(|usage| if tag.header & TWO != 0 { &usage.two_values } else { &usage.multi_values });
        }
        let data = tag.data;
        let first_is = |value: &'a [u8]| match tag.header & COMPRESSED {
            0 => Ok(Cow::Borrowed(value)),
            _ => self.decompress(value).map(Cow::Owned),
        };
        if tag.header & TWO != 0 {
            let (&length, rest) = data.split_first().ok_or(BROKEN)?;
            let (first, second) = rest.split_at_checked(length.into()).ok_or(BROKEN)?;
            return Ok(vec![first_is(first)?, Cow::Borrowed(second)]);
        }
        let begin = usize::from(u16_at(data, 0).ok_or(BROKEN)? & 0x7fff);
        if begin % 2 != 0 || begin > data.len() {
            return Err(BROKEN);
        }
        let mut values = Vec::with_capacity(begin / 2);
        for n in 0..begin / 2 {
            let word = u16_at(data, n * 2).ok_or(BROKEN)?;
            let end = match n + 1 < begin / 2 {
                true => usize::from(u16_at(data, n * 2 + 2).ok_or(BROKEN)? & 0x7fff),
                false => data.len(),
            };
            let value = data.get(usize::from(word & 0x7fff)..end).ok_or(BROKEN)?;
            values.push(match (word & 0x8000, n) {
                (0, 0) => first_is(value)?,
                (0, _) => Cow::Borrowed(value),
                _ => Cow::Owned(self.long_value(value)?),
            });
        }
        Ok(values)
    }
}
