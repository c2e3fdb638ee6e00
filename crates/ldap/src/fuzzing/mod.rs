//! What the fuzz targets call (`tests/fuzz`): one function for each reader of foreign octets here, which asserts what must
//! hold whatever comes in. The tests call them too, with the corpus and mutations of it.

mod logon;
pub(crate) mod replies;
mod stream;
mod typed;

pub use crate::changes::fuzzing::{change, link_value};
pub use logon::{netlogon, sasl, sealed};
pub use replies::reply;
pub use stream::{framer, search, starttls};
pub use typed::{ca_file, filter, server_url};

/// A target and its name.
pub type Target = (&'static str, fn(&[u8]));

/// Every target by its name.
pub const TARGETS: &[Target] = &[
    ("ca_file", ca_file),
    ("change", change),
    ("filter", filter),
    ("framer", framer),
    ("link_value", link_value),
    ("netlogon", netlogon),
    ("reply", reply),
    ("sasl", sasl),
    ("sealed", sealed),
    ("search", search),
    ("server_url", server_url),
    ("starttls", starttls),
];

#[cfg(test)]
#[path = "../../../../tests/fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    #[test]
    fn the_corpus_and_mutations_of_it() {
        super::replay::all(super::TARGETS, 1000);
    }
}
