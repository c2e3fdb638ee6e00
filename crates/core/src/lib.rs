//! What a deleted object is, what may be done about it, and how we know that it worked.
//!
//! Plain values and pure functions only: nothing here opens a connection or a file, reads the clock or the
//! environment, or prints. The adapters (`adrecover-ldap`, …) turn foreign bytes into these types, the
//! engine carries out what is planned here, and the command line shows it.
//!
//! Start at [`plan`] to see what travels from "somebody deleted a user" to "it is back, and this proves it".

pub mod change;
pub mod decision_table;
pub mod deleted;
pub mod difference;
pub mod directory;
pub mod dn;
pub mod doctor;
pub mod drill;
pub mod elsewhere;
pub mod entry;
pub mod facts;
pub mod fill;
pub mod filter;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod guards;
pub mod guid;
pub mod kind;
pub mod lifetime;
pub mod losses;
pub mod metadata;
pub mod plan;
pub mod planner;
pub mod powershell;
pub mod recovery;
pub mod report;
pub mod request;
pub mod rollback;
pub mod secrets;
pub mod security;
pub mod sid;
pub mod source;
pub mod text;
pub mod time;
pub mod uac;
pub mod value;
pub mod verify;
pub mod win32;

pub use directory::{Directory, DirectoryError};
pub use dn::{Dn, Rdn};
pub use elsewhere::Elsewhere;
pub use entry::Entry;
pub use guid::ObjectGuid;
pub use sid::Sid;
pub use uac::UserAccountControl;
