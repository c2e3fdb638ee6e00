//! What the fuzz targets of backups call (`tests/fuzz`).

use std::collections::HashSet;
use std::io::Read;
use std::ops::ControlFlow;

use adrecover_core::secrets::is_secret;
use adrecover_core::source::{Direction, Key, Object, Selection, Source};

use super::extended::Extended;
use super::tar::Tar;
use super::tdb::Tdb;
use super::testing::{Attribute, Domain, packed_v1, packed_v2, tar};
use super::{Backup, Pages, ldb};

/// A TDB file: by itself, and as the database of a domain within a backup.
pub fn tdb(data: &[u8]) {
    if let Ok(mut tdb) = Tdb::open(Pages::of(data.to_vec())) {
        let mut damage = 0;
        let places = tdb.records(&mut |_| damage += 1);
        assert_eq!(places.iter().collect::<HashSet<_>>().len(), places.len(), "a record comes once");
        assert!(damage <= data.len() / 4, "each chain is told once");
        for place in places {
            let record = tdb.record(place).expect("what is listed can be read");
            assert!(record.key.len() + record.data.len() <= data.len());
            assert!(record.data.starts_with(&tdb.beginning(place, 16).expect("so can its beginning")));
        }
    }
    let mut files = Domain::small().files();
    for (name, content) in &mut files {
        if name.ends_with("/DC=X.ldb") {
            *content = data.to_vec();
        }
    }
    let files: Vec<_> = files.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
    let Ok(mut backup) = Backup::read("samba:x", &*tar(&files), true, 1 << 30) else { return };
    let mut objects = vec![];
    let mut take = |object: Object| {
        objects.push(object);
        ControlFlow::Continue(())
    };
    backup.list(&Selection::everything(), &mut take).expect("damage is no failure");
    for object in &objects {
        assert!(object.entry.attributes.iter().all(|attribute| !is_secret(&attribute.name)));
        if let Some(guid) = object.guid {
            let found = backup.find(&Key::Guid(guid)).expect("damage is no failure");
            assert!(found.iter().all(|other| other.guid == Some(guid)) && found.len() == 1);
        }
        for direction in [Direction::Holds, Direction::PointedTo] {
            let mut links = 0;
            let mut take = |link: adrecover_core::source::Link| {
                links += 1;
                assert!(!is_secret(&link.attribute));
                ControlFlow::Continue(())
            };
            backup.links(object, direction, &mut take).expect("damage is no failure");
            assert!(links <= data.len() + 100, "links are in proportion to the file");
        }
    }
}

/// A packed record of LDB.
pub fn ldb_record(data: &[u8]) {
    let name = ldb::name(data);
    let Ok(message) = ldb::unpack(data) else { return };
    if let Ok(name) = name {
        assert_eq!(name, message.dn);
    }
    for value in message.elements.iter().flat_map(|element| &element.values) {
        let text = String::from_utf8_lossy(value);
        let read = Extended::read(&text);
        let plain = read.with_dn(read.dn);
        assert!(plain.len() <= text.len() && read.octets().len() <= text.len());
    }
    let has_nul = message.elements.iter().any(|e| e.name.contains('\0')) || message.dn.contains('\0');
    let attributes: Vec<Attribute<'_>> = message
        .elements
        .iter()
        .map(|e| (e.name.as_ref(), e.values.iter().map(|value| value.to_vec()).collect()))
        .collect();
    for packed in [packed_v2(&message.dn, &attributes), packed_v1(&message.dn, &attributes)] {
        let again = ldb::unpack(&packed);
        let is_same =
            again.as_ref().is_ok_and(|again| again.dn == message.dn && again.elements == message.elements);
        assert!(is_same || has_nul, "{message:?} {again:?}");
    }
}

/// An archive.
pub fn samba_tar(data: &[u8]) {
    let mut archive = Tar::new(data);
    let mut total = 0;
    while let Ok(Some(file)) = archive.next_file() {
        let mut content = vec![];
        let is_whole = archive.read_to_end(&mut content).is_ok();
        assert!(content.len() as u64 <= file.size && (!is_whole || content.len() as u64 == file.size));
        total += content.len();
    }
    assert!(total <= data.len());
    // What a backup has to be is told apart from what it is not without a failure.
    let _ = Backup::read("samba:x", data, false, 1 << 30);
}
