//! The journal from outside: what it keeps, what it answers, and what it does when things go wrong.

#![expect(clippy::unwrap_used, reason = "these are tests: what does not work shall stop them")]

#[cfg(unix)]
mod access;
mod answers;
mod damage;
mod database;
mod deletions;
mod encryption;
mod forest;
mod format;
mod full;
mod incident;
mod kill;
#[cfg(feature = "postgres")]
mod postgres;
mod pruning;
mod resync;
mod secrets;
mod support;
