//! What became of the containers that objects were deleted from.

use std::collections::HashMap;

use adrecover_core::deleted::{ParentState, original_rdn};
use adrecover_core::directory::{Query, Visibility};
use adrecover_core::{DirectoryError, Dn};
use tokio::task::JoinSet;

use crate::{SearchOptions, Session};

/// The most parents to remember; then it begins anew.
const CAPACITY: usize = 20_000;
/// How many are asked for at once.
const AT_ONCE: usize = 16;
/// How deep deleted containers are followed upwards.
const MAX_DEPTH: usize = 64;

/// The parents that were asked for, each once.
#[derive(Debug, Default)]
pub struct Parents {
    known: HashMap<String, Parent>,
}

#[derive(Debug, Clone, Default)]
struct Parent {
    /// `None` where the directory gave no answer.
    state: Option<ParentState>,
    /// The RDN before the deletion and the `lastKnownParent` of one that is itself deleted.
    was: Option<(adrecover_core::Rdn, String)>,
}

impl Parents {
    /// The state of a parent that [`Self::load`] asked for.
    pub fn state(&self, dn: &str) -> Option<ParentState> {
        self.known.get(dn)?.state
    }

    /// Asks for the parents that are not known yet, several at once.
    pub async fn load<'a>(
        &mut self,
        session: &Session,
        dns: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), DirectoryError> {
        if self.known.len() > CAPACITY {
            self.known.clear();
        }
        let mut wanted: Vec<&str> = dns.into_iter().filter(|dn| !self.known.contains_key(*dn)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        for some in wanted.chunks(AT_ONCE) {
            let mut asked = JoinSet::new();
            for dn in some {
                let query = Query::object(*dn)
                    .attributes(["isDeleted", "lastKnownParent", "msDS-LastKnownRDN"])
                    .visibility(Visibility::Recycled);
                let stream = session.search_stream(&query, &SearchOptions::default())?;
                let dn = (*dn).to_owned();
                asked.spawn(async move { (dn, stream.collect().await) });
            }
            while let Some(answer) = asked.join_next().await {
                let Ok((dn, answer)) = answer else { continue };
                let parent = match answer {
                    Ok(entries) => Parent::of(entries.first()),
                    // A name that the server does not take, or an object that it refuses to show.
                    Err(DirectoryError::Refused(_)) => Parent::default(),
                    Err(error) => return Err(error),
                };
                self.known.insert(dn, parent);
            }
        }
        Ok(())
    }

    /// The DN as it was before the containers on the way were deleted themselves: `OU=Sub,OU=Tree,DC=…` for an object
    /// whose parents are below Deleted Objects. `None` where it cannot be followed.
    pub async fn original(&mut self, session: &Session, dn: &str) -> Result<Option<Dn>, DirectoryError> {
        let mut rdns = vec![];
        let mut at = dn.to_owned();
        for _ in 0..MAX_DEPTH {
            let Ok(parsed) = at.parse::<Dn>() else { return Ok(None) };
            if !parsed.is_mangled() {
                return Ok(Some(rdns.into_iter().rev().fold(parsed, |dn, rdn| dn.child(rdn))));
            }
            self.load(session, [at.as_str()]).await?;
            match self.known.get(&at).and_then(|p| p.was.clone()) {
                Some((rdn, above)) => {
                    rdns.push(rdn);
                    at = above;
                }
                None => return Ok(None),
            }
        }
        Ok(None)
    }
}

impl Parent {
    fn of(entry: Option<&adrecover_core::Entry>) -> Self {
        let Some(entry) = entry else {
            return Self { state: Some(ParentState::Missing), was: None };
        };
        let deleted = entry.is_deleted();
        let was = deleted.then(|| Some((original_rdn(entry)?, entry.text("lastKnownParent")?))).flatten();
        Self { state: Some(if deleted { ParentState::Deleted } else { ParentState::Live }), was }
    }
}
