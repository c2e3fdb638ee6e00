//! Reads directories that are files.

pub mod samba;
