//! The key that values are encrypted with, from a file.

use std::fmt;
use std::path::Path;

use zeroize::Zeroizing;

use crate::JournalError;

/// 256 bits, as ChaCha20-Poly1305 takes them (RFC 8439).
const OCTETS: usize = 32;

/// A key of 32 octets. Shown as nothing, and wiped when it is dropped.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; OCTETS]>);

impl Key {
    /// A key of these octets.
    pub fn new(octets: [u8; OCTETS]) -> Self {
        Self(Zeroizing::new(octets))
    }

    /// Reads a file of 64 hexadecimal digits (with or without a line break behind them), or of 32 octets. A file that
    /// everybody can read is refused, and one that others than its owner can write.
    pub fn from_file(path: &Path) -> Result<Self, JournalError> {
        let fail = |problem: String| JournalError::KeyFile { path: path.to_owned(), problem };
        let file = std::fs::File::open(path).map_err(|e| fail(e.to_string()))?;
        secure(&file).map_err(fail)?;
        // A few octets more than any form has, so that a wrong file of any size is seen and not read.
        let mut octets = Zeroizing::new(Vec::with_capacity(128));
        let read = std::io::Read::read_to_end(&mut std::io::Read::take(file, 128), &mut octets);
        read.map_err(|e| fail(e.to_string()))?;
        parse(&octets).ok_or_else(|| {
            fail(
                "it is neither 64 hexadecimal digits nor 32 octets: make one with `openssl rand -hex 32`"
                    .into(),
            )
        })
    }

    pub(crate) fn octets(&self) -> &[u8; OCTETS] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

fn parse(octets: &[u8]) -> Option<Key> {
    if let Ok(raw) = <[u8; OCTETS]>::try_from(octets) {
        return Some(Key::new(raw));
    }
    let digits = octets.trim_ascii();
    if digits.len() != 2 * OCTETS {
        return None;
    }
    let digit = |b: u8| char::from(b).to_digit(16).map(|d| d as u8);
    let mut key = Zeroizing::new([0; OCTETS]);
    for (octet, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        *octet = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(Key(key))
}

/// The group may read it, as it may read the journal.
#[cfg(unix)]
fn secure(file: &std::fs::File) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt;
    let mode = file.metadata().map_err(|e| e.to_string())?.mode();
    if mode & 0o027 != 0 {
        return Err(format!(
            "its mode is {:04o}: use 0600, or 0640 for a group that may read it",
            mode & 0o7777
        ));
    }
    Ok(())
}

#[cfg(not(unix))]
fn secure(_: &std::fs::File) -> Result<(), String> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_and_octets() {
        let digits = "0f".repeat(OCTETS);
        assert_eq!(parse(digits.as_bytes()).unwrap().octets(), &[0x0f; OCTETS]);
        assert_eq!(parse(format!("{digits}\r\n").as_bytes()).unwrap().octets(), &[0x0f; OCTETS]);
        assert_eq!(parse(&[200; OCTETS]).unwrap().octets(), &[200; OCTETS]);
        for bad in [&b""[..], &[1; 31], &[b'g'; 64], &digits.as_bytes()[1..]] {
            assert!(parse(bad).is_none());
        }
        assert_eq!(format!("{:?}", Key::new([7; OCTETS])), "Key");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_all_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "ab".repeat(OCTETS)).unwrap();
        for (mode, taken) in [(0o600, true), (0o640, true), (0o644, false), (0o660, false)] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            assert_eq!(Key::from_file(&path).is_ok(), taken, "{mode:o}");
        }
    }
}
