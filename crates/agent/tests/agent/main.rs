//! An agent against a scripted directory: what it keeps, what it does when things go wrong, and what it tells.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests: what does not work shall stop them")]

mod alerts;
mod blind;
mod damage;
mod looped;
mod manager;
mod stage;
mod told;
mod web;
mod webhook;
