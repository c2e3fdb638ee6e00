//! What the fuzz targets call (`tests/fuzz`), and the tests with the corpus and mutations of it.
//!
//! A database is too large to be an input. An input is what is changed in one: the first octet says which, then each change is a
//! page, a place in it, how many octets, and these.

use std::ops::ControlFlow;
use std::sync::OnceLock;

use adrecover_core::secrets::is_secret;
use adrecover_core::source::{Direction, Key, Object, Selection, Source};

use super::{Database, Options, Value};
use crate::ntds::Ntds;
use crate::testing::ese::{Checksums, Format};
use crate::testing::ntds::{FIRST_USER, Plan, guid, write};

/// A target and its name.
pub type Target = (&'static str, fn(&[u8]));

/// Every target by its name.
pub const TARGETS: &[Target] = &[("ese", ese), ("ntds", ntds)];

/// Values are not longer than this there.
const LONGEST: usize = 1 << 18;

/// Without checksums, so that what is changed is read; and one with them, in large pages.
fn templates() -> &'static [Vec<u8>; 3] {
    static TEMPLATES: OnceLock<[Vec<u8>; 3]> = OnceLock::new();
    TEMPLATES.get_or_init(|| {
        [(4096, Checksums::None), (8192, Checksums::None), (32768, Checksums::Ecc)].map(
            |(size, checksums)| {
                let format = Format { checksums, ..Format::new(size) };
                let plan = Plan { format, ..Plan::new(size, 20) };
                let file = write(std::io::Cursor::new(Vec::new()), &plan).expect("memory can be written");
                file.into_inner()
            },
        )
    })
}

/// The database that an input makes.
fn changed(data: &[u8]) -> Vec<u8> {
    let (which, mut rest) = data.split_first().map_or((0, data), |(first, rest)| (usize::from(*first), rest));
    let mut file = templates()[which % 3].clone();
    let size = [4096, 8192, 32768][which % 3];
    while let [page, low, high, length, more @ ..] = rest {
        let at = usize::from(*page) * size + usize::from(u16::from_le_bytes([*low, *high])) % size;
        let (octets, after) = more.split_at(usize::from(*length).min(more.len()));
        rest = after;
        if let Some(place) = file.get_mut(at..at + octets.len()) {
            place.copy_from_slice(octets);
        } else if *page == 0xff {
            file.truncate(at);
        }
    }
    file
}

fn options() -> Options {
    Options { allow_dirty: true, max_value: LONGEST }
}

/// Every value of a damaged database can be asked for.
pub fn ese(data: &[u8]) {
    let Ok(database) = Database::new(Box::new(changed(data)), options()) else { return };
    for table in database.tables() {
        for row in database.rows(table) {
            let Some(record) = database.record(table, &row) else { continue };
            for (column, cell) in record.cells() {
                let Ok(cell) = cell else { continue };
                for value in cell.values() {
                    assert!(value.len() <= LONGEST);
                    if let Some(Value::Binary(octets)) = Value::new(column, value) {
                        assert_eq!(octets, value.as_ref());
                    }
                }
            }
        }
    }
    let report = database.damage();
    assert!(report.damages.len() <= 1000);
}

/// Every object of a damaged directory can be asked for, and nothing secret comes out.
pub fn ntds(data: &[u8]) {
    let Ok(mut directory) = Ntds::new(Box::new(changed(data)), "fuzzed", options()) else { return };
    let mut some: Vec<Object> = Vec::new();
    let listed = directory.list(&Selection::everything(), &mut |object| {
        assert!(object.entry.attributes.iter().all(|a| !is_secret(&a.name)), "a secret is told");
        if some.len() < 40 {
            some.push(object);
        }
        ControlFlow::Continue(())
    });
    assert!(listed.is_ok());
    for object in &some {
        for direction in [Direction::Holds, Direction::PointedTo] {
            let told = directory.links(object, direction, &mut |_| ControlFlow::Continue(()));
            assert!(told.is_ok());
        }
    }
    let guid = adrecover_core::ObjectGuid::from_wire(&guid(FIRST_USER + 1)).expect("16 octets");
    for key in [Key::Guid(guid), Key::Account("USER0000002".into()), Key::Name("user0000009".into())] {
        if let Ok(found) = directory.find(&key) {
            assert!(found.iter().all(|object| key.matches(object)));
        }
    }
    assert!(directory.damage().first().len() <= 100);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corpus_and_mutations_of_it() {
        crate::fuzzing::replay::all(TARGETS, 200);
    }

    /// Otherwise nothing behind the opening would be tried.
    #[test]
    fn an_empty_input_changes_nothing() {
        for which in 0..3u8 {
            let mut directory = Ntds::new(Box::new(changed(&[which])), "plain", Options::default()).unwrap();
            assert_eq!(directory.count().unwrap().total(), 20 + 13 + 43 + 10 + 1);
            assert!(directory.damage().is_empty());
        }
        let broken = changed(&[0, 6, 0, 0, 1, 0xff]);
        assert_ne!(broken, changed(&[0]));
    }
}
