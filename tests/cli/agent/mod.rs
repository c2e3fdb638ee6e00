//! An agent that keeps the change journal of a real domain: what is in it, what it tells, and how it goes on when things go wrong.

mod away;
mod installed;
mod kept;
mod running;
mod status;
mod told;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use adrecover_journal::{Journal, Status};
pub(crate) use running::Running;

use crate::support::Scene;

/// Where the agent of a scene keeps its journal.
fn place(scene: &Scene) -> PathBuf {
    scene.file("kept").join("changes-contoso.test.db")
}

/// The journal, to ask it.
fn journal(scene: &Scene) -> Journal {
    Journal::open(place(scene), None).unwrap()
}

/// Waits until something holds; how long that took.
#[track_caller]
pub(crate) fn wait(what: &str, mut holds: impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(60), "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
    began.elapsed()
}

/// Where an object stands in the journal.
fn status_of(scene: &Scene, guid: &str) -> Option<Status> {
    let journal = journal(scene);
    let now = journal.now(guid.parse().unwrap()).unwrap();
    now.map(|now| now.status)
}

/// The same where the journal need not be there yet.
fn status_of_or_none(scene: &Scene, guid: &str) -> Option<Status> {
    place(scene).exists().then(|| status_of(scene, guid)).flatten()
}
