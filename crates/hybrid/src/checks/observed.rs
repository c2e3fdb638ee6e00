//! The observed scope: which containers live cloud users are synchronised from.

use std::collections::HashMap;
use std::sync::OnceLock;

use adrecover_core::Dn;

use crate::evidence::Evidence;

/// The containers, found out once a run and only where a check asks.
#[derive(Debug, Default)]
pub struct Observed {
    containers: OnceLock<Containers>,
}

impl Observed {
    /// What the live users of the exports show.
    pub fn of(&self, evidence: &Evidence) -> &Containers {
        self.containers.get_or_init(|| Containers::of(evidence))
    }
}

/// Containers with the number of live cloud users that are synchronised from directly below them.
#[derive(Debug, Default)]
pub struct Containers {
    users: HashMap<Dn, u64>,
    /// Why there may be more; empty where all live users were looked at.
    pub gaps: Vec<String>,
}

impl Containers {
    fn of(evidence: &Evidence) -> Self {
        let users = evidence.users();
        let mut found = Self::default();
        for (dn, _) in users.observed_dns() {
            if let Some(container) = dn.parse::<Dn>().ok().and_then(|dn| dn.parent()) {
                *found.users.entry(container).or_default() += 1;
            }
        }
        found.gaps = users.by_dn("").gaps.iter().map(ToString::to_string).collect();
        found
    }

    /// The users directly below a container.
    pub fn at(&self, container: &Dn) -> u64 {
        self.users.get(container).copied().unwrap_or_default()
    }

    /// The users below a container, however deep.
    pub fn below(&self, container: &Dn) -> u64 {
        self.users.iter().filter(|(dn, _)| dn.is_at_or_below(container)).map(|(_, users)| users).sum()
    }
}
