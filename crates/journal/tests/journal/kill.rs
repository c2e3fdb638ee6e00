//! A process that is killed at any moment: nothing is lost and nothing is doubled.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use adrecover_core::change::{Batch, ObjectChange, Phase};
use adrecover_journal::{Journal, Options, Writer};

use super::support::*;

const USERS: u64 = 40;

/// The batch of a number: each changes ten users and a membership of each, and is as many changes.
fn numbered(k: u64) -> Batch {
    let change = |n: u64| -> ObjectChange {
        let n = 30 + ((k * 7 + n) % USERS) as u8;
        object(n, "", &[("description", &format!("{k} {}", "x".repeat(500))), ("title", &k.to_string())])
            .link("seeAlso", 30 + (k % USERS) as u8, true)
            .link("seeAlso", 30 + ((k + USERS - 1) % USERS) as u8, false)
            .changed(k as i64 * 10)
    };
    let mut batch = batch(Phase::Following, (0..10).map(change).collect());
    batch.cursor = Some(cursor(k));
    batch
}

fn users() -> Vec<ObjectChange> {
    let user = |n: u64| {
        let n = 30 + n as u8;
        object(n, &format!("CN=User {n},OU=Staff,DC=contoso,DC=com"), &[]).below(2).whole()
    };
    company().into_iter().chain((0..USERS).map(user)).collect()
}

fn kept(journal: &Journal) -> u64 {
    journal.contexts().unwrap().first().and_then(|c| c.cursor.as_ref()).map_or(0, |c| c.usn)
}

/// Goes on where the journal says, for ever, and tells each batch when it is kept.
#[test]
fn writes_until_it_is_killed() {
    let Ok(path) = std::env::var("JOURNAL_TO_WRITE") else { return };
    let writer = Writer::open(Place::told(&path), FOREST, &Options::default()).unwrap();
    if writer.journal().contexts().unwrap().is_empty() {
        read_all(&writer, 0, users());
    }
    let from = kept(writer.journal()) + 1;
    for k in from.. {
        writer.ingest(&numbered(k), time(k as i64 * 10)).unwrap();
        // Not caught by the test harness, which keeps what is printed until a test is over.
        use std::io::Write;
        let mut out = std::fs::OpenOptions::new().append(true).open("/dev/stdout").unwrap();
        out.write_all(format!("{k}\n").as_bytes()).unwrap();
    }
}

#[test]
fn after_any_kill_it_is_as_far_as_it_says() {
    let place = Place::new();
    let mut told = 1;
    let mut random = 42u64;
    for round in 0..25 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kill::writes_until_it_is_killed", "--nocapture"])
            .env("JOURNAL_TO_WRITE", place.words())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let reading = std::thread::spawn(move || {
            lines.map_while(Result::ok).filter_map(|line| line.trim().parse::<u64>().ok()).last()
        });
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        // A database has to be connected first.
        let first = if is_postgres() { 250_000 } else { 5_000 };
        std::thread::sleep(Duration::from_micros(first + (random >> 33) % 120_000));
        child.kill().unwrap();
        child.wait().unwrap();
        told = reading.join().unwrap().unwrap_or(told);
        if place.is_there() {
            check(&place, told, round % 8 == 0);
        }
    }
    assert!(told > 30, "only {told} batches were written");
}

fn check(place: &Place, told: u64, all: bool) {
    let journal = place.journal();
    if journal.contexts().unwrap().is_empty() {
        return;
    }
    assert_eq!(journal.check().unwrap(), Vec::<String>::new());
    let kept = kept(&journal);
    assert!(kept >= told, "{told} was told to be kept, {kept} is");
    // The full read has number 1, as the first batch would have: that is not written.
    let (first, changes) = (2, kept.saturating_sub(1) * 10);
    assert_eq!(journal.status().unwrap().changes, changes);
    for n in (0..USERS).filter(|n| all || n % 8 == 0) {
        let last = (first..=kept).rev().find(|k| (0..10).any(|c| (k * 7 + c) % USERS == n));
        let state = journal.now(guid(30 + n as u8)).unwrap().unwrap();
        let title = state.attribute("title").map(|a| String::from_utf8(a.values[0].clone()).unwrap());
        assert_eq!(title, last.map(|k| k.to_string()));
        if !all {
            continue;
        }
        let times = journal.history(guid(30 + n as u8)).unwrap();
        let own = times.iter().filter(|c| !c.attributes.is_empty()).count() as u64;
        assert_eq!(own, (first..=kept).filter(|k| (0..10).any(|c| (k * 7 + c) % USERS == n)).count() as u64);
    }
}
