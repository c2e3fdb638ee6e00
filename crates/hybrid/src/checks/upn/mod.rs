//! The checks of the logon name.

pub(super) mod equals_cloud;
pub(super) mod federation_change;
pub(super) mod format;
pub(super) mod suffix_verified;
pub(super) mod unique;
