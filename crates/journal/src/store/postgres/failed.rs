//! What the errors of a database mean.

use std::error::Error;

use tokio_postgres::error::SqlState;

use super::values::WrongType;
use crate::StoreError;

/// A server's messages are cut off here.
const LONGEST: usize = 300;

/// Something that cannot be used, said in words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unusable(pub(super) String);

/// What an error means, by its SQLSTATE (PostgreSQL documentation, appendix A).
pub(super) fn failed(error: &tokio_postgres::Error) -> StoreError {
    let words = words(error);
    let Some(state) = error.code() else {
        if let Some(source) = error.source()
            && (source.is::<WrongType>() || source.is::<tokio_postgres::types::WrongType>())
        {
            return wrong_type();
        }
        // No password where one is asked for, or a way to log on that is not known here.
        if ["authentication error", "invalid configuration"].iter().any(|begin| words.starts_with(begin)) {
            return StoreError::Denied(words);
        }
        // Neither the database said it nor a value: the connection did, or there is none.
        return lost(words);
    };
    if *state == SqlState::DISK_FULL {
        return StoreError::Full;
    }
    match (state.code(), &state.code()[..2]) {
        // A standby, which is read and never written.
        ("25006", _) => StoreError::Denied(words),
        // Serialization, deadlocks, locks and statements that take too long.
        ("40001" | "40P01" | "55P03" | "57014", _) => StoreError::Busy,
        // A table, a column, a schema or an index that is missing, or of another type; pages that do not hold together.
        ("42P01" | "42703" | "3F000" | "42P10" | "42804" | "42883" | "XX001" | "XX002", _) => {
            StoreError::Damaged(words)
        }
        ("42501", _) | (_, "28") => StoreError::Denied(words),
        // It ends, starts, or has no connection left; what is in the way of one passes.
        ("57P01" | "57P02" | "57P03" | "57P05" | "53300" | "25P03", _) | (_, "08") => lost(words),
        _ => StoreError::Other(Box::new(Unusable(words))),
    }
}

/// The connection is gone.
pub(super) fn lost(words: impl Into<String>) -> StoreError {
    StoreError::Lost(words.into())
}

pub(super) fn wrong_type() -> StoreError {
    StoreError::damaged("a column is of another type")
}

/// What the database said, in one line and without the values that it may repeat.
fn words(error: &tokio_postgres::Error) -> String {
    let mut text = match error.as_db_error() {
        Some(said) => said.message().to_owned(),
        None => {
            let mut text = error.to_string();
            let mut source = error.source();
            while let Some(cause) = source {
                let words = cause.to_string();
                if !text.ends_with(&words) {
                    text = format!("{text}: {words}");
                }
                source = cause.source();
            }
            text
        }
    };
    text = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
    text.trim().to_owned()
}
