//! The change journal on the command line: where it is, and how it is opened. What it can tell, the commands ask it themselves.

mod object;
mod options;
mod place;

pub(crate) use object::{ObjectArgs, queries};
pub(crate) use options::{HEADING, JournalArgs};
pub(crate) use place::{Keeping, forest_of};
