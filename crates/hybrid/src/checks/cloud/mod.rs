//! The checks of the cloud object.

pub(super) mod licence;
pub(super) mod provisioning_errors;
pub(super) mod retention_clock;
