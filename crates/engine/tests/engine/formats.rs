//! Operation journals that were written by programs of their time: see `tests/formats`.

use adrecover_engine::{Journal, OperationState};
use rusqlite::Connection;

/// What a program of format 3 has written.
const WRITTEN: &str = include_str!("../../../../tests/formats/operations-3.sql");
/// What makes it one of the format: format 1 has an index more, and no other table or column. No program of formats 1 and 2 was released.
const FORMATS: [(u8, &str); 3] = [
    (
        1,
        "CREATE INDEX events_by_step ON events (operation, object, step, seq);
        PRAGMA user_version = 1;",
    ),
    (2, "PRAGMA user_version = 2;"),
    (3, ""),
];

#[test]
fn operation_journals_of_earlier_programs_are_still_read() {
    for (format, made) in FORMATS {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state/operations.db");
        // The folder with the rights that a journal's has.
        drop(Journal::open(&file).unwrap());
        std::fs::remove_file(&file).unwrap();
        Connection::open(&file).unwrap().execute_batch(&format!("{WRITTEN}{made}")).unwrap();
        let journal = Journal::open(&file).unwrap_or_else(|error| panic!("format {format}: {error}"));
        let listed = journal.list(10).unwrap();
        assert_eq!((listed.len(), listed[0].state), (1, OperationState::Done), "format {format}");
        let operation = journal.load("01a21bbb").unwrap();
        let object = &operation.plan.objects[0];
        assert_eq!((object.name.as_str(), object.steps.len()), ("UserA", 4), "format {format}");
        let restored = journal.restored_objects(None).unwrap();
        assert_eq!(restored.len(), 1, "format {format}");
        drop(journal);
        let version: i64 = Connection::open(&file)
            .unwrap()
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(version, adrecover_engine::journal::VERSION, "format {format}");
    }
}
