//! The recovery beyond the directory: the options, the server of the synchronisation, and what the engine asks of both and of the
//! cloud.

mod cloud;
mod gate;
mod options;
mod outside;
mod server;

pub(crate) use cloud::CloudAlone;
#[cfg(test)]
pub(crate) use options::SERVER_HEADING;
pub(crate) use options::{RecoveryArgs, SyncArgs, Through};
pub(crate) use outside::Outside;
