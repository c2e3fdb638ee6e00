//! What the fuzz targets call (`tests/fuzz`): one function for each format, which asserts what must hold whatever comes in. The tests
//! call them too, with the corpus and mutations of it.

use std::io::Write;
use std::ops::ControlFlow;

use adrecover_core::secrets::is_secret;
use adrecover_core::source::{Direction, GapReason, Key, Selection, Source, SourceError};

pub use crate::evtx::fuzzing::evtx;
use crate::ldif::Record;
pub use crate::samba::fuzzing::{ldb_record, samba_tar, tdb};
use crate::testing::ldif::Style;
use crate::{Options, Place};

/// A target and its name.
pub type Target = (&'static str, fn(&[u8]));

/// Every target by its name.
pub const TARGETS: &[Target] = &[
    ("adexplorer", adexplorer),
    ("evtx", evtx),
    ("ldif_offline", ldif_offline),
    // Of backups of Samba.
    ("ldb_record", ldb_record),
    ("samba_tar", samba_tar),
    ("tdb", tdb),
];

/// A snapshot of AD Explorer; what is none is refused.
pub fn adexplorer(data: &[u8]) {
    let file = file(data);
    let place = Place { kind: None, path: file.path().to_owned() };
    if let Ok(mut source) = crate::open(&place, &Options { most_unpacked: 128 << 10, ..Options::default() }) {
        ask(source.as_mut());
    }
}

/// An LDIF file; what is read of it and written again is read as the same.
pub fn ldif_offline(data: &[u8]) {
    adexplorer(data);
    let records = records(data);
    let style = Style { fold: 20, coded: true, line_end: "\r\n", wide: Some(true), comments: true };
    let again = self::records(&crate::testing::ldif::file(&records, style));
    assert_eq!(records.len(), again.len());
    for (one, other) in records.iter().zip(&again) {
        assert_eq!((&one.dn, &one.body, &one.controls), (&other.dn, &other.body, &other.controls));
    }
}

/// The records of a file, whatever it is. What holds nothing is not written, so that it is left out here.
fn records(data: &[u8]) -> Vec<Record> {
    let mut out = crate::ldif::records(data);
    for record in &mut out {
        record.normalise();
    }
    out
}

fn file(data: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(data).expect("a file");
    file
}

/// Everything that can be asked of a source: answers that hold together.
fn ask(source: &mut dyn Source) {
    let mut objects = vec![];
    let counts = source.about().counts;
    let listed = source.list(&Selection::everything(), &mut |object| {
        objects.push(object);
        ControlFlow::Continue(())
    });
    assert!(!matches!(listed, Err(SourceError::Io { .. })), "{listed:?}");
    if let (Some(counts), Ok(())) = (counts, &listed) {
        assert!(objects.len() as u64 <= counts.total());
    }
    for object in objects.iter().take(20) {
        assert!(object.entry.attributes.iter().all(|a| !is_secret(&a.name)), "a secret is told");
        for attribute in &object.entry.attributes {
            let secret = matches!(object.gap(&attribute.name), Some(GapReason::Secret));
            assert!(!secret, "{} is told and not told", attribute.name);
        }
        for direction in [Direction::Holds, Direction::PointedTo] {
            let links = source.links(object, direction, &mut |_| ControlFlow::Continue(()));
            assert!(!matches!(links, Err(SourceError::Io { .. })));
        }
        let dn = object.entry.dn.parse().ok().map(Key::Dn);
        for key in object.guid.map(Key::Guid).into_iter().chain(dn) {
            let found = source.find(&key).expect("what was listed is found");
            let limit = found.len() >= adrecover_core::source::MOST_FOUND;
            assert!(limit || found.iter().any(|other| other.id == object.id), "{key:?}");
        }
    }
    let _ = source.events(None, &mut |_| ControlFlow::Continue(()));
    let _ = (source.find(&Key::Account("ada".into())), source.count(), source.damage().total());
}

#[cfg(test)]
#[path = "../../../tests/fuzz/replay.rs"]
pub(crate) mod replay;

#[cfg(test)]
mod tests {
    #[test]
    fn the_corpus_and_mutations_of_it() {
        super::replay::all(super::TARGETS, 1500);
    }
}
