//! Foreign text: read in the encodings of administration tools, and shown so that it cannot drive the terminal.

use std::borrow::Cow;

/// Escapes control characters (C0, DEL, C1, line and paragraph separators, bidirectional overrides) as `\n`-style
/// or `\u{…}`, leaving everything else as it is.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_unprintable(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The text that the octets of a file are: UTF-8 or UTF-16, with or without a byte order mark, which is taken away.
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
    fn escape_sequences_and_overrides_are_defused() {
        assert_eq!(printable("a\u{1b}[31mb\n\u{202e}c"), "a\\u{1b}[31mb\\n\\u{202e}c");
        assert_eq!(printable("a\u{61c}b"), "a\\u{61c}b");
        assert!(matches!(printable("J\u{fc}rgen, 日本"), Cow::Borrowed(_)));
    }

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
