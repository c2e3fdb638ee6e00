//! The checks of addresses.

pub(super) mod address_format;
pub(super) mod address_unique;
pub(super) mod mail_attribute;
pub(super) mod nickname;
pub(super) mod primary_smtp;
