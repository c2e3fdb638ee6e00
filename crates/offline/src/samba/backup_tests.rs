//! A backup whole and damaged, made here. Against real ones: `lab_tests.rs`.

use std::io::Write;
use std::ops::ControlFlow;

use super::*;
use crate::samba::testing::{Domain, link, object, tar, texts};

fn read(archive: &[u8]) -> Result<Backup, SourceError> {
    Backup::read("samba:x.tar", archive, false, 1 << 30)
}

fn account(backup: &mut Backup, name: &str) -> Object {
    backup.find(&Key::Account(name.to_owned())).unwrap().into_iter().next().unwrap()
}

fn links(backup: &mut Backup, object: &Object, direction: Direction) -> Vec<Link> {
    let mut all = vec![];
    let mut take = |link| {
        all.push(link);
        ControlFlow::Continue(())
    };
    backup.links(object, direction, &mut take).unwrap();
    all
}

fn names(backup: &mut Backup, wanted: &Selection) -> Vec<String> {
    let mut all = vec![];
    let mut take = |object: Object| {
        all.push(object.entry.dn);
        ControlFlow::Continue(())
    };
    backup.list(wanted, &mut take).unwrap();
    all
}

#[test]
fn an_object_has_what_it_had_but_secrets() {
    let mut backup = read(&Domain::small().archive()).unwrap();
    let ada = account(&mut backup, "ADA");
    assert_eq!(
        (ada.entry.text("mail").as_deref(), ada.standing, ada.is_whole),
        (Some("ada@x"), Standing::Live, true)
    );
    assert_eq!(
        (ada.gap("unicodePwd"), ada.gap("contosoBadge")),
        (Some(&GapReason::Secret), Some(&GapReason::Secret))
    );
    assert!(!ada.entry.has("unicodePwd") && !ada.entry.has("contosoBadge"));
    assert!(ada.place.contains("DC=X.ldb, record at 0x"), "{}", ada.place);
    // What a value names has the name that it has now.
    let bea = account(&mut backup, "bea");
    assert_eq!(bea.standing, Standing::Deleted(State::Deleted));
    assert_eq!(bea.entry.text("lastKnownParent").as_deref(), Some("CN=Ada,DC=x"));
    for key in
        [Key::Principal("ada@x".into()), Key::Name("ada".into()), Key::Dn("cn=ADA,dc=x".parse().unwrap())]
    {
        assert_eq!(backup.find(&key).unwrap(), std::slice::from_ref(&ada));
    }
    assert_eq!(backup.find(&Key::Name("Bea".into())).unwrap(), [bea]);
    assert!(backup.find(&Key::Account("nobody".into())).unwrap().is_empty());
}

#[test]
fn links_from_both_ends() {
    let mut backup = read(&Domain::small().archive()).unwrap();
    let team = backup.find(&Key::Name("team".into())).unwrap().remove(0);
    let members = links(&mut backup, &team, Direction::Holds);
    let states: Vec<_> =
        members.iter().map(|link| (link.other.dn.split(',').next().unwrap(), link.state)).collect();
    let removed = members[2].state;
    assert!(matches!(removed, LinkState::Removed(Some(_))) && members[0].since.is_some());
    let bea = "CN=Bea\\0ADEL:12121212-1212-1212-1212-121212121212";
    let expected = [("CN=Ada", LinkState::Present), (bea, LinkState::Deactivated), ("CN=Cid", removed)];
    assert_eq!(states, expected);
    for (name, state) in [("Ada", LinkState::Present), ("Bea", LinkState::Deactivated), ("Cid", removed)] {
        let member = backup.find(&Key::Name(name.into())).unwrap().remove(0);
        let groups = links(&mut backup, &member, Direction::PointedTo);
        assert_eq!(groups.len(), 1);
        assert_eq!((groups[0].attribute.as_str(), groups[0].other.dn.as_str()), ("member", "CN=Team,DC=x"));
        assert_eq!((groups[0].state, groups[0].other.standing), (state, Some(Standing::Live)));
        assert!(links(&mut backup, &member, Direction::Holds).is_empty());
    }
}

#[test]
fn it_says_what_it_is() {
    let backup = read(&Domain::small().archive()).unwrap();
    let about = backup.about();
    assert_eq!(about.format, "backup of Samba (offline), TDB, records packed by version 2");
    assert_eq!((about.recycle_bin, about.domain_level, about.forest_level), (Some(true), Some(4), Some(4)));
    assert_eq!(about.policy.unwrap().deleted_object_lifetime, 180);
    assert_eq!((about.counts.unwrap().live, about.counts.unwrap().deleted), (10, 1));
    assert_eq!(about.contexts, ["DC=x".parse::<Dn>().unwrap()]);
    assert!(
        matches!(about.moment, Some(Moment::Written(_))) && about.absence_is_unset && about.limits.is_empty()
    );
    assert!(backup.damage().is_empty(), "{:?}", backup.damage());
}

#[test]
fn a_listing_takes_what_is_wanted() {
    let mut backup = read(&Domain::small().archive()).unwrap();
    assert_eq!(names(&mut backup, &Selection::everything()).len(), 11);
    let deleted = Selection { live: false, ..Selection::everything() };
    assert_eq!(names(&mut backup, &deleted).len(), 1);
    let below = Selection { under: "CN=Configuration,DC=x".parse().ok(), ..Selection::everything() };
    assert_eq!(names(&mut backup, &below).len(), 6);
    let mut few = vec![];
    let wanted = Selection { attributes: Some(vec!["MAIL".into()]), ..Selection::everything() };
    let mut take = |object: Object| {
        few.push((object.is_whole, object.entry.attributes.len()));
        ControlFlow::Break(())
    };
    backup.list(&wanted, &mut take).unwrap();
    assert_eq!(few, [(false, 1)], "objectGUID only, of the first one only");
}

#[test]
fn damage_costs_what_is_damaged() {
    let domain = Domain::small();
    let good = domain.archive();
    let at = good.windows(4).position(|w| w == b"Ada@").unwrap();
    let record = good[..at].windows(4).rposition(|w| w == 0x2601_1968u32.to_le_bytes()).unwrap();
    let mut archive = good.clone();
    archive[record] = 0;
    let mut backup = read(&archive).unwrap();
    assert_eq!(names(&mut backup, &Selection::everything()).len(), 10);
    let damage = backup.damage().first()[0].to_string();
    assert!(damage.contains("DC=X.ldb, record at 0x") && damage.contains("version"), "{damage}");
    // What is missing at the end costs only the databases that are there.
    let cut = good.windows(13).rposition(|w| w == b"CN=CONFIGURAT").unwrap() + 700;
    let mut backup = read(&good[..cut]).unwrap();
    assert!(backup.damage().first().iter().any(|d| d.problem.contains("cannot be read to its end")));
    assert_eq!(account(&mut backup, "ada").entry.text("mail").as_deref(), Some("ada@x"));
    assert_eq!(backup.about().recycle_bin, None);
    // Without a schema, names and marks tell which attributes are links, and which are secret.
    let files = domain.files();
    let files: Vec<_> = files.iter().filter(|(name, _)| !name.contains("SCHEMA")).collect();
    let files: Vec<_> = files.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
    let mut backup = read(&tar(&files)).unwrap();
    let team = backup.find(&Key::Name("team".into())).unwrap().remove(0);
    assert_eq!(links(&mut backup, &team, Direction::Holds).len(), 3);
    assert!(!account(&mut backup, "ada").entry.has("unicodePwd") && !backup.damage().is_empty());
}

#[test]
fn a_marked_value_is_a_link_whatever_its_attribute() {
    let mut domain = Domain::small();
    domain.objects.push(object(
        0x50,
        "CN=Boss,DC=x",
        vec![("contosoTeam", texts(&[&link(0x11, 0, "CN=Ada,DC=x")]))],
    ));
    let mut backup = read(&domain.archive()).unwrap();
    let ada = account(&mut backup, "ada");
    let of: Vec<_> =
        links(&mut backup, &ada, Direction::PointedTo).into_iter().map(|link| link.attribute).collect();
    assert_eq!(of, ["member", "contosoTeam"]);
}

#[test]
fn what_is_not_read_is_refused_with_the_way_out() {
    let mut domain = Domain::small();
    domain.store = "mdb";
    let error = read(&domain.archive()).unwrap_err();
    assert!(error.to_string().contains("LMDB") && error.hint().unwrap().contains("ldbsearch"), "{error}");
    // The kind of a file tells, too.
    let mut head = vec![0; 4096];
    head[16..20].copy_from_slice(&0xbeef_c0deu32.to_le_bytes());
    let error = read(&tar(&[("private/sam.ldb.d/DC=X.ldb", &head)])).unwrap_err();
    assert!(error.to_string().contains("LMDB"), "{error}");
    let error = read(&tar(&[("a/b.txt", b"x")])).unwrap_err();
    assert!(error.to_string().contains("no database"), "{error}");
    assert!(read(b"").is_err() && read(&[1; 3000]).is_err());
    let error = Backup::read("x", &*Domain::small().archive(), false, 4000).unwrap_err();
    assert!(matches!(error, SourceError::TooLarge { .. }), "{error}");
}

#[test]
fn a_copy_within_a_transaction_is_refused_or_marked() {
    let mut files = Domain::small().files();
    let (_, database) = files.iter_mut().find(|(name, _)| name.ends_with("/DC=X.ldb")).unwrap();
    let area = database.len() as u32;
    database[44..48].copy_from_slice(&area.to_le_bytes());
    for n in [0, 0, 0, 0, 0, 0xf53b_c0e7u32] {
        database.extend(n.to_le_bytes());
    }
    let files: Vec<_> = files.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
    let archive = tar(&files);
    let error = read(&archive).unwrap_err();
    assert!(matches!(error, SourceError::Dirty { .. }) && error.hint().is_some(), "{error}");
    assert!(Backup::read("x", &*archive, true, 1 << 30).unwrap().about().is_dirty);
}

/// The seeds are written by another program (`tests/fuzz/seeds.py`): what one gets wrong the other does not.
#[test]
fn the_seeds_of_the_fuzz_target_are_objects() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus/tdb");
    for (seed, objects, damage) in [
        ("whole", 3, 0),
        ("other-order", 3, 0),
        ("old", 1, 0),
        ("broken-chain", 3, 1),
        ("circle", 3, 1),
        ("empty", 0, 0),
    ] {
        let mut files = Domain::small().files();
        let (_, content) = files.iter_mut().find(|(name, _)| name.ends_with("/DC=X.ldb")).unwrap();
        *content = std::fs::read(folder.join(seed)).unwrap();
        let files: Vec<_> = files.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
        let backup = read(&tar(&files)).unwrap();
        // Six are those of schema and configuration.
        assert_eq!(backup.about().counts.unwrap().total(), objects + 6, "{seed}");
        assert_eq!(backup.damage().total(), damage, "{seed}: {:?}", backup.damage());
    }
}

#[test]
fn a_compressed_archive_is_opened_as_it_lies_there() {
    let mut encoder = bzip2::write::BzEncoder::new(vec![], bzip2::Compression::fast());
    encoder.write_all(&Domain::small().archive()).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&encoder.finish().unwrap()).unwrap();
    let place = crate::Place { kind: Some(SourceKind::Samba), path: file.path().to_owned() };
    let mut source = crate::open(&place, &Options::default()).unwrap();
    let about = source.about();
    assert!(
        about.name.starts_with("samba:") && about.format.ends_with(", bzip2") && about.size.is_some(),
        "{about:?}"
    );
    assert_eq!(source.find(&Key::Account("ada".into())).unwrap().len(), 1);
}
