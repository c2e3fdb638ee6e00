//! Writers of the formats, for tests, fuzz targets and benchmarks: made from the formats' descriptions, and not after the readers.
//! Those of databases share with their readers the checksum (which is tried on files of the real engine) and the order of keys.

pub mod adexplorer;
pub mod ese;
pub mod ldif;
pub mod ntds;

/// Event logs of Windows.
pub mod evtx {
    pub use crate::evtx::testing::{Value, Written, log};
}
