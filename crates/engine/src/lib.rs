//! Carries plans out: step by step, written down before each effect, looked at before it is repeated.
//!
//! [`execute()`] takes a confirmed plan and a [`Run`] (the directory, the operation journal, where passwords come from)
//! and gives back a report for each object. [`resume()`] goes on with what was interrupted, [`undo_plan`] turns an
//! operation into the plan that takes it back, and [`verify_all`] reads everything again and compares ([`verify_elsewhere`] what
//! was written in other domains). [`follow()`] goes on
//! beyond the directory, through [`Beyond`]: the synchronisation and the cloud. Nothing here
//! prints, knows LDAP or reads the command line.
//!
//! Start at [`execute`](mod@execute).

pub mod audit;
pub mod beyond;
mod create;
pub mod elsewhere;
pub mod execute;
pub mod follow;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::journal::fuzzing::{TARGETS, Target, journal};
}
pub mod journal;
mod line;
mod links;
mod look;
pub mod password;
mod reanimate;
pub mod resume;
pub mod run;
mod step;
pub mod undo;
pub mod verify;

pub use audit::{AuditEvent, AuditSink, NoAudit};
pub use beyond::Beyond;
pub use elsewhere::verify_elsewhere;
pub use execute::execute;
pub use follow::{Followed, follow};
pub use journal::{Command, Journal, JournalError, Meta, Operation, OperationId, OperationState};
pub use password::{PasswordError, PasswordSource, random_password};
pub use resume::resume;
pub use run::{EngineError, NoProgress, Progress, Run};
pub use undo::undo_plan;
pub use verify::verify_all;
