//! A writer of ESE databases, for tests: rows come in order and pages go out as they are full, so that a file may be of any size.

pub mod compress;
mod file;
mod page;
mod record;
mod tree;

pub use file::{Index, LongValues, Table, Writer};
pub use page::seal;
pub use record::{Column, Tagged, encode};
pub use tree::Tree;

/// Which checksum pages get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksums {
    /// XOR with an error-correcting code, as since Windows Server 2003 SP1.
    Ecc,
    /// XOR and the page's number, as before; pages up to 8K only.
    Old,
    /// None, which the engine never does.
    None,
}

/// How a database is written.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// 4096, 8192, 16384 or 32768.
    pub page_size: usize,
    /// `ulDaeUpdateMajor`; from 0x122 on the count of tags has 12 bits, and the page's own tags are counted above it.
    pub revision: u32,
    /// The checksum of pages.
    pub checksums: Checksums,
    /// Whether keys share prefixes.
    pub prefixes: bool,
    /// `dbstate`: 3 is clean.
    pub state: u32,
}

impl Format {
    /// A clean database of today.
    pub fn new(page_size: usize) -> Self {
        let revision = if page_size > 8192 { 0x122 } else { 0x14 };
        Self { page_size, revision, checksums: Checksums::Ecc, prefixes: true, state: 3 }
    }

    fn is_small(&self) -> bool {
        self.page_size <= 8192
    }

    /// Octets of a page's header.
    fn head(&self) -> usize {
        if self.is_small() { 40 } else { 80 }
    }
}

/// Types of columns.
pub mod kind {
    /// `JET_coltypBit`.
    pub const BIT: u32 = 1;
    /// `JET_coltypUnsignedByte`.
    pub const BYTE: u32 = 2;
    /// `JET_coltypShort`.
    pub const SHORT: u32 = 3;
    /// `JET_coltypLong`.
    pub const LONG: u32 = 4;
    /// `JET_coltypCurrency`.
    pub const CURRENCY: u32 = 5;
    /// `JET_coltypBinary`.
    pub const BINARY: u32 = 9;
    /// `JET_coltypText`.
    pub const TEXT: u32 = 10;
    /// `JET_coltypLongBinary`.
    pub const LONG_BINARY: u32 = 11;
    /// `JET_coltypLongText`.
    pub const LONG_TEXT: u32 = 12;
}
