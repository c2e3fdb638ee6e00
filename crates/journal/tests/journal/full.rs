//! No room: nothing is lost and nothing is doubled.

use std::path::Path;
use std::process::Command;

use adrecover_core::change::{ObjectChange, Phase};
use adrecover_journal::{JournalError, Options, Status, Writer};

use super::support::*;

/// Objects of a batch, of some kilobytes each.
fn objects(part: u8) -> Vec<ObjectChange> {
    (0..10)
        .map(|n| {
            let n = 30 + part * 10 + n;
            let text = format!("{n}-").repeat(1000);
            object(n, &format!("CN=User {n},OU=Staff,DC=contoso,DC=com"), &[("description", &text)]).below(2)
        })
        .collect()
}

/// Writes batches until there is no room, and says how many are kept.
fn fill(writer: &Writer) -> u8 {
    read_all(writer, 0, company());
    let kept = (0..20).position(|part| {
        let mut batch = batch(Phase::Following, objects(part));
        batch.cursor = Some(cursor(u64::from(part) + 2));
        match writer.ingest(&batch, time(10)) {
            Ok(outcome) => {
                assert_eq!(outcome.created, 10);
                false
            }
            Err(error) => {
                assert!(matches!(error, JournalError::Full { .. }), "{error}");
                true
            }
        }
    });
    kept.expect("there was room for all") as u8
}

/// What is kept is what was kept, and where to go on.
fn check(writer: &Writer, parts: u8) {
    let journal = writer.journal();
    assert_eq!(journal.contexts().unwrap()[0].cursor, Some(cursor(u64::from(parts) + 1)));
    assert_eq!(journal.guids(Status::Live).unwrap().len(), 7 + usize::from(parts) * 10);
    assert_eq!(journal.status().unwrap().changes, u64::from(parts) * 10);
    assert_eq!(journal.check().unwrap(), Vec::<String>::new());
}

#[test]
fn at_the_limit_of_the_file_nothing_of_a_batch_is_kept() {
    if Place::file().is_none() {
        return;
    }
    let place = Place { options: Options { key: None, max_octets: Some(300_000) }, ..Place::new() };
    let writer = place.writer();
    let parts = fill(&writer);
    assert!(parts > 1);
    check(&writer, parts);
    // It goes on as soon as there is room, in the same process or another.
    assert!(matches!(
        writer.ingest(&batch(Phase::Following, objects(parts)), time(20)),
        Err(JournalError::Full { .. })
    ));
    follow(&writer, 30, vec![object(10, "", &[("title", "x")])]);
    drop(writer);
    let writer = Writer::open(&place.path, FOREST, &Options::default()).unwrap();
    let mut batch = batch(Phase::Following, objects(parts));
    batch.cursor = Some(cursor(u64::from(parts) + 2));
    assert_eq!(writer.ingest(&batch, time(40)).unwrap().created, 10);
    assert_eq!(writer.journal().status().unwrap().changes, u64::from(parts + 1) * 10 + 1);
}

/// What the test below runs where a small file system is mounted.
#[test]
fn fills_a_file_system() {
    let Ok(folder) = std::env::var("JOURNAL_SMALL_DISK") else { return };
    let path = Path::new(&folder).join("changes-contoso.com.db");
    let writer = Writer::open(&path, FOREST, &Options::default()).unwrap();
    let parts = fill(&writer);
    check(&writer, parts);
    std::fs::remove_file(Path::new(&folder).join("ballast")).unwrap();
    let mut batch = batch(Phase::Following, objects(parts));
    batch.cursor = Some(cursor(u64::from(parts) + 2));
    assert_eq!(writer.ingest(&batch, time(40)).unwrap().created, 10);
    check(&writer, parts + 1);
}

/// A file system of its own, which goes with the process. Needs root.
#[test]
fn on_a_full_disk_nothing_of_a_batch_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=1800k,mode=0750 tmpfs \"$1\" || exit 77
        head -c 600k /dev/zero > \"$1/ballast\"; JOURNAL_SMALL_DISK=$1 exec \"$2\" --exact full::fills_a_file_system";
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script, "sh"]).arg(folder.path()).arg(program);
    let Ok(output) = command.output() else { return };
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(77) || text.contains("unshare failed") || text.contains("not permitted") {
        return;
    }
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}
