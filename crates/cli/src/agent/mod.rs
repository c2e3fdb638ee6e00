//! What the agent is given by this program: the directory, the journal's place, the clock and somebody who hears.

mod source;
mod world;

pub(crate) use world::ProgramWorld;
