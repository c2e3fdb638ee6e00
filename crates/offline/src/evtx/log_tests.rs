//! Logs that were written here: what happened, and what is known of each object at the end.

use std::io::{Cursor, Write};
use std::ops::ControlFlow;

use adrecover_core::directory::ChangeKind;
use adrecover_core::source::{GapReason, LinkState, Standing};
use adrecover_core::{ObjectGuid, Sid};

use super::*;
use crate::evtx::testing::{self, Value, Written, log};

const AUDIT: &str = "Microsoft-Windows-Security-Auditing";
const ADA: &str = "CN=Ada,OU=Sales,DC=contoso,DC=test";
const TEAM: &str = "CN=Team,DC=contoso,DC=test";

fn sid(rid: u32) -> Value {
    Value::Sid(format!("S-1-5-21-1-2-3-{rid}").parse().unwrap())
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn guid(octet: u8) -> Value {
    Value::Guid([octet; 16])
}

/// An event with who did it.
fn written(id: u16, data: Vec<(&'static str, Value)>) -> Written {
    let mut all = vec![
        ("SubjectUserSid", sid(500)),
        ("SubjectUserName", text("admin")),
        ("SubjectDomainName", text("CONTOSO")),
    ];
    all.extend(data);
    Written { provider: AUDIT, id, data: all }
}

/// 5136 on Ada or on the team.
fn changed(
    operation: &str,
    who: (u8, &str),
    attribute: &str,
    syntax: &str,
    added: bool,
    value: &str,
) -> Written {
    written(
        5136,
        vec![
            ("OpCorrelationID", text(operation)),
            ("ObjectDN", text(who.1)),
            ("ObjectGUID", guid(who.0)),
            ("ObjectClass", text(if who.0 == 1 { "user" } else { "group" })),
            ("AttributeLDAPDisplayName", text(attribute)),
            ("AttributeSyntaxOID", text(syntax)),
            ("AttributeValue", text(value)),
            ("OperationType", text(if added { "%%14674" } else { "%%14675" })),
        ],
    )
}

fn account(id: u16, name: &str, rid: u32) -> Written {
    written(
        id,
        vec![("TargetUserName", text(name)), ("TargetDomainName", text("CONTOSO")), ("TargetSid", sid(rid))],
    )
}

fn member(id: u16, rid: u32, dn: &str) -> Written {
    let mut event = account(id, "Team", 2000);
    event.data.extend([("MemberName", text(dn)), ("MemberSid", sid(rid))]);
    event
}

fn deleted(operation: &str, octet: u8, dn: &str) -> Written {
    written(
        5141,
        vec![
            ("OpCorrelationID", text(operation)),
            ("ObjectDN", text(dn)),
            ("ObjectGUID", guid(octet)),
            ("ObjectClass", text("user")),
            ("TreeDelete", text("%%14679")),
        ],
    )
}

fn read(events: &[Written]) -> Log {
    let log = Log::read("evtx:x", Cursor::new(log(events))).unwrap();
    assert!(log.damage().is_empty(), "{:?}", log.damage());
    log
}

fn happened(log: &mut Log, of: Option<&Key>) -> Vec<Event> {
    let mut all = vec![];
    let mut take = |event| {
        all.push(event);
        ControlFlow::Continue(())
    };
    log.events(of, &mut take).unwrap();
    all
}

fn links(log: &mut Log, object: &Object, direction: Direction) -> Vec<Link> {
    let mut all = vec![];
    let mut take = |link| {
        all.push(link);
        ControlFlow::Continue(())
    };
    log.links(object, direction, &mut take).unwrap();
    all
}

/// The story of a user: created, changed, put into a group, moved, deleted.
fn story() -> Vec<Written> {
    let ada = (1, ADA);
    let moved = "CN=Ada,OU=Board,DC=contoso,DC=test";
    vec![
        Written { provider: "Other", id: 4726, data: vec![("TargetSid", sid(7))] },
        changed("{a}", ada, "title", "2.5.5.12", false, "Clerk"),
        changed("{a}", ada, "title", "2.5.5.12", true, "Director"),
        changed("{b}", ada, "proxyAddresses", "2.5.5.12", true, "smtp:ada@contoso.test"),
        changed("{c}", ada, "unicodePwd", "2.5.5.10", true, "secret!"),
        changed("{d}", ada, "thumbnailPhoto", "2.5.5.10", true, "?"),
        member(4728, 1001, ADA),
        changed("{e}", (9, TEAM), "member", "2.5.5.1", true, ADA),
        written(
            5139,
            vec![
                ("OldObjectDN", text(ADA)),
                ("NewObjectDN", text(moved)),
                ("ObjectGUID", guid(1)),
                ("ObjectClass", text("user")),
            ],
        ),
        written(
            4781,
            vec![
                ("OldTargetUserName", text("ada")),
                ("NewTargetUserName", text("ada.l")),
                ("TargetSid", sid(1001)),
            ],
        ),
        deleted("{f}", 1, moved),
        changed("{f}", (1, moved), "title", "2.5.5.12", false, "Director"),
        account(4726, "ada.l", 1001),
    ]
}

#[test]
fn who_did_what_when_and_where() {
    let mut log = read(&story());
    let all = happened(&mut log, None);
    assert_eq!(all.len(), 11, "the other provider's is none, and one operation is one event");
    let first = &all[0];
    assert_eq!(first.by.as_ref().unwrap().name, "CONTOSO\\admin");
    assert_eq!(first.by.as_ref().unwrap().sid, "S-1-5-21-1-2-3-500".parse().ok());
    assert_eq!((first.on.as_deref(), first.place.as_str()), (Some("dc1.contoso.test"), "record 2"));
    assert_eq!(rfc3339(first.at.unwrap()), "2026-11-26T15:14:19Z");
    let EventKind::Changed(changes) = &first.kind else { panic!("{first:?}") };
    let changes: Vec<_> = changes.iter().map(|c| (c.kind, c.values[0].as_slice())).collect();
    assert_eq!(changes, [(ChangeKind::Delete, &b"Clerk"[..]), (ChangeKind::Add, b"Director")]);
    assert!(!format!("{all:?}").contains("secret!"));
    // Of one object only; membership events are those of the group, too.
    let of_ada = happened(&mut log, Some(&Key::Guid(ObjectGuid::from_wire(&[1; 16]).unwrap())));
    assert_eq!(of_ada.iter().filter(|e| e.kind == EventKind::Deleted).count(), 2);
    let of_team = happened(&mut log, Some(&Key::Account("team".into())));
    assert!(of_team.iter().any(
        |e| matches!(&e.kind, EventKind::MemberAdded { group } if group.account.as_deref() == Some("Team"))
    ));
}

#[test]
fn what_is_known_of_a_deleted_user() {
    let mut log = read(&story());
    // By its GUID, which the directory's events have, by its SID of those of accounts, and by both names.
    let keys = [
        Key::Guid(ObjectGuid::from_wire(&[1; 16]).unwrap()),
        Key::Sid("S-1-5-21-1-2-3-1001".parse::<Sid>().unwrap()),
        Key::Account("ADA.L".into()),
        Key::Dn("CN=Ada,OU=Board,DC=contoso,DC=test".parse().unwrap()),
        Key::Name("ada".into()),
    ];
    let found: Vec<_> = keys.iter().map(|key| log.find(key).unwrap()).collect();
    let ada = found[0][0].clone();
    for (key, found) in keys.iter().zip(&found) {
        assert_eq!(found, std::slice::from_ref(&ada), "{key:?}");
    }
    assert!(matches!(ada.standing, Standing::Deleted(_)) && !ada.is_whole);
    assert_eq!(ada.entry.text("title").as_deref(), Some("Director"), "what the deletion stripped is kept");
    assert_eq!((ada.gap("title"), ada.gap("proxyAddresses")), (None, Some(&GapReason::Partial)));
    assert_eq!(ada.gap("unicodePwd"), Some(&GapReason::Secret));
    assert!(matches!(ada.gap("thumbnailPhoto"), Some(GapReason::Damaged(_))));
    assert!(!ada.entry.has("unicodePwd") && !ada.entry.has("thumbnailPhoto"));
    assert_eq!(ada.place, "record 13");
    let groups = links(&mut log, &ada, Direction::PointedTo);
    let states: Vec<_> =
        groups.iter().map(|l| (l.attribute.as_str(), l.other.dn.as_str(), l.state)).collect();
    // The group's own event has its SID, that of the directory its GUID and DN: the log does not say that they are one.
    assert_eq!(states, [("member", "Team", LinkState::Present), ("member", TEAM, LinkState::Present)]);
}

#[test]
fn memberships_come_and_go() {
    let mut log = read(&[
        member(4756, 1001, ADA),
        member(4757, 1001, ADA),
        member(4732, 1002, "CN=Bea,DC=contoso,DC=test"),
        member(4733, 1003, "-"),
    ]);
    let team = log.find(&Key::Account("Team".into())).unwrap().remove(0);
    let members = links(&mut log, &team, Direction::Holds);
    let is_there: Vec<_> = members.iter().map(|link| link.state == LinkState::Present).collect();
    assert_eq!(is_there, [false, true, false]);
    assert!(members[0].since.is_some() && matches!(members[0].state, LinkState::Removed(Some(_))));
    assert_eq!(members[2].other.sid, "S-1-5-21-1-2-3-1003".parse().ok());
}

#[test]
fn a_name_that_is_used_again_is_another_object() {
    let mut log = read(&[
        changed("{a}", (1, ADA), "title", "2.5.5.12", true, "First"),
        deleted("{b}", 1, ADA),
        written(5137, vec![("ObjectDN", text(ADA)), ("ObjectGUID", guid(2)), ("ObjectClass", text("user"))]),
        changed("{c}", (2, ADA), "title", "2.5.5.12", true, "Second"),
    ]);
    let found = log.find(&Key::Dn(ADA.parse().unwrap())).unwrap();
    let titles: Vec<_> =
        found.iter().map(|o| (o.standing == Standing::Live, o.entry.text("title").unwrap())).collect();
    assert_eq!(titles, [(true, "Second".to_owned()), (false, "First".to_owned())]);
}

#[test]
fn a_long_log_and_an_empty_one() {
    let many: Vec<_> = (0..500).map(|rid| account(4726, &format!("user{rid}"), rid)).collect();
    let mut log = read(&many);
    assert_eq!(log.count().unwrap().deleted, 500);
    assert!(matches!(log.about().moment, Some(Moment::Newest(at)) if rfc3339(at) == "2026-11-26T15:22:37Z"));
    let log = read(&[]);
    assert!(log.about().limits[0].contains("no event") && log.about().moment.is_none());
}

#[test]
fn damage_costs_what_is_damaged() {
    let many: Vec<_> = (0..500).map(|rid| account(4726, &format!("user{rid}"), rid)).collect();
    let mut octets = log(&many);
    // The head of the second chunk, and a record of the first one.
    octets[4096 + 65_536] = b'X';
    octets[4096 + 512 + 100] ^= 0xff;
    let mut damaged = Log::read("evtx:x", Cursor::new(octets)).unwrap();
    assert!(damaged.damage().total() >= 2, "{:?}", damaged.damage());
    let count = damaged.count().unwrap().deleted;
    assert!(count > 300 && count < 500, "{count}");
    let error = Log::read("evtx:x", Cursor::new(b"no log".to_vec())).unwrap_err();
    assert!(matches!(error, SourceError::Damaged { .. }), "{error}");
}

/// The seeds are written by another program (`tests/fuzz/seeds.py`): what one gets wrong the other does not.
#[test]
fn the_seeds_of_the_fuzz_target_are_events() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus/evtx");
    for (seed, events, objects) in
        [("account", 1, 1), ("changed", 1, 1), ("member", 1, 2), ("moved", 1, 1), ("two", 2, 2)]
    {
        let records = std::fs::read(folder.join(seed)).unwrap();
        let mut log = Log::read("evtx:x", Cursor::new(testing::around(&records))).unwrap();
        assert!(log.damage().is_empty(), "{seed}: {:?}", log.damage());
        assert_eq!(happened(&mut log, None).len(), events, "{seed}");
        assert_eq!(log.count().unwrap().total(), objects, "{seed}");
    }
}

#[test]
fn a_file_is_opened_compressed_or_not() {
    let octets = log(&story());
    let mut encoder = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    encoder.write_all(&octets).unwrap();
    for (content, suffix) in [(octets, "directory"), (encoder.finish().unwrap(), ", gzip")] {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&content).unwrap();
        let place = crate::Place { kind: None, path: file.path().to_owned() };
        let mut source = crate::open(&place, &Options::default()).unwrap();
        let about = source.about();
        assert!(about.name.starts_with("evtx:") && about.format.ends_with(suffix), "{about:?}");
        assert_eq!(source.find(&Key::Account("ada.l".into())).unwrap().len(), 1);
    }
}
