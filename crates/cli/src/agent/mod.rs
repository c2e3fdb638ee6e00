//! What the agent is given by this program: the directory, the journal's place, the clock, the ways out for alerts, and somebody who
//! hears.

mod channels;
mod options;
mod setup;
mod source;
mod unit;
mod values;
mod world;

pub(crate) use options::{AlertArgs, KeepArgs};
pub(crate) use setup::setup;
pub(crate) use unit::unit;
pub(crate) use values::time;
pub(crate) use world::ProgramWorld;
