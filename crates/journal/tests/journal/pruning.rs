//! What is dropped, what is not, and what is gone for good.

use adrecover_journal::{JournalError, Pruned, Query, Retention};

use super::support::*;

fn titles(writer: &adrecover_journal::Writer, times: std::ops::Range<i64>) {
    for at in times {
        let big = format!("former-{at}-").repeat(100);
        let change = object(10, "", &[("title", &format!("title-{at}")), ("info", &big)]).stamped(at, 1);
        follow(writer, at, vec![change, object(11, "", &[("title", &format!("grace-{at}"))]).stamped(at, 1)]);
    }
}

fn title(writer: &adrecover_journal::Writer, n: u8, at: i64) -> Option<String> {
    let state = writer.journal().at(guid(n), time(at)).unwrap().unwrap();
    state.attribute("title").map(|a| String::from_utf8(a.values[0].clone()).unwrap())
}

#[test]
fn by_age() {
    let place = Place::new();
    let writer = place.writer();
    read_all(&writer, 0, company());
    titles(&writer, 10..20);
    let retention = Retention { since: Some(time(15)), per_object: None, deletions_since: time(0) };
    let pruned = writer.prune(&retention).unwrap();
    assert_eq!(pruned, Pruned { changes: 10, links: 0, contents: 4 });
    assert_eq!(writer.prune(&retention).unwrap(), Pruned::default());
    assert_eq!(writer.journal().history(guid(10)).unwrap().len(), 5);
    assert_eq!(title(&writer, 10, 14).as_deref(), Some("title-14"));
    assert_eq!(title(&writer, 10, 17).as_deref(), Some("title-17"));
    // Of an earlier time is told what is known of the first one, and from when on that is.
    let early = writer.journal().at(guid(10), time(3)).unwrap().unwrap();
    assert_eq!((early.known_from, title(&writer, 10, 3).as_deref()), (time(14), Some("title-14")));
    assert_eq!(writer.journal().check().unwrap(), Vec::<String>::new());
    assert_eq!(writer.journal().status().unwrap().oldest_change, Some(time(15)));
}

#[test]
fn by_number_and_never_the_newest_state() {
    let place = Place::new();
    let writer = place.writer();
    read_all(&writer, 0, company());
    titles(&writer, 10..20);
    let retention = Retention { since: None, per_object: Some(3), deletions_since: time(0) };
    assert_eq!(writer.prune(&retention).unwrap().changes, 14);
    assert_eq!(title(&writer, 10, 17).as_deref(), Some("title-17"));
    let none = Retention { since: Some(time(1000)), per_object: Some(0), deletions_since: time(1000) };
    assert_eq!(writer.prune(&none).unwrap().changes, 6);
    assert_eq!(title(&writer, 11, 19).as_deref(), Some("grace-19"));
    assert_eq!(writer.journal().now(guid(10)).unwrap().unwrap().referrers.len(), 2);
    // Numbers are not given again.
    follow(&writer, 30, vec![object(10, "", &[("title", "new")])]);
    assert_eq!(writer.journal().history(guid(10)).unwrap()[0].seq, 21);
}

#[test]
fn what_a_deletion_took_stays_as_long_as_the_directory_keeps_the_object() {
    let place = Place::new();
    let writer = place.writer();
    read_all(&writer, 0, company());
    titles(&writer, 10..20);
    follow(&writer, 40, vec![ada_deleted(35)]);
    let before = writer.journal().lost(guid(10)).unwrap().unwrap();
    assert_eq!((before.referrers.len(), before.links.len()), (2, 1));
    let keep = |deletions_since| Retention { since: Some(time(1000)), per_object: Some(0), deletions_since };
    assert_eq!(writer.prune(&keep(time(35))).unwrap().changes, 20);
    assert_eq!(writer.journal().lost(guid(10)).unwrap().unwrap(), before);
    assert_eq!(writer.prune(&keep(time(36))).unwrap(), Pruned { changes: 1, links: 3, contents: 0 });
    assert_eq!(writer.journal().lost(guid(10)).unwrap(), None);
    assert!(writer.journal().groups_of(guid(10), time(30)).unwrap().is_empty());
}

#[test]
fn one_persons_history_is_gone_from_the_files() {
    for place in [Place::new(), Place::encrypted()] {
        let writer = place.writer();
        read_all(&writer, 0, company());
        titles(&writer, 10..20);
        follow(&writer, 25, vec![object(21, "", &[]).link("member", 10, false).stamped(24, 2)]);
        let renamed = object(10, "CN=Lovelace,OU=Staff,DC=contoso,DC=com", &[("sAMAccountName", "lovelace")]);
        follow(&writer, 30, vec![renamed.below(2).changed(30)]);
        let is_plain = !writer.journal().is_encrypted();
        assert_eq!((place.holds("title-15"), place.holds("former-15-")), (is_plain, is_plain));

        let purged = writer.purge(guid(10), time(50)).unwrap().unwrap();
        assert_eq!((purged.changes, purged.links, purged.contents), (11, 1, 9));
        for text in ["title-15", "former-15-", "CN=Ada", "title-18"] {
            assert!(!place.holds(text), "{text}");
        }
        let journal = writer.journal();
        assert!(journal.history(guid(10)).unwrap().iter().all(|c| c.attributes.is_empty() && c.dn.is_none()));
        assert!(journal.find(&Query::Account("ada".into())).unwrap().is_empty());
        assert_eq!(journal.find(&Query::Account("lovelace".into())).unwrap().len(), 1);
        // What the directory has is still there, and nothing of anybody else is gone.
        let now = journal.now(guid(10)).unwrap().unwrap();
        assert_eq!((now.known_from, now.referrers.len()), (time(50), 1));
        assert_eq!(title(&writer, 10, 60).as_deref(), Some("title-19"));
        assert_eq!(title(&writer, 11, 15).as_deref(), Some("grace-15"));
        assert_eq!(is_plain, place.holds("grace-15"));
        assert_eq!(writer.purge(guid(99), time(50)).unwrap(), None);
    }
}

#[test]
fn of_a_deleted_person_nothing_but_the_guid_is_left() {
    let place = Place::new();
    let writer = place.writer();
    read_all(&writer, 0, company());
    follow(&writer, 40, vec![ada_deleted(35)]);
    // A reader that is in the way is said to be, and does not stop what comes after it.
    let reader = place.reader_that_stays();
    let started = std::time::Instant::now();
    assert!(matches!(writer.purge(guid(10), time(50)), Err(JournalError::Busy { .. })));
    assert!(started.elapsed().as_secs() < 30);
    drop(reader);
    writer.purge(guid(10), time(50)).unwrap().unwrap();
    for text in ["Ada", "ada@contoso.com", "CN=Ada"] {
        assert!(!place.holds(text), "{text}");
    }
    let journal = writer.journal();
    assert_eq!((journal.now(guid(10)).unwrap(), journal.lost(guid(10)).unwrap()), (None, None));
    assert!(journal.find(&Query::Account("ada".into())).unwrap().is_empty());
    assert!(journal.deleted_since(time(0)).unwrap().is_empty());
    assert!(journal.at(guid(20), time(20)).unwrap().unwrap().links.is_empty());
    // The tombstone that a later read tells of is taken as what it is.
    let again = read_all(&writer, 60, {
        let mut company = company();
        company[3] = ada_deleted(35).whole();
        company.iter_mut().for_each(|o| o.links.retain(|l| l.target.guid != Some(guid(10))));
        company
    });
    assert_eq!(again.created, 1);
}
