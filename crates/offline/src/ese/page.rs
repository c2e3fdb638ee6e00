//! A page taken apart: its header, tags and nodes, in both layouts.
//!
//! Tags grow from the end of the page, 4 octets each: length and offset. Up to 8K the upper 3 bits of the offset are flags of
//! the node; above that the whole field is needed, and the flags are the upper 3 bits of the node's first 16-bit word. The first
//! tag is the page's own (`external header`): the space of the tree on a root page, else the prefix that keys may share.

use super::bytes::{u16_at, u32_at};
use super::checksum::SMALL_PAGE;
use super::damage::Fault;

const ROOT: u32 = 0x1;
const LEAF: u32 = 0x2;
const SPACE_TREE: u32 = 0x20;
/// `fPageNewRecordFormat`: records as they are since Windows 2000.
const NEW_RECORDS: u32 = 0x800;

/// `fNDDeleted`: the node is gone, and its space not yet taken.
const DELETED: u8 = 2;
/// `fNDCompressed`: the key begins with the page's prefix.
const PREFIXED: u8 = 4;

/// One page.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) number: u32,
    /// `pgnoNext`: the next page of the same level, 0 for none.
    pub(crate) next: u32,
    /// `objidFDP`: the tree that it belongs to.
    pub(crate) tree: u32,
    flags: u32,
    nodes: usize,
    reserved: usize,
    head: usize,
    bytes: Box<[u8]>,
}

/// A node: a key in two parts, and data.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'a> {
    pub(crate) prefix: &'a [u8],
    pub(crate) suffix: &'a [u8],
    pub(crate) data: &'a [u8],
    pub(crate) is_deleted: bool,
}

impl Node<'_> {
    /// How the key compares with another: octet by octet, and the shorter one first.
    pub(crate) fn compare(&self, key: &[u8]) -> std::cmp::Ordering {
        let head = key.len().min(self.prefix.len());
        self.prefix.cmp(&key[..head]).then_with(|| self.suffix.cmp(&key[head..]))
    }

    /// The key in one piece.
    pub(crate) fn key(&self) -> Vec<u8> {
        [self.prefix, self.suffix].concat()
    }

    /// Whether the key begins so.
    pub(crate) fn starts_with(&self, head: &[u8]) -> bool {
        let common = head.len().min(self.prefix.len());
        self.prefix[..common] == head[..common] && self.suffix.starts_with(&head[common..])
    }
}

impl Page {
    /// Takes a page apart as far as its header.
    pub(crate) fn new(number: u32, bytes: Box<[u8]>) -> Result<Self, Fault> {
        let head = if bytes.len() <= SMALL_PAGE { 40 } else { 80 };
        let long = |at| u32_at(&bytes, at).ok_or(Fault::Layout("it is too short"));
        let (next, tree, flags) = (long(20)?, long(24)?, long(FLAGS)?);
        let state = u16_at(&bytes, 34).ok_or(Fault::Layout("it is too short"))?;
        // `itagState`: 12 bits count the tags, and the upper 4 those that are the page's own, in newer formats.
        let count = usize::from(state & 0xfff);
        let reserved = usize::from(state >> 12).max(1);
        if count * 4 + head > bytes.len() {
            return Err(Fault::Layout("it has more tags than room"));
        }
        if bytes.len() > SMALL_PAGE && !matches!(long(64)?, 0) && long(64)? != number {
            return Err(Fault::Layout("it has the number of another page"));
        }
        let nodes = count.saturating_sub(reserved);
        Ok(Self { number, next, tree, flags, nodes, reserved, head, bytes })
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes
    }

    pub(crate) fn is_leaf(&self) -> bool {
        self.flags & LEAF != 0
    }

    pub(crate) fn is_root(&self) -> bool {
        self.flags & ROOT != 0
    }

    pub(crate) fn is_space_tree(&self) -> bool {
        self.flags & SPACE_TREE != 0
    }

    pub(crate) fn has_new_records(&self) -> bool {
        self.flags & NEW_RECORDS != 0
    }

    pub(crate) fn is_small(&self) -> bool {
        self.bytes.len() <= SMALL_PAGE
    }

    /// The octets of a tag and its flags.
    fn tag(&self, index: usize) -> Option<(&[u8], u8)> {
        let end = self.bytes.len();
        let at = end.checked_sub(4 * (index + 1))?;
        let (size, offset) = (u16_at(&self.bytes, at)?, u16_at(&self.bytes, at + 2)?);
        let mask = if self.is_small() { 0x1fff } else { 0x7fff };
        let from = self.head + usize::from(offset & mask);
        let to = from + usize::from(size & mask);
        let limit = end - 4 * (self.nodes + self.reserved);
        let octets = self.bytes.get(from..to).filter(|_| to <= limit)?;
        let flags = match self.is_small() {
            true => (offset >> 13) as u8,
            false => octets.get(1).map_or(0, |b| b >> 5),
        };
        Some((octets, flags))
    }

    /// A node; `None` where it does not hold together.
    pub(crate) fn node(&self, index: usize) -> Option<Node<'_>> {
        if index >= self.nodes {
            return None;
        }
        let (octets, flags) = self.tag(index + self.reserved)?;
        // Above 8K the first word carries the flags as well.
        let length = |at: usize| u16_at(octets, at).map(|n| usize::from(n & 0x1fff));
        let (prefix, at) = if flags & PREFIXED == 0 {
            (&[][..], 0)
        } else {
            let shared = if self.is_root() { &[][..] } else { self.tag(0)?.0 };
            (shared.get(..length(0)?)?, 2)
        };
        let start = at + 2;
        let end = start + length(at)?;
        let suffix = octets.get(start..end)?;
        Some(Node { prefix, suffix, data: octets.get(end..)?, is_deleted: flags & DELETED != 0 })
    }

    /// The page that a node of a branch points to.
    pub(crate) fn child(&self, index: usize) -> Option<u32> {
        u32_at(self.node(index)?.data, 0)
    }
}

const FLAGS: usize = super::checksum::FLAGS_AT;
