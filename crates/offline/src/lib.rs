//! Reads directories that are files.
//!
//! The interface is [`adrecover_core::source::Source`]: every reader here implements it, and [`open()`] tells by the content of a file
//! which one it takes. Nothing here can change a directory or a file, and nothing here knows a network.
//!
//! Any octet of a file may be wrong, by accident or by intent: readers check every number before they believe it, take no more memory
//! than their documentation says, and report what they leave out.

pub mod adexplorer;
mod compressed;
pub mod ese;
pub mod evtx;
mod facts;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod index;
mod input;
pub mod ldif;
mod names;
pub mod ntds;
mod open;
pub mod samba;
#[cfg(any(test, feature = "testing"))]
#[doc(hidden)]
pub mod testing;

pub use open::{Options, Place, open, recognise};
