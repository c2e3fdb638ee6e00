//! TDB, Samba's *trivial database*: a hash table of keys and values in one file.
//!
//! The layout, as files of Samba 4.17 have it (numbers are 32 bits in the order of the machine that wrote the file):
//!
//! ```text
//! 0    "TDB file\n", filled up to 32 octets
//! 32   version 0x2601196d, number of hash chains, "rwlocks", place of the recovery area, sequence number, …
//! 168  head of the list of free records, then the head of each hash chain
//! …    records: next in chain, length, length of the key, of the data, hash, magic number; key, data, padding
//! ```
//!
//! The records lie one behind the other without gaps, and those that are in use are in exactly one chain. Chains are what the
//! database itself goes by. Where one of them is broken, what it does not lead to any more is found by looking through the file.

use std::io;

use super::Pages;

/// What a TDB file begins with.
pub const MAGIC: &[u8; 9] = b"TDB file\n";
const VERSION: u32 = 0x2601_196d;
const HEADER: u64 = 168;
const RECORD_HEADER: u64 = 24;
const USED: u32 = 0x2601_1999;
const FREE: u32 = !USED;
const DEAD: u32 = 0xfee1_dead;
const RECOVERY: u32 = 0xf53b_c0e7;
/// A larger record is not read: a group with a million members, in one record, has about a third of it.
pub const LARGEST_RECORD: u32 = 1 << 30;

/// A TDB file.
#[derive(Debug)]
pub struct Tdb {
    pages: Pages,
    is_big_endian: bool,
    chains: u32,
    recovery: u32,
}

/// Where a record lies in its file.
pub type Offset = u32;

/// A key and its value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// The key.
    pub key: Vec<u8>,
    /// The value.
    pub data: Vec<u8>,
}

/// What is wrong with a TDB file or a record of it.
#[derive(Debug, thiserror::Error)]
pub enum TdbError {
    /// It does not begin as a TDB file does.
    #[error("this is no TDB file")]
    NotTdb,
    /// It has a version or a feature that is not known.
    #[error("this TDB file has {0}, which is not known")]
    Unknown(String),
    /// A part of it is not what it must be.
    #[error("at {at:#x}: {problem}")]
    Damaged {
        /// The offset.
        at: u64,
        /// What is wrong there.
        problem: String,
    },
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What a record's header says.
#[derive(Debug, Clone, Copy)]
struct Header {
    next: u32,
    length: u32,
    key: u32,
    data: u32,
    magic: u32,
}

impl Tdb {
    /// Opens a TDB file.
    ///
    /// # Errors
    ///
    /// When its first part is not that of a TDB file that can be read.
    pub fn open(mut pages: Pages) -> Result<Self, TdbError> {
        let mut head = [0; 52];
        pages.read(0, &mut head).map_err(|_| TdbError::NotTdb)?;
        if !head.starts_with(MAGIC) {
            return Err(TdbError::NotTdb);
        }
        let mut tdb = Self { pages, is_big_endian: false, chains: 0, recovery: 0 };
        tdb.is_big_endian = tdb.number(&head, 32) == VERSION.swap_bytes();
        let version = tdb.number(&head, 32);
        if version != VERSION {
            return Err(TdbError::Unknown(format!("version {version:#x}")));
        }
        // Databases with locks in shared memory have other things in their header. Directories are not kept in such ones.
        if tdb.number(&head, 40) != 0 {
            return Err(TdbError::Unknown("features".to_owned()));
        }
        (tdb.chains, tdb.recovery) = (tdb.number(&head, 36), tdb.number(&head, 44));
        let length = tdb.pages.length();
        if tdb.chains == 0 || tdb.first_record() > length {
            let problem = format!("{} hash chains in a file of {length} octets", tdb.chains);
            return Err(TdbError::Damaged { at: 36, problem });
        }
        if length > u64::from(u32::MAX) {
            return Err(TdbError::Damaged { at: 0, problem: format!("a length of {length} octets") });
        }
        Ok(tdb)
    }

    /// Whether a transaction was under way when the file was copied: what is in it may be half of a change.
    pub fn is_dirty(&mut self) -> bool {
        self.recovery != 0 && self.header(self.recovery.into()).is_ok_and(|header| header.magic == RECOVERY)
    }

    /// The length of the file, in octets.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.pages.length()
    }

    /// Where the records lie that are in use, and what is damaged. The records that no chain leads to any more are the last ones.
    ///
    /// Takes an octet of memory for each 32 octets of the file, and 4 for each record.
    pub fn records(&mut self, damage: &mut dyn FnMut(TdbError)) -> Vec<Offset> {
        let mut seen = Seen(vec![0; (self.pages.length() / 32 + 1) as usize]);
        let (mut found, mut is_damaged) = (vec![], false);
        for chain in 0..self.chains {
            if let Err(error) = self.follow(chain, &mut seen, &mut found) {
                is_damaged = true;
                damage(error);
            }
        }
        // In the order of the file: it is read from the beginning to the end then.
        found.sort_unstable();
        if is_damaged {
            found.extend(self.search(&mut seen));
        }
        found
    }

    /// A record.
    ///
    /// # Errors
    ///
    /// When there is none in use at this place, or it is too large.
    pub fn record(&mut self, at: Offset) -> Result<Record, TdbError> {
        let header = self.used(at.into())?;
        if header.length > LARGEST_RECORD {
            let problem = format!("a record of {} octets is more than is read", header.length);
            return Err(TdbError::Damaged { at: at.into(), problem });
        }
        let mut record = Record { key: vec![0; header.key as usize], data: vec![0; header.data as usize] };
        self.pages.read(u64::from(at) + RECORD_HEADER, &mut record.key)?;
        self.pages.read(u64::from(at) + RECORD_HEADER + u64::from(header.key), &mut record.data)?;
        Ok(record)
    }

    /// The first octets of a record's value, at most `most`.
    ///
    /// # Errors
    ///
    /// When there is no record in use at this place.
    pub fn beginning(&mut self, at: Offset, most: u32) -> Result<Vec<u8>, TdbError> {
        let header = self.used(at.into())?;
        let mut octets = vec![0; header.data.min(most) as usize];
        self.pages.read(u64::from(at) + RECORD_HEADER + u64::from(header.key), &mut octets)?;
        Ok(octets)
    }

    fn first_record(&self) -> u64 {
        HEADER + 4 + u64::from(self.chains) * 4
    }

    fn number(&self, octets: &[u8], at: usize) -> u32 {
        let octets = octets.get(at..at + 4).and_then(|part| part.try_into().ok()).unwrap_or_default();
        if self.is_big_endian { u32::from_be_bytes(octets) } else { u32::from_le_bytes(octets) }
    }

    /// Follows one chain to its end, or to a record that was seen already: a chain that comes back to itself does not end.
    fn follow(&mut self, chain: u32, seen: &mut Seen, found: &mut Vec<Offset>) -> Result<(), TdbError> {
        let mut head = [0; 4];
        let mut from = HEADER + 4 + u64::from(chain) * 4;
        self.pages.read(from, &mut head)?;
        let mut at = self.number(&head, 0);
        while at != 0 {
            let header =
                self.header_of_chain(at.into()).map_err(|problem| TdbError::Damaged { at: from, problem })?;
            if !seen.mark(at) {
                let problem = format!("the chain leads to {at:#x}, which is in a chain already");
                return Err(TdbError::Damaged { at: from, problem });
            }
            // What was deleted while somebody read the chain is still in it.
            if header.magic == USED {
                found.push(at);
            }
            from = at.into();
            at = header.next;
        }
        Ok(())
    }

    fn header_of_chain(&mut self, at: u64) -> Result<Header, String> {
        let is_place = at >= self.first_record() && at.is_multiple_of(4);
        let header = is_place.then(|| self.header(at)).and_then(Result::ok);
        match header {
            Some(header) if self.fits(at, &header) && matches!(header.magic, USED | DEAD) => Ok(header),
            Some(header) => {
                Err(format!("the chain leads to {at:#x}, where the magic number is {:#x}", header.magic))
            }
            None => Err(format!("the chain leads to {at:#x}, where no record can be")),
        }
    }

    fn header(&mut self, at: u64) -> io::Result<Header> {
        let mut octets = [0; RECORD_HEADER as usize];
        self.pages.read(at, &mut octets)?;
        let number = |at| self.number(&octets, at);
        Ok(Header { next: number(0), length: number(4), key: number(8), data: number(12), magic: number(20) })
    }

    fn used(&mut self, at: u64) -> Result<Header, TdbError> {
        let header = self.header(at)?;
        if header.magic != USED || !self.fits(at, &header) {
            return Err(TdbError::Damaged { at, problem: "here is no record in use".to_owned() });
        }
        Ok(header)
    }

    /// Whether a record lies within the file, and what is in it within the record.
    fn fits(&self, at: u64, header: &Header) -> bool {
        let content = u64::from(header.key) + u64::from(header.data);
        at + RECORD_HEADER + u64::from(header.length) <= self.pages.length()
            && (header.magic != USED || content <= header.length.into())
    }

    /// Looks through the whole file for records in use that were not seen.
    fn search(&mut self, seen: &mut Seen) -> Vec<Offset> {
        let (mut at, mut found) = (self.first_record().next_multiple_of(4), vec![]);
        while let Ok(header) = self.header(at) {
            // The area for recovery, with its magic number or without, holds copies of what was there once.
            let is_known =
                matches!(header.magic, USED | FREE | DEAD | RECOVERY) || at == u64::from(self.recovery);
            if !is_known || !self.fits(at, &header) {
                at += 4;
                continue;
            }
            if header.magic == USED {
                // The length of the file is 32 bits, and so is each place in it.
                let place = at as Offset;
                if seen.mark(place) {
                    found.push(place);
                }
            }
            at = (at + RECORD_HEADER + u64::from(header.length)).next_multiple_of(4);
        }
        found
    }
}

/// Which places were seen: a bit for each that a record can begin at.
struct Seen(Vec<u8>);

impl Seen {
    /// Whether this is the first time.
    fn mark(&mut self, at: Offset) -> bool {
        let (octet, bit) = ((at / 32) as usize, 1 << (at / 4 % 8));
        let Some(octet) = self.0.get_mut(octet) else { return false };
        let is_new = *octet & bit == 0;
        *octet |= bit;
        is_new
    }
}

#[cfg(test)]
#[path = "tdb_tests.rs"]
mod tests;
