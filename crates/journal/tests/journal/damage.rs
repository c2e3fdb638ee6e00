//! Files that are damaged: found, said, set aside, and never taken for something else.

use adrecover_core::change::Phase;
use adrecover_journal::{Journal, JournalError, Link, Options, Query, Status, Writer, set_aside};
use rusqlite::Connection;

use super::support::*;

pub(crate) fn filled() -> Place {
    let place = Place::new();
    let writer = place.writer();
    let mut company = company();
    for n in 30..130 {
        let attributes =
            [("sAMAccountName", format!("user{n}")), ("description", "d".repeat(usize::from(n) * 9))];
        let attributes = attributes.each_ref().map(|(name, text)| (*name, text.as_str()));
        company.push(
            object(n, &format!("CN=User {n},OU=Staff,DC=contoso,DC=com"), &attributes).below(2).whole(),
        );
    }
    read_all(&writer, 0, company);
    let changes =
        (30..130).map(|n| object(n, "", &[("description", "changed"), ("title", "t")]).stamped(5, 2));
    follow(&writer, 10, changes.collect());
    follow(&writer, 40, vec![ada_deleted(35)]);
    drop(writer);
    place
}

/// Everything that can be asked. The answers are those of the undamaged file or errors.
fn ask(journal: &Journal, right: &[(Option<adrecover_journal::ObjectState>, usize)]) -> usize {
    let mut errors = 0;
    let mut note = |error: JournalError| {
        assert!(
            matches!(
                error,
                JournalError::Damaged { .. }
                    | JournalError::NotAJournal { .. }
                    | JournalError::Database { .. }
            ),
            "{error}"
        );
        errors += 1;
    };
    for (n, (right, changes)) in right.iter().enumerate() {
        match journal.at(guid(n as u8), time(7)) {
            Ok(Some(state)) => {
                // All but from when on it is known is sealed.
                if let Some(right) = right {
                    assert_eq!(
                        (&state.dn, &state.attributes, state.status),
                        (&right.dn, &right.attributes, right.status)
                    );
                    let is_right =
                        |links: &[Link], right: &[Link]| links.iter().all(|link| right.contains(link));
                    assert!(
                        is_right(&state.links, &right.links) && is_right(&state.referrers, &right.referrers)
                    );
                }
            }
            Ok(None) => {}
            Err(error) => note(error),
        }
        match journal.history(guid(n as u8)) {
            Ok(history) => assert!(history.len() <= changes + 3),
            Err(error) => note(error),
        }
        journal.lost(guid(n as u8)).map(drop).unwrap_or_else(&mut note);
        journal.groups_of(guid(n as u8), time(7)).map(drop).unwrap_or_else(&mut note);
        journal.under(guid(n as u8), time(7)).map(drop).unwrap_or_else(&mut note);
    }
    for query in [Query::Account("user50".into()), Query::Name("ada".into())] {
        journal.find(&query).map(drop).unwrap_or_else(&mut note);
    }
    journal.deleted_since(time(0)).map(drop).unwrap_or_else(&mut note);
    journal.touched(time(0), time(100), None).map(drop).unwrap_or_else(&mut note);
    journal.status().map(drop).unwrap_or_else(&mut note);
    journal.guids(Status::Live).map(drop).unwrap_or_else(&mut note);
    errors
}

#[test]
fn damage_anywhere_is_an_error_or_changes_nothing() {
    if Place::file().is_none() {
        return;
    }
    let place = filled();
    let right: Vec<_> = (0..=130)
        .map(|n| {
            let journal = place.journal();
            (journal.at(guid(n), time(7)).unwrap(), journal.history(guid(n)).unwrap().len())
        })
        .collect();
    let sound = std::fs::read(&place.path).unwrap();
    let (mut at_opening, mut at_asking, mut unnoticed) = (0, 0, 0);
    let mut random = 12_345u64;
    for round in 0..150 {
        let mut octets = sound.clone();
        for _ in 0..=round % 4 * 20 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = (random >> 20) as usize % octets.len();
            octets[at] ^= (random >> 8) as u8 | 1;
        }
        if round % 10 == 9 {
            octets.truncate((random >> 20) as usize % octets.len());
        }
        std::fs::write(&place.path, &octets).unwrap();
        for ending in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{ending}", place.path.display()));
        }
        match Journal::open(&place.path, None) {
            Ok(journal) => match ask(&journal, &right) {
                0 => unnoticed += 1,
                _ => at_asking += 1,
            },
            Err(_) => at_opening += 1,
        }
        match Writer::open(&place.path, FOREST, &Options::default()) {
            Ok(writer) => {
                let _ = writer.ingest(&batch(Phase::Full, company()), time(100));
                let _ = writer.prune(&adrecover_journal::Retention {
                    since: Some(time(1000)),
                    per_object: Some(0),
                    deletions_since: time(1000),
                });
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    assert!(at_opening > 10 && at_asking > 20 && unnoticed > 5, "{at_opening} {at_asking} {unnoticed}");
}

#[test]
fn wrong_rows_are_errors_and_not_panics() {
    if Place::file().is_none() {
        return;
    }
    let wrong = [
        "UPDATE objects SET parent = id",
        "UPDATE objects SET parent = 999999",
        "UPDATE objects SET parent = 'x'",
        "UPDATE objects SET status = 7, known_from = 9223372036854775807, mark = -1",
        "UPDATE objects SET guid = CAST(id AS BLOB) WHERE id % 2 = 0",
        "UPDATE states SET payload = x''",
        "UPDATE states SET payload = zeroblob(100)",
        "UPDATE states SET payload = 'text'",
        "DELETE FROM states",
        "UPDATE changes SET happened = 9223372036854775807, seen = -9223372036854775808",
        "UPDATE changes SET object = 1, controller = 99",
        "UPDATE changes SET payload = NULL",
        "UPDATE changes SET kind = -1",
        "UPDATE OR REPLACE links SET target = 999999, added = -5, removed = 3",
        "UPDATE links SET data = 77",
        "UPDATE attributes SET id = id + 1000",
        "UPDATE attributes SET id = 9223372036854775807 WHERE id = 1; UPDATE controllers SET id = 9223372036854775807",
        "DELETE FROM attributes",
        "DELETE FROM contents",
        "UPDATE contents SET payload = x'0102030405'",
        "UPDATE counters SET objects = 9223372036854775807, changes = -1",
        "DELETE FROM counters",
        "UPDATE contexts SET reading = 9, generation = 9223372036854775807, cursor_text = 'x'",
        "UPDATE contexts SET succeeded = 9223372036854775807, dn = x'ff'",
        "UPDATE controllers SET payload = x'01'",
        "DELETE FROM controllers",
        "UPDATE lookups SET object = object + 500",
        "DROP TABLE links",
        "ALTER TABLE changes RENAME COLUMN usn TO nonsense",
        "DELETE FROM meta",
        "CREATE TRIGGER t AFTER INSERT ON changes BEGIN DELETE FROM objects; END",
        "DROP TABLE objects; CREATE VIEW objects AS SELECT 1 AS id",
    ];
    for sql in wrong {
        let place = filled();
        let connection = Connection::open(&place.path).unwrap();
        // Where the schema would not have it, the columns are loosened first.
        let _ = connection.execute_batch(
            "PRAGMA ignore_check_constraints = 1; PRAGMA writable_schema = 1;
            UPDATE sqlite_schema SET sql = replace(sql, 'NOT NULL', '') WHERE name IN ('changes', 'contexts');
            PRAGMA writable_schema = RESET;",
        );
        connection.execute_batch(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
        drop(connection);
        if let Ok(journal) = Journal::open(&place.path, None) {
            for n in 0..=130 {
                let _ = (journal.at(guid(n), time(7)), journal.history(guid(n)), journal.lost(guid(n)));
                let _ = (journal.members_of(guid(n), time(7)), journal.under(guid(n), time(7)));
            }
            let _ =
                (journal.status(), journal.deleted_since(time(0)), journal.touched(time(0), time(99), None));
            let _ = (journal.contexts().map(|c| c[0].lag(time(5))), journal.find(&Query::Name("ada".into())));
        }
        if let Ok(writer) = Writer::open(&place.path, FOREST, &Options::default()) {
            let _ = writer.ingest(&batch(Phase::Following, vec![ada_deleted(60)]), time(100));
            let _ = writer.ingest(&batch(Phase::Full, company()), time(100));
            let _ = writer.purge(guid(50), time(100));
        }
    }
}

#[test]
fn a_damaged_file_is_set_aside_and_another_one_begun() {
    if Place::file().is_none() {
        return;
    }
    let place = filled();
    let mut octets = std::fs::read(&place.path).unwrap();
    let middle = octets.len() / 2;
    octets[middle - 9000..middle + 9000].fill(0xee);
    std::fs::write(&place.path, &octets).unwrap();
    let error = Writer::open(&place.path, FOREST, &Options::default()).unwrap_err();
    assert!(matches!(error, JournalError::Damaged { .. }) && error.is_damage(), "{error}");
    // Nothing is replaced by itself, however often it is tried.
    assert!(Writer::open(&place.path, FOREST, &Options::default()).is_err());
    assert_eq!(std::fs::read(&place.path).unwrap(), octets);

    let to = set_aside(&place.path, time(0)).unwrap();
    let to = to.file().unwrap();
    assert!(to.to_str().unwrap().ends_with("changes-contoso.com.db.damaged-20260921T141320Z"), "{to:?}");
    assert_eq!(std::fs::read(to).unwrap(), octets);
    assert!(matches!(set_aside(&place.path, time(0)), Err(JournalError::Missing { .. })));
    let writer = place.writer();
    assert!(matches!(set_aside(&place.path, time(1)), Err(JournalError::InUse { .. })));
    read_all(&writer, 100, company());
    assert_eq!(writer.journal().status().unwrap().objects.live, 7);
    drop(writer);
    // Not over one that was set aside before.
    assert!(matches!(set_aside(&place.path, time(0)), Err(JournalError::File { .. })));
}

#[test]
fn an_index_that_does_not_fit_is_found_by_the_thorough_look() {
    if Place::file().is_none() {
        return;
    }
    let place = filled();
    assert_eq!(place.journal().check().unwrap(), Vec::<String>::new());
    let connection = Connection::open(&place.path).unwrap();
    connection
        .execute_batch("PRAGMA writable_schema = 1;
            UPDATE sqlite_schema SET sql = replace(sql, '(happened)', '(seen)') WHERE name = 'changes_by_time'")
        .unwrap();
    drop(connection);
    assert!(!place.journal().check().unwrap().is_empty());
}
