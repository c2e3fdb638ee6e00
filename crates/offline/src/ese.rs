//! A read-only reader of ESE databases (the Extensible Storage Engine, "JET Blue"), the format of `ntds.dit`.
//!
//! The format is Microsoft's; its engine is published as [Extensible-Storage-Engine] (MIT), and the names of structures in these
//! comments are the engine's. Layers, each knowing only those before it:
//!
//! ```text
//! storage ─► header ─► pager (checksum, cache, damage) ─► page (tags, nodes) ─► tree (scan, seek)
//!                                                    └► catalog ─► record (fields) ─► long values, compression
//! ```
//!
//! Any octet may be wrong. A page that fails its checksum or does not hold together is reported ([`DamageReport`]) and costs what
//! is on it; everything else is read. Nothing is read whole: pages come one at a time, with a bounded number of them kept.
//!
//! Tried on databases of the real engine with 4K and 32K pages. Those with 8K and 16K pages, and every `ntds.dit`, were written
//! by writers for tests: no database of a Windows domain controller has been read yet.
//!
//! [Extensible-Storage-Engine]: https://github.com/microsoft/Extensible-Storage-Engine

pub(crate) mod bytes;
mod catalog;
mod checksum;
mod compression;
mod damage;
mod database;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod header;
pub(crate) mod key;
mod long_value;
mod page;
mod pager;
mod record;
mod storage;
#[cfg(test)]
pub(crate) mod tests;
mod text;
mod tree;
mod value;

pub use catalog::{CodePage, Column, ColumnType, Index, Table};
pub use compression::CompressionError;
pub use damage::{Damage, DamageReport, Fault};
pub use database::{Cursor, Database, Options, Row, Rows};
pub use error::EseError;
pub use header::{Header, State};
pub use record::{Cell, FieldError, Record};
pub use storage::Storage;
pub use value::Value;

pub(crate) use text::utf16;

/// What writers of test files need, and nobody else.
#[cfg(any(test, feature = "testing"))]
pub(crate) mod internals {
    pub(crate) use super::checksum::{ecc_and_xor, old_checksum};
    pub(crate) use super::key::{binary as binary_key, signed as signed_key};
}
