//! The values of an attribute as they are kept.
//!
//! A value is its octets, or the id of a content that is kept once, or a number or a time, which half of all values are
//! and which take a third of the room then. Nothing is lost: only what is written back octet for octet is shortened.

use super::octets::{Reader, put, unzigzag, zigzag};
use adrecover_core::time;

/// A value before it is written or after it was read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Cell<'a> {
    /// The octets.
    Octets(&'a [u8]),
    /// A decimal number as AD writes it.
    Number(i64),
    /// A GeneralizedTime as AD writes it (`20261101093000.0Z`): seconds since 1970.
    Time(i64),
    /// A row of `contents`.
    Content(i64),
}

const OCTETS: u64 = 0;
const NUMBER: u64 = 1;
const TIME: u64 = 2;
const CONTENT: u64 = 3;

impl<'a> Cell<'a> {
    /// The shortest form of a value that is not kept elsewhere.
    pub(crate) fn of(value: &'a [u8]) -> Self {
        number(value)
            .map(Self::Number)
            .or_else(|| moment(value).map(Self::Time))
            .unwrap_or(Self::Octets(value))
    }

    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        let number = |out: &mut Vec<u8>, kind, number: i64| {
            let octets = zigzag(number).to_le_bytes();
            let length = octets.len() - octets.iter().rev().take_while(|b| **b == 0).count();
            put(out, (length as u64) << 2 | kind);
            out.extend_from_slice(&octets[..length]);
        };
        match self {
            Self::Octets(octets) => {
                put(out, (octets.len() as u64) << 2 | OCTETS);
                out.extend_from_slice(octets);
            }
            Self::Number(value) => number(out, NUMBER, *value),
            Self::Time(value) => number(out, TIME, *value),
            Self::Content(id) => put(out, (*id as u64) << 2 | CONTENT),
        }
    }

    /// Goes behind a value, and says how long it is.
    fn skip(reader: &mut Reader<'a>) -> Option<usize> {
        let before = reader.left();
        let head = reader.number()?;
        if head & 3 != CONTENT {
            reader.take(usize::try_from(head >> 2).ok()?)?;
        }
        Some(before - reader.left())
    }

    fn read(reader: &mut Reader<'a>) -> Option<Self> {
        let head = reader.number()?;
        let rest = head >> 2;
        if head & 3 == CONTENT {
            return i64::try_from(rest).ok().map(Self::Content);
        }
        let octets = reader.take(usize::try_from(rest).ok()?)?;
        if head & 3 == OCTETS {
            return Some(Self::Octets(octets));
        }
        let mut number = [0; 8];
        number.get_mut(..octets.len())?.copy_from_slice(octets);
        let number = unzigzag(u64::from_le_bytes(number));
        Some(if head & 3 == NUMBER { Self::Number(number) } else { Self::Time(number) })
    }
}

/// Appends the values of an attribute, one behind the other.
pub(crate) fn put_cells(out: &mut Vec<u8>, cells: &[Cell<'_>]) {
    for cell in cells {
        cell.put(out);
    }
}

/// The values of an attribute.
pub(crate) fn cells(packed: &[u8]) -> Option<Vec<Cell<'_>>> {
    let mut reader = Reader::new(packed);
    let mut cells = vec![];
    while !reader.is_empty() {
        cells.push(Cell::read(&mut reader)?);
    }
    Some(cells)
}

/// Whether the octets are those of one value and nothing else.
pub(crate) fn is_one(packed: &[u8]) -> bool {
    let mut reader = Reader::new(packed);
    Cell::skip(&mut reader).is_some() && reader.is_empty()
}

/// The octets of the value that comes next.
pub(crate) fn next_one<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let before = *reader;
    let length = Cell::skip(reader)?;
    let mut one = before;
    one.take(length)
}

/// Whether two attributes have the same values. A directory gives them in any order.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    a == b || (a.len() == b.len() && sorted(a).is_some_and(|v| Some(v) == sorted(b)))
}

fn sorted(packed: &[u8]) -> Option<Vec<Cell<'_>>> {
    let mut cells = cells(packed)?;
    cells.sort_unstable();
    Some(cells)
}

/// The number, where it is written as AD writes it: no sign but a minus, no zeros in front.
fn number(value: &[u8]) -> Option<i64> {
    // Most values are no numbers, and one look tells.
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    if digits.len() > 19
        || !digits.iter().all(u8::is_ascii_digit)
        || (digits[..].first()? == &b'0' && value.len() > 1)
    {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// The time, where `20261101093000.0Z` is how it is written.
fn moment(value: &[u8]) -> Option<i64> {
    if value.len() != 17 || !value.ends_with(b".0Z") {
        return None;
    }
    let seconds = time::generalized(std::str::from_utf8(value).ok()?)?.timestamp();
    // A leap second has no number of its own.
    written(&Cell::Time(seconds)).is_some_and(|text| text == value).then_some(seconds)
}

/// The octets of a number or a time; `None` for a time that is none.
pub(crate) fn written(cell: &Cell<'_>) -> Option<Vec<u8>> {
    match cell {
        Cell::Octets(octets) => Some(octets.to_vec()),
        Cell::Number(number) => Some(number.to_string().into_bytes()),
        Cell::Time(seconds) => {
            let time = chrono::DateTime::from_timestamp(*seconds, 0).and_then(time::in_calendar)?;
            Some(time::to_generalized(time).into_bytes())
        }
        Cell::Content(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round(value: &[u8]) -> (usize, Vec<u8>) {
        let mut packed = vec![];
        put_cells(&mut packed, &[Cell::of(value)]);
        let read = cells(&packed).unwrap();
        (packed.len(), written(&read[0]).unwrap())
    }

    #[test]
    fn numbers_and_times_are_short_and_come_back() {
        for (value, length) in [
            ("0", 1),
            ("512", 3),
            ("-1", 2),
            ("9223372036854775807", 9),
            ("-9223372036854775808", 9),
            ("133456789012345678", 9),
            ("20261101093000.0Z", 5),
            ("16010101000000.0Z", 6),
            ("00", 3),
            ("-0", 3),
            ("-", 2),
            ("", 1),
            ("+1", 3),
            ("9223372036854775808", 20),
            ("20261301093000.0Z", 18),
            ("20261101093060.0Z", 18),
        ] {
            assert_eq!(round(value.as_bytes()), (length, value.as_bytes().to_vec()), "{value}");
        }
    }

    #[test]
    fn values_are_a_set() {
        let packed = |values: &[&str]| {
            let mut out = vec![];
            put_cells(&mut out, &values.iter().map(|v| Cell::of(v.as_bytes())).collect::<Vec<_>>());
            out
        };
        assert!(same(&packed(&["a", "b"]), &packed(&["b", "a"])));
        assert!(!same(&packed(&["a", "b"]), &packed(&["a", "c"])));
        assert!(!same(&packed(&["a", "a", "b"]), &packed(&["a", "b", "b"])));
        assert!(!same(&packed(&["a"]), &packed(&["a", "a"])));
    }

    proptest! {
        #[test]
        fn any_value_comes_back(value in prop::collection::vec(any::<u8>(), 0..60), digits in "-?[0-9]{1,20}(\\.0Z)?") {
            prop_assert_eq!(round(&value).1, value);
            prop_assert_eq!(round(digits.as_bytes()).1, digits.as_bytes());
        }

        #[test]
        fn any_octets_are_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..60)) {
            for cell in cells(&octets).unwrap_or_default() {
                let _ = written(&cell);
            }
        }
    }
}
