//! A snapshot of our own, what damage does to it, and a real one.

use std::io::Write;
use std::path::{Path, PathBuf};

use adrecover_core::ObjectGuid;
use adrecover_core::source::find_by_listing;
use adrecover_core::time::rfc3339;

use super::*;
use crate::testing::adexplorer::{Object as Written, Value, snapshot};

const ATTRIBUTES: [(&str, u32); 17] = [
    ("distinguishedName", 1),
    ("objectClass", 12),
    ("objectGUID", 8),
    ("sAMAccountName", 3),
    ("member", 1),
    ("memberOf", 1),
    ("whenChanged", 9),
    ("pwdLastSet", 10),
    ("userAccountControl", 7),
    ("isDeleted", 6),
    ("nTSecurityDescriptor", 25),
    ("msDS-RevealedList", 28),
    ("unicodePwd", 8),
    ("boss", 1),
    ("lDAPDisplayName", 3),
    ("linkID", 7),
    ("msDS-Behavior-Version", 7),
];

fn texts(attribute: u32, values: &[&str]) -> (u32, Vec<Value>) {
    (attribute, values.iter().map(|v| Value::Text((*v).to_owned())).collect())
}

fn objects() -> Vec<Written> {
    let guid = |n: u8| (2, vec![Value::Octets(vec![n; 16])]);
    let user = ["top", "person", "organizationalPerson", "user"];
    let mut out = vec![
        vec![
            texts(0, &["DC=x"]),
            texts(1, &["top", "domain", "domainDNS"]),
            guid(1),
            (16, vec![Value::Integer(7)]),
        ],
        vec![
            texts(0, &["CN=Ada,DC=x"]),
            texts(1, &user),
            guid(2),
            texts(3, &["ada"]),
            texts(5, &["CN=Told,DC=x"]),
            (6, vec![Value::Time([2026, 11, 0, 1, 9, 30, 0, 0])]),
            (7, vec![Value::Large(132_754_532_470_426_765)]),
            (8, vec![Value::Integer(-1)]),
            (10, vec![Value::Descriptor(vec![1, 0, 4, 0x80])]),
            (11, vec![Value::Octets(vec![0])]),
            (12, vec![Value::Octets(vec![1])]),
            texts(13, &["CN=Bea,DC=x"]),
        ],
        vec![texts(0, &["CN=Bea,DC=x"]), texts(1, &user), guid(3), texts(3, &["bea"])],
        vec![
            texts(0, &["CN=G,DC=x"]),
            texts(1, &["top", "group"]),
            guid(4),
            texts(4, &["CN=Bea,DC=x", "cn=ada,dc=x"]),
        ],
        vec![texts(0, &["CN=Told,DC=x"]), texts(1, &["top", "group"]), guid(5), texts(4, &["CN=Ada,DC=x"])],
        vec![
            texts(0, &["CN=Boss,CN=Schema,DC=x"]),
            texts(1, &["top", "attributeSchema"]),
            texts(14, &["boss"]),
            (15, vec![Value::Integer(90_000)]),
        ],
    ];
    let gone = format!("CN=Cy\nDEL:{},CN=Deleted Objects,DC=x", guid_of(9));
    out.push(vec![
        texts(0, &[&gone.replace('\n', "\\0A")]),
        texts(1, &user),
        guid(9),
        (9, vec![Value::Boolean(true)]),
    ]);
    out
}

fn guid_of(n: u8) -> ObjectGuid {
    ObjectGuid::from_wire(&[n; 16]).unwrap()
}

fn opened(octets: &[u8]) -> Result<Snapshot, SourceError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(octets).unwrap();
    Snapshot::open(&Packed::look(file.path()).unwrap(), &Options::default())
}

fn written() -> Vec<u8> {
    snapshot(132_827_825_226_331_628, "dc1.x", &ATTRIBUTES, &objects())
}

fn listed(source: &mut Snapshot) -> Vec<Object> {
    let mut out = vec![];
    source
        .list(&Selection::everything(), &mut |object| {
            out.push(object);
            ControlFlow::Continue(())
        })
        .unwrap();
    out
}

fn links(source: &mut Snapshot, object: &Object, direction: Direction) -> Vec<(String, String)> {
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

fn one(source: &mut Snapshot, key: &Key) -> Object {
    let found = source.find(key).unwrap();
    assert_eq!((found.len(), &find_by_listing(source, key).unwrap()), (1, &found));
    found.into_iter().next().unwrap()
}

#[test]
fn values_of_every_type() {
    let mut source = opened(&written()).unwrap();
    assert!(source.damage().is_empty(), "{:?}", source.damage());
    let ada = one(&mut source, &Key::Account("ADA".into()));
    let text = |name: &str| ada.entry.text(name).unwrap();
    assert_eq!(text("whenChanged"), "20261101093000.0Z");
    assert_eq!(
        (text("pwdLastSet").as_str(), text("userAccountControl").as_str()),
        ("132754532470426765", "-1")
    );
    assert_eq!(ada.entry.value("nTSecurityDescriptor"), Some(&[1, 0, 4, 0x80][..]));
    assert_eq!(ada.entry.texts("objectClass").last().unwrap(), "user");
    assert_eq!(ada.gap("unicodePwd"), Some(&GapReason::Secret));
    assert!(matches!(ada.gap("msDS-RevealedList"), Some(GapReason::Damaged(text)) if text.contains("28")));
    assert!(!ada.entry.has("memberOf") && !ada.entry.has("boss"), "they are links");
    let pair = |name: &str, dn: &str| (name.to_owned(), dn.to_owned());
    assert_eq!(links(&mut source, &ada, Direction::Holds), [pair("boss", "CN=Bea,DC=x")]);
    let groups = [pair("member", "CN=G,DC=x"), pair("member", "CN=Told,DC=x")];
    assert_eq!(links(&mut source, &ada, Direction::PointedTo), groups, "each once");
    let gone = one(&mut source, &Key::Name("cy".into()));
    assert_eq!((gone.standing.name(), gone.guid), ("tombstone", Some(guid_of(9))));
    let about = source.about();
    assert_eq!((about.host.as_deref(), about.domain_level), (Some("dc1.x"), Some(7)));
    assert_eq!(about.at().map(rfc3339).as_deref(), Some("2021-11-30T21:48:42Z"));
    let counts = about.counts.unwrap();
    assert_eq!((counts.live, counts.deleted), (6, 1));
}

#[test]
fn damage_costs_the_object_that_it_is_in() {
    let whole = written();
    let bea = listed(&mut opened(&whole).unwrap()).into_iter().find(|o| o.entry.dn == "CN=Bea,DC=x").unwrap();
    let at = usize::from_str_radix(bea.place.trim_start_matches("octet 0x"), 16).unwrap();
    // Its length, its number of attributes, and the first attribute.
    for (place, value) in [(at, u32::MAX), (at, 3), (at + 4, 100_000), (at + 8, 5_000)] {
        let mut octets = whole.clone();
        octets[place..place + 4].copy_from_slice(&value.to_le_bytes());
        let mut source = opened(&octets).unwrap();
        let names: Vec<_> = listed(&mut source).into_iter().map(|object| object.entry.dn).collect();
        assert_eq!(names.len(), 6, "{names:?}");
        assert!(!names.contains(&"CN=Bea,DC=x".to_owned()) && names.contains(&"CN=Told,DC=x".to_owned()));
        assert!(source.damage().first()[0].place.starts_with("octet 0x"));
    }
    // Where its values lie.
    let mut octets = whole.clone();
    octets[at + 12 + 24..at + 16 + 24].copy_from_slice(&i32::MAX.to_le_bytes());
    let mut source = opened(&octets).unwrap();
    let all = listed(&mut source);
    assert_eq!((all.len(), source.damage().total()), (7, 1));
    assert!(all.iter().any(|object| matches!(object.gap("sAMAccountName"), Some(GapReason::Damaged(_)))));
}

#[test]
fn every_cut_of_it_is_read_or_refused() {
    let whole = written();
    for end in (0..whole.len()).step_by(7).chain([whole.len() - 1]) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&whole[..end]).unwrap();
        if let Ok(mut source) = Snapshot::open(&Packed::look(file.path()).unwrap(), &Options::default()) {
            assert!(listed(&mut source).len() <= 7);
            assert!(end == whole.len() || !source.damage().is_empty());
        }
    }
}

/// Where the real snapshot is: the folder in `ADRECOVER_SAMPLES`, else the usual one beside the project. Where continuous integration
/// lacks it, that is an error.
fn sample() -> Option<PathBuf> {
    let given = std::env::var_os("ADRECOVER_SAMPLES").filter(|v| !v.is_empty());
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let file = given.map_or(usual, PathBuf::from).join("adexplorer/detectionlab.dat.gz");
    if file.is_file() {
        return Some(file);
    }
    let is_ci = std::env::var_os("CI").is_some_and(|v| !v.is_empty());
    assert!(!is_ci, "ADRECOVER_SAMPLES does not name the folder of adexplorer/detectionlab.dat.gz");
    eprintln!("skipped: no adexplorer/detectionlab.dat.gz in the folder of ADRECOVER_SAMPLES");
    None
}

/// The figures are those of an independent walk through the file.
#[test]
fn every_object_of_a_real_snapshot() {
    let Some(file) = sample() else { return };
    let mut source = Snapshot::open(&Packed::look(&file).unwrap(), &Options::default()).unwrap();
    let about = source.about().clone();
    assert_eq!((about.host.as_deref(), source.slots()), (Some("dc.windomain.local"), 83_438));
    assert_eq!(about.at().map(rfc3339).as_deref(), Some("2021-11-30T21:48:42Z"));
    assert_eq!(about.domain, "DC=windomain,DC=local".parse().ok());
    assert_eq!((about.recycle_bin, about.counts.unwrap().live), (Some(false), 3848));
    assert_eq!(about.policy.map(|policy| policy.tombstone_lifetime), Some(180));
    let all = listed(&mut source);
    assert_eq!((all.len(), source.damage().total()), (3848, 0), "{:?}", source.damage().first());
    let count = |name: &str| all.iter().filter(|object| object.entry.has(name)).count();
    assert_eq!((count("objectGUID"), count("objectSid"), count("nTSecurityDescriptor")), (3833, 99, 3833));
    let gaps: usize = all.iter().map(|object| object.gaps.len()).sum();
    assert_eq!(gaps, 0);
    // What stands in the entries, and the links, are all values that the file has.
    let mut slots: usize = all.iter().map(|object| object.entry.attributes.len()).sum();
    for object in &all {
        let number = u32::try_from(object.id).unwrap();
        slots +=
            source.own_links(number, true).unwrap().len() + source.own_links(number, false).unwrap().len();
    }
    assert_eq!(slots, 83_438);
}

#[test]
fn a_user_of_a_real_snapshot() {
    let Some(file) = sample() else { return };
    let mut source = Snapshot::open(&Packed::look(&file).unwrap(), &Options::default()).unwrap();
    let user = one(&mut source, &Key::Account("vagrant".into()));
    assert_eq!(user.entry.dn, "CN=vagrant,CN=Users,DC=windomain,DC=local");
    let text = |name: &str| user.entry.text(name).unwrap_or_default();
    assert_eq!((text("displayName").as_str(), text("userAccountControl").as_str()), ("Vagrant", "66048"));
    assert_eq!(
        (text("whenCreated").as_str(), text("lastLogon").as_str()),
        ("20211130200506.0Z", "132827822211950619")
    );
    assert_eq!(user.entry.values("dSCorePropagationData").len(), 3);
    assert_eq!(user.entry.value("logonHours"), Some(&[0xff; 21][..]));
    let guid: ObjectGuid = "dde4cf30-650f-4c40-b80d-a13fdfb736ba".parse().unwrap();
    assert_eq!((user.guid, one(&mut source, &Key::Guid(guid)).id), (Some(guid), user.id));
    assert_eq!(user.sid.as_ref().and_then(adrecover_core::Sid::rid), Some(1000));
    let groups = links(&mut source, &user, Direction::PointedTo);
    let names: Vec<_> = groups.iter().map(|(name, dn)| format!("{name} of {}", &dn[..12])).collect();
    assert_eq!(names, ["member of CN=Administr", "member of CN=Users,CN="]);
    let group = one(&mut source, &Key::Account("Domain Admins".into()));
    let members = links(&mut source, &group, Direction::Holds);
    assert_eq!(members, [("member".into(), "CN=Administrator,CN=Users,DC=windomain,DC=local".into())]);
}
