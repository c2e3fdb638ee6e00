//! Reads directories that are files.
//!
//! The interface is [`adrecover_core::source::Source`]: every reader here implements it. Nothing here can change a directory or
//! a file, and nothing here knows a network.

pub mod ese;
pub mod ntds;
#[cfg(any(test, feature = "testing"))]
#[doc(hidden)]
pub mod testing;
