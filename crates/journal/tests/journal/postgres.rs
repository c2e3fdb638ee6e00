//! What only a journal in a database has: schemas, roles, connections that are lost, TLS. The other tests are run with it, too.

use adrecover_core::change::Phase;
use adrecover_journal::{
    Journal, JournalError, JournalPlace, Options, Query, Writer, is_written, schemas, set_aside,
};

use super::database::Database;
use super::support::*;

/// A journal of a company in which something happened.
fn filled(database: &Database) -> JournalPlace {
    let place = database.place(FOREST);
    let writer = Writer::open(&place, FOREST, &Options::default()).unwrap();
    read_all(&writer, 0, company());
    let titles = (10..12).map(|n| object(n, "", &[("title", "changed")]).stamped(5, 2));
    follow(&writer, 10, titles.collect());
    follow(&writer, 40, vec![ada_deleted(35)]);
    place
}

fn run(database: &Database, sql: &str) {
    let sql = format!("SET search_path = \"changes-{FOREST}\"; {sql}");
    database.client().batch_execute(&sql).expect(&sql);
}

fn write(place: &JournalPlace) -> Result<Writer, JournalError> {
    Writer::open(place, FOREST, &Options::default())
}

#[test]
fn each_forest_has_its_schema_and_its_writer() {
    let Some(database) = Database::new() else { return };
    let place = filled(&database);
    let other = database.place("Fabrikam.com");
    let one = write(&place).unwrap();
    let two = Writer::open(&other, "fabrikam.com", &Options::default()).unwrap();
    assert_eq!(schemas(&database.address()).unwrap(), ["changes-contoso.com", "changes-fabrikam.com"]);
    read_all(&two, 0, vec![object(1, CONTEXT, &[("objectClass", "domainDNS")]).whole()]);
    assert_eq!(two.journal().status().unwrap().objects.live, 1);
    assert_eq!(one.journal().status().unwrap().objects.live, 6);
    assert!(is_written(&place).unwrap() && is_written(&other).unwrap());
    let error = write(&place).unwrap_err().to_string();
    assert!(error.contains("the role lab") && error.contains("adrecover agent"), "{error}");
    drop(one);
    assert!(!is_written(&place).unwrap());
    write(&place).unwrap();
}

#[test]
fn a_damaged_one_is_set_aside_and_another_one_begun() {
    let Some(database) = Database::new() else { return };
    let place = filled(&database);
    run(&database, "DROP TABLE states");
    let error = write(&place).unwrap_err();
    assert!(matches!(error, JournalError::Damaged { .. }) && error.is_damage(), "{error}");
    let to = set_aside(&place, time(0)).unwrap();
    assert!(to.to_string().contains("changes-contoso.com.damaged-20260921T141320Z"), "{to}");
    assert!(matches!(set_aside(&place, time(0)), Err(JournalError::Missing { .. })));
    assert!(schemas(&database.address()).unwrap().is_empty());
    let writer = write(&place).unwrap();
    assert!(matches!(set_aside(&place, time(1)), Err(JournalError::InUse { .. })));
    read_all(&writer, 100, company());
    drop(writer);
    // Not over one that was set aside before.
    assert!(set_aside(&place, time(0)).is_err());
    assert_eq!(Journal::open(&place, None).unwrap().status().unwrap().objects.live, 7);
}

#[test]
fn what_is_no_journal_is_left_alone() {
    let Some(database) = Database::new() else { return };
    let place = filled(&database);
    for (sql, newer) in [
        ("UPDATE meta SET value = '99' WHERE name = 'format'", true),
        ("UPDATE meta SET value = 'x' WHERE name = 'format'", false),
        ("DELETE FROM meta WHERE name = 'format'", false),
        ("DROP TABLE meta", false),
    ] {
        run(&database, sql);
        for error in
            [write(&place).map(drop).unwrap_err(), Journal::open(&place, None).map(drop).unwrap_err()]
        {
            match error {
                JournalError::NewerFormat { found: 99, .. } => assert!(newer, "{sql}"),
                JournalError::NotAJournal { .. } => assert!(!newer, "{sql}"),
                other => unreachable!("{sql}: {other}"),
            }
        }
    }
    let objects =
        database.client().query_one("SELECT COUNT(*) FROM \"changes-contoso.com\".objects", &[]).unwrap();
    assert!(objects.get::<_, i64>(0) > 6);
    // A schema that an administrator made for it is taken.
    database.client().batch_execute("CREATE SCHEMA \"changes-made.example\"").unwrap();
    let made = database.place("made.example");
    assert!(matches!(Journal::open(&made, None), Err(JournalError::Missing { .. })));
    Writer::open(&made, "made.example", &Options::default()).unwrap();
}

#[test]
fn wrong_rows_are_errors_and_not_panics() {
    let wrong = [
        "UPDATE objects SET parent = id",
        "UPDATE objects SET status = 7, known_from = 9223372036854775807, mark = -1",
        "ALTER TABLE objects ALTER parent TYPE TEXT USING 'x'",
        "ALTER TABLE objects ALTER parent TYPE INT",
        "UPDATE objects SET guid = convert_to(id::TEXT, 'UTF8')",
        "UPDATE states SET payload = ''",
        "ALTER TABLE states ALTER payload TYPE TEXT USING 'text'",
        "DELETE FROM states",
        "UPDATE changes SET happened = 9223372036854775807, seen = -9223372036854775808",
        "ALTER TABLE changes ALTER payload DROP NOT NULL; UPDATE changes SET payload = NULL",
        "UPDATE links SET data = 77",
        "DELETE FROM attributes",
        "UPDATE counters SET objects = 9223372036854775807, changes = -1",
        "DELETE FROM counters",
        "UPDATE contexts SET succeeded = 9223372036854775807, dn = ''",
        "UPDATE controllers SET payload = '\\x01'",
        "DROP TABLE links",
        "ALTER TABLE links DROP CONSTRAINT links_pkey",
        "ALTER TABLE changes RENAME COLUMN usn TO nonsense",
        "DELETE FROM meta",
        "DROP TABLE objects; CREATE VIEW objects AS SELECT 1 AS id",
    ];
    let Some(database) = Database::new() else { return };
    for sql in wrong {
        let place = filled(&database);
        run(&database, sql);
        if let Ok(journal) = Journal::open(&place, None) {
            for n in 0..=30 {
                let _ = (journal.at(guid(n), time(7)), journal.history(guid(n)), journal.lost(guid(n)));
                let _ = (journal.members_of(guid(n), time(7)), journal.under(guid(n), time(7)));
            }
            let _ = (journal.status(), journal.deleted_since(time(0)), journal.contexts(), journal.check());
            let _ = (journal.touched(time(0), time(99), None), journal.find(&Query::Name("ada".into())));
        }
        if let Ok(writer) = write(&place) {
            let _ = writer.ingest(&batch(Phase::Following, vec![ada_deleted(60)]), time(100));
            let _ = writer.ingest(&batch(Phase::Full, company()), time(100));
            let _ = writer.purge(guid(10), time(100));
        }
        database.client().batch_execute("DROP SCHEMA \"changes-contoso.com\" CASCADE").unwrap();
    }
}

#[test]
fn a_connection_that_is_lost_is_said_and_nothing_is_doubled() {
    let Some(database) = Database::new() else { return };
    let place = filled(&database);
    let change =
        |n: u8| batch(Phase::Following, vec![object(11, "", &[("title", "lost")]).stamped(50, u32::from(n))]);
    for n in 3..6 {
        let writer = write(&place).unwrap();
        let before = writer.journal().status().unwrap().changes;
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let database = &database;
            scope.spawn(move || {
                receiver.recv().unwrap();
                let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'adrecover agent'
                    AND datname = current_database()";
                database.client().batch_execute(sql).unwrap();
            });
            let _ = sender.send(());
            // Until it hits: a batch that is told to be kept is, and one that is not, is not.
            let (mut kept, mut error) = (0, None);
            for _ in 0..5000 {
                match writer.ingest(&change(n), time(100)) {
                    Ok(outcome) => kept += outcome.changes,
                    Err(other) => {
                        error = Some(other);
                        break;
                    }
                }
            }
            let error = error.unwrap();
            assert!(matches!(error, JournalError::Unreachable { .. }) && !error.is_damage(), "{error}");
            assert!(kept <= 1);
        });
        drop(writer);
        let writer = write(&place).unwrap();
        writer.ingest(&change(n), time(100)).unwrap();
        assert_eq!(writer.journal().status().unwrap().changes, before + u64::from(n == 3));
        assert_eq!(writer.journal().check().unwrap(), Vec::<String>::new());
    }
}

#[test]
fn the_agents_role_writes_and_another_one_reads() {
    let Some(database) = Database::new() else { return };
    let (agent, reader) = (format!("agent_{}", database.name), format!("reader_{}", database.name));
    let password = &database.lab().password;
    let mut admin = database.client();
    for role in [&agent, &reader] {
        admin.batch_execute(&format!("CREATE ROLE {role} LOGIN PASSWORD '{password}'")).unwrap();
    }
    let as_role = |role: &str| {
        let text =
            database.address().to_string().replacen("postgres://lab@", &format!("postgres://{role}@"), 1);
        JournalPlace::in_database(database.lab().address(&text), FOREST)
    };
    // Nobody may make a schema who was not let.
    let denied = write(&as_role(&agent)).unwrap_err();
    assert!(matches!(denied, JournalError::Denied { .. }), "{denied}");
    admin.batch_execute(&format!("GRANT CREATE ON DATABASE {} TO {agent}", database.name)).unwrap();
    read_all(&write(&as_role(&agent)).unwrap(), 0, company());
    let denied = Journal::open(as_role(&reader), None).map(drop).unwrap_err();
    assert!(matches!(denied, JournalError::Denied { .. }), "{denied}");
    // As docs/journal.md says.
    let schema = "\"changes-contoso.com\"";
    for sql in [
        format!("GRANT USAGE ON SCHEMA {schema} TO {reader}"),
        format!("GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {reader}"),
    ] {
        database.lab().client(&agent, &database.name).batch_execute(&sql).unwrap();
    }
    let journal = Journal::open(as_role(&reader), None).unwrap();
    assert_eq!(journal.status().unwrap().objects.live, 7);
    assert!(!is_written(as_role(&reader)).unwrap());
    drop(journal);
    // Who may read does not write.
    let denied =
        write(&as_role(&reader)).and_then(|writer| writer.ingest(&batch(Phase::Full, company()), time(9)));
    assert!(matches!(denied, Err(JournalError::Denied { .. })), "{denied:?}");
    // A wrong password is said to be one.
    let text = database.address().to_string();
    let wrong = adrecover_journal::PostgresAddress::read(&text)
        .unwrap()
        .with_password(Some("wrong".to_owned().into()));
    let denied = Journal::open(JournalPlace::in_database(wrong, FOREST), None).map(drop).unwrap_err();
    assert!(
        matches!(denied, JournalError::Denied { .. }) && !denied.to_string().contains("wrong\""),
        "{denied}"
    );
    admin.batch_execute(&format!("DROP OWNED BY {agent}, {reader} CASCADE")).unwrap();
    admin.batch_execute(&format!("DROP ROLE {agent}, {reader}")).unwrap();
}

#[test]
fn over_the_network_the_server_is_verified() {
    let Some(database) = Database::new() else { return };
    drop(filled(&database));
    let (port, name, ca) = (&database.lab().port, &database.name, database.lab().state.join("ca.pem"));
    let open = |host: &str, options: &str| {
        let text = format!("postgres://lab@{host}:{port}/{name}?{options}");
        let place = JournalPlace::in_database(database.lab().address(&text), FOREST);
        Journal::open(place, None).and_then(|journal| journal.status()).map(|status| status.objects.live)
    };
    let trusted = format!("sslmode=verify-full&sslrootcert={}", ca.display());
    assert_eq!(open("127.0.0.1", &trusted).unwrap(), 6);
    assert_eq!(open("localhost", &trusted).unwrap(), 6);
    assert_eq!(open("127.0.0.1", "sslmode=require").unwrap(), 6);
    assert_eq!(open("127.0.0.1", "sslmode=disable").unwrap(), 6);
    assert_eq!(open("127.0.0.1", "").unwrap(), 6);
    // An authority that nobody named.
    let error = open("127.0.0.1", "sslmode=verify-full").unwrap_err();
    assert!(
        error.to_string().contains("UnknownIssuer") || error.to_string().contains("trust anchors"),
        "{error}"
    );
    // A name that the certificate has not.
    let error = open("127.0.0.2", &trusted).map(drop).unwrap_err();
    assert!(matches!(error, JournalError::Unreachable { .. }), "{error}");
    // Nobody is there.
    let nobody = adrecover_journal::PostgresAddress::read("postgres://a@127.0.0.1:1/d").unwrap();
    let error = Journal::open(JournalPlace::in_database(nobody, FOREST), None).map(drop).unwrap_err();
    assert!(matches!(error, JournalError::Unreachable { .. }), "{error}");
}

#[test]
fn a_size_is_no_limit_for_a_database() {
    let Some(database) = Database::new() else { return };
    let options = Options { key: None, max_octets: Some(1 << 20) };
    let error = Writer::open(database.place(FOREST), FOREST, &options).unwrap_err();
    assert!(error.to_string().contains("tablespace"), "{error}");
}
