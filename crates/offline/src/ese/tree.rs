//! B+ trees: all rows in order, and the first row from a key on.
//!
//! A branch holds, for each child, a key that is above all keys of the child; the last has none. Leaves are linked. A scan goes
//! down the branches, because a damaged leaf would end a walk along the links; where it is a branch that is damaged it walks
//! along the links to reach what hung below. No page is read twice, so that nothing that a file says can make it go in circles.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use super::damage::Fault;
use super::page::Page;
use super::pager::Pager;

/// No tree is so deep: 32 levels of two children each would be 32 TB.
const DEEPEST: usize = 32;

/// Pages that were seen: a bit each, kept for the regions of the file that occur.
#[derive(Default)]
struct Seen(HashMap<u32, [u64; 64]>);

impl Seen {
    /// Whether it is the first time.
    fn insert(&mut self, page: u32) -> bool {
        let bits = self.0.entry(page / 4096).or_insert([0; 64]);
        let word = &mut bits[(page % 4096 / 64) as usize];
        let bit = 1 << (page % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }
}

/// A walk over all leaves of a tree.
pub(crate) struct Leaves<'a> {
    pager: &'a Pager,
    /// The branches on the way down, and the next child of each.
    path: Vec<(Arc<Page>, usize)>,
    root: Option<u32>,
    /// `objidFDP` of the root, which all its pages must have.
    tree: u32,
    seen: Seen,
    /// At which depth leaves are; known after the first.
    leaf_depth: Option<usize>,
    /// The neighbour of the last leaf.
    next: u32,
    /// Whether the links are being followed.
    follows: bool,
    has_followed: bool,
    is_root_leaf: bool,
}

impl<'a> Leaves<'a> {
    pub(crate) fn new(pager: &'a Pager, root: u32) -> Self {
        Self {
            pager,
            path: Vec::new(),
            root: Some(root),
            tree: 0,
            seen: Seen::default(),
            leaf_depth: None,
            next: 0,
            follows: false,
            has_followed: false,
            is_root_leaf: false,
        }
    }

    /// A page of this tree that was not seen before; what is wrong is told to the log.
    fn visit(&mut self, number: u32) -> Option<Arc<Page>> {
        if !self.seen.insert(number) {
            // What the links led to is met again on the way down.
            if !self.has_followed {
                self.pager.log.add(number, Fault::Again);
            }
            return None;
        }
        let page = self.pager.page_once(number).ok()?;
        if page.tree != self.tree {
            self.pager.log.add(number, Fault::OtherTree);
            return None;
        }
        Some(page)
    }

    fn leaf(&mut self, page: Arc<Page>) -> Arc<Page> {
        self.next = page.next;
        page
    }

    fn start(&mut self, root: u32) -> Option<Arc<Page>> {
        self.seen.insert(root);
        let page = self.pager.page(root).ok()?;
        self.tree = page.tree;
        if page.is_leaf() {
            self.is_root_leaf = true;
            return Some(page);
        }
        self.path.push((page, 0));
        None
    }

    /// The next leaf along the links.
    fn along(&mut self) -> Option<Arc<Page>> {
        if !self.follows || self.next == 0 {
            self.follows = false;
            return None;
        }
        let number = std::mem::take(&mut self.next);
        let page = self.visit(number).filter(|page| page.is_leaf());
        if page.is_none() {
            self.follows = false;
        }
        page.map(|page| self.leaf(page))
    }

    /// The next leaf below the branches.
    fn down(&mut self) -> Option<Arc<Page>> {
        while let Some((page, index)) = self.path.last_mut() {
            if *index >= page.len() {
                self.path.pop();
                continue;
            }
            let (number, child) = (page.number, page.child(*index));
            *index += 1;
            let Some(child) = child else {
                self.pager.log.add(number, Fault::Layout("one of its nodes does not hold together"));
                continue;
            };
            let depth = self.path.len();
            match self.visit(child) {
                Some(page) if page.is_leaf() => {
                    self.leaf_depth.get_or_insert(depth);
                    return Some(self.leaf(page));
                }
                Some(page) if depth < DEEPEST => self.path.push((page, 0)),
                Some(_) => self.pager.log.add(child, Fault::Layout("the tree is too deep")),
                None if self.leaf_depth.is_some_and(|leaves| depth < leaves) && self.next != 0 => {
                    (self.follows, self.has_followed) = (true, true);
                    if let Some(page) = self.along() {
                        return Some(page);
                    }
                }
                None => {}
            }
        }
        None
    }
}

impl Iterator for Leaves<'_> {
    type Item = Arc<Page>;

    fn next(&mut self) -> Option<Arc<Page>> {
        if let Some(root) = self.root.take()
            && let Some(leaf) = self.start(root)
        {
            return Some(leaf);
        }
        if self.is_root_leaf {
            return None;
        }
        if let Some(page) = self.along().or_else(|| self.down()) {
            return Some(page);
        }
        // The last leaf has no neighbour, unless the branch that knew it is damaged.
        if self.next != 0 && !self.has_followed {
            (self.follows, self.has_followed) = (true, true);
            return self.along();
        }
        None
    }
}

/// A place in the leaves of a tree.
pub(crate) struct Position {
    pub(crate) page: Arc<Page>,
    pub(crate) index: usize,
    /// How many leaves may still be gone to.
    left: u32,
}

/// The first row whose key is not below `key`; it may be past the last one.
pub(crate) fn seek(pager: &Pager, root: u32, key: &[u8]) -> Result<Position, Fault> {
    let mut page = pager.page(root)?;
    let tree = page.tree;
    for _ in 0..DEEPEST {
        if page.is_leaf() {
            let index = lower(&page, key)?;
            return Ok(Position { page, index, left: pager.last() });
        }
        let child = branch_for(&page, key)?;
        page = pager.page(child)?;
        if page.tree != tree {
            pager.log.add(child, Fault::OtherTree);
            return Err(Fault::OtherTree);
        }
    }
    Err(Fault::Layout("the tree is too deep"))
}

impl Position {
    /// Goes to the row here, or to the first one of the next leaves that have any; `false` at the end.
    pub(crate) fn settle(&mut self, pager: &Pager) -> Result<bool, Fault> {
        loop {
            while self.index < self.page.len() {
                let node = self.page.node(self.index).ok_or(BROKEN_NODE)?;
                if !node.is_deleted {
                    return Ok(true);
                }
                self.index += 1;
            }
            if self.page.next == 0 || self.page.is_root() {
                return Ok(false);
            }
            self.left = self.left.checked_sub(1).ok_or(Fault::Again)?;
            let page = pager.page(self.page.next)?;
            if page.tree != self.page.tree || !page.is_leaf() {
                pager.log.add(page.number, Fault::OtherTree);
                return Err(Fault::OtherTree);
            }
            (self.page, self.index) = (page, 0);
        }
    }
}

const BROKEN_NODE: Fault = Fault::Layout("one of its nodes does not hold together");

/// The first node of a leaf whose key is not below `key`.
fn lower(page: &Page, key: &[u8]) -> Result<usize, Fault> {
    let (mut low, mut high) = (0, page.len());
    while low < high {
        let middle = low + (high - low) / 2;
        match page.node(middle).ok_or(BROKEN_NODE)?.compare(key) {
            Ordering::Less => low = middle + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// The child of a branch in which a key is: the first whose bound is above it.
fn branch_for(page: &Page, key: &[u8]) -> Result<u32, Fault> {
    let last = page.len().checked_sub(1).ok_or(Fault::Layout("it is a branch without children"))?;
    let (mut low, mut high) = (0, last);
    while low < high {
        let middle = low + (high - low) / 2;
        match page.node(middle).ok_or(BROKEN_NODE)?.compare(key) {
            Ordering::Greater => high = middle,
            _ => low = middle + 1,
        }
    }
    page.child(low).ok_or(BROKEN_NODE)
}
