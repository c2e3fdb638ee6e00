//! A backup of a real domain controller, against what Samba's own libraries read in the same files.
//!
//! `ADRECOVER_TEST_LAB` and `ADRECOVER_TEST_LAB_BIN` name the labs (`tests/lab/up`); without them these tests are skipped.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::archive::Archive;
use super::schema::Handling;
use super::*;
use adrecover_core::lifetime::State;
use adrecover_core::source::{
    Direction, Gap, GapReason, Key, Link, LinkState, Moment, Object, Selection, Source, Standing, forward_of,
};

/// Values by the name of their attribute.
type Attributes = BTreeMap<String, Vec<Vec<u8>>>;

struct Lab {
    archive: PathBuf,
    /// What Samba reads, by DN.
    stored: BTreeMap<String, Attributes>,
    directory: BTreeMap<String, Attributes>,
    _folder: tempfile::TempDir,
}

const MOST: u64 = 1 << 32;

fn run(program: impl AsRef<Path>, arguments: &[&Path]) -> Vec<u8> {
    let program = program.as_ref();
    let output = Command::new(program).args(arguments).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{} {arguments:?}", program.display());
    output.stdout
}

/// Makes a backup of the lab that the variable names, and reads it with Samba's libraries.
fn lab(variable: &str) -> Option<Lab> {
    let Some(state) = std::env::var_os(variable).filter(|v| !v.is_empty()).map(PathBuf::from) else {
        eprintln!("skipped: {variable} names no lab");
        return None;
    };
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/lab");
    let folder = tempfile::tempdir().unwrap();
    let printed = run(scripts.join("backup"), &[&state, folder.path()]);
    let archive = PathBuf::from(String::from_utf8(printed).unwrap().trim());
    run("tar", &[Path::new("xjf"), &archive, Path::new("-C"), folder.path()]);
    let sam = folder.path().join("private/sam.ldb");
    let script = scripts.join("objects.py");
    let lines = run("/usr/bin/python3", &[Path::new("-B"), &script, &sam, &state.join("smb.conf")]);
    let (mut stored, mut directory) = (BTreeMap::new(), BTreeMap::new());
    for line in String::from_utf8(lines).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let attributes = line["attributes"].as_object().unwrap().iter().map(|(name, values)| {
            let values = values.as_array().unwrap().iter();
            (name.clone(), values.map(|v| STANDARD.decode(v.as_str().unwrap()).unwrap()).collect())
        });
        let list = if line["kind"] == "stored" { &mut stored } else { &mut directory };
        list.insert(line["dn"].as_str().unwrap().to_owned(), attributes.collect());
    }
    assert!(stored.len() > 3000 && directory.len() == stored.len(), "{} {}", stored.len(), directory.len());
    Some(Lab { archive, stored, directory, _folder: folder })
}

impl Lab {
    fn unpacked(&self) -> impl std::io::Read {
        bzip2::read::MultiBzDecoder::new(std::fs::File::open(&self.archive).unwrap())
    }

    fn backup(&self) -> Backup {
        Backup::read("samba:lab", self.unpacked(), false, MOST).unwrap()
    }
}

fn all(backup: &mut Backup) -> Vec<Object> {
    let mut objects = vec![];
    backup
        .list(&Selection::everything(), &mut |object| {
            objects.push(object);
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    objects
}

fn links(backup: &mut Backup, object: &Object, direction: Direction) -> Vec<Link> {
    let mut links = vec![];
    backup
        .links(object, direction, &mut |link| {
            links.push(link);
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    links
}

/// Every value of every object, as it lies there.
fn stored_is_the_same(lab: &Lab) {
    let mut archive = Archive::read("lab", lab.unpacked(), MOST).unwrap();
    let mut objects = BTreeMap::new();
    for database in &mut archive.contexts {
        survey::each(database, &mut |place, problem| panic!("{place}: {problem}"), &mut |message| {
            let attributes = message.elements.iter().map(|element| {
                (element.name.to_string(), element.values.iter().map(|value| value.to_vec()).collect())
            });
            if !message.is_internal() {
                objects.insert(message.dn.to_string(), attributes.collect::<Attributes>());
            }
        });
    }
    assert!(archive.damage.is_empty(), "{:?}", archive.damage);
    assert_eq!(objects.keys().collect::<Vec<_>>(), lab.stored.keys().collect::<Vec<_>>());
    for (dn, attributes) in &objects {
        assert_eq!(attributes, &lab.stored[dn], "{dn}");
    }
}

/// Every object as the source gives it, as a search gives it.
fn objects_are_the_same(lab: &Lab, backup: &mut Backup) {
    let objects = all(backup);
    assert_eq!(objects.len(), lab.directory.len());
    let mut secrets = BTreeSet::new();
    for object in objects {
        let dn = object.entry.dn.clone();
        let mut expected = lab.directory[&dn].clone();
        for Gap { attribute, reason } in &object.gaps {
            assert_eq!(*reason, GapReason::Secret, "{dn}: {attribute}");
            assert!(!object.entry.has(attribute));
            expected.remove(attribute);
            secrets.insert(attribute.clone());
        }
        // Links, as the search gives them: by the GUID of the other end.
        let mut expected_links = BTreeSet::new();
        let mut given_links = BTreeSet::new();
        for (direction, handling) in
            [(Direction::Holds, Handling::Link), (Direction::PointedTo, Handling::BackLink)]
        {
            let names: Vec<String> =
                expected.keys().filter(|name| backup.handling(name) == handling).cloned().collect();
            for name in names {
                let forward = match direction {
                    Direction::Holds => name.clone(),
                    Direction::PointedTo => forward_of(&name).unwrap_or_else(|| panic!("{name}")).to_owned(),
                };
                for value in expected.remove(&name).unwrap() {
                    let text = String::from_utf8(value).unwrap();
                    let read = extended::Extended::read(&text);
                    expected_links.insert((forward.clone(), read.guid, read.dn.to_owned(), read.octets()));
                }
            }
            for link in links(backup, &object, direction) {
                if !matches!(link.state, LinkState::Removed(_)) {
                    given_links.insert((link.attribute, link.other.guid, link.other.dn, link.data));
                }
            }
        }
        // A back link has no data, and some forward links have no back link.
        let has_back_link =
            |(name, ..): &(String, _, _, _)| expected_links.iter().any(|(other, ..)| other == name);
        given_links.retain(has_back_link);
        assert_eq!(given_links, expected_links, "{dn}");
        let given: Attributes =
            object.entry.attributes.into_iter().map(|a| (a.name.into_owned(), a.values)).collect();
        for (name, values) in &given {
            let expected = expected.get(name).unwrap_or_else(|| panic!("{dn}: {name} is not there"));
            let plain = |value: &Vec<u8>| match std::str::from_utf8(value) {
                Ok(text) if backup.handling(name) == Handling::Name => {
                    let read = extended::Extended::read(text);
                    read.with_dn(read.dn).into_bytes()
                }
                _ => value.clone(),
            };
            assert_eq!(values, &expected.iter().map(plain).collect::<Vec<_>>(), "{dn}: {name}");
        }
        let missing: Vec<_> = expected.keys().filter(|name| !given.contains_key(*name)).collect();
        assert!(missing.is_empty(), "{dn}: {missing:?}");
    }
    assert!(secrets.contains("unicodePwd") && secrets.contains("supplementalCredentials"), "{secrets:?}");
}

/// Each object is found by each of its names.
fn every_name_finds(backup: &mut Backup) {
    for object in all(backup) {
        let text = |name: &str| object.entry.text(name);
        let keys = [
            object.guid.map(Key::Guid),
            object.sid.clone().map(Key::Sid),
            object.entry.dn.parse().ok().map(Key::Dn),
            text("sAMAccountName").map(|name| Key::Account(name.to_uppercase())),
            text("userPrincipalName").map(|name| Key::Principal(name.to_uppercase())),
        ];
        for key in keys.into_iter().flatten() {
            let found = backup.find(&key).unwrap();
            assert!(found.iter().any(|other| other.id == object.id), "{key:?} {}", object.entry.dn);
        }
    }
}

#[test]
fn without_the_recycle_bin() {
    let Some(lab) = lab("ADRECOVER_TEST_LAB") else { return };
    stored_is_the_same(&lab);
    let mut backup = lab.backup();
    objects_are_the_same(&lab, &mut backup);
    every_name_finds(&mut backup);
    assert!(backup.damage().is_empty(), "{:?}", backup.damage());
    let about = backup.about().clone();
    assert_eq!(about.host.as_deref(), Some("dc1.contoso.test"));
    assert_eq!(about.domain.map(|dn| dn.to_string()).as_deref(), Some("DC=contoso,DC=test"));
    assert_eq!((about.contexts.len(), about.recycle_bin, about.is_dirty), (5, Some(false), false));
    assert!(matches!(about.moment, Some(Moment::Written(_))) && about.domain_guid.is_some());
    assert!(about.domain_level.is_some() && about.forest_level.is_some() && about.policy.is_some());
    let counts = about.counts.unwrap();
    assert!(
        counts.deleted > 3 && counts.recycled == 0 && counts.total() == lab.stored.len() as u64,
        "{counts:?}"
    );
}

#[test]
fn with_the_recycle_bin() {
    let Some(lab) = lab("ADRECOVER_TEST_LAB_BIN") else { return };
    stored_is_the_same(&lab);
    let mut backup = lab.backup();
    objects_are_the_same(&lab, &mut backup);
    assert_eq!(backup.about().recycle_bin, Some(true));
    // Its groups come back with a user in the bin.
    let found = backup.find(&Key::Account("UserA".into())).unwrap();
    let user = found.first().unwrap();
    assert_eq!(user.standing, Standing::Deleted(State::Deleted));
    let groups = links(&mut backup, user, Direction::PointedTo);
    let names: Vec<_> = groups.iter().filter(|link| link.state == LinkState::Deactivated).collect();
    assert!(
        names.iter().any(|link| link.other.dn.starts_with("CN=VPN,") && link.attribute == "member"),
        "{groups:?}"
    );
    // And one that it left before.
    assert!(
        groups
            .iter()
            .any(|l| l.other.dn.starts_with("CN=Newsletter,")
                && matches!(l.state, LinkState::Removed(Some(_))))
    );
}
