//! ATTRTYP: an object identifier in 32 bits, the upper half of which is the number of a prefix ([MS-DRSR] 5.16.4).

use std::collections::HashMap;

use crate::ese::bytes::u16_at;

/// The prefixes that every database has, by their number, in BER ([MS-DRSR] 5.16.4, the default prefix table).
const PREFIXES: [&[u8]; 39] = [
    b"\x55\x04",
    b"\x55\x06",
    b"\x2a\x86\x48\x86\xf7\x14\x01\x02",
    b"\x2a\x86\x48\x86\xf7\x14\x01\x03",
    b"\x60\x86\x48\x01\x65\x02\x02\x01",
    b"\x60\x86\x48\x01\x65\x02\x02\x03",
    b"\x60\x86\x48\x01\x65\x02\x01\x05",
    b"\x60\x86\x48\x01\x65\x02\x01\x04",
    b"\x55\x05",
    b"\x2a\x86\x48\x86\xf7\x14\x01\x04",
    b"\x2a\x86\x48\x86\xf7\x14\x01\x05",
    b"\x2a\x86\x48\x86\xf7\x14\x01\x04\x82\x04",
    b"\x2a\x86\x48\x86\xf7\x14\x01\x05\x38",
    b"\x2a\x86\x48\x86\xf7\x14\x01\x04\x82\x06",
    b"\x2a\x86\x48\x86\xf7\x14\x01\x05\x39",
    b"\x2a\x86\x48\x86\xf7\x14\x01\x04\x82\x07",
    b"\x2a\x86\x48\x86\xf7\x14\x01\x05\x3a",
    b"\x2a\x86\x48\x86\xf7\x14\x01\x05\x49",
    b"\x2a\x86\x48\x86\xf7\x14\x01\x04\x82\x31",
    b"\x09\x92\x26\x89\x93\xf2\x2c\x64",
    b"\x60\x86\x48\x01\x86\xf8\x42\x03",
    b"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01",
    b"\x60\x86\x48\x01\x86\xf8\x42\x03\x01",
    b"\x2a\x86\x48\x86\xf7\x14\x01\x05\xb6\x58",
    b"\x55\x15",
    b"\x55\x12",
    b"\x55\x14",
    b"\x2b\x06\x01\x04\x01\x8b\x3a\x65\x77",
    b"\x60\x86\x48\x01\x86\xf8\x42\x03\x02",
    b"\x2b\x06\x01\x04\x01\x81\x7a\x01",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x09",
    b"\x09\x92\x26\x89\x93\xf2\x2c\x64\x04",
    b"\x2a\x86\x48\x86\xf7\x14\x01\x06\x17",
    b"\x2a\x86\x48\x86\xf7\x14\x01\x06\x12\x01",
    b"\x2a\x86\x48\x86\xf7\x14\x01\x06\x12\x02",
    b"\x2a\x86\x48\x86\xf7\x14\x01\x06\x0d\x03",
    b"\x2a\x86\x48\x86\xf7\x14\x01\x06\x0d\x04",
    b"\x2b\x06\x01\x01\x01\x01",
    b"\x2b\x06\x01\x01\x01\x02",
];

/// The prefixes of a database.
pub(super) struct Prefixes(HashMap<u16, Vec<u8>>);

impl Prefixes {
    /// The usual ones, and those of `prefixMap` of the schema: their count, its length, and then number, length and octets of
    /// each.
    pub(super) fn new(map: Option<&[u8]>) -> Self {
        let mut all: HashMap<u16, Vec<u8>> =
            (0..).zip(PREFIXES).map(|(n, prefix)| (n, prefix.to_vec())).collect();
        let mut at = 8;
        while let Some((number, prefix)) = map.and_then(|map| {
            let length = usize::from(u16_at(map, at + 2)?);
            Some((u16_at(map, at)?, map.get(at + 4..at + 4 + length)?))
        }) {
            at += 4 + prefix.len();
            all.insert(number, prefix.to_vec());
        }
        Self(all)
    }

    /// The object identifier in digits and dots.
    pub(super) fn oid(&self, attrtyp: u32) -> Option<String> {
        let mut ber = self.0.get(&((attrtyp >> 16) as u16))?.clone();
        // The prefix may end within a number: then the lower half is only the rest of it.
        let low = attrtyp as u16 & 0x7fff;
        if low >= 0x80 || attrtyp & 0x8000 != 0 {
            ber.push((low >> 7) as u8 | 0x80);
        }
        ber.push((low & 0x7f) as u8);
        dotted(&ber)
    }
}

fn dotted(ber: &[u8]) -> Option<String> {
    let mut out = String::new();
    let mut number = 0u64;
    for octet in ber {
        number = number.checked_mul(128)? | u64::from(octet & 0x7f);
        if octet & 0x80 != 0 {
            continue;
        }
        if out.is_empty() {
            let first = (number / 40).min(2);
            out = format!("{first}.{}", number - first * 40);
        } else {
            out.push_str(&format!(".{number}"));
        }
        number = 0;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_ones() {
        let oid = |attrtyp| Prefixes::new(None).oid(attrtyp).unwrap();
        assert_eq!(oid(590_045), "1.2.840.113556.1.4.221", "sAMAccountName");
        assert_eq!(oid(0), "2.5.4.0", "objectClass");
        assert_eq!(oid(131_532), "1.2.840.113556.1.2.460", "lDAPDisplayName");
        assert_eq!(oid(1_376_281), "0.9.2342.19200300.100.1.25", "dc");
        assert_eq!(oid(0x8_000c), "2.5.5.12", "the syntax of text");
        assert_eq!(Prefixes::new(None).oid(0xffff_0000), None);
    }

    #[test]
    fn of_the_schema() {
        let mut map = [1u32.to_le_bytes(), 18u32.to_le_bytes()].concat();
        map.extend([0x34, 0x12, 3, 0, 0x2a, 0x03, 0x04]);
        map.extend([0xff, 0xff, 0xff, 0xff]);
        assert_eq!(Prefixes::new(Some(&map)).oid(0x1234_0005).unwrap(), "1.2.3.4.5");
    }
}
