//! The change journal on the command line: where it is, and how it is opened. What it can tell, the commands ask it themselves.

mod backing;
mod controllers;
mod object;
mod options;
mod password;
mod place;

pub(crate) use backing::{Backing, FILL, Holding, SOURCE};
pub(crate) use controllers::{Controllers, as_of};
pub(crate) use object::{ObjectArgs, queries};
#[cfg(test)]
pub(crate) use options::HEADING;
pub(crate) use options::JournalArgs;
pub(crate) use password::VARIABLE as PASSWORD_VARIABLE;
pub(crate) use place::{Keeping, Named, forest_of};
