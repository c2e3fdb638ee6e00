//! What carrying out a plan needs besides the plan.

use adrecover_core::Elsewhere;
use adrecover_core::plan::{ObjectPlan, Step};
use adrecover_core::report::{ObjectReport, Status};
use adrecover_core::time::Timestamp;

use crate::audit::AuditSink;
use crate::journal::{Journal, JournalError, OperationId};
use crate::password::PasswordSource;

/// The directory, the journal, and everything else that comes from outside.
///
/// Not `Send`: a journal belongs to one thread. Drive it with `block_on`.
pub struct Run<'a, D> {
    /// The directory, bound to the plan's server.
    pub directory: &'a mut D,
    /// The way to the other domains of the forest, for the memberships of their groups.
    pub elsewhere: &'a mut dyn Elsewhere<D>,
    /// The operation journal.
    pub journal: &'a Journal,
    /// The operation, from [`Journal::begin`] or [`Journal::take_up`].
    pub operation: OperationId,
    /// Where passwords come from.
    pub passwords: &'a mut dyn PasswordSource,
    /// Who is told how far it is.
    pub progress: &'a mut dyn Progress,
    /// Where writes are recorded outside the program.
    pub audit: &'a dyn AuditSink,
    /// Whether to stop: asked between steps, so that the step under way finishes.
    pub stop: &'a dyn Fn() -> bool,
    /// Whether to go on with the next object after a failure.
    pub keep_going: bool,
    /// The clock.
    pub clock: fn() -> Timestamp,
}

/// Hears how far it is.
pub trait Progress {
    /// Begins with an object.
    fn object_started(&mut self, index: usize, object: &ObjectPlan) {
        let _ = (index, object);
    }

    /// A step has ended.
    fn step_done(&mut self, object: &ObjectPlan, step: &Step, status: Status) {
        let _ = (object, step, status);
    }

    /// An object has ended.
    fn object_done(&mut self, index: usize, report: &ObjectReport) {
        let _ = (index, report);
    }

    /// Waits, because the server is busy or the connection was lost.
    fn waiting(&mut self, reason: &str) {
        let _ = reason;
    }
}

/// Hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl Progress for NoProgress {}

/// Why an operation stopped at once: nothing may be done that cannot be written down.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct EngineError {
    /// The cause.
    #[source]
    pub error: JournalError,
    /// What was done until then. The step under way may have been done without its end being written down; the last
    /// report says so.
    pub reports: Vec<ObjectReport>,
}
