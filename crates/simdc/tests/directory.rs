//! What time does to deleted objects, DirSync, and access lists: what no scenario reaches over LDAP.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "these are tests, and have a clock")]

use adrecover_core::directory::{Change, Scope};
use adrecover_simdc::access::Caller;
use adrecover_simdc::directory::{DirSync, Manner, Reading, Sight};
use adrecover_simdc::filter::Filter;
use adrecover_simdc::schema::schema;
use adrecover_simdc::store::{Deletion, Id};
use adrecover_simdc::{Clock, Directory, Settings};
use chrono::Duration;

const PEOPLE: &str = "OU=People,DC=contoso,DC=test";

fn directory(tombstone: Option<i64>, deleted: Option<i64>) -> Directory {
    let settings =
        Settings { tombstone_lifetime: tombstone, deleted_object_lifetime: deleted, ..Settings::default() };
    let mut directory = Directory::new(settings, Clock::new(chrono::Utc::now)).unwrap();
    directory.add_as_system(PEOPLE, &[("objectClass", &[b"organizationalUnit"])]).unwrap();
    directory
}

fn user(directory: &mut Directory, name: &str) -> Id {
    let dn = format!("CN={name},{PEOPLE}");
    let given: &[(&str, &[&[u8]])] = &[
        ("objectClass", &[b"user"]),
        ("sAMAccountName", &[name.as_bytes()]),
        ("mail", &[b"a@contoso.test"]),
        ("userAccountControl", &[b"514"]),
    ];
    directory.add_as_system(&dn, given).unwrap()
}

fn delete(directory: &mut Directory, id: Id) {
    let dn = directory.store.dn(id).to_string();
    directory.delete(&dn, &Caller::system(), Sight::ALL, false).unwrap();
}

fn state(directory: &Directory, id: Id) -> Option<Deletion> {
    directory.store.get(id).map(|object| object.deletion)
}

/// Days later, as the next request finds it.
fn days_pass(directory: &mut Directory, days: i64) {
    directory.collect_when_due();
    directory.clock().advance(Duration::days(days));
    directory.collect_when_due();
}

#[test]
fn tombstones_go_when_their_lifetime_is_over() {
    let mut directory = directory(Some(180), None);
    let id = user(&mut directory, "old");
    delete(&mut directory, id);
    assert_eq!(state(&directory, id), Some(Deletion::Tombstone));
    days_pass(&mut directory, 179);
    assert_eq!(state(&directory, id), Some(Deletion::Tombstone));
    days_pass(&mut directory, 2);
    assert_eq!(state(&directory, id), None);
}

#[test]
fn the_bin_recycles_and_then_forgets() {
    let mut directory = directory(Some(180), Some(30));
    directory.enable_recycle_bin();
    let id = user(&mut directory, "binned");
    delete(&mut directory, id);
    let mail = schema().find("mail").unwrap().id;
    assert_eq!(directory.store.get(id).unwrap().attributes.text(mail), Some("a@contoso.test"));
    days_pass(&mut directory, 31);
    let object = directory.store.get(id).unwrap();
    assert_eq!((object.deletion, object.attributes.text(mail)), (Deletion::Recycled, None));
    // As a recycled object it is kept for a tombstone's lifetime more.
    days_pass(&mut directory, 179);
    assert_eq!(state(&directory, id), Some(Deletion::Recycled));
    days_pass(&mut directory, 2);
    assert_eq!(state(&directory, id), None);
}

#[test]
fn lifetimes_that_are_absent_or_tiny() {
    assert_eq!(directory(None, None).policy().tombstone_lifetime, 60);
    let policy = directory(Some(1), Some(0)).policy();
    assert_eq!((policy.tombstone_lifetime, policy.deleted_object_lifetime), (2, 2));
    assert_eq!(directory(Some(180), None).policy().deleted_object_lifetime, 180);
}

#[test]
fn switching_the_bin_on_recycles_the_tombstones() {
    let mut directory = directory(Some(180), None);
    let id = user(&mut directory, "early");
    delete(&mut directory, id);
    directory.enable_recycle_bin();
    assert_eq!(state(&directory, id), Some(Deletion::Recycled));
}

fn reading(caller: &Caller) -> Reading<'_> {
    Reading { caller, sight: Sight::ALL, extended_dn: None, sd_parts: 7, is_catalogue: false }
}

#[test]
fn dir_sync_tells_what_has_changed_and_nothing_twice() {
    let mut directory = directory(Some(180), None);
    let system = Caller::system();
    let id = user(&mut directory, "watched");
    let filter = Filter::Present(schema().find("objectClass").unwrap());
    let ask = |directory: &mut Directory, cookie: Vec<u8>| {
        let control = DirSync { flags: 0x8000_0000, cookie };
        directory.dir_sync("DC=contoso,DC=test", &filter, &[], &control, reading(&system)).unwrap()
    };
    let first = ask(&mut directory, vec![]);
    assert!(first.entries.iter().any(|entry| entry.dn.starts_with("CN=watched,")));
    assert!(ask(&mut directory, first.cookie.clone()).entries.is_empty());

    let manner = Manner { sight: Sight::default(), is_encrypted: true, is_permissive: false };
    let dn = directory.store.dn(id).to_string();
    directory.modify(&dn, &[Change::replace("title", ["Clerk"])], &system, manner).unwrap();
    let changed = ask(&mut directory, first.cookie.clone());
    let [entry] = changed.entries.as_slice() else { panic!("{changed:?}") };
    let names: Vec<&str> = entry.attributes.iter().map(|(name, _)| name.as_str()).collect();
    assert!(
        names.contains(&"title") && names.contains(&"objectGUID") && !names.contains(&"mail"),
        "{names:?}"
    );

    // A deletion: the mangled name, and every attribute that is gone, without values.
    delete(&mut directory, id);
    let gone = ask(&mut directory, changed.cookie);
    let [entry] = gone.entries.as_slice() else { panic!("{gone:?}") };
    assert!(entry.dn.contains("\\0ADEL:"));
    let values =
        |name: &str| entry.attributes.iter().find(|(n, _)| n == name).map(|(_, values)| values.len());
    assert_eq!((values("mail"), values("isDeleted"), values("parentGUID")), (Some(0), Some(1), Some(1)));
    // A cookie of nobody.
    let control = DirSync { flags: 0, cookie: b"nonsense".to_vec() };
    let refused =
        directory.dir_sync("DC=contoso,DC=test", &filter, &[], &control, reading(&system)).unwrap_err();
    assert_eq!((refused.code, refused.win32), (12, 0x202c));
}

#[test]
fn values_beyond_the_limit_come_in_ranges() {
    let mut directory = directory(Some(180), None);
    let group = directory.add_crowd(PEOPLE, 3200).unwrap();
    let system = Caller::system();
    let dn = directory.store.dn(group).to_string();
    let filter = || Filter::Present(schema().find("objectClass").unwrap());
    let mut ask = |attribute: &str| {
        let names = [attribute.to_owned()];
        let mut state = directory.begin(&dn, Scope::Base, filter(), &names, reading(&system)).unwrap();
        let mut found = vec![];
        directory.page(&mut state, reading(&system), 1, |entry| found.push(entry));
        let attributes = found.remove(0).attributes;
        attributes.into_iter().map(|(name, values)| (name, values.len())).collect::<Vec<_>>()
    };
    let pair = |name: &str, count| (name.to_owned(), count);
    assert_eq!(ask("member"), [pair("member", 0), pair("member;range=0-1499", 1500)]);
    assert_eq!(ask("member;range=1500-*"), [pair("member;range=1500-2999", 1500)]);
    assert_eq!(ask("member;range=3000-*"), [pair("member;range=3000-*", 200)]);
    assert_eq!(ask("member;range=0-0"), [pair("member;range=0-0", 1)]);
}

#[test]
fn an_anonymous_caller_may_nothing() {
    let mut directory = directory(Some(180), None);
    let nobody = Caller::default();
    let filter = Filter::Present(schema().find("objectClass").unwrap());
    let refused = directory.begin(PEOPLE, Scope::Base, filter, &[], reading(&nobody)).unwrap_err();
    assert_eq!(refused.code, 32);
    let manner = Manner { sight: Sight::default(), is_encrypted: true, is_permissive: false };
    assert!(directory.modify(PEOPLE, &[Change::replace("description", ["x"])], &nobody, manner).is_err());
}
