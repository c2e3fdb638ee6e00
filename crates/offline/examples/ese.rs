//! Tells every value of an ESE database, decodes one for the benchmark, or writes a synthetic directory.
//!
//! ```text
//! ese dump FILE                           every value: table, row, column, values
//! ese decode FILE                         reads every value, and says how many there are
//! ese objects FILE                        reads every object of a directory, decoded
//! ese make FILE PAGESIZE USERS [OCTETS]   writes a directory, each user with a photo of so many octets
//! ese find FILE NUMBER…                   opens a directory of `make`, and finds each user of these numbers by its GUID
//! ```

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use adrecover_core::ObjectGuid;
use adrecover_core::source::{Key, Selection, Source as _};
use adrecover_offline::ese::{Cell, Column, Database, EseError, FieldError, Options, Value};
use adrecover_offline::ntds::Ntds;
use adrecover_offline::testing::ntds::{FIRST_USER, Plan, guid, write};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let out = std::io::stdout().lock();
    let mut out = BufWriter::with_capacity(1 << 16, out);
    match args.as_slice() {
        ["dump", file] => dump(&open(file)?, &mut out)?,
        ["decode", file] => decode(&open(file)?, &mut out)?,
        ["objects", file] => objects(file, &mut out)?,
        ["make", file, size, users] => make(file, size.parse()?, users.parse()?, 0)?,
        ["make", file, size, users, octets] => make(file, size.parse()?, users.parse()?, octets.parse()?)?,
        ["find", file, numbers @ ..] => find(file, numbers, &mut out)?,
        _ => return Err("what to do? The first lines of this example say what it can".into()),
    }
    out.flush()?;
    Ok(())
}

fn open(file: &str) -> Result<Database, EseError> {
    Database::open(Path::new(file), Options::default())
}

fn dump(database: &Database, out: &mut impl std::io::Write) -> Result<(), Failure> {
    let mut line = String::new();
    for table in database.tables() {
        for (n, row) in database.rows(table).enumerate() {
            let Some(record) = database.record(table, &row) else { continue };
            for column in table.columns() {
                line.clear();
                match record.get(column) {
                    Ok(Cell::Null) => continue,
                    Ok(cell) => cell.values().iter().for_each(|v| value(&mut line, column, v)),
                    Err(error) => write!(line, " !{error}")?,
                }
                writeln!(out, "{}\t{n}\t{}\t{}", table.name, column.name, line.trim_start())?;
            }
        }
    }
    told(database, out)
}

/// What occurred, and what is damaged, as comments.
fn told(database: &Database, out: &mut impl std::io::Write) -> Result<(), Failure> {
    for (what, count) in database.usage().into_iter().filter(|(_, count)| *count > 0) {
        writeln!(out, "# {what}: {count}")?;
    }
    let report = database.damage();
    writeln!(
        out,
        "# pages checked: {}, mended: {}, without a checksum: {}",
        report.checked, report.mended, report.unchecked
    )?;
    report.notes.iter().try_for_each(|note| writeln!(out, "# {note}"))?;
    report.damages.iter().try_for_each(|damage| writeln!(out, "# {damage}"))?;
    Ok(())
}

fn value(line: &mut String, column: &Column, octets: &[u8]) {
    let hex = |octets: &[u8]| octets.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let text = match Value::new(column, octets) {
        None => format!("?{}", hex(octets)),
        Some(Value::Bit(bit)) => bit.to_string(),
        Some(Value::Integer(n)) => n.to_string(),
        Some(Value::Single(n)) => hex(&n.to_le_bytes()),
        Some(Value::Double(n)) => hex(&n.to_le_bytes()),
        Some(Value::Guid(octets)) => hex(&octets),
        Some(Value::Text(text)) => format!("\"{}\"", hex(text.trim_end_matches('\0').as_bytes())),
        Some(Value::Binary(octets)) => format!("x{}", hex(&octets)),
    };
    line.push(' ');
    line.push_str(&text);
}

fn decode(database: &Database, out: &mut impl std::io::Write) -> Result<(), Failure> {
    let start = Instant::now();
    let (mut rows, mut values, mut octets) = (0u64, 0u64, 0usize);
    for table in database.tables() {
        for row in database.rows(table) {
            let Some(record) = database.record(table, &row) else { continue };
            rows += 1;
            for (column, cell) in record.cells() {
                let cell: Result<Cell<'_>, FieldError> = cell;
                for value in cell?.values() {
                    values += 1;
                    octets += match Value::new(column, value) {
                        Some(Value::Text(text)) => text.len(),
                        Some(Value::Binary(octets)) => octets.len(),
                        _ => value.len(),
                    };
                }
            }
        }
    }
    writeln!(out, "{rows} rows, {values} values, {octets} octets, {:.3} s", start.elapsed().as_secs_f64())?;
    told(database, out)
}

fn objects(file: &str, out: &mut impl std::io::Write) -> Result<(), Failure> {
    let start = Instant::now();
    let mut directory = Ntds::open(Path::new(file), file, Options::default())?;
    let (mut count, mut values) = (0u64, 0u64);
    directory.list(&Selection::everything(), &mut |object| {
        count += 1;
        values += object.entry.attributes.iter().map(|a| a.values.len() as u64).sum::<u64>();
        ControlFlow::Continue(())
    })?;
    writeln!(out, "{count} objects, {values} values, {:.3} s", start.elapsed().as_secs_f64())?;
    told(directory.database(), out)
}

fn make(file: &str, page_size: usize, users: u32, photo: usize) -> Result<(), Failure> {
    // Pages of several trees go out in turn: a large buffer would be flushed at each.
    write(File::create(file)?, &Plan { photo, ..Plan::new(page_size, users) })?;
    Ok(())
}

/// Milliseconds for opening, and for each of the users; and how many pages were read.
fn find(file: &str, numbers: &[&str], out: &mut impl std::io::Write) -> Result<(), Failure> {
    let start = Instant::now();
    let mut directory = Ntds::open(Path::new(file), file, Options::default())?;
    let mut pages = directory.database().damage().checked;
    writeln!(out, "open {:.4} ms {pages} pages", start.elapsed().as_secs_f64() * 1000.0)?;
    for number in numbers {
        let key = Key::Guid(ObjectGuid::from_wire(&guid(FIRST_USER + number.parse::<u32>()?))?);
        let start = Instant::now();
        let found = directory.find(&key)?;
        let time = start.elapsed().as_secs_f64() * 1000.0;
        let read = directory.database().damage().checked - pages;
        pages += read;
        let name = found.first().map(|object| object.entry.dn.as_str()).ok_or("it is not there")?;
        writeln!(out, "found {time:.4} ms {read} pages {name}")?;
    }
    Ok(())
}
