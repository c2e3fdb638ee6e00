//! What a person and a script see of adrecover, on a real domain controller: `tests/run cli`.
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test fails by a panic")]

mod access;
mod accounts;
mod again;
mod agent;
mod bin;
mod changes;
mod choice;
mod classes;
mod cloud;
mod connection;
mod demo;
mod discovery;
mod doctor;
mod domains;
mod drill;
mod faults;
mod fill;
mod groups;
mod guards;
mod guide;
mod history;
mod honesty;
#[cfg(feature = "kerberos")]
mod kerberos;
mod list;
mod namesakes;
mod odd_names;
mod plans;
mod postgres;
mod preflight;
mod profiles;
mod read_only;
mod ready;
mod recovery;
mod rollback;
mod scale;
mod scope;
mod scripted;
mod show;
mod stress;
mod support;
mod transcript;
mod trees;
mod usage;
mod wishes;
