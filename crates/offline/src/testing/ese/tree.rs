//! A B+ tree from rows that come in order: a page of each level is open, and goes out when it is full.

use std::io::{Result, Seek, Write};

use super::file::Writer;
use super::page::{Node, Place, build};

const ROOT: u32 = 1;
const LEAF: u32 = 2;
const PARENT_OF_LEAF: u32 = 4;

/// A level: its open page.
#[derive(Default)]
struct Level {
    nodes: Vec<Node>,
    used: usize,
    number: u32,
    before: u32,
}

/// A tree that is being written.
pub struct Tree {
    /// The page of its root.
    pub root: u32,
    id: u32,
    kind: u32,
    levels: Vec<Level>,
    last: Vec<u8>,
}

impl Tree {
    /// A tree with a number of its own (`objid`). `kind` are the flags that all its pages have: 0x40 of an index, 0x80 of long
    /// values.
    pub fn new<W: Write + Seek>(writer: &mut Writer<W>, id: u32, kind: u32) -> Self {
        let root = writer.allocate();
        Self::at(root, id, kind)
    }

    /// A tree whose root is a given page.
    pub(super) fn at(root: u32, id: u32, kind: u32) -> Self {
        Self { root, id, kind, levels: vec![Level::default()], last: Vec::new() }
    }

    /// Adds a row; keys must not descend.
    pub fn push<W: Write + Seek>(
        &mut self,
        writer: &mut Writer<W>,
        key: Vec<u8>,
        data: Vec<u8>,
    ) -> Result<()> {
        assert!(key >= self.last, "the rows of a tree come in order");
        self.last.clone_from(&key);
        self.add(writer, 0, Node { key, data })
    }

    fn flags(&self, level: usize) -> u32 {
        self.kind
            | match level {
                0 => LEAF,
                1 => PARENT_OF_LEAF,
                _ => 0,
            }
    }

    fn add<W: Write + Seek>(&mut self, writer: &mut Writer<W>, level: usize, node: Node) -> Result<()> {
        if self.levels.len() == level {
            self.levels.push(Level::default());
        }
        let room = writer.format().page_size - writer.format().head() - 64;
        assert!(node.room() <= room, "a row is longer than a page");
        if self.levels[level].used + node.room() > room {
            // A branch is bounded by its own last key, a leaf by the first one of the next.
            let bound = match level {
                0 => node.key.clone(),
                _ => self.levels[level].nodes.last().map(|n| n.key.clone()).unwrap_or_default(),
            };
            self.flush(writer, level, bound)?;
        }
        let open = &mut self.levels[level];
        open.used += node.room();
        open.nodes.push(node);
        Ok(())
    }

    /// Writes the open page of a level, which another will follow, and tells the level above.
    fn flush<W: Write + Seek>(&mut self, writer: &mut Writer<W>, level: usize, bound: Vec<u8>) -> Result<()> {
        let next = if bound.is_empty() { 0 } else { writer.allocate() };
        let flags = self.flags(level);
        let open = &mut self.levels[level];
        // Only leaves are linked: libesedb takes links of branches for damage.
        let (before, after) = if level == 0 { (open.before, next) } else { (0, 0) };
        let number = if open.number == 0 { writer.allocate() } else { open.number };
        let place = Place { number, tree: self.id, flags, before, next: after };
        let page = build(writer.format(), place, &[], &open.nodes);
        *open = Level { number: next, before: number, ..Level::default() };
        writer.write(number, &page)?;
        self.add(writer, level + 1, Node { key: bound, data: number.to_le_bytes().to_vec() })
    }

    /// Writes what is open. The pages of the tree are complete then.
    pub fn finish<W: Write + Seek>(mut self, writer: &mut Writer<W>) -> Result<()> {
        let mut level = 0;
        while level + 1 < self.levels.len() {
            self.flush(writer, level, Vec::new())?;
            level += 1;
        }
        let flags = ROOT | self.flags(level);
        let place = Place { number: self.root, tree: self.id, flags, before: 0, next: 0 };
        // SPACE_HEADER: pages, parent, unused, no space of its own.
        let head = [1u32, 1, 0, 0].map(u32::to_le_bytes).concat();
        let page = build(writer.format(), place, &head, &self.levels[level].nodes);
        writer.write(self.root, &page)
    }
}
