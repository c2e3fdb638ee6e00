//! What the fuzz targets call (`tests/fuzz`): one function for each reader of foreign octets here, which asserts what must
//! hold whatever comes in. The tests call them too, with the corpus and mutations of it.

mod entry;
mod names;
mod security;
mod values;

pub use entry::deleted;
pub use names::{dn, guid, sid};
pub use security::{descriptor, metadata};
pub use values::{printable, time, win32};

/// A target and its name.
pub type Target = (&'static str, fn(&[u8]));

/// Every target by its name.
pub const TARGETS: &[Target] = &[
    ("deleted", deleted),
    ("descriptor", descriptor),
    ("dn", dn),
    ("guid", guid),
    ("metadata", metadata),
    ("printable", printable),
    ("sid", sid),
    ("time", time),
    ("win32", win32),
];

#[cfg(test)]
#[path = "../../../../tests/fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    #[test]
    fn the_corpus_and_mutations_of_it() {
        super::replay::all(super::TARGETS, 2000);
    }
}
