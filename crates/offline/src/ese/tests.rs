//! Databases of the real engine, and of the writer for tests.

use std::io::{Cursor as Memory, Read as _};
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::damage::Fault;
use super::*;
use crate::testing::ese::{
    self as writer, Checksums, Format, Index as Written, Tagged, Writer, compress, kind,
};
use crate::testing::ntds::{Plan, write};

/// The sample databases: the folder in `ADRECOVER_SAMPLES`, else the usual one beside the project. Where continuous integration
/// lacks them, that is an error.
pub(crate) fn samples() -> Option<PathBuf> {
    let given = std::env::var_os("ADRECOVER_SAMPLES").filter(|v| !v.is_empty());
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = given.map_or(usual, PathBuf::from).join("ese");
    if folder.is_dir() {
        return Some(folder);
    }
    let is_ci = std::env::var_os("CI").is_some_and(|v| !v.is_empty());
    assert!(!is_ci, "ADRECOVER_SAMPLES does not name the folder of ese");
    eprintln!("skipped: no ese in the folder of ADRECOVER_SAMPLES");
    None
}

/// A sample, decompressed.
pub(crate) fn sample(folder: &Path, name: &str) -> Vec<u8> {
    let file = std::fs::File::open(folder.join(format!("{name}.gz"))).unwrap();
    let mut octets = Vec::new();
    flate2::read::GzDecoder::new(file).read_to_end(&mut octets).unwrap();
    octets
}

fn open(octets: Vec<u8>) -> Database {
    Database::new(Box::new(octets), Options::default()).unwrap()
}

/// The values of a column in all rows of a table.
fn column(database: &Database, table: &str, name: &str) -> Vec<Vec<Value>> {
    let table = database.table(table).unwrap();
    let column = table.column(name).unwrap();
    let rows = database.rows(table).map(|row| {
        let cell = database.record(table, &row).unwrap().get(column).unwrap();
        cell.values().iter().map(|v| Value::new(column, v).unwrap()).collect()
    });
    rows.collect()
}

fn text(text: &str) -> Vec<Value> {
    vec![Value::Text(text.to_owned())]
}

#[test]
fn every_page_of_the_real_databases_has_the_right_checksum() {
    let Some(folder) = samples() else { return };
    for name in [
        "basic.edb",
        "binary.edb",
        "default.edb",
        "index.edb",
        "multi.edb",
        "text.edb",
        "SRUDB.dat",
        "Current.mdb",
    ] {
        let octets = sample(&folder, name);
        let size = Header::read(&octets).unwrap().page_size;
        assert!(Header::read(&octets).unwrap().is_intact, "{name}");
        let pages = (octets.len() / size) as u32 - 2;
        let mut right = 0;
        for number in 1..=pages {
            let at = (number as usize + 1) * size;
            let verdict = checksum::check(&mut octets[at..at + size].to_vec(), number);
            right += u32::from(verdict == checksum::Verdict::Right(checksum::Checksum::Ecc));
            // Free space of one of them has the remains of another file; no tree leads there.
            let known = matches!(verdict, checksum::Verdict::Right(_) | checksum::Verdict::Blank);
            assert!(known || name == "SRUDB.dat", "{name}: page {number}: {verdict:?}");
        }
        assert!(right > 20, "{name}: {right} of {pages}");
    }
    let octets = sample(&folder, "large.edb");
    for number in 1..=(octets.len() / 32768) as u32 - 2 {
        let at = (number as usize + 1) * 32768;
        let verdict = checksum::check(&mut octets[at..at + 32768].to_vec(), number);
        let four = checksum::Verdict::Right(checksum::Checksum::EccFour);
        assert!(verdict == four || verdict == checksum::Verdict::Blank, "page {number}: {verdict:?}");
    }
}

#[test]
fn values_of_the_real_databases() {
    let Some(folder) = samples() else { return };
    let basic = open(sample(&folder, "basic.edb"));
    assert_eq!(
        column(&basic, "basic", "Long"),
        [[Value::Integer(-13_371_337)], [Value::Integer(13_391_339)]]
    );
    assert_eq!(column(&basic, "basic", "GUID")[1], []);
    assert!(
        basic.header().closed.is_some_and(|t| adrecover_core::time::rfc3339(t) == "2022-08-19T11:46:33Z")
    );
    let default = open(sample(&folder, "default.edb"));
    assert_eq!(column(&default, "default", "ASCII"), [text("Short default ASCII")]);
    assert_eq!(column(&default, "default", "Unicode"), [text("Short default Unicode \u{1f98a}")]);
    let multi = open(sample(&folder, "multi.edb"));
    let values = column(&multi, "multi", "LongCompressedUnicode");
    assert!(values[0].len() > 1, "{values:?}");
    assert_eq!(column(&multi, "multi", "Long")[0].len(), 3);
    let table = multi.table("multi").unwrap();
    for row in multi.rows(table) {
        multi.record(table, &row).unwrap().cells().for_each(|(_, cell)| assert!(cell.is_ok()));
    }
    let usage = multi.usage();
    let count = |name: &str| usage.iter().find(|(n, _)| *n == name).unwrap().1;
    assert!(count("multi-values") > 0 && count("pairs of values") > 0);
    for name in ["basic.edb", "default.edb", "multi.edb", "large.edb", "SRUDB.dat", "Current.mdb"] {
        let database = open(sample(&folder, name));
        for table in database.tables() {
            let rows = database.rows(table).filter(|row| database.record(table, row).is_some());
            assert!(
                rows.count() > 0
                    || ["VIRTUALMACHINES", "SruDbCheckpointTable"].contains(&table.name.as_ref())
            );
        }
        let report = database.damage();
        assert_eq!((report.damages, report.unchecked, report.mended), (vec![], 0, 0), "{name}");
    }
}

/// Each index of the real database of indexes, by the key that is made here of the row's own value.
#[test]
fn keys_of_the_real_indexes() {
    let Some(folder) = samples() else { return };
    let mut tried = 0;
    for name in ["index.edb", "SRUDB.dat", "Current.mdb"] {
        let database = open(sample(&folder, name));
        for table in database.tables() {
            for index in table.indexes.iter().filter(|i| !i.is_primary) {
                let column = table.column_by_id(index.columns[0]).unwrap();
                for row in database.rows(table).take(50) {
                    let record = database.record(table, &row).unwrap();
                    let Ok(Cell::One(value)) = record.get(column) else { continue };
                    let Some(key) = database.key(table, index, &value) else { continue };
                    let found = database.entries(index, &key).unwrap().next().unwrap().unwrap();
                    assert!(
                        found.starts_with(&key),
                        "{name}: {} by {:02x?}: {:02x?}",
                        index.name,
                        key,
                        found.key()
                    );
                    let entries = database.entries(index, &key).unwrap().map_while(Result::ok);
                    let mut entries = entries.take_while(|e| e.starts_with(&key));
                    assert!(
                        entries.any(|e| e.data() == row.key()),
                        "{name}: {} does not lead back",
                        index.name
                    );
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 200, "{tried}");
}

/// Rows with everything that a record can have, in both layouts.
fn written(format: Format, rows: u32) -> Vec<u8> {
    let mut w = Writer::new(Memory::new(Vec::new()), format);
    let columns = vec![
        writer::Column::new(1, "Id", kind::LONG),
        writer::Column::new(2, "Short", kind::SHORT),
        writer::Column::new(128, "Bytes", kind::BINARY),
        writer::Column::new(129, "Text", kind::TEXT),
        writer::Column::new(256, "Long", kind::LONG_TEXT),
        writer::Column::new(257, "Photo", kind::LONG_BINARY),
        writer::Column::new(258, "Many", kind::LONG_TEXT).with_flags(8),
    ];
    let index = Written { name: "Id".into(), columns: vec![1] };
    let mut table = w.table("things", columns, &[index]).unwrap();
    let mut long = w.long_values(&table).unwrap();
    for n in 0..rows {
        let plain = |v: &[u8]| Tagged::Plain(v.to_vec());
        let mut values = vec![(1, plain(&n.to_le_bytes()))];
        values.extend((n % 2 == 0).then(|| (2, plain(&(n as u16).to_le_bytes()))));
        values.extend((n % 3 == 0).then(|| (128, plain(&vec![n as u8; (n % 50) as usize]))));
        values.push((129, plain(&wide(&format!("text {n}")))));
        let sentence = format!("the quick brown fox number {n}").repeat(1 + n as usize % 4);
        let packed = match n % 3 {
            0 => Tagged::Compressed(compress::xpress(&wide(&sentence))),
            1 => Tagged::Compressed(compress::seven_bit_unicode(&wide(&sentence))),
            _ => plain(&wide(&sentence)),
        };
        values.push((256, packed));
        if n % 10 == 0 {
            let photo = photo(n);
            values.push((257, Tagged::Long(long.add(&mut w, &photo, n % 20 == 0).unwrap())));
        }
        values.push((258, Tagged::Many(vec![wide("a"), wide(""), wide(&format!("{n}"))])));
        table.row(&mut w, key::signed(n.to_le_bytes()), &values).unwrap();
    }
    table.finish(&mut w).unwrap();
    long.finish(&mut w).unwrap();
    w.finish().unwrap().into_inner()
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn photo(n: u32) -> Vec<u8> {
    (0..20_000 + n).map(|at| (at / 100) as u8).collect()
}

fn formats() -> Vec<Format> {
    let mut all: Vec<Format> = [4096, 8192, 16384, 32768].map(Format::new).into();
    all.push(Format { checksums: Checksums::Old, prefixes: false, ..Format::new(8192) });
    all.push(Format { checksums: Checksums::None, ..Format::new(4096) });
    all
}

#[test]
fn what_was_written_is_read() {
    for format in formats() {
        let database = open(written(format, 3000));
        let table = database.table("THINGS").unwrap();
        assert_eq!(database.header().page_size, format.page_size);
        let mut count = 0u32;
        for (n, row) in (0u32..).zip(database.rows(table)) {
            let record = database.record(table, &row).unwrap();
            let get = |name: &str| {
                let column = table.column(name).unwrap();
                let cell = record.get(column).unwrap();
                cell.values().iter().map(|v| Value::new(column, v).unwrap()).collect::<Vec<_>>()
            };
            assert_eq!(get("Id"), [Value::Integer(n.into())]);
            assert_eq!(get("Short").is_empty(), n % 2 != 0);
            assert_eq!(get("Bytes").len(), usize::from(n % 3 == 0));
            assert_eq!(get("Text"), text(&format!("text {n}")));
            let sentence = format!("the quick brown fox number {n}").repeat(1 + n as usize % 4);
            assert_eq!(get("Long"), text(&sentence), "{n} of {}", format.page_size);
            if n % 10 == 0 {
                assert_eq!(get("Photo"), [Value::Binary(photo(n))]);
            }
            assert_eq!(get("Many"), [text("a"), text(""), text(&format!("{n}"))].concat());
            count += 1;
        }
        assert_eq!(count, 3000);
        let report = database.damage();
        assert_eq!(report.damages, []);
        assert_eq!(report.unchecked > 0, format.checksums == Checksums::None);
        for n in [0u32, 1, 77, 1500, 2999] {
            let row = database.row(table, &key::signed(n.to_le_bytes())).unwrap().unwrap();
            let record = database.record(table, &row).unwrap();
            assert_eq!(record.get(table.column("Id").unwrap()).unwrap().first(), Some(&n.to_le_bytes()[..]));
        }
        assert!(database.row(table, &key::signed(3000u32.to_le_bytes())).unwrap().is_none());
    }
}

/// Looking a row up reads the tree's height in pages, whatever the size.
#[test]
fn a_row_is_found_in_a_few_pages() {
    let database = open(written(Format::new(4096), 20_000));
    let table = database.table("things").unwrap();
    let before = database.damage().checked;
    assert!(database.row(table, &key::signed(12_345u32.to_le_bytes())).unwrap().is_some());
    let read = database.damage().checked - before;
    assert!((2..=5).contains(&read), "{read} pages");
}

#[test]
fn a_dirty_database_is_refused_unless_it_may_be() {
    let file = written(Format { state: 2, ..Format::new(8192) }, 10);
    let refused = Database::new(Box::new(file.clone()), Options::default()).err().unwrap();
    assert!(matches!(refused, EseError::Dirty(State::DirtyShutdown)), "{refused}");
    assert!(
        refused.hint().is_some_and(|hint| hint.contains("esentutl /r") && hint.contains("--allow-dirty"))
    );
    let options = Options { allow_dirty: true, ..Options::default() };
    let database = Database::new(Box::new(file), options).unwrap();
    assert!(database.is_dirty() && database.damage().notes.iter().any(|n| n.contains("not closed cleanly")));
}

#[test]
fn a_damaged_header_and_catalog_have_copies() {
    let good = written(Format::new(4096), 50);
    let mut file = good.clone();
    file[100] ^= 0xff;
    let database = open(file);
    assert!(database.header().is_shadow);
    let mut file = good.clone();
    file[5 * 4096 + 500..5 * 4096 + 600].fill(0x5a);
    let database = open(file);
    assert_eq!(database.rows(database.table("things").unwrap()).count(), 50);
    assert!(database.damage().notes.iter().any(|n| n.contains("copy")), "{:?}", database.damage());
    let not = Database::new(Box::new(vec![0u8; 100_000]), Options::default()).err().unwrap();
    assert!(matches!(not, EseError::NotEse) && not.hint().is_some());
}

#[test]
fn a_damaged_page_costs_what_is_on_it() {
    let good = written(Format::new(4096), 3000);
    let database = open(good.clone());
    let table = database.table("things").unwrap();
    let mut on_page = std::collections::BTreeMap::<u32, usize>::new();
    database.rows(table).for_each(|row| *on_page.entry(row.page()).or_default() += 1);
    let (&page, &rows) = on_page.iter().nth(20).unwrap();
    let mut file = good.clone();
    file[(page as usize + 1) * 4096 + 300..][..8].fill(0xa5);
    let damaged = open(file);
    assert_eq!(damaged.rows(damaged.table("things").unwrap()).count(), 3000 - rows);
    let report = damaged.damage();
    assert_eq!(report.damages, [Damage { page, fault: Fault::Checksum }]);
    assert_eq!(report.damages[0].to_string(), format!("page {page}: its checksum is wrong"));
    // A single wrong bit is mended.
    let mut file = good.clone();
    file[(page as usize + 1) * 4096 + 300] ^= 4;
    let mended = open(file);
    assert_eq!(mended.rows(mended.table("things").unwrap()).count(), 3000);
    assert_eq!((mended.damage().mended, mended.damage().damages.len()), (1, 0));
    // The file ends early.
    let mut file = good;
    file.truncate((page as usize + 1) * 4096 + 100);
    if let Ok(cut) = Database::new(Box::new(file), Options::default()) {
        let left = cut.rows(cut.table("things").unwrap()).count();
        assert!(left < 3000 && cut.damage().is_damaged());
    }
}

/// A branch is lost: the leaves below it are reached from their neighbours.
#[test]
fn a_damaged_branch_is_gone_round() {
    let good = written(Format::new(4096), 20_000);
    let database = open(good.clone());
    let root = database.table("things").unwrap().root;
    let page = database.pager().page(root).unwrap();
    assert!(page.len() > 2, "the tree has three levels");
    let branch = page.child(1).unwrap();
    let mut file = good;
    file[(branch as usize + 1) * 4096 + 300..][..8].fill(0xa5);
    let damaged = open(file);
    assert_eq!(damaged.rows(damaged.table("things").unwrap()).count(), 20_000);
    assert_eq!(damaged.damage().damages, [Damage { page: branch, fault: Fault::Checksum }]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Octets of any pages may be wrong, with and without checksums: everything else is read, nothing breaks.
    #[test]
    fn damage_anywhere_ends_well(
            which in 0usize..6,
            places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
        ) {
        let mut file = written(formats()[which], 100);
        let head = 2 * formats()[which].page_size;
        for (place, octet) in places {
            let at = head + place.index(file.len() - head);
            file[at] = octet;
        }
        if let Ok(database) = Database::new(Box::new(file), Options::default()) {
            for table in database.tables() {
                for row in database.rows(table) {
                    if let Some(record) = database.record(table, &row) {
                        record.cells().for_each(drop);
                    }
                }
            }
            prop_assert!(database.damage().damages.len() <= 1000);
        }
    }
}

/// The other writer knows nothing of this one: its files are read, and say that they have no checksums.
#[test]
fn files_of_another_writer() {
    let Some(folder) = samples() else { return };
    for (name, size) in [("synthetic-8k.dit", 8192), ("synthetic-32k.dit", 32768)] {
        let database = open(sample(&folder, name));
        assert_eq!(database.header().page_size, size);
        assert_eq!(database.rows(database.table("datatable").unwrap()).count(), 2052);
        assert_eq!(database.rows(database.table("link_table").unwrap()).count(), 2000);
        assert!(database.damage().unchecked > 0 && !database.damage().is_damaged());
    }
}

/// Memory does not grow with the file: only pages of the cache are kept.
#[test]
fn a_directory_of_thousands_is_whole() {
    for size in [8192, 32768] {
        let file = write(Memory::new(Vec::new()), &Plan::new(size, 2000)).unwrap().into_inner();
        let database = open(file);
        let table = database.table("datatable").unwrap();
        assert_eq!(database.rows(table).count(), 2000 + 15 + 43 + 10 + 1);
        assert!(!database.damage().is_damaged());
    }
}
