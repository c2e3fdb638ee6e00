//! Values by the type of their column.

use super::bytes::array;
use super::catalog::{Column, ColumnType};
use super::text;

/// A value of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `JET_coltypBit`.
    Bit(bool),
    /// Every type of whole numbers, and `JET_coltypDateTime` as the 64 bits that are stored: databases put different clocks
    /// there.
    Integer(i128),
    /// `JET_coltypIEEESingle`.
    Single(f32),
    /// `JET_coltypIEEEDouble`.
    Double(f64),
    /// `JET_coltypGUID`: 16 octets, the first three fields little-endian.
    Guid([u8; 16]),
    /// Text of any code page.
    Text(String),
    /// Octets.
    Binary(Vec<u8>),
}

impl Value {
    /// The value that octets are in a column; `None` where their number does not fit the type.
    pub fn new(column: &Column, bytes: &[u8]) -> Option<Self> {
        let signed = |n: i64| Some(Self::Integer(n.into()));
        match column.kind {
            ColumnType::Bit => bytes.first().map(|b| Self::Bit(*b != 0)),
            ColumnType::UnsignedByte => array(bytes, 0).map(|b: [u8; 1]| Self::Integer(b[0].into())),
            ColumnType::Short => signed(i16::from_le_bytes(array(bytes, 0)?).into()),
            ColumnType::Long => signed(i32::from_le_bytes(array(bytes, 0)?).into()),
            ColumnType::Currency | ColumnType::LongLong | ColumnType::DateTime => {
                signed(i64::from_le_bytes(array(bytes, 0)?))
            }
            ColumnType::UnsignedShort => signed(u16::from_le_bytes(array(bytes, 0)?).into()),
            ColumnType::UnsignedLong => signed(u32::from_le_bytes(array(bytes, 0)?).into()),
            ColumnType::Single => array(bytes, 0).map(f32::from_le_bytes).map(Self::Single),
            ColumnType::Double => array(bytes, 0).map(f64::from_le_bytes).map(Self::Double),
            ColumnType::Guid => array(bytes, 0).map(Self::Guid),
            ColumnType::Text | ColumnType::LongText => {
                Some(Self::Text(text::decode(bytes, column.code_page)))
            }
            ColumnType::Binary | ColumnType::LongBinary | ColumnType::Other(_) => {
                Some(Self::Binary(bytes.to_vec()))
            }
        }
    }
}
