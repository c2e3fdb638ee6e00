//! Goes on with an operation that was interrupted, from what its journal says.
//!
//! What is done stays done. A step that was begun and has no end is looked at first: where the directory shows it done
//! that is written down, else it is carried out. What failed or was left out is tried again.

use adrecover_core::Directory;
use adrecover_core::report::ObjectReport;

use crate::execute::carry_out;
use crate::journal::Operation;
use crate::run::{EngineError, Run};

/// Goes on with an operation that [`crate::Journal::take_up`] has taken up, so that no other process does the same.
///
/// The passwords may be others than before: a password step that has no end is carried out again.
pub async fn resume<D: Directory>(
    operation: &Operation,
    run: &mut Run<'_, D>,
) -> Result<Vec<ObjectReport>, EngineError> {
    // Another process may have gone on with it between the time it was loaded and the time it was taken up.
    let steps = match run.journal.load(&run.operation.to_string()) {
        Ok(present) => present.steps,
        Err(error) => return Err(EngineError { error, reports: vec![] }),
    };
    carry_out(&operation.plan, steps, run).await
}
