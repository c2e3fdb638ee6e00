//! An Active Directory in memory that speaks LDAP, for the demo and for tests of what the real test DC cannot do: recovery from the
//! Recycle Bin, the refusals of Windows, faults, and any size. It is a stand-in and says so: `docs/stand-in.md` lists which of its
//! habits are from the specification, which were seen on a real DC, and which are from memory, and the scenario suite holds it
//! against a real DC.
//!
//! ```text
//! TCP, TLS ─► wire (octets ↔ requests) ─► server (connections, binds, controls, faults) ─► directory (rules) ─► store (objects, links)
//! ```

pub mod access;
pub mod bulk;
pub mod clock;
pub mod directory;
pub mod failure;
pub mod fault;
pub mod filter;
pub mod lab;
pub mod scale;
pub mod schema;
pub mod seed;
pub mod server;
pub mod store;
pub mod tls;
pub mod wire;

pub use clock::Clock;
pub use directory::{Directory, Settings};
pub use failure::Failure;
pub use server::{Background, Server, ServerOptions};
