//! Whole files, as each tool writes them, and what is known after reading them.

mod collected;
mod engine;
mod formats;
mod mailboxes;
mod several;

use std::path::Path;

use adrecover_core::time::Timestamp;
use chrono::DateTime;

use super::*;

/// The test vector of the source anchor.
const ID: &str = "8d4e6b2a-1f3c-4a5b-9c7d-0123456789ab";
const ANCHOR: &str = "KmtOjTwfW0qcfQEjRWeJqw==";

fn hour(hour: i64) -> Timestamp {
    DateTime::from_timestamp(1_793_525_400 + hour * 3600, 0).unwrap()
}

/// Reads texts as files that are each an hour newer than the one before.
fn try_load(files: &[(&str, &str)]) -> Result<Evidence, String> {
    let mut loader = Loader::new();
    for (at, (name, text)) in files.iter().enumerate() {
        loader.add_reader(Path::new(name), hour(at as i64), text.as_bytes()).map_err(|e| e.to_string())?;
    }
    Ok(loader.finish())
}

fn load(files: &[(&str, &str)]) -> Evidence {
    try_load(files).unwrap()
}

fn warnings(evidence: &Evidence) -> Vec<String> {
    evidence.warnings().iter().map(ToString::to_string).collect()
}

/// The only live user of a text.
fn user_of<T>(text: &str, read: impl Fn(User<'_>) -> T) -> T {
    let evidence = load(&[("users.json", text)]);
    let users: Vec<User<'_>> = evidence.users().iter().collect();
    let [user] = users[..] else { panic!("{} users", users.len()) };
    read(user)
}
