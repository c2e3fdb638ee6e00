//! Questions about objects as they are and were.

use adrecover_core::change::{LinkChange, LinkTarget};
use adrecover_journal::{Kind, Query, Status};

use super::support::*;

#[test]
fn an_object_is_found_by_all_its_names_and_former_names() {
    let place = Place::new();
    let writer = place.writer();
    let sid: adrecover_core::Sid = "S-1-5-21-1-2-3-1104".parse().unwrap();
    let mut company = company();
    company[3].sid = Some(sid.clone());
    read_all(&writer, 0, company);
    follow(
        &writer,
        100,
        vec![
            object(10, "CN=Ada Lovelace,OU=Staff,DC=contoso,DC=com", &[("sAMAccountName", "lovelace")])
                .below(2)
                .changed(90),
            // Somebody else gets the name.
            object(12, "CN=Ada,OU=Staff,DC=contoso,DC=com", &[("sAMAccountName", "ADA")])
                .below(2)
                .changed(95),
        ],
    );
    let journal = writer.journal();
    let find = |query: Query| -> Vec<(u8, Option<i64>)> {
        let found = journal.find(&query).unwrap();
        let until = |f: &adrecover_journal::Found| f.until.map(|t| (t - time(0)).num_seconds());
        found.iter().map(|f| (f.guid.to_wire()[0], until(f))).collect()
    };
    let dn = |text: &str| Query::Dn(text.parse().unwrap());
    assert_eq!(find(Query::Guid(guid(10))), [(10, None)]);
    assert_eq!(find(Query::Sid(sid)), [(10, None)]);
    assert_eq!(find(dn("cn=ada lovelace,ou=STAFF,dc=contoso,dc=com")), [(10, None)]);
    assert_eq!(find(dn("CN=ada,OU=Staff,DC=contoso,DC=com")), [(12, None), (10, Some(90))]);
    assert_eq!(find(dn("CN=Ada,OU=Other,DC=contoso,DC=com")), []);
    assert_eq!(find(Query::Account("ada".into())), [(12, None), (10, Some(90))]);
    assert_eq!(find(Query::Account("LOVELACE".into())), [(10, None)]);
    assert_eq!(find(Query::Principal("ada@CONTOSO.com".into())), [(10, None)]);
    assert_eq!(find(Query::Name("ada".into())), [(12, None), (10, Some(90))]);
    assert_eq!(find(Query::Name("nobody".into())), []);
    assert_eq!(find(Query::Guid(guid(99))), []);
}

#[test]
fn a_containers_new_name_is_one_change() {
    let place = Place::new();
    let writer = place.writer();
    read_all(&writer, 0, company());
    let outcome =
        follow(&writer, 50, vec![object(2, "OU=People,DC=contoso,DC=com", &[]).below(1).changed(40)]);
    assert_eq!(outcome.changes, 1);
    let journal = writer.journal();
    let dn = |at| journal.at(guid(10), time(at)).unwrap().unwrap().dn;
    assert_eq!(dn(39), "CN=Ada,OU=Staff,DC=contoso,DC=com");
    assert_eq!(dn(40), "CN=Ada,OU=People,DC=contoso,DC=com");
    assert_eq!(journal.now(guid(10)).unwrap().unwrap().dn, dn(40));
    assert!(journal.history(guid(10)).unwrap().is_empty());
    let history = journal.history(guid(2)).unwrap();
    let (old, new) = history[0].dn.as_ref().unwrap();
    assert_eq!((old.as_str(), new.as_str()), ("OU=Staff,DC=contoso,DC=com", "OU=People,DC=contoso,DC=com"));
    // It is found by the name that its container had.
    let former = Query::Dn("OU=Staff,DC=contoso,DC=com".parse().unwrap());
    assert_eq!(journal.find(&former).unwrap()[0].until, Some(time(40)));
}

#[test]
fn a_history_has_old_and_new_values_with_their_stamps() {
    let place = Place::new();
    let writer = place.writer();
    read_all(&writer, 0, company());
    let two = object(10, "", &[("title", "Countess")]).stamped(30, 1);
    let mut change = object(10, "", &[("mail", "ada@fabrikam.com")]).stamped(20, 2);
    change.attributes.extend(two.attributes);
    follow(&writer, 50, vec![change]);
    follow(&writer, 60, vec![object(10, "", &[("title", "")]).stamped(55, 2)]);
    let history = writer.journal().history(guid(10)).unwrap();
    // Two writes of the directory are two changes, in the order in which they happened.
    let told: Vec<_> = history
        .iter()
        .map(|c| {
            let a = &c.attributes[0];
            let text =
                |v: &[Vec<u8>]| v.iter().map(|v| String::from_utf8(v.clone()).unwrap()).collect::<Vec<_>>();
            (a.name.clone(), text(&a.old), text(&a.new), c.happened, c.seen, c.stamp.unwrap())
        })
        .collect();
    let s = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        told,
        [
            (
                "mail".into(),
                s(&["ada@contoso.com"]),
                s(&["ada@fabrikam.com"]),
                time(20),
                time(50),
                stamp(20, 2)
            ),
            ("title".into(), s(&[]), s(&["Countess"]), time(30), time(50), stamp(30, 1)),
            ("title".into(), s(&["Countess"]), s(&[]), time(55), time(60), stamp(55, 2)),
        ]
    );
    let touched = writer.journal().touched(time(25), time(55), Some(guid(200))).unwrap();
    assert_eq!(touched.iter().map(|t| t.seq).collect::<Vec<_>>(), [history[1].seq, history[2].seq]);
    assert!(writer.journal().touched(time(25), time(55), Some(guid(201))).unwrap().is_empty());
}

#[test]
fn members_and_groups_at_a_moment() {
    let place = Place::new();
    let writer = place.writer();
    read_all(&writer, 0, company());
    follow(&writer, 20, vec![object(20, "", &[]).link("member", 11, true).stamped(15, 1)]);
    follow(&writer, 30, vec![object(21, "", &[]).link("member", 10, false).stamped(25, 2)]);
    follow(&writer, 40, vec![ada_deleted(35)]);
    let journal = writer.journal();
    let members = |group, at| -> Vec<u8> {
        journal.members_of(guid(group), time(at)).unwrap().iter().map(|l| l.other.to_wire()[0]).collect()
    };
    let groups = |at| -> Vec<u8> {
        journal.groups_of(guid(10), time(at)).unwrap().iter().map(|l| l.other.to_wire()[0]).collect()
    };
    assert_eq!((members(20, 14), members(20, 15), members(20, 35)), (vec![10], vec![10, 11], vec![11]));
    assert_eq!((members(21, 24), members(21, 25)), (vec![10, 11], vec![11]));
    assert_eq!((groups(10), groups(30), groups(34), groups(35)), (vec![20, 21], vec![20], vec![20], vec![]));
    // When it was added is told where that is known.
    let added = &journal.members_of(guid(20), time(20)).unwrap();
    assert_eq!(added.iter().map(|l| l.since).collect::<Vec<_>>(), [None, Some(time(15))]);
    // A group's history and a member's tell of the same change.
    let (group, member) = (journal.history(guid(20)).unwrap(), journal.history(guid(11)).unwrap());
    assert_eq!(group[0].seq, member[0].seq);
    assert!(group[0].links[0].is_own && group[0].links[0].is_added && !member[0].links[0].is_own);
    assert_eq!(member[0].kind, Kind::LINKS);
}

#[test]
fn what_lay_below_an_object() {
    let place = Place::new();
    let writer = place.writer();
    read_all(&writer, 0, company());
    follow(&writer, 10, vec![object(4, "OU=Sub,OU=Staff,DC=contoso,DC=com", &[]).below(2).changed(10)]);
    follow(
        &writer,
        20,
        vec![object(11, "CN=Grace,OU=Sub,OU=Staff,DC=contoso,DC=com", &[]).below(4).changed(20)],
    );
    follow(&writer, 40, vec![ada_deleted(40)]);
    follow(&writer, 50, vec![object(4, "OU=Sub,DC=contoso,DC=com", &[]).below(1).changed(50)]);
    let under = |n, at| -> Vec<u8> {
        writer.journal().under(guid(n), time(at)).unwrap().iter().map(|g| g.to_wire()[0]).collect()
    };
    assert_eq!(under(2, 5), [10, 11, 20, 21]);
    assert_eq!(under(2, 30), [10, 20, 21, 4, 11]);
    assert_eq!(under(2, 45), [20, 21, 4, 11]);
    assert_eq!(under(2, 60), [20, 21]);
    assert_eq!(under(4, 60), [11]);
}

#[test]
fn links_that_are_told_by_name_find_their_objects() {
    let place = Place::new();
    let writer = place.writer();
    let mut company = company();
    let named = |dn: &str| LinkChange {
        attribute: "secretary".into(),
        target: LinkTarget { guid: None, sid: None, dn: dn.into(), data: vec![] },
        is_present: true,
        stamp: None,
    };
    // Grace comes later in the same read, and the other is in no directory that is read.
    company[1].links.push(named("CN=Grace,OU=Staff,DC=contoso,DC=com"));
    company[1].links.push(named("CN=Stranger,DC=fabrikam,DC=com"));
    read_all(&writer, 0, company);
    let state = writer.journal().now(guid(2)).unwrap().unwrap();
    let mut told: Vec<_> = state.links.iter().map(|l| (l.dn.as_str(), l.status)).collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            ("CN=Grace,OU=Staff,DC=contoso,DC=com", Status::Live),
            ("CN=Stranger,DC=fabrikam,DC=com", Status::Unseen)
        ]
    );
    assert_eq!(state.links.iter().find(|l| l.status == Status::Live).unwrap().other, guid(11));
}

#[test]
fn octets_beside_a_link_tell_values_apart() {
    let place = Place::new();
    let writer = place.writer();
    let mut company = company();
    for data in [&b"\x01"[..], b"\x02"] {
        company[0] = std::mem::replace(&mut company[0], object(1, "", &[])).link("wellKnownObjects", 2, true);
        company[0].links.last_mut().unwrap().target.data = data.to_vec();
    }
    read_all(&writer, 0, company);
    let mut gone = object(1, "", &[]).link("wellKnownObjects", 2, false);
    gone.links[0].target.data = b"\x01".to_vec();
    assert_eq!(follow(&writer, 10, vec![gone]).links_removed, 1);
    let state = writer.journal().now(guid(1)).unwrap().unwrap();
    assert_eq!(state.links.iter().map(|l| l.data.clone()).collect::<Vec<_>>(), [b"\x02"]);
}

#[test]
fn how_the_journal_stands() {
    let place = Place::new();
    let writer = place.writer();
    assert!(writer.journal().status().unwrap().contexts.is_empty());
    read_all(&writer, 0, company());
    follow(&writer, 40, vec![ada_deleted(35)]);
    let status = place.journal().status().unwrap();
    assert_eq!((status.forest.as_str(), status.is_encrypted, status.changes), (FOREST, false, 1));
    assert_eq!((status.objects.live, status.objects.stripped, status.links), (6, 1, 1));
    assert_eq!(status.oldest_change, Some(time(35)));
    let context = &status.contexts[0];
    assert_eq!((context.dn.as_str(), context.is_reading), (CONTEXT, false));
    assert_eq!((context.completed, context.succeeded), (Some(time(0)), Some(time(40))));
    assert_eq!((context.lag(time(100)), context.lag(time(0))), (Some(60), Some(0)));
    assert_eq!(context.cursor, Some(cursor(1)));
    assert!(status.octets > 0);
    assert_eq!(writer.journal().guids(Status::Stripped).unwrap(), [guid(10)]);
}

#[test]
fn before_it_was_known_and_before_it_was() {
    let place = Place::new();
    let writer = place.writer();
    read_all(&writer, 100, company());
    follow(
        &writer,
        200,
        vec![
            object(12, "CN=New,OU=Staff,DC=contoso,DC=com", &[("whenCreated", "20260921123300.0Z")]).below(2),
        ],
    );
    let journal = writer.journal();
    let early = journal.at(guid(10), time(0)).unwrap().unwrap();
    assert_eq!((early.known_from, early.status), (time(100), Status::Live));
    let created = journal.history(guid(12)).unwrap()[0].happened;
    assert!(journal.at(guid(12), created - chrono::TimeDelta::seconds(1)).unwrap().is_none());
    assert_eq!(journal.at(guid(12), created).unwrap().unwrap().known_from, created);
    assert!(journal.at(guid(99), time(0)).unwrap().is_none());
    assert!(journal.history(guid(12)).unwrap()[0].kind.has(Kind::CREATED));
}
