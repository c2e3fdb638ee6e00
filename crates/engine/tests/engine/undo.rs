//! There and back again.

use adrecover_core::plan::{Action, Plan};
use adrecover_core::report::{Outcome, Status};
use adrecover_engine::{OperationId, undo_plan, verify_all};

use crate::world::*;

fn undo_of(desk: &Desk, id: OperationId, delete_again: bool) -> Plan {
    undo_plan(&desk.journal().load(&id.to_string()).unwrap(), delete_again, clock())
}

fn boss_steps() -> Vec<adrecover_core::plan::Step> {
    vec![
        upn("chief@x"),
        set("mail", &["a@x", "b@x"]),
        set("title", &["chief"]),
        step(Action::Move { to: dn("CN=Chief,OU=Staff,DC=x") }),
        step(Action::Disable),
        join(),
    ]
}

#[tokio::test]
async fn what_was_done_to_a_live_object_is_taken_back() {
    let mut fake = world(0);
    let before = fake.picture();
    let desk = Desk::new();
    let plan = plan(vec![object(&fake, BOSS, boss_steps())]);
    let (id, _) = desk.done(&mut fake, &plan).await;
    assert_ne!(fake.picture(), before);
    let undo = undo_of(&desk, id, false);
    let (undone, mut reports) = desk.done(&mut fake, &undo).await;
    assert_eq!(reports[0].outcome, Outcome::Restored, "{reports:#?}");
    assert_eq!(fake.picture(), before);
    verify_all(&undo, &mut reports, &mut fake).await;
    assert_eq!(reports[0].verified, Some(true), "{reports:#?}");
    // A second time there is nothing to do.
    let writes = fake.writes.len();
    let (_, reports) = desk.done(&mut fake, &undo).await;
    assert_eq!(reports[0].outcome, Outcome::AlreadyRestored, "{reports:#?}");
    assert_eq!(fake.writes.len(), writes);
    // And an undo can be taken back like anything else.
    let redo = undo_of(&desk, undone, false);
    desk.done(&mut fake, &redo).await;
    assert_eq!(fake.object(guid(BOSS)).dn, dn("CN=Chief,OU=Staff,DC=x"));
    assert!(!fake.object(guid(BOSS)).is_enabled());
}

#[tokio::test]
async fn what_came_back_is_disabled_or_deleted() {
    for delete_again in [false, true] {
        let mut fake = world(2);
        let desk = Desk::new();
        let plan = plan(vec![object(&fake, 1, enabled(1)), object(&fake, 2, disabled(2))]);
        let (id, _) = desk.done(&mut fake, &plan).await;
        let undo = undo_of(&desk, id, delete_again);
        assert_eq!(undo.objects[0].guid, guid(2), "newest first");
        assert!(undo.objects.iter().all(|o| !o.warnings.is_empty()));
        let (_, mut reports) = desk.done(&mut fake, &undo).await;
        verify_all(&undo, &mut reports, &mut fake).await;
        assert!(reports.iter().all(|r| r.verified == Some(true)), "{reports:#?}");
        assert_eq!(fake.object(guid(1)).is_deleted(), delete_again);
        assert!(!fake.object(guid(1)).is_enabled());
        assert_eq!(fake.object(guid(SALES)).text("member"), None);
        let writes = fake.writes.len();
        let (_, reports) = desk.done(&mut fake, &undo).await;
        assert!(reports.iter().all(|r| r.outcome == Outcome::AlreadyRestored), "{reports:#?}");
        assert_eq!(fake.writes.len(), writes);
    }
}

#[tokio::test]
async fn what_somebody_changed_since_is_left_alone() {
    let mut fake = world(0);
    let desk = Desk::new();
    let plan = plan(vec![object(&fake, BOSS, boss_steps())]);
    let (id, _) = desk.done(&mut fake, &plan).await;
    fake.objects.get_mut(&guid(BOSS)).unwrap().set("title", &["emperor"]);
    let undo = undo_of(&desk, id, false);
    let (_, reports) = desk.done(&mut fake, &undo).await;
    assert_eq!(reports[0].outcome, Outcome::Partial);
    let title = reports[0].steps.iter().find(|s| s.attribute.as_deref() == Some("title")).unwrap();
    assert_eq!(title.status, Status::Skipped);
    let message = title.message.as_ref().unwrap();
    assert!(message.contains("emperor") && message.contains("chief"), "{message}");
    let boss = fake.object(guid(BOSS));
    assert_eq!(boss.text("title").as_deref(), Some("emperor"));
    assert_eq!(boss.text("mail").as_deref(), Some("old@x"));
}

#[tokio::test]
async fn what_was_there_already_is_not_taken_back() {
    let mut fake = world(0);
    let desk = Desk::new();
    let plan = plan(vec![object(&fake, BOSS, vec![set("mail", &["old@x"]), step(Action::Enable)])]);
    let (id, reports) = desk.done(&mut fake, &plan).await;
    assert_eq!(reports[0].outcome, Outcome::AlreadyRestored);
    assert!(undo_of(&desk, id, true).objects.is_empty());
}
