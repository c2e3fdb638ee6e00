//! The checksums of pages: the old one (XOR), and the one since Windows Server 2003 SP1 (XOR with an error-correcting code).
//!
//! With the old one the first 4 octets of a page are the XOR of all other 32-bit words with 0x89abcdef, and the next 4 are the
//! page's number. With the new one (`fPageNewChecksumFormat`) the first 4 octets are the XOR of all words from the third on and
//! the page's number, and the next 4 a code over the positions of all bits that are set: the low half the XOR of the positions,
//! the high half that of their complements. A single bit that has changed makes both halves of the difference complement each
//! other, and the low half is its position. Pages above 8K have four of them, each over a quarter; those of the last three are
//! in the second part of the page's header. All of it was found right on each page of the real databases of the tests.

use super::bytes::{u32_at, u64_at};

/// `fPageNewChecksumFormat` of a page's flags.
pub(crate) const NEW_CHECKSUM: u32 = 0x2000;
/// Where the flags are in a page's header.
pub(crate) const FLAGS_AT: usize = 36;
/// Where the checksums of the second to fourth quarter are.
pub(crate) const MORE_AT: usize = 40;
/// Pages above this have four checksums, and tags of the other layout.
pub(crate) const SMALL_PAGE: usize = 8192;

/// Which kind of checksum a page has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checksum {
    /// XOR and the page's number.
    Old,
    /// XOR with an error-correcting code.
    Ecc,
    /// Four of them, of pages above 8K.
    EccFour,
}

/// What became of checking a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is as it was written.
    Right(Checksum),
    /// One bit was wrong, and was mended with the code in memory (never in the file).
    Mended(Checksum),
    /// The field is zero: whoever wrote the page wrote no checksum. The engine always does.
    Absent,
    /// Every octet is zero: the page was never written.
    Blank,
    /// It is not as it was written.
    Wrong(Checksum),
}

/// The XOR of all 32-bit words but the first, with 0x89abcdef: of file headers and old pages.
pub(crate) fn old_checksum(page: &[u8]) -> u32 {
    words(page.get(4..).unwrap_or_default()).fold(0x89ab_cdef, |sum, word| sum ^ word)
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    bytes.chunks_exact(4).map(|c| u32::from_le_bytes([c[0], c[1], c[2], c[3]]))
}

/// 0 or all ones: the parity of the bits.
fn parity(word: u32) -> u32 {
    0u32.wrapping_sub(word.count_ones() & 1)
}

/// The code and the XOR (without the page's number) of a block whose length is a multiple of 16. `skips_head` leaves out the
/// first 8 octets, where the checksum itself is.
pub(crate) fn ecc_and_xor(block: &[u8], skips_head: bool) -> (u32, u32) {
    let mut columns = [0u32; 4];
    let (mut low, mut high) = (0u32, 0u32);
    for (n, chunk) in block.chunks_exact(16).enumerate() {
        let mut row = [0u32; 4];
        for (word, octets) in row.iter_mut().zip(words(chunk)) {
            *word = octets;
        }
        if n == 0 && skips_head {
            row[0] = 0;
            row[1] = 0;
        }
        for (sum, word) in columns.iter_mut().zip(row) {
            *sum ^= word;
        }
        // The positions of the 128 bits of a row differ below bit 7 only: above it they count together.
        let odd = parity(row[0] ^ row[1] ^ row[2] ^ row[3]);
        let index = (n as u32) << 7;
        low ^= index & odd;
        high ^= !index & 0xff80 & odd;
    }
    let all = columns[0] ^ columns[1] ^ columns[2] ^ columns[3];
    low ^= parity(columns[1] ^ columns[3]) & 0x20;
    high ^= parity(columns[0] ^ columns[2]) & 0x20;
    low ^= parity(columns[2] ^ columns[3]) & 0x40;
    high ^= parity(columns[0] ^ columns[1]) & 0x40;
    for bit in (0..32).filter(|bit| all >> bit & 1 == 1) {
        low ^= bit;
        high ^= !bit & 0x1f;
    }
    // A block of less than 8K has fewer positions: what they do not need is left out.
    let mask = ((block.len() as u64) << 19).wrapping_sub(1) as u32;
    ((high << 16 | low) & mask, all)
}

/// Checks a page and mends a single wrong bit in it.
pub(crate) fn check(page: &mut [u8], number: u32) -> Verdict {
    let (Some(stored), Some(flags)) = (u64_at(page, 0), u32_at(page, FLAGS_AT)) else {
        return Verdict::Wrong(Checksum::Old);
    };
    if stored == 0 {
        let is_blank = page.iter().all(|b| *b == 0);
        return if is_blank { Verdict::Blank } else { Verdict::Absent };
    }
    if flags & NEW_CHECKSUM == 0 {
        let is_right = old_checksum(page) == stored as u32 && (stored >> 32) as u32 == number;
        return if is_right { Verdict::Right(Checksum::Old) } else { Verdict::Wrong(Checksum::Old) };
    }
    if page.len() <= SMALL_PAGE {
        return verdict(Checksum::Ecc, [check_block(page, number, stored, true)]);
    }
    let quarter = page.len() / 4;
    let more = [0, 1, 2].map(|n| u64_at(page, MORE_AT + n * 8).unwrap_or_default());
    // The first quarter holds the checksums of the others: it is mended first.
    let first = check_block(&mut page[..quarter], number, stored, true);
    let more = if first == Block::Mended {
        [0, 1, 2].map(|n| u64_at(page, MORE_AT + n * 8).unwrap_or_default())
    } else {
        more
    };
    let mut rest = page[quarter..].chunks_exact_mut(quarter);
    let others = more
        .map(|stored| rest.next().map_or(Block::Wrong, |block| check_block(block, number, stored, false)));
    verdict(Checksum::EccFour, std::iter::once(first).chain(others))
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Block {
    Right,
    Mended,
    Wrong,
}

fn verdict(kind: Checksum, blocks: impl IntoIterator<Item = Block>) -> Verdict {
    blocks.into_iter().fold(Verdict::Right(kind), |so_far, block| match (so_far, block) {
        (Verdict::Wrong(_), _) | (_, Block::Wrong) => Verdict::Wrong(kind),
        (Verdict::Mended(_), _) | (_, Block::Mended) => Verdict::Mended(kind),
        (other, Block::Right) => other,
    })
}

fn check_block(block: &mut [u8], number: u32, stored: u64, is_head: bool) -> Block {
    let is_right = |block: &[u8]| {
        let (ecc, xor) = ecc_and_xor(block, is_head);
        let differs = ecc ^ (stored >> 32) as u32;
        (differs, xor ^ number == stored as u32 && differs == 0)
    };
    let (differs, right) = is_right(block);
    if right {
        return Block::Right;
    }
    let mask = (((block.len() as u64) << 3) - 1) as u32;
    let (position, complement) = (differs & 0xffff, differs >> 16);
    let at = position as usize / 8;
    // Both halves must agree on the position, and with the bit turned over the XOR must be right as well.
    if (position ^ complement) & mask != mask & 0xffff || at >= block.len() || (is_head && at < 8) {
        return Block::Wrong;
    }
    block[at] ^= 1 << (position % 8);
    if is_right(block).1 {
        return Block::Mended;
    }
    block[at] ^= 1 << (position % 8);
    Block::Wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The code by its definition, bit by bit.
    fn slowly(block: &[u8], skips_head: bool) -> (u32, u32) {
        let (mut ecc, mut xor) = (0u32, 0u32);
        for (n, word) in words(block).enumerate().skip(if skips_head { 2 } else { 0 }) {
            xor ^= word;
            for bit in (0..32).filter(|bit| word >> bit & 1 == 1) {
                let index = n as u32 * 32 + bit;
                ecc ^= (!index & 0xffff) << 16 | index & 0xffff;
            }
        }
        (ecc & ((block.len() as u64) << 19).wrapping_sub(1) as u32, xor)
    }

    fn noise(len: usize) -> Vec<u8> {
        let mut state = 0x9e37_79b9u32;
        std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .take(len)
        .collect()
    }

    #[test]
    fn is_what_its_definition_says() {
        for len in [4096, 8192] {
            for skips in [false, true] {
                assert_eq!(ecc_and_xor(&noise(len), skips), slowly(&noise(len), skips));
            }
        }
    }

    fn page(len: usize, number: u32) -> Vec<u8> {
        let mut page = noise(len);
        page[FLAGS_AT..FLAGS_AT + 4].copy_from_slice(&NEW_CHECKSUM.to_le_bytes());
        crate::testing::ese::seal(&mut page, number, false);
        page
    }

    #[test]
    fn each_bit_is_guarded_and_can_be_mended() {
        for (len, kind) in [(4096, Checksum::Ecc), (8192, Checksum::Ecc), (16384, Checksum::EccFour)] {
            let good = page(len, 77);
            assert_eq!(check(&mut good.clone(), 77), Verdict::Right(kind));
            assert_eq!(check(&mut good.clone(), 78), Verdict::Wrong(kind), "a page of another place");
            for bit in (0..len * 8).step_by(61).filter(|bit| bit / 8 >= 8) {
                if (FLAGS_AT..MORE_AT + 24).contains(&(bit / 8)) {
                    continue;
                }
                let mut bad = good.clone();
                bad[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(check(&mut bad, 77), Verdict::Mended(kind), "{len}: bit {bit}");
                assert_eq!(bad, good);
                // Two bits of one block are noticed.
                let block = if len > SMALL_PAGE { len / 4 } else { len };
                let begin = bit / 8 / block * block;
                let other = begin + (bit / 8 - begin + 100) % (block - 128) + 128;
                bad[bit / 8] ^= 1 << (bit % 8);
                bad[other] ^= 1;
                assert_eq!(check(&mut bad, 77), Verdict::Wrong(kind));
            }
        }
    }

    #[test]
    fn the_old_one_knows_the_page() {
        let mut page = noise(4096);
        page[FLAGS_AT..FLAGS_AT + 4].fill(0);
        crate::testing::ese::seal(&mut page, 5, true);
        assert_eq!(check(&mut page, 5), Verdict::Right(Checksum::Old));
        assert_eq!(check(&mut page, 6), Verdict::Wrong(Checksum::Old));
        page[4000] ^= 1;
        assert_eq!(check(&mut page, 5), Verdict::Wrong(Checksum::Old));
        assert_eq!(check(&mut vec![0; 4096], 5), Verdict::Blank);
    }
}
