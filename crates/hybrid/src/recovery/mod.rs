//! The way of a restored user back into the cloud: what a plan does about it, and whether it has come about.
//!
//! [`of_user`] gives the steps of one user after the directory, [`of_all`] those of the synchronisation, which is one for all users
//! of a plan, and [`is_so`] looks in the evidence whether what a step waits for is so. Nothing here asks a server.

mod hold;
mod sight;
mod steps;

#[cfg(test)]
mod tests;

pub use hold::{HoldRefusal, may_hold_by_attribute};
pub use sight::{Sight, cloud_user, gone_from_bin, is_changed, is_so, licences};
pub use steps::{OfAll, SyncCommand, Wishes, change_of, encoded, of_all, of_user};
