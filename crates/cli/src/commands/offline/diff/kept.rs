//! What differs, in the order in which it is told, in files until it is printed.

use std::ops::ControlFlow;

use adrecover_core::difference::{Difference, What};

use crate::error::CliError;
use crate::offline::{Spool, Spooled};

/// So many of one kind are put in the order of their names; more stay as they came.
const SORTED: u64 = 5000;

/// What differs, being gathered.
pub(super) struct Gathering {
    spools: Vec<(What, Spool<Difference>)>,
    failed: Option<CliError>,
}

/// What differs.
pub(super) struct Kept {
    spooled: Vec<(What, Spooled<Difference>)>,
}

impl Kept {
    /// None yet.
    pub(super) fn gather() -> Result<Gathering, CliError> {
        let spools = What::ALL.into_iter().map(|what| Ok((what, Spool::new()?)));
        Ok(Gathering { spools: spools.collect::<Result<_, CliError>>()?, failed: None })
    }

    /// What differs in one way, and how much of it there is.
    pub(super) fn of(&self, wanted: What) -> Result<(u64, Differences<'_>), CliError> {
        let Some((_, spooled)) = self.spooled.iter().find(|(what, _)| *what == wanted) else {
            return Ok((0, Box::new(std::iter::empty())));
        };
        let number = spooled.len();
        if number > SORTED {
            return Ok((number, Box::new(spooled.iter()?)));
        }
        let mut all = spooled.iter()?.collect::<Result<Vec<_>, _>>()?;
        all.sort_by_cached_key(|one| (one.kind.name(), one.name.to_lowercase(), one.guid));
        Ok((number, Box::new(all.into_iter().map(Ok))))
    }
}

/// Differences, one by one.
pub(super) type Differences<'k> = Box<dyn Iterator<Item = Result<Difference, CliError>> + 'k>;

impl Gathering {
    /// Adds one; breaks off where it cannot be kept.
    pub(super) fn add(&mut self, difference: &Difference) -> ControlFlow<()> {
        let spool = self.spools.iter_mut().find(|(what, _)| *what == difference.what);
        match spool.map_or(Ok(()), |(_, spool)| spool.push(difference)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    /// All of them.
    pub(super) fn finish(self) -> Result<Kept, CliError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let spooled = self.spools.into_iter().map(|(what, spool)| Ok((what, spool.finish()?)));
        Ok(Kept { spooled: spooled.collect::<Result<_, CliError>>()? })
    }
}
