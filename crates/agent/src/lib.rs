//! The agent: reads what changes in a directory, all the time, and keeps it in the change journal.
//!
//! It is a library: it knows no LDAP and no command line, prints nothing, and takes the time from whoever runs it ([`World`]).
//! Start at `agent.rs`, which is the loop, and `pass.rs`, which is what it does in it.

mod agent;
mod backoff;
mod book;
mod event;
mod options;
mod pass;
mod prune;
mod source;

pub use agent::{Agent, Ended};
pub use event::{Event, Level, Sum};
pub use options::AgentOptions;
pub use source::{Choice, NotConnected, Reading, Reason, Source, Wake, World};
