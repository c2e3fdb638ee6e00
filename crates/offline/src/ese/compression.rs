//! The compression of values: 7 bits a character, and XPRESS (plain LZ77, [MS-XCA] 2.3).
//!
//! The first octet says how: its upper 5 bits are the scheme, and with 7 bits its lower 3 are how many bits of the last octet
//! count, less one. XPRESS has the length after it, 16 bits. XPRESS9 and XPRESS10, which Exchange uses, are not read.

use super::bytes::{u16_at, u32_at};

/// How a value is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scheme {
    /// 7 of the 8 bits of each octet.
    SevenBitAscii,
    /// 7 of the 16 bits of each UTF-16 unit.
    SevenBitUnicode,
    /// Plain LZ77.
    Xpress,
}

/// Why a value cannot be decompressed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompressionError {
    /// The octets end, or point, where nothing is.
    #[error("its compressed data is damaged")]
    Damaged,
    /// What comes out has another length than was said.
    #[error("it is {found} octets long where {expected} were expected")]
    Length {
        /// What came out.
        found: usize,
        /// What should have.
        expected: usize,
    },
    /// It would be longer than the reader keeps.
    #[error("it is longer than {0} octets")]
    TooLong(usize),
    /// The engine overwrote it on purpose.
    #[error("it was scrubbed: the engine overwrote a deleted value")]
    Scrubbed,
    /// A scheme that is not read.
    #[error("it is compressed with {0}, which is not supported")]
    Unsupported(&'static str),
    /// No scheme of the engine.
    #[error("it is compressed by the unknown scheme {0}")]
    Unknown(u8),
}

/// Decompresses a value of at most `limit` octets.
pub(crate) fn decompress(bytes: &[u8], limit: usize) -> Result<(Scheme, Vec<u8>), CompressionError> {
    let (&head, rest) = bytes.split_first().ok_or(CompressionError::Damaged)?;
    match head >> 3 {
        1 => seven_bits(rest, head & 7, false, limit).map(|v| (Scheme::SevenBitAscii, v)),
        2 => seven_bits(rest, head & 7, true, limit).map(|v| (Scheme::SevenBitUnicode, v)),
        3 => {
            let size = usize::from(u16_at(rest, 0).ok_or(CompressionError::Damaged)?);
            if size > limit {
                return Err(CompressionError::TooLong(limit));
            }
            let value = xpress(&rest[2..], size).ok_or(CompressionError::Damaged)?;
            Ok((Scheme::Xpress, value))
        }
        4 => Err(CompressionError::Scrubbed),
        5 => Err(CompressionError::Unsupported("XPRESS9")),
        6 => Err(CompressionError::Unsupported("XPRESS10")),
        other => Err(CompressionError::Unknown(other)),
    }
}

fn seven_bits(bytes: &[u8], last: u8, wide: bool, limit: usize) -> Result<Vec<u8>, CompressionError> {
    let bits = (bytes.len() * 8).saturating_sub(7 - usize::from(last));
    let units = bits / 7;
    let width = if wide { 2 } else { 1 };
    if units * width > limit {
        return Err(CompressionError::TooLong(limit));
    }
    let mut out = Vec::with_capacity(units * width);
    let (mut kept, mut have, mut source) = (0u32, 0, bytes.iter());
    for _ in 0..units {
        if have < 7 {
            kept |= u32::from(*source.next().ok_or(CompressionError::Damaged)?) << have;
            have += 8;
        }
        out.push((kept & 0x7f) as u8);
        if wide {
            out.push(0);
        }
        kept >>= 7;
        have -= 7;
    }
    Ok(out)
}

/// Plain LZ77 ([MS-XCA] 2.4.4) into exactly `size` octets.
fn xpress(source: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(size);
    let (mut flags, mut left, mut at) = (0u32, 0u32, 0usize);
    let mut half: Option<usize> = None;
    while out.len() < size {
        if left == 0 {
            flags = u32_at(source, at)?;
            (at, left) = (at + 4, 32);
        }
        left -= 1;
        if flags >> left & 1 == 0 {
            out.push(*source.get(at)?);
            at += 1;
            continue;
        }
        let pair = u16_at(source, at)?;
        at += 2;
        let offset = usize::from(pair >> 3) + 1;
        let mut length = usize::from(pair & 7);
        if length == 7 {
            length += usize::from(nibble(source, &mut at, &mut half)?);
            if length == 7 + 15 {
                length += longer(source, &mut at)?;
            }
        }
        let from = out.len().checked_sub(offset)?;
        for n in 0..(length + 3).min(size - out.len()) {
            out.push(out[from + n]);
        }
    }
    Some(out)
}

/// Four bits of length: the lower half of an octet, or the upper half of the one before.
fn nibble(source: &[u8], at: &mut usize, half: &mut Option<usize>) -> Option<u8> {
    if let Some(before) = half.take() {
        return Some(source.get(before)? >> 4);
    }
    *half = Some(*at);
    *at += 1;
    Some(source.get(*at - 1)? & 15)
}

/// What a length has above 7 + 15: an octet, or a number of 16 or 32 bits that counts from the beginning.
fn longer(source: &[u8], at: &mut usize) -> Option<usize> {
    let more = *source.get(*at)?;
    *at += 1;
    if more != 255 {
        return Some(usize::from(more));
    }
    let mut length = usize::from(u16_at(source, *at)?);
    *at += 2;
    if length == 0 {
        length = usize::try_from(u32_at(source, *at)?).ok()?;
        *at += 4;
    }
    length.checked_sub(7 + 15)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::ese::compress;

    /// The examples of [MS-XCA] 3.1.
    #[test]
    fn xpress_of_the_specification() {
        let plain = b"abcdefghijklmnopqrstuvwxyz";
        let mut bytes = vec![0x3f, 0, 0, 0];
        bytes.extend(plain);
        assert_eq!(xpress(&bytes, 26).unwrap(), plain);
        let bytes = [0xff, 0xff, 0xff, 0x1f, 0x61, 0x62, 0x63, 0x17, 0, 0x0f, 0xff, 0x26, 0x01];
        assert_eq!(xpress(&bytes, 300).unwrap(), b"abc".repeat(100));
    }

    #[test]
    fn bounds() {
        assert_eq!(decompress(&[], 10), Err(CompressionError::Damaged));
        assert_eq!(decompress(&[0x18, 0xff, 0xff, 0, 0], 100), Err(CompressionError::TooLong(100)));
        assert_eq!(decompress(&[0x20, 0], 100), Err(CompressionError::Scrubbed));
        assert_eq!(decompress(&[0x28, 0], 100), Err(CompressionError::Unsupported("XPRESS9")));
        assert_eq!(decompress(&[0xf8, 0], 100), Err(CompressionError::Unknown(31)));
        // A match that points before the beginning.
        assert_eq!(xpress(&[0, 0, 0, 0x80, 0xff, 0xff], 10), None);
    }

    proptest! {
        #[test]
        fn what_was_compressed_comes_back(text in "[a-c ]{0,300}", noise in any::<Vec<u8>>()) {
            let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            for value in [compress::seven_bit_ascii(text.as_bytes()), compress::xpress(text.as_bytes())] {
                prop_assert_eq!(&decompress(&value, 1 << 16).unwrap().1, text.as_bytes());
            }
            prop_assert_eq!(decompress(&compress::seven_bit_unicode(&wide), 1 << 16).unwrap().1, wide);
            prop_assert_eq!(decompress(&compress::xpress(&noise), 1 << 16).unwrap().1, noise);
        }

        #[test]
        fn nothing_breaks_it(bytes in any::<Vec<u8>>()) {
            if let Ok((_, value)) = decompress(&bytes, 1000) {
                prop_assert!(value.len() <= 1000);
            }
        }
    }
}
