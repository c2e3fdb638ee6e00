//! Groups of other domains: a second directory, which may be down, break down, or not know the object yet.

use std::cell::Cell;

use adrecover_core::directory::Refusal;
use adrecover_core::elsewhere::{Elsewhere, Reaching};
use adrecover_core::plan::{Action, ObjectPlan, Plan, Step, Undo};
use adrecover_core::report::{Failure, ObjectReport, Outcome, Status};
use adrecover_engine::{
    Journal, NoAudit, NoProgress, OperationId, OperationState, Run, execute, resume, undo_plan, verify_all,
    verify_elsewhere,
};

use crate::fake::{Fake, Fault};
use crate::world::*;

const FAR: u8 = 210;
const DOMAIN: &str = "emea.x";

/// The other domain: a directory, unless it cannot be reached.
struct Forest {
    emea: Fake,
    is_down: bool,
    asked: Cell<usize>,
}

impl Elsewhere<Fake> for Forest {
    fn domain<'s>(&'s mut self, dns: &'s str) -> Reaching<'s, Fake> {
        Box::pin(async move {
            assert_eq!(dns, DOMAIN);
            self.asked.set(self.asked.get() + 1);
            if self.is_down { Err("nobody answers".to_owned()) } else { Ok(&mut self.emea) }
        })
    }
}

/// A forest whose other domain has a group, and knows the first users of this one by their names.
fn forest(known: u8) -> Forest {
    let mut emea = Fake::default();
    emea.add(guid(FAR), "CN=Far,DC=emea,DC=x", &[]);
    for n in 1..=known {
        emea.add(guid(n), &format!("CN=User{n},OU=Staff,DC=x"), &[]);
    }
    Forest { emea, is_down: false, asked: Cell::new(0) }
}

fn far() -> Step {
    let action = Action::AddToGroup {
        group: dn("CN=Far,DC=emea,DC=x"),
        guid: guid(FAR),
        source: "journal".into(),
        domain: Some(DOMAIN.into()),
        at: None,
    };
    Step { undo: Undo::RemoveFromGroup, ..step(action) }
}

/// A user who comes back, is put into the far group, and then into one of this domain.
fn user(fake: &Fake, n: u8) -> ObjectPlan {
    let mut steps = disabled(n);
    steps.insert(steps.len() - 1, far());
    object(fake, n, steps)
}

fn members(forest: &Forest) -> usize {
    forest.emea.object(guid(FAR)).attributes.get("member").map_or(0, Vec::len)
}

/// Begins a plan, or goes on with an operation; reads everything afterwards.
async fn go(
    desk: &Desk,
    (fake, forest): (&mut Fake, &mut Forest),
    plan: &Plan,
    earlier: Option<OperationId>,
) -> (OperationId, Vec<ObjectReport>) {
    let journal = desk.journal();
    let id = earlier.unwrap_or_else(|| journal.begin(&meta(), plan).unwrap());
    if earlier.is_some() {
        journal.take_up(id).unwrap();
    }
    let mut given = Given(PASSWORD);
    let mut run = Run {
        directory: fake,
        elsewhere: forest,
        journal: &journal,
        operation: id,
        passwords: &mut given,
        progress: &mut NoProgress,
        audit: &NoAudit,
        stop: &|| false,
        keep_going: false,
        clock,
    };
    let mut reports = match earlier {
        Some(_) => {
            let operation = journal.load(&id.to_string()).unwrap();
            resume(&operation, &mut run).await.unwrap()
        }
        None => execute(plan, &mut run).await.unwrap(),
    };
    journal.finish(id, OperationState::of(&reports), clock()).unwrap();
    verify_all(plan, &mut reports, run.directory).await;
    verify_elsewhere(plan, &mut reports, run.elsewhere).await;
    (id, reports)
}

fn far_status(report: &ObjectReport) -> Status {
    report.steps.iter().find(|s| s.domain.as_deref() == Some(DOMAIN)).unwrap().status
}

#[tokio::test]
async fn it_is_written_there_verified_and_taken_back() {
    let (mut fake, mut forest, desk) = (world(1), forest(1), Desk::new());
    let made = plan(vec![user(&fake, 1)]);
    let (id, reports) = go(&desk, (&mut fake, &mut forest), &made, None).await;
    assert_eq!((reports[0].outcome, reports[0].verified), (Outcome::Restored, Some(true)), "{reports:#?}");
    assert_eq!((members(&forest), forest.emea.writes.len()), (1, 1));
    // Nothing of this domain names the far group.
    assert!(fake.writes.iter().all(|write| !write.contains(&guid(FAR).to_string())), "{:?}", fake.writes);

    let undo = undo_plan(&desk.journal().load(&id.to_string()).unwrap(), false, clock());
    let back = undo.objects[0].steps.iter().find(|s| s.action.other_domain() == Some(DOMAIN)).unwrap();
    assert_eq!(back.action.name(), "removeFromGroup");
    let (_, reports) = go(&desk, (&mut fake, &mut forest), &undo, None).await;
    assert_eq!((far_status(&reports[0]), members(&forest)), (Status::Done, 0), "{reports:#?}");
    assert_eq!(reports[0].verified, Some(true), "{reports:#?}");
    // A second time nobody is a member any more.
    let (_, reports) = go(&desk, (&mut fake, &mut forest), &undo, None).await;
    assert_eq!((far_status(&reports[0]), forest.emea.writes.len()), (Status::Unchanged, 2), "{reports:#?}");
}

#[tokio::test]
async fn a_domain_that_is_down_stops_nothing_and_is_finished_later() {
    let (mut fake, mut forest, desk) = (world(2), forest(2), Desk::new());
    forest.is_down = true;
    let made = plan(vec![user(&fake, 1), user(&fake, 2)]);
    let (id, reports) = go(&desk, (&mut fake, &mut forest), &made, None).await;
    for report in &reports {
        assert_eq!((report.outcome, far_status(report)), (Outcome::Partial, Status::Failed), "{report:#?}");
        assert_eq!(
            (report.failure, report.verified),
            (Some(Failure::Unreachable), Some(false)),
            "{report:#?}"
        );
        // The membership behind it is written.
        assert_eq!(report.steps.last().unwrap().status, Status::Done, "{report:#?}");
    }
    assert_eq!(fake.object(guid(SALES)).attributes["member"].len(), 2);
    let writes = fake.writes.len();
    assert_eq!(desk.journal().unfinished(None, None).unwrap().len(), 1);

    forest.is_down = false;
    let (_, reports) = go(&desk, (&mut fake, &mut forest), &made, Some(id)).await;
    assert!(
        reports.iter().all(|r| r.outcome == Outcome::Restored && r.verified == Some(true)),
        "{reports:#?}"
    );
    assert_eq!((members(&forest), fake.writes.len()), (2, writes));
    assert!(desk.journal().unfinished(None, None).unwrap().is_empty());
}

#[tokio::test]
async fn who_is_a_member_already_is_not_added() {
    let (mut fake, mut forest, desk) = (world(1), forest(1), Desk::new());
    let member = guid(1).to_string();
    forest.emea.objects.get_mut(&guid(FAR)).unwrap().set("member", &[&member]);
    let made = plan(vec![user(&fake, 1)]);
    let (id, reports) = go(&desk, (&mut fake, &mut forest), &made, None).await;
    assert_eq!((far_status(&reports[0]), forest.emea.writes.len()), (Status::Unchanged, 0), "{reports:#?}");
    // What this operation did not add it does not take away.
    let undo = undo_plan(&desk.journal().load(&id.to_string()).unwrap(), false, clock());
    assert!(undo.objects[0].steps.iter().all(|s| s.action.other_domain().is_none()));
}

#[tokio::test]
async fn a_refusal_there_is_told_and_stops_nothing() {
    let (mut fake, mut forest, desk) = (world(2), forest(2), Desk::new());
    forest.emea.script = Some(Box::new(|_, _| {
        Some(Refusal { code: 50, diagnostic: "00002098: no".into(), operation: "modify".into() })
    }));
    let made = plan(vec![user(&fake, 1), user(&fake, 2)]);
    let (_, reports) = go(&desk, (&mut fake, &mut forest), &made, None).await;
    for report in &reports {
        assert_eq!(
            (report.outcome, report.failure),
            (Outcome::Partial, Some(Failure::AccessDenied)),
            "{report:#?}"
        );
        assert_eq!(report.steps.last().unwrap().status, Status::Done, "{report:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_not_known_there_yet_is_waited_for_within_bounds() {
    let (mut fake, mut forest, desk) = (world(2), forest(0), Desk::new());
    let made = plan(vec![user(&fake, 1), user(&fake, 2)]);
    let began = tokio::time::Instant::now();
    let (id, reports) = go(&desk, (&mut fake, &mut forest), &made, None).await;
    // One operation waits once, not each of its objects.
    assert_eq!(began.elapsed().as_secs(), 15);
    for report in &reports {
        assert_eq!(far_status(report), Status::Failed, "{report:#?}");
        let said = report.message.as_deref().unwrap();
        assert!(said.contains("does not know") && said.contains(&format!("--resume {id}")), "{said}");
    }
    for n in 1..=2 {
        forest.emea.add(guid(n), &format!("CN=User{n},OU=Staff,DC=x"), &[]);
    }
    let (_, reports) = go(&desk, (&mut fake, &mut forest), &made, Some(id)).await;
    assert!(reports.iter().all(|r| r.outcome == Outcome::Restored), "{reports:#?}");
    assert_eq!(members(&forest), 2);
}

#[tokio::test]
async fn a_lost_answer_is_looked_for_and_a_lost_connection_is_not_waited_for_again() {
    // The requests there: is it a member, the group, the write.
    for fault in [Fault::LostBefore, Fault::LostAfter] {
        let (mut fake, mut forest, desk) = (world(1), forest(1), Desk::new());
        forest.emea.faults.insert(3, fault);
        let made = plan(vec![user(&fake, 1)]);
        let (_, reports) = go(&desk, (&mut fake, &mut forest), &made, None).await;
        assert_eq!((far_status(&reports[0]), members(&forest)), (Status::Done, 1), "{fault:?} {reports:#?}");
        assert_eq!(forest.emea.writes.len(), 1, "{fault:?}");
    }
    let (mut fake, mut forest, desk) = (world(2), forest(2), Desk::new());
    forest.emea.faults.insert(3, Fault::LostAfter);
    forest.emea.cannot_reconnect = true;
    let made = plan(vec![user(&fake, 1), user(&fake, 2)]);
    let (id, reports) = go(&desk, (&mut fake, &mut forest), &made, None).await;
    let said = |report: &ObjectReport| report.message.clone().unwrap();
    assert!(said(&reports[0]).starts_with("it may or may not have been done"), "{reports:#?}");
    assert_eq!(far_status(&reports[1]), Status::Failed, "{reports:#?}");
    assert!(!said(&reports[1]).starts_with("it may or may not"), "{reports:#?}");
    // What was begun is looked at, and was done.
    forest.emea.cannot_reconnect = false;
    let (_, reports) = go(&desk, (&mut fake, &mut forest), &made, Some(id)).await;
    assert!(reports.iter().all(|r| r.outcome == Outcome::Restored), "{reports:#?}");
    assert_eq!((members(&forest), forest.emea.writes.len()), (2, 2));
}

#[tokio::test]
async fn what_was_planned_before_there_were_other_domains_is_carried_out_here() {
    let (mut fake, mut forest, desk) = (world(1), forest(1), Desk::new());
    let made = plan(vec![object(&fake, 1, disabled(1))]);
    let text = serde_json::to_string(&made).unwrap();
    assert!(!text.contains("\"domain\":null"), "{text}");
    let made: Plan = serde_json::from_str(&text).unwrap();
    let (_, reports) = go(&desk, (&mut fake, &mut forest), &made, None).await;
    assert_eq!((reports[0].outcome, forest.asked.get()), (Outcome::Restored, 0), "{reports:#?}");
    let _: Journal = desk.journal();
}
