//! One object, packed: which properties have a value, which are empty, and the values in the order of the table.

use std::collections::HashMap;
use std::sync::Arc;

use super::convert::{Read, Why, convert};
use super::fields::Kind;
use super::known::Known;
use super::pack::{Items, put};
use super::raw::Raw;

/// A file that was given, by its place among them.
pub(crate) type FileId = u16;

/// One object as the files give it.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    valued: u64,
    absent: u64,
    text: Box<str>,
    /// The newest file that gives it.
    pub(crate) file: FileId,
    /// Which of the lists of its kind it stands in: live, deleted, …
    pub(crate) part: u8,
    /// The other files that give it, newest first.
    pub(crate) more: Option<Box<[FileId]>>,
}

impl Record {
    /// What is known of a property.
    pub(crate) fn get(&self, field: u8) -> Known<&str> {
        let bit = 1 << field;
        if self.absent & bit != 0 {
            return Known::Absent;
        }
        if self.valued & bit == 0 {
            return Known::NotAsked;
        }
        let place = (self.valued & (bit - 1)).count_ones() as usize;
        Items(&self.text).nth(place).map_or(Known::NotAsked, Known::Value)
    }

    /// The properties that were asked for.
    pub(crate) fn asked(&self) -> u64 {
        self.valued | self.absent
    }

    pub(crate) fn valued(&self) -> u64 {
        self.valued
    }

    /// These properties are not known after all.
    pub(crate) fn forget(&mut self, fields: u64) {
        self.absent &= !fields;
        if self.valued & fields != 0 {
            let mut text = String::new();
            let mut left = self.valued;
            for item in Items(&self.text) {
                let lowest = left & left.wrapping_neg();
                left &= !lowest;
                if fields & lowest == 0 {
                    put(&mut text, item);
                }
            }
            self.text = text.into();
            self.valued &= !fields;
        }
    }

    /// This record, and from the other one what was not asked for here.
    pub(crate) fn filled_from(&self, older: &Record) -> Record {
        let absent = self.absent | older.absent & !self.asked();
        let valued = self.valued | older.valued & !self.asked();
        let mut text = String::new();
        for field in 0..64u8 {
            if valued & (1 << field) != 0 {
                let known = self.get(field).or(older.get(field));
                put(&mut text, known.value().unwrap_or_default());
            }
        }
        let files =
            |r: &Record| std::iter::once(r.file).chain(r.more.iter().flatten().copied()).collect::<Vec<_>>();
        let mut more: Vec<FileId> =
            files(self).into_iter().chain(files(older)).filter(|f| *f != self.file).collect();
        let mut seen = std::collections::BTreeSet::new();
        more.retain(|f| seen.insert(*f));
        let more = (!more.is_empty()).then(|| more.into());
        Record { valued, absent, text: text.into(), file: self.file, part: self.part, more }
    }
}

/// Texts that many objects share, each once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pool {
    places: HashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
}

impl Pool {
    /// The place of a text.
    fn place(&mut self, text: &str) -> u32 {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let text: Arc<str> = text.into();
        // As many different ones as there are octets in the largest input fit.
        let place = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(Arc::clone(&text));
        self.places.insert(text, place);
        place
    }

    /// The text that a property of a record stands for.
    pub(crate) fn text(&self, place: &str) -> Option<&str> {
        self.texts.get(place.parse::<usize>().ok()?).map(|t| &**t)
    }
}

/// Collects the properties of one object in the order in which the file has them.
pub(crate) struct Builder {
    text: String,
    spans: [(usize, usize); 64],
    valued: u64,
    /// Null, or an empty cell.
    null: u64,
    empty_list: u64,
    empty: u64,
    /// Whether one of the object's own names begins with a capital, as PowerShell writes them.
    pub(crate) has_capital: bool,
}

/// What was not asked for, and what an absence is good for, differs between those who write the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nulls {
    /// A null and an empty list are findings.
    Certain,
    /// A null may stand for what was not selected; an empty list does not.
    Doubtful,
    /// Both may.
    DoubtfulWithLists,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            text: String::new(),
            spans: [(0, 0); 64],
            valued: 0,
            null: 0,
            empty_list: 0,
            empty: 0,
            has_capital: false,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.text.clear();
        (self.valued, self.null, self.empty_list, self.empty, self.has_capital) = (0, 0, 0, 0, false);
    }

    /// Takes a property. `is_plain`: it comes from Graph itself, so that a null is a finding.
    pub(crate) fn take(
        &mut self,
        field: u8,
        kind: Kind,
        raw: &Raw<'_>,
        (is_cell, is_plain): (bool, bool),
        pool: &mut Pool,
    ) -> Option<Why> {
        let bit = 1 << field;
        if self.valued & bit != 0 {
            return None;
        }
        let start = self.text.len();
        match convert(kind, raw, is_cell, &mut self.text) {
            Read::Value => {
                if matches!(kind, Kind::Objects(shape) if shape.is_shared) {
                    let place = pool.place(&self.text[start..]);
                    self.text.truncate(start);
                    self.text.push_str(&place.to_string());
                }
                self.valued |= bit;
                self.spans[usize::from(field)] = (start, self.text.len());
                return None;
            }
            Read::Null if !is_plain => self.null |= bit,
            Read::EmptyList if !is_plain => self.empty_list |= bit,
            Read::Null | Read::EmptyList | Read::Empty => self.empty |= bit,
            Read::Refused(why) => {
                self.text.truncate(start);
                return Some(why);
            }
        }
        self.text.truncate(start);
        None
    }

    /// A value that the caller has made itself, where the file has none.
    pub(crate) fn supply(&mut self, field: u8, value: &str) {
        if self.valued & (1 << field) == 0 {
            self.valued |= 1 << field;
            let start = self.text.len();
            self.text.push_str(value);
            self.spans[usize::from(field)] = (start, self.text.len());
        }
    }

    /// The record, and which of its absences are unsure.
    pub(crate) fn finish(&self, file: FileId, nulls: Nulls) -> (Record, u64) {
        let mut text = String::with_capacity(self.text.len() + 3 * self.valued.count_ones() as usize);
        let mut left = self.valued;
        while left != 0 {
            let (start, end) = self.spans[left.trailing_zeros() as usize];
            put(&mut text, &self.text[start..end]);
            left &= left - 1;
        }
        let absent = (self.empty | self.null | self.empty_list) & !self.valued;
        let unsure = match nulls {
            Nulls::Certain => 0,
            Nulls::Doubtful => self.null & !self.empty,
            Nulls::DoubtfulWithLists => (self.null | self.empty_list) & !self.empty,
        };
        let record = Record { valued: self.valued, absent, text: text.into(), file, part: 0, more: None };
        (record, unsure & absent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(file: FileId, fields: &[(u8, Option<&str>)]) -> Record {
        let mut builder = Builder::new();
        let mut pool = Pool::default();
        for (field, value) in fields {
            let raw = value.map_or(Raw::Null, |v| Raw::Text(v.into()));
            assert_eq!(builder.take(*field, Kind::Text, &raw, (false, true), &mut pool), None);
        }
        builder.finish(file, Nulls::Certain).0
    }

    #[test]
    fn a_record_is_filled_and_forgets() {
        let new = record(1, &[(5, Some("five")), (0, Some("zero")), (63, None)]);
        let old = record(0, &[(5, Some("old")), (7, Some("seven")), (63, Some("old"))]);
        let mut both = new.filled_from(&old);
        let of = |r: &Record| [0, 5, 7, 63, 9].map(|f| r.get(f).map(str::to_owned));
        let v = |t: &str| Known::Value(t.to_owned());
        assert_eq!(of(&both), [v("zero"), v("five"), v("seven"), Known::Absent, Known::NotAsked]);
        assert_eq!((both.file, both.more.as_deref()), (1, Some(&[0][..])));
        both.forget(1 << 5 | 1 << 63);
        assert_eq!(of(&both), [v("zero"), Known::NotAsked, v("seven"), Known::NotAsked, Known::NotAsked]);
    }

    proptest! {
        #[test]
        fn what_is_taken_is_given(values in prop::collection::btree_map(0u8..64, "[a-z:0-9 ]{0,12}", 0..20)) {
            let fields: Vec<_> = values.iter().map(|(f, v)| (*f, Some(v.as_str()))).collect();
            let record = record(0, &fields);
            for field in 0..64 {
                let expected = match values.get(&field) {
                    None => Known::NotAsked,
                    Some(v) if v.trim().is_empty() => Known::Absent,
                    Some(v) => Known::Value(v.as_str()),
                };
                prop_assert_eq!(record.get(field), expected);
            }
        }
    }
}
