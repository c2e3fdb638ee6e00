//! The program dies, or the connection breaks, at every single request.

use adrecover_core::plan::{Action, Plan, Step};
use adrecover_core::report::Outcome;

use crate::fake::{Fake, Fault};
use crate::world::*;

fn two_users(fake: &Fake) -> Plan {
    plan(vec![object(fake, 1, enabled(1)), object(fake, 2, disabled(2)), object(fake, BOSS, boss())])
}

fn boss() -> Vec<Step> {
    vec![
        set("mail", &["boss@new"]),
        step(Action::Move { to: dn("CN=Chief,OU=Staff,DC=x") }),
        step(Action::Disable),
        join(),
    ]
}

/// No write was done twice, passwords aside.
fn no_repetition(fake: &Fake) {
    let mut writes: Vec<&String> = fake.writes.iter().filter(|w| !w.ends_with(" unicodePwd")).collect();
    writes.sort();
    let all = writes.len();
    writes.dedup();
    // An account that is disabled for safety first and enabled later is written twice, with different values.
    let twice = all - writes.len();
    let allowed = fake.writes.iter().filter(|w| w.ends_with("userAccountControl")).count().saturating_sub(2);
    assert!(twice <= allowed, "{:?}", fake.writes);
}

async fn at_every_request(fault: Fault, bare: bool) {
    let mut reference = world(2);
    reference.no_password_inside = bare;
    let plan = two_users(&reference);
    Desk::new().done(&mut reference, &plan).await;
    for at in 1.. {
        let mut fake = world(2);
        fake.no_password_inside = bare;
        fake.faults.insert(at, fault);
        let desk = Desk::new();
        let (id, reports) = desk.run(&mut fake, &plan).await;
        let reports = match reports {
            Some(reports) => reports.unwrap(),
            None => desk.resume(&mut fake, id).await.unwrap(),
        };
        for report in &reports {
            assert_eq!(report.outcome, Outcome::Restored, "{fault:?} at {at}: {reports:#?}");
        }
        assert_eq!(fake.picture(), reference.picture(), "{fault:?} at {at}");
        assert_eq!(fake.exposed(), 0);
        no_repetition(&fake);
        let operation = desk.journal().load(&id.to_string()).unwrap();
        assert!(operation.steps.iter().flatten().all(|s| s.state.is_done()));
        if fake.requests < at {
            assert!(at > 15);
            return;
        }
    }
}

#[tokio::test]
async fn dying_before_each_request() {
    at_every_request(Fault::DiesBefore, false).await;
}

#[tokio::test]
async fn dying_after_each_request() {
    at_every_request(Fault::DiesAfter, false).await;
}

#[tokio::test]
async fn dying_where_no_password_travels_inside() {
    at_every_request(Fault::DiesBefore, true).await;
    at_every_request(Fault::DiesAfter, true).await;
}

#[tokio::test]
async fn losing_the_connection_before_each_request() {
    at_every_request(Fault::LostBefore, false).await;
    at_every_request(Fault::LostBefore, true).await;
}

#[tokio::test]
async fn losing_the_connection_after_each_request() {
    at_every_request(Fault::LostAfter, false).await;
    at_every_request(Fault::LostAfter, true).await;
}

#[tokio::test]
async fn dying_again_while_resuming() {
    let mut reference = world(2);
    let plan = two_users(&reference);
    Desk::new().done(&mut reference, &plan).await;
    for first in 1..30 {
        for second in [1, 2, 3, 5, 8] {
            let mut fake = world(2);
            fake.faults.insert(first, Fault::DiesAfter);
            fake.faults.insert(first + second, Fault::DiesBefore);
            let desk = Desk::new();
            let (id, mut reports) = desk.run(&mut fake, &plan).await;
            for _ in 0..3 {
                if reports.is_none() {
                    reports = desk.resume(&mut fake, id).await.map(Ok);
                }
            }
            assert!(reports.is_some());
            assert_eq!(fake.picture(), reference.picture(), "{first} {second}");
            no_repetition(&fake);
        }
    }
}

#[tokio::test]
async fn somebody_elses_change_after_a_crash_is_not_overwritten() {
    let mut fake = world(0);
    let plan = plan(vec![object(&fake, BOSS, vec![set("mail", &["boss@new"])])]);
    let desk = Desk::new();
    // Read, then the write: dies before it.
    fake.faults.insert(2, Fault::DiesBefore);
    let (id, reports) = desk.run(&mut fake, &plan).await;
    assert!(reports.is_none());
    fake.objects.get_mut(&guid(BOSS)).unwrap().set("mail", &["other@x"]);
    let reports = desk.resume(&mut fake, id).await.unwrap();
    assert_eq!(reports[0].outcome, Outcome::Failed);
    assert!(reports[0].message.as_ref().unwrap().contains("other@x"));
    assert_eq!(fake.object(guid(BOSS)).text("mail").as_deref(), Some("other@x"));
}
