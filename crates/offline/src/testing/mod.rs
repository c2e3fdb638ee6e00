//! Writers of the formats, for tests and fuzz targets: written after the formats, and not after the readers.

pub mod adexplorer;
pub mod ldif;
