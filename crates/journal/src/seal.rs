//! What stands around each value that is kept: its checksum, or its encryption.
//!
//! With a key every payload is encrypted with ChaCha20-Poly1305 (RFC 8439) under a random nonce; without one it carries the
//! first octets of its SHA-256. Either is bound to the place of the payload, so that one that was moved to another row is
//! not taken for that row's.

use std::borrow::Cow;

use ring::rand::{SecureRandom, SystemRandom};
use ring::{aead, digest, hkdf, hmac};

use crate::Key;

/// The octets of the checksum of a payload that is not encrypted.
const CHECKSUM: usize = 4;

/// The salt of a journal's own keys: one key file may serve several journals.
pub(crate) const SALT: usize = 16;

/// A hash that stands for a value: of 128 bits, so that nobody can make two values of one hash by trying.
pub(crate) type Fingerprint = [u8; 16];

/// Which row a payload belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The newest state of an object, with the columns that say where it belongs.
    State { object: i64, guid: [i64; 2], parent: i64, status: i64 },
    /// A change, with the columns beside its payload.
    Change { seq: i64, object: i64, kind: i64, happened: i64, seen: i64, controller: i64, usn: i64 },
    /// A value that is kept once.
    Content { id: i64 },
    /// The name of an attribute.
    Attribute { id: i64 },
    /// The invocation id of a domain controller.
    Controller { id: i64 },
    /// What tells whether a key is the right one.
    Check,
}

impl Place {
    /// The octets that stand for it.
    fn octets(self) -> [u8; 57] {
        let (kind, numbers) = match self {
            Self::State { object, guid: [a, b], parent, status } => (1, [object, a, b, parent, status, 0, 0]),
            Self::Change { seq, object, kind, happened, seen, controller, usn } => {
                (2, [seq, object, kind, happened, seen, controller, usn])
            }
            Self::Content { id } => (3, [id, 0, 0, 0, 0, 0, 0]),
            Self::Attribute { id } => (5, [id, 0, 0, 0, 0, 0, 0]),
            Self::Controller { id } => (6, [id, 0, 0, 0, 0, 0, 0]),
            Self::Check => (4, [0; 7]),
        };
        let mut out = [0; 57];
        out[0] = kind;
        for (octets, number) in out[1..].chunks_exact_mut(8).zip(numbers) {
            octets.copy_from_slice(&number.to_le_bytes());
        }
        out
    }
}

/// A payload that is not what was written at its place: damage, or another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken;

/// Seals and opens payloads.
pub(crate) enum Sealer {
    /// With checksums.
    Plain,
    /// Encrypted.
    Keyed(Box<Keys>),
}

/// The two keys of one journal, derived from the file's key (RFC 5869).
pub(crate) struct Keys {
    values: aead::LessSafeKey,
    names: hmac::Key,
    random: SystemRandom,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_keyed() { "Keyed" } else { "Plain" })
    }
}

/// A salt for a new journal; `None` where the system has no random numbers.
pub(crate) fn new_salt() -> Option<[u8; SALT]> {
    let mut salt = [0; SALT];
    SystemRandom::new().fill(&mut salt).ok()?;
    Some(salt)
}

impl Sealer {
    /// With the key of this journal. `None` cannot happen with keys of these lengths.
    pub(crate) fn keyed(key: &Key, salt: &[u8]) -> Option<Self> {
        let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(key.octets());
        let values = secret.expand(&[b"adrecover journal: values"], &aead::CHACHA20_POLY1305).ok()?;
        let names = secret.expand(&[b"adrecover journal: fingerprints"], hmac::HMAC_SHA256).ok()?;
        let values = aead::LessSafeKey::new(aead::UnboundKey::from(values));
        Some(Self::Keyed(Box::new(Keys {
            values,
            names: hmac::Key::from(names),
            random: SystemRandom::new(),
        })))
    }

    /// Whether values are encrypted.
    pub(crate) fn is_keyed(&self) -> bool {
        matches!(self, Self::Keyed(_))
    }

    /// What is written for a payload; `None` only where the system has no random numbers.
    pub(crate) fn seal(&self, place: Place, mut payload: Vec<u8>) -> Option<Vec<u8>> {
        match self {
            Self::Plain => {
                let sum = checksum(place, &payload);
                payload.extend(sum);
                Some(payload)
            }
            Self::Keyed(keys) => {
                let mut nonce = [0; aead::NONCE_LEN];
                keys.random.fill(&mut nonce).ok()?;
                let aad = aead::Aad::from(place.octets());
                let with = aead::Nonce::assume_unique_for_key(nonce);
                keys.values.seal_in_place_append_tag(with, aad, &mut payload).ok()?;
                payload.extend(nonce);
                Some(payload)
            }
        }
    }

    /// The payload that was written there.
    pub(crate) fn open<'a>(&self, place: Place, stored: &'a [u8]) -> Result<Cow<'a, [u8]>, Broken> {
        match self {
            Self::Plain => {
                let (payload, sum) = stored.split_last_chunk::<CHECKSUM>().ok_or(Broken)?;
                if checksum(place, payload) != *sum {
                    return Err(Broken);
                }
                Ok(Cow::Borrowed(payload))
            }
            Self::Keyed(keys) => {
                let (sealed, nonce) = stored.split_last_chunk::<{ aead::NONCE_LEN }>().ok_or(Broken)?;
                let mut octets = sealed.to_vec();
                let nonce = aead::Nonce::assume_unique_for_key(*nonce);
                let aad = aead::Aad::from(place.octets());
                let length = keys.values.open_in_place(nonce, aad, &mut octets).map_err(|_| Broken)?.len();
                octets.truncate(length);
                Ok(Cow::Owned(octets))
            }
        }
    }

    /// What stands for a value where it must be found again: keyed too, so that nobody can try names against it.
    pub(crate) fn fingerprint(&self, purpose: u8, value: &[u8]) -> Fingerprint {
        let head = |octets: &[u8]| {
            let mut out = [0; 16];
            out.copy_from_slice(&octets[..16]);
            out
        };
        match self {
            Self::Plain => {
                let mut sum = digest::Context::new(&digest::SHA256);
                sum.update(&[purpose]);
                sum.update(value);
                head(sum.finish().as_ref())
            }
            Self::Keyed(keys) => {
                let mut sum = hmac::Context::with_key(&keys.names);
                sum.update(&[purpose]);
                sum.update(value);
                head(sum.sign().as_ref())
            }
        }
    }
}

fn checksum(place: Place, payload: &[u8]) -> [u8; CHECKSUM] {
    let mut sum = digest::Context::new(&digest::SHA256);
    sum.update(&place.octets());
    sum.update(payload);
    let mut out = [0; CHECKSUM];
    out.copy_from_slice(&sum.finish().as_ref()[..CHECKSUM]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealers() -> [Sealer; 2] {
        [Sealer::Plain, Sealer::keyed(&Key::new([9; 32]), &[1; SALT]).unwrap()]
    }

    #[test]
    fn what_was_sealed_opens_at_its_place_only() {
        for sealer in sealers() {
            let place = |object| Place::State { object, guid: [1, 2], parent: 3, status: 1 };
            let here = place(7);
            for payload in [&b""[..], b"values of an object"] {
                let stored = sealer.seal(here, payload.to_vec()).unwrap();
                assert_eq!(sealer.open(here, &stored).unwrap(), payload);
                assert_eq!(sealer.open(place(8), &stored), Err(Broken));
                for at in 0..stored.len() {
                    let mut wrong = stored.clone();
                    wrong[at] ^= 0x10;
                    assert_eq!(sealer.open(here, &wrong), Err(Broken), "{sealer:?} octet {at}");
                    assert_eq!(sealer.open(here, &stored[..at]), Err(Broken));
                }
            }
        }
    }

    #[test]
    fn another_key_or_salt_opens_nothing_and_finds_nothing() {
        let [plain, keyed] = sealers();
        let place = Place::Content { id: 1 };
        let stored = keyed.seal(place, b"CN=Ada Lovelace".to_vec()).unwrap();
        assert!(!stored.windows(3).any(|w| w == b"Ada"));
        for other in
            [Sealer::keyed(&Key::new([8; 32]), &[1; SALT]), Sealer::keyed(&Key::new([9; 32]), &[2; SALT])]
        {
            let other = other.unwrap();
            assert_eq!(other.open(place, &stored), Err(Broken));
            assert_ne!(other.fingerprint(1, b"ada"), keyed.fingerprint(1, b"ada"));
        }
        assert_ne!(plain.fingerprint(1, b"ada"), keyed.fingerprint(1, b"ada"));
        assert_eq!(keyed.fingerprint(1, b"ada"), keyed.fingerprint(1, b"ada"));
        assert_ne!(keyed.fingerprint(1, b"ada"), keyed.fingerprint(2, b"ada"));
    }
}
