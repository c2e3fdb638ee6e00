//! The engine against a directory in memory: what it writes, what it says, and what it does when things break.
#![expect(clippy::unwrap_used, reason = "tests")]

mod crash;
mod create;
mod elsewhere;
mod fake;
mod follow;
mod formats;
mod journal;
mod random;
mod restore;
mod rollback;
mod undo;
mod world;
