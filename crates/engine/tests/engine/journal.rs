//! The journal as a file: its format, its safety, its lists.

use adrecover_core::plan::Carried;
use adrecover_engine::journal::{Detail, Event, Place, StepState};
use adrecover_engine::{Journal, JournalError, OperationState};

use crate::world::*;

/// A file as version 1 writes it. Never change this: files like it exist.
const VERSION_1: &str = r#"
CREATE TABLE operations (id TEXT PRIMARY KEY NOT NULL, started_at TEXT NOT NULL, finished_at TEXT, command TEXT NOT NULL,
  reason TEXT, bind_identity TEXT NOT NULL, os_user TEXT NOT NULL, host TEXT NOT NULL, domain TEXT NOT NULL,
  domain_sid TEXT, server TEXT NOT NULL, plan TEXT NOT NULL, undo_of TEXT, state TEXT NOT NULL);
CREATE TABLE events (operation TEXT NOT NULL REFERENCES operations (id), seq INTEGER NOT NULL, object INTEGER NOT NULL,
  guid TEXT NOT NULL, step INTEGER NOT NULL, event TEXT NOT NULL, at TEXT NOT NULL, detail TEXT NOT NULL,
  PRIMARY KEY (operation, seq)) WITHOUT ROWID;
CREATE TABLE restored (guid TEXT NOT NULL, operation TEXT NOT NULL REFERENCES operations (id), name TEXT NOT NULL,
  sam_account_name TEXT, dn TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (guid, operation)) WITHOUT ROWID;
INSERT INTO operations VALUES ('0192f000-0000-7000-8000-000000000001', '2026-11-22T12:00:00.000Z', NULL, 'restore',
  NULL, 'admin@x', 'root', 'here', 'DC=x', 'S-1-5-21-1-2-3', 'dc1.x',
  '{"schema":"adrecover/plan/v1","madeBy":"0.1.0","madeAt":"2026-11-22T12:00:00Z","purpose":"restore","domain":"DC=x","domainSid":"S-1-5-21-1-2-3","server":"dc1.x","request":{"account":"default","password":"unsaid","mustChange":false,"resetPassword":false,"allowPrivileged":false,"allowUncheckedForest":false},"objects":[{"guid":"01010101-0101-0101-0101-010101010101","name":"User1","type":"user","samAccountName":"user1","from":"CN=User1\\0ADEL:01010101-0101-0101-0101-010101010101,CN=Deleted Objects,DC=x","usnChanged":5,"dn":"CN=User1,OU=Staff,DC=x","steps":[{"action":{"step":"reanimate","to":"CN=User1,OU=Staff,DC=x","parent":"c8c8c8c8-c8c8-c8c8-c8c8-c8c8c8c8c8c8","password":"random"},"why":"because","undo":"nothing"},{"action":{"step":"disable"},"why":"because","undo":"nothing"}]}]}',
  NULL, 'running');
INSERT INTO events VALUES ('0192f000-0000-7000-8000-000000000001', 1, 0, '01010101-0101-0101-0101-010101010101', 0,
  'started', '2026-11-22T12:00:01.000Z', '{"previousDn":"CN=User1\\0ADEL:0101","carried":"random","uac":512}');
INSERT INTO events VALUES ('0192f000-0000-7000-8000-000000000001', 2, 0, '01010101-0101-0101-0101-010101010101', 0,
  'succeeded', '2026-11-22T12:00:02.000Z', '{"dn":"CN=User1,OU=Staff,DC=x","carried":"random"}');
INSERT INTO events VALUES ('0192f000-0000-7000-8000-000000000001', 3, 0, '01010101-0101-0101-0101-010101010101', 1,
  'started', '2026-11-22T12:00:03.000Z', '{"uac":512,"aFieldOfLater":1}');
INSERT INTO restored VALUES ('01010101-0101-0101-0101-010101010101', '0192f000-0000-7000-8000-000000000001', 'User1',
  'user1', 'CN=User1,OU=Staff,DC=x', '2026-11-22T12:00:02.000Z');
PRAGMA user_version = 1;
"#;

fn place(operation: adrecover_engine::OperationId, step: usize) -> Place {
    Place { operation, object: 0, guid: guid(1), step }
}

#[test]
fn a_file_of_version_1_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("operations.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch(VERSION_1).unwrap();
    #[cfg(unix)]
    private(&path);
    let journal = Journal::open(&path).unwrap();
    let operation = journal.load("0192f000").unwrap();
    assert_eq!(operation.plan.objects[0].name, "User1");
    let [undelete, disable] = operation.steps[0].as_slice() else { unreachable!() };
    assert_eq!((undelete.state, disable.state), (StepState::Succeeded, StepState::Started));
    assert_eq!(undelete.after.carried, Some(Carried::Random));
    assert_eq!(disable.before.uac, Some(512));
    assert_eq!(journal.unfinished(Some("S-1-5-21-1-2-3"), Some("DC1.x")).unwrap().len(), 1);
    assert!(journal.unfinished(Some("S-1-5-21-9"), None).unwrap().is_empty());
    let restored = journal.restored_objects(Some("S-1-5-21-1-2-3")).unwrap();
    assert_eq!((restored[0].guid, restored[0].name.as_str()), (guid(1), "User1"));
}

#[cfg(unix)]
fn private(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    for (part, mode) in [(path.parent().unwrap(), 0o700), (path, 0o600)] {
        std::fs::set_permissions(part, std::fs::Permissions::from_mode(mode)).unwrap();
    }
}

#[test]
fn a_newer_file_is_refused() {
    let desk = Desk::new();
    drop(desk.journal());
    rusqlite::Connection::open(desk.path()).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = Journal::open(desk.path()).unwrap_err();
    assert!(matches!(error, JournalError::NewerFormat { found: 99, .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_write_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new();
    drop(desk.journal());
    let mode = |p: &std::path::Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&desk.path()), mode(desk.path().parent().unwrap())), (0o600, 0o700));
    for part in [desk.path(), desk.path().parent().unwrap().to_owned()] {
        let before = std::fs::metadata(&part).unwrap().permissions();
        std::fs::set_permissions(&part, std::fs::Permissions::from_mode(0o772)).unwrap();
        assert!(matches!(Journal::open(desk.path()), Err(JournalError::WritableByOthers { .. })));
        std::fs::set_permissions(&part, before).unwrap();
    }
}

#[test]
fn events_that_cannot_follow_are_refused_and_leave_no_trace() {
    let desk = Desk::new();
    let journal = desk.journal();
    let fake = world(1);
    let id = journal.begin(&meta(), &plan(vec![object(&fake, 1, disabled(1))])).unwrap();
    let record = |event| journal.record(place(id, 0), event, &Detail::default(), clock());
    assert!(matches!(record(Event::Succeeded), Err(JournalError::Illegal { state: StepState::Fresh, .. })));
    assert_eq!(record(Event::Started).unwrap(), StepState::Started);
    assert!(matches!(record(Event::Started), Err(JournalError::Illegal { .. })));
    assert_eq!(record(Event::Succeeded).unwrap(), StepState::Succeeded);
    assert!(matches!(record(Event::Failed), Err(JournalError::Illegal { .. })));
    let operation = journal.load(&id.to_string()).unwrap();
    assert_eq!((operation.steps[0][0].state, operation.steps[0][0].seq), (StepState::Succeeded, 2));
}

#[test]
fn a_noted_success_is_committed_with_what_follows() {
    let desk = Desk::new();
    let (one, other) = (desk.journal(), desk.journal());
    let fake = world(2);
    let objects = vec![object(&fake, 1, disabled(1)), object(&fake, 2, disabled(2))];
    let id = one.begin(&meta(), &plan(objects)).unwrap();
    let first = place(id, 0);
    let second = Place { object: 1, guid: guid(2), ..first };
    let states = || {
        let steps = other.load(&id.to_string()).unwrap().steps;
        [steps[0][0].state, steps[1][0].state]
    };
    one.record(first, Event::Started, &Detail::default(), clock()).unwrap();
    assert_eq!(states(), [StepState::Started, StepState::Fresh]);
    one.note_success(first, None, &Detail::default(), clock()).unwrap();
    // As it would be after the end of the program: the directory is asked.
    assert_eq!(states(), [StepState::Started, StepState::Fresh]);
    one.record(second, Event::Started, &Detail::default(), clock()).unwrap();
    assert_eq!(states(), [StepState::Succeeded, StepState::Started]);
    one.note_success(second, None, &Detail::default(), clock()).unwrap();
    // An event that cannot follow takes nothing along.
    assert!(one.record(second, Event::Started, &Detail::default(), clock()).is_err());
    assert_eq!(states(), [StepState::Succeeded, StepState::Succeeded]);
}

#[test]
fn an_operation_belongs_to_one_process() {
    let desk = Desk::new();
    let one = desk.journal();
    let other = desk.journal();
    let id = one.begin(&meta(), &plan(vec![])).unwrap();
    assert!(other.list(10).unwrap()[0].running);
    assert!(other.unfinished(None, None).unwrap().is_empty());
    assert!(matches!(other.take_up(id), Err(JournalError::Running { .. })));
    drop(one);
    assert_eq!(other.unfinished(None, None).unwrap().len(), 1);
    other.take_up(id).unwrap();
    other.finish(id, OperationState::Done, clock()).unwrap();
    let listed = other.list(10).unwrap();
    assert_eq!((listed[0].state, listed[0].running), (OperationState::Done, false));
    assert!(other.unfinished(None, None).unwrap().is_empty());
    assert_eq!(
        std::fs::read_dir(desk.path().parent().unwrap())
            .unwrap()
            .filter(|f| { f.as_ref().unwrap().file_name().to_string_lossy().starts_with("running") })
            .count(),
        0
    );
}

#[test]
fn several_processes_may_make_the_file_at_once() {
    for _ in 0..60 {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state/operations.db");
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..2).map(|_| scope.spawn(|| Journal::open(&file).map(drop))).collect();
            for thread in threads {
                thread.join().unwrap().unwrap();
            }
        });
    }
}

#[test]
fn ids_may_be_cut_short_where_that_is_clear() {
    let desk = Desk::new();
    let journal = desk.journal();
    let ids: Vec<String> =
        (0..2).map(|_| journal.begin(&meta(), &plan(vec![])).unwrap().to_string()).collect();
    assert_eq!(journal.load(&ids[0]).unwrap().summary.id.to_string(), ids[0]);
    assert!(matches!(journal.load(&ids[0][..6]), Err(JournalError::Ambiguous { .. })));
    for nothing in ["", "ffff", "%", "nonsense"] {
        assert!(matches!(journal.load(nothing), Err(JournalError::NotFound { .. })), "{nothing}");
    }
}

#[tokio::test]
async fn restored_objects_are_remembered() {
    let mut fake = world(2);
    let desk = Desk::new();
    let plan = plan(vec![object(&fake, 1, disabled(1)), object(&fake, 2, vec![upn("x@x")])]);
    desk.done(&mut fake, &plan).await;
    let restored = desk.journal().restored_objects(Some("S-1-5-21-1-2-3")).unwrap();
    assert_eq!(restored.len(), 1);
    assert_eq!(restored[0].sam_account_name.as_deref(), Some("user1"));
    assert_eq!(restored[0].dn, "CN=User1,OU=Staff,DC=x");
}
