//! How objects and changes are written into one payload each.
//!
//! A row for each attribute would cost more than the attribute. So the newest state of an object is one payload, and a
//! change is one with what the change replaced: going back in time is taking the newest state and putting the old values
//! back, change by change. The oldest changes can be dropped at any time without touching what is newer.
//!
//! Each payload begins with the number of its layout. All of it is read without trust.

pub(crate) mod change;
pub(crate) mod octets;
pub(crate) mod state;
pub(crate) mod values;
