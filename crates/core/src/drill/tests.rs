//! The judgement of a drill.

use chrono::{TimeDelta, TimeZone, Utc};

use super::*;
use crate::ObjectGuid;
use crate::lifetime::DeletionPolicy;

fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 26, 12, 0, 0).unwrap()
}

fn journal(state: SourceState) -> SourceFacts {
    let at = Some(now() - TimeDelta::seconds(12));
    SourceFacts { name: "journal".into(), is_journal: true, at, state, note: None }
}

fn attribute(name: &str, held: Holding) -> AttributeFacts {
    AttributeFacts { name: name.into(), values: 1, survives: survives(name, &[]), held: vec![held] }
}

fn link(attribute: &str, dn: &str, held: Holding) -> LinkFacts {
    LinkFacts {
        attribute: attribute.into(),
        dn: dn.into(),
        is_protected: dn.contains("Admins"),
        licences: vec![],
        held: vec![held],
    }
}

fn facts(state: SourceState, attributes: Vec<AttributeFacts>, links: Vec<LinkFacts>) -> DrillFacts {
    DrillFacts {
        guid: ObjectGuid::from_wire(&[1; 16]).unwrap(),
        name: "UserA".into(),
        dn: "CN=UserA,DC=x".into(),
        policy: DeletionPolicy::new(false, Some(180), None),
        bin_brings_back: false,
        attributes,
        links,
        licences: None,
        sources: vec![journal(state)],
    }
}

#[test]
fn what_a_source_has_comes_back_and_what_decides_about_rights_has_to_be_named() {
    let attributes = vec![
        attribute("sAMAccountName", Holding::Nothing),
        attribute("mail", Holding::Same),
        attribute("scriptPath", Holding::Same),
    ];
    let links = vec![
        link("member", "CN=Sales,DC=x", Holding::Same),
        link("member", "CN=Domain Admins,DC=x", Holding::Same),
        link("manager", "CN=B,DC=x", Holding::Same),
    ];
    let drill = judge(&facts(SourceState::Ok, attributes, links), now());
    let fates: Vec<Fate> = drill.attributes.iter().map(|a| a.fate).collect();
    assert_eq!(fates, [Fate::Kept, Fate::Filled, Fate::Named]);
    assert_eq!(drill.groups.iter().map(|g| g.fate).collect::<Vec<_>>(), [Fate::Filled, Fate::Named]);
    assert_eq!((drill.links.len(), drill.links[0].fate), (1, Fate::Filled));
    assert_eq!((drill.verdict, drill.exit_code(), drill.password), (DrillVerdict::Whole, 0, Fate::Lost));
    assert!(drill.line.contains("3 of 3 attributes, 2 of 2 memberships, 1 of 1 links"), "{}", drill.line);
    assert!(drill.advice.iter().any(|a| a.contains("--fill-attribute scriptPath")), "{:?}", drill.advice);
    assert!(drill.advice.iter().any(|a| a.contains("--allow-privileged")), "{:?}", drill.advice);
}

#[test]
fn what_no_source_has_is_lost() {
    let attributes = vec![attribute("mail", Holding::Nothing), attribute("title", Holding::Other)];
    let drill = judge(&facts(SourceState::Ok, attributes, vec![]), now());
    assert!(drill.attributes.iter().all(|a| a.fate == Fate::Lost));
    assert!(drill.attributes[1].note.as_ref().is_some_and(|note| note.contains("another value")));
    assert_eq!((drill.verdict, drill.exit_code()), (DrillVerdict::Partly, 6));
    let group = vec![link("member", "CN=Sales,DC=x", Holding::Nothing)];
    assert_eq!(judge(&facts(SourceState::Ok, vec![], group), now()).verdict, DrillVerdict::Partly);
}

#[test]
fn a_source_that_is_not_kept_up_is_in_doubt() {
    let drill = judge(&facts(SourceState::Stale, vec![attribute("mail", Holding::Same)], vec![]), now());
    assert_eq!((drill.verdict, drill.exit_code()), (DrillVerdict::Unknown, 3));
    assert!(drill.line.contains("journal stale"), "{}", drill.line);
    assert!(drill.advice.iter().any(|a| a.contains("agent status")), "{:?}", drill.advice);
}

#[test]
fn the_bin_brings_everything_back() {
    let links = vec![link("member", "CN=Domain Admins,DC=x", Holding::Nothing)];
    let mut facts = facts(SourceState::Stale, vec![attribute("mail", Holding::Nothing)], links);
    facts.policy = DeletionPolicy::new(true, Some(180), Some(60));
    facts.bin_brings_back = true;
    let drill = judge(&facts, now());
    assert_eq!((drill.verdict, drill.password, drill.days_to_restore), (DrillVerdict::Whole, Fate::Bin, 60));
    assert!(drill.advice.is_empty() && drill.groups[0].fate == Fate::Bin);
    // A server that lists the bin and cannot undelete from it does not help.
    facts.bin_brings_back = false;
    assert!(judge(&facts, now()).line.contains("cannot undelete"));
}

#[test]
fn without_any_source() {
    let mut facts = facts(SourceState::Ok, vec![attribute("mail", Holding::Nothing)], vec![]);
    facts.sources.clear();
    facts.attributes[0].held.clear();
    let drill = judge(&facts, now());
    assert!(drill.line.contains("no other source") && drill.advice[0].contains("agent install"), "{drill:?}");
}
