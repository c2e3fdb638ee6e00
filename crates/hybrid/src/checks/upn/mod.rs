//! The checks of the logon name.

pub(super) mod unique;
