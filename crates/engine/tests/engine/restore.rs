//! Plans carried out without anybody pulling the plug.

use std::sync::atomic::Ordering;

use adrecover_core::directory::Refusal;
use adrecover_core::plan::{Action, Carried};
use adrecover_core::report::{Failure, Outcome, Status};
use adrecover_core::value::Value;
use adrecover_engine::verify_all;

use crate::fake::Fault;
use crate::world::*;

#[tokio::test]
async fn a_user_comes_back_enabled_with_everything() {
    let mut fake = world(1);
    let mut plan = plan(vec![object(&fake, 1, enabled(1))]);
    plan.objects[0].still_missing = vec!["mail".into(), "title".into()];
    let (_, mut reports) = Desk::new().done(&mut fake, &plan).await;
    assert_eq!(reports[0].outcome, Outcome::Restored, "{reports:#?}");
    assert!(reports[0].steps.iter().all(|s| s.status == Status::Done));
    let user = fake.object(guid(1));
    assert_eq!(user.dn, dn("CN=User1,OU=Staff,DC=x"));
    assert_eq!(user.text("userPrincipalName").as_deref(), Some("user1@x"));
    assert!(user.is_enabled() && fake.exposed() == 0);
    // The password travelled inside: no write of its own, and enabling had nothing to do.
    assert!(!fake.writes.iter().any(|w| w.ends_with(" unicodePwd")), "{:?}", fake.writes);
    verify_all(&plan, &mut reports, &mut fake).await;
    assert_eq!(reports[0].verified, Some(true), "{:?}", reports[0].differences);
    assert_eq!(reports[0].still_missing, ["title"]);
}

#[tokio::test]
async fn the_same_plan_again_changes_nothing() {
    let mut fake = world(1);
    let desk = Desk::new();
    let mut first = plan(vec![object(&fake, 1, disabled(1))]);
    desk.done(&mut fake, &first).await;
    let before = fake.writes.len();
    first.objects[0].usn_changed = None;
    let (_, reports) = desk.done(&mut fake, &first).await;
    assert_eq!(reports[0].outcome, Outcome::AlreadyRestored);
    assert_eq!(fake.writes.len(), before);
}

#[tokio::test]
async fn what_somebody_else_restored_meanwhile_keeps_its_password() {
    let mut fake = world(1);
    let mut plan = plan(vec![object(&fake, 1, enabled(1))]);
    Desk::new().done(&mut fake, &plan).await;
    let before = fake.writes.len();
    plan.objects[0].usn_changed = None;
    let (_, reports) = Desk::new().done(&mut fake, &plan).await;
    assert_eq!(reports[0].failure, Some(Failure::Stale), "{reports:#?}");
    assert!(reports[0].steps.iter().any(|s| s.step == "setPassword" && s.status == Status::Skipped));
    assert_eq!(fake.writes.len(), before);
    plan.request.reset_password = true;
    let (_, reports) = Desk::new().done(&mut fake, &plan).await;
    assert_eq!(reports[0].failure, None, "{reports:#?}");
}

#[tokio::test]
async fn where_the_server_takes_no_password_inside_the_account_is_disabled_at_once() {
    for steps in [disabled(1), enabled(1)] {
        let enable = steps.iter().any(|s| s.action == Action::Enable);
        let mut fake = world(1);
        fake.no_password_inside = true;
        let plan = plan(vec![object(&fake, 1, steps)]);
        let (_, reports) = Desk::new().done(&mut fake, &plan).await;
        assert_eq!(reports[0].outcome, Outcome::Restored, "{reports:#?}");
        assert!(fake.writes[0].contains("isDeleted") && fake.writes[1].ends_with("userAccountControl"));
        assert_eq!(fake.object(guid(1)).is_enabled(), enable);
        assert_eq!(fake.exposed(), 0);
    }
}

#[tokio::test]
async fn a_password_that_breaks_the_policy_changes_nothing() {
    let mut fake = world(1);
    let mut desk = Desk::new();
    desk.password = "short";
    let plan = plan(vec![object(&fake, 1, enabled(1))]);
    let (_, reports) = desk.done(&mut fake, &plan).await;
    assert_eq!((reports[0].outcome, reports[0].failure), (Outcome::Failed, Some(Failure::Blocked)));
    assert!(reports[0].message.as_ref().unwrap().contains("password policy"));
    assert!(fake.writes.is_empty());
}

#[tokio::test]
async fn what_has_changed_since_the_plan_is_left_alone() {
    let mut fake = world(2);
    let mut desk = Desk::new();
    desk.keep_going = true;
    let mut plan = plan(vec![object(&fake, 1, disabled(1)), object(&fake, 2, disabled(2))]);
    plan.objects[0].usn_changed = Some(1);
    fake.add(guid(50), "CN=Thief,DC=x", &[("sAMAccountName", &["USER2"])]);
    let (_, reports) = desk.done(&mut fake, &plan).await;
    assert_eq!(reports[0].failure, Some(Failure::Stale));
    assert_eq!(reports[1].failure, Some(Failure::Blocked));
    assert!(reports[1].message.as_ref().unwrap().contains("CN=Thief"));
    assert!(fake.writes.is_empty());
}

#[tokio::test]
async fn the_first_failure_ends_it_unless_told_to_go_on() {
    for keep_going in [false, true] {
        let mut fake = world(3);
        let mut desk = Desk::new();
        desk.keep_going = keep_going;
        let mut plan = plan((1..=3).map(|n| object(&fake, n, disabled(n))).collect());
        plan.objects[0].usn_changed = Some(1);
        let (_, reports) = desk.done(&mut fake, &plan).await;
        let wanted = if keep_going { Outcome::Restored } else { Outcome::Skipped };
        assert_eq!(reports[2].outcome, wanted);
    }
}

#[tokio::test]
async fn a_tree_comes_back_parents_first_and_children_of_a_failure_stay() {
    for fails in [false, true] {
        let mut fake = world(1);
        fake.add(guid(60), "OU=Sub,OU=Staff,DC=x", &[]);
        fake.tombstone(guid(60), guid(STAFF));
        fake.objects.get_mut(&guid(1)).unwrap().parent = Some(guid(60));
        let mut top = object(&fake, 60, vec![reanimate(60, Carried::None)]);
        top.kind = adrecover_core::kind::ObjectKind::Ou;
        let to = |text: &str, parent, password| {
            step(Action::Reanimate {
                to: dn(text),
                parent: guid(parent),
                sam_account_name: None,
                user_principal_name: None,
                mandatory: vec![],
                password,
            })
        };
        top.steps = vec![to("OU=Sub,OU=Staff,DC=x", STAFF, Carried::None)];
        let below = to("CN=User1,OU=Sub,OU=Staff,DC=x", 60, Carried::Random);
        let child = object(&fake, 1, vec![below, step(Action::Disable)]);
        let mut plan = plan(vec![top, child]);
        let mut desk = Desk::new();
        desk.keep_going = true;
        if fails {
            plan.objects[0].usn_changed = Some(1);
        }
        let (_, mut reports) = desk.done(&mut fake, &plan).await;
        if fails {
            assert_eq!(reports[1].outcome, Outcome::Blocked);
            assert!(fake.writes.is_empty());
        } else {
            verify_all(&plan, &mut reports, &mut fake).await;
            assert!(reports.iter().all(|r| r.verified == Some(true)), "{reports:#?}");
            assert_eq!(fake.object(guid(1)).dn, dn("CN=User1,OU=Sub,OU=Staff,DC=x"));
        }
    }
}

#[tokio::test]
async fn a_renamed_container_is_found_by_its_guid() {
    let mut fake = world(1);
    let plan = plan(vec![object(&fake, 1, disabled(1))]);
    fake.objects.get_mut(&guid(STAFF)).unwrap().dn = dn("OU=Crew,DC=x");
    let (_, mut reports) = Desk::new().done(&mut fake, &plan).await;
    assert_eq!(reports[0].dn, "CN=User1,OU=Crew,DC=x");
    verify_all(&plan, &mut reports, &mut fake).await;
    assert_eq!(reports[0].verified, Some(true), "{:?}", reports[0].differences);
}

#[tokio::test]
async fn stopping_finishes_the_step_and_still_disables() {
    let mut fake = world(2);
    let desk = Desk::new();
    let plan = plan((1..=2).map(|n| object(&fake, n, disabled(n))).collect());
    // Stops while the first undelete is under way.
    let stop = desk.stop.clone();
    fake.script = Some(Box::new(move |_, changes| {
        if changes.iter().any(|c| c.attribute == "isDeleted") {
            stop.store(true, Ordering::SeqCst);
        }
        None
    }));
    let (_, reports) = desk.done(&mut fake, &plan).await;
    let statuses: Vec<Status> = reports[0].steps.iter().map(|s| s.status).collect();
    assert_eq!(statuses, [Status::Done, Status::Done, Status::Skipped, Status::Skipped]);
    assert_eq!((reports[0].outcome, reports[0].failure), (Outcome::Partial, Some(Failure::Interrupted)));
    assert_eq!((reports[1].outcome, reports[1].failure), (Outcome::Skipped, Some(Failure::Interrupted)));
}

#[tokio::test(start_paused = true)]
async fn a_busy_server_is_asked_again() {
    let mut fake = world(1);
    for n in [2, 4, 5, 6] {
        fake.faults.insert(n, Fault::Busy);
    }
    let plan = plan(vec![object(&fake, 1, enabled(1))]);
    let (_, reports) = Desk::new().done(&mut fake, &plan).await;
    assert_eq!(reports[0].outcome, Outcome::Restored, "{reports:#?}");
}

#[tokio::test]
async fn a_server_that_goes_away_leaves_the_step_open() {
    let mut fake = world(1);
    // Two searches ahead, the container, then the undelete.
    fake.faults.insert(4, Fault::LostAfter);
    fake.cannot_reconnect = true;
    let desk = Desk::new();
    let plan = plan(vec![object(&fake, 1, disabled(1))]);
    let (id, reports) = desk.done(&mut fake, &plan).await;
    assert_eq!((reports[0].outcome, reports[0].failure), (Outcome::Partial, Some(Failure::Unreachable)));
    assert!(reports[0].message.as_ref().unwrap().contains("may or may not"));
    fake.cannot_reconnect = false;
    let reports = desk.resume(&mut fake, id).await.unwrap();
    assert_eq!(reports[0].outcome, Outcome::Restored, "{reports:#?}");
    assert_eq!(fake.writes.iter().filter(|w| w.contains("isDeleted")).count(), 1);
}

#[tokio::test]
async fn no_password_is_in_the_journal() {
    let mut fake = world(2);
    let desk = Desk::new();
    let mut steps = enabled(1);
    steps[0] = reanimate(1, Carried::None);
    let plan = plan(vec![object(&fake, 1, steps), object(&fake, 2, enabled(2))]);
    desk.done(&mut fake, &plan).await;
    let utf16: Vec<u8> = PASSWORD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for file in std::fs::read_dir(desk.path().parent().unwrap()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for secret in [PASSWORD.as_bytes(), &utf16] {
            assert!(!bytes.windows(secret.len()).any(|w| w == secret));
        }
    }
}

#[tokio::test]
async fn many_objects_take_few_searches() {
    let mut fake = world(100);
    let plan = plan((1..=100).map(|n| object(&fake, n, vec![reanimate(n, Carried::Random)])).collect());
    let (_, reports) = Desk::new().done(&mut fake, &plan).await;
    assert!(reports.iter().all(|r| r.outcome == Outcome::Restored));
    assert_eq!(fake.searches, 4 * 2 + 1);
}

#[tokio::test]
async fn nothing_more_is_written_once_the_journal_fails() {
    let mut fake = world(2);
    let desk = Desk::new();
    let plan = plan((1..=2).map(|n| object(&fake, n, disabled(n))).collect());
    let path = desk.path();
    fake.script = Some(Box::new(move |_, changes| {
        if changes.iter().any(|c| c.attribute == "isDeleted") {
            rusqlite::Connection::open(&path).unwrap().execute_batch("DROP TABLE events").unwrap();
        }
        None
    }));
    let (_, outcome) = desk.run(&mut fake, &plan).await;
    let error = outcome.unwrap().unwrap_err();
    assert_eq!(error.reports.len(), 1);
    assert!(error.reports[0].message.as_ref().unwrap().contains("may or may not"), "{error:?}");
    assert_eq!(fake.writes.len(), 1);
}

#[tokio::test]
async fn an_account_that_cannot_be_disabled_is_called_out() {
    let mut fake = world(1);
    fake.no_password_inside = true;
    fake.script = Some(Box::new(|_, changes| {
        changes.iter().any(|c| c.attribute == "userAccountControl").then(|| Refusal {
            code: 50,
            diagnostic: "00002098: SecErr".into(),
            operation: "disable".into(),
        })
    }));
    let plan = plan(vec![object(&fake, 1, enabled(1))]);
    let (_, reports) = Desk::new().done(&mut fake, &plan).await;
    assert_eq!(reports[0].outcome, Outcome::Partial, "{reports:#?}");
    assert!(reports[0].message.as_ref().unwrap().contains("disable it now"));
    assert_eq!(fake.writes.len(), 1);
}

#[tokio::test]
async fn must_change_follows_the_password_that_travelled() {
    let mut fake = world(1);
    let mut steps = enabled(1);
    steps[3] = step(Action::SetPassword { must_change: true, generated: false });
    let plan = plan(vec![object(&fake, 1, steps)]);
    let (_, reports) = Desk::new().done(&mut fake, &plan).await;
    assert_eq!(reports[0].outcome, Outcome::Restored, "{reports:#?}");
    assert_eq!(fake.object(guid(1)).text("pwdLastSet").as_deref(), Some("0"));
    assert!(fake.object(guid(1)).is_enabled());
}

/// What a source has never overwrites what somebody has written since the plan was made.
#[tokio::test]
async fn what_is_filled_goes_only_where_nothing_is() {
    let fill = |attribute: &str, value: &str| {
        step(Action::SetAttribute {
            attribute: attribute.into(),
            values: vec![Value::Text(value.into())],
            source: "users.json".into(),
            at: None,
            only_if_absent: true,
        })
    };
    let name = |value: &str| {
        step(Action::SetUpn { value: value.into(), source: Some("users.json".into()), at: None })
    };
    let mut fake = world(0);
    // The boss has another address and another logon name by now; the title is the one that is to be filled.
    let mut boss =
        object(&fake, BOSS, vec![fill("mail", "source@x"), name("source@x"), fill("title", "CEO")]);
    boss.dn = dn("CN=Boss,OU=Staff,DC=x");
    let plan = plan(vec![boss]);
    let (_, reports) = Desk::new().done(&mut fake, &plan).await;
    let statuses: Vec<Status> = reports[0].steps.iter().map(|s| s.status).collect();
    assert_eq!(statuses, [Status::Skipped, Status::Skipped, Status::Done], "{reports:#?}");
    assert_eq!((reports[0].outcome, reports[0].failure), (Outcome::Partial, Some(Failure::Stale)));
    assert!(
        reports[0]
            .message
            .as_deref()
            .unwrap()
            .contains("mail has been set since the plan was made, to old@x")
    );
    let boss = fake.object(guid(BOSS));
    assert_eq!(boss.text("mail").as_deref(), Some("old@x"));
    assert_eq!(boss.text("userPrincipalName").as_deref(), Some("boss@x"));
    assert_eq!(boss.text("title").as_deref(), Some("CEO"));
}
