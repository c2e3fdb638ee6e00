//! What comes after the directory: in which order, how far it goes, and that it goes on days later.

use std::collections::HashMap;

use adrecover_core::elsewhere::NoElsewhere;
use adrecover_core::plan::{Action, Carried, ObjectPlan, Plan, Step, Undo};
use adrecover_core::recovery::{Awaited, CloudChange, FILTERING_ATTRIBUTE, FILTERING_VALUE, Grant, Hand};
use adrecover_core::report::{Failure, ObjectReport, Outcome, Status};
use adrecover_core::value::Value;
use adrecover_engine::beyond::{Act, Later, Sight};
use adrecover_engine::follow::hold;
use adrecover_engine::journal::{Operation, OperationId};
use adrecover_engine::{
    Beyond, Followed, Journal, NoAudit, NoProgress, Run, execute, follow, undo_plan, verify_all,
};
use uuid::Uuid;

use crate::fake::Fake;
use crate::world::*;

const CLOUD: Uuid = Uuid::from_u128(7);

/// What lies beyond, as a test says it is. What is looked at without an answer is not so yet.
#[derive(Default)]
struct World {
    /// The answers to looks, by the step's name, one after the other; the last one stays.
    sights: HashMap<&'static str, Vec<Sight>>,
    /// The answers to acts; done, where there is none.
    acts: HashMap<&'static str, Act>,
    /// Whether commands are run by this program.
    runs: bool,
    /// How often it may be waited.
    patience: u32,
    /// What happened, with the object's number.
    log: Vec<String>,
}

impl World {
    fn says(mut self, step: &'static str, sights: impl IntoIterator<Item = Sight>) -> Self {
        self.sights.insert(step, sights.into_iter().collect());
        self
    }

    fn note(&mut self, what: &str, object: &ObjectPlan, action: &Action) {
        self.log.push(format!("{what} {} {}", action.name(), object.name));
    }
}

fn so() -> Sight {
    Sight::So(None)
}

fn not_yet() -> Sight {
    Sight::NotYet("not yet".into())
}

impl Beyond<Fake> for World {
    fn look<'a>(
        &'a mut self,
        _: &'a mut Fake,
        object: &'a ObjectPlan,
        action: &'a Action,
    ) -> Later<'a, Sight> {
        self.note("look", object, action);
        let answers = self.sights.entry(action.name()).or_default();
        let sight = match answers.len() {
            0 => not_yet(),
            1 => answers[0].clone(),
            _ => answers.remove(0),
        };
        Box::pin(async move { sight })
    }

    fn act<'a>(&'a mut self, object: &'a ObjectPlan, action: &'a Action) -> Later<'a, Act> {
        self.note("act", object, action);
        let act = self.acts.get(action.name()).cloned().unwrap_or(Act::Done(None));
        Box::pin(async move { act })
    }

    fn pause<'a>(&'a mut self, _: &'a str) -> Later<'a, bool> {
        self.log.push("pause".into());
        let more = self.patience > 0;
        self.patience = self.patience.saturating_sub(1);
        Box::pin(async move { more })
    }

    fn does(&self, _: &Action) -> bool {
        self.runs
    }
}

fn text(text: &str) -> String {
    text.into()
}

fn wait() -> Step {
    let awaited = Awaited::CloudUser { anchor: "AAAAAAAAAAAAAAAAAAAAAA==".into(), user: Some(CLOUD) };
    step(Action::Wait { awaited, text: text("export it again") })
}

/// A user who comes back disabled, with everything after it; the synchronisation is in the hands of `hand`.
fn whole(n: u8, first: bool, last: bool, hand: Hand) -> Vec<Step> {
    let mut steps = vec![];
    if first {
        steps.push(step(Action::HoldSync { text: text("hold"), hand: hand.clone() }));
    }
    steps.extend(disabled(n));
    steps.push(step(Action::Preflight));
    if last {
        steps.push(step(Action::ReleaseSync { text: text("release"), hand: hand.clone() }));
        steps.push(step(Action::RunSync { text: text("run"), hand }));
    }
    steps.push(wait());
    let change = CloudChange::Licences { add: vec![Grant { product: Uuid::from_u128(9), without: vec![] }] };
    steps.push(step(Action::CloudUpdate { user: CLOUD, change }));
    steps
}

fn two(fake: &Fake, hand: Hand) -> Plan {
    plan(vec![
        object(fake, 1, whole(1, true, false, hand.clone())),
        object(fake, 2, whole(2, false, true, hand)),
    ])
}

async fn go(
    desk: &Desk,
    fake: &mut Fake,
    plan: &Plan,
    world: &mut World,
    earlier: Option<OperationId>,
) -> (OperationId, Vec<ObjectReport>, Option<Followed>) {
    let journal = desk.journal();
    let id = match earlier {
        Some(id) => {
            journal.take_up(id).unwrap();
            id
        }
        None => journal.begin(&meta(), plan).unwrap(),
    };
    let mut given = Given(PASSWORD);
    let mut run = Run {
        directory: fake,
        elsewhere: &mut NoElsewhere,
        journal: &journal,
        operation: id,
        passwords: &mut given,
        progress: &mut NoProgress,
        audit: &NoAudit,
        stop: &|| false,
        keep_going: false,
        clock,
    };
    if hold(plan, &mut run, world).await.unwrap().is_err() {
        return (id, vec![], None);
    }
    let mut reports = match earlier {
        Some(_) => {
            let operation = run.journal.load(&id.to_string()).unwrap();
            adrecover_engine::resume(&operation, &mut run).await.unwrap()
        }
        None => execute(plan, &mut run).await.unwrap(),
    };
    verify_all(plan, &mut reports, run.directory).await;
    let followed = follow(plan, &mut reports, &mut run, world).await.unwrap();
    (id, reports, Some(followed))
}

fn loaded(desk: &Desk, id: OperationId) -> Operation {
    Journal::open(desk.path()).unwrap().load(&id.to_string()).unwrap()
}

fn status(report: &ObjectReport, step: &str) -> Status {
    report.steps.iter().find(|s| s.step == step).unwrap().status
}

fn everything() -> World {
    World { runs: true, ..World::default() }
        .says("preflight", [so()])
        .says("wait", [so()])
        .says("cloudUpdate", [not_yet(), so()])
}

#[tokio::test]
async fn each_stage_is_done_for_all_objects_before_the_next_begins() {
    let mut fake = world(2);
    let desk = Desk::new();
    let plan = two(&fake, Hand::Command);
    let mut world = everything();
    let (id, reports, followed) = go(&desk, &mut fake, &plan, &mut world, None).await;
    assert_eq!(followed, Some(Followed::Whole), "{reports:#?}");
    let order: Vec<&str> = world.log.iter().map(String::as_str).collect();
    assert_eq!(
        order,
        [
            "look holdSync User1",
            "act holdSync User1",
            "look preflight User1",
            "look preflight User2",
            "look releaseSync User2",
            "act releaseSync User2",
            "look runSync User2",
            "act runSync User2",
            "look wait User1",
            "look wait User2",
            "look cloudUpdate User1",
            "act cloudUpdate User1",
            "look cloudUpdate User1",
            "look cloudUpdate User2",
        ]
    );
    assert!(reports.iter().all(|r| r.outcome == Outcome::Restored && r.failure.is_none()), "{reports:#?}");
    assert_eq!(status(&reports[1], "cloudUpdate"), Status::Unchanged);
    assert!(loaded(&desk, id).is_finished());
    // The directory was left as the plan says, whatever happened beyond it.
    assert!(fake.writes.iter().all(|w| !w.contains(FILTERING_ATTRIBUTE)), "{:?}", fake.writes);
}

#[tokio::test]
async fn nothing_is_restored_where_the_synchronisation_cannot_be_held() {
    let mut fake = world(2);
    let desk = Desk::new();
    let plan = two(&fake, Hand::Command);
    let mut world = World { runs: true, ..World::default() };
    world.acts.insert("holdSync", Act::Refused(Failure::Other, "access denied".into()));
    let (_, reports, followed) = go(&desk, &mut fake, &plan, &mut world, None).await;
    assert!(reports.is_empty() && followed.is_none());
    assert!(fake.writes.is_empty(), "{:?}", fake.writes);
}

#[tokio::test]
async fn it_waits_for_days_and_goes_on() {
    let mut fake = world(2);
    let desk = Desk::new();
    let plan = two(&fake, Hand::Person);
    // What a person does is not waited for; what comes of it is, in the export.
    let mut first = World::default().says("preflight", [so()]);
    let (id, reports, followed) = go(&desk, &mut fake, &plan, &mut first, None).await;
    assert_eq!(followed, Some(Followed::Waiting));
    assert!(reports.iter().all(|r| r.failure.is_none() && r.verified == Some(true)), "{reports:#?}");
    assert_eq!(status(&reports[0], "wait"), Status::Planned);
    assert_eq!(status(&reports[0], "cloudUpdate"), Status::Planned);
    assert!(!loaded(&desk, id).is_finished());
    let before = fake.writes.len();

    let mut second = everything();
    second.runs = false;
    let (_, reports, followed) = go(&desk, &mut fake, &plan, &mut second, Some(id)).await;
    assert_eq!(followed, Some(Followed::Whole), "{reports:#?}");
    assert_eq!(fake.writes.len(), before, "nothing is done twice in the directory");
    // What has come of it says more than the gate, which is behind us.
    let looks: Vec<&str> = second.log.iter().map(String::as_str).take(3).collect();
    assert_eq!(looks, ["look wait User1", "look wait User2", "look cloudUpdate User1"]);
    assert_eq!(status(&reports[0], "reanimate"), Status::Done);
    assert!(loaded(&desk, id).is_finished());

    let mut third = World::default();
    let (_, _, followed) = go(&desk, &mut fake, &plan, &mut third, Some(id)).await;
    assert_eq!((followed, third.log.len()), (Some(Followed::Whole), 0), "{:?}", third.log);
}

#[tokio::test]
async fn a_gate_is_looked_through_again_as_long_as_nothing_came_of_it() {
    let mut fake = world(1);
    let desk = Desk::new();
    let plan = plan(vec![object(&fake, 1, whole(1, true, true, Hand::Person))]);
    let mut open = World::default().says("preflight", [so()]);
    let (id, ..) = go(&desk, &mut fake, &plan, &mut open, None).await;
    let mut closed = World::default().says("preflight", [Sight::Otherwise("an address is taken".into())]);
    let (_, reports, followed) = go(&desk, &mut fake, &plan, &mut closed, Some(id)).await;
    assert_eq!(closed.log, ["look wait User1", "look preflight User1"]);
    assert_eq!((followed, reports[0].failure), (Some(Followed::Waiting), Some(Failure::Blocked)));
}

#[tokio::test]
async fn a_gate_that_never_opened_does_not_matter_when_the_user_is_back() {
    let mut fake = world(1);
    let desk = Desk::new();
    let plan = plan(vec![object(&fake, 1, whole(1, true, true, Hand::Person))]);
    let mut open = World::default().says("preflight", [Sight::Unknown("not exported".into())]);
    let (id, reports, followed) = go(&desk, &mut fake, &plan, &mut open, None).await;
    assert_eq!((followed, reports[0].failure), (Some(Followed::Waiting), None));
    let mut back = everything();
    back.runs = false;
    let (_, reports, followed) = go(&desk, &mut fake, &plan, &mut back, Some(id)).await;
    assert_eq!(followed, Some(Followed::Whole), "{reports:#?}");
    assert!(!back.log.iter().any(|line| line.contains("preflight")), "{:?}", back.log);
    assert!(loaded(&desk, id).is_finished());
}

#[tokio::test]
async fn a_gate_that_does_not_open_keeps_the_synchronisation_held() {
    for (sight, runs, failure) in [
        (Sight::Otherwise("an address is taken".into()), false, Some(Failure::Blocked)),
        (Sight::NotYet("a check is unknown".into()), true, Some(Failure::Other)),
        // Where a person goes on, it is theirs to decide.
        (Sight::NotYet("a check is unknown".into()), false, None),
    ] {
        let mut fake = world(2);
        let desk = Desk::new();
        let plan = two(&fake, Hand::Command);
        let mut world = World { runs, ..World::default() }.says("preflight", [sight]);
        let (_, reports, followed) = go(&desk, &mut fake, &plan, &mut world, None).await;
        assert_eq!(followed, Some(Followed::Waiting));
        assert_eq!(reports[0].failure, failure, "{reports:#?}");
        let beyond = ["releaseSync", "runSync"];
        assert!(
            !world.log.iter().any(|line| beyond.iter().any(|step| line.contains(step))),
            "{:?}",
            world.log
        );
        assert_eq!(status(&reports[1], "runSync"), Status::Planned);
    }
}

#[tokio::test]
async fn a_second_account_stops_everything() {
    let mut fake = world(2);
    let desk = Desk::new();
    let plan = two(&fake, Hand::Person);
    let mut world = World::default()
        .says("preflight", [so()])
        .says("wait", [Sight::Otherwise("a second cloud user was made".into())]);
    let (_, reports, followed) = go(&desk, &mut fake, &plan, &mut world, None).await;
    assert_eq!(followed, Some(Followed::Waiting));
    assert_eq!(status(&reports[0], "wait"), Status::Failed);
    assert_eq!(reports[0].failure, Some(Failure::Blocked));
    assert!(!world.log.iter().any(|line| line.contains("cloudUpdate")), "{:?}", world.log);
}

#[tokio::test]
async fn waiting_has_an_end() {
    let mut fake = world(1);
    let desk = Desk::new();
    let steps = [disabled(1), vec![step(Action::Preflight), wait()]].concat();
    let plan = plan(vec![object(&fake, 1, steps)]);
    let mut world = World { patience: 3, ..World::default() }.says("preflight", [so()]);
    let (_, reports, _) = go(&desk, &mut fake, &plan, &mut world, None).await;
    assert_eq!(world.log.iter().filter(|line| *line == "pause").count(), 4);
    assert_eq!(reports[0].failure, Some(Failure::Other));
    assert_eq!(status(&reports[0], "wait"), Status::Planned);
}

#[tokio::test]
async fn a_half_restored_user_is_not_let_go() {
    let mut fake = world(2);
    let desk = Desk::new();
    let mut plan = two(&fake, Hand::Command);
    // The second one cannot be joined to a group that is not there.
    for step in &mut plan.objects[1].steps {
        if let Action::AddToGroup { guid: group, group: dn_of, .. } = &mut step.action {
            (*group, *dn_of) = (guid(99), dn("CN=Gone,DC=x"));
        }
    }
    let mut world = everything();
    let (_, reports, followed) = go(&desk, &mut fake, &plan, &mut world, None).await;
    assert_eq!(followed, Some(Followed::Waiting));
    assert_eq!(reports[1].outcome, Outcome::Partial, "{reports:#?}");
    assert_eq!(world.log, ["look holdSync User1", "act holdSync User1"]);
    let line = reports[0].steps.iter().find(|s| s.step == "preflight").unwrap();
    assert!(line.message.as_deref().unwrap().contains("User2"), "{line:?}");
}

#[tokio::test]
async fn an_act_without_an_answer_is_looked_for_and_not_repeated() {
    let mut fake = world(1);
    let desk = Desk::new();
    let change = CloudChange::UsageLocation { country: "DE".into() };
    let steps = [disabled(1), vec![step(Action::CloudUpdate { user: CLOUD, change })]].concat();
    let plan = plan(vec![object(&fake, 1, steps)]);
    let mut first = World::default();
    first.acts.insert("cloudUpdate", Act::Unsure("the connection was lost".into()));
    let (id, reports, _) = go(&desk, &mut fake, &plan, &mut first, None).await;
    assert!(reports[0].message.as_deref().unwrap().starts_with("it may or may not"), "{reports:#?}");
    let mut second = World::default().says("cloudUpdate", [so()]);
    let (_, reports, followed) = go(&desk, &mut fake, &plan, &mut second, Some(id)).await;
    assert_eq!(followed, Some(Followed::Whole));
    assert_eq!(status(&reports[0], "cloudUpdate"), Status::Done);
    assert_eq!(second.log, ["look cloudUpdate User1"]);
}

#[tokio::test]
async fn what_was_done_and_is_not_seen_is_said() {
    let mut fake = world(1);
    let desk = Desk::new();
    let steps = vec![step(Action::CloudRestore {
        user: CLOUD,
        user_principal_name: None,
        without_taken_addresses: false,
    })];
    let plan = plan(vec![object(&fake, 1, steps)]);
    let mut world = World { patience: 99, ..World::default() };
    let (id, reports, _) = go(&desk, &mut fake, &plan, &mut world, None).await;
    assert_eq!(reports[0].failure, Some(Failure::Other));
    assert!(reports[0].message.as_deref().unwrap().contains("not seen to be so"), "{reports:#?}");
    assert_eq!(world.log.iter().filter(|line| line.starts_with("act")).count(), 1);
    // A cloud user stays where it is when the operation is taken back, and that is said.
    let back = undo_plan(&loaded(&desk, id), false, clock());
    assert!(back.objects[0].warnings[0].contains("Remove-MgUser"), "{back:#?}");
}

#[tokio::test]
async fn a_user_is_held_from_its_first_moment_by_an_attribute() {
    let mut fake = world(1);
    let desk = Desk::new();
    let held = vec![Value::Text(FILTERING_VALUE.into())];
    let then = vec![Value::Text("VIP".into())];
    let hand = Hand::Attribute { then: then.clone() };
    let mut reanimation = reanimate(1, Carried::Random);
    if let Action::Reanimate { mandatory, .. } = &mut reanimation.action {
        let attribute = FILTERING_ATTRIBUTE.to_owned();
        mandatory.push(adrecover_core::request::AttributeWish { attribute, values: held });
    }
    let hold = Step {
        action: Action::HoldSync { text: text("hold"), hand: hand.clone() },
        undo: Undo::Values { attribute: FILTERING_ATTRIBUTE.into(), values: then },
        ..step(Action::Delete)
    };
    let steps = vec![
        reanimation,
        hold,
        step(Action::Disable),
        step(Action::Preflight),
        step(Action::ReleaseSync { text: text("release"), hand }),
    ];
    let plan = plan(vec![object(&fake, 1, steps)]);
    let mut closed = World::default().says("preflight", [Sight::Otherwise("no".into())]);
    let (id, reports, _) = go(&desk, &mut fake, &plan, &mut closed, None).await;
    assert_eq!(fake.object(guid(1)).text(FILTERING_ATTRIBUTE).as_deref(), Some(FILTERING_VALUE));
    assert_eq!(status(&reports[0], "holdSync"), Status::Done, "{reports:#?}");
    let holding: Vec<&String> = fake.writes.iter().filter(|w| w.contains(FILTERING_ATTRIBUTE)).collect();
    assert!(matches!(holding[..], [one] if one.contains("isDeleted")), "inside the undelete: {holding:?}");

    let mut open = World::default().says("preflight", [so()]);
    let (_, reports, followed) = go(&desk, &mut fake, &plan, &mut open, Some(id)).await;
    assert_eq!(followed, Some(Followed::Whole), "{reports:#?}");
    assert_eq!(fake.object(guid(1)).text(FILTERING_ATTRIBUTE).as_deref(), Some("VIP"));
}
