//! Writers of files that the readers are tried on: made from the formats' descriptions, sharing nothing with the readers but the
//! checksum (which is tried on files of the real engine) and the order of keys.

pub mod ese;
pub mod ntds;
