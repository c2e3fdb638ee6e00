//! Roll backs: what is written is what the plan shows, and nothing that came later.

use adrecover_core::plan::{Action, ObjectPlan, Plan, Purpose, Step, Undo};
use adrecover_core::report::{Failure, Outcome, Status};
use adrecover_core::rollback::RollbackRequest;
use adrecover_core::value::Value;

use crate::fake::Fake;
use crate::world::*;

fn mail(was: &str, is: &str) -> Step {
    let values = vec![Value::Text(is.to_owned())];
    Step { undo: Undo::Values { attribute: "mail".to_owned(), values }, ..set("mail", &[was]) }
}

fn rollback(objects: Vec<ObjectPlan>) -> Plan {
    Plan { purpose: Purpose::Rollback { request: Box::new(RollbackRequest::default()) }, ..plan(objects) }
}

fn moved(from: &str) -> Step {
    let to = dn("CN=Chief,OU=Staff,DC=x");
    Step { undo: Undo::Move { to: dn(from) }, ..step(Action::Move { to }) }
}

fn boss(fake: &Fake, steps: Vec<Step>) -> Plan {
    rollback(vec![object(fake, BOSS, steps)])
}

#[tokio::test]
async fn what_was_changed_since_the_plan_is_left_alone() {
    let mut fake = world(0);
    let desk = Desk::new();
    let plan = boss(&fake, vec![mail("right@x", "another@x"), moved("CN=Somewhere,DC=x")]);
    let (_, reports) = desk.done(&mut fake, &plan).await;
    assert_eq!(reports[0].failure, Some(Failure::Stale), "{reports:#?}");
    assert!(reports[0].steps.iter().all(|step| step.status == Status::Skipped), "{reports:#?}");
    assert!(fake.writes.is_empty() && fake.object(guid(BOSS)).text("mail").as_deref() == Some("old@x"));
}

#[tokio::test]
async fn what_is_as_the_plan_shows_is_rolled_back_and_taken_back() {
    let mut fake = world(0);
    let before = fake.picture();
    let desk = Desk::new();
    let plan = boss(&fake, vec![mail("right@x", "old@x"), moved("CN=Boss,OU=Staff,DC=x")]);
    let (id, reports) = desk.done(&mut fake, &plan).await;
    assert_eq!(reports[0].outcome, Outcome::Restored, "{reports:#?}");
    assert_eq!(fake.object(guid(BOSS)).text("mail").as_deref(), Some("right@x"));
    let operation = desk.journal().load(&id.to_string()).unwrap();
    let undo = adrecover_engine::undo_plan(&operation, false, clock());
    desk.done(&mut fake, &undo).await;
    assert_eq!(fake.picture(), before);
}

#[tokio::test]
async fn what_is_left_to_a_person_stops_nothing_and_a_failure_does() {
    let by_hand = || vec![step(Action::Manual { text: "it is deleted".to_owned() })];
    let mut fake = world(0);
    let desk = Desk::new();
    let both = |fake: &Fake, first| {
        rollback(vec![object(fake, SALES, first), object(fake, BOSS, vec![mail("right@x", "old@x")])])
    };
    let plan = both(&fake, by_hand());
    let (_, reports) = desk.done(&mut fake, &plan).await;
    let outcomes: Vec<Outcome> = reports.iter().map(|report| report.outcome).collect();
    assert_eq!(outcomes, [Outcome::Partial, Outcome::Restored], "{reports:#?}");
    let mut fake = world(0);
    let plan = both(&fake, vec![mail("right@x", "another@x")]);
    let (_, reports) = desk.done(&mut fake, &plan).await;
    assert_eq!(reports[1].outcome, Outcome::Skipped, "{reports:#?}");
}
