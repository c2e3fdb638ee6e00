//! Lists of deleted objects of any length, with memory that does not grow.

use std::ops::ControlFlow;

use adrecover_core::deleted::{ATTRIBUTES, BIN_ATTRIBUTES, DeletedObject, Judge};
use adrecover_core::directory::{Scope, Visibility};
use adrecover_core::kind::ObjectKind;
use adrecover_core::lifetime::State;
use adrecover_core::time::{Timestamp, to_generalized};
use adrecover_core::{DirectoryError, Dn, filter};
use chrono::Duration;

use super::access::{self, Container};
use super::parents::Parents;
use crate::{RootDse, Session, Sweep, SweepQuery};

/// Which objects to list. Empty means all.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// A part of the name before the deletion or of the account name, without case.
    pub text: Option<String>,
    /// The kinds.
    pub kinds: Vec<ObjectKind>,
    /// The states.
    pub states: Vec<State>,
    /// Deleted at this time or later.
    pub since: Option<Timestamp>,
    /// Deleted at this time or earlier.
    pub until: Option<Timestamp>,
    /// Deleted from this container or from below it.
    pub under: Option<Dn>,
    /// A filter of [`super::checked_filter`].
    pub ldap_filter: Option<String>,
    /// The naming contexts.
    pub partitions: Partitions,
    /// How many connections a directory with many objects is read over; 0 is 1.
    pub connections: usize,
}

/// Which naming contexts to look into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Partitions {
    /// The server's own domain.
    #[default]
    Domain,
    /// The forest's configuration.
    Configuration,
    /// The application partitions of DNS.
    Dns,
    /// All but the schema, from which nothing is deleted.
    All,
}

impl Partitions {
    /// The chosen naming contexts of a server.
    pub fn of(self, root_dse: &RootDse) -> Vec<Dn> {
        let is_dns = |nc: &Dn| {
            nc.rdn().is_some_and(|r| {
                ["DomainDnsZones", "ForestDnsZones"].iter().any(|n| r.value().eq_ignore_ascii_case(n))
            })
        };
        match self {
            Self::Domain => vec![root_dse.default_naming_context.clone()],
            Self::Configuration => vec![root_dse.configuration_naming_context.clone()],
            Self::Dns => root_dse.naming_contexts.iter().filter(|nc| is_dns(nc)).cloned().collect(),
            Self::All => {
                let schema = &root_dse.schema_naming_context;
                root_dse.naming_contexts.iter().filter(|nc| *nc != schema).cloned().collect()
            }
        }
    }
}

/// How a listing went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// How many objects were given.
    pub given: u64,
    /// The naming contexts whose deleted objects this account may not see.
    pub denied: Vec<Dn>,
    /// The naming contexts that were read.
    pub read: Vec<Dn>,
}

/// Clocks of DCs differ, and `whenChanged` is written by each DC for itself.
const SLACK_DAYS: i64 = 1;
/// How many objects are held back while their parents are asked for.
const BATCH: usize = 256;

impl Selection {
    /// The filter for the server: it finds at least what [`Self::takes`] takes.
    fn filter(&self, recycle_bin: bool) -> String {
        // Nothing but objects of AD has a class; without a condition this is what a listing of all asks for.
        let mut parts = vec![];
        if let Some(text) = self.text.as_deref().filter(|t| !t.is_empty()) {
            let text = filter::escape(text);
            parts.push(format!("(|(name=*{text}*)(sAMAccountName=*{text}*)(msDS-LastKnownRDN=*{text}*))"));
        }
        if !self.kinds.is_empty() {
            parts.push(filter::any_of(self.kinds.iter().map(|kind| kind.filter())));
        }
        if recycle_bin && !self.states.is_empty() {
            parts.push(filter::any_of(self.states.iter().filter_map(|state| match state {
                State::Recycled => Some("(isRecycled=TRUE)"),
                State::Deleted => Some("(!(isRecycled=TRUE))"),
                State::Tombstone => None,
            })));
        }
        if let Some(since) = self.since.and_then(|at| at.checked_sub_signed(Duration::days(SLACK_DAYS))) {
            parts.push(format!("(whenChanged>={})", to_generalized(since)));
        }
        parts.extend(self.ldap_filter.clone());
        filter::all_of(parts)
    }

    /// Whether an object is selected, as far as the object itself tells: [`Self::under`] is looked at elsewhere.
    pub fn takes(&self, object: &DeletedObject) -> bool {
        let text = self.text.as_deref().unwrap_or_default().to_lowercase();
        let holds = |value: &str| value.to_lowercase().contains(&text);
        (text.is_empty() || holds(&object.name) || object.sam_account_name.as_deref().is_some_and(holds))
            && (self.kinds.is_empty() || self.kinds.contains(&object.kind))
            && (self.states.is_empty() || self.states.contains(&object.state))
            && self.since.is_none_or(|since| object.deleted_at.is_some_and(|at| at >= since))
            && self.until.is_none_or(|until| object.deleted_at.is_some_and(|at| at <= until))
    }

    /// Whether any object can be in one of the states at all.
    fn is_possible(&self, recycle_bin: bool) -> bool {
        self.states.is_empty() || self.states.iter().any(|s| (*s == State::Tombstone) != recycle_bin)
    }
}

/// Gives each selected object, parents included, in no particular order, until `give` breaks it off.
///
/// Objects are read one level below the Deleted Objects container of each naming context. Those that stay in place when they
/// are deleted (FLAG_DISALLOW_MOVE_ON_DELETE, [MS-ADTS] 2.2.9: a few objects of the system) are not listed.
pub async fn each<E: From<DirectoryError>>(
    session: &mut Session,
    judge: &Judge,
    selection: &Selection,
    mut give: impl FnMut(DeletedObject) -> Result<ControlFlow<()>, E>,
) -> Result<Listed, E> {
    let mut listed = Listed::default();
    let mut parents = Parents::default();
    let recycle_bin = judge.policy.recycle_bin;
    for (naming_context, container) in access::containers(session, selection.partitions).await? {
        let base = match container {
            Container::Readable(dn) => dn,
            Container::Denied => {
                listed.denied.push(naming_context);
                continue;
            }
            Container::Absent => continue,
        };
        listed.read.push(naming_context);
        if !selection.is_possible(recycle_bin) {
            continue;
        }
        let attributes = ATTRIBUTES.iter().chain(BIN_ATTRIBUTES.iter().filter(|_| recycle_bin));
        let query = SweepQuery {
            base,
            scope: Scope::OneLevel,
            filter: selection.filter(recycle_bin),
            attributes: attributes.map(|a| (*a).to_owned()).collect(),
            visibility: Visibility::Recycled,
            connections: selection.connections,
        };
        let mut sweep = session.sweep(query).await?;
        loop {
            let (mut batch, more) = batch(&mut sweep, judge, selection).await?;
            while let Err(error) = complete(sweep.session(), &mut parents, selection, &mut batch).await {
                sweep.mend(error).await?;
            }
            for object in batch {
                listed.given += 1;
                if give(object)?.is_break() {
                    sweep.close().await;
                    return Ok(listed);
                }
            }
            if !more {
                break;
            }
        }
    }
    Ok(listed)
}

async fn batch(
    sweep: &mut Sweep<'_>,
    judge: &Judge,
    selection: &Selection,
) -> Result<(Vec<DeletedObject>, bool), DirectoryError> {
    let mut objects = vec![];
    while objects.len() < BATCH {
        match sweep.next().await? {
            Some(entry) => objects.extend(judge.take(entry).filter(|o| selection.takes(o))),
            None => return Ok((objects, false)),
        }
    }
    Ok((objects, true))
}

/// Fills in the state of the parents and leaves out what lay elsewhere. After an error it can be called again.
async fn complete(
    session: &Session,
    parents: &mut Parents,
    selection: &Selection,
    batch: &mut Vec<DeletedObject>,
) -> Result<(), DirectoryError> {
    if let Some(under) = &selection.under {
        let at_or_below = |dn: &Dn| dn.is_at_or_below(under);
        let mut kept = vec![];
        for object in batch.iter() {
            kept.push(match &object.last_known_parent {
                Some(parent) => {
                    parent.parse().is_ok_and(|dn| at_or_below(&dn))
                        || parents.original(session, parent).await?.is_some_and(|dn| at_or_below(&dn))
                }
                None => false,
            });
        }
        let mut kept = kept.into_iter();
        batch.retain(|_| kept.next().unwrap_or_default());
    }
    parents.load(session, batch.iter().filter_map(|o| o.last_known_parent.as_deref())).await?;
    for object in batch {
        object.parent_state = object.last_known_parent.as_deref().and_then(|dn| parents.state(dn));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_never_narrower_than_what_is_taken() {
        let text = Selection { text: Some("a*(b".into()), ..Selection::default() };
        assert!(text.filter(false).contains("(name=*a\\2a\\28b*)"));
        assert_eq!(Selection::default().filter(true), "(objectClass=*)");
        let tombstones = Selection { states: vec![State::Tombstone], ..Selection::default() };
        assert!(tombstones.is_possible(false) && !tombstones.is_possible(true));
        assert_eq!(tombstones.filter(false), "(objectClass=*)");
    }
}
