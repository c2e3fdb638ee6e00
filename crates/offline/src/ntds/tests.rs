//! Directories of two writers, whole and damaged.

use std::io::Cursor;
use std::ops::ControlFlow;

use adrecover_core::lifetime::State;
use adrecover_core::source::{
    Counts, Direction, GapReason, Key, LinkState, Moment, Object, Selection, Source, Standing,
};
use adrecover_core::{Dn, ObjectGuid, Sid};

use super::*;
use crate::ese::tests::{sample, samples};
use crate::testing::ese::Format;
use crate::testing::ntds::{FIRST_USER, Plan, descriptor, guid, sid, write};

fn file(plan: &Plan) -> Vec<u8> {
    write(Cursor::new(Vec::new()), plan).unwrap().into_inner()
}

fn open(octets: Vec<u8>) -> Ntds {
    Ntds::new(Box::new(octets), "ntds:test.dit", Options::default()).unwrap()
}

fn guid_of(dnt: u32) -> ObjectGuid {
    ObjectGuid::from_wire(&guid(dnt)).unwrap()
}

fn one(ntds: &mut Ntds, key: &Key) -> Object {
    let found = ntds.find(key).unwrap();
    assert_eq!(found.len(), 1, "{key:?}");
    found.into_iter().next().unwrap()
}

#[test]
fn says_what_it_is() {
    let ntds = open(file(&Plan::new(8192, 20)));
    let about = ntds.about();
    assert_eq!(about.host.as_deref(), Some("dc1.test"));
    assert_eq!(about.domain, Some("DC=test".parse().unwrap()));
    assert_eq!(about.forest, Some("DC=test".parse().unwrap()));
    assert_eq!(about.contexts.len(), 3);
    assert_eq!((about.domain_level, about.forest_level, about.recycle_bin), (Some(7), Some(7), Some(true)));
    let policy = about.policy.unwrap();
    assert_eq!((policy.tombstone_lifetime, policy.deleted_object_lifetime), (180, 90));
    assert!(about.format.contains("8192") && about.verification.contains("no ntds.dit of Windows"));
    assert!(about.absence_is_unset && !about.is_dirty && about.moment.is_none());
    let off = open(file(&Plan { recycle_bin: false, ..Plan::new(8192, 20) }));
    assert_eq!(off.about().recycle_bin, Some(false));
}

#[test]
fn every_object_with_its_state() {
    for size in [4096, 8192, 32768] {
        let mut ntds = open(file(&Plan::new(size, 2000)));
        let counts = ntds.count().unwrap();
        assert_eq!(counts, Counts { live: 1800 + 67, deleted: 100, recycled: 100 }, "{size}");
        assert!(ntds.damage().is_empty(), "{:?}", ntds.damage());
    }
    let mut off = open(file(&Plan { recycle_bin: false, ..Plan::new(8192, 200) }));
    let wanted = Selection { live: false, ..Selection::everything() };
    let mut deleted = 0;
    off.list(&wanted, &mut |object| {
        assert_eq!(object.standing, Standing::Deleted(State::Tombstone));
        deleted += 1;
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(deleted, 20);
}

#[test]
fn the_values_of_a_user() {
    let mut ntds = open(file(&Plan::new(8192, 100)));
    let user = one(&mut ntds, &Key::Guid(guid_of(FIRST_USER + 5)));
    assert_eq!(user.entry.dn, "CN=user0000005,CN=Users,DC=test");
    assert_eq!(user.standing, Standing::Live);
    assert!(user.is_whole);
    assert_eq!(user.sid, Some(Sid::from_wire(&sid(FIRST_USER + 5)).unwrap()));
    let text = |name: &str| user.entry.text(name).unwrap();
    assert_eq!(user.entry.texts("objectClass"), ["top", "person", "user"]);
    assert_eq!(text("sAMAccountName"), "user0000005");
    assert_eq!(text("userAccountControl"), "512");
    assert_eq!(text("whenCreated"), "20210616000000.0Z");
    assert_eq!(text("description"), "user number 5, number 5, number 5");
    assert_eq!(text("contosoNumber"), "5", "by its number in this database");
    assert_eq!(user.entry.value("nTSecurityDescriptor"), Some(&descriptor(3)[..]));
    let photo: Vec<u8> = (0..30_000u32).map(|at| (at * 7 + 5) as u8).collect();
    assert_eq!(user.entry.value("thumbnailPhoto"), Some(&photo[..]));
    assert_eq!(user.gap("unicodePwd"), Some(&GapReason::Encrypted));
    assert_eq!(user.gap("contosoBadge"), Some(&GapReason::Secret), "confidential by the schema");
    assert!(!user.entry.has("unicodePwd") && !user.entry.has("contosoBadge") && !user.entry.has("memberOf"));
    let seventh = one(&mut ntds, &Key::Guid(guid_of(FIRST_USER + 7)));
    assert_eq!(seventh.entry.texts("description"), ["user number 7, number 7, number 7", "second"]);
}

#[test]
fn a_deleted_user_has_its_last_parent() {
    let mut ntds = open(file(&Plan::new(8192, 100)));
    let found = ntds.find(&Key::Name("USER0000009".into())).unwrap();
    assert_eq!(found.len(), 1);
    let user = &found[0];
    let mangled = format!("CN=user0000009\\0ADEL:{},CN=Deleted Objects,DC=test", guid_of(FIRST_USER + 9));
    assert_eq!(user.entry.dn, mangled);
    assert_eq!(user.standing, Standing::Deleted(State::Deleted));
    assert_eq!(user.entry.text("lastKnownParent").unwrap(), "CN=Users,DC=test");
    let recycled = one(&mut ntds, &Key::Account("user0000019".into()));
    assert_eq!(recycled.standing, Standing::Deleted(State::Recycled));
}

#[test]
fn each_kind_of_key_finds_by_a_few_pages() {
    for size in [8192, 32768] {
        let mut ntds = open(file(&Plan::new(size, 2000)));
        let n = 1234u32;
        let keys = [
            Key::Guid(guid_of(FIRST_USER + n)),
            Key::Sid(Sid::from_wire(&sid(FIRST_USER + n)).unwrap()),
            Key::Account("USER0001234".into()),
            Key::Principal("user0001234@TEST".into()),
            Key::Name("User0001234".into()),
            Key::Dn("cn=user0001234,cn=users,dc=test".parse::<Dn>().unwrap()),
        ];
        for key in keys {
            let before = ntds.database.damage().checked;
            let object = one(&mut ntds, &key);
            assert_eq!(object.id, u64::from(FIRST_USER + n));
            let read = ntds.database.damage().checked - before;
            assert!(read < 120, "{key:?} reads {read} pages of {}", ntds.database.pages());
            let before = ntds.database.damage().checked;
            one(&mut ntds, &key);
            let again = ntds.database.damage().checked - before;
            assert!(again < 10, "{key:?} reads {again} pages again");
        }
        let before = ntds.database.damage().checked;
        assert!(ntds.find(&Key::Guid(guid_of(5_000_000))).unwrap().is_empty());
        assert!(
            ntds.database.damage().checked - before < 10,
            "what is not there is not looked for in every row"
        );
        assert!(ntds.find(&Key::Account("nobody".into())).unwrap().is_empty());
        assert!(ntds.find(&Key::Account("user00012".into())).unwrap().is_empty());
    }
}

#[test]
fn links_in_their_three_states() {
    let mut ntds = open(file(&Plan::new(8192, 100)));
    let group = one(&mut ntds, &Key::Account("group0".into()));
    let mut states = [0; 3];
    ntds.links(&group, Direction::Holds, &mut |link| {
        assert_eq!((link.attribute.as_str(), link.other.guid.is_some()), ("member", true));
        match link.state {
            LinkState::Present => states[0] += 1,
            LinkState::Removed(at) => {
                assert!(at.is_some());
                states[1] += 1;
            }
            LinkState::Deactivated => {
                assert!(link.other.standing.is_some_and(|s| s != Standing::Live));
                states[2] += 1;
            }
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(states, [80, 10, 10]);
    let user = one(&mut ntds, &Key::Account("user0000003".into()));
    let mut groups = Vec::new();
    ntds.links(&user, Direction::PointedTo, &mut |link| {
        groups.push((link.other.dn, link.state, link.attribute));
        ControlFlow::Continue(())
    })
    .unwrap();
    let removed = adrecover_core::time::from_dstime(crate::testing::ntds::REMOVED_AT as u64);
    let expected =
        ("CN=Group0,CN=Users,DC=test".to_owned(), LinkState::Removed(removed), "member".to_owned());
    assert_eq!(groups, [expected]);
}

/// Without the indexes, and with damage in them, the same is found: by reading every row.
#[test]
fn a_damaged_index_is_not_believed() {
    let good = file(&Plan::new(4096, 500));
    let ntds = open(good.clone());
    let table = ntds.layout.data(&ntds.database);
    let roots: Vec<u32> = table.indexes.iter().filter(|i| !i.is_primary).map(|i| i.root).collect();
    let mut broken = good;
    for root in &roots {
        broken[(*root as usize + 1) * 4096 + 100..][..20].fill(0xee);
    }
    let mut ntds = open(broken);
    for key in [
        Key::Guid(guid_of(FIRST_USER + 77)),
        Key::Account("user0000077".into()),
        Key::Name("user0000077".into()),
    ] {
        assert_eq!(one(&mut ntds, &key).id, u64::from(FIRST_USER + 77), "{key:?}");
    }
    assert!(!ntds.damage().is_empty());
    assert!(ntds.damage().first().iter().any(|d| d.place.starts_with("page ")));
}

#[test]
fn a_damaged_page_costs_its_objects() {
    let good = file(&Plan::new(4096, 500));
    let mut ntds = open(good.clone());
    let victim = one(&mut ntds, &Key::Account("user0000250".into()));
    let page: usize = victim.place.rsplit(' ').next().unwrap().parse().unwrap();
    let mut broken = good;
    broken[(page + 1) * 4096 + 200..][..20].fill(0xee);
    let mut ntds = open(broken);
    let counted = ntds.count().unwrap().total();
    assert!((500 + 67 - 12..500 + 67).contains(&counted), "{counted}");
    assert!(ntds.find(&Key::Account("user0000250".into())).unwrap().is_empty());
    assert_eq!(ntds.find(&Key::Account("user0000100".into())).unwrap().len(), 1);
    assert!(ntds.damage().first().iter().any(|d| d.place == format!("page {page}")));
}

#[test]
fn a_dirty_one_is_refused_and_marked() {
    let dirty = Format { state: 2, ..Format::new(8192) };
    let octets = file(&Plan { format: dirty, ..Plan::new(8192, 20) });
    let refused = Ntds::new(Box::new(octets.clone()), "x.dit", Options::default()).err().unwrap();
    assert!(matches!(&refused, SourceError::Dirty { state, .. } if state == "dirty shutdown"), "{refused}");
    assert!(refused.hint().is_some_and(|hint| hint.contains("--allow-dirty")));
    let options = Options { allow_dirty: true, ..Options::default() };
    let ntds = Ntds::new(Box::new(octets), "x.dit", options).unwrap();
    assert!(ntds.about().is_dirty && ntds.about().limits.iter().any(|l| l.contains("not closed cleanly")));
}

#[test]
fn a_database_that_is_no_directory() {
    let Some(folder) = samples() else { return };
    let refused =
        Ntds::new(Box::new(sample(&folder, "basic.edb")), "basic.edb", Options::default()).err().unwrap();
    assert!(
        matches!(&refused, SourceError::Unsupported { what, .. } if what.contains("datatable")),
        "{refused}"
    );
}

#[test]
fn directories_of_another_writer() {
    let Some(folder) = samples() else { return };
    for name in ["synthetic-8k.dit", "synthetic-32k.dit"] {
        let mut ntds = open(sample(&folder, name));
        let counts = ntds.count().unwrap();
        assert_eq!(counts.live + counts.deleted, 2051, "{name}");
        assert_eq!(counts.deleted, 200);
        let user = one(&mut ntds, &Key::Account("user000005".into()));
        assert_eq!(user.entry.dn, "CN=user000005,CN=Users,DC=test");
        assert_eq!(user.entry.values("thumbnailPhoto")[0].len(), 6000);
        assert_eq!(user.entry.texts("objectClass"), ["top", "person", "user"]);
        let group = one(&mut ntds, &Key::Name("Group0".into()));
        let mut states = [0; 3];
        ntds.links(&group, Direction::Holds, &mut |link| {
            states[match link.state {
                LinkState::Present => 0,
                LinkState::Removed(_) => 1,
                LinkState::Deactivated => 2,
            }] += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(states, [1600, 200, 200]);
        let deleted = one(&mut ntds, &Key::Name("user000009".into()));
        assert_eq!(deleted.entry.text("lastKnownParent").unwrap(), "CN=Users,DC=test");
    }
}

/// The time of the header is that of the file.
#[test]
fn a_moment_is_told_where_the_header_has_one() {
    let mut octets = file(&Plan::new(4096, 5));
    for at in [0, 4096] {
        octets[at + 64..at + 72].copy_from_slice(&[1, 2, 3, 4, 5, 126, 1, 0]);
        let sum = crate::ese::internals::old_checksum(&octets[at..at + 4096]);
        octets[at..at + 4].copy_from_slice(&sum.to_le_bytes());
    }
    let moment = open(octets).about().moment.unwrap();
    assert!(
        matches!(moment, Moment::Written(at) if adrecover_core::time::rfc3339(at) == "2026-05-04T03:02:01Z")
    );
}
