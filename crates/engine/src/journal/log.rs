//! Where each step of an operation stands, kept while this process carries the operation out.
//!
//! Nobody else writes events of an operation whose lock this process has, so that its log is read once and not anew
//! before each event: that would make a restore of many objects quadratic.

use std::collections::HashMap;

use rusqlite::params;

use super::{Event, Journal, JournalError, OperationId, Place, StepState, lock, read};

/// An operation that this process has the lock of.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) id: OperationId,
    /// What is known of its events; `None` until it is asked for.
    pub(super) log: Option<Log>,
    _lock: lock::Lock,
}

impl Held {
    pub(super) fn new(id: OperationId, lock: lock::Lock) -> Self {
        Self { id, log: None, _lock: lock }
    }
}

/// The events of one operation, folded.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// The number of the last event.
    last: i64,
    states: HashMap<(usize, usize), StepState>,
}

impl Log {
    /// Reads the events of an operation.
    pub(super) fn read(journal: &Journal, id: OperationId) -> Result<Self, JournalError> {
        let rows: Vec<(i64, usize, usize, String)> = journal.run(|c| {
            c.prepare_cached("SELECT seq, object, step, event FROM events WHERE operation = ? ORDER BY seq")?
                .query_map(params![id.to_string()], |r| {
                    Ok((r.get(0)?, number(r.get(1)?), number(r.get(2)?), r.get(3)?))
                })?
                .collect()
        })?;
        let mut log = Self::default();
        for (seq, object, step, name) in rows {
            // The last event tells the state: each leads to the state of its name wherever it may follow.
            let state = match read::event(&name)? {
                Event::Started => StepState::Started,
                Event::Succeeded => StepState::Succeeded,
                Event::Unchanged => StepState::Unchanged,
                Event::Failed => StepState::Failed,
                Event::Skipped => StepState::Skipped,
            };
            log.note((object, step), seq, state);
        }
        Ok(log)
    }

    /// The number of the event and the state that it leads to; an error where it cannot follow.
    pub(super) fn next(&self, place: Place, event: Event) -> Result<(i64, StepState), JournalError> {
        let Place { operation: id, object, step, .. } = place;
        let state = self.states.get(&(object, step)).copied().unwrap_or_default();
        match state.after(event) {
            Some(next) => Ok((self.last + 1, next)),
            None => Err(JournalError::Illegal { id, object, step, state, event }),
        }
    }

    /// Puts in an event that stands in the file.
    pub(super) fn note(&mut self, step: (usize, usize), seq: i64, state: StepState) {
        self.last = seq;
        self.states.insert(step, state);
    }
}

/// An index of the file; one that is none matches no step of any plan.
fn number(value: i64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}
