//! The pre-flight: what is gathered from the directory and from files, and how the outcome is shown. `preflight` uses it for users
//! as they are, `restore` for users as they will be.

pub(crate) mod gather;
pub(crate) mod html;
pub(crate) mod inputs;
pub(crate) mod output;
mod summary;
