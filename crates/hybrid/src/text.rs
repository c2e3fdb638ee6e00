//! Text files as administration tools write them: UTF-8 or UTF-16, with or without a byte order mark.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The largest file that is read at once, in octets: an export of some hundred thousand users.
pub const MAX_FILE: u64 = 1 << 30;

/// Why a file could not be read as text.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// It could not be opened or read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is larger than [`MAX_FILE`].
    #[error("{} is larger than {MAX_FILE} octets", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// Its octets are no text.
    #[error("{} is neither UTF-8 nor UTF-16 text", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
}

/// Reads a whole text file.
pub fn read(path: &Path) -> Result<String, TextError> {
    let failed = |source| TextError::Io { path: path.to_owned(), source };
    let mut bytes = vec![];
    File::open(path).and_then(|f| f.take(MAX_FILE + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(TextError::TooLarge { path: path.to_owned() });
    }
    decode(bytes).ok_or_else(|| TextError::NotText { path: path.to_owned() })
}

/// The text that these octets are, without its mark.
///
/// Without a mark it is UTF-16 where a zero octet stands beside the first character, which is ASCII in every format that is
/// read here, and UTF-8 else. What PowerShell 5.1 writes with `>` is UTF-16 with a mark.
pub fn decode(bytes: Vec<u8>) -> Option<String> {
    match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => std::str::from_utf8(rest).ok().map(str::to_owned),
        [1..=255, 0, ..] => wide(&bytes, u16::from_le_bytes),
        [0, 1..=255, ..] => wide(&bytes, u16::from_be_bytes),
        _ => String::from_utf8(bytes).ok(),
    }
}

fn wide(bytes: &[u8], join: fn([u8; 2]) -> u16) -> Option<String> {
    if !bytes.len().is_multiple_of(2) {
        return None;
    }
    let units = bytes.chunks_exact(2).map(|c| join([c[0], c[1]]));
    char::decode_utf16(units).collect::<Result<_, _>>().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_of_the_tools_is_read() {
        let text = "{\"ä\":1}";
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let marked = |mark: &[u8], bytes: &[u8]| [mark, bytes].concat();
        for bytes in [
            text.as_bytes().to_vec(),
            marked(&[0xef, 0xbb, 0xbf], text.as_bytes()),
            le.clone(),
            marked(&[0xff, 0xfe], &le),
            be.clone(),
            marked(&[0xfe, 0xff], &be),
        ] {
            assert_eq!(decode(bytes).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for bytes in [vec![0xff, 0xfe, b'a'], vec![b'a', 0xff], vec![0xff, 0xfe, 0x00, 0xd8]] {
            assert_eq!(decode(bytes), None);
        }
    }
}
