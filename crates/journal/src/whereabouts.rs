//! What is asked of a place and not of the journal in it: who writes there, which journals there are, and setting one aside.

use adrecover_core::time::Timestamp;

use crate::{JournalError, JournalPlace, PostgresAddress, file};

/// Moves a damaged journal out of the way and says where it is now: a file with what SQLite keeps beside it, or a schema. Nothing in
/// it is changed: it may still hold what no directory has any more.
///
/// It is refused while another process writes it.
pub fn set_aside(place: impl Into<JournalPlace>, now: Timestamp) -> Result<JournalPlace, JournalError> {
    let place = place.into();
    match &place {
        JournalPlace::File(path) => file::set_aside(path, now).map(JournalPlace::File),
        JournalPlace::Postgres(_) => database::set_aside(&place, now),
    }
}

/// Whether a process writes the journal now.
pub fn is_written(place: impl Into<JournalPlace>) -> Result<bool, JournalError> {
    let place = place.into();
    match &place {
        JournalPlace::File(path) => file::is_written(path),
        JournalPlace::Postgres(_) => database::is_written(&place),
    }
}

/// The schemas of the journals of a database, those aside that were set aside.
pub fn schemas(address: &PostgresAddress) -> Result<Vec<String>, JournalError> {
    database::schemas(address)
}

#[cfg(feature = "postgres")]
mod database {
    use super::*;
    use crate::place::aside_name;
    use crate::store::postgres;

    pub(super) fn set_aside(place: &JournalPlace, now: Timestamp) -> Result<JournalPlace, JournalError> {
        let JournalPlace::Postgres(at) = place else { return Ok(place.clone()) };
        let to = aside_name(&at.schema, &file::stamp(now));
        match postgres::set_aside(at, &to).map_err(|error| JournalError::of(place, error))? {
            None => Err(JournalError::Missing { place: place.clone() }),
            Some(Err(who)) => Err(JournalError::InUse { place: place.clone(), who }),
            Some(Ok(())) => Ok(JournalPlace::of_schema(at.address.clone(), to)),
        }
    }

    pub(super) fn is_written(place: &JournalPlace) -> Result<bool, JournalError> {
        let JournalPlace::Postgres(at) = place else { return Ok(false) };
        postgres::is_written(at).map_err(|error| JournalError::of(place, error))
    }

    pub(super) fn schemas(address: &PostgresAddress) -> Result<Vec<String>, JournalError> {
        let fail = |error| {
            JournalError::of(&JournalPlace::of_schema(address.clone(), "changes-*".to_owned()), error)
        };
        postgres::journals(address).map_err(fail)
    }
}

#[cfg(not(feature = "postgres"))]
mod database {
    use super::*;

    pub(super) fn set_aside(place: &JournalPlace, _: Timestamp) -> Result<JournalPlace, JournalError> {
        Err(JournalError::not_built(place))
    }

    pub(super) fn is_written(place: &JournalPlace) -> Result<bool, JournalError> {
        Err(JournalError::not_built(place))
    }

    pub(super) fn schemas(address: &PostgresAddress) -> Result<Vec<String>, JournalError> {
        Err(JournalError::not_built(&JournalPlace::of_schema(address.clone(), "changes-*".to_owned())))
    }
}
