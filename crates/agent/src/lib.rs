//! The agent: reads what changes in a directory, all the time, and keeps it in the change journal.
//!
//! It is a library: it knows no LDAP and no command line, prints nothing, and takes the time from whoever runs it ([`Setup`]).
//! Start at `agent.rs`, which is the loop, and `pass.rs`, which is what it does in it. What goes on beside it is in `outside.rs`:
//! health and metrics (`web`), and alerts on their way (`post`). What an alert is raised for is in `alert`.

mod agent;
mod alert;
mod backoff;
mod book;
mod ears;
mod event;
mod log;
mod memory;
mod notify;
mod options;
mod outside;
mod pass;
mod post;
mod prune;
mod pulse;
mod registration;
mod shared;
mod source;
mod stand;
mod status;
mod unit;
mod web;

pub use agent::{Agent, Ended, Setup};
pub use alert::{Alert, AlertKind, AlertObject, AlertOptions, BadThreshold, Threshold, WatchFor};
pub use event::{Event, Level, Sum};
pub use log::LogFile;
pub use notify::Notifier;
pub use options::AgentOptions;
pub use post::{BadSyslog, Channel, CommandChannel, SyslogChannel, SyslogTarget, WebhookChannel};
pub use registration::{
    RESTARTS, RESTARTS_FORGOTTEN, Registration, SERVICE_NAME, SERVICE_TEXT, SERVICE_TITLE, ServiceAccount,
    Setting,
};
pub use shared::{Clock, Voice};
pub use source::{Choice, NotConnected, Reading, Reason, Source, Wake, World};
pub use status::{ContextReport, ReadBy, StatusReport, judge};
pub use unit::{UNIT_MARK, Unit, Word};
