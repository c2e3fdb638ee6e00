//! A journal that is damaged, or that there is no room for.

use std::fs::OpenOptions;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use adrecover_agent::{AgentOptions, Event};

use crate::stage::{Stage, quick};
use crate::told::{changed, company, object};

/// Overwrites what lies behind the first page.
fn damage(path: &Path, from: u64) {
    let mut file = OpenOptions::new().write(true).open(path).unwrap();
    let length = file.metadata().unwrap().len();
    file.seek(SeekFrom::Start(from)).unwrap();
    file.write_all(&vec![0xa5; usize::try_from(length - from).unwrap()]).unwrap();
}

fn aside(stage: &Stage) -> usize {
    let names = std::fs::read_dir(stage.path().parent().unwrap()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.contains(".damaged-") && name.ends_with('Z')).count()
}

#[test]
fn a_damaged_journal_is_set_aside_and_told() {
    let stage = Stage::new(company());
    stage.once(AgentOptions::default()).unwrap();
    damage(&stage.path(), 8192);
    let mut setup = stage.setup();
    setup.channels.push(stage.channel());
    stage.pass(AgentOptions::default(), setup).unwrap();
    assert_eq!((aside(&stage), stage.said(|event| matches!(event, Event::SetAside { .. }))), (1, 1));
    assert_eq!(stage.journal().status().unwrap().objects.live, 8);
    let alerts = stage.alerts();
    assert_eq!(alerts.len(), 1);
    assert_eq!(
        (&alerts[0]["kind"], &alerts[0]["forest"]),
        (&"journalSetAside".into(), &"contoso.com".into())
    );
}

/// Records that do not hold together, which nobody sees before they are needed.
fn spoil(stage: &Stage) {
    let connection = rusqlite::Connection::open(stage.path()).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    connection.execute("UPDATE states SET payload = zeroblob(length(payload))", []).unwrap();
}

fn full_reads(stage: &Stage) -> usize {
    stage.directory.reads.borrow().iter().filter(|whole| **whole).count()
}

fn change(stage: &Stage, text: &str) {
    let dn = "CN=Bob,OU=Staff,DC=contoso,DC=com";
    stage.directory.changes.borrow_mut().push(changed(11, dn, "title", text));
}

#[test]
fn damage_that_is_found_while_it_runs_is_set_aside_too() {
    let stage = Stage::new(company());
    let mut is_spoilt = false;
    stage.until(quick(), stage.setup(), || {
        if !is_spoilt && full_reads(&stage) == 1 {
            is_spoilt = true;
            spoil(&stage);
            change(&stage, "x");
        }
        is_spoilt && full_reads(&stage) == 2
    });
    assert_eq!((aside(&stage), stage.said(|event| matches!(event, Event::SetAside { .. }))), (1, 1));
    assert_eq!(stage.journal().status().unwrap().objects.live, 8);
}

/// What nothing has met is found when the file is looked through.
#[test]
fn damage_that_nothing_meets_is_found_in_time() {
    let stage = Stage::new(company());
    let options = AgentOptions { upkeep: std::time::Duration::from_millis(300), ..quick() };
    let mut is_damaged = false;
    stage.until(options, stage.setup(), || {
        if !is_damaged && stage.said(|event| matches!(event, Event::Opened { .. })) > 1 {
            is_damaged = true;
            damage(&stage.path(), 8192);
        }
        is_damaged && full_reads(&stage) == 2
    });
    assert_eq!((aside(&stage), stage.said(|event| matches!(event, Event::SetAside { .. }))), (1, 1));
    assert_eq!(stage.journal().status().unwrap().objects.live, 8);
}

#[test]
fn a_disk_that_fails_is_not_filled_with_journals() {
    let stage = Stage::new(company());
    let mut times = 0;
    let ended = stage.try_until(quick(), stage.setup(), || {
        if full_reads(&stage) > times {
            times += 1;
            // No two journals of one second: their names have it.
            std::thread::sleep(std::time::Duration::from_millis(1100));
            spoil(&stage);
            change(&stage, &times.to_string());
        }
        false
    });
    assert!(ended.unwrap_err().0.contains("damaged"));
    assert_eq!((aside(&stage), times), (3, 4));
}

#[test]
fn what_is_no_journal_is_left_alone() {
    for (name, is_set_aside) in [("changes-contoso.com.db", true), ("notes.db", false)] {
        let stage = Stage { name, ..Stage::new(company()) };
        std::fs::create_dir_all(stage.path().parent().unwrap()).unwrap();
        let text = "no database at all, but something that somebody needs";
        std::fs::write(stage.path(), text).unwrap();
        // One with the name of a journal is one that lost its beginning; another one was named by mistake.
        assert_eq!(stage.once(AgentOptions::default()).is_ok(), is_set_aside);
        assert_eq!(aside(&stage), usize::from(is_set_aside));
        assert_eq!(std::fs::read(stage.path()).unwrap() == text.as_bytes(), !is_set_aside);
    }
}

#[test]
fn a_full_disk_is_waited_out() {
    let stage = Stage::new(company());
    stage.once(AgentOptions::default()).unwrap();
    let octets = stage.journal().status().unwrap().octets;
    stage.directory.max_octets.set(Some(octets));
    for n in 100..200 {
        let dn = format!("CN=User {n},DC=contoso,DC=com");
        let text = format!("{n}").repeat(400);
        stage.directory.changes.borrow_mut().push(object(n, 1, &dn, &[("info", &text)], &[]));
    }
    stage.until(quick(), stage.setup(), || {
        let times = stage.said(|event| matches!(event, Event::NotWritten { .. }));
        if times == 2 {
            stage.directory.max_octets.set(None);
        }
        times >= 2 && stage.path().exists() && stage.journal().status().unwrap().objects.live == 108
    });
}
