//! What the fuzz targets call (`tests/fuzz`): one function for each format, which asserts what must hold whatever comes in. The tests
//! call them too, with the corpus and mutations of it.

pub use crate::evtx::fuzzing::evtx;
pub use crate::samba::fuzzing::{ldb_record, samba_tar, tdb};

/// A target and its name.
pub type Target = (&'static str, fn(&[u8]));

/// Every target by its name.
pub const TARGETS: &[Target] = &[
    ("evtx", evtx),
    // Of backups of Samba.
    ("ldb_record", ldb_record),
    ("samba_tar", samba_tar),
    ("tdb", tdb),
];

#[cfg(test)]
#[path = "../../../tests/fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    #[test]
    fn the_corpus_and_mutations_of_it() {
        super::replay::all(super::TARGETS, 1000);
    }
}
