//! One page, from its nodes.

use super::{Checksums, Format};
use crate::ese::internals::{ecc_and_xor, old_checksum};

/// A node to be written.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) key: Vec<u8>,
    pub(super) data: Vec<u8>,
}

impl Node {
    /// What it takes at most, with its tag.
    pub(super) fn room(&self) -> usize {
        4 + 4 + self.key.len() + self.data.len()
    }
}

/// Where a page is and what it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) number: u32,
    pub(super) tree: u32,
    pub(super) flags: u32,
    pub(super) before: u32,
    pub(super) next: u32,
}

/// The beginning that all keys have in common.
fn common(nodes: &[Node]) -> &[u8] {
    let (Some(first), Some(last)) = (nodes.first(), nodes.last()) else { return &[] };
    let shared = first.key.iter().zip(&last.key).take_while(|(a, b)| a == b).count();
    &first.key[..shared]
}

/// Makes a page. `head` is what the first tag of a root has.
pub(super) fn build(format: &Format, place: Place, head: &[u8], nodes: &[Node]) -> Vec<u8> {
    const PREFIXED: u16 = 4;
    const NEW_RECORDS: u32 = 0x800;
    let is_root = place.flags & 1 != 0;
    let shared = if is_root || !format.prefixes { &[][..] } else { common(nodes) };
    // It costs itself once and 2 octets a node.
    let shared = if nodes.len() * shared.len().saturating_sub(2) > shared.len() { shared } else { &[][..] };
    let mut tags: Vec<(u16, Vec<u8>)> = vec![(0, if is_root { head.to_vec() } else { shared.to_vec() })];
    for node in nodes {
        let mut octets = Vec::with_capacity(node.room());
        let flags = if shared.is_empty() { 0 } else { PREFIXED };
        let upper = if format.is_small() { 0 } else { flags << 13 };
        let suffix = &node.key[shared.len()..];
        if shared.is_empty() {
            octets.extend((suffix.len() as u16 | upper).to_le_bytes());
        } else {
            octets.extend((shared.len() as u16 | upper).to_le_bytes());
            octets.extend((suffix.len() as u16).to_le_bytes());
        }
        octets.extend(suffix);
        octets.extend(&node.data);
        tags.push((flags, octets));
    }
    let mut page = vec![0; format.page_size];
    let mut at = 0;
    for (n, (flags, octets)) in tags.iter().enumerate() {
        let from = format.head() + at;
        page[from..from + octets.len()].copy_from_slice(octets);
        let upper = if format.is_small() { flags << 13 } else { 0 };
        let tag = format.page_size - 4 * (n + 1);
        page[tag..tag + 2].copy_from_slice(&(octets.len() as u16).to_le_bytes());
        page[tag + 2..tag + 4].copy_from_slice(&(at as u16 | upper).to_le_bytes());
        at += octets.len();
    }
    let free = format.page_size - format.head() - at - 4 * tags.len();
    let reserved = if format.revision >= 0x122 { 0x1000 } else { 0 };
    let flags = place.flags | NEW_RECORDS | if format.checksums == Checksums::Ecc { 0x2000 } else { 0 };
    page[8..16].copy_from_slice(&1u64.to_le_bytes());
    for (offset, number) in [(16, place.before), (20, place.next), (24, place.tree), (36, flags)] {
        page[offset..offset + 4].copy_from_slice(&number.to_le_bytes());
    }
    for (offset, number) in [(28, free as u16), (32, at as u16), (34, tags.len() as u16 | reserved)] {
        page[offset..offset + 2].copy_from_slice(&number.to_le_bytes());
    }
    if !format.is_small() {
        page[64..68].copy_from_slice(&place.number.to_le_bytes());
    }
    match format.checksums {
        Checksums::Ecc => seal(&mut page, place.number, false),
        Checksums::Old => seal(&mut page, place.number, true),
        Checksums::None => {}
    }
    page
}

/// Gives a page its checksum, new or old.
pub fn seal(page: &mut [u8], number: u32, old: bool) {
    let put = |page: &mut [u8], at: usize, (ecc, xor): (u32, u32)| {
        page[at..at + 4].copy_from_slice(&(xor ^ number).to_le_bytes());
        page[at + 4..at + 8].copy_from_slice(&ecc.to_le_bytes());
    };
    if old {
        page[4..8].copy_from_slice(&number.to_le_bytes());
        let sum = old_checksum(page);
        page[..4].copy_from_slice(&sum.to_le_bytes());
    } else if page.len() <= 8192 {
        let sums = ecc_and_xor(page, true);
        put(page, 0, sums);
    } else {
        let quarter = page.len() / 4;
        for n in 1..4 {
            let sums = ecc_and_xor(&page[n * quarter..(n + 1) * quarter], false);
            put(page, 40 + (n - 1) * 8, sums);
        }
        let sums = ecc_and_xor(&page[..quarter], true);
        put(page, 0, sums);
    }
}
