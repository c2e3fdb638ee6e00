//! Values that are too long for a record: a tree of their own, with a head (references, length) and pieces by offset.
//!
//! The record has the number of the value, little-endian; the key of its head is the number big-endian (4 octets, or 8 in newer
//! databases), and that of a piece the same with the piece's offset behind it. A piece that is shorter than its place is
//! compressed.

use super::bytes::u32_at;
use super::compression;
use super::database::Database;
use super::pager::Pager;
use super::record::FieldError;
use super::tree;

/// A piece is never longer than this when it is decompressed: the engine's are at most a page.
const LONGEST_PIECE: usize = 1 << 16;

/// Reads the value whose number is `id`, as a record has it.
pub(crate) fn read(database: &Database, root: u32, id: &[u8]) -> Result<Vec<u8>, FieldError> {
    let mut reader = Reader { database, pager: database.pager(), key: id.iter().rev().copied().collect() };
    reader.read(root).map_err(|failure| {
        let id = id.iter().rev().fold(0u64, |n, b| n << 8 | u64::from(*b));
        match failure {
            Failure::TooLong(size) => FieldError::TooLong(size),
            Failure::Damaged(what) => FieldError::LongValue { id, what },
        }
    })
}

enum Failure {
    TooLong(u32),
    Damaged(String),
}

impl From<String> for Failure {
    fn from(what: String) -> Self {
        Self::Damaged(what)
    }
}

impl From<&str> for Failure {
    fn from(what: &str) -> Self {
        Self::Damaged(what.to_owned())
    }
}

struct Reader<'a> {
    database: &'a Database,
    pager: &'a Pager,
    key: Vec<u8>,
}

impl Reader<'_> {
    fn read(&mut self, root: u32) -> Result<Vec<u8>, Failure> {
        if !matches!(self.key.len(), 4 | 8) {
            return Err(format!("its number has {} octets", self.key.len()).into());
        }
        let fault = |fault: super::Fault| fault.to_string();
        let mut at = tree::seek(self.pager, root, &self.key).map_err(fault)?;
        let missing = || "it is not there".to_owned();
        if !at.settle(self.pager).map_err(fault)? {
            return Err(missing().into());
        }
        let head =
            at.page.node(at.index).filter(|node| node.compare(&self.key).is_eq()).ok_or_else(missing)?;
        let size = u32_at(head.data, 4).ok_or("its head is too short")? as usize;
        if size > self.database.max_value() {
            return Err(Failure::TooLong(size as u32));
        }
        // The length is only believed as far as there are pieces.
        let mut out: Vec<u8> = Vec::new();
        // A piece's length follows from where the next one begins: the one before is kept until then.
        let mut kept: Option<(usize, Vec<u8>)> = None;
        loop {
            at.index += 1;
            if !at.settle(self.pager).map_err(fault)? {
                break;
            }
            let Some(node) = at.page.node(at.index) else {
                return Err("a piece does not hold together".into());
            };
            let key = node.key();
            let Some(rest) = key.strip_prefix(self.key.as_slice()) else { break };
            let offset: [u8; 4] = rest.try_into().map_err(|_| "a piece has no offset")?;
            let offset = u32::from_be_bytes(offset) as usize;
            if let Some((begin, piece)) = kept.replace((offset, node.data.to_vec())) {
                self.append(&mut out, begin, piece, offset)?;
            }
        }
        if let Some((begin, piece)) = kept {
            self.append(&mut out, begin, piece, size)?;
        }
        if out.len() != size {
            return Err(format!("pieces of it are missing: {} of {size} octets", out.len()).into());
        }
        self.database.count(|usage| &usage.long_values);
        Ok(out)
    }

    fn append(&self, out: &mut Vec<u8>, begin: usize, piece: Vec<u8>, end: usize) -> Result<(), String> {
        let length = end.checked_sub(begin).filter(|_| begin == out.len());
        let length = length.ok_or_else(|| format!("a piece of it is missing at {}", out.len()))?;
        if piece.len() == length {
            out.extend(piece);
            return Ok(());
        }
        if length > LONGEST_PIECE {
            return Err(format!("a piece of {length} octets is missing at {begin}"));
        }
        let (scheme, value) = compression::decompress(&piece, LONGEST_PIECE).map_err(|e| e.to_string())?;
        if value.len() != length {
            return Err(format!("its piece at {begin} has {} octets instead of {length}", value.len()));
        }
        self.database.count(|usage| usage.long_schemes(scheme));
        out.extend(value);
        Ok(())
    }
}
