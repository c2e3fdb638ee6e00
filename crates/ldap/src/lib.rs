//! Reads and changes a live Active Directory over LDAP.
//!
//! [`Session`] is one authenticated connection to one domain controller. It carries out what [`adrecover_core::Directory`]
//! asks for, and reads lists of any length with constant memory ([`EntryStream`], [`Sweep`]). [`changes`] reads what changes.
//!
//! What the server sends goes through layers that trust nothing: TLS (`tls`), a framer that lets only well-formed LDAP
//! messages pass (`framer`), and the wire that carries them to whoever asked and remembers why a connection ended
//! (`wire`). Searches are read here (`pages`), by a decoder without panics (`decode`); all else is done by the client of
//! `ldap3` (`client`).

mod ber;
pub mod changes;
mod client;
mod connect;
mod controls;
mod decode;
pub mod deleted;
pub mod doctor;
mod error;
mod framer;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod gather;
mod link;
pub mod locate;
mod message;
mod options;
mod pages;
mod protected;
mod rootdse;
mod sasl;
mod session;
pub mod source;
mod starttls;
mod stream;
mod sweep;
mod tls;
mod url;
pub mod users;
mod wire;

#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod session_tests;
#[cfg(test)]
mod testing;

pub use error::{BindFailure, ConnectError, ConnectErrorKind, KerberosFailure};
pub use options::{BindMethod, ConnectOptions};
pub use protected::Protected;
pub use rootdse::RootDse;
pub use sasl::HAS_KERBEROS;
pub use session::Session;
pub use stream::{EntryStream, SearchOptions};
pub use sweep::{Sweep, SweepQuery};
pub use url::{BadServerUrl, Scheme, ServerUrl};
