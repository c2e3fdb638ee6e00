//! What is tried: which command, which message, which fault.

use std::collections::BTreeMap;

use adrecover_simdc::fault::{Fault, Seen, Strike};

use super::stand::Stand;
use super::{listing, restoring};

/// What the program is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Job {
    List,
    Restore,
    RestoreFromBin,
}

impl Job {
    pub(super) const ALL: [Self; 3] = [Self::List, Self::Restore, Self::RestoreFromBin];

    pub(super) fn has_bin(self) -> bool {
        self == Self::RestoreFromBin
    }
}

/// A job and what the server says when nothing is in its way.
pub(super) struct Plan {
    pub(super) job: Job,
    pub(super) messages: Vec<Seen>,
    /// The GUIDs that a list gives.
    pub(super) listed: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Case {
    pub(super) job: Job,
    pub(super) strike: Strike,
}

impl Plan {
    /// Does the job undisturbed, twice: the messages are to be the same.
    pub(super) fn measured(job: Job) -> Self {
        let stand = Stand::new(usize::from(u8::MAX) - 1 - job as usize);
        let once = || {
            stand.renew(job);
            stand.server.faults().watch();
            let listed = match job {
                Job::List => listing::undisturbed(&stand),
                _ => restoring::undisturbed(&stand, job),
            };
            Self { job, messages: stand.server.faults().seen(), listed }
        };
        let (plan, again) = (once(), once());
        assert_eq!((plan.count(|_| true), &plan.listed), (again.count(|_| true), &again.listed), "{job:?}");
        plan
    }

    pub(super) fn count(&self, which: impl Fn(&Seen) -> bool) -> usize {
        self.messages.iter().filter(|seen| which(seen)).count()
    }

    pub(super) fn cases(&self) -> impl Iterator<Item = Case> {
        let of = move |(at, seen): (u64, &Seen)| {
            let (job, seen) = (self.job, *seen);
            let faults = Fault::ALL.into_iter().filter(move |fault| seen.is_open_to(*fault));
            faults.map(move |fault| Case { job, strike: Strike { at, fault } })
        };
        (1..).zip(&self.messages).flat_map(of)
    }
}

/// What was survived.
#[derive(Default)]
pub(super) struct Tally(BTreeMap<(String, Job), usize>);

impl Tally {
    pub(super) fn survived(&mut self, case: &Case) {
        *self.0.entry((format!("{:?}", case.strike.fault), case.job)).or_default() += 1;
    }

    pub(super) fn of(&self, fault: Fault, job: Job) -> usize {
        self.0.get(&(format!("{fault:?}"), job)).copied().unwrap_or_default()
    }

    pub(super) fn of_job(&self, job: Job) -> usize {
        Fault::ALL.into_iter().map(|fault| self.of(fault, job)).sum()
    }

    pub(super) fn all(&self) -> usize {
        self.0.values().sum()
    }

    pub(super) fn line(&self, struck: usize) -> String {
        let [list, restore, bin] = Job::ALL.map(|job| self.of_job(job));
        format!(
            "faults: {struck} struck, {} survived (list {list}, restore {restore}, restore from the Recycle Bin {bin})",
            self.all()
        )
    }
}
