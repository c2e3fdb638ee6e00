//! What is made of a deleted object's entry.

use chrono::{TimeZone, Utc};

use crate::deleted::{DeletedObject, Judge, original_rdn};
use crate::lifetime::DeletionPolicy;
use crate::metadata::IS_DELETED;
use crate::{Entry, ObjectGuid, Rdn};

/// An entry: the DN, and then an attribute in each line, `name=value`. What begins with `0x` is octets in hexadecimal.
pub fn deleted(data: &[u8]) {
    let entry = entry(data);
    for recycle_bin in [false, true] {
        let judge = Judge {
            policy: DeletionPolicy::new(
                recycle_bin,
                entry.integer("tombstoneLifetime"),
                entry.integer("msDS-DeletedObjectLifetime"),
            ),
            undeletes_from_bin: !entry.has("vendorName"),
            now: Utc.with_ymd_and_hms(2026, 11, 22, 12, 0, 0).single().expect("a time"),
            dc_names: vec![(ObjectGuid::from_wire(&[7; 16]).expect("16 octets"), "DC1".to_owned())],
        };
        let Some(object) = judge.read(&entry) else { continue };
        let json = serde_json::to_string(&object).expect("an object has JSON");
        let back: DeletedObject = serde_json::from_str(&json).expect("its JSON is read again");
        assert_eq!(serde_json::to_string(&back).ok(), Some(json));
        assert_eq!(object.restorable, object.not_restorable_because.is_none());
        assert!(
            object.deleted_at.is_some() || !entry.has("replPropertyMetaData") || object.days_left.is_none()
        );
    }
    if let Some(rdn) = original_rdn(&entry) {
        let text = rdn.to_string();
        assert_eq!(Rdn::first(&text), Ok(rdn), "the name that is given back");
    }
    let _ = crate::metadata::find(entry.value("replPropertyMetaData").unwrap_or_default(), IS_DELETED);
}

fn entry(data: &[u8]) -> Entry {
    let mut lines = data.split(|b| *b == b'\n');
    // A line feed in a name stands as the mark of a deleted object does.
    let dn = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    lines.fold(Entry::new(dn), |entry, line| match line.iter().position(|b| *b == b'=') {
        Some(at) => entry.with(&String::from_utf8_lossy(&line[..at]), [value(&line[at + 1..])]),
        None => entry,
    })
}

fn value(text: &[u8]) -> Vec<u8> {
    let Some(digits) = text.strip_prefix(b"0x") else { return text.to_vec() };
    let octet = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.chunks(2).map_while(octet).collect()
}
