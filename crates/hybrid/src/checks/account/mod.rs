//! The checks of the account itself.

pub(super) mod connector_rights;
pub(super) mod enabled_with_password;
pub(super) mod group_licences;
pub(super) mod lost_attributes;
pub(super) mod privileged;
pub(super) mod sid_unique;
pub(super) mod size_limits;

#[cfg(test)]
pub(super) mod fixture;
