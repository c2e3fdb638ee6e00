//! The names under which objects are found: as hashes, so that they are short, and say nothing where values are encrypted.

use adrecover_core::Sid;

use crate::names;
use crate::seal::Sealer;

/// What of an object a hash is of. The numbers are in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The value of the nearest component of its DN.
    Name = 1,
    /// `sAMAccountName`.
    Account = 2,
    /// `userPrincipalName`.
    Principal = 3,
    /// `objectSid`.
    Sid = 4,
    /// A value that is kept once.
    Content = 5,
    /// The name of an object whose GUID was not told.
    Unnamed = 6,
    /// A row of `links`.
    Link = 7,
}

/// The attributes that are looked up by, in lower case.
pub(crate) const ACCOUNT: &str = "samaccountname";
pub(crate) const PRINCIPAL: &str = "userprincipalname";
pub(crate) const SID: &str = "objectsid";

/// The hash of a text, which is found in any case.
pub(crate) fn of_text(sealer: &Sealer, purpose: Purpose, text: &str) -> i64 {
    short(sealer, purpose, text.to_lowercase().as_bytes())
}

/// The hash of a SID.
pub(crate) fn of_sid(sealer: &Sealer, sid: &Sid) -> i64 {
    short(sealer, Purpose::Sid, &sid.to_wire())
}

/// The hash of a value of an attribute; `None` where objects are not looked up by it.
pub(crate) fn of_value(sealer: &Sealer, attribute: &str, value: &[u8]) -> Option<i64> {
    let text = |purpose| std::str::from_utf8(value).ok().map(|text| of_text(sealer, purpose, text));
    // Few attributes have names of these lengths: the others cost one comparison of numbers.
    match attribute.len() {
        14 if attribute.eq_ignore_ascii_case(ACCOUNT) => text(Purpose::Account),
        17 if attribute.eq_ignore_ascii_case(PRINCIPAL) => text(Purpose::Principal),
        9 if attribute.eq_ignore_ascii_case(SID) => Some(short(sealer, Purpose::Sid, value)),
        _ => None,
    }
}

/// The hashes of the own part of a DN.
pub(crate) fn of_rdn(sealer: &Sealer, rdn: &str) -> Vec<i64> {
    names::values(rdn).iter().map(|name| short(sealer, Purpose::Name, name.as_bytes())).collect()
}

/// Eight octets of the hash: whoever looks up compares the names themselves, so that two of one hash do no harm.
fn short(sealer: &Sealer, purpose: Purpose, value: &[u8]) -> i64 {
    let hash = sealer.fingerprint(purpose as u8, value);
    let mut octets = [0; 8];
    octets.copy_from_slice(&hash[..8]);
    i64::from_le_bytes(octets)
}
