//! What the fuzz targets call (`tests/fuzz`): one function for each reader of foreign octets here, which asserts what must
//! hold whatever comes in. The tests call them too, with the corpus and mutations of it.

mod files;
mod lists;
mod plans;
mod values;

pub use files::{config, password_file, set_args};
pub use lists::{groups_csv, guid_list};
pub use plans::plan;
pub use values::shown_values;

/// A target and its name.
pub type Target = (&'static str, fn(&[u8]));

/// Every target by its name.
pub const TARGETS: &[Target] = &[
    ("config", config),
    ("groups_csv", groups_csv),
    ("guid_list", guid_list),
    ("password_file", password_file),
    ("plan", plan),
    ("set_args", set_args),
    ("shown_values", shown_values),
];

/// Fails where text for people, which may have several lines, could drive the terminal.
#[track_caller]
fn assert_harmless(text: &str) {
    for line in text.split('\n') {
        assert_eq!(adrecover_core::text::printable(line), line);
    }
}

#[cfg(test)]
#[path = "../../../../tests/fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    #[test]
    fn the_corpus_and_mutations_of_it() {
        super::replay::all(super::TARGETS, 1000);
    }

    /// Otherwise nothing behind the reading of the file would be tried.
    #[test]
    fn the_usual_seed_is_a_plan() {
        let seed = include_bytes!("../../../../tests/fuzz/corpus/plan/usual");
        let plan = crate::restore::plan_file::parse(std::path::Path::new("x"), seed.to_vec()).unwrap();
        assert!(plan.writes() && crate::commands::apply::check_request(&plan).is_ok());
    }
}
