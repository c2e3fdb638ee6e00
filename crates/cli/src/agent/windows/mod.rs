//! The agent as a service of Windows.

mod registrar;
mod service;
mod status;

pub(crate) use registrar::{Found, find, register};
pub(crate) use service::serve;
