//! What a deletion takes, and what the journal can give back.

use adrecover_core::change::{ObjectChange, Phase};
use adrecover_journal::{Journal, Kind, LostLink, Query, Status};

use super::support::*;

fn names(links: &[LostLink]) -> Vec<(String, u8)> {
    let mut out: Vec<_> =
        links.iter().map(|l| (l.link.attribute.clone(), l.link.other.to_wire()[0])).collect();
    out.sort();
    out
}

fn lost(journal: &Journal) -> adrecover_journal::Lost {
    journal.lost(guid(10)).unwrap().unwrap()
}

fn s(name: &str, n: u8) -> (String, u8) {
    (name.to_owned(), n)
}

#[test]
fn a_tombstones_values_and_links_are_known() {
    let place = Place::new();
    let writer = place.writer();
    read_all(&writer, 0, company());
    let outcome = follow(&writer, 40, vec![ada_deleted(35)]);
    assert_eq!((outcome.deletions.len(), outcome.links_removed), (1, 3));
    assert_eq!(outcome.deletions[0].dn, "CN=Ada,OU=Staff,DC=contoso,DC=com");
    let journal = writer.journal();
    assert_eq!(journal.deleted_since(time(35)).unwrap(), outcome.deletions);
    assert!(journal.deleted_since(time(36)).unwrap().is_empty());
    let newest = journal.newest_change().unwrap();
    let after = journal.deleted_after(0, 10).unwrap();
    assert!(after.len() == 1 && after[0].0 <= newest && after[0].1 == outcome.deletions[0], "{after:?}");
    assert!(journal.deleted_after(newest, 10).unwrap().is_empty());

    let lost = lost(journal);
    assert_eq!(
        (lost.dn.as_str(), lost.deleted_at, lost.seen),
        ("CN=Ada,OU=Staff,DC=contoso,DC=com", time(35), time(40))
    );
    let attributes: Vec<_> = lost.attributes.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(attributes, ["userPrincipalName", "mail"]);
    assert_eq!(names(&lost.links), [s("manager", 11)]);
    assert_eq!(names(&lost.referrers), [s("member", 20), s("member", 21)]);
    assert!(
        lost.referrers.iter().all(|l| !l.with_other && l.until == time(35) && l.other_now == Status::Live)
    );

    let before = journal.before_deletion(guid(10)).unwrap().unwrap();
    assert_eq!(before.status, Status::Live);
    assert_eq!(before.attribute("MAIL").unwrap().values, [b"ada@contoso.com"]);
    assert_eq!(before, journal.at(guid(10), time(34)).unwrap().unwrap());
    // It is one change, with everything in it.
    let history = journal.history(guid(10)).unwrap();
    assert_eq!(history.len(), 1);
    assert!(history[0].kind.has(Kind::DELETED) && history[0].links.len() == 3);
    assert_eq!(history[0].status, Some((Status::Live, Status::Stripped)));
    let found = journal.find(&Query::Principal("ada@contoso.com".into())).unwrap();
    assert_eq!((found[0].guid, found[0].until), (guid(10), Some(time(35))));
}

fn back(at: i64) -> ObjectChange {
    let attributes = [("isDeleted", ""), ("isRecycled", ""), ("userPrincipalName", "Ada@contoso.com")];
    object(10, "CN=Ada,OU=Staff,DC=contoso,DC=com", &attributes).below(2).stamped(at, 2)
}

#[test]
fn after_a_restore_what_is_still_missing() {
    let place = Place::new();
    let writer = place.writer();
    read_all(&writer, 0, company());
    follow(&writer, 40, vec![ada_deleted(35)]);
    let outcome = follow(&writer, 60, vec![back(50)]);
    assert_eq!((outcome.restored, outcome.changes), (1, 1));
    follow(&writer, 70, vec![object(20, "", &[]).link("member", 10, true).stamped(65, 3)]);
    let lost = lost(writer.journal());
    assert_eq!(lost.status, Status::Live);
    assert_eq!(lost.attributes.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["mail"]);
    assert_eq!(names(&lost.referrers), [s("member", 21)]);
    assert_eq!(names(&lost.links), [s("manager", 11)]);
    // The same told again is no second restore.
    assert_eq!(follow(&writer, 80, vec![back(50)]).changes, 0);
}

#[test]
fn a_group_that_was_deleted_first_is_not_forgotten() {
    let place = Place::new();
    let writer = place.writer();
    read_all(&writer, 0, company());
    let group = format!("CN=Sales\\0ADEL:{},CN=Deleted Objects,DC=contoso,DC=com", guid(20));
    let group = object(20, &group, &[("isRecycled", "TRUE")]).below(3).deleted().stamped(30, 1);
    follow(&writer, 40, vec![group, ada_deleted(35)]);
    let lost = lost(writer.journal());
    assert_eq!(names(&lost.referrers), [s("member", 20), s("member", 21)]);
    let sales = lost.referrers.iter().find(|l| l.link.other == guid(20)).unwrap();
    assert!(sales.with_other && sales.until == time(30) && sales.other_now == Status::Stripped);
    // Of the group the same is known from its own side.
    let members = writer.journal().lost(guid(20)).unwrap().unwrap().links;
    assert_eq!(names(&members), [s("member", 10)]);
}

#[test]
fn what_somebody_removed_before_is_not_lost() {
    let place = Place::new();
    let writer = place.writer();
    read_all(&writer, 0, company());
    follow(&writer, 20, vec![object(20, "", &[]).link("member", 10, false).stamped(15, 2)]);
    follow(&writer, 40, vec![ada_deleted(35)]);
    assert_eq!(names(&lost(writer.journal()).referrers), [s("member", 21)]);
}

#[test]
fn a_list_that_was_read_after_the_deletion_takes_nothing_from_it() {
    let place = Place::new();
    let writer = place.writer();
    read_all(&writer, 0, company());
    // Polling: the group was changed for another reason, and its list, read after the deletion, lacks the member already.
    let vpn = || object(21, "CN=VPN,OU=Staff,DC=contoso,DC=com", &[("sAMAccountName", "vpn"), ("info", "x")]);
    let mut first = batch(Phase::Following, vec![vpn().below(2).whole().link("member", 11, true)]);
    first.is_last = false;
    writer.ingest(&first, time(40)).unwrap();
    follow(&writer, 41, vec![ada_deleted(35)]);
    let lost = lost(writer.journal());
    assert_eq!(names(&lost.referrers), [s("member", 20), s("member", 21)]);
    assert!(lost.referrers.iter().all(|l| !l.with_other));
}

#[test]
fn the_recycle_bin_hides_links_and_gives_them_back() {
    let place = Place::new();
    let writer = place.writer();
    read_all(&writer, 0, company());
    let dn = format!("CN=Ada\\0ADEL:{},CN=Deleted Objects,DC=contoso,DC=com", guid(10));
    let deleted = object(10, &dn, &[("msDS-LastKnownRDN", "Ada")]).below(3).deleted().stamped(30, 1);
    follow(&writer, 40, vec![deleted]);
    let journal = writer.journal();
    assert_eq!(journal.now(guid(10)).unwrap().unwrap().status, Status::Deleted);
    assert!(journal.members_of(guid(20), time(35)).unwrap().is_empty());
    assert_eq!(names(&lost(journal).referrers), [s("member", 20), s("member", 21)]);
    assert!(lost(journal).attributes.is_empty());
    let attributes = [("isDeleted", ""), ("msDS-LastKnownRDN", "")];
    let back = object(10, "CN=Ada,OU=Staff,DC=contoso,DC=com", &attributes).below(2).stamped(50, 2);
    follow(&writer, 60, vec![back]);
    assert_eq!(journal.groups_of(guid(10), time(55)).unwrap().len(), 2);
    assert_eq!(names(&lost(journal).referrers), []);
}

#[test]
fn a_deletion_that_nobody_told_of_is_inferred_once() {
    let place = Place::new();
    let writer = place.writer();
    read_all(&writer, 0, company());
    // The agent was away: deleted at 35, back at 50. DirSync tells what was written, which is not there any more.
    let mut away = back(50);
    away.attributes.extend(object(10, "", &[("mail", "")]).stamped(35, 2).attributes);
    let outcome = follow(&writer, 60, vec![away.clone()]);
    assert_eq!((outcome.deletions.len(), outcome.restored), (1, 1));
    let journal = writer.journal();
    assert_eq!(lost(journal).deleted_at, time(35));
    assert_eq!(lost(journal).attributes.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["mail"]);
    assert_eq!(names(&lost(journal).referrers), [s("member", 20), s("member", 21)]);
    // Told again, and told by a directory that remembers a restore of long ago, it is nothing new.
    assert_eq!(follow(&writer, 70, vec![away]).changes, 0);
    assert_eq!(follow(&writer, 80, vec![object(11, "", &[("isDeleted", "")]).stamped(-100, 2)]).changes, 0);
}

#[test]
fn of_a_deletion_that_may_not_be_seen_all_is_told_that_was_there() {
    let place = Place::new();
    let writer = place.writer();
    read_all(&writer, 0, company());
    let mut hidden = object(10, "", &[]);
    hidden.is_deleted = true;
    follow(&writer, 40, vec![hidden]);
    let lost = lost(writer.journal());
    assert_eq!((lost.attributes.len(), lost.deleted_at), (5, time(40)));
    assert_eq!(names(&lost.referrers), [s("member", 20), s("member", 21)]);
    assert_eq!(writer.journal().now(guid(10)).unwrap().unwrap().dn, "CN=Ada,OU=Staff,DC=contoso,DC=com");
}

#[test]
fn nothing_is_lost_where_no_deletion_was_seen() {
    let place = Place::new();
    let writer = place.writer();
    let mut company = company();
    company[3] = ada_deleted(-50);
    company.iter_mut().for_each(|o| o.links.retain(|l| l.target.guid != Some(guid(10))));
    read_all(&writer, 0, company);
    assert_eq!(writer.journal().lost(guid(10)).unwrap(), None);
    assert_eq!(writer.journal().before_deletion(guid(10)).unwrap(), None);
    assert!(writer.journal().deleted_since(time(-1000)).unwrap().is_empty());
}

#[test]
fn deleted_and_back_in_one_batch_is_both_and_only_once() {
    let place = Place::new();
    let writer = place.writer();
    read_all(&writer, 0, company());
    let objects = vec![ada_deleted(35), back(50)];
    let outcome = follow(&writer, 60, objects.clone());
    assert_eq!((outcome.deletions.len(), outcome.restored), (1, 1));
    assert_eq!(follow(&writer, 60, objects).changes, 0);
    assert_eq!(names(&lost(writer.journal()).referrers), [s("member", 20), s("member", 21)]);
}

/// Times are whole seconds, in which an object can come back, be deleted and come back again.
#[test]
fn a_second_deletion_in_the_second_of_a_restore_is_inferred_too() {
    let place = Place::new();
    let writer = place.writer();
    read_all(&writer, 0, company());
    follow(&writer, 40, vec![ada_deleted(35)]);
    follow(&writer, 51, vec![back(50)]);
    follow(&writer, 52, vec![object(20, "", &[]).link("member", 10, true).stamped(50, 3)]);
    let mut again = object(10, "", &[("isDeleted", "")]).stamped(50, 4);
    again.usn = Some(9);
    let outcome = follow(&writer, 60, vec![again.clone()]);
    assert_eq!((outcome.deletions.len(), outcome.restored), (1, 1));
    let journal = writer.journal();
    assert!(journal.groups_of(guid(10), time(70)).unwrap().is_empty());
    assert!(names(&lost(journal).referrers).contains(&s("member", 20)));
    // Told again, and told late what is kept already, it is nothing new.
    assert_eq!(follow(&writer, 70, vec![again]).changes, 0);
    assert_eq!(follow(&writer, 80, vec![back(50)]).changes, 0);
}

/// Deleted, back, and a member again, all before anybody asked: it is a member, in whatever order that is told.
#[test]
fn who_is_a_member_again_after_a_deletion_that_nobody_told_of_is_one() {
    let member = |at| object(20, "", &[("description", "x")]).link("member", 10, true).stamped(at, 3);
    for objects in [vec![back(50), member(55)], vec![member(55), back(50)]] {
        let place = Place::new();
        let writer = place.writer();
        read_all(&writer, 0, company());
        let outcome = follow(&writer, 60, objects);
        assert_eq!(outcome.deletions.len(), 1);
        let journal = writer.journal();
        assert_eq!(journal.groups_of(guid(10), time(60)).unwrap().len(), 1, "of the two groups before");
        assert_eq!(names(&lost(journal).referrers), [s("member", 21)]);
    }
}
