//! Values of the directory, as they are shown.

use adrecover_core::Entry;
use adrecover_core::text::printable;

use super::assert_harmless;
use crate::commands::show::decode;
use crate::printer::rows::csv_line;
use crate::printer::table::{Column, Table};

/// An entry, an attribute in each line: `name=value`.
pub fn shown_values(data: &[u8]) {
    let mut entry = Entry::new("CN=a");
    for line in data.split(|b| *b == b'\n') {
        if let Some(at) = line.iter().position(|b| *b == b'=') {
            entry = entry.with(&String::from_utf8_lossy(&line[..at]), [&line[at + 1..]]);
        }
    }
    let attributes = decode::attributes(&entry);
    assert!(!attributes.keys().any(|name| name.eq_ignore_ascii_case("nTSecurityDescriptor")));
    let column = |title, may_shrink, right| Column { title, may_shrink, right };
    let mut table = Table::new([column("NAME", false, false), column("VALUE", true, true)]);
    for (name, values) in &attributes {
        for value in values {
            let shown = decode::for_people(value);
            assert!(shown.len() <= value.len() + 60);
            table.row([name, &shown]);
            cells(name, value);
        }
    }
    for width in [None, Some(40), Some(1)] {
        assert_harmless(&table.render(width));
    }
    for (name, remark) in decode::remarks(&entry) {
        assert!(!remark.is_empty() && entry.has(&name));
        assert_eq!(printable(&remark), remark);
    }
}

/// A line of CSV is read back as what it was, printable, and no cell is a formula.
fn cells(name: &str, value: &str) {
    let line = csv_line([name, value]).expect("a line of CSV");
    assert_harmless(std::str::from_utf8(&line).expect("it is text"));
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_slice());
    let records: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("it is CSV");
    let [record] = records.as_slice() else { unreachable!("{} lines", records.len()) };
    for (cell, raw) in record.iter().zip([name, value]) {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell} is a formula");
        assert!(cell.ends_with(&*printable(raw)));
    }
}
