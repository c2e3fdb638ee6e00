//! Backups of Samba: `samba-tool domain backup offline` writes an archive of its databases.
//!
//! From the outside inwards: an archive ([`tar`]), in it TDB files ([`tdb`]), in these packed records of LDB ([`ldb`]), and in
//! these the objects of a naming context each. [`Backup`] makes a source of that.
//!
//! Nothing here was taken from Samba's code. The layouts are those of files that Samba 4.17 wrote, and are held against what its
//! own tools give of them.

mod archive;
mod backup;
mod extended;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod index;
#[cfg(test)]
mod lab_tests;
pub mod ldb;
mod pages;
mod schema;
mod survey;
pub mod tar;
pub mod tdb;
#[cfg(any(test, feature = "fuzzing"))]
mod testing;

pub use backup::Backup;
pub use pages::Pages;
