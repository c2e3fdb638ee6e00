//! Directories that are files: read, never written.

pub mod ese;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod ntds;
#[cfg(any(test, feature = "testing"))]
#[doc(hidden)]
pub mod testing;
