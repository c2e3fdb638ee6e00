//! What the fuzz targets call: an entry of a DirSync reply, and what values of links look like.

use adrecover_core::change::Cursor;
use adrecover_core::{Dn, Entry, secrets};

use super::object::{self, From};
use super::schema::Schema;
use super::{extended, values};
use crate::decode;
use crate::framer::{self, Reply, op};
use crate::fuzzing::replies::shown;

/// One message of a server: an entry, from which the change of an object is made.
pub fn change(data: &[u8]) {
    let length = framer::length(data, usize::MAX / 4).ok().flatten();
    let Some(data) = length.and_then(|length| data.get(..length)) else { return };
    let contents = match framer::check(data) {
        Ok(Reply::Answer { op: op::ENTRY, contents, .. }) => contents,
        Ok(Reply::Answer { outcome: Some(outcome), .. }) => {
            let cookie = outcome.dir_sync.map_or(0, |state| state.cookie.len());
            return assert!(cookie <= data.len());
        }
        _ => return,
    };
    let entry = decode::entry(&data[contents]).expect("what passed the framer is an entry");
    let schema = schema(&entry);
    let sent: usize = entry.attributes.iter().map(|attribute| attribute.values.len()).sum();
    for from in [From::DirSync { full: false }, From::DirSync { full: true }, From::Search] {
        let Some(object) = object::change(entry.clone(), &schema, from) else { continue };
        let kept: usize = object.attributes.iter().map(|attribute| attribute.values.len()).sum();
        assert!(kept + object.links.len() <= sent);
        assert!(object.attributes.iter().all(|attribute| !secrets::is_secret(&attribute.name)));
        assert!(object.links.iter().all(|link| !secrets::is_secret(&link.attribute)));
        assert!(object.is_deleted || !object.dn.is_empty());
        assert!(object::size(&object) >= kept);
        assert!(!object.dn.parse::<Dn>().is_ok_and(|dn| dn.is_mangled()) || object.is_deleted);
    }
}

/// A schema that has every attribute of an entry, of a kind that hangs on its name.
fn schema(entry: &Entry) -> Schema {
    let names = entry.attributes.iter().map(|a| a.name.split(';').next().unwrap_or_default().to_owned());
    let objects = names.enumerate().map(|(at, name)| {
        let (syntax, link) = match name.len() % 3 {
            0 => ("2.5.5.1", "2"),
            1 => ("2.5.5.7", "0"),
            _ => ("2.5.5.12", "0"),
        };
        Entry::new("")
            .with("lDAPDisplayName", [name])
            .with("attributeID", [format!("2.5.4.{at}")])
            .with("attributeSyntax", [syntax])
            .with("linkID", [link])
    });
    Schema::of(&objects.collect::<Vec<_>>())
}

/// The value of a link, of its metadata, and what was stored of a position.
pub fn link_value(data: &[u8]) {
    let target = extended::target(data);
    assert!(target.data.len() <= data.len());
    let plain = extended::plain(data.to_vec());
    assert!(plain.len() <= data.len());
    // What was taken off is not found again, unless it was there twice.
    let twice = extended::plain(plain.clone());
    assert!(twice.len() <= plain.len());
    let _ = values::read(data);
    if let Ok(text) = std::str::from_utf8(data) {
        match Cursor::from_text(text) {
            Ok(cursor) => assert_eq!(Cursor::from_text(&cursor.to_text()), Ok(cursor)),
            Err(error) => shown(&error.to_string()),
        }
    }
}
