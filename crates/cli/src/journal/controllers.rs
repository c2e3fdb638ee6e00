//! Domain controllers by name, as far as the journal knows them.

use std::collections::HashMap;

use adrecover_core::ObjectGuid;
use adrecover_core::time::Timestamp;
use adrecover_journal::{ContextStatus, Journal, JournalError};

/// The names of domain controllers by their invocation ids.
#[derive(Debug, Default)]
pub(crate) struct Controllers(HashMap<ObjectGuid, String>);

impl Controllers {
    /// Asks the journal.
    pub(crate) fn read(journal: &Journal) -> Result<Self, JournalError> {
        let known = journal.controllers()?;
        Ok(Self(known.into_iter().map(|controller| (controller.invocation, controller.name)).collect()))
    }

    /// Its name, or the id where no name is known for it.
    pub(crate) fn name(&self, invocation: ObjectGuid) -> String {
        self.0.get(&invocation).cloned().unwrap_or_else(|| invocation.to_string())
    }
}

/// Up to when all naming contexts have been read.
pub(crate) fn as_of(contexts: &[ContextStatus]) -> Option<Timestamp> {
    contexts.iter().filter_map(|context| context.succeeded).min()
}
