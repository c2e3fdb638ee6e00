use std::collections::BTreeSet;

use super::*;
use crate::framer::op;
use crate::testing::*;

pub(super) fn query() -> SweepQuery {
    SweepQuery {
        base: "DC=x".into(),
        scope: Scope::OneLevel,
        filter: "(isDeleted=TRUE)".into(),
        attributes: vec!["cn".into()],
        visibility: Visibility::Deleted,
        connections: 1,
    }
}

async fn all(sweep: &mut Sweep<'_>) -> Vec<u8> {
    let mut found = vec![];
    while let Some(entry) = bounded(sweep.next()).await.unwrap() {
        found.push(entry.value("cn").unwrap()[0]);
    }
    found
}

fn with(usn: u64, steps: Vec<Step>) -> Connection {
    Connection { usn: Some(usn), steps, ..Connection::default() }
}

fn window(numbers: &'static [u8]) -> Step {
    step(move |a| {
        let mut octets: Vec<u8> = numbers.iter().flat_map(|n| numbered(a.id, *n)).collect();
        octets.extend(page_end(a.id, b""));
        vec![Act::Send(octets)]
    })
}

#[tokio::test]
async fn a_small_directory_is_one_window() {
    let fake = Fake::start(vec![with(5000, vec![window(&[1, 2, 3])])]).await;
    let mut session = fake.session().await;
    let mut sweep = session.sweep(query()).await.unwrap();
    assert_eq!(all(&mut sweep).await, [1, 2, 3]);
    let asked = fake.asked.lock().unwrap().clone();
    let [.., only] = asked.as_slice() else { panic!() };
    assert!(only.mentions("objectGUID") && !only.mentions("uSNChanged"));
}

#[tokio::test]
async fn a_lost_connection_loses_and_repeats_nothing() {
    let broken = step(|a| vec![Act::Send([numbered(a.id, 1), numbered(a.id, 2)].concat()), Act::Close]);
    // It is begun again in four windows of 1,024 numbers and an open one.
    let mut steps = vec![window(&[2, 1, 3])];
    steps.extend((0..3).map(|_| window(&[])));
    steps.push(window(&[4]));
    let fake = Fake::start(vec![with(5000, vec![broken]), with(5000, steps)]).await;
    let mut session = fake.session().await;
    let mut sweep = session.sweep(query()).await.unwrap();
    assert_eq!(all(&mut sweep).await, [1, 2, 3, 4]);
    assert_eq!(sweep.reconnections(), 1);
}

#[tokio::test]
async fn a_window_that_never_works_ends_it() {
    let fake = Fake::start((0..6).map(|_| with(10, vec![step(|_| vec![Act::Close])])).collect()).await;
    let mut session = fake.session().await;
    let mut sweep = session.sweep(query()).await.unwrap();
    let error = bounded(sweep.next()).await.unwrap_err();
    assert!(matches!(error, DirectoryError::ConnectionLost { .. }), "{error:?}");
    assert_eq!(sweep.reconnections(), MAX_RETRIES);
    assert!(bounded(sweep.next()).await.unwrap().is_none());
}

#[tokio::test]
async fn the_open_window_is_begun_again_in_smaller_ones() {
    let broken = step(|a| vec![Act::Send(numbered(a.id, 2)), Act::Close]);
    let mut steps = vec![window(&[2, 3])];
    steps.extend((0..6).map(|_| window(&[])));
    steps.push(window(&[4]));
    let fake = Fake::start(vec![with(300_000, vec![window(&[1]), broken]), with(400_000, steps)]).await;
    let mut session = fake.session().await;
    let mut sweep = session.sweep(query()).await.unwrap();
    assert_eq!(all(&mut sweep).await, [1, 2, 3, 4]);
    let asked = fake.asked.lock().unwrap().clone();
    let [.., bounded, open] = asked.as_slice() else { panic!() };
    assert!(bounded.mentions("uSNChanged\u{4}\u{6}365542") && bounded.mentions("uSNChanged\u{4}\u{6}382774"));
    assert!(open.mentions("uSNChanged\u{4}\u{6}382775") && !open.mentions("400000"));
}

#[tokio::test]
async fn an_open_window_too_small_to_split_is_begun_again_as_it_is() {
    let broken = step(|a| vec![Act::Send(numbered(a.id, 1)), Act::Close]);
    let fake = Fake::start(vec![with(500, vec![broken]), with(600, vec![window(&[1, 2])])]).await;
    let mut session = fake.session().await;
    let mut sweep = session.sweep(query()).await.unwrap();
    assert_eq!(all(&mut sweep).await, [1, 2]);
}

#[tokio::test]
async fn a_refusal_ends_it_at_once() {
    let fake = Fake::start(vec![with(10, reply(|id| result(id, op::DONE, 50, "")))]).await;
    let mut session = fake.session().await;
    let mut sweep = session.sweep(query()).await.unwrap();
    assert_eq!(bounded(sweep.next()).await.unwrap_err().refusal().unwrap().code, 50);
}

#[tokio::test]
async fn a_crowded_window_is_split() {
    // Seven narrower windows and the open one; the first attempt gives three and is stopped.
    let mut steps = vec![window(&[1, 2, 3, 4, 5, 6])];
    steps.extend([window(&[1, 2]), window(&[3, 4]), window(&[5]), window(&[6])]);
    steps.extend((0..4).map(|_| window(&[])));
    let fake = Fake::start(vec![with(100_000, steps)]).await;
    let mut session = fake.session().await;
    let mut sweep = session.sweep(query()).await.unwrap();
    sweep.max_given = 3;
    let found = all(&mut sweep).await;
    assert_eq!(found.len(), 6, "{found:?}");
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), (1..=6).collect());
    assert!(sweep.before.is_empty());
}

#[test]
fn windows_meet_and_end_open() {
    let first = next_window(0, 100, Some(250));
    assert_eq!(first, Window { low: 0, high: Some(99) });
    assert_eq!(next_window(100, 100, Some(250)), Window { low: 100, high: Some(199) });
    assert_eq!(next_window(200, 100, Some(250)), Window { low: 200, high: None });
    assert_eq!(next_window(0, 100, None), Window { low: 0, high: None });
    assert_eq!(query().of(Window { low: 0, high: None }).filter, "(isDeleted=TRUE)");
    let both = query().of(Window { low: 5, high: Some(9) });
    assert_eq!(both.filter, "(&(isDeleted=TRUE)(uSNChanged>=5)(uSNChanged<=9))");
}
