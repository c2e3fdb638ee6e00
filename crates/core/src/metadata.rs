//! `replPropertyMetaData`: when each attribute was last written, and by which domain controller.
//!
//! Layout ([MS-DRSR] 4.1.… `PROPERTY_META_DATA_VECTOR_V1`, and read from a real DC): a header of u32 version (1), u32
//! reserved, u32 count, u32 reserved, then `count` records of 48 octets: u32 attribute id, u32 version, u64 originating
//! time in seconds since 1601, the 16 octets of the originating DC's invocation id, u64 originating USN, u64 local USN.

use crate::ObjectGuid;
use crate::time::{self, Timestamp};

/// `isDeleted` (1.2.840.113556.1.2.48 has the prefix-table id 0x20030).
pub const IS_DELETED: u32 = 0x0002_0030;
/// `unicodePwd` (1.2.840.113556.1.4.90).
pub const UNICODE_PWD: u32 = 0x0009_005a;
/// `userPrincipalName` (1.2.840.113556.1.4.656).
pub const USER_PRINCIPAL_NAME: u32 = 0x0009_0290;
/// `adminCount` (1.2.840.113556.1.4.150).
pub const ADMIN_COUNT: u32 = 0x0009_0096;

/// The stamp of one attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The attribute's id ([MS-DRSR] ATTRTYP).
    pub attribute: u32,
    /// How often it was written. For `isDeleted`: odd after a deletion, even after a restore.
    pub version: u32,
    /// When it was last written; `None` where the value is out of range.
    pub time: Option<Timestamp>,
    /// The invocation id of the DC on which it was written.
    pub originating: ObjectGuid,
    /// The update sequence number of the write on that DC.
    pub originating_usn: u64,
    /// The DC's own update sequence number of the write.
    pub local_usn: u64,
}

const HEADER: usize = 16;
const RECORD: usize = 48;

/// All stamps of a `replPropertyMetaData` value, or `None` when it is not of the known layout.
pub fn parse(value: &[u8]) -> Option<impl Iterator<Item = Stamp> + '_> {
    records(value).map(|records| records.map(stamp))
}

fn records(value: &[u8]) -> Option<impl Iterator<Item = &[u8]>> {
    let word = |at: usize| value.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let count = word(8)? as usize;
    let body = value.get(HEADER..)?;
    if word(0)? != 1 || body.len() != count.checked_mul(RECORD)? {
        return None;
    }
    Some(body.chunks_exact(RECORD))
}

fn stamp(record: &[u8]) -> Stamp {
    let u32_at = |at: usize| u32::from_le_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]]);
    let u64_at = |at: usize| (u64::from(u32_at(at + 4)) << 32) | u64::from(u32_at(at));
    let mut originating = [0; 16];
    originating.copy_from_slice(&record[16..32]);
    Stamp {
        attribute: u32_at(0),
        version: u32_at(4),
        time: time::from_dstime(u64_at(8)),
        originating: uuid::Uuid::from_bytes_le(originating).into(),
        originating_usn: u64_at(32),
        local_usn: u64_at(40),
    }
}

/// The stamp of one attribute.
pub fn find(value: &[u8], attribute: u32) -> Option<Stamp> {
    records(value)?.find(|record| record.starts_with(&attribute.to_le_bytes())).map(stamp)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A value with the given (attribute, version, seconds since 1601) records.
    pub(crate) fn value(records: &[(u32, u32, u64)]) -> Vec<u8> {
        let mut out = vec![1, 0, 0, 0, 0, 0, 0, 0];
        out.extend((records.len() as u32).to_le_bytes());
        out.extend([0; 4]);
        for (attribute, version, seconds) in records {
            out.extend(attribute.to_le_bytes());
            out.extend(version.to_le_bytes());
            out.extend(seconds.to_le_bytes());
            out.extend([7; 16]);
            out.extend(99u64.to_le_bytes());
            out.extend(4336u64.to_le_bytes());
        }
        out
    }

    #[test]
    fn the_deletion_stamp_is_found() {
        let value =
            value(&[(3, 1, 1), (IS_DELETED, 1, 13_406_000_000), (USER_PRINCIPAL_NAME, 2, 13_406_000_000)]);
        let stamp = find(&value, IS_DELETED).unwrap();
        assert_eq!((stamp.version, stamp.originating_usn, stamp.local_usn), (1, 99, 4336));
        assert_eq!(time::rfc3339(stamp.time.unwrap()), "2025-10-27T00:53:20Z");
        assert_eq!(find(&value, ADMIN_COUNT), None);
    }

    #[test]
    fn a_value_of_another_length_or_version_is_not_read() {
        let good = value(&[(IS_DELETED, 1, 1)]);
        assert!(parse(&good[..good.len() - 1]).is_none());
        assert!(parse(&[]).is_none());
        let mut huge = good.clone();
        huge[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(parse(&huge).is_none());
        let mut newer = good;
        newer[0] = 2;
        assert!(parse(&newer).is_none());
    }
}
