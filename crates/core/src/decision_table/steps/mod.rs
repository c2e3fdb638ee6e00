//! The steps that cells are made of, by where they are done.

mod cloud;
mod directory;
mod licences;
mod mailbox;
mod sync;

pub(super) use cloud::*;
pub(super) use directory::*;
pub(super) use licences::*;
pub(super) use mailbox::*;
pub(super) use sync::*;
