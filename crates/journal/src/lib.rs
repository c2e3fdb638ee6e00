//! The change journal: what a directory was, kept so that what a deletion takes can be given back.
//!
//! It is a library on the types of `adrecover-core`. It knows no LDAP and no command line, prints nothing, and takes the time
//! as a parameter. Somebody else reads a directory ([`adrecover_core::change`]) and hands over batches
//! ([`Writer::ingest`]); whoever wants to know asks a [`Journal`].
//!
//! Start at `store/schema.rs` for what is kept, `codec` for how, and `ingest` for what becomes a change. `docs/journal.md` tells the same
//! to those who keep one.

mod address;
mod ask;
mod cache;
mod codec;
mod context;
mod error;
mod file;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod ids;
mod ingest;
mod journal;
mod keep;
mod key;
mod kind;
mod lookup;
mod names;
mod place;
mod rows;
mod seal;
mod store;
mod whereabouts;

pub use address::{BadAddress, PostgresAddress, SslMode};
pub use ask::AttributeState;
pub use ask::alongside::Alongside;
pub use ask::at::ObjectState;
pub use ask::casualties::{Casualty, Taken};
pub use ask::deleted::{Deletion, Touched};
pub use ask::find::{Found, Query};
pub use ask::forest::Controller;
pub use ask::history::{AttributeDiff, Change, LinkDiff};
pub use ask::links::Link;
pub use ask::lost::{Lost, LostLink};
pub use ask::status::{ContextStatus, Counts, JournalStatus};
pub use error::JournalError;
pub use file::file_name;
pub use ingest::Outcome;
pub use journal::{Journal, Options, Writer};
pub use keep::prune::{Pruned, Retention};
pub use key::Key;
pub use kind::{Kind, Status};
pub use place::{JournalPlace, PostgresPlace};
pub use whereabouts::{is_written, schemas, set_aside};

pub(crate) use store::StoreError;
