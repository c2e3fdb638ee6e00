//! What the agent is given by this program: the directory, the journal's place, the clock, the ways out for alerts, and somebody who
//! hears.

mod channels;
mod options;
mod setup;
mod source;
mod unit;
mod values;
#[cfg(windows)]
pub(crate) mod windows;
mod world;

pub(crate) use options::{AlertArgs, KeepArgs};
pub(crate) use setup::setup;
#[cfg(windows)]
pub(crate) use unit::registration;
#[cfg(not(windows))]
pub(crate) use unit::{Manager, unit};
pub(crate) use values::time;
pub(crate) use world::ProgramWorld;
