//! What somebody has to know now.

use adrecover_agent::{AgentOptions, AlertOptions, Event, Threshold, WatchFor};
use adrecover_core::change::Phase;
use adrecover_journal::{Options, Query, Writer};
use serde_json::Value;

use crate::stage::{Stage, quick};
use crate::told::{DOMAIN, company, deleted, guid, now, object};

fn watch(name: &str) -> WatchFor {
    WatchFor {
        name: name.to_owned(),
        queries: vec![Query::Account(name.to_owned()), Query::Name(name.to_owned())],
    }
}

fn options(alerts: AlertOptions) -> AgentOptions {
    AgentOptions { alerts, ..AgentOptions::default() }
}

fn watching(names: &[&str], privileged: bool) -> AgentOptions {
    let watch = names.iter().map(|name| watch(name)).collect();
    options(AlertOptions { watch, privileged, ..AlertOptions::default() })
}

/// Passes over the directory: one as it was, and one with these deletions. What was told.
fn told(options: &AgentOptions, deletions: &[(u8, &str)]) -> Vec<Value> {
    let stage = Stage::new(company());
    let pass = || {
        let mut setup = stage.setup();
        setup.channels.push(stage.channel());
        stage.pass(options.clone(), setup).unwrap();
    };
    pass();
    stage.directory.changes.borrow_mut().extend(deletions.iter().map(|(n, name)| deleted(*n, name)));
    pass();
    // The same is not told again.
    pass();
    stage.alerts()
}

fn because(alert: &Value) -> Vec<String> {
    let objects = alert["objects"].as_array().unwrap();
    objects.iter().map(|o| o["because"].to_string()).collect()
}

#[test]
fn what_is_watched() {
    // Itself, and whoever else is not told of.
    let alerts = told(&watching(&["ada"], false), &[(10, "Ada"), (11, "Bob")]);
    assert_eq!((alerts.len(), &alerts[0]["count"]), (1, &1.into()), "{alerts:?}");
    let object = &alerts[0]["objects"][0];
    assert_eq!(object["guid"], guid(10).to_string());
    assert_eq!(object["dn"], "CN=Ada,OU=Staff,DC=contoso,DC=com");
    assert_eq!((&object["deletedOn"], &alerts[0]["controllers"][0]), (&"DC1".into(), &"DC1".into()));
    assert_eq!(because(&alerts[0]), ["[\"ada is watched\"]"]);
    let next = alerts[0]["next"].to_string();
    assert!(
        next.contains("adrecover history --incident --since") && next.contains("restore --guid"),
        "{next}"
    );
    assert!(alerts[0]["text"].as_str().unwrap().contains("adrecover history"));

    // Below an OU, which is deleted with all in it; by an account that is protected.
    let alerts = told(&watching(&["Staff"], true), &[(10, "Ada"), (2, "Staff"), (12, "Eve")]);
    assert_eq!((alerts.len(), &alerts[0]["count"]), (1, &2.into()), "{alerts:?}");
    assert_eq!(
        because(&alerts[0]),
        ["[\"it was below Staff\",\"it had adminCount 1\"]", "[\"Staff is watched\"]"]
    );

    // Members, and members of groups in it.
    let alerts = told(&watching(&["tier0"], false), &[(11, "Bob"), (12, "Eve"), (10, "Ada")]);
    assert_eq!(because(&alerts[0]), vec!["[\"it was a member of tier0\"]"; 2]);
    assert_eq!(
        alerts[0]["summary"],
        "2 watched objects were deleted, the first is CN=Bob,OU=Staff,DC=contoso,DC=com"
    );
}

#[test]
fn what_is_not_there_is_said_once() {
    let stage = Stage::new(company());
    let options = AgentOptions { alerts: watching(&["nobody"], false).alerts, ..quick() };
    stage.until(options, stage.setup(), || stage.directory.reads.borrow().len() > 5);
    assert_eq!(stage.said(|event| matches!(event, Event::WatchNotFound { .. })), 1);
}

#[test]
fn too_many() {
    let mass = |most| {
        options(AlertOptions { mass: Some(Threshold { most, seconds: 3600 }), ..AlertOptions::default() })
    };
    let gone = [(10, "Ada"), (11, "Bob"), (12, "Eve")];
    assert!(told(&mass(4), &gone).is_empty());
    let alerts = told(&mass(3), &gone);
    assert_eq!(
        (alerts.len(), &alerts[0]["kind"], &alerts[0]["count"]),
        (1, &"massDeletion".into(), &3.into())
    );
    assert_eq!(alerts[0]["objects"].as_array().unwrap().len(), 3);
    let none = options(AlertOptions { mass: None, ..AlertOptions::default() });
    assert!(told(&none, &gone).is_empty());
}

#[test]
fn too_many_is_told_again_when_it_has_doubled_and_counts_through_a_restart() {
    let mut changes = company();
    for n in 100..140 {
        changes.push(object(n, 1, &format!("CN=User {n},{DOMAIN}"), &[], &[]));
    }
    let stage = Stage::new(changes);
    let alerts = AlertOptions { mass: Some(Threshold { most: 5, seconds: 3600 }), ..AlertOptions::default() };
    let delete = |numbers: std::ops::Range<u8>| {
        let gone = numbers.map(|n| deleted(n, &format!("User {n}")));
        stage.directory.changes.borrow_mut().extend(gone);
        let mut setup = stage.setup();
        setup.channels.push(stage.channel());
        stage.pass(options(alerts.clone()), setup).unwrap();
        stage.alerts().iter().map(|alert| alert["count"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert!(delete(100..100).is_empty());
    assert!(delete(100..104).is_empty());
    assert_eq!(delete(104..106), [6]);
    assert_eq!(delete(106..111), [6]);
    assert_eq!(delete(111..112), [6, 12]);
    assert_eq!(delete(112..123), [6, 12]);
}

/// The agent is killed between keeping a deletion and telling it.
#[test]
fn what_was_kept_and_not_told_is_told_after_a_kill() {
    let stage = Stage::new(company());
    let alerts = watching(&["ada"], false);
    stage.once(alerts.clone()).unwrap();
    stage.directory.changes.borrow_mut().push(deleted(10, "Ada"));
    {
        let writer = Writer::open(stage.path(), "contoso.com", &Options::default()).unwrap();
        let cursor = writer.journal().contexts().unwrap()[0].cursor.clone();
        let batch = adrecover_core::change::Batch {
            naming_context: DOMAIN.parse().unwrap(),
            phase: Phase::Following,
            is_first: false,
            objects: vec![deleted(10, "Ada")],
            cursor,
            is_last: true,
        };
        assert_eq!(writer.ingest(&batch, now()).unwrap().deletions.len(), 1);
    }
    stage.once(alerts.clone()).unwrap();
    let raised = || stage.said(|event| matches!(event, Event::Alert { .. }));
    assert_eq!(raised(), 1);
    stage.once(alerts).unwrap();
    assert_eq!(raised(), 1);
}

/// Nobody can be told: it is kept, and told by the next agent.
#[test]
fn what_could_not_be_told_is_told_later() {
    let stage = Stage::new(company());
    let mut options = watching(&["ada"], false);
    stage.once(options.clone()).unwrap();
    stage.directory.changes.borrow_mut().push(deleted(10, "Ada"));
    let channel = stage.channel();
    std::fs::remove_file(stage.folder.path().join("tell")).unwrap();
    let mut setup = stage.setup();
    setup.channels.push(channel);
    (options.interval, options.collect) = (quick().interval, quick().collect);
    stage.until(options.clone(), setup, || {
        stage.said(|event| matches!(event, Event::AlertFailed { .. })) == 1
    });
    assert!(stage.alerts().is_empty());
    let mut setup = stage.setup();
    setup.channels.push(stage.channel());
    stage.pass(options, setup).unwrap();
    assert_eq!(stage.alerts().len(), 1);
}

/// What was deleted before anybody watched is nothing new.
#[test]
fn old_deletions_are_not_told() {
    let stage = Stage::new(company());
    let none = options(AlertOptions { mass: None, ..AlertOptions::default() });
    stage.once(none.clone()).unwrap();
    stage.directory.changes.borrow_mut().push(deleted(10, "Ada"));
    stage.once(none).unwrap();
    stage.once(watching(&["ada"], true)).unwrap();
    assert_eq!(stage.said(|event| matches!(event, Event::Alert { .. })), 0);
}
