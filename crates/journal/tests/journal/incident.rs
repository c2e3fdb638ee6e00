//! What was deleted in a time, what that took, and what else happened.

use adrecover_core::change::ObjectChange;
use adrecover_journal::{Alongside, Casualty, Journal, Status, Taken};

use super::support::*;

fn casualties(journal: &Journal, from: i64, to: i64) -> Vec<Casualty> {
    let mut out = vec![];
    let attributes = ["objectClass", "sAMAccountName"];
    journal.casualties(time(from), time(to), &attributes, |casualty| out.push(casualty)).unwrap();
    out
}

fn taken(attributes: usize, groups: usize, members: usize, links: usize) -> Taken {
    Taken { attributes, groups, members, links }
}

fn gone(n: u8, dn: &str, at: i64) -> ObjectChange {
    let (rdn, parent) = dn.split_once(',').unwrap();
    let mangled = format!("{rdn}\\0ADEL:{},CN=Deleted Objects,DC=contoso,DC=com", guid(n));
    let attributes = [("mail", ""), ("isRecycled", "TRUE"), ("lastKnownParent", parent)];
    object(n, &mangled, &attributes).below(3).deleted().stamped(at, 1)
}

#[test]
fn a_deleted_tree_is_told_by_its_old_names() {
    let place = Place::new();
    let writer = place.writer();
    read_all(&writer, 0, company());
    // The container comes first, so that the others lie in something that is deleted when they are.
    let staff = gone(2, "OU=Staff,DC=contoso,DC=com", 30);
    let grace = gone(11, "CN=Grace,OU=Staff,DC=contoso,DC=com", 31);
    let sales = gone(20, "CN=Sales,OU=Staff,DC=contoso,DC=com", 32);
    follow(&writer, 40, vec![staff, grace, sales, ada_deleted(33)]);
    let all = casualties(writer.journal(), 30, 33);
    let told: Vec<_> = all.iter().map(|c| (c.guid.to_wire()[0], c.dn.as_str(), c.taken)).collect();
    assert_eq!(
        told,
        [
            (2, "OU=Staff,DC=contoso,DC=com", taken(0, 0, 0, 0)),
            (11, "CN=Grace,OU=Staff,DC=contoso,DC=com", taken(0, 1, 0, 1)),
            (20, "CN=Sales,OU=Staff,DC=contoso,DC=com", taken(0, 0, 1, 0)),
            // The group and the manager went before, by the same hand.
            (10, "CN=Ada,OU=Staff,DC=contoso,DC=com", taken(2, 2, 0, 1)),
        ]
    );
    let ada = &all[3];
    assert_eq!((ada.happened, ada.seen, ada.times), (time(33), time(40), 1));
    assert_eq!(ada.stamp.unwrap().invocation, guid(200));
    assert_eq!((ada.status, ada.was_binned, ada.back_since), (Status::Stripped, false, None));
    assert_eq!(ada.missing, ada.taken);
    assert!(ada.is_known && !ada.is_gone && !ada.is_found);
    let names: Vec<_> = ada.attributes.iter().map(|a| (a.name.as_str(), a.values[0].as_slice())).collect();
    assert_eq!(names, [("objectClass", b"user".as_slice()), ("sAMAccountName", b"ada")]);
    assert_eq!(casualties(writer.journal(), 31, 32).len(), 2);
    assert_eq!(casualties(writer.journal(), 34, 99), []);
}

#[test]
fn what_is_back_and_what_of_it_is_missing() {
    let place = Place::new();
    let writer = place.writer();
    read_all(&writer, 0, company());
    follow(&writer, 40, vec![ada_deleted(35)]);
    let attributes = [("isDeleted", ""), ("isRecycled", ""), ("userPrincipalName", "Ada@contoso.com")];
    let back = object(10, "CN=Ada,OU=Staff,DC=contoso,DC=com", &attributes).below(2).stamped(50, 2);
    follow(&writer, 60, vec![back]);
    follow(&writer, 70, vec![object(20, "", &[]).link("member", 10, true).stamped(65, 3)]);
    let all = casualties(writer.journal(), 0, 99);
    assert_eq!((all.len(), all[0].status, all[0].back_since), (1, Status::Live, Some(time(50))));
    assert_eq!((all[0].taken, all[0].missing), (taken(2, 2, 0, 1), taken(1, 1, 0, 1)));
    // Deleted once more: it is there once, with the links that either deletion took.
    follow(&writer, 90, vec![ada_deleted(80)]);
    let all = casualties(writer.journal(), 0, 99);
    assert_eq!((all.len(), all[0].times, all[0].happened), (1, 2, time(80)));
    assert_eq!(all[0].taken, taken(1, 2, 0, 1));
}

#[test]
fn what_was_not_known_before_and_what_a_comparison_finds() {
    let place = Place::new();
    let writer = place.writer();
    read_all(&writer, 0, company());
    follow(&writer, 40, vec![gone(12, "CN=Brief,OU=Staff,DC=contoso,DC=com", 30)]);
    let brief = &casualties(writer.journal(), 0, 50)[0];
    assert!(!brief.is_known && brief.taken == Taken::default(), "{brief:?}");
    assert!(!writer.journal().knows_before_deletion(guid(12)).unwrap());
    assert!(!writer.journal().knows_before_deletion(guid(10)).unwrap());

    let mut left = company();
    left.retain(|object| object.guid != guid(10));
    left.push(gone(12, "CN=Brief,OU=Staff,DC=contoso,DC=com", 30));
    read_all(&writer, 100, left);
    let ada = &casualties(writer.journal(), 60, 100)[0];
    assert_eq!((ada.guid, ada.happened, ada.status), (guid(10), time(100), Status::Gone));
    assert!(ada.is_gone && ada.is_found && ada.stamp.is_none() && ada.is_known);
    // Its class, its account name and what is kept of the account come back by themselves.
    assert_eq!(ada.taken, taken(2, 2, 0, 1));
    assert!(writer.journal().knows_before_deletion(guid(10)).unwrap());
    assert!(!writer.journal().knows_before_deletion(guid(99)).unwrap());
}

#[test]
fn what_happens_alongside_is_counted() {
    let place = Place::new();
    let writer = place.writer();
    assert_eq!(writer.journal().begins().unwrap(), None);
    read_all(&writer, 0, company());
    assert_eq!(writer.journal().begins().unwrap(), Some(time(0)));
    let changes = vec![
        object(21, "", &[]).link("member", 11, false).stamped(30, 2),
        object(11, "CN=Grace,DC=contoso,DC=com", &[]).below(1).changed(31),
        object(20, "CN=Selling,OU=Staff,DC=contoso,DC=com", &[]).below(2).changed(32),
        object(10, "", &[("userAccountControl", "514")]).stamped(33, 2),
    ];
    follow(&writer, 40, changes);
    // What a deletion takes is no removal, what it renames no move, and what is enabled not disabled.
    follow(&writer, 50, vec![object(10, "", &[("userAccountControl", "512")]).stamped(45, 3)]);
    follow(&writer, 60, vec![ada_deleted(55)]);
    let alongside = |from, to| writer.journal().alongside(time(from), time(to)).unwrap();
    let all = Alongside { memberships_removed: 1, moved: 1, renamed: 1, disabled: 1 };
    assert_eq!(alongside(0, 99), all);
    assert_eq!(alongside(41, 99), Alongside::default());
    assert_eq!(alongside(31, 31), Alongside { moved: 1, ..Alongside::default() });
}
