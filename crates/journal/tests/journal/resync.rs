//! Full reads after the first: compared, not appended.

use adrecover_core::change::Phase;
use adrecover_journal::{JournalError, Kind, Status};

use super::support::*;

#[test]
fn the_same_again_is_no_change() {
    let place = Place::new();
    let writer = place.writer();
    assert_eq!(read_all(&writer, 0, company()).changes, 0);
    let again = read_all(&writer, 100, company());
    assert_eq!((again.changes, again.created, again.links_added, again.links_removed), (0, 0, 0, 0));
    let status = writer.journal().status().unwrap();
    assert_eq!((status.changes, status.objects.live, status.links), (0, 7, 4));
}

#[test]
fn what_changed_meanwhile_is_found() {
    let place = Place::new();
    let writer = place.writer();
    read_all(&writer, 0, company());
    let mut company = company();
    company[3].attributes[3].values = vec![b"ada@fabrikam.com".to_vec()];
    company[3].when_changed = Some(time(60));
    // Removed from a group, added to another attribute, a new object, and one that is gone with all that pointed to it.
    company[5].links.clear();
    company[6].links.retain(|l| l.target.guid == Some(guid(10)));
    company[3].links.clear();
    company.remove(4);
    company.push(object(13, "CN=New,OU=Staff,DC=contoso,DC=com", &[]).below(2).whole());
    let outcome = read_all(&writer, 100, company.clone());
    assert_eq!((outcome.created, outcome.links_removed), (1, 3));
    assert_eq!(outcome.deletions.len(), 1);
    assert!(outcome.deletions[0].is_gone && outcome.deletions[0].guid == guid(11));
    let journal = writer.journal();
    let history = journal.history(guid(10)).unwrap();
    assert_eq!(history[0].happened, time(60));
    assert!(history.iter().all(|change| change.kind.has(Kind::FOUND)));
    // Grace is kept as she was, with her group and whom she managed; Ada's membership was simply removed.
    let grace = journal.lost(guid(11)).unwrap().unwrap();
    assert_eq!((grace.status, grace.is_gone), (Status::Gone, true));
    assert_eq!(grace.attributes.len(), 1);
    let mut referrers: Vec<_> =
        grace.referrers.iter().map(|l| (l.link.attribute.as_str(), l.with_other)).collect();
    referrers.sort_unstable();
    assert_eq!(referrers, [("manager", false), ("member", false)]);
    // Not doubled by yet another read, and found again by one more.
    assert_eq!(read_all(&writer, 200, company.clone()).changes, 0);
    company.insert(4, super::support::company().remove(4));
    let back = read_all(&writer, 300, company);
    assert_eq!(back.changes, 1);
    assert!(journal.history(guid(11)).unwrap().last().unwrap().kind.has(Kind::RETURNED));
    assert_eq!(journal.status().unwrap().objects.gone, 0);
}

#[test]
fn a_read_that_was_interrupted_goes_on_or_begins_anew() {
    let place = Place::new();
    let half = || {
        let mut first = batch(Phase::Full, company().drain(..4).collect());
        first.is_last = false;
        first
    };
    let rest = || {
        let mut rest = batch(Phase::Full, company().drain(4..).collect());
        rest.is_first = false;
        rest
    };
    let writer = place.writer();
    assert!(matches!(writer.ingest(&rest(), time(0)), Err(JournalError::OutOfOrder { .. })));
    let follow = batch(Phase::Following, vec![]);
    assert!(matches!(writer.ingest(&follow, time(0)), Err(JournalError::OutOfOrder { .. })));
    writer.ingest(&half(), time(0)).unwrap();
    assert!(matches!(writer.ingest(&follow, time(0)), Err(JournalError::OutOfOrder { .. })));
    assert!(writer.journal().contexts().unwrap()[0].is_reading);
    drop(writer);

    let writer = place.writer();
    writer.ingest(&rest(), time(10)).unwrap();
    assert_eq!(writer.journal().contexts().unwrap()[0].completed, Some(time(10)));
    assert_eq!(read_all(&writer, 20, company()).changes, 0);
    // Interrupted again, and begun anew: what only the first half named is not taken for gone.
    writer.ingest(&half(), time(30)).unwrap();
    assert_eq!(read_all(&writer, 40, company()).changes, 0);
    assert_eq!(writer.journal().status().unwrap().objects.live, 7);
}

#[test]
fn contexts_do_not_touch_each_other() {
    let place = Place::new();
    let writer = place.writer();
    read_all(&writer, 0, company());
    let config = || {
        let head = object(50, "CN=Configuration,DC=contoso,DC=com", &[]).below(1).whole();
        let mut batch = batch(Phase::Full, vec![head.link("member", 10, true)]);
        batch.naming_context = "CN=Configuration,DC=contoso,DC=com".parse().unwrap();
        batch
    };
    writer.ingest(&config(), time(5)).unwrap();
    assert!(read_all(&writer, 10, company()).deletions.is_empty());
    assert_eq!(writer.ingest(&config(), time(15)).unwrap().changes, 0);
    assert_eq!(writer.journal().contexts().unwrap().len(), 2);
    assert_eq!(writer.journal().now(guid(50)).unwrap().unwrap().dn, "CN=Configuration,DC=contoso,DC=com");
}

#[test]
fn without_the_parents_told_names_still_lead_to_them() {
    let place = Place::new();
    let writer = place.writer();
    let bare = || {
        let mut company = company();
        company.iter_mut().for_each(|object| object.parent = None);
        // Children before their container.
        company.rotate_left(2);
        company
    };
    read_all(&writer, 0, bare());
    assert_eq!(writer.journal().now(guid(10)).unwrap().unwrap().dn, "CN=Ada,OU=Staff,DC=contoso,DC=com");
    assert_eq!(read_all(&writer, 10, bare()).changes, 0);
    follow(&writer, 20, vec![object(10, "CN=Ada,DC=contoso,DC=com", &[]).changed(20)]);
    let dn = |at| writer.journal().at(guid(10), time(at)).unwrap().unwrap().dn;
    assert_eq!(
        (dn(19).as_str(), dn(20).as_str()),
        ("CN=Ada,OU=Staff,DC=contoso,DC=com", "CN=Ada,DC=contoso,DC=com")
    );
}

/// Samba spells one name in several ways (`\\,` and `\\2C`), and tells the container's GUID of what was moved only.
#[test]
fn a_name_that_is_spelt_otherwise_is_no_other_name() {
    let place = Place::new();
    let writer = place.writer();
    let mut all = company();
    all.push(object(12, "CN=Lovelace\\, Ada,OU=Staff,DC=contoso,DC=com", &[("title", "t")]).below(2).whole());
    read_all(&writer, 0, all);
    let dn = || writer.journal().now(guid(12)).unwrap().unwrap().dn;
    let renamed = |name: &str| object(2, &format!("OU={name},DC=contoso,DC=com"), &[]).below(1).changed(15);
    // In one reply, and what lies in the container comes before its new name.
    let spelt = object(12, "CN=Lovelace\\2C Ada,OU=People,DC=contoso,DC=com", &[("title", "u")]).changed(15);
    assert_eq!(follow(&writer, 20, vec![spelt, renamed("People")]).changes, 2);
    assert_eq!(dn(), "CN=Lovelace\\, Ada,OU=People,DC=contoso,DC=com");
    assert!(writer.journal().history(guid(12)).unwrap().iter().all(|change| change.dn.is_none()));
    follow(&writer, 30, vec![renamed("Personnel")]);
    assert_eq!(dn(), "CN=Lovelace\\, Ada,OU=Personnel,DC=contoso,DC=com");
    // It is really called otherwise, and nobody says where it lies.
    let other = object(12, "CN=Countess,OU=Crew,DC=contoso,DC=com", &[]).changed(35);
    assert_eq!(follow(&writer, 40, vec![other, renamed("Crew")]).changes, 2);
    assert_eq!(dn(), "CN=Countess,OU=Crew,DC=contoso,DC=com");
    follow(&writer, 50, vec![renamed("Staff")]);
    assert_eq!(dn(), "CN=Countess,OU=Staff,DC=contoso,DC=com");
    // A name in other capitals is another one.
    let capitals = object(12, "CN=COUNTESS,OU=Staff,DC=contoso,DC=com", &[]).below(2).changed(55);
    assert_eq!(follow(&writer, 60, vec![capitals]).changes, 1);
    assert_eq!(dn(), "CN=COUNTESS,OU=Staff,DC=contoso,DC=com");
}

/// What lies in a container that is told later is found in it as soon as that is known, also while changes are followed.
#[test]
fn a_container_that_comes_later_is_found() {
    let place = Place::new();
    let writer = place.writer();
    read_all(&writer, 0, company());
    let new = object(30, "CN=New,OU=Late,DC=contoso,DC=com", &[("objectClass", "user")]).changed(15).whole();
    let late =
        |name: &str| object(31, &format!("OU={name},DC=contoso,DC=com"), &[]).below(1).changed(15).whole();
    follow(&writer, 20, vec![new, late("Late")]);
    follow(&writer, 30, vec![object(31, "OU=Later,DC=contoso,DC=com", &[]).below(1).changed(25)]);
    let dn = |at| writer.journal().at(guid(30), time(at)).unwrap().unwrap().dn;
    assert_eq!(
        (dn(20).as_str(), dn(30).as_str()),
        ("CN=New,OU=Late,DC=contoso,DC=com", "CN=New,OU=Later,DC=contoso,DC=com")
    );
}
