//! Who may read and write the file.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use adrecover_journal::{Journal, JournalError, Options, Writer};

use super::support::*;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

#[test]
fn the_owner_writes_and_the_group_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/changes-x.db");
    let writer = Writer::open(&path, "x", &Options::default()).unwrap();
    writer.ingest(&batch(adrecover_core::change::Phase::Full, company()), time(0)).unwrap();
    assert_eq!(mode(path.parent().unwrap()), 0o750);
    for entry in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o640, "{}", path.display());
    }
}

#[test]
fn what_others_can_write_is_refused() {
    let Some(place) = Place::file() else { return };
    drop(place.writer());
    for part in [place.path.as_path(), place.folder.path()] {
        let before = mode(part);
        set(part, before | 0o020);
        let writer = Writer::open(&place.path, FOREST, &place.options);
        assert!(matches!(writer, Err(JournalError::WritableByOthers { .. })), "{writer:?}");
        let reader = Journal::open(&place.path, None);
        assert!(matches!(reader, Err(JournalError::WritableByOthers { .. })), "{reader:?}");
        set(part, before);
    }
    place.writer();
}

#[test]
fn there_is_one_writer_and_any_number_of_readers() {
    let place = Place::new();
    let writer = place.writer();
    let second = Writer::open(&place.at, FOREST, &place.options);
    assert!(matches!(second, Err(JournalError::InUse { .. })), "{second:?}");
    read_all(&writer, 0, company());
    let (one, two) = (place.journal(), place.journal());
    follow(&writer, 40, vec![ada_deleted(35)]);
    assert_eq!(one.now(guid(10)).unwrap(), two.now(guid(10)).unwrap());
    assert!(one.lost(guid(10)).unwrap().is_some());
    drop(writer);
    assert!(one.lost(guid(10)).unwrap().is_some());
    place.writer();
}

/// What the test below runs as another user.
#[test]
fn reads_as_a_member_of_the_group() {
    let Ok(path) = std::env::var("JOURNAL_TO_READ") else { return };
    let journal = Journal::open(Path::new(&path), None).unwrap();
    assert!(journal.lost(guid(10)).unwrap().is_some());
    assert!(Writer::open(Path::new(&path), FOREST, &Options::default()).is_err());
}

/// A reader can write neither the file nor its folder, while the agent writes, after it has ended, and of a copy. Needs root.
#[test]
fn a_member_of_the_group_reads() {
    const NOBODY: u32 = 65_534;
    let Some(place) = Place::file() else { return };
    if std::fs::metadata(place.folder.path()).unwrap().uid() != 0 {
        return;
    }
    let as_nobody = |path: &Path| {
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "access::reads_as_a_member_of_the_group"])
            .env("JOURNAL_TO_READ", path)
            .current_dir("/")
            .gid(NOBODY)
            .uid(NOBODY)
            .output()
            .unwrap();
        assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stdout));
    };
    // The test program has to be where another user can run it.
    let program = std::env::current_exe().unwrap();
    if Command::new(&program).arg("--list").current_dir("/").gid(NOBODY).uid(NOBODY).output().is_err() {
        return;
    }
    set(place.folder.path(), 0o750);
    std::os::unix::fs::chown(place.folder.path(), None, Some(NOBODY)).unwrap();
    let writer = place.writer();
    read_all(&writer, 0, company());
    follow(&writer, 40, vec![ada_deleted(35)]);
    for entry in std::fs::read_dir(place.folder.path()).unwrap() {
        std::os::unix::fs::chown(entry.unwrap().path(), None, Some(NOBODY)).unwrap();
    }
    as_nobody(&place.path);
    drop(writer);
    as_nobody(&place.path);
    let copy = place.folder.path().join("copy.db");
    std::fs::copy(&place.path, &copy).unwrap();
    std::os::unix::fs::chown(&copy, None, Some(NOBODY)).unwrap();
    as_nobody(&copy);
}

#[test]
fn no_journal_is_told_from_an_empty_one() {
    let place = Place::new();
    assert!(matches!(Journal::open(&place.at, None), Err(JournalError::Missing { .. })));
    drop(place.writer());
    assert_eq!(place.journal().status().unwrap().objects.live, 0);
    assert!(!has_file(place.folder.path(), "changes-contoso.com.db.new"));
}

#[test]
fn another_forest_is_not_mixed_in() {
    let place = Place::new();
    drop(place.writer());
    let other = Writer::open(&place.at, "fabrikam.com", &place.options);
    assert!(matches!(other, Err(JournalError::OtherForest { .. })), "{other:?}");
    assert_eq!(place.journal().forest(), FOREST);
    Writer::open(&place.at, "CONTOSO.com", &place.options).unwrap();
}
