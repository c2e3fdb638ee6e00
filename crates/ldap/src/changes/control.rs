//! The controls of a DirSync search ([MS-ADTS] 3.1.1.3.4.1.3) and of a notification (3.1.1.3.4.1.9).

use ldap3::controls::RawControl;

use crate::RootDse;
use crate::ber::{self, tag};
use crate::controls::{EXTENDED_DN, SD_FLAGS, SHOW_DELETED};

pub(super) const DIR_SYNC: &str = "1.2.840.113556.1.4.841";
const NOTIFICATION: &str = "1.2.840.113556.1.4.528";

/// LDAP_DIRSYNC_OBJECT_SECURITY.
const OBJECT_SECURITY: u32 = 1;
/// LDAP_DIRSYNC_INCREMENTAL_VALUES: of a link that changed its changed values, not all.
const INCREMENTAL_VALUES: u32 = 0x8000_0000;
/// The size of a page. Samba does not honour it.
const MAX_BYTES: u32 = 2 << 20;
/// Owner, group and access list, without the audit list: with that a server gives no descriptor at all to who may not read it.
const OWNER_GROUP_DACL: u32 = 7;

fn control(oid: &str, crit: bool, val: Option<Vec<u8>>) -> RawControl {
    RawControl { ctype: oid.to_owned(), crit, val }
}

/// The controls of a DirSync search.
pub(super) fn dir_sync(cookie: &[u8], own_rights: bool, root_dse: &RootDse) -> Vec<RawControl> {
    let flags = INCREMENTAL_VALUES | if own_rights { OBJECT_SECURITY } else { 0 };
    let value = [
        // Its highest bit is set, so that it is a negative number of four octets.
        ber::element(tag::INTEGER, &flags.to_be_bytes()),
        ber::integer(MAX_BYTES),
        ber::element(tag::OCTET_STRING, cookie),
    ];
    let number = |n| Some(ber::element(tag::SEQUENCE, &ber::integer(n)));
    vec![
        control(DIR_SYNC, true, Some(ber::element(tag::SEQUENCE, &value.concat()))),
        control(EXTENDED_DN, root_dse.supports(EXTENDED_DN), number(1)),
        control(SD_FLAGS, false, number(OWNER_GROUP_DACL)),
    ]
}

/// The controls of a search that tells changes as they come, deletions too.
pub(super) fn notification() -> Vec<RawControl> {
    vec![control(NOTIFICATION, true, None), control(SHOW_DELETED, true, None)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_is_as_the_specification_has_it() {
        let value = |own_rights| dir_sync(b"ab", own_rights, &RootDse::default())[0].val.clone().unwrap();
        assert_eq!(value(false), b"\x30\x0f\x02\x04\x80\0\0\0\x02\x03\x20\0\0\x04\x02ab");
        assert_eq!(value(true)[2..8], *b"\x02\x04\x80\0\0\x01");
    }
}
