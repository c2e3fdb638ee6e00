use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::*;
use crate::framer::op;
use crate::sweep::tests::query;
use crate::testing::*;

const TOP: u64 = 40_000;

/// Objects by number, with their update sequence numbers, as a server would find them.
#[derive(Clone, Default)]
struct Store(Arc<Mutex<BTreeMap<u8, u64>>>);

impl Store {
    fn new(objects: &[(u8, u64)]) -> Self {
        Self(Arc::new(Mutex::new(objects.iter().copied().collect())))
    }

    fn put(&self, number: u8, usn: u64) {
        self.0.lock().unwrap().insert(number, usn);
    }

    fn entries(&self, asked: &Asked) -> Vec<Vec<u8>> {
        let (low, high) = (bound(asked, 0xa5).unwrap_or(0), bound(asked, 0xa6).unwrap_or(u64::MAX));
        let found = self.0.lock().unwrap();
        found
            .iter()
            .filter(|(_, usn)| (low..=high).contains(usn))
            .map(|(n, _)| numbered(asked.id, *n))
            .collect()
    }

    fn answer(&self, asked: &Asked) -> Vec<Act> {
        let mut octets = self.entries(asked).concat();
        octets.extend(page_end(asked.id, b""));
        vec![Act::Send(octets)]
    }

    /// Steps that answer from it.
    fn steps(&self) -> Vec<Step> {
        (0..60).map(|_| self.clone()).map(|store| step(move |asked| store.answer(asked))).collect()
    }

    /// The same; all but the first wait until a permit is there.
    fn gated(&self, gate: &Arc<Semaphore>) -> Vec<Step> {
        let mut steps = self.steps();
        for held in steps.iter_mut().skip(1) {
            let (store, gate) = (self.clone(), Arc::clone(gate));
            *held = step(move |asked| {
                let mut acts = vec![Act::Until(Arc::clone(&gate))];
                acts.extend(store.answer(asked));
                acts
            });
        }
        steps
    }
}

/// The number that `uSNChanged` is compared with, `>=` (0xa5) or `<=` (0xa6).
fn bound(asked: &Asked, tag: u8) -> Option<u64> {
    let name = b"\x04\x0auSNChanged\x04";
    let at = |w: &[u8]| w[0] == tag && &w[2..2 + name.len()] == name;
    let window = asked.raw.windows(3 + name.len()).position(at)? + 2 + name.len();
    let length = usize::from(asked.raw[window]);
    std::str::from_utf8(&asked.raw[window + 1..window + 1 + length]).ok()?.parse().ok()
}

fn with(steps: Vec<Step>) -> Connection {
    Connection { usn: Some(TOP), steps, ..Connection::default() }
}

/// Three in the first window, so that a further connection is opened, and others above.
fn objects() -> Store {
    Store::new(&[
        (1, 100),
        (2, 200),
        (3, 300),
        (4, 25_000),
        (5, 31_000),
        (6, 36_000),
        (7, 38_500),
        (8, 39_999),
    ])
}

/// Everything that is listed over two connections, sorted.
async fn listed(fake: &Fake) -> (Vec<u8>, u32) {
    listed_within(fake, Duration::from_secs(20)).await
}

/// The same, with so much patience for a further connection to open.
async fn listed_within(fake: &Fake, held_up: Duration) -> (Vec<u8>, u32) {
    let mut session = fake.session().await;
    let mut sweep = session.sweep(SweepQuery { connections: 2, ..query() }).await.unwrap();
    (sweep.many, sweep.eager, sweep.held_up) = (2, true, held_up);
    let mut found = vec![];
    while let Some(entry) = bounded(sweep.next()).await.unwrap() {
        found.push(entry.value("cn").unwrap()[0]);
    }
    found.sort_unstable();
    (found, sweep.reconnections())
}

/// Steps of a further connection; the first one calls `first` and lets the others go on.
fn further(
    store: &Store,
    gate: &Arc<Semaphore>,
    first: impl Fn(&Asked) -> Vec<Act> + Send + 'static,
) -> Vec<Step> {
    let mut steps = store.steps();
    let gate = Arc::clone(gate);
    steps[0] = step(move |asked| {
        gate.add_permits(1);
        first(asked)
    });
    steps
}

#[tokio::test]
async fn two_connections_give_everything_once() {
    let (store, gate) = (objects(), Arc::new(Semaphore::new(0)));
    let reader = store.clone();
    let second = further(&store, &gate, move |asked| reader.answer(asked));
    let fake = Fake::start(vec![with(store.gated(&gate)), with(second)]).await;
    assert_eq!(listed(&fake).await, ((1..=8).collect(), 0));
    assert_eq!(fake.count(0x60), 2);
    let asked = fake.asked.lock().unwrap().clone();
    let searches: Vec<&Asked> = asked.iter().filter(|a| a.op == 0x63 && a.mentions("uSNChanged")).collect();
    let open = searches.last().unwrap();
    assert_eq!((bound(open, 0xa5), bound(open, 0xa6)), (Some(TOP + 1), None));
}

#[tokio::test]
async fn an_object_that_moves_is_not_lost() {
    let (store, gate) = (objects(), Arc::new(Semaphore::new(0)));
    let reader = store.clone();
    // While the second connection reads its first window, one object leaves a window that nobody has read, one that was
    // given is changed, and one comes.
    let second = further(&store, &gate, move |asked| {
        reader.put(8, TOP + 5);
        reader.put(1, TOP + 6);
        reader.put(9, TOP + 7);
        reader.answer(asked)
    });
    let fake = Fake::start(vec![with(store.gated(&gate)), with(second)]).await;
    let (found, _) = listed(&fake).await;
    // What is changed after it was given comes again, as it is then.
    assert_eq!(found, [1, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

#[tokio::test]
async fn a_connection_that_breaks_costs_and_doubles_nothing() {
    let store = objects();
    for part in [0, 1] {
        let (gate, reader) = (Arc::new(Semaphore::new(0)), store.clone());
        let second = further(&store, &gate, move |asked| {
            let entries: Vec<Vec<u8>> = reader.entries(asked).into_iter().take(part).collect();
            vec![Act::Send(entries.concat()), Act::Close]
        });
        let fake = Fake::start(vec![with(store.gated(&gate)), with(second)]).await;
        assert_eq!(listed(&fake).await, ((1..=8).collect(), 0));
    }
}

#[tokio::test]
async fn a_search_that_is_refused_on_a_further_connection_is_made_on_the_first() {
    let (store, gate) = (objects(), Arc::new(Semaphore::new(0)));
    let second = further(&store, &gate, |asked| vec![Act::Send(result(asked.id, op::DONE, 11, "limit"))]);
    let fake = Fake::start(vec![with(store.gated(&gate)), with(second)]).await;
    assert_eq!(listed(&fake).await, ((1..=8).collect(), 0));
}

#[tokio::test]
async fn a_further_connection_that_is_refused_is_no_fault() {
    let store = objects();
    let refused = Connection {
        bind: Some(step(|asked| vec![Act::Send(result(asked.id, op::BIND, 53, "too many"))])),
        ..Connection::default()
    };
    for others in [vec![], vec![refused]] {
        let scripts = std::iter::once(with(store.steps())).chain(others).collect();
        assert_eq!(listed(&Fake::start(scripts).await).await, ((1..=8).collect(), 0));
    }
}

#[tokio::test]
async fn a_server_that_does_one_thing_after_the_other_is_asked_over_one_connection() {
    let (store, gate) = (objects(), Arc::new(Semaphore::new(0)));
    // What comes after the first window waits for the bind of the second connection, and that is never answered.
    let (let_go, never) = (Arc::clone(&gate), Arc::new(Semaphore::new(0)));
    let held = Connection {
        bind: Some(step(move |_| {
            let_go.add_permits(1);
            vec![Act::Until(Arc::clone(&never))]
        })),
        ..Connection::default()
    };
    let fake = Fake::start(vec![with(store.gated(&gate)), held]).await;
    assert_eq!(listed_within(&fake, Duration::from_millis(20)).await, ((1..=8).collect(), 0));
}

#[tokio::test]
async fn another_domain_controller_is_not_asked() {
    let store = objects();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let steps = vec![step(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        vec![]
    })];
    let other = Connection {
        identity: Some("CN=NTDS Settings,CN=DC2"),
        usn: Some(TOP),
        steps,
        ..Connection::default()
    };
    let fake = Fake::start(vec![with(store.steps()), other]).await;
    assert_eq!(listed(&fake).await, ((1..=8).collect(), 0));
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn the_first_connection_may_break_beside_a_further_one() {
    let (store, gate) = (objects(), Arc::new(Semaphore::new(0)));
    let reader = store.clone();
    let second = further(&store, &gate, move |asked| reader.answer(asked));
    let mut first = store.gated(&gate);
    let (held, reader) = (Arc::clone(&gate), store.clone());
    first[1] = step(move |asked| {
        let some = reader.entries(asked).into_iter().take(1).collect::<Vec<_>>().concat();
        vec![Act::Until(Arc::clone(&held)), Act::Send(some), Act::Close]
    });
    let fake = Fake::start(vec![with(first), with(second), with(store.steps())]).await;
    let (found, reconnections) = listed(&fake).await;
    assert_eq!((found, reconnections), ((1..=8).collect(), 1));
}

#[test]
fn windows_cover_everything_once() {
    for (top, connections) in [(MANY_CHANGES, 2), (TOP, 2), (1_000_000, 3), (50_000_000, 8)] {
        let plan = Shared::new(top, connections);
        let mut low = 0;
        let mut number = 0;
        while let Some(window) = plan.next() {
            assert_eq!(window.low, low);
            low = window.high.unwrap() + 1;
            number += 1;
            plan.found(if number % 3 == 0 { 20_000 } else { 5 });
        }
        assert_eq!(low, top + 1);
        assert!(plan.is_used_up());
    }
    // An almost empty directory takes few requests.
    let plan = Shared::new(TOP, 2);
    assert!(std::iter::from_fn(|| plan.next()).count() < 10);
}
