//! What is kept for how long: pruning, and purging one object.

pub(crate) mod prune;
pub(crate) mod purge;
mod sweep;
