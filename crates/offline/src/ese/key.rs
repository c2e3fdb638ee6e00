//! Keys as the engine normalises them, so that comparing octets compares values (`fldnorm.cxx`).
//!
//! Each value has an octet before it: 0 for none, 0x40 for an empty one, 0x7f for data. Numbers are big-endian with the sign
//! turned over. Keys of Unicode text are sort keys of Windows and are not made here.

use super::catalog::{CodePage, Column, ColumnType};

/// `bPrefixData`.
const DATA: u8 = 0x7f;
/// `bPrefixZeroLength`.
const EMPTY: u8 = 0x40;
/// `JET_cbKeyMost` of old: the longest key of an index that says nothing else, and the longest part of one.
pub(crate) const LONGEST: usize = 255;

/// The key of a signed number of `N` octets.
pub(crate) fn signed<const N: usize>(little_endian: [u8; N]) -> Vec<u8> {
    let mut out = vec![DATA];
    out.extend(little_endian.iter().rev());
    if let Some(first) = out.get_mut(1) {
        *first ^= 0x80;
    }
    out
}

fn unsigned(little_endian: &[u8]) -> Vec<u8> {
    std::iter::once(DATA).chain(little_endian.iter().rev().copied()).collect()
}

/// The key of octets of variable length: pieces of 8, each followed by how many count, or by 9 where more follow.
pub(crate) fn binary(value: &[u8], longest: usize) -> Vec<u8> {
    if value.is_empty() {
        return vec![EMPTY];
    }
    let mut out = vec![DATA];
    let pieces = value.len().div_ceil(8);
    let is_whole = pieces * 9 < longest;
    for (n, piece) in value.chunks(8).enumerate() {
        if out.len() >= longest {
            break;
        }
        out.extend(piece);
        out.extend(std::iter::repeat_n(0, 8 - piece.len()));
        let is_last = n + 1 == pieces;
        out.push(if is_last && is_whole || piece.len() < 8 { piece.len() as u8 } else { 9 });
    }
    out.truncate(longest);
    out
}

/// A GUID column sorts by its text, the last group first.
fn guid(value: &[u8]) -> Option<Vec<u8>> {
    let v: &[u8; 16] = value.try_into().ok()?;
    let mut out = vec![DATA];
    out.extend(&v[10..]);
    out.extend(&v[8..10]);
    out.extend(&v[6..8]);
    out.extend(&v[4..6]);
    out.extend(&v[..4]);
    Some(out)
}

/// The key of a value as it is stored; `None` where it cannot be made.
pub(crate) fn of(column: &Column, value: &[u8], longest: usize) -> Option<Vec<u8>> {
    Some(match column.kind {
        ColumnType::Bit => vec![DATA, if value.first()? == &0 { 0 } else { 0xff }],
        ColumnType::UnsignedByte => vec![DATA, *value.first()?],
        ColumnType::Short => signed::<2>(value.try_into().ok()?),
        ColumnType::Long => signed::<4>(value.try_into().ok()?),
        ColumnType::Currency | ColumnType::LongLong => signed::<8>(value.try_into().ok()?),
        ColumnType::UnsignedLong | ColumnType::UnsignedShort => unsigned(value),
        ColumnType::Guid => guid(value)?,
        ColumnType::Binary | ColumnType::LongBinary if column.is_fixed() => {
            std::iter::once(DATA).chain(value.iter().copied()).take(longest).collect()
        }
        ColumnType::Binary | ColumnType::LongBinary => binary(value, longest),
        ColumnType::Text | ColumnType::LongText if column.code_page != CodePage::Unicode => {
            if value.is_empty() {
                return Some(vec![EMPTY]);
            }
            let upper = value.iter().map(u8::to_ascii_uppercase);
            std::iter::once(DATA).chain(upper).chain([0]).take(longest).collect()
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_sort_as_they_count() {
        let keys: Vec<_> = [i32::MIN, -5, -1, 0, 1, 700, i32::MAX].map(|n| signed(n.to_le_bytes())).into();
        assert!(keys.is_sorted());
        assert_eq!(keys[3], [0x7f, 0x80, 0, 0, 0]);
    }

    #[test]
    fn octets_sort_as_they_are() {
        let values: [&[u8]; 7] = [b"", b"a", b"aa", b"aaaaaaaa", b"aaaaaaaaa", b"aaaaaaaab", b"b"];
        assert!(values.map(|v| binary(v, 255)).is_sorted());
        assert_eq!(binary(b"12345678", 255), b"\x7f12345678\x08");
        assert_eq!(binary(b"123456789", 255), b"\x7f12345678\x099\0\0\0\0\0\0\0\x01");
        assert_eq!(binary(&[7; 1000], 255).len(), 255);
    }
}
