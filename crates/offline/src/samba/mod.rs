//! Backups of Samba: `samba-tool domain backup offline` writes an archive of its databases.
//!
//! From the outside inwards: a compressed `tar` ([`tar`]), in it TDB files ([`tdb`]), in these packed records of LDB ([`ldb`]), and in
//! these the objects of a naming context each.

pub mod ldb;
mod pages;
pub mod tar;
pub mod tdb;
#[cfg(any(test, feature = "fuzzing"))]
mod testing;

pub use pages::Pages;
