//! One module a command; the doc comment of its `Args` is its help.

pub(crate) mod agent;
pub(crate) mod apply;
pub(crate) mod cloud;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod guide;
pub(crate) mod history;
pub(crate) mod list;
pub(crate) mod man;
pub(crate) mod offline;
pub(crate) mod operations;
pub(crate) mod preflight;
pub(crate) mod profile;
pub(crate) mod recreate;
pub(crate) mod restore;
pub(crate) mod rollback;
pub(crate) mod scope;
pub(crate) mod show;
pub(crate) mod undo;
