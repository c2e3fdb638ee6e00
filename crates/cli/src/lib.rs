//! `adrecover`: finds and restores deleted objects of an Active Directory.
//!
//! Words come in through `args`, become `settings`, and each command of `commands` turns them into a plan or a question
//! to the directory; what comes out goes through `printer`, and every failure through `error`.

mod agent;
mod args;
mod cli;
mod cloud;
mod cmdlets;
mod commands;
mod config;
mod context;
mod discovery;
mod elsewhere;
mod error;
mod files;
mod folders;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod html;
mod interrupt;
mod journal;
mod offline;
mod password;
mod preflight;
mod printer;
mod recovery;
mod remains;
mod restore;
mod rollback;
mod selectors;
mod settings;
mod sources;
mod start;

pub use start::start;
