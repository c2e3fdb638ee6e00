//! The header of the file (`DBFILEHDR`): page size, format and whether the database was closed cleanly.

use std::fmt;

use adrecover_core::time::Timestamp;
use chrono::{TimeZone as _, Utc};

use super::bytes::u32_at;
use super::checksum::old_checksum;
use super::error::EseError;
use super::storage::Storage;

/// `ulDAEMagic`, at offset 4.
const MAGIC: u32 = 0x89ab_cdef;
/// `ulVersion` of every database since Windows 2000.
const VERSION: u32 = 0x620;
/// The page sizes that the reader takes; the header and its copy are one page each.
const PAGE_SIZES: [u32; 4] = [4096, 8192, 16384, 32768];

/// How the database was left (`dbstate`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// 1: just created.
    JustCreated,
    /// 2: in use, or not shut down cleanly.
    DirtyShutdown,
    /// 3: shut down cleanly.
    CleanShutdown,
    /// 4: being converted from an older format.
    BeingConverted,
    /// 5: detached by force.
    ForceDetached,
    /// Another number.
    Unknown(u32),
}

impl State {
    fn new(value: u32) -> Self {
        match value {
            1 => Self::JustCreated,
            2 => Self::DirtyShutdown,
            3 => Self::CleanShutdown,
            4 => Self::BeingConverted,
            5 => Self::ForceDetached,
            other => Self::Unknown(other),
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::JustCreated => f.write_str("just created"),
            Self::DirtyShutdown => f.write_str("dirty shutdown"),
            Self::CleanShutdown => f.write_str("clean shutdown"),
            Self::BeingConverted => f.write_str("being converted"),
            Self::ForceDetached => f.write_str("detached by force"),
            Self::Unknown(value) => write!(f, "unknown state {value}"),
        }
    }
}

/// What the header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Octets a page.
    pub page_size: usize,
    /// `ulVersion`: 0x620.
    pub version: u32,
    /// `ulDaeUpdateMajor`: the format's revision, such as 0x14 or 0x122.
    pub revision: u32,
    /// How it was left.
    pub state: State,
    /// Major, minor and build number of the Windows that wrote it last, as the engine noted them.
    pub windows: (u32, u32, u32),
    /// When it was made consistent last, that is, closed (`logtimeConsistent`), by the clock of its computer. `None` where it is
    /// dirty, or the time is not given in UTC.
    pub closed: Option<Timestamp>,
    /// Whether the checksum of the header that was used is right.
    pub is_intact: bool,
    /// Whether the copy of the header was used, because the header itself is damaged.
    pub is_shadow: bool,
}

impl Header {
    /// Reads the header, or its copy where the header is damaged.
    pub(crate) fn read(storage: &dyn Storage) -> Result<Self, EseError> {
        let first = Self::at(storage, 0)?;
        if let Some(Ok(header)) = &first
            && header.is_intact
        {
            return Ok(header.clone());
        }
        for size in PAGE_SIZES {
            if let Some(Ok(header)) = Self::at(storage, u64::from(size))?
                && header.is_intact
                && header.page_size == size as usize
            {
                return Ok(Self { is_shadow: true, ..header });
            }
        }
        first.unwrap_or(Err(EseError::NotEse))
    }

    /// The header at a position; `None` where there is no signature.
    fn at(storage: &dyn Storage, at: u64) -> Result<Option<Result<Self, EseError>>, EseError> {
        let mut head = [0; 680];
        if storage.read_exact_at(&mut head, at).is_err() {
            return Ok(None);
        }
        let number = |offset| u32_at(&head, offset).unwrap_or_default();
        if number(4) != MAGIC {
            return Ok(None);
        }
        // Zero is what the oldest databases with pages of 4K have.
        let page_size = if number(236) == 0 { 4096 } else { number(236) };
        if !PAGE_SIZES.contains(&page_size) {
            return Ok(Some(Err(EseError::PageSize(page_size))));
        }
        let (version, revision) = (number(8), number(232));
        if version != VERSION || !(0x09..0x200).contains(&revision) {
            return Ok(Some(Err(EseError::Format { version, revision })));
        }
        if number(667) > 1 {
            return Ok(Some(Err(EseError::NotADatabase(number(667)))));
        }
        let mut page = vec![0; page_size as usize];
        let is_intact = match storage.read_exact_at(&mut page, at) {
            Ok(()) => old_checksum(&page) == number(0),
            Err(_) => false,
        };
        Ok(Some(Ok(Self {
            page_size: page_size as usize,
            version,
            revision,
            state: State::new(number(52)),
            windows: (number(216), number(220), number(224)),
            closed: log_time(&head[64..72]),
            is_intact,
            is_shadow: false,
        })))
    }
}

/// A `LOGTIME`: second, minute, hour, day, month, years since 1900, and a bit that says UTC.
fn log_time(octets: &[u8]) -> Option<Timestamp> {
    let &[second, minute, hour, day, month, year, flags, _] = octets else { return None };
    let is_utc = flags & 1 != 0 && year != 0;
    let [second, minute, hour, day, month] = [second, minute, hour, day, month].map(u32::from);
    Utc.with_ymd_and_hms(1900 + i32::from(year), month, day, hour, minute, second).single().filter(|_| is_utc)
}
