//! Files of other programs, of other versions, and that are none.

use adrecover_journal::{Journal, JournalError, Options, Status, Writer};
use rusqlite::Connection;

use super::support::*;

fn errors(place: &Place) -> (JournalError, JournalError) {
    let writer = Writer::open(&place.path, FOREST, &Options::default()).map(drop).unwrap_err();
    (writer, Journal::open(&place.path, None).map(drop).unwrap_err())
}

/// A journal that a program wrote whose newest format was 1. It is never written anew: each later program has to open it.
const FORMAT_1: &str = include_str!("format-1.sql");

fn old(place: &Place) {
    make(&place.path);
    Connection::open(&place.path).unwrap().execute_batch(FORMAT_1).unwrap();
}

#[test]
fn an_older_file_is_opened_and_understood() {
    let Some(place) = Place::file() else { return };
    old(&place);
    let writer = place.writer();
    let journal = writer.journal();
    let lost = journal.lost(guid(10)).unwrap().unwrap();
    assert_eq!(
        (lost.dn.as_str(), lost.referrers.len(), lost.links.len()),
        ("CN=Ada,OU=Staff,DC=contoso,DC=com", 2, 1)
    );
    assert_eq!(
        lost.attributes.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(),
        ["userPrincipalName", "mail"]
    );
    assert_eq!(lost.attributes[1].stamp, Some(stamp(20, 2)));
    let photo = journal.at(guid(11), time(39)).unwrap().unwrap();
    assert_eq!(photo.attribute("thumbnailPhoto").unwrap().values[0].len(), 700);
    // It goes on from there.
    assert_eq!(journal.contexts().unwrap()[0].cursor, Some(cursor(1)));
    follow(&writer, 50, vec![object(11, "", &[("mail", "grace@contoso.com")])]);
    let history = writer.journal().history(guid(11)).unwrap();
    assert_eq!(history.last().unwrap().attributes[0].name, "mail");
}

/// How it was made: with `JOURNAL_FORMAT_1=/a/folder`, and `sqlite3 changes-contoso.com.db .dump` there, with the two pragmas that a
/// dump leaves out.
#[test]
#[ignore = "makes the file of format 1"]
fn make_format_1() {
    let path =
        std::path::Path::new(&std::env::var("JOURNAL_FORMAT_1").unwrap()).join("changes-contoso.com.db");
    let place = Place { at: (&path).into(), path, ..Place::new() };
    let mut company = company();
    company[4].attributes.extend(object(11, "", &[("thumbnailPhoto", &"p".repeat(700))]).attributes);
    let writer = place.writer();
    read_all(&writer, 0, company);
    follow(&writer, 30, vec![object(10, "", &[("mail", "ada@fabrikam.com")]).stamped(20, 2)]);
    follow(&writer, 40, vec![ada_deleted(35)]);
}

#[test]
fn a_newer_file_is_refused_and_left_alone() {
    let Some(place) = Place::file() else { return };
    read_all(&place.writer(), 0, company());
    Connection::open(&place.path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = std::fs::read(&place.path).unwrap();
    let (writer, reader) = errors(&place);
    assert!(matches!(writer, JournalError::NewerFormat { found: 99, .. }), "{writer}");
    assert!(matches!(reader, JournalError::NewerFormat { .. }), "{reader}");
    assert_eq!(std::fs::read(&place.path).unwrap(), before);
}

#[test]
fn what_is_no_journal_is_not_written_to() {
    if Place::file().is_none() {
        return;
    }
    let other = Place::new();
    let connection = Connection::open(&other.path).unwrap();
    connection.execute_batch("CREATE TABLE operations (id TEXT); PRAGMA user_version = 2").unwrap();
    let foreign = std::fs::read(&other.path).unwrap();
    for octets in [foreign, b"".to_vec(), b"# a text".to_vec(), vec![7; 20_000]] {
        let place = Place::new();
        make(&place.path);
        std::fs::write(&place.path, &octets).unwrap();
        let (writer, reader) = errors(&place);
        assert!(matches!(writer, JournalError::NotAJournal { .. }), "{writer}");
        assert!(matches!(reader, JournalError::NotAJournal { .. }), "{reader}");
        assert!(writer.is_damage());
        assert_eq!(std::fs::read(&place.path).unwrap(), octets);
    }
}

#[test]
fn a_beginning_that_was_cut_short_is_begun_again() {
    let Some(place) = Place::file() else { return };
    let new = place.folder.path().join("changes-contoso.com.db.new");
    std::fs::write(&new, b"half a file").unwrap();
    read_all(&place.writer(), 0, company());
    assert_eq!(place.journal().guids(Status::Live).unwrap().len(), 7);
    assert!(!new.exists());
}
