//! The checks of the mailbox and its routing.

pub(super) mod cloud_managed;
pub(super) mod legacy_dn;
pub(super) mod mailbox_guid;
pub(super) mod recipient;
pub(super) mod recipient_triple;
pub(super) mod routing_address;

pub(crate) use recipient::is_on_premises;
pub(crate) use recipient_triple::{Remote, remote};
