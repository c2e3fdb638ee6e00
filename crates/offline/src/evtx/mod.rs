//! Event logs of Windows: who deleted what, memberships, and values, as far as the Security log of a domain controller tells.
//!
//! The file's format is read by the crate `evtx`. Here is what becomes of its records: those of the auditing of accounts, groups
//! and directory changes (`audit`), as things that happened (`happened`), and what they tell together of each object
//! (`known`).
//!
//! A log has an event only where its auditing was switched on: "User Account Management" and "Security Group Management" for
//! accounts and memberships, "Directory Service Changes" with an audit entry on the objects for values. Names and meaning of the
//! fields are those of Microsoft's pages of each event ("Security auditing", `event-4726` to `event-5141`). **No log that Windows
//! wrote was at hand**: the tests read logs that are written here.

mod audit;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod happened;
mod known;
mod log;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod testing;

pub use log::Log;
