//! Compression of values, the other way round.

/// 7 bits of each octet, all of which must be ASCII.
pub fn seven_bit_ascii(value: &[u8]) -> Vec<u8> {
    seven_bits(1, value.iter().copied())
}

/// 7 bits of each UTF-16 unit, all of which must be ASCII.
pub fn seven_bit_unicode(value: &[u8]) -> Vec<u8> {
    seven_bits(2, value.chunks_exact(2).map(|c| c[0]))
}

fn seven_bits(scheme: u8, units: impl Iterator<Item = u8>) -> Vec<u8> {
    let mut out = vec![0];
    let mut bits = 0usize;
    for unit in units {
        assert!(unit < 0x80);
        for bit in 0..7 {
            if bits.is_multiple_of(8) {
                out.push(0);
            }
            let last = out.len() - 1;
            out[last] |= (unit >> bit & 1) << (bits % 8);
            bits += 1;
        }
    }
    // How many bits of the last octet count, less one.
    out[0] = scheme << 3 | ((bits + 7) % 8) as u8;
    out
}

/// XPRESS with its header; the value is at most 65,535 octets long.
pub fn xpress(value: &[u8]) -> Vec<u8> {
    let mut out = vec![3 << 3];
    out.extend((value.len() as u16).to_le_bytes());
    out.extend(lz77(value));
    out
}

/// Plain LZ77 of [MS-XCA] 2.3, looking back for three octets that were there last.
fn lz77(value: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 4];
    let (mut flags, mut count, mut flags_at) = (0u32, 0, 0usize);
    let mut half: Option<usize> = None;
    let mut last = std::collections::HashMap::new();
    let mut at = 0;
    while at < value.len() {
        let found = value.get(at..at + 3).and_then(|three| last.insert(three.to_vec(), at));
        let length = found
            .filter(|from| at - from <= 8192)
            .map_or(0, |from| (0..value.len() - at).take_while(|n| value[from + n] == value[at + n]).count());
        flags <<= 1;
        if let (3.., Some(from)) = (length, found) {
            flags |= 1;
            pair(&mut out, &mut half, at - from, length);
            at += length;
        } else {
            out.push(value[at]);
            at += 1;
        }
        count += 1;
        if count == 32 {
            out[flags_at..flags_at + 4].copy_from_slice(&flags.to_le_bytes());
            (flags, count, flags_at) = (0, 0, out.len());
            out.extend([0; 4]);
        }
    }
    let rest = 32 - count;
    let flags = flags.checked_shl(rest).unwrap_or(0) | 1u32.checked_shl(rest).map_or(u32::MAX, |n| n - 1);
    out[flags_at..flags_at + 4].copy_from_slice(&flags.to_le_bytes());
    out
}

fn pair(out: &mut Vec<u8>, half: &mut Option<usize>, distance: usize, length: usize) {
    let (first, more) = (((distance - 1) << 3) as u16, length - 3);
    if more < 7 {
        return out.extend((first | more as u16).to_le_bytes());
    }
    out.extend((first | 7).to_le_bytes());
    let nibble = (more - 7).min(15) as u8;
    if let Some(before) = half.take() {
        out[before] |= nibble << 4;
    } else {
        *half = Some(out.len());
        out.push(nibble);
    }
    if more < 7 + 15 {
        return;
    }
    if more - 22 < 255 {
        return out.push((more - 22) as u8);
    }
    out.push(255);
    out.extend((more as u16).to_le_bytes());
}
