//! What becomes of a list of deletions.

use adrecover_core::ObjectGuid;
use adrecover_core::lifetime::DeletionPolicy;
use adrecover_core::time::{Timestamp, rfc3339};
use adrecover_journal::{AttributeState, Casualty, Status, Taken};

use super::super::source::Source;
use super::document::{AlongsideItem, Document, PolicyItem};
use super::item::Item;
use super::next::{Way, commands};
use super::{bursts, page, summary, text, timeline};
use crate::args::Format;
use crate::journal::Controllers;
use crate::printer::tests::printer;

const NOON: i64 = 1_793_966_400;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(NOON + seconds, 0).unwrap()
}

fn casualty(n: u8, seconds: i64) -> Casualty {
    let attribute = |name: &str, values: &[&str]| AttributeState {
        name: name.into(),
        values: values.iter().map(|value| value.as_bytes().to_vec()).collect(),
        stamp: None,
    };
    let taken = Taken { attributes: 3, groups: 1, members: 0, links: 0 };
    Casualty {
        guid: ObjectGuid::from_wire(&[n; 16]).unwrap(),
        dn: format!("CN=User {n},OU=Staff,DC=contoso,DC=com"),
        happened: at(seconds),
        seen: at(seconds + 1),
        stamp: None,
        is_gone: false,
        is_found: false,
        times: 1,
        status: Status::Stripped,
        was_binned: false,
        back_since: None,
        is_known: true,
        attributes: vec![
            attribute("objectClass", &["top", "person", "user"]),
            attribute("sAMAccountName", &["u"]),
        ],
        taken,
        missing: taken,
    }
}

fn item(casualty: Casualty) -> Item {
    item_by(casualty, Some(DeletionPolicy::new(false, Some(180), None)))
}

fn item_by(casualty: Casualty, policy: Option<DeletionPolicy>) -> Item {
    Item::new(casualty, policy.as_ref(), &Controllers::default(), at(86_400))
}

fn document(items: Vec<Item>) -> Document {
    let policy = DeletionPolicy::new(false, Some(180), None);
    let way = Way { since: rfc3339(at(0)), until: None, journal: String::new() };
    Document {
        schema: "adrecover/incident/v1",
        journal: Source {
            forest: "contoso.com".into(),
            file: "x.db".into(),
            begins: Some(at(0)),
            as_of: Some(at(86_400)),
            is_complete: true,
        },
        since: rfc3339(at(0)),
        until: None,
        deletion_policy: Some(PolicyItem::of(policy, &items)),
        summary: summary::of(&items),
        timeline: timeline::of(&items),
        bursts: bursts::of(&items),
        alongside: AlongsideItem::default(),
        next: commands(&items, &way),
        items,
        doubt: None,
    }
}

#[test]
fn what_can_be_had_back_and_from_what() {
    let told = |change: fn(&mut Casualty), policy: Option<DeletionPolicy>| {
        let mut casualty = casualty(1, 0);
        change(&mut casualty);
        let item = item_by(casualty, policy);
        (item.recovery.name(), item.restorable, item.not_restorable_because)
    };
    let off = Some(DeletionPolicy::new(false, Some(180), None));
    let on = Some(DeletionPolicy::new(true, Some(180), None));
    assert_eq!(told(|_| {}, off), ("tombstoneAndJournal", true, None));
    // Where the configuration is not kept nothing speaks against it.
    assert_eq!(told(|_| {}, None), ("tombstoneAndJournal", true, None));
    assert_eq!(told(|c| c.is_known = false, off), ("tombstone", true, None));
    assert_eq!(told(|c| c.status = Status::Deleted, on), ("recycleBin", true, None));
    assert_eq!(told(|_| {}, on), ("journalOnly", false, Some("recycled")));
    assert_eq!(told(|c| c.was_binned = true, off), ("journalOnly", false, Some("recycled")));
    assert_eq!(told(|c| c.status = Status::Gone, off), ("journalOnly", false, Some("gone")));
    assert_eq!(told(|c| c.happened = at(-181 * 86_400), off), ("journalOnly", false, Some("lifetimeOver")));
    assert_eq!(
        told(|c| c.attributes[1].values[0] = b"krbtgt".to_vec(), off),
        ("journalOnly", false, Some("class"))
    );
    assert_eq!(told(|c| c.status = Status::Live, off), ("backInPart", false, None));
    let whole = |c: &mut Casualty| (c.status, c.missing) = (Status::Live, Taken::default());
    assert_eq!(told(whole, off), ("back", false, None));
}

#[test]
fn an_object_that_was_never_seen_alive_says_itself_where_it_lay() {
    let mut brief = casualty(1, 0);
    brief.is_known = false;
    brief.dn = format!("CN=Doe\\, J\\0ADEL:{},CN=Deleted Objects,DC=contoso,DC=com", brief.guid);
    brief.attributes.push(AttributeState {
        name: "lastKnownParent".into(),
        values: vec![b"OU=Staff,DC=contoso,DC=com".to_vec()],
        stamp: None,
    });
    let item = item(brief);
    assert_eq!((item.name.as_str(), item.dn.as_str()), ("Doe, J", "CN=Doe\\, J,OU=Staff,DC=contoso,DC=com"));
    assert_eq!(item.parent.as_deref(), Some("OU=Staff,DC=contoso,DC=com"));
}

#[test]
fn bars_fit_beside_one_another_and_lose_nothing() {
    for last in [0, 59, 3_600, 86_400, 30 * 86_400, 400 * 86_400, 200_000 * 86_400] {
        let items: Vec<Item> =
            [0, last / 3, last].iter().map(|seconds| item(casualty(1, *seconds))).collect();
        let timeline = timeline::of(&items);
        let bars = &timeline.bars;
        assert_eq!(bars.iter().map(|bar| bar.number).sum::<usize>(), 3, "{last}");
        let slots = (bars.last().unwrap().from - bars[0].from).num_seconds() / timeline.seconds_a_bar + 1;
        assert!(slots <= 61, "{last}: {slots}");
    }
    assert!(timeline::of(&[]).bars.is_empty());
    assert_eq!((timeline::words(1), timeline::words(600)), ("second".to_owned(), "10 minutes".to_owned()));
}

#[test]
fn a_mass_deletion_is_many_in_a_short_time() {
    let mut items: Vec<Item> = (0..12).map(|n| item(casualty(n, i64::from(n) * 60))).collect();
    items.extend((20..29).map(|n| item(casualty(n, 10_000 + i64::from(n)))));
    let found = bursts::of(&items);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].number, found[0].from, found[0].to), (12, at(0), at(660)));
    assert_eq!(found[0].most_from.as_deref(), Some("OU=Staff,DC=contoso,DC=com"));
    assert!(found[0].words().starts_with("12 objects within 11 minutes from "), "{}", found[0].words());
}

#[test]
fn the_next_commands_fill_only_where_something_is_missing() {
    let way = || Way { since: "S".into(), until: Some("U".into()), journal: " --journal x".into() };
    let with = |change: fn(&mut Casualty)| {
        let mut one = casualty(1, 0);
        change(&mut one);
        commands(&[item(one)], &way())
    };
    assert_eq!(
        with(|_| {}),
        [
            "adrecover history --incident --since S --until U --journal x -o json > incident.json",
            "adrecover restore --from-file incident.json --fill-from journal --groups-from journal --journal x --dry-run",
            "adrecover restore --from-file incident.json --fill-from journal --groups-from journal --journal x",
        ]
    );
    assert_eq!(with(|c| c.status = Status::Deleted)[2], "adrecover restore --from-file incident.json");
    assert!(with(|c| c.status = Status::Gone).is_empty());
    assert!(with(|c| (c.status, c.missing) = (Status::Live, Taken::default())).is_empty());
}

#[test]
fn hostile_names_become_no_markup_and_drive_no_terminal() {
    let mut evil = casualty(1, 0);
    evil.dn = "CN=<script>alert(1)</script>\u{1b}[31m,OU=\"><svg onload=x>,DC=contoso,DC=com".into();
    evil.attributes[1].values[0] = b"<img src=x>".to_vec();
    let document = document(vec![item(evil)]);
    let html = page::page(&document, at(86_400));
    assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("<svg onload"), "{html}");
    assert!(!html.contains('\u{1b}') && html.contains("&lt;script&gt;"), "{html}");
    let (printer, out, _) = printer(Format::Table, 0);
    text::print(&printer, &document, at(86_400)).unwrap();
    printer.flush().unwrap();
    assert!(!out.text().contains('\u{1b}') && out.text().contains("\\u{1b}[31m"), "{}", out.text());
}

#[test]
fn the_table_says_what_is_what() {
    let mut back = casualty(2, 30);
    (back.status, back.back_since) = (Status::Live, Some(at(99)));
    let document = document(vec![item(casualty(1, 0)), item(back)]);
    let (printer, out, _) = printer(Format::Table, 0);
    text::print(&printer, &document, at(86_400)).unwrap();
    printer.flush().unwrap();
    for line in [
        "objects       2",
        "back          1",
        "restorable    1",
        "taken         6 attributes, 2 memberships",
        "       1  from its tombstone, filled from the journal",
        "       2  OU=Staff,DC=contoso,DC=com",
        "       2  not known",
    ] {
        assert!(out.text().lines().any(|l| l == line), "{line}\n{}", out.text());
    }
    assert!(out.text().contains("by 2026-11-06 12:00:30"), "{}", out.text());
}
