//! Broken connections, killed programs, full disks: what the directory, the report and the journal show afterwards.

mod batch;
mod catalogue;
mod fills;
mod gone;
mod journals;
mod kills;
mod listing;
mod proxy;
pub(crate) mod running;
mod stage;
mod steps;
mod together;
pub(crate) mod victim;
