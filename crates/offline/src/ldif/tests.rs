//! Whole files: what is told of their objects.

use std::io::Write;

use adrecover_core::directory::ChangeKind;
use adrecover_core::source::{GapReason, find_by_listing};
use proptest::prelude::*;

use super::*;
use crate::testing::ldif::{Style, file};
use crate::{Place, open};

const GUID: &str = "3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f";

fn opened(octets: &[u8]) -> Box<dyn Source> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(octets).unwrap();
    open(&Place { kind: Some(SourceKind::Ldif), path: file.path().to_owned() }, &Options::default()).unwrap()
}

fn objects(source: &mut dyn Source) -> Vec<Object> {
    let mut out = vec![];
    source
        .list(&Selection::everything(), &mut |object| {
            out.push(object);
            ControlFlow::Continue(())
        })
        .unwrap();
    out
}

fn one(source: &mut dyn Source, key: &Key) -> Object {
    let found = source.find(key).unwrap();
    assert_eq!(found.len(), 1, "{key:?}");
    // With an index and without one the same is found.
    assert_eq!(find_by_listing(source, key).unwrap(), found);
    found.into_iter().next().unwrap()
}

fn links(source: &mut dyn Source, object: &Object, direction: Direction) -> Vec<(String, String)> {
    let mut out = vec![];
    source
        .links(object, direction, &mut |link| {
            out.push((link.attribute, link.other.dn));
            ControlFlow::Continue(())
        })
        .unwrap();
    out.sort();
    out
}

fn account(name: &str) -> Key {
    Key::Account(name.to_owned())
}

const EXPORT: &str = "# extended LDIF\n#\n# LDAPv3\n# base <DC=x> with scope subtree\n# filter: (objectClass=*)\n# requesting: ALL\n#\n\n\
# x\ndn: DC=x\nobjectClass: top\nobjectClass: domain\nobjectClass: domainDNS\nmsDS-Behavior-Version: 7\n\n\
# Ada, Users, x\ndn: CN=Ada,CN=Users,DC=x\nobjectClass: top\nobjectClass: person\nobjectClass: organizationalPerson\n\
objectClass: user\nobjectGUID:: rqBFPMXrDUmktEsg0+NKPw==\nsAMAccountName: ada\nuserPrincipalName: ada@x\nmail: ada@x\n\
memberOf: CN=Own,CN=Users,DC=x\nmanager: CN=Bea,CN=Users,DC=x\nunicodePwd:: AAAA\njpegPhoto:< file:///tmp/x\nsn:\n\
whenChanged: 20261101093000.0Z\n\n\
dn: CN=Bea,CN=Users,DC=x\nobjectClass: user\nsAMAccountName: bea\nsAMAccountName: ada\n\n\
dn: CN=Big,CN=Users,DC=x\nobjectClass: group\nmember:\nmember;range=0-1: CN=Bea,CN=Users,DC=x\nmember;range=0-1: CN=Ada,CN=Users,\n DC=x\n\n\
dn: CN=Own,CN=Users,DC=x\nobjectClass: group\nmember: cn=ada, cn=users,dc=x\n\n\
# search result\nsearch: 2\nresult: 0 Success\n\n# numResponses: 6\n# numEntries: 5\n";

#[test]
fn an_export_of_ldapsearch() {
    let mut source = opened(EXPORT.as_bytes());
    let about = source.about().clone();
    assert_eq!((about.kind, about.format.as_str()), (SourceKind::Ldif, "LDIF, UTF-8"));
    assert_eq!((about.domain, about.domain_level), ("DC=x".parse().ok(), Some(7)));
    assert!(
        matches!(about.moment, Some(Moment::Newest(at)) if adrecover_core::time::rfc3339(at) == "2026-11-01T09:30:00Z")
    );
    assert_eq!((about.counts.unwrap().live, about.recycle_bin), (5, None));
    assert!(
        about.limits.iter().any(|limit| limit.starts_with("4 records are without objectGUID")),
        "{:?}",
        about.limits
    );
    assert!(source.damage().is_empty());

    let ada = one(source.as_mut(), &Key::Guid(GUID.parse().unwrap()));
    assert_eq!(
        (ada.entry.dn.as_str(), ada.standing, ada.place.as_str()),
        ("CN=Ada,CN=Users,DC=x", Standing::Live, "line 17")
    );
    assert_eq!(ada.entry.texts("mail"), ["ada@x"]);
    assert_eq!(ada.gap("unicodePwd"), Some(&GapReason::Secret));
    assert_eq!(ada.gap("jpegPhoto"), Some(&GapReason::Reference));
    assert_eq!(ada.gap("sn"), Some(&GapReason::Partial), "named without a value");
    for absent in ["unicodePwd", "memberOf", "manager", "jpegPhoto", "sn"] {
        assert!(!ada.entry.has(absent), "{absent}");
    }
    let manager = ("manager".to_owned(), "CN=Bea,CN=Users,DC=x".to_owned());
    assert_eq!(links(source.as_mut(), &ada, Direction::Holds), [manager]);
    let member = |dn: &str| ("member".to_owned(), dn.to_owned());
    let groups = [member("CN=Big,CN=Users,DC=x"), member("CN=Own,CN=Users,DC=x")];
    assert_eq!(links(source.as_mut(), &ada, Direction::PointedTo), groups, "each once");
    assert_eq!(source.find(&account("ADA")).unwrap().len(), 2);
    let big = one(source.as_mut(), &Key::Name("big".into()));
    assert_eq!(big.gap("member"), Some(&GapReason::Partial));
    assert_eq!(links(source.as_mut(), &big, Direction::Holds).len(), 2);
}

#[test]
fn a_selection_is_kept_to() {
    let mut source = opened(EXPORT.as_bytes());
    let wanted = Selection {
        under: Some("CN=Ada,CN=Users,DC=x".parse().unwrap()),
        attributes: Some(vec!["MAIL".into()]),
        ..Selection::everything()
    };
    let mut seen = vec![];
    source
        .list(&wanted, &mut |object| {
            seen.push(object);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(seen.len(), 1);
    let names: Vec<_> = seen[0].entry.attributes.iter().map(|a| a.name.as_ref()).collect();
    assert_eq!((names, seen[0].guid), (vec!["mail"], GUID.parse().ok()));
    let mut count = 0;
    source
        .list(&Selection::everything(), &mut |_| {
            count += 1;
            ControlFlow::Break(())
        })
        .unwrap();
    assert_eq!(count, 1);
}

#[test]
fn an_export_of_ldifde_and_one_of_ldbsearch() {
    let text = "dn: CN=Ada,DC=x\r\nchangetype: add\r\nobjectClass: user\r\nsAMAccountName: ada\r\n\
                objectGUID:: rqBFPMXrDUmktEsg0+NKPw==\r\n\r\ndn: CN=G,DC=x\r\nchangetype: add\r\nmember: CN=Ada,DC=x\r\n\r\n";
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for octets in [text.as_bytes().to_vec(), [vec![0xff, 0xfe], wide].concat()] {
        let mut source = opened(&octets);
        let ada = one(source.as_mut(), &account("ada"));
        assert_eq!(ada.guid, GUID.parse().ok());
        assert_eq!(
            links(source.as_mut(), &ada, Direction::PointedTo),
            [("member".into(), "CN=G,DC=x".into())]
        );
        let mut events = 0;
        source
            .events(None, &mut |_| {
                events += 1;
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(events, 0, "an export is no log");
    }
    let sid = "S-1-5-21-1-2-3-1104";
    let text = format!(
        "# record 1\ndn: <GUID={GUID}>;<SID={sid}>;CN=Ada,DC=x\nobjectGUID: {GUID}\nobjectSid: {sid}\n\
         nTSecurityDescriptor: O:DAG:DA\n\n# record 2\ndn: CN=G,DC=x\nmember: <GUID={GUID}>;<SID={sid}>;CN=Formerly,DC=x\n\n\
         # returned 2 records\n# 2 entries\n# 0 referrals\n"
    );
    let mut source = opened(text.as_bytes());
    let ada = one(source.as_mut(), &Key::Sid(sid.parse().unwrap()));
    assert_eq!((ada.entry.dn.as_str(), ada.guid), ("CN=Ada,DC=x", GUID.parse().ok()));
    assert!(matches!(ada.gap("nTSecurityDescriptor"), Some(GapReason::Damaged(_))));
    // By the GUID, whatever the name in the link is.
    assert_eq!(links(source.as_mut(), &ada, Direction::PointedTo), [("member".into(), "CN=G,DC=x".into())]);
}

#[test]
fn exports_one_behind_the_other_are_put_together() {
    let text = "dn: CN=G,DC=x\ncn: G\ndescription: old\nmember;range=0-1: CN=a,DC=x\nmember;range=0-1: CN=b,DC=x\n\n\
                dn: CN=a,DC=x\ncn: a\n\n\
                dn: cn=g, dc=x\ndescription: new\nmember;range=2-*: CN=c,DC=x\nmember;range=0-1: CN=a,DC=x\n\n";
    let mut source = opened(text.as_bytes());
    let all = objects(source.as_mut());
    assert_eq!(all.len(), 2);
    assert_eq!(
        (all[0].entry.texts("description"), all[0].entry.texts("cn")),
        (vec!["new".into()], vec!["G".into()])
    );
    assert_eq!(all[0].gap("member"), None, "the ranges are all");
    assert_eq!(links(source.as_mut(), &all[0], Direction::Holds).len(), 3);
    assert_eq!((source.about().counts, source.count().unwrap().live), (None, 2));
}

const LOG: &str = "dn: CN=Ada,OU=a,DC=x\nchangetype: add\nobjectClass: user\ncn: Ada\nname: Ada\nsAMAccountName: ada\nmail: a@x\n\n\
dn: CN=Ada,OU=a,DC=x\nchangetype: modify\nreplace: mail\nmail: ada@x\n-\nadd: proxyAddresses\nproxyAddresses: SMTP:a\nproxyAddresses: smtp:b\n-\n\
delete: proxyAddresses\nproxyAddresses: SMTP:A\n-\nreplace: unicodePwd\nunicodePwd:: AAAA\n-\n\n\
dn: CN=G,OU=a,DC=x\nchangetype: modify\nadd: member\nmember: CN=Ada,OU=a,DC=x\n-\n\n\
dn: CN=Ada,OU=a,DC=x\nchangetype: modrdn\nnewrdn: CN=Ada B\ndeleteoldrdn: 1\nnewsuperior: OU=b,DC=x\n\n\
dn: CN=Ada B,OU=b,DC=x\nchangetype: delete\n\n\
dn: CN=Ada B,OU=b,DC=x\nchangetype: add\nobjectClass: user\nsAMAccountName: ada\n\n";

#[test]
fn a_log_of_changes_tells_what_was() {
    let mut source = opened(LOG.as_bytes());
    let found = source.find(&account("ada")).unwrap();
    assert_eq!(found.len(), 2, "the one that was deleted, and the new one of its name");
    assert_eq!(found[0].standing, Standing::Live);
    let ada = &found[1];
    assert_eq!(ada.standing.name(), "tombstone");
    assert_eq!((ada.entry.dn.as_str(), ada.entry.texts("cn")), ("CN=Ada B,OU=b,DC=x", vec!["Ada B".into()]));
    assert_eq!(ada.entry.texts("mail"), ["ada@x"]);
    assert_eq!(ada.entry.texts("proxyAddresses"), ["smtp:b"]);
    assert_eq!((ada.gap("proxyAddresses"), ada.gap("unicodePwd")), (None, Some(&GapReason::Secret)));
    let group = one(source.as_mut(), &Key::Name("G".into()));
    assert_eq!(group.gap("member"), Some(&GapReason::Partial), "the members before are not known");
    let mut events = vec![];
    source
        .events(Some(&Key::Name("ada b".into())), &mut |event| {
            events.push(event);
            ControlFlow::Continue(())
        })
        .unwrap();
    let kinds: Vec<_> = events.iter().map(|event| &event.kind).collect();
    let [
        EventKind::Created,
        EventKind::Changed(changes),
        EventKind::Moved { to, .. },
        EventKind::Deleted,
        EventKind::Created,
    ] = kinds[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(to.as_deref(), Some("CN=Ada B,OU=b,DC=x"));
    let kinds: Vec<_> = changes.iter().map(|change| (change.attribute.as_str(), change.kind)).collect();
    let expected = [
        ("mail", ChangeKind::Replace),
        ("proxyAddresses", ChangeKind::Add),
        ("proxyAddresses", ChangeKind::Delete),
    ];
    assert_eq!(kinds, expected, "and no password");
    assert_eq!(events[1].place, "line 9");
}

#[test]
fn what_is_damaged_is_told_and_the_rest_is_read() {
    let text = "dn: CN=a,DC=x\nmail:: !!!\ncn: a\n\nnothing here\n\ndn: CN=b,DC=x\ncn: b\n\nsearch: 2\nresult: 4 Size limit exceeded\n";
    let mut source = opened(text.as_bytes());
    let all = objects(source.as_mut());
    assert_eq!(all.len(), 2);
    assert!(matches!(all[0].gap("mail"), Some(GapReason::Damaged(_))));
    let told: Vec<_> = source.damage().first().iter().map(|damage| damage.place.clone()).collect();
    assert_eq!(told, ["line 2", "line 5"]);
    assert!(source.about().limits.iter().any(|limit| limit.ends_with("4 Size limit exceeded")));
}

#[test]
fn a_deleted_object_of_an_export() {
    let text = format!(
        "dn:: {}\nisDeleted: TRUE\nisRecycled: TRUE\nobjectGUID: {GUID}\nlastKnownParent: OU=a,DC=x\n\n",
        base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            format!("CN=Ada\\0ADEL:{GUID},CN=Deleted Objects,DC=x")
        )
    );
    let bin = "dn: CN=Partitions,CN=Configuration,DC=x\nobjectClass: crossRefContainer\n\
               msDS-EnabledFeature: CN=Recycle Bin Feature,CN=Optional Features,CN=y,DC=x\n\n";
    let state = |text: &str| one(opened(text.as_bytes()).as_mut(), &Key::Name("ADA".into())).standing.name();
    assert_eq!(state(&text), "tombstone");
    assert_eq!(state(&format!("{text}{bin}")), "recycled");
    assert_eq!(opened(format!("{text}{bin}").as_bytes()).about().counts.unwrap().recycled, 1);
}

/// Replaying a log of many changes of one object must not take time that grows with their square.
#[test]
fn many_changes_of_one_group() {
    let mut text = String::new();
    for n in 0..20_000 {
        text.push_str(&format!(
            "dn: CN=G,DC=x\nchangetype: modify\nadd: member\nmember: CN=u{n},DC=x\n-\n\n"
        ));
    }
    for n in 0..10_000 {
        text.push_str(&format!(
            "dn: CN=G,DC=x\nchangetype: modify\ndelete: member\nmember: CN=u{n},DC=x\n-\n\n"
        ));
    }
    let mut source = opened(text.as_bytes());
    let group = one(source.as_mut(), &Key::Name("g".into()));
    assert_eq!(links(source.as_mut(), &group, Direction::Holds).len(), 10_000);
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[ -~äöü]{0,200}".prop_map(|text| Value::Octets(text.into_bytes())),
        prop::collection::vec(any::<u8>(), 0..60).prop_map(Value::Octets),
        Just(Value::Reference),
    ]
}

fn attribute() -> impl Strategy<Value = Values> {
    let name = prop_oneof![
        "[a-zA-Z][a-zA-Z0-9-]{0,12}",
        Just("member;range=0-1499".to_owned()),
        Just("userCertificate;binary".to_owned())
    ];
    let is_word = |name: &String| {
        let words = ["dn", "version", "changetype", "control", "add", "delete", "replace"];
        words.iter().any(|word| word.eq_ignore_ascii_case(name))
    };
    let name = name.prop_filter("a word of LDIF", move |name| !is_word(name));
    (name, prop::collection::vec(value(), 1..4)).prop_map(|(name, values)| Values { name, values })
}

fn content() -> impl Strategy<Value = Vec<Values>> {
    prop::collection::vec(attribute(), 0..6).prop_map(|mut content| {
        let mut seen: Vec<String> = vec![];
        content.retain(|values| {
            let name = values.name.to_lowercase();
            let is_new = !seen.contains(&name);
            seen.push(name);
            is_new
        });
        content
    })
}

fn body() -> impl Strategy<Value = Body> {
    let kind = prop_oneof![Just(ChangeKind::Add), Just(ChangeKind::Delete), Just(ChangeKind::Replace)];
    let change = (kind, attribute()).prop_map(|(kind, values)| Modification { kind, values });
    prop_oneof![
        content().prop_map(Body::Content),
        content().prop_map(Body::Add),
        Just(Body::Delete),
        prop::collection::vec(change, 0..4).prop_map(Body::Modify),
        ("CN=[a-zä ]{1,9}", any::<bool>(), prop::option::of("OU=[a-z]{1,5},DC=x")).prop_map(
            |(new_rdn, delete_old, new_superior)| Body::Rename { new_rdn, delete_old, new_superior }
        ),
    ]
}

fn record() -> impl Strategy<Value = Record> {
    let control = (
        "[0-9](\\.[0-9]{1,3}){1,3}",
        any::<bool>(),
        prop::option::of(prop::collection::vec(any::<u8>(), 1..9)),
    );
    let control = control.prop_map(|(oid, is_critical, value)| Control { oid, is_critical, value });
    ("CN=[ -~äß日]{0,70},DC=x", body(), prop::collection::vec(control, 0..2)).prop_map(
        |(dn, body, mut controls)| {
            if matches!(body, Body::Content(_)) {
                controls.clear();
            }
            Record { at: 0, line: 0, dn, body, controls }
        },
    )
}

fn style() -> impl Strategy<Value = Style> {
    let line_end = prop_oneof![Just("\n"), Just("\r\n")];
    (
        prop_oneof![Just(0usize), 2..90usize],
        any::<bool>(),
        line_end,
        prop::option::of(any::<bool>()),
        any::<bool>(),
    )
        .prop_map(|(fold, coded, line_end, wide, comments)| Style {
            fold,
            coded,
            line_end,
            wide,
            comments,
        })
}

proptest! {
    #[test]
    fn what_is_written_is_read(list in prop::collection::vec(record(), 0..6), style in style()) {
        let mut read = records(&file(&list, style));
        for record in &mut read {
            (record.at, record.line) = (0, 0);
        }
        prop_assert_eq!(read, list);
    }

    #[test]
    fn every_object_of_a_file_is_found_by_its_name(list in prop::collection::vec(record(), 1..8), style in style()) {
        let mut source = opened(&file(&list, style));
        for object in objects(source.as_mut()) {
            if let Ok(dn) = object.entry.dn.parse() {
                let found = source.find(&Key::Dn(dn)).unwrap();
                prop_assert!(found.iter().any(|other| other.id == object.id), "{}", object.entry.dn);
            }
        }
    }
}
